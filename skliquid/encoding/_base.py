"""What the encoders share: fit, transform, the form of the output and its names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.base import TransformerMixin, _fit_context
from sklearn.utils.validation import (
    _check_feature_names_in,
    check_is_fitted,
)

from .._base import SequenceEstimator, checked_weight
from .._fitted import all_or_nothing
from .._warnings import warn_user
from ..sequences import Sequences, as_collection

State = dict[str, np.ndarray]


class SequenceEncoder(  # type: ignore[call-arg]  # scikit-learn's mixin has no types
    TransformerMixin, SequenceEstimator, auto_wrap_output_keys=None
):
    """Base of the encoders: a transformer from sequences to sequences.

    A subclass says what it learns in `_learn`, what it does in `_encode`, and how it names
    its channels in `_channel_names`. One whose output depends on earlier frames says in
    `_advance` how it goes on from its state; one that needs later ones, in `_waits_for`, why
    it cannot encode frames as they come.
    """

    n_steps: int = 1  # steps that one frame becomes
    _waits_for: ClassVar[str] = ""
    _takes_events: bool = False  # or their frames are made dense
    _makes_spikes: ClassVar[bool] = False  # so that most of the output may be zero
    n_channels_out_: int

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # A table cannot hold the output, so there is no `set_output` that could ask for one.
        super().__init_subclass__(auto_wrap_output_keys=None, **kwargs)

    @all_or_nothing
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> SequenceEncoder:
        """Learn what the encoder needs to know of each channel.

        Parameters
        ----------
        X : array-like or list
            Sequences: an array of shape (n_samples, n_timesteps, n_channels), where trailing
            frames of NaN are padding; an array of shape (n_samples, n_timesteps) of one
            channel; or a list of arrays of shape (n_timesteps_i, n_channels).
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the sequences. A sequence of weight 0 is ignored.

        Returns
        -------
        SequenceEncoder
            The encoder itself, fitted.

        Warns
        -----
        UserWarning
            If a channel varies so little around its mean that float32 loses most of it.
        """
        sequences = self._validate_sequences(X, reset=True)
        if sample_weight is not None:
            sample_weight = checked_weight(sample_weight, sequences)
        warn_of_rounding(sequences)
        self._learn(sequences, sample_weight)
        self.n_channels_out_ = len(self._channel_names([""] * sequences.n_channels))
        self._keep_parameters()
        return self

    fit_transform = all_or_nothing(TransformerMixin.fit_transform)

    def transform(self, X: Any) -> np.ndarray | list[np.ndarray]:
        """Encode sequences.

        Parameters
        ----------
        X : array-like or list
            Sequences, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_timesteps_out, n_channels_out), or list of ndarray
            For an array, of two or three dimensions, an array of three; padding stays
            padding. For a list, a list of arrays of shape (n_timesteps_out_i,
            n_channels_out). They are float32 if all of `X` is float32, else float64.
        """
        check_is_fitted(self)
        sequences = self._validate_sequences(X, reset=False)
        fitted = self._as_fitted()
        encoded = fitted._encoded(sequences).dense()
        # What is handed out must not be the caller's own array.
        frames = encoded.frames.astype(encoded.dtype, copy=encoded.frames is sequences.frames)
        collection = X if isinstance(X, Sequences) else as_collection(X)
        if not isinstance(collection, np.ndarray):
            return np.split(frames, encoded.offsets[1:-1])
        return padded(frames, encoded.lengths, collection.shape[1] * fitted.n_steps)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the output's channels, or of its time steps.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the features seen in `fit`; None takes `feature_names_in_`, or else
            "x0", "x1" and so on.

        Returns
        -------
        ndarray of str
            Names of the output's channels; or of its time steps if `fit` saw a 2-D array,
            whose features are time steps.
        """
        check_is_fitted(self)
        names, fitted = _check_feature_names_in(self, input_features), self._as_fitted()
        if not self._fitted_on_table:
            return np.asarray(fitted._channel_names(names), dtype=object)
        if fitted.n_steps > 1:
            names = [f"{name}_step{step}" for name in names for step in range(fitted.n_steps)]
        return np.asarray(names, dtype=object)

    def _learn(self, sequences: Sequences, sample_weight: np.ndarray | None) -> None:
        """Set the fitted attributes; `sample_weight` is None or of shape (n_samples,)."""

    def _encoded(self, sequences: Sequences) -> Sequences:
        """Encode validated sequences in the form that the encoder reads."""
        return self._encode(sequences if self._takes_events else sequences.dense())

    def _encode(self, sequences: Sequences) -> Sequences:
        """Encode validated sequences."""
        raise NotImplementedError

    def _at_rest(self, n_streams: int) -> State:
        """State before the first frames, arrays whose first axis are the streams."""
        return {}

    def _advance(self, state: State, pieces: Sequences) -> tuple[Sequences, State]:
        """Encode the next frames of each stream, and return the state after them."""
        return self._encode(pieces), state

    def _channel_names(self, names: Sequence[str]) -> list[str]:
        """Names of the output's channels.

        Each is the name of the input's channel that it is made of, alone or before an underscore.
        """
        return list(names)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def with_frames(sequences: Sequences, frames: Any, n_steps: int = 1) -> Sequences:
    """Sequences with other frames, `n_steps` of them in the place of each.

    What rounding has lost was said when the encoder was fitted.
    """
    return Sequences(frames, sequences.offsets * n_steps, sequences.dtype)


def warn_of_rounding(sequences: Sequences) -> None:
    """Warn of a channel that varies so little around its mean that float32 loses most of it."""
    if sequences.unresolved is None or not sequences.unresolved.any():
        return
    channel = int(np.argmax(sequences.unresolved))
    warn_user(
        f"Channel {channel} varies so little around {sequences.frames[:, channel].min():.3g} that "
        "float32 loses most of it; subtract its offset, or scale it up, before fitting."
    )


def padded(frames: np.ndarray, lengths: np.ndarray, n_timesteps: int) -> np.ndarray:
    """Lay frames out as (n_samples, n_timesteps, n_channels), NaN after each end."""
    shape = (len(lengths), n_timesteps, frames.shape[1])
    if len(frames) == len(lengths) * n_timesteps:
        return frames.reshape(shape)
    out = np.full(shape, np.nan, dtype=frames.dtype)
    out[np.arange(n_timesteps) < lengths[:, np.newaxis]] = frames
    return out
