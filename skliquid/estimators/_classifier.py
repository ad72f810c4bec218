"""LSMClassifier: a liquid, a scaler and a trained readout that predicts classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, column_or_1d

from .._base import checked_weight
from .._callbacks import with_callbacks
from ..readouts._leaky import LeakyReadoutClassifier
from ..readouts._named import LEAKY_KINDS, classifier_readout
from ..readouts._samples import class_factors, require_weights
from ._entries import parametrized
from ._lsm import BaseLSM
from ._parameters import ClassifierParameters


def _readout_has(method: str) -> Callable[[Any], bool]:
    """Check for `available_if`: the readout, fitted or not, has a method."""

    def check(estimator: Any) -> bool:
        if hasattr(estimator, "pipeline_"):
            return hasattr(estimator.pipeline_[-1], method)
        try:
            return hasattr(estimator._make_readout(), method)
        except ValueError:  # which is for `fit` to raise
            return False

    return check


def _reads_over_time(estimator: Any) -> bool:
    """Check for `available_if`: the readout has scores that are causal in time."""
    return _readout_has("predict_over_time")(estimator) and not estimator.bidirectional


@parametrized
class LSMClassifier(ClassifierMixin, ClassifierParameters, BaseLSM):
    """Classify sequences with a liquid state machine.

    A fixed random network of spiking neurons, the liquid [1]_, turns each sequence into
    pooled spike features (see :class:`LiquidTransformer`); the features are standardised,
    and a readout is trained on them.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes.
    pipeline_ : Pipeline
        The fitted steps "liquid", "limiter", "scaler" and "readout"; a leaky readout has
        neither limiter nor scaler.
    reservoir_loss_curve_ : list of float
        Mean training loss of each pass over the sequences, if the liquid was trained.
    reservoir_validation_loss_curve_ : list of float or None
        Loss of a held-out part after each pass, if the liquid was trained; None if nothing was
        held out.
    n_channels_in_ : int
        Number of channels seen in `fit`.
    n_features_in_ : int
        Number of time steps if `fit` saw a 2-D array, else the number of channels.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if `fit` saw a data frame with names that are all strings.

    See Also
    --------
    LiquidTransformer : The features alone.
    LSMRegressor : The same for numbers.

    References
    ----------
    .. [1] Maass, Natschlaeger, Markram. "Real-time computing without stable states", Neural
       Computation 14(11), 2002.
    {references}

    Examples
    --------
    >>> from skliquid import LSMClassifier
    >>> from skliquid.datasets import load_japanese_vowels
    >>> X, y, X_test, y_test = load_japanese_vowels()
    >>> lsm = LSMClassifier(random_state=0).fit(X, y)
    >>> bool(lsm.score(X_test, y_test) > 0.95)
    True
    """

    classes_: np.ndarray

    @with_callbacks
    # Validation of the parameters of a readout that is an estimator is left to it.
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LSMClassifier:
        """Draw the liquid and train the readout.

        Parameters
        ----------
        X : array-like or list
            Sequences: an array of shape (n_samples, n_timesteps, n_channels), where trailing
            frames of NaN are padding; an array of shape (n_samples, n_timesteps) of one
            channel; or a list of arrays of shape (n_timesteps_i, n_channels).
        y : array-like of shape (n_samples,)
            Classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the sequences; needs a readout that takes them.

        Returns
        -------
        LSMClassifier
            The estimator itself, fitted.
        """
        sequences = self._validate_sequences(X, reset=True)
        y = column_or_1d(self._validate_targets(y), warn=True)
        check_consistent_length(sequences, y)
        try:
            check_classification_targets(y)
            self.classes_ = np.unique(y)
        except TypeError as error:
            raise ValueError(f"y must hold labels of one type: {error}.") from error
        readout = self._make_readout()
        self._check_trainable(readout)
        weight = None
        if sample_weight is not None:
            require_weights(readout, "sample_weight")
            weight = checked_weight(sample_weight, sequences)
        present = self.classes_ if weight is None else np.unique(y[weight > 0])
        if len(present) < 2:
            raise ValueError(
                f"y holds only one class with a positive weight, {present[0]!r}; a classifier "
                "needs samples of at least two classes."
            )
        factor = None
        if self.class_weight is not None:
            require_weights(readout, "class_weight")
            factor = class_factors(self.class_weight, y, weight)
        self._fit_pipeline(X, sequences, y, readout, weight, factor)
        self.classes_ = self.pipeline_[-1].classes_
        for name in ("loss_curve_", "validation_loss_curve_"):
            self.__dict__.pop(f"reservoir_{name}", None)
            if self.train_reservoir:
                setattr(self, f"reservoir_{name}", getattr(self.pipeline_[0], name))
        return self

    @available_if(_readout_has("decision_function"))
    def decision_function(self, X: Any) -> np.ndarray:
        """Compute the readout's score of each class.

        Parameters
        ----------
        X : array-like or list
            Sequences, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Scores; with two classes, positive ones speak for ``classes_[1]``.
        """
        scores: np.ndarray = self._call("decision_function", X)
        return scores

    @available_if(_readout_has("predict_proba"))
    def predict_proba(self, X: Any) -> np.ndarray:
        """Compute the probability of each class.

        Parameters
        ----------
        X : array-like or list
            Sequences, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.
        """
        probabilities: np.ndarray = self._call("predict_proba", X)
        return probabilities

    @available_if(_reads_over_time)
    def predict_over_time(self, X: Any) -> list[np.ndarray]:
        """Compute the score of each class after every frame.

        Only with a leaky readout, and where the liquid runs forward in time alone.

        Parameters
        ----------
        X : array-like or list
            Sequences, as in `fit`.

        Returns
        -------
        list of ndarray of shape (n_timesteps_i, n_classes)
            Scores, in the order of `classes_`, also with two classes: row t is what the
            first t + 1 frames alone would give, the last row what `predict` decides by.
        """
        scores: list[np.ndarray] = self._call("predict_over_time", X)
        return scores

    def _trains_reservoir(self) -> bool:
        return self.train_reservoir

    def _check_trainable(self, readout: Any) -> None:
        """Raise an error if the liquid shall be trained, but nothing passes a gradient to it."""
        if not self.train_reservoir:
            return
        if not isinstance(readout, LeakyReadoutClassifier):
            raise ValueError(
                "train_reservoir=True needs a readout that passes a gradient to the liquid, "
                f"one of {sorted(LEAKY_KINDS)} or a LeakyReadoutClassifier, but readout is "
                f"{self.readout!r}."
            )
        if not (isinstance(self.cell, str) and self.cell == "lif"):
            raise ValueError(
                f"train_reservoir=True needs spiking neurons, cell='lif', but cell is "
                f"{self.cell!r}."
            )

    def _make_readout(self) -> Any:
        return classifier_readout(self.readout, self.random_state)
