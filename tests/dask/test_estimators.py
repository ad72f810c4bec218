"""Estimators on Dask collections give the ordinary estimators' models and outputs."""

import os
import pickle
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import dask
import dask.array as da
import dask.bag as db
import numpy as np
import pytest
from distributed import Client, Event, Variable
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skliquid import (
    LiquidTransformer,
    LSMClassifier,
    LSMRegressor,
    RidgeReadoutClassifier,
    from_events,
)
from skliquid.adaptation import Plasticity
from skliquid.dask import DaskLiquidTransformer, DaskLSMClassifier, DaskLSMRegressor
from skliquid.reservoirs import Izhikevich, SynapseModel

# Older versions of Dask find it strange that a cluster is there and not used.
pytestmark = pytest.mark.filterwarnings("ignore:Running on a single-machine scheduler")

KINDS = ["array", "bag", "delayed"]
SMALL = {"reservoir_size": 20, "random_state": 0}
STP = dict.fromkeys(["EE", "EI", "IE", "II"], (0.5, 40.0, 10.0))


def by_parts(estimator, *values, **further):
    """The ordinary estimator, given one part after the other."""
    for X, *targets in zip(*values, strict=True):
        if len(X):
            estimator.partial_fit(X, *targets, **further)
    return estimator


def coef(estimator):
    return estimator.pipeline_[-1].coef_


def assert_same_model(one, other, rtol=0.0):
    largest = abs(coef(other)).max()
    assert_allclose(coef(one), coef(other), rtol=0, atol=rtol * largest)
    assert one.pipeline_[-1].alpha_ == other.pipeline_[-1].alpha_


@pytest.fixture
def one_thread():
    """Dask without a cluster, for what does not depend on who computes."""
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.mark.parametrize("kind", KINDS)
def test_classifier_is_that_of_the_parts_one_after_the_other(client, data, cut, as_dask, kind):
    X, y, _ = data
    lsm = DaskLSMClassifier(**SMALL).fit(as_dask(X, kind), as_dask(y, kind))
    local = by_parts(LSMClassifier(**SMALL), cut(X), cut(y), classes=["a", "b", "c"])
    assert_same_model(lsm, local, rtol=1e-9)
    assert lsm.classes_.tolist() == ["a", "b", "c"]
    assert (lsm.n_channels_in_, lsm.n_features_in_) == (2, 2)
    assert_array_equal(lsm.predict(X), local.predict(X))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("missing", ["hold", "linear"])
def test_missing_values_are_filled_where_they_are(one_thread, data, cut, as_dask, kind, missing):
    X, y, _ = data
    X = np.where(np.random.default_rng(0).random(X.shape) < 0.3, np.nan, X)
    X[:, -1, 0] = 0.0  # which is not padding
    settings = {**SMALL, "missing": missing}
    lsm = DaskLSMClassifier(**settings).fit(as_dask(X, kind), as_dask(y, kind))
    local = by_parts(LSMClassifier(**settings), cut(X), cut(y), classes=["a", "b", "c"])
    assert_same_model(lsm, local, rtol=1e-9)
    predicted = dask.compute(lsm.predict(as_dask(X, kind)))[0]
    assert_array_equal(predicted, local.predict(X))
    liquid = DaskLiquidTransformer(**settings).fit(as_dask(X, kind))
    features = dask.compute(liquid.transform(as_dask(X, kind)))[0]
    assert_array_equal(features, LiquidTransformer(**settings).fit(cut(X)[0]).transform(X))
    assert_array_equal(liquid.fill_values_, local.pipeline_[0].fill_values_)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("targets", [1, 2])
def test_regressor_is_that_of_the_parts_one_after_the_other(
    one_thread, data, cut, as_dask, kind, targets
):
    X, y = data[0], data[2][:, -1] if targets == 1 else data[2]
    lsm = DaskLSMRegressor(**SMALL).fit(as_dask(X, kind), as_dask(y, kind))
    local = by_parts(LSMRegressor(**SMALL), cut(X), cut(y))
    assert_same_model(lsm, local, rtol=1e-9)
    assert lsm.predict(as_dask(X, kind)).compute().shape == y.shape


