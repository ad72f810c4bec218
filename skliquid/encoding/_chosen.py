"""The encoder that an estimator is given: made, fitted and applied."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.utils.validation import has_fit_parameter

from .._checks import naming, shown
from .._named import has_methods, named_or_given
from ..events import Events
from ..sequences import Sequences, as_sequences
from . import ENCODERS
from ._base import SequenceEncoder, State, warn_of_rounding
from ._missing import held

# Fraction of the values up to which the engines are the faster ones with events.
_FEW = 1 / 32
_ACCEPTED = "a transformer from a list of arrays (n_timesteps_i, n_channels) to such a list"


def make_encoder(encoder: Any, seed: int) -> Any:
    """Make the encoder that a name stands for, or a clone of the one given; None is none."""
    if encoder is None:
        return None
    return named_or_given(
        "encoder",
        encoder,
        ENCODERS,
        accepts=has_methods("fit", "transform"),
        accepted=_ACCEPTED,
        random_state=seed,
    )


def fit_encoder(
    encoder: Any, sequences: Sequences, observed: Sequences, sample_weight: np.ndarray | None
) -> None:
    """Fit an encoder of ours, or any other transformer on a plain list of arrays.

    What one of ours learns it learns of the values that were observed, and not of those that were
    filled in.
    """
    if isinstance(encoder, SequenceEncoder):
        encoder.fit(sequences, sample_weight=sample_weight)
        if observed.has_missing:
            encoder._learn(observed, sample_weight)
        return
    if encoder is None:
        return
    warn_of_rounding(sequences)
    takes_weights = has_fit_parameter(encoder, "sample_weight")
    given = {"sample_weight": sample_weight} if takes_weights and sample_weight is not None else {}
    with naming("encoder", _ACCEPTED, encoder, ValueError, AttributeError):
        encoder.fit(list(sequences), **given)


def observed_of(encoder: Any, observed: Sequences, encoded: Sequences) -> Sequences:
    """Mark again what was missing, where an encoder of ours has kept the channels."""
    is_ours = encoder is None or isinstance(encoder, SequenceEncoder)
    if not (observed.has_missing and is_ours and encoded.n_channels == observed.n_channels):
        return encoded
    n_steps = len(encoded.frames) // len(observed.frames)
    is_missing = np.repeat(np.isnan(observed.frames), n_steps, axis=0)
    return replace(encoded, frames=np.where(is_missing, np.nan, encoded.frames), has_missing=True)


def as_fitted(encoder: Any) -> Any:
    """The encoder with the parameters that it was fitted with, as those of ours keep them."""
    return encoder._as_fitted() if isinstance(encoder, SequenceEncoder) else encoder


def rest_of(encoder: Any, n_streams: int, fill: np.ndarray | None = None) -> State:
    """State of a fitted encoder, and of what holds missing values, before the first frames.

    Parameters
    ----------
    encoder : encoder or None
        The encoder.
    n_streams : int
        Number of streams.
    fill : ndarray of shape (n_channels,), dtype float32, or None, default=None
        Values before the first frames, if values may be missing.

    Returns
    -------
    dict of str to ndarray
        Arrays whose first axis are the streams.

    Raises
    ------
    ValueError
        If the encoder cannot encode frames as they come.
    """
    rest = {} if fill is None else {"held": np.tile(fill, (n_streams, 1))}
    if encoder is None:
        return rest
    if not isinstance(encoder, SequenceEncoder):
        raise ValueError(
            f"encoder {shown(encoder)} cannot stream: only those of skliquid.encoding say "
            "how they go on from frame to frame."
        )
    if encoder._waits_for:
        raise ValueError(
            f"encoder {shown(encoder)} cannot stream: it waits for {encoder._waits_for}."
        )
    return encoder._at_rest(n_streams) | rest


def encoded_pieces(encoder: Any, state: State, pieces: Sequences) -> tuple[Sequences, State]:
    """Have a fitted encoder encode the next frames of streams; return its state after them."""
    last = state.get("held")
    if last is not None:
        pieces, last = held(pieces, last)
    if encoder is not None:
        pieces, state = encoder._advance(state, pieces)
    return pieces, state if last is None else state | {"held": last}


def encoded_by(encoder: Any, sequences: Sequences) -> Sequences:
    """Have a fitted encoder make the liquid's input of validated sequences.

    It comes as events where these are few, and dense where they are not.
    """
    if encoder is None:
        return _in_faster_form(sequences, makes_spikes=False)
    if isinstance(encoder, SequenceEncoder):
        encoded = encoder._as_fitted()._encoded(sequences)
        return _in_faster_form(encoded, encoder._makes_spikes)
    with naming("encoder", _ACCEPTED, encoder, ValueError, AttributeError):
        encoded = as_sequences(encoder.transform(list(sequences)))
        if len(encoded) != len(sequences):
            raise ValueError(f"of {len(sequences)} sequences it made {len(encoded)}.")
    return replace(encoded, dtype=sequences.dtype)


def _in_faster_form(sequences: Sequences, makes_spikes: bool) -> Sequences:
    frames = sequences.frames
    most = _FEW * frames.shape[0] * frames.shape[1]
    if isinstance(frames, Events):
        return sequences if frames.events.nnz <= most else sequences.dense()
    if makes_spikes and np.count_nonzero(frames) <= most:
        return replace(sequences, frames=Events.of(frames))
    return sequences


def sources_of(encoder: SequenceEncoder) -> np.ndarray:
    """Which channel of the input each channel of an encoder's output is made of."""
    numbers = [str(channel) for channel in range(encoder.n_channels_in_)]
    return np.array([int(name.split("_")[0]) for name in encoder._channel_names(numbers)])
