"""What pictures are drawn of: one sequence of many, and the reservoirs of an estimator."""

from __future__ import annotations

from typing import Any

from sklearn.utils.validation import check_is_fitted

from .._checks import check_integer, shown
from ..diagnostics._states import Reservoirs, reservoirs_of
from ..sequences import Sequences, as_sequences


def drawn_reservoirs(estimator: Any) -> Reservoirs:
    """Read the reservoirs of a fitted estimator or of a Liquid."""
    reservoirs = reservoirs_of(estimator)
    if reservoirs is None:
        raise TypeError(
            "estimator must be a fitted estimator, a Liquid or a RateReservoir, got "
            f"{shown(estimator)}."
        )
    return reservoirs


def fitted_machine(estimator: Any) -> Any:
    """Take the fitted estimator itself out of a search."""
    check_is_fitted(estimator)
    return getattr(estimator, "best_estimator_", estimator)


def validated(estimator: Any, X: Any) -> Sequences:
    """Sequences that an estimator, or a reservoir by itself, has accepted."""
    if hasattr(estimator, "_validate_sequences"):
        return estimator._validate_sequences(X, reset=False)
    return as_sequences(X)


def one_sequence(estimator: Any, X: Any, sample: Any) -> Sequences:
    """Take one sequence of those that are given."""
    sequences = validated(estimator, X)
    return sequences.take([check_integer("sample", sample, low=0, high=len(sequences) - 1)])
