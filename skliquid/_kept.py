"""Kept kernels whose files are damaged, or cannot be read or written: compiled anew instead.

Numba loads whatever a file holds, and stops at an error of the disk. Here a file of machine code
begins with a digest of the rest.
"""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path
from typing import Any

from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    IndexDataCacheFile,
    UserProvidedCacheLocator,
)

_DIGEST_BYTES = 16


class _Folder(UserProvidedCacheLocator):
    def ensure_cache_path(self) -> None:
        """One that was filled before may be read-only."""
        if not Path(self.get_cache_path()).is_dir():
            super().ensure_cache_path()


class _Results(CompileResultCacheImpl):
    _locator_classes = (_Folder,)


class KernelCache(FunctionCache):
    """Numba's cache of a function, in which no file stands in the way."""

    _impl_class = _Results

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        stamp = self._impl.locator.get_source_stamp()
        self._cache_file = _SealedFile(self._cache_path, self._impl.filename_base, stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return what was kept, or None where that is nothing that can be used."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # whatever is wrong with the files
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a result, over a damaged index if there is one, where files can be written."""
        try:
            try:
                super().save_overload(sig, data)
            except (pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError):
                self.flush()
                super().save_overload(sig, data)
        except OSError:
            return


class _SealedFile(IndexDataCacheFile):
    def _save_data(self, name: str, data: Any) -> None:
        code = self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(_digest(code) + code)

    def _load_data(self, name: str) -> Any:
        sealed = Path(self._data_path(name)).read_bytes()
        digest, code = sealed[:_DIGEST_BYTES], sealed[_DIGEST_BYTES:]
        if digest != _digest(code):
            raise ValueError(f"{name} is damaged.")
        return pickle.loads(code)  # noqa: S301 (written by this user, as all of Numba's files are)


def _digest(code: bytes) -> bytes:
    return hashlib.blake2b(code, digest_size=_DIGEST_BYTES).digest()
