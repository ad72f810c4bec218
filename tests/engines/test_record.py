"""Recorded states against those that the engines run through."""

import numpy as np
import pytest

from skliquid import LiquidTransformer
from skliquid.engines import record
from skliquid.sequences import as_sequences


@pytest.mark.parametrize("n_liquids", [1, 2])
@pytest.mark.parametrize("engine", ["numba", "numpy", "mlx"])
def test_record_is_the_spikes_of_every_engine(few_vowels, n_liquids, engine):
    X = few_vowels[0][:7]
    liquid = LiquidTransformer(21, encoder=None, n_liquids=n_liquids, random_state=0).fit(X)
    recorded = record(liquid.liquids_, [as_sequences(X)], engine, None)
    assert recorded.n_channels == 21 * n_liquids
    assert len(recorded.blocks[0][0]) == 3  # eight neurons a byte
    oracle = liquid.set_params(engine="numpy").spikes(X)
    for got, expected in zip(recorded, oracle, strict=True):
        np.testing.assert_array_equal(got, expected)
    some = recorded.take([4, 1])
    np.testing.assert_array_equal(some.lengths, [len(X[4]), len(X[1])])
    padded = recorded.padded(np.array([4, 1]))
    for column, i in enumerate([4, 1]):
        np.testing.assert_array_equal(padded[: len(X[i]), column], list(recorded)[i])
        assert not padded[len(X[i]) :, column].any()
