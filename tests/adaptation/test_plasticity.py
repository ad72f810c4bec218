"""Plasticity against its equations in plain Python, in floating point, and closed forms."""

import zlib
from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skliquid import LiquidTransformer, LSMClassifier, LSMSequenceRegressor, from_events
from skliquid.adaptation import Plasticity
from skliquid.pooling import make_plan
from skliquid.reservoirs import (
    IntegrateAndFire,
    Izhikevich,
    Neurons,
    RateReservoir,
    SynapseModel,
    Taps,
    draw_liquid,
    draw_neurons,
)
from skliquid.reservoirs.fixed_point import ROW_SUM_LIMIT

NO_STDP = {"a_plus": 0.0, "a_minus": 0.0}
STDP_ALONE = {"scaling": 0.0, "w_max": 2.0, "a_plus": 0.04, "a_minus": 0.02}


def forced(W, beta=0.0):
    """A liquid in which neuron i fires where channel i is 1, whatever the others do."""
    n = len(W)
    ends = np.arange(n + 1)
    ones, zeros = np.ones(n, dtype=np.float32), np.zeros(n, dtype=np.float32)
    taps = Taps(ends, ends[:-1], np.zeros(n, dtype=np.int32), 90 * ones, -45 * ones, zeros, ones)
    liquid = draw_liquid(n, n, topology=np.array(W, dtype=float), n_delays=1, seed=0)
    neurons = draw_neurons(n, beta=beta, rng=np.random.default_rng(0))
    return replace(liquid, taps=taps, neurons=neurons)


def trains(*times, n_steps=40):
    """Spikes of neurons at some times."""
    x = np.zeros((n_steps, len(times)))
    for neuron, steps in enumerate(times):
        x[list(steps), neuron] = 1
    return [x]


def learned(liquid, x, **rules):
    return Plasticity(**rules).learn(liquid, x, seed=0).recurrent_weights.astype(float)


def oracle(liquid, x, p, q):
    """Weights and biases after one sequence, from the equations of the module, one by one."""
    n, signed = liquid.n_neurons, liquid.recurrent_weights.astype(float)
    w, sign = np.abs(signed), np.sign(signed)
    drawn, changes = w.copy(), (sign > 0) | ((sign < 0) & p.inhibitory)
    bound = np.zeros((n, n))
    for each in (1, -1):
        bound[sign == each] = p.w_max * w[sign == each].max(initial=0)
    beta, threshold = liquid.beta.astype(float), liquid.threshold.astype(float)
    u, bias, s, spikes = np.zeros(n), liquid.bias.astype(float), np.zeros(n), []
    for t, frame in enumerate(x):
        v = beta * u + liquid.input_weights @ frame + bias + (sign * w) @ s
        s = (v > threshold).astype(float)
        u = v - threshold * s
        for i in range(n):
            for j in range(n):
                before = [t - at for at, train in enumerate(spikes) if train[j]]
                after = [t - at for at, train in enumerate(spikes) if train[i]]
                if changes[i, j] and s[j]:  # j fires after i did
                    r = w[i, j] if p.bounds == "soft" else bound[i, j]
                    fall = sum(np.exp(-gap / p.tau_minus) for gap in after)
                    w[i, j] = max(w[i, j] - p.a_minus * r * fall, 0)
                if changes[i, j] and s[i]:  # i fires after j did
                    r = bound[i, j] - w[i, j] if p.bounds == "soft" else bound[i, j]
                    rise = sum(np.exp(-gap / p.tau_plus) for gap in before)
                    w[i, j] = min(w[i, j] + p.a_plus * r * rise, bound[i, j])
        bias = bias + p.intrinsic * threshold * (1 - beta) * (q - s)
        spikes.append(s)
        if (t + 1) % 100 == 0 or t == len(x) - 1:
            for i in range(n):
                for kind in (1, -1):
                    mine = (sign[i] == kind) & changes[i]
                    if w[i, mine].sum():
                        ratio = drawn[i, mine].sum() / w[i, mine].sum()
                        w[i, mine] *= 1 + p.scaling * (ratio - 1)
    return sign * np.minimum(w, bound), bias


