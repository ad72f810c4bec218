"""Penalties of groups of features, held against plain ridges on scaled features."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import RidgeCV

from skliquid import (
    LiquidTransformer,
    LSMClassifier,
    RidgeReadoutClassifier,
    RidgeReadoutRegressor,
)
from skliquid.readouts import _ridge_retained
from skliquid.readouts._ridge_base import ALPHAS
from skliquid.readouts._ridge_groups import LEVELS

SHAPES = [(40, 60), (120, 30)]


def problem(n, p, seed=0):
    """Features of which a third tells all, a third half as much in much noise, and one nothing."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    groups = np.arange(p) * 3 // p
    y = X[:, groups == 0][:, :4].sum(axis=1) + 2 * X[:, groups == 1][:, :3].sum(axis=1)
    order = rng.permutation(p)
    return X[:, order], y + rng.normal(size=n), groups[order]


def errors_by_scikit_learn(X, y, groups, weights):
    scaled = X * np.sqrt(weights)[groups]
    return -RidgeCV(ALPHAS).fit(scaled, y).best_score_


@pytest.mark.parametrize(("n", "p"), SHAPES)
@pytest.mark.parametrize("seed", range(3))
def test_weights_are_those_of_a_search_by_scikit_learn(n, p, seed):
    X, y, groups = problem(n, p, seed)
    X = X - X.mean(axis=0)
    weights = np.array([1.0, 0.0, 0.0])
    for _ in range(2):
        for group in (1, 2):
            tried = [np.where(np.arange(3) == group, level, weights) for level in LEVELS]
            errors = [errors_by_scikit_learn(X, y, groups, each) for each in tried]
            weights = tried[int(np.argmin(errors))]
    readout = RidgeReadoutRegressor(groups=groups).fit(X, y)
    assert_array_equal(readout.group_weights_, weights)
    assert weights[1] > 0


@pytest.mark.parametrize(("n", "p"), SHAPES)
@pytest.mark.parametrize("standardize", [False, True])
def test_model_is_that_of_features_multiplied(n, p, standardize):
    X, y, groups = problem(n, p)
    if standardize:
        X, offset = X * np.arange(1, p + 1), X.mean(axis=0)
        X += offset
    readout = RidgeReadoutRegressor(groups=groups, standardize=standardize).fit(X, y)
    gain = np.sqrt(readout.group_weights_)[groups]
    assert len(set(readout.group_weights_.tolist())) > 1
    scaled = (X - X.mean(axis=0)) / (X.std(axis=0) if standardize else 1) * gain
    plain = RidgeReadoutRegressor().fit(scaled, y)
    assert readout.alpha_ == plain.alpha_
    assert_allclose(readout.predict(X), plain.predict(scaled), 0, 1e-9 * abs(y).max())
    assert not readout.coef_[gain == 0].any()


@pytest.mark.parametrize("n_judges", [30, 500])
@pytest.mark.parametrize("summed", [False, True])
def test_parts_in_any_order_weigh_as_all_at_once(monkeypatch, n_judges, summed):
    monkeypatch.setattr(_ridge_retained, "N_JUDGES", n_judges)
    n, p = (150, 30) if summed else (100, 150)
    X, y, groups = problem(n, p)
    whole = RidgeReadoutRegressor(groups=groups).fit(X, y)
    for seed in range(3):
        parts = RidgeReadoutRegressor(groups=groups)
        for rows in np.array_split(np.random.default_rng(seed).permutation(n), 4):
            parts.partial_fit(X[rows], y[rows])
        assert (parts._parts.sums is not None) == summed
        assert_array_equal(parts.group_weights_, whole.group_weights_)
        assert parts.alpha_ == whole.alpha_
        assert_allclose(parts.coef_, whole.coef_, 0, 1e-9)


@pytest.mark.parametrize("scale", [1e-4, 1e-2, 1e2])
def test_groups_of_other_scales(scale):
    """The best penalty is another one for every weight."""
    rng = np.random.default_rng(0)
    for _ in range(5):
        X, groups = rng.normal(size=(20, 30)), np.arange(30) // 15
        X[:, 15:] *= scale
        y = X[:, 15:18].sum(axis=1) / scale + 0.3 * rng.normal(size=20)
        X = X - X.mean(axis=0)
        weights = [np.array([1.0, level]) for level in LEVELS]
        errors = [errors_by_scikit_learn(X, y, groups, each) for each in weights]
        readout = RidgeReadoutRegressor(groups=groups).fit(X, y)
        chosen = LEVELS.index(readout.group_weights_[1])
        assert errors[chosen] <= min(errors) * (1 + 1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64])
