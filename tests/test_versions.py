"""State that another version has saved: a warning, and what is known or an error that names it."""

import pickle
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.exceptions import InconsistentVersionWarning

import skliquid
from skliquid import LiquidTransformer, LSMClassifier, LSMRegressor, _versions
from skliquid.encoding import DeltaEncoder
from skliquid.estimators import _stream

SMALL = {"reservoir_size": 12, "engine": "numpy", "random_state": 0}
X = np.random.default_rng(0).normal(size=(12, 9, 2)).cumsum(axis=1)
Y = np.arange(12) % 2


def loaded_by_skops(data):
    return skops.io.loads(data, trusted=skops.io.get_untrusted_types(data=data))


FORMATS = {"pickle": (pickle.dumps, pickle.loads), "skops": (skops.io.dumps, loaded_by_skops)}


@pytest.fixture
def saved_by(monkeypatch):
    """Send an estimator through a file that another version wrote."""

    def send(estimator, version=skliquid.__version__, form="pickle"):
        dumps, loads = FORMATS[form]
        with monkeypatch.context() as patch:
            for module in (_versions, _stream):
                patch.setattr(module, "__version__", version)
            data = dumps(estimator)
        return loads(data)

    return send


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("version", ["0.0.9", "7.1"])
def test_another_version_is_named_and_predicts_the_same(saved_by, form, version):
    lsm = LSMClassifier(**SMALL).fit(X, Y)
    with pytest.warns(InconsistentVersionWarning) as caught:
        loaded = saved_by(lsm, version, form)
    told = {str(each.message) for each in caught}
    names = "LSMClassifier", "LiquidTransformer", "CompressionEncoder", "RidgeReadoutClassifier"
    for name in names:
        expected = (
            f"{name} was saved by skliquid {version} and is loaded by {skliquid.__version__}"
        )
        assert any(text.startswith(expected) for text in told)
    assert form == "skops" or all(each.filename == __file__ for each in caught)
    np.testing.assert_array_equal(loaded.decision_function(X), lsm.decision_function(X))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # once loaded, it is of this version
        saved_by(loaded, form=form)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("estimator", [LSMRegressor(**SMALL), DeltaEncoder()])
def test_the_same_version_says_nothing(saved_by, form, estimator):
    state = estimator.fit(X, Y).__getstate__()
    assert state["_skliquid_version"] == skliquid.__version__
    assert not hasattr(saved_by(estimator, form=form), "_skliquid_version")


def test_state_without_a_version_is_of_one_before():
    encoder = DeltaEncoder().fit(X)
    with pytest.warns(InconsistentVersionWarning, match="saved by skliquid before 0.1.0"):
        DeltaEncoder.__new__(DeltaEncoder).__setstate__(dict(vars(encoder)))


def test_a_parameter_of_this_version_alone_has_its_default(saved_by):
    lsm = LSMClassifier(verbose=True, **SMALL).fit(X, Y)
    del lsm.__dict__["verbose"], lsm.pipeline_[0].__dict__["verbose"]
    with pytest.warns(InconsistentVersionWarning):
        loaded = saved_by(lsm, "0.0.9")
    assert loaded.verbose is False
    assert "LSMClassifier" in repr(loaded)


def test_a_parameter_that_is_not_known_is_named(saved_by):
    lsm = LSMClassifier(**SMALL).fit(X, Y)
    lsm.temper = "mild"
    expected = "saved by skliquid 7.1 and cannot .* parameter 'temper' is not known"
    with pytest.warns(InconsistentVersionWarning), pytest.raises(ValueError, match=expected):
        saved_by(lsm, "7.1")


def test_a_field_that_is_missing_or_not_known_is_named(saved_by):
    liquid = LiquidTransformer(**SMALL).fit(X)
    neurons = replace(liquid.liquid_.neurons)
    del neurons.__dict__["beta"]
    neurons.__dict__["gamma"] = 1.0
    liquid.liquids_[0] = replace(liquid.liquid_, neurons=neurons)
    expected = "LIF needs the field 'beta'; the field 'gamma' of LIF is not known"
    with pytest.warns(InconsistentVersionWarning), pytest.raises(ValueError, match=expected):
        saved_by(liquid, "7.1")


def test_states_of_streams_say_their_version(saved_by):
    liquid = LiquidTransformer(**SMALL).fit(X)
    stream = liquid.open_stream().push(X[0])
    state = stream.get_state()
    assert state["version"] == skliquid.__version__
    with pytest.warns(InconsistentVersionWarning, match="LiquidStream was saved by skliquid 7.1"):
        liquid.open_stream().set_state(state | {"version": np.array("7.1")})
    del state["version"]
    with pytest.warns(InconsistentVersionWarning, match="saved by skliquid before 0.1.0"):
        liquid.open_stream().set_state(state)
    with pytest.warns(InconsistentVersionWarning) as caught:
        loaded = saved_by(stream, "7.1")
    assert any("LiquidStream was saved" in str(each.message) for each in caught)
    np.testing.assert_array_equal(loaded.features(), stream.features())


def test_version_is_the_one_that_is_cited():
    citation = Path(__file__).parents[1] / "CITATION.cff"
    assert f"\nversion: {skliquid.__version__}\n" in citation.read_text()
