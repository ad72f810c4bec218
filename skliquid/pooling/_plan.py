"""Which features are pooled, and how they are computed from the sums."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .._checks import MOST_STEPS, check_integer, check_real, shown
from ._poolings import POOLINGS
from ._shares import Share
from ._sums import Pools

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

    @cached_property
    def sums(self) -> frozenset[str]:
        """The fields of :class:`Pools` that the features are made of."""
        return frozenset(name for pooling in self.names for name in POOLINGS[pooling].sums)

    @property
    def is_windowed(self) -> bool:
        """Whether some features are those of windows, relative to a sequence's length."""
        return any(POOLINGS[name].is_windowed for name in self.names) and max(self.scales) > 1

    @property
    def n_windows(self) -> int:
        """Number of windows to add up in, of which those of every scale are made."""
        return math.lcm(*self.scales) if self.is_windowed else 1

    def n_features(self, n_neurons: int) -> int:
        """Count the features: all or none of a pooling's are those of single neurons."""
        none, one = len(self._names([])), len(self._names([""]))
        return none + (one - none) * n_neurons

    def feature_names(self, n_neurons: int) -> list[str]:
        """Names of the features, in order."""
        return self._names([f"neuron{i}" for i in range(n_neurons)])

    def groups(self, n_neurons: int) -> np.ndarray | None:
        """Group of each feature that a readout may weigh beside others, of group 0; or None."""
        found, n_groups = [], 0
        for name in self.names:
            pooling = POOLINGS[name]
            size = len(pooling.names(self.scales, [""] * n_neurons))
            parts = np.arange(1, pooling.n_weighed + 1) + n_groups if pooling.n_weighed else [0]
            found.append(np.repeat(parts, size // len(parts)))
            n_groups += pooling.n_weighed
        groups = np.concatenate(found).astype(np.uint8)
        return groups if n_groups and not groups.all() else None

    def unshared(self) -> list[str]:
        """Poolings asked for whose features are no sums over time."""
        return [name for name in self.names if POOLINGS[name].shares is None]

    def shares(self, n_timesteps: int) -> list[Share]:
        """What each step of a sequence adds to the features, in their order."""
        found: list[Share] = []
        for name in self.names:
            shares = POOLINGS[name].shares
            assert shares is not None
            found += shares(n_timesteps, self.scales, self.trace_decay)
        return found

    def _names(self, neurons: list[str]) -> list[str]:
        return [
            f"{name}_{part}"
            for name in self.names
            for part in POOLINGS[name].names(self.scales, neurons)
        ]


# For what runs a reservoir without pooling it.
NO_POOLING = PoolingPlan((), (1,), 0.0)


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
    asked: Any = pooling
    is_listed = isinstance(asked, Iterable) and not isinstance(asked, str)
    names: tuple[Any, ...] = tuple(asked) if is_listed else (asked,)
    known = all(isinstance(name, str) and name in POOLINGS for name in names)
    if not names or not known or len(set(names)) < len(names):
        raise ValueError(
            f"pooling must be one or several of {list(POOLINGS)}, each once, got {shown(pooling)}."
        )
    scales = n_windows if isinstance(n_windows, tuple | list) else (n_windows,)
    scales = tuple(check_integer("n_windows", scale, low=1, high=MOST_STEPS) for scale in scales)
    if not scales or len(set(scales)) < len(scales):
        raise ValueError(
            f"n_windows must be one or several different numbers, got {shown(n_windows)}."
        )
    if "model_space" in names and scales[-1] < _FEWEST_STATES:
        raise ValueError(
            f"n_windows must be at least {_FEWEST_STATES} for the pooling 'model_space', got "
            f"{shown(n_windows)}."
        )
    tau_trace = check_real("tau_trace", tau_trace, 0, closed="neither")
    return PoolingPlan(names, scales, float(np.exp(-1.0 / tau_trace)))


def pooled_features(pools: Pools, lengths: np.ndarray, plan: PoolingPlan, out: np.ndarray) -> None:
    """Compute the features of a batch.

    Parameters
    ----------
    pools : Pools
        Accumulated over the batch.
    lengths : ndarray of shape (batch,)
        Number of time steps of each sequence.
    plan : PoolingPlan
        The features asked for.
    out : ndarray of shape (batch, n_features)
        Where they are written: rates in spikes per step, counts in spikes, the first spike as a
        fraction of the sequence, potentials in units of the threshold's scale. A window that no
        time step falls in, as happens in sequences shorter than ``n_windows``, has the features
        of a window without spikes at rest: zero.
    """
    start = 0
    for name in plan.names:
        for value in POOLINGS[name].features(pools, lengths, plan.scales):
            stop = start + value[0].size
            out[:, start:stop] = value.reshape(len(value), -1)
            start = stop