def test_numbers_may_have_gaps(dtype):
    X, y, groups = problem(40, 180)
    near = RidgeReadoutRegressor(groups=groups).fit(X, y)
    far = RidgeReadoutRegressor(groups=np.array([0, 3, 127], dtype)[groups]).fit(X, y)
    assert_array_equal(far.group_weights_[[0, 3, 127]], near.group_weights_)
    assert_array_equal(far.coef_, near.coef_)
    assert len(far.group_weights_) == 128


def test_one_group_is_none():
    X, y, _ = problem(40, 60)
    none = RidgeReadoutRegressor().fit(X, y)
    one = RidgeReadoutRegressor(groups=np.zeros(60, dtype=int)).fit(X, y)
    assert_array_equal(one.coef_, none.coef_)
    assert none.group_weights_ is None
    assert_array_equal(one.group_weights_, [1.0])


def test_copies_judge_as_one_sample():
    X, y, groups = problem(40, 60)
    one = RidgeReadoutRegressor(groups=groups).fit(X, y, np.repeat([1.0, 2.0], 20))
    rows = np.concatenate([np.arange(40), np.arange(20, 40)])
    copies = RidgeReadoutRegressor(groups=groups).fit(X[rows], y[rows])
    assert_array_equal(one.group_weights_, copies.group_weights_)
    assert_allclose(one.coef_, copies.coef_, 0, 1e-9)


@pytest.mark.parametrize(
    "groups",
    [[0, 1], np.zeros((60, 1), int), np.full(60, -1), np.full(60, 60), np.full(60, 0.5), "all"],
)
def test_wrong_groups_are_named(groups):
    X, y, _ = problem(40, 60)
    for method in ("fit", "partial_fit"):
        with pytest.raises(ValueError, match="groups"):
            getattr(RidgeReadoutRegressor(groups=groups), method)(X, y)


@pytest.mark.parametrize(
    "settings", [{}, {"bidirectional": True}, {"n_liquids": 2}, {"n_windows": (1, 2)}]
)
def test_machine_weighs_potentials_and_moments(settings):
    settings |= {"random_state": 0, "pooling": ("counts", "rectified", "moments", "bursts")}
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 20, 2)), np.arange(30) % 2
    lsm = LSMClassifier(15, **settings).fit(X, y)
    names = lsm.pipeline_[0].get_feature_names_out()
    weighed = ["rectified", "moments_1", "moments_2"]
    expected = [sum(i for i, each in enumerate(weighed, 1) if each in name) for name in names]
    assert_array_equal(lsm.pipeline_[-1].groups, expected)
    assert set(expected) == {0, 1, 2, 3}
    of_parts = LSMClassifier(15, **settings)
    of_parts.partial_fit(X[:20], y[:20]).partial_fit(X[20:], y[20:])
    assert_array_equal(of_parts.pipeline_[-1].groups, expected)


def test_readouts_that_are_given_weigh_as_they_say():
    X, y = np.random.default_rng(0).normal(size=(30, 20, 2)), np.arange(30) % 2
    readout = RidgeReadoutClassifier(standardize=True, limit=True)
    lsm = LSMClassifier(15, pooling=("counts", "moments"), readout=readout, random_state=0)
    assert lsm.fit(X, y).pipeline_[-1].groups is None


def test_when_things_happen_tells_what_how_often_does_not():
    """The first half of a sequence is louder, or the second."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    X = rng.normal(size=(60, 40, 1))
    X[y == 0, :20] *= 4
    X[y == 1, 20:] *= 4
    told, blind = [], []
    for seed in range(3):
        settings = {"reservoir_size": 30, "random_state": seed, "max_delay": 3}
        lsm = LSMClassifier(**settings, pooling=("counts", "moments")).fit(X[:40], y[:40])
        assert lsm.pipeline_[-1].group_weights_[1] > 0
        told.append(lsm.score(X[40:], y[40:]))
        lsm.set_params(pooling="counts").fit(X[:40], y[:40])
        assert lsm.pipeline_[-1].groups is None
        blind.append(lsm.score(X[40:], y[40:]))
    assert np.mean(told) > np.mean(blind) + 0.2


def test_moments_alone_are_not_weighed():
    X = np.random.default_rng(0).normal(size=(10, 20, 1))
    assert LiquidTransformer(5, pooling="moments", random_state=0).fit(X)._groups is None
    lsm = LSMClassifier(5, pooling="moments", random_state=0).fit(X, np.arange(10) % 2)
    assert lsm.pipeline_[-1].group_weights_ is None


def test_classes():
    X, y, groups = problem(60, 60)
    labels = np.digitize(y, [-2, 2])
    readout = RidgeReadoutClassifier(groups=groups).fit(X, labels)
    assert readout.group_weights_[1] > 0
    assert readout.predict_proba(X).shape == (60, 3)
