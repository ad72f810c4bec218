"""What holds for the ridge readouts with any features, targets, weights and parts."""

import pickle

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from sklearn.linear_model import Ridge, RidgeCV

from skliquid import RidgeReadoutClassifier, RidgeReadoutRegressor
from skliquid.readouts._ridge_base import ALPHAS

# Of a few values samples are drawn twice, and features that are constant.
VALUES = st.integers(-2, 2).map(float) | st.floats(-10, 10, width=16)
WEIGHTS = st.sampled_from([0.0, 1.0, 2.0]) | st.floats(0.125, 3)


@st.composite
def problems(draw):
    """Features, targets and weights, which are not all zero."""
    n, p, n_targets = draw(st.integers(2, 15)), draw(st.integers(1, 15)), draw(st.integers(1, 3))
    X = draw(nps.arrays(np.float64, (n, p), elements=VALUES))
    X = X * 2.0 ** draw(nps.arrays(np.int64, p, elements=st.integers(-8, 8)))
    Y = draw(nps.arrays(np.float64, (n, n_targets), elements=VALUES))
    weight = draw(nps.arrays(np.float64, n, elements=WEIGHTS))
    weight[draw(st.integers(0, n - 1))] = 1.0
    return X, Y, draw(st.just(np.ones(n)) | st.just(weight))


def merged(X, Y, weight):
    """Identical samples as one, by a plain loop."""
    total = {}
    for x, y, w in zip(X.tolist(), Y.tolist(), weight.tolist(), strict=True):
        if w:
            total[tuple(x), tuple(y)] = total.get((tuple(x), tuple(y)), 0.0) + w
    samples, weight = zip(*total.items(), strict=True)
    X, Y = (np.array(each) for each in zip(*samples, strict=True))
    return X, Y, np.array(weight)


def assert_close(one, other, Y):
    np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7 * (1 + np.abs(Y).max()))


@given(problems(), st.booleans())
def test_regressor_is_scikit_learns(problem, fit_intercept):
    X, Y, weight = problem
    ours = RidgeReadoutRegressor(fit_intercept=fit_intercept).fit(X, Y, weight)
    theirs = Ridge(ours.alpha_, fit_intercept=fit_intercept, solver="svd").fit(X, Y, weight)
    assert_close(ours.predict(X), theirs.predict(X).reshape(ours.predict(X).shape), Y)
    samples = merged(*problem)
    if len(samples[0]) > 1:
        best = RidgeCV(ALPHAS, fit_intercept=fit_intercept).fit(*samples).best_score_
        assert_close(ours.best_score_, best, Y**2)


@given(
    problems(),
    st.booleans(),
    st.sampled_from([False, True, "residual", "auto"]),
    st.booleans(),
    st.data(),
)
def test_parts_and_their_merges_are_the_whole(problem, fit_intercept, standardize, limit, data):
    X, Y, weight = problem
    options = {"fit_intercept": fit_intercept, "standardize": standardize, "limit": limit}
    order = np.array(data.draw(st.permutations(range(len(X))), label="order"))
    cuts = sorted(data.draw(st.lists(st.integers(1, len(X) - 1), max_size=4), label="cuts"))
    whole = RidgeReadoutRegressor(**options).fit(X, Y, weight)
    readouts = [RidgeReadoutRegressor(**options) for _ in range(2)]
    for rows in np.split(order, cuts):
        if len(rows):
            readout = readouts[data.draw(st.integers(0, 1), label="readout")]
            readout.partial_fit(X[rows], Y[rows], weight[rows])
    one, other = sorted(readouts, key=lambda each: -hasattr(each, "n_samples_seen_"))
    if hasattr(other, "n_samples_seen_"):
        one.merge(other)
    assert one.n_samples_seen_ == len(X)
    assert_close(one.best_score_, whole.best_score_, Y**2)
    if one.alpha_ == whole.alpha_:
        assert_close(one.predict(3 * X), whole.predict(3 * X), Y)
    again = pickle.loads(pickle.dumps(one))
    np.testing.assert_array_equal(again.predict(X), one.predict(X))


@given(problems(), st.integers(0, 2**31 - 1))
def test_classifier_is_the_regressor_of_its_codes(problem, seed):
    X, _, weight = problem
    y = np.array(["b", "a", "c"])[np.random.default_rng(seed).integers(0, 3, len(X))]
    y[:2] = "a", "b"
    ours = RidgeReadoutClassifier().fit(X, y, weight)
    columns = ours.classes_[1:] if len(ours.classes_) == 2 else ours.classes_
    theirs = RidgeReadoutRegressor().fit(X, np.where(y[:, None] == columns, 1.0, -1.0), weight)
    assert ours.alpha_ == theirs.alpha_
    assert_close(ours.decision_function(X), theirs.predict(X), np.ones(1))
    parts = RidgeReadoutClassifier()
    for rows in np.array_split(np.arange(len(X)), 3):
        if len(rows):
            parts.partial_fit(X[rows], y[rows], ours.classes_, weight[rows])
    assert_close(parts.best_score_, ours.best_score_, np.ones(1))
