"""What the ridge readouts share, whatever their targets are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.linear_model import RidgeCV
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from .._checks import check_real
from ._ridge_design import Design
from ._ridge_loo import RidgeFit, fit_ridge
from ._ridge_sums import RidgeSums, fit_sums
from ._samples import merge_duplicates

# Penalties among which the ridge readouts choose.
ALPHAS = tuple(np.logspace(-2, 5, 8))
# Up to as many samples one decomposition into eigenvectors is as fast as factors for some of the
# penalties.
_FEW = 2500


class RidgeReadout(BaseEstimator):
    """A model that is fitted at once, or from parts when it is first asked for."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "alphas": ["array-like"],
        "fit_intercept": ["boolean"],
        "standardize": ["boolean"],
    }

    n_features_in_: int
    n_samples_seen_: int
    _n_targets: int
    _model: RidgeFit
    _rows: list[tuple[np.ndarray, np.ndarray, np.ndarray]]
    _sums: RidgeSums | None

    def __init__(
        self, alphas: Any = ALPHAS, *, fit_intercept: bool = True, standardize: bool = False
    ) -> None:
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.standardize = standardize

    def _penalties(self) -> np.ndarray:
        values = np.atleast_1d(self.alphas).tolist()
        if not values:
            raise ValueError(f"alphas must hold at least one penalty, got {self.alphas!r}.")
        return np.array(
            [check_real("each of alphas", value, 0, closed="neither") for value in values]
        )

    def _validated(self, X: Any, y: Any, *, reset: bool, n_least: int) -> Any:
        return validate_data(
            self,
            X,
            y,
            reset=reset,
            dtype=[np.float64, np.float32],
            ensure_min_samples=n_least,
            **self._kinds_of_targets(),
        )

    def _kinds_of_targets(self) -> dict[str, bool]:
        return {}

    def _fit_whole(self, X: np.ndarray, Y: np.ndarray, weight: np.ndarray) -> None:
        """Choose the penalty by leave-one-out and fit."""
        if not weight.any():
            raise ValueError("sample_weight must be positive for a sample, but all are zero.")
        X, Y, weight = _distinct(X, Y, weight)
        design = Design(X, Y, weight, centre=self.fit_intercept, standardize=self.standardize)
        if len(X) <= _FEW and not self.standardize and np.isfinite(design.trace):
            self._model = self._by_eigenvectors(X, Y, weight)
            return
        self._model = _in_dtype(fit_ridge(design, self._penalties()), X.dtype)

    def _by_eigenvectors(self, X: np.ndarray, Y: np.ndarray, weight: np.ndarray) -> RidgeFit:
        """Have scikit-learn try all penalties with one decomposition, for a few samples."""
        ridge = RidgeCV(alphas=self._penalties(), fit_intercept=self.fit_intercept)
        ridge.fit(X, Y, sample_weight=weight)
        coef = ridge.coef_.reshape(Y.shape[1], X.shape[1])
        intercept = np.broadcast_to(ridge.intercept_, Y.shape[1]).astype(X.dtype)
        return RidgeFit(float(ridge.alpha_), float(ridge.best_score_), coef, intercept)

    def _forget_parts(self) -> None:
        for name in ("n_samples_seen_", "_rows", "_sums", "_model"):
            self.__dict__.pop(name, None)

    def _has_parts(self) -> bool:
        return hasattr(self, "n_samples_seen_")

    def _add_part(self, X: np.ndarray, Y: np.ndarray, sample_weight: Any) -> None:
        """Add a part: to the samples, or once they outnumber the features to the sums."""
        if not self._has_parts():
            self._forget_parts()
            self.n_samples_seen_, self._rows, self._sums = 0, [], None
        self.__dict__.pop("_model", None)
        self._rows.append((X.copy(), Y, checked_weights(sample_weight, X)))
        self.n_samples_seen_ += len(X)
        if self.n_samples_seen_ > X.shape[1]:
            self._sums = self._sums or RidgeSums(X.shape[1], Y.shape[1])
            for part in self._rows:
                self._sums.add(*part)
            self._rows = []

    def _solved(self) -> RidgeFit:
        """Return the model, computed from the parts where it is outdated."""
        check_is_fitted(self, "n_features_in_")
        if hasattr(self, "_model"):
            return self._model
        if self._sums is None:
            self._fit_whole(*(np.concatenate(parts) for parts in zip(*self._rows, strict=True)))
        else:
            options = {"fit_intercept": self.fit_intercept, "standardize": self.standardize}
            self._model = fit_sums(self._sums, self._penalties(), **options)
        return self._model

    @property
    def alpha_(self) -> float:
        """Chosen penalty."""
        return self._solved().alpha

    @property
    def best_score_(self) -> float:
        """Negative mean squared error by which the penalty was chosen."""
        return self._solved().score

    @property
    def coef_(self) -> np.ndarray:
        """Weights of the features."""
        return self._solved().coef

    @property
    def intercept_(self) -> np.ndarray:
        """Constants."""
        return self._solved().intercept

    def _outputs(self, X: Any) -> np.ndarray:
        """Outputs for validated features, shape (n_samples, n_targets)."""
        model = self._solved()
        X = validate_data(self, X, reset=False, dtype=[np.float64, np.float32])
        outputs: np.ndarray = X @ model.coef.T + model.intercept
        return outputs


def checked_weights(sample_weight: Any, X: np.ndarray) -> np.ndarray:
    """Weights in float64, ones if there are none."""
    checked: np.ndarray = _check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True
    )
    return checked


def _distinct(
    X: np.ndarray, Y: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count identical samples as one with their weights summed, and drop those of weight 0."""
    # The sum of its features is the same in every copy of a sample, and soon computed.
    if weight.all() and len(np.unique(X.sum(axis=1))) == len(X):
        return X, Y, weight
    kept, total = merge_duplicates(X, Y, weight)
    return X[kept], Y[kept], np.asarray(total)


def _in_dtype(model: RidgeFit, dtype: Any) -> RidgeFit:
    """Model with weights in the precision of the features that it is for."""
    return replace(model, coef=model.coef.astype(dtype), intercept=model.intercept.astype(dtype))
