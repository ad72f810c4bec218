"""Estimators of sktime that hold those of the package."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import RidgeClassifierCV

from skliquid import LiquidTransformer, LSMClassifier, LSMRegressor

pytest.importorskip("sktime")

from sktime.utils.estimator_checks import check_estimator

from skliquid.sktime import SktimeLiquidTransformer, SktimeLSMClassifier, SktimeLSMRegressor

SMALL = {"reservoir_size": 30, "random_state": 0}
PAIRS = [
    (SktimeLSMClassifier, LSMClassifier, "predict_proba"),
    (SktimeLSMRegressor, LSMRegressor, "predict"),
    (SktimeLiquidTransformer, LiquidTransformer, "transform"),
]
of_each = pytest.mark.parametrize(("Adapter", "Own", "method"), PAIRS)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("Estimator", [ours for ours, _, _ in PAIRS])
def test_checks_of_sktime(Estimator):
    results = check_estimator(Estimator, verbose=False)
    assert len(results) > 100
    assert {name: result for name, result in results.items() if result != "PASSED"} == {}


def of_rows(X):
    """One data frame of a list of sequences, indexed by (instance, time)."""
    return pd.concat({i: pd.DataFrame(x).add_prefix("channel") for i, x in enumerate(X)})


@of_each
@pytest.mark.parametrize("layout", [of_rows, lambda X: [pd.DataFrame(x) for x in X]])
def test_is_the_estimator_that_it_holds(few_vowels, Adapter, Own, method, layout):
    X, y = few_vowels
    y = y.astype(float)
    panel = layout(X)
    own, adapter = Own(**SMALL).fit(X, y), Adapter(**SMALL).fit(panel, y)
    expected = getattr(own, method)(X)
    assert (np.asarray(getattr(adapter, method)(panel)) == expected).all()
    assert (getattr(adapter.estimator_, method)(X) == expected).all()
    if method == "predict_proba":
        assert (adapter.predict(panel) == own.predict(X)).all()
    if method == "transform":
        features = adapter.transform(panel)
        assert features.columns.tolist() == own.get_feature_names_out().tolist()


@of_each
def test_nan_at_the_end_is_missing(Adapter, Own, method):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 12, 2)).cumsum(axis=1), np.arange(40) % 2
    X[::3, 9:] = np.nan
    own = Own(missing="hold", **SMALL).fit(list(X), y)
    adapter = Adapter(missing="hold", **SMALL)
    for panel in (X.transpose(0, 2, 1), of_rows(X)):
        found = getattr(adapter.fit(panel, y), method)(panel)
        assert (np.asarray(found) == getattr(own, method)(list(X))).all()
        with pytest.raises(ValueError, match="missing"):
            Adapter(**SMALL).fit(panel, y)


def test_tags_follow_the_parameters():
    assert SktimeLSMClassifier(missing="hold").get_tag("capability:missing_values")
    lsm = SktimeLSMClassifier().set_params(missing="linear")
    assert lsm.get_tag("capability:missing_values")
    assert not lsm.set_params(missing="error").get_tag("capability:missing_values")


def test_pipeline():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    X = rng.normal(size=(60, 1, 20)) + np.sin(np.arange(20) * (0.3 + y[:, None]))[:, None]
    pipeline = SktimeLiquidTransformer(**SMALL) * RidgeClassifierCV()
    assert pipeline.fit(X, y).score(X, y) > 0.9