@pytest.mark.parametrize(
    "parameters",
    [
        {"bidirectional": True},
        {"n_liquids": 2},
        {"encoder": "population"},
        {"cell": "gru"},
        {"cell": Izhikevich(gain=20.0), "target_rate": None},
        {"plasticity": Plasticity(max_steps=500)},
        {"synapse": SynapseModel(tau_syn=(3.0, 6.0), delay=2.0, stp=STP)},
        {"topology": "spatial"},
        {"random_state": np.random.RandomState(3)},
        {"readout": RidgeReadoutClassifier(alphas=[0.5], standardize=True, limit=True)},
    ],
    ids=lambda parameters: next(iter(parameters)),
)
def test_every_liquid(one_thread, data, cut, as_dask, parameters):
    X, y, _ = data
    # A random state that is an object moves on when it is used.
    lsm = DaskLSMClassifier(**SMALL | pickle.loads(pickle.dumps(parameters)))
    lsm.fit(as_dask(X, "array"), y)
    local = LSMClassifier(**SMALL | parameters)
    local = by_parts(local, cut(X), cut(y), classes=["a", "b", "c"])
    assert_same_model(lsm, local, rtol=1e-9)


@pytest.mark.parametrize("kind", ["bag", "delayed"])
def test_events(one_thread, data, cut, as_dask, kind):
    X, y = (data[0] > 0.8).astype(np.float32), data[1]
    X[:, -1, 0] = 1  # or the last event would end the sequence before its last step
    trains = [np.nonzero(x) for x in X]
    events = [from_events(*zip(*part, strict=True), 2) if part else [] for part in cut(trains)]
    given = [dask.delayed(part, traverse=False) for part in events]
    given = db.from_delayed(given) if kind == "bag" else given
    lsm = DaskLSMClassifier(**SMALL).fit(given, as_dask(y, kind))
    dense = DaskLSMClassifier(**SMALL).fit(as_dask(X, "array"), y)
    assert_same_model(lsm, dense)
    assert_array_equal(lsm.predict(given).compute(), dense.predict(X))


def test_a_random_state_draws_once_for_all_workers(client, data, as_dask):
    """Tasks that are computed twice would otherwise have two liquids."""
    X, y, _ = data
    lsm = DaskLSMClassifier(20).fit(as_dask(X, "array"), y)
    features = lsm.pipeline_[0].transform(X[:5])
    again = LiquidTransformer(20, random_state=lsm.pipeline_[0].random_state).fit(X[:40])
    assert_array_equal(again.transform(X[:5]), features)


def test_ragged(one_thread, data, cut, as_dask):
    X, y, _ = data
    X = [sequence[: 10 + i % 16] for i, sequence in enumerate(X)]
    local = by_parts(LSMClassifier(**SMALL), cut(X), cut(y), classes=["a", "b", "c"])
    for kind in ("bag", "delayed"):
        lsm = DaskLSMClassifier(**SMALL).fit(as_dask(X, kind), as_dask(y, kind))
        assert_same_model(lsm, local, rtol=1e-9)


def test_weights(one_thread, data, cut, as_dask):
    X, y, _ = data
    weight = np.random.default_rng(1).uniform(0, 2, size=len(y))
    weight[:40] = 0  # the first part: the liquid is drawn for the second
    lsm = DaskLSMClassifier(**SMALL).fit(as_dask(X, "array"), y, as_dask(weight, "bag"))
    liquid = LiquidTransformer(**SMALL).fit(X[40:140], sample_weight=weight[40:140])
    local = LSMClassifier(**SMALL)
    local.partial_fit(X[40:], y[40:], sample_weight=weight[40:], liquid=liquid)
    assert_same_model(lsm, local, rtol=1e-9)


@pytest.mark.parametrize("class_weight", ["balanced", {"a": 3.0, "c": 0.5}])
def test_class_weights(one_thread, data, cut, as_dask, class_weight):
    X, y, _ = data
    weight = np.where(y == "b", 0.2, 1.0)
    lsm = DaskLSMClassifier(class_weight=class_weight, **SMALL)
    lsm.fit(as_dask(X, "array"), as_dask(y, "array"), weight)
    local = LSMClassifier(class_weight=class_weight, **SMALL)
    local.fit((part for part in cut(X) if len(part)), y, weight)
    assert_same_model(lsm, local, rtol=1e-9)


