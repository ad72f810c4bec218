"""The leaky readouts as estimators: trained in MLX, read in NumPy at every time step."""

import copy
import pickle
import subprocess
import sys
import warnings

import joblib
import mlx.core as mx
import numpy as np
import pytest
import skops.io
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.estimator_checks import check_estimator

from skliquid import LeakyReadoutClassifier, LiquidTransformer, LSMClassifier, LSMRegressor
from skliquid.engines._record import record
from skliquid.nn import LeakyRateReadout, LeakySpikeReadout
from skliquid.readouts._samples import canonical, held_out
from skliquid.readouts._scores import SPIKE_GAIN, running_scores, weight_grid
from skliquid.sequences import as_sequences

READOUTS = ["leaky_rate", "leaky_spike"]
KINDS = [("rate", "soft"), ("spike", "soft"), ("spike", "hard")]


@pytest.fixture(scope="module")
def trains(few_vowels):
    X, y = few_vowels
    liquid = LiquidTransformer(50, random_state=0).fit(X)
    return liquid.spikes(X), y


@pytest.mark.parametrize("n_liquids", [1, 2])
@pytest.mark.parametrize("engine", ["numba", "numpy", "mlx"])
def test_record_is_the_spikes_of_every_engine(few_vowels, n_liquids, engine):
    X = few_vowels[0][:7]
    liquid = LiquidTransformer(21, encoder=None, n_liquids=n_liquids, random_state=0).fit(X)
    recorded = record(liquid.liquids_, [as_sequences(X)], engine, None)
    assert recorded.n_channels == 21 * n_liquids
    assert len(recorded.blocks[0][0]) == 3  # eight neurons a byte
    for got, expected in zip(recorded, liquid.spikes(X), strict=True):
        np.testing.assert_array_equal(got, expected)
    some = recorded.take([4, 1])
    np.testing.assert_array_equal(some.lengths, [len(X[4]), len(X[1])])
    padded = recorded.padded(np.array([4, 1]))
    for column, i in enumerate([4, 1]):
        np.testing.assert_array_equal(padded[: len(X[i]), column], list(recorded)[i])
        assert not padded[len(X[i]) :, column].any()


@pytest.mark.parametrize(("kind", "spk_reset"), KINDS)
def test_scores_are_those_of_the_mlx_modules(kind, spk_reset):
    rng = np.random.default_rng(0)
    trains = as_sequences([rng.random((length, 7)) < 0.3 for length in (9, 1, 14)])
    # A multiple of 2**-12 and a drive well off the threshold, so that float32 fires alike.
    coef = np.round(rng.normal(size=(3, 7)) * 2**12) / 2**12 * 2
    Module = LeakyRateReadout if kind == "rate" else LeakySpikeReadout
    readout = Module(8, 3, tau=4.0, **({} if kind == "rate" else {"spk_reset": spk_reset}))
    intercept = np.array([0.5, -0.25, 0.0])
    readout.weight = mx.array(np.column_stack([coef, intercept]))
    scores = running_scores(trains, coef, intercept, kind=kind, tau=4.0, spk_reset=spk_reset)
    for states, got in zip(trains, scores, strict=True):
        x = np.column_stack([states, np.ones(len(states))])[:, None]
        state, total, expected = readout.init_state(1), 0, []
        for t in range(len(x)):
            out, state = readout(mx.array(x[t]), state)
            total = total + np.array(out)[0]
            part = 0 if kind == "rate" else np.array(state["mem"])[0]
            expected.append((total + part) / (t + 1) * (1 if kind == "rate" else SPIKE_GAIN))
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["rate", "spike"])
def test_gradient_training_lowers_the_loss(trains, kind):
    X, y = trains
    readout = LeakyReadoutClassifier(kind, random_state=0).fit(X, y)
    assert readout.loss_curve_[-1] < 0.5 * readout.loss_curve_[0]
    assert readout.n_iter_ == len(readout.loss_curve_) == len(readout.validation_loss_curve_)
    assert readout.score(X, y) > 0.95
    assert readout.coef_.shape == (3, 50)
    assert type(readout.coef_) is np.ndarray


