"""A wrong value of any parameter is an error that names parameter, value and what is accepted."""

import inspect
import re
import warnings

import mlx.core as mx
import numpy as np
import pytest
from scipy import sparse

import skliquid
from skliquid import adaptation, datasets, encoding, nn, reservoirs, topology
from skliquid._checks import shown
from skliquid.nn import surrogate

X, Y = np.random.default_rng(0).normal(size=(6, 5, 2)), [0, 1] * 3


class Thing:
    """Has nothing that any parameter needs."""


# What no parameter accepts, and what only some do.
NEVER = [
    *(Thing(), Thing, 1j, b"x", "wrong", "x" * 10**5, np.nan, np.inf, np.array(-3)),
    *((np.nan, np.nan), (True, False), {"a": 1}, -1.5, -(10**30), np.int64(-3)),
]
SELDOM = {
    "flags": [True, np.bool_(False)],
    "sizes": [10**30],
    "others": [None, "", [], (), {}, 0, 1.5, -1, lambda: 1, ("a", "b"), list(range(10**4))],
}
FLAGS = {
    *("derivative", "scale_channels", "bidirectional", "train_reservoir", "trainable"),
    *("as_sparse", "return_positions", "fit_intercept", "standardize", "limit", "verbose"),
    *("inhibitory", "unmask"),
}
SIZES = {
    *("reservoir_size", "n_delays", "n_liquids", "n_windows", "n_steps", "n_taps", "n_neurons"),
    *("n", "k", "m", "n_channels", "input_size", "hidden_size", "output_size", "sensor_size"),
}
SIGNED = [-1.5, np.int64(-3), np.array(-3)]
ACCEPTED = {
    **{"n_jobs": [np.int64(-3), -(10**30)], "memory": ["wrong"], "seed": [(True, False)]},
    **{name: [(True, False)] for name in ("derivative_gain", "input_offset", "input_gain")},
    **dict.fromkeys(("background", "reset", "initial", "b", "c", "d", "gain"), SIGNED),
    "tau_m": [np.inf],
}


def fitted(estimator):
    y = np.arange(6.0) if isinstance(estimator, skliquid.LSMRegressor) else Y
    is_ridge = "Ridge" in type(estimator).__name__
    return estimator.fit(X[:, 0] if is_ridge else X, y)


def ran(module):
    return module.forward_sequence(mx.ones((4, 2, 3)))


def drawn(model):
    rng = np.random.default_rng(0)
    is_synapse = isinstance(model, reservoirs.SynapseModel)
    return model.draw(sparse.csc_array(np.eye(20)) if is_synapse else 20, rng)


def learned(plasticity):
    return plasticity.learn(reservoirs.draw_liquid(2, 20, seed=0), X[:2])


def called(function):
    return function if not callable(function) else function(mx.ones(3))


EVENTS = {"X": [np.array([[0.0, 1.0]])], "sensor_size": 3, "time_step": 1.0}
RNG = {"rng": np.random.default_rng(0)}
CALLS = {
    **{
        getattr(skliquid, name): ({"reservoir_size": 20}, fitted)
        for name in ("LiquidTransformer", "LSMClassifier", "LSMRegressor")
    },
    skliquid.EarlyLSMClassifier: ({"estimator": skliquid.LSMClassifier(20)}, fitted),
    **{
        getattr(skliquid, name): ({}, fitted)
        for name in ("LeakyReadoutClassifier", "RidgeReadoutClassifier", "RidgeReadoutRegressor")
    },
    **{encoder: ({}, fitted) for encoder in encoding.ENCODERS.values()},
    **{
        graph: ({"n": 20}, called)
        for graph in (
            topology.erdos_renyi,
            topology.small_world,
            topology.scale_free,
            topology.spatial,
        )
    },
    topology.spectral_radius: ({"W": np.eye(3)}, called),
    **{
        getattr(nn, f"{name}Cell"): ({"input_size": 3, "hidden_size": 4}, ran)
        for name in ("VanillaRNN", "GRU", "MGU", "LSTM")
    },
    **{
        readout: ({"input_size": 3, "output_size": 4}, ran)
        for readout in (nn.LeakyRateReadout, nn.LeakySpikeReadout)
    },
    nn.LiquidReservoir: ({"input_size": 3, "reservoir_size": 20}, ran),
    nn.LSM: ({"input_size": 3, "reservoir_size": 20, "output_size": 2}, ran),
    **{
        derivative: ({}, called)
        for derivative in (surrogate.fast_sigmoid, surrogate.arctan, surrogate.triangular)
    },
    surrogate.relu_grad: ({}, called),
    reservoirs.draw_liquid: ({"n_channels": 2, "reservoir_size": 20}, called),
    reservoirs.draw_taps: ({"n_channels": 2, "n_neurons": 20, **RNG}, called),
    reservoirs.draw_synapses: ({"n": 20, **RNG}, called),
    reservoirs.draw_neurons: ({"n": 20, **RNG}, called),
    reservoirs.SynapseModel: ({"tau_syn": 3.0}, drawn),
    reservoirs.IntegrateAndFire: ({}, drawn),
    adaptation.Plasticity: ({}, learned),
    reservoirs.Izhikevich: ({}, drawn),
    datasets.from_events: (EVENTS, called),
    skliquid.from_events: ({"times": [[0.0]], "units": [[1]], "n_units": 3}, called),
}


def parameters_of(call):
    """Names of the parameters that are looked at here: data and generators are elsewhere."""
    parameters = inspect.signature(call).parameters.values()
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    elsewhere = ("rng", "X", "W", "times", "units")
    return [p.name for p in parameters if p.kind in kinds and p.name not in elsewhere]


def error_of(call, name, value):
    """The error of a value, None where it is accepted."""
    given, run = CALLS[call]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run(call(**{**given, name: value}))
    except Exception as error:
        return error
    return None


def forms_of(value):
    """How a message may show a value: whole, or what is wrong of it."""
    parts = [value, *(value if isinstance(value, tuple | list | dict) else [])]
    if isinstance(value, int | np.integer | np.ndarray):
        parts += [int(value), float(value)]
    return [*map(shown, parts), f"shape {np.shape(value)}"]


def is_accepted(name, value):
    return any(type(value) is type(each) and value == each for each in ACCEPTED.get(name, []))


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
@pytest.mark.usefixtures("same_draws_every_run")
def test_wrong_values(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where a `memory` may be made
    for name in parameters_of(call):
        never = [value for value in NEVER if not is_accepted(name, value)]
        never += SELDOM["flags"] * (name not in FLAGS) + SELDOM["sizes"] * (name in SIZES)
        for value in never + SELDOM["others"]:
            error, case = error_of(call, name, value), f"{name}={shown(value)}"
            if error is None:
                assert not any(value is each for each in never), f"{case} is accepted"
                continue
            text = str(error)
            assert isinstance(error, ValueError | TypeError), (case, error)
            assert name in text, (case, text)
            assert re.search("must|expected", text), (case, text)
            assert any(form in text for form in forms_of(value)), (case, text)
            assert len(text) < 800, case
            assert text.count("\n") < 4, case
