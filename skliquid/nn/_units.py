"""Modules of as many units as input channels, and their constants."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np

from .._checks import MOST_UNITS, check_integer, check_real, naming
from ._protocol import SequenceModule


def constant(
    name: str, value: Any, n: int, low: float, high: float = np.inf, closed: str = "neither"
) -> mx.array:
    """Return a number, or one for each of n units, as an array of shape (n,)."""
    with naming(name, "a number or an array", value, ValueError):
        is_number = np.ndim(value) == 0
    if is_number:
        return mx.full((n,), check_real(name, value, low, high, closed=closed))
    values = np.asarray(value)
    if values.shape != (n,):
        raise ValueError(
            f"{name} must be a number or an array of shape ({n},), got shape {values.shape}."
        )
    each = (check_real(f"each {name}", v, low, high, closed=closed) for v in values.tolist())
    return mx.array(list(each))


def decay_of(tau: mx.array) -> mx.array:
    """Return what a time constant of `tau` steps leaves after a step."""
    return mx.exp(-1 / tau)


class Units(SequenceModule):
    """As many units as input channels, with constants that are frozen parameters."""

    _units_name = "input_size"

    def __init__(self, input_size: int, **constants: tuple[Any, ...]) -> None:
        super().__init__()
        self.input_size = n = check_integer("input_size", input_size, low=1, high=MOST_UNITS)
        for name, (value, *interval) in constants.items():
            setattr(self, name, constant(name, value, n, *interval))
        self.freeze()