def test_targets_in_other_chunks(one_thread, data, as_dask):
    X, y, _ = data
    parts = DaskLSMClassifier(**SMALL).fit(as_dask(X, "array"), as_dask(y, "array"))
    other = DaskLSMClassifier(**SMALL).fit(
        as_dask(X, "array").rechunk({1: 7, 2: 1}), da.from_array(y, chunks=33)
    )
    assert_same_model(other, parts)


def test_series_of_one_channel(one_thread, data, as_dask):
    table, y = data[0][:, :, 0], data[1]
    lsm = DaskLSMClassifier(**SMALL).fit(as_dask(table, "array"), y)
    assert (lsm.n_channels_in_, lsm.n_features_in_) == (1, 25)
    assert_same_model(lsm, DaskLSMClassifier(**SMALL).fit(as_dask(table[..., None], "array"), y))
    with pytest.raises(ValueError, match="part . of X: X has 24 features, but .* 25 features"):
        lsm.predict(as_dask(table[:, 1:], "array")).compute()


def test_same_bits_whoever_computes(client, data, as_dask, tmp_path):
    X, y = as_dask(data[0], "delayed"), as_dask(data[1], "delayed")
    two_processes = DaskLSMClassifier(**SMALL).fit(X, y)
    for scheduler in ("threads", "synchronous"):
        with dask.config.set(scheduler=scheduler):
            assert_same_model(DaskLSMClassifier(**SMALL).fit(X, y), two_processes)
    with (
        Client(
            n_workers=1,
            threads_per_worker=3,
            processes=False,
            dashboard_address=":0",
            local_directory=tmp_path,
            set_as_default=False,
        ) as one_worker,
        one_worker.as_current(),
    ):
        assert_same_model(DaskLSMClassifier(**SMALL).fit(X, y), two_processes)


def test_a_worker_is_killed_in_the_middle(client, data, cut):
    """What it had is computed again by others, and gives the same bits."""
    parts, labels = cut(data[0]), cut(data[1])

    def slow(part):  # the workers cannot import this file
        Variable("pid").set(os.getpid())
        Event("killed").wait()
        return part

    def fitted(wait):
        X = [dask.delayed(part, traverse=False) for part in parts]
        if wait:
            X[5] = dask.delayed(slow)(X[5])
        y = [dask.delayed(part, traverse=False) for part in labels]
        return DaskLSMClassifier(**SMALL).fit(X, y)

    with ThreadPoolExecutor(1) as threads:
        fitting = threads.submit(fitted, wait=True)
        pid = Variable("pid").get(timeout=60)
        assert not fitting.done()
        os.kill(pid, signal.SIGKILL)
        Event("killed").set()
        killed = fitting.result(timeout=120)
    client.wait_for_workers(2, timeout=60)
    assert pid not in client.run(os.getpid).values()
    assert_same_model(killed, fitted(wait=False))


@pytest.mark.parametrize("kind", KINDS)
def test_outputs_are_lazy_and_the_same_bits(client, data, as_dask, kind):
    X, y, numbers = data
    classifier = LSMClassifier(**SMALL).fit(X, y)
    lsm = DaskLSMClassifier(**SMALL).fit(X, y)
    regressor = DaskLSMRegressor(**SMALL).fit(X, numbers)
    liquid = DaskLiquidTransformer(**SMALL).fit(X)
    n_samples = len(X) if kind == "array" else np.nan
    for lazy, expected in [
        (lsm.predict(as_dask(X, kind)), classifier.predict(X)),
        (lsm.decision_function(as_dask(X, kind)), classifier.decision_function(X)),
        (lsm.predict_proba(as_dask(X, kind)), classifier.predict_proba(X)),
        (lsm.predict_log_proba(as_dask(X, kind)), classifier.predict_log_proba(X)),
        (regressor.predict(as_dask(X, kind)), regressor.to_local().predict(X)),
        (liquid.transform(as_dask(X, kind)), liquid.to_local().transform(X)),
    ]:
        assert isinstance(lazy, da.Array)
        assert_array_equal(lazy.shape, (n_samples, *expected.shape[1:]))
        assert lazy.dtype == expected.dtype
        computed = lazy.compute()
        assert computed.dtype == expected.dtype
        assert_array_equal(computed, expected)


