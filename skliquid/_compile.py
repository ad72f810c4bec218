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
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from numba import config, njit
from numba.core.ccallback import CFunc
from numba.core.sigutils import normalize_signature

from ._kept import KernelCache

_PACKAGE = Path(__file__).parent
# Numba's setting is that of the whole process: threads that compile must not take turns with it.
_SETTING = Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_SETTING.acquire,
        after_in_parent=_SETTING.release,
        after_in_child=_SETTING.release,
    )
_KEPT_FOLDERS = 8
# Division by zero gives an infinity as in NumPy, so that no loop has a branch for it.
_OPTIONS = {"error_model": "numpy"}
# A kernel of the package makes no arrays, which spares it the counting of references; what only
# kernels call needs no entrance from Python.
_UNCOUNTED = _OPTIONS | {"_nrt": False}
_HIDDEN = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def inner(function: Any) -> Any:
    """Compile a function that kernels call; its machine code is kept with theirs."""
    return njit(**_UNCOUNTED, **_HIDDEN)(function)


def spliced(function: Any) -> Any:
    """Write a function that kernels call into them, where its arguments are too many to pass."""
    return njit(inline="always", **_UNCOUNTED)(function)


def compiled(function: Any, *, makes_arrays: bool = False) -> Any:
    """Compile a kernel that Python calls, without the GIL, and keep the result on disk."""
    counting = _OPTIONS if makes_arrays else _UNCOUNTED
    made = njit(nogil=True, no_cfunc_wrapper=True, **counting)(function)
    if not config.DISABLE_JIT:
        _keep(made, function)
    return made


def compiled_to(signature: Any, function: Any) -> Any:
    """Compile a function that is handed to kernels, and keep it if it is the package's own."""
    is_ours = Path(function.__code__.co_filename).is_relative_to(_PACKAGE)
    options = {"nopython": True, **(_UNCOUNTED if is_ours else _OPTIONS)}
    made = CFunc(function, normalize_signature(signature), locals={}, options=options)
    if is_ours:
        _keep(made, function)
    made.compile()
    return made


def _keep(made: Any, function: Any) -> None:
    """Have a function look for its machine code in our folder, where there is one."""
    folder = cache_folder()
    if folder is None:
        return
    with _SETTING:
        before, config.CACHE_DIR = config.CACHE_DIR, folder
        try:
            # Numba's word for a read-only folder that holds nothing of the function's.
            with suppress(RuntimeError):
                made._cache = KernelCache(function)
        finally:
            config.CACHE_DIR = before


@cache
def cache_folder() -> str | None:
    """The first of the usual places that can be written, or has been, for these sources."""
    for place in _places():
        folder = place / "skliquid-kernels" / _digest(sorted(_PACKAGE.rglob("*.py")))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                os.utime(folder)
                _forget_others(folder)
                return str(folder)
        except OSError:
            if any(folder.rglob("*.nbi")):
                return str(folder)
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
