from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline

from skliquid import LiquidTransformer, diagnostics
from skliquid.plotting import DiagnosisDisplay

RNG = np.random.default_rng(0)
X = RNG.normal(size=(8, 15, 1))
LIQUID = LiquidTransformer(20, n_delays=1, recurrent_fraction=1.0, engine="numpy")


def display_of(**measures):
    return DiagnosisDisplay(param_name="a", param_range=[1, 2, 3], measures=measures)


def test_numbers_are_those_of_the_functions():
    tol = {"tol": 0.01, "n_steps": 20}
    display = DiagnosisDisplay.from_estimator(
        LIQUID,
        X,
        param_name="spectral_radius",
        param_range=np.array([0.5, 2.0]),
        measures=["kernel_rank", "firing_statistics", "firing_statistics.cv", "separation"],
        options={"kernel_rank": tol},
        seeds=[3, 7, 8],
    )
    assert display.param_range == [0.5, 2.0]
    for i, radius in enumerate(display.param_range):
        for j, seed in enumerate([3, 7, 8]):
            liquid = LiquidTransformer(**LIQUID.get_params())
            liquid.set_params(spectral_radius=radius, random_state=seed).fit(X)
            firing = diagnostics.firing_statistics(liquid)
            expected = {
                "kernel_rank": diagnostics.kernel_rank(liquid, **tol).rank,
                "firing_statistics": firing.rate,
                "firing_statistics.cv": firing.cv,
                "separation": diagnostics.separation(liquid).states.mean(),
            }
            assert {name: each[i, j] for name, each in display.measures.items()} == expected


def test_every_random_state_is_set_and_callables_are_given_estimator_and_sequences():
    def score(estimator, given):
        assert given is X
        return estimator.score(given, y)

    y = np.arange(8) % 2
    machine = make_pipeline(LIQUID, RidgeClassifier())
    options = {"param_name": "liquidtransformer__beta", "param_range": [0.2, 0.9], "seeds": [1]}
    display = DiagnosisDisplay.from_estimator(
        machine, X, y, measures=[score, "separation_ratio"], **options
    )
    machine.set_params(liquidtransformer__beta=0.9, liquidtransformer__random_state=1).fit(X, y)
    assert display.measures["score"][1, 0] == score(machine, X)
    ratio = diagnostics.separation_ratio(machine, X, y).ratio
    assert display.measures["separation_ratio"][1, 0] == ratio


def test_same_numbers_from_several_processes():
    options = {"param_name": "beta", "param_range": [0.2, 0.9], "measures": "firing_statistics"}
    one, two = (
        DiagnosisDisplay.from_estimator(LIQUID, X, n_jobs=n_jobs, **options) for n_jobs in (1, 2)
    )
    np.testing.assert_array_equal(*(d.measures["firing_statistics"] for d in (one, two)))


def test_lines_are_means_and_bands_the_whole_range_of_what_is_finite():
    found = [[1.0, 2.0, 6.0], [0.0, -np.inf, 1.0], [np.nan] * 3]
    display = display_of(kernel_rank=found).plot()
    line = display.lines_["kernel_rank"].get_xydata()
    np.testing.assert_array_equal(line, [[1, 3], [2, 0.5], [3, np.nan]])
    (band,) = display.axes_[0].collections
    edges = {tuple(point) for point in band.get_paths()[0].vertices}
    assert {(1.0, 1.0), (1.0, 6.0), (2.0, 0.0), (2.0, 1.0)} == edges


def test_measures_of_one_unit_share_axes():
    ones = np.ones((3, 2))
    display = display_of(
        lyapunov_exponent=ones, kernel_rank=ones, generalization_rank=ones, mine=2 * ones
    )
    _, ax = plt.subplots()
    assert display.plot(ax) is display
    assert (display.bounding_ax_, display.figure_) == (ax, ax.figure)
    texts = [
        [each.get_title("left"), *(t.get_text() for t in (each.get_legend() or plt.Text()).texts)]
        if each.get_legend()
        else [each.get_title("left")]
        for each in display.axes_
    ]
    assert texts == [
        ["Lyapunov exponent (per step)"],
        ["", "kernel rank", "generalisation rank"],
        ["mine"],
    ]
    assert [each.get_xlabel() for each in display.axes_] == ["", "", "a"]
    names = ["kernel_rank", "generalization_rank"]
    assert len({display.lines_[name].get_color() for name in names}) == 2
    assert len({display.lines_[name].get_marker() for name in names}) == 2


