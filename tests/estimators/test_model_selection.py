"""The estimators inside scikit-learn's and joblib's machinery, on a plain list of arrays."""

import copy
import io
import pickle

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline

from skliquid import LiquidTransformer, LSMClassifier, LSMRegressor

GRID = {
    "spectral_radius": [0.5, 0.9, 1.2],
    "topology": ["erdos_renyi", "small_world", "scale_free"],
}


def search(X, y, n_jobs, backend):
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    grid = GridSearchCV(LSMClassifier(60, random_state=0), GRID, cv=folds)
    with joblib.parallel_config(backend=backend, n_jobs=n_jobs):
        return grid.fit(X, y)


def test_grid_search_on_every_backend(vowels):
    X, y, X_test, _ = vowels
    searches = [search(X, y, *how) for how in ((1, "loky"), (2, "loky"), (2, "threading"))]
    for other in searches:
        for name in ("mean_test_score", "std_test_score", "rank_test_score"):
            np.testing.assert_array_equal(other.cv_results_[name], searches[0].cv_results_[name])
        np.testing.assert_array_equal(other.predict(X_test), searches[0].predict(X_test))
    assert len(set(searches[0].cv_results_["mean_test_score"])) > 1


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_mlx_engine_on_every_backend(few_vowels, backend):
    X, y = few_vowels
    expected = cross_val_score(LSMClassifier(60, random_state=0), X, y, cv=3)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        got = cross_val_score(LSMClassifier(60, engine="mlx", random_state=0), X, y, cv=3)
    np.testing.assert_array_equal(got, expected)


def test_pipeline_with_flat_grid(few_vowels):
    X, y = few_vowels
    pipe = Pipeline(
        [("liquid", LiquidTransformer(60, random_state=0)), ("readout", RidgeClassifierCV())]
    )
    grid = GridSearchCV(pipe, {f"liquid__{name}": values for name, values in GRID.items()}, cv=2)
    assert grid.fit(X, y).best_score_ > 0.9


def test_feature_union(few_vowels):
    X, y = few_vowels
    parts = [(f"liquid{i}", LiquidTransformer(30, random_state=i)) for i in range(2)]
    union = FeatureUnion(parts)
    features = union.fit_transform(X)
    expected = [transformer.fit_transform(X) for _, transformer in parts]
    np.testing.assert_array_equal(features, np.hstack(expected))
    assert len(union.get_feature_names_out()) == features.shape[1]
    assert make_pipeline(union, RidgeClassifierCV()).fit(X, y).score(X, y) > 0.9


def test_halving_search(vowels):
    X, y, _, _ = vowels
    grid = {"spectral_radius": [0.3, 0.9], "topology": ["erdos_renyi", "small_world"]}
    halving = HalvingGridSearchCV(LSMClassifier(40, random_state=0), grid, cv=3, random_state=0)
    assert halving.fit(X, y).best_score_ > 0.8


def through_pickle(estimator):
    return pickle.loads(pickle.dumps(estimator))


def through_joblib(estimator):
    buffer = io.BytesIO()
    joblib.dump(estimator, buffer)
    buffer.seek(0)
    return joblib.load(buffer)


def through_skops(estimator):
    data = skops.io.dumps(estimator)
    untrusted = skops.io.get_untrusted_types(data=data)
    assert all(name.startswith("skliquid.") for name in untrusted)
    return skops.io.loads(data, trusted=untrusted)


def fitted_again(estimator):
    return clone(estimator)


@pytest.mark.parametrize(
    "duplicate", [through_pickle, through_joblib, copy.deepcopy, through_skops]
)
@pytest.mark.parametrize("engine", ["numpy", "mlx"])
def test_fitted_copies_predict_the_same_bits(few_vowels, duplicate, engine):
    X, y = few_vowels
    transformer = LiquidTransformer(40, engine=engine, random_state=0).fit(X)
    classifier = LSMClassifier(40, engine=engine, random_state=0).fit(X, y)
    regressor = LSMRegressor(40, engine=engine, random_state=0).fit(X, y.astype(float))
    features, scores = transformer.transform(X), classifier.decision_function(X)
    np.testing.assert_array_equal(duplicate(transformer).transform(X), features)
    np.testing.assert_array_equal(duplicate(classifier).decision_function(X), scores)
    np.testing.assert_array_equal(duplicate(regressor).predict(X), regressor.predict(X))


def test_clone_fits_to_the_same_predictions(few_vowels):
    X, y = few_vowels
    lsm = LSMClassifier(40, random_state=0).fit(X, y)
    again = clone(lsm)
    assert not hasattr(again, "pipeline_")
    np.testing.assert_array_equal(again.fit(X, y).decision_function(X), lsm.decision_function(X))


def test_grid_over_given_topologies(few_vowels):
    X, y = few_vowels
    rng = np.random.default_rng(0)
    topologies = [rng.normal(size=(30, 30)) * 0.1, "small_world", diagonal]
    grid = GridSearchCV(LSMClassifier(30, random_state=0), {"topology": topologies}, cv=2)
    assert np.isfinite(grid.fit(X, y).cv_results_["mean_test_score"]).all()


def diagonal(n, rng):
    """Neurons that each excite themselves."""
    return np.diag(rng.random(n))
