"""DaskLSMClassifier, DaskLSMRegressor and DaskLiquidTransformer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import dask
import numpy as np
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.validation import check_is_fitted

from .._checks import shown
from ..estimators._classifier import LSMClassifier
from ..estimators._entries import parametrized
from ..estimators._regressor import LSMRegressor
from ..estimators._transformer import LiquidTransformer
from ..readouts._samples import class_factors
from ._base import DaskEstimator, refuse_beside
from ._lsm import DaskLSM
from ._parts import aligned, series_of
from ._tasks import Common, Survey


# The dataclass makes a constructor for this class alone.
@parametrized
@dataclass(eq=False, repr=False)
class DaskLSMClassifier(DaskLSM, LSMClassifier):
    """Classify sequences that are a Dask collection with a liquid state machine.

    An :class:`~skliquid.LSMClassifier` that is also fitted to Dask arrays, bags and delayed
    parts, by whatever Dask computes with: the active :class:`distributed.Client` if there is
    one, else threads of this process. The liquid is drawn for the first part. Then each part is
    run and its features are summed where it is, and only sums travel [1]_.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, of all parts.
    pipeline_ : Pipeline
        The fitted steps, "liquid" and "readout", held by this process.
    n_channels_in_ : int
        Number of channels seen in `fit`.
    n_features_in_ : int
        Number of time steps if `fit` saw a Dask or other array of two dimensions, else the
        number of channels.

    See Also
    --------
    skliquid.LSMClassifier : The same for what fits in memory, and for parts one after the other.
    DaskLSMRegressor : The same for numbers.

    Notes
    -----
    The model is that of ``LSMClassifier.partial_fit``, part by part, but for rounding. It
    depends on the parts and their order, and not, to the last bit, on the number of workers and
    threads or on who computes what when: BLAS keeps to one thread, and sums are added in a tree
    that follows the order of the parts. Tasks leave alone what they are given, so that those of
    a worker that dies are computed again.

    `y` is computed once before all else, for its classes, and the first part of `X` once more
    than the others; what is dear to compute is best persisted. `partial_fit` takes no Dask
    collections.

    References
    ----------
    .. [1] Chu, Kim, Lin, Yu, Bradski, Ng, Olukotun. "Map-reduce for machine learning on
       multicore", NIPS 19, 2006.
    {references}

    Examples
    --------
    >>> import dask.array as da
    >>> import numpy as np
    >>> from skliquid.dask import DaskLSMClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = rng.integers(2, size=200)
    >>> X = rng.normal(size=(200, 30, 1)) + np.sin(np.arange(30) * (0.3 + y[:, None]))[..., None]
    >>> X, y = da.from_array(X, chunks=(50, -1, -1)), da.from_array(y, chunks=50)
    >>> lsm = DaskLSMClassifier(100, random_state=0).fit(X[:150], y[:150])
    >>> bool(lsm.score(X[150:], y[150:]) > 0.9)
    True
    >>> lsm.predict(X)
    dask.array<concatenate, shape=(200,), dtype=int64, chunksize=(50,), chunktype=numpy.ndarray>
    """

    _local = LSMClassifier
    _metric = accuracy_score

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> DaskLSMClassifier:
        """Draw the liquid for the first part and train the readout on all.

        Parameters
        ----------
        X : Dask array, Dask bag, list of dask.delayed parts, array-like or list
            Sequences: a Dask array of shape (n_samples, n_timesteps, n_channels), or
            (n_samples, n_timesteps) of one channel, whose chunks of samples are the parts; a bag
            whose items are arrays of shape (n_timesteps_i, n_channels); or a list of delayed
            parts, each an array of three dimensions or a list of arrays. Or what is no Dask
            collection, as :meth:`skliquid.LSMClassifier.fit` takes it.
        y : Dask array, Dask bag, list of dask.delayed parts or array-like
            Classes, in as many parts as `X`. An array, or a Dask array of other chunks, is cut
            as `X` is where that is known.
        sample_weight : as y, default=None
            Weights of the sequences.

        Returns
        -------
        DaskLSMClassifier
            The estimator itself, fitted.

        Raises
        ------
        ValueError
            If the parts of `X`, `y` and `sample_weight` do not hold the same samples, if the
            readout is none that is made of sums, or if a sequence or a target is not accepted;
            what is wrong in a part is named with the number of the part, and samples are
            numbered in their part.
        """
        parts = series_of(X)
        if parts is None:
            refuse_beside(X, y=y, sample_weight=sample_weight)
            super().fit(X, y, sample_weight)
        else:
            self._fit_dask(parts, y, sample_weight)
        return self

    def _common(self, surveys: list[Survey]) -> Common:
        classes, totals = _joined(surveys)
        present = classes[totals > 0]
        if len(present) < 2:
            raise ValueError(
                f"y holds only one class with a positive weight, {shown(present.tolist())}; a "
                "classifier needs samples of at least two classes."
            )
        # One sample for each class, which has all its weight.
        weighted = self.class_weight is not None
        factors = class_factors(self.class_weight, classes, totals) if weighted else None
        return Common(sum(each.n_samples for each in surveys), classes, factors)


@parametrized
@dataclass(eq=False, repr=False)
class DaskLSMRegressor(DaskLSM, LSMRegressor):
    """Predict numbers from sequences that are a Dask collection.

    An :class:`~skliquid.LSMRegressor` that is also fitted to Dask arrays, bags and delayed
    parts; what :class:`DaskLSMClassifier` says of them holds here.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    pipeline_ : Pipeline
        The fitted steps, "liquid" and "readout", held by this process.
    n_channels_in_ : int
        Number of channels seen in `fit`.
    n_features_in_ : int
        Number of time steps if `fit` saw a Dask or other array of two dimensions, else the
        number of channels.

    See Also
    --------
    skliquid.LSMRegressor : The same for what fits in memory, and for parts one after the other.
    DaskLSMClassifier : The same for classes.

    References
    ----------
    {references}

    Examples
    --------
    >>> import dask.array as da
    >>> from skliquid.dask import DaskLSMRegressor
    >>> X = da.random.default_rng(0).normal(size=(200, 20, 1), chunks=(50, -1, -1)).cumsum(axis=1)
    >>> y = X.mean(axis=(1, 2))
    >>> lsm = DaskLSMRegressor(100, random_state=0).fit(X[:150], y[:150])
    >>> bool(lsm.score(X[150:], y[150:]) > 0.9)
    True
    """

    _local = LSMRegressor
    _metric = r2_score

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> DaskLSMRegressor:
        """Draw the liquid for the first part and train the readout on all.

        Parameters
        ----------
        X : Dask array, Dask bag, list of dask.delayed parts, array-like or list
            Sequences, as in :meth:`DaskLSMClassifier.fit`.
        y : Dask array, Dask bag, list of dask.delayed parts or array-like
            Numbers to predict, one or several for each sequence, in as many parts as `X`. An
            array, or a Dask array of other chunks, is cut as `X` is where that is known.
        sample_weight : as y, default=None
            Weights of the sequences.

        Returns
        -------
        DaskLSMRegressor
            The estimator itself, fitted.
        """
        parts = series_of(X)
        if parts is None:
            refuse_beside(X, y=y, sample_weight=sample_weight)
            super().fit(X, y, sample_weight)
        else:
            self._fit_dask(parts, y, sample_weight)
        return self


@parametrized
@dataclass(eq=False, repr=False)
class DaskLiquidTransformer(DaskEstimator, LiquidTransformer):
    """Turn sequences that are a Dask collection into features of a reservoir.

    A :class:`~skliquid.LiquidTransformer` that also takes Dask arrays, bags and delayed parts;
    what :class:`DaskLSMClassifier` says of them holds here.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    liquid_ : Liquid or RateReservoir
        The reservoir's weights and neuron constants; the first of `liquids_`.
    liquids_ : list of Liquid or RateReservoir
        All of the `n_liquids`.
    encoder_ : encoder or None
        The fitted encoder.
    n_channels_in_ : int
        Number of channels seen in `fit`.
    n_features_in_ : int
        Number of time steps if `fit` saw a Dask or other array of two dimensions, else the
        number of channels.

    See Also
    --------
    skliquid.LiquidTransformer : The same for what fits in memory.
    DaskLSMClassifier : A liquid with a trained readout that predicts classes.

    References
    ----------
    {references}

    Examples
    --------
    >>> import dask.array as da
    >>> from skliquid.dask import DaskLiquidTransformer
    >>> X = da.random.default_rng(0).normal(size=(200, 20, 1), chunks=(50, -1, -1))
    >>> DaskLiquidTransformer(100, pooling="rate", random_state=0).fit_transform(X).shape
    (200, 100)
    """

    _local = LiquidTransformer

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> DaskLiquidTransformer:
        """Learn the scale of each channel and draw the liquid, from the first part.

        Parameters
        ----------
        X : Dask array, Dask bag, list of dask.delayed parts, array-like or list
            Sequences, as in :meth:`DaskLSMClassifier.fit`. Of Dask's parts only the first is
            computed that holds a sequence of positive weight.
        y : None
            Ignored.
        sample_weight : Dask array, Dask bag, list of dask.delayed parts or array-like, \
