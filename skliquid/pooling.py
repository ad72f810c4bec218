"""Pooling: what is kept of a sequence's spikes and membrane potentials.

An engine adds up, step by step, the few quantities in :class:`Pools`; all of them are exact
(counts, and sums of multiples of one unit), so that they do not depend on the engine. The
features are computed from them here, in one place, whatever the engine.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._checks import check_integer, check_real

# Potentials further out than any that a working liquid has: 2**18 of them in multiples of
# 2**-20 sum exactly in float64.
POTENTIAL_LIMIT = 2.0**15

POOLINGS = ("rate", "counts", "trace", "membrane", "potentials", "last")


@dataclass(frozen=True)
class PoolingPlan:
    """Which features are pooled.

    Parameters
    ----------
    names : tuple of str
        Names from ``POOLINGS``, in the order of the features.
    n_windows : int
        Number of equal windows of "counts" and "potentials".
    trace_decay : float
        Decay of the exponential trace per time step.
    """

    names: tuple[str, ...]
    n_windows: int
    trace_decay: float

    def needs(self, *names: str) -> bool:
        """Tell whether one of some poolings is asked for."""
        return not set(names).isdisjoint(self.names)

    def n_features(self, n_neurons: int) -> int:
        """Count the features."""
        windows = {"counts": self.n_windows, "potentials": self.n_windows, "last": 2}
        return n_neurons * sum(windows.get(name, 1) for name in self.names)

    def feature_names(self, n_neurons: int) -> list[str]:
        """Names of the features, in order."""
        neurons = [f"neuron{i}" for i in range(n_neurons)]
        windows = [f"window{w}_{i}" for w in range(self.n_windows) for i in neurons]
        parts = {
            "rate": neurons,
            "counts": windows,
            "trace": neurons,
            "membrane": neurons,
            "potentials": windows,
            "last": [f"{state}_{i}" for state in ("mem", "spk") for i in neurons],
        }
        return [f"{name}_{part}" for name in self.names for part in parts[name]]


def make_plan(pooling: str | Iterable[str], n_windows: int, tau_trace: float) -> PoolingPlan:
    """Validate the pooling parameters of an estimator.

    Parameters
    ----------
    pooling : str or iterable of str
        One or several names from ``POOLINGS``, none of them twice.
    n_windows : int
        Number of equal windows, at least 1.
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
    n_windows = check_integer("n_windows", n_windows, low=1)
    tau_trace = check_real("tau_trace", tau_trace, 0, closed="neither")
    return PoolingPlan(names, n_windows, float(np.exp(-1.0 / tau_trace)))


@dataclass
class Pools:
    """What an engine adds up over time for one batch of sequences.

    Parameters
    ----------
    counts : ndarray of shape (batch, n_windows, n), integer
        Spikes in each window.
    potentials : ndarray of shape (batch, n_windows, n), float64 or None
        Sums of the membrane potential over each window, where it is clipped to
        +-``POTENTIAL_LIMIT`` so that the sums are exact.
    trace : ndarray of shape (batch, n), float32 or None
        ``trace[t] = decay(trace[t-1], trace_decay) + s[t]`` after the last step.
    mem, spk : ndarray of shape (batch, n), float32, or None
        State after the last step.
    """

    counts: np.ndarray
    potentials: np.ndarray | None
    trace: np.ndarray | None
    mem: np.ndarray | None
    spk: np.ndarray | None


def window_of(t: int, lengths: np.ndarray, n_windows: int) -> np.ndarray:
    """Index of the window that time step `t` falls in, for sequences of some lengths."""
    return t * n_windows // lengths


def pooled_features(pools: Pools, lengths: np.ndarray, plan: PoolingPlan) -> np.ndarray:
    """Compute the features of a batch.

    Parameters
    ----------
    pools : Pools
        Accumulated over the batch.
    lengths : ndarray of shape (batch,)
        Number of time steps of each sequence.
    plan : PoolingPlan
        The features asked for.

    Returns
    -------
    ndarray of shape (batch, n_features), dtype float64
        Rates in spikes per step, counts in spikes, potentials in units of the threshold's
        scale. A window that no time step falls in, as happens in sequences shorter than
        ``n_windows``, has the features of a window without spikes at rest: zero.
    """
    edges = -(-np.arange(plan.n_windows + 1) * lengths[:, np.newaxis] // plan.n_windows)
    window_lengths = np.maximum(np.diff(edges, axis=1), 1)
    parts = [_feature(name, pools, lengths, window_lengths) for name in plan.names]
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)


def _feature(
    name: str, pools: Pools, lengths: np.ndarray, window_lengths: np.ndarray
) -> np.ndarray:
    batch = len(lengths)
    steps = lengths[:, np.newaxis]
    value: Any
    if name == "rate":
        one = pools.counts[:, 0] if pools.counts.shape[1] == 1 else pools.counts.sum(axis=1)
        value = one / steps
    elif name == "counts":
        value = pools.counts.reshape(batch, -1)
    elif name == "trace":
        value = pools.trace
    elif name == "membrane":
        assert pools.potentials is not None
        value = pools.potentials.sum(axis=1) / steps
    elif name == "potentials":
        assert pools.potentials is not None
        value = (pools.potentials / window_lengths[:, :, np.newaxis]).reshape(batch, -1)
    else:
        assert pools.mem is not None
        assert pools.spk is not None
        value = np.concatenate([pools.mem, pools.spk], axis=1)
    return np.asarray(value, dtype=np.float64)
