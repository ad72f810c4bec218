"""Records: the states of chosen steps, kept as they come, and packed.

Spikes take one bit each, activations of rate cells, which lie on a grid, two bytes. That is the
one place where something of size ``n_frames * n_units`` is held, for the readouts that are
trained over time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._checks import shown
from ..reservoirs._segments import reordered

# Activations in [-1, 1] in steps of 2**-14, which int16 holds.
_EXPONENT = 14


class Record:
    """Sink that keeps the states of some steps.

    Parameters
    ----------
    names : tuple of str
        States to keep: "spk" for spikes, "h" for activations, or the name of a state of the
        neurons, such as "mem".
    n_units : int
        Number of neurons or units.
    frames : ndarray of shape (n_rows,), dtype int64
        Numbers of the frames of the collection that is run after which the states are kept, in
        ascending order.

    Attributes
    ----------
    kept : dict of str to ndarray of shape (n_rows, width)
        What was kept: uint8 holds eight spikes a byte, int16 an activation in units of
        ``2**-14``, float32 any other state.
    """

    def __init__(self, names: Any, n_units: int, frames: Any) -> None:
        if not isinstance(names, tuple) or not names:
            raise TypeError(f"names must be a tuple of names of states, got {shown(names)}.")
        if not isinstance(frames, np.ndarray) or frames.dtype.kind != "i" or frames.ndim != 1:
            raise TypeError("frames must be a one-dimensional integer array.")
        if (np.diff(frames) <= 0).any():
            raise ValueError("frames must be in ascending order, each given once.")
        self.frames, self.n_units = frames.astype(np.int64, copy=False), n_units
        n_rows = len(frames)
        self.names = [name for name in names if name not in ("spk", "h")]
        self.states = np.zeros((len(self.names), n_rows, n_units), dtype=np.float32)
        self.kept = dict(zip(self.names, self.states, strict=True))
        if "spk" in names:
            self.kept["spk"] = np.zeros((n_rows, -(-n_units // 8)), dtype=np.uint8)
        if "h" in names:
            self.kept["h"] = np.zeros((n_rows, n_units), dtype=np.int16)

    def take(self, frames: np.ndarray, states: dict[str, np.ndarray]) -> None:
        """Keep the states after some frames, arrays of shape (len(frames), n_units)."""
        rows = np.searchsorted(self.frames, frames)
        is_kept = rows < np.searchsorted(self.frames, frames, side="right")
        for name, kept in self.kept.items():
            kept[rows[is_kept]] = _packed(name, states[name][is_kept])


def _packed(name: str, states: np.ndarray) -> np.ndarray:
    if name == "spk":
        return np.packbits(states > 0, axis=1)
    return np.rint(np.ldexp(states, _EXPONENT)).astype(np.int16) if name == "h" else states


@dataclass(frozen=True, eq=False)
class StateTrains:
    """States of the units of one or several reservoirs over a collection of sequences.

    It has the interface of :class:`skliquid.sequences.Sequences`, with units as channels.

    Parameters
    ----------
    blocks : tuple of ndarray of shape (n_frames, width)
        The frames of all sequences end to end, for each reservoir, as a :class:`Record` keeps
        spikes or activations.
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
        for train in self._trains():
            yield train.astype(np.float32, copy=False)

    @property
    def lengths(self) -> np.ndarray:
        """Number of time steps of each sequence, shape (n_samples,)."""
        return np.diff(self.offsets)

    @property
    def n_channels(self) -> int:
        """Number of units of all blocks."""
        return self.block_size * len(self.blocks)

    def spikes(self) -> list[np.ndarray]:
        """Spikes of each sequence, bool, shape (n_timesteps_i, n_units)."""
        return [train.view(bool) for train in self._trains()]

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

    def take(self, samples: np.ndarray | slice) -> StateTrains:
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
        offsets, rows = reordered(self.offsets, np.arange(len(self))[samples])
        return StateTrains(tuple(b[rows] for b in self.blocks), self.block_size, offsets)

    def _trains(self) -> Iterator[np.ndarray]:
        """States of each sequence, those of all blocks side by side."""
        for start, stop in zip(self.offsets[:-1], self.offsets[1:], strict=True):
            parts = [self._unpacked(block[start:stop]) for block in self.blocks]
            yield parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def _unpacked(self, rows: np.ndarray) -> np.ndarray:
        if rows.dtype == np.uint8:
            return np.unpackbits(rows, axis=1, count=self.block_size)
        return np.ldexp(rows.astype(np.float32), -_EXPONENT)
