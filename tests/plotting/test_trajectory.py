import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.decomposition import PCA

from skliquid import LiquidTransformer
from skliquid.plotting import TrajectoryDisplay

RNG = np.random.default_rng(0)
X = [RNG.normal(size=(n, 2)) for n in (9, 5, 7, 12)]


def test_states_are_filtered_spikes_along_their_principal_components():
    liquid = LiquidTransformer(30, engine="numpy", random_state=0).fit(X)
    display = TrajectoryDisplay.from_estimator(liquid, X, tau_trace=4.0)
    traces = []
    for spikes in liquid.spikes(X):
        trace = np.zeros(30)
        for now in spikes:
            trace = np.exp(-1 / 4) * trace + now
            traces.append(trace)
    expected = PCA(2).fit(traces)
    ours = np.concatenate(display.trajectories)
    np.testing.assert_allclose(np.abs(ours), np.abs(expected.transform(traces)), atol=1e-5)
    ratios = expected.explained_variance_ratio_
    np.testing.assert_allclose(display.explained_variance_ratio, ratios, rtol=1e-4)
    assert [len(each) for each in display.trajectories] == [9, 5, 7, 12]
    assert f"({ratios[1]:.0%})" in display.ax_.get_ylabel()


def test_means_go_on_until_half_of_a_class_is_over():
    states = [RNG.normal(size=(n, 2)) for n in (3, 5, 8, 4)]
    display = TrajectoryDisplay(states, ["b", "b", "b", "a"])
    assert {label: len(mean) for label, mean in display.means.items()} == {"a": 4, "b": 5}
    first, second, third = display.trajectories[:3]
    mean = display.means["b"]
    np.testing.assert_allclose(mean[2], (first[2] + second[2] + third[2]) / 3)
    np.testing.assert_allclose(mean[4], (second[4] + third[4]) / 2)


def test_plot_draws_a_bundle_and_a_mean_for_each_class():
    _, ax = plt.subplots()
    states = [RNG.normal(size=(6, 4)) for _ in range(5)]
    display = TrajectoryDisplay(states, [1, 0, 0, 2, 0])
    assert display.plot(ax) is display
    assert (display.ax_, display.figure_) == (ax, ax.figure)
    assert [len(each.get_segments()) for each in display.collections_] == [3, 1, 1]
    np.testing.assert_allclose(display.collections_[2].get_segments()[0], display.trajectories[3])
    for line, mean in zip(display.lines_, display.means.values(), strict=True):
        np.testing.assert_allclose(line.get_xydata(), mean)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["0", "1", "2"]
    assert TrajectoryDisplay(states).plot().ax_.get_legend() is None


@pytest.mark.parametrize("n", [1, 10_000])
def test_one_neuron_and_ten_thousand(n):
    states = [RNG.random((20, n)) for _ in range(2)]
    display = TrajectoryDisplay(states).plot()
    display.figure_.draw_without_rendering()
    assert np.isfinite(display.trajectories).all()
    assert not np.allclose(np.array(display.trajectories)[:, :, 0], 0)
    assert np.allclose(np.array(display.trajectories)[:, :, 1], 0) == (n == 1)


@pytest.mark.parametrize("n_steps", [1, 4])
def test_states_that_do_not_change_stay_where_they_are(n_steps):
    display = TrajectoryDisplay([np.ones((n_steps, 3))]).plot()
    display.figure_.draw_without_rendering()
    np.testing.assert_array_equal(display.trajectories, np.zeros((1, n_steps, 2)))
    np.testing.assert_array_equal(display.explained_variance_ratio, [0, 0])


def test_refuses():
    with pytest.raises(ValueError, match=r"states must be arrays .*\(3, 2\), \(3, 1\)"):
        TrajectoryDisplay([np.ones((3, 2)), np.ones((3, 1))])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        TrajectoryDisplay([np.eye(3)], [0, 1])
    liquid = LiquidTransformer(20, engine="numpy", random_state=0).fit(X)
    with pytest.raises(ValueError, match="features must be .*'rates'"):
        TrajectoryDisplay.from_estimator(liquid, X, features="rates")
