"""RateEncoder: the larger a value, the more probable a spike."""

from __future__ import annotations

import hashlib
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval

from .._base import seed_of
from .._checks import MOST_STEPS
from ..sequences import Sequences
from ._base import with_frames
from ._range import RangeEncoder


class RateEncoder(RangeEncoder):
    """Rate code: random spikes, the more probable the larger the value [1]_.

    A value that stands at u between the least (0) and the largest (1) of its channel in
    training fires, in each of the `n_steps` that its frame becomes, with probability::

        p = max_rate * min(max(u, 0), 1)

    independently of all other steps: a Poisson process in discrete time. T frames make
    ``T * n_steps`` steps. The range of a constant channel counts as 1, so that its value
    never fires.

    Parameters
    ----------
    n_steps : int, default=1
        Number of time steps that each frame becomes.
    max_rate : float, default=1.0
        Probability of a spike per step at the largest value in training, in (0, 1].
    random_state : int, RandomState instance or None, default=None
        Seed of the spikes; an int gives the same code at every fit.

    Attributes
    ----------
    data_min_, data_max_ : ndarray of shape (`n_channels_in_`,)
        Least and largest value of each channel in training, in the units of the data.
    seed_ : int
        The seed that `fit` made of `random_state`.
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
    LatencyEncoder : The larger a value, the earlier its spike.
    BSAEncoder : Spikes from which the signal can be filtered back.

    Notes
    -----
    The random numbers of a sequence come from a counter-based generator (Philox [2]_) whose
    key is a digest (BLAKE2b) of the seed and of the sequence's own frames. A fitted encoder
    therefore gives a sequence the same spikes at every call, in any batch, in any order and
    on every machine; and equal sequences have equal spikes.

    References
    ----------
    .. [1] Heeger. "Poisson model of spike generation", Stanford University, 2000.
    .. [2] Salmon, Moraes, Dror, Shaw. "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

    Examples
    --------
    >>> from skliquid.encoding import RateEncoder
    >>> encoder = RateEncoder(n_steps=1000, random_state=0).fit([[[0.0], [10.0]]])
    >>> encoder.transform([[[2.0], [7.0]]]).reshape(2, 1000).mean(axis=1).round(1)
    array([0.2, 0.7])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_steps": [Interval(Integral, 1, MOST_STEPS, closed="both")],
        "max_rate": [Interval(Real, 0, 1, closed="right")],
        "random_state": ["random_state"],
    }

    _makes_spikes = True
    seed_: int
    _waits_for = "all frames of a sequence, of which it makes the key of the random spikes"

    def __init__(
        self, n_steps: int = 1, *, max_rate: float = 1.0, random_state: Any = None
    ) -> None:
        self.n_steps = n_steps
        self.max_rate = max_rate
        self.random_state = random_state

    def _learn(self, sequences: Sequences, sample_weight: np.ndarray | None) -> None:
        super()._learn(sequences, sample_weight)
        self.seed_ = seed_of(self.random_state)

    def _encode(self, sequences: Sequences) -> Sequences:
        n_channels = sequences.n_channels
        p = self.max_rate * np.clip(self._unit(sequences.frames), 0.0, 1.0)
        spikes = np.empty((len(p), self.n_steps, n_channels), dtype=np.float32)
        stops = sequences.offsets[1:]
        for start, stop, frames in zip(sequences.offsets[:-1], stops, sequences, strict=True):
            draws = _uniform(self.seed_, frames, (stop - start, self.n_steps, n_channels))
            np.less(draws, p[start:stop, np.newaxis], out=spikes[start:stop])
        return with_frames(sequences, spikes.reshape(-1, n_channels), self.n_steps)


def _uniform(seed: int, frames: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Uniform numbers in [0, 1), multiples of ``2**-53``, that belong to these frames."""
    # Adding zero makes the two zeros, which are equal values, equal bytes.
    content = (frames + np.float32(0.0)).astype("<f4").tobytes()
    digest = hashlib.blake2b(content, digest_size=16, key=seed.to_bytes(8, "little")).digest()
    philox = np.random.Philox(key=np.frombuffer(digest, dtype="<u8").astype(np.uint64))
    # NumPy promises the raw stream for ever; that of the distributions may change.
    draws: np.ndarray = np.ldexp((philox.random_raw(shape) >> np.uint64(11)).astype(float), -53)
    return draws
