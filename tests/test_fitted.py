"""What a fit has learned stays, whatever is set, fails or is interrupted afterwards."""

import inspect
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone

import skliquid
from skliquid import (
    EarlyLSMClassifier,
    LeakyReadoutClassifier,
    LiquidTransformer,
    LSMClassifier,
    LSMRegressor,
    RidgeReadoutClassifier,
    RidgeReadoutRegressor,
)
from skliquid.adaptation import Plasticity
from skliquid.encoding import ENCODERS, CompressionEncoder, PopulationEncoder
from skliquid.reservoirs import SynapseModel

PACKAGE = str(Path(skliquid.__file__).parent)
SMALL = {"reservoir_size": 12, "engine": "numpy", "random_state": 0}
LEAKY = LeakyReadoutClassifier(max_iter=1, random_state=0)
rng = np.random.default_rng(0)
X = rng.normal(size=(12, 9, 2)).cumsum(axis=1)
OTHERS = 3.0 * rng.normal(size=(10, 7, 2)).cumsum(axis=1)
Y, OTHER_Y = np.arange(12) % 3, np.arange(10) % 2
TABLE, OTHER_TABLE = X[:, :7, 0], OTHERS[:, :, 0]

ESTIMATORS = {
    "transformer": LiquidTransformer(**SMALL),
    "classifier": LSMClassifier(**SMALL),
    "classifier over time": LSMClassifier(readout=LEAKY, **SMALL),
    "regressor": LSMRegressor(**SMALL),
    "early classifier": EarlyLSMClassifier(
        LSMClassifier(**SMALL), risk=1, checkpoints=3, cv=2, random_state=0
    ),
    "leaky readout": LEAKY,
    "ridge classifier": RidgeReadoutClassifier(),
    "ridge regressor": RidgeReadoutRegressor(),
    **{name: encoder() for name, encoder in ENCODERS.items()},
}


def data_for(estimator):
    if "Ridge" in type(estimator).__name__:
        return (TABLE, Y), (OTHER_TABLE, OTHER_Y)
    return (X, Y), (OTHERS, OTHER_Y)


def parts_that_end(X, y):
    """Parts of a collection, of which the second is spoilt."""
    yield X[:6]
    raise OSError("the disk is gone")


class InterruptedError_(BaseException):
    """What no code but the test's catches."""


def interrupted_at(n_calls, call):
    """Run something until the package has called so many functions; tell whether it came so far.

    Without a number, return how many there are.
    """
    n_seen = 0

    def trace(frame, event, _):
        nonlocal n_seen
        # What is raised when a generator is closed early is lost.
        is_one = not frame.f_code.co_flags & inspect.CO_GENERATOR
        # For this scikit-learn asks when all is done.
        is_one &= frame.f_locals.get("name") != "_sklearn_output_config"
        if event == "call" and is_one and frame.f_code.co_filename.startswith(PACKAGE):
            n_seen += 1
            if n_seen == n_calls:
                raise InterruptedError_

    sys.setprofile(trace)
    try:
        call()
    except InterruptedError_:
        return True
    finally:
        sys.setprofile(None)
    return n_seen if n_calls is None else False


@pytest.mark.filterwarnings("ignore:Of the samples that `fit` was given")
@pytest.mark.parametrize("method", ["fit", "fit_transform", "partial_fit", "partial_fit again"])
@pytest.mark.parametrize("name", list(ESTIMATORS))
def test_a_fit_that_is_interrupted_leaves_the_estimator_as_it_was(name, method):
    estimator = clone(ESTIMATORS[name])
    method, _, again = method.partition(" ")
    if not hasattr(estimator, method):
        pytest.skip("no such method")
    data, others = data_for(estimator)
    if again:
        estimator.partial_fit(*data)
        others = data[0][::-1], data[1]
    else:
        estimator.fit(*data)
    saved = pickle.dumps(estimator)
    getattr(pickle.loads(saved), method)(*others)  # imports, and compiles
    twin = pickle.loads(saved)
    n_calls = interrupted_at(None, lambda: getattr(twin, method)(*others))
    for n in np.unique(np.geomspace(1, n_calls, 8).astype(int)):
        assert interrupted_at(n, lambda: getattr(estimator, method)(*others))
        assert pickle.dumps(estimator) == saved, n


@pytest.mark.filterwarnings("ignore:Of the samples that `fit` was given", "ignore:invalid value")
@pytest.mark.parametrize("name", list(ESTIMATORS))
def test_a_fit_that_fails_leaves_the_estimator_as_it_was(name):
    estimator = clone(ESTIMATORS[name])
    (X, y), (others, other_y) = data_for(estimator)
    saved = pickle.dumps(estimator.fit(X, y))
    spoilt = others.copy()
    spoilt[-1, 0] = np.nan
    failing = [(spoilt, other_y), (others, other_y, -np.ones(len(others)))]
    if hasattr(estimator, "predict"):
        failing += [(others, other_y[1:]), (others, None), (others, np.full(10, np.nan))]
    if isinstance(estimator, LSMClassifier | LSMRegressor):
        failing += [(parts_that_end(others, other_y), other_y)]
    for method in ("fit", "fit_transform", "partial_fit"):
        for arguments in failing if hasattr(estimator, method) else []:
            with pytest.raises((ValueError, TypeError, OSError)):
                getattr(estimator, method)(*arguments)
            assert pickle.dumps(estimator) == saved
    fresh = clone(estimator)
    with pytest.raises((ValueError, TypeError)):
        fresh.fit(*failing[0])
    assert vars(fresh).keys() == fresh.get_params(deep=False).keys()