RULES = {
    "STDP": {"scaling": 0.0},
    "soft bounds": {"bounds": "soft", "scaling": 0.0, "tau_plus": 5.0, "inhibitory": True},
    "scaling": {"scaling": 0.3, "a_plus": 0.02, "inhibitory": True, "w_max": 1.5},
    "intrinsic": {**NO_STDP, "scaling": 0.0, "intrinsic": 0.01},
    "all": {"scaling": 1.0, "a_plus": 0.01, "intrinsic": 0.01, "w_max": 2.0, "tau_minus": 8.0},
}


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
def test_equations_in_plain_python(rules):
    liquid = draw_liquid(3, 16, connectivity=0.4, beta=0.7, input_scaling=1.5, seed=1)
    x = np.random.default_rng(3).normal(size=(130, 3))
    p = Plasticity(target_rate=0.2, **rules)
    W, bias = oracle(liquid, x, p, 0.2)
    found = p.learn(liquid, x[np.newaxis], seed=0)
    largest = np.abs(W).max()
    if p.a_plus:
        assert np.abs(W - liquid.recurrent_weights).max() > 0.05 * largest
    np.testing.assert_allclose(found.recurrent_weights, W, atol=2e-3 * largest)
    np.testing.assert_allclose(found.bias, bias, atol=1e-5)


@pytest.mark.parametrize("gap", [1, 2, 7, 30])
def test_a_pair_of_spikes_changes_a_weight_by_how_far_apart_they_are(gap):
    liquid = forced([[0, 0.5, 0], [0, 0, 0], [0, 1.0, 0]])
    rise = learned(liquid, trains([gap], [0], []), tau_plus=10.0, **STDP_ALONE)
    assert rise[0, 1] == pytest.approx(0.5 + 0.04 * 2.0 * np.exp(-gap / 10), abs=1e-4)
    fall = learned(liquid, trains([0], [gap], []), tau_minus=6.0, **STDP_ALONE)
    assert fall[0, 1] == pytest.approx(0.5 - 0.02 * 2.0 * np.exp(-gap / 6), abs=1e-4)
    soft = {"bounds": "soft", **STDP_ALONE}
    rise = learned(liquid, trains([gap], [0], []), tau_plus=10.0, **soft)
    assert rise[0, 1] == pytest.approx(0.5 + 0.04 * 1.5 * np.exp(-gap / 10), abs=1e-4)
    fall = learned(liquid, trains([0], [gap], []), tau_minus=6.0, **soft)
    assert fall[0, 1] == pytest.approx(0.5 * (1 - 0.02 * np.exp(-gap / 6)), abs=1e-4)
    for other in (rise, fall):
        assert other[2, 1] == 1.0  # neuron 2 never fires


def test_spikes_at_once_and_in_different_sequences_are_no_pair():
    liquid = forced([[0, 0.5], [0.25, 0]])
    both = trains([0, 20], [0, 20])
    # Of either neuron the one spike is 20 steps after the other's.
    twice = learned(liquid, both, tau_plus=10.0, tau_minus=10.0, **STDP_ALONE)
    change = (0.04 - 0.02) * 1.0 * np.exp(-2)
    np.testing.assert_allclose(twice, [[0, 0.5 + change], [0.25 + change, 0]], atol=1e-4)
    apart = [*trains([0], []), *trains([], [0])]
    np.testing.assert_array_equal(learned(liquid, apart, **STDP_ALONE), liquid.recurrent_weights)


def test_weights_stay_within_their_bounds_and_keep_their_signs():
    W = np.array([[0, 0.5, -0.75], [0.25, 0, -0.5], [0.125, 0.25, 0]])
    rng = np.random.default_rng(0)
    x = (rng.random((3, 200, 3)) < 0.4).astype(float)
    rules = {"scaling": 0.0, "w_max": 3.0, "inhibitory": True}
    risen = learned(forced(W), x, a_plus=0.5, a_minus=0.0, **rules)
    np.testing.assert_array_equal(risen, np.sign(W) * np.where(W > 0, 1.5, 2.25))
    fallen = learned(forced(W), x, a_plus=0.0, a_minus=0.5, **rules)
    np.testing.assert_array_equal(fallen, np.zeros((3, 3)))
    only_excitatory = learned(forced(W), x, a_plus=0.0, a_minus=0.5, scaling=0.0)
    np.testing.assert_array_equal(only_excitatory, np.minimum(W, 0))
    both = Plasticity(a_plus=0.3, a_minus=0.3, scaling=0.0, inhibitory=True, w_max=16.0)
    drawn = draw_liquid(2, 80, connectivity=0.2, input_scaling=3.0, seed=0)
    after = both.learn(drawn, rng.normal(size=(5, 100, 2)), seed=0)
    assert (after.recurrent_weights * drawn.recurrent_weights >= 0).all()
    sums = np.bincount(after.synapse_targets, np.abs(after.synapse_units.astype(int)))
    assert sums.max() <= ROW_SUM_LIMIT
    assert after.recurrent_weights.max() > 2 * drawn.recurrent_weights.max()


