"""Fitted models in files of this version and of those before, which every later one loads.

``python tests/test_saved.py`` writes the file of the version that runs. It is written anew as long
as that version is not released, and never afterwards.
"""

import io
import pickle
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.exceptions import InconsistentVersionWarning

import skliquid
from skliquid import (
    LeakyReadoutClassifier,
    LiquidTransformer,
    LSMClassifier,
    LSMRegressor,
    RidgeReadoutRegressor,
    _versions,
)
from skliquid.encoding import ENCODERS

SAVED = Path(__file__).with_name("saved")
SMALL = {"reservoir_size": 12, "engine": "numpy", "random_state": 0}


def data():
    """Twelve sequences of two classes, which any version of NumPy makes."""
    time = np.arange(9) * (0.2 + 0.1 * np.arange(12)[:, None])
    return np.stack([np.sin(time), np.cos(0.7 * time)], axis=2), np.arange(12) % 2


def models():
    """Models of every kind of part."""
    X, y = data()
    yield "classifier", LSMClassifier(**SMALL).fit(X, y)
    yield "regressor", LSMRegressor(**SMALL).fit(X, X.mean(axis=(1, 2)))
    adaptive = {"adaptation": 0.2, "refractory": 1, "n_windows": (1, 2), "bidirectional": True}
    yield "adaptive", LiquidTransformer(n_liquids=2, pooling="counts", **adaptive, **SMALL).fit(X)
    for cell in ("vanilla", "gru", "lstm"):
        yield cell, LiquidTransformer(12, cell=cell, random_state=0).fit(X)
    for name in ENCODERS:
        yield name, LiquidTransformer(encoder=name, **SMALL).fit(X)
    over_time = LeakyReadoutClassifier("spike", max_iter=2, random_state=0)
    yield "over time", LSMClassifier(readout=over_time, **SMALL).fit(X, y)
    table = X[:, :, 0]
    yield "parts", RidgeReadoutRegressor().partial_fit(table[:6], y[:6])
    yield "sums", RidgeReadoutRegressor().partial_fit(table, y)
    yield "stream", LSMClassifier(**SMALL).fit(X, y).open_stream().push(X[0])


def told(model):
    """What a model tells of the data; a stream, of further frames, and parts, after another."""
    X, y = data()
    if hasattr(model, "push"):
        return {"decision_function": model.push(X[1]).decision_function()}
    if isinstance(model, RidgeReadoutRegressor):
        return {"predict": model.partial_fit(X[6:, :, 0], y[6:]).predict(X[:, :, 0])}
    methods = "transform", "decision_function", "predict"
    return {name: getattr(model, name)(X) for name in methods if hasattr(model, name)}


def assert_tells(model, expected):
    found = told(model)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        if name == "transform":
            np.testing.assert_array_equal(found[name], values)
        else:  # of which BLAS has the last bits
            np.testing.assert_allclose(found[name], values, rtol=1e-7, atol=1e-10)


def write():
    SAVED.mkdir(exist_ok=True)
    made = {name: (pickle.dumps(model, 5), told(model)) for name, model in models()}
    joblib.dump(made, SAVED / f"{skliquid.__version__}.joblib", compress=("xz", 9))


def versions():
    return sorted(file.stem for file in SAVED.glob("*.joblib"))


def load(version):
    return joblib.load(SAVED / f"{version}.joblib")


def test_this_version_has_its_file():
    assert skliquid.__version__ in versions()
    assert load(skliquid.__version__).keys() >= {"classifier", "stream", "gru", *ENCODERS}


@pytest.mark.parametrize(
    ("version", "name"), [(version, name) for version in versions() for name in load(version)]
)
def test_models_that_were_saved_predict_what_they_did(version, name):
    saved, expected = load(version)[name]
    with warnings.catch_warnings():
        # Of scikit-learn, whose Pipeline is in the file too, and of versions before this one.
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        model = pickle.loads(saved)
    assert_tells(model, expected)


@pytest.mark.parametrize("name", ["classifier", "sums", "stream"])
def test_later_versions_say_so_and_predict_the_same(monkeypatch, name):
    saved, expected = load(skliquid.__version__)[name]
    monkeypatch.setattr(_versions, "__version__", "99.0")
    with pytest.warns(InconsistentVersionWarning) as caught:  # scikit-learn may be another too
        model = pickle.loads(saved)
    assert any("is loaded by 99.0" in str(each.message) for each in caught)
    assert_tells(model, expected)


def arrays_of(value, found):
    """Arrays of NumPy that are part of a value, each once."""
    if isinstance(value, np.ndarray):
        found[id(value)] = value.nbytes
    elif isinstance(value, list | tuple):
        for each in value:
            arrays_of(each, found)
    elif hasattr(value, "__dict__"):
        arrays_of([*vars(value).values()], found)
    return found


@pytest.mark.parametrize("Estimator", [LSMClassifier, LSMRegressor])
def test_what_is_saved_is_what_is_needed(Estimator):
    X, y = data()
    lsm = Estimator(300, engine="numpy", random_state=0).fit(X, y)
    size = len(pickle.dumps(lsm))
    liquid, readout = lsm.pipeline_[0], lsm.pipeline_[-1]
    needed = arrays_of([liquid.liquid_, readout._model, readout.groups, liquid.encoder_], {})
    assert size < sum(needed.values()) + 6_000  # names, parameters
    lsm.predict(X)
    lsm.open_stream().push(X[0])
    assert len(pickle.dumps(lsm)) == size  # nothing of its use
    many = [*X] * 20, [*y] * 20
    parts = Estimator(300, engine="numpy", random_state=0).fit(iter([many[0]]), many[1])
    assert abs(len(pickle.dumps(parts)) - size) < 1_000  # nothing of the samples
    again = io.BytesIO()
    joblib.dump(lsm, again)
    assert len(again.getvalue()) < size + 6_000


TRUSTED = {
    "skliquid.encoding._compression.CompressionEncoder",
    "skliquid.estimators._classifier.LSMClassifier",
    "skliquid.estimators._transformer.LiquidTransformer",
    "skliquid.readouts._ridge.RidgeReadoutClassifier",
    "skliquid.readouts._ridge_model.RidgeFit",
    "skliquid.readouts._root.signed_root",
    "skliquid.reservoirs.liquid.Liquid",
    "skliquid.reservoirs.neurons.LIF",
    "skliquid.reservoirs.synapses.Synapses",
    "skliquid.reservoirs.taps.Taps",
}


def test_types_that_skops_has_to_trust_are_few_and_in_the_manual():
    saved = skops.io.dumps(LSMClassifier(**SMALL).fit(*data()))
    assert set(skops.io.get_untrusted_types(data=saved)) == TRUSTED
    manual = (Path(__file__).parents[1] / "docs" / "guide" / "saving.rst").read_text()
    assert all(name in manual for name in TRUSTED)


if __name__ == "__main__":
    write()
