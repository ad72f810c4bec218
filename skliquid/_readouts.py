"""Readouts: the one trained part of a liquid state machine, an estimator of scikit-learn."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import RidgeClassifierCV, RidgeCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import has_fit_parameter

from .sequences import Sequences

READOUTS = ("ridge", "mlp")
# Penalties among which the ridge readouts choose by their own leave-one-out error.
ALPHAS = tuple(np.logspace(-2, 5, 15))


def classifier_readout(readout: Any, random_state: Any) -> Any:
    """Make the classifier that `readout` names, or a clone of it."""
    if readout == "ridge":
        return RidgeClassifierCV(alphas=ALPHAS)
    if readout == "mlp":
        return MLPClassifier(random_state=random_state)
    return clone(readout)


def regressor_readout(readout: Any, random_state: Any) -> Any:
    """Make the regressor that `readout` names, or a clone of it."""
    if readout == "ridge":
        return RidgeCV(alphas=ALPHAS)
    if readout == "mlp":
        return MLPRegressor(random_state=random_state)
    return clone(readout)


def apply_class_weight(
    readout: Any, class_weight: Any, y: np.ndarray, sample_weight: np.ndarray | None
) -> np.ndarray | None:
    """Hand class weights to a readout, as its parameter or else as sample weights."""
    if class_weight is None:
        return sample_weight
    if "class_weight" in readout.get_params():
        readout.set_params(class_weight=class_weight)
        return sample_weight
    require_weights(readout, "class_weight")
    weight: np.ndarray = compute_sample_weight(class_weight, y)
    return weight if sample_weight is None else weight * sample_weight


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
