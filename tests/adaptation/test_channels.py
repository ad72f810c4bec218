"""Statistics of channels, against NumPy's, and in blocks against the whole."""

import numpy as np
import pytest

from skliquid import sequences as module
from skliquid.adaptation.channels import channel_means, channel_scaling, derivative_gain
from skliquid.sequences import as_sequences

pytestmark = pytest.mark.usefixtures("block")


@pytest.fixture(params=[2**16, 7])
def block(request, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK_FRAMES", request.param)


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_mean_and_deviation_of_what_is_not_missing(share):
    rng = np.random.default_rng(0)
    X = [rng.normal([0, 5, -2], [1, 3, 0.5], size=(t, 3)) for t in (3, 40, 1, 17)]
    X = [np.where(rng.random(x.shape) < share, np.nan, x).astype(np.float32) for x in X]
    frames = np.concatenate(X).astype(float)
    sequences = as_sequences(X, missing=True)
    assert sequences.has_missing == (share > 0)
    np.testing.assert_allclose(channel_means(sequences), np.nanmean(frames, axis=0), rtol=1e-12)
    offset, gain = channel_scaling(sequences)
    np.testing.assert_allclose(offset, np.nanmean(frames, axis=0), rtol=1e-6)
    np.testing.assert_allclose(gain, 1 / np.nanstd(frames, axis=0), rtol=1e-6)
    repeated = as_sequences([X[1], X[1], X[1], X[3]], missing=True)
    for mine, other in zip(
        channel_scaling(sequences, np.array([0.0, 3.0, 0.0, 1.0])),
        channel_scaling(repeated),
        strict=True,
    ):
        np.testing.assert_allclose(mine, other, rtol=1e-6)


def test_derivative_gain_against_numpy():
    """Differences are 0 where a sequence begins, and go across the edges of blocks."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(t, 2)).cumsum(axis=0).astype(np.float32) for t in (9, 1, 20, 14, 5)]
    weight = np.array([1.0, 2.0, 0.5, 3.0, 1.0])
    frames = np.concatenate(X).astype(np.float64)
    steps = np.concatenate([np.diff(x, axis=0, prepend=x[:1]) for x in X]).astype(np.float64)
    each = np.repeat(weight, [len(x) for x in X])

    def deviation(values):
        mean = np.average(values, axis=0, weights=each)
        return np.sqrt(np.average((values - mean) ** 2, axis=0, weights=each))

    sequences = as_sequences(X)
    _, gain = channel_scaling(sequences, weight)
    np.testing.assert_allclose(gain, 1 / deviation(frames), rtol=1e-6)
    expected = deviation(frames) / deviation(steps)
    np.testing.assert_allclose(derivative_gain(sequences, weight), expected, rtol=1e-6)
