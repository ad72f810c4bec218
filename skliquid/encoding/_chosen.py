"""The encoder that an estimator is given: made, fitted and applied."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.utils.validation import has_fit_parameter

from .._named import has_methods, named_or_given
from ..sequences import Sequences, as_sequences
from . import ENCODERS
from ._base import SequenceEncoder, State, warn_of_rounding


def make_encoder(encoder: Any, seed: int) -> Any:
    """Make the encoder that a name stands for, or a clone of the one given; None is none."""
    if encoder is None:
        return None
    return named_or_given(
        "encoder",
        encoder,
        ENCODERS,
        accepts=has_methods("fit", "transform"),
        accepted="a transformer from a list of arrays to such a list",
        random_state=seed,
    )


def fit_encoder(encoder: Any, sequences: Sequences, sample_weight: np.ndarray | None) -> None:
    """Fit an encoder of ours, or any other transformer on a plain list of arrays."""
    if isinstance(encoder, SequenceEncoder):
        encoder.fit(sequences, sample_weight=sample_weight)
        return
    if encoder is None:
        return
    warn_of_rounding(sequences)
    if sample_weight is not None and has_fit_parameter(encoder, "sample_weight"):
        encoder.fit(list(sequences), sample_weight=sample_weight)
    else:
        encoder.fit(list(sequences))


def rest_of(encoder: Any, n_streams: int) -> State:
    """State of a fitted encoder before the first frames of streams.

    Raises
    ------
    ValueError
        If the encoder cannot encode frames as they come.
    """
    if encoder is None:
        return {}
    if not isinstance(encoder, SequenceEncoder):
        raise ValueError(
            f"encoder {encoder!r} cannot stream: only those of skliquid.encoding say how they go "
            "on from frame to frame."
        )
    if encoder._waits_for:
        raise ValueError(f"encoder {encoder!r} cannot stream: it waits for {encoder._waits_for}.")
    return encoder._at_rest(n_streams)


def encoded_pieces(encoder: Any, state: State, pieces: Sequences) -> tuple[Sequences, State]:
    """Have a fitted encoder encode the next frames of streams; return its state after them."""
    return (pieces, state) if encoder is None else encoder._advance(state, pieces)


def encoded_by(encoder: Any, sequences: Sequences) -> Sequences:
    """Have a fitted encoder make the liquid's input of validated sequences."""
    if encoder is None:
        return sequences
    if isinstance(encoder, SequenceEncoder):
        return encoder._as_fitted()._encode(sequences)
    encoded = as_sequences(encoder.transform(list(sequences)))
    return replace(encoded, dtype=sequences.dtype)
