"""Groups of features with penalties of their own, chosen by the leave-one-out error.

With weights c of the groups, the penalty on the coefficients of group g is ``alpha / c_g``::

    min  |sqrt(s) (Y - X W^T - b)|^2 + alpha sum over g of |W_g|^2 / c_g

which is the ridge regression on features multiplied by ``sqrt(c_g)``, or on the sum of the groups'
Gram matrices of samples, each times its weight: learning with multiple kernels [1]_, by the
coordinate search of the least leave-one-out error. A group of weight 0 counts for nothing.

The search looks at no more samples than those that judge (`judges_of` of
:mod:`skliquid.readouts._ridge_retained`).

References
----------
.. [1] Gönen, Alpaydin. "Multiple kernel learning algorithms", Journal of Machine Learning
   Research 12, 2011.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._checks import shown
from ._panels import Panels
from ._ridge_design import WholeDesign
from ._ridge_loo import search
from ._ridge_trials import CLEARLY, SampleTrial, sample_gram

# Weights of a group, and rounds in which each group is tried anew.
LEVELS, _N_ROUNDS = (0.0, 0.25, 1.0, 4.0), 2


def checked_groups(groups: Any, n_features: int) -> np.ndarray:
    """Validate the group of each feature.

    Parameters
    ----------
    groups : array-like of shape (n_features,)
        Numbers of groups.
    n_features : int
        Number of features.

    Returns
    -------
    ndarray of shape (n_features,), dtype int
        The same.
    """
    found = np.asarray(groups)
    is_one_each = found.shape == (n_features,) and found.dtype.kind in "iu"
    if not is_one_each or found.min() < 0 or found.max() >= n_features:
        raise ValueError(
            f"groups must hold a group, an int from 0 to {n_features - 1}, for each of the "
            f"{n_features} features, got {shown(groups)}."
        )
    return found.astype(np.intp)


def gains(weights: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """What each feature is multiplied by."""
    return np.asarray(np.sqrt(weights)[groups])


def weights_of_groups(
    X: np.ndarray,
    Y: np.ndarray,
    weight: np.ndarray,
    groups: np.ndarray,
    alphas: np.ndarray,
    **options: Any,
) -> np.ndarray:
    """Choose the weights of the groups.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features.
    Y : ndarray of shape (n_samples, n_targets)
        Targets.
    weight : ndarray of shape (n_samples,)
        Weights of the samples.
    groups : ndarray of shape (n_features,)
        Group of each feature; that of group 0 is 1.
    alphas : ndarray of shape (n_alphas,)
        Penalties.
    **options : bool
        `centre` and `standardize`, as of :class:`WholeDesign`.

    Returns
    -------
    ndarray of shape (n_groups,)
        The weights, 0 of a number that no feature has. Of equal errors that of the first is
        chosen, and before all others 0.
    """
    weights = np.zeros(groups.max() + 1)
    weights[0] = 1.0
    grams = {
        g: sample_gram(WholeDesign(X[:, groups == g], Y, weight, **options), np.float64)
        for g in np.unique(groups).tolist()
    }
    # Of it nothing but the targets and the weights is asked.
    design = WholeDesign(X[:, :1], Y, weight, **options)

    def score_of(weights: np.ndarray) -> float:
        trial = SampleTrial(design, np.float64, _joint(grams, weights, len(X)))
        return max(search(lambda i: trial.score(alphas[i]), alphas).values())

    best = score_of(weights)
    for _ in range(_N_ROUNDS):
        before = weights.copy()
        for g in filter(None, grams):
            for level in LEVELS:
                tried = weights.copy()
                tried[g] = level
                if not np.array_equal(tried, weights):
                    score = score_of(tried)
                    if score > best * (1 - CLEARLY):
                        best, weights = score, tried
        if np.array_equal(weights, before):
            break
    return weights


def _joint(grams: dict[int, Panels], weights: np.ndarray, order: int) -> Panels:
    """Sum of the Gram matrices of groups, each times its weight."""
    joint = Panels(order)
    for g, gram in grams.items():
        if weights[g]:
            for panel, summand in zip(joint.columns, gram.columns, strict=True):
                panel += weights[g] * summand
    return joint