def test_nothing_is_computed_before_it_is_needed(one_thread, data):
    X, y, _ = data
    lsm = DaskLSMClassifier(**SMALL).fit(X, y)

    def raises():
        raise RuntimeError("computed")

    lazy = lsm.predict([dask.delayed(raises)()])
    with pytest.raises(RuntimeError, match="computed"):
        lazy.compute()


def test_float32_features_stay_so(one_thread, data, as_dask):
    X = data[0].astype(np.float32)
    features = DaskLiquidTransformer(**SMALL).fit_transform(as_dask(X, "array"))
    assert features.dtype == np.float32
    local = LiquidTransformer(**SMALL).fit(X[:40])
    assert_array_equal(features.compute(), local.transform(X))


def test_transformer_draws_for_the_first_part_that_has_weight(one_thread, data, as_dask):
    X, weight = data[0], np.ones(400)
    weight[:40] = 0
    liquid = DaskLiquidTransformer(**SMALL).fit(as_dask(X, "bag"), None, as_dask(weight, "bag"))
    local = LiquidTransformer(**SMALL).fit(X[40:140])
    assert_array_equal(liquid.transform(X[:3]), local.transform(X[:3]))
    assert liquid.get_feature_names_out().tolist() == local.get_feature_names_out().tolist()


def test_empty_parts_need_no_form(one_thread, data):
    X, _, numbers = data
    parts = [dask.delayed(values) for values in (X[:100], [], X[100:])]
    targets = [dask.delayed(values) for values in (numbers[:100], [], numbers[100:])]
    lsm = DaskLSMRegressor(**SMALL).fit(parts, targets)
    assert lsm.score(parts, targets) == lsm.score(X, numbers)


@pytest.mark.parametrize("weighted", [False, True])
def test_score(one_thread, data, as_dask, weighted):
    X, y, numbers = data
    weight = np.linspace(0, 1, len(y)) if weighted else None
    for Estimator, targets in [(DaskLSMClassifier, y), (DaskLSMRegressor, numbers)]:
        lsm = Estimator(**SMALL).fit(X[:30], targets[:30])
        expected = lsm.to_local().score(X, targets, weight)
        for kind in KINDS:
            given = None if weight is None else as_dask(weight, kind)
            assert lsm.score(as_dask(X, kind), as_dask(targets, kind), given) == expected
        assert lsm.score(as_dask(X, "array"), targets, weight) == expected
        assert lsm.score(X, targets, weight) == expected
        assert 0.5 < expected < 1


def test_ordinary_input_is_the_ordinary_estimator(data):
    X, y, numbers = data
    for Estimator, Local, target in [
        (DaskLSMClassifier, LSMClassifier, y),
        (DaskLSMRegressor, LSMRegressor, numbers),
    ]:
        mine, local = Estimator(**SMALL).fit(X, target), Local(**SMALL).fit(X, target)
        assert_same_model(mine, local)
        assert_array_equal(mine.predict(X), local.predict(X))
        assert type(mine.to_local()) is Local
        assert mine.get_params() == local.get_params()
    mine, local = DaskLiquidTransformer(**SMALL), LiquidTransformer(**SMALL)
    assert_array_equal(mine.fit_transform(X), local.fit_transform(X))
    assert_array_equal(mine.transform(X[:9]), local.transform(X[:9]))


def test_readout_over_time_fitted_to_what_is_here_reads_parts(one_thread, few_vowels):
    X, y = few_vowels
    lsm = DaskLSMClassifier(10, readout="leaky_rate", random_state=0).fit(X, y)
    parts = [dask.delayed(X[:12], traverse=False), dask.delayed(X[12:], traverse=False)]
    assert_array_equal(lsm.predict_proba(parts).compute(), lsm.to_local().predict_proba(X))
    with pytest.raises(TypeError, match="predict_over_time takes none"):
        lsm.predict_over_time(parts)


def test_explains_what_was_computed(one_thread, data, as_dask):
    X, y, _ = data
    lsm = DaskLSMClassifier(**SMALL).fit(X, y)
    mine, local = lsm.explain(X), lsm.to_local().explain(X)
    for one, other in zip(mine.contributions, local.contributions, strict=True):
        assert_array_equal(one, other)
    for kind in ("array", "bag"):
        with pytest.raises(TypeError, match="only what was computed is taken"):
            lsm.explain(as_dask(X, kind))


