"""Readouts: the one trained part of a liquid state machine, an estimator of scikit-learn."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.linear_model import RidgeClassifierCV, RidgeCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.validation import has_fit_parameter

from .._checks import check_real
from ..sequences import Sequences

READOUTS = ("ridge", "mlp")
# Penalties among which the ridge readouts choose by their own leave-one-out error.
ALPHAS = tuple(np.logspace(-2, 5, 8))


def classifier_readout(readout: Any, random_state: Any) -> Any:
    """Make the classifier that `readout` names, or a clone of it."""
    if isinstance(readout, str) and readout == "ridge":
        return RidgeClassifierCV(alphas=ALPHAS)
    if isinstance(readout, str) and readout == "mlp":
        return MLPClassifier(random_state=random_state)
    if not is_classifier(readout):
        raise ValueError(f"readout must be one of {READOUTS} or a classifier, got {readout!r}.")
    return clone(readout)


def regressor_readout(readout: Any, random_state: Any) -> Any:
    """Make the regressor that `readout` names, or a clone of it."""
    if isinstance(readout, str) and readout == "ridge":
        return RidgeCV(alphas=ALPHAS)
    if isinstance(readout, str) and readout == "mlp":
        return MLPRegressor(random_state=random_state)
    if not is_regressor(readout):
        raise ValueError(f"readout must be one of {READOUTS} or a regressor, got {readout!r}.")
    return clone(readout)


def class_factors(
    class_weight: Any, y: np.ndarray, sample_weight: np.ndarray | None
) -> np.ndarray:
    """Weight of each sample by its class.

    Parameters
    ----------
    class_weight : dict or "balanced"
        Weight of each class, 1 where it has none; "balanced" makes the classes' total
        weights equal.
    y : ndarray of shape (n_samples,)
        Classes.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights that "balanced" takes into account.

    Returns
    -------
    ndarray of shape (n_samples,)
        The factors.
    """
    classes, code = np.unique(y, return_inverse=True)
    if class_weight == "balanced":
        totals = np.bincount(code, weights=sample_weight)
        factor = totals.sum() / (len(classes) * np.where(totals > 0, totals, np.inf))
        return np.asarray(factor[code])
    for label, factor in class_weight.items():
        check_real(f"class_weight of class {label!r}", factor, 0)
    unknown = sorted(set(class_weight) - set(classes.tolist()), key=str)
    unweighted = [label for label in classes.tolist() if label not in class_weight]
    if unknown and unweighted:
        raise ValueError(
            f"class_weight has the classes {unknown}, which y does not hold, and none for "
            f"{unweighted}."
        )
    return np.array([class_weight.get(label, 1.0) for label in classes.tolist()])[code]


def require_weights(readout: Any, name: str) -> None:
    """Raise an error if the readout cannot take sample weights."""
    if not has_fit_parameter(readout, "sample_weight"):
        raise ValueError(
            f"{name} was given, but the readout {readout!r} takes no sample_weight in fit; "
            "choose a readout that does."
        )


def merge_duplicates(
    sequences: Sequences, y: np.ndarray, sample_weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Count identical samples as one with their weights summed, and drop those of weight 0.

    Leave-one-out then leaves out every copy of a sample. Otherwise a copy that stays would
    be predicted from itself, and a weight of 2 would differ from a sample given twice.

    Parameters
    ----------
    sequences : Sequences
        Training sequences.
    y : ndarray of shape (n_samples, ...)
        Targets.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights.

    Returns
    -------
    kept : ndarray of int
        Index of the first copy of each sample.
    weight : ndarray of the same length, or None
        Their weights; None where all are one by default.
    """
    weight = np.ones(len(sequences)) if sample_weight is None else sample_weight
    place: dict[tuple[bytes, Any], int] = {}
    summed: list[float] = []
    kept: list[int] = []
    for i, frames in enumerate(sequences):
        if weight[i] == 0:
            continue
        digest = hashlib.blake2b(frames.tobytes(), digest_size=16).digest()
        label = y[i].tobytes() if isinstance(y[i], np.ndarray) else y[i]
        position = place.setdefault((digest, label), len(kept))
        if position == len(kept):
            kept.append(i)
            summed.append(0.0)
        summed[position] += float(weight[i])
    no_weights = sample_weight is None and len(kept) == len(sequences)
    return np.array(kept), None if no_weights else np.array(summed)
