"""Statistics of channels, against NumPy's."""

import numpy as np
import pytest

from skliquid.adaptation import channels as module
from skliquid.adaptation.channels import channel_means, channel_scaling
from skliquid.sequences import as_sequences


@pytest.fixture(params=[2**16, 7])
def chunk(request, monkeypatch):
    monkeypatch.setattr(module, "_CHUNK", request.param)


@pytest.mark.parametrize("share", [0.0, 0.3])
@pytest.mark.usefixtures("chunk")
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