def test_local_estimator_needs_no_dask(one_thread, data, as_dask, tmp_path):
    X, y, _ = data
    lsm = DaskLSMClassifier(engine="numpy", **SMALL).fit(as_dask(X, "array"), y)
    (tmp_path / "lsm.pkl").write_bytes(pickle.dumps(lsm.to_local()))
    np.save(tmp_path / "X.npy", X)
    code = "import pickle, sys; import numpy as np; sys.modules['dask'] = None\n"
    code += "lsm = pickle.load(open('lsm.pkl', 'rb'))\n"
    code += "print(type(lsm).__name__, *lsm.predict(np.load('X.npy')), sep='')"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    ).stdout
    assert out.strip() == "LSMClassifier" + "".join(lsm.predict(X))


def test_fitting_again_leaves_nothing_of_before(one_thread, data, as_dask):
    X, y, _ = data
    lsm = DaskLSMClassifier(**SMALL).partial_fit(X, y)
    lsm.fit(as_dask(X, "array"), y)
    assert not hasattr(lsm, "n_samples_seen_")
    assert_same_model(lsm, clone(lsm).fit(as_dask(X, "array"), y))


def test_importing_leaves_the_ordinary_estimators_alone():
    with pytest.raises(TypeError, match=r"^LSMClassifier.__init__\(\) got an unexpected"):
        LSMClassifier(nothing=1)
    with pytest.raises(TypeError, match=r"^DaskLSMClassifier.__init__\(\) got an unexpected"):
        DaskLSMClassifier(nothing=1)


REFUSED = [
    ({"readout": "mlp"}, ValueError, "readout='mlp' needs all features in one place"),
    ({"readout": RidgeReadoutClassifier()}, ValueError, "readout=RidgeReadoutClassifier()"),
    ({"readout": "none"}, ValueError, "'readout' parameter"),
    ({"reservoir_size": 0}, ValueError, "'reservoir_size' parameter"),
    (
        {"class_weight": {"d": 1.0}},
        ValueError,
        r"class_weight must be of the classes of y, got \['d'\]",
    ),
    ({"y": None}, ValueError, "requires y to be passed"),
    ({"y": "short"}, ValueError, "X holds 400 samples, but y holds 399"),
    ({"X": "bag", "y": "whole"}, ValueError, "y is nothing of Dask's, but how many sequences"),
    ({"X": "bag", "y": "delayed7"}, ValueError, "y has 7 parts, but X has 8"),
    ({"X": "bag", "y": "mixed"}, TypeError, "y is a list of dask.delayed parts, but part 0 is"),
    ({"X": "ndim4"}, ValueError, "X is a Dask array of 4 dimensions"),
    ({"X": "nan"}, ValueError, "unknown size along axis 1; call its method compute_chunk_sizes"),
    ({"X": "item"}, TypeError, "X is a Item of Dask; expected a Dask array, a Dask bag"),
    ({"X": "whole", "y": "bag"}, TypeError, "y is a Dask array.*, but X is a ndarray"),
    ({"X": "delayed", "y": "shifted"}, ValueError, "part 1 of X holds 100 samples, .* y holds 99"),
    ({"y": "numbers"}, ValueError, r"part . of y: Unknown label type: continuous"),
    ({"y": "one"}, ValueError, r"only one class with a positive weight, \['a'\]"),
    ({"X": "bag", "y": "types"}, ValueError, "labels of one type, but its parts hold"),
    ({"X": "tables", "y": "bag"}, ValueError, r"part . of X is an array of shape \(40, 25\)"),
    ({"X": "hole"}, ValueError, "part 6 of X: .* NaN: sample 3 at time step 2, channel 1"),
    ({"sample_weight": -np.ones(400)}, ValueError, "sample_weight must be non-negative, got -1"),
    ({"sample_weight": np.zeros(400)}, ValueError, "positive weight"),
]


