"""A fitted ridge regression, and its outputs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ._blocks import CACHED, slices
from ._ridge_masking import Unmasking
from ._ridge_probabilities import LeftOut

# Features that are multiplied at once: so few that the weights stay in the cache from sample to
# sample, and that BLAS never shares out a product of two vectors among its threads.
_SPAN = 2048


@dataclass(frozen=True)
class RidgeFit:
    """A ridge regression.

    Parameters
    ----------
    alpha : float
        The penalty.
    score : float
        Negative mean squared error by which it was chosen.
    coef : ndarray of shape (n_targets, n_features)
        Weights of the features as given.
    intercept : ndarray of shape (n_targets,)
        Constants.
    limits : tuple of two ndarrays of shape (n_features,), default=None
        Lowest and highest value that each feature is taken to have; None for any.
    left_out : LeftOut, default=None
        Training samples as the models without them see them, until what it is for is found.
    temperature : float, default=None
        Temperature of the probabilities of classes.
    group_weights : ndarray of shape (n_groups,), default=None
        Weights of the groups of features.
    standardize : bool or "residual", default=False
        How features are scaled.
    is_unmasked : bool, default=False
        Whether discriminants took the place of the outputs.
    has_copies : bool, default=False
        Whether copies of samples were made use of.
    """

    alpha: float
    score: float
    coef: np.ndarray
    intercept: np.ndarray
    limits: tuple[np.ndarray, np.ndarray] | None = None
    left_out: LeftOut | None = None
    temperature: float | None = None
    group_weights: np.ndarray | None = None
    standardize: bool | str = False
    is_unmasked: bool = False
    has_copies: bool = False

    def outputs(self, X: np.ndarray) -> np.ndarray:
        """Outputs of shape (n_samples, n_targets), the same bits for a sample in any company."""
        kind = np.result_type(X, self.coef, *(self.limits or ()))
        outputs = np.empty((len(X), len(self.coef)), kind)
        for rows in slices(len(X), X.itemsize * X.shape[1], CACHED):
            block = np.ascontiguousarray(X[rows])
            if self.limits:
                block = np.clip(block, *self.limits)
            outputs[rows] = self.intercept + _row_products(block, self.coef)
        return outputs


def unmasked(model: RidgeFit, by: Unmasking) -> RidgeFit:
    """Let discriminants take the place of outputs."""
    return replace(
        model,
        coef=np.ascontiguousarray(by.discriminants.turn.T @ model.coef),
        intercept=by.discriminants.of(model.intercept),
        left_out=by.left_out,
        is_unmasked=True,
    )


def _row_products(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Compute ``rows @ others.T`` of C-ordered arrays so that no row depends on the others.

    Which sums BLAS takes together in a product of matrices depends on how many rows there are.
    """
    result = np.zeros((len(rows), len(others)), np.result_type(rows, others))
    for start in range(0, rows.shape[1], _SPAN):
        span = slice(start, start + _SPAN)
        result += np.vecdot(rows[:, None, span], others[:, span])
    return result
