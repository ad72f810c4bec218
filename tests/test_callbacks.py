"""What scikit-learn's callbacks are told of a fit."""

import numpy as np
import pytest
from sklearn.base import clone

from skliquid import LiquidTransformer, LSMClassifier, LSMRegressor
from skliquid import collection as collection_module
from skliquid.estimators import _by_parts, _lsm

callback = pytest.importorskip("sklearn.callback")

SMALL = {"reservoir_size": 12, "engine": "numpy", "random_state": 0, "batch_size": 8}
X = np.random.default_rng(0).normal(size=(20, 9, 2)).cumsum(axis=1)
Y = np.arange(20) % 2


class Recorder:
    """Callback that keeps what it is told, and what fitted estimators predict."""

    def __init__(self, depth=1):
        self.max_propagation_depth, self.ended, self.predicted = depth, [], []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, X=None, fitted_estimator=None):
        self.ended.append((context.estimator_name, context.task_name))
        if fitted_estimator is not None and hasattr(fitted_estimator, "predict") and X is not None:
            self.predicted.append((X, fitted_estimator.predict(X)))


@pytest.fixture
def parts(monkeypatch):
    """Sizes at which X comes in parts of five."""
    monkeypatch.setattr(collection_module, "PART_SIZE", 9 * 2 * 10)
    monkeypatch.setattr(_by_parts, "_WHOLE_BYTES", 1)
    monkeypatch.setattr(_lsm, "_PART_BYTES", 8 * 48 * 5)


@pytest.mark.parametrize("memory", [False, True])
def test_batches_are_told_of_at_the_depth_of_a_progress_bar(tmp_path, memory):
    recorder = Recorder(callback.ProgressBar().max_propagation_depth)
    lsm = LSMClassifier(memory=str(tmp_path) if memory else None, **SMALL)
    lsm.set_callbacks(recorder).fit(X, Y)
    assert recorder.ended == [
        *[("LiquidTransformer", "run-liquid")] * 3,
        ("LiquidTransformer", "fit"),
        ("LSMClassifier", "fit-readout"),
        ("LSMClassifier", "fit"),
    ]
    assert not hasattr(lsm.pipeline_[0], "_skl_callbacks")


@pytest.mark.parametrize("readout", ["ridge", "mlp", "leaky_rate"])
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_scoring_monitor_records_the_score_of_a_fit(readout):
    monitor = callback.ScoringMonitor(scoring="accuracy")
    lsm = LSMClassifier(readout=readout, **SMALL)
    lsm.set_params(batch_size=None).set_callbacks(monitor).fit(X, Y)
    (entry,) = monitor.get_logs().data
    assert entry["task_name"] == "fit"
    assert entry["accuracy"] == lsm.score(X, Y)


def test_scoring_monitor_is_given_the_weights():
    weight = np.where(Y, 3.0, 1.0)
    monitor = callback.ScoringMonitor(scoring="accuracy")
    lsm = LSMClassifier(**SMALL | {"spectral_radius": 0.0}).set_callbacks(monitor)
    lsm.fit(X, Y, sample_weight=weight)
    assert monitor.get_logs().data[0]["accuracy"] == lsm.score(X, Y, sample_weight=weight)


@pytest.mark.usefixtures("parts")
def test_parts_are_scored_one_by_one():
    monitor = callback.ScoringMonitor(scoring="r2")
    pooling = "counts", "bursts", "longest_burst", "rectified"  # parts of two sequences each
    lsm = LSMRegressor(**SMALL, pooling=pooling).set_callbacks(monitor)
    lsm.fit(X, X.mean(axis=(1, 2)))
    rows = monitor.get_logs().data
    assert [row["task_name"] for row in rows] == ["fit", *["add-part"] * 4]
    assert rows[0]["r2"] == lsm.score(X, X.mean(axis=(1, 2)))
    expected = clone(lsm).fit(X, X.mean(axis=(1, 2)))  # looking on changes nothing
    np.testing.assert_array_equal(lsm.predict(X), expected.predict(X))


def test_what_yields_parts_is_not_handed_out_when_it_is_used_up():
    recorder = Recorder()
    LSMRegressor(**SMALL).set_callbacks(recorder).fit(iter([X[:12], X[12:]]), Y * 1.0)
    assert [len(part) for part, _ in recorder.predicted] == [12, 8]
    recorder = Recorder()
    LiquidTransformer(**SMALL).set_callbacks(recorder).fit(iter([X[:12], X[12:]]))
    assert recorder.ended[-1] == ("LiquidTransformer", "fit")


def test_a_progress_bar_of_batches(capsys):
    LSMClassifier(**SMALL).set_callbacks(callback.ProgressBar()).fit(X, Y)
    out = capsys.readouterr().out
    assert "LSMClassifier - fit-liquid | LiquidTransformer - fit" in out
    with_both = callback.ProgressBar(), callback.ScoringMonitor(scoring="accuracy")
    LSMClassifier(**SMALL).set_callbacks(*with_both).fit(X, Y)
    assert "predict" not in capsys.readouterr().out  # of the monitor's scores
