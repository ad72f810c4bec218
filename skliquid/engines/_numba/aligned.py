"""Arrays whose address is a multiple of a cache line, or of a huge page."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

CACHE_LINE, HUGE_PAGE = 64, 2**21


def aligned_empty(shape: tuple[int, ...], dtype: Any, alignment: int = CACHE_LINE) -> np.ndarray:
    """Array whose address is a multiple of the alignment; a load across two lines costs twice.

    In small pages, scattered in memory, a table as large as the L2 cache finds no room in parts
    of it. NumPy asks for huge pages from 4 MiB on, so a buffer of that size is taken for one.
    """
    n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    if not n_bytes:
        return np.empty(shape, dtype)
    buffer = np.empty(n_bytes + 2 * alignment, dtype=np.uint8)
    start = -buffer.__array_interface__["data"][0] % alignment
    return np.ndarray(shape, dtype, buffer, start)


def aligned_zeros(shape: tuple[int, ...], dtype: Any, alignment: int = CACHE_LINE) -> np.ndarray:
    """Zeros whose address is a multiple of the alignment."""
    zeros = aligned_empty(shape, dtype, alignment)
    zeros.fill(0)  # not np.zeros, which asks for no huge pages in every version
    return zeros


def aligned(values: np.ndarray) -> np.ndarray:
    """Copy whose address is a multiple of a cache line."""
    copy = aligned_zeros(values.shape, values.dtype)
    copy[...] = values
    return copy
