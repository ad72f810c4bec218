"""Exponents that are known: of maps, linear systems, silent liquids and trees."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from skliquid import LiquidTransformer
from skliquid.diagnostics import lyapunov_exponent
from skliquid.reservoirs import (
    IntegrateAndFire,
    Izhikevich,
    RateReservoir,
    Synapses,
    draw_liquid,
)
from skliquid.reservoirs.liquid import draw_circuit


def logistic(x):
    return 4 * x * (1 - x)


def tent(x):
    return 1.9 * np.minimum(x, 1 - x)


@pytest.mark.parametrize(("step", "expected"), [(logistic, np.log(2)), (tent, np.log(1.9))])
def test_chaotic_maps(step, expected):
    found = lyapunov_exponent(step, [0.3456], n_steps=20_000)
    assert found.exponent == pytest.approx(expected, abs=0.01)


def test_linear_systems_have_the_logarithm_of_their_radius():
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.normal(size=(20, 20)))[0]
    orthogonal = lyapunov_exponent(lambda x: 0.9 * x @ Q.T, np.ones(20), perturbation=1.0)
    np.testing.assert_allclose(orthogonal.growth, 0.9, rtol=1e-6)
    W = rng.normal(size=(20, 20))
    W /= np.abs(np.linalg.eigvals(W)).max()
    found = lyapunov_exponent(lambda x: 0.7 * x @ W.T, np.ones(20), washout=0, n_steps=4000)
    assert found.exponent == pytest.approx(np.log(0.7), abs=0.005)


def test_rate_cells_without_input_have_the_radius_of_their_weights():
    circuit = draw_circuit(
        *(1, 50),
        rng=np.random.default_rng(0),
        input_scaling=0.0,
        spectral_radius=0.8,
        connectivity=0.5,
    )
    found = lyapunov_exponent(RateReservoir("vanilla", (circuit,)), n_trials=2)
    assert found.exponent == pytest.approx(np.log(0.8), abs=0.01)


def test_silent_liquid_forgets_by_its_leak():
    liquid = draw_liquid(1, 40, connectivity=0.3, input_scaling=0.0, beta=0.9, seed=0)
    alone = replace(liquid, synapses=Synapses.none(40))
    found = lyapunov_exponent(alone, n_trials=1)
    np.testing.assert_allclose(found.growth, 0.9**10, rtol=1e-5)
    assert found.exponent == pytest.approx(np.log(0.9), abs=1e-6)


def test_states_that_become_the_same_have_no_exponent():
    liquid = draw_liquid(1, 40, connectivity=0.3, input_scaling=0.0, beta=0.0, seed=0)
    alone = replace(liquid, synapses=Synapses.none(40))
    assert lyapunov_exponent(alone, n_trials=1).exponent == -np.inf


def test_spikes_that_double_at_every_step():
    """A binary tree of memoryless neurons in silence: 2^k of them differ after k steps."""
    n = 2**9
    parents = np.repeat(np.arange(n // 2), 2)
    W = sparse.csc_array((np.full(n, 1.5), (np.arange(n), parents)), shape=(n, n))
    W[0, 0] = 0.0
    liquid = draw_liquid(1, n, input_scaling=0.0, beta=0.0, seed=0)
    tree = replace(liquid, synapses=Synapses.of(W.tocsc()))
    found = lyapunov_exponent(tree, n_trials=1, n_steps=400, interval=2)
    # Memoryless: a spike leaves 1.5 - 1 in each child, and nothing else.
    among = np.isclose(found.growth, 0.5 * 2.0, atol=1e-5)  # 4 grandchildren, each 0.5 apart
    assert among.mean() > 0.15  # those with grandchildren, a quarter


def test_sign_tells_chaos():
    def exponent(radius, cell):
        circuit = {"connectivity": 0.1, "exc_ratio": 0.5, "ei_balance": None, "n_delays": 1}
        neurons = {"target_rate": None, "input_scaling": 0.3, "recurrent_fraction": 1.0}
        X = np.random.default_rng(0).normal(size=(5, 50, 1))
        transformer = LiquidTransformer(
            100, spectral_radius=radius, cell=cell, random_state=0, **circuit, **neurons
        ).fit(X)
        return lyapunov_exponent(transformer, n_trials=1).exponent

    assert exponent(0.5, "vanilla") < -0.5
    assert exponent(4.0, "vanilla") > 0.1


def test_sequences_of_ones_own_drive_it():
    liquid = draw_liquid(1, 40, connectivity=0.3, seed=0)
    X = [np.random.default_rng(i).normal(size=(60 + i, 1)) for i in range(3)]
    found = lyapunov_exponent(liquid, X, washout=40)
    assert len(found.growth) == 3 * 2 * 20
    with pytest.raises(ValueError, match="of at least 80 steps"):
        lyapunov_exponent(liquid, X, washout=70)


@pytest.mark.parametrize("cell", [IntegrateAndFire(reset=0.0), Izhikevich()])
def test_neurons_that_a_spike_changes_otherwise_are_refused(cell):
    liquid = draw_liquid(1, 20, connectivity=0.3, neurons=cell.draw, seed=0)
    with pytest.raises(ValueError, match=rf"spikes of {type(cell).__name__}Neurons do otherwise"):
        lyapunov_exponent(liquid)


@pytest.mark.parametrize(
    ("step", "first", "message"),
    [
        (logistic, None, "X must be the first state"),
        (logistic, [[0.1]], "X must be the first state"),
        (lambda x: x[:1], [0.3], "must return finite states of the shape"),
        (lambda x: x * np.inf, [0.3], "must return finite states of the shape"),
    ],
)
def test_errors_name_what_is_wrong(step, first, message):
    with pytest.raises(ValueError, match=message):
        lyapunov_exponent(step, first)


def test_what_is_no_reservoir():
    with pytest.raises(TypeError, match="a RateReservoir or a function, got"):
        lyapunov_exponent(np.ones((3, 4)), [0.1])