@pytest.mark.parametrize(
    ("values", "scale", "places"),
    [
        ([0.1, 10, 1], "log", [0.1, 1, 10]),
        ([0, 10, 1], "linear", [0, 1, 10]),
        ([1, 2, 4], "linear", [1, 2, 4]),
        (["ring", None, (0.1, 0.9)], "linear", [0, 1, 2]),
        ([False, True], "linear", [0, 1]),
        ([0.9], "linear", [0]),
    ],
)
def test_axis_of_the_parameter(values, scale, places):
    found = np.arange(len(values))[:, np.newaxis]
    display = DiagnosisDisplay(param_name="a", param_range=values, measures={"b": found}).plot()
    (ax,), line = display.axes_, display.lines_["b"]
    display.figure_.draw_without_rendering()
    assert ax.get_xscale() == scale
    np.testing.assert_array_equal(line.get_xdata(), places)
    if scale == "log":
        np.testing.assert_array_equal(line.get_ydata(), [0, 2, 1])
    if values[0] in ("ring", False, 0.9) and places[-1] == len(values) - 1:
        assert [label.get_text() for label in ax.get_xticklabels()] == list(map(str, values))


def test_critical_values_are_marked_where_they_are_in_sight():
    across, below = [[-1.0], [0.5], [1.0]], [[-3.0], [-2.0], [-1.0]]
    for found in (across, below):
        (ax,) = display_of(lyapunov_exponent=found).plot().axes_
        low, high = ax.get_ylim()
        assert (low < 0 < high) == (found is across)
        assert [list(line.get_ydata()) for line in ax.lines[1:]] == [[0, 0]]


def test_one_neuron_and_one_value_of_one_measure():
    display = DiagnosisDisplay.from_estimator(
        LiquidTransformer(1, spectral_radius=0.0, engine="numpy"),
        X,
        param_name="beta",
        param_range=[0.5],
        measures="firing_statistics",
        seeds=[0],
    )
    display.figure_.draw_without_rendering()
    assert 0 < display.measures["firing_statistics"].item() < 1


def test_new_figure_grows_with_the_units():
    few = display_of(b=np.ones((3, 1))).plot().figure_.get_size_inches()
    many = display_of(**{f"b{i}": np.ones((3, 1)) for i in range(6)}).plot()
    assert many.figure_.get_size_inches()[1] > few[1]
    many.figure_.draw_without_rendering()
    tops = [ax.get_window_extent() for ax in many.axes_]
    assert all(upper.y0 > lower.y1 for upper, lower in pairwise(tops))


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        ({"param_name": "gain"}, ValueError, "with gain=0.5: Invalid parameter 'gain'"),
        ({"param_range": [-1.0]}, ValueError, "with beta=-1.0: .*beta"),
        ({"param_range": []}, ValueError, "param_range is empty"),
        ({"param_range": 0.5}, TypeError, "param_range must be a list of values, got 0.5"),
        ({"measures": "rank"}, ValueError, "measures must .*'kernel_rank'.*got 'rank'"),
        ({"measures": [3]}, ValueError, "measures must .* got 3"),
        ({"measures": []}, ValueError, r"at least one measure, got \[\]"),
        ({"measures": "kernel_rank.cv"}, ValueError, r"kernel_rank\.rank.*got 'kernel_rank\.cv'"),
        ({"measures": ["separation"] * 2}, ValueError, "names of their own"),
        ({"measures": {"b": lambda e, X: "x"}}, TypeError, "with beta=0.5: measure 'b' .*'x'"),
        ({"options": {"kernel_rank": {}}}, ValueError, "options must .*'firing_statistics'"),
        ({"options": {"firing_statistics": {"a": 1}}}, TypeError, "with beta=0.5: .*'a'"),
        ({"seeds": []}, ValueError, "seeds is empty"),
        ({"seeds": [-1]}, ValueError, "each of seeds must be .*-1"),
    ],
)
def test_refuses(given, error, match):
    usual = {"param_name": "beta", "param_range": [0.5], "measures": "firing_statistics"}
    with pytest.raises(error, match=match):
        DiagnosisDisplay.from_estimator(LIQUID, X, **{**usual, **given})


def test_names_the_value_with_which_a_measure_does_not_go():
    machine = LiquidTransformer(20)
    options = {"param_name": "cell", "param_range": ["lif", "leaky"], "seeds": [0]}
    with pytest.raises(ValueError, match="with cell='leaky': branching_ratio needs .* spike"):
        DiagnosisDisplay.from_estimator(machine, X, measures="branching_ratio", **options)


def test_refuses_arrays_of_other_shapes():
    with pytest.raises(ValueError, match=r"measures\['b'\] has shape \(3,\); expected \(3, n_rep"):
        display_of(b=[1, 2, 3])
    with pytest.raises(ValueError, match="measures is empty"):
        display_of()
