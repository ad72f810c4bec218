"""RidgeReadoutClassifier and RidgeReadoutRegressor: linear readouts made of sums."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Self, cast

import numpy as np
from sklearn.base import ClassifierMixin, MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.utils._param_validation import StrOptions

from .._base import checked_weight
from .._checks import shown
from .._fitted import all_or_nothing
from ._ridge_base import ALPHAS, RidgeReadout
from ._ridge_docs import documented
from ._ridge_masking import Unmasking
from ._ridge_model import RidgeFit, unmasked
from ._ridge_probabilities import LeftOut, log_probabilities, probabilities, temperature_of
from ._samples import announced_classes, check_known, class_factors, class_labels, factors_of_part


@documented
class RidgeReadoutRegressor(MultiOutputMixin, RegressorMixin, RidgeReadout):
    """Predict numbers by ridge regression that chooses its penalty, at once or from parts.

    ::

        min  |sqrt(s) (Y - X W^T - b)|^2 + alpha |W|^2

    with the weights s of the samples.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Weights of the features.
    intercept_ : float or ndarray of shape (n_targets,)
        Constants.
    {attributes}

    See Also
    --------
    LSMRegressor : A liquid with this readout as ``readout="ridge"``.
    RidgeReadoutClassifier : The same for classes.

    Notes
    -----
    `fit` gives the model of :class:`~sklearn.linear_model.RidgeCV` but for rounding.
    {notes}

    References
    ----------
    {references}

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid import RidgeReadoutRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 30))
    >>> y = X[:, 0] + rng.normal(size=200)
    >>> whole = RidgeReadoutRegressor().fit(X, y)
    >>> parts = RidgeReadoutRegressor()
    >>> for rows in np.split(np.arange(200), 4):
    ...     parts = parts.partial_fit(X[rows], y[rows])
    >>> bool(whole.alpha_ == parts.alpha_)
    True
    >>> bool(np.allclose(whole.predict(X), parts.predict(X)))
    True
    """

    @all_or_nothing
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, origin: Any = None) -> Self:
        """Fit to all samples, with the penalty of the least leave-one-out error.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Numbers to predict.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.
        origin : array-like of shape (n_samples,), default=None
            Number of the sample, of all that are given, of which each is a copy, such as one that
            was shifted or had noise added; its own for what is no copy. Copies are left out with
            their sample, which alone judges, and count for nothing where they do not pay. The time
            grows with the cube of the number of samples then. None says that there are no copies,
            but for identical samples. Of some of the rows, as in cross-validation, it is to be
            numbered anew.

        Returns
        -------
        RidgeReadoutRegressor
            The estimator itself, fitted.
        """
        X, y = self._validated(X, y, reset=True, n_least=2)
        self._forget_parts()
        weight = checked_weight(sample_weight, X)
        self._fit_whole(X, _columns(y), weight, weight, origin)
        return self

    @all_or_nothing
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Add a part of the samples.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Numbers to predict.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        RidgeReadoutRegressor
            The estimator itself.
        """
        return self._set_apart()._teach(X, y, sample_weight=sample_weight)

    @_fit_context(prefer_skip_nested_validation=True)
    def _teach(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Add a part in place; where that fails, the parts are torn."""
        X, y = self._validated(X, y, reset=not self._has_parts(), n_least=1)
        Y = _columns(y)
        if self._has_parts() and (known := self._parts.n_targets) != Y.shape[1]:
            raise ValueError(
                f"y must have {known} targets as in the parts before, got {Y.shape[1]}."
            )
        self._add_part(X, Y, sample_weight)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predict the numbers of each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            Numbers.
        """
        outputs = self._outputs(X)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    @property
    def coef_(self) -> np.ndarray:
        """Weights of the features."""
        coef = self._solved().coef
        return coef[0] if len(coef) == 1 else coef

    @property
    def intercept_(self) -> Any:
        """Constants."""
        intercept = self._solved().intercept
        return float(intercept[0]) if len(intercept) == 1 else intercept

    def _kinds_of_targets(self) -> dict[str, bool]:
        return {"multi_output": True, "y_numeric": True}


@documented
class RidgeReadoutClassifier(ClassifierMixin, RidgeReadout):
    """Classify by ridge regression on targets of 1 and -1, at once or from parts.

    ::

        min  |sqrt(s) (T - X W^T - b)|^2 + alpha |W|^2

    with the weights s of the samples; ``T[i, c]`` is 1 where sample i is of class c and -1
    elsewhere, and has one column for two classes.

    Parameters
    ----------
    {parameters}
    class_weight : dict or "balanced", default=None
        What the weights of the samples of each class are multiplied with, 1 where a class has
        none; "balanced", which `partial_fit` does not take, makes the total weights of the classes
        equal. The standard deviations of `standardize` are those without.
    unmask : bool, default=False
        Whether, of three classes and more, linear discriminants of the outputs [3]_ take their
        place where they are clearly better: where a row of classes masks those in its middle.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Weights of the features.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Constants.
    temperature_ : float
        What the scores are divided by where they become probabilities.
    is_unmasked_ : bool
        Whether discriminants of the outputs took their place.
    {attributes}

    See Also
    --------
    LSMClassifier : A liquid with this readout as ``readout="ridge"``.
    RidgeReadoutRegressor : The same for numbers.

    Notes
    -----
    `fit` gives the model of :class:`~sklearn.linear_model.RidgeClassifierCV` but for rounding.
    {notes}

    Probabilities are the softmax of the scores, of -f and f where one score f speaks for two
    classes, divided by one temperature [2]_: so they are in the order of the scores, and `predict`
    gives the likeliest class. The temperature is the likeliest one by the scores that the samples,
    up to two thousand of them, have when they are left out; a prior keeps it near what is usual
    where they are few or all told right. Samples count by their weights: with `class_weight` the
    probabilities are those among samples that come as often as they count.

    The output for a class is the largest nowhere where others on both sides mask it. With `unmask`
    the discriminants are made of the outputs that up to 500 samples, of ten at least, have in five
    folds, which also say whether they err less, by two standard deviations of the difference.
    They are linear in the outputs, and so `coef_` and `intercept_` are theirs, scaled to the mean
    and the spread of the outputs; probabilities are by the scores in the folds then.

    References
    ----------
    {references}
    .. [2] Guo, Pleiss, Sun, Weinberger. "On calibration of modern neural networks", ICML, 2017.
    .. [3] Hastie, Tibshirani, Buja. "Flexible discriminant analysis by optimal scoring", Journal
       of the American Statistical Association 89, 1994.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skliquid import RidgeReadoutClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> RidgeReadoutClassifier().fit(X, y).score(X, y) > 0.8
    True
    >>> parts = RidgeReadoutClassifier().partial_fit(X[::2], y[::2], classes=[0, 1, 2])
    >>> parts.partial_fit(X[1::2], y[1::2]).score(X, y) > 0.8
    True
    >>> parts.predict_proba(X[:1]).round(2)
    array([[0.99, 0.01, 0.  ]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **RidgeReadout._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "unmask": ["boolean"],
    }

    classes_: np.ndarray

    def __init__(
        self,
        alphas: Any = ALPHAS,
        *,
        fit_intercept: bool = True,
        standardize: Any = False,
        limit: bool = False,
        groups: Any = None,
        class_weight: Any = None,
        unmask: bool = False,
    ) -> None:
        super().__init__(
            alphas,
            fit_intercept=fit_intercept,
            standardize=standardize,
            limit=limit,
            groups=groups,
        )
        self.class_weight = class_weight
        self.unmask = unmask

    def _parameters_read(self) -> tuple[str, ...]:
        return *super()._parameters_read(), "unmask"

    @all_or_nothing
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, origin: Any = None) -> Self:
        """Fit to all samples, with the penalty of the least leave-one-out error.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,)
            Classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.
        origin : array-like of shape (n_samples,), default=None
            Number of the sample, of all that are given, of which each is a copy, such as one that
            was shifted or had noise added; its own for what is no copy. Copies are left out with
            their sample, which alone judges, and count for nothing where they do not pay. The time
            grows with the cube of the number of samples then. None says that there are no copies,
            but for identical samples. Of some of the rows, as in cross-validation, it is to be
            numbered anew.

        Returns
        -------
        RidgeReadoutClassifier
            The estimator itself, fitted.
        """
        X, y = self._validated(X, y, reset=True, n_least=2)
        y = class_labels(y)
        self.classes_ = _at_least_two(np.unique(y))
        self._forget_parts()
        weight = scale_weight = checked_weight(sample_weight, X)
        if self.class_weight is not None:
            weight = weight * class_factors(self.class_weight, y, weight)
        self._fit_whole(X, self._coded(y), weight, scale_weight, origin)
        return self

    @all_or_nothing
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Add a part of the samples.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,)
            Classes.
        classes : array-like of shape (n_classes,), default=None
            All classes that come in any part, in the first call; None are those of the first
            part.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        RidgeReadoutClassifier
            The estimator itself.
        """
        return self._set_apart()._teach(X, y, classes, sample_weight)

    @_fit_context(prefer_skip_nested_validation=True)
    def _teach(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Add a part in place; where that fails, the parts are torn."""
        begins = not self._has_parts()
        X, y = self._validated(X, y, reset=begins, n_least=1)
        y = class_labels(y)
        announced = None if classes is None else announced_classes(classes)
        if begins:
            found, where = (
                (np.unique(y), "y holds") if announced is None else (announced, "classes names")
            )
            self.classes_ = _at_least_two(found, where)
        elif announced is not None and not np.array_equal(announced, self.classes_):
            raise ValueError(
                f"classes must be those of the first part, {shown(self.classes_.tolist())}, got "
                f"{shown(announced.tolist())}."
            )
        targets, factor = self._coded(y), None
        if self.class_weight is not None:
            factor = factors_of_part(self.class_weight, y, self.classes_)
        self._add_part(X, targets, sample_weight, factor)
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Compute the score of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Scores; with two classes, positive ones speak for ``classes_[1]``.
        """
        scores = self._outputs(X)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict(self, X: Any) -> np.ndarray:
        """Predict the class of each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples,)
            Classes.
        """
        scores = self.decision_function(X)
        chosen = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        return self.classes_[chosen]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Compute the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`; the first greatest one is that of the class
            that `predict` gives.
        """
        return probabilities(self._outputs(X), self.temperature_)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Compute the logarithm of the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Natural logarithms, in the order of `classes_`, finite also where a probability is too
            small for float64.
        """
        return log_probabilities(self._outputs(X), self.temperature_)

    @property
    def is_unmasked_(self) -> bool:
        """Whether discriminants took the place of the outputs."""
        return self._solved().is_unmasked

    @property
    def temperature_(self) -> float:
        """Temperature of the probabilities."""
        return cast(float, self._solved().temperature)

    @property
    def _unmasks(self) -> bool:  # type: ignore[override]
        return self.unmask

    def _kept(self, model: RidgeFit, by: Unmasking | None) -> RidgeFit:
        model = model if by is None else unmasked(model, by)
        temperature = temperature_of(cast(LeftOut, model.left_out))
        return replace(super()._kept(model, by), temperature=temperature)

    def _coded(self, y: np.ndarray) -> np.ndarray:
        """Targets of 1 and -1, shape (n_samples, 1) or (n_samples, n_classes)."""
        check_known(y, self.classes_)
        columns = self.classes_[1:] if len(self.classes_) == 2 else self.classes_
        return np.where(y[:, None] == columns, 1.0, -1.0)


def _at_least_two(classes: np.ndarray, where: str = "y holds") -> np.ndarray:
    if len(classes) < 2:
        raise ValueError(
            f"{where} only one class, {shown(classes.tolist()[0])}; a classifier needs "
            "samples of at least two classes."
        )
    return classes


def _columns(y: np.ndarray) -> np.ndarray:
    """Targets of shape (n_samples, n_targets) in float64."""
    return np.asarray(y, dtype=np.float64).reshape(len(y), -1)
