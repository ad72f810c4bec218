"""Samples with copies, held against regressions that leave out both."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from skliquid import RidgeReadoutClassifier, RidgeReadoutRegressor
from skliquid.readouts._ridge_copies import copies_trial
from skliquid.readouts._ridge_design import WholeDesign
from skliquid.readouts._ridge_loo import best_fit


def problem(n_samples=12, n_copies=2, n_features=20, seed=0):
    """Samples, then their copies in several orders, with targets and weights."""
    rng = np.random.default_rng(seed)
    samples = rng.normal(size=(n_samples, n_features)) * np.geomspace(3, 0.3, n_features)
    y = samples[:, :3].sum(axis=1) + rng.normal(size=n_samples)
    origin = np.concatenate([rng.permutation(n_samples) for _ in range(n_copies)])
    X = np.concatenate(
        [samples, samples[origin] + 0.3 * rng.normal(size=(len(origin), n_features))]
    )
    origin = np.concatenate([np.arange(n_samples), origin])
    return X, y[origin], rng.uniform(0.5, 2, size=len(X)), origin


@pytest.mark.parametrize("centre", [True, False])
@pytest.mark.parametrize("n_features", [5, 60])
def test_copies_are_left_out_with_their_sample(n_features, centre):
    X, y, weight, origin = problem(n_features=n_features)
    design = WholeDesign(X, y[:, None], weight, centre=centre, standardize=False)
    for alpha in (0.1, 1.0, 100.0):
        ours = best_fit(copies_trial(design, origin), np.array([alpha]), None)
        model = Ridge(alpha, fit_intercept=centre)
        np.testing.assert_allclose(ours.coef[0], model.fit(X, y, weight).coef_, atol=1e-9)
        for i in range(12):
            kept = origin != i
            expected = model.fit(X[kept], y[kept], weight[kept]).predict(X[[i]])
            np.testing.assert_allclose(ours.left_out.outputs[i], expected, atol=1e-9)
        np.testing.assert_allclose(ours.left_out.weight.sum(), weight.sum())
        errors = ours.left_out.weight * (ours.left_out.outputs[:, 0] - y[:12]) ** 2
        np.testing.assert_allclose(ours.score, -errors.mean())


@pytest.mark.parametrize("tells", [True, False])
def test_copies_are_used_where_they_pay(tells):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 60))
    y, origin = X[:, :3].sum(axis=1), np.tile(np.arange(40), 4)
    rows = X[origin]
    changed = slice(0, 3) if tells else slice(3, None)
    rows[40:, changed] = rng.normal(size=rows[40:, changed].shape)
    readout = RidgeReadoutRegressor().fit(rows, y[origin], np.full(160, 1 / 4), origin=origin)
    assert readout.has_copies_ != tells
    alone = RidgeReadoutRegressor().fit(X, y)
    assert (readout.best_score_ > alone.best_score_) != tells
    if tells:
        np.testing.assert_allclose(readout.coef_, alone.coef_)


def test_without_copies_nothing_changes():
    X, y, weight, _ = problem()
    plain = RidgeReadoutRegressor(standardize="auto").fit(X, y, weight)
    alone = RidgeReadoutRegressor(standardize="auto").fit(X, y, weight, origin=np.arange(len(X)))
    assert alone.alpha_ == plain.alpha_
    np.testing.assert_allclose(alone.best_score_, plain.best_score_)
    np.testing.assert_allclose(alone.coef_, plain.coef_)


def test_order_of_rows_counts_for_nothing():
    X, y, weight, origin = problem()
    first = RidgeReadoutRegressor().fit(X, y, weight, origin=origin)
    order = np.random.default_rng(1).permutation(len(X))
    place = np.argsort(order)
    again = RidgeReadoutRegressor().fit(
        X[order], y[order], weight[order], origin=place[origin[order]]
    )
    assert again.alpha_ == first.alpha_
    np.testing.assert_allclose(again.best_score_, first.best_score_)
    np.testing.assert_allclose(again.coef_, first.coef_, atol=1e-9)


def test_what_has_no_weight_counts_for_nothing():
    X, y, weight, origin = problem()
    weight[[3, 20]] = 0  # a sample, and a copy of another
    ours = RidgeReadoutRegressor().fit(X, y, weight, origin=origin)
    kept = np.flatnonzero((weight > 0) & (origin != 3))
    number = np.zeros(len(X), int)
    number[kept] = np.arange(len(kept))
    theirs = RidgeReadoutRegressor().fit(
        X[kept], y[kept], weight[kept], origin=number[origin[kept]]
    )
    np.testing.assert_array_equal(ours.coef_, theirs.coef_)


@pytest.mark.parametrize("scale", [1e-4, 1e5])
def test_few_features_of_any_scale_are_fitted_to_the_last_digits(scale):
    X, y, weight, origin = problem(60, 2, n_features=6)
    fits = [
        RidgeReadoutRegressor([0.01 * times**2]).fit(times * X, y, weight, origin=origin)
        for times in (1, scale)
    ]
    np.testing.assert_allclose(fits[1].best_score_, fits[0].best_score_)
    np.testing.assert_allclose(scale * fits[1].coef_, fits[0].coef_, rtol=1e-9)
    design = WholeDesign(scale * X, y[:, None], weight, centre=True, standardize=False)
    small = best_fit(copies_trial(design, origin), np.array([0.01]), None)
    theirs = Ridge(0.01, solver="svd").fit(scale * X, y, weight)
    np.testing.assert_allclose(small.coef[0], theirs.coef_, rtol=1e-7)


@pytest.mark.filterwarnings("error")
def test_a_sample_that_has_all_of_the_weight_is_not_left_out():
    X, y, weight, origin = problem()
    with pytest.raises(ValueError, match="sample_weight must be positive for a sample"):
        RidgeReadoutRegressor().fit(X, y, weight * (origin != np.arange(36)), origin=origin)
    for tiny in (0, 1e-20):
        alone = RidgeReadoutRegressor().fit(
            X, y, np.where(origin == 0, weight, tiny), origin=origin
        )
        assert not alone.has_copies_
        np.testing.assert_allclose(alone.predict(X), y[0])


def test_classes_are_told_by_the_samples_alone():
    X, y, _, origin = problem(60, 3)
    classes = np.digitize(y, np.quantile(y, [0.3, 0.7]))
    told = RidgeReadoutClassifier(standardize="auto", unmask=True)
    told.fit(X, classes, origin=origin)
    fooled = RidgeReadoutClassifier(standardize="auto").fit(X, classes)
    assert told.has_copies_
    assert told.alpha_ > fooled.alpha_
    np.testing.assert_allclose(told.predict_proba(X).sum(axis=1), 1)


@pytest.mark.parametrize(
    ("origin", "message"),
    [
        (np.zeros(5, int), "origin must hold a number of a sample, an int from 0 to 35, for each"),
        (np.zeros(36), "an int from 0 to 35"),
        (np.full(36, 36), "an int from 0 to 35"),
        (np.full(36, -1), "an int from 0 to 35"),
        (np.maximum(np.arange(36) - 1, 0), "sample 2 is a copy of 1, which is one of 0"),
        (np.arange(36) // 2 * 2, "the target of their sample, but sample 1 and 0, of which it is"),
    ],
)
def test_wrong_origins_are_named(origin, message):
    X, y, _, _ = problem()
    with pytest.raises(ValueError, match=message):
        RidgeReadoutRegressor().fit(X, y, origin=origin)
