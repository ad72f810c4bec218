"""Pieces of some sequences, run one after the other with little between them.

To make room, and to look up what the kernel was compiled to for the types of its arguments, takes
longer than a step does. Both are kept from one piece to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import typeof

from .._record import Record
from ..protocol import Batch
from .layout import Prepared, room
from .loop import State, Work, run
from .sinks import Sums
from .vectors import TAP_STEPS

# Sequences that go through a step together where there is more than one slab.
_TOGETHER = 64


class Pieces:
    """Runs pieces of the same sequences.

    Parameters
    ----------
    prepared : Prepared
        The liquid.
    """

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._size, self._work = (0, 0), None
        self._has_run, self._typed_run = False, None

    _work: Work | None
    _typed_run: Callable[..., None] | None

    def run(
        self, state: State, after: State, batch: Batch, sums: Sums, record: Record | None
    ) -> None:
        """Run a piece of each sequence from a state, and fill the state after it."""
        starts, lengths = (
            np.ascontiguousarray(part, dtype=np.int64) for part in (batch.starts, batch.lengths)
        )
        prepared = self._prepared
        kept = prepared.nothing_kept if record is None else prepared.kept(record)
        work = self._room(len(lengths), int(lengths[0]))
        where = prepared.step, batch.frames, starts, lengths, prepared.network
        arguments = *where, state, after, sums, kept, work
        is_usual = record is None and batch.frames.dtype == np.float32
        if is_usual and all(part.flags.carray for part in (batch.frames, *state)):
            self._kernel(arguments)(*arguments)
        else:
            run(*arguments)

    def _room(self, n_sequences: int, longest: int) -> Work:
        """Room for a number of sequences, for somewhat longer ones than these."""
        n_together = min(_TOGETHER, n_sequences) if self._prepared.has_slabs else 1
        size = n_together, -(-longest // TAP_STEPS) * TAP_STEPS
        if self._work is None or self._size != size:
            self._size, self._work = size, room(self._prepared.network, *size)
        return self._work

    def _kernel(self, arguments: tuple[Any, ...]) -> Callable[..., None]:
        """The kernel, from the second piece on without a look at the types."""
        if self._typed_run is None and self._has_run:
            self._typed_run = run.compile(tuple(typeof(argument) for argument in arguments))
        self._has_run = True
        return self._typed_run or run