OTHER_VALUES = {
    **{"reservoir_size": 5, "connectivity": 0.5, "recurrent_fraction": 1.0},
    **{"spectral_radius": 0.1, "exc_ratio": 0.3, "ei_balance": None, "beta": 0.5},
    **{"relative_tau": 0.5, "threshold": 2.0, "adaptation": 0.5, "tau_adaptation": 3.0},
    **{"refractory": 2, "topology": "small_world", "topology_params": {"p": 0.5}, "cell": "gru"},
    **{"encoder": "population", "scale_channels": True, "derivative": True},
    **{"synapse": SynapseModel(delay=2), "plasticity": Plasticity()},
    **{"input_scaling": 0.5, "n_delays": 1, "max_delay": 2, "max_channels": 1},
    **{"target_rate": 0.3, "bidirectional": True, "n_liquids": 3, "pooling": "rate"},
    **{
        "missing": "hold",
        "n_windows": 2,
        "tau_trace": 50.0,
        "random_state": 7,
        "class_weight": {0: 9.0},
    },
    **{"n_shifts": 1, "train_reservoir": True, "readout": "mlp"},
    # Of readouts.
    **{"kind": "spike", "tau": 1.0, "spk_reset": "hard", "alpha": 9.0, "learning_rate": 0.1},
    **{"max_iter": 9, "validation_fraction": 0.0, "n_iter_no_change": 1, "tol": 0.5},
    **{"alphas": [1e6], "fit_intercept": False, "standardize": "auto", "limit": True},
    **{"groups": np.arange(7) % 2, "unmask": True},
    # Of early decisions.
    **{"estimator": LSMClassifier(5, missing="hold"), "risk": 0.0, "confidence_level": 0.5},
    **{"checkpoints": 2, "cv": 0.5},
    # Of encoders.
    **{"knee": 0.1, "n_neurons": 3, "width": 3.0, "start": "first", "n_steps": 2},
    **{"max_rate": 0.1, "n_taps": 2, "cutoff": 0.5},
}


def told(estimator):
    """All that a fitted estimator tells of some data."""
    data = data_for(estimator)[1][0]
    methods = ("transform", "spikes", "predict", "decision_function", "predict_over_time")
    tells = [getattr(estimator, each)(data) for each in methods if hasattr(estimator, each)]
    if hasattr(estimator, "get_feature_names_out"):
        tells.append(estimator.get_feature_names_out().tolist())
    try:
        tells.append(estimator.open_stream().push(data[0]).features())
    except (AttributeError, ValueError) as error:  # which names parameters as they are now
        tells.append(type(error))
    return pickle.dumps(tells)


@pytest.mark.parametrize("name", list(ESTIMATORS))
def test_parameters_set_after_fit_change_nothing_that_was_learned(name):
    estimator = clone(ESTIMATORS[name])
    estimator.fit(*data_for(estimator)[0])
    before = told(estimator)
    runs = {"engine", "n_jobs", "batch_size", "verbose", "memory"}
    for parameter in set(estimator.get_params(deep=False)) - runs:
        value = OTHER_VALUES[parameter] if parameter != "derivative" else not estimator.derivative
        assert told(estimator.set_params(**{parameter: value})) == before, parameter


def test_parameters_inside_parameters_change_nothing_that_was_learned():
    for parameters, inside in (
        ({"encoder": CompressionEncoder()}, {"encoder__knee": 0.1}),
        ({"encoder": PopulationEncoder()}, {"encoder__n_neurons": 3}),
        ({"readout": LEAKY}, {"readout__tau": 0.5, "readout__kind": "spike"}),
    ):
        lsm = LSMClassifier(**parameters, **SMALL).fit(X, Y)
        before = told(lsm)
        assert told(lsm.set_params(**inside)) == before
        assert told(lsm.fit(X, Y)) != before
        pooling = ["rate"]
    liquid = LiquidTransformer(pooling=pooling, **SMALL).fit(X)
    pooling.append("counts")
    assert liquid.transform(X).shape == (12, 12)


def test_a_fitted_encoder_inside_is_read_as_it_was_fitted():
    liquid = LiquidTransformer(encoder="population", **SMALL).fit(X)
    before = told(liquid)
    liquid.encoder_.set_params(n_neurons=3, width=2.0)
    assert told(liquid) == before


def test_the_model_of_parts_does_not_depend_on_when_it_is_asked_for():
    for rows in (3, 12):  # samples are kept, or sums
        parts = [(TABLE[:rows], Y[:rows]), (TABLE[12 - rows :], Y[12 - rows :])]
        asked, later = (RidgeReadoutClassifier(alphas=[0.1, 1.0]) for _ in range(2))
        for readout in (asked, later):
            for part in parts:
                readout.partial_fit(*part, classes=[0, 1, 2])
        expected = asked.coef_
        for readout in (asked, later):
            readout.set_params(alphas=[1e4], fit_intercept=False, standardize=True, limit=True)
            np.testing.assert_array_equal(readout.coef_, expected)
        assert (later.partial_fit(*parts[0]).coef_ != expected).all()  # where they act
