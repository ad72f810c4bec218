"""What scikit-learn does with probabilities, done with those of the classifier at its defaults."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import TunedThresholdClassifierCV, cross_val_predict, cross_val_score

from skliquid import LSMClassifier


@pytest.fixture(scope="module")
def series():
    """Noisy waves of one channel, 24 steps each, of two rare classes and a common one."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], [60, 30, 30])
    waves = np.sin(np.arange(24) * np.array([0.4, 0.6, 0.9])[y, None])
    return waves + rng.normal(size=(120, 24)), y


@pytest.fixture
def lsm():
    return LSMClassifier(60, random_state=0)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_scorers_score_the_probabilities(lsm, series, n_classes):
    X, y = series[0][series[1] < n_classes], series[1][series[1] < n_classes]
    folds = [(np.arange(0, len(y), 2), np.arange(1, len(y), 2))]
    found = clone(lsm).fit(X[::2], y[::2]).predict_proba(X[1::2])
    area = roc_auc_score(y[1::2], found if n_classes == 3 else found[:, 1], multi_class="ovr")
    for scoring, expected in (("neg_log_loss", -log_loss(y[1::2], found)), ("roc_auc_ovr", area)):
        (score,) = cross_val_score(lsm, X, y, cv=folds, scoring=scoring, error_score="raise")
        np.testing.assert_allclose(score, expected)
    assert area > 0.7
    assert log_loss(y[1::2], found) < -np.log(np.bincount(y) / len(y)) @ np.bincount(y) / len(y)


def test_soft_voting_and_stacking(lsm, series):
    X, y = series
    other = LSMClassifier(30, random_state=1)
    voting = VotingClassifier([("a", lsm), ("b", other)], voting="soft").fit(X, y)
    both = [clone(each).fit(X, y).predict_proba(X) for each in (lsm, other)]
    np.testing.assert_array_equal(voting.predict_proba(X), np.mean(both, axis=0))
    stacking = StackingClassifier([("lsm", lsm)], LogisticRegression(), cv=3).fit(X, y)
    assert stacking.stack_method_ == ["predict_proba"]
    left_out = cross_val_predict(lsm, X, y, cv=3, method="predict_proba")
    expected = LogisticRegression().fit(left_out, y)
    np.testing.assert_allclose(
        stacking.predict_proba(X), expected.predict_proba(both[0]), rtol=1e-6
    )


def test_calibration_display_and_thresholds(lsm, series):
    X, y = series[0][:90], series[1][:90]
    lsm.fit(X, y)
    display = CalibrationDisplay.from_estimator(lsm, X, y, n_bins=5)
    np.testing.assert_array_equal(display.y_prob, lsm.predict_proba(X)[:, 1])
    calibrated = CalibratedClassifierCV(lsm, cv=3).fit(X, y)
    assert log_loss(y, calibrated.predict_proba(X)) < np.log(2)
    tuned = TunedThresholdClassifierCV(lsm, scoring="balanced_accuracy", cv=3).fit(X, y)
    above = lsm.predict_proba(X)[:, 1] >= tuned.best_threshold_
    np.testing.assert_array_equal(tuned.predict(X), above.astype(int))
    assert balanced_accuracy_score(y, tuned.predict(X)) > 0.7


def test_weights_of_classes_and_samples_move_the_probabilities(lsm, series):
    X, y = series
    plain = clone(lsm).fit(X, y).predict_proba(X)
    rare = clone(lsm).set_params(class_weight={2: 10.0}).fit(X, y).predict_proba(X)
    assert rare[:, 2].mean() > plain[:, 2].mean() + 0.02
    weight = np.random.default_rng(0).integers(1, 4, size=len(y))
    repeated = np.repeat(np.arange(len(y)), weight)
    one = clone(lsm).fit(X, y, sample_weight=weight)
    other = clone(lsm).fit(X[repeated], y[repeated])
    np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), rtol=1e-5)


def test_parts_have_the_probabilities_of_the_whole(lsm, series):
    X, y = series[0][:, :, None], series[1]
    whole = clone(lsm).fit(X, y)
    parts = clone(lsm)
    for i, rows in enumerate(np.array_split(np.random.default_rng(0).permutation(len(y)), 4)):
        parts.partial_fit(X[rows], y[rows], [0, 1, 2], liquid=None if i else whole.pipeline_[0])
    np.testing.assert_allclose(parts.predict_proba(X), whole.predict_proba(X), rtol=1e-6)
