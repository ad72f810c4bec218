import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from scipy import sparse

from skliquid import LiquidTransformer
from skliquid.plotting import TopologyDisplay
from skliquid.reservoirs import Synapses, draw_liquid

RNG = np.random.default_rng(0)


def test_degrees_are_counts_of_the_matrix():
    liquid = LiquidTransformer(40, engine="numpy", random_state=0)
    liquid.fit(RNG.normal(size=(8, 12, 2)))
    display = TopologyDisplay.from_estimator(liquid)
    exists = liquid.liquid_.recurrent_weights != 0
    np.testing.assert_array_equal(display.in_degrees, exists.sum(axis=1))
    np.testing.assert_array_equal(display.out_degrees, exists.sum(axis=0))


def test_plot_has_a_cell_for_each_synapse_and_the_degrees():
    _, ax = plt.subplots()
    weights = np.array([[0, 0.5, -1.0], [0, 0, 0], [2.0, 0, -0.25]])
    display = TopologyDisplay(Synapses.of(sparse.csc_array(weights)))
    assert display.plot(ax) is display
    assert (display.bounding_ax_, display.figure_) == (ax, ax.figure)
    cells = np.asarray(display.ax_.images[0].get_array())
    np.testing.assert_array_equal(cells[:, :, 3], weights != 0)
    np.testing.assert_allclose(cells[0, 1, :3], to_rgb("#0072B2"))
    np.testing.assert_allclose(cells[0, 2, :3], to_rgb("#D55E00"))
    assert display.ax_.images[0].origin == "lower"
    received, sent = (patch.get_data().values for patch in display.degree_ax_.patches)
    np.testing.assert_allclose(received, [1 / 3, 0, 2 / 3])
    np.testing.assert_allclose(sent, [0, 2 / 3, 1 / 3])


def test_neurons_with_positions_are_drawn_in_space():
    liquid = draw_liquid(1, 27, topology="spatial", topology_params={"shape": (3, 3, 3)}, seed=0)
    display = TopologyDisplay.from_estimator(liquid)
    assert display.ax_.name == "3d"
    display.figure_.draw_without_rendering()
    dots = [each for each in display.ax_.collections if hasattr(each, "_offsets3d")]
    drawn = sum(len(each._offsets3d[0]) for each in dots)
    assert drawn == 27


def test_hundreds_of_degrees_lie_in_few_bins():
    """Neuron 0 sends to all, itself included."""
    star = sparse.csc_array((np.ones(300), (np.arange(300), np.zeros(300, int))), shape=(300, 300))
    display = TopologyDisplay(Synapses.of(star)).plot()
    sent = display.degree_ax_.patches[1].get_data()
    assert len(sent.values) <= 40
    np.testing.assert_allclose(sent.values.sum(), 1)
    (places,) = np.nonzero(sent.values)
    assert (sent.edges[places] < [0, 300]).all()
    assert (sent.edges[places + 1] > [0, 300]).all()
    np.testing.assert_allclose(sent.values[places], [299 / 300, 1 / 300])


@pytest.mark.parametrize("n", [1, 10_000])
def test_one_neuron_and_ten_thousand(n):
    """Each sends to the next: all is in the cells on the diagonal and above it."""
    to = np.arange(1, n)
    ring = sparse.csc_array((np.ones(n - 1), (to, to - 1)), shape=(n, n))
    display = TopologyDisplay(Synapses.of(ring)).plot()
    display.figure_.draw_without_rendering()
    alpha = np.asarray(display.ax_.images[0].get_array())[:, :, 3]
    assert alpha.shape == (min(n, 512),) * 2
    diagonals = (alpha > 0).sum(), (np.diag(alpha) > 0).sum(), (np.diag(alpha, -1) > 0).sum()
    assert diagonals == ((0, 0, 0) if n == 1 else (1023, 512, 511))
