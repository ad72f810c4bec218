"""Liquids whose every state is kept, for readouts that act over time."""

import copy
import pickle
import subprocess
import sys
import warnings

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.estimator_checks import check_estimator

from skliquid import LeakyReadoutClassifier, LSMClassifier, LSMRegressor

READOUTS = ["leaky_rate", "leaky_spike"]


@pytest.mark.parametrize("readout", READOUTS)
def test_scores_over_time_are_those_of_the_beginning(few_vowels, readout):
    X, y = few_vowels
    lsm = LSMClassifier(40, readout=readout, random_state=0).fit(X, y)
    scores = lsm.predict_over_time(X)
    assert [s.shape for s in scores] == [(len(x), 3) for x in X]
    np.testing.assert_array_equal([s[-1] for s in scores], lsm.decision_function(X))
    for n_seen in (1, 6, 12):
        cut = lsm.decision_function([x[:n_seen] for x in X])
        seen = [s[min(n_seen, len(s)) - 1] for s in scores]
        np.testing.assert_array_equal(seen, cut)
    np.testing.assert_allclose(lsm.predict_proba(X).sum(axis=1), 1)
    np.testing.assert_allclose(np.exp(lsm.predict_log_proba(X)), lsm.predict_proba(X))
    assert (lsm.predict_proba(X).argmax(axis=1) == lsm.decision_function(X).argmax(axis=1)).all()
    assert lsm.score(X, y) > 0.9
    assert list(lsm.pipeline_.named_steps) == ["liquid", "readout"]
    np.testing.assert_array_equal(lsm.pipeline_.predict(X), lsm.predict(X))


@pytest.mark.parametrize("readout", READOUTS)
def test_bits_do_not_depend_on_the_batch(few_vowels, readout):
    X, y = few_vowels
    lsm = LSMClassifier(40, readout=readout, random_state=0).fit(X, y)
    expected = lsm.decision_function(X)
    order = np.random.default_rng(0).permutation(len(X))[:11]
    np.testing.assert_array_equal(lsm.decision_function([X[i] for i in order]), expected[order])
    for engine in ("numpy", "mlx"):
        lsm.pipeline_[0].set_params(engine=engine)
        np.testing.assert_array_equal(lsm.decision_function(X), expected)


def test_two_classes_have_one_score(few_vowels):
    X, y = few_vowels
    lsm = LSMClassifier(40, readout="leaky_rate", random_state=0).fit(X[:20], y[:20])
    scores = np.array([s[-1] for s in lsm.predict_over_time(X)])
    assert scores.shape == (30, 2)
    np.testing.assert_array_equal(lsm.decision_function(X), scores[:, 1] - scores[:, 0])
    np.testing.assert_array_equal(lsm.predict(X) == "2", lsm.decision_function(X) > 0)


def test_availability(few_vowels):
    X, y = few_vowels
    for lsm in (LSMClassifier(), LSMClassifier(readout="leaky_rate", bidirectional=True)):
        assert not hasattr(lsm, "predict_over_time")
    assert hasattr(LSMClassifier(readout=LeakyReadoutClassifier("spike")), "predict_over_time")
    both = LSMClassifier(40, readout="leaky_rate", bidirectional=True, random_state=0).fit(X, y)
    assert both.pipeline_[-1].coef_.shape == (3, 80)
    assert both.score(X, y) > 0.9
    for unknown in ("lasso", LSMRegressor()):
        assert not hasattr(LSMClassifier(readout=unknown), "predict_proba")
    with pytest.raises(NotFittedError):
        LSMClassifier(readout="leaky_rate").predict_over_time(X)
    with pytest.raises(ValueError, match="readout"):
        LSMRegressor(30, readout="leaky_rate").fit(X, np.arange(len(X)))


def test_grid_over_readouts_and_their_parameters(few_vowels):
    X, y = few_vowels
    grid = {
        "readout": [
            "ridge",
            *READOUTS,
            LeakyReadoutClassifier(tau=2.0, max_iter=5, random_state=0),
        ]
    }
    search = GridSearchCV(LSMClassifier(30, random_state=0), grid, cv=2, error_score="raise")
    assert (search.fit(X, y).cv_results_["mean_test_score"] > 0.6).all()
    lsm = LSMClassifier(
        30, readout=LeakyReadoutClassifier(max_iter=4, random_state=0), random_state=0
    )
    search = GridSearchCV(lsm, {"readout__tau": [1.0, 5.0], "n_liquids": [1, 2]}, cv=2).fit(X, y)
    assert len(search.cv_results_["params"]) == 4


def test_memory_and_weights(few_vowels, tmp_path):
    X, y = few_vowels
    weight = np.arange(1.0, 31.0)
    lsm = LSMClassifier(30, readout="leaky_rate", class_weight="balanced", random_state=0)
    expected = lsm.fit(X, y, sample_weight=weight).decision_function(X)
    lsm.set_params(memory=str(tmp_path))
    for _ in range(2):
        got = lsm.fit(X, y, sample_weight=weight).decision_function(X)
        np.testing.assert_array_equal(got, expected)


def through_skops(estimator):
    data = skops.io.dumps(estimator)
    untrusted = skops.io.get_untrusted_types(data=data)
    assert all(name.startswith("skliquid.") for name in untrusted)
    return skops.io.loads(data, trusted=untrusted)


@pytest.mark.parametrize("readout", READOUTS)
def test_copies_and_refits_give_the_same_bits(few_vowels, readout):
    X, y = few_vowels
    lsm = LSMClassifier(30, readout=readout, random_state=0).fit(X, y)
    expected = lsm.decision_function(X)
    copies = [pickle.loads(pickle.dumps(lsm)), copy.deepcopy(lsm), through_skops(lsm)]
    for other in [*copies, clone(lsm).fit(X, y)]:
        np.testing.assert_array_equal(other.pipeline_[-1].coef_, lsm.pipeline_[-1].coef_)
        np.testing.assert_array_equal(other.decision_function(X), expected)


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_training_on_every_backend(few_vowels, backend):
    X, y = few_vowels
    lsm = LSMClassifier(30, readout=LeakyReadoutClassifier(max_iter=5, random_state=0))
    lsm.set_params(random_state=0)
    expected = cross_val_score(lsm, X, y, cv=3)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        np.testing.assert_array_equal(cross_val_score(lsm, X, y, cv=3), expected)
        parallel = joblib.Parallel()(
            joblib.delayed(_fitted_scores)(lsm, X, y, seed) for seed in (0, 0)
        )
    for scores in parallel:
        np.testing.assert_array_equal(scores, _fitted_scores(lsm, X, y, 0))


def _fitted_scores(lsm, X, y, seed):
    return clone(lsm).set_params(random_state=seed).fit(X, y).decision_function(X)


def test_prediction_does_not_load_mlx(few_vowels, tmp_path):
    X, y = few_vowels
    lsm = LSMClassifier(30, readout="leaky_spike", random_state=0).fit(X, y)
    joblib.dump((lsm, X), tmp_path / "lsm")
    code = "import sys, joblib; lsm, X = joblib.load(sys.argv[1]); lsm.predict_over_time(X)\n"
    code += "print('mlx' in sys.modules)"
    command = [sys.executable, "-c", code, str(tmp_path / "lsm")]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert out.strip() == "False"


@pytest.mark.usefixtures("same_draws_every_run")
def test_check_estimator():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks provoke them
        results = check_estimator(LSMClassifier(50, readout="leaky_rate"), on_fail=None)
    failed = [r["check_name"] for r in results if r["status"] not in ("passed", "skipped")]
    assert failed == []
