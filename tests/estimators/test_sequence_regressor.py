"""LSMSequenceRegressor: against a ridge on recorded states, in pieces, ragged, and in a search."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

from skliquid import LSMSequenceRegressor
from skliquid.datasets import make_narma
from skliquid.encoding import RateEncoder
from skliquid.engines import Batch, Runner
from skliquid.estimators import _step_features
from skliquid.pooling import NO_POOLING
from skliquid.sequences import as_sequences

SMALL = {"reservoir_size": 40, "random_state": 0}


@pytest.fixture(scope="module")
def ragged():
    """Sequences of different lengths, and two targets that take memory."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 2)) for n in (60, 45, 80, 71, 50, 64, 90)]
    y = [np.stack([x[:, 0] + np.roll(x[:, 1], 1), x[:, 0] * x[:, 1]], axis=1) for x in X]
    return X, y


def states_of(liquid, x):
    """States after every step, of a step-by-step run with a state that is handed on."""
    reservoir = liquid.liquid_
    runner = Runner(reservoir, NO_POOLING, "numpy")
    steps = runner.open_steps(("mem",), 1)
    frames = as_sequences([x]).frames
    every = [
        steps.advance(Batch(frames[t : t + 1], np.zeros(1, int), np.ones(1, int)))["mem"]
        for t in range(len(frames))
    ]
    return np.concatenate(every).astype(np.float64)


def test_the_model_is_a_ridge_on_states_squares_and_input(ragged):
    X, y = ragged
    lsm = LSMSequenceRegressor(**SMALL, washout=7, alphas=[0.3]).fit(X, y)
    rows = []
    for x in X:
        h = states_of(lsm.liquid_, x)
        rows.append(np.concatenate([h, h**2, x.astype(np.float32)], axis=1))
    scaler = StandardScaler().fit(np.concatenate([each[7:] for each in rows]))
    oracle = Ridge(0.3).fit(
        scaler.transform(np.concatenate([each[7:] for each in rows])),
        np.concatenate([each[7:] for each in y]),
    )
    for mine, each in zip(lsm.predict(X), rows, strict=True):
        assert_allclose(mine, oracle.predict(scaler.transform(each)), atol=1e-8)


@pytest.mark.parametrize("n_sequences", [1, 7])
def test_the_penalty_is_that_of_the_least_error_on_what_was_held_out(ragged, n_sequences):
    X, y = (each[:n_sequences] for each in ragged)
    rng = np.random.default_rng(1)
    y = [each[:, 0] + 2.0 * rng.normal(size=len(each)) for each in y]
    alphas = [1e-3, 1.0, 30.0, 1e3]
    lsm = LSMSequenceRegressor(**SMALL, washout=0, alphas=alphas).fit(X, y)
    errors = []
    for alpha in alphas:
        # The same reservoir is drawn, whatever is held out of the training of the readout.
        if n_sequences == 1:
            cut = len(X[0]) - len(X[0]) // 5
            (states,) = [states_of(lsm.liquid_, X[0])]
            parts = [
                (states[:cut], X[0][:cut], y[0][:cut]),
                (states[cut:], X[0][cut:], y[0][cut:]),
            ]
        else:
            train = [i for i in range(7) if i % 5 != 4]
            parts = [
                tuple(
                    np.concatenate([each[i] for i in chosen])
                    for each in ([states_of(lsm.liquid_, x) for x in X], X, y)
                )
                for chosen in (train, [4])
            ]
        (a, b, t), (c, d, u) = parts
        F, G = (
            np.concatenate([h, h**2, x.astype(np.float32)], axis=1) for h, x in ((a, b), (c, d))
        )
        scaler = StandardScaler().fit(F)
        model = Ridge(alpha).fit(scaler.transform(F), t)
        errors.append(np.mean((model.predict(scaler.transform(G)) - u) ** 2))
    assert lsm.readout_.alpha_ == alphas[int(np.argmin(errors))]


