"""Probabilities of the ridge readout, held against models without a sample and a closed form."""

import pickle

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax
from scipy.stats import norm
from sklearn.base import clone
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import log_loss

from skliquid import RidgeReadoutClassifier, RidgeReadoutRegressor
from skliquid.readouts import _ridge_loo, _ridge_probabilities
from skliquid.readouts._ridge_probabilities import (
    LeftOut,
    log_probabilities,
    probabilities,
    temperature_of,
)


def blobs(n, p, n_classes, seed=0, apart=1.0):
    """Overlapping clouds, their classes and weights."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % n_classes
    X = apart * rng.normal(size=(n_classes, p))[y] / np.sqrt(p) + rng.normal(size=(n, p))
    return X, y, rng.uniform(0.2, 2, size=n)


def expected_temperature(X, y, weight, alpha):
    """The likeliest temperature by the scores of models that are fitted without each sample."""
    scores = []
    for i in range(len(y)):
        rest = np.arange(len(y)) != i
        model = RidgeClassifier(alpha=alpha).fit(X[rest], y[rest], weight[rest])
        score = model.decision_function(X[i : i + 1])
        scores.append(score[0] if score.ndim == 2 else [-score[0], score[0]])
    scores = np.array(scores)

    def loss(log):
        logs = log_softmax(scores / np.exp(log), axis=1)[np.arange(len(y)), y]
        return -weight @ logs - norm.logpdf(log, np.log(0.25))

    return np.exp(minimize_scalar(loss, bracket=(-2, -1)).x)


@pytest.mark.parametrize("precision", [np.float64, np.float32])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(("n", "p"), [(40, 60), (60, 20)])
def test_temperature_is_the_likeliest_of_samples_left_out(n, p, n_classes, precision, monkeypatch):
    if precision == np.float32:
        monkeypatch.setattr(_ridge_loo, "VERY_LARGE", 0)
    X, y, weight = blobs(n, p, n_classes)
    readout = RidgeReadoutClassifier([30.0]).fit(X, y, weight)
    expected = expected_temperature(X, y, weight, 30.0)
    np.testing.assert_allclose(readout.temperature_, expected, rtol=1e-5)
    scores = readout.decision_function(X)
    scores = np.stack([-scores, scores], axis=1) if n_classes == 2 else scores
    logs = log_softmax(scores / expected, axis=1)
    np.testing.assert_allclose(readout.predict_log_proba(X), logs, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(readout.predict_proba(X), np.exp(logs), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("class_weight", [None, {0: 0.5, 1: 2.0}])
def test_parts_and_merges_have_the_temperature_of_all(class_weight):
    X, y, weight = blobs(90, 20, 3)
    factor = 1.0 if class_weight is None else np.array([0.5, 2.0, 1.0])[y]
    expected = expected_temperature(X, y, weight * factor, 10.0)
    readout = RidgeReadoutClassifier([10.0], class_weight=class_weight)
    parts, other = clone(readout), clone(readout)
    for rows in (slice(30), slice(30, 50)):
        parts.partial_fit(X[rows], y[rows], classes=[0, 1, 2], sample_weight=weight[rows])
    other.partial_fit(X[50:], y[50:], [0, 1, 2], weight[50:])
    parts.merge(other)
    assert parts._parts.sums is not None
    for fitted in (readout.fit(X, y, weight), parts):
        np.testing.assert_allclose(fitted.temperature_, expected, rtol=1e-5)
    few = clone(readout).partial_fit(X[:9], y[:9], [0, 1, 2]).temperature_
    np.testing.assert_allclose(few, clone(readout).fit(X[:9], y[:9]).temperature_, rtol=1e-6)


def test_copies_count_as_one_sample_of_their_weight():
    X, y, _ = blobs(50, 70, 3)
    weight = np.random.default_rng(0).integers(0, 4, size=50)
    repeated = np.repeat(np.arange(50), weight)
    one = RidgeReadoutClassifier().fit(X, y, weight)
    other = RidgeReadoutClassifier().fit(X[repeated], y[repeated])
    np.testing.assert_allclose(one.temperature_, other.temperature_, rtol=1e-6)
    np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), rtol=1e-5)


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_probabilities_are_those_of_gaussian_clouds_of_equal_weight(share):
    rng = np.random.default_rng(0)
    towards = np.array([0.8, -0.4, 0.2, 0, 0])
    y = (rng.random(6000) < share).astype(int)
    X = rng.normal(size=(6000, 5)) + np.where(y[:, None] == 1, towards, -towards)
    readout = RidgeReadoutClassifier(class_weight="balanced").fit(X[:3000], y[:3000])
    found, true = readout.predict_proba(X[3000:])[:, 1], expit(2 * X[3000:] @ towards)
    assert np.abs(found - true).mean() < 0.03
    weight = np.where(y == 1, 1 - share, share)[3000:]
    losses = [log_loss(y[3000:], each, sample_weight=weight) for each in (found, true)]
    assert losses[0] < 1.02 * losses[1]


def test_some_samples_find_the_temperature_of_all(monkeypatch):
    X, y, _ = blobs(1500, 20, 3)
    every = RidgeReadoutClassifier().fit(X, y)
    monkeypatch.setattr(_ridge_probabilities, "_N_ENOUGH", 500)
    some = RidgeReadoutClassifier().fit(X, y)
    assert some.temperature_ != every.temperature_
    np.testing.assert_allclose(some.temperature_, every.temperature_, rtol=0.1)
    np.testing.assert_array_equal(some.coef_, every.coef_)


@pytest.mark.parametrize("n", [4, 6, 40])
@pytest.mark.parametrize("apart", [100.0, 0.0])
def test_samples_that_are_all_told_right_or_not_at_all(n, apart):
    X, y, _ = blobs(n, 200, 2, apart=apart)
    found = RidgeReadoutClassifier().fit(X, y).predict_proba(X)
    assert ((found > 0) & (found < 1)).all()
    if apart:
        assert found[np.arange(n), y].min() > 0.9


@pytest.mark.parametrize("weight", [1e-9, 1e12])
def test_temperature_keeps_within_bounds_whatever_the_weights(weight):
    scores, wrong = np.array([[-1e-6], [1e-6], [-1.0], [1.0]]), np.array([[1.0], [-1], [1], [-1]])
    samples = [LeftOut(scores, each, np.full(4, weight)) for each in (wrong, -wrong)]
    farthest = (0.25, 0.25) if weight < 1 else (0.25 * np.exp(8), 0.25 * np.exp(-8))
    np.testing.assert_allclose([temperature_of(each) for each in samples], farthest, rtol=1e-6)


def test_first_greatest_probability_is_that_of_the_predicted_class():
    scores = np.array(
        [
            [0.3, np.nextafter(0.3, 1), -1],
            [np.nextafter(0.3, 1), 0.3, -1],
            [0.2, 0.2, 0.2],
            [-1e-30, 0.0, 1e-30],
            [-900, 1e300, 800],
            [1e308, -1e308, 0],
            [0.1, 0.2, 0.3],
        ]
    )
    for temperature in (1e-3, 0.3, 1e3):
        found, logs = (f(scores, temperature) for f in (probabilities, log_probabilities))
        np.testing.assert_array_equal(found.argmax(axis=1), scores.argmax(axis=1))
        np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-14)
        assert (np.diff(np.take_along_axis(found, scores.argsort(axis=1), axis=1)) >= 0).all()
        np.testing.assert_allclose(found, np.exp(logs), rtol=1e-14)
        assert np.isfinite(logs[[0, 1, 2, 3, 6]]).all()
    for score in (0.0, -0.0, 5e-324, -5e-324, 1e-20, 1e300, -1e300):
        (found,) = probabilities(np.array([[score]]), 0.3)
        assert found.argmax() == (score > 0)
        np.testing.assert_allclose(found.sum(), 1, rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_classes", [2, 5, 23])
def test_probabilities_do_not_depend_on_the_other_rows(n_classes, dtype):
    X, y, _ = blobs(230, 30, n_classes)
    X = X.astype(dtype)
    readout = RidgeReadoutClassifier().fit(X, y)
    for method in (readout.predict_proba, readout.predict_log_proba):
        whole = method(X)
        for rows in (slice(1), slice(5, 6), slice(3, 20), slice(0, 230, 7)):
            np.testing.assert_array_equal(method(X[rows]), whole[rows])


def test_what_is_too_small_is_zero_where_numpy_is_told_to_raise():
    X, y, _ = blobs(60, 40, 3, apart=30.0)
    expected = RidgeReadoutClassifier().fit(X, y).predict_proba(X)
    with np.errstate(all="raise"):
        readout = RidgeReadoutClassifier().fit(X, y)
        np.testing.assert_array_equal(readout.predict_proba(X), expected)
        np.testing.assert_array_equal(probabilities(np.array([[900.0]]), 1.0), [[0, 1]])
        logs = log_probabilities(np.array([[900.0]]), 1.0)
    np.testing.assert_array_equal(logs, [[-1800, 0]])


def test_of_samples_left_out_nothing_is_kept():
    X, y, _ = blobs(400, 5, 3)
    for readout in (RidgeReadoutClassifier(), RidgeReadoutRegressor()):
        assert len(pickle.dumps(readout.fit(X, y))) < 5000
    assert not hasattr(RidgeReadoutRegressor(), "predict_proba")
