"""Ridge regression from sums over the samples, which can be taken in parts and in any order.

The sums of a part are those about its own means; two parts are joined by the update of Chan et
al. [1]_, so that nothing cancels however far the features are from zero. The model is that of all
samples. Its leave-one-out errors follow, sample by sample, from the sums and the sample, but the
samples are gone by then, except for some that are retained. Of these the errors e_i and residuals
r_i are computed, of all samples the residual sum of squares RSS, which only needs sums, and the
penalty is chosen by ::

    mean e^2 = RSS / n * (sum of e_i^2) / (sum of r_i^2)

a ratio estimate [2]_: exact where all samples are retained, and nearly so wherever leverages are
alike. Where they are equal it is generalised cross-validation.

References
----------
.. [1] Chan, Golub, LeVeque. "Algorithms for computing the sample variance: analysis and
   recommendations", The American Statistician 37(3), 1983.
.. [2] Cochran. "Sampling techniques", 3rd edition, Wiley, 1977, chapter 6.
"""

from __future__ import annotations

from copy import copy, deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ._panels import Factor, Panels
from ._ridge_design import Design, Frame, WholeDesign, scaled_by
from ._ridge_loo import LARGE, VERY_LARGE, fit_precisely, scouted
from ._ridge_model import RidgeFit
from ._ridge_moments import MOST_TARGETS, Moments, Standardize
from ._ridge_retained import Retained
from ._ridge_trials import FeatureTrial, trace_of
from ._threads import serial_blas


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
    spread : Moments
        Moments of features, and of targets where they are not too many, for standardising.
    limits : tuple of two ndarrays of shape (p,)
        Lowest and highest value of each feature.
    retained : Retained
        Some of the samples.
    """

    def __init__(self, n_features: int, n_targets: int) -> None:
        self.n_samples, self.weight = 0, 0.0
        self.mean, self.target_mean = np.zeros(n_features), np.zeros(n_targets)
        self.gram = Panels(n_features)
        self.cross, self.squares = np.zeros((n_features, n_targets)), np.zeros(n_targets)
        self.spread = Moments.none(n_features, n_targets if n_targets <= MOST_TARGETS else 0)
        self.limits = np.full(n_features, np.inf), np.full(n_features, -np.inf)
        self.retained = Retained(n_features, n_targets)

    def add(
        self, X: np.ndarray, Y: np.ndarray, weight: np.ndarray, scale_weight: np.ndarray
    ) -> None:
        """Add samples.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Features.
        Y : ndarray of shape (n_samples, n_targets)
            Targets.
        weight : ndarray of shape (n_samples,)
            Weights.
        scale_weight : ndarray of shape (n_samples,)
            Weights in the standard deviations of the features.
        """
        kept = weight > 0
        if not kept.all():
            X, Y, weight, scale_weight = X[kept], Y[kept], weight[kept], scale_weight[kept]
        if not len(X):
            return
        with serial_blas:
            design = WholeDesign(X, Y, weight, centre=True, standardize=False)
            apart = self._apart(design.frame.weight, design.frame.mean)

            def block(rows: slice) -> np.ndarray:
                # With the last rows, as the matrix is large to go through once more.
                below = apart if rows.stop == len(X) else None
                return design.part(rows, slice(None), np.float64, "F", below)

            self.gram.add_grams(block, len(X))
            self.cross += design.transposed_times(design.targets)
            self.squares += (design.targets**2).sum(axis=0)
            self._join(len(X), design.frame.weight, design.frame.mean, design.frame.target_mean)
            told = Y[:, : len(self.spread.target_mean)]
            self.spread.join(Moments.of(X, told, scale_weight))
        self._widen(extremes(X))
        self.retained.add(X, Y, weight)

    def merge(self, other: RidgeSums) -> None:
        """Add the sums of other samples."""
        with serial_blas:
            self.gram.add(other.gram)
            self.cross += other.cross
            self.squares += other.squares
            if other.n_samples:
                self.gram.add_gram(np.asfortranarray(self._apart(other.weight, other.mean)))
            self._join(other.n_samples, other.weight, other.mean, other.target_mean)
        self.spread.join(other.spread)
        self._widen(other.limits)
        self.retained.merge(other.retained)

    def apart(self) -> RidgeSums:
        """Copy what is changed in place, which may be mapped from a file."""
        own = copy(self)
        for name in ("mean", "target_mean", "gram", "cross", "squares", "spread"):
            setattr(own, name, deepcopy(getattr(self, name)))
        own.retained = copy(self.retained)
        return own

    def _apart(self, weight: float, mean: np.ndarray) -> np.ndarray:
        """How far the means of a part are from ours, as a row to be multiplied with itself."""
        return np.asarray(np.sqrt(self._joint(weight)) * (mean - self.mean)[None])

    def _joint(self, weight: float) -> float:
        return self.weight * weight / (self.weight + weight)

    def _join(
        self, n_samples: int, weight: float, mean: np.ndarray, target_mean: np.ndarray
    ) -> None:
        """Take in the means of a part, of which the features' products are added apart."""
        if not n_samples:
            return
        total = self.weight + weight
        apart, targets_apart = mean - self.mean, target_mean - self.target_mean
        joint = self._joint(weight)
        self.cross += joint * np.outer(apart, targets_apart)
        self.squares += joint * targets_apart**2
        self.mean += weight / total * apart
        self.target_mean += weight / total * targets_apart
        self.n_samples, self.weight = self.n_samples + n_samples, total

    def _widen(self, limits: tuple[np.ndarray, np.ndarray]) -> None:
        self.limits = np.minimum(self.limits[0], limits[0]), np.maximum(self.limits[1], limits[1])


