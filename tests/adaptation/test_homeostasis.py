"""Homeostasis against the fraction that it promises, with potentials filtered by SciPy."""

import tracemalloc
from dataclasses import fields

import numpy as np
import pytest
from scipy.signal import lfilter

from skliquid import LiquidTransformer
from skliquid.engines import ENGINES
from skliquid.engines._lockstep import standardise

# Without an encoder, so that the liquid hears the frames that the oracle filters.
PARAMETERS = {"encoder": None, "n_delays": 5, "max_delay": 12, "random_state": 0}


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(0)
    return [rng.normal(size=(t, 3)).cumsum(axis=0) for t in rng.integers(5, 60, size=40)]


def free_potentials(liquid, X):
    """Leaky integrals of the input without bias, shape (n_frames, n), float64."""
    neuron = np.repeat(np.arange(liquid.n_neurons), np.diff(liquid.tap_offsets))
    potentials = []
    for frames in X:
        x = standardise(np.asarray(frames, dtype=np.float32), liquid.taps)
        drive = np.zeros((len(frames), liquid.n_neurons))
        for t in range(len(frames)):
            is_heard = liquid.tap_delays <= t
            heard = x[t - liquid.tap_delays[is_heard], liquid.tap_channels[is_heard]]
            weighted = heard * liquid.tap_weights[is_heard]
            drive[t] = np.bincount(neuron[is_heard], weighted, liquid.n_neurons)
        leaky = [
            lfilter([1], [1, -float(beta)], current)
            for beta, current in zip(liquid.beta, drive.T, strict=True)
        ]
        potentials.append(np.stack(leaky, axis=1))
    return np.concatenate(potentials)


def fractions_above(liquid, X, weight=None):
    bias = liquid.bias / (1.0 - liquid.beta.astype(np.float64))
    return np.average(free_potentials(liquid, X) + bias > liquid.threshold, axis=0, weights=weight)


def assert_same(one, other):
    for part in ("taps", "synapses", "neurons"):
        mine, others = getattr(one, part), getattr(other, part)
        for field in fields(mine):
            np.testing.assert_array_equal(getattr(mine, field.name), getattr(others, field.name))


@pytest.mark.parametrize("target", [0.02, 0.3, 0.9])
@pytest.mark.parametrize("threshold", [0.01, 1.0, 50.0])
@pytest.mark.filterwarnings("ignore:The liquid is epileptic")  # whose synapses are those of 1.0
def test_fraction_of_time_above_threshold_is_the_target(X, target, threshold):
    transformer = LiquidTransformer(
        100, target_rate=target, threshold=threshold, input_scaling=3.0, **PARAMETERS
    ).fit(X)
    # A thousandth of the threshold is left between the level and the threshold.
    np.testing.assert_allclose(fractions_above(transformer.liquid_, X), target, atol=0.005)
    deviation = free_potentials(transformer.liquid_, X).std(axis=0)
    np.testing.assert_allclose(deviation, 3.0 * threshold, rtol=1e-3)


def test_targets_are_uniform_in_the_range(X):
    transformer = LiquidTransformer(800, target_rate=(0.1, 0.4), **PARAMETERS).fit(X)
    above = np.sort(fractions_above(transformer.liquid_, X))
    np.testing.assert_allclose(above, np.linspace(0.1, 0.4, 800), atol=0.03)


def test_weights_are_repetitions_and_order_is_nothing(X):
    weight = np.random.default_rng(1).integers(0, 4, size=len(X))
    repeated = [x for x, w in zip(X, weight, strict=True) for _ in range(w)]

    def fitted(X, sample_weight=None):
        transformer = LiquidTransformer(60, target_rate=0.2, **PARAMETERS)
        return transformer.fit(X, sample_weight=sample_weight).liquid_

    weighted = fitted(X, weight)
    assert_same(weighted, fitted(repeated))
    assert_same(weighted, fitted(X[::-1], weight[::-1]))
    assert_same(fitted(X), fitted(X[::-1]))
    frame_weight = np.repeat(weight, [len(x) for x in X])
    np.testing.assert_allclose(fractions_above(weighted, X, frame_weight), 0.2, atol=0.005)
    assert np.abs(fractions_above(weighted, X) - 0.2).max() > 0.02


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_sets_the_same(X, engine):
    parameters = {**PARAMETERS, "adaptation": 0.5, "refractory": 2, "spectral_radius": 0.9}
    liquids = [
        LiquidTransformer(70, engine=name, **parameters).fit(X).liquid_
        for name in ("numpy", engine)
    ]
    assert_same(*liquids)


