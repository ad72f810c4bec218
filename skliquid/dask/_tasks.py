"""What runs where the parts are: tasks that leave alone what they are given.

Such a task can be computed again, by another worker, when the one that had its result is gone. No
result depends on how many threads or workers there are: BLAS keeps to one thread, and sums are
added in a tree that follows the order of the parts alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import numpy as np
from dask.delayed import Delayed, delayed
from dask.sizeof import sizeof
from sklearn.base import is_classifier

from .._base import checked_weight
from ..collection import Collection
from ..estimators._lsm import weighed_by
from ..estimators._reading import inner_settings
from ..readouts._ridge_base import RidgeReadout
from ..readouts._threads import serial_blas
from ._parts import opened, require_alike


def _task(function: Callable[..., Any]) -> Callable[..., Any]:
    """Have no settings of the process or the user act on a function."""

    @wraps(function)
    def alone(*arguments: Any) -> Any:
        with serial_blas, inner_settings():
            return function(*arguments)

    return alone


@contextmanager
def _in_part(i: int, name: str = "X") -> Iterator[None]:
    """Name a part in the errors about its samples."""
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"part {i} of {name}: {error}") from error


@dataclass(frozen=True)
class Survey:
    """What has to be known of the targets of a part before any part is read.

    Parameters
    ----------
    n_samples : int
        How many have a weight.
    classes : ndarray of shape (n_classes,)
        The classes among them, if they are classes and there are any.
    weights : ndarray of shape (n_classes,)
        Total weight of each class.
    """

    n_samples: int
    classes: np.ndarray = field(default_factory=lambda: np.zeros(0))
    weights: np.ndarray = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True)
class Common:
    """What is the same for all parts.

    Parameters
    ----------
    n_samples : int
        How many samples of all parts have a weight.
    classes : ndarray of shape (n_classes,)
        The classes, if there are.
    factors : ndarray of shape (n_classes,) or None
        Weights of the classes.
    """

    n_samples: int
    classes: np.ndarray
    factors: np.ndarray | None


@_task
def survey(machine: Any, y: Any, sample_weight: Any, i: int) -> Survey:
    """Look at the targets of a part."""
    y = np.asarray(y)
    weight = _weights(sample_weight, i, y=y)
    n_samples = len(y) if weight is None else int(np.count_nonzero(weight))
    if not len(y) or not is_classifier(machine):
        return Survey(n_samples)
    with _in_part(i, "y"):
        y = _targets(machine, y)
    classes, code = np.unique(y, return_inverse=True)
    return Survey(n_samples, classes, np.bincount(code, weights=weight))


@_task
def begin(estimator: Any, part: Any, kind: str, sample_weight: Any, i: int) -> Any:
    """Draw the liquid for a part; None if it holds nothing to draw it for."""
    source = opened(part, kind, i)
    weight = _weights(sample_weight, i, X=source)
    if not len(source) or (weight is not None and not weight.any()):
        return None
    with _in_part(i):
        begun = copy(estimator)
        if not hasattr(begun, "readout"):
            return begun.fit(source, sample_weight=weight)
        liquid = begun._drawn(begun._validate_collection(source, reset=True), weight)
        begun._begin(liquid, begun._make_readout())
        return begun


@_task
def has_begun(begun: Any) -> bool:
    """Tell whether a part held what a liquid is drawn for."""
    return begun is not None


@_task
def add(
    begun: Any, common: Common, part: Any, kind: str, y: Any, sample_weight: Any, i: int
) -> Any:
    """Give a readout of its own the features of a part; None if the part is empty."""
    source, y = opened(part, kind, i), np.asarray(y)
    require_alike(i, X=source, y=y)
    weight = _weights(sample_weight, i, X=source)
    if not len(source) or (weight is not None and not weight.any()):
        return None
    machine = copy(begun)
    readout, factors = begun._make_readout(), common.factors
    if factors is not None:
        factors = weighed_by(readout, common.classes, factors)
    machine._begin(begun.pipeline_[0], readout)
    with _in_part(i):
        collection = machine._validate_collection(source, reset=False)
        y = _targets(machine, y)
        if weight is not None:  # samples of none would not be accepted where there are no others
            kept = np.flatnonzero(weight)
            collection, y, weight = Collection(collection.take(kept)), y[kept], weight[kept]
        if factors is not None:
            factors = factors[np.searchsorted(common.classes, y)]
        machine._add((collection, iter(())), y, weight, factors, readout, None)
    return _summed(machine.pipeline_[-1], common)


@_task
def merged(left: Any, right: Any, common: Common) -> Any:
    """Join what two readouts were given."""
    if left is None or right is None:
        return right if left is None else left
    return _summed(copy(left).merge(right), common)


@_task
def finished(begun: Any, readout: Any) -> Any:
    """Fit the readout that was given all parts, and put it behind the liquid."""
    machine, readout = copy(begun), copy(readout)
    readout._finish()
    machine._begin(begun.pipeline_[0], readout)
    del machine.n_samples_seen_
    return machine


@_task
def called(estimator: Any, method: str, part: Any, kind: str, like: np.ndarray, i: int) -> Any:
    """Have a fitted estimator's output for a part, of the kind of an output that is given."""
    with _in_part(i):
        source = opened(part, kind, i)
        if not len(source):
            return like[:0]
        return np.asarray(getattr(estimator, method)(source), dtype=like.dtype)


@sizeof.register(RidgeReadout)
def n_bytes(value: Any) -> int:
    """Bytes of the arrays of a readout, for Dask not to take it for small and move it about."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, list | tuple):
        return sum(map(n_bytes, value))
    return sum(map(n_bytes, vars(value).values())) if hasattr(value, "__dict__") else 0


def tree(readouts: list[Delayed], common: Delayed) -> Delayed:
    """Merge neighbours, then neighbouring results, until one is left."""
    while len(readouts) > 1:
        last = readouts[len(readouts) // 2 * 2 :]
        pairs = zip(readouts[::2], readouts[1::2], strict=False)
        readouts = [delayed(merged)(*pair, common) for pair in pairs] + last
    return readouts[0]


def _summed(readout: Any, common: Common) -> Any:
    """Sum up where the samples are what would only be summed later, and by fewer workers."""
    readout._parts.sum_up(common.n_samples)
    return readout


def _weights(sample_weight: Any, i: int, **samples: Any) -> np.ndarray | None:
    """Validate the weights of a part, all of which may be zero."""
    if sample_weight is None:
        return None
    require_alike(i, **samples, sample_weight=sample_weight)
    (values,) = samples.values()
    if not len(values):  # as a part that was filtered may hold none
        return np.zeros(0)
    with _in_part(i, "sample_weight"):
        return checked_weight(sample_weight, values, may_be_zero=True)


def _targets(machine: Any, y: np.ndarray) -> np.ndarray:
    """Validate the targets of a part as the estimator does."""
    if is_classifier(machine):
        # Twice, so that classes of which a part holds few samples do not look like numbers.
        twice = np.concatenate([y, y])
        return np.asarray(machine._labels(twice, [twice], twice))[: len(y)]
    return np.asarray(machine._numbers(y, [y], y, machine._make_readout()))
