"""What a model of synapses draws: by pairs of types, in steps, spread as published."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skliquid import LSMClassifier
from skliquid.reservoirs import DynamicSynapses, SynapseModel, draw_liquid, draw_synapses

BY_PAIR = {"EE": (0.5, 1.1, 0.05), "EI": (0.05, 0.125, 1.2)}
BY_PAIR |= {"IE": (0.25, 0.7, 0.02), "II": (0.32, 0.144, 0.06)}


def column(n=60):
    """Weights whose last fifth of neurons is inhibitory."""
    rng = np.random.default_rng(1)
    W = rng.gamma(1.0, 1.0, (n, n)) * (rng.random((n, n)) < 0.3)
    W[:, 4 * n // 5 :] *= -1
    return sparse.csc_array(W)


def draw(W=None, **parameters):
    W = column() if W is None else W
    return SynapseModel(**parameters).draw(W, np.random.default_rng(0))


def pairs_of(synapses):
    is_inhibitory = np.arange(60) >= 48
    letters = np.where(is_inhibitory, "I", "E")
    return np.char.add(letters[synapses.sources], letters[synapses.targets])


def test_weights_are_kept_to_24_bits():
    synapses = draw()
    np.testing.assert_allclose(synapses.weights, column().toarray(), atol=2.0**-17)
    sums = np.bincount(synapses.targets, weights=np.abs(synapses.units))
    assert 2**22 < sums.max() <= 2**24


def test_delays_by_pair_are_in_steps():
    delay = {"EE": 1.5, "EI": 0.8, "IE": (0.3, 0.6), "II": 0.0}
    synapses = draw(delay=delay, dt=0.1)
    pair = pairs_of(synapses)
    assert set(synapses.delays[pair == "EE"]) == {15}
    assert set(synapses.delays[pair == "EI"]) == {8}
    assert set(synapses.delays[pair == "IE"]) == {3, 4, 5, 6}
    assert set(synapses.delays[pair == "II"]) == {1}


def test_delays_of_a_matrix():
    delay = np.random.default_rng(0).uniform(0, 9, (60, 60))
    synapses = draw(delay=delay, dt=0.5)
    expected = np.maximum(np.rint(delay[synapses.targets, synapses.sources] / 0.5), 1)
    np.testing.assert_array_equal(synapses.delays, expected)


def test_delays_by_distance():
    positions = np.random.default_rng(0).uniform(0, 9, (60, 3))
    rng = np.random.default_rng(0)
    synapses = SynapseModel(delay=2.0, speed=3.0, dt=0.5).draw(column(), rng, positions=positions)
    way = np.linalg.norm(positions[synapses.targets] - positions[synapses.sources], axis=1)
    np.testing.assert_array_equal(synapses.delays, np.rint((2 + way / 3) / 0.5))
    with pytest.raises(ValueError, match="synapse speed must be None where neurons have no"):
        draw(speed=3.0)
    model = SynapseModel(speed=0.5)
    liquid = draw_liquid(2, 60, topology="spatial", synapse=model, seed=0)
    synapses, where = liquid.synapses, liquid.positions
    way = np.linalg.norm(where[synapses.targets] - where[synapses.sources], axis=1)
    np.testing.assert_array_equal(synapses.delays, np.maximum(np.rint(way / 0.5), 1))
    assert len(set(synapses.delays)) > 2


def test_currents_by_kind():
    synapses = draw(tau_syn=(3.0, 6.0), tau_input=2.0, shape="alpha", dt=0.1)
    for kind, tau in enumerate((30, 60, 20)):
        np.testing.assert_allclose(synapses.decays[kind], np.exp(-1 / tau), rtol=1e-7)
        np.testing.assert_allclose(synapses.rises[kind], np.e / tau, rtol=1e-7)
    assert synapses.decays.shape == (3, 60)


def test_plasticity_by_pair():
    synapses = draw(stp=BY_PAIR, dt=0.001)
    pair = pairs_of(synapses)
    for name, (use, depression, facilitation) in BY_PAIR.items():
        mine = pair == name
        np.testing.assert_allclose(synapses.use[mine], use, rtol=1e-7)
        np.testing.assert_allclose(synapses.recovery[mine], np.exp(-0.001 / depression))
        np.testing.assert_allclose(synapses.facilitation[mine], np.exp(-0.001 / facilitation))


def test_spread_is_a_fraction_of_the_mean():
    W = sparse.csc_array(np.ones((120, 120)))
    synapses = draw(W, stp=(0.3, 50.0, 20.0), stp_spread=0.25)
    taus = [-1 / np.log(synapses.recovery), -1 / np.log(synapses.facilitation)]
    for values, mean in zip((synapses.use, *taus), (0.3, 50.0, 20.0), strict=True):
        np.testing.assert_allclose(values.mean(), mean, rtol=0.02)
        np.testing.assert_allclose(values.std(), 0.25 * mean, rtol=0.03)
    none = draw(W, stp=(0.3, 0.0, 0.0), stp_spread=2.0)  # no time constant is none, not -0
    assert not none.recovery.any()
    assert not none.facilitation.any()
    wide = draw(W, stp=(0.9, 50.0, 20.0), stp_spread=2.0)
    assert wide.use.min() > 0
    assert wide.use.max() <= 1
    assert wide.recovery.min() > 0
    assert wide.recovery.max() < 1


def test_types_may_be_given():
    inhibitory = np.arange(60) < 30
    synapses = draw(delay={"EE": 1.0, "EI": 2.0, "IE": 3.0, "II": 4.0}, inhibitory=inhibitory)
    expected = 1 + 2 * inhibitory[synapses.sources] + inhibitory[synapses.targets]
    np.testing.assert_array_equal(synapses.delays, expected)


def test_powers_make_any_decay():
    synapses = draw(stp=(0.5, 700.0, 30.0))
    facilitation, recovery = synapses.powers
    for powers, tau in ((recovery, 700.0), (facilitation, 30.0)):
        n_powers = powers.shape[1]
        np.testing.assert_allclose(
            powers[0], np.exp(-(2.0 ** np.arange(n_powers)) / tau), rtol=1e-6, atol=1e-30
        )
        assert powers[0].astype(float).prod() < 2.0**-30


def test_taking_keeps_what_belongs_to_a_synapse():
    synapses = draw(stp=BY_PAIR, stp_spread=0.5, delay=(0.0, 9.0), tau_syn=(2.0, 3.0))
    order = np.random.default_rng(2).permutation(60)
    moved = synapses.take(order)
    for name in ("units", "delays", "use", "recovery", "facilitation"):
        matrices = []
        for each in (synapses, moved):
            matrix = np.zeros((60, 60))
            matrix[each.targets, each.sources] = getattr(each, name)
            matrices.append(matrix)
        np.testing.assert_array_equal(matrices[0][np.ix_(order, order)], matrices[1])


def test_other_draws_stay_as_they_are():
    plain, dynamic = (
        draw_liquid(2, 80, synapse=model, seed=3) for model in (None, SynapseModel(delay=(0, 5)))
    )
    np.testing.assert_array_equal(plain.tap_weights, dynamic.tap_weights)
    np.testing.assert_array_equal(plain.synapse_targets, dynamic.synapse_targets)
    np.testing.assert_allclose(plain.recurrent_weights, dynamic.recurrent_weights, atol=1e-3)


def test_what_is_left_without_synapses_is_their_currents():
    left = draw(tau_syn=3.0, tau_input=2.0, stp=BY_PAIR).unconnected()
    assert isinstance(left, DynamicSynapses)
    assert len(left.units) == 0
    assert not left.is_plastic
    assert left.decays.shape == (3, 60)


def test_in_a_search_its_parameters_are_reached(few_vowels):
    X, y = few_vowels
    lsm = LSMClassifier(40, synapse=SynapseModel(tau_syn=2.0), random_state=0)
    assert clone(lsm).synapse is not lsm.synapse
    search = GridSearchCV(lsm, {"synapse__tau_syn": [1.0, 4.0]}, cv=2).fit(X, y)
    assert search.best_score_ > 0.5


def test_errors_name_the_parameter():
    for parameters, message in (
        ({"shape": "alpha"}, "synapse tau_syn must be given with shape='alpha'"),
        ({"delay": np.ones((3, 3))}, r"synapse delay must be a time, .* here \(60, 60\)"),
        ({"stp": {"EE": (0.5, 1.0, 1.0)}}, "synapse stp must be a mapping of each of"),
        ({"tau_syn": (1.0, 2.0, 3.0)}, "synapse tau_syn must be a time or a pair"),
        ({"inhibitory": [True]}, r"synapse inhibitory must be bool of shape \(60,\)"),
    ):
        with pytest.raises(ValueError, match=message):
            draw(**parameters)

    class Wrong(SynapseModel):
        def draw(self, W, rng, *, positions=None):
            return W

    with pytest.raises(TypeError, match="synapse must draw Synapses, got csc_array"):
        draw_synapses(9, topology=np.eye(9), synapse=Wrong(), rng=np.random.default_rng(0))
