import matplotlib.pyplot as plt
import numpy as np
import pytest

from skliquid.plotting import plot_raster


def test_raster_draws_every_spike_in_its_cell():
    spikes = np.random.default_rng(0).random((30, 20)) < 0.2
    _, ax = plt.subplots()
    assert plot_raster(spikes, n_excitatory=15, ax=ax) is ax
    image = np.asarray(ax.images[0].get_array())
    np.testing.assert_array_equal(image[:, :, 3].T > 0, spikes)
    red, blue = image[:, :, 0], image[:, :, 2]
    assert (blue[:15] >= red[:15]).all()
    assert (red[15:] >= blue[15:]).all()
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["excitatory", "inhibitory"]
    plt.close()


def test_raster_in_one_colour():
    _, ax = plt.subplots()
    plot_raster(np.eye(4))
    assert ax.get_legend() is None
    assert len(np.unique(np.asarray(ax.images[0].get_array()).reshape(-1, 4), axis=0)) == 2
    plt.close()


def test_raster_refuses_other_shapes():
    with pytest.raises(ValueError, match=r"spikes has shape \(3,\)"):
        plot_raster(np.zeros(3))


def test_a_long_raster_loses_no_spike_and_keeps_its_time():
    """One spike in 10,000 steps stands where it was, in a picture of few columns."""
    spikes = np.zeros((10_000, 3), dtype=np.uint8)
    spikes[7_501, 1] = 1
    _, ax = plt.subplots()
    plot_raster(spikes, ax=ax)
    (image,) = ax.images
    cells = np.asarray(image.get_array())
    assert cells.shape[:2] == (3, 4096)
    ((neuron, column),) = np.argwhere(cells[:, :, 3] > 0)
    left, right, _, _ = image.get_extent()
    assert (neuron, left, right) == (1, -0.5, 9_999.5)
    np.testing.assert_allclose(left + (column + 0.5) * (right - left) / 4096, 7_501, atol=3)
    plt.close()
