"""Compilation of kernels by Numba, and where its results are kept.

Numba looks only at a kernel's own file to tell whether what it kept is still good. Here the
results are kept in a folder that is named by a digest of the whole package, so that an edit of
anything that a kernel is made of reaches it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from numba import cfunc, config, njit

_PACKAGE = Path(__file__).parent
_KEPT_FOLDERS = 8
# Division by zero gives an infinity as in NumPy, so that no loop has a branch for it.
_OPTIONS = {"error_model": "numpy"}


def inner(function: Any) -> Any:
    """Compile a function that kernels call; its machine code is kept with theirs."""
    return njit(**_OPTIONS)(function)


def spliced(function: Any) -> Any:
    """Write a function that kernels call into them, where its arguments are too many to pass."""
    return njit(inline="always", **_OPTIONS)(function)


def compiled(function: Any) -> Any:
    """Compile a kernel that Python calls, without the GIL, and keep the result on disk."""
    with _kept_in(cache_folder()) as options:
        return njit(nogil=True, **_OPTIONS, **options)(function)


def compiled_to(signature: Any, function: Any) -> Any:
    """Compile a function that is handed to kernels, and keep it if it is the package's own."""
    is_ours = Path(function.__code__.co_filename).is_relative_to(_PACKAGE)
    with _kept_in(cache_folder() if is_ours else None) as options:
        made: Any = cfunc(signature, nopython=True, **_OPTIONS, **options)(function)
    return made


@contextmanager
def _kept_in(folder: str | None) -> Iterator[dict[str, bool]]:
    """Options of a decorator, with Numba's folder set while it is applied."""
    if folder is None:  # nowhere to keep it
        yield {}
        return
    before, config.CACHE_DIR = config.CACHE_DIR, folder
    try:
        yield {"cache": True}
    finally:
        config.CACHE_DIR = before


@cache
def cache_folder() -> str | None:
    """The first of the usual places that can be written, in it a folder for these sources."""
    for place in _places():
        folder = place / "skliquid-kernels" / _digest(sorted(_PACKAGE.rglob("*.py")))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                os.utime(folder)
                _forget_others(folder)
                return str(folder)
        except OSError:
            continue
    return None


def _places() -> Iterator[Path]:
    """Where Numba was told to keep things; or beside the sources, or in the user's cache."""
    if config.CACHE_DIR:
        yield Path(config.CACHE_DIR)
        return
    yield _PACKAGE / "__pycache__"
    with suppress(RuntimeError):  # a user without a home
        yield Path.home() / ".cache"


def _forget_others(folder: Path) -> None:
    """Keep the folders of a few other sources, which checkouts and versions go back to."""
    others = sorted(folder.parent.iterdir(), key=lambda other: other.stat().st_mtime)
    for other in others[:-_KEPT_FOLDERS]:
        shutil.rmtree(other, ignore_errors=True)


def _digest(files: list[Path]) -> str:
    code = b"".join(file.read_bytes() for file in files)
    return hashlib.blake2b(code, digest_size=8).hexdigest()