def test_a_synapse_that_fell_to_zero_can_rise_again():
    liquid = forced([[0, 0.5], [0, 0]])
    down, up = trains([0], [1]), trains([1], [0])
    rules = {**STDP_ALONE, "a_minus": 1.0, "a_plus": 0.1, "tau_plus": 10.0}
    assert learned(liquid, down, **rules)[0, 1] == 0
    twice = trains([0, 31], [1, 30])
    assert learned(liquid, twice, **rules)[0, 1] == pytest.approx(0.1 * np.exp(-0.1), rel=0.1)
    assert learned(liquid, up, **rules)[0, 1] > 0.5


def test_scaling_conserves_the_sums_of_each_kind():
    drawn = draw_liquid(3, 60, connectivity=0.3, input_scaling=3.0, seed=0)
    X = np.random.default_rng(1).normal(size=(4, 70, 3))
    rules = {"a_plus": 0.01, "a_minus": 0.01, "bounds": "soft", "inhibitory": True}
    W = drawn.recurrent_weights.astype(float)
    unscaled, scaled = (learned(drawn, X, scaling=scaling, **rules) for scaling in (0.0, 1.0))
    for kind in (1, -1):
        sums, free, kept = (
            np.maximum(kind * each, 0).sum(axis=1) for each in (W, unscaled, scaled)
        )
        assert np.abs(free - sums).max() > 0.1 * sums.max()
        np.testing.assert_allclose(kept, sums, atol=30 * 2.0**-drawn.weight_exponent)
    assert np.abs(scaled - W).max() > 0.1 * W.max()


def rates(liquid, X):
    from skliquid.engines import Runner
    from skliquid.sequences import as_sequences

    runner = Runner(liquid, make_plan("rate", 1, 5.0), "numpy")
    return runner.features(as_sequences(X), np.arange(len(X))).mean(axis=0)


def test_rates_approach_their_targets():
    drawn = draw_liquid(3, 40, beta=0.5, input_scaling=1.0, seed=0)
    X = np.random.default_rng(0).normal(size=(20, 100, 3)).astype(np.float32)
    rules = Plasticity(**NO_STDP, scaling=0.0, intrinsic=0.005, target_rate=0.3, n_epochs=4)
    before, after = rates(drawn, X), rates(rules.learn(drawn, X, seed=0), X)
    assert np.abs(before - 0.3).max() > 0.1
    np.testing.assert_allclose(after, 0.3, atol=0.05)
    spread = replace_target(rules, (0.1, 0.6)).learn(drawn, X, seed=0)
    np.testing.assert_allclose(np.sort(rates(spread, X)), np.linspace(0.1, 0.6, 40), atol=0.12)


def replace_target(rules, target_rate):
    return clone(rules).set_params(target_rate=target_rate)


def test_nothing_changes_where_every_rate_is_zero():
    still = Plasticity(**NO_STDP, scaling=0.0)
    # Scaling alone has nothing to restore.
    for rules in (still, clone(still).set_params(scaling=1.0), Plasticity(max_steps=1)):
        plain, plastic = (
            LiquidTransformer(100, plasticity=each, engine="numpy", random_state=0)
            for each in (None, rules)
        )
        X = np.random.default_rng(0).normal(size=(6, 30, 2))
        np.testing.assert_array_equal(plain.fit_transform(X), plastic.fit_transform(X))
        one, other = plain.liquid_, plastic.liquid_
        np.testing.assert_array_equal(one.recurrent_weights, other.recurrent_weights)
        np.testing.assert_array_equal(one.bias, other.bias)
        np.testing.assert_array_equal(one.tap_weights, other.tap_weights)


def test_bits_depend_on_neither_engine_nor_threads_nor_machine():
    X = np.round(np.random.default_rng(0).normal(size=(8, 40, 2)), 3)
    rules = Plasticity(a_plus=0.02, intrinsic=0.01, inhibitory=True, max_steps=250)
    common = {"plasticity": rules, "recurrent_fraction": 1.0, "random_state": 0}
    how = [{"engine": "numpy"}, {"engine": "numba"}, {"engine": "numba", "n_jobs": 2}]
    fitted = [LiquidTransformer(120, **common, **each).fit(X) for each in how]
    features = [each.transform(X) for each in fitted]
    for each, row in zip(fitted[1:], features[1:], strict=True):
        np.testing.assert_array_equal(row, features[0])
        np.testing.assert_array_equal(each.liquid_.bias, fitted[0].liquid_.bias)
    drawn = draw_liquid(2, 50, connectivity=0.3, input_scaling=2.0, seed=0)
    liquid = rules.learn(drawn, X, seed=0)
    arrays = (liquid.synapse_units, liquid.bias)
    assert [zlib.crc32(each.tobytes()) for each in arrays] == PINNED


PINNED = [3463464907, 1759296861]


