"""The stopping rule: what it decides, what it allows, and how often that holds."""

import numpy as np
import pytest
from scipy.stats import binomtest

from skliquid.estimators._stopping import Answers, candidates, chosen, n_needed

N_CHECKPOINTS, N_CLASSES = 6, 3


def answers(n, rng):
    """Answers that get better, of a confidence that knows something of whether they are right."""
    y = rng.integers(0, N_CLASSES, n)
    sure = rng.beta(2, 2, (N_CHECKPOINTS + 1, n)) * 2 / 3 + 1 / 3
    right = rng.random(sure.shape) < sure
    right[-1] = rng.random(n) < 0.9
    labels = np.where(right, y, (y + 1) % N_CLASSES)
    probabilities = np.repeat((1 - sure)[..., np.newaxis] / (N_CLASSES - 1), N_CLASSES, axis=2)
    np.put_along_axis(probabilities, labels[..., np.newaxis], sure[..., np.newaxis], axis=2)
    lengths = rng.integers(2, 10 * (N_CHECKPOINTS + 1), n)
    steps = 10 * np.arange(1, N_CHECKPOINTS + 1)[:, np.newaxis]
    n_frames = np.vstack([np.minimum(steps, lengths), lengths])
    return Answers(labels, probabilities, n_frames, steps <= lengths), y


def by_hand(given, threshold, sample):
    """Which answer decides a sequence."""
    for i in range(N_CHECKPOINTS):
        is_over = given.n_frames[i, sample] < 10 * (i + 1)
        if not is_over and max(given.probabilities[i, sample]) >= threshold:
            return i
    return N_CHECKPOINTS


@pytest.mark.parametrize("threshold", [0.0, 0.7, 0.9, np.inf])
def test_first_sure_answer_decides(threshold):
    given, _ = answers(200, np.random.default_rng(0))
    expected = [by_hand(given, threshold, sample) for sample in range(200)]
    decided = given.decided_by(threshold)
    assert decided.tolist() == expected
    labels, probabilities, n_frames = given.at(decided)
    for i, stage in enumerate(expected):
        assert labels[i] == given.labels[stage, i]
        assert (probabilities[i] == given.probabilities[stage, i]).all()
        assert n_frames[i] == given.n_frames[stage, i]


def test_what_thresholds_lose_and_take():
    given, y = answers(200, np.random.default_rng(1))
    thresholds = [np.inf, 0.9, 0.5]
    lost, taken = given.tried(y, thresholds)
    for i, threshold in enumerate(thresholds):
        stages = [by_hand(given, threshold, sample) for sample in range(200)]
        told = np.array([given.labels[stage, j] for j, stage in enumerate(stages)])
        assert lost[i] == ((told != y) & (given.labels[-1] == y)).sum()
        heard = [given.n_frames[s, j] / given.n_frames[-1, j] for j, s in enumerate(stages)]
        assert taken[i] == pytest.approx(sum(heard))
    assert lost[0] == 0
    assert lost[2] > lost[1] > 0
    assert taken[0] == 200


@pytest.mark.parametrize("level", [0.6, 0.9, 0.99])
@pytest.mark.parametrize("risk", [0.02, 0.1, 0.5])
def test_chosen_is_the_last_whose_upper_bound_keeps_the_risk(risk, level):
    n, lost = 300, np.array([0, 1, 2, 4, 8, 16, 30, 60, 120, 130, 300])
    thresholds = np.linspace(1, 0.5, len(lost))
    # The bound of Clopper and Pearson, of which SciPy has the two-sided one.
    bounds = [binomtest(int(k), n).proportion_ci(2 * level - 1, method="exact").high for k in lost]
    kept = thresholds[np.array(bounds) <= risk]
    expected = kept[-1] if len(kept) else np.inf
    assert chosen(thresholds, lost, n, risk, level) == expected


def test_what_comes_after_the_first_that_fails_is_not_looked_at():
    thresholds = np.array([1.0, 0.9, 0.8, 0.7])
    assert chosen(thresholds, np.array([0, 50, 0, 0]), 100, 0.1, 0.9) == 1.0
    assert chosen(thresholds, np.array([50, 0, 0, 0]), 100, 0.1, 0.9) == np.inf


@pytest.mark.parametrize(("risk", "level"), [(0.05, 0.9), (0.3, 0.5), (0.01, 0.99), (1, 0.9)])
def test_least_number_that_shows_a_risk(risk, level):
    least = int(n_needed(risk, level))
    nothing_lost = np.zeros(1)
    assert chosen(np.ones(1), nothing_lost, least, risk, level) == 1
    assert chosen(np.ones(1), nothing_lost, least - 1, risk, level) == np.inf


def test_no_risk_is_never_shown():
    assert n_needed(0, 0.9) == np.inf
    assert chosen(np.ones(1), np.zeros(1), 10**6, 0, 0.9) == np.inf


def test_candidates_begin_where_nobody_is_sure_and_end_where_all_are():
    thresholds = candidates(4)
    assert thresholds[0] == 1
    assert thresholds[-1] == pytest.approx(1 / 4)
    assert (np.diff(thresholds) < 0).all()


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_risk_holds_as_often_as_stated(level):
    rng = np.random.default_rng(2)
    thresholds = candidates(N_CLASSES)
    fresh, truth = answers(20_000, rng)
    risks = fresh.tried(truth, thresholds)[0] / 20_000
    missed = []
    for _ in range(200):
        given, y = answers(80, rng)
        found = chosen(thresholds, given.tried(y, thresholds)[0], 80, 0.1, level)
        missed.append(np.isfinite(found) and risks[thresholds == found][0] > 0.1)
    # Not more often than stated, but for chance, and not so rarely that early answers are wasted.
    spread = 3 * np.sqrt(level * (1 - level) / 200)
    assert 0.2 * (1 - level) < np.mean(missed) < 1 - level + spread
