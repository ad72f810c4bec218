"""Lines and bars that tell how far a call has come."""

import re

import numpy as np
import pytest

from skliquid import LiquidTransformer, LSMClassifier, LSMRegressor, _progress
from skliquid import collection as collection_module
from skliquid.estimators import _by_parts, _lsm

SMALL = {"reservoir_size": 12, "engine": "numpy", "random_state": 0, "batch_size": 8}
X = np.random.default_rng(0).normal(size=(20, 9, 2)).cumsum(axis=1)
Y = np.arange(20) % 2


@pytest.fixture
def lines(capsys, monkeypatch):
    """Lines of every batch, the seconds left out."""
    monkeypatch.setattr(_progress, "_SECONDS", 0.0)
    capsys.readouterr()
    return lambda: re.sub(r", \d+\.\d s", "", capsys.readouterr().out).splitlines()


def told(title, counts, total):
    return [f"[{title}] {n}{total} sequences" for n in counts]


def test_lines_count_the_sequences_that_were_run(lines):
    liquid = LiquidTransformer(verbose=True, bidirectional=True, n_liquids=2, **SMALL)
    liquid.fit_transform(X)
    batches = [8, 16, 20, 20]
    assert lines() == told("LiquidTransformer.fit_transform", batches, " of 20")
    liquid.transform(X)
    assert lines() == told("LiquidTransformer.transform", batches, " of 20")
    liquid.transform(iter([X[:9], X]))  # whose number is not known before
    assert lines() == told("LiquidTransformer.transform", [8, 9, 17, 25, 29, 29], "")


@pytest.mark.parametrize("Estimator", [LSMClassifier, LSMRegressor])
def test_lines_are_those_of_the_outermost_call(lines, Estimator):
    name = Estimator.__name__
    lsm = Estimator(verbose=1, **SMALL).fit(X, Y)
    assert lines() == told(f"{name}.fit", [8, 16, 20, 20], " of 20")
    lsm.predict(X)
    assert lines() == told(f"{name}.predict", [8, 16, 20, 20], " of 20")
    lsm.set_params(verbose=False).predict(X)
    assert lines() == []
    lsm.set_params(verbose=True).predict(iter([X[:9], X[9:]]))
    assert lines() == told(f"{name}.predict", [8, 9, 17, 20, 20], "")


def test_lines_of_many_parts_and_of_states(lines, monkeypatch):
    monkeypatch.setattr(collection_module, "PART_SIZE", 9 * 2 * 7)
    monkeypatch.setattr(_by_parts, "_WHOLE_BYTES", 1)
    monkeypatch.setattr(_lsm, "_PART_BYTES", 8 * 48 * 5)
    lsm = LSMClassifier(verbose=True, **SMALL).fit(X, Y)
    assert lines()[-2:] == told("LSMClassifier.fit", [20, 20], " of 20")
    lsm.decision_function(X)
    assert lines()[-2:] == told("LSMClassifier.decision_function", [20, 20], " of 20")
    over_time = LSMClassifier(verbose=True, readout="leaky_rate", **SMALL | {"batch_size": None})
    over_time.fit(X, Y)
    assert lines()[-1:] == told("LSMClassifier.fit", [20], " of 20")
    monkeypatch.setattr(collection_module, "PART_SIZE", 10**9)
    over_time.predict_over_time(X)
    assert lines() == told("LSMClassifier.predict_over_time", [20, 20], " of 20")


def test_silence_unless_asked(capsys):
    LSMClassifier(**SMALL).fit(X, Y).predict(X)
    assert capsys.readouterr().out == ""


def test_what_fails_or_is_seldom_asked_prints_once(capsys):
    lsm = LSMClassifier(verbose=True, **SMALL).fit(X, Y)
    assert len(capsys.readouterr().out.splitlines()) == 1  # in less than a second
    with pytest.raises(ValueError, match="channels"):
        lsm.predict(X[:, :, :1])
    lsm.predict(X)
    assert capsys.readouterr().out.count("LSMClassifier.predict] 20 of 20") == 1


def test_bars_follow_a_fit_that_had_one(capsys):
    callback = pytest.importorskip("sklearn.callback")
    lsm = LSMClassifier(**SMALL).set_callbacks(callback.ProgressBar()).fit(X, Y)
    capsys.readouterr()
    lsm.predict(X)
    out = capsys.readouterr().out
    assert "LSMClassifier.predict" in out
    assert "100%" in out
    liquid = LiquidTransformer(**SMALL).set_callbacks(callback.ProgressBar()).fit(X)
    capsys.readouterr()
    liquid.transform(X)
    assert "LiquidTransformer.transform" in capsys.readouterr().out
    liquid.set_callbacks().transform(X)
    assert capsys.readouterr().out == ""
