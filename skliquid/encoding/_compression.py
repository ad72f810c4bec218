"""CompressionEncoder: faint and strong signals in the same range."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval

from ..adaptation.channels import weighted_mean
from ..events import Events
from ..sequences import Sequences, blocks
from ._base import SequenceEncoder, with_frames

# The standard deviation of a normal variable in units of its median absolute deviation.
_NORMAL = 1.4826
_LARGEST = np.finfo(np.float32).max
# Frames in which the usual values are looked for: enough to know a median to about a hundredth of
# the deviation, and whatever is more is not read.
_ENOUGH_FRAMES = 2**13
_CHOICE = 0  # seed of the choice among more


class CompressionEncoder(SequenceEncoder):
    """Compression: values far from a channel's usual ones count by their logarithm.

    What drives the liquid is linear near the centre c of a channel and logarithmic beyond k
    of its usual deviations s, as senses are to strong stimuli [1]_::

        x' = c + k s asinh((x - c) / (k s))

    c is the median and s the median absolute deviation over the training frames, of more than
    8192 over so many random ones, as the standard deviation of a normal variable with that one;
    where it is zero, s is the root of the mean square deviation from c over all frames. Channels
    without extreme values stay nearly as they are; in those with some, the usual values are not
    lost beside them [2]_.

    Parameters
    ----------
    knee : float, default=5.0
        Deviations k beyond which values are compressed, in [2**-20, 1e6].

    Attributes
    ----------
    center_ : ndarray of shape (`n_channels_in_`,)
        c of each channel, in the units of the data.
    scale_ : ndarray of shape (`n_channels_in_`,)
        s of each channel, in the units of the data; 0 where a channel is constant, which is
        handed on as it is.
    n_channels_in_ : int
        Number of channels seen in `fit`.
    n_channels_out_ : int
        Number of channels of the output, the same.
    n_features_in_ : int
        Number of time steps if `fit` saw a 2-D array, else the number of channels.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if `fit` saw a data frame with names that are all strings.

    See Also
    --------
    CurrentEncoder : The values as they are.

    References
    ----------
    .. [1] Naka, Rushton. "S-potentials from colour units in the retina of fish", Journal of
       Physiology 185, 1966.
    .. [2] Burbidge, Magee, Robb. "Alternative transformations to handle extreme values of the
       dependent variable", Journal of the American Statistical Association 83, 1988.

    Examples
    --------
    >>> from skliquid.encoding import CompressionEncoder
    >>> encoder = CompressionEncoder(knee=5.0)
    >>> encoder.fit_transform([[[-1.0], [0.0], [1.0], [1000.0]]]).round(2)
    array([[[-1. ],
            [ 0. ],
            [ 1. ],
            [41.5]]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "knee": [Interval(Real, 2.0**-20, 1e6, closed="both")]
    }

    _takes_events = True
    center_: np.ndarray
    scale_: np.ndarray

    def __init__(self, *, knee: float = 5.0) -> None:
        self.knee = knee

    def _learn(self, sequences: Sequences, sample_weight: np.ndarray | None) -> None:
        heard = (
            np.arange(len(sequences)) if sample_weight is None else np.flatnonzero(sample_weight)
        )
        # A few frames may hold no value of a channel that is often missing.
        most = len(sequences.frames) if sequences.has_missing else _ENOUGH_FRAMES
        frames, samples = sequences.some_frames(heard, most, np.random.default_rng(_CHOICE))
        weights = None if sample_weight is None else sample_weight[samples]
        self.center_ = np.empty(sequences.n_channels)
        self.scale_ = np.empty(sequences.n_channels)
        for channel, values in enumerate(np.ascontiguousarray(sequences.frames[frames].T)):
            values, weight = values.astype(np.float64), weights
            if sequences.has_missing:
                is_seen = ~np.isnan(values)
                values, weight = values[is_seen], None if weight is None else weight[is_seen]
            self.center_[channel] = _median(values, weight)
            deviations = np.abs(values - self.center_[channel])
            self.scale_[channel] = _NORMAL * _median(deviations, weight)
        flat = self.scale_ == 0
        if flat.any():
            # Over all frames: what is rarely there may be in none of a few.
            mean_square = weighted_mean(sequences, sample_weight, self.center_, 2)
            # Rounding hides the order in which the sum was taken.
            usual = np.minimum(np.sqrt(mean_square), _LARGEST).astype(np.float32)
            self.scale_[flat] = usual[flat]

    def _encode(self, sequences: Sequences) -> Sequences:
        knee = self.knee * self.scale_
        # Of few channels, as single frames of a live stream have, Python is the faster one.
        constant = [channel for channel, value in enumerate(knee.tolist()) if value == 0]
        if constant:
            knee[constant] = 1.0
        if isinstance(sequences.frames, Events):
            return with_frames(sequences, self._of_events(sequences.frames, knee, constant))
        frames = np.empty_like(sequences.frames)
        for rows in blocks(*frames.shape):
            frames[rows] = _compressed(sequences.frames[rows], self.center_, knee)
        if constant:
            frames[:, constant] = sequences.frames[:, constant]
        return with_frames(sequences, frames)

    def _of_events(self, frames: Events, knee: np.ndarray, constant: list[int]) -> Events:
        def of(values: np.ndarray, channels: np.ndarray) -> np.ndarray:
            squashed = _compressed(values, self.center_[channels], knee[channels])
            return (
                np.where(np.isin(channels, constant), values, squashed) if constant else squashed
            )

        return frames.mapped(of)


def _compressed(values: np.ndarray, center: np.ndarray, knee: np.ndarray) -> np.ndarray:
    compressed: np.ndarray = center + knee * np.arcsinh((values - center) / knee)
    return compressed


def _median(values: np.ndarray, weight: np.ndarray | None) -> float:
    """Least value that half of the others, by weight, do not exceed."""
    if weight is None:
        # A partition is slower by far where most values are equal, as in spikes.
        return float(np.sort(values)[(len(values) - 1) // 2])
    order = np.argsort(values)
    below = np.cumsum(weight[order])
    return float(values[order[np.searchsorted(below, below[-1] / 2)]])
