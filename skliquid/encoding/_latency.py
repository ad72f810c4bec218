"""LatencyEncoder: the larger a value, the earlier its spike."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval

from .._checks import MOST_STEPS
from ..sequences import Sequences
from ._base import with_frames
from ._range import RangeEncoder


class LatencyEncoder(RangeEncoder):
    """Time to first spike: a frame becomes steps in which each channel fires once [1]_.

    A value that stands at u between the least (0) and the largest (1) of its channel in
    training fires in the step::

        k = min(floor((1 - u) n_steps), n_steps - 1),    k = 0 where u > 1

    of the `n_steps` that its frame becomes, so that T frames make ``T * n_steps`` steps. A
    value below the least never fires. The range of a constant channel counts as 1, so that
    its value fires in the last step.

    Parameters
    ----------
    n_steps : int, default=5
        Number of time steps that each frame becomes.

    Attributes
    ----------
    data_min_, data_max_ : ndarray of shape (`n_channels_in_`,)
        Least and largest value of each channel in training, in the units of the data.
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
    RateEncoder : The larger a value, the more spikes.

    References
    ----------
    .. [1] Thorpe, Delorme, Van Rullen. "Spike-based strategies for rapid processing", Neural
       Networks 14, 2001.

    Examples
    --------
    >>> from skliquid.encoding import LatencyEncoder
    >>> encoder = LatencyEncoder(n_steps=3).fit([[[0.0], [10.0]]])
    >>> encoder.transform([[[9.0], [4.0], [-1.0]]]).reshape(3, 3)
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 0.]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_steps": [Interval(Integral, 1, MOST_STEPS, closed="both")],
    }

    _makes_spikes = True

    def __init__(self, n_steps: int = 5) -> None:
        self.n_steps = n_steps

    def _encode(self, sequences: Sequences) -> Sequences:
        unit = self._unit(sequences.frames)
        step = np.clip(np.floor((1.0 - unit) * self.n_steps), 0, self.n_steps - 1)
        spikes = np.zeros((len(unit), self.n_steps, unit.shape[1]), dtype=np.float32)
        np.put_along_axis(
            spikes, step.astype(np.int64)[:, np.newaxis], (unit >= 0)[:, np.newaxis], axis=1
        )
        return with_frames(sequences, spikes.reshape(-1, unit.shape[1]), self.n_steps)
