"""Whether residual scales pay, held against folds by scikit-learn."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, Ridge

from skliquid import RidgeReadoutClassifier, RidgeReadoutRegressor
from skliquid.readouts import _ridge_retained
from skliquid.readouts._ridge_base import ALPHAS
from skliquid.readouts._ridge_folds import N_FOLDS, Folds, _folds
from skliquid.readouts._ridge_moments import MOST_TARGETS, Moments
from skliquid.readouts._ridge_residual import residual_pays


def problem(seed, n=80, p=120, n_targets=1):
    """Features of which few or many tell the targets, and weights."""
    rng = np.random.default_rng(seed)
    n_telling = (3, p)[seed % 2]
    X = rng.normal(size=(n, p)) + rng.normal(size=(n, 1))
    Y = X[:, :n_telling] @ rng.normal(size=(n_telling, n_targets)) / np.sqrt(n_telling)
    Y += 0.3 * rng.normal(size=Y.shape)
    return 3 + X * rng.uniform(0.1, 9, size=p), Y, rng.uniform(0.5, 2, size=n)


def errors_by_scikit_learn(X, Y, weight, fit_intercept, gain):
    """Squared errors in the folds at the best penalty, of standard and of residual scales."""
    fold, errors = _folds(X, Y), np.zeros((2, len(ALPHAS), len(X)))
    mean = np.average(X, 0, weight)
    Z = gain * X / np.sqrt(np.average((X - mean) ** 2, 0, weight))
    Z = Z - np.average(Z, 0, weight) if fit_intercept else Z
    for i in range(N_FOLDS):
        train, test = fold != i, fold == i
        told = LinearRegression().fit(Y[train], X[train], sample_weight=weight[train])
        rest = X[train] - told.predict(Y[train])
        spread = X[train] - np.average(X[train], 0, weight[train])
        share = np.average(rest**2, 0, weight[train]) / np.average(spread**2, 0, weight[train])
        for k, scaled in enumerate((Z, Z / (share + 0.1))):
            for j, alpha in enumerate(ALPHAS):
                ridge = Ridge(alpha, fit_intercept=fit_intercept)
                ridge.fit(scaled[train], Y[train], sample_weight=weight[train])
                rests = Y[test] - ridge.predict(scaled[test]).reshape(-1, Y.shape[1])
                errors[k, j, test] = (weight[test, None] * rests**2).mean(axis=1)
    return [each[each.sum(axis=1).argmin()] for each in errors]


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("n_targets", [1, 3])
def test_the_better_of_both_is_chosen(fit_intercept, n_targets):
    chosen = []
    for seed in range(8):
        X, Y, weight = problem(seed, n_targets=n_targets)
        gain = np.random.default_rng(seed).choice([0.5, 1, 2], size=X.shape[1])
        plain, residual = errors_by_scikit_learn(X, Y, weight, fit_intercept, gain)
        options = {"centre": fit_intercept, "gain": gain}
        pays = residual_pays(Folds(X, Y, weight, np.array(ALPHAS), **options))
        gained = plain - residual
        assert pays == (gained.mean() > 2 * gained.std() / np.sqrt(len(gained)))
        chosen.append(pays)
    assert set(chosen) == {False, True}


def test_what_is_chosen_is_what_is_fitted():
    found = set()
    for seed in range(8):
        X, Y, weight = problem(seed)
        auto = RidgeReadoutRegressor(standardize="auto").fit(X, Y, weight)
        same = RidgeReadoutRegressor(standardize=auto.standardize_).fit(X, Y, weight)
        assert_array_equal(auto.coef_, same.coef_)
        assert same.standardize_ == auto.standardize_
        found.add(auto.standardize_)
    assert found == {True, "residual"}


@pytest.mark.parametrize("n_judges", [60, 500])
@pytest.mark.parametrize("summed", [False, True])
def test_parts_in_any_order_choose_as_all_at_once(monkeypatch, n_judges, summed):
    monkeypatch.setattr(_ridge_retained, "N_JUDGES", n_judges)
    n, p = (250, 60) if summed else (100, 150)
    found = set()
    for seed in range(6):
        X, Y, _ = problem(seed, n, p)
        groups = np.arange(p) % 2
        options = {"standardize": "auto", "groups": groups}
        whole = RidgeReadoutRegressor(**options).fit(X, Y)
        parts = RidgeReadoutRegressor(**options)
        for rows in np.array_split(np.random.default_rng(seed).permutation(n), 4):
            parts.partial_fit(X[rows], Y[rows])
        assert (parts._parts.sums is not None) == summed
        assert parts.standardize_ == whole.standardize_
        assert parts.alpha_ == whole.alpha_
        assert_allclose(parts.predict(X), whole.predict(X), rtol=1e-7, atol=1e-8)
        found.add(whole.standardize_)
    assert found == {True, "residual"}


def test_every_fold_has_its_part_of_every_class():
    rng = np.random.default_rng(0)
    code = rng.integers(0, 4, size=103)
    Y = np.where(code[:, None] == np.arange(4), 1.0, -1.0)
    fold = _folds(rng.normal(size=(103, 9)), Y)
    for c in range(4):
        counts = np.bincount(fold[code == c], minlength=N_FOLDS)
        assert np.ptp(counts) <= 1


def test_few_samples_are_not_asked():
    X, y = np.random.default_rng(0).normal(size=(9, 40)), np.arange(9) % 3
    assert RidgeReadoutClassifier(standardize="auto").fit(X, y).standardize_ is True


def test_constant_targets_tell_nothing_in_parts_that_drift():
    """The mean of a constant is another by its last bit in each part."""
    rng = np.random.default_rng(0)
    X, y, weight = rng.normal(size=(400, 10)), np.arange(400) % 2, rng.uniform(0.5, 2, size=400)
    X[150:] += 3
    Y = np.stack([rng.normal(size=400), np.full(400, 1 / 3)], axis=1)
    options = {"alphas": [1.0], "standardize": "residual"}
    for readout, targets, known in (
        (RidgeReadoutRegressor(**options), Y, {}),
        (RidgeReadoutClassifier(**options), y, {"classes": [0, 1, 2]}),
    ):
        whole = clone(readout).partial_fit(X, targets, **known, sample_weight=weight)
        for rows in (slice(0, 150), slice(150, None)):
            readout.partial_fit(X[rows], targets[rows], **known, sample_weight=weight[rows])
        assert readout._parts.sums is not None
        assert_allclose(readout.coef_, whole.coef_, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("constant", [0.1, 1.0, 3.3])
def test_constant_feature_without_intercept_counts_in_folds_as_in_the_fit(constant):
    for seed in range(10):
        rng = np.random.default_rng(seed)
        X, weight = rng.normal(size=(60, 20)), rng.uniform(0.5, 2, size=60)
        X[:, 0] = constant
        y = 0.5 * X[:, 1] + rng.normal(size=60) + 3
        found = set()
        for _ in range(4):
            rows = rng.permutation(60)
            readout = RidgeReadoutRegressor(standardize="auto", fit_intercept=False)
            found.add(readout.fit(X[rows], y[rows], weight[rows]).standardize_)
        assert len(found) == 1
    assert_array_equal(Moments.of(X, y[:, None], weight).residual()[0], 1.0)


def test_of_too_many_targets_nothing_is_left():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(60, 5)), rng.normal(size=(60, MOST_TARGETS + 1))
    for fit in ("fit", "partial_fit"):
        readout = RidgeReadoutRegressor(standardize="auto")
        assert getattr(readout, fit)(X, Y).standardize_ is True
        with pytest.raises(ValueError, match="'residual' is for up to 1000 .* got 1001; give Tr"):
            getattr(RidgeReadoutRegressor(standardize="residual"), fit)(X, Y)
    few = RidgeReadoutRegressor(standardize="auto").fit(X, Y[:, :50])
    assert few.standardize_ is True


@pytest.mark.filterwarnings("error")
def test_numbers_that_are_too_large_are_named():
    X, Y, weight = problem(0)
    with pytest.raises(ValueError, match="too large"):
        RidgeReadoutRegressor(standardize="auto").fit(1e300 * X, Y, weight)
    assert RidgeReadoutRegressor([1e-300], standardize="auto").fit(X, Y).standardize_


def test_few_features_that_tell_are_found_among_many():
    """Residual scales make up for what noise costs, on samples that no readout has seen."""
    gains = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        y = np.arange(1060) % 3
        X = rng.normal(size=(1060, 400))
        X[:, :6] += 1.5 * np.eye(3)[y].repeat(2, axis=1)
        scores = {
            each: RidgeReadoutClassifier(standardize=each)
            .fit(X[:60], y[:60])
            .score(X[60:], y[60:])
            for each in (True, "auto")
        }
        gains.append(scores["auto"] - scores[True])
    assert np.mean(gains) > 0.02
