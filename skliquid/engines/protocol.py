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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..pooling import PoolingPlan, Pools
from ..sequences import Sequences


@dataclass(frozen=True, eq=False)
class Batch:
    """Frames of some sequences, or of their next pieces, longest first.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_channels), dtype float32
        Frames, among them those of this batch.
    starts, lengths : ndarray of shape (batch,)
        Sequence i is ``frames[starts[i]:starts[i] + lengths[i]]``.
    """

    frames: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of(cls, sequences: Sequences, samples: np.ndarray) -> Batch:
        """Some sequences of a collection, given by their indices, longest first."""
        return cls(sequences.frames, sequences.offsets[samples], sequences.lengths[samples])

    def __len__(self) -> int:
        return len(self.lengths)

    def padded(self) -> np.ndarray:
        """Sequences side by side, shape (longest, batch, n_channels), zeros after their ends."""
        shape = (int(self.lengths.max(initial=0)), len(self), self.frames.shape[1])
        out = np.zeros(shape, dtype=np.float32)
        for column, (start, length) in enumerate(zip(self.starts, self.lengths, strict=True)):
            out[:length, column] = self.frames[start : start + length]
        return out


class PoolSink(Protocol):
    """Sums over time, kept in whatever form the engine adds up in."""

    def read(self) -> Pools:
        """Return the sums so far."""


class Engine(Protocol):
    """A module with these functions; ``Prepared`` and ``State`` are the engine's own.

    A state holds NumPy arrays alone, in which the batch is the first axis: it pickles, and a
    sequence's part can be taken out.
    """

    def prepare(self, reservoir: Any) -> Any:
        """Put a reservoir into the form that the engine computes with, once."""

    def at_rest(self, prepared: Any, batch_size: int) -> Any:
        """State before the first step."""

    def open_pools(self, prepared: Any, plan: PoolingPlan, lengths: np.ndarray) -> PoolSink:
        """Sums for sequences of these lengths, pieces still to come included."""

    def advance(self, prepared: Any, state: Any, batch: Batch, sinks: Sequence[Any]) -> Any:
        """Run the frames of a batch from a state; return the state after them.

        The state that is handed in is left as it was.
        """

    def shares(
        self, prepared: Any, lengths: np.ndarray, n_jobs: int | None
    ) -> tuple[int, list[slice]]:
        """Number of threads of our own for a batch, and the shares that they run one by one."""

    def bytes_of_a_sequence(self, prepared: Any, plan: PoolingPlan, length: int) -> int:
        """Memory that a sequence of a batch takes while it runs."""
