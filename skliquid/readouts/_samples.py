"""What is done with samples and their weights before a readout is trained."""

from __future__ import annotations

import hashlib
from inspect import signature
from typing import Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from .._checks import LARGEST_NUMBER, check_real, cut, cut_short, shown
from ..sequences import Sequences

# A class with fewer sequences than this has none to spare for the held-out part.
_FEWEST_TO_SPLIT = 5

Sample = tuple[Any, bytes]


def class_labels(y: Any) -> np.ndarray:
    """Return classes as an array of one dimension, or raise an error that says what is none."""
    with cut_short():
        labels = column_or_1d(y, warn=True)
    try:
        check_classification_targets(labels)
        np.unique(labels)
    except TypeError as error:
        raise ValueError(f"y must hold labels of one type: {error}.") from None
    except ValueError as error:
        hint = " An array of objects must hold strings." if labels.dtype == object else ""
        raise ValueError(cut(str(error)) + hint) from None
    return np.asarray(labels)


def announced_classes(classes: Any) -> np.ndarray:
    """Return the classes named for all parts, or raise an error that says what is none."""
    labels = np.asarray(classes)
    if labels.ndim == 0:
        raise ValueError(
            f"classes must be an array-like of shape (n_classes,), got {shown(classes)}."
        )
    try:
        return np.unique(labels)
    except TypeError as error:
        raise ValueError(f"classes must be labels of one type: {cut(str(error))}.") from None


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
        check_real(f"class_weight of class {shown(label)}", factor, 0, LARGEST_NUMBER)
    unknown = sorted(set(class_weight) - set(classes.tolist()), key=str)
    unweighted = [label for label in classes.tolist() if label not in class_weight]
    if unknown and unweighted:
        raise ValueError(
            f"class_weight must be of the classes of y, got {shown(unknown)}, which y does not "
            f"hold, and none for {shown(unweighted)}."
        )
    return np.array([class_weight.get(label, 1.0) for label in classes.tolist()])[code]


def factors_of_part(class_weight: Any, y: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Weight of each sample of a part by its class, of which the part need not hold all."""
    if isinstance(class_weight, str):
        raise ValueError(
            f"class_weight={shown(class_weight)} needs all samples at once; give partial_fit a "
            "dict of weights."
        )
    y = np.concatenate([classes, y])
    return class_factors(class_weight, y, None)[len(classes) :]


def require_weights(readout: Any, name: str, method: str = "fit") -> None:
    """Raise an error if a method of the readout cannot take sample weights."""
    if "sample_weight" not in signature(getattr(readout, method)).parameters:
        raise ValueError(
            f"{name} was given, but the readout {shown(readout)} takes no sample_weight in "
            f"{method}; choose a readout that does."
        )


def check_known(y: np.ndarray, classes: np.ndarray) -> None:
    """Raise an error if a part of the samples has a class that was not announced."""
    unknown = sorted(set(np.unique(y).tolist()) - set(classes.tolist()), key=str)
    if unknown:
        raise ValueError(
            f"y holds the classes {shown(unknown)}, which neither `classes` nor the first part "
            f"announced; known are {shown(classes.tolist())}."
        )


def merge_duplicates(
    sequences: Sequences | np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Count identical samples as one with their weights summed, and drop those of weight 0.

    Leave-one-out then leaves out every copy of a sample. Otherwise a copy that stays would
    be predicted from itself, and a weight of 2 would differ from a sample given twice.

    Parameters
    ----------
    sequences : Sequences or ndarray of shape (n_samples, n_features)
        Training sequences, or features.
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
    first, total = _distinct(sequences, y, weight)
    no_weights = sample_weight is None and len(first) == len(sequences)
    return np.array(list(first.values())), None if no_weights else np.array(list(total.values()))


def canonical(
    trains: Any, y: np.ndarray, weight: np.ndarray
) -> tuple[Any, np.ndarray, np.ndarray]:
    """Merge identical samples, drop those of weight 0, and put the others in a fixed order.

    Training then depends on what the samples are and not on their order, and a weight of 2 is
    the sample given twice.

    Parameters
    ----------
    trains : StateTrains or Sequences
        Training sequences.
    y : ndarray of shape (n_samples,)
        Classes.
    weight : ndarray of shape (n_samples,)
        Weights.

    Returns
    -------
    trains : StateTrains or Sequences
        The first copy of each sample, in the order of their classes.
    y : ndarray of shape (n_distinct,)
        Their classes.
    weight : ndarray of shape (n_distinct,)
        Their weights.
    """
    first, total = _distinct(trains, y, weight)
    order = sorted(first)
    kept = np.array([first[sample] for sample in order])
    return trains.take(kept), y[kept], np.array([total[sample] for sample in order])


def _distinct(
    trains: Any, y: np.ndarray, weight: np.ndarray
) -> tuple[dict[Sample, int], dict[Sample, float]]:
    """Index of the first copy, and total weight, of each sample with a weight."""
    labels = y.tolist() if y.ndim == 1 else [row.tobytes() for row in y]
    first: dict[Sample, int] = {}
    total: dict[Sample, float] = {}
    for i, (states, label) in enumerate(zip(trains, labels, strict=True)):
        if weight[i] > 0:
            sample = label, hashlib.blake2b(states.tobytes(), digest_size=16).digest()
            first.setdefault(sample, i)
            total[sample] = total.get(sample, 0.0) + float(weight[i])
    return first, total


def held_out(target: np.ndarray, fraction: float, rng: np.random.Generator) -> np.ndarray:
    """Choose a fraction of each class at random, at least one where it has five or more."""
    chosen = np.zeros(len(target), dtype=bool)
    for code in np.unique(target):
        mine = rng.permutation(np.flatnonzero(target == code))
        if fraction > 0 and len(mine) >= _FEWEST_TO_SPLIT:
            n_chosen = min(max(1, round(fraction * len(mine))), len(mine) - 1)
            chosen[mine[:n_chosen]] = True
    return chosen
