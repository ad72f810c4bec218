"""Recorded states: those of every unit at every time step, packed.

Spikes take one bit each, activations of rate cells, which lie on a grid, two bytes. That is
the one place where something of size ``n_frames * n_units`` is held, for the readouts that
are trained over time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..pooling import PoolingPlan
from ..sequences import Sequences
from . import Runner

# Activations in [-1, 1] in steps of 2**-14, which int16 holds.
_EXPONENT = 14


@dataclass(frozen=True, eq=False)
class StateTrains:
    """States of the units of one or several reservoirs over a collection of sequences.

    It has the interface of :class:`skliquid.sequences.Sequences`, with units as channels.

    Parameters
    ----------
    blocks : tuple of ndarray of shape (n_frames, width)
        The frames of all sequences end to end, for each reservoir: uint8 holds eight spikes
        a byte, int16 an activation in units of ``2**-14``.
    block_size : int
        Number of units of each block.
    offsets : ndarray of shape (n_samples + 1,), dtype int64
        Sequence i is ``offsets[i]`` to ``offsets[i + 1]`` of the frames.
    """

    blocks: tuple[np.ndarray, ...]
    block_size: int
    offsets: np.ndarray

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[np.ndarray]:
        for start, stop in zip(self.offsets[:-1], self.offsets[1:], strict=True):
            yield np.concatenate([self._unpacked(b[start:stop]) for b in self.blocks], axis=1)

    @property
    def lengths(self) -> np.ndarray:
        """Number of time steps of each sequence, shape (n_samples,)."""
        return np.diff(self.offsets)

    @property
    def n_channels(self) -> int:
        """Number of units of all blocks."""
        return self.block_size * len(self.blocks)

    def padded(self, samples: np.ndarray) -> np.ndarray:
        """Return some sequences side by side, zeros after their ends.

        Parameters
        ----------
        samples : ndarray of shape (batch,)
            Indices of the sequences.

        Returns
        -------
        ndarray of shape (longest, batch, n_units), dtype float32
            Their states, time first.
        """
        lengths = self.lengths[samples]
        out = np.zeros((int(lengths.max()), len(samples), self.n_channels), dtype=np.float32)
        for column, train in enumerate(self.take(samples)):
            out[: len(train), column] = train
        return out

    def take(self, samples: Any) -> StateTrains:
        """Return some sequences as a new collection.

        Parameters
        ----------
        samples : array_like of int or bool, or slice
            Which sequences.

        Returns
        -------
        StateTrains
            A copy of them, in this order.
        """
        samples = np.arange(len(self))[samples]
        frames = [np.arange(self.offsets[i], self.offsets[i + 1]) for i in samples]
        offsets = np.zeros(len(samples) + 1, dtype=np.int64)
        offsets[1:] = np.cumsum(self.lengths[samples])
        rows = np.concatenate(frames) if frames else np.zeros(0, dtype=np.int64)
        return StateTrains(tuple(b[rows] for b in self.blocks), self.block_size, offsets)

    def _unpacked(self, rows: np.ndarray) -> np.ndarray:
        if rows.dtype == np.uint8:
            return np.unpackbits(rows, axis=1, count=self.block_size).astype(np.float32)
        return np.ldexp(rows.astype(np.float32), -_EXPONENT)


def record(
    reservoirs: Iterable[Any], ways: list[Sequences], engine: str, n_jobs: int | None
) -> StateTrains:
    """Run reservoirs over sequences and keep every state.

    Parameters
    ----------
    reservoirs : iterable of Liquid or RateReservoir
        Each runs over each of the ways; all of one kind and size.
    ways : list of Sequences
        The sequences, and where wanted the same ones reversed.
    engine : str
        Engine that runs a liquid.
    n_jobs : int or None
        Number of its threads.

    Returns
    -------
    StateTrains
        One block for each reservoir and way, reservoirs first.
    """
    offsets = ways[0].offsets
    # As many windows as there are steps: each step's state is in a window of its own.
    n_windows = int(ways[0].lengths.max())
    plan = PoolingPlan(("counts",), (n_windows,), 0.0)
    blocks = []
    for reservoir in reservoirs:
        runner = Runner(reservoir, plan, engine, n_jobs)
        for sequences in ways:
            block: np.ndarray | None = None
            for samples in runner.batches(sequences):
                for row, i in zip(runner.pools(sequences, samples).counts, samples, strict=True):
                    length = sequences.lengths[i]
                    packed = _packed(row[np.arange(length) * n_windows // length])
                    if block is None:
                        block = np.empty((offsets[-1], packed.shape[1]), dtype=packed.dtype)
                    block[offsets[i] : offsets[i + 1]] = packed
            assert block is not None
            blocks.append(block)
    return StateTrains(tuple(blocks), runner.n_neurons, offsets)


def _packed(states: np.ndarray) -> np.ndarray:
    if states.dtype.kind in "iu":
        return np.packbits(states > 0, axis=1)
    return np.rint(np.ldexp(states, _EXPONENT)).astype(np.int16)
