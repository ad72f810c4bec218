"""Scores of classes that others mask in a regression on targets of 1 and -1.

Where classes lie in a row, the output of a middle one is nowhere the largest: others mask it [1]_.
The outputs together tell it nevertheless. Their linear discriminants [2]_ ::

    d_c = o^T S^-1 m_c - m_c^T S^-1 m_c / 2 + log p_c

have the outputs o, means m_c and shares p_c of the classes, and the covariance S within classes,
shrunk as [3]_ has it, all by the outputs that training samples get from the models of all others.
They are linear in the features, as outputs are, and take their place where they err clearly less
[4]_ on folds, whose samples have no part in them: of those that have, even leave-one-out outputs
know of each other, and tell classes of two samples that nothing else tells.

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


def masking_costs(folds: Folds, standardize: Standardize) -> bool:
    """Tell whether discriminants clearly err less often than outputs do.

    Parameters
    ----------
    folds : Folds
        The samples that judge.
    standardize : bool or "residual"
        How features are scaled.

    Returns
    -------
    bool
        Whether they do; False where there are too few samples for the folds.
    """
    if not folds.suffice:
        return False
    alpha = folds.alphas[folds.errors(standardize).sum(axis=1).argmin()]
    gain = np.zeros(len(folds.Y))
    for each in folds.regressions(standardize):
        found = discriminants(each.left_out(alpha))
        if found is not None:
            outputs, true = each.outputs(alpha), folds.Y[each.test].argmax(axis=1)
            is_right, was_right = (
                scores.argmax(axis=1) == true for scores in (found.of(outputs), outputs)
            )
            gain[each.test] = folds.weight[each.test] * (is_right.astype(int) - was_right)
    return bool(gain.sum() > _CLEAR * np.sqrt((gain**2).sum()))


def discriminants(samples: LeftOut) -> Discriminants | None:
    """Make the discriminants of outputs.

    Parameters
    ----------
    samples : LeftOut
        Samples whose targets are 1 for their class and -1 for others.

    Returns
    -------
    Discriminants or None
        Those, of scores with the mean and the spread of the outputs; None if a class has fewer
        than two samples, or if the outputs for each are all the same.
    """
    # With constants that tell them, classes of mere noise would be told.
    outputs, true = samples.outputs - samples.constants, samples.targets.argmax(axis=1)
    n_classes = outputs.shape[1]
    if np.bincount(true, minlength=n_classes).min() < 2:
        return None
    weight = samples.weight / samples.weight.mean()
    of_class = weight[:, None] * (samples.targets > 0)
    total = of_class.sum(axis=0)
    means = of_class.T @ outputs / total[:, None]
    apart = outputs - means[true]
    if not (np.isfinite(apart).all() and apart.any()):
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
