"""Scales of channels against NumPy's, and in blocks against the whole."""

import numpy as np
import pytest

from skliquid import sequences as module
from skliquid.adaptation.channels import channel_scaling, derivative_gain
from skliquid.sequences import as_sequences


@pytest.mark.parametrize("block", [7, 2**16])
def test_derivative_gain_against_numpy(monkeypatch, block):
    """Differences are 0 where a sequence begins, and go across the edges of blocks."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(t, 2)).cumsum(axis=0).astype(np.float32) for t in (9, 1, 20, 14, 5)]
    weight = np.array([1.0, 2.0, 0.5, 3.0, 1.0])
    monkeypatch.setattr(module, "_BLOCK_FRAMES", block)
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
