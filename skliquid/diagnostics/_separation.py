"""Separation: how far apart the states of different inputs are.

References
----------
.. [1] Maass, Natschlaeger, Markram. "Real-time computing without stable states", Neural
   Computation 14(11), 2002.
.. [2] Norton, Ventura. "Improving liquid state machines through iterative refinement of the
   reservoir", Neurocomputing 73, 2010.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from .._checks import check_integer, check_real, check_seed, shown
from ..sequences import Sequences
from ._report import Report
from ._states import Reservoirs, matrix_of_states, reservoirs_of


@dataclass(frozen=True, eq=False, repr=False)
class Separation(Report):
    """Distances of pairs of inputs, and of their states over time.

    Parameters
    ----------
    inputs : ndarray of shape (n_pairs,)
        Root mean square over steps and channels of the difference of the two inputs.
    states : ndarray of shape (n_pairs, n_steps)
        Euclidean distance of the two states after each step.

    Examples
    --------
    >>> from skliquid.diagnostics import separation
    >>> from skliquid.reservoirs import draw_liquid
    >>> separation(draw_liquid(1, 50, seed=0), n_pairs=5, n_steps=60)
    Separation(inputs=<array (5,)>, states=<array (5, 60)>)
    """

    inputs: np.ndarray
    states: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class SeparationRatio(Report):
    """Separation of the states of classes.

    Parameters
    ----------
    ratio : float
        ``between / (within + 1)``.
    between : float
        Mean distance between the mean states of two classes, all n^2 pairs of n classes counted.
    within : float
        Mean over the classes of the mean distance of a state from that of its class.

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid.diagnostics import separation_ratio
    >>> separation_ratio(np.array([[0.0], [2.0], [10.0], [12.0]]), y=[0, 0, 1, 1])
    SeparationRatio(ratio=2.5, between=5, within=1)
    """

    ratio: float
    between: float
    within: float


def separation(
    reservoir: Any,
    X: Any = None,
    X_other: Any = None,
    *,
    noise: float = 0.1,
    n_pairs: int = 50,
    n_steps: int = 200,
    features: Any = None,
    tau_trace: float = 5.0,
    random_state: Any = 0,
) -> Separation:
    """Measure the distance of states against that of inputs, over time.

    The separation property: different inputs lead to different states [1]_. A distance that stays
    when the inputs differ no more is that of chaos.

    Parameters
    ----------
    reservoir : fitted estimator, Liquid or RateReservoir
        What is driven.
    X, X_other : array-like or list, default=None
        Sequences, and for each another as long, all of one length. None draws white noise, and
        adds other noise to it.
    noise : float, default=0.1
        Standard deviation of that, that of the input being 1; non-negative.
    n_pairs, n_steps : int, default=50, 200
        Number of pairs that are drawn, and their length.
    features : str, list of str or None, default=None
        What the state is, as of :func:`memory_capacity`.
    tau_trace : float, default=5.0
        Time constant of "trace" in steps.
    random_state : int, Generator or None, default=0
        Seed of the inputs.

    Returns
    -------
    Separation
        The distances.

    Raises
    ------
    ValueError, TypeError
        If the sequences are not in pairs of one length.

    References
    ----------
    .. [1] Maass, Natschlaeger, Markram. "Real-time computing without stable states", Neural
       Computation 14(11), 2002.

    Examples
    --------
    >>> from skliquid.diagnostics import separation
    >>> from skliquid.reservoirs import draw_liquid
    >>> liquid = draw_liquid(1, 200, seed=0)
    >>> near, far = (separation(liquid, noise=noise).states.mean() for noise in (0.1, 0.4))
    >>> bool(near < far)
    True
    """
    reservoirs = reservoirs_of(reservoir)
    if reservoirs is None:
        raise TypeError(
            "reservoir must be a fitted estimator, a Liquid or a RateReservoir, got "
            f"{shown(reservoir)}."
        )
    if (X is None) != (X_other is None):
        raise ValueError("X and X_other must be given both, or neither.")
    if X is None:
        noise = check_real("noise", noise, 0)
        n_pairs = check_integer("n_pairs", n_pairs, low=1)
        n_steps = check_integer("n_steps", n_steps, low=1)
        rng, reservoirs = check_seed("random_state", random_state), reservoirs.standardised()
        pair = [reservoirs.noise(rng, n_pairs, n_steps) for _ in range(2)]
        noisy = pair[0].frames + np.float32(noise) * pair[1].frames
        pair[1] = reservoirs.of_frames(noisy, n_pairs)
    else:
        pair = [reservoirs.hearing(each) for each in (X, X_other)]
        if len({*pair[0].lengths.tolist(), *pair[1].lengths.tolist()}) > 1 or len(pair[0]) != len(
            pair[1]
        ):
            raise ValueError("X and X_other must hold as many sequences, all of one length.")
    unit = reservoirs.unit if X is None else 1.0
    difference = (pair[1].frames.astype(np.float64) - pair[0].frames) / unit
    squares = (difference**2).mean(axis=1).reshape(len(pair[0]), -1)
    distances = _distances(reservoirs, pair, features, tau_trace)
    return Separation(np.sqrt(squares.mean(axis=1)), distances)


def _distances(
    reservoirs: Reservoirs, pair: list[Sequences], features: Any, tau_trace: float
) -> np.ndarray:
    """Distance of the states of two collections after each step, shape (n_pairs, n_steps)."""
    distances = np.zeros((len(pair[0]), int(pair[0].lengths[0])))
    both = (reservoirs.pieces(each, features, tau_trace) for each in pair)
    # Collections of the same lengths come in the same pieces.
    for (sample, first, states), (_, _, others) in zip(*both, strict=True):
        distance = np.linalg.norm(others - states, axis=1)
        distances[sample, first : first + len(states)] = distance
    return distances


def separation_ratio(
    reservoir: Any,
    X: Any = None,
    y: Any = None,
    *,
    features: Any = None,
    tau_trace: float = 5.0,
) -> SeparationRatio:
    """Measure the distance between the states of classes against that within them.

    ::

        Sep = c_d / (c_v + 1)
        c_d = sum over classes l, m of |mu_l - mu_m| / n^2
        c_v = sum over classes m of the mean of |mu_m - o| over its states o, / n

    with mu the mean state of each of n classes [1]_.

    Parameters
    ----------
    reservoir : fitted estimator, Liquid, RateReservoir or array-like (n_samples, n_states)
        What is driven, or states of what was, or any features.
    X : array-like or list, default=None
        Sequences, after the last step of each of which the state is taken; with recorded states
        None.
    y : array-like of shape (n_samples,)
        Class of each.
    features : str, list of str or None, default=None
        What the state is, as of :func:`memory_capacity`.
    tau_trace : float, default=5.0
        Time constant of "trace" in steps.

    Returns
    -------
    SeparationRatio
        The ratio, and what it is made of.

    Raises
    ------
    ValueError
        If there are not as many classes as states, or no sequences to drive a reservoir with.

    References
    ----------
    .. [1] Norton, Ventura. "Improving liquid state machines through iterative refinement of the
       reservoir", Neurocomputing 73, 2010.

    Examples
    --------
    >>> from skliquid import LSMClassifier
    >>> from skliquid.datasets import load_japanese_vowels
    >>> from skliquid.diagnostics import separation_ratio
    >>> X, y, _, _ = load_japanese_vowels()
    >>> lsm = LSMClassifier(100, random_state=0).fit(X, y)
    >>> bool(separation_ratio(lsm, X, y).ratio > 0.5)
    True
    """
    reservoirs = reservoirs_of(reservoir)
    if reservoirs is None:
        states = matrix_of_states(reservoir, "(n_samples, n_states)")
    elif X is None:
        raise ValueError("X must hold the sequences that drive the reservoir.")
    else:
        states = reservoirs.last_states(reservoirs.hearing(X), features, tau_trace)
    y = np.asarray(y)
    if y.shape != (len(states),):
        raise ValueError(f"y must hold a class for each of {len(states)} states, got {shown(y)}.")
    of_class = [states[y == label] for label in np.unique(y)]
    means = [each.mean(axis=0) for each in of_class]
    apart = [float(np.linalg.norm(one - other)) for one, other in combinations(means, 2)]
    between = 2.0 * sum(apart) / len(means) ** 2
    spread = [
        np.linalg.norm(each - mean, axis=1).mean()
        for each, mean in zip(of_class, means, strict=True)
    ]
    within = float(np.mean(spread))
    return SeparationRatio(between / (within + 1.0), between, within)
