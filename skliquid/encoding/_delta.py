"""DeltaEncoder: spikes where a channel has changed by a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from ..adaptation.channels import channel_scaling
from ..sequences import Sequences
from ._base import SequenceEncoder, State, with_frames


class DeltaEncoder(SequenceEncoder):
    """Send-on-delta: ON and OFF events where a channel has moved by a threshold [1]_.

    Each channel keeps a reference level r that follows the signal in whole thresholds d::

        k[t]   = trunc((x[t] - r[t-1]) / d)
        r[t]   = r[t-1] + k[t] d
        ON[t]  = max(k[t], 0),    OFF[t] = max(-k[t], 0)

    so that ``r[-1] + d * cumsum(ON - OFF)`` is nowhere further than d from the signal, where
    ``r[-1]`` is the level before the first frame.

    Parameters
    ----------
    threshold : float, default=0.5
        Change that makes an event, in units of the channel's standard deviation over all
        training frames; in ``[2**-20, 1e6]``. The standard deviation of a constant channel
        counts as 1.
    start : {"mean", "first"}, default="mean"
        The reference level before the first frame. "mean" is the channel's mean over all
        training frames, so that the events of the first frame tell where a sequence starts;
        with "first", the first frame itself, they are none and only changes are encoded.

    Attributes
    ----------
    mean_ : ndarray of shape (`n_channels_in_`,)
        Mean of each channel in training, in the units of the data.
    threshold_ : ndarray of shape (`n_channels_in_`,)
        The threshold d of each channel, in the units of the data.
    n_channels_in_ : int
        Number of channels seen in `fit`.
    n_channels_out_ : int
        Number of channels of the output, ``2 * n_channels_in_``: ON and OFF of the first
        channel, then those of the second. They are numbers of events, up to ``2**24``.
    n_features_in_ : int
        Number of time steps if `fit` saw a 2-D array, else the number of channels.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if `fit` saw a data frame with names that are all strings.

    See Also
    --------
    CurrentEncoder : Has the change from frame to frame as a current.

    References
    ----------
    .. [1] Miskowicz. "Send-on-delta concept: an event-based data reporting strategy",
       Sensors 6(1), 2006.

    Examples
    --------
    >>> from skliquid.encoding import DeltaEncoder
    >>> encoder = DeltaEncoder(threshold=1.0).fit([[[-1.0], [1.0]]])
    >>> encoder.mean_, encoder.threshold_
    (array([0.]), array([1.]))
    >>> encoder.transform([[[1.0], [1.5], [3.5], [3.0], [2.0]]])
    array([[[1., 0.],
            [0., 0.],
            [2., 0.],
            [0., 0.],
            [0., 1.]]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "threshold": [Interval(Real, 2.0**-20, 1e6, closed="both")],
        "start": [StrOptions({"mean", "first"})],
    }

    _makes_spikes = True
    mean_: np.ndarray
    threshold_: np.ndarray

    def __init__(self, threshold: float = 0.5, *, start: str = "mean") -> None:
        self.threshold = threshold
        self.start = start

    def _learn(self, sequences: Sequences, sample_weight: np.ndarray | None) -> None:
        mean, gain = channel_scaling(replace(sequences, unresolved=None), sample_weight)
        self.mean_ = mean.astype(np.float64)
        self.threshold_ = self.threshold / gain.astype(np.float64)

    def _encode(self, sequences: Sequences) -> Sequences:
        return self._advance(self._at_rest(len(sequences)), sequences)[0]

    def _at_rest(self, n_streams: int) -> State:
        origin = np.full((n_streams, len(self.mean_)), np.nan)
        if self.start == "mean":
            origin[:] = self.mean_
        return {"origin": origin, "level": np.zeros_like(origin)}

    def _advance(self, state: State, pieces: Sequences) -> tuple[Sequences, State]:
        from ._kernels import count_events

        first, origin = pieces.frames[pieces.offsets[:-1]], state["origin"]
        origin = np.where(np.isnan(origin), first, origin)
        level = state["level"].copy()
        events = np.zeros((*pieces.frames.shape, 2), dtype=np.float32)
        count_events(pieces.frames, pieces.offsets, origin, level, self.threshold_, events)
        encoded = with_frames(pieces, events.reshape(len(events), -1))
        return encoded, {"origin": origin, "level": level}

    def _channel_names(self, names: Sequence[str]) -> list[str]:
        return [f"{name}_{sign}" for name in names for sign in ("on", "off")]
