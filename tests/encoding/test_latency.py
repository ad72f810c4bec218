"""LatencyEncoder against its definition, written out as a loop."""

import numpy as np
import pytest

from skliquid.encoding import LatencyEncoder


@pytest.mark.parametrize("n_steps", [1, 3, 10])
def test_latency_against_a_loop(ragged, unseen, n_steps, training_range):
    low, high = training_range
    codes = LatencyEncoder(n_steps).fit(ragged).transform(unseen)
    for x, code in zip(unseen, codes, strict=True):
        expected = np.zeros((len(x), n_steps, 3))
        for t in range(len(x)):
            for c in range(3):
                u = (x[t, c] - low[c]) / (high[c] - low[c])
                if u >= 0:
                    k = 0 if u > 1 else min(int((1 - u) * n_steps), n_steps - 1)
                    expected[t, k, c] = 1
        np.testing.assert_array_equal(code, expected.reshape(-1, 3))


def test_latency_gives_the_value_back_within_a_step(ragged, training_range):
    low, high = training_range
    codes = LatencyEncoder(10).fit_transform(ragged)
    for x, code in zip(ragged, codes, strict=True):
        spikes = code.reshape(len(x), 10, 3)
        assert (spikes.sum(axis=1) == 1).all()
        u = 1 - (spikes.argmax(axis=1) + 0.5) / 10
        assert (np.abs(low + u * (high - low) - x) <= 0.05001 * (high - low)).all()
