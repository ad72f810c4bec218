"""What DaskLSMClassifier and DaskLSMRegressor share: a readout of the sums of all parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import dask
import numpy as np
from dask.delayed import delayed
from sklearn.utils.validation import check_is_fitted

from .._checks import shown
from ..readouts._ridge_base import is_made_of_sums
from ._base import DaskEstimator, refuse_beside
from ._parts import Parts, aligned, refuse, require_alike, series_of
from ._tasks import Common, Survey, add, finished, survey, tree


class DaskLSM(DaskEstimator):
    """A liquid that is drawn for the first part of a Dask collection, and a readout of all."""

    _metric: ClassVar[Callable[..., float]]

    def _fit_dask(self, X: Parts, y: Any, sample_weight: Any) -> None:
        """Fit to parts, none of which comes here."""
        self._validate_params()
        machine = self._unfitted()
        self._require_sums(machine)
        values = [
            aligned(self._require_targets(y), "y", X),
            aligned(sample_weight, "sample_weight", X),
        ]
        common = self._common(_surveys(machine, values))
        if len(common.classes):
            machine.classes_ = common.classes
        begun = self._begun(X, values[1], machine)
        shared = delayed(common, traverse=False)
        readouts = [
            delayed(add)(begun, shared, part, X.kind, *each, i)
            for i, (part, *each) in enumerate(zip(X.delayed, *values, strict=True))
        ]
        self._take_over(dask.compute(delayed(finished)(begun, tree(readouts, shared)))[0])

    def _require_sums(self, machine: Any) -> None:
        readout = machine._make_readout()
        if not is_made_of_sums(readout):
            raise ValueError(
                f"readout={shown(self.readout)} needs all features in one place; the readout of "
                "Dask's parts must be "
                '"ridge", or a ridge readout of skliquid with standardize and limit set.'
            )

    def _require_targets(self, y: Any) -> Any:
        if y is None:
            self._validate_targets(y)  # which raises the error
        return y

    def _common(self, surveys: list[Survey]) -> Common:
        """Put together what has to be known of all parts."""
        return Common(sum(each.n_samples for each in surveys), np.zeros(0), None)

    def _open_part(self, X: Any, liquid: Any) -> Any:
        refuse(X, "X", "partial_fit takes none; give all parts to fit")
        return super()._open_part(X, liquid)

    def _call(self, method: str, X: Any) -> Any:
        """Call a method of the readout, of Dask's parts where they are and when it is needed."""
        parts = series_of(X)
        if parts is None:
            return super()._call(method, X)
        check_is_fitted(self)
        if method == "predict_over_time":
            refuse(X, "X", f"{method} takes none; give what computing it returns")
        return self._lazy(method, parts, self._example(method))

    def _example(self, method: str) -> np.ndarray:
        """Output of a method for a sequence of one frame."""
        one = np.zeros((1, 1, self.n_channels_in_), np.float32)
        return np.asarray(super()._call(method, one))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Compute how well targets are predicted, as scikit-learn's estimators do.

        Parameters
        ----------
        X : Dask array, Dask bag, list of dask.delayed parts, array-like or list
            Sequences, as in `fit`.
        y : Dask array, Dask bag, list of dask.delayed parts or array-like
            Targets, as in `fit`.
        sample_weight : as y, default=None
            Weights of the sequences.

        Returns
        -------
        float
            The accuracy of a classifier, or the coefficient of determination of a regressor.
        """
        parts = series_of(X)
        if parts is None:
            refuse_beside(X, y=y, sample_weight=sample_weight)
            return float(super().score(X, y, sample_weight))
        targets = aligned(self._require_targets(y), "y", parts)
        weights = aligned(sample_weight, "sample_weight", parts)
        outputs = self._outputs("predict", parts, self._example("predict"))
        predicted, targets, weights = dask.compute(outputs, targets, weights)
        for i, (mine, true, weight) in enumerate(zip(predicted, targets, weights, strict=True)):
            require_alike(i, X=mine, y=true)
            if weight is not None:
                require_alike(i, X=mine, sample_weight=weight)
        metric = type(self)._metric
        return float(metric(_whole(targets), _whole(predicted), sample_weight=_whole(weights)))


def _surveys(machine: Any, values: list[list[Any]]) -> list[Survey]:
    """Look at the targets and weights of all parts."""
    template = delayed(machine, traverse=False)
    surveys = [
        delayed(survey)(template, *each, i) for i, each in enumerate(zip(*values, strict=True))
    ]
    return list(dask.compute(*surveys))


def _whole(parts: list[Any]) -> np.ndarray | None:
    """Join what was computed; what is empty need not have the form of the others."""
    if parts[0] is None:
        return None
    return np.concatenate([part for part in parts if len(part)])
