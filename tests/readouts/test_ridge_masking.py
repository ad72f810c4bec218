"""Classes in a row, of which regression masks the middle ones."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss

from skliquid import LSMClassifier, RidgeReadoutClassifier
from skliquid.readouts._ridge_folds import Folds
from skliquid.readouts._ridge_masking import discriminants


def row_of_classes(n_samples, n_classes=3, noise=0.3, seed=0, n_features=6):
    """Features of which one is the number of the class, and classes."""
    rng = np.random.default_rng(seed)
    y = rng.integers(n_classes, size=n_samples)
    X = rng.normal(size=(n_samples, n_features))
    X[:, 0] = y + noise * X[:, 0]
    return X, y


def autoregressive(n_samples, coefficients=(0.2, 0.5, 0.8), n_steps=100, seed=0):
    """Sequences of which each hangs on its past by the coefficient of its class."""
    rng = np.random.default_rng(seed)
    y = rng.integers(len(coefficients), size=n_samples)
    X = rng.normal(size=(n_samples, n_steps, 1))
    for t in range(1, n_steps):
        X[:, t, 0] += np.array(coefficients)[y] * X[:, t - 1, 0]
    return X / X.std(axis=1, keepdims=True), y


@pytest.mark.parametrize("n_classes", [3, 4, 6])
def test_classes_in_a_row_are_told(n_classes):
    X, y = row_of_classes(400, n_classes)
    X_test, y_test = row_of_classes(400, n_classes, seed=1)
    masked = RidgeReadoutClassifier().fit(X, y)
    assert not masked.is_unmasked_
    assert masked.score(X_test, y_test) < 0.75
    told = RidgeReadoutClassifier(unmask=True).fit(X, y)
    assert told.is_unmasked_
    best = LinearDiscriminantAnalysis().fit(X, y).score(X_test, y_test)
    if n_classes == 3:  # of more, outputs that lie in a plane tell some alone
        assert told.score(X_test, y_test) > best - 0.03
    assert told.score(X_test, y_test) > masked.score(X_test, y_test) + 0.1
    assert told.best_score_ == masked.best_score_
    assert told.alpha_ == masked.alpha_


def test_scores_keep_their_size_and_probabilities_their_order():
    X, y = row_of_classes(400)
    masked, told = (RidgeReadoutClassifier(unmask=on).fit(X, y) for on in (False, True))
    scores, outputs = told.decision_function(X), masked.decision_function(X)
    np.testing.assert_allclose(scores.sum(axis=1), -1, atol=1e-9)
    np.testing.assert_allclose(scores.std(), outputs.std(), rtol=0.05)
    np.testing.assert_array_equal(told.classes_[told.predict_proba(X).argmax(1)], told.predict(X))
    X_test, y_test = row_of_classes(2000, seed=1)
    loss = [log_loss(y_test, each.predict_proba(X_test)) for each in (told, masked)]
    assert loss[0] < 0.7 * loss[1]


def test_where_nothing_is_masked_nothing_changes():
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=200)
    X = rng.normal(size=(200, 30)) + 2 * np.eye(3, 30)[y]
    masked, told = (RidgeReadoutClassifier(unmask=on).fit(X, y) for on in (False, True))
    assert not told.is_unmasked_
    np.testing.assert_array_equal(told.coef_, masked.coef_)
    two = RidgeReadoutClassifier(unmask=True).fit(X, y > 0)
    assert not two.is_unmasked_
    assert two.coef_.shape == (1, 30)


@pytest.mark.parametrize("n_features", [6, 60])
def test_parts_and_weights_give_what_all_samples_do(n_features):
    X, y = row_of_classes(600, n_features=n_features)
    whole = RidgeReadoutClassifier(unmask=True).fit(X, y)
    parts = RidgeReadoutClassifier(unmask=True)
    for rows in np.split(np.arange(600), 3):
        parts.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
    assert whole.is_unmasked_
    assert parts.is_unmasked_
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-6, atol=1e-9)
    weight = np.arange(600) % 3
    often = np.repeat(np.arange(600), weight)
    weighted = RidgeReadoutClassifier(unmask=True).fit(X, y, weight)
    copied = RidgeReadoutClassifier(unmask=True).fit(X[often], y[often])
    np.testing.assert_allclose(weighted.coef_, copied.coef_, rtol=1e-6, atol=1e-9)


def test_rare_classes_count_by_their_weight():
    X, y = row_of_classes(2000)
    kept = (y != 1) | (np.arange(2000) % 8 == 0)
    X, y = X[kept], y[kept]
    plain, even = (
        RidgeReadoutClassifier(unmask=True, class_weight=each).fit(X, y)
        for each in (None, "balanced")
    )
    X_test, y_test = row_of_classes(1000, seed=1)
    found = [np.mean(each.predict(X_test[y_test == 1]) == 1) for each in (plain, even)]
    assert even.is_unmasked_
    assert found[1] > max(0.8, found[0])


def test_few_samples_are_left_as_they_are():
    rng = np.random.default_rng(0)
    code = np.where(np.eye(3)[[0, 0, 1, 1, 2, 2]] > 0, 1.0, -1.0)
    weight = np.ones(6)
    assert discriminants(rng.normal(size=(6, 3)), code, weight) is not None
    assert discriminants(code, code, weight) is None  # all right, with no spread
    assert discriminants(np.full((6, 3), np.nan), code, weight) is None
    assert discriminants(rng.normal(size=(5, 3)), code[:5], weight[:5]) is None
    for n_samples in (6, 9, 12, 40):
        X, y = rng.normal(size=(n_samples, 5)), np.arange(n_samples) // 2
        assert not RidgeReadoutClassifier(unmask=True).fit(X, y).is_unmasked_


@pytest.mark.parametrize("standardize", [False, True])
def test_folds_are_told_by_regressions_of_the_others(standardize):
    X, y = row_of_classes(40, n_features=8)
    weight, Y = np.random.default_rng(0).uniform(0.5, 2, 40), np.where(np.eye(3)[y] > 0, 1.0, -1.0)
    folds = Folds(X, Y, weight, np.array([0.1, 10.0]), centre=True, gain=None)
    for each in folds.regressions(standardize):
        train = np.setdiff1d(np.arange(40), each.test)
        scale = np.sqrt(np.cov(X.T, aweights=weight, ddof=0).diagonal()) if standardize else 1
        for alpha in (0.1, 10.0):
            model = Ridge(alpha).fit(X[train] / scale, Y[train], weight[train])
            expected = model.predict(X[each.test] / scale)
            np.testing.assert_allclose(each.outputs(alpha), expected, atol=1e-9)


@pytest.mark.parametrize(("n_classes", "n_samples"), [(20, 200), (10, 100), (5, 100)])
def test_many_classes_in_a_row_of_one_feature(n_classes, n_samples):
    rng = np.random.default_rng(0)
    y = np.arange(n_samples) % n_classes
    X, X_test = (y[:, None] + 0.3 * rng.normal(size=(n_samples, 1)) for _ in range(2))
    told, plain = (
        RidgeReadoutClassifier(standardize=True, unmask=on).fit(X, y) for on in (True, False)
    )
    assert told.score(X_test, y) > 2 * plain.score(X_test, y)
    losses = [log_loss(y, each.predict_proba(X_test)) for each in (told, plain)]
    assert losses[0] < losses[1] / 2


@pytest.mark.parametrize("standardize", [False, "residual"])
@pytest.mark.parametrize("n_features", [20, 300])
def test_noise_is_seldom_unmasked(n_features, standardize):
    rng = np.random.default_rng(0)
    readout, n_unmasked = RidgeReadoutClassifier(standardize=standardize, unmask=True), 0
    for _ in range(40):
        X, y = rng.normal(size=(60, n_features)), rng.integers(3, size=60)
        n_unmasked += readout.fit(X, y).is_unmasked_
    assert n_unmasked <= 5


def test_a_liquid_tells_how_sequences_hang_on_their_past():
    X, y = autoregressive(300)
    X_test, y_test = autoregressive(300, seed=1)
    lsm = LSMClassifier(200, random_state=0).fit(X, y)
    assert lsm.pipeline_[-1].is_unmasked_
    masked = LSMClassifier(200, random_state=0, readout=_masked(lsm)).fit(X, y)
    assert lsm.score(X_test, y_test) > masked.score(X_test, y_test) + 0.03
    explanation = lsm.explain(X_test[:3])
    scores = lsm.decision_function(X_test[:3]).max(axis=1)
    sums = explanation.base + [each.sum() for each in explanation.contributions]
    np.testing.assert_allclose(sums, scores, atol=1e-6)


def _masked(lsm):
    return RidgeReadoutClassifier(**{**lsm.pipeline_[-1].get_params(), "unmask": False})


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("standardize", [False, True])
def test_sizes_that_cannot_be_squared(standardize):
    X, y = row_of_classes(60)
    readout = RidgeReadoutClassifier(standardize=standardize, unmask=True)
    with pytest.raises(ValueError, match="X holds numbers whose squares are too large"):
        readout.fit(1e200 * X, y)
    assert not readout.fit(1e-200 * X, y).is_unmasked_
