"""What the ridge readouts share, whatever their targets are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from .._base import check_parameters, checked_weight, require_numbers
from .._checks import check_real, cut_short, shown
from .._doc_links import InManual
from .._fitted import FittedParameters, all_or_nothing
from .._versions import Versioned
from ._ridge_copies import (
    can_be_left_out,
    checked_origin,
    copies_pay,
    copies_trial,
    counting,
    distinct,
    originals,
)
from ._ridge_design import WholeDesign
from ._ridge_folds import Folds
from ._ridge_groups import checked_groups, gains, weights_of_groups
from ._ridge_loo import best_fit, fit_ridge
from ._ridge_masking import Unmasking, unmasking
from ._ridge_model import RidgeFit
from ._ridge_moments import MOST_TARGETS
from ._ridge_parts import Parts, Samples
from ._ridge_residual import residual_pays
from ._ridge_retained import judges_of
from ._ridge_sums import extremes, fit_sums
from ._threads import serial_blas

# Penalties among which the ridge readouts choose.
ALPHAS = tuple(np.logspace(-2, 5, 8).tolist())
# Multiplications for a Gram matrix from which threads pay for their start.
_SHARED = 3e8
_NO_WEIGHT = "sample_weight must be positive for a sample, but all are zero."


def is_made_of_sums(readout: Any) -> bool:
    """Tell whether a readout limits and standardises features by sums, as it is fitted."""
    return isinstance(readout, RidgeReadout) and readout.standardize and readout.limit


class RidgeReadout(InManual, Versioned, FittedParameters, BaseEstimator):
    """A model that is fitted at once, or from parts when it is first asked for."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "alphas": ["array-like"],
        "fit_intercept": ["boolean"],
        "standardize": ["boolean", StrOptions({"residual", "auto"})],
        "limit": ["boolean"],
        "groups": ["array-like", None],
    }

    n_features_in_: int
    n_samples_seen_: int
    # Whether discriminants may take the place of outputs.
    _unmasks: bool = False
    _model: RidgeFit
    _parts: Parts

    def __init__(
        self,
        alphas: Any = ALPHAS,
        *,
        fit_intercept: bool = True,
        standardize: Any = False,
        limit: bool = False,
        groups: Any = None,
    ) -> None:
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.limit = limit
        self.groups = groups

    def _validate_params(self) -> None:
        check_parameters(self)

    def _parameters_read(self) -> tuple[str, ...]:
        """Those by which the model is computed, which may be after the last part has come."""
        return "alphas", "fit_intercept", "standardize", "limit", "groups"

    def _penalties(self) -> np.ndarray:
        values = np.atleast_1d(self.alphas).tolist()
        if not values:
            raise ValueError(f"alphas must hold at least one penalty, got {shown(self.alphas)}.")
        return np.array(
            [check_real("each of alphas", value, 0, closed="neither") for value in values]
        )

    def _validated(self, X: Any, y: Any, *, reset: bool, n_least: int) -> Any:
        kinds = self._kinds_of_targets()
        if kinds.get("y_numeric"):
            require_numbers("y", y)
        with cut_short():
            return validate_data(
                self,
                X,
                y,
                reset=reset,
                dtype=[np.float64, np.float32],
                ensure_min_samples=n_least,
                **kinds,
            )

    def _kinds_of_targets(self) -> dict[str, bool]:
        return {}

    def _fit_whole(
        self,
        X: np.ndarray,
        Y: np.ndarray,
        weight: np.ndarray,
        scale_weight: np.ndarray,
        origin: Any = None,
    ) -> None:
        """Choose the penalty by leave-one-out and fit."""
        if not weight.any():
            raise ValueError(_NO_WEIGHT)
        alphas, is_one_weight = self._penalties(), scale_weight is weight
        given: Samples = X, Y, weight, scale_weight
        if origin is None:
            samples = distinct(given)
        else:
            given, origin = counting(given, checked_origin(origin, Y))
            if not len(origin):
                raise ValueError(_NO_WEIGHT)
            samples = originals(given, origin)
        with serial_blas, serial_blas.alone(X.size * min(X.shape) < _SHARED):
            group_weights, options, by = self._chosen(*samples[:3])

            def design(of: Samples) -> WholeDesign:
                own = None if is_one_weight else of[3]
                return WholeDesign(*of[:3], **options, scale_weight=own)

            model = fit_ridge(design(samples), alphas)
            if origin is not None and can_be_left_out(given, origin):
                with_copies = best_fit(copies_trial(design(given), origin), alphas, None)
                if copies_pay(model, with_copies):
                    model, samples = with_copies, given
            X = samples[0]
            model = self._kept(model, by)
        # In the precision of the features that they are for.
        with np.errstate(over="ignore"):
            coef, intercept = model.coef.astype(X.dtype), model.intercept.astype(X.dtype)
        limits = extremes(X) if self.limit else None
        model = replace(model, coef=coef, intercept=intercept, limits=limits)
        model = replace(model, group_weights=group_weights, standardize=options["standardize"])
        self._model = _finite(replace(model, has_copies=samples is given and origin is not None))

    def _chosen(
        self, X: np.ndarray, Y: np.ndarray, weight: np.ndarray
    ) -> tuple[np.ndarray | None, dict[str, Any], Unmasking | None]:
        """Weights of the groups, options of the design, and what takes the place of outputs.

        All are chosen by some of the samples.
        """
        alphas, centre, standardize = self._penalties(), self.fit_intercept, self.standardize
        self._require_few(Y.shape[1])
        weights, unmasks = None, self._unmasks and Y.shape[1] > 2
        options: dict[str, Any] = {"centre": centre, "gain": None}
        if self.groups is not None or standardize == "auto" or unmasks:
            judges = judges_of(X, Y)
            X, Y, weight = X[judges], Y[judges], weight[judges]
        if self.groups is not None:
            groups = checked_groups(self.groups, X.shape[1])
            # Residual scales know the target of the sample that is left out, and would favour
            # groups of which less is to be expected than it seems.
            plain = {"centre": centre, "standardize": bool(standardize)}
            weights = weights_of_groups(X, Y, weight, groups, alphas, **plain)
            options["gain"] = gains(weights, groups)
        if standardize != "auto" and not unmasks:
            return weights, {**options, "standardize": standardize}, None
        folds = Folds(X, Y, weight, alphas, **options)
        if standardize == "auto":
            standardize = "residual" if residual_pays(folds) else True
        by = unmasking(folds, standardize) if unmasks else None
        return weights, {**options, "standardize": standardize}, by

    def _require_few(self, n_targets: int) -> None:
        """Raise an error if there are too many targets for residual scales."""
        if self.standardize == "residual" and n_targets > MOST_TARGETS:
            raise ValueError(
                f"standardize='residual' is for up to {MOST_TARGETS} targets or classes, got "
                f"{n_targets}; give True."
            )

    def _kept(self, model: RidgeFit, by: Unmasking | None) -> RidgeFit:
        """Model without what is of no use any more."""
        return replace(model, left_out=None)

    def _forget_parts(self) -> None:
        for name in ("n_samples_seen_", "_parts", "_parameters_of_fit", "_model"):
            self.__dict__.pop(name, None)

    def _finish(self) -> None:
        """Keep of the parts the model alone."""
        self._solved()
        del self.n_samples_seen_, self._parts, self._parameters_of_fit

    def _has_parts(self) -> bool:
        return hasattr(self, "_parts")

    def _set_apart(self) -> Self:
        """Go on with parts of its own, and leave those so far as they are."""
        if self._has_parts():
            self._parts = self._parts.apart()
        return self

    def _opened(self, n_features: int, n_targets: int) -> Parts:
        """Parts so far, to be changed in place."""
        if not self._has_parts():
            self._forget_parts()
            self._parts = Parts(n_features, n_targets)
        self.__dict__.pop("_model", None)
        self._keep_parameters()
        return self._parts

    def _add_part(
        self, X: np.ndarray, Y: np.ndarray, sample_weight: Any, factor: np.ndarray | None = None
    ) -> None:
        self._penalties()  # names a wrong one before any work is done
        self._require_few(Y.shape[1])
        if self.groups is not None:
            checked_groups(self.groups, X.shape[1])
        # That a part has no weight says nothing of the others.
        weight = checked_weight(sample_weight, X, may_be_zero=True)
        parts = self._opened(X.shape[1], Y.shape[1])
        parts.add(X, Y, weight if factor is None else weight * factor, weight)
        self.n_samples_seen_ = parts.n_seen

    @all_or_nothing
    def merge(self, other: Self) -> Self:
        """Add the parts that another readout was given.

        What two readouts learned apart becomes what one would have learned of all parts, but for
        rounding, and to the bit what the same merges of the same parts give anywhere. The
        parameters of this readout hold.

        Parameters
        ----------
        other : RidgeReadoutClassifier or RidgeReadoutRegressor
            A readout of the same kind, to which `partial_fit` or `merge` gave parts of the same
            features and classes or number of targets. It stays as it is.

        Returns
        -------
        RidgeReadoutClassifier or RidgeReadoutRegressor
            The estimator itself; where it had no parts yet, with those of `other`.

        Raises
        ------
        TypeError
            If `other` is no readout of the same kind.
        ValueError
            If one of both was fitted by `fit`, which keeps no parts, or if they do not match.
        """
        self._require_mergeable(other)
        if not self._has_parts():
            for name in ("n_features_in_", "feature_names_in_", "classes_"):
                if hasattr(other, name):
                    setattr(self, name, getattr(other, name))
        theirs = other._parts  # before ours is another, for a readout that is merged with itself
        parts = self._set_apart()._opened(theirs.n_features, theirs.n_targets)
        parts.merge(theirs)
        self.n_samples_seen_ = parts.n_seen
        return self

    def _require_mergeable(self, other: Any) -> None:
        """Raise an error that names in what another readout does not match."""
        kind = type(self).__name__
        if type(other) is not type(self):
            raise TypeError(f"other must be a {kind}, got {shown(other)}.")
        if not other._has_parts():
            raise ValueError(f"other must have parts from partial_fit, but {_state(other)}.")
        if not self._has_parts():
            if hasattr(self, "_model"):
                raise ValueError(f"merge needs parts from partial_fit, but this {_state(self)}.")
            return
        for what, mine, theirs in zip(
            ("features", "feature names", "classes", "targets"),
            *map(_signature, (self, other)),
            strict=True,
        ):
            if mine != theirs:
                raise ValueError(f"other must have the same {what}, {mine}, got {theirs}.")

    def _solved(self) -> RidgeFit:
        """Return the model, computed from the parts where it is outdated."""
        check_is_fitted(self, ["_model", "_parts"], all_or_any=any)
        if not hasattr(self, "_model"):
            self._model = self._as_fitted()._solution(self._parts)
        return self._model

    def _solution(self, parts: Parts) -> RidgeFit:
        """Compute the model of all parts."""
        sums = parts.sums
        if sums is None:
            self._fit_whole(*parts.samples())
            return self._model
        if not sums.n_samples:
            raise ValueError(_NO_WEIGHT)
        kept, limits = sums.retained, sums.limits if self.limit else None
        with serial_blas:
            group_weights, options, by = self._chosen(kept.X, kept.Y, kept.weight)
            model = self._kept(fit_sums(sums, self._penalties(), **options), by)
        model = replace(model, group_weights=group_weights, standardize=options["standardize"])
        return _finite(replace(model, limits=limits))

    @property
    def alpha_(self) -> float:
        """Chosen penalty."""
        return self._solved().alpha

    @property
    def group_weights_(self) -> np.ndarray | None:
        """Chosen weights of the groups of features."""
        return self._solved().group_weights

    @property
    def standardize_(self) -> bool | str:
        """How features are scaled: False, True or "residual"."""
        return self._solved().standardize

    @property
    def has_copies_(self) -> bool:
        """Whether copies of samples were made use of."""
        return self._solved().has_copies

    @property
    def best_score_(self) -> float:
        """Negative mean squared error by which the penalty was chosen."""
        return self._solved().score

    @property
    def coef_(self) -> np.ndarray:
        """Weights of the features."""
        return self._solved().coef

    @property
    def intercept_(self) -> np.ndarray:
        """Constants."""
        return self._solved().intercept

    def _outputs(self, X: Any) -> np.ndarray:
        """Outputs for validated features, shape (n_samples, n_targets)."""
        model = self._solved()
        with cut_short():
            X = validate_data(self, X, reset=False, dtype=[np.float64, np.float32])
        return model.outputs(X)


def _finite(model: RidgeFit) -> RidgeFit:
    """Return a model, or raise an error if its numbers are not finite."""
    if not (np.isfinite(model.coef).all() and np.isfinite(model.intercept).all()):
        raise ValueError(
            f"X or y holds numbers too large for a model in {model.coef.dtype}; scale them down."
        )
    return model


def _state(readout: RidgeReadout) -> str:
    name = type(readout).__name__
    fitted = hasattr(readout, "_model")
    return f"{name} was fitted by fit, which keeps none" if fitted else f"{name} was given none"


def _signature(readout: RidgeReadout) -> tuple[Any, ...]:
    """What readouts must have in common to be merged."""
    names = getattr(readout, "feature_names_in_", None)
    classes = getattr(readout, "classes_", None)
    return (
        readout.n_features_in_,
        None if names is None else names.tolist(),
        None if classes is None else classes.tolist(),
        readout._parts.n_targets,
    )
