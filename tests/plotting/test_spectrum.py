import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import sparse

from skliquid import LiquidTransformer
from skliquid.plotting import SpectrumDisplay
from skliquid.reservoirs import RateReservoir
from skliquid.reservoirs.liquid import draw_circuit
from skliquid.topology import spectral_radius

RNG = np.random.default_rng(0)
X = RNG.normal(size=(10, 15, 2))


def test_eigenvalues_are_those_of_the_whole_matrix():
    """Most neurons of the default liquid lie on no cycle."""
    liquid = LiquidTransformer(60, engine="numpy", random_state=0).fit(X)
    display = SpectrumDisplay.from_estimator(liquid)
    weights = liquid.liquid_.recurrent_weights.astype(float)
    assert (display.eigenvalues == 0).sum() > 30
    ours = np.poly(display.eigenvalues / display.spectral_radius)
    np.testing.assert_allclose(ours, np.poly(weights / display.spectral_radius), rtol=0, atol=1e-6)
    assert (np.diff(np.abs(display.eigenvalues)) <= 0).all()
    np.testing.assert_allclose(display.spectral_radius, spectral_radius(weights))


def test_plot_has_a_point_for_each_and_two_circles():
    _, ax = plt.subplots()
    display = SpectrumDisplay([[0.0, -2.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 0.5]])
    assert display.plot(ax) is display
    assert (display.ax_, display.figure_) == (ax, ax.figure)
    points = np.sort_complex(display.points_.get_xydata() @ [1, 1j])
    np.testing.assert_allclose(points, [-2j, 2j, 0.5], atol=1e-12)
    radii = [np.hypot(*line.get_data()) for line in ax.lines if line is not display.points_]
    np.testing.assert_allclose(radii, np.outer([2, 1], np.ones(361)))
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["spectral radius 2", "unit circle"]
    assert ax.get_xlim()[1] > 2


def test_one_neuron_and_ten_thousand_of_which_few_are_on_cycles():
    assert SpectrumDisplay([[0.0]]).plot().spectral_radius == 0
    n = 10_000
    chain = sparse.csr_array((np.ones(n - 1), (np.arange(1, n), np.arange(n - 1))), shape=(n, n))
    chain = chain.tolil()
    chain[0, 1] = 0.25
    display = SpectrumDisplay(chain).plot()
    np.testing.assert_allclose(np.sort(display.eigenvalues[:2].real), [-0.5, 0.5])
    assert len(display.points_.get_xdata()) == n
    assert not display.eigenvalues[2:].any()


def test_rate_cells_of_one_gate_and_of_several():
    gates = tuple(draw_circuit(2, 20, rng=rng) for rng in np.random.default_rng(0).spawn(3))
    display = SpectrumDisplay.from_estimator(RateReservoir("vanilla", gates[:1]))
    radius = spectral_radius(gates[0].recurrent_weights)
    np.testing.assert_allclose(display.spectral_radius, radius)
    with pytest.raises(ValueError, match="cell='gru' has weights for each of 3 gates"):
        SpectrumDisplay.from_estimator(RateReservoir("gru", gates))


def test_refuses():
    with pytest.raises(ValueError, match=r"W must be a non-empty square matrix, .*\(2, 3\)"):
        SpectrumDisplay(np.ones((2, 3)))
    with pytest.raises(TypeError, match="estimator must be a fitted estimator"):
        SpectrumDisplay.from_estimator(np.eye(3))
