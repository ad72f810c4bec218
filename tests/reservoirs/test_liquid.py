import dataclasses
import pickle

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import kstest

from skliquid.reservoirs import draw_liquid
from skliquid.reservoirs.fixed_point import ROW_SUM_LIMIT, input_grid, recurrent_grid, to_grid
from skliquid.topology import erdos_renyi, spectral_radius


def test_to_grid_rounds_to_the_nearest_multiple_ties_to_even():
    values = np.array([0.124, 0.126, 0.125, 0.375, -0.125, -7.3])
    np.testing.assert_array_equal(to_grid(values, 2), [0.0, 0.25, 0.0, 0.5, -0.0, -7.25])


@pytest.mark.parametrize("scale", [1e-7, 1e-3, 1.0, 1e5])
def test_recurrent_grid_is_the_finest_with_exact_int16_sums(scale):
    rng = np.random.default_rng(0)
    weights, targets = scale * rng.normal(size=4000), rng.integers(20, size=4000)
    units, exponent = recurrent_grid(weights, targets)
    sums = np.bincount(targets, np.abs(units.astype(float)))
    assert sums.max() <= ROW_SUM_LIMIT
    assert exponent == 20 or sums.max() > ROW_SUM_LIMIT / 2.1
    assert np.abs(np.ldexp(units.astype(float), -exponent) - weights).max() <= 2.0 ** -(
        exponent + 1
    )


@pytest.mark.parametrize("shape", [(5, 1), (50, 12), (3, 1000)])
def test_input_products_are_exact_in_any_order(shape):
    rng = np.random.default_rng(0)
    weights = rng.normal(size=shape)
    weights = input_grid(weights, np.abs(weights).sum(axis=1)).astype(np.float64)
    x = to_grid(rng.uniform(-512, 512, size=shape[1]), 14)
    order = rng.permutation(shape[1])
    np.testing.assert_array_equal(weights @ x, weights[:, order] @ x[order])
    assert np.abs(input_grid(np.zeros((2, 2)), np.zeros(2))).max() == 0


@pytest.mark.parametrize("radius", [0.1, 0.9, 1.5])
@pytest.mark.parametrize("topology", ["erdos_renyi", "small_world", "scale_free", "spatial"])
def test_grid_leaves_the_spectral_radius(topology, radius):
    liquid = draw_liquid(1, 300, topology=topology, spectral_radius=radius, seed=0)
    assert spectral_radius(liquid.recurrent_weights) == pytest.approx(radius, rel=1e-3)
    assert liquid.density == pytest.approx(0.1, rel=0.06)


def test_recurrent_weights_are_the_topologys():
    given = erdos_renyi(60, rng=0)
    for topology in (given, sparse.csr_array(given), lambda n, rng: erdos_renyi(n, rng=0)):
        liquid = draw_liquid(2, 60, topology=topology, seed=0)
        half_unit = 2.0 ** -(liquid.weight_exponent + 1)
        np.testing.assert_allclose(liquid.recurrent_weights, given, atol=half_unit, rtol=0)
        assert liquid.recurrent_weights.dtype == np.float32


def test_streams_are_separate():
    one = draw_liquid(2, 60, seed=0)
    other = draw_liquid(2, 60, topology="small_world", spectral_radius=0.3, seed=0)
    np.testing.assert_array_equal(one.input_weights, other.input_weights)
    wider = draw_liquid(3, 60, seed=0)
    np.testing.assert_array_equal(one.recurrent_weights, wider.recurrent_weights)


def test_input_weights():
    liquid = draw_liquid(16, 2000, input_scaling=2.0, seed=0)
    assert liquid.input_weights.std() == pytest.approx(2.0 / 4, rel=0.02)
    assert liquid.input_weights.mean() == pytest.approx(0.0, abs=0.01)


def test_time_constants_of_a_range_are_log_uniform():
    low, high = 0.04, 0.95
    liquid = draw_liquid(1, 5000, connectivity=0.001, beta=(low, high), seed=0)
    log_tau = np.log(-1 / np.log(liquid.beta.astype(np.float64)))
    ends = np.log(-1 / np.log([low, high]))
    assert kstest(log_tau, "uniform", args=(ends[0], ends[1] - ends[0])).pvalue > 0.01
    same = draw_liquid(1, 20, beta=(0.5, 0.5), seed=0)
    np.testing.assert_allclose(same.beta, 0.5, rtol=1e-6)
    np.testing.assert_array_equal(draw_liquid(1, 20, beta=0.5, seed=0).beta, np.float32(0.5))


def test_time_constants_leave_the_weights():
    one = draw_liquid(2, 60, seed=0)
    other = draw_liquid(2, 60, beta=(0.1, 0.9), adaptation=0.3, refractory=2, seed=0)
    np.testing.assert_array_equal(one.recurrent_weights, other.recurrent_weights)
    np.testing.assert_array_equal(one.tap_weights, other.tap_weights)
    assert (one.is_fatigable, other.is_fatigable) == (False, True)


