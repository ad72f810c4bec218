"""What all estimators share: the validation of sequences, of weights and of seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from dataclasses import replace
from inspect import signature
from itertools import chain
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import InvalidParameterError, validate_parameter_constraints
from sklearn.utils.validation import _check_sample_weight, validate_data

from ._checks import LARGEST_NUMBER, cut
from ._doc_links import InManual
from ._fitted import FittedParameters
from ._misread import hint_of_channels, refuse_single
from ._versions import Versioned
from .collection import PART_SIZE, Collection, as_parts, first_of
from .sequences import Sequences, as_collection, as_real_array, as_sequences, refuse_objects

# That all weights are zero is ours to say; scikit-learn 1.7 does not.
_MAY_BE_ZERO = dict.fromkeys(
    {"allow_all_zero_weights"} & signature(_check_sample_weight).parameters.keys(), True
)


class SequenceEstimator(InManual, Versioned, FittedParameters, BaseEstimator):
    """Base of the estimators whose samples are sequences."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {}

    n_features_in_: int
    n_channels_in_: int

    def _validate_params(self) -> None:
        check_parameters(self)

    def _validate_sequences(self, X: Any, *, reset: bool) -> Sequences:
        """Convert `X`, and set its number of features and channels or compare with fit.

        A 2-D array is a set of series of one channel; its width is the number of features,
        as for any scikit-learn estimator. Sequences in any other form have their channels as
        features.
        """
        collection = self._open_collection(X, reset=reset)
        sequences = collection.whole()
        self._validate_channels(sequences.n_channels, collection.source, reset=reset)
        return sequences

    def _validate_collection(
        self, X: Any, *, reset: bool, first: int = 0, is_training: bool = False
    ) -> Collection:
        """Do the same without holding all of it converted, where it is large.

        In training all of it is validated now, otherwise when it is converted; `first` is the
        number of the first sequence in errors.
        """
        collection = self._open_collection(X, reset=reset)
        source = collection.source
        if collection.is_one_part:
            collection = Collection(collection.whole(first))
        elif reset or is_training:
            for _ in collection.parts(first=first):
                pass
        self._validate_channels(collection.n_channels, source, reset=reset)
        return collection

    def _validate_parts(
        self, X: Any, *, most: int | None = None
    ) -> Iterator[tuple[slice, Sequences]]:
        """Convert `X`, or the parts that it yields, some sequences at a time."""
        parts = as_parts(X)
        n_seen = 0
        for part in [X] if parts is None else chain([first_of(parts)], parts):
            collection = self._validate_collection(part, reset=False, first=n_seen)
            yield from collection.parts(most, n_seen)
            n_seen += len(collection)

    def _open_collection(self, X: Any, *, reset: bool) -> Collection:
        missing = (self if reset else self._as_fitted())._may_miss
        if isinstance(X, Collection):
            collection = X if X.missing == missing else replace(X, missing=missing)
            is_table = False
        else:
            source = X if isinstance(X, Sequences) else as_collection(X)
            is_table = isinstance(source, np.ndarray) and source.ndim == 2
            if is_table:
                # A data frame is validated as it came, for its column names.
                table = X if hasattr(X, "columns") else source
                source = self._validate_table(table, reset=reset)
            collection = Collection(source, missing=missing)
        if isinstance(collection.source, Sequences):
            as_sequences(collection.source, missing=missing)
        if reset and not is_table:
            self._fitted_on_table = False
            self.__dict__.pop("feature_names_in_", None)
        return collection

    def _validate_channels(self, n_channels: int, source: Any, *, reset: bool) -> None:
        if reset:
            self.n_channels_in_ = n_channels
            if not self._fitted_on_table:
                self.n_features_in_ = n_channels
        elif n_channels != self.n_channels_in_:
            raise ValueError(
                f"X has sequences of {n_channels} channels, but {type(self).__name__} was fitted "
                f"with {self.n_channels_in_} channels."
                f"{hint_of_channels(source, self.n_channels_in_)}"
            )
        elif not self._fitted_on_table:
            refuse_single(source)

    def _validate_table(self, X: Any, *, reset: bool) -> np.ndarray:
        """Validate a 2-D array; its width counts only if fit saw a 2-D array too."""
        values = np.asarray(X)
        if values.dtype == object:
            refuse_objects(values, "X")
        if reset:
            self._fitted_on_table = True
        elif not self._fitted_on_table:
            return values
        # What is not finite is named with its place when it is converted.
        checks: Any = {"dtype": [np.float64, np.float32], "ensure_all_finite": False}
        if values is not X or values.size <= PART_SIZE:
            table: np.ndarray = validate_data(self, X, reset=reset, **checks)
            return table
        n_rows = max(1, PART_SIZE // values.shape[1])
        for start in range(0, len(values), n_rows):
            rows = values[start : start + n_rows]
            validate_data(self, rows, reset=reset and not start, **checks)
        return values

    @property
    def _may_miss(self) -> bool:
        """Whether values of the sequences may be missing."""
        return getattr(self, "missing", "error") != "error"

    def __dask_tokenize__(self) -> Any:
        """Tell a fitted estimator from another by more than the parameters, which Dask sees."""
        from dask.base import normalize_token

        return normalize_token((type(self).__qualname__, vars(self)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.two_d_array = True
        tags.input_tags.sparse = False
        tags.input_tags.allow_nan = self._may_miss
        return tags


def check_parameters(estimator: Any) -> None:
    """Check the parameters of an estimator against its constraints.

    As scikit-learn does, but that a bool is no number, and that the beginning of a long value is
    printed.
    """
    constraints = estimator._parameter_constraints
    parameters = {
        name: _NoNumber(value)
        if isinstance(value, bool) and not _takes_bools(constraints.get(name, ["boolean"]))
        else value
        for name, value in estimator.get_params(deep=False).items()
    }
    try:
        validate_parameter_constraints(constraints, parameters, type(estimator).__name__)
    except InvalidParameterError as error:
        accepted, got, value = str(error).partition(" Got ")
        text = f"{accepted}{got}{cut(value.removesuffix(' instead.'))} instead."
        raise InvalidParameterError(text) from None


def _takes_bools(accepted: list[Any]) -> bool:
    return any(isinstance(each, str) and each in ("boolean", "verbose") for each in accepted)


class _NoNumber:
    """A bool where a number is asked for, which Python takes bools for."""

    def __init__(self, value: bool) -> None:
        self.value = value

    def __repr__(self) -> str:
        return repr(self.value)


def checked_weight(
    sample_weight: Any, sequences: Sized, *, may_be_zero: bool = False
) -> np.ndarray:
    """Return sample weights as float64, non-negative, and not all zero unless they may be."""
    require_numbers("sample_weight", sample_weight)
    samples = np.empty((len(sequences), 1))
    weight: np.ndarray = _check_sample_weight(
        sample_weight, samples, dtype=np.float64, **_MAY_BE_ZERO
    )
    if (weight < 0).any():
        sample = int(np.argmax(weight < 0))
        raise ValueError(
            f"sample_weight must be non-negative, got {weight[sample]:g} for sample {sample}."
        )
    if not (may_be_zero or weight.any()):
        raise ValueError("sample_weight is zero for every sample; expected a non-zero weight.")
    return weight


def require_numbers(name: str, values: Any) -> None:
    """Raise an error unless weights or targets are real, and their squares in float64 neither
    infinite nor all zero; what is NaN or infinite is for scikit-learn to name.
    """
    if values is None:
        return
    try:
        numbers = np.abs(as_real_array(values, name))
    except TypeError as error:
        raise ValueError(f"{name} must hold numbers: {error}") from None
    largest = float(numbers[np.isfinite(numbers)].max(initial=0))
    if largest and not 1 / LARGEST_NUMBER <= largest <= LARGEST_NUMBER:
        raise ValueError(
            f"{name} must be in another unit: the largest magnitude is {largest:g}; expected 0 or "
            f"one in [{1 / LARGEST_NUMBER:g}, {LARGEST_NUMBER:g}]."
        )


def seed_of(random_state: Any) -> int:
    """An int as it is, so that modules drawn with the same seed are the same liquid."""
    if isinstance(random_state, (int, np.integer)):
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
