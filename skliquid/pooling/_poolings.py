"""The poolings: what each is made of, how it is computed, and how its features are called.

To add one that is made of sums which the engines add up already, add its entry here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._model_space import N_COMPONENTS, model_space_features
from ._shares import (
    Scales,
    Shares,
    at_the_end,
    averaged,
    averaged_in_windows,
    faded,
    moments_of,
    summed,
    summed_in_windows,
)
from ._sums import SQUARE_BITS, Pools, window_lengths
from ._winners import GROUP_SIZE


def _of_each(scales: Scales, neurons: list[str]) -> list[str]:
    return neurons


def _of_windows(scales: Scales, neurons: list[str]) -> list[str]:
    return [
        (f"window{w}" if len(scales) == 1 else f"window{w}of{scale}") + f"_{neuron}"
        for scale in scales
        for w in range(scale)
        for neuron in neurons
    ]


def _of_moments(scales: Scales, neurons: list[str]) -> list[str]:
    return [f"{order}_{neuron}" for order in (1, 2) for neuron in neurons]


@dataclass(frozen=True)
class Pooling:
    """One way to make features of a sequence.

    Parameters
    ----------
    text : str
        What the features are.
    sums : tuple of str
        The fields of :class:`Pools` that they are made of.
    values : callable or None
        Function ``(pools, lengths, scales)`` that returns the features, as arrays of shape
        (batch, ...); `lengths` of shape (batch,) are the sequences' numbers of steps. None
        takes the sums as they are.
    names : callable
        Function ``(scales, neurons)`` that returns their names in order.
    is_windowed : bool
        Whether they are made of windows of the sequence.
    shares : callable or None
        Function ``(n_timesteps, scales, trace_decay)`` that returns what each step adds to them,
        as :class:`~skliquid.pooling._shares.Share`, one for each array that `features` returns.
        None where they are no sums over time.
    n_weighed : int
        Number of groups of equal size, one after the other, that a readout may weigh: what they
        tell is worth much on some data and nothing on others. 0 where all always count alike.
    """

    text: str
    sums: tuple[str, ...]
    values: Callable[[Any, np.ndarray, Scales], list[np.ndarray]] | None = None
    names: Callable[[Scales, list[str]], list[str]] = _of_each
    is_windowed: bool = False
    shares: Shares | None = None
    n_weighed: int = 0

    def features(self, pools: Pools, lengths: np.ndarray, scales: Scales) -> list[np.ndarray]:
        """Make the features, arrays of shape (batch, ...)."""
        if self.values is None:
            return [getattr(pools, name) for name in self.sums]
        return self.values(pools, lengths, scales)


def _rate(pools: Pools, lengths: np.ndarray, scales: Scales) -> list[np.ndarray]:
    return [pools.counts.sum(axis=1) / lengths[:, np.newaxis]]


def _counts(pools: Pools, lengths: np.ndarray, scales: Scales) -> list[np.ndarray]:
    return [_coarser(pools.counts, scale) for scale in scales]


def _first_spike(pools: Any, lengths: np.ndarray, scales: Scales) -> list[np.ndarray]:
    first = pools.first_spike
    return [np.where(first < 0, 1.0, first / lengths[:, np.newaxis])]


def _moments(pools: Any, lengths: np.ndarray, scales: Scales) -> list[np.ndarray]:
    """Sums of P_1(x) and P_2(x) over the spikes, with x of :func:`legendre`, from sums of t."""
    n, length = pools.counts.sum(axis=1).astype(np.float64), lengths[:, np.newaxis]
    first = (2.0 * pools.times + n) / length
    low, high = pools.squared_times[:, 0], pools.squared_times[:, 1]
    second = (4.0 * (low + pools.times + 2.0**SQUARE_BITS * high) + n) / length**2
    return [first - n, 1.5 * (second - 2.0 * first + n) - 0.5 * n]


def _rectified(pools: Any, lengths: np.ndarray, scales: Scales) -> list[np.ndarray]:
    return [pools.rectified / lengths[:, np.newaxis]]


def _line_length(pools: Any, lengths: np.ndarray, scales: Scales) -> list[np.ndarray]:
    return [pools.line_length / lengths[:, np.newaxis]]


def _membrane(pools: Any, lengths: np.ndarray, scales: Scales) -> list[np.ndarray]:
    return [pools.potentials.sum(axis=1) / lengths[:, np.newaxis]]


def _potentials(pools: Any, lengths: np.ndarray, scales: Scales) -> list[np.ndarray]:
    return [
        _coarser(pools.potentials, scale) / window_lengths(lengths, scale)[:, :, np.newaxis]
        for scale in scales
    ]


def _last_names(scales: Scales, neurons: list[str]) -> list[str]:
    return [f"{state}_{neuron}" for state in ("mem", "spk") for neuron in neurons]


def _model_space(pools: Pools, lengths: np.ndarray, scales: Scales) -> list[np.ndarray]:
    return [model_space_features(_coarser(pools.counts, scales[-1]))]


def _model_names(scales: Scales, neurons: list[str]) -> list[str]:
    sources = ("bias", *range(N_COMPONENTS))
    return [f"{source}_{target}" for source in sources for target in range(N_COMPONENTS)]


POOLINGS = {
    "rate": Pooling(
        "mean firing rate of each neuron, in spikes per step",
        ("counts",),
        _rate,
        shares=averaged("spikes"),
    ),
    "counts": Pooling(
        "spikes in each of `n_windows` equal windows of the sequence",
        ("counts",),
        _counts,
        _of_windows,
        is_windowed=True,
        shares=summed_in_windows("spikes"),
    ),
    "bursts": Pooling(
        "number of runs of steps in each of which the neuron fires",
        ("bursts",),
        shares=summed("onsets"),
    ),
    "longest_burst": Pooling(
        "steps of the longest such run", ("longest_burst",), shares=summed("longest")
    ),
    "longest_pause": Pooling(
        "steps of the longest run of steps in none of which the neuron fires",
        ("longest_pause",),
        shares=summed("longest_pause"),
    ),
    "moments": Pooling(
        "first and second Legendre moment of the spikes: how much later than earlier, and how "
        "much more at both ends than in the middle, a neuron fires",
        ("counts", "times", "squared_times"),
        _moments,
        _of_moments,
        shares=moments_of("spikes"),
        n_weighed=2,
    ),
    "wins": Pooling(
        f"steps after which no other membrane potential of {GROUP_SIZE} that compete is higher: "
        "the winner takes all [W]_",
        ("wins",),
        shares=summed("wins"),
    ),
    "losses": Pooling(
        "steps after which none of them is lower", ("losses",), shares=summed("losses")
    ),
    "line_length": Pooling(
        "sum of how much the membrane potential changes from step to step, over the number of "
        "steps [E]_",
        ("line_length",),
        _line_length,
        shares=averaged("change"),
    ),
    "first_spike": Pooling(
        "time of the first spike as a fraction of the sequence, 1 if none",
        ("first_spike",),
        _first_spike,
        shares=averaged("silence"),
    ),
    "rectified": Pooling(
        "mean of the positive part of the membrane potential",
        ("rectified",),
        _rectified,
        shares=averaged("positive"),
        n_weighed=1,
    ),
    "membrane": Pooling(
        "mean membrane potential", ("potentials",), _membrane, shares=averaged("potential")
    ),
    "potentials": Pooling(
        "mean membrane potential in each window",
        ("potentials",),
        _potentials,
        _of_windows,
        is_windowed=True,
        shares=averaged_in_windows("potential"),
    ),
    "trace": Pooling(
        "exponentially filtered spikes after the last step", ("trace",), shares=faded("spikes")
    ),
    "last": Pooling(
        "membrane potential and spikes of the last step",
        ("mem", "spk"),
        names=_last_names,
        shares=at_the_end("state", "spikes"),
    ),
    "model_space": Pooling(
        "coefficients of a linear model that predicts the next window's spikes [M]_",
        ("counts",),
        _model_space,
        _model_names,
        is_windowed=True,
    ),
}


def _coarser(sums: np.ndarray, n_windows: int) -> np.ndarray:
    """Sums over fewer windows, each of several."""
    batch, n_fine, n = sums.shape
    if n_fine == n_windows:
        return sums
    return np.asarray(sums.reshape(batch, n_windows, n_fine // n_windows, n).sum(axis=2))
