"""Copies of training sequences that are shifted in time."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone

from skliquid import LiquidTransformer, LSMClassifier, RidgeReadoutClassifier
from skliquid.estimators._shifts import FARTHEST, shifted, usual_number
from skliquid.sequences import as_sequences


def bumps(n_samples, n_steps=60, reach=0.05, seed=0):
    """A wide or a narrow bump in noise, somewhere near the middle."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_samples) % 2
    centre = n_steps * (0.5 + rng.uniform(-reach, reach, n_samples))
    t = np.arange(n_steps) - centre[:, None]
    X = np.exp(-((t / np.where(y, 4, 5)[:, None]) ** 2)) + 0.1 * rng.normal(size=t.shape)
    return X[:, :, None].astype(np.float32), y


def test_shifted_sequences_repeat_their_ends():
    rng = np.random.default_rng(0)
    X = as_sequences([rng.normal(size=(length, 2)) for length in (7, 1, 30)])
    steps = np.array([-3, 2, 40])
    for before, after, step in zip(X, X.shifted(steps), steps, strict=True):
        place = np.clip(np.arange(len(before)) - step, 0, len(before) - 1)
        np.testing.assert_array_equal(after, before[place])


def test_copies_come_sooner_and_later():
    X = as_sequences(np.arange(100.0)[None, :, None] + 1000 * np.arange(3)[:, None, None])
    moved = [X[0][50, 0] + 1000 * (i % 3) - each[50, 0] for i, each in enumerate(shifted(X, 2))]
    expected = [step for step in (-2, -5, 2, 5) for _ in range(3)]
    np.testing.assert_array_equal(moved, expected)  # 2.5 is rounded to what is even
    assert max(expected) == 100 * FARTHEST


def test_few_sequences_have_more_copies():
    numbers = [usual_number(as_sequences(np.zeros((n, 40, 1)))) for n in (2, 150, 151, 300, 301)]
    assert numbers == [2, 2, 1, 1, 0]
    assert usual_number(as_sequences(np.zeros((2, 39, 1)))) == 0
    numbers = [
        usual_number(as_sequences(np.zeros((10, n, 1)))) for n in (12500, 12501, 25000, 25001)
    ]
    assert numbers == [2, 1, 1, 0]


@pytest.mark.parametrize("class_weight", [None, "balanced", {1: 3.0}])
@pytest.mark.parametrize("weighted", [False, True])
def test_readout_learns_from_copies(weighted, class_weight):
    X, y = bumps(24)
    weight = np.random.default_rng(0).uniform(0.5, 2, 24) if weighted else np.ones(24)
    lsm = LSMClassifier(40, n_shifts=1, class_weight=class_weight, random_state=0)
    lsm.fit(X, y, weight if weighted else None)
    liquid = LiquidTransformer(40, random_state=0).fit(X, sample_weight=weight)
    both = [X, np.stack(list(shifted(as_sequences(X), 1)))]
    features = np.concatenate([liquid.transform(each.astype(np.float64)) for each in both])
    readout = clone(lsm.pipeline_[-1]).fit(
        lsm.pipeline_[1].transform(features),
        np.tile(y, 3),
        np.tile(weight, 3) / 3,
        origin=np.tile(np.arange(24), 3),
    )
    assert readout.alpha_ == lsm.pipeline_[-1].alpha_
    np.testing.assert_allclose(readout.coef_, lsm.pipeline_[-1].coef_, rtol=1e-6, atol=1e-9)


def test_copies_teach_not_to_mind_when_something_begins():
    gains = []
    for seed in range(8):
        X, y = bumps(10, seed=seed)
        X_test, y_test = bumps(500, seed=100 + seed)
        few, many = (
            LSMClassifier(100, n_shifts=n, random_state=seed).fit(X, y).score(X_test, y_test)
            for n in (0, "auto")
        )
        gains.append(many - few)
    assert np.mean(gains) > 0.01


def test_events_are_shifted_as_dense_frames():
    rng = np.random.default_rng(0)
    X = (rng.random((20, 40, 5)) < 0.1).astype(np.float32)
    y = np.arange(20) % 2
    X[y == 1, :20, 0] = 1
    dense, events = (
        LSMClassifier(50, random_state=0).fit(each, y)
        for each in (X, [sparse.csr_array(each) for each in X])
    )
    np.testing.assert_array_equal(dense.decision_function(X), events.decision_function(X))


def test_missing_values_are_shifted_with_the_others():
    X, y = bumps(20)
    X[3, 10:14] = np.nan
    lsm = LSMClassifier(30, missing="linear", random_state=0).fit(X, y)
    assert np.isfinite(lsm.decision_function(X)).all()


def test_parts_have_no_copies():
    X, y = bumps(20)
    none = LSMClassifier(30, n_shifts=0, random_state=0).fit(X, y)
    parts = LSMClassifier(30, random_state=0).partial_fit(X, y)
    np.testing.assert_allclose(parts.decision_function(X), none.decision_function(X))
    whole = LSMClassifier(30, random_state=0).fit(X, y)
    assert (whole.decision_function(X) != none.decision_function(X)).any()
    asked = LSMClassifier(30, n_shifts=3, random_state=0)
    with pytest.raises(ValueError, match='n_shifts=3 needs all .* give 0 or "auto"'):
        asked.partial_fit(X, y)
    with pytest.raises(ValueError, match="n_shifts=3 needs all"):
        asked.fit(iter([X[:10], X[10:]]), y)
    with pytest.raises(ValueError, match="n_shifts=150 makes 6020 of 20 sequences, but at most"):
        clone(asked).set_params(n_shifts=150).fit(X, y)


def test_copies_are_for_ridge_readouts():
    X, y = bumps(20)
    own = RidgeReadoutClassifier(standardize=True, limit=True)
    given, none = (
        LSMClassifier(30, readout=own, n_shifts=n, random_state=0).fit(X, y) for n in (2, 0)
    )
    assert (given.decision_function(X) != none.decision_function(X)).any()
    for other in ("mlp", RidgeReadoutClassifier()):
        with pytest.warns(UserWarning, match="n_shifts"):
            LSMClassifier(30, readout=other, n_shifts=2, random_state=0).fit(X, y)


class _Own(RidgeReadoutClassifier):
    def fit(self, X, y, sample_weight=None):
        return super().fit(X, y, sample_weight)


def test_readouts_that_know_no_copies_are_given_none():
    X, y = bumps(20)
    lsm = LSMClassifier(30, readout=_Own(standardize=True, limit=True), random_state=0).fit(X, y)
    assert not lsm.pipeline_[-1].has_copies_


def test_a_shift_of_no_step_is_no_copy():
    X, y = bumps(20)
    many, none = (LSMClassifier(30, n_shifts=n, random_state=0).fit(X[:, :10], y) for n in (2, 0))
    np.testing.assert_array_equal(many.decision_function(X), none.decision_function(X))


@pytest.mark.filterwarnings("error")
def test_one_sequence_that_has_all_of_the_weight():
    X, y = bumps(20)
    y[:] = 0
    y[3] = 1
    for n_shifts in ("auto", 0):
        lsm = LSMClassifier(30, class_weight={0: 0.0}, n_shifts=n_shifts, random_state=0).fit(X, y)
        assert (lsm.predict(X) == 1).all()
