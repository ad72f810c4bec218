"""scikit-learn's callbacks where the installed version has them (1.9 and later)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn < 1.9: fitting runs without progress reports

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stand-in without callbacks."""

    def with_callbacks(method: Any) -> Any:
        """Return the method as it is."""
        return method


__all__ = ["CallbackSupportMixin", "fit_tasks", "with_callbacks"]

# What a copy of the estimator lacks to be the fitted one that callbacks are given: nothing, but
# it must not call them in its turn.
_FITTED: dict[str, Any] = {"_skl_callbacks": []}


class _NoTasks:
    """Task tree of an estimator without callbacks."""

    @contextmanager
    def task(
        self, name: str, sub_estimator: Any = None, learned: dict[str, Any] | None = None
    ) -> Iterator[None]:
        """Do nothing around a task."""
        yield

    def end(self) -> None:
        """Do nothing at the end."""


class _Tasks:
    """Reports the tasks of one fit to the callbacks of an estimator."""

    def __init__(
        self, estimator: Any, n_tasks: int | None, X: Any, y: Any, sample_weight: Any
    ) -> None:
        self._estimator = estimator
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._data = {"X": X, "y": y, "metadata": metadata}
        self._context = estimator._init_callback_context(max_subtasks=n_tasks)
        self._context.call_on_fit_task_begin(estimator=estimator, **self._data)

    @contextmanager
    def task(
        self, name: str, sub_estimator: Any = None, learned: dict[str, Any] | None = None
    ) -> Iterator[None]:
        """Report one task; callbacks pass on to a sub-estimator that is fitted in it.

        `learned` are the data after which the estimator predicts, if it does after the task.
        """
        context = self._context.subcontext(task_name=name)
        data = self._data if learned is None else learned
        passed_on = nullcontext()
        if sub_estimator is not None:
            passed_on = context.propagate_callback_context(sub_estimator)
        with passed_on:
            context.call_on_fit_task_begin(estimator=self._estimator, **data)
            yield
        fitted = None if learned is None else _FITTED
        context.call_on_fit_task_end(
            estimator=self._estimator, **data, reconstruction_attributes=fitted
        )

    def end(self) -> None:
        """Report the end of the fit."""
        self._context.call_on_fit_task_end(
            estimator=self._estimator, **self._data, reconstruction_attributes=_FITTED
        )


def fit_tasks(
    estimator: Any, n_tasks: int | None, X: Any, y: Any = None, sample_weight: Any = None
) -> _Tasks | _NoTasks:
    """Open the task tree of a fit; the method must be decorated by ``with_callbacks``.

    None is a number of tasks that is not known before.
    """
    if hasattr(estimator, "_init_callback_context"):
        return _Tasks(estimator, n_tasks, X, y, sample_weight)
    return _NoTasks()
