"""Ridge regressions without a fold of the samples, which judges what is chosen before the fit.

Samples are shared out among the folds by what they are, so that their order counts for nothing,
and so that each fold has its part of every class, or of the range of the targets.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.linalg import eigh

from ._ridge_design import Design, WholeDesign
from ._ridge_moments import Moments, Standardize
from ._ridge_retained import codes
from ._ridge_trials import sample_gram, trace_of
from ._threads import serial_blas

N_FOLDS = 5


class Folds:
    """The samples that judge, and the regressions without a fold of them.

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
    """

    def __init__(
        self,
        X: np.ndarray,
        Y: np.ndarray,
        weight: np.ndarray,
        alphas: np.ndarray,
        *,
        centre: bool,
        gain: np.ndarray | None,
    ) -> None:
        if gain is not None and not gain.all():
            X, gain = X[:, gain > 0], gain[gain > 0]
        self.Y, self.weight, self.alphas = Y, weight, alphas
        self._X, self._centre, self._gain = X, centre, gain
        self._fold = _folds(X, Y)
        self._fitted: dict[Standardize, list[Regression]] = {}

    @property
    def suffice(self) -> bool:
        """Whether there are two samples for each fold, and more samples than targets beside it."""
        n_samples, n_targets = self.Y.shape
        return n_samples >= 2 * N_FOLDS and n_targets < n_samples - n_samples // N_FOLDS

    def regressions(self, standardize: Standardize) -> list[Regression]:
        """Fit without each of the folds.

        Parameters
        ----------
        standardize : bool or "residual"
            As of :class:`WholeDesign`; residual scales are those of the samples outside of the
            fold.

        Returns
        -------
        list of Regression
            One of each fold.
        """
        if standardize not in self._fitted:
            self._fitted[standardize] = self._fit(standardize)
        return self._fitted[standardize]

    def errors(self, standardize: Standardize) -> np.ndarray:
        """Weighted squared errors by penalty and sample, means over the targets."""
        errors = np.empty((len(self.alphas), len(self.Y)))
        with np.errstate(over="ignore", invalid="ignore"):  # which is for the fit to name
            for each in self.regressions(standardize):
                of_test = np.array([each.outputs(alpha) for alpha in self.alphas])
                squares = (of_test - self.Y[each.test]) ** 2
                errors[:, each.test] = self.weight[each.test] * squares.mean(axis=2)
        return errors

    def _fit(self, standardize: Standardize) -> list[Regression]:
        Y, weight, is_residual = self.Y, self.weight, standardize == "residual"
        design = WholeDesign(
            self._X,
            Y,
            weight,
            centre=self._centre,
            standardize=bool(standardize),
            gain=self._gain,
        )
        of_all = None if is_residual else _inner(design)
        fitted: dict[int, Regression] = {}

        def fit(i: int) -> None:
            train, test = np.flatnonzero(self._fold != i), np.flatnonzero(self._fold == i)
            inner = of_all
            if inner is None:
                rest = Moments.of(self._X[train], Y[train], weight[train]).residual()
                frame = replace(design.frame, scale=design.frame.scale * rest)
                inner = _inner(Design(self._X, Y, weight, frame))
            fitted[i] = Regression(inner, Y, weight, train, test, centre=self._centre)

        serial_blas.each(fit, ((i,) for i in range(N_FOLDS)))
        return [fitted[i] for i in range(N_FOLDS)]


def _folds(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Fold of each sample: in the order of targets, and among equal ones of codes, in turn."""
    order = np.lexsort([codes(X, Y), *Y.T])
    fold = np.empty(len(X), int)
    fold[order] = np.arange(len(X)) % N_FOLDS
    return fold


def _inner(design: Design) -> np.ndarray:
    """Inner products of samples, without their weights."""
    gram = sample_gram(design, np.float64)
    trace_of(gram.diagonal())  # which names what is too large
    return gram.dense() / design.root / design.root[:, None]


class Regression:
    """A regression by some samples, of others, with any penalty.

    Parameters
    ----------
    inner : ndarray of shape (n_samples, n_samples)
        Inner products of all samples.
    Y : ndarray of shape (n_samples, n_targets)
        Their targets.
    weight : ndarray of shape (n_samples,)
        Their weights.
    train, test : ndarray of int
        Which are those by which, and those of which.
    centre : bool
        Whether there are constants.
    """

    def __init__(
        self,
        inner: np.ndarray,
        Y: np.ndarray,
        weight: np.ndarray,
        train: np.ndarray,
        test: np.ndarray,
        *,
        centre: bool,
    ) -> None:
        self.test, self._Y, self._weight = test, Y[train], weight[train]
        self._share = self._weight / self._weight.sum() if centre else np.zeros(len(train))
        with np.errstate(over="ignore", invalid="ignore"):
            known, asked = inner[np.ix_(train, train)], inner[np.ix_(test, train)]
            to_mean = known @ self._share
            known = known - to_mean - to_mean[:, None] + self._share @ to_mean
            asked = asked - to_mean - (asked @ self._share)[:, None] + self._share @ to_mean
            self._root, self._target = np.sqrt(self._weight), self._share @ self._Y
            root = self._root[:, None]
            values, self._vectors = eigh(root * known * self._root, driver="evd")
            self._values = np.maximum(values, 0.0)[:, None]
            self._right = self._vectors.T @ (root * (self._Y - self._target))
            self._seen = (asked * self._root) @ self._vectors

    def outputs(self, alpha: float) -> np.ndarray:
        """Outputs for the samples that are asked for, with a penalty."""
        right = self._right / (self._values + self._above_rounding(alpha))
        return np.asarray(self._seen @ right + self._target)

    def _above_rounding(self, alpha: float) -> float:
        """A penalty that, as in `Trial`, is not below the rounding of the sums."""
        return max(alpha, float(np.finfo(np.float64).eps * self._values.sum()))
