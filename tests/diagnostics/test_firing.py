"""Statistics of spike trains that are known, and the same by another way."""

import numpy as np
import pytest

from skliquid import LiquidTransformer
from skliquid.diagnostics import firing_statistics
from skliquid.reservoirs import draw_liquid


def poisson(p, n_steps, n_neurons, seed=0):
    return np.random.default_rng(seed).random((n_steps, n_neurons)) < p


@pytest.mark.parametrize("p", [0.01, 0.3])
def test_poisson_spikes(p):
    found = firing_statistics(poisson(p, 40_000, 50), window=100)
    assert found.rate == pytest.approx(p, rel=0.02)
    assert found.cv == pytest.approx(np.sqrt(1 - p), abs=0.02)
    assert found.fano == pytest.approx(1 - p, abs=0.02)
    assert found.synchrony == pytest.approx(1 / np.sqrt(50), rel=0.1)
    assert (found.silent, found.saturated) == (0, 0)


def test_clocks():
    period = np.array([2, 5, 10])
    spikes = np.arange(1000)[:, np.newaxis] % period == 0
    found = firing_statistics(spikes, window=50)
    np.testing.assert_allclose(found.rates, 1 / period)
    np.testing.assert_array_equal(found.cvs, 0)
    np.testing.assert_allclose(found.fanos, 0, atol=1e-12)


def test_synchrony_of_copies_is_one():
    spikes = np.repeat(poisson(0.2, 2000, 1), 30, axis=1)
    assert firing_statistics(spikes).synchrony == pytest.approx(1)


def test_silent_and_saturated_neurons():
    spikes = np.zeros((200, 10), dtype=bool)
    spikes[:, :3] = True
    spikes[::25, 2] = False  # 96 % of the steps
    spikes[:, 3] = poisson(0.9, 200, 1)[:, 0]
    found = firing_statistics(spikes)
    assert (found.silent, found.saturated) == (0.6, 0.3)


def by_loops(trains, window):
    """Rates, CVs and Fano factors of the neurons, one by one."""
    n = trains[0].shape[1]
    rates, cvs, fanos = (np.full(n, np.nan) for _ in range(3))
    for i in range(n):
        intervals, counts = [], []
        for train in trains:
            intervals += np.diff(np.flatnonzero(train[:, i])).tolist()
            whole = len(train) // window * window
            counts += train[:whole, i].reshape(-1, window).sum(axis=1).tolist()
        rates[i] = np.concatenate(trains)[:, i].mean()
        if len(intervals) > 1:
            cvs[i] = np.std(intervals, ddof=1) / np.mean(intervals)
        if np.mean(counts):
            fanos[i] = np.var(counts) / np.mean(counts)
    return rates, cvs, fanos


def test_same_in_pieces_of_several_sequences(monkeypatch):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 2)).cumsum(axis=0) for n in (90, 33, 64, 1, 120)]
    transformer = LiquidTransformer(30, connectivity=0.3, random_state=0).fit(X)
    trains = transformer.spikes(X)
    monkeypatch.setattr("skliquid.engines._steps._PIECE_BYTES", 8 * 30 * 5 * 7)  # 7 steps
    found = firing_statistics(transformer, X, window=10)
    for values, expected in zip(
        (found.rates, found.cvs, found.fanos), by_loops(trains, 10), strict=True
    ):
        np.testing.assert_allclose(values, expected, atol=1e-9)
    recorded = firing_statistics(trains, window=10)
    np.testing.assert_allclose(recorded.cvs, found.cvs)
    assert recorded.synchrony == pytest.approx(found.synchrony)
    everywhere = np.concatenate(trains)
    ratio = everywhere.mean(axis=1).var() / everywhere.var(axis=0).mean()
    assert found.synchrony == pytest.approx(np.sqrt(ratio))
    fan_out = np.diff(transformer.liquid_.synapse_offsets)
    assert found.operations == pytest.approx((everywhere * fan_out).sum(axis=1).mean())
    assert np.isnan(recorded.operations)


def test_window_is_at_most_the_median_length():
    trains = [poisson(0.5, n, 3) for n in (10, 20, 400)]
    assert firing_statistics(trains).window == 20
    assert firing_statistics(poisson(0.5, 400, 3)).window == 50


def test_silent_liquid():
    liquid = draw_liquid(1, 20, connectivity=0.3, input_scaling=0.0, seed=0)
    found = firing_statistics(liquid)
    assert (found.rate, found.operations, found.silent) == (0, 0, 1)
    assert np.isnan([found.cv, found.fano, found.synchrony]).all()


def test_record_prints_in_a_line():
    text = repr(firing_statistics(np.eye(4)))
    assert text.startswith("FiringStatistics(rate=0.25, operations=nan, cv=nan, fano=")
    assert "rates=<array (4,)>" in text
