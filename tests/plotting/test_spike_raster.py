import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import sparse
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skliquid import LiquidTransformer, LSMClassifier
from skliquid.plotting import SpikeRasterDisplay

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 20, 2)).cumsum(axis=1)
KINDS = np.arange(10) >= 7


def some_spikes(n_steps=30, n=10):
    return np.random.default_rng(1).random((n_steps, n)) < 0.3


def test_fields_are_what_the_estimator_does():
    liquid = LiquidTransformer(50, n_liquids=2, engine="numpy", random_state=0).fit(X)
    display = SpikeRasterDisplay.from_estimator(liquid, X, sample=4)
    np.testing.assert_array_equal(display.spikes, liquid.spikes(X)[4])
    np.testing.assert_array_equal(display.frames, X[4].astype(np.float32))
    inhibits = [np.asarray(each.recurrent_weights.sum(axis=0)) < 0 for each in liquid.liquids_]
    np.testing.assert_array_equal(display.is_inhibitory, np.concatenate(inhibits))
    assert display.is_inhibitory.any()
    lsm = LSMClassifier(50, engine="numpy", random_state=0).fit(X, [0, 1] * 6)
    through = SpikeRasterDisplay.from_estimator(make_pipeline(lsm), X, sample=2)
    np.testing.assert_array_equal(through.spikes, lsm.pipeline_[0].spikes(X)[2])


def test_missing_values_and_events_are_drawn_as_they_came():
    gaps = X.copy()
    gaps[1, 3:5, 0] = np.nan
    liquid = LiquidTransformer(50, missing="hold", engine="numpy", random_state=0).fit(gaps)
    display = SpikeRasterDisplay.from_estimator(liquid, gaps, sample=1)
    np.testing.assert_array_equal(display.spikes, liquid.spikes(gaps)[1])
    np.testing.assert_array_equal(display.frames, gaps[1].astype(np.float32))
    events = [sparse.csr_array(np.random.default_rng(i).random((20, 3)) < 0.2) for i in range(5)]
    liquid = LiquidTransformer(50, encoder=None, engine="numpy", random_state=0).fit(events)
    display = SpikeRasterDisplay.from_estimator(liquid, events, sample=2)
    np.testing.assert_array_equal(display.frames, events[2].toarray())
    np.testing.assert_array_equal(display.spikes, liquid.spikes(events)[2])


def test_steps_of_an_encoder_lie_under_their_frames():
    liquid = LiquidTransformer(50, encoder="latency", engine="numpy", random_state=0).fit(X)
    display = SpikeRasterDisplay.from_estimator(liquid, X)
    n_each = len(display.spikes) // 20
    assert n_each > 1
    middles = display.frames_ax_.lines[0].get_xdata()
    np.testing.assert_allclose(
        middles,
        [range(i, i + n_each) for i in range(0, 20 * n_each, n_each)]
        @ np.full(n_each, 1 / n_each),
    )


def test_rates_are_means():
    spikes = some_spikes()
    display = SpikeRasterDisplay(spikes=spikes, is_inhibitory=KINDS)
    np.testing.assert_allclose(display.neuron_rates, spikes.sum(axis=0) / 30)
    assert list(display.population_rates) == ["excitatory", "inhibitory"]
    np.testing.assert_allclose(
        display.population_rates["inhibitory"], spikes[:, 7:].sum(axis=1) / 3
    )
    alike = SpikeRasterDisplay(spikes=spikes).population_rates
    np.testing.assert_allclose(alike.pop("all"), spikes.sum(axis=1) / 10)
    assert not alike


