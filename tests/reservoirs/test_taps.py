"""The input taps against their definition, and against a liquid without delays."""

import numpy as np
import pytest

from skliquid.engines import Runner
from skliquid.engines._lockstep import TapInput, standardise
from skliquid.pooling import NO_POOLING
from skliquid.reservoirs import draw_liquid
from skliquid.reservoirs.taps import draw_taps
from skliquid.sequences import as_sequences


def draw(n_channels=6, n_neurons=400, seed=0, **parameters):
    return draw_taps(n_channels, n_neurons, **parameters, rng=np.random.default_rng(seed))


def of_each_neuron(taps):
    """Channels, delays and weights of the taps of each neuron."""
    cuts = taps.offsets[1:-1]
    parts = (np.split(values, cuts) for values in (taps.channels, taps.delays, taps.weights))
    return list(zip(*parts, strict=True))


def free_potentials(liquid, frames):
    """Currents of neurons that neither remember, fire nor connect."""
    rows = np.arange(len(frames))
    return Runner(liquid, NO_POOLING, "numpy").states(as_sequences([frames]), "mem", rows)


def deaf(n_channels, n, **parameters):
    return draw_liquid(
        n_channels, n, topology=np.zeros((n, n)), beta=0.0, threshold=1e6, **parameters
    )


