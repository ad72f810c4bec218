"""Sequences that may not be what they are read as: what they may be, and what converts them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._checks import shown
from ._warnings import warn_user

_CONVERT = "convert X with skliquid.{} first."
# Frames looked at at a time: the first ones nearly always tell.
_BLOCK = 2**16


def refuse_other_layouts(array: np.ndarray, name: str) -> None:
    """Raise an error for events and for nested tables, which are arrays too."""
    if array.dtype.names:
        raise TypeError(
            f"{name} is an array of events with the fields {shown(list(array.dtype.names))}; "
            + _CONVERT.format("from_events")
        )
    if array.dtype == object and array.ndim == 2 and array.size and is_series(array[0, 0]):
        raise TypeError(
            f"{name} is a nested table, whose cells are series; "
            + _CONVERT.format("datasets.from_pandas")
        )


def hint_of_unlike(parts: list[np.ndarray]) -> str:
    """Say what sequences of different numbers of channels may be."""
    if len({len(part) for part in parts}) > 1:
        return ""
    how = _CONVERT.format("datasets.from_aeon")
    return f" If they are in aeon's layout, the channels first, {how}"


def hint_of_channels(source: Any, n_channels: int) -> str:
    """Say what a collection may be that should have another number of channels."""
    if not isinstance(source, np.ndarray | list):
        return ""
    shapes = {np.shape(each) for each in source}
    n_axes, leading = {len(shape) for shape in shapes}, {shape[:1] for shape in shapes}
    if n_axes == {1} and leading == {(n_channels,)}:
        return " If X is a single sequence, give [X]."
    if n_axes == {1}:
        return " A sequence of one dimension has one channel; reshape each to (n_timesteps, -1)."
    if leading == {(n_channels,)}:
        return hint_of_unlike([np.empty(n_channels)])
    if isinstance(source, list) and {shape[1:] for shape in shapes} == {(2,)}:
        return f" If they are times and channels of events, {_CONVERT.format('from_events')}"
    return ""


def refuse_single(source: Any) -> None:
    """Raise an error for a sequence of one channel, which is a table of one time step."""
    if isinstance(source, np.ndarray) and source.ndim == 2 and source.shape[1] == 1 < len(source):
        raise ValueError(
            f"X of shape {source.shape} is ambiguous: give [X] if it is a single sequence, "
            "X[:, :, np.newaxis] if these are sequences of one time step."
        )


def warn_of_misreading(frames: np.ndarray, offsets: np.ndarray) -> None:
    """Warn of training sequences that look like events, or of which none varies.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_channels)
        Frames of all sequences, end to end.
    offsets : ndarray of shape (n_samples + 1,)
        Where each begins and ends.
    """
    if _are_events(frames, offsets):
        warn_user(
            "The two channels of X look like the times and channels of events; if they are, "
            + _CONVERT.format("from_events")
        )
    is_constant = len(frames) > 1 and (frames[:2] == frames[0]).all()
    if is_constant and (np.min(frames, axis=0) == np.max(frames, axis=0)).all():
        warn_user(
            f"No channel of X varies: in float32 each frame is {shown(frames[0].tolist())}. If "
            "they vary around an offset, subtract it before fitting."
        )


def is_series(cell: Any) -> bool:
    """Tell whether a cell of a table holds several values."""
    return isinstance(cell, list | tuple) or np.ndim(cell) > 0


def _are_events(frames: np.ndarray, offsets: np.ndarray) -> bool:
    """Tell whether one channel only rises, as times do, and the other is of whole numbers."""
    if frames.shape[1] != 2:
        return False
    rises, falls, is_number = np.zeros(2, dtype=bool), np.zeros(2, dtype=bool), np.ones(2, bool)
    for start in range(0, len(frames) - 1, _BLOCK):
        block = frames[start : start + _BLOCK + 1]
        first, last = np.searchsorted(offsets, (start + 1, start + len(block)))
        within = np.ones((len(block) - 1, 1), dtype=bool)
        within[offsets[first:last] - start - 1] = False
        rises |= (within & (block[1:] > block[:-1])).any(axis=0)
        falls |= (within & (block[1:] < block[:-1])).any(axis=0)
        is_number &= ((block >= 0) & (block == np.floor(block))).all(axis=0)
        if not (is_number & ~falls[::-1]).any():
            return False
    only_rises = rises & ~falls
    return bool((only_rises & (is_number & ~only_rises)[::-1]).any())
