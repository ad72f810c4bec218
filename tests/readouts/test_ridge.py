"""The ridge readouts, held against scikit-learn's and the closed form."""

import pickle
from functools import partial

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, Ridge, RidgeClassifierCV, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from threadpoolctl import threadpool_limits

from skliquid import RidgeReadoutClassifier, RidgeReadoutRegressor
from skliquid.readouts import (
    _panels,
    _ridge_loo,
    _ridge_parts,
    _ridge_retained,
    _ridge_sums,
    _ridge_trials,
)
from skliquid.readouts._ridge_base import ALPHAS
from skliquid.readouts._ridge_sums import RidgeSums

SHAPES = [(30, 80), (80, 30), (40, 40), (41, 40), (40, 41), (60, 1), (3, 7), (7, 3), (500, 200)]


def problem(n, p, n_targets=1, seed=0, offset=0.0):
    """Features of several strengths, one of them constant, and numbers that hang on a few."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * np.geomspace(3, 0.1, p)
    if p > 3:
        X[:, 2] = 5
    Y = X @ (rng.normal(size=(p, n_targets)) * (np.arange(p) < 5)[:, None])
    return X + offset, Y + rng.normal(size=(n, n_targets)), rng.uniform(0.1, 3, size=n)


def labels(Y, n_classes):
    return np.array(["a", "b", "c", "d"])[
        np.clip(
            np.digitize(Y[:, 0], np.quantile(Y[:, 0], np.linspace(0, 1, n_classes + 1)[1:-1])),
            0,
            3,
        )
    ]


@pytest.fixture(params=[False, True], ids=["small", "large"])
def large(request, monkeypatch):
    """Both ways: all penalties in float64, or a search in float32."""
    if request.param:
        monkeypatch.setattr(_ridge_loo, "LARGE", 0)
        monkeypatch.setattr(_ridge_loo, "VERY_LARGE", 0)
    return request.param


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("n_targets", [1, 3])
@pytest.mark.parametrize(("n", "p"), SHAPES)
def test_regressor_is_scikit_learns(n, p, n_targets, fit_intercept, weighted, large):
    for seed in range(3):
        X, Y, weight = problem(n, p, n_targets, seed)
        weight = weight if weighted else None
        theirs = RidgeCV(ALPHAS, fit_intercept=fit_intercept).fit(X, Y, weight)
        ours = RidgeReadoutRegressor(fit_intercept=fit_intercept).fit(X, Y, weight)
        assert ours.alpha_ == theirs.alpha_
        np.testing.assert_allclose(
            ours.best_score_, theirs.best_score_, rtol=1e-3 if large else 1e-8
        )
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-7, atol=1e-8)
        assert ours.coef_.shape == theirs.coef_.shape


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("n_classes", [2, 3, 4])
@pytest.mark.parametrize(("n", "p"), SHAPES[:5])
def test_classifier_is_scikit_learns(n, p, n_classes):
    X, Y, weight = problem(n, p)
    y = labels(Y, n_classes)
    for given in (None, weight):
        theirs = RidgeClassifierCV(ALPHAS).fit(X, y, given)
        ours = RidgeReadoutClassifier().fit(X, y, given)
        assert ours.alpha_ == theirs.alpha_
        expected = theirs.decision_function(X)
        np.testing.assert_allclose(ours.decision_function(X), expected, rtol=1e-7, atol=1e-9)
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
        np.testing.assert_allclose(ours.coef_.ravel(), theirs.coef_.ravel(), atol=1e-9)
        assert ours.intercept_.shape == theirs.intercept_.shape


@pytest.mark.parametrize(("n", "p"), SHAPES[:3])
def test_float32_is_scikit_learns(n, p):
    X, Y, _ = problem(n, p)
    X = X.astype(np.float32)
    theirs, ours = RidgeCV(ALPHAS).fit(X, Y), RidgeReadoutRegressor().fit(X, Y)
    assert ours.alpha_ == theirs.alpha_
    assert ours.coef_.dtype == np.float32  # as theirs since scikit-learn 1.8
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-4, atol=1e-6)


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize(("n", "p"), SHAPES[:3])
def test_features_far_from_zero(n, p):
    X, Y, _ = problem(n, p)
    near = RidgeReadoutRegressor().fit(X, Y)
    far = RidgeReadoutRegressor().fit(X + 1e6, Y)
    assert far.alpha_ == near.alpha_
    np.testing.assert_allclose(far.predict(X + 1e6), near.predict(X), atol=1e-6)


@pytest.mark.parametrize(("n", "p"), SHAPES[:3])
def test_leave_one_out_is_that_of_models_without_the_sample(n, p):
    X, Y, _ = problem(n, p)
    errors = []
    for i in range(n):
        rest = np.arange(n) != i
        model = Ridge(alpha=3.0).fit(X[rest], Y[rest, 0])
        errors.append(Y[i, 0] - model.predict(X[i : i + 1])[0])
    ours = RidgeReadoutRegressor(alphas=[3.0]).fit(X, Y)
    np.testing.assert_allclose(ours.best_score_, -np.mean(np.square(errors)), rtol=1e-9)


def test_copies_count_as_one_sample_of_their_weight():
    X, Y, weight = problem(30, 50)
    weight = np.random.default_rng(0).integers(0, 4, size=30)
    kept = weight > 0
    repeated = np.repeat(np.arange(30), weight)
    theirs = RidgeCV(ALPHAS).fit(X[kept], Y[kept], weight[kept])
    for ours in (
        RidgeReadoutRegressor().fit(X[repeated], Y[repeated]),
        RidgeReadoutRegressor().fit(X, Y, weight),
    ):
        assert ours.alpha_ == theirs.alpha_
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X))


@pytest.mark.usefixtures("large")
def test_rows_that_are_alike_but_for_their_targets():
    X, Y, _ = problem(30, 50)
    X[1] = X[0]
    theirs, ours = RidgeCV(ALPHAS).fit(X, Y), RidgeReadoutRegressor().fit(X, Y)
    assert ours.alpha_ == theirs.alpha_
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-8)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize(("n", "p"), SHAPES[:3])
def test_standardize_is_a_scaler_before(n, p, fit_intercept):
    X, Y, weight = problem(n, p)
    scaler = StandardScaler(with_mean=fit_intercept)
    ridge = RidgeCV(ALPHAS, fit_intercept=fit_intercept)
    weights = {"standardscaler__sample_weight": weight, "ridgecv__sample_weight": weight}
    by_hand = make_pipeline(scaler, ridge).fit(X, Y, **weights)
    ours = RidgeReadoutRegressor(standardize=True, fit_intercept=fit_intercept).fit(X, Y, weight)
    assert ours.alpha_ == by_hand[-1].alpha_
    np.testing.assert_allclose(ours.predict(X), by_hand.predict(X), rtol=1e-8, atol=1e-9)
    theirs = Ridge(fit_intercept=fit_intercept)
    theirs = make_pipeline(scaler, theirs).fit(
        X, Y, standardscaler__sample_weight=weight, ridge__sample_weight=weight
    )
    parts = RidgeReadoutRegressor([1.0], standardize=True, fit_intercept=fit_intercept)
    parts.partial_fit(X[:9], Y[:9], weight[:9]).partial_fit(X[9:], Y[9:], weight[9:])
    np.testing.assert_allclose(parts.predict(X), theirs.predict(X).ravel(), rtol=1e-7, atol=1e-8)


def residual_scales(X, Y, weight):
    """Standard deviations times 0.1 and the share that a regression on the targets leaves."""
    is_constant = np.ptp(X, axis=0) == 0
    rest = X - LinearRegression().fit(Y, X, sample_weight=weight).predict(Y)
    spread, rest = (
        np.where(is_constant, 1.0, np.average((Z - np.average(Z, 0, weight)) ** 2, 0, weight))
        for Z in (X, rest)
    )
    return np.where(is_constant, 1.0, np.sqrt(spread) * (rest / spread + 0.1))


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize(("n", "p"), SHAPES[:3])
def test_residual_scales_are_divided_by_before(n, p, fit_intercept):
    X, Y, weight = problem(n, p, 2)
    X[:, 0] = 3 + Y[:, 0]  # of which nothing is left
    scale = residual_scales(X, Y, weight)
    assert scale[0] == pytest.approx(0.1 * np.sqrt(np.cov(Y[:, 0], aweights=weight, ddof=0)))
    options = {"fit_intercept": fit_intercept, "standardize": "residual"}
    ours = RidgeReadoutRegressor(**options).fit(X, Y, weight)
    theirs = Ridge(ours.alpha_, fit_intercept=fit_intercept).fit(X / scale, Y, weight)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X / scale), rtol=1e-7, atol=1e-8)
    parts = RidgeReadoutRegressor([ours.alpha_], **options)
    parts.partial_fit(X[:9], Y[:9], weight[:9]).partial_fit(X[9:], Y[9:], weight[9:])
    np.testing.assert_allclose(parts.predict(X), ours.predict(X), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("classes", [["a", "b"], ["a", "b", "c", "d"]])
@pytest.mark.parametrize("n", [40, 400])
def test_residual_scales_of_classes_are_those_within(n, classes):
    rng = np.random.default_rng(0)
    code = np.arange(n) % (len(classes) - 1)
    code[-1] = len(classes) - 1  # a class of one sample
    X = rng.normal(size=(n, 60)) * np.arange(1, 61) + np.outer(code, np.arange(60))
    y, weight = np.array(classes)[code], rng.uniform(1, 2, size=n)
    of_class = [code == c for c in range(len(classes))]
    within = np.concatenate([X[c] - np.average(X[c], 0, weight[c]) for c in of_class])
    weights = np.concatenate([weight[c] for c in of_class])
    scaler = StandardScaler().fit(X, sample_weight=weight)
    share = np.average(within**2, axis=0, weights=weights) / scaler.var_
    scale = scaler.scale_ * (share + 0.1)
    factor = dict(zip(classes, (2.0, 0.5, 1.0, 3.0), strict=False))
    ours = RidgeReadoutClassifier(standardize="residual", class_weight=factor)
    ours.fit(X, y, weight)
    plain = RidgeReadoutClassifier([ours.alpha_], class_weight=factor).fit(X / scale, y, weight)
    expected = plain.decision_function(X / scale)
    np.testing.assert_allclose(ours.decision_function(X), expected, rtol=1e-7, atol=1e-8)
    one, other = (clone(ours).set_params(alphas=[ours.alpha_]) for _ in range(2))
    one.partial_fit(X[::2], y[::2], classes, weight[::2])
    other.partial_fit(X[1::2], y[1::2], classes, weight[1::2])
    np.testing.assert_allclose(
        one.merge(other).decision_function(X), expected, rtol=1e-7, atol=1e-8
    )


def test_what_tells_the_class_by_chance_does_not_weigh_a_group():
    """In few samples, scales that know their classes make any group seem to tell them."""
    rng = np.random.default_rng(0)
    for _ in range(5):
        X, y = rng.normal(size=(12, 300)), np.arange(12) % 6
        groups = np.repeat([0, 1], 150)
        plain, residual = (
            RidgeReadoutClassifier(standardize=each, groups=groups).fit(X, y)
            for each in (True, "residual")
        )
        np.testing.assert_array_equal(residual.group_weights_, plain.group_weights_)


def test_residual_scales_of_features_that_are_constant_or_of_one_class_each():
    X = np.array([[1.0, 5.0, 0.0], [1.0, 5.0, 1.0], [2.0, 5.0, 0.0], [2.0, 5.0, 1.0]])
    readout = RidgeReadoutClassifier(standardize="residual").fit(X, [0, 0, 1, 1])
    assert readout.score(X, [0, 0, 1, 1]) == 1
    assert readout.coef_[0, 1] == 0
    alone = RidgeReadoutClassifier(standardize="residual").fit(X, ["a", "b", "c", "d"])
    assert np.isfinite(alone.coef_).all()


def test_penalty_below_the_rounding_of_the_features():
    X, Y, _ = problem(20, 60)
    X[1] = X[0]
    ours = RidgeReadoutRegressor(alphas=[1e-9]).fit(1e6 * X, Y)
    residual = np.delete(ours.predict(1e6 * X) - Y[:, 0], [0, 1])
    assert np.abs(residual).max() < 1e-2


def test_errors_in_float32_are_as_precise_as_is_said():
    for n, p in ((200, 300), (300, 200)):
        for seed in range(5):
            X, Y, weight = problem(n, p, 2, seed)
            design = _ridge_loo.WholeDesign(X, Y, weight, centre=True, standardize=False)
            exact, rough = (_ridge_loo._trial(design, dtype) for dtype in (np.float64, np.float32))
            for alpha in (1.0, 10.0, 1e3):
                apart = abs(rough.score(alpha) / exact.score(alpha) - 1)
                assert apart <= rough.rounding / alpha


@pytest.mark.parametrize("centre", [True, False])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("n", "p"), [(150, 200), (200, 150), (600, 40), (600, 900)])
def test_slope_is_the_derivative_of_the_error(n, p, dtype, centre):
    X, Y, weight = problem(n, p, 2)
    options = {"centre": centre, "standardize": True}
    trials = [_ridge_loo._trial(_ridge_loo.WholeDesign(X, Y, weight, **options), dtype)]
    if n > p:
        sums = RidgeSums(p, 2)
        sums.add(X, Y, weight, weight)
        trials += [_ridge_sums._SumsTrial(sums, **options, gain=None, dtype=dtype)]
    exact = _ridge_loo._trial(_ridge_loo.WholeDesign(X, Y, weight, **options), np.float64)
    for trial in trials:
        for alpha in (30.0, 1e3, 1e5):
            after, before = (exact.score(alpha * np.exp(step)) for step in (1e-3, -1e-3))
            trial.score(alpha)
            expected = np.log(after / before) / 2e-3
            # By some of the samples where there are many.
            atol = (1e-6 if dtype == np.float64 else 1e-3) if n <= 256 else 0.02
            np.testing.assert_allclose(trial.slope(), expected, atol=atol)


@pytest.mark.parametrize(("n", "p"), [(200, 300), (300, 200)])
def test_solutions_in_float32_are_refined(n, p):
    X, Y, weight = problem(n, p, 2)
    design = _ridge_loo.WholeDesign(X, Y * [1, 1e9], weight, centre=True, standardize=True)
    exact, rough = (_ridge_loo._trial(design, dtype) for dtype in (np.float64, np.float32))
    for trial in (exact, rough):
        for alpha in (100.0, 1e5):
            trial.score(alpha)
    for alpha in (100.0, 1e5):  # the better one, and the other
        expected = exact.weights(alpha)
        size = np.abs(expected).max(axis=0)
        np.testing.assert_allclose(rough.weights(alpha) / size, expected / size, atol=1e-9)


@pytest.mark.parametrize("rows_a_target", [0, np.inf], ids=["at once", "at the end"])
def test_float64_takes_over_only_where_the_best_is_not_refined(monkeypatch, rows_a_target):
    monkeypatch.setattr(_ridge_trials, "_ROWS_A_TARGET", rows_a_target)
    X, Y, weight = problem(300, 200)
    design = _ridge_loo.WholeDesign(X, Y, weight, centre=True, standardize=False)
    refine, alphas = _ridge_trials._conjugate_gradients, np.array([1e7, 10.0])
    trial = _ridge_loo._trial(design, np.float32)
    assert trial.score(alphas[0]) < trial.score(alphas[1])
    failing = []

    def refined(multiply, factor, right):
        alpha = float((multiply(right) - trial.times(right))[0, 0] / right[0, 0])
        if any(np.isclose(alpha, failing, rtol=1e-3)):
            raise _ridge_loo.UnsureError
        return refine(multiply, factor, right)

    monkeypatch.setattr(_ridge_trials, "_conjugate_gradients", refined)
    expected = _ridge_loo.best_fit(_ridge_loo._trial(design, np.float64), alphas, None)
    for fails in (alphas[:1], alphas[1:]):
        failing[:] = fails
        if fails[0] == expected.alpha:
            with pytest.raises(_ridge_loo.UnsureError):
                _ridge_loo.best_fit(_ridge_loo._trial(design, np.float32), alphas, None)
        else:
            found = _ridge_loo.best_fit(_ridge_loo._trial(design, np.float32), alphas, None)
            np.testing.assert_allclose(found.coef, expected.coef, atol=1e-9)


def test_float64_decides_what_float32_cannot():
    X, Y, weight = problem(60, 90)
    design = _ridge_loo.WholeDesign(X, Y, weight, centre=True, standardize=False)
    alphas = np.array([1.0, 1.0 + 1e-9])
    with pytest.raises(_ridge_loo.UnsureError):
        _ridge_loo.best_fit(_ridge_loo._trial(design, np.float32), alphas, None)


def test_search_finds_the_best_in_one_valley_and_tries_few():
    alphas = 10.0 ** np.random.default_rng(0).permutation(20)
    for best in range(20):
        tried = []

        def score(i, best=best, tried=tried):
            tried.append(i)
            return -abs(np.log10(alphas[i]) - np.log10(alphas[best]))

        guess = {i: -abs(np.log10(alphas[i]) - 10) for i in range(20)}
        assert _ridge_loo.best_of(_ridge_loo.search(score, alphas, guess)) == best
        assert len(tried) == len(set(tried)) <= abs(np.log10(alphas[best]) - 10) + 3


def test_search_tries_one_side_where_the_slope_tells_it():
    alphas, tried = 10.0 ** np.arange(20), []

    def score(i):
        tried.append(i)
        return -((i - 10) ** 2) - 1.0

    for first, slope, expected in [
        (10, 1.0, [10, 9]),
        (10, -1.0, [10, 11]),
        (10, 0.0, [10, 9, 11]),
        (10, np.nan, [10, 9, 11]),
        (8, -1.0, [8, 9, 10, 11]),
        (12, 1.0, [12, 11, 10, 9]),
        (19, -1.0, [19]),
    ]:
        tried.clear()
        guess = {i: -1.0 if i <= first else -2.0 for i in range(20)}
        scores = _ridge_loo.search(score, alphas, guess, lambda slope=slope: slope)
        assert tried == list(scores) == expected


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ([3, 2, 1, 2, 3], True),
        ([1, 2, 3], True),
        ([3, 2, 1], True),
        ([1.0, 1.01, 1.0, 0.99, 1.0, 2], True),
        ([2, 1.5, 1.6, 1, 2], False),
        ([2, 1, 2, 1.5, 3], False),
    ],
)
def test_valleys_but_for_ripples(errors, expected):
    assert _ridge_loo._has_one_valley(np.array(errors, dtype=float)) == expected


def test_of_equal_penalties_the_first_is_taken():
    X = problem(30, 10)[0]
    constant = np.full(30, 3.0)
    for alphas in (ALPHAS, ALPHAS[::-1]):
        ours = RidgeReadoutRegressor(alphas).fit(X, constant)
        assert ours.alpha_ == RidgeCV(alphas).fit(X, constant).alpha_ == alphas[0]


@pytest.mark.parametrize("offset", [0.0, 1e6])
@pytest.mark.parametrize(("n", "p"), [(300, 40), (300, 200), (50, 80)])
def test_parts_in_any_order_and_size_give_one_model(n, p, offset):
    X, Y, weight = problem(n, p, 2, offset=offset)
    whole = RidgeReadoutRegressor().partial_fit(X, Y, weight)
    theirs = Ridge(alpha=whole.alpha_).fit(X - offset, Y, weight)
    for seed, size in enumerate((1, 7, 100)):
        order = np.random.default_rng(seed).permutation(n)
        parts = RidgeReadoutRegressor()
        for i in range(0, n, size):
            rows = order[i : i + size]
            parts.partial_fit(X[rows], Y[rows], weight[rows])
        assert parts.alpha_ == whole.alpha_
        np.testing.assert_allclose(parts.predict(X), theirs.predict(X - offset), atol=1e-6)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("n_targets", [1, 3])
def test_parts_choose_by_leave_one_out(n_targets, fit_intercept):
    for seed in range(3):
        X, Y, weight = problem(90, 40, n_targets, seed)
        ours = RidgeReadoutRegressor(fit_intercept=fit_intercept)
        for rows in (slice(50), slice(50, 90), slice(20)):
            ours.partial_fit(X[rows], Y[rows], weight[rows])
        weight[:20] *= 2
        theirs = RidgeCV(ALPHAS, fit_intercept=fit_intercept).fit(X, Y, weight)
        assert ours._parts.sums is not None
        assert ours.alpha_ == theirs.alpha_
        np.testing.assert_allclose(ours.best_score_, theirs.best_score_)
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("noise", [0.3, 3.0, 30.0])
@pytest.mark.parametrize(("n", "p"), [(1500, 30), (1500, 300), (700, 600)])
def test_some_samples_choose_the_penalty_of_all(monkeypatch, n, p, noise):
    monkeypatch.setattr(_ridge_retained, "N_RETAINED", n // 3)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p)) * np.geomspace(3, 0.03, p)
    Y = X @ rng.normal(size=(p, 2)) + noise * rng.normal(size=(n, 2))
    weight = rng.uniform(0.1, 2, size=n)
    theirs = RidgeCV(ALPHAS).fit(X, Y, weight)
    parts = RidgeReadoutRegressor()
    for rows in np.split(np.arange(n), 5):
        parts.partial_fit(X[rows], Y[rows], weight[rows])
    assert len(parts._parts.sums.retained.code) == n // 3
    assert parts.alpha_ == theirs.alpha_
    np.testing.assert_allclose(parts.best_score_, theirs.best_score_, rtol=0.05)
    np.testing.assert_allclose(parts.predict(X), theirs.predict(X), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("very_large", [0, np.inf], ids=["float32", "float64"])
def test_search_in_the_sums_finds_what_all_penalties_give(monkeypatch, very_large, fit_intercept):
    X, Y, weight = problem(300, 60, 2)
    every = RidgeReadoutRegressor(fit_intercept=fit_intercept).partial_fit(X, Y, weight)
    tried, expected = [], every.alpha_  # which is when it is computed
    monkeypatch.setattr(_ridge_sums, "LARGE", 0)
    monkeypatch.setattr(_ridge_sums, "VERY_LARGE", very_large)
    search = _ridge_loo.search
    monkeypatch.setattr(
        _ridge_loo, "search", lambda *given: tried.append(search(*given)) or tried[-1]
    )
    some = RidgeReadoutRegressor(fit_intercept=fit_intercept).partial_fit(X, Y, weight)
    assert some.alpha_ == expected
    of_some, of_all = [len(scores) for scores in tried]
    assert of_some == len(ALPHAS) > of_all
    if very_large:
        assert some.best_score_ == every.best_score_
        np.testing.assert_array_equal(some.coef_, every.coef_)
    else:  # whose errors are less precise, and whose solution is refined
        np.testing.assert_allclose(some.best_score_, every.best_score_, rtol=1e-5)
        np.testing.assert_allclose(some.coef_, every.coef_, rtol=1e-9)


def test_float64_decides_in_the_sums_what_float32_cannot(monkeypatch):
    X, Y, weight = problem(300, 60)
    alphas = [1.0, 1.0 + 1e-9]
    every = RidgeReadoutRegressor(alphas).partial_fit(X, Y, weight)
    expected = every.alpha_  # which is when it is computed
    monkeypatch.setattr(_ridge_sums, "VERY_LARGE", 0)
    some = RidgeReadoutRegressor(alphas).partial_fit(X, Y, weight)
    assert some.alpha_ == expected
    np.testing.assert_array_equal(some.coef_, every.coef_)
    X[:, 0] *= 1e30  # its square is too large for float32
    assert np.isfinite(RidgeReadoutRegressor().partial_fit(X, Y, weight).coef_).all()


@pytest.mark.parametrize("scale", [1e-50, 1e37])
def test_targets_beyond_float32_get_the_penalty_of_others(monkeypatch, scale):
    X, Y, weight = problem(300, 60, 2)
    expected = RidgeReadoutRegressor().partial_fit(X, Y, weight).alpha_
    monkeypatch.setattr(_ridge_sums, "VERY_LARGE", 0)
    assert RidgeReadoutRegressor().partial_fit(X, scale * Y, weight).alpha_ == expected
    both = RidgeReadoutRegressor().partial_fit(X, Y * [scale, 1], weight).alpha_
    stronger = Y[:, int(scale < 1)]
    assert both == RidgeReadoutRegressor().partial_fit(X, stronger, weight).alpha_


def test_sums_add_up_and_can_be_sent():
    X, Y, weight = problem(90, 12, 2, offset=1e3)
    whole, parts = RidgeSums(12, 2), [RidgeSums(12, 2) for _ in range(3)]
    spread = np.random.default_rng(1).uniform(1, 2, size=90)
    whole.add(X, Y, weight, spread)
    for part, rows in zip(parts, np.split(np.arange(90), 3), strict=True):
        part.add(X[rows], Y[rows], weight[rows], spread[rows])
    total = pickle.loads(pickle.dumps(parts[2]))
    parts[0].merge(parts[1])
    total.merge(parts[0])
    assert parts[1].n_samples == 30
    assert total.n_samples == whole.n_samples == 90
    mean = np.average(X, axis=0, weights=weight)
    np.testing.assert_allclose(total.mean, mean)
    expected = (X - mean).T @ (weight[:, None] * (X - mean))
    np.testing.assert_allclose(total.gram.dense(), expected, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(total.cross, whole.cross, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(total.squares, whole.squares)
    np.testing.assert_array_equal(total.limits, [X.min(axis=0), X.max(axis=0)])
    scaler = StandardScaler().fit(X, sample_weight=spread)
    np.testing.assert_allclose(total.spread.mean, scaler.mean_)
    np.testing.assert_allclose(total.spread.scales(True), scaler.scale_)


def state(sums):
    kept = sums.retained
    arrays = [*sums.gram.columns, sums.cross, sums.squares, sums.mean, sums.target_mean]
    arrays += [
        sums.spread.mean,
        sums.spread.squares,
        *sums.limits,
        kept.code,
        kept.X,
        kept.Y,
        kept.weight,
    ]
    return b"".join(array.tobytes() for array in arrays)


@pytest.mark.parametrize(("n", "p"), [(3000, 300), (100_000, 12), (997, 1203)])
def test_sums_have_the_same_bits_for_any_number_of_threads(n, p):
    rng = np.random.default_rng(0)
    X, Y, weight = rng.normal(size=(n, p)), rng.normal(size=(n, 3)), rng.uniform(1, 2, size=n)
    states = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads):
            halves = [RidgeSums(p, 3), RidgeSums(p, 3)]
            for i, rows in enumerate(np.array_split(np.arange(n), 4)):
                halves[i % 2].add(X[rows], Y[rows], weight[rows], weight[rows])
            halves[0].merge(halves[1])
            states.append(state(halves[0]))
    assert states[0] == states[1]


# With 40 features samples are kept up to 40 in number.
@pytest.mark.parametrize(("n", "m"), [(15, 20), (15, 30), (15, 60), (60, 15), (60, 70)])
def test_merged_readouts_are_one_of_all_parts(n, m):
    X, Y, weight = problem(n + m, 40, 2, offset=10.0)
    y = labels(Y, 3)
    kinds = [
        (partial(RidgeReadoutRegressor, limit=True), Y, {}),
        (partial(RidgeReadoutClassifier, standardize=True), y, {"classes": ["a", "b", "c"]}),
    ]
    for make, target, options in kinds:
        one, first, second, fresh = (make() for _ in range(4))
        for rows, readout in ((slice(n), first), (slice(n, n + m), second)):
            one.partial_fit(X[rows], target[rows], sample_weight=weight[rows], **options)
            readout.partial_fit(X[rows], target[rows], sample_weight=weight[rows], **options)
        before = pickle.dumps(second)
        assert first.merge(second) is first
        assert pickle.dumps(second) == before
        assert first.n_samples_seen_ == one.n_samples_seen_ == n + m
        assert first.alpha_ == one.alpha_
        np.testing.assert_allclose(first.coef_, one.coef_, rtol=1e-6, atol=1e-9)
        fresh.merge(one)
        np.testing.assert_array_equal(fresh.predict(3 * X), one.predict(3 * X))
        fresh.partial_fit(X[:5], target[:5])
        assert one.n_samples_seen_ == n + m
        twice = clone(one).merge(one)
        twice.merge(twice)
        np.testing.assert_allclose(twice.n_samples_seen_, 2 * (n + m))


def test_readouts_that_cannot_be_merged_are_named():
    X, Y, _ = problem(60, 10)
    y = labels(Y, 3)
    parts, fitted = (
        RidgeReadoutClassifier().partial_fit(X, y),
        RidgeReadoutClassifier().fit(X, y),
    )
    with pytest.raises(ValueError, match="other .* RidgeReadoutClassifier was fitted by fit"):
        parts.merge(fitted)
    with pytest.raises(ValueError, match="this RidgeReadoutClassifier was fitted by fit"):
        fitted.merge(parts)
    with pytest.raises(ValueError, match="RidgeReadoutClassifier was given none"):
        parts.merge(RidgeReadoutClassifier())
    with pytest.raises(TypeError, match="other must be a RidgeReadoutClassifier, got Ridge"):
        parts.merge(RidgeReadoutRegressor().partial_fit(X, Y))
    with pytest.raises(ValueError, match="the same features, 10, got 4"):
        parts.merge(RidgeReadoutClassifier().partial_fit(X[:, :4], y))
    with pytest.raises(ValueError, match=r"the same classes, \['a', 'b', 'c'\], got \['a', 'b'\]"):
        parts.merge(RidgeReadoutClassifier().partial_fit(X, labels(Y, 2)))
    with pytest.raises(ValueError, match="the same targets, 1, got 2"):
        RidgeReadoutRegressor().partial_fit(X, Y).merge(
            RidgeReadoutRegressor().partial_fit(X, np.hstack([Y, Y]))
        )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("n", "p"), [(30, 80), (80, 30), (40, 40)])
def test_limit_and_standardize_are_a_limiter_and_a_scaler_before(n, p, weighted):
    X, Y, weight = problem(n, p)
    y = labels(Y, 3)
    given = {"sample_weight": weight} if weighted else {}
    steps = MinMaxScaler(clip=True), StandardScaler(), RidgeClassifierCV(ALPHAS)
    weights = {
        f"{step}__{name}": value
        for step in ("standardscaler", "ridgeclassifiercv")
        for name, value in given.items()
    }
    theirs = make_pipeline(*steps).fit(X, y, **weights)
    options = {"limit": True, "standardize": True}
    whole = RidgeReadoutClassifier(**options).fit(X, y, **given)
    parts = RidgeReadoutClassifier(**options)
    nothing = {"sample_weight": np.zeros(9)}
    parts.partial_fit(9 * X[:9], y[:9], ["a", "b", "c"], **nothing)
    for rows in (slice(n // 3), slice(n // 3, n)):
        part = {name: value[rows] for name, value in given.items()}
        parts.partial_fit(X[rows], y[rows], **part)
    far = 3 * problem(200, p, seed=1)[0]
    for ours in (whole, parts):
        assert ours.alpha_ == theirs[-1].alpha_
        for features in (X, far):
            expected = theirs.decision_function(features)
            scores = ours.decision_function(features)
            np.testing.assert_allclose(scores, expected, rtol=1e-7, atol=1e-8)
    assert (
        np.abs(
            RidgeReadoutClassifier(standardize=True).fit(X, y).decision_function(far)
            - whole.decision_function(far)
        ).max()
        > 0.1
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("limit", [False, True])
@pytest.mark.parametrize(("p", "n_targets"), [(1, 1), (7, 3), (300, 1), (300, 40), (20001, 2)])
def test_outputs_do_not_depend_on_the_other_rows(p, n_targets, limit, dtype):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(300, p)).astype(dtype), rng.normal(size=(30, n_targets))
    ridge = RidgeReadoutRegressor(limit=limit).fit(X[:30], Y)
    whole = ridge.predict(X)
    expected = np.clip(X, X[:30].min(axis=0), X[:30].max(axis=0)) if limit else X
    expected = expected.astype(float) @ np.asarray(ridge.coef_, dtype=float).T + ridge.intercept_
    tolerance = 1e-3 if dtype == np.float32 else 1e-10
    np.testing.assert_allclose(whole, expected, rtol=tolerance, atol=tolerance)
    for rows in (slice(1), slice(5, 6), slice(3, 20), slice(1, 300), slice(0, 300, 2)):
        for n_threads in (1, 2):
            with threadpool_limits(n_threads):
                np.testing.assert_array_equal(ridge.predict(X[rows]), whole[rows])
        np.testing.assert_array_equal(ridge.predict(np.asfortranarray(X[rows])), whole[rows])
        np.testing.assert_array_equal(ridge.predict(X[rows].copy()), whole[rows])


def test_pickle_of_parts_is_half_a_matrix_and_what_is_retained(monkeypatch):
    monkeypatch.setattr(_panels, "_WHOLE", 0)
    monkeypatch.setattr(_ridge_retained, "N_RETAINED", 50)
    monkeypatch.setattr(_ridge_parts, "N_RETAINED", 50)
    X, Y, _ = problem(2000, 400)
    bound = 8 * (400 * (400 + _panels._NARROWEST) / 2 + 50 * 403 + 10 * 400) + 5000
    parts = RidgeReadoutRegressor(limit=True)
    for rows in (slice(250), slice(250, 2000)):
        parts.partial_fit(X[rows], Y[rows])
        assert len(pickle.dumps(parts)) < bound
        restored = pickle.loads(pickle.dumps(parts))
        np.testing.assert_array_equal(restored.predict(X), parts.predict(X))


def test_classes_of_later_parts_must_be_known():
    X, Y, _ = problem(60, 10)
    y = labels(Y, 3)
    known = y != "c"
    parts = RidgeReadoutClassifier().partial_fit(X[known], y[known])
    with pytest.raises(
        ValueError, match=r"y holds the classes \['c'\], .* known are \['a', 'b'\]"
    ):
        parts.partial_fit(X[~known], y[~known])
    with pytest.raises(ValueError, match=r"classes must be those of the first part, \['a', 'b'\]"):
        parts.partial_fit(X[known], y[known], classes=["a", "b", "c"])
    parts = RidgeReadoutClassifier().partial_fit(X[known], y[known], classes=["a", "b", "c"])
    parts.partial_fit(X[~known], y[~known])
    whole = RidgeReadoutClassifier().partial_fit(X, y)
    np.testing.assert_allclose(parts.decision_function(X), whole.decision_function(X))


def test_a_part_after_fit_begins_anew():
    X, Y, _ = problem(60, 10)
    fresh = RidgeReadoutRegressor().partial_fit(X[:30], Y[:30])
    again = RidgeReadoutRegressor().fit(X, Y).partial_fit(X[:30], Y[:30])
    np.testing.assert_array_equal(again.coef_, fresh.coef_)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"alphas": []}, r"alphas must hold at least one penalty, got \[\]"),
        ({"alphas": [1.0, 0.0]}, r"each of alphas must be a finite number in \(0, inf\), got 0"),
        ({"alphas": [-1.0]}, r"each of alphas must be .* got -1"),
    ],
)
def test_bad_penalties_are_named(parameters, message):
    X, Y, _ = problem(20, 5)
    with pytest.raises(ValueError, match=message):
        RidgeReadoutRegressor(**parameters).fit(X, Y)


def test_bad_targets_and_weights_are_named():
    X, Y, _ = problem(20, 5, 2)
    parts = RidgeReadoutRegressor().partial_fit(X, Y)
    with pytest.raises(ValueError, match="y must have 2 targets as in the parts before, got 1"):
        parts.partial_fit(X, Y[:, 0])
    with pytest.raises(ValueError, match="y holds only one class, 3"):
        RidgeReadoutClassifier().fit(X, np.full(20, 3))
    with pytest.raises(ValueError, match=r"weights? .*zero"):
        RidgeReadoutRegressor().fit(X, Y, np.zeros(20))
    with pytest.raises(ValueError, match="squares are too large for float64"):
        RidgeReadoutRegressor().fit(1e200 * X, Y)
    for fit in (RidgeReadoutRegressor().fit, RidgeReadoutRegressor().partial_fit):
        with pytest.raises(ValueError, match="y must be in another unit: .*e\\+20"):
            fit(X, 1e200 * Y)
    with pytest.raises(ValueError, match="too large for a model in float32"):
        RidgeReadoutRegressor().fit(X.astype(np.float32), 1e50 * Y)


@pytest.mark.parametrize("n_samples", [40, 400])
@pytest.mark.parametrize("class_weight", [{0: 0.1, 1: 5.0}, "balanced"])
def test_class_weight_is_scikit_learns_after_its_scaler(n_samples, class_weight):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, 60)) * np.arange(1, 61) + 3
    y = (X[:, :5].sum(axis=1) + rng.normal(scale=9, size=n_samples) > 20).astype(int)
    ours = RidgeReadoutClassifier(standardize=True, class_weight=class_weight).fit(X, y)
    theirs = make_pipeline(StandardScaler(), RidgeClassifierCV(ALPHAS, class_weight=class_weight))
    expected = theirs.fit(X, y).decision_function(X)
    np.testing.assert_allclose(ours.decision_function(X), expected, rtol=1e-6, atol=1e-8)
    if isinstance(class_weight, str):
        with pytest.raises(ValueError, match="class_weight='balanced' needs all samples at once"):
            clone(ours).partial_fit(X, y)
        return
    parts = clone(ours)
    for rows in (y == 0, y == 1):
        parts.partial_fit(X[rows], y[rows], classes=[0, 1])
    np.testing.assert_allclose(parts.decision_function(X), expected, rtol=1e-6, atol=1e-8)
    merged = clone(ours)
    for rows in (slice(None, None, 2), slice(1, None, 2)):
        merged.merge(clone(ours).partial_fit(X[rows], y[rows]))
    np.testing.assert_allclose(merged.decision_function(X), expected, rtol=1e-6, atol=1e-8)


def test_what_is_interrupted_leaves_the_parts_so_far(monkeypatch):
    X, Y, _ = problem(90, 12, 2)
    readout = RidgeReadoutRegressor().partial_fit(X[:60], Y[:60])
    other = clone(readout).partial_fit(X[60:], Y[60:])
    kept = pickle.dumps(readout)

    def interrupted(*_):
        raise KeyboardInterrupt

    for change in (
        lambda: readout.partial_fit(X[60:], Y[60:]),
        lambda: readout.merge(other),
        lambda: clone(readout).partial_fit(X[60:], Y[60:]).merge(readout),
        lambda: readout.fit(X[:, :5], Y, sample_weight=-np.ones(len(X))),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(RidgeSums, "_widen", interrupted)
            with pytest.raises((KeyboardInterrupt, ValueError)):
                change()
        assert pickle.dumps(readout) == kept
    whole = RidgeReadoutRegressor().fit(X, Y)
    np.testing.assert_allclose(readout.partial_fit(X[60:], Y[60:]).predict(X), whole.predict(X))


def test_sums_that_are_mapped_from_a_file_go_on_in_memory(tmp_path):
    X, Y, _ = problem(300, 40, 2)
    readout = RidgeReadoutRegressor().partial_fit(X[:200], Y[:200])
    joblib.dump(readout, tmp_path / "readout.pkl")
    mapped = joblib.load(tmp_path / "readout.pkl", mmap_mode="r")
    assert not mapped._parts.sums.cross.flags.writeable
    expected = readout.partial_fit(X[200:], Y[200:]).predict(X)
    np.testing.assert_array_equal(mapped.partial_fit(X[200:], Y[200:]).predict(X), expected)


def test_a_first_part_that_is_refused_leaves_what_was_fitted():
    X, y = np.random.default_rng(0).normal(size=(40, 5)), np.repeat([0, 1], 20)
    readout = RidgeReadoutClassifier().fit(X, y)
    before = readout.decision_function(X)
    with pytest.raises(ValueError, match=r"y holds the classes \[0, 1\], which neither"):
        readout.partial_fit(X, y, classes=[7, 8])
    assert readout.predict(X).max() == 1
    np.testing.assert_array_equal(readout.decision_function(X), before)
    with pytest.raises(ValueError, match="classes names only one class, 0"):
        readout.partial_fit(X, y, classes=[0])
    fresh = RidgeReadoutClassifier()
    with pytest.raises(ValueError, match="alphas"):
        clone(fresh).set_params(alphas=[-1.0]).partial_fit(X, y)
    with pytest.raises(ValueError, match="positive|non-zero"):
        fresh.fit(X, y, sample_weight=np.zeros(40))
    with pytest.raises(NotFittedError):
        fresh.predict(X)


@pytest.mark.parametrize("readout", [RidgeReadoutClassifier, RidgeReadoutRegressor])
@pytest.mark.parametrize("nothing", [None, "", np.datetime64(0, "s")], ids=repr)
def test_weights_of_a_part_that_are_no_numbers(readout, nothing):
    X, y = np.arange(8.0).reshape(4, 2), [0, 1, 0, 1]
    with pytest.raises(ValueError, match="sample_weight must hold numbers"):
        readout().partial_fit(X, y, sample_weight=[nothing] * 4)
