"""Whether it pays to scale features by what the targets leave of them: told by folds.

Residual scales (:meth:`~skliquid.readouts._ridge_moments.Moments.residual`) know the targets of
the samples that they are made of, so that no leave-one-out error says whether they pay. Those that
judge are shared out among folds, each with its part of every class, or of the range of the
targets. The scales are made without a fold, a ridge regression is fitted without it, and its
targets judge, at the best penalty of all folds. Residual scales pay where the errors of the
samples are less by more than two of the standard errors of their mean difference, much as one is
asked for to keep the simpler of two models [1]_: where both do about the same, either can be the
worse for samples to come.

The samples are shared out by what they are, so that their order counts for nothing.

References
----------
.. [1] Hastie, Tibshirani, Friedman. "The elements of statistical learning", 2nd edition, Springer,
   2009, section 7.10.2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import eigh

from ._ridge_design import Design, WholeDesign
from ._ridge_moments import Moments
from ._ridge_retained import codes
from ._ridge_trials import CLEARLY, sample_gram
from ._threads import serial_blas

N_FOLDS = 5
# Standard errors that a gain must have.
_N_ERRORS = 2.0


def residual_pays(
    X: np.ndarray,
    Y: np.ndarray,
    weight: np.ndarray,
    alphas: np.ndarray,
    *,
    centre: bool,
    gain: np.ndarray | None,
) -> bool:
    """Tell whether features are clearly better scaled by residuals than by deviations.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features.
    Y : ndarray of shape (n_samples, n_targets)
        Targets.
    weight : ndarray of shape (n_samples,)
        Weights of the samples, all positive.
    alphas : ndarray of shape (n_alphas,)
        Penalties.
    centre : bool
        As of :class:`WholeDesign`.
    gain : ndarray of shape (n_features,) or None
        The same.

    Returns
    -------
    bool
        Whether they are; False where there are fewer samples than two for each fold, or as many
        targets as samples outside of one.
    """
    # Of as many targets as samples a regression leaves nothing.
    if len(X) < 2 * N_FOLDS or Y.shape[1] >= len(X) - len(X) // N_FOLDS:
        return False
    if gain is not None and not gain.all():
        X, gain = X[:, gain > 0], gain[gain > 0]
    design = WholeDesign(X, Y, weight, centre=centre, standardize=True, gain=gain)
    fold = _folds(X, Y)
    plain = _Kernel.of(design)
    errors = np.empty((2, len(alphas), len(X)))

    def judge(i: int) -> None:
        train, test = np.flatnonzero(fold != i), np.flatnonzero(fold == i)
        rest = Moments.of(X[train], Y[train], weight[train]).residual()
        frame = replace(design.frame, scale=design.frame.scale * rest)
        residual = _Kernel.of(Design(X, Y, weight, frame))
        for k, kernel in enumerate((plain, residual)):
            errors[k][:, test] = kernel.errors(train, test, alphas, centre=centre)

    serial_blas.each(judge, ((i,) for i in range(N_FOLDS)))
    return _is_clear(errors)


@np.errstate(over="ignore", invalid="ignore")  # of targets too large, which is for the fit to name
def _is_clear(errors: np.ndarray) -> bool:
    """Tell whether the second errors, at the best penalty of each, are clearly less."""
    of_deviations, of_residuals = (each[each.sum(axis=1).argmin()] for each in errors)
    gained = of_deviations - of_residuals
    doubt = _N_ERRORS * np.sqrt(len(gained)) * gained.std()
    return bool(gained.sum() > max(doubt, CLEARLY * of_deviations.sum()))


def _folds(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Fold of each sample: in the order of targets, and among equal ones of codes, in turn."""
    order = np.lexsort([codes(X, Y), *Y.T])
    fold = np.empty(len(X), int)
    fold[order] = np.arange(len(X)) % N_FOLDS
    return fold


@dataclass(frozen=True)
class _Kernel:
    """Inner products of samples, and their targets and weights."""

    inner: np.ndarray
    Y: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(cls, design: Design) -> _Kernel:
        root = design.root
        return cls(
            sample_gram(design, np.float64).dense() / root / root[:, None], design.Y, design.weight
        )

    @np.errstate(over="ignore", invalid="ignore")
    def errors(
        self, train: np.ndarray, test: np.ndarray, alphas: np.ndarray, *, centre: bool
    ) -> np.ndarray:
        """Weighted squared errors of some samples by a model of others, for each penalty."""
        weight = self.weight[train]
        share = weight / weight.sum() if centre else np.zeros(len(train))
        known, asked = self.inner[np.ix_(train, train)], self.inner[np.ix_(test, train)]
        to_mean = known @ share
        known = known - to_mean - to_mean[:, None] + share @ to_mean
        asked = asked - to_mean - (asked @ share)[:, None] + share @ to_mean
        root, target = np.sqrt(weight), share @ self.Y[train]
        values, vectors = eigh(root[:, None] * known * root, driver="evd")
        values = np.maximum(values, 0.0)[:, None]
        # As in `Trial`, no penalty is below the rounding of the sums.
        alphas = np.maximum(alphas, np.finfo(np.float64).eps * values.sum())
        right = vectors.T @ (root[:, None] * (self.Y[train] - target))
        seen = (asked * root) @ vectors
        rests = np.array([seen @ (right / (values + a)) + target - self.Y[test] for a in alphas])
        return np.asarray(self.weight[test] * (rests**2).mean(axis=2))
