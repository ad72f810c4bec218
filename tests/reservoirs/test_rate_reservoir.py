"""Reservoirs of rate cells: against written-out loops and the MLX cells, and in a search."""

import copy
import pickle
import warnings
from dataclasses import replace

import mlx.core as mx
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import check_estimator

from skliquid import LiquidTransformer, LSMClassifier, LSMRegressor
from skliquid.engines import Batch, Runner, record
from skliquid.engines._lockstep import TapInput
from skliquid.nn import GRUCell, LSTMCell, MGUCell, VanillaRNNCell
from skliquid.pooling import NO_POOLING, POOLINGS
from skliquid.pooling._shares import legendre
from skliquid.reservoirs.rate_reservoir import GATES, RateReservoir
from skliquid.sequences import as_sequences
from skliquid.topology import spectral_radius

CELLS = list(GATES)


@pytest.fixture(scope="module")
def drawn(few_vowels):
    """A small fitted reservoir of each cell, which hears the frames themselves."""
    parameters = {"encoder": None, "spectral_radius": 0.8, "target_rate": (0.05, 0.5)}
    parameters |= {"random_state": 0}
    return {
        cell: LiquidTransformer(20, cell=cell, **parameters).fit(few_vowels[0]) for cell in CELLS
    }


def activations(reservoir, frames):
    return next(iter(record([reservoir], [as_sequences([frames])], "auto", None)))


def drives_of(gate, frames):
    """Input currents of a gate, shape (n_timesteps, n)."""
    taps = TapInput(gate.taps)
    frames = np.asarray(frames, dtype=np.float32)[:, None]
    currents, _ = taps.run(taps.at_rest(1), frames, np.array([len(frames)]))
    return np.concatenate(list(currents))


def mlx_cell(reservoir):
    """The MLX cell with the reservoir's recurrent weights, whose input is the gates' drives."""
    n, cell = reservoir.n_neurons, reservoir.cell
    W = {
        name: gate.recurrent_weights
        for name, gate in zip(GATES[cell], reservoir.gates, strict=True)
    }
    n_gates = len(W)

    def layer(names):
        rows = []
        for name in names:
            pick = np.zeros((n, n_gates * n))
            place = list(W).index(name) * n
            pick[:, place : place + n] = np.eye(n)
            rows.append(np.hstack([pick, W[name]]))
        return mx.array(np.vstack(rows).astype(np.float32))

    Cell = {"vanilla": VanillaRNNCell, "gru": GRUCell, "mgu": MGUCell, "lstm": LSTMCell}[cell]
    module = Cell(n_gates * n, n, activation="tanh")
    layers = {
        "vanilla": {"W": "h"},
        "gru": {"W_rz": "rz", "W_h": "h"},
        "mgu": {"W_f": "f", "W_h": "h"},
        "lstm": {"W": "igfo"},
    }[cell]
    for name, gates in layers.items():
        getattr(module, name).weight = layer(gates)
    return module


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell != "leaky"])
@pytest.mark.usefixtures("same_draws_every_run")
def test_equations_are_those_of_the_mlx_cells(few_vowels, drawn, cell):
    reservoir = drawn[cell].liquid_
    frames = few_vowels[0][0]
    inputs = np.concatenate([drives_of(gate, frames) for gate in reservoir.gates], axis=1)
    expected, _ = mlx_cell(reservoir).forward_sequence(mx.array(inputs[:, None]))
    got = activations(reservoir, frames)
    # The states' grid of 2**-14 is the difference.
    np.testing.assert_allclose(got, np.array(expected)[:, 0], atol=2e-3)
    assert np.abs(got).mean() > 0.05
    np.testing.assert_array_equal(got * 2**14 % 1, 0)


def test_leaky_units_mix_what_was_with_what_comes(few_vowels, drawn):
    liquid = drawn["leaky"]
    reservoir, frames = liquid.liquid_, few_vowels[0][0]
    beta = reservoir.beta.astype(float)
    low, high = liquid.beta
    assert ((beta >= low - 1e-6) & (beta <= high + 1e-6)).all()
    assert len(np.unique(beta)) == 20
    h, expected = np.zeros(20), []
    for drive in drives_of(reservoir.gates[0], frames):
        h = beta * h + (1 - beta) * np.tanh(drive + reservoir.gates[0].recurrent_weights @ h)
        expected.append(h)
    steps = Runner(reservoir, NO_POOLING, "auto").open_steps(("mem",), 1)
    batch = Batch(np.float32(frames), np.zeros(1, int), np.array([len(frames)]))
    got = steps.advance(batch)["mem"]
    # The states' grid of 2**-23 is the difference.
    np.testing.assert_allclose(got, expected, atol=2e-6)
    np.testing.assert_array_equal(got.astype(float) * 2**23 % 1, 0)


