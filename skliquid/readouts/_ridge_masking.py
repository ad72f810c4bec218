"""Scores of classes that others mask in a regression on targets of 1 and -1.

Where classes lie in a row, the output of a middle one is nowhere the largest: others mask it [1]_.
The outputs together tell it nevertheless. Their linear discriminants [2]_ ::

    d_c = o^T S^-1 m_c - m_c^T S^-1 m_c / 2 + log p_c

have the outputs o, means m_c and shares p_c of the classes, and the covariance S within classes,
shrunk as [3]_ has it. They are linear in the features, as outputs are, and take their place where
they err clearly less [4]_. They are made of what the samples of each fold get from a regression
without it, and judged on a fold by those of the others: outputs of samples that are left out one
by one know too much of their own targets, by the constants and by each other.

References
----------
.. [1] Hastie, Tibshirani, Friedman. "The elements of statistical learning", 2nd edition, Springer,
   2009, section 4.2.
.. [2] Hastie, Tibshirani, Buja. "Flexible discriminant analysis by optimal scoring", Journal of
   the American Statistical Association 89, 1994.
.. [3] Ledoit, Wolf. "A well-conditioned estimator for large-dimensional covariance matrices",
   Journal of Multivariate Analysis 88(2), 2004.
.. [4] McNemar. "Note on the sampling error of the difference between correlated proportions or
   percentages", Psychometrika 12, 1947.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.covariance import ledoit_wolf

from ._ridge_folds import Folds
from ._ridge_moments import Standardize
from ._ridge_probabilities import LeftOut

# Standard deviations, of the difference of two numbers of errors, that are clear.
_CLEAR = 2.0
# Share that counts as none.
_LEAST = 1e-9


@dataclass(frozen=True)
class Discriminants:
    """Scores ``outputs @ turn + shift`` in place of outputs.

    Parameters
    ----------
    turn : ndarray of shape (n_classes, n_classes)
        What outputs are multiplied by.
    shift : ndarray of shape (n_classes,)
        What is added.
    """

    turn: np.ndarray
    shift: np.ndarray

    def of(self, outputs: np.ndarray) -> np.ndarray:
        """Scores of the classes, shape (n_samples, n_classes)."""
        return np.asarray(outputs @ self.turn + self.shift)


@dataclass(frozen=True)
class Unmasking:
    """What takes the place of outputs.

    Parameters
    ----------
    discriminants : Discriminants
        Those by all samples that judge.
    left_out : LeftOut
        Scores of these samples, each by the others' folds.
    """

    discriminants: Discriminants
    left_out: LeftOut


def unmasking(folds: Folds, standardize: Standardize) -> Unmasking | None:
    """Find discriminants that clearly err less often than outputs do.

    Parameters
    ----------
    folds : Folds
        The samples that judge.
    standardize : bool or "residual"
        How features are scaled.

    Returns
    -------
    Unmasking or None
        None if there are none, or too few samples for the folds.
    """
    if not folds.suffice:
        return None
    alpha = folds.alphas[folds.errors(standardize).sum(axis=1).argmin()]
    outputs = np.empty_like(folds.Y)
    for each in folds.regressions(standardize):
        outputs[each.test] = each.outputs(alpha)
    of_all = discriminants(outputs, folds.Y, folds.weight)
    if of_all is None:
        return None
    scores = outputs.copy()
    for each in folds.regressions(standardize):
        others = np.setdiff1d(np.arange(len(outputs)), each.test)
        found = discriminants(outputs[others], folds.Y[others], folds.weight[others])
        if found is not None:
            scores[each.test] = found.of(outputs[each.test])
    true = folds.Y.argmax(axis=1)
    is_right, was_right = (values.argmax(axis=1) == true for values in (scores, outputs))
    gain = folds.weight * (is_right.astype(int) - was_right)
    if gain.sum() <= _CLEAR * np.sqrt((gain**2).sum()):
        return None
    return Unmasking(of_all, LeftOut(scores, folds.Y, folds.weight))


def discriminants(
    outputs: np.ndarray, targets: np.ndarray, weight: np.ndarray
) -> Discriminants | None:
    """Make the discriminants of outputs.

    Parameters
    ----------
    outputs, targets : ndarray of shape (n_samples, n_classes)
        Outputs, and targets of 1 for the class and -1 for others.
    weight : ndarray of shape (n_samples,)
        Weights of the samples, all positive.

    Returns
    -------
    Discriminants or None
        Those, of scores with the mean and the spread of the outputs; None if a class has fewer
        than two samples, or if the outputs for each are all but the same.
    """
    true, n_classes = targets.argmax(axis=1), outputs.shape[1]
    if np.bincount(true, minlength=n_classes).min() < 2:
        return None
    weight = weight / weight.mean()
    of_class = weight[:, None] * (targets > 0)
    total = of_class.sum(axis=0)
    means = of_class.T @ outputs / total[:, None]
    apart = outputs - means[true]
    spread = (apart**2).sum()
    if not (np.isfinite(spread) and spread > (_LEAST * outputs**2).sum()):
        return None
    covariance, _ = ledoit_wolf(np.sqrt(weight)[:, None] * apart, assume_centered=True)
    # Outputs of all classes have the same sum, so that nothing but the shrinkage is along it.
    covariance += _LEAST * np.trace(covariance) * np.eye(n_classes)
    turn = np.linalg.solve(covariance, means.T)
    shift = np.log(total / total.sum()) - (means * turn.T).sum(axis=1) / 2
    return _like(outputs, Discriminants(turn, shift))


def _like(outputs: np.ndarray, found: Discriminants) -> Discriminants:
    """Scale scores so that probabilities are made of them as of outputs."""
    turn = found.turn - found.turn.mean(axis=1, keepdims=True)
    shift = found.shift - found.shift.mean()
    scores = outputs @ turn + shift
    spread = outputs - outputs.mean(axis=1, keepdims=True)
    factor = np.sqrt((spread**2).sum() / (scores**2).sum())
    return Discriminants(factor * turn, factor * shift + 2 / len(shift) - 1)
