"""What is pushed into a stream: the next frames of one sequence, or of each of several."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._checks import shown
from ..sequences import MISSING_HINT, Sequences, as_real_array, fault_of


def as_pieces(frames: Any, n_streams: int, n_channels: int, *, missing: bool = False) -> Sequences:
    """Validate the next frames of some streams.

    Parameters
    ----------
    frames : array-like or list
        For one stream, a frame of shape (n_channels,) or several of shape (n_frames,
        n_channels), with one channel also (n_frames,) or a number; for several streams the like
        for each, or None.
    n_streams, n_channels : int
        Numbers of streams and of channels.
    missing : bool, default=False
        Whether values may be missing, NaN.

    Returns
    -------
    Sequences
        A copy of the frames of each stream, of which there may be none.

    Raises
    ------
    TypeError
        If `frames` holds anything but real numbers.
    ValueError
        If the number of streams, channels or dimensions is wrong, or if a value is infinite,
        beyond the range of float32, or NaN where it may not be.
    """
    given = _plain_rows(frames, n_streams, n_channels)
    if given is not None:
        offsets = np.arange(n_streams + 1) * (len(given) // n_streams)
    else:
        items = [frames] if n_streams == 1 else _items(frames, n_streams)
        pieces = [_piece(item, i, n_streams, n_channels) for i, item in enumerate(items)]
        offsets = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])])
        # Where there are no frames, there is no precision either.
        given = np.concatenate([piece for piece in pieces if len(piece)] or pieces[:1])
    with np.errstate(over="ignore"):
        single = np.array(given, dtype=np.float32, order="C")
    is_good = np.isfinite(single)
    has_missing = not is_good.all()
    if has_missing:
        _require_finite(given, is_good | (missing & np.isnan(single)), offsets)
    dtype = np.float32 if given.dtype == np.float32 else np.float64
    return Sequences(single, offsets, dtype, has_missing=has_missing)


def _plain_rows(frames: Any, n_streams: int, n_channels: int) -> np.ndarray | None:
    """Rows of a plain array of floats, which needs no closer look; None of anything else."""
    if type(frames) is not np.ndarray or frames.dtype.char not in "fd":
        return None
    if n_streams == 1:
        return _rows(frames, n_channels)
    if frames.ndim == 0 or len(frames) != n_streams or _rows(frames[0], n_channels) is None:
        return None
    return frames.reshape(-1, n_channels)


def _rows(piece: np.ndarray, n_channels: int) -> np.ndarray | None:
    """Frames as rows, or None where an array of this shape holds no frames."""
    is_bare = piece.ndim <= 1 and (n_channels == 1 or piece.size == 0)
    if is_bare or (piece.ndim in (1, 2) and piece.shape[-1] == n_channels):
        return piece.reshape(-1, n_channels)
    return None


def _items(frames: Any, n_streams: int) -> list[Any]:
    """What each of several streams gets."""
    expected = f"frames of {n_streams} streams: a list, or an array whose first axis are streams"
    items = frames
    if not (isinstance(frames, list | tuple) or _holds_arrays(frames)):
        items = as_real_array(frames, "frames")
        if items.ndim == 0:
            raise TypeError(f"frames is {shown(frames)}; expected {expected}.")
    if len(items) != n_streams:
        raise ValueError(f"frames is a collection of {len(items)}; expected {expected}.")
    return list(items)


def _holds_arrays(frames: Any) -> bool:
    return isinstance(frames, np.ndarray) and frames.dtype == object and frames.ndim == 1


def _piece(frames: Any, i: int, n_streams: int, n_channels: int) -> np.ndarray:
    """Validate all but the values of what one stream gets."""
    name = _name(i, n_streams)
    if frames is None:
        frames = np.zeros((0, n_channels), dtype=np.float32)
    array = as_real_array(frames, name)
    if n_streams == 1 and array.ndim == 3 and len(array) == 1:
        array = array[0]
    rows = _rows(array, n_channels)
    if rows is None:
        raise ValueError(
            f"{name} has shape {array.shape}; expected a frame of shape ({n_channels},) or some "
            f"of shape (n_frames, {n_channels}), because there are {n_channels} channels."
        )
    return rows


def _require_finite(given: np.ndarray, is_good: np.ndarray, offsets: np.ndarray) -> None:
    """Raise an error that names the first value that is not good."""
    if is_good.all():
        return
    frame, channel = np.argwhere(~is_good)[0]
    value = given[frame, channel]
    stream = int(np.searchsorted(offsets, frame, side="right")) - 1
    message = (
        f"{_name(stream, len(offsets) - 1)} contains {fault_of(value)}: frame "
        f"{frame - offsets[stream]} of those pushed, channel {channel}. Values must be finite; "
        "what differs in length is pushed as a list of arrays."
    )
    raise ValueError(f"{message} {MISSING_HINT}" if np.isnan(value) else message)


def _name(stream: int, n_streams: int) -> str:
    return "frames" if n_streams == 1 else f"frames[{stream}]"
