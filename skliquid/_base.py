"""What all estimators share: the validation of sequences, of weights and of seeds."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, validate_data

from .sequences import Sequences, as_collection, as_sequences, refuse_objects


class SequenceEstimator(BaseEstimator):
    """Base of the estimators whose samples are sequences."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {}

    n_features_in_: int
    n_channels_in_: int

    def _validate_sequences(self, X: Any, *, reset: bool) -> Sequences:
        """Convert `X`, and set its number of features and channels or compare with fit.

        A 2-D array is a set of series of one channel; its width is the number of features,
        as for any scikit-learn estimator. Sequences in any other form have their channels as
        features.
        """
        collection = X if isinstance(X, Sequences) else as_collection(X)
        is_table = isinstance(collection, np.ndarray) and collection.ndim == 2
        if is_table:
            # A data frame is validated as it came, for its column names.
            table = X if hasattr(X, "columns") else collection
            collection = self._validate_table(table, reset=reset)
        sequences = as_sequences(collection)
        if reset:
            self.n_channels_in_ = sequences.n_channels
            if not is_table:
                self._fitted_on_table = False
                self.n_features_in_ = sequences.n_channels
                self.__dict__.pop("feature_names_in_", None)
        elif sequences.n_channels != self.n_channels_in_:
            raise ValueError(
                f"X has sequences of {sequences.n_channels} channels, but "
                f"{type(self).__name__} was fitted with {self.n_channels_in_} channels."
            )
        return sequences

    def _validate_table(self, X: Any, *, reset: bool) -> np.ndarray:
        """Validate a 2-D array; its width counts only if fit saw a 2-D array too."""
        values = np.asarray(X)
        if values.dtype == object:
            refuse_objects(values, "X")
        if reset:
            self._fitted_on_table = True
        elif not self._fitted_on_table:
            return values
        table: np.ndarray = validate_data(self, X, reset=reset, dtype=[np.float64, np.float32])
        return table

    def __dask_tokenize__(self) -> Any:
        """Tell a fitted estimator from another by more than the parameters, which Dask sees."""
        from dask.base import normalize_token

        return normalize_token((type(self).__qualname__, vars(self)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.two_d_array = True
        tags.input_tags.sparse = False
        tags.input_tags.allow_nan = False
        return tags


def checked_weight(sample_weight: Any, sequences: Sequences) -> np.ndarray:
    """Return sample weights as float64, non-negative and not all zero."""
    samples = np.empty((len(sequences), 1))
    weight: np.ndarray = _check_sample_weight(
        sample_weight, samples, dtype=np.float64, ensure_non_negative=True
    )
    if not weight.any():
        raise ValueError("sample_weight is zero for every sample; expected a non-zero weight.")
    return weight


def seed_of(random_state: Any) -> int:
    """An int as it is, so that modules drawn with the same seed are the same liquid."""
    if isinstance(random_state, (int, np.integer)):
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