def test_plot_draws_spikes_rates_and_input():
    spikes = some_spikes()
    _, ax = plt.subplots()
    frames = RNG.normal(size=(30, 3))
    display = SpikeRasterDisplay(spikes=spikes, frames=frames, is_inhibitory=KINDS)
    assert display.plot(ax) is display
    assert display.bounding_ax_ is ax
    assert display.figure_ is ax.figure
    (image,) = display.ax_.images
    cells = np.asarray(image.get_array())
    assert image.get_extent() == [-0.5, 29.5, -0.5, 9.5]
    # A cell of the raster is several of the image, all alike.
    high, wide = cells.shape[0] // 10, cells.shape[1] // 30
    cells = cells.reshape(10, high, 30, wide, 4)
    assert (cells == cells[:, :1, :, :1]).all()
    np.testing.assert_array_equal(cells[:, 0, :, 0, 3].T > 0, spikes)
    assert [len(a.patches) for a in (display.neuron_ax_, display.population_ax_)] == [2, 2]
    drawn = [patch.get_data().values for patch in display.neuron_ax_.patches]
    np.testing.assert_allclose(sum(drawn), display.neuron_rates)
    assert (drawn[0][7:] == 0).all()
    np.testing.assert_array_equal(
        [line.get_ydata() for line in display.frames_ax_.lines], frames.T
    )
    assert display.frames_ax_.get_legend() is not None


def test_many_channels_are_an_image_and_no_input_is_left_out():
    frames = RNG.normal(size=(15, 6))
    display = SpikeRasterDisplay(spikes=some_spikes(), frames=frames).plot()
    np.testing.assert_array_equal(display.frames_ax_.images[0].get_array(), frames.T)
    assert display.frames_ax_.images[0].get_extent() == [-0.5, 29.5, -0.5, 5.5]
    assert display.frames_ax_.get_legend() is None
    assert SpikeRasterDisplay(spikes=some_spikes()).plot().frames_ax_ is None


@pytest.mark.filterwarnings("ignore:The graph drawn with 1 neurons")
def test_one_neuron():
    liquid = LiquidTransformer(1, engine="numpy", random_state=0).fit(X)
    display = SpikeRasterDisplay.from_estimator(liquid.liquid_, X)
    display.figure_.draw_without_rendering()
    np.testing.assert_array_equal(display.spikes, liquid.spikes(X)[0])
    assert display.ax_.get_ylim() == (-0.5, 0.5)


def test_ten_thousand_neurons_are_seen_in_their_density():
    spikes = np.zeros((20, 10_000), dtype=bool)
    spikes[:, 2000:6000:2] = True
    display = SpikeRasterDisplay(spikes=spikes).plot()
    display.figure_.canvas.draw()
    pixels = np.asarray(display.figure_.canvas.buffer_rgba())[::-1].astype(float)
    left, low, right, high = map(int, display.ax_.get_window_extent().extents)
    red = pixels[low:high, (left + right) // 2, 0] / 255  # blue has none, white is full of it
    shades = [red[int(part * (high - low))] for part in (0.1, 0.3, 0.5, 0.8)]
    np.testing.assert_allclose(shades, [1, 0.5, 0.5, 1], atol=0.1)


def test_refuses():
    with pytest.raises(ValueError, match=r"spikes has shape \(3,\)"):
        SpikeRasterDisplay(spikes=np.zeros(3))
    with pytest.raises(ValueError, match=r"spikes has shape \(0, 3\)"):
        SpikeRasterDisplay(spikes=np.zeros((0, 3)))
    with pytest.raises(ValueError, match=r"frames has shape \(4,\)"):
        SpikeRasterDisplay(spikes=np.eye(4), frames=np.ones(4))
    with pytest.raises(ValueError, match="is_inhibitory must be bool for each of the 4 neurons"):
        SpikeRasterDisplay(spikes=np.eye(4), is_inhibitory=[True, False])
    liquid = LiquidTransformer(20, engine="numpy", random_state=0).fit(X)
    with pytest.raises(ValueError, match="sample must be .*11.*got 12"):
        SpikeRasterDisplay.from_estimator(liquid, X, sample=12)
    with pytest.raises(ValueError, match="needs neurons that spike"):
        SpikeRasterDisplay.from_estimator(
            LiquidTransformer(20, cell="gru", random_state=0).fit(X), X
        )
    with pytest.raises(TypeError, match="must be a fitted estimator, a Liquid"):
        SpikeRasterDisplay.from_estimator(3, X)
    with pytest.raises(TypeError, match="holds no liquid"):
        SpikeRasterDisplay.from_estimator(FunctionTransformer().fit(X[0]), X)
