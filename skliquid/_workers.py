"""Work in Python's threads, which is left off when whoever waits for it is interrupted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from threading import Event, local
from typing import Any, ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")
_thread = local()


class GivenUpError(Exception):
    """Nobody waits for what a thread does."""


def leave_off_if_given_up() -> None:
    """Raise an error in a thread that nobody waits for; called now and then during long work."""
    is_given_up: Event | None = getattr(_thread, "is_given_up", None)
    if is_given_up is not None and is_given_up.is_set():
        raise GivenUpError


def each_in_threads(
    threads: ThreadPoolExecutor,
    function: Callable[..., None],
    items: Iterable[tuple[Any, ...]],
) -> None:
    """Call a function with each item's values in threads, and wait for all.

    Parameters
    ----------
    threads : ThreadPoolExecutor
        The threads.
    function : callable
        What is called.
    items : iterable of tuple
        Its arguments in each call.

    Raises
    ------
    Exception
        What one of the calls raises, or an interrupt raises in whoever waits. The others end at
        once, or when they next look.
    """
    is_given_up = Event()

    def call(*item: Any) -> None:
        _thread.is_given_up = is_given_up
        leave_off_if_given_up()
        function(*item)

    calls = [threads.submit(call, *item) for item in items]
    try:
        for done in calls:
            done.result()
    except BaseException:
        is_given_up.set()
        raise


def in_a_thread(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Have each call done by a thread of its own, while an interrupt is heard by who waits.

    For what spends long in calls of a library that hear none; the last of them goes on behind.
    """

    @wraps(function)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        results: list[_R] = []
        thread = ThreadPoolExecutor(1)
        try:
            each_in_threads(thread, lambda: results.append(function(*args, **kwargs)), [()])
        finally:
            thread.shutdown(wait=False)
        return results[0]

    return call