def test_leaky_units_that_forget_are_those_of_the_echo_state_network(few_vowels):
    parameters = {"encoder": None, "spectral_radius": 0.5, "random_state": 0}
    # Rounding decides who wins of those that are as good as equal.
    parameters["pooling"] = [name for name in LiquidTransformer().pooling if name != "wins"]
    leaky, vanilla = (
        LiquidTransformer(20, cell=cell, **parameters, **more).fit(few_vowels[0])
        for cell, more in (("leaky", {"beta": 0.0}), ("vanilla", {}))
    )
    np.testing.assert_allclose(
        leaky.transform(few_vowels[0]), vanilla.transform(few_vowels[0]), atol=5e-3
    )


@pytest.mark.parametrize("cell", CELLS)
def test_gates_are_drawn_like_liquids(few_vowels, drawn, cell):
    reservoir = drawn[cell].liquid_
    assert isinstance(reservoir, RateReservoir)
    assert len(reservoir.gates) == len(GATES[cell])
    for gate in reservoir.gates:
        assert spectral_radius(gate.recurrent_weights) == pytest.approx(0.8, rel=1e-3)
        # Dale's law, and a drive of deviation input_scaling, above zero at target_rate.
        assert (gate.recurrent_weights[:, :16] >= 0).all()
        assert (gate.recurrent_weights[:, 16:] <= 0).all()
        sequences = as_sequences(few_vowels[0])
        drives = np.concatenate([drives_of(gate, x) for x in sequences])
        np.testing.assert_allclose(drives.std(axis=0), 2.0, rtol=0.05)
        assert (((drives > 0).mean(axis=0) > 0.03) & ((drives > 0).mean(axis=0) < 0.52)).all()
    first, second = reservoir.gates[0], reservoir.gates[-1]
    if first is not second:
        assert not np.array_equal(first.tap_weights, second.tap_weights)


@pytest.mark.filterwarnings("ignore:n_windows=3 does not act")
@pytest.mark.parametrize("cell", CELLS)
def test_poolings_of_activations(few_vowels, drawn, cell):
    X = few_vowels[0][:6]
    liquid = drawn[cell]
    states = [activations(liquid.liquid_, x) for x in X]

    def pooled(pooling, **parameters):
        return (
            clone(liquid).set_params(pooling=pooling, **parameters).fit(few_vowels[0]).transform(X)
        )

    def windows(h, n):
        window = np.arange(len(h)) * n // len(h)
        return [h[window == w] for w in range(n)]

    def runs(above):
        parts = "".join(map(str, above.astype(int))).split("0")
        return [len(part) for part in parts if part]

    def wins(x, most):
        """Steps in which each of the 20 units, of which every third competes, has the most."""
        runner = Runner(liquid.liquid_, NO_POOLING, "auto")
        h = runner.states(as_sequences([x]), "mem", np.arange(len(x)))
        return [sum(frame[i] == most(frame[i % 3 :: 3]) for frame in h) for i in range(20)]

    expected = {
        "rate": [h.mean(axis=0) for h in states],
        "membrane": [h.mean(axis=0) for h in states],
        "counts": [np.concatenate([w.sum(axis=0) for w in windows(h, 3)]) for h in states],
        "potentials": [np.concatenate([w.mean(axis=0) for w in windows(h, 3)]) for h in states],
        "rectified": [np.maximum(h, 0).mean(axis=0) for h in states],
        "bursts": [[len(runs(unit > 0)) for unit in h.T] for h in states],
        "longest_burst": [[max(runs(unit > 0), default=0) for unit in h.T] for h in states],
        "longest_pause": [[max(runs(unit <= 0), default=0) for unit in h.T] for h in states],
        "wins": [wins(x, max) for x in X],
        "losses": [wins(x, min) for x in X],
        "line_length": [np.abs(np.diff(h, axis=0)).sum(axis=0) / len(h) for h in states],
        "moments": [np.concatenate([factor @ h for factor in legendre(len(h))]) for h in states],
        "first_spike": [
            [np.argmax(unit > 0) / len(h) if (unit > 0).any() else 1.0 for unit in h.T]
            for h in states
        ],
        "last": [np.concatenate([h[-1], h[-1] > 0]) for h in states],
        "trace": [np.exp(-np.arange(len(h))[::-1] / 5) @ h for h in states],
    }
    for name, value in expected.items():
        np.testing.assert_allclose(
            pooled(name, n_windows=3), np.array(value), rtol=1e-5, atol=1e-3, err_msg=name
        )
    assert set(expected) | {"model_space"} == set(POOLINGS)
    assert np.isfinite(pooled("model_space", n_windows=5)).all()


