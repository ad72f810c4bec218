"""Ridge regression from sums over the samples, which can be taken in parts and in any order.

The sums of a part are those about its own means; two parts are joined by the update of Chan et
al. [1]_, so that nothing cancels however far the features are from zero. The samples are gone
then, and with them the leave-one-out errors. Generalised cross-validation [2]_, which gives every
sample the mean leverage, needs only the sums::

    GCV(alpha) = n RSS / (n - tr H)^2,   tr H = p - alpha tr (G + alpha I)^-1 + 1

with the residual sum of squares RSS and the Gram matrix G of the p features.

References
----------
.. [1] Chan, Golub, LeVeque. "Algorithms for computing the sample variance: analysis and
   recommendations", The American Statistician 37(3), 1983.
.. [2] Golub, Heath, Wahba. "Generalized cross-validation as a method for choosing a good ridge
   parameter", Technometrics 21(2), 1979.
"""

from __future__ import annotations

from copy import deepcopy

import numpy as np

from ._panels import NotDefiniteError, Panels, product
from ._ridge_design import Design, scales
from ._ridge_loo import RidgeFit, best_of, search


class RidgeSums:
    """Sums over samples that a ridge regression needs; those of several parts can be added.

    Parameters
    ----------
    n_features : int
        Number of features, p.
    n_targets : int
        Number of targets, k.

    Attributes
    ----------
    n_samples : int
        Samples of positive weight.
    weight : float
        Sum of the weights.
    mean, target_mean : ndarray of shape (p,) and (k,)
        Weighted means.
    gram : Panels of order p
        Weighted products of the features' deviations from their means.
    cross : ndarray of shape (p, k)
        The same of features and targets.
    squares : ndarray of shape (k,)
        Weighted squared deviations of the targets.
    """

    def __init__(self, n_features: int, n_targets: int) -> None:
        self.n_samples, self.weight = 0, 0.0
        self.mean, self.target_mean = np.zeros(n_features), np.zeros(n_targets)
        self.gram = Panels(n_features)
        self.cross, self.squares = np.zeros((n_features, n_targets)), np.zeros(n_targets)

    def add(self, X: np.ndarray, Y: np.ndarray, weight: np.ndarray) -> None:
        """Add samples.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Features.
        Y : ndarray of shape (n_samples, n_targets)
            Targets.
        weight : ndarray of shape (n_samples,)
            Weights.
        """
        kept = weight > 0
        if not kept.all():
            X, Y, weight = X[kept], Y[kept], weight[kept]
        if not len(X):
            return
        design = Design(X, Y, weight, centre=True, standardize=False)
        for rows, block in design.sample_blocks():
            self.gram.add_gram(block)
            self.cross += product(block, design.targets[rows], transposed=True)
        self.squares += (design.targets**2).sum(axis=0)
        self._join(len(X), float(weight.sum()), design.mean, design.target_mean)

    def merge(self, other: RidgeSums) -> None:
        """Add the sums of other samples."""
        self.gram.add(other.gram)
        self.cross += other.cross
        self.squares += other.squares
        self._join(other.n_samples, other.weight, other.mean, other.target_mean)

    def __add__(self, other: RidgeSums) -> RidgeSums:
        total = deepcopy(self)
        total.merge(other)
        return total

    def _join(
        self, n_samples: int, weight: float, mean: np.ndarray, target_mean: np.ndarray
    ) -> None:
        """Take in how far the means of a part, whose own sums are added, are from ours."""
        if not n_samples:
            return
        total = self.weight + weight
        apart, targets_apart = mean - self.mean, target_mean - self.target_mean
        joint = self.weight * weight / total
        self.gram.add_gram(np.asfortranarray(np.sqrt(joint) * apart[None]))
        self.cross += joint * np.outer(apart, targets_apart)
        self.squares += joint * targets_apart**2
        self.mean += weight / total * apart
        self.target_mean += weight / total * targets_apart
        self.n_samples, self.weight = self.n_samples + n_samples, total


class _Equations:
    """The normal equations of centred or raw, standardised or plain features."""

    def __init__(self, sums: RidgeSums, *, centre: bool, standardize: bool) -> None:
        deviations = sums.gram.diagonal()
        self.scale = np.ones(len(deviations))
        if standardize:
            self.scale = scales(sums.mean, deviations, sums.weight, sums.n_samples)
        self.gram = sums.gram.scaled(1 / self.scale)
        self.cross, self.squares = sums.cross / self.scale[:, None], sums.squares
        self.n_samples, self.n_constants = sums.n_samples, int(centre)
        if not centre:
            mean = sums.mean / self.scale
            self.gram.add_gram(np.asfortranarray(np.sqrt(sums.weight) * mean[None]))
            self.cross = self.cross + sums.weight * np.outer(mean, sums.target_mean)
            self.squares = self.squares + sums.weight * sums.target_mean**2
        self.rounding = float(np.finfo(np.float64).eps * self.gram.diagonal().sum())

    def solve(self, alpha: float) -> tuple[np.ndarray, float]:
        """Weights of the scaled features, and the negative of the generalised error."""
        while True:
            try:
                factor = self.gram.cholesky(alpha)
                break
            except NotDefiniteError:
                alpha = max(2 * alpha, self.rounding)
        solution = factor.solve(self.cross)
        n, residual = self.n_samples, self.squares - (solution * self.cross).sum(axis=0)
        residual = residual - alpha * (solution**2).sum(axis=0)
        spare = n - self.n_constants - self.gram.order + alpha * factor.inverse_diagonal().sum()
        return solution, -float(np.mean(residual)) * n / spare**2


def fit_sums(
    sums: RidgeSums, alphas: np.ndarray, *, fit_intercept: bool, standardize: bool
) -> RidgeFit:
    """Fit with the penalty of the least generalised cross-validation error.

    Parameters
    ----------
    sums : RidgeSums
        Sums over all samples.
    alphas : ndarray of shape (n_alphas,)
        Penalties, all positive.
    fit_intercept : bool
        Whether to fit constants.
    standardize : bool
        Whether features are divided by their standard deviation.

    Returns
    -------
    RidgeFit
        The model.
    """
    equations = _Equations(sums, centre=fit_intercept, standardize=standardize)
    scores = search(lambda i: equations.solve(alphas[i])[1], alphas)
    best = best_of(scores)
    solution, score = equations.solve(alphas[best])
    coef = (solution / equations.scale[:, None]).T
    intercept = (sums.target_mean - coef @ sums.mean) * fit_intercept
    return RidgeFit(float(alphas[best]), score, coef, intercept)
