"""Statistics of spikes: how often, how regularly and how much together neurons fire.

References
----------
.. [1] Softky, Koch. "The highly irregular firing of cortical cells is inconsistent with temporal
   integration of random EPSPs", Journal of Neuroscience 13(1), 1993.
.. [2] Golomb, Rinzel. "Clustering in globally coupled inhibitory neurons", Physica D 72, 1994.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._checks import check_integer, check_seed
from ._report import Report
from ._states import Reservoirs, arrays_of_spikes, spiking_reservoirs_of

# Longest window of the Fano factor where it is not given, and steps of noise.
_WINDOW, _STEPS = 50, 5_000
# A neuron that fires in as many of the steps is saturated.
_SATURATED = 0.95


@dataclass(frozen=True, eq=False, repr=False)
class FiringStatistics(Report):
    """Statistics of the spikes of some neurons.

    Parameters
    ----------
    rate : float
        Mean of `rates`.
    operations : float
        Synaptic operations a step: spikes times the recurrent synapses that they travel; NaN of
        recorded spikes.
    cv : float
        Coefficient of variation of the intervals between spikes [1]_, mean over the neurons with
        three at least; NaN where there are none. 0 of a clock, ``sqrt(1 - p)`` of spikes that
        come with probability p in each step, which is 1 of a Poisson process.
    fano : float
        Variance over mean of the counts in windows, mean over the neurons that fire; 0 of a clock,
        ``1 - p`` of such spikes.
    synchrony : float
        Root of the variance over time of the mean activity, over the mean variance of
        single neurons [2]_: 1 of neurons that fire together, ``1 / sqrt(n_neurons)`` of
        independent ones.
    silent, saturated : float
        Fractions of the neurons that never fire, and that fire in 95 % of the steps or more.
    rates : ndarray of shape (n_neurons,)
        Spikes a step of each neuron.
    cvs, fanos : ndarray of shape (n_neurons,)
        Both of each neuron, NaN where there is none.
    window : int
        Steps of the windows of `fano`.

    References
    ----------
    .. [1] Softky, Koch. "The highly irregular firing of cortical cells is inconsistent with
       temporal integration of random EPSPs", Journal of Neuroscience 13(1), 1993.
    .. [2] Golomb, Rinzel. "Clustering in globally coupled inhibitory neurons", Physica D 72, 1994.

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid.diagnostics import firing_statistics
    >>> clock = np.arange(100)[:, np.newaxis] % 5 == 0
    >>> found = firing_statistics(np.repeat(clock, 3, axis=1))
    >>> round(found.rate, 3), found.cv, found.fano, round(found.synchrony, 3)
    (0.2, 0.0, 0.0, 1.0)
    """

    rate: float
    operations: float
    cv: float
    fano: float
    synchrony: float
    silent: float
    saturated: float
    rates: np.ndarray
    cvs: np.ndarray
    fanos: np.ndarray
    window: int


def firing_statistics(
    reservoir: Any, X: Any = None, *, window: int | None = None, random_state: Any = 0
) -> FiringStatistics:
    """Measure how often, how regularly and how much together neurons fire.

    Parameters
    ----------
    reservoir : fitted estimator, Liquid, or array-like of shape (n_steps, n_neurons), or list
        What is driven, or recorded spikes, such as ``LiquidTransformer.spikes`` returns.
    X : array-like or list, default=None
        Sequences that drive a reservoir; None draws 5000 steps of white noise.
    window : int or None, default=None
        Steps of the windows in which spikes are counted for the Fano factor. None is 50, or the
        median length of the sequences where that is less.
    random_state : int, Generator or None, default=0
        Seed of the noise.

    Returns
    -------
    FiringStatistics
        The statistics.

    Raises
    ------
    ValueError, TypeError
        If the units do not spike.

    Examples
    --------
    >>> from skliquid.diagnostics import firing_statistics
    >>> from skliquid.reservoirs import draw_liquid
    >>> found = firing_statistics(draw_liquid(1, 100, seed=0))
    >>> 0 < found.rate < 1, found.saturated
    (True, 0.0)
    """
    reservoirs = spiking_reservoirs_of(reservoir, "firing_statistics")
    pieces: Iterable[tuple[int, int, np.ndarray]]
    if reservoirs is None:
        trains = arrays_of_spikes(reservoir)
        lengths, n_neurons = [len(train) for train in trains], trains[0].shape[1]
        pieces = ((i, 0, train) for i, train in enumerate(trains))
    else:
        if X is None:
            reservoirs = reservoirs.standardised()
            sequences = reservoirs.noise(check_seed("random_state", random_state), 1, _STEPS)
        else:
            sequences = reservoirs.hearing(X)
        lengths, n_neurons = sequences.lengths.tolist(), reservoirs.n_units
        pieces = reservoirs.pieces(sequences, "spikes", 1.0)
    usual = max(1, min(_WINDOW, int(np.median(lengths))))
    sums = _Sums(n_neurons, check_integer("window", window or usual, low=1))
    for sample, first, spikes in pieces:
        sums.add(sample, first, spikes > 0)
    return sums.statistics(np.nan if reservoirs is None else _synapses_each(reservoirs))


def _synapses_each(reservoirs: Reservoirs) -> np.ndarray:
    """Number of recurrent synapses that leave each neuron."""
    return np.concatenate([np.diff(each.synapse_offsets) for each in reservoirs.liquids_])


class _Sums:
    """Sums over time of what the statistics are made of, which take pieces of many sequences."""

    def __init__(self, n_neurons: int, window: int) -> None:
        self._n, self._window = n_neurons, window
        self._n_steps = self._n_windows = 0
        self._counts = np.zeros(n_neurons)
        self._intervals = np.zeros((3, n_neurons))  # number, sum and sum of squares
        self._windows = np.zeros((2, n_neurons))  # sum and sum of squares of the counts
        self._active = np.zeros(2)  # sum and sum of squares of the spikes of all in a step
        # Of sequences that go on: the step of each neuron's last spike, and its count in a window.
        self._last: dict[int, np.ndarray] = {}
        self._open: dict[int, np.ndarray] = {}

    def add(self, sample: int, first: int, spikes: np.ndarray) -> None:
        """Add the spikes of a sequence from a step on."""
        self._n_steps += len(spikes)
        self._counts += spikes.sum(axis=0)
        active = spikes.sum(axis=1, dtype=np.float64)
        self._active += active.sum(), active @ active
        if not first:
            self._last[sample] = np.full(self._n, -1)
            self._open[sample] = np.zeros(self._n)
        self._add_intervals(self._last[sample], first, spikes)
        self._add_windows(sample, first, spikes)

    def _add_intervals(self, last: np.ndarray, first: int, spikes: np.ndarray) -> None:
        neurons, steps = np.nonzero(spikes.T)
        if not len(neurons):
            return
        steps = steps + first
        is_first = np.diff(neurons, prepend=-1) > 0
        before = np.where(is_first, last[neurons], np.roll(steps, 1))
        lengths = (steps - before)[before >= 0].astype(np.float64)
        of = neurons[before >= 0]
        for place, weights in enumerate((np.ones(len(of)), lengths, lengths**2)):
            self._intervals[place] += np.bincount(of, weights=weights, minlength=self._n)
        is_last = np.diff(neurons, append=self._n) > 0
        last[neurons[is_last]] = steps[is_last]

    def _add_windows(self, sample: int, first: int, spikes: np.ndarray) -> None:
        ends = np.arange(first + 1, first + len(spikes) + 1) % self._window == 0
        start = 0
        for stop in (np.flatnonzero(ends) + 1).tolist():
            count = self._open[sample] + spikes[start:stop].sum(axis=0)
            self._windows += count, count**2
            self._n_windows += 1
            self._open[sample] = np.zeros(self._n)
            start = stop
        self._open[sample] = self._open[sample] + spikes[start:].sum(axis=0)

    def statistics(self, synapses_each: Any) -> FiringStatistics:
        """Make the statistics of the sums."""
        rates = self._counts / self._n_steps
        with np.errstate(divide="ignore", invalid="ignore"):
            cvs = self._cvs()
            mean, squares = self._windows / self._n_windows
            fanos = (squares - mean**2) / mean
            if self._n_windows < 2:
                fanos[:] = np.nan
            active, squared = self._active / self._n_steps / (self._n, self._n**2)
            synchrony = np.sqrt((squared - active**2) / np.mean(rates * (1.0 - rates)))
        return FiringStatistics(
            rate=float(rates.mean()),
            operations=float((rates * synapses_each).sum()),
            cv=_mean(cvs),
            fano=_mean(fanos),
            synchrony=float(synchrony),
            silent=float(np.mean(rates == 0)),
            saturated=float(np.mean(rates >= _SATURATED)),
            rates=rates,
            cvs=cvs,
            fanos=fanos,
            window=self._window,
        )

    def _cvs(self) -> np.ndarray:
        """Of neurons with two intervals at least, by variances without bias."""
        n, total, squares = self._intervals
        variance = (squares - total**2 / n) / (n - 1)
        cvs = np.sqrt(np.maximum(variance, 0)) / (total / n)
        return np.where(n > 1, cvs, np.nan)


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan
