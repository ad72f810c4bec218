"""scikit-learn's own checks, on all estimators, without an excuse."""

import warnings
from itertools import product

import numpy as np
import pytest
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator

from skliquid import (
    EarlyLSMClassifier,
    LiquidTransformer,
    LSMClassifier,
    LSMRegressor,
    RidgeReadoutClassifier,
    RidgeReadoutRegressor,
)

ESTIMATORS = [LiquidTransformer, LSMClassifier, LSMRegressor]


@pytest.mark.parametrize(
    ("Estimator", "parameters"),
    [
        *product(ESTIMATORS, [{}, {"engine": "mlx", "reservoir_size": 100}]),
        *product(ESTIMATORS, [{"missing": "hold", "reservoir_size": 100}]),
        *(
            (EarlyLSMClassifier, {"estimator": LSMClassifier(30, random_state=0), "cv": cv})
            for cv in (0.3, 3)
        ),
        (RidgeReadoutClassifier, {}),
        (RidgeReadoutRegressor, {}),
    ],
)
@pytest.mark.usefixtures("same_draws_every_run")
def test_check_estimator(Estimator, parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks provoke them
        results = check_estimator(Estimator(**parameters), on_fail=None)
    status = {}
    for result in results:
        status.setdefault(result["status"], []).append(result["check_name"])
    assert set(status) <= {"passed", "skipped"}, status
    # It needs an environment variable that must be set before SciPy is imported.
    assert status.get("skipped", []) in ([], ["check_array_api_input"])
    assert len(status["passed"]) >= 50


@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_no_tag_excuses(Estimator):
    tags = get_tags(Estimator())
    assert not tags.no_validation
    assert not tags.non_deterministic
    assert tags.input_tags.two_d_array
    assert tags.input_tags.three_d_array
    if tags.classifier_tags:
        assert not tags.classifier_tags.poor_score
    if tags.regressor_tags:
        assert not tags.regressor_tags.poor_score


def test_estimators_share_their_parameters():
    liquid = LiquidTransformer().get_params()
    # A regressor is given what has just happened too.
    ends = {"pooling": (*liquid["pooling"], "trace")}
    for Estimator, own in ((LSMClassifier, {}), (LSMRegressor, ends)):
        parameters = Estimator().get_params()
        assert {name: parameters[name] for name in liquid} == liquid | own
        assert set(parameters) - set(liquid) <= {
            "readout",
            "memory",
            "class_weight",
            "n_shifts",
            "train_reservoir",
        }


@pytest.mark.parametrize("Estimator", ESTIMATORS)
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("reservoir_size", [0, -3, 2.5, "many"]),
        ("connectivity", [0, 1.01, -0.5, np.nan]),
        ("recurrent_fraction", [0, 1.01, -0.5, np.nan, None, "some"]),
        ("spectral_radius", [-0.1, np.inf, "large"]),
        ("exc_ratio", [-0.1, 1.1]),
        ("ei_balance", [-0.1, np.nan, "even"]),
        ("beta", [-0.1, 1.0, (0.0, 0.5), (0.5, 1.0), (0.9, 0.1), (0.5,), "slow"]),
        ("relative_tau", [0, -1.0, (0, 1), (0.5, 0.1), (1, 2, 3), "long"]),
        ("threshold", [0, -1]),
        ("adaptation", [-1, np.inf, "some"]),
        ("tau_adaptation", [0, -1, np.inf]),
        ("refractory", [-1, 1.5, 2**21]),
        ("missing", ["mean", None, np.nan]),
        ("encoder", ["morse", 3]),
        ("derivative", ["yes", 1, -0.1, 1.0]),
        ("n_delays", [0, 1.5]),
        ("max_delay", [-1, 0.25, 1.0, 2**21, np.nan, "long", "25", "%", "-5%", "nan%", "inf%"]),
        ("max_channels", [0, 1.5, "all"]),
        ("target_rate", [0, 1.0, (0.0, 0.5), (0.5, 1.0), (0.5, 0.1), (0.1,), "low"]),
        ("bidirectional", ["yes", 1]),
        ("n_liquids", [0, 1.5]),
        ("topology", ["ring", 3, None]),
        ("topology_params", ["k", 6]),
        ("cell", ["transformer", 1]),
        ("input_scaling", [-1, "x"]),
        ("scale_channels", ["yes", 2]),
        ("pooling", ["spikes", [], ["rate", "spikes"], None]),
        ("n_windows", [0, 1.5, (), (2, 2), (2, 0)]),
        ("tau_trace", [0, -1]),
        ("engine", ["torch", 1]),
        ("batch_size", [0, 1.5]),
        ("n_jobs", [1.5, "all"]),
        ("random_state", ["seed"]),
        ("readout", ["svm", 3]),
        ("memory", [3]),
        ("class_weight", ["even", 3]),
        ("train_reservoir", ["yes", 1]),
    ],
)
@pytest.mark.usefixtures("same_draws_every_run")
def test_bad_parameter_is_named_with_its_value(Estimator, name, values):
    if name not in Estimator().get_params():
        pytest.skip("not a parameter of this estimator")
    X = np.random.default_rng(0).normal(size=(6, 5, 1))
    for value in values:
        with pytest.raises((ValueError, TypeError), match=name) as error:
            Estimator(**{name: value}).fit(X, [0, 1] * 3)
        # Of several values the message names them all, or that which is wrong.
        received = [value, *value] if isinstance(value, tuple) else [value]
        assert any(f"{part}" in str(error.value) for part in received)
        assert "must be" in str(error.value)


@pytest.mark.parametrize("Estimator", ESTIMATORS)
@pytest.mark.usefixtures("same_draws_every_run")
def test_html_view(Estimator):
    X = np.random.default_rng(0).normal(size=(6, 5, 1))
    estimator = Estimator(reservoir_size=30)
    for view in (estimator._repr_html_(), estimator.fit(X, [0, 1] * 3)._repr_html_()):
        assert Estimator.__name__ in view
        assert "spectral_radius" in view
