import matplotlib.pyplot as plt
import numpy as np
import pytest

from skliquid import EarlyLSMClassifier, LSMClassifier, LSMRegressor
from skliquid.plotting import ExplanationDisplay

RNG = np.random.default_rng(0)
X = [RNG.normal(size=(n, 3)).cumsum(axis=0) for n in RNG.integers(6, 13, 40)]


def test_fields_are_what_explain_says():
    lsm = LSMClassifier(30, engine="numpy", random_state=0).fit(X, np.arange(40) % 3)
    display = ExplanationDisplay.from_estimator(lsm, X, sample=5, target=2)
    contributions, base, _ = lsm.explain(X, 2)
    np.testing.assert_allclose(display.contributions, contributions[5], rtol=0, atol=1e-9)
    np.testing.assert_allclose(display.base, base[5])
    np.testing.assert_allclose(display.score, lsm.decision_function(X)[5, 2], rtol=0, atol=1e-6)
    np.testing.assert_array_equal(display.frames, X[5].astype(np.float32))
    assert display.target == 2
    assert display.ax_.get_title().startswith(f"score of 2: {display.score:.2f}")
    told = ExplanationDisplay.from_estimator(lsm, X, sample=5).target
    assert told == lsm.predict(X)[5]


def test_score_of_a_regressor():
    lsm = LSMRegressor(30, engine="numpy", random_state=0).fit(X, [x[-1, 0] for x in X])
    display = ExplanationDisplay.from_estimator(lsm, X)
    np.testing.assert_allclose(display.score, lsm.predict(X)[0], rtol=0, atol=1e-6)


def test_plot_has_contributions_under_the_input():
    _, ax = plt.subplots()
    contributions = RNG.normal(size=(7, 3))
    frames = np.stack([np.arange(7.0), -(np.arange(7.0) ** 2), np.ones(7)], axis=1)
    display = ExplanationDisplay(contributions, frames=frames, base=0.5)
    assert display.plot(ax) is display
    assert (display.ax_, display.figure_) == (ax, ax.figure)
    np.testing.assert_array_equal(display.im_.get_array(), contributions.T)
    limit = np.abs(contributions).max()
    assert display.im_.get_clim() == (-limit, limit)
    rising, falling, still = (line.get_ydata() for line in display.lines_)
    np.testing.assert_allclose(rising, np.linspace(-0.4, 0.4, 7))
    assert (falling.max(), falling.min()) == (1.4, 0.6)
    np.testing.assert_array_equal(still, np.full(7, 2))
    assert display.colorbar_.mappable is display.im_
    np.testing.assert_allclose(display.score, 0.5 + contributions.sum())


def test_hundreds_of_channels_have_no_lines_and_one_frame_is_enough():
    many = ExplanationDisplay(RNG.normal(size=(9, 200)), frames=RNG.normal(size=(9, 200))).plot()
    assert not many.lines_
    assert many.ax_.get_ylim() == (-0.5, 199.5)
    one = ExplanationDisplay(np.zeros((1, 1)), frames=np.ones((1, 1))).plot()
    one.figure_.draw_without_rendering()
    assert one.score == 0


def test_channels_of_which_nothing_is_known_have_no_height():
    frames = np.array([[np.nan, 1.0], [np.nan, np.nan], [np.nan, 3.0]])
    unknown, some = ExplanationDisplay(np.ones((3, 2)), frames=frames).plot().lines_
    np.testing.assert_array_equal(unknown.get_ydata(), [0, 0, 0])
    np.testing.assert_allclose(some.get_ydata(), [0.6, np.nan, 1.4])


def test_refuses():
    with pytest.raises(ValueError, match=r"contributions has shape \(3,\)"):
        ExplanationDisplay(np.ones(3))
    with pytest.raises(ValueError, match=r"frames has shape \(2, 2\); expected \(3, 3\)"):
        ExplanationDisplay(np.eye(3), frames=np.eye(2))
    lsm = LSMClassifier(30, engine="numpy", random_state=0)
    early = EarlyLSMClassifier(lsm, risk=0, checkpoints=2).fit(X, np.arange(40) % 2)
    with pytest.raises(TypeError, match="estimator must have explain.*got EarlyLSM"):
        ExplanationDisplay.from_estimator(early, X)
