"""Pooling: what is kept of a sequence's spikes and membrane potentials.

An engine adds up, step by step, the few quantities in :class:`Pools`; all of them are exact
(counts, and sums of multiples of one unit), so that they do not depend on the engine. The
features are computed from them here, in one place, whatever the engine.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._checks import check_integer, check_real
from ._model_space import N_COMPONENTS, model_space_features

# Potentials further out than any that a working liquid has: 2**18 of them in multiples of
# 2**-20 sum exactly in float64.
POTENTIAL_LIMIT = 2.0**15

POOLINGS = (
    "rate",
    "counts",
    "bursts",
    "longest_burst",
    "first_spike",
    "rectified",
    "membrane",
    "potentials",
    "trace",
    "last",
    "model_space",
)
_WINDOWED = ("counts", "potentials")
# A model of the next state needs states with a successor.
_FEWEST_STATES = 3


@dataclass(frozen=True)
class PoolingPlan:
    """Which features are pooled.

    Parameters
    ----------
    names : tuple of str
        Names from ``POOLINGS``, in the order of the features.
    scales : tuple of int
        Numbers of equal windows of "counts" and "potentials"; the last is also the number of
        states of "model_space".
    trace_decay : float
        Decay of the exponential trace per time step.
    """

    names: tuple[str, ...]
    scales: tuple[int, ...]
    trace_decay: float

    @property
    def n_windows(self) -> int:
        """Number of windows to add up in, of which those of every scale are made."""
        return math.lcm(*self.scales) if self.needs(*_WINDOWED, "model_space") else 1

    def needs(self, *names: str) -> bool:
        """Tell whether one of some poolings is asked for."""
        return not set(names).isdisjoint(self.names)

    def n_features(self, n_neurons: int) -> int:
        """Count the features."""
        parts = dict.fromkeys(_WINDOWED, sum(self.scales)) | {"last": 2, "model_space": 0}
        per_neuron = sum(parts.get(name, 1) for name in self.names)
        n_coefficients = N_COMPONENTS * (N_COMPONENTS + 1)
        return n_neurons * per_neuron + n_coefficients * self.needs("model_space")

    def feature_names(self, n_neurons: int) -> list[str]:
        """Names of the features, in order."""
        neurons = [f"neuron{i}" for i in range(n_neurons)]
        windows = [
            (f"window{w}" if len(self.scales) == 1 else f"window{w}of{scale}") + f"_{i}"
            for scale in self.scales
            for w in range(scale)
            for i in neurons
        ]
        parts = dict.fromkeys(_WINDOWED, windows) | {
            "last": [f"{state}_{i}" for state in ("mem", "spk") for i in neurons],
            "model_space": [
                f"{source}_{target}"
                for source in ("bias", *range(N_COMPONENTS))
                for target in range(N_COMPONENTS)
            ],
        }
        return [f"{name}_{part}" for name in self.names for part in parts.get(name, neurons)]


def make_plan(
    pooling: str | Iterable[str], n_windows: int | Sequence[int], tau_trace: float
) -> PoolingPlan:
    """Validate the pooling parameters of an estimator.

    Parameters
    ----------
    pooling : str or iterable of str
        One or several names from ``POOLINGS``, none of them twice.
    n_windows : int or sequence of int
        Number of equal windows, at least 1; or several such numbers.
    tau_trace : float
        Time constant of the trace in time steps, positive.

    Returns
    -------
    PoolingPlan
        The plan.
    """
    names = (pooling,) if isinstance(pooling, str) else tuple(pooling)
    accepted = f"one or several of {list(POOLINGS)}, each once"
    known = all(isinstance(name, str) and name in POOLINGS for name in names)
    if not names or not known or len(set(names)) < len(names):
        raise ValueError(f"pooling must be {accepted}, got {pooling!r}.")
    scales = n_windows if isinstance(n_windows, tuple | list) else (n_windows,)
    scales = tuple(check_integer("n_windows", scale, low=1) for scale in scales)
    if not scales or len(set(scales)) < len(scales):
        raise ValueError(f"n_windows must be one or several different numbers, got {n_windows!r}.")
    if "model_space" in names and scales[-1] < _FEWEST_STATES:
        raise ValueError(
            f"n_windows must be at least {_FEWEST_STATES} for the pooling 'model_space', got "
            f"{n_windows!r}."
        )
    tau_trace = check_real("tau_trace", tau_trace, 0, closed="neither")
    return PoolingPlan(names, scales, float(np.exp(-1.0 / tau_trace)))


@dataclass
class Pools:
    """What an engine adds up over time for one batch of sequences.

    All but `counts` may be None where the plan does not need them. A burst is a run of steps
    in each of which the neuron fires.

    Parameters
    ----------
    counts : ndarray of shape (batch, n_windows, n), integer
        Spikes in each window.
    bursts, longest_burst : ndarray of shape (batch, n), integer
        Number of bursts, and steps of the longest.
    first_spike : ndarray of shape (batch, n), integer
        Time step of the first spike; -1 where there is none.
    rectified : ndarray of shape (batch, n), float64
        Sum of the positive membrane potentials, each at most ``POTENTIAL_LIMIT``.
    potentials : ndarray of shape (batch, n_windows, n), float64
        Sums of the membrane potential over each window, where it is clipped to
        +-``POTENTIAL_LIMIT`` so that the sums are exact.
    trace : ndarray of shape (batch, n), float32
        ``trace[t] = decay(trace[t-1], trace_decay) + s[t]`` after the last step.
    mem, spk : ndarray of shape (batch, n), float32
        State after the last step.
    """

    counts: np.ndarray
    bursts: np.ndarray | None = None
    longest_burst: np.ndarray | None = None
    first_spike: np.ndarray | None = None
    rectified: np.ndarray | None = None
    potentials: np.ndarray | None = None
    trace: np.ndarray | None = None
    mem: np.ndarray | None = None
    spk: np.ndarray | None = None


def window_of(t: int, lengths: np.ndarray, n_windows: int) -> np.ndarray:
    """Index of the window that time step `t` falls in, for sequences of some lengths."""
    return t * n_windows // lengths


def pooled_features(
    pools: Pools, lengths: np.ndarray, plan: PoolingPlan, out: np.ndarray | None = None
) -> np.ndarray:
    """Compute the features of a batch.

    Parameters
    ----------
    pools : Pools
        Accumulated over the batch.
    lengths : ndarray of shape (batch,)
        Number of time steps of each sequence.
    plan : PoolingPlan
        The features asked for.
    out : ndarray of shape (batch, n_features) or None, default=None
        Where to write them; None is a new float64 array.

    Returns
    -------
    ndarray of shape (batch, n_features)
        Rates in spikes per step, counts in spikes, the first spike as a fraction of the
        sequence, potentials in units of the threshold's scale. A window that no time step
        falls in, as happens in sequences shorter than ``n_windows``, has the features of a
        window without spikes at rest: zero.
    """
    features = out
    if features is None:
        features = np.empty((len(lengths), plan.n_features(pools.counts.shape[2])))
    start = 0
    for name in plan.names:
        for value in _values(name, pools, lengths, plan):
            stop = start + value[0].size
            features[:, start:stop] = value.reshape(len(value), -1)
            start = stop
    return features


def _values(name: str, pools: Pools, lengths: np.ndarray, plan: PoolingPlan) -> list[Any]:
    """Arrays of shape (batch, ...) that make up one feature."""
    steps = lengths[:, np.newaxis]
    if name == "rate":
        return [_coarser(pools.counts, 1)[:, 0] / steps]
    if name == "counts":
        return [_coarser(pools.counts, scale) for scale in plan.scales]
    if name == "model_space":
        return [model_space_features(_coarser(pools.counts, plan.scales[-1]))]
    if name == "first_spike":
        assert pools.first_spike is not None
        return [np.where(pools.first_spike < 0, 1.0, pools.first_spike / steps)]
    if name == "rectified":
        return [pools.rectified / steps]
    if name == "membrane":
        assert pools.potentials is not None
        return [pools.potentials.sum(axis=1) / steps]
    if name == "potentials":
        assert pools.potentials is not None
        return [
            _coarser(pools.potentials, scale) / _window_lengths(lengths, scale)[:, :, np.newaxis]
            for scale in plan.scales
        ]
    if name == "last":
        return [pools.mem, pools.spk]
    return [getattr(pools, name)]


def _coarser(sums: np.ndarray, n_windows: int) -> np.ndarray:
    """Sums over fewer windows, each of several."""
    batch, n_fine, n = sums.shape
    if n_fine == n_windows:
        return sums
    return np.asarray(sums.reshape(batch, n_windows, n_fine // n_windows, n).sum(axis=2))


def _window_lengths(lengths: np.ndarray, n_windows: int) -> np.ndarray:
    """Steps of each window, shape (batch, n_windows); at least 1."""
    edges = -(-np.arange(n_windows + 1) * lengths[:, np.newaxis] // n_windows)
    return np.asarray(np.maximum(np.diff(edges, axis=1), 1))
