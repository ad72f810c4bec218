"""What the estimators for aeon and for sktime share: each holds one of this package."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from .estimators._entries import parameters_of
from .estimators._parameters import (
    ClassifierParameters,
    RegressorParameters,
    ReservoirParameters,
)

# Both packages ask for estimators that use one thread unless told otherwise.
_N_JOBS = 1
ForTransformer: Any = parameters_of(ReservoirParameters, without=set(), n_jobs=_N_JOBS)
ForClassifier: Any = parameters_of(ClassifierParameters, without=set(), n_jobs=_N_JOBS)
ForRegressor: Any = parameters_of(RegressorParameters, without=set(), n_jobs=_N_JOBS)

# Parameters with which the other packages run their checks: little to run, nothing to compile.
CHECKED_WITH: list[dict[str, Any]] = [
    {"reservoir_size": 20, "engine": "numpy"},
    {"reservoir_size": 20, "engine": "numpy", "missing": "hold"},
]


class Adapter:
    """Mixin of the estimators of another package that do what one of this package does.

    It comes first among the bases, the base class of the other package last.
    """

    _adapted: ClassVar[type]
    estimator_: Any

    def _sequences(self, X: Any) -> list[np.ndarray]:
        """Turn a collection of the other package into sequences."""
        raise NotImplementedError

    def _fit(self, X: Any, y: Any = None) -> Any:
        parameters = self.get_params(deep=False)  # type: ignore[attr-defined]
        if parameters["n_jobs"] == _N_JOBS:  # the default there is None, which is the same
            parameters["n_jobs"] = None
        self.estimator_ = self._adapted(**parameters).fit(self._sequences(X), y)
        return self

    def _predict(self, X: Any) -> Any:
        return self.estimator_.predict(self._sequences(X))

    def _predict_proba(self, X: Any) -> Any:
        if hasattr(self.estimator_, "predict_proba"):
            return self.estimator_.predict_proba(self._sequences(X))
        return super()._predict_proba(X)  # type: ignore[misc]  # one for the class, else zero
