"""LSMClassifier: a liquid, a scaler and a trained readout that predicts classes."""

from __future__ import annotations

from inspect import signature
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_consistent_length

from .._base import checked_weight
from .._callbacks import with_callbacks
from .._checks import shown
from .._fitted import all_or_nothing
from ..collection import Collection, as_parts
from ..readouts._leaky import LeakyReadoutClassifier
from ..readouts._named import CLASSIFIERS, LEAKY_KINDS, classifier_readout
from ..readouts._ridge_base import is_made_of_sums
from ..readouts._samples import (
    announced_classes,
    check_known,
    class_factors,
    class_labels,
    factors_of_part,
    require_weights,
)
from ._absent import why_not_read
from ._by_parts import LSMOfParts
from ._entries import parametrized
from ._lsm import readout_has, weighed_by
from ._parameters import ClassifierParameters
from ._shifts import MOST_ROWS, can_be_shifted, usual_number
from ._transformer import LiquidTransformer

# What offers a method besides another readout.
_FURTHER = {
    "partial_fit": "",
    "decision_function": "",
    "predict_proba": ", or of CalibratedClassifierCV around this estimator",
    "predict_over_time": "; with any other, what open_stream opens predicts after every frame",
}


def _reads_over_time(estimator: Any) -> bool:
    """Check for `available_if`: the readout has scores that are causal in time."""
    is_fitted = hasattr(estimator, "pipeline_")
    liquid = estimator.pipeline_[0]._as_fitted() if is_fitted else estimator
    looks_ahead = liquid.bidirectional or liquid.missing == "linear"
    return readout_has("predict_over_time")(estimator) and not looks_ahead