@pytest.mark.parametrize("cell", ["leaky", "gru", "lif"])
def test_predictions_do_not_depend_on_the_company_or_on_the_size_of_pieces(
    ragged, cell, monkeypatch
):
    X, y = ragged
    features = ["potentials", "squares", "input"] + ["spikes", "trace"] * (cell == "lif")
    lsm = LSMSequenceRegressor(**SMALL, cell=cell, features=features, input_scaling=1.0)
    whole = lsm.fit(X, y).predict(X)
    for each, alone in zip(whole, X, strict=True):
        assert_array_equal(lsm.predict([alone])[0], each)
    monkeypatch.setattr(_step_features, "steps_at_once", lambda n_features, n_sequences: 7)
    for each, cut in zip(whole, lsm.predict(X), strict=True):
        assert_array_equal(cut, each)
    # Also its training is that of all frames but for rounding.
    again = clone(lsm).fit(X, y).predict(X)
    for each, cut in zip(whole, again, strict=True):
        assert_allclose(cut, each, atol=1e-6)


def test_a_trace_is_the_sum_of_faded_spikes(ragged):
    X, y = ragged
    parameters = {"cell": "lif", "input_scaling": 1.0, "tau_trace": 3.0, "washout": 0}
    lsm = LSMSequenceRegressor(**SMALL, **parameters, features="trace", alphas=[1e-6]).fit(X, y)
    (spikes,) = lsm.liquid_.spikes(X[:1])
    assert spikes.any()
    (_, features), *rest = lsm._run(as_sequences(X[:1]))
    assert not rest
    for t in (0, 5, 40):
        faded = np.exp(-(t - np.arange(t + 1)) / 3.0)
        assert_allclose(features[t], faded @ spikes[: t + 1], atol=1e-12)


def test_flat_memory(ragged, monkeypatch):
    """Never are the features of more steps held than fit the budget of a piece."""
    X, y = ragged
    held = []

    def noted(self, frames, batch):
        rows, features = original(self, frames, batch)
        held.append(features.size)
        return rows, features

    original = _step_features.StepFeatures.advance
    monkeypatch.setattr(_step_features.StepFeatures, "advance", noted)
    monkeypatch.setattr("skliquid.engines._steps._PIECE_BYTES", 8 * 5000)
    LSMSequenceRegressor(**SMALL).fit(X, y)
    assert max(held) <= 5000
    assert len(held) > 10


def test_forms_of_targets_come_back(ragged):
    X, y = ragged
    lists = LSMSequenceRegressor(**SMALL).fit(X, y).predict(X)
    assert [each.shape for each in lists] == [each.shape for each in y]
    flat = LSMSequenceRegressor(**SMALL).fit(X, [each[:, 0] for each in y]).predict(X)
    assert [each.shape for each in flat] == [(len(x),) for x in X]
    cube = np.stack([x[:45] for x in X])
    assert LSMSequenceRegressor(**SMALL).fit(cube, cube).predict(cube).shape == cube.shape
    table = cube[:, :, 0]
    assert LSMSequenceRegressor(**SMALL).fit(table, table).predict(table).shape == table.shape
    padded = np.full((7, 90, 2), np.nan)
    for row, x in zip(padded, X, strict=True):
        row[: len(x)] = x
    of_padded = LSMSequenceRegressor(**SMALL).fit(padded, padded).predict(padded)
    assert [each.shape for each in of_padded] == [x.shape for x in X]
    of_objects = LSMSequenceRegressor(**SMALL).fit(
        np.array(X, dtype=object), np.array(y, dtype=object)
    )
    for one, other in zip(of_objects.predict(X), lists, strict=True):
        assert_array_equal(one, other)


def test_score_is_r2_after_the_washout(ragged):
    X, y = ragged
    lsm = LSMSequenceRegressor(**SMALL, washout=9).fit(X, y)
    true = np.concatenate([each[9:] for each in y])
    missed = true - np.concatenate([each[9:] for each in lsm.predict(X)])
    r2 = 1 - (missed**2).sum(axis=0) / ((true - true.mean(axis=0)) ** 2).sum(axis=0)
    assert lsm.score(X, y) == pytest.approx(r2.mean())
    with pytest.raises(ValueError, match="after the washout of 9 steps; the longest .* has 7"):
        lsm.score([x[:7] for x in X], [each[:7] for each in y])