def extremes(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest value of each column."""
    return X.min(axis=0), X.max(axis=0)


@dataclass(frozen=True)
class _Scaled:
    """Sums in other units, of which nothing but factors is ever held.

    Parameters
    ----------
    gram : Panels of order p
        Products of features.
    scale : ndarray of shape (p,)
        What each feature is divided by.
    offset : ndarray of shape (p,)
        Its mean thereafter, times the root of the weight, which is added to the products.
    dtype : dtype
        float64 or float32, for the factors.
    """

    gram: Panels
    scale: np.ndarray
    offset: np.ndarray
    dtype: np.dtype

    @np.errstate(over="ignore")  # in the lesser precision, which the trace shows
    def diagonal(self) -> np.ndarray:
        """As of :class:`Panels`, in the precision of the factors."""
        diagonal = self.gram.diagonal() / self.scale**2 + self.offset**2
        return np.asarray(diagonal.astype(self.dtype))

    def times(self, vectors: np.ndarray) -> np.ndarray:
        """Multiply by columns, shape (p, n_columns), in float64."""
        inverse = 1 / self.scale[:, None]
        deviations = inverse * self.gram.times(inverse * vectors)
        return np.asarray(deviations + np.outer(self.offset, self.offset @ vectors))

    def cholesky(self, alpha: float) -> Factor:
        """As of :class:`Panels`."""
        made = self.gram.scaled(1 / self.scale, self.dtype)
        if self.offset.any():
            with np.errstate(over="ignore"):  # as in `Panels.scaled`
                made.add_gram(np.asfortranarray(self.offset[None], self.dtype))
        return made.to_factor(alpha)


class _SumsTrial(FeatureTrial):
    """Trial by sums, for centred or raw, standardised or plain features.

    Parameters
    ----------
    sums : RidgeSums
        Sums over all samples.
    centre : bool
        As of :class:`WholeDesign`.
    standardize : bool or "residual"
        The same.
    gain : ndarray of shape (p,) or None
        The same.
    dtype : dtype
        float64 or float32.
    """

    def __init__(
        self,
        sums: RidgeSums,
        *,
        centre: bool,
        standardize: Standardize,
        gain: np.ndarray | None,
        dtype: DTypeLike,
    ) -> None:
        scale = scaled_by(gain, sums.spread.scales(standardize))
        frame = Frame(sums.mean, sums.target_mean, scale, sums.weight)
        cross, offset = sums.cross / scale[:, None], np.zeros(len(scale))
        self._sums, self._squares = sums, sums.squares
        if not centre:
            mean = frame.mean / scale
            offset = np.sqrt(sums.weight) * mean
            cross = cross + sums.weight * np.outer(mean, frame.target_mean)
            self._squares = sums.squares + sums.weight * frame.target_mean**2
            frame = Frame(0 * mean, 0 * frame.target_mean, scale, np.inf)
        kept = sums.retained
        self._has_all, self._gram = kept.is_all, _Scaled(sums.gram, scale, offset, np.dtype(dtype))
        design, trace = Design(kept.X, kept.Y, kept.weight, frame), trace_of(self._gram.diagonal())
        super().__init__(design, self._gram, cross, trace)

    def judged(self, alpha: float, residual: np.ndarray, errors: np.ndarray) -> float:
        """Score by the errors, in the proportion in which all residuals are to those retained."""
        score = super().judged(alpha, residual, errors)
        if self._has_all or not score:
            return score
        # Means over samples: their number is not known where copies were counted as one.
        squares = self._residual_squares(self.solutions[alpha]) / residual.shape[1]
        mean_square = squares / self._sums.weight * self.design.weight.mean()
        return score / float(np.mean(residual**2)) * mean_square

    def growth_beyond(
        self, alpha: float, solution: np.ndarray, falling: np.ndarray, growth: float
    ) -> float:
        """Replace the derivative of the retained residuals' by that of all."""
        of_all = 2 * alpha * float((solution * falling).sum()) / self._residual_squares(solution)
        return 0.0 if self._has_all else of_all - growth

    def _residual_squares(self, solution: np.ndarray) -> float:
        """Residual sum of squares of all samples and targets.

        The square of a solution's rounding error is all that it has in it.
        """
        solution = solution.astype(np.float64)
        rest = self._squares - (solution * (2 * self.right - self.times(solution))).sum(axis=0)
        return float(np.maximum(rest, np.finfo(np.float64).eps * self._squares).sum())

    def times(self, vectors: np.ndarray) -> np.ndarray:
        """Multiply by A^T A, in float64."""
        return self._gram.times(vectors)


def fit_sums(
    sums: RidgeSums,
    alphas: np.ndarray,
    *,
    centre: bool,
    standardize: Standardize,
    gain: np.ndarray | None = None,
) -> RidgeFit:
    """Fit with the penalty of the least leave-one-out error, as the retained samples have it.

    Parameters
    ----------
    sums : RidgeSums
        Sums over all samples.
    alphas : ndarray of shape (n_alphas,)
        Penalties, all positive.
    centre : bool
        Whether to fit constants.
    standardize : bool or "residual"
        Whether features are divided by their standard deviation, or by what targets leave of it.
    gain : ndarray of shape (p,) or None, default=None
        What each feature is then multiplied by; None is 1.

    Returns
    -------
    RidgeFit
        The model.
    """
    options: dict[str, Any] = {"centre": centre, "standardize": standardize, "gain": gain}
    cube, kept, guess = sums.gram.order**3, sums.retained, None
    with serial_blas:
        if cube > LARGE:
            guess = scouted(WholeDesign(kept.X, kept.Y, kept.weight, **options), alphas)
        return fit_precisely(
            lambda dtype: _SumsTrial(sums, **options, dtype=dtype),
            alphas,
            guess,
            is_very_large=cube > VERY_LARGE,
        )