def test_first_loss_and_the_rate_readouts_gradient(trains):
    """Zero weights give log(n_classes); one huge batch is gradient descent in closed form."""
    X, y = trains
    readout = LeakyReadoutClassifier(
        max_iter=2, batch_size=1000, validation_fraction=0, alpha=0, learning_rate=1e-3
    ).fit(X, y)
    assert readout.loss_curve_[0] == pytest.approx(np.log(3), rel=1e-6)
    # The first step of Adam moves each weight by its rate against the sign of its gradient,
    # which for softmax regression on the filtered mean states is known.
    frames = np.concatenate(X).astype(float)
    mean, deviation = frames.mean(axis=0), frames.std(axis=0)
    alpha = np.exp(-1 / 5)
    pooled = []
    for states in X:
        reach = (1 - alpha ** (len(states) - np.arange(len(states)))) / (1 - alpha)
        pooled.append(reach @ ((states - mean) / deviation) / len(states))
    slope = (1 / 3 - (y[:, None] == np.unique(y))).T @ np.array(pooled)
    clear = np.abs(slope) > 1e-2 * np.abs(slope).max()
    assert clear.mean() > 0.8
    one = LeakyReadoutClassifier(
        max_iter=1, batch_size=1000, validation_fraction=0, alpha=0, learning_rate=1e-3
    ).fit(X, y)
    np.testing.assert_array_equal(np.sign(one.coef_)[clear], -np.sign(slope)[clear])
    step = 1e-3 * (1 - alpha) / 50
    np.testing.assert_allclose(np.abs(one.coef_ * deviation)[clear], step, rtol=1e-3)


def test_early_stopping_keeps_the_best_weights(trains):
    X, y = trains
    long = LeakyReadoutClassifier(random_state=0, learning_rate=3.0, tol=0, max_iter=60).fit(X, y)
    assert long.n_iter_ < 60
    best = int(np.argmin(long.validation_loss_curve_)) + 1
    assert best < long.n_iter_
    until = clone(long).set_params(max_iter=best).fit(X, y)
    np.testing.assert_array_equal(until.coef_, long.coef_)
    assert LeakyReadoutClassifier(validation_fraction=0, max_iter=2).fit(X, y)


def test_held_out_part():
    target = np.repeat([0, 1, 2], [40, 4, 7])
    chosen = held_out(target, 0.1, np.random.default_rng(0))
    assert np.bincount(target[chosen], minlength=3).tolist() == [4, 0, 1]
    assert not held_out(target, 0.0, np.random.default_rng(0)).any()


def test_canonical_order():
    X = as_sequences([[[1.0]], [[2.0]], [[1.0]], [[1.0]], [[3.0]]])
    y = np.array(["b", "a", "b", "a", "a"])
    trains, labels, weight = canonical(X, y, np.array([1.0, 1, 2, 1, 0]))
    assert labels.tolist() == ["a", "a", "b"]
    assert sorted(weight) == [1, 1, 3]
    order = [3, 0, 2, 1]
    again, labels2, weight2 = canonical(X.take(order), y[order], np.array([1.0, 1, 2, 1]))
    np.testing.assert_array_equal(again.frames, trains.frames)
    assert (labels2.tolist(), weight2.tolist()) == (labels.tolist(), weight.tolist())


@pytest.mark.parametrize("kind", ["rate", "spike"])
def test_weights_repetition_and_order(trains, kind):
    X, y = trains
    rng = np.random.default_rng(0)
    weight = rng.integers(0, 4, size=len(X))
    repeated = rng.permutation(np.repeat(np.arange(len(X)), weight))
    readout = LeakyReadoutClassifier(kind, max_iter=5, random_state=0)
    weighted = clone(readout).fit(X, y, sample_weight=weight)
    plain = clone(readout).fit([X[i] for i in repeated], y[repeated])
    np.testing.assert_array_equal(weighted.coef_, plain.coef_)
    np.testing.assert_array_equal(weighted.intercept_, plain.intercept_)
    assert np.abs(weighted.coef_ - clone(readout).fit(X, y).coef_).max() > 0