@pytest.mark.parametrize("cell", CELLS)
def test_bits_do_not_depend_on_the_batch(few_vowels, cell):
    X = few_vowels[0]
    for topology in ("erdos_renyi", np.random.default_rng(0).normal(size=(40, 40)) / 7):
        liquid = LiquidTransformer(
            40, cell=cell, topology=topology, pooling=list(POOLINGS), n_windows=3, random_state=0
        ).fit(X)
        X64 = [x.astype(float) for x in X]
        expected = liquid.transform(X64)
        order = np.random.default_rng(1).permutation(len(X))[:13]
        np.testing.assert_array_equal(liquid.transform([X64[i] for i in order]), expected[order])
        for batch_size in (1, 7):
            liquid.set_params(batch_size=batch_size)
            np.testing.assert_array_equal(liquid.transform(X64), expected)


@pytest.mark.parametrize("cell", CELLS)
def test_recorded_activations(few_vowels, drawn, cell):
    X = few_vowels[0][:5]
    recorded = record([drawn[cell].liquid_], [as_sequences(X)], "auto", None)
    assert recorded.blocks[0].dtype == np.int16
    for got, x in zip(recorded, X, strict=True):
        np.testing.assert_array_equal(got, activations(drawn[cell].liquid_, x))


def test_one_grid_compares_the_cells(few_vowels):
    X, y = few_vowels
    grid = {"cell": ["lif", *CELLS], "readout": ["ridge", "leaky_rate"]}
    search = GridSearchCV(LSMClassifier(60, random_state=0), grid, cv=2, error_score="raise")
    scores = search.fit(X, y).cv_results_["mean_test_score"]
    assert (scores > 0.6).all()
    assert len(set(scores)) > 1


@pytest.mark.parametrize("cell", CELLS)
def test_copies_and_refits_give_the_same_bits(few_vowels, cell):
    X, y = few_vowels
    lsm = LSMClassifier(30, cell=cell, random_state=0, n_liquids=2, bidirectional=True).fit(X, y)
    expected = lsm.decision_function(X)
    for other in (pickle.loads(pickle.dumps(lsm)), copy.deepcopy(lsm), clone(lsm).fit(X, y)):
        np.testing.assert_array_equal(other.decision_function(X), expected)
    names = lsm.pipeline_[0].get_feature_names_out()
    assert len(set(names)) == lsm.pipeline_[0].transform(X).shape[1]
    regressor = LSMRegressor(30, cell=cell, random_state=0).fit(X, y.astype(float))
    assert regressor.score(X, y.astype(float)) > 0.5


def test_spikes_are_those_of_spiking_neurons(few_vowels):
    for cell in ("gru", "lif"):
        liquid = LiquidTransformer(20, cell=cell)
        assert hasattr(liquid, "spikes") == hasattr(liquid, "to_reservoir") == (cell == "lif")


def test_memory_of_an_open_lstm_is_bounded():
    """Gates wide open add 1 a step; the way back down tells how far up the memory went."""
    X = as_sequences([[[1.0], [-1.0]]])
    plain = {"encoder": None, "n_delays": 1, "derivative": False, "target_rate": None}
    reservoir = LiquidTransformer(5, cell="lstm", **plain, random_state=0).fit(X).liquid_
    gates = []
    for name, gate in zip(GATES["lstm"], reservoir.gates, strict=True):
        heard = np.full_like(gate.tap_weights, 100.0 if name == "g" else 0.0)
        bias = np.full(5, 0.0 if name == "g" else 100.0, dtype=np.float32)
        gates.append(replace(gate, taps=replace(gate.taps, weights=heard, bias=bias)))
    signs = np.repeat([1.0, -1.0], [1500, 1100])
    c, expected = 0.0, []
    for sign in signs:
        c = np.clip(c + sign, -1024.0, 1024.0)
        expected.append(np.full(5, np.tanh(c)))
    h = activations(RateReservoir("lstm", tuple(gates)), signs[:, None].astype(np.float32))
    np.testing.assert_allclose(h, expected, atol=2.0**-14)


@pytest.mark.usefixtures("same_draws_every_run")
def test_check_estimator():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks provoke them
        results = check_estimator(LSMClassifier(50, cell="lstm"), on_fail=None)
        results += check_estimator(LiquidTransformer(50, cell="vanilla"), on_fail=None)
    failed = [r["check_name"] for r in results if r["status"] not in ("passed", "skipped")]
    assert failed == []
