"""Neurons that compete in groups, and who wins."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

# Most neurons of a group.
GROUP_SIZE = 8


def n_groups(n_neurons: int) -> int:
    """Count the groups: neuron i is one of group ``i % n_groups``."""
    return -(-n_neurons // GROUP_SIZE)


@cache
def _members(n_neurons: int) -> np.ndarray:
    """Number the neurons row by row, shape (n_rows, n_groups); a column is a group.

    Where the last row is not full, it repeats what is above.
    """
    groups = n_groups(n_neurons)
    numbers = np.arange(-(-n_neurons // groups) * groups)
    numbers[n_neurons:] -= groups
    numbers.flags.writeable = False  # it is handed out again
    return numbers.reshape(-1, groups)


def wins(potentials: Any, array: Callable[[np.ndarray], Any] = np.asarray) -> Any:
    """Tell which potentials are the highest of their groups.

    Parameters
    ----------
    potentials : array of shape (..., n)
        They, of NumPy or MLX; the lowest are the highest of the negative ones.
    array : callable, default=numpy.asarray
        What makes an array of the same library.

    Returns
    -------
    array of shape (..., n), dtype bool
        Equal ones are alike.
    """
    n = potentials.shape[-1]
    rows = potentials[..., array(_members(n))]
    is_highest = rows == rows.max(axis=-2, keepdims=True)
    return is_highest.reshape((*potentials.shape[:-1], -1))[..., :n]
