"""What a fitted estimator holds: all that a fit has learned, whatever is set or fails later."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import wraps
from typing import Any, Self, TypeVar, cast

from sklearn.pipeline import Pipeline

_Method = TypeVar("_Method", bound=Callable[..., Any])


class FittedParameters:
    """Mixin of the estimators that are read by the parameters of their fit.

    What is set later acts at the next fit.
    """

    _parameters_of_fit: dict[str, Any]

    def _parameters_read(self) -> Iterable[str]:
        """Names of the parameters that are read after fit too; a seed is not."""
        return set(cast(Any, self)._get_param_names()) - {"random_state"}

    def _keep_parameters(self) -> None:
        """Keep what was set when this was fitted."""
        read = {name: getattr(self, name) for name in self._parameters_read()}
        self._parameters_of_fit = deepcopy(read)

    def _as_fitted(self) -> Self:
        """Look at the estimator as it was set when it was fitted."""
        view = object.__new__(type(self))
        view.__dict__.update(vars(self) | vars(self).get("_parameters_of_fit", {}))
        return view


@contextmanager
def restored_on_error(estimator: Any) -> Iterator[None]:
    """Give an estimator back the attributes that it had, if what is done meanwhile fails."""
    before = dict(vars(estimator))
    # A pipeline stays the same for whoever holds it, and is given other steps.
    pipelines = [
        (each, list(each.steps)) for each in before.values() if isinstance(each, Pipeline)
    ]
    try:
        yield
    except BaseException:
        estimator.__dict__ = before
        for pipeline, steps in pipelines:
            pipeline.steps = steps
        raise


def all_or_nothing(method: _Method) -> _Method:
    """Have a method that fails or is interrupted leave its estimator as it was.

    It must replace what it changes. It stands outside of `with_callbacks`, whose end needs
    attributes of the fit.
    """

    @wraps(method)
    def whole(estimator: Any, *args: Any, **kwargs: Any) -> Any:
        with restored_on_error(estimator):
            return method(estimator, *args, **kwargs)

    return cast(_Method, whole)