def test_neurons_that_hear_nothing_keep_their_weights_and_no_bias(X):
    with_constant = [np.hstack([x, np.full((len(x), 2), 7.0)]) for x in X]
    fitted = LiquidTransformer(200, max_channels=2, **PARAMETERS).fit(with_constant).liquid_
    drawn = LiquidTransformer(200, max_channels=2, target_rate=None, **PARAMETERS)
    drawn = drawn.fit(with_constant).liquid_
    hears = np.bincount(
        np.repeat(np.arange(200), np.diff(fitted.tap_offsets)), fitted.tap_channels < 3, 200
    )
    deaf = hears == 0
    assert 20 < deaf.sum() < 150
    np.testing.assert_array_equal(fitted.bias[deaf], 0)
    assert (fitted.bias[~deaf] != 0).all()
    is_deaf_tap = np.repeat(deaf, np.diff(fitted.tap_offsets))
    np.testing.assert_allclose(
        fitted.tap_weights[is_deaf_tap], drawn.tap_weights[is_deaf_tap], atol=1e-6
    )
    assert not np.concatenate(
        [
            spikes[:, deaf]
            for spikes in LiquidTransformer(200, max_channels=2, spectral_radius=0.0, **PARAMETERS)
            .fit(with_constant)
            .spikes(with_constant)
        ]
    ).any()


@pytest.mark.parametrize("length", [1, 2, 20])
def test_constant_data_drive_nothing(length):
    transformer = LiquidTransformer(50, pooling="rate", random_state=0)
    with pytest.warns(UserWarning, match="No channel of X varies"):
        features = transformer.fit_transform(np.full((6, length, 2), 3.0))
    assert not features.any()
    assert not transformer.liquid_.bias.any()


def test_sequences_of_one_frame():
    X = np.random.default_rng(0).normal(size=(200, 1, 2))
    transformer = LiquidTransformer(60, encoder=None, target_rate=0.25, random_state=0).fit(X)
    np.testing.assert_allclose(fractions_above(transformer.liquid_, X), 0.25, atol=0.006)


def test_two_series_suffice():
    X = np.random.default_rng(0).normal(size=(2, 50, 1))
    transformer = LiquidTransformer(60, encoder=None, target_rate=0.25, random_state=0).fit(X)
    np.testing.assert_allclose(fractions_above(transformer.liquid_, X), 0.25, atol=0.015)


@pytest.mark.parametrize(("n", "length"), [(2000, 20), (25, 1500)])
def test_many_frames_are_sampled(n, length):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, length, 1)) * rng.uniform(0.5, 1.5, size=(n, 1, 1))
    transformer = LiquidTransformer(40, encoder=None, target_rate=0.2, random_state=0).fit(X)
    above = fractions_above(transformer.liquid_, X[:: max(1, n // 200)])
    np.testing.assert_allclose(above, 0.2, atol=0.06)
    assert above.mean() == pytest.approx(0.2, abs=0.01)
    assert_same(transformer.liquid_, transformer.fit(X).liquid_)


def test_without_a_target_the_liquid_is_as_drawn(X):
    transformer = LiquidTransformer(60, target_rate=None, input_scaling=0.5, **PARAMETERS).fit(X)
    assert not transformer.liquid_.bias.any()
    twice = LiquidTransformer(60, target_rate=None, input_scaling=1.0, **PARAMETERS).fit(X)
    np.testing.assert_allclose(
        2 * transformer.liquid_.tap_weights, twice.liquid_.tap_weights, rtol=1e-6
    )


@pytest.mark.filterwarnings("ignore:The reservoir is silent")  # by rounding, with such a bias
def test_sums_stay_exact_where_the_bias_is_far_above_the_input(X):
    liquid = LiquidTransformer(60, threshold=1e4, input_scaling=1e-6, **PARAMETERS).fit(X).liquid_
    neuron = np.repeat(np.arange(60), np.diff(liquid.tap_offsets))
    largest = 512 * np.bincount(neuron, np.abs(liquid.tap_weights)) + np.abs(liquid.bias)
    unit = 1.0  # of which all weights are multiples
    while (liquid.tap_weights.astype(np.float64) / unit % 1).any():
        unit /= 2
    assert liquid.tap_weights.any()
    assert largest.max() / (unit * 2.0**-14) < 2.0**53


def test_memory_does_not_grow_with_a_recording():
    """Beside the frames there is less than another copy of them."""
    X = np.random.default_rng(0).standard_normal((1, 8_000_000, 1), np.float32)
    few = {"reservoir_size": 10, "random_state": 0, "encoder": None, "max_delay": 20}
    liquid = LiquidTransformer(**few).fit(X[:, :100])
    liquid.transform(X[:, :100])
    for work in (lambda: LiquidTransformer(**few).fit(X), lambda: liquid.transform(X)):
        tracemalloc.start()
        work()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < X.nbytes