default=None
            Weights of the sequences in the mean and the scale of the channels.

        Returns
        -------
        DaskLiquidTransformer
            The estimator itself, fitted.
        """
        parts = series_of(X)
        if parts is None:
            refuse_beside(X, sample_weight=sample_weight)
            super().fit(X, sample_weight=sample_weight)
        else:
            self._validate_params()
            weights = aligned(sample_weight, "sample_weight", parts)
            self._take_over(dask.compute(self._begun(parts, weights, self._unfitted()))[0])
        return self

    def fit_transform(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Fit, and return the features of the same sequences.

        Parameters
        ----------
        X : Dask array, Dask bag, list of dask.delayed parts, array-like or list
            Sequences, as in `fit`.
        y : None
            Ignored.
        sample_weight : as in fit, default=None
            Weights of the sequences.

        Returns
        -------
        Dask array or ndarray of shape (n_samples, n_features)
            The features, as `transform` returns them.
        """
        if series_of(X) is None:
            refuse_beside(X, sample_weight=sample_weight)
            return super().fit_transform(X, sample_weight=sample_weight)
        return self.fit(X, sample_weight=sample_weight).transform(X)

    def transform(self, X: Any) -> Any:
        """Run the liquid over sequences and pool its spikes.

        Parameters
        ----------
        X : Dask array, Dask bag, list of dask.delayed parts, array-like or list
            Sequences, as in `fit`.

        Returns
        -------
        Dask array or ndarray of shape (n_samples, n_features)
            The features. A Dask array, where `X` is a Dask collection, is computed when it is
            needed; it is float32 if `X` is a Dask array of float32, else float64, and its number
            of samples is known where that of each part is.
        """
        parts = series_of(X)
        if parts is None:
            return super().transform(X)
        check_is_fitted(self)
        is_single = parts.array is not None and parts.array.dtype == np.float32
        kind = np.float32 if is_single else np.float64
        return self._lazy("transform", parts, np.empty((0, self._as_fitted()._n_features), kind))


def _joined(surveys: list[Survey]) -> tuple[np.ndarray, np.ndarray]:
    """Classes of all parts, and their total weights in the order of the parts."""
    found = [each for each in surveys if len(each.classes)]
    if not found:
        raise ValueError("y holds no samples in any of its parts.")
    labels = [each.classes for each in found]
    if len({each.dtype.kind in "US" for each in labels}) > 1:  # which NumPy would make all text
        raise ValueError(
            "y must hold labels of one type, but its parts hold "
            f"{sorted({str(each.dtype) for each in labels})}."
        )
    try:
        classes, place = np.unique(np.concatenate(labels), return_inverse=True)
    except TypeError as error:
        raise ValueError(f"y must hold labels of one type: {error}.") from error
    return classes, np.bincount(place, np.concatenate([each.weights for each in found]))
