"""Per-channel standardisation of the input, learned from weighted sequences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._checks import LARGEST_SCALE
from .._warnings import warn_user
from ..sequences import Sequences, blocks

# What channels of a common scale are raised to, as a fraction of the mean deviation.
_FAINTEST = 1.0 / 16
_FLOAT32_STEP = float(np.finfo(np.float32).eps)
_LARGEST = np.finfo(np.float32).max
_Read = Callable[[Sequences, slice], np.ndarray]


def _frames(sequences: Sequences, rows: slice) -> np.ndarray:
    return sequences.frames[rows]


def _steps(sequences: Sequences, rows: slice) -> np.ndarray:
    """Differences of some frames to those before."""
    before = sequences.frames[max(rows.start - 1, 0)]
    with np.errstate(over="ignore"):
        steps = np.diff(sequences.frames[rows], axis=0, prepend=before[np.newaxis])
    first, last = np.searchsorted(sequences.offsets, (rows.start, rows.stop))
    steps[sequences.offsets[first:last] - rows.start] = 0
    return np.clip(steps, -_LARGEST, _LARGEST, out=steps)


def channel_scaling(
    sequences: Sequences,
    sample_weight: np.ndarray | None = None,
    *,
    common: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and inverse standard deviation of each channel over all frames.

    Parameters
    ----------
    sequences : Sequences
        Training sequences.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Weight of each sequence: a weight of 2 is the sequence given twice.
    common : bool, default=False
        Whether channels share one scale, the mean of their standard deviations; a channel
        whose own is less than a sixteenth of it is raised to that.

    Returns
    -------
    offset, gain : ndarray of shape (n_channels,), dtype float32
        A frame x is standardised as ``(x - offset) * gain``; the gain of a channel that is
        constant is 1.

    Warns
    -----
    UserWarning
        If a channel varies so little around its mean that float32 loses most of it.
    """
    offset, std, gain = _scaling(sequences, sample_weight)
    lost = (std > 0) & ~np.isfinite(gain)
    if sequences.unresolved is not None:
        lost |= sequences.unresolved
    if lost.any():
        channel = int(np.argmax(lost))
        warn_user(
            f"Channel {channel} varies so little around {offset[channel]:.3g} that float32 loses "
            "most of it; subtract its offset, or scale it up, before fitting."
        )
    is_constant = _is_constant(offset, std, gain)
    if common and not is_constant.all():
        gain = np.maximum(1.0 / std[~is_constant].mean(), _FAINTEST * gain).astype(np.float32)
    gain[is_constant] = 1.0
    # Rounding to float32 also hides the order in which the sums were taken.
    return offset.astype(np.float32), gain


def derivative_gain(sequences: Sequences, sample_weight: np.ndarray | None = None) -> np.ndarray:
    """Gain that gives each channel's differences in time the deviation of the channel.

    Parameters
    ----------
    sequences : Sequences
        Training sequences.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Weight of each sequence.

    Returns
    -------
    ndarray of shape (n_channels,), dtype float32
        Ratio of the standard deviations, at most 1e6; 1 where a channel never changes.
    """
    gains = []
    for read in (_steps, _frames):
        offset, std, gain = _scaling(sequences, sample_weight, read)
        gain[_is_constant(offset, std, gain)] = 1.0
        gains.append(gain.astype(np.float64))
    return np.minimum(gains[0] / gains[1], LARGEST_SCALE).astype(np.float32)


def _scaling(
    sequences: Sequences, sample_weight: np.ndarray | None, read: _Read = _frames
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, standard deviation and its inverse in float32, each of shape (n_channels,)."""
    offset = weighted_mean(sequences, sample_weight, np.zeros(sequences.n_channels), 1, read)
    std = np.sqrt(weighted_mean(sequences, sample_weight, offset, 2, read))
    with np.errstate(divide="ignore", over="ignore"):
        return offset, std, (1.0 / std).astype(np.float32)


def _is_constant(offset: np.ndarray, std: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Which channels do not vary: what rounding leaves of a constant is not a signal."""
    return np.asarray((std <= _FLOAT32_STEP * np.abs(offset)) | ~np.isfinite(gain))


def channel_means(sequences: Sequences, sample_weight: np.ndarray | None = None) -> np.ndarray:
    """Mean of each channel over all frames.

    Parameters
    ----------
    sequences : Sequences
        Training sequences.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Weight of each sequence.

    Returns
    -------
    ndarray of shape (n_channels,)
        The means of what is not missing; NaN where all is.
    """
    return weighted_mean(sequences, sample_weight, np.zeros(sequences.n_channels), 1)


def weighted_mean(
    sequences: Sequences,
    sample_weight: np.ndarray | None,
    centre: np.ndarray,
    power: int,
    read: _Read = _frames,
) -> np.ndarray:
    """Mean over frames of ``(frame - centre) ** power``, shape (n_channels,), as they are read."""
    weight = np.ones(len(sequences)) if sample_weight is None else sample_weight
    total: Any = float(weight @ sequences.lengths)
    if sequences.has_missing:
        total = _weighted_sum(sequences, read, weight, centre, 0)
    with np.errstate(invalid="ignore"):
        return _weighted_sum(sequences, read, weight, centre, power) / total


def _weighted_sum(
    sequences: Sequences, read: _Read, weight: np.ndarray, centre: np.ndarray, power: int
) -> np.ndarray:
    """Sum over frames of ``weight * (frame - centre) ** power``, shape (n_channels,)."""
    total = np.zeros(sequences.n_channels)
    for rows in blocks(*sequences.frames.shape):
        frames = read(sequences, rows).astype(np.float64) - centre
        sample = np.searchsorted(sequences.offsets, np.arange(rows.start, rows.stop), side="right")
        summed = frames**power
        if sequences.has_missing:
            summed[np.isnan(frames)] = 0.0
        total += weight[sample - 1] @ summed
    return total