def test_constants_of_fatigue():
    liquid = draw_liquid(1, 20, adaptation=0.25, tau_adaptation=7.0, refractory=3, seed=0)
    np.testing.assert_array_equal(liquid.adaptation, np.full(20, 0.25))
    np.testing.assert_allclose(liquid.adaptation_beta, np.exp(-1 / 7.0), rtol=1e-6)
    np.testing.assert_array_equal(liquid.refractory, np.full(20, 3))


@pytest.mark.parametrize("topology", ["erdos_renyi", "small_world", "scale_free", "spatial"])
def test_balance_reaches_the_liquid(topology):
    liquid = draw_liquid(1, 300, topology=topology, ei_balance=0.5, seed=0)
    W = liquid.recurrent_weights
    assert -W[W < 0].sum() / W[W > 0].sum() == pytest.approx(0.5, rel=0.01)
    assert spectral_radius(W) == pytest.approx(0.9, rel=1e-3)


@pytest.mark.parametrize("topology", ["erdos_renyi", "small_world", "scale_free", "spatial"])
def test_fraction_of_recurrent_neurons_reaches_the_liquid(topology):
    parameters = {"topology": topology, "connectivity": 0.05, "ei_balance": 1.0, "seed": 0}
    liquid = draw_liquid(2, 300, recurrent_fraction=0.25, **parameters)
    W, whole = liquid.recurrent_weights, draw_liquid(2, 300, **parameters)
    n_inputs = (W != 0).sum(axis=1)
    assert (n_inputs > 0).sum() == 75
    assert n_inputs.sum() / 75 == pytest.approx(0.05 * 300, rel=0.2)
    assert spectral_radius(W) == pytest.approx(0.9, rel=1e-3)
    assert -W[W < 0].sum() / W[W > 0].sum() == pytest.approx(1.0, rel=0.01)
    # Those that receive no synapses have them on others, and hear the input as all do.
    assert ((W != 0).sum(axis=0)[n_inputs == 0] > 0).mean() > 0.9
    np.testing.assert_array_equal(liquid.tap_weights, whole.tap_weights)
    all_of_them = draw_liquid(2, 300, recurrent_fraction=1.0, **parameters)
    np.testing.assert_array_equal(all_of_them.recurrent_weights, whole.recurrent_weights)


@pytest.mark.parametrize("recurrent_fraction", [1.0, 0.25])
def test_connectivity_of_none_is_ten_synapses_a_recurrent_neuron(recurrent_fraction):
    liquid = draw_liquid(1, 4000, connectivity=None, recurrent_fraction=recurrent_fraction, seed=0)
    each = len(liquid.synapse_units) / (recurrent_fraction * 4000)
    assert each == pytest.approx(10, abs=0.3)
    assert draw_liquid(1, 4, connectivity=None, seed=0).density == 12 / 16


def test_topology_params():
    ring = draw_liquid(1, 50, topology="small_world", topology_params={"p_rewire": 0.0}, seed=0)
    neighbours = np.flatnonzero(ring.recurrent_weights[10])
    np.testing.assert_array_equal(neighbours, [8, 9, 11, 12])
    few = draw_liquid(1, 50, topology="scale_free", topology_params={"m": 1}, seed=0)
    assert len(few.synapse_units) == 2 * 49


@pytest.mark.parametrize("topology", ["small_world", "scale_free"])
@pytest.mark.parametrize("n", [3, 4, 5, 30])
@pytest.mark.parametrize("connectivity", [0.001, 0.5, 1.0])
@pytest.mark.filterwarnings("ignore:The graph drawn")
def test_any_connectivity_gives_a_graph(topology, n, connectivity):
    liquid = draw_liquid(1, n, topology=topology, connectivity=connectivity, seed=0)
    assert len(liquid.synapse_units) > 0


def test_synapses_lost_to_the_grid_warn():
    W = np.zeros((20, 20))
    W[1:, 0], W[0, 1:] = 0.5, 1e5
    with pytest.warns(UserWarning, match="19 of 38 synapses are too weak"):
        draw_liquid(1, 20, topology=W, seed=0)


