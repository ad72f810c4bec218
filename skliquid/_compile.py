"""Compilation of kernels by Numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(function: Any) -> Any:
    """Compile without the GIL, and keep the result on disk where a folder can be written."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    decorate: Callable[..., Any] = njit
    try:
        return decorate(cache=True, **options)(function)
    except RuntimeError:  # nowhere to keep it
        return decorate(**options)(function)
