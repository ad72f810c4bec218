"""What the estimators for Dask collections share."""

from __future__ import annotations

from typing import Any, ClassVar

import dask
import dask.array as da
import numpy as np
from dask.delayed import Delayed, delayed
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._base import seed_of
from ..estimators._entries import warn_of_idle
from ._parts import Parts, refuse
from ._tasks import begin, called, has_begun

_COMPUTED = "here only what was computed is taken"


def refuse_beside(X: Any, **values: Any) -> None:
    """Raise an error if values are Dask collections where `X` is none."""
    for name, given in values.items():
        refuse(given, name, f"X is a {type(X).__name__}; give both to Dask, or neither")


class DaskEstimator(BaseEstimator):
    """An estimator that takes Dask collections in the place of any other."""

    # The ordinary estimator of the same parameters.
    _local: ClassVar[type]

    def to_local(self) -> Any:
        """Return the ordinary estimator, which needs no Dask.

        Returns
        -------
        LSMClassifier, LSMRegressor or LiquidTransformer
            The same model, fitted.
        """
        check_is_fitted(self)
        return self._ordinary(self.__dict__)

    def _ordinary(self, attributes: dict[str, Any]) -> Any:
        local = self._local()
        local.__dict__.update(attributes)
        return local

    def _unfitted(self) -> Any:
        """Ordinary estimator with a seed, so that whoever draws its liquid draws the same."""
        parameters = self.get_params(deep=False)
        return self._ordinary(parameters | {"random_state": seed_of(self.random_state)})

    def _take_over(self, fitted: Any) -> None:
        """Have the attributes, and not the parameters, of a fitted estimator."""
        names = self.get_params(deep=False).keys()
        own = {k: v for k, v in vars(self).items() if not k.endswith("_")}
        # At once, so that an interruption leaves all of before or nothing.
        self.__dict__ = own | {k: v for k, v in vars(fitted).items() if k not in names}

    def _begun(self, X: Parts, weights: list[Any], estimator: Any) -> Delayed:
        """Draw the liquid for the first part that holds a sequence of positive weight."""
        warn_of_idle(self)
        estimator = delayed(estimator, traverse=False)
        for i, (part, weight) in enumerate(zip(X.delayed, weights, strict=True)):
            (begun,) = dask.persist(delayed(begin)(estimator, part, X.kind, weight, i))
            if dask.compute(delayed(has_begun)(begun))[0]:
                return begun
        raise ValueError(f"No part of X, of {len(X)}, holds a sequence of positive weight.")

    def _outputs(self, method: str, X: Parts, like: np.ndarray) -> list[Delayed]:
        """Have a method's output for each part, which is of the kind of an output given."""
        local = self.to_local()
        vars(local).pop("_skl_callbacks", None)  # bars are for what runs here
        estimator = delayed(local, traverse=False)
        return [
            delayed(called)(estimator, method, part, X.kind, like[:0], i)
            for i, part in enumerate(X.delayed)
        ]

    def _lazy(self, method: str, X: Parts, like: np.ndarray) -> da.Array:
        """Put a method's outputs for all parts into one array, which is computed when needed."""
        lengths = X.lengths or (np.nan,) * len(X)
        outputs = zip(self._outputs(method, X, like), lengths, strict=True)
        arrays = [
            da.from_delayed(output, shape=(length, *like.shape[1:]), meta=like[:0])
            for output, length in outputs
        ]
        return da.concatenate(arrays)

    def _open_collection(self, X: Any, *, reset: bool) -> Any:
        refuse(X, "X", _COMPUTED)
        return super()._open_collection(X, reset=reset)

    def _validate_parts(self, X: Any, *, most: int | None = None) -> Any:
        refuse(X, "X", _COMPUTED)  # which may be read one by one, as parts are
        return super()._validate_parts(X, most=most)