def test_learning_is_from_the_first_steps_and_from_sequences_with_weight():
    drawn = draw_liquid(2, 50, connectivity=0.3, input_scaling=2.0, seed=0)
    x = np.random.default_rng(0).normal(size=(1, 200, 2))
    whole, first = learned(drawn, x, max_steps=90), learned(drawn, x[:, :90])
    np.testing.assert_array_equal(whole, first)
    assert (learned(drawn, x) != first).any()
    pair = np.concatenate([x, x[:, ::-1]])
    chosen = Plasticity().learn(drawn, pair, sample_weight=np.array([3.0, 0.0]), seed=0)
    np.testing.assert_array_equal(chosen.recurrent_weights, learned(drawn, x))
    again = Plasticity(n_epochs=2).learn(drawn, x, seed=0).recurrent_weights
    assert (again != chosen.recurrent_weights).any()


def test_events_teach_what_their_dense_frames_teach():
    dense = (np.random.default_rng(0).random((6, 40, 4)) < 0.2).astype(np.float32)
    dense[:, -1, 0] = 1  # or the last event would end the sequence before its last step
    events = from_events(*zip(*map(np.nonzero, dense), strict=True), 4)
    liquid = LiquidTransformer(60, plasticity=Plasticity(), engine="numpy", random_state=0)
    one, other = (clone(liquid).fit(X).liquid_ for X in (dense, events))
    np.testing.assert_array_equal(one.recurrent_weights, other.recurrent_weights)
    drawn = clone(liquid).set_params(plasticity=None).fit(events).liquid_
    assert (one.recurrent_weights != drawn.recurrent_weights).any()


@pytest.mark.parametrize("cell", [IntegrateAndFire(noise=0.1), Izhikevich()])
def test_other_neurons_learn_as_they_run(cell):
    drawn = draw_liquid(2, 40, neurons=cell.draw, connectivity=0.3, input_scaling=9.0, seed=0)
    X = np.random.default_rng(0).normal(size=(4, 50, 2))
    assert (learned(drawn, X) != drawn.recurrent_weights).any()


def test_a_search_reaches_the_rules():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(12, 20, 2)), [0, 1] * 6
    lsm = LSMClassifier(30, plasticity=Plasticity(), engine="numpy", random_state=0)
    grid = {"plasticity": [None, Plasticity()]}, {"plasticity__a_plus": [0.0, 0.1]}
    search = GridSearchCV(lsm, [*grid], cv=2).fit(X, y)
    assert len(search.cv_results_["params"]) == 4
    assert lsm.plasticity.a_plus == 0.005  # which each candidate has a copy of
    steps = LSMSequenceRegressor(30, cell="lif", plasticity=Plasticity(), random_state=0)
    still = clone(steps).set_params(plasticity=None)
    assert (steps.fit(X, X[:, :, 0]).predict(X) != still.fit(X, X[:, :, 0]).predict(X)).any()


def test_what_it_cannot_act_on_is_named():
    X = np.zeros((2, 5, 1)) + np.arange(5)[:, np.newaxis]

    def fit(**parameters):
        LiquidTransformer(20, plasticity=Plasticity(), **parameters).fit(X)

    with pytest.raises(ValueError, match="plasticity must be None with cell='gru'"):
        fit(cell="gru")
    with pytest.raises(ValueError, match="plasticity must have plain Synapses .* DynamicSynapses"):
        fit(synapse=SynapseModel())
    bursting = draw_liquid(1, 20, neurons=Izhikevich().draw, seed=0)
    with pytest.raises(ValueError, match="plasticity intrinsic must be 0 with Izhikevich"):
        Plasticity(intrinsic=0.1).learn(bursting, X)
    with pytest.raises(ValueError, match="'plasticity' parameter .* must be an instance of"):
        LiquidTransformer(20, plasticity=Plasticity).fit(X)
    liquid = draw_liquid(1, 20, seed=0)

    class Others(Neurons):
        pass

    with pytest.raises(ValueError, match="plasticity must have neurons .* 'numpy' runs.* Others"):
        Plasticity().learn(replace(liquid, neurons=Others(liquid.threshold)), X)
    cell = LiquidTransformer(20, cell="gru", random_state=0).fit(X).liquid_
    assert isinstance(cell, RateReservoir)
    with pytest.raises(TypeError, match="liquid must be a Liquid of spiking neurons"):
        Plasticity().learn(cell, X)


def test_no_synapse_and_no_spike_are_no_trouble():
    X = np.zeros((2, 5, 1))
    lonely = draw_liquid(1, 20, spectral_radius=0.0, seed=0)
    for liquid in (lonely, draw_liquid(1, 20, seed=0)):
        np.testing.assert_array_equal(learned(liquid, X), liquid.recurrent_weights)
