"""The liquid of the literature as a transformer: its spikes, states and features."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skliquid.datasets import make_poisson_rates
from skliquid.diagnostics import firing_statistics, separation
from skliquid.published import MODELS, PublishedLiquid

SMALL = replace(MODELS["maass_2002"], shape=(2, 2, 3))
X, _ = make_poisson_rates(6, duration=0.5, random_state=0)


@parametrize_with_checks([PublishedLiquid(SMALL, engine="numpy", random_state=0)])
def test_estimator_checks(estimator, check):
    check(estimator)


def test_column_fires_as_cortex_does():
    rates = 1000 * np.mean(PublishedLiquid(random_state=0).fit(X).spikes(X), axis=(0, 1))
    assert 10 < rates.mean() < 80  # Hz
    assert (rates > 0).mean() > 0.8
    rest = PublishedLiquid(random_state=0).fit(X).spikes(np.zeros((1, 300, 4)))[0]
    # The background leads to 13.5 mV, below the threshold: only first potentials near it fire.
    assert rest[100:].mean() < 0.1 * rates.mean() / 1000


@pytest.mark.parametrize("name", MODELS)
def test_engines_give_the_same_spikes(name):
    strong = {"input_density": 0.5, "input_strength": (18.0, 18.0)}
    model = replace(MODELS[name], shape=(3, 3, 6), **strong)
    liquid = PublishedLiquid(model, dt=1.0, engine="numpy", random_state=0).fit(X)
    spikes, features = liquid.spikes(X), liquid.transform(X)
    assert sum(map(np.count_nonzero, spikes)) > 50
    other = liquid.set_params(engine="numba", n_jobs=2).fit(X)
    for one, two in zip(spikes, other.spikes(X), strict=True):
        np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(features, other.transform(X))


def test_states_are_filtered_spikes():
    trains = [X[0], X[1][:200], X[2][:337]]
    liquid = PublishedLiquid(SMALL, dt=0.5, engine="numpy", random_state=0).fit(trains)
    for spikes, states in zip(liquid.spikes(trains), liquid.states(trains, every=50), strict=True):
        assert states.shape == (len(spikes) // 50, 12)
        for k, state in enumerate(states):
            age = np.arange(50 * (k + 1))[::-1] * 0.5  # ms
            expected = np.exp(-age / 30) @ spikes[: 50 * (k + 1)]
            np.testing.assert_allclose(state, expected, atol=1e-9)
    last = [each[-1] for each in liquid.states(trains)]
    np.testing.assert_allclose(liquid.transform(trains), last, rtol=1e-5, atol=1e-5)


def test_events_are_heard_as_frames_are():
    liquid = PublishedLiquid(SMALL, random_state=0).fit(X)
    events = [sparse.csr_array(x) for x in X]
    np.testing.assert_array_equal(liquid.transform(events), liquid.transform(X))
    np.testing.assert_array_equal(liquid.states(events, every=50), liquid.states(X, every=50))
    other = clone(liquid).fit(events)
    np.testing.assert_array_equal(other.transform(events), liquid.transform(X))


def test_diagnostics_measure_its_liquid():
    liquid = PublishedLiquid(SMALL, random_state=0).fit(X)
    found = separation(make_pipeline(liquid), X[:3], X[3:], tau_trace=30.0).states
    states = zip(liquid.states(X[:3]), liquid.states(X[3:]), strict=True)
    expected = [np.linalg.norm(two - one, axis=1) for one, two in states]
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_features_are_pooled():
    liquid = PublishedLiquid(SMALL, pooling="counts", engine="numpy", random_state=0).fit(X)
    counts = [spikes.sum(axis=0) for spikes in liquid.spikes(X)]
    np.testing.assert_array_equal(liquid.transform(X), counts)
    assert liquid.get_feature_names_out()[3] == "counts_window0_neuron3"


def test_what_is_set_later_acts_at_the_next_fit():
    liquid = PublishedLiquid(SMALL, engine="numpy", random_state=0).fit(X)
    before = liquid.states(X, every=100)
    liquid.set_params(dt=0.1, model="maass_2002")
    np.testing.assert_array_equal(liquid.states(X, every=100), before)


def test_one_seed_is_one_liquid():
    one = PublishedLiquid(SMALL, engine="numpy", random_state=3).fit(X)
    two = clone(one).fit(X)
    np.testing.assert_array_equal(one.transform(X), two.transform(X))
    three = clone(one).set_params(random_state=4).fit(X)
    assert (one.transform(X) != three.transform(X)).any()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"model": "maass"}, "model must be one of"),
        ({"model": PublishedLiquid}, "model must be one of"),
        ({"dt": 0.0}, "dt"),
        ({"pooling": "mean"}, "pooling must be"),
        ({"pooling": None}, "pooling must be one or several of"),
        ({"model": replace(SMALL, tau_state="a")}, "tau_state must be"),
        ({"engine": "mlx"}, "does not run DynamicSynapses"),
        ({"engine": "fast"}, "engine must be"),
    ],
)
def test_wrong_parameters_are_named(parameters, message):
    with pytest.raises((ValueError, TypeError), match=message):
        PublishedLiquid(**parameters).fit(X).transform(X)


def test_every_must_be_positive():
    with pytest.raises(ValueError, match="every"):
        PublishedLiquid(SMALL, random_state=0).fit(X).states(X, every=0)


def test_diagnostics_measure_what_was_recorded():
    liquid = PublishedLiquid(SMALL, random_state=0).fit(X)
    measured = firing_statistics(liquid, X)
    np.testing.assert_allclose(measured.rates, np.mean(liquid.spikes(X), axis=(0, 1)))
