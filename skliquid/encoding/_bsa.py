"""BSAEncoder: spikes from which a filter gives the signal back."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval

from .._checks import MOST_STEPS
from ..reservoirs.fixed_point import UNIT_EXPONENT, to_grid
from ..sequences import Sequences
from ._base import with_frames
from ._range import RangeEncoder


class BSAEncoder(RangeEncoder):
    """Ben's spiker algorithm: spikes whose filtered train resembles the signal [1]_.

    The signal u is the channel scaled to [0, 1] by its training range, clipped there. From
    the first step to the last, where taking the filter h off the rest of the signal lowers
    the sum of its absolute values by at least the threshold, there is a spike and h is taken
    off::

        s[t] = 1 where sum_j |u[t+j]| - |u[t+j] - h[j]| >= threshold, else 0
        u[t+j] = u[t+j] - h[j] s[t],    j = 0 ... n_taps-1

    so that the convolution of the spikes with h resembles u after its first `n_taps` steps.
    A spike looks `n_taps` - 1 frames ahead; after its end a sequence is continued by its
    last frame. The range of a constant channel counts as 1, so that its value never fires.

    Parameters
    ----------
    n_taps : int, default=15
        Length of the filter in time steps. A longer filter follows slow signals better and
        fast ones worse.
    cutoff : float, default=0.1
        Cut-off frequency of the low-pass filter, in (0, 1), where 1 is half the sampling
        frequency.
    threshold : float, default=0.9
        How much of the filter must fit under the signal, in [0, 1]. Below the best value the
        filtered spikes lie above the signal, above it below.

    Attributes
    ----------
    kernel_ : ndarray of shape (n_taps,)
        The filter h, whose sum is 1.
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
    RateEncoder : Random spikes, with a mean that resembles the signal.

    Notes
    -----
    The filter is :func:`scipy.signal.firwin`'s, a Hamming window. Filter and signal are
    rounded to multiples of ``2**-20``, so that all sums are exact.

    References
    ----------
    .. [1] Schrauwen, Van Campenhout. "BSA, a fast and accurate spike train encoding scheme",
       International Joint Conference on Neural Networks, 2003.

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid.encoding import BSAEncoder
    >>> wave = 0.5 - 0.5 * np.cos(np.arange(300) / 20)
    >>> encoder = BSAEncoder()
    >>> spikes = encoder.fit_transform(wave[np.newaxis])[0, :, 0]
    >>> filtered = np.convolve(spikes, encoder.kernel_)[:300]
    >>> bool(np.abs(filtered - wave)[15:].mean() < 0.03)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_taps": [Interval(Integral, 1, MOST_STEPS, closed="both")],
        "cutoff": [Interval(Real, 0, 1, closed="neither")],
        "threshold": [Interval(Real, 0, 1, closed="both")],
    }

    _makes_spikes = True
    kernel_: np.ndarray
    _waits_for = "the next frames, under which the filter of a spike has to fit"

    def __init__(self, n_taps: int = 15, *, cutoff: float = 0.1, threshold: float = 0.9) -> None:
        self.n_taps = n_taps
        self.cutoff = cutoff
        self.threshold = threshold

    def _learn(self, sequences: Sequences, sample_weight: np.ndarray | None) -> None:
        from scipy.signal import firwin  # slow to import

        super()._learn(sequences, sample_weight)
        self.kernel_ = to_grid(firwin(self.n_taps, self.cutoff), UNIT_EXPONENT)

    def _encode(self, sequences: Sequences) -> Sequences:
        from ._kernels import fit_filter

        signal = to_grid(np.clip(self._unit(sequences.frames), 0.0, 1.0), UNIT_EXPONENT)
        spikes = np.zeros(signal.shape, dtype=np.float32)
        fit_filter(signal, sequences.offsets, self.kernel_, float(self.threshold), spikes)
        return with_frames(sequences, spikes)
