"""What is drawn of the measures of `skliquid.diagnostics`: a number of each record."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from .. import diagnostics
from .._checks import shown

Measure = str | Callable[[Any, Any], float]

# Of each function the fields of its record, what they are called, and their unit. The first is
# meant where none is named.
_FIELDS = {
    "branching_ratio": {"ratio": ("branching ratio", "spikes per spike")},
    "firing_statistics": {
        "rate": ("firing rate", "spikes per step"),
        "operations": ("synaptic operations", "per step"),
        "cv": ("CV of intervals", ""),
        "fano": ("Fano factor", ""),
        "synchrony": ("synchrony", ""),
        "silent": ("silent", "share of neurons"),
        "saturated": ("saturated", "share of neurons"),
    },
    "generalization_rank": {"rank": ("generalisation rank", "rank")},
    "kernel_rank": {"rank": ("kernel rank", "rank")},
    "lyapunov_exponent": {"exponent": ("Lyapunov exponent", "per step")},
    "memory_capacity": {"total": ("memory capacity", "capacity")},
    "processing_capacity": {
        "total": ("processing capacity", "capacity"),
        "linear": ("linear capacity", "capacity"),
        "nonlinear": ("nonlinear capacity", "capacity"),
    },
    "separation": {"states": ("separation", "distance")},
    "separation_ratio": {"ratio": ("separation ratio", "")},
}
# Where order ends, and where activity begins to feed itself.
_CRITICAL = {"lyapunov_exponent": 0.0, "branching_ratio": 1.0}
# It measures what it is given, the others white noise.
_OF_SEQUENCES = "separation_ratio"


def names_of_measures(measures: Any) -> dict[str, Measure]:
    """Check what is to be measured, and give each of it a name.

    Parameters
    ----------
    measures : str, callable, iterable of these, or dict of str to these
        What is to be measured.

    Returns
    -------
    dict of str to (str or callable)
        The measure of each name.
    """
    if isinstance(measures, str) or callable(measures):
        measures = [measures]
    if isinstance(measures, Mapping):
        named = dict(measures)
    elif isinstance(measures, Iterable):
        listed = list(measures)
        named = {
            each if isinstance(each, str) else getattr(each, "__name__", shown(each)): each
            for each in listed
        }
        if len(named) < len(listed):
            raise ValueError(
                f"measures must have names of their own, got {shown(measures)}; expected a dict "
                "of names to measures."
            )
    else:
        named = {}
    for each in named.values():
        if not callable(each):
            _function_and_field(each)
    if not named:
        raise ValueError(f"measures must name at least one measure, got {shown(measures)}.")
    return named


def _function_and_field(measure: Any) -> tuple[str, str]:
    """Split the name of a measure: a function, and a field of its record."""
    function, _, field = measure.partition(".") if isinstance(measure, str) else ("", "", "")
    fields = _FIELDS.get(function, {})
    if not fields or (field and field not in fields):
        accepted = fields and [f"{function}.{each}" for each in fields]
        raise ValueError(
            f"measures must name functions (estimator, X), or of {accepted or sorted(_FIELDS)}, "
            f"got {shown(measure)}."
        )
    return function, field or next(iter(fields))


def look_of(name: str) -> tuple[str, str, float | None]:
    """Return what a measure is called, its unit, and where it is critical."""
    with suppress(ValueError):
        function, field = _function_and_field(name)
        return *_FIELDS[function][field], _CRITICAL.get(function)
    return name, "", None


def check_options(options: Any, measures: Mapping[str, Measure]) -> dict[str, dict[str, Any]]:
    """Return the arguments of each function that is called."""
    called = {_function_and_field(each)[0] for each in measures.values() if isinstance(each, str)}
    given = {} if options is None else options
    are_dicts = isinstance(given, Mapping) and all(isinstance(v, Mapping) for v in given.values())
    if not are_dicts or not called.issuperset(given):
        raise ValueError(
            f"options must be dicts of the arguments of some of {sorted(called)}, got "
            f"{shown(options)}."
        )
    return {name: dict(given.get(name, {})) for name in called}


def measured(
    estimator: Any,
    X: Any,
    y: Any,
    measures: Mapping[str, Measure],
    options: Mapping[str, dict[str, Any]],
) -> list[float]:
    """Measure a fitted estimator; what several numbers are taken of runs once."""
    records: dict[str, Any] = {}
    numbers_found = []
    for name, measure in measures.items():
        if callable(measure):
            numbers_found.append(_checked(name, measure(estimator, X)))
            continue
        function, field = _function_and_field(measure)
        if function not in records:
            given = (X, y) if function == _OF_SEQUENCES else ()
            call = getattr(diagnostics, function)
            records[function] = call(estimator, *given, **options[function])
        numbers_found.append(float(np.mean(getattr(records[function], field))))
    return numbers_found


def _checked(name: str, value: Any) -> float:
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise TypeError(f"measure {name!r} must return a real number, got {shown(value)}.")
    return float(value)
