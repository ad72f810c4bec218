import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from skliquid import EarlyLSMClassifier, LSMClassifier, LSMRegressor
from skliquid.plotting import ScoresOverTimeDisplay

RNG = np.random.default_rng(0)
Y = np.repeat(["a", "b", "c"], 20)
X = [
    RNG.normal(size=(n, 2)) + 0.7 * "abc".index(label)
    for n, label in zip(RNG.integers(6, 13, 60), Y, strict=True)
]


@pytest.fixture(scope="module")
def lsm():
    return LSMClassifier(30, engine="numpy", random_state=0).fit(X, Y)


@pytest.mark.parametrize("method", ["predict_proba", "decision_function"])
def test_row_is_what_the_frames_so_far_give(lsm, method):
    display = ScoresOverTimeDisplay.from_estimator(lsm, X, sample=3, response_method=method)
    so_far = [X[3][: t + 1] for t in range(len(X[3]))]
    np.testing.assert_array_equal(display.scores, getattr(lsm, method)(so_far))
    np.testing.assert_array_equal(display.n_frames, np.arange(1, len(X[3]) + 1))
    assert display.classes.tolist() == ["a", "b", "c"]
    name = {"predict_proba": "probability", "decision_function": "score"}[method]
    assert display.ax_.get_ylabel() == name


def test_two_classes_have_a_score_each_and_a_search_is_looked_into():
    some = Y != "c"
    sequences = [x for x, is_one in zip(X, some, strict=True) if is_one]
    search = GridSearchCV(
        LSMClassifier(20, engine="numpy", random_state=0), {"max_delay": [2]}, cv=2
    ).fit(sequences, Y[some])
    display = ScoresOverTimeDisplay.from_estimator(
        search, sequences, response_method="decision_function"
    )
    score = search.decision_function(sequences[:1])[0]
    np.testing.assert_array_equal(display.scores[-1], [-score, score])


def test_early_classifier_is_asked_at_its_checkpoints():
    early = EarlyLSMClassifier(
        LSMClassifier(30, engine="numpy", random_state=0), risk=0.2, checkpoints=4, random_state=0
    ).fit(X, Y)
    assert np.isfinite(early.threshold_)
    _, n_frames = early.predict_early(X)
    before_end = np.flatnonzero(n_frames < [len(x) for x in X])
    for sample in (before_end[0], int(np.argmin([len(x) for x in X]))):
        display = ScoresOverTimeDisplay.from_estimator(early, X, sample=int(sample))
        asked = early.checkpoints_[early.checkpoints_ < len(X[sample])]
        assert display.n_frames.tolist() == [*asked, len(X[sample])]
        assert display.decided_at == n_frames[sample]
        row = display.n_frames.tolist().index(display.decided_at)
        np.testing.assert_allclose(display.scores[row], early.predict_proba([X[sample]])[0])
        assert set(display.threshold_line_.get_ydata()) == {early.threshold_}
        assert set(display.decision_line_.get_xdata()) == {display.decided_at}


def test_plot_names_the_highest_classes():
    _, ax = plt.subplots()
    scores = np.arange(20.0).reshape(2, 10)[:, ::-1]
    display = ScoresOverTimeDisplay(scores, classes=list("abcdefghij"), n_frames=[3, 8])
    assert display.plot(ax) is display
    assert (display.ax_, display.figure_) == (ax, ax.figure)
    np.testing.assert_array_equal([line.get_ydata() for line in display.lines_], scores.T)
    np.testing.assert_array_equal(display.lines_[0].get_xdata(), [3, 8])
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == [*"abcdefg", "others"]
    looks = {(line.get_color(), line.get_linestyle()) for line in display.lines_}
    assert len(looks) == 8
    assert display.threshold_line_ is display.decision_line_ is None


def test_refuses(lsm):
    with pytest.raises(ValueError, match=r"scores has shape \(3,\)"):
        ScoresOverTimeDisplay(np.ones(3))
    with pytest.raises(ValueError, match=r"classes has shape \(2,\); expected \(3,\)"):
        ScoresOverTimeDisplay(np.eye(3), classes=[0, 1])
    with pytest.raises(ValueError, match="response_method must be .*'predict'"):
        ScoresOverTimeDisplay.from_estimator(lsm, X, response_method="predict")
    regressor = LSMRegressor(20, engine="numpy", random_state=0).fit(X, np.arange(60.0))
    with pytest.raises(TypeError, match="must be an LSMClassifier or an EarlyLSMClassifier"):
        ScoresOverTimeDisplay.from_estimator(regressor, X)