@pytest.mark.parametrize(("given", "kind", "message"), REFUSED, ids=lambda value: str(value)[:40])
def test_refusals(one_thread, data, as_dask, given, kind, message):
    X, y, numbers = data
    hole = X.copy()
    hole[243, 2, 1] = np.nan
    forms = {
        "array": as_dask(X, "array"),
        "bag": as_dask(X, "bag"),
        "delayed": as_dask(X, "delayed"),
        "whole": X,
        "ndim4": as_dask(X, "array")[..., None],
        "nan": da.from_array(X)[:, da.from_array(np.ones(25, dtype=bool))],
        "item": as_dask(X, "bag").count(),
        "tables": as_dask(X[..., 0], "delayed"),
        "hole": as_dask(hole, "array"),
    }
    targets = {
        "array": as_dask(y, "array"),
        "bag": as_dask(y, "bag"),
        "whole": y,
        "short": as_dask(y, "array")[1:],
        "delayed7": as_dask(y, "delayed")[1:],
        "mixed": [1, *as_dask(y, "delayed")[1:]],
        "shifted": [*as_dask(y, "delayed")[:1], dask.delayed(y[:99]), *as_dask(y, "delayed")[2:]],
        "numbers": as_dask(numbers[:, 1], "array"),
        "one": as_dask(np.full(400, "a"), "array"),
        "types": [dask.delayed(np.arange(40) % 3), *as_dask(y, "delayed")[1:]],
        None: None,
    }
    given = dict(given)
    X = forms[given.pop("X", "array")]
    y = targets[given.pop("y", "array")]
    weight = given.pop("sample_weight", None)
    with pytest.raises(kind, match=message.replace("()", r"\(\)")):
        DaskLSMClassifier(**SMALL | given).fit(X, y, weight)


def test_errors_reach_the_user_from_workers(client, data, as_dask):
    X, y, _ = data
    lsm = DaskLSMClassifier(**SMALL).fit(X, y)
    hole = X.copy()
    hole[243, 2, 1] = np.inf
    where = "part 6 of X: Input X contains infinity: sample 3 at time step 2, channel 1"
    for fails in (
        lambda: DaskLSMClassifier(**SMALL).fit(as_dask(hole, "bag"), as_dask(y, "bag")),
        lambda: lsm.predict(as_dask(hole, "bag")).compute(),
    ):
        with pytest.raises(ValueError, match=where):
            fails()


def test_methods_that_take_no_parts_say_so(data, as_dask):
    X, y, _ = data
    lsm, liquid = DaskLSMClassifier(**SMALL), DaskLiquidTransformer(**SMALL).fit(X)
    for kind in KINDS:
        with pytest.raises(TypeError, match="partial_fit takes none; give all parts to fit"):
            lsm.partial_fit(as_dask(X, kind), y)
        with pytest.raises(TypeError, match="only what was computed is taken"):
            liquid.spikes(as_dask(X, kind))


def test_parts_without_sequences(one_thread, data):
    X, y, _ = data
    empty = [dask.delayed([])] * 2
    with pytest.raises(ValueError, match="No part of X, of 2, holds a sequence of positive"):
        DaskLiquidTransformer().fit(empty)
    with pytest.raises(ValueError, match="y holds no samples in any of its parts"):
        DaskLSMClassifier().fit(empty, empty)
    with pytest.raises(ValueError, match="No part of X, of 2, holds a sequence of positive"):
        DaskLSMRegressor().fit(empty, empty)
    lsm = DaskLSMClassifier(**SMALL).fit(X, y)
    assert lsm.predict(empty).compute().shape == (0,)


def test_a_fit_that_fails_leaves_the_model_and_how_to_run_reaches_it(one_thread, data, as_dask):
    X, y, _ = data
    spoilt = X.copy()
    spoilt[[0, -1], 0, 0] = np.nan
    for mine in (DaskLSMClassifier(**SMALL), DaskLiquidTransformer(**SMALL)):
        mine.fit(as_dask(X, "array"), as_dask(y, "array"))
        saved = pickle.dumps(mine)
        with pytest.raises(ValueError, match="NaN"):
            mine.fit(as_dask(spoilt, "array"), as_dask(y, "array"))
        assert pickle.dumps(mine) == saved
        method = "predict" if hasattr(mine, "predict") else "transform"
        expected = getattr(mine, method)(as_dask(X, "array")).compute()
        mine.set_params(engine="numpy", n_jobs=2, pooling="rate")
        assert_array_equal(getattr(mine, method)(as_dask(X, "array")).compute(), expected)
        local = mine.to_local()
        inner = local.pipeline_[0] if hasattr(local, "pipeline_") else local
        assert (inner.engine, inner.n_jobs) == ("numpy", 2)
