"""Readouts of beginnings against the same readout fitted to the features of cut sequences."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skliquid import LSMClassifier, RidgeReadoutClassifier
from skliquid.estimators._stages import _softmax, answers_of, fit_stages
from skliquid.sequences import as_sequences

RNG = np.random.default_rng(0)
Y = np.arange(60) % 3
X = [RNG.normal(size=(RNG.integers(6, 20), 2)).cumsum(axis=0) + y for y in Y]
CHECKPOINTS = np.array([4, 8, 12])
SEQUENCES = as_sequences(X)
LENGTHS = np.array([len(x) for x in X])
LOGISTIC = LogisticRegression(C=0.003)


def machine(**parameters):
    return LSMClassifier(40, random_state=0, **parameters).fit(SEQUENCES, Y)


def cut(n_frames):
    return [x[:n_frames] for x in X]


def rows_by_hand(lsm, fitted, i):
    """Labels and probabilities at a checkpoint, of sequences that are over those of their end."""
    features = lsm.pipeline_[:2].transform(cut(CHECKPOINTS[i]))
    is_over = CHECKPOINTS[i] > LENGTHS
    labels = np.where(is_over, lsm.predict(X), fitted.predict(features))
    whole = lsm.predict_proba(X)
    return labels, np.where(is_over[:, np.newaxis], whole, fitted.predict_proba(features))


@pytest.mark.parametrize("class_weight", [None, {0: 5.0}])
@pytest.mark.parametrize("kind", ["ridge", "logistic"])
def test_answers_are_those_of_readouts_of_cut_sequences(kind, class_weight):
    lsm = machine(readout="ridge" if kind == "ridge" else LOGISTIC, class_weight=class_weight)
    stages = fit_stages(lsm, SEQUENCES, Y, CHECKPOINTS)
    answers = answers_of(lsm, stages, SEQUENCES, CHECKPOINTS)
    for i, end in enumerate(CHECKPOINTS):
        features = lsm.pipeline_[:2].transform(cut(end))
        if kind == "ridge":
            weight = {**dict.fromkeys(range(3), 1.0), **(class_weight or {})}
            options = {"standardize": "auto", "limit": True, "groups": lsm.pipeline_[0]._groups}
            readout = RidgeReadoutClassifier(**options, class_weight=weight)
            fitted = readout.fit(features, Y)
        else:
            readout = clone(LOGISTIC).set_params(class_weight=class_weight)
            fitted = make_pipeline(MinMaxScaler(clip=True), StandardScaler(), readout)
            fitted.fit(features, Y)
        labels, probabilities = rows_by_hand(lsm, fitted, i)
        assert_array_equal(answers.labels[i], labels)
        assert_allclose(answers.probabilities[i], probabilities, atol=1e-5)
    assert_array_equal(answers.labels[-1], lsm.predict(X))
    assert_array_equal(answers.probabilities[-1], lsm.predict_proba(X))
    assert_array_equal(answers.n_frames[1], np.minimum(8, LENGTHS))
    assert_array_equal(answers.was_asked[1], LENGTHS >= 8)


@pytest.mark.parametrize("readout", ["leaky_rate", "leaky_spike"])
def test_leaky_answers_are_the_scores_over_time(readout):
    lsm = machine(readout=readout)
    answers = answers_of(lsm, fit_stages(lsm, SEQUENCES, Y, CHECKPOINTS), SEQUENCES, CHECKPOINTS)
    over_time = lsm.predict_over_time(X)
    for i, end in enumerate([*CHECKPOINTS, 100]):
        scores = np.array([each[min(end, len(each)) - 1] for each in over_time])
        assert_allclose(answers.probabilities[i], softmax(scores, axis=1))
        assert_array_equal(answers.labels[i], scores.argmax(axis=1))
    assert_array_equal(answers.labels[-1], lsm.predict(X))


@pytest.mark.parametrize("classes", [2, 3])
def test_scores_where_there_are_no_probabilities(classes):
    y = Y % classes
    lsm = LSMClassifier(40, readout=RidgeClassifier(), random_state=0).fit(SEQUENCES, y)
    answers = answers_of(lsm, fit_stages(lsm, SEQUENCES, y, CHECKPOINTS), SEQUENCES, CHECKPOINTS)
    scores = lsm.decision_function(X)
    scores = np.stack([-scores, scores], axis=1) if classes == 2 else scores
    assert_allclose(answers.probabilities[-1], softmax(scores, axis=1))
    assert_array_equal(answers.labels, answers.probabilities.argmax(axis=2))


def test_readout_that_cannot_tell_how_sure_it_is():
    class Mute(DummyClassifier):
        predict_proba = decision_function = property()

    lsm = machine(readout=Mute())
    with pytest.raises(ValueError, match=r"readout must have predict_proba or .* got Mute\(\)"):
        answers_of(lsm, fit_stages(lsm, SEQUENCES, Y, CHECKPOINTS), SEQUENCES, CHECKPOINTS)


def test_sequences_that_begin_alike_are_one_sample():
    begins, classes = RNG.normal(size=(12, 5, 1)), np.arange(12) % 3
    alike = [np.concatenate([begins[i % 12], RNG.normal(size=(9, 1))]) for i in range(60)]
    lsm = LSMClassifier(40, random_state=0).fit(alike, np.tile(classes, 5))
    stage = fit_stages(lsm, as_sequences(alike), np.tile(classes, 5), np.array([5]))[0]
    features = lsm.pipeline_[:2].transform(list(begins))
    once = clone(lsm.pipeline_[-1]).fit(features, classes, sample_weight=np.full(12, 5.0))
    assert_allclose(stage[-1].predict_proba(features), once.predict_proba(features), atol=1e-5)


def test_what_is_far_behind_has_no_probability():
    with np.errstate(all="raise"):
        assert_array_equal(_softmax(np.array([[0.0, -1000.0]])), [[1.0, 0.0]])
