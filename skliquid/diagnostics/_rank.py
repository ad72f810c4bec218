"""Ranks: how many directions the states of different inputs span.

References
----------
.. [1] Legenstein, Maass. "Edge of chaos and prediction of computational performance for neural
   circuit models", Neural Networks 20(3), 2007.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import linalg

from .._checks import check_integer, check_real, check_seed
from ._report import Report
from ._states import matrix_of_states, reservoirs_of


@dataclass(frozen=True, eq=False, repr=False)
class StateRank(Report):
    """Rank of a matrix of states.

    Parameters
    ----------
    rank : int
        Number of singular values above the tolerance.
    n_inputs, n_states : int
        Numbers of its rows and columns.
    singular_values : ndarray of shape (min(n_inputs, n_states),)
        The singular values in descending order, by which another tolerance can be applied.

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid.diagnostics import kernel_rank
    >>> kernel_rank(np.outer([1.0, 2.0, 3.0], [1.0, -1.0]))
    StateRank(rank=1, n_inputs=3, n_states=2, singular_values=<array (2,)>)
    """

    rank: int
    n_inputs: int
    n_states: int
    singular_values: np.ndarray


def kernel_rank(
    reservoir: Any,
    X: Any = None,
    *,
    n_inputs: int | None = None,
    n_steps: int = 100,
    tol: float | None = None,
    features: Any = None,
    tau_trace: float = 5.0,
    random_state: Any = 0,
) -> StateRank:
    """Measure how many different inputs a reservoir keeps apart.

    The rank of the matrix whose rows are the states after different inputs [1]_: as many inputs
    can be given any outputs by a linear readout.

    Parameters
    ----------
    reservoir : fitted estimator, Liquid, RateReservoir or array-like of shape (n_inputs, n_states)
        What is driven, or states of what was, or any features.
    X : array-like or list, default=None
        Sequences, after the last step of each of which the state is taken. None draws noise.
    n_inputs : int or None, default=None
        Number of inputs that are drawn; None is the number of units.
    n_steps : int, default=100
        Length of each.
    tol : float or None, default=None
        Part of the largest singular value above which others count. None is rounding error
        alone, as of :func:`numpy.linalg.matrix_rank`. Activations, which are never quite the same,
        need one such as 0.01.
    features : str, list of str or None, default=None
        What the state is, as of :func:`memory_capacity`.
    tau_trace : float, default=5.0
        Time constant of "trace" in steps.
    random_state : int, Generator or None, default=0
        Seed of the inputs.

    Returns
    -------
    StateRank
        The rank and the singular values.

    References
    ----------
    .. [1] Legenstein, Maass. "Edge of chaos and prediction of computational performance for neural
       circuit models", Neural Networks 20(3), 2007.

    Examples
    --------
    >>> from skliquid.diagnostics import kernel_rank
    >>> from skliquid.reservoirs import draw_liquid
    >>> kernel_rank(draw_liquid(1, 50, input_scaling=0.0, seed=0)).rank  # silent
    0
    """
    return _rank(reservoir, X, n_inputs, n_steps, None, tol, features, tau_trace, random_state)


def generalization_rank(
    reservoir: Any,
    X: Any = None,
    *,
    noise: float = 0.1,
    n_inputs: int | None = None,
    n_steps: int = 100,
    tol: float | None = None,
    features: Any = None,
    tau_trace: float = 5.0,
    random_state: Any = 0,
) -> StateRank:
    """Measure how many versions of one input a reservoir keeps apart.

    The rank of the matrix whose rows are the states after versions of one input [1]_, the fewer
    the better what is learnt of one holds for the others. The kernel rank less this predicts how
    well a reservoir computes; it is largest at the edge of chaos.

    Parameters
    ----------
    reservoir : fitted estimator, Liquid, RateReservoir or array-like of shape (n_inputs, n_states)
        What is driven, or states of what was, or any features.
    X : array-like or list, default=None
        Sequences that are versions of one. None draws one, and adds noise.
    noise : float, default=0.1
        Standard deviation of that, that of the input being 1; non-negative.
    n_inputs : int or None, default=None
        Number of versions that are drawn; None is the number of units.
    n_steps : int, default=100
        Length of each.
    tol : float or None, default=None
        Part of the largest singular value above which others count, as of :func:`kernel_rank`.
    features : str, list of str or None, default=None
        What the state is, as of :func:`memory_capacity`.
    tau_trace : float, default=5.0
        Time constant of "trace" in steps.
    random_state : int, Generator or None, default=0
        Seed of the inputs.

    Returns
    -------
    StateRank
        The rank and the singular values.

    References
    ----------
    .. [1] Legenstein, Maass. "Edge of chaos and prediction of computational performance for neural
       circuit models", Neural Networks 20(3), 2007.

    Examples
    --------
    >>> from skliquid.diagnostics import generalization_rank
    >>> from skliquid.reservoirs import draw_liquid
    >>> generalization_rank(draw_liquid(1, 50, seed=0), noise=0.0).rank
    1
    """
    noise = check_real("noise", noise, 0)
    return _rank(reservoir, X, n_inputs, n_steps, noise, tol, features, tau_trace, random_state)


def _rank(
    reservoir: Any,
    X: Any,
    n_inputs: int | None,
    n_steps: int,
    noise: float | None,
    tol: float | None,
    features: Any,
    tau_trace: float,
    random_state: Any,
) -> StateRank:
    reservoirs = reservoirs_of(reservoir)
    if reservoirs is None:
        return _rank_of(matrix_of_states(reservoir, "(n_inputs, n_states)"), tol)
    if X is not None:
        return _rank_of(reservoirs.last_states(reservoirs.hearing(X), features, tau_trace), tol)
    n_inputs = check_integer("n_inputs", n_inputs or reservoirs.n_units, low=1)
    n_steps = check_integer("n_steps", n_steps, low=1)
    rng, heard = check_seed("random_state", random_state), reservoirs.standardised()
    inputs = heard.noise(rng, n_inputs, n_steps)
    if noise is not None:
        one = heard.noise(rng, 1, n_steps).frames
        versions = np.tile(one, (n_inputs, 1)) + np.float32(noise) * inputs.frames
        inputs = heard.of_frames(versions, n_inputs)
    return _rank_of(heard.last_states(inputs, features, tau_trace), tol)


def _rank_of(states: np.ndarray, tol: float | None) -> StateRank:
    n_inputs, n_states = states.shape
    least = max(states.shape) * np.finfo(np.float64).eps
    relative = least if tol is None else check_real("tol", tol, 0, 1, closed="left")
    values = linalg.svd(states, compute_uv=False, check_finite=False)
    rank = int(np.count_nonzero(values > relative * values[0]))
    return StateRank(rank, n_inputs, n_states, values)
