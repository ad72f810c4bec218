"""Frames that are given by their events: the few values that differ from what silence is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse


@dataclass(frozen=True, eq=False)
class Events:
    """Frames of which only the values are held that are not those of a silent channel.

    Where dense frames are read, an index gives dense frames, and so does NumPy.

    Parameters
    ----------
    events : scipy.sparse.csr_array of shape (n_frames, n_channels), dtype float32
        The values, each frame and channel at most once, and those of a frame in the order of
        their channels.
    silent : ndarray of shape (n_channels,), dtype float32
        Value of each channel where there is no event.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> from skliquid.events import Events
    >>> spikes = sparse.csr_array(np.array([[0, 1], [0, 0], [2, 0]], dtype=np.float32))
    >>> frames = Events(spikes, np.zeros(2, dtype=np.float32))
    >>> frames[1:]
    array([[0., 0.],
           [2., 0.]], dtype=float32)
    """

    events: Any
    silent: np.ndarray

    dtype = np.dtype(np.float32)
    ndim = 2

    @classmethod
    def of(cls, frames: np.ndarray) -> Events:
        """Take the events out of dense frames in which silence is zero.

        Parameters
        ----------
        frames : ndarray of shape (n_frames, n_channels), dtype float32
            The frames.

        Returns
        -------
        Events
            What is not zero.
        """
        return cls(sparse.csr_array(frames), np.zeros(frames.shape[1], dtype=np.float32))

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of frames and of channels."""
        n_frames, n_channels = self.events.shape
        return int(n_frames), int(n_channels)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        """Return dense frames, or what else an index takes out of them."""
        if not isinstance(key, tuple) and (isinstance(key, slice) or np.ndim(key) == 1):
            return np.asarray(self.rows(key))
        return np.asarray(np.asarray(self)[key])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("Events hold no dense frames; they can only be copied into some.")
        frames = np.empty(self.shape, dtype=dtype or self.dtype)
        frames[:] = self.silent
        frames[self.numbers, self.events.indices] = self.events.data
        return frames

    @property
    def numbers(self) -> np.ndarray:
        """Number of the frame of each event, shape (n_events,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.events.indptr))

    def rows(self, rows: slice | np.ndarray) -> Events:
        """Return some frames.

        Parameters
        ----------
        rows : slice, or ndarray of int or bool
            Which.

        Returns
        -------
        Events
            A copy of them.
        """
        return Events(self.events[rows], self.silent)

    def mapped(self, function: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Events:
        """Return what a function makes of each value by itself.

        Parameters
        ----------
        function : callable
            Given values and their channels, arrays of one shape, it returns the new values.

        Returns
        -------
        Events
            They, in float32.
        """
        events, channels = self.events, np.arange(self.shape[1])
        values = function(events.data, events.indices).astype(np.float32)
        changed = sparse.csr_array((values, events.indices, events.indptr), shape=events.shape)
        return Events(changed, function(self.silent, channels).astype(np.float32))


def joined(parts: Sequence[Any], dtype: Any) -> Any:
    """Put sparse arrays end to end, duplicates summed, and without the zeros that some hold."""
    whole = sparse.csr_array(sparse.vstack(parts, format="csr", dtype=dtype))
    whole.sum_duplicates()
    whole.eliminate_zeros()
    return whole