def test_narma_is_told_better_than_by_the_last_inputs():
    (u, v), (y, z) = make_narma(2, 1500, random_state=0)
    delayed = [
        np.stack([np.roll(each[:, 0], k) for k in range(20)], axis=1)[20:] for each in (u, v)
    ]
    linear = RidgeCV().fit(delayed[0], y[20:, 0])
    lsm = LSMSequenceRegressor(200, random_state=0).fit([u], [y])
    assert lsm.score([v], [z]) > 0.9 > linear.score(delayed[1], z[20:, 0])


def test_clone_pickle_and_search(ragged):
    X, y = ragged
    lsm = LSMSequenceRegressor(**SMALL, washout=5).fit(X, y)
    for other in (clone(lsm).fit(X, y), pickle.loads(pickle.dumps(lsm))):
        for a, b in zip(other.predict(X), lsm.predict(X), strict=True):
            assert_array_equal(a, b)
    grid = {"features": ["input", ["potentials", "squares"]], "spectral_radius": [0.3]}
    search = GridSearchCV(lsm, grid, cv=3)
    X3, y3 = np.stack([x[:45] for x in X]), np.stack([each[:45] for each in y])
    assert search.fit(X3, y3).best_params_["features"] == ["potentials", "squares"]


def test_what_is_set_later_acts_at_the_next_fit(ragged):
    X, y = ragged
    lsm = LSMSequenceRegressor(**SMALL).fit(X, y)
    before = lsm.predict(X)
    lsm.set_params(features="input", cell="gru", tau_trace=1.0)
    for a, b in zip(lsm.predict(X), before, strict=True):
        assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": lambda y: None}, "requires y"),
        ({"y": lambda y: y[:3]}, "y has 3 sequences, but X has 7"),
        ({"y": lambda y: [*y[:2], y[2][:5], *y[3:]]}, r"y\[2\] has 5 steps.* has 80"),
        ({"y": lambda y: [*y[:6], y[6][:, :1]]}, "as many targets in each sequence"),
        ({"y": lambda y: [y[0] * np.nan, *y[1:]]}, r"y\[0\] contains .*nan.* at step 0"),
        ({"y": lambda y: [each[None] for each in y]}, r"y\[0\] has shape \(1, 60, 2\)"),
        ({"y": lambda y: [each[:, :0] for each in y]}, r"y\[0\] has shape \(60, 0\)"),
        ({"washout": 100}, "washout=100 leaves 0 steps .* longest sequence has 90"),
        ({"washout": "wide"}, "washout.*wide"),
        ({"features": "feelings"}, "features must be one of .*'feelings'"),
        ({"features": []}, r"features must name at least one, got \[\]"),
        ({"alphas": [-1.0]}, "alphas.*-1"),
        ({"encoder": RateEncoder(n_steps=3)}, "changes the number of steps"),
        ({"features": "trace"}, "other than 'trace' with cell='leaky'"),
    ],
)
def test_errors_name_what_is_wrong(ragged, change, message):
    X, y = ragged
    change = dict(change)
    y = change.pop("y", lambda y: y)(y)
    with pytest.raises((TypeError, ValueError), match=message):
        LSMSequenceRegressor(**SMALL, **change).fit(X, y)


def test_a_neuron_that_fired_in_the_washout_alone_leaves_predictions_near_the_targets():
    """What is left of its trace varies by next to nothing, which standardising makes much of."""
    X = np.random.default_rng(0).normal(size=(1, 400, 1))
    X[:, 20:] *= 0.3
    parameters = {"cell": "lif", "target_rate": None, "scale_channels": False, "washout": 200}
    lsm = LSMSequenceRegressor(**SMALL, **parameters, input_scaling=0.8, features="trace")
    lsm.fit(X, X)
    (spikes,) = lsm.liquid_.spikes(X)
    assert (spikes[:20].any(axis=0) & ~spikes[20:].any(axis=0)).any()
    assert np.abs(lsm.predict(X)).max() < 10 * np.abs(X).max()
