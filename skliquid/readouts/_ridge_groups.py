"""Groups of features with penalties of their own, chosen by the leave-one-out error.

With weights c of the groups, the penalty on the coefficients of group g is ``alpha / c_g``::

    min  |sqrt(s) (Y - X W^T - b)|^2 + alpha sum over g of |W_g|^2 / c_g

which is the ridge regression on features multiplied by ``sqrt(c_g)``, or on the sum of the groups'
Gram matrices of samples, each times its weight: learning with multiple kernels [1]_, by the
coordinate search of the least leave-one-out error. A group of weight 0 counts for nothing.

The search looks at no more than some of the samples, chosen by their codes
(:mod:`skliquid.readouts._ridge_retained`), so that parts of the samples give the same weights as
all of them at once.

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
from ._ridge_loo import Scores, search
from ._ridge_retained import codes
from ._ridge_trials import SampleTrial, sample_gram

# Weights of a group, samples that judge them, and rounds in which each group is tried anew.
LEVELS, N_JUDGES, _N_ROUNDS = (0.0, 0.25, 1.0, 4.0), 500, 2


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
    if found.shape != (n_features,) or found.dtype.kind not in "iu" or found.min() < 0:
        raise ValueError(
            f"groups must hold a group, 0 or a positive int, for each of the {n_features} "
            f"features, got {shown(groups)}."
        )
    return found


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
        The weights. Of equal errors that of the first is chosen, and before all others 0.
    """
    judges = _judges(X, Y)
    X, Y, weight = X[judges], Y[judges], weight[judges]
    weights = np.zeros(groups.max() + 1)
    weights[0] = 1.0
    grams = [
        sample_gram(WholeDesign(X[:, groups == g], Y, weight, **options), np.float64)
        for g in range(len(weights))
    ]
    # Of it nothing but the targets and the weights is asked.
    design = WholeDesign(X[:, :1], Y, weight, **options)
    guess: Scores | None = None

    def scores_of(weights: np.ndarray) -> Scores:
        trial = SampleTrial(design, np.float64, _joint(grams, weights))
        return search(lambda i: trial.score(alphas[i]), alphas, guess)

    guess = scores_of(weights)
    best = max(guess.values())
    for _ in range(_N_ROUNDS):
        before = weights.copy()
        for g in range(1, len(weights)):
            for level in LEVELS:
                tried = weights.copy()
                tried[g] = level
                if not np.array_equal(tried, weights):
                    score = max(scores_of(tried).values())
                    if score > best:
                        best, weights = score, tried
        if np.array_equal(weights, before):
            break
    return weights


def _judges(X: np.ndarray, Y: np.ndarray) -> slice | np.ndarray:
    """Choose the samples of the smallest codes."""
    if len(X) <= N_JUDGES:
        return slice(None)
    return np.argsort(codes(X, Y), kind="stable")[:N_JUDGES]


def _joint(grams: list[Panels], weights: np.ndarray) -> Panels:
    """Sum of the Gram matrices, each times its weight."""
    joint = Panels(grams[0].order, grams[0].dtype)
    for gram, weight in zip(grams, weights.tolist(), strict=True):
        if weight:
            for panel, summand in zip(joint.columns, gram.columns, strict=True):
                panel += weight * summand
    return joint
