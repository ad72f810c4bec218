"""Parameters of neurons that may differ between excitatory and inhibitory ones, or between all."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._checks import LARGEST_SCALE, shown


class ByType:
    """Reads parameters of a model as arrays of shape (n,).

    Parameters
    ----------
    model : object
        Its attributes are numbers, pairs of the values of excitatory and of inhibitory neurons, or
        arrays of shape (n,).
    inhibitory : ndarray of shape (n,), dtype bool
        Which neurons are inhibitory.
    """

    def __init__(self, model: Any, inhibitory: np.ndarray) -> None:
        self._model, self._inhibitory = model, inhibitory

    def __call__(
        self, name: str, low: float, high: float = LARGEST_SCALE, is_open: bool = False
    ) -> np.ndarray:
        """Values of a parameter, from `low` on, or above it, to `high`."""
        given, n = getattr(self._model, name), len(self._inhibitory)
        try:
            values = np.asarray(given)
        except ValueError:  # rows of different lengths
            values = np.empty((0, 0))
        values = values.astype(np.float64) if values.dtype.kind in "iuf" else np.empty((0, 0))
        if isinstance(given, tuple | list) and values.shape == (2,):
            values = np.where(self._inhibitory, values[1], values[0])
        is_low = values > low if is_open else values >= low
        if values.shape not in ((), (n,)) or not (is_low & (values <= high)).all():
            bracket = "(" if is_open else "["
            raise ValueError(
                f"cell {name} must be a number, a pair (excitatory, inhibitory) or an array of "
                f"shape ({n},), in {bracket}{low:g}, {high:g}], got {shown(given)}."
            )
        return np.array(np.broadcast_to(values, (n,)))
