"""Branching ratios of processes and networks that are known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from skliquid import LiquidTransformer
from skliquid.diagnostics import branching_ratio, firing_statistics
from skliquid.reservoirs import SynapseModel, Synapses, draw_liquid

N = 400


def branching(ratio, n_steps, seed=0):
    """Numbers of spikes of a process with immigration, as spikes of so many neurons."""
    rng = np.random.default_rng(seed)
    counts = [20]
    for _ in range(n_steps - 1):
        counts.append(min(N, rng.poisson(ratio * counts[-1]) + rng.poisson(10)))
    return np.arange(N) < np.array(counts)[:, np.newaxis]


@pytest.mark.parametrize("ratio", [0.0, 0.5, 0.9])
def test_recorded_process_of_known_ratio(ratio):
    spikes = branching(ratio, 20_000)
    assert branching_ratio(spikes).ratio == pytest.approx(ratio, abs=0.03)
    pieces = [spikes[i : i + 500] for i in range(0, 20_000, 500)]
    assert branching_ratio(pieces).ratio == pytest.approx(ratio, abs=0.03)


def test_each_spike_begets_the_neurons_that_it_drives_over_their_threshold():
    # Each of 300 neurons drives k of 3000 that hear nothing else, and that drive nobody.
    n, n_sources = 3300, 300
    for k in (0, 1, 4):
        W = np.zeros((n, n))
        for j in range(n_sources):
            W[n_sources + k * j : n_sources + k * (j + 1), j] = 1.5
        liquid = draw_liquid(1, n, input_scaling=1.0, beta=0.0, connectivity=0.01, seed=0)
        taps = liquid.taps
        is_source = taps.neurons < n_sources
        taps = replace(taps, weights=np.where(is_source, 4 * taps.weights, 0))
        liquid = replace(liquid, taps=taps, synapses=Synapses.of(sparse.csc_array(W)))
        found = branching_ratio(liquid, n_steps=200)
        share = n_sources_share(liquid, n_sources)
        assert found.n_spikes > 500
        assert found.ratio == pytest.approx(k * share, abs=0.15 * k)


def n_sources_share(liquid, n_sources):
    """Share of the spikes that are those of the sources."""
    rates = firing_statistics(liquid).rates
    return rates[:n_sources].sum() / rates.sum()


def test_spikes_that_prevent_others_count_against():
    X = np.random.default_rng(0).normal(size=(10, 60, 1)).cumsum(axis=1)
    settings = {"target_rate": (0.05, 0.5), "spectral_radius": 0.4, "random_state": 0}
    liquids = (LiquidTransformer(100, exc_ratio=ratio, **settings) for ratio in (0.0, 1.0))
    ratios = [branching_ratio(liquid.fit(X), n_steps=300).ratio for liquid in liquids]
    assert ratios[0] < -0.01
    assert ratios[1] > 0.05


def test_without_spikes_there_is_none():
    silent = draw_liquid(1, 30, connectivity=0.3, input_scaling=0.0, seed=0)
    assert np.isnan(branching_ratio(silent).ratio)
    assert np.isnan(branching_ratio(np.zeros((9, 3))).ratio)


def test_descendants_that_come_later_are_refused():
    def found(**parameters):
        model = SynapseModel(**parameters)
        return branching_ratio(draw_liquid(1, 60, synapse=model, seed=0), n_steps=100)

    for parameters in ({"delay": 2.0}, {"tau_syn": 2.0}, {"tau_input": 2.0}):
        with pytest.raises(ValueError, match="branching_ratio counts the spikes of the next step"):
            found(**parameters)
    assert found(stp=(0.5, 5.0, 5.0)).n_spikes > 0


def test_sequences_longer_than_the_washout():
    liquid, X = draw_liquid(1, 60, seed=0), np.random.default_rng(0).normal(size=(2, 101, 1))
    assert branching_ratio(liquid, X).n_spikes > 0
    with pytest.raises(ValueError, match="more than 100 steps, the washout; the longest has 100"):
        branching_ratio(liquid, X[:, 1:])


def test_what_does_not_spike_is_refused():
    rate = LiquidTransformer(20, cell="vanilla").fit(np.eye(9))
    with pytest.raises(ValueError, match="needs neurons that spike, got a reservoir of rate"):
        branching_ratio(rate)
    with pytest.raises(TypeError, match="reservoir must be a fitted estimator"):
        branching_ratio("liquid")
    with pytest.raises(ValueError, match="spikes must be an array of shape"):
        branching_ratio([np.ones((3, 4)), np.ones((3, 5))])
