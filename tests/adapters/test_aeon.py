"""Estimators of aeon that hold those of the package."""

import re
import textwrap
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV

from skliquid import LiquidTransformer, LSMClassifier, LSMRegressor

pytest.importorskip("aeon")

from aeon.pipeline import make_pipeline
from aeon.testing.estimator_checking import check_estimator, parametrize_with_checks
from aeon.testing.estimator_checking._yield_multithreading_checks import (
    check_estimator_multithreading,
)
from aeon.transformations.collection import Normalizer

from skliquid.aeon import AeonLiquidTransformer, AeonLSMClassifier, AeonLSMRegressor

SMALL = {"reservoir_size": 30, "random_state": 0}
PAIRS = [
    (AeonLSMClassifier, LSMClassifier, "predict_proba"),
    (AeonLSMRegressor, LSMRegressor, "predict"),
    (AeonLiquidTransformer, LiquidTransformer, "transform"),
]
ESTIMATORS = [ours for ours, _, _ in PAIRS]
of_each = pytest.mark.parametrize(("Adapter", "Own", "method"), PAIRS)


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(ESTIMATORS)
def test_checks_of_aeon(check):
    check()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_number_of_checks(Estimator):
    results = check_estimator(Estimator, checks_to_run=["check_repr", "check_fit_deterministic"])
    assert list(results.values()) == ["PASSED"] * 4
    assert len(check_estimator(Estimator, use_first_parameter_set=True)) >= 20


def test_threads():
    datatype = "EqualLengthMultivariate-Classification-numpy3D"
    check_estimator_multithreading(AeonLSMClassifier(20), datatype)


@of_each
def test_is_the_estimator_that_it_holds(few_vowels, Adapter, Own, method):
    X, y = few_vowels
    y = y.astype(float)
    X_aeon = [x.T for x in X]  # of different lengths
    own, adapter = Own(**SMALL).fit(X, y), Adapter(**SMALL).fit(X_aeon, y)
    expected = getattr(own, method)(X)
    assert (getattr(adapter, method)(X_aeon) == expected).all()
    assert (getattr(adapter.estimator_, method)(X) == expected).all()
    if method == "predict_proba":
        assert (adapter.predict(X_aeon) == own.predict(X)).all()


@of_each
def test_nan_at_the_end_is_missing(Adapter, Own, method):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 12, 2)).cumsum(axis=1), np.arange(40) % 4
    X[::3, 9:] = np.nan
    own = Own(missing="hold", **SMALL).fit(list(X), y)
    adapter = Adapter(missing="hold", **SMALL).fit(X.transpose(0, 2, 1), y)
    assert (getattr(adapter, method)(X.transpose(0, 2, 1)) == getattr(own, method)(list(X))).all()
    with pytest.raises(ValueError, match="has missing values"):
        Adapter(**SMALL).fit(X.transpose(0, 2, 1), y)


def test_tags_follow_the_parameters():
    assert AeonLSMClassifier(missing="hold").get_tag("capability:missing_values")
    lsm = AeonLSMClassifier().set_params(missing="linear")
    assert lsm.get_tag("capability:missing_values")
    assert not lsm.set_params(missing="error").get_tag("capability:missing_values")


def test_readout_without_probabilities():
    X, y = np.random.default_rng(0).normal(size=(40, 2, 12)), np.arange(40) % 2
    lsm = AeonLSMClassifier(readout=RidgeClassifier(), **SMALL).fit(X, y)
    assert (lsm.predict_proba(X).argmax(axis=1) == lsm.predict(X)).all()


def test_pipeline_and_search():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    X = rng.normal(size=(60, 1, 20)) + np.sin(np.arange(20) * (0.3 + y[:, None]))[:, None]
    lsm = AeonLSMClassifier(**SMALL)
    search = GridSearchCV(lsm, {"spectral_radius": [0.5, 1.0]}, cv=2).fit(X, y)
    assert search.score(X, y) > 0.9
    assert make_pipeline(Normalizer(), lsm).fit(X, y).score(X, y) > 0.9


def test_manual(vowels):
    text = (Path(__file__).parents[2] / "docs/coming_from.rst").read_text("utf-8")
    (code,) = re.findall(r"^    from skliquid\.aeon .*\n(?:    .*\n|\n)+", text, re.MULTILINE)
    *lines, last = textwrap.dedent(code).strip().splitlines()
    names = dict(zip(["X_train", "y_train", "X_test", "y_test"], vowels, strict=True))
    exec("\n".join(lines), names)
    expression, said = last.split("  # ")
    assert eval(expression, names) == pytest.approx(float(said), abs=0.004)
