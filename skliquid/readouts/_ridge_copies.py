"""Ridge regressions with copies of the samples, which are left out together with them.

Copies that are made of a sample by what leaves its target as it is teach a readout not to mind
that [1]_. They know the target, so that the errors of leaving a sample out are those without its
copies too [2]_::

    e_g = ((G^-1)_gg - sqrt(s_g) sqrt(s_g)^T / sum(s) / alpha)^-1 (G^-1 T)_g

with the matrix G of all rows (see :mod:`~skliquid.readouts._ridge_loo`) and g for those of a
sample and its copies. The sample alone judges, not its copies.

References
----------
.. [1] Iwana, Uchida. "An empirical survey of data augmentation for time series classification with
   neural networks", PLOS ONE 16(7), 2021.
.. [2] Liland, Skogholt, Indahl. "A new formula for faster computation of the k-fold
   cross-validation and good regularisation parameter values in ridge regression", IEEE Access 12,
   2024.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from .._checks import shown
from ._ridge_design import Design
from ._ridge_model import RidgeFit
from ._ridge_parts import Samples
from ._ridge_probabilities import LeftOut, enough_of
from ._ridge_trials import CLEARLY, SampleTrial


def checked_origin(origin: Any, n_rows: int) -> np.ndarray:
    """Validate which row each is, or is a copy of.

    Parameters
    ----------
    origin : array-like of shape (n_rows,)
        Numbers of rows.
    n_rows : int
        Number of rows.

    Returns
    -------
    ndarray of shape (n_rows,), dtype int
        The same.
    """
    found = np.asarray(origin)
    is_one_each = found.shape == (n_rows,) and found.dtype.kind in "iu"
    if not is_one_each or found.min() < 0 or found.max() >= n_rows:
        raise ValueError(
            f"origin must hold a number of a sample, an int from 0 to {n_rows - 1}, for each of "
            f"the {n_rows} samples, got {shown(origin)}."
        )
    copies_of_copies = np.flatnonzero(found[found] != found)
    if len(copies_of_copies):
        i = int(copies_of_copies[0])
        raise ValueError(
            f"origin must name samples that are no copies themselves, but sample {i} is a copy of "
            f"{found[i]}, which is one of {found[found[i]]}."
        )
    return found.astype(np.intp)


def counting(rows: Samples, origin: np.ndarray) -> tuple[Samples, np.ndarray]:
    """Choose samples with a weight, and those of their copies that have one.

    Parameters
    ----------
    rows : tuple of features, targets, weights and weights in scales
        Samples and copies.
    origin : ndarray of shape (n_rows,)
        Number of the row that each is, or is a copy of.

    Returns
    -------
    rows : tuple
        Those.
    origin : ndarray of int
        Of which of them each is one.
    """
    weight = rows[2]
    kept = np.flatnonzero((weight > 0) & (weight[origin] > 0))
    number = np.zeros(len(origin), np.intp)
    number[kept] = np.arange(len(kept))
    return _at(rows, kept), number[origin[kept]]


def originals(rows: Samples, origin: np.ndarray) -> Samples:
    """Take the samples without their copies, whose weight is theirs in the mean.

    Parameters
    ----------
    rows : tuple of features, targets, weights and weights in scales
        Samples and copies.
    origin : ndarray of shape (n_rows,)
        Number of the row that each is, or is a copy of.

    Returns
    -------
    tuple
        The samples.
    """
    X, Y, weight, scale_weight = _at(rows, np.flatnonzero(origin == np.arange(len(origin))))
    times = rows[2].sum() / weight.sum()
    return X, Y, times * weight, times * scale_weight


def _at(rows: Samples, numbers: np.ndarray) -> Samples:
    X, Y, weight, scale_weight = (each[numbers] for each in rows)
    return X, Y, weight, scale_weight


def copies_pay(without: RidgeFit, with_copies: RidgeFit) -> bool:
    """Tell whether the errors of the samples are less with copies.

    Parameters
    ----------
    without, with_copies : RidgeFit
        Models by the samples alone, and by samples and copies.

    Returns
    -------
    bool
        Whether they are.
    """
    before, after = (cast(LeftOut, each.left_out) for each in (without, with_copies))
    errors = [
        float(before.weight @ ((each.outputs - each.targets) ** 2).mean(axis=1))
        for each in (before, after)
    ]
    return errors[1] < (1 - CLEARLY) * errors[0]


class CopiesTrial(SampleTrial):
    """Trial by samples and their copies.

    Parameters
    ----------
    design : Design
        Samples and copies.
    origin : ndarray of shape (n_rows,)
        Number of the row that each is, or is a copy of.
    """

    def __init__(self, design: Design, origin: np.ndarray) -> None:
        super().__init__(design, np.float64)
        # Of those that are the same, the sample first.
        order = np.lexsort([origin != np.arange(len(origin)), origin])
        self._groups = np.split(order, np.flatnonzero(np.diff(origin[order])) + 1)
        self._samples = np.array([group[0] for group in self._groups])
        # What each counts for beside the others, with its copies.
        self._times = design.weight.sum() / design.weight[self._samples].sum()
        self._left_out: dict[float, np.ndarray] = {}

    def _scored(self, alpha: float) -> float:
        shift, factor = self._factor(alpha)
        self.solutions[alpha] = solution = factor.solve(self.right)
        inverse = factor.solve(np.eye(len(solution)))
        root = np.sqrt(self.design.share)
        errors = np.empty((len(self._groups), solution.shape[1]))
        for i, rows in enumerate(self._groups):
            of_constants = np.outer(root[rows], root[rows]) / (self._ballast + shift)
            left = inverse[np.ix_(rows, rows)] - of_constants
            errors[i] = np.linalg.solve(left, solution[rows])[0]
        self._left_out[alpha] = errors
        return self._times * self.judged(alpha, solution, errors)

    def left_out(self, alpha: float) -> LeftOut:
        """As of :class:`~skliquid.readouts._ridge_trials.Trial`, for the samples alone."""
        design, enough = self.design, enough_of(len(self._groups))
        rows = self._samples[enough]
        targets, errors = design.Y[rows], self._left_out[alpha][enough] / design.root[rows, None]
        share = np.array([design.share[group].sum() for group in self._groups])[enough, None]
        constants = share / (1 - share) * (design.frame.target_mean - targets)
        return LeftOut(targets - errors, targets, self._times * design.weight[rows], constants)
