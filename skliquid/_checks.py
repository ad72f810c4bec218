"""Argument checks whose messages name the parameter, the value and what is accepted."""

from __future__ import annotations

import numbers
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

# Larger weights would leave the range in which float32 arithmetic stays finite.
LARGEST_SCALE = 1e6
# Squares of larger targets and weights, and their sums, would leave the range of float64.
LARGEST_NUMBER = 1e100
# More units, channels or steps of one frame than memory could hold the weights of.
MOST_UNITS = 2**24
# Longer than any sequence that a delay or a rest should be taken of.
MOST_STEPS = 2**20
# Characters of a value that an error prints.
_MOST_SHOWN = 200


def shown(value: Any) -> str:
    """Return what an error prints of a value: its repr, or the beginning of a long one."""
    return cut(repr(value))


def cut(text: str) -> str:
    """Return a text, or the beginning of a long one."""
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


@contextmanager
def naming(name: str, accepted: str, given: Any, *errors: type[Exception]) -> Iterator[None]:
    """Name the parameter in a TypeError, or in others, of what the user gave to be called."""
    caught: tuple[type[Exception], ...] = (TypeError, *errors)
    try:
        yield
    except caught as error:
        kind = ValueError if isinstance(error, ValueError) else TypeError
        text = f"{name} must be {accepted}, but {shown(given)} failed: {cut(str(error))}"
        raise kind(text) from error


@contextmanager
def cut_short() -> Iterator[None]:
    """Cut the text of an error of a library that prints arrays whole."""
    try:
        yield
    except (TypeError, ValueError) as error:
        if (text := cut(str(error))) == str(error):
            raise
        raise type(error)(text) from None


def check_integer(name: str, value: Any, *, low: int, high: int | None = None) -> int:
    """Return `value` as an int if it is an integer in ``[low, high]``."""
    accepted = f"an integer >= {low}" if high is None else f"an integer in [{low}, {high}]"
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be {accepted}, got {shown(value)} ({type(value).__name__}).")
    value = int(value)
    if value < low or (high is not None and value > high):
        raise ValueError(f"{name} must be {accepted}, got {shown(value)}.")
    return value


def check_n_jobs(value: Any) -> int | None:
    """Return `value` if it is a number of threads as joblib counts them, or None."""
    if value is None:
        return None
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Integral) or not value:
        raise ValueError(
            "n_jobs must be None, a positive number of threads, or a negative one (-1 for all "
            f"cores, -2 for all but one), got {value!r}."
        )
    return int(value)


def check_real(
    name: str, value: Any, low: float, high: float = np.inf, *, closed: str = "both"
) -> float:
    """Return `value` as a float if it is a finite real number in the interval.

    `closed` says which ends of ``low, high`` belong to it: "both", "left", "right", "neither".
    """
    left = "[" if closed in ("both", "left") else "("
    right = "]" if closed in ("both", "right") and np.isfinite(high) else ")"
    accepted = f"a finite number in {left}{low:g}, {high:g}{right}"
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be {accepted}, got {shown(value)} ({type(value).__name__}).")
    value = float(value)
    above = value >= low if left == "[" else value > low
    below = value <= high if right == "]" else value < high
    if not (np.isfinite(value) and above and below):
        raise ValueError(f"{name} must be {accepted}, got {shown(value)}.")
    return value


def check_pair(
    name: str, value: Any, low: float, high: float, *, closed: str = "both"
) -> tuple[float, float]:
    """Return `value` as two floats if it is an ascending pair of numbers in the interval."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise TypeError(f"{name} must be a number or a pair (low, high), got {shown(value)}.")
    first, last = (
        check_real(f"each end of {name}", end, low, high, closed=closed) for end in value
    )
    if first > last:
        raise ValueError(
            f"{name} must be a pair (low, high) with low <= high, got {shown(value)}."
        )
    return first, last


def check_share(name: str, value: Any) -> float:
    """Return the fraction that a text such as "25%" stands for; it may be above 1."""
    is_share = isinstance(value, str) and value.endswith("%")
    try:
        number = float(value[:-1]) if is_share else -1.0
    except ValueError:
        number = -1.0
    if not 0 <= number < np.inf:
        raise ValueError(f'{name} must be a share such as "25%", got {shown(value)}.')
    return number / 100


def check_bool(name: str, value: Any) -> bool:
    """Return `value` as a bool if it is one."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, got {shown(value)}.")
    return bool(value)


def check_seed(name: str, value: Any) -> np.random.Generator:
    """Make a generator from a seed, or return the generator given."""
    try:
        if isinstance(value, bool):
            raise TypeError
        return np.random.default_rng(value)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"{name} must be None, a non-negative integer or a numpy Generator, got "
            f"{shown(value)}."
        ) from None


def check_option(name: str, value: Any, options: Collection[str]) -> str:
    """Return `value` if it is one of `options`."""
    if not isinstance(value, str) or value not in options:
        raise ValueError(f"{name} must be one of {sorted(options)}, got {shown(value)}.")
    return value
