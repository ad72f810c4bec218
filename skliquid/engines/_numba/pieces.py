"""Pieces of some sequences, run one after the other with little between them.

To make room, and to look up what the kernel was compiled to for the types of its arguments, takes
longer than a step does. Both are kept from one piece to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from numba import typeof

from .._record import Record
from ..protocol import Batch
from .by_address import address_of
from .layout import Prepared, room
from .loop import State, Work, run
from .sinks import KEEP, Sums, keep
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
        kernels, kept = prepared.kernels, prepared.nothing_kept
        if record is not None:
            kernels, kept = kernels._replace(keep=address_of(KEEP, keep)), prepared.kept(record)
        work = self._room(len(lengths), int(lengths[0]))
        frames, is_usual = batch.frames, record is None and batch.frames.dtype == np.float32
        is_usual &= all(part.flags.carray for part in (frames, *state))
        if not is_usual:
            frames = _writeable(np.ascontiguousarray(frames, dtype=np.float32))
            state = state if after is state else State(*map(np.ascontiguousarray, state))
        where = kernels, frames, starts, lengths, prepared.network
        arguments = *where, state, after, sums, kept, work
        kernel = self._kernel(arguments) if is_usual else run
        kernel(*arguments)

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


def _writeable(frames: np.ndarray) -> np.ndarray:
    """A view of a type that the kernel is compiled for already; it only reads the frames."""
    if frames.flags.writeable:
        return frames
    address, _ = frames.__array_interface__["data"]
    interface = frames.__array_interface__ | {"data": (address, False)}
    return np.asarray(SimpleNamespace(__array_interface__=interface))
