"""Ridge regressions with copies of the samples, which are left out together with them.

Copies that are made of a sample by what leaves its target as it is teach a readout not to mind
that [1]_. They know the target, so that the errors of leaving a sample out are those without its
copies too [2]_::

    e_g = ((G^-1)_gg - sqrt(s_g) sqrt(s_g)^T / sum(s) / alpha)^-1 (G^-1 T)_g

with the matrix G of all rows (see :mod:`~skliquid.readouts._ridge_loo`) and g for those of a
sample and its copies; with more rows than features the other formula there, likewise. The sample
alone judges, not its copies.

References
----------
.. [1] Iwana, Uchida. "An empirical survey of data augmentation for time series classification with
   neural networks", PLOS ONE 16(7), 2021.
.. [2] Liland, Skogholt, Indahl. "A new formula for faster computation of the k-fold
   cross-validation and good regularisation parameter values in ridge regression", IEEE Access 12,
   2024.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from .._checks import shown
from ._panels import Factor
from ._ridge_design import WholeDesign
from ._ridge_model import RidgeFit
from ._ridge_parts import Samples
from ._ridge_probabilities import LeftOut, enough_of
from ._ridge_retained import codes
from ._ridge_trials import CLEARLY, FeatureTrial, SampleTrial, Trial

# Features that tell most samples apart.
_N_TELLING = 256
# Share of the weight that is as good as nothing.
_LEAST = 1e-9


def checked_origin(origin: Any, Y: np.ndarray) -> np.ndarray:
    """Validate which row each is, or is a copy of.

    Parameters
    ----------
    origin : array-like of shape (n_rows,)
        Numbers of rows.
    Y : ndarray of shape (n_rows, n_targets)
        Their targets.

    Returns
    -------
    ndarray of shape (n_rows,), dtype int
        The same.
    """
    found, n_rows = np.asarray(origin), len(Y)
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
    apart = np.flatnonzero((Y[found] != Y).any(axis=1))
    if len(apart):
        raise ValueError(
            f"Copies must have the target of their sample, but sample {apart[0]} and "
            f"{found[apart[0]]}, of which it is a copy, have others."
        )
    return found.astype(np.intp)


def distinct(rows: Samples) -> Samples:
    """Count identical samples as one with their weights summed, and drop those of weight 0.

    Parameters
    ----------
    rows : tuple of features, targets, weights and weights in scales
        Samples.

    Returns
    -------
    tuple
        The first of each.
    """
    X, Y, weight, scale_weight = rows
    # The sum of its features is the same in every copy of a sample, and soon computed.
    some = _in_common(X[:, :_N_TELLING].sum(axis=1))
    if some.any():
        some = _in_common(X.sum(axis=1))
    if weight.all() and not some.any():
        return rows
    key = np.arange(len(X))
    key[some] = len(X) + np.unique(codes(X[some], Y[some]), return_inverse=True)[1]
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    if weight.all() and len(first) == len(X):
        return rows
    total, scale_total = (np.bincount(place, each) for each in (weight, scale_weight))
    order = np.argsort(first)
    order = order[total[order] > 0]
    kept = first[order]
    return X[kept], Y[kept], total[order], scale_total[order]


def _in_common(values: np.ndarray) -> np.ndarray:
    """Which values are there more than once."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray(count[place] > 1)


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


def can_be_left_out(rows: Samples, origin: np.ndarray) -> bool:
    """Tell whether without any sample and its copies there is something left.

    Parameters
    ----------
    rows : tuple of features, targets, weights and weights in scales
        Samples and copies.
    origin : ndarray of shape (n_rows,)
        Number of the row that each is, or is a copy of.

    Returns
    -------
    bool
        Whether no sample has nearly all of the weight.
    """
    share = np.bincount(origin, rows[2]) / rows[2].sum()
    return bool(share.max() < 1 - _LEAST)


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


def copies_trial(design: WholeDesign, origin: np.ndarray) -> Trial:
    """Make the trial of samples and copies, by which the samples alone are left out and judge.

    Parameters
    ----------
    design : WholeDesign
        Samples and copies.
    origin : ndarray of shape (n_rows,)
        Number of the row that each is, or is a copy of.

    Returns
    -------
    Trial
        In float64.
    """
    kind = _SampleCopies if design.is_wide else _FeatureCopies.of
    trial: Any = kind(design, np.float64)
    trial.tell(origin)
    return cast(Trial, trial)


class _Copies(Trial):
    """Errors of samples that are left out with their copies."""

    def tell(self, origin: np.ndarray) -> None:
        """Tell of which row each is one."""
        # Of those that are the same, the sample first.
        order = np.lexsort([origin != np.arange(len(origin)), origin])
        self._groups = np.split(order, np.flatnonzero(np.diff(origin[order])) + 1)
        self._samples = np.array([group[0] for group in self._groups])
        weight = self.design.weight
        # What each counts for beside the others, with its copies.
        self._times = weight.sum() / weight[self._samples].sum()

    def blocks(
        self, alpha: float, factor: Factor, solution: np.ndarray
    ) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
        """Numerators of the errors, and the denominators of some rows, a matrix."""
        raise NotImplementedError

    def _scored(self, alpha: float) -> float:
        shift, factor = self._factor(alpha)
        self.solutions[alpha] = solution = factor.solve(self.right)
        numerators, block = self.blocks(shift, factor, solution)
        errors = [np.linalg.solve(block(rows), numerators[rows])[0] for rows in self._groups]
        self._errors[alpha] = np.array(errors)
        return -float(self._times * np.mean(self._errors[alpha] ** 2))

    def left_out(self, alpha: float) -> LeftOut:
        """As of :class:`~skliquid.readouts._ridge_trials.Trial`, for the samples alone."""
        design, enough = self.design, enough_of(len(self._groups))
        rows = self._samples[enough]
        targets, errors = design.Y[rows], self._errors[alpha][enough] / design.root[rows, None]
        return LeftOut(targets - errors, targets, self._times * design.weight[rows])


class _SampleCopies(_Copies, SampleTrial):
    def blocks(
        self, alpha: float, factor: Factor, solution: np.ndarray
    ) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
        inverse = factor.solve(np.eye(len(solution)))
        root = np.sqrt(self.design.share / (self._ballast + alpha))
        return (
            solution,
            lambda rows: inverse[np.ix_(rows, rows)] - np.outer(root[rows], root[rows]),
        )


class _FeatureCopies(_Copies, FeatureTrial):
    def blocks(
        self, alpha: float, factor: Factor, solution: np.ndarray
    ) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
        design, root = self.design, np.sqrt(self.design.share)
        whitened = design.part(slice(None), slice(None), factor.dtype, "F")
        factor.whiten(whitened)

        def block(rows: np.ndarray) -> np.ndarray:
            part = np.column_stack([whitened[rows], root[rows]])
            return np.asarray(np.eye(len(rows)) - part @ part.T)

        return design.targets - design.times(solution), block