def test_class_weight(trains):
    X, y = trains
    rng = np.random.default_rng(0)
    X = [x ^ (rng.random(x.shape) < 0.4) for x in X]
    X_new = [x ^ (rng.random(x.shape) < 0.2) for x in X]
    plain = LeakyReadoutClassifier(random_state=0).fit(X, y).predict(X_new)
    heavy = LeakyReadoutClassifier(class_weight={"2": 100.0}, random_state=0).fit(X, y)
    assert (heavy.predict(X_new) == "2").sum() > (plain == "2").sum()
    few = np.r_[0:10, 10:15, 20:30]
    X_few, y_few = [X[i] for i in few], y[few]
    balanced = LeakyReadoutClassifier(class_weight="balanced", random_state=0).fit(X_few, y_few)
    weight = np.where(y_few == "2", 2.0, 1.0)
    by_hand = LeakyReadoutClassifier(random_state=0).fit(X_few, y_few, sample_weight=weight)
    np.testing.assert_allclose(balanced.coef_, by_hand.coef_, rtol=1e-4, atol=1e-6)
    with pytest.raises(ValueError, match=r"class_weight has the classes \['4'\]"):
        LeakyReadoutClassifier(class_weight={"4": 1.0}).fit(X, y)


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
    with pytest.raises(NotFittedError):
        LSMClassifier(readout="leaky_rate").predict_over_time(X)
    with pytest.raises(ValueError, match="readout"):
        LSMRegressor(30, readout="leaky_rate").fit(X, np.arange(len(X)))


def test_grid_over_readouts_and_their_parameters(few_vowels):
    X, y = few_vowels
    grid = {"readout": ["ridge", *READOUTS, LeakyReadoutClassifier(tau=2.0, max_iter=5)]}
    search = GridSearchCV(LSMClassifier(30, random_state=0), grid, cv=2, error_score="raise")
    assert (search.fit(X, y).cv_results_["mean_test_score"] > 0.6).all()
    lsm = LSMClassifier(30, readout=LeakyReadoutClassifier(max_iter=4), random_state=0)
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


def test_weight_grid():
    weights = np.random.default_rng(0).normal(size=(3, 40)) * 7
    rounded = weight_grid(weights)
    assert np.abs(rounded - weights).max() < 2.0**-20
    np.testing.assert_array_equal(rounded * 2.0**21 % 1, 0)
    np.testing.assert_array_equal(weight_grid(np.zeros((2, 3))), 0)


def test_check_estimator():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks provoke them
        results = check_estimator(LSMClassifier(50, readout="leaky_rate"), on_fail=None)
    failed = [r["check_name"] for r in results if r["status"] not in ("passed", "skipped")]
    assert failed == []


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"kind": "linear"}, "kind"),
        ({"tau": 0}, "tau"),
        ({"spk_reset": "none"}, "spk_reset"),
        ({"alpha": -1}, "alpha"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"batch_size": 0}, "batch_size"),
        ({"max_iter": 0}, "max_iter"),
        ({"validation_fraction": 1.0}, "validation_fraction"),
        ({"n_iter_no_change": 0}, "n_iter_no_change"),
        ({"tol": -1}, "tol"),
        ({"class_weight": 3}, "class_weight"),
        ({"random_state": "seed"}, "random_state"),
    ],
)
def test_bad_parameters(trains, parameters, message):
    with pytest.raises(ValueError, match=f"'{message}' parameter of LeakyReadoutClassifier"):
        LeakyReadoutClassifier(**parameters).fit(*trains)


def test_bad_data(trains):
    X, y = trains
    readout = LeakyReadoutClassifier(max_iter=1)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        readout.fit(X, y[:-1])
    with pytest.raises(ValueError, match="y holds only one class with a positive weight, '2'"):
        readout.fit(X, y, sample_weight=y == "2")
    with pytest.raises(NotFittedError):
        readout.predict(X)
    readout.fit(X, y)
    with pytest.raises(ValueError, match="49 channels"):
        readout.predict([x[:, :-1] for x in X])
    recorded = record(
        [LiquidTransformer(9, random_state=0).fit(X).liquid_], [as_sequences(X)], "numpy", None
    )
    with pytest.raises(ValueError, match="trains of 9 units"):
        readout.predict(recorded)
