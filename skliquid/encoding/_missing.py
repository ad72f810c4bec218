"""Missing values: what stands in their place before anything else reads the sequences.

A channel is held, that is, it keeps its last value where it is missing [1]_, and before its first
one it has its mean over the training frames; or a straight line is drawn from the value before a
gap to the one after it. The first needs no later frame.

References
----------
.. [1] Che, Purushotham, Cho, Sontag, Liu. "Recurrent neural networks for multivariate time series
   with missing values", Scientific Reports 8, 2018.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..adaptation.channels import channel_means
from ..sequences import Sequences


def rest_values(sequences: Sequences, sample_weight: np.ndarray | None) -> np.ndarray:
    """Learn what a channel is taken for where nothing is known of it, its mean.

    Parameters
    ----------
    sequences : Sequences
        Training sequences, whose values may be missing.
    sample_weight : ndarray of shape (n_samples,) or None
        Weight of each.

    Returns
    -------
    ndarray of shape (n_channels,), dtype float32
        The means.

    Raises
    ------
    ValueError
        If all values of a channel are missing.
    """
    means = channel_means(sequences, sample_weight)
    if np.isnan(means).any():
        raise ValueError(
            f"Channel {int(np.argmax(np.isnan(means)))} of X is missing (NaN) in every frame that "
            "was looked at; drop it, or fit with sequences that have it."
        )
    return means.astype(np.float32)


def held(sequences: Sequences, before: np.ndarray) -> tuple[Sequences, np.ndarray]:
    """Repeat each channel's last value where it is missing.

    Parameters
    ----------
    sequences : Sequences
        Sequences, none of them empty, or the next frames of streams.
    before : ndarray of shape (n_channels,) or (n_samples, n_channels), dtype float32
        The values before the first frames.

    Returns
    -------
    sequences : Sequences
        The same without missing values.
    last : ndarray of shape (n_samples, n_channels), dtype float32
        Their values in the last frames.
    """
    frames, starts = sequences.frames, sequences.offsets[:-1]
    if sequences.has_missing:
        frames = frames.copy()
        frames[starts] = np.where(np.isnan(frames[starts]), before, frames[starts])
        for values in frames.T:
            is_seen = ~np.isnan(values)
            values[:] = values[is_seen][np.cumsum(is_seen) - 1]
        sequences = replace(sequences, frames=frames, has_missing=False)
    return sequences, frames[sequences.offsets[1:] - 1]


def interpolated(sequences: Sequences, at_rest: np.ndarray) -> Sequences:
    """Draw straight lines over the gaps, and hold the first and the last value before and after.

    Parameters
    ----------
    sequences : Sequences
        Sequences, none of them empty.
    at_rest : ndarray of shape (n_channels,), dtype float32
        The values where a channel is missing in a whole sequence.

    Returns
    -------
    Sequences
        The same without missing values.
    """
    if not sequences.has_missing:
        return sequences
    frames, rows = sequences.frames.copy(), np.arange(len(sequences.frames))
    # With its ends known no line leaves a sequence, and all are drawn at once.
    ends = sequences.offsets[:-1], sequences.offsets[1:] - 1
    for end, way in zip(ends, (sequences.reversed(), sequences), strict=True):
        frames[end] = np.where(np.isnan(frames[end]), held(way, at_rest)[1], frames[end])
    for values in frames.T:
        gap = np.isnan(values)
        values[gap] = np.interp(rows[gap], rows[~gap], values[~gap])
    return replace(sequences, frames=frames, has_missing=False)


def filled(sequences: Sequences, at_rest: np.ndarray, missing: str) -> Sequences:
    """Fill what is missing in whole sequences in the way that an estimator names."""
    if missing == "linear":
        return interpolated(sequences, at_rest)
    return held(sequences, at_rest)[0]
