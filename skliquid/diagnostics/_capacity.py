"""Capacities: how well linear readouts of the states give functions of the past input.

A target z is a function of the input up to now. Its capacity is the share of its variance that the
best linear readout of the states x explains::

    C[z] = 1 - min over w, b of <(z[t] - w x[t] - b)^2> / Var(z)

That of finitely many steps is too high, and what no state knows of would have some. So C is the
adjusted coefficient of determination, and 0 unless it is significant at 1e-4 [1]_.

References
----------
.. [1] Dambre, Verstraeten, Schrauwen, Massar. "Information processing capacity of dynamical
   systems", Scientific Reports 2, 514, 2012.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from scipy import linalg, special

from .._checks import check_integer, check_seed, shown
from ..sequences import as_real_array
from ._report import Report
from ._states import Reservoirs, matrix_of_states, reservoirs_of

# Of a target that no state knows of, a capacity is above 0 with this probability.
_SIGNIFICANCE = 1e-4
# Directions of the standardised states whose variance is below this part of the largest are none.
_NO_DIRECTION = 1e-10
# Steps for each state where their number is not given, fewest steps, and those left out at first.
_STEPS_EACH, _FEWEST_STEPS, _WASHOUT = 20, 2_000, 100
# Targets that are computed at a time.
_TARGETS_AT_ONCE = 512

Target = tuple[tuple[int, int], ...]
Pieces = Iterable[tuple[int, int, np.ndarray]]


@dataclass(frozen=True, eq=False, repr=False)
class MemoryCapacity(Report):
    """Linear memory capacity of a reservoir.

    Parameters
    ----------
    total : float
        Sum over the lags.
    by_lag : ndarray of shape (max_lag + 1,)
        Capacity of the input so many steps ago, each in [0, 1].
    bound : int
        Number of linearly independent states, which the total cannot exceed.

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid.diagnostics import MemoryCapacity
    >>> MemoryCapacity(1.5, np.array([1.0, 0.5]), 3)
    MemoryCapacity(total=1.5, by_lag=<array (2,)>, bound=3)
    """

    total: float
    by_lag: np.ndarray
    bound: int


@dataclass(frozen=True, eq=False, repr=False)
class ProcessingCapacity(Report):
    """Information processing capacity of a reservoir.

    Parameters
    ----------
    total : float
        Sum over the targets.
    linear, nonlinear : float
        Its parts of degree one and above.
    by_degree : ndarray of shape (n_degrees,)
        Sum over the targets of degree 1, 2 and so on.
    bound : int
        Number of linearly independent states, which the total cannot exceed.
    targets : tuple of tuple of (int, int)
        The lags and degrees whose product each target is.
    capacities : ndarray of shape (n_targets,)
        Capacity of each, in [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid.diagnostics import ProcessingCapacity
    >>> ProcessingCapacity(1.0, 1.0, 0.0, np.array([1.0]), 1, (((0, 1),),), np.array([1.0])).bound
    1
    """

    total: float
    linear: float
    nonlinear: float
    by_degree: np.ndarray
    bound: int
    targets: tuple[Target, ...]
    capacities: np.ndarray


def memory_capacity(
    reservoir: Any,
    u: Any = None,
    *,
    max_lag: int = 200,
    n_steps: int | None = None,
    features: Any = None,
    tau_trace: float = 5.0,
    random_state: Any = 0,
) -> MemoryCapacity:
    """Measure how much of its past input a linear readout can tell.

    ::

        MC = sum over k from 0 to max_lag of C[u(t - k)]

    with C the share of the variance that the best linear readout explains, u independent and
    identically distributed [1]_. All channels of a reservoir are given the same u.

    Parameters
    ----------
    reservoir : fitted estimator, Liquid, RateReservoir or array-like of shape (n_steps, n_states)
        What is driven, or the states after every step of what was.
    u : array-like of shape (n_steps,), default=None
        The input, which drives a reservoir as that over its standard deviation; recorded states
        need the one that drove them. None draws it uniformly.
    max_lag : int, default=200
        Largest lag k.
    n_steps : int or None, default=None
        Number of steps where u is drawn. None is 20 for each state, at least 2000.
    features : str, list of str or None, default=None
        What the state is, one or several of "potentials" (or activations), "squares", "spikes" and
        "trace", as of :class:`~skliquid.LSMSequenceRegressor`. None is "trace" for spiking
        neurons, "potentials" for others.
    tau_trace : float, default=5.0
        Time constant of "trace" in steps.
    random_state : int, Generator or None, default=0
        Seed of u.

    Returns
    -------
    MemoryCapacity
        The capacity, whole and by lag.

    Raises
    ------
    ValueError, TypeError
        If recorded states come without u, or there are no more steps than states.

    References
    ----------
    .. [1] Jaeger. "Short term memory in echo state networks", GMD Report 152, 2001.

    Examples
    --------
    A shift register of five:

    >>> import numpy as np
    >>> from skliquid.diagnostics import memory_capacity
    >>> u = np.random.default_rng(0).uniform(-1, 1, 2000)
    >>> states = np.stack([np.roll(u, lag) for lag in range(5)], axis=1)
    >>> memory_capacity(states, u, max_lag=20)
    MemoryCapacity(total=5, by_lag=<array (21,)>, bound=5)
    """
    max_lag = check_integer("max_lag", max_lag, low=0)
    targets: list[Target] = [((lag, 1),) for lag in range(max_lag + 1)]
    rng = check_seed("random_state", random_state)
    by_lag, bound = _measured(reservoir, u, targets, n_steps, features, tau_trace, rng)
    return MemoryCapacity(float(by_lag.sum()), by_lag, bound)


def processing_capacity(
    reservoir: Any,
    u: Any = None,
    *,
    max_lags: Sequence[int] = (100, 50, 20, 8, 5),
    n_steps: int | None = None,
    features: Any = None,
    tau_trace: float = 5.0,
    random_state: Any = 0,
) -> ProcessingCapacity:
    """Measure how much of all functions of its past input a linear readout can tell.

    ::

        IPC = sum over targets of C[z],    z[t] = product over i of P_{d_i}(u(t - k_i))

    with P_d the Legendre polynomial of degree d and C the share of the variance that the best
    linear readout explains [1]_. The targets, one for each set of different lags k_i and of
    degrees d_i, are uncorrelated for a uniform u, so that the total is at most the number of
    linearly independent states, and that number itself for all targets of a reservoir with fading
    memory. Degree one is the linear memory capacity. All channels of a reservoir are given the
    same u.

    Parameters
    ----------
    reservoir : fitted estimator, Liquid, RateReservoir or array-like of shape (n_steps, n_states)
        What is driven, or the states after every step of what was.
    u : array-like of shape (n_steps,), default=None
        The input, independent and uniform in [-1, 1], which drives a reservoir as that over its
        standard deviation; recorded states need the one that drove them. None draws it.
    max_lags : sequence of int, default=(100, 50, 20, 8, 5)
        Largest lag of the targets of degree 1, 2 and so on.
    n_steps : int or None, default=None
        Number of steps where u is drawn. None is 20 for each state, at least 2000. What is below
        significance, about ``4 * sqrt(2 * n_states) / n_steps``, is not counted.
    features : str, list of str or None, default=None
        What the state is, as of :func:`memory_capacity`.
    tau_trace : float, default=5.0
        Time constant of "trace" in steps.
    random_state : int, Generator or None, default=0
        Seed of u.

    Returns
    -------
    ProcessingCapacity
        The capacity, whole, by degree and by target.

    Raises
    ------
    ValueError, TypeError
        If recorded states come without u, u leaves [-1, 1], or steps are no more than states.

    References
    ----------
    .. [1] Dambre, Verstraeten, Schrauwen, Massar. "Information processing capacity of dynamical
       systems", Scientific Reports 2, 514, 2012.

    Examples
    --------
    The square of the last input and its product with the one before, beside a copy:

    >>> import numpy as np
    >>> from skliquid.diagnostics import processing_capacity
    >>> u = np.random.default_rng(0).uniform(-1, 1, 2000)
    >>> states = np.stack([u, u**2, u * np.roll(u, 1)], axis=1)
    >>> processing_capacity(states, u, max_lags=(5, 5, 2)).by_degree.round(3)
    array([1., 2., 0.])
    """
    lags = [check_integer("each of max_lags", lag, low=0) for lag in max_lags]
    if not lags:
        raise ValueError("max_lags must hold a largest lag for degree 1 at least, got none.")
    if u is not None and np.abs(as_real_array(u, "u")).max(initial=0) > 1:
        raise ValueError("u must be uniform in [-1, 1], for which the targets are uncorrelated.")
    targets = [
        tuple(sorted(Counter(chosen).items()))
        for degree, lag in enumerate(lags, start=1)
        for chosen in combinations_with_replacement(range(lag + 1), degree)
    ]
    rng = check_seed("random_state", random_state)
    capacities, bound = _measured(reservoir, u, targets, n_steps, features, tau_trace, rng)
    degrees = [sum(degree for _, degree in target) for target in targets]
    by_degree = np.bincount(degrees, weights=capacities, minlength=len(lags) + 1)[1:]
    linear, nonlinear = float(by_degree[0]), float(by_degree[1:].sum())
    return ProcessingCapacity(
        linear + nonlinear, linear, nonlinear, by_degree, bound, tuple(targets), capacities
    )


def _measured(
    reservoir: Any,
    u: Any,
    targets: Sequence[Target],
    n_steps: int | None,
    features: Any,
    tau_trace: float,
    rng: np.random.Generator,
) -> tuple[np.ndarray, int]:
    """Capacity of each target, and the number of linearly independent states."""
    longest = max(lag for target in targets for lag, _ in target)
    reservoirs, given = reservoirs_of(reservoir), None if u is None else _one_input(u)
    if reservoirs is None:
        states = matrix_of_states(reservoir, "(n_steps, n_states)")
        n_states, first = states.shape[1], longest
        given, pieces = _as_recorded(states, given)
    else:
        n_states, first = reservoirs.n_states(features), max(longest, _WASHOUT)
        if given is None:
            enough = max(_FEWEST_STEPS, _STEPS_EACH * n_states) + first
            given = rng.uniform(-1, 1, check_integer("n_steps", n_steps or enough, low=1))
        pieces = _driven(reservoirs, given, features, tau_trace)
    if len(given) - first < n_states + 2:
        raise ValueError(
            f"n_steps must be above {first + n_states + 1}, the {first} first ones and the "
            f"{n_states} states, got {len(given)}."
        )
    sums = _Sums(n_states, targets, given, first)
    for _, start, states in pieces:
        sums.add(start, states)
    return sums.capacities()


def _as_recorded(states: np.ndarray, u: np.ndarray | None) -> tuple[np.ndarray, Pieces]:
    if u is None or len(u) != len(states):
        raise ValueError(
            f"u must be the input that drove the {len(states)} recorded states, got "
            f"{'none' if u is None else f'{len(u)} steps'}."
        )
    return u, [(0, 0, states)]


def _driven(reservoirs: Reservoirs, u: np.ndarray, features: Any, tau_trace: float) -> Pieces:
    """States of reservoirs all of whose channels hear u, over its standard deviation."""
    drive = u * (reservoirs.unit / u.std())
    frames = np.repeat(drive[:, np.newaxis], reservoirs.n_channels_in_, axis=1)
    heard = reservoirs.standardised()
    return heard.pieces(heard.of_frames(frames, 1), features, tau_trace)


def _one_input(u: Any) -> np.ndarray:
    values = as_real_array(u, "u").astype(np.float64)
    if values.ndim != 1 or not np.isfinite(values).all() or not np.ptp(values):
        raise ValueError(f"u must be finite and vary, of shape (n_steps,), got {shown(u)}.")
    return values


class _Sums:
    """Sums over time of products of states with states and with targets."""

    def __init__(
        self, n_states: int, targets: Sequence[Target], u: np.ndarray, first: int
    ) -> None:
        self._first, self._n_steps = first, 0
        self._parts = [
            targets[i : i + _TARGETS_AT_ONCE] for i in range(0, len(targets), _TARGETS_AT_ONCE)
        ]
        highest = max(degree for target in targets for _, degree in target)
        self._powers = [special.eval_legendre(degree, u) for degree in range(highest + 1)]
        self._centre: np.ndarray | None = None
        self._gram = np.zeros((n_states + 1, n_states + 1))
        self._cross = np.zeros((n_states + 1, len(targets)))
        self._squares = np.zeros(len(targets))

    def add(self, start: int, states: np.ndarray) -> None:
        """Add the states after some steps."""
        states = states[max(0, self._first - start) :]
        if not len(states):
            return
        start = max(start, self._first)
        if self._centre is None:  # so that the sums are not those of large means
            self._centre = states.mean(axis=0)
        design = np.ones((len(states), len(self._gram)))
        design[:, 1:] = states - self._centre
        self._gram += design.T @ design
        place = 0
        for part in self._parts:
            z = self._values(part, start, len(states))
            columns = slice(place, place + len(part))
            self._cross[:, columns] += design.T @ z
            self._squares[columns] += np.einsum("ij,ij->j", z, z)
            place += len(part)
        self._n_steps += len(states)

    def _values(self, targets: Sequence[Target], start: int, n_steps: int) -> np.ndarray:
        z = np.ones((n_steps, len(targets)), order="F")
        for column, target in zip(z.T, targets, strict=True):
            for lag, degree in target:
                column *= self._powers[degree][start - lag : start - lag + n_steps]
        return z

    def capacities(self) -> tuple[np.ndarray, int]:
        """Adjusted coefficients of determination, and the rank of the states."""
        n, sums = self._n_steps, self._gram[0, 1:]
        covariance = self._gram[1:, 1:] - np.outer(sums, sums) / n
        cross = self._cross[1:] - np.outer(sums, self._cross[0]) / n
        deviation = np.sqrt(np.maximum(np.diagonal(covariance), 0))
        varies = deviation > 1e-12 * np.sqrt(np.diagonal(self._gram)[1:]).max(initial=0)
        if not varies.any():
            return np.zeros(cross.shape[1]), 0
        scale = deviation[varies]
        correlation = covariance[np.ix_(varies, varies)] / np.outer(scale, scale)
        variances, directions = linalg.eigh(correlation, overwrite_a=True)
        is_direction = variances > _NO_DIRECTION * variances[-1]
        rank = int(is_direction.sum())
        along = directions[:, is_direction].T @ (cross[varies] / scale[:, np.newaxis])
        explained = (along**2 / variances[is_direction, np.newaxis]).sum(axis=0)
        explained /= self._squares - self._cross[0] ** 2 / n
        return _adjusted(explained, rank, n), rank


def _adjusted(explained: np.ndarray, rank: int, n_steps: int) -> np.ndarray:
    """Unbiased shares of the variance, of those that are significant."""
    left = n_steps - 1 - rank
    by_chance = special.betaincinv(rank / 2, left / 2, 1 - _SIGNIFICANCE)
    adjusted = 1 - (1 - explained) * (n_steps - 1) / left
    return np.where(explained > by_chance, np.clip(adjusted, 0, 1), 0.0)
