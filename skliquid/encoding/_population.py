"""PopulationEncoder: each channel is read by neurons with Gaussian receptive fields."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval

from .._checks import MOST_UNITS
from ..sequences import Sequences
from ._base import with_frames
from ._range import RangeEncoder


class PopulationEncoder(RangeEncoder):
    """Population code: Gaussian receptive fields over each channel's range [1]_.

    Neuron j of the m neurons of a channel answers to the value x with::

        a_j = exp(-(x - c_j)**2 / (2 s**2)),    j = 0 ... m-1
        c_j = data_min_ + (j - 1/2) d,    d = (data_max_ - data_min_) / (m - 2),    s = width d

    so that the outermost centres lie half a spacing d outside the training range. A value
    far outside the range excites no neuron. The range of a constant channel counts as 1.

    Parameters
    ----------
    n_neurons : int, default=8
        Number of receptive fields of each channel, at least 3.
    width : float, default=2/3
        Standard deviation of the receptive fields in units of the spacing of their centres;
        positive. The default is the 1 / 1.5 of [1]_.

    Attributes
    ----------
    data_min_, data_max_ : ndarray of shape (`n_channels_in_`,)
        Least and largest value of each channel in training, in the units of the data.
    n_channels_in_ : int
        Number of channels seen in `fit`.
    n_channels_out_ : int
        Number of channels of the output, ``n_neurons * n_channels_in_``: all neurons of the
        first channel, then those of the second.
    n_features_in_ : int
        Number of time steps if `fit` saw a 2-D array, else the number of channels.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if `fit` saw a data frame with names that are all strings.

    See Also
    --------
    LatencyEncoder : A channel's value as the time of one spike.

    References
    ----------
    .. [1] Bohte, Kok, La Poutre. "Error-backpropagation in temporally encoded networks of
       spiking neurons", Neurocomputing 48, 2002.

    Examples
    --------
    >>> from skliquid.encoding import PopulationEncoder
    >>> encoder = PopulationEncoder(n_neurons=4)
    >>> encoder.fit_transform([[[0.0], [1.0], [4.0]]]).round(2)
    array([[[0.75, 0.75, 0.08, 0.  ],
            [0.32, 1.  , 0.32, 0.01],
            [0.  , 0.08, 0.75, 0.75]]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_neurons": [Interval(Integral, 3, MOST_UNITS, closed="both")],
        "width": [Interval(Real, 2.0**-20, 1e6, closed="both")],
    }

    _makes_spikes = True

    def __init__(self, n_neurons: int = 8, *, width: float = 2 / 3) -> None:
        self.n_neurons = n_neurons
        self.width = width

    @np.errstate(under="ignore")  # far from a field its answer is 0
    def _encode(self, sequences: Sequences) -> Sequences:
        spacings = self._unit(sequences.frames) * (self.n_neurons - 2)
        shape = (*spacings.shape, self.n_neurons)
        answers = np.empty(shape, dtype=np.float32)
        for j in range(self.n_neurons):
            answers[..., j] = np.exp(-0.5 * ((spacings - (j - 0.5)) / self.width) ** 2)
        return with_frames(sequences, answers.reshape(len(answers), -1))

    def _channel_names(self, names: Sequence[str]) -> list[str]:
        return [f"{name}_field{j}" for name in names for j in range(self.n_neurons)]