@pytest.mark.parametrize("n_delays", [2, 3, 9])
@pytest.mark.parametrize("max_delay", [0, 1, 7, 20, 64, 1000])
def test_delays_are_multiples_and_weights_sum_to_zero(n_delays, max_delay):
    taps = draw(n_delays=n_delays, max_delay=max_delay, max_channels=3)
    spacings = []
    for channels, delays, weights in of_each_neuron(taps):
        spacing = delays[1]
        spacings.append(spacing)
        for channel in np.unique(channels):
            mine = channels == channel
            np.testing.assert_array_equal(delays[mine], spacing * np.arange(n_delays))
            assert abs(weights[mine].sum()) < 1e-6
    assert min(spacings) == 1
    longest = max(max_delay // (n_delays - 1), 1)
    assert 0.95 * longest <= max(spacings) <= longest
    assert taps.delays.max() <= max(max_delay, n_delays - 1)


def test_spacings_are_log_uniform():
    taps = draw(n_neurons=20_000, n_channels=1, n_delays=2, max_delay=1023)
    spacings = taps.delays[1::2]
    octaves = np.bincount(np.log2(spacings).astype(int), minlength=10)
    np.testing.assert_allclose(octaves / 20_000, 0.1, atol=0.01)


@pytest.mark.parametrize(("n_channels", "max_channels"), [(6, 3), (30, 9), (2, 9), (1, 1)])
def test_random_subsets_of_channels(n_channels, max_channels):
    taps = draw(n_channels, 3000, max_channels=max_channels, n_delays=3, max_delay=8)
    n_heard = np.array([len(np.unique(channels)) for channels, _, _ in of_each_neuron(taps)])
    most = min(n_channels, max_channels)
    share = np.bincount(n_heard, minlength=most + 1)[1:] / 3000
    edges = np.log(np.arange(1, most + 2))
    np.testing.assert_allclose(share, np.diff(edges) / edges[-1], atol=0.03)
    each = np.bincount(taps.channels, minlength=n_channels)
    np.testing.assert_allclose(each / each.mean(), 1, atol=0.15)


@pytest.mark.parametrize("n_delays", [1, 9])
@pytest.mark.parametrize("max_channels", [None, 4])
def test_strength_does_not_depend_on_the_number_of_taps(n_delays, max_channels):
    taps = draw(
        n_neurons=3000,
        n_delays=n_delays,
        max_delay=40,
        max_channels=max_channels,
        input_scaling=2.0,
    )
    squares = [(weights**2).sum() for _, _, weights in of_each_neuron(taps)]
    # Weights that sum to zero have lost the variance of their mean.
    expected = 4.0 * (1 - 1 / n_delays if n_delays > 1 else 1)
    assert np.mean(squares) == pytest.approx(expected, rel=0.05)


def test_plain_taps_are_the_plain_weights():
    """One undelayed tap for each channel: normal weights, neuron after neuron."""
    liquid = draw_liquid(5, 80, input_scaling=1.5, seed=3)
    normal = np.random.default_rng(3).spawn(3)[1].standard_normal((80, 5)) * 1.5 / np.sqrt(5)
    np.testing.assert_allclose(liquid.input_weights, normal, atol=1e-6)
    np.testing.assert_array_equal(liquid.input_weights.ravel(), liquid.tap_weights)
    assert liquid.max_delay == 0


@pytest.mark.parametrize("n_delays", [1, 4])
def test_currents_are_a_convolution(n_delays):
    rng = np.random.default_rng(0)
    liquid = deaf(3, 30, n_delays=n_delays, max_delay=20, max_channels=2, seed=0)
    frames = rng.normal(size=(50, 3))
    x = standardise(frames.astype(np.float32), liquid.taps)
    currents = free_potentials(liquid, frames)
    for i, (channels, delays, weights) in enumerate(of_each_neuron(liquid.taps)):
        expected = np.zeros(50)
        for channel, delay, weight in zip(channels, delays, weights, strict=True):
            kernel = np.zeros(delay + 1)
            kernel[delay] = weight
            expected += np.convolve(x[:, channel], kernel)[:50]
        np.testing.assert_allclose(currents[:, i], expected, atol=2.0**-20)


@pytest.mark.parametrize("n_delays", [1, 3])
def test_derivative_taps_hear_the_difference(n_delays):
    """A liquid with derivative channels, and one that is given the differences as channels."""
    frames = np.random.default_rng(0).integers(-100, 100, size=(40, 2)) / 16
    differences = np.diff(frames, axis=0, prepend=np.zeros((1, 2)))
    gain = np.array([0.5, 2.0])
    parameters = {"n_delays": n_delays, "max_delay": 9, "max_channels": 2, "seed": 1}
    built_in = deaf(2, 60, derivative_gain=gain, **parameters)
    by_hand = deaf(4, 60, **parameters)
    np.testing.assert_allclose(
        free_potentials(built_in, frames),
        free_potentials(by_hand, np.hstack([frames, gain * differences])),
        atol=1e-4,
    )


@pytest.mark.parametrize(("share", "n"), [(0.2, 50), (0.25, 7), (0.0, 9), (1.0, 9), (0.5, 1)])
def test_a_share_of_the_neurons_hears_the_differences_alone(share, n):
    """With the draws of a liquid that hears no differences; no stretch has one neuron too many."""
    parameters = {"n_delays": 3, "max_delay": 9, "max_channels": 2, "seed": 1}
    frames = np.random.default_rng(0).integers(-100, 100, size=(40, 3)) / 16
    differences = np.diff(frames, axis=0, prepend=np.zeros((1, 3)))
    shared = deaf(3, n, derivative_gain=np.ones(3), derivative_share=share, **parameters)
    whole = deaf(3, n, **parameters)
    currents = free_potentials(shared, frames)
    hears_them = np.diff(np.floor(share * np.arange(n + 1))) == 1
    for heard, mine in ((frames, ~hears_them), (differences, hears_them)):
        expected = free_potentials(whole, heard)
        np.testing.assert_allclose(currents[:, mine], expected[:, mine], atol=1e-4)


def test_level_is_not_heard_once_it_has_filled_the_delays():
    liquid = deaf(1, 50, n_delays=5, max_delay=16, seed=0)
    currents = free_potentials(liquid, np.full((40, 1), 3.0))
    assert np.abs(currents[: liquid.max_delay]).max() > 0.1
    assert np.abs(currents[liquid.max_delay :]).max() < 1e-5


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"n_delays": 0}, ValueError, "n_delays must be .* got 0"),
        ({"n_delays": 1.5}, TypeError, "n_delays must be .* got 1.5"),
        ({"max_delay": -1}, ValueError, "max_delay must be .* got -1"),
        ({"max_delay": 2**20 + 1}, ValueError, "max_delay must be .*1048576.* got 1048577"),
        ({"derivative_share": 0.5}, ValueError, "derivative_share must be None .* got 0.5"),
        (
            {"derivative_gain": [1.0], "derivative_share": 1.5},
            ValueError,
            "derivative_share must be .* got 1.5",
        ),
        ({"max_channels": 0}, ValueError, "max_channels must be .* got 0"),
        ({"max_channels": "all"}, TypeError, "max_channels must be .* got 'all'"),
        ({"input_scaling": np.nan}, ValueError, "input_scaling must be .* got nan"),
    ],
)
def test_bad_parameters(parameters, error, message):
    with pytest.raises(error, match=message):
        draw(**parameters)


def test_finer_taps_take_the_same_input_in_finer_steps():
    rng = np.random.default_rng(0)
    taps = draw_taps(2, 15, input_gain=np.full(2, 2.0), rng=rng)
    finer = taps.finer(6)
    x = rng.normal(size=(20, 1, 2)).astype(np.float32)

    def current(taps):
        currents, _ = TapInput(taps).run(np.zeros((1, 0, 2)), x, np.array([20]))
        return np.concatenate(list(currents))

    exact = (2.0 * x[:, 0].astype(float)) @ taps.input_weights.astype(float).T
    errors = [np.abs(current(each) - exact).max() for each in (taps, finer)]
    assert errors[1] < errors[0] / 8
    # What is beyond the range saturates earlier.
    x[:] = 100.0
    np.testing.assert_allclose(
        current(finer), np.tile(8.0 * taps.input_weights.sum(axis=1), (20, 1)), atol=1e-5
    )
