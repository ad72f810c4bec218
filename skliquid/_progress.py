"""How far a call has come, for whoever asked: by `verbose`, or by scikit-learn's progress bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter
from typing import Any

# Between two lines.
_SECONDS = 1.0

_Advance = Callable[[int], None]
_advance: ContextVar[_Advance | None] = ContextVar("_advance", default=None)


@contextmanager
def progress(estimator: Any, method: str, n_sequences: int | None) -> Iterator[None]:
    """Show how many sequences were run, also by what is called inside; None is a number unknown.

    A bar is for what follows a fit: in a fit the callbacks themselves tell of its tasks.
    """
    title = f"{type(estimator).__name__}.{method}"
    if _advance.get() is None and estimator.verbose:
        shown = _lines(title, n_sequences)
    elif _advance.get() is None and not method.startswith("fit") and _has_bar(estimator):
        shown = _bar(title, n_sequences)
    else:
        yield
        return
    with shown as advance:
        token = _advance.set(advance)
        try:
            yield
        finally:
            _advance.reset(token)


def advanced(n_sequences: int) -> None:
    """Count sequences that were run."""
    advance = _advance.get()
    if advance is not None:
        advance(n_sequences)


def _has_bar(estimator: Any) -> bool:
    callbacks = vars(estimator).get("_skl_callbacks")
    if not callbacks:
        return False
    from sklearn.callback import ProgressBar

    return any(isinstance(each, ProgressBar) for each in callbacks)


@contextmanager
def _lines(title: str, n_sequences: int | None) -> Iterator[_Advance]:
    began = last = perf_counter()
    n_run = 0
    of_all = "" if n_sequences is None else f" of {n_sequences}"

    def line() -> None:
        print(f"[{title}] {n_run}{of_all} sequences, {last - began:.1f} s", flush=True)

    def advance(n: int) -> None:
        nonlocal last, n_run
        n_run += n
        if perf_counter() - last >= _SECONDS:
            last = perf_counter()
            line()

    yield advance
    last = perf_counter()
    line()


@contextmanager
def _bar(title: str, n_sequences: int | None) -> Iterator[_Advance]:
    from rich.progress import Progress  # which scikit-learn's bar needs too

    with Progress() as bars:
        bar = bars.add_task(title, total=n_sequences)
        yield lambda n: bars.update(bar, advance=n)
