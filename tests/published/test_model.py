"""What published models draw: counts, probabilities, strengths, delays and plasticity by pairs."""

from dataclasses import replace

import numpy as np
import pytest

from skliquid.published import MODELS, PublishedModel

PAIRS = ["EE", "EI", "IE", "II"]
MAASS = MODELS["maass_2002"]
# As printed: C, strength in nA, delay in ms, and U, D, F in ms.
PRINTED = {
    "EE": (0.3, 30.0, 1.5, (0.5, 1100.0, 50.0)),
    "EI": (0.2, 60.0, 0.8, (0.05, 125.0, 1200.0)),
    "IE": (0.4, -19.0, 0.8, (0.25, 700.0, 20.0)),
    "II": (0.1, -19.0, 0.8, (0.32, 144.0, 60.0)),
}


@pytest.fixture(scope="module")
def column():
    """A column of 2000 neurons, enough for statistics, in steps of 0.1 ms."""
    return replace(MAASS, shape=(10, 10, 20)).draw(20, dt=0.1, seed=0)


def pair_of(synapses, n_excitatory=1600):
    return 2 * (synapses.sources >= n_excitatory) + (synapses.targets >= n_excitatory)


@pytest.mark.parametrize("pair", PAIRS)
def test_connection_probability_falls_with_distance(column, pair):
    synapses, places = column.synapses, column.positions
    kinds = [slice(1600) if letter == "E" else slice(1600, None) for letter in pair]
    source, target = (places[kind] for kind in kinds)
    squares = ((target[:, None] - source[None]) ** 2).sum(axis=2)
    expected = PRINTED[pair][0] * np.exp(-squares / 4)
    expected = expected[squares > 0]  # of different neurons
    found = np.count_nonzero(pair_of(synapses) == PAIRS.index(pair))
    assert found == pytest.approx(expected.sum(), abs=4 * (expected * (1 - expected)).sum() ** 0.5)


@pytest.mark.parametrize("pair", PAIRS)
def test_synapses_are_those_of_the_table(column, pair):
    _, strength, delay, (use, recovery, facilitation) = PRINTED[pair]
    synapses = column.synapses
    mine = pair_of(synapses) == PAIRS.index(pair)
    weights, four = np.ldexp(synapses.units[mine], -synapses.exponent), 4 / mine.sum() ** 0.5
    assert (np.sign(weights) == np.sign(strength)).all()
    # Exponential: mean and standard deviation are one, the third and fourth moments 2 and 9.
    assert weights.mean() == pytest.approx(strength, rel=four)
    assert weights.std() == pytest.approx(abs(strength), rel=2**0.5 * four)
    assert set(synapses.delays[mine]) == {round(10 * delay)}
    # Normal with a deviation of half the mean; the 2.3 % that are not positive are drawn anew
    # between 0 and twice the mean, which adds to the mean, as cutting U at 1 takes from it.
    taus = [-0.1 / np.log(decay[mine]) for decay in (synapses.recovery, synapses.facilitation)]
    means = use, recovery, facilitation
    for drawn, mean in zip((synapses.use[mine], *taus), means, strict=True):
        assert (drawn > 0).all()
        assert drawn.mean() == pytest.approx(mean, rel=0.05 + four)
        assert drawn.std() == pytest.approx(0.47 * mean, rel=0.1 + four)


def test_neurons_are_those_of_the_table(column):
    neurons = column.neurons
    np.testing.assert_array_equal(neurons.refractory, np.repeat([30, 20], [1600, 400]))
    np.testing.assert_array_equal(neurons.threshold, 15.0)
    np.testing.assert_array_equal(neurons.reset, 13.5)
    np.testing.assert_array_equal(neurons.background, 13.5)
    np.testing.assert_allclose(neurons.beta, np.exp(-0.1 / 30), rtol=1e-6)
    assert 13.5 <= neurons.start.min() < 13.6 < 14.9 < neurons.start.max() <= 15.0
    assert len(np.unique(column.positions, axis=0)) == 2000


def test_input_reaches_a_share_of_the_neurons(column):
    taps, is_inhibitory = column.taps, column.taps.neurons >= 1600
    assert len(taps.weights) == pytest.approx(0.3 * 40_000, abs=4 * (0.21 * 40_000) ** 0.5)
    for mine, mean in ((~is_inhibitory, 18.0), (is_inhibitory, 9.0)):
        weights, four = taps.weights[mine], 4 / mine.sum() ** 0.5
        assert (weights >= 0).all()
        assert weights.mean() == pytest.approx(mean, rel=four)
        assert weights.std() == pytest.approx(mean, rel=2**0.5 * four)


@pytest.mark.parametrize(
    ("name", "n", "peaks", "weights"),
    [
        ("gorad_2019", 125, (0.45, 0.3, 0.6, 0.15), (3.0, 6.0, -2.0, -2.0)),
        ("ivanov_2021", 1000, (0.2, 0.1, 0.3, 0.05), (1.0, 1.0, -1.0, -1.0)),
    ],
)
def test_constant_weights(name, n, peaks, weights):
    model = MODELS[name]
    liquid = model.draw(50, seed=1)
    synapses = liquid.synapses
    assert (liquid.n_neurons, model.C) == (n, peaks)
    drawn = np.ldexp(synapses.units, -synapses.exponent)
    np.testing.assert_allclose(drawn, np.array(weights)[pair_of(synapses, 4 * n // 5)], rtol=1e-5)
    signs = np.sign(liquid.taps.weights)
    assert abs(signs.mean()) < 4 / len(signs) ** 0.5


def test_strength_has_the_spread_asked_for():
    model = replace(MAASS, shape=(10, 10, 10), spread=0.5, strength=(2.0, 2.0, -2.0, -2.0))
    weights = np.abs(model.draw(1, seed=0).synapses.sparse_weights.data)
    assert weights.std() / weights.mean() == pytest.approx(0.5, rel=0.05)
    constant = replace(model, spread=0.0).draw(1, seed=0).synapses.sparse_weights.data
    np.testing.assert_allclose(np.abs(constant), 2.0, rtol=1e-5)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"C": (0.1, 0.2)}, "C must be a number or four"),
        ({"strength": (1.0, -1.0)}, "strength must be four"),
        ({"strength": (1.0, 1.0, 1.0, -1.0)}, "strength must be non-negative"),
        ({"input_strength": (1.0,)}, "input_strength must be two"),
        ({"spread": -1.0}, "spread"),
        ({"input_density": 2.0}, "input_density"),
        ({"input_inhibition": -0.5}, "input_inhibition"),
        ({"exc_ratio": 1.5}, "exc_ratio"),
        ({"lambda_": 0.0}, "lambda_"),
        ({"shape": (3, 3)}, "shape must be three numbers"),
        ({"shape": None}, "shape must be three numbers"),
        ({"shape": (3, 3, 2.5)}, "each side of shape"),
        ({"C": "dense"}, "^each of C"),
        ({"input_strength": (1.0, "a")}, "input_strength must be two"),
        ({"cell": "lif"}, "cell must be a configured NeuronModel, got 'lif'"),
        ({"synapse": None}, "synapse must be a configured SynapseModel, got None"),
        ({"tau_state": 0.0}, "tau_state"),
        ({"tau_state": "a"}, "tau_state"),
    ],
)
def test_wrong_parameters_are_named(parameters, message):
    with pytest.raises((ValueError, TypeError), match=message):
        PublishedModel(**parameters).draw(2, seed=0)
