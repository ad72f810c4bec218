"""The ridge readouts, held against scikit-learn's and the closed form."""

import pickle

import numpy as np
import pytest
from sklearn.linear_model import Ridge, RidgeClassifierCV, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skliquid import RidgeReadoutClassifier, RidgeReadoutRegressor
from skliquid.readouts import _ridge_base, _ridge_loo
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


@pytest.fixture(autouse=True)
def always_by_factors(monkeypatch):
    """A few samples are left to scikit-learn elsewhere."""
    monkeypatch.setattr(_ridge_base, "_FEW", 0)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_targets", [1, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_few_samples_give_the_same_model_either_way(monkeypatch, weighted, n_targets, dtype):
    X, Y, weight = problem(40, 90, n_targets)
    X = X.astype(dtype)
    models = []
    for few in (0, 100):
        monkeypatch.setattr(_ridge_base, "_FEW", few)
        models.append(RidgeReadoutRegressor().fit(X, Y, weight if weighted else None))
    by_factors, by_eigenvectors = models
    assert by_factors.alpha_ == by_eigenvectors.alpha_
    assert by_factors.coef_.shape == by_eigenvectors.coef_.shape
    assert by_factors.coef_.dtype == by_eigenvectors.coef_.dtype == dtype
    assert np.shape(by_factors.intercept_) == np.shape(by_eigenvectors.intercept_)
    tolerance = 1e-3 if dtype == np.float32 else 1e-8
    predictions = [model.predict(X) for model in models]
    np.testing.assert_allclose(*predictions, rtol=tolerance, atol=tolerance)


@pytest.fixture(params=[False, True], ids=["small", "large"])
def large(request, monkeypatch):
    """Both ways: all penalties in float64, or a search in float32."""
    if request.param:
        monkeypatch.setattr(_ridge_loo, "_LARGE", 0)
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
    assert ours.coef_.dtype == theirs.coef_.dtype == np.float32
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
            design = _ridge_loo.Design(X, Y, weight, centre=True, standardize=False)
            exact, rough = (_ridge_loo._Trial(design, dtype) for dtype in (np.float64, np.float32))
            for alpha in (1.0, 10.0, 1e3):
                apart = abs(rough.score(alpha) / exact.score(alpha) - 1)
                assert apart <= rough.rounding / alpha


def test_float64_decides_what_float32_cannot():
    X, Y, weight = problem(60, 90)
    design = _ridge_loo.Design(X, Y, weight, centre=True, standardize=False)
    alphas = np.array([1.0, 1.0 + 1e-9])
    with pytest.raises(_ridge_loo._UnsureError):
        _ridge_loo._searched(_ridge_loo._Trial(design, np.float32), alphas, None)


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


def test_parts_choose_by_generalised_cross_validation():
    X, Y, weight = problem(60, 20)
    ours = RidgeReadoutRegressor().partial_fit(X, Y, weight)
    scores = []
    for alpha in ALPHAS:
        mean = np.average(X, axis=0, weights=weight)
        Z = np.sqrt(weight)[:, None] * (X - mean)
        T = np.sqrt(weight) * (Y[:, 0] - np.average(Y[:, 0], weights=weight))
        H = Z @ np.linalg.solve(Z.T @ Z + alpha * np.eye(20), Z.T)
        scores.append(-60 * np.sum((T - H @ T) ** 2) / (60 - np.trace(H) - 1) ** 2)
    assert ours.alpha_ == ALPHAS[int(np.argmax(scores))]
    np.testing.assert_allclose(ours.best_score_, max(scores))


def test_sums_add_up_and_can_be_sent():
    X, Y, weight = problem(90, 12, 2, offset=1e3)
    whole, parts = RidgeSums(12, 2), [RidgeSums(12, 2) for _ in range(3)]
    whole.add(X, Y, weight)
    for part, rows in zip(parts, np.split(np.arange(90), 3), strict=True):
        part.add(X[rows], Y[rows], weight[rows])
    total = pickle.loads(pickle.dumps(parts[2])) + (parts[0] + parts[1])
    assert parts[0].n_samples == 30
    assert total.n_samples == whole.n_samples == 90
    mean = np.average(X, axis=0, weights=weight)
    np.testing.assert_allclose(total.mean, mean)
    expected = (X - mean).T @ (weight[:, None] * (X - mean))
    np.testing.assert_allclose(total.gram.dense(), expected, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(total.cross, whole.cross, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(total.squares, whole.squares)


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
