"""Pieces of some sequences, run one after the other with little between them.

To make room, and to look up what the kernel was compiled to for the types of its arguments, takes
longer than a step does. Both are kept from one piece to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
from numba import typeof

from ..._workers import leave_off_if_given_up
from ...events import Events
from .._record import Record
from ..protocol import Batch
from .by_address import address_of
from .events import heard
from .layout import Prepared, columns_of, n_ahead, room
from .loop import State, Work, run
from .sinks import KEEP, Sums, keep
from .vectors import TAP_STEPS

# Time that a call of the kernel is to take, in ns: short to whoever waits for an interrupt.
_CALL_NS = 1e8
_NO_FRAMES = np.zeros((0, 0), dtype=np.float32)


def stretches(
    lengths: list[int], n_together: int, most: int
) -> Iterator[tuple[int, int, int, int]]:
    """Cut the steps of sequences, longest first, into calls during which no interrupt is heard.

    Parameters
    ----------
    lengths : list of int
        Steps of each.
    n_together : int
        How many are run side by side.
    most : int
        Steps of a call, those of all its sequences added up.

    Yields
    ------
    begin, end : int
        Number of the first sequence, and of the one after the last.
    first, last : int
        Step at which they are taken up, and at which they are left. Only of sequences that are
        run side by side these are not all of their steps.
    """
    begin = 0
    while begin < len(lengths):
        longest = max(1, lengths[begin])
        n_groups = max(1, most // (longest * n_together))
        end = min(begin + n_groups * n_together, len(lengths))
        n_steps = longest if n_groups > 1 else max(1, most // (end - begin))
        for first in range(0, longest, n_steps):
            yield begin, end, first, first + n_steps
        begin = end


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
        are_events = isinstance(batch.frames, Events)
        kernels = prepared.event_kernels if are_events else prepared.kernels
        kept = prepared.nothing_kept
        if record is not None:
            kernels, kept = kernels._replace(keep=address_of(KEEP, keep)), prepared.kept(record)
        work = self._room_of_events(state, batch) if are_events else self._room(lengths)
        frames, is_usual = batch.frames, record is None and batch.frames.dtype == np.float32
        if are_events:
            frames, is_usual = _NO_FRAMES, False
        parts = state if prepared.dynamic_width else state[:3]  # of no items the others are fine
        is_usual = is_usual and all(part.flags.carray for part in (frames, *parts))
        if not is_usual:
            frames = _writeable(np.ascontiguousarray(frames, dtype=np.float32))
            state = state if after is state else State(*map(np.ascontiguousarray, state))
        where = kernels, frames, starts, lengths, prepared.network
        arguments = *where, state, after, sums, kept, work
        most = max(1, int(_CALL_NS / prepared.step_ns))
        for stretch in stretches(batch.lengths.tolist(), len(work.drive), most):
            leave_off_if_given_up()
            kernel = self._kernel((*arguments, stretch)) if is_usual else run
            kernel(*arguments, stretch)

    def _room(self, lengths: np.ndarray) -> Work:
        """Room for the dense frames of sequences, for somewhat longer ones than these."""
        longest = -(-int(lengths[0]) // TAP_STEPS) * TAP_STEPS
        size = self._prepared.n_together(len(lengths)), longest
        if self._work is None or self._size != size:
            self._work = None  # not both at a time
            network = self._prepared.network
            columns = columns_of(network.taps, *size)
            self._size, self._work = size, room(network, size[0], columns, n_ahead(network.taps))
        return self._work

    def _room_of_events(self, state: State, batch: Batch) -> Work:
        """Events of a batch, and room for them."""
        prepared, n_together = self._prepared, self._prepared.n_together(len(batch))
        pasts = np.require(state.past, np.float64, ["C", "A", "W"])
        events = heard(batch, prepared.network.taps, prepared.event_taps, pasts, n_together)
        return room(prepared.network, n_together, events, len(events.sums))

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
