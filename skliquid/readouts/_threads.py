"""Threads around a BLAS that has one, so that no result depends on how many there are.

How BLAS shares out a product among its threads decides which of the terms it adds first. Here each
thread does whole products of its own, which are the same whoever does them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from itertools import repeat
from threading import Lock, local
from typing import Any

from threadpoolctl import ThreadpoolController

from .._workers import each_in_threads, leave_off_if_given_up


class _SerialBlas(AbstractContextManager["_SerialBlas"]):
    """Keep every BLAS of the process to one thread while anybody is inside.

    Attributes
    ----------
    n_threads : int
        Number that BLAS had, and that may be used in its place.
    """

    _alone = local()

    def __init__(self) -> None:
        self._libraries: list[Any] = []
        self._before: list[int] = []
        self._begin_process()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin_process)

    def _begin_process(self) -> None:
        """Be outside, with no thread; those of a parent do not come along into its fork."""
        self.n_threads, self._n_inside, self._lock = 1, 0, Lock()
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> _SerialBlas:
        with self._lock:
            if not self._n_inside:
                # It looks through all that is loaded, which takes longer than a small fit.
                self._libraries = self._libraries or _blas()
                self._before = [library.num_threads for library in self._libraries]
                self.n_threads = max(self._before, default=1)
            self._n_inside += 1
            self._set(repeat(1))
        return self

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._n_inside -= 1
            if not self._n_inside:
                pool, self._pool = self._pool, None
                try:
                    if pool is not None:
                        pool.shutdown()
                finally:  # an interrupt may come while it waits
                    self._set(self._before)

    def _set(self, counts: Iterable[int]) -> None:
        for library, count in zip(self._libraries, counts, strict=False):
            # Else a thread that set a number before would have kept others from it.
            release = getattr(library, "clear_controlling_thread", _nothing)
            release(force=True)
            library.set_num_threads(count)
            release(force=True)

    def each(self, function: Callable[..., None], items: Iterable[tuple[Any, ...]]) -> None:
        """Call a function with each item's values, in threads; inside of such a call, in turn."""
        items = list(items)
        if self.n_threads == 1 or len(items) < 2 or hasattr(self._alone, "yes"):
            for item in items:
                leave_off_if_given_up()
                function(*item)
            return
        with self._lock:
            self._pool = self._pool or ThreadPoolExecutor(
                self.n_threads, initializer=self._begin_worker
            )
        each_in_threads(self._pool, function, items)

    @contextmanager
    def alone(self, is_so: bool) -> Iterator[None]:
        """Let this thread do all that it does inside by itself, if told so."""
        if is_so and not hasattr(self._alone, "yes"):
            self._alone.yes = True
            try:
                yield
            finally:
                del self._alone.yes
        else:
            yield

    def _begin_worker(self) -> None:
        self._alone.yes = True
        # Some libraries have a number for each thread. Whoever has the lock may be waiting for
        # this one to end.
        self._set(repeat(1))


def _blas() -> list[Any]:
    return list(ThreadpoolController().select(user_api="blas").lib_controllers)


def _nothing(*, force: bool) -> None:
    """Stand in for what older versions lack."""


serial_blas = _SerialBlas()
