"""Neurons in space: where they are, and how far their synapses reach."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import erf

from .._checks import LARGEST_SCALE, MOST_UNITS, check_integer, check_option, check_real, shown

# Connection probabilities at no distance of EE, EI, IE and II (Maass et al., 2002).
PEAKS = 0.3, 0.2, 0.4, 0.1
PLACEMENTS = "grid", "random"
# Bisections of a factor of 1e12, more than float64 has bits for.
_N_BISECTIONS = 100


def checked_shape(n: int, shape: Any, placement: str) -> tuple[Any, ...]:
    """Return the sides of a grid or box that holds n neurons, a small one like a cube for None."""
    is_grid = check_option("placement", placement, PLACEMENTS) == "grid"
    if shape is None:
        return _least_shape(n) if is_grid else (n ** (1 / 3),) * 3
    if not isinstance(shape, tuple | list) or len(shape) != 3:
        raise TypeError(f"shape must be three numbers or None, got {shown(shape)}.")
    if not is_grid:
        return tuple(
            check_real("each side of shape", side, 0, LARGEST_SCALE, closed="right")
            for side in shape
        )
    sides = [check_integer("each side of shape", side, low=1, high=MOST_UNITS) for side in shape]
    if not n <= math.prod(sides) <= MOST_UNITS:
        raise ValueError(
            f"shape must have n={n} to {MOST_UNITS} places in its grid, got {shown(shape)}."
        )
    return tuple(sides)


def _least_shape(n: int) -> tuple[int, int, int]:
    a = math.ceil(round(n ** (1 / 3), 9))
    b = math.ceil(round((n / a) ** 0.5, 9))
    return a, b, -(-n // (a * b))


def checked_peaks(C: Any) -> np.ndarray:
    """Return the connection probabilities at no distance as ``[from, to]``, E before I."""
    each = C if isinstance(C, tuple | list) else [C] * 4
    if len(each) != 4:
        raise ValueError(f"C must be a number or four of EE, EI, IE and II, got {shown(C)}.")
    return np.reshape([check_real("each of C", p, 0, 1) for p in each], (2, 2))


def drawn_positions(
    n: int, sides: tuple[Any, ...], placement: str, rng: np.random.Generator
) -> np.ndarray:
    """Draw where the neurons are, in no order, shape (n, 3)."""
    if placement == "random":
        return rng.random((n, 3)) * sides
    places = rng.permutation(math.prod(sides))[:n]
    return np.stack(np.unravel_index(places, sides), axis=1).astype(np.float64)


def length_of_density(
    density: float,
    n: int,
    exc_ratio: float,
    *,
    C: Any = PEAKS,
    shape: Any = None,
    placement: str = "grid",
) -> float:
    """Return the `lambda_` with which a fraction of the n (n - 1) synapses is expected.

    It is the nearest one where no `lambda_` gives so many, as no pair is connected with more than
    the probability C.
    """
    sides, peaks = checked_shape(n, shape, placement), checked_peaks(C)
    kinds = np.array([int(exc_ratio * n), n - int(exc_ratio * n)])
    n_pairs = np.outer(kinds, kinds) - np.diag(kinds)
    wanted = density * n * (n - 1) / max((peaks * n_pairs).sum(), 1e-300)
    low, high = 1.0 / LARGEST_SCALE, LARGEST_SCALE
    for _ in range(_N_BISECTIONS):
        middle = math.sqrt(low * high)
        if _mean_decay(middle, sides, placement) < wanted:
            low = middle
        else:
            high = middle
    return high


def _mean_decay(length: float, sides: tuple[Any, ...], placement: str) -> float:
    """Mean of ``exp(-(d / length)^2)`` over two places, which is a product over the axes."""
    if placement == "random":
        ratios = np.divide(sides, length)
        # Of the distance between two uniform points, whose density falls linearly.
        over = math.sqrt(math.pi) * ratios * erf(ratios) + np.expm1(-(ratios**2))
        return float(np.prod(over / ratios**2))
    n_places = math.prod(sides)
    if n_places == 1:
        return 1.0
    mean = math.prod(_mean_decay_on_line(length, side) for side in sides)
    return (n_places * mean - 1.0) / (n_places - 1)  # a neuron is not at its own place


def _mean_decay_on_line(length: float, n: int) -> float:
    """The same of two of n points on a line, which may be one and the same."""
    gaps = np.arange(1, n)
    return (n + 2.0 * ((n - gaps) * np.exp(-((gaps / length) ** 2))).sum()) / n**2
