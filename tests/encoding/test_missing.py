"""What stands in the place of missing values, against pandas."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from skliquid.encoding import (
    BSAEncoder,
    CompressionEncoder,
    CurrentEncoder,
    DeltaEncoder,
    LatencyEncoder,
    PopulationEncoder,
    RateEncoder,
)
from skliquid.encoding._chosen import encoded_by, fit_encoder, observed_of
from skliquid.encoding._missing import filled, held, interpolated, rest_values
from skliquid.sequences import as_sequences

REST = np.array([-1.0, 0.25, 7.0], dtype=np.float32)


@pytest.fixture(scope="module")
def holed():
    """Three channels of float32: single values, gaps, whole frames and whole channels missing."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(length, 3)).astype(np.float32) for length in (1, 2, 40, 1, 25, 30, 9)]
    for x in X:
        x[rng.random(x.shape) < 0.4] = np.nan
    X[0][:] = X[4][:, 1] = X[5][7:20] = X[6][:] = np.nan
    return X


def assert_same(sequences, expected):
    assert not sequences.has_missing
    for mine, other in zip(sequences, expected, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_held_values_are_those_of_pandas(holed):
    sequences = as_sequences(holed, missing=True)
    before = sequences.frames.copy()
    expected = [pd.DataFrame(x).ffill().fillna(dict(enumerate(REST))) for x in holed]
    mine, last = held(sequences, REST)
    assert_same(mine, expected)
    np.testing.assert_array_equal(last, [x.to_numpy()[-1] for x in expected])
    np.testing.assert_array_equal(sequences.frames, before)
    assert_same(filled(sequences, REST, "hold"), expected)


def test_lines_are_those_of_pandas(holed):
    sequences = as_sequences(holed, missing=True)
    before = sequences.frames.copy()
    for mine, x in zip(interpolated(sequences, REST), holed, strict=True):
        expected = pd.DataFrame(x.astype(float)).interpolate(limit_direction="both")
        np.testing.assert_allclose(mine, expected.fillna(dict(enumerate(REST))), rtol=1e-6)
        seen = ~np.isnan(x)
        np.testing.assert_array_equal(mine[seen], x[seen])
    np.testing.assert_array_equal(sequences.frames, before)


@pytest.mark.parametrize("missing", ["hold", "linear"])
def test_filling_depends_on_no_other_sequence(holed, missing):
    together = filled(as_sequences(holed[::-1], missing=True), REST, missing)
    alone = [filled(as_sequences([x], missing=True), REST, missing).frames for x in holed]
    assert_same(together, alone[::-1])
    whole = as_sequences(together)
    assert filled(whole, REST, missing).frames is whole.frames  # nothing to do, nothing copied


def test_pieces_are_held_as_the_whole(holed):
    walk, rng = np.concatenate(holed), np.random.default_rng(0)
    expected, _ = held(as_sequences([walk, walk[::-1]], missing=True), REST)
    last, pieces = np.tile(REST, (2, 1)), []
    for at in np.split(np.arange(len(walk)), np.sort(rng.choice(np.arange(1, 100), 30, False))):
        piece = as_sequences([walk[at], walk[::-1][at]], missing=True)
        piece, last = held(piece, last)
        pieces.append(list(piece))
    assert_same(expected, [np.concatenate(parts) for parts in zip(*pieces, strict=True)])


def test_rest_values_are_means_of_what_was_seen(holed):
    sequences = as_sequences(holed, missing=True)
    np.testing.assert_allclose(
        rest_values(sequences, None), np.nanmean(sequences.frames.astype(float), axis=0), rtol=1e-6
    )
    weight = np.arange(7) % 3
    twice = as_sequences(
        [x for x, w in zip(holed, weight, strict=True) for _ in range(w)], missing=True
    )
    np.testing.assert_array_equal(rest_values(sequences, weight), rest_values(twice, None))
    sequences = as_sequences([holed[2], np.where([1, 0, 1], holed[5], np.nan)], missing=True)
    with pytest.raises(ValueError, match="Channel 1 of X is missing .* in every frame"):
        rest_values(sequences, np.array([0.0, 1.0]))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "encoder",
    [
        *(CompressionEncoder(), CurrentEncoder(), DeltaEncoder(), PopulationEncoder()),
        *(LatencyEncoder(n_steps=3), RateEncoder(n_steps=2, random_state=0), BSAEncoder()),
    ],
    ids=lambda encoder: type(encoder).__name__,
)
def test_encoders_learn_of_what_was_seen(encoder, weighted, holed):
    """Channel by channel, of sequences from which the missing frames were cut out."""
    weight = np.arange(1.0, 8.0) if weighted else None
    observed = as_sequences(holed, missing=True)
    sequences = filled(observed, 100.0 * REST, "hold")
    encoder = clone(encoder)
    fit_encoder(encoder, sequences, observed, weight)
    for channel in range(3):
        cut = [x[~np.isnan(x[:, channel]), channel : channel + 1] for x in holed]
        kept = [i for i, x in enumerate(cut) if len(x)]
        alone = clone(encoder).fit(
            [cut[i] for i in kept], sample_weight=None if weight is None else weight[kept]
        )
        for name, value in vars(alone).items():
            if isinstance(value, np.ndarray) and len(value) == 1:
                np.testing.assert_allclose(getattr(encoder, name)[channel], value[0], rtol=1e-6)
    # What it makes of them is marked where channels are kept, for those who learn of it next.
    encoded = encoded_by(encoder, sequences)
    marked = observed_of(encoder, observed, encoded)
    if encoded.n_channels == 3:
        gone = np.repeat(np.isnan(observed.frames), encoder.n_steps, axis=0)
        np.testing.assert_array_equal(np.isnan(marked.frames), gone)
        np.testing.assert_array_equal(marked.frames[~gone], encoded.frames[~gone])
    else:
        assert marked is encoded


def test_encoders_alone_take_none(holed):
    observed = as_sequences(holed, missing=True)
    encoder = CompressionEncoder().fit(filled(observed, REST, "hold"))
    for call in (encoder.transform, CompressionEncoder().fit):
        for X in (holed, observed):
            with pytest.raises(ValueError, match="sample 0 at time step 0.*missing='hold'"):
                call(X)
