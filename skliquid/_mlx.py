"""Where MLX is needed: a word of help if it is not there, or if it would hang."""

from __future__ import annotations

import os
import sys
from importlib import import_module

_HOW = 'pip install "mlx[cpu]" on Linux, or "mlx[cuda13]" for an NVIDIA GPU; "mlx" on a Mac'
# Processes in which MLX had made arrays, which tells that it may have threads, before they forked.
_computed: set[int] = set()


def require_mlx(what: str, instead: str) -> None:
    """Raise an error that names what needs MLX and what serves instead, unless it can be used.

    Raises
    ------
    ImportError
        If MLX cannot be imported.
    RuntimeError
        If this process was forked off one in which MLX has computed.
    """
    try:
        import_module("mlx.core")
    except ImportError as error:
        raise ImportError(
            f"{what} needs MLX, which cannot be imported here ({error}). Install it ({_HOW}), or "
            f"use {instead}.",
            name=error.name,
        ) from error
    check_not_forked(what)


def check_not_forked(what: str) -> None:
    """Raise an error where MLX would wait for ever for threads that a fork does not copy."""
    if _computed - {os.getpid()}:
        raise RuntimeError(
            f"{what} needs MLX, which would hang in this process: it was forked off one in which "
            'MLX had computed. Start processes by joblib\'s "loky" or multiprocessing\'s "spawn".'
        )


def _note() -> None:
    mx = sys.modules.get("mlx.core")
    counts = ("get_active_memory", "get_cache_memory", "get_peak_memory")
    if any(getattr(mx, count, int)() for count in counts):
        _computed.add(os.getpid())


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(before=_note)
