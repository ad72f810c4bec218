"""What an engine is: it makes a reservoir ready, and advances its state over frames.

::

    prepared = engine.prepare(reservoir)
    state = engine.at_rest(prepared, len(batch))
    pools = engine.open_pools(prepared, plan, lengths)
    state = engine.advance(prepared, state, batch, [pools])     # as often as there are pieces
    pools.read()

A state is what is left of the past, and running a sequence in pieces gives the bits of running it
whole. What happens in between goes into sinks: the engine's own pools, which keep sums, and
:class:`~skliquid.engines.Record`, which keeps the states of chosen steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import add
from typing import Any, Protocol

import numpy as np

from .._checks import shown
from ..events import Events
from ..pooling import PoolingPlan, Pools
from ..sequences import Sequences
from ._record import Record

# What pools of sequences that go on are opened with: their length is not known, and of more steps
# the counts in int32 would be wrong.
OPEN_END = 2**31 - 1
# Memory that the input of a piece takes about, in bytes, and fewest steps of one.
_PIECE_BYTES, _FEWEST_STEPS = 2**26, 2**8


@dataclass(frozen=True, eq=False)
class Batch:
    """Frames of some sequences, or of their next pieces, longest first.

    Parameters
    ----------
    frames : ndarray or Events of shape (n_frames, n_channels), dtype float32
        Frames, among them those of this batch.
    starts, lengths : ndarray of shape (batch,)
        Sequence i is ``frames[starts[i]:starts[i] + lengths[i]]``.
    """

    frames: Any
    starts: np.ndarray
    lengths: np.ndarray

    def __post_init__(self) -> None:
        # Of a single sequence, as a live stream has it, Python's numbers are the faster ones.
        starts, lengths = self.starts.tolist(), self.lengths.tolist()
        if lengths != sorted(lengths, reverse=True):
            raise ValueError(f"lengths must be in descending order, got {lengths[:10]}.")
        last = max(map(add, starts, lengths), default=0)
        if min(starts + lengths, default=0) < 0 or last > len(self.frames):
            raise ValueError(f"starts and lengths must lie within the {len(self.frames)} frames.")

    @classmethod
    def of(cls, sequences: Sequences, samples: np.ndarray) -> Batch:
        """Some sequences of a collection, given by their indices, longest first."""
        return cls(sequences.frames, sequences.offsets[samples], sequences.lengths[samples])

    def __len__(self) -> int:
        return len(self.lengths)

    def pieces(self, n_steps: int) -> Iterator[Batch]:
        """Cut into batches of so many steps, one after the other."""
        longest = int(self.lengths[0]) if len(self) else 0
        if longest <= n_steps:
            yield self
            return
        for first in range(0, longest, n_steps):
            starts = self.starts + np.minimum(first, self.lengths)
            yield Batch(self.frames, starts, np.clip(self.lengths - first, 0, n_steps))

    def padded(self) -> np.ndarray:
        """Sequences side by side, shape (longest, batch, n_channels), zeros after their ends."""
        shape = (int(self.lengths.max(initial=0)), len(self), self.frames.shape[1])
        out = np.zeros(shape, dtype=np.float32)
        for column, (start, length) in enumerate(zip(self.starts, self.lengths, strict=True)):
            out[:length, column] = self.frames[start : start + length]
        return out


class PoolSink(Protocol):
    """Sums over time, kept in whatever form the engine adds up in."""

    lengths: np.ndarray
    seen: np.ndarray

    @property
    def parts(self) -> dict[str, np.ndarray]:
        """The arrays that the sums are kept in, the batch first, `seen` among them.

        Of sums that are not asked for there are none, so that a state that was kept is good where
        others are added to what can be asked for.
        """

    def read(self) -> Pools:
        """Return the sums so far, in arrays that do not change when the sequences go on."""


class Engine(Protocol):
    """A module with these functions; ``Prepared`` and ``State`` are the engine's own.

    One that hears events takes as much memory for them however long they are; others are given
    dense frames in their place. A state holds NumPy arrays alone, in which the batch is the first
    axis: it pickles, and a sequence's part can be taken out.
    """

    hears_events: bool

    def prepare(self, reservoir: Any) -> Any:
        """Put a reservoir into the form that the engine computes with, once."""

    def at_rest(self, prepared: Any, batch_size: int) -> Any:
        """State before the first step."""

    def open_pools(self, prepared: Any, plan: PoolingPlan, lengths: np.ndarray) -> PoolSink:
        """Sums for sequences of these lengths, pieces still to come included.

        A plan without windows may have ``OPEN_END`` for lengths that are not known.
        """

    def advance(
        self,
        prepared: Any,
        state: Any,
        batch: Batch,
        sinks: Sequence[Any],
        in_place: bool = False,
    ) -> Any:
        """Run the frames of a batch from a state; return the state after them.

        The state that is handed in is left as it was, unless it may be changed in place. The
        sinks are at most one of pools and one :class:`~skliquid.engines.Record`.
        """

    def shares(
        self, prepared: Any, lengths: np.ndarray, n_jobs: int | None
    ) -> tuple[int, list[slice]]:
        """Number of threads of our own for a batch, and the shares that they run one by one."""

    def bytes_of_a_sequence(self, prepared: Any, plan: PoolingPlan, length: int) -> int:
        """Memory that a sequence of a batch takes while it runs."""

    def steps_at_once(self, prepared: Any, n_sequences: int) -> int:
        """Steps of so many sequences whose input is held in the form that is computed with."""


def steps_of_a_piece(n_numbers: int, max_delay: int) -> int:
    """Steps of so many numbers that fit in memory; the past is not to be moved for a few."""
    return max(_PIECE_BYTES // (24 * n_numbers), max_delay // 4, _FEWEST_STEPS)


def run_in_pieces(
    engine: Engine, prepared: Any, state: Any, batch: Batch, sinks: Sequence[Any]
) -> Any:
    """Run the frames of a batch, however long, from a state, which is changed."""
    if engine.hears_events and isinstance(batch.frames, Events):
        return engine.advance(prepared, state, batch, sinks, in_place=True)
    for piece in batch.pieces(engine.steps_at_once(prepared, len(batch))):
        state = engine.advance(prepared, state, piece, sinks, in_place=True)
    return state


def check_run(
    batch: Batch,
    n_channels: int,
    state_size: int,
    pools: Sequence[PoolSink],
    records: Sequence[Record],
    n_units: int,
    names: tuple[str, ...],
) -> None:
    """Raise an error unless a batch, a state and sinks fit each other and the reservoir.

    `names` are those of the states that there are, `n_units` the number of units.
    """
    if batch.frames.shape[1] != n_channels:
        raise ValueError(
            f"batch has frames of {batch.frames.shape[1]} channels; expected {n_channels}."
        )
    if state_size != len(batch):
        raise ValueError(f"state is that of {state_size} sequences, but batch has {len(batch)}.")
    if len(pools) > 1 or len(records) > 1:
        raise ValueError("sinks must hold at most one of pools and one record.")
    for sums in pools:
        if sums.lengths.shape != batch.lengths.shape:
            raise ValueError(
                f"pools are those of {len(sums.lengths)} sequences, not {len(batch)}."
            )
        if (sums.seen + batch.lengths > sums.lengths).any():
            raise ValueError(
                "batch goes beyond the lengths for which the pools were opened, "
                f"{sums.lengths.tolist()[:10]} steps."
            )
    for record in records:
        if record.n_units != n_units:
            raise ValueError(f"record is one of {record.n_units} units; expected {n_units}.")
        if len(record.frames) and not 0 <= record.frames[0] <= record.frames[-1] < len(
            batch.frames
        ):
            raise ValueError(
                f"record keeps frames {record.frames[0]} to {record.frames[-1]}; there are "
                f"{len(batch.frames)}."
            )
        unknown = [name for name in record.kept if name not in names]
        if unknown:
            raise ValueError(f"record keeps the states {shown(unknown)}; there are {list(names)}.")
