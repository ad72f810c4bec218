"""Drives of neurons: sums over the frames that reach them, and what is handed back along these."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse

from ..reservoirs.taps import Taps

# Numbers that arrive in some steps, which are held at a time.
_MOST_HEARD = 2**20


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
        # Places come by their delay, and those of one delay have each another channel.
        delays, channels = np.divmod(distinct, taps.n_channels)
        values, starts = np.unique(delays, return_index=True)
        places = map(slice, starts.tolist(), [*starts[1:].tolist(), len(delays)])
        self._places = [
            (delay, some, channels[some])
            for delay, some in zip(values.tolist(), places, strict=True)
        ]

    def of(self, x: np.ndarray) -> np.ndarray:
        """Drives, or sums of their squares, of frames of shape (n_timesteps, n_channels)."""
        frames = np.concatenate([np.zeros((self._past, x.shape[1])), x**self._power])
        arriving = np.empty((len(x), len(self._beta)))
        for start, stop in self._pieces(len(x)):
            heard = np.empty((self._weights.shape[1], stop - start))
            for delay, places, channels in self._places:
                begin, end = start + self._past - delay, stop + self._past - delay
                heard[places] = frames[begin:end, channels].T
            arriving[start:stop] = (self._weights @ heard).T
        return faded_sums(arriving, self._beta)

    def handed_back(self, credit: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Share what is given for each unit of drive, (n_timesteps, n), over the frames."""
        owed = faded_sums(credit[::-1], self._beta)[::-1]
        shares = np.zeros((self._past + len(x), x.shape[1]))
        for start, stop in self._pieces(len(x)):
            parts = self._back @ owed[start:stop].T
            for delay, places, channels in self._places:
                begin, end = start + self._past - delay, stop + self._past - delay
                shares[begin:end, channels] += parts[places].T
        return np.asarray(shares[self._past :] * x**self._power)

    def _pieces(self, n_steps: int) -> Iterator[tuple[int, int]]:
        size = max(1, _MOST_HEARD // max(1, self._weights.shape[1]))
        for start in range(0, n_steps, size):
            yield start, min(start + size, n_steps)


def faded_sums(values: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """Sums over time, shape (n_timesteps, n), of which each step leaves the fraction `beta`."""
    sums, now = np.empty(values.shape), np.zeros(len(beta))
    if len(values) <= len(beta):
        for t, value in enumerate(values):
            now = sums[t] = beta * now + value
        return sums
    from scipy.signal import lfilter  # slow to import

    for i, fraction in enumerate(beta):
        sums[:, i] = lfilter([1.0], [1.0, -fraction], values[:, i])
    return sums