def test_record_is_immutable_and_pickles():
    liquid = draw_liquid(1, 20, seed=0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        liquid.beta = 0
    again = pickle.loads(pickle.dumps(liquid))
    np.testing.assert_array_equal(again.recurrent_weights, liquid.recurrent_weights)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"reservoir_size": 0}, ValueError, "reservoir_size must be .* got 0"),
        ({"n_channels": 0}, ValueError, "n_channels must be .* got 0"),
        ({"connectivity": 0}, ValueError, "connectivity must be .* got 0"),
        ({"connectivity": 1.1}, ValueError, "connectivity must be .* got 1.1"),
        ({"recurrent_fraction": 0}, ValueError, "recurrent_fraction must be .* got 0"),
        ({"recurrent_fraction": 1.1}, ValueError, "recurrent_fraction must be .* got 1.1"),
        ({"recurrent_fraction": "a"}, TypeError, "recurrent_fraction must be .* got 'a'"),
        ({"spectral_radius": -1}, ValueError, "spectral_radius must be .* got -1"),
        ({"exc_ratio": -0.1}, ValueError, "exc_ratio must be .* got -0.1"),
        ({"beta": 1.0}, ValueError, "beta must be .* got 1.0"),
        ({"beta": (0.0, 0.9)}, ValueError, "beta must be .* got 0.0"),
        ({"beta": (0.9, 0.1)}, ValueError, r"beta must be .* low <= high, got \(0.9, 0.1\)"),
        ({"beta": (0.9,)}, TypeError, r"beta must be .* pair .* got \(0.9,\)"),
        ({"beta": "slow"}, TypeError, "beta must be .* got 'slow'"),
        ({"adaptation": -1}, ValueError, "adaptation must be .* got -1"),
        ({"tau_adaptation": 0}, ValueError, "tau_adaptation must be .* got 0"),
        ({"refractory": -1}, ValueError, "refractory must be .* got -1"),
        ({"refractory": 2**40}, ValueError, "refractory must be .*1048576.* got 1099511627776"),
        ({"refractory": 1.5}, TypeError, "refractory must be .* got 1.5"),
        ({"ei_balance": -1}, ValueError, "ei_balance must be .* got -1"),
        ({"n_delays": 0}, ValueError, "n_delays must be .* got 0"),
        ({"max_delay": -1}, ValueError, "max_delay must be .* got -1"),
        ({"max_channels": 0}, ValueError, "max_channels must be .* got 0"),
        ({"threshold": 0}, ValueError, "threshold must be .* got 0"),
        ({"input_scaling": -1}, ValueError, "input_scaling must be .* got -1"),
        ({"topology": "ring"}, ValueError, "topology must be one of .*small_world.* got 'ring'"),
        ({"topology": object()}, TypeError, "topology must be one of"),
        ({"topology": np.zeros((3, 3))}, ValueError, r"of shape \(20, 20\).*got.*\(3, 3\)"),
        ({"topology": None}, TypeError, "topology must be one of .* got None"),
        ({"topology": np.eye(20) * 1j}, TypeError, "real weights of shape"),
        ({"topology": np.eye(20).astype(str)}, TypeError, "real weights of shape"),
        ({"topology": lambda n, rng: None}, TypeError, "topology must be one of .* got None"),
        ({"topology": lambda n: np.eye(n)}, TypeError, "topology must be a callable .n, rng."),
        ({"topology": np.eye}, TypeError, "topology must be a callable .n, rng. .*failed"),
        ({"topology": dict}, TypeError, "topology must be a callable .n, rng. .*'dict'"),
        ({"topology": [[1], [1, 2]]}, TypeError, r"topology must be .* got \[\[1\], \[1, 2\]\]"),
        ({"topology": lambda n, rng: "x" * 10**6}, TypeError, "topology must be .{,400}$"),
        (
            {"topology": np.full((20, 20), -2e6)},
            ValueError,
            "topology .* not all in .* got -2e.06",
        ),
        ({"neurons": lambda n: n}, TypeError, "cell or neurons must be a draw .* failed"),
        (
            {"topology": np.eye(20), "topology_params": {"k": 4}},
            ValueError,
            "topology_params .* named random graph",
        ),
        ({"topology_params": 3}, TypeError, "topology_params must be a mapping .* got 3"),
        (
            {"topology": "small_world", "reservoir_size": 2},
            ValueError,
            "reservoir_size must be at least 3 for topology 'small_world', got 2",
        ),
        ({"seed": -1}, ValueError, "seed must be .* got -1"),
        ({"seed": "a"}, TypeError, "seed must be .* got 'a'"),
        (
            {"input_gain": np.ones(3)},
            ValueError,
            r"input_gain must be finite, of shape \(1,\), got array",
        ),
        ({"topology": np.full((20, 20), np.nan)}, ValueError, "not all in"),
        ({"topology_params": {"k": 4}}, ValueError, "parameter must be one of .* got 'k'"),
        (
            {"topology": "small_world", "topology_params": {"k": 5}},
            ValueError,
            "k must be even",
        ),
        (
            {"topology": "scale_free", "topology_params": {"m": 20}},
            ValueError,
            "m must be .* got 20",
        ),
    ],
)
def test_bad_parameters(arguments, error, message):
    with pytest.raises(error, match=message):
        draw_liquid(**({"n_channels": 1, "reservoir_size": 20, "seed": 0} | arguments))