@parametrized
class LSMClassifier(ClassifierMixin, ClassifierParameters, LSMOfParts):
    """Classify sequences with a liquid state machine.

    A fixed random network of spiking neurons, the liquid [1]_, turns each sequence into
    pooled spike features (see :class:`LiquidTransformer`); a readout is trained on the roots of
    the features, standardised.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes.
    pipeline_ : Pipeline
        The fitted steps "liquid", "root", "limiter", "scaler" and "readout". With
        ``readout="ridge"`` the readout itself limits and standardises, and a leaky one needs
        none of them.
    reservoir_loss_curve_ : list of float
        Mean training loss of each pass over the sequences, if the liquid was trained.
    reservoir_validation_loss_curve_ : list of float or None
        Loss of a held-out part after each pass, if the liquid was trained; None if nothing was
        held out.
    n_samples_seen_ : int
        Number of sequences in all parts, after `partial_fit`.
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
    EarlyLSMClassifier : Classes before a sequence is over, at a chosen risk.

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

    @all_or_nothing
    @with_callbacks
    # Validation of the parameters of a readout that is an estimator is left to it.
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LSMClassifier:
        """Draw the liquid and train the readout.

        Parameters
        ----------
        X : array-like, list or iterable of parts
            Sequences: an array of shape (n_samples, n_timesteps, n_channels), where trailing
            frames of NaN are padding; an array of shape (n_samples, n_timesteps) of one
            channel; or a list of arrays of shape (n_timesteps_i, n_channels). Or, with
            ``readout="ridge"``, anything that yields one such collection after the other,
            arrays of three dimensions or lists; the first draws the liquid.
        y : array-like of shape (n_samples,)
            Classes, of all parts if there are parts.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the sequences; needs a readout that takes them.

        Returns
        -------
        LSMClassifier
            The estimator itself, fitted.
        """
        opened = self._open(X)
        y = self._labels(X, opened, y)
        self.classes_ = np.unique(y)
        readout = self._make_readout()
        self._check_trainable(readout)
        weight = None
        if sample_weight is not None:
            require_weights(readout, "sample_weight")
            weight = checked_weight(sample_weight, y)
        present = self.classes_ if weight is None else np.unique(y[weight > 0])
        if len(present) < 2:
            raise ValueError(
                f"y holds only one class with a positive weight, {shown(present.tolist()[0])}; a "
                "classifier needs samples of at least two classes."
            )
        factor = None
        if self.class_weight is not None:
            require_weights(readout, "class_weight")
            factor = class_factors(self.class_weight, y, weight)
            factor = weighed_by(readout, y, factor)
        self._fit_whole_or_parts(X, opened, y, readout, weight, factor)
        for name in ("loss_curve_", "validation_loss_curve_"):
            self.__dict__.pop(f"reservoir_{name}", None)
            if self.train_reservoir:
                setattr(self, f"reservoir_{name}", getattr(self.pipeline_[0], name))
        return self

    @available_if(readout_has("partial_fit"))
    @all_or_nothing
    @_fit_context(prefer_skip_nested_validation=False)
    def partial_fit(
        self,
        X: Any,
        y: Any,
        classes: Any = None,
        sample_weight: Any = None,
        *,
        liquid: LiquidTransformer | None = None,
    ) -> LSMClassifier:
        """Add a part of the training sequences; the first draws the liquid.

        With ``readout="ridge"`` parts of any size and in any order give the model of the whole
        with ``n_shifts=0`` but for rounding, on the same liquid. Other readouts do with parts what
        they do; features are limited and standardised for them by the first part. Parameters that
        are set after the first part act at the next `fit`, but for those that say how to run. A
        call that fails or is interrupted leaves the estimator as it was.

        Parameters
        ----------
        X : array-like, list or iterable of parts
            Sequences, as in `fit`.
        y : array-like of shape (n_samples,)
            Classes.
        classes : array-like of shape (n_classes,), default=None
            All classes that come in any part, in the first call; None are those of the first
            part.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the sequences; needs a readout that takes them.
        liquid : LiquidTransformer, default=None
            A fitted one that the first call takes, with its own parameters, in the place of
            drawing a liquid for its part.
            None takes the liquid of a `fit` before, if there was one, whose samples are not
            part of the readout then.

        Returns
        -------
        LSMClassifier
            The estimator itself.

        Examples
        --------
        >>> from skliquid import LSMClassifier
        >>> from skliquid.datasets import load_japanese_vowels
        >>> X, y, X_test, y_test = load_japanese_vowels()
        >>> lsm = LSMClassifier(100, random_state=0)
        >>> for part in range(3):
        ...     lsm = lsm.partial_fit(X[part::3], y[part::3])
        >>> lsm.n_samples_seen_, bool(lsm.score(X_test, y_test) > 0.9)
        (270, True)
        """
        opened, liquid = self._open_part(X, liquid)
        y = self._labels(X, opened, y)
        told = self if self._begins() else self._as_fitted()
        readout = told._make_readout()
        weight, factor = None, None
        if sample_weight is not None:
            require_weights(readout, "sample_weight", "partial_fit")
            weight = self._weights_of_part(sample_weight, y, readout)
        self._announce(y, classes)
        if told.class_weight is not None:
            require_weights(readout, "class_weight", "partial_fit")
            factor = factors_of_part(told.class_weight, y, self.classes_)
            all_factors = factors_of_part(told.class_weight, self.classes_, self.classes_)
            if weighed_by(readout, self.classes_, all_factors) is None:
                factor = None
        self._add(opened, y, weight, factor, readout, liquid)
        return self

    @available_if(readout_has("decision_function"))
    def decision_function(self, X: Any) -> np.ndarray:
        """Compute the readout's score of each class.

        Parameters
        ----------
        X : array-like, list or iterable of parts
            Sequences, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Scores; with two classes, positive ones speak for ``classes_[1]``.
        """
        scores: np.ndarray = self._call("decision_function", X)
        return scores

    @available_if(readout_has("predict_proba"))
    def predict_proba(self, X: Any) -> np.ndarray:
        """Compute the probability of each class.

        Those of ``readout="ridge"`` are calibrated by its leave-one-out scores (see
        :class:`~skliquid.RidgeReadoutClassifier`).

        Parameters
        ----------
        X : array-like, list or iterable of parts
            Sequences, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.
        """
        probabilities: np.ndarray = self._call("predict_proba", X)
        return probabilities

    @available_if(readout_has("predict_log_proba"))
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Compute the logarithm of the probability of each class.

        Parameters
        ----------
        X : array-like, list or iterable of parts
            Sequences, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Natural logarithms, in the order of `classes_`.
        """
        logarithms: np.ndarray = self._call("predict_log_proba", X)
        return logarithms

    @available_if(_reads_over_time)
    def predict_over_time(self, X: Any) -> list[np.ndarray]:
        """Compute the score of each class after every frame.

        Only with a leaky readout, and where the liquid runs forward in time alone and missing
        values are not interpolated.

        Parameters
        ----------
        X : array-like, list or iterable of parts
            Sequences, as in `fit`.

        Returns
        -------
        list of ndarray of shape (n_timesteps_i, n_classes)
            Scores, in the order of `classes_`, also with two classes: row t is what the
            first t + 1 frames alone would give, the last row what `predict` decides by.
        """
        scores: list[np.ndarray] = self._call("predict_over_time", X)
        return scores

    def _labels(self, X: Any, opened: Any, y: Any) -> np.ndarray:
        """Validate the classes of the sequences, or of all their parts."""
        y = class_labels(self._validate_targets(y))
        if as_parts(X) is None:
            check_consistent_length(opened[0], y)
        return y

    def _announce(self, y: np.ndarray, classes: Any) -> None:
        """Learn in the first part which classes there are; later ones must not bring others."""
        announced = None if classes is None else announced_classes(classes)
        if self._begins():
            self.classes_ = np.unique(y) if announced is None else announced
            if len(self.classes_) < 2:
                raise ValueError(
                    f"{'y holds' if announced is None else 'classes names'} only one class, "
                    f"{shown(self.classes_.tolist()[0])}; give all classes of all parts "
                    "as `classes`."
                )
        elif announced is not None and not np.array_equal(announced, self.classes_):
            raise ValueError(
                f"classes must be those of the first part, {shown(self.classes_.tolist())}, got "
                f"{shown(announced.tolist())}."
            )
        check_known(y, self.classes_)

    def _parameters_read(self) -> tuple[str, ...]:
        return (*super()._parameters_read(), "class_weight")

    def _trains_reservoir(self) -> bool:
        return self.train_reservoir

    def _number_of_shifts(self, readout: Any, collection: Collection) -> int:
        takes_copies = is_made_of_sums(readout) and "origin" in signature(readout.fit).parameters
        if not takes_copies or self.n_shifts == 0:
            return 0
        if isinstance(self.n_shifts, str):
            return usual_number(collection.whole()) if collection.is_one_part else 0
        n_rows = len(collection) * (1 + 2 * self.n_shifts)
        if n_rows > MOST_ROWS:
            raise ValueError(
                f"n_shifts={self.n_shifts} makes {n_rows} of {len(collection)} sequences, but at "
                f'most {MOST_ROWS} are fitted together; give fewer copies, or 0 or "auto".'
            )
        # Of sequences so short that no shift is a step, there would be mere repetitions.
        return int(self.n_shifts) if can_be_shifted(collection.whole()) else 0

    def _require_no_copies(self) -> None:
        if self.n_shifts not in (0, "auto"):
            raise ValueError(
                f"n_shifts={self.n_shifts} needs all features at once, but these are in parts; "
                'give 0 or "auto".'
            )

    def _check_trainable(self, readout: Any) -> None:
        """Raise an error if the liquid shall be trained, but nothing passes a gradient to it."""
        if not self.train_reservoir:
            return
        if not isinstance(readout, LeakyReadoutClassifier):
            raise ValueError(
                "train_reservoir=True needs a readout that passes a gradient to the liquid, "
                f"one of {sorted(LEAKY_KINDS)} or a LeakyReadoutClassifier, but readout is "
                f"{shown(self.readout)}."
            )
        if not (isinstance(self.cell, str) and self.cell == "lif"):
            raise ValueError(
                f"train_reservoir=True needs spiking neurons, cell='lif', but cell is "
                f"{shown(self.cell)}."
            )

    def _why_absent(self, method: str) -> str | None:
        if method == "predict_over_time" and readout_has(method)(self):
            return "bidirectional=True reads from the end, which is not known after each frame."
        if method not in _FURTHER:
            return super()._why_absent(method)
        return why_not_read(method, self.readout, CLASSIFIERS, _FURTHER[method])

    def _make_readout(self) -> Any:
        return classifier_readout(self.readout, self.random_state)
