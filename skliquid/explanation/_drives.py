"""Drives of neurons: sums over the frames that reach them, and what is handed back along these."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from ..reservoirs.taps import Taps


class Drives:
    """Taps and membranes of some neurons, raised to a power.

    ::

        drive[t] = beta^p drive[t-1] + sum over taps of w^p x^[channel, t - delay]^p

    Parameters
    ----------
    taps : Taps
        Input synapses.
    beta : ndarray of shape (n,)
        Decay of each neuron's potential per time step.
    power : int
        The power p: 1 are the drives themselves, 2 their squares.
    """

    def __init__(self, taps: Taps, beta: np.ndarray, power: int) -> None:
        self._beta, self._power, self._past = beta**power, power, taps.max_delay
        place = taps.delays.astype(np.int64) * taps.n_channels + taps.channels
        distinct, column = np.unique(place, return_inverse=True)
        # Copies: the sum of taps at one place is taken in them.
        weights = sparse.csr_array(
            (taps.weights.astype(np.float64), column, taps.offsets.copy()),
            shape=(taps.n_neurons, len(distinct)),
        )
        weights.sum_duplicates()
        self._weights = weights.power(power)
        self._back = self._weights.T.tocsr()
        self._delays, self._channels = np.divmod(distinct, taps.n_channels)

    def of(self, x: np.ndarray) -> np.ndarray:
        """Drives, or sums of their squares, of frames of shape (n_timesteps, n_channels)."""
        frames = np.concatenate([np.zeros((self._past, x.shape[1])), x**self._power])
        drives, now = np.empty((len(x), len(self._beta))), np.zeros(len(self._beta))
        for t in range(len(x)):
            heard = frames[t + self._past - self._delays, self._channels]
            now = drives[t] = self._beta * now + self._weights @ heard
        return drives

    def handed_back(self, credit: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Share what is given for each unit of drive, (n_timesteps, n), over the frames."""
        shares = np.zeros((self._past + len(x), x.shape[1]))
        owed = np.zeros(len(self._beta))
        for t in range(len(x) - 1, -1, -1):
            owed = credit[t] + self._beta * owed
            shares[t + self._past - self._delays, self._channels] += self._back @ owed
        return np.asarray(shares[self._past :] * x**self._power)
