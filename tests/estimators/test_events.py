"""Estimators on events, against the same sequences dense."""

import tracemalloc

import numpy as np
import pytest
from scipy import sparse
from sklearn.model_selection import GridSearchCV, cross_val_predict, train_test_split

from skliquid import (
    EarlyLSMClassifier,
    LiquidTransformer,
    LSMClassifier,
    LSMRegressor,
    LSMSequenceRegressor,
    collection,
    diagnostics,
    from_events,
)
from skliquid.encoding import ENCODERS, _chosen
from skliquid.events import Events
from skliquid.sequences import as_sequences

SMALL = {"reservoir_size": 60, "random_state": 0}


@pytest.fixture(scope="module")
def data():
    """Spike trains of two classes of rates, as times and units, dense, and the classes."""
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    dense = []
    for label in y:
        rates = 0.01 + 0.03 * ((np.arange(8) < 4) == label)
        dense.append((rng.random((rng.integers(30, 60), 8)) < rates).astype(np.float32))
        dense[-1][-1, 0] = 2  # or the last event would end the sequence before its last step
    places = [np.nonzero(x) for x in dense]
    times = [np.append(t, len(x) - 1) for (t, _), x in zip(places, dense, strict=True)]
    units = [np.append(unit, 0) for _, unit in places]
    return from_events(times, units, 8), dense, y


@pytest.mark.parametrize("encoder", [None, *ENCODERS])
@pytest.mark.parametrize("engine", ["numba", "numpy"])
def test_features_are_those_of_dense_frames(data, encoder, engine):
    events, dense, _ = data
    liquid = LiquidTransformer(**SMALL, encoder=encoder, engine=engine, bidirectional=True)
    expected = liquid.fit(dense).transform(dense)
    assert len(np.unique(expected)) > 100
    np.testing.assert_array_equal(liquid.transform(events), expected)
    np.testing.assert_array_equal(liquid.fit_transform(events), expected)
    assert expected.dtype == np.float32


PARAMETERS = {
    "scaled each": {"scale_channels": True, "derivative": True},
    "not scaled": {"scale_channels": False, "target_rate": None},
    "held": {"missing": "hold"},
    "rate cell": {"cell": "gru"},
    "derivative": {"encoder": ENCODERS["current"](derivative=True)},
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_all_that_fit_learns_it_learns_of_events(data, name):
    events, dense, _ = data
    weight = np.arange(40.0)
    liquid = LiquidTransformer(**SMALL, **PARAMETERS[name])
    expected = liquid.fit(dense, sample_weight=weight).transform(dense)
    got = liquid.fit(events, sample_weight=weight).transform(events)
    np.testing.assert_array_equal(got, expected)


def test_a_large_collection_is_taken_part_by_part(data, monkeypatch):
    """Of which fit looks at the same sequences, whatever form they have."""
    events, dense, _ = data
    monkeypatch.setattr(collection, "PART_SIZE", 3000)
    liquid = LiquidTransformer(**SMALL)
    expected = liquid.fit(dense).transform(dense)
    np.testing.assert_array_equal(liquid.fit(events).transform(events), expected)
    arrays = [sparse.csr_array(x) for x in dense]
    np.testing.assert_array_equal(liquid.fit(arrays).transform(arrays), expected)
    halves = (events[:25], events[25:])
    np.testing.assert_array_equal(liquid.transform(iter(halves)), expected)


ESTIMATORS = {
    "classifier": LSMClassifier(**SMALL),
    "leaky": LSMClassifier(**SMALL, readout="leaky_rate"),
    "regressor": LSMRegressor(**SMALL),
    "early": EarlyLSMClassifier(LSMClassifier(**SMALL), risk=0.4, random_state=0),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_predictions_are_those_of_dense_frames(data, name):
    events, dense, y = data
    estimator = ESTIMATORS[name]
    expected = estimator.fit(dense, y).predict(dense)
    np.testing.assert_array_equal(estimator.fit(events, y).predict(events), expected)
    assert len(np.unique(expected)) > 1


def test_other_ways_to_fit_and_to_ask(data):
    events, dense, y = data
    lsm = LSMClassifier(**SMALL)
    expected = lsm.fit(dense, y)
    explained = expected.explain(dense[:3])
    probabilities = expected.predict_proba(dense)
    parts, dense_parts = LSMClassifier(**SMALL), LSMClassifier(**SMALL)
    for chosen in (slice(20), slice(20, 40)):
        parts.partial_fit(events[chosen], y[chosen], classes=[0, 1])
        dense_parts.partial_fit(dense[chosen], y[chosen], classes=[0, 1])
    np.testing.assert_array_equal(
        parts.decision_function(events), dense_parts.decision_function(dense)
    )
    lsm.fit(events, y)
    np.testing.assert_array_equal(lsm.predict_proba(events), probabilities)
    for got, other in zip(
        lsm.explain(events[:3]).contributions, explained.contributions, strict=True
    ):
        np.testing.assert_array_equal(got, other)
    liquid = lsm.pipeline_[0]
    for got, other in zip(liquid.spikes(events), liquid.spikes(dense), strict=True):
        np.testing.assert_array_equal(got, other)


def test_a_number_for_each_step(data):
    events, dense, _ = data
    targets = [np.cumsum(x[:, 0]) for x in dense]
    regressor = LSMSequenceRegressor(50, random_state=0)
    expected = regressor.fit(dense, targets).predict(dense)
    for got, other in zip(regressor.fit(events, targets).predict(events), expected, strict=True):
        np.testing.assert_array_equal(got, other)


def test_scikit_learn_splits_events(data):
    events, dense, y = data
    train, test, y_train, _ = train_test_split(events, y, stratify=y, random_state=0)
    assert isinstance(train.frames, Events)
    assert len(train) == len(y_train) == 30
    expected = train_test_split(dense, y, stratify=y, random_state=0)[1]
    np.testing.assert_array_equal(test.frames, np.concatenate(expected))
    search = GridSearchCV(LSMClassifier(**SMALL), {"spectral_radius": [0.5, 1.0]}, cv=2)
    got, other = search.fit(events, y).cv_results_, search.fit(dense, y).cv_results_
    np.testing.assert_array_equal(got["mean_test_score"], other["mean_test_score"])
    predicted = cross_val_predict(LSMClassifier(**SMALL), events, y, cv=2)
    np.testing.assert_array_equal(
        predicted, cross_val_predict(LSMClassifier(**SMALL), dense, y, cv=2)
    )


@pytest.mark.parametrize("encoder", ["delta", "latency", "rate", "bsa", "population"])
def test_spikes_of_an_encoder_are_handed_on_as_events(encoder):
    """Where they are few, as they are of a signal that hardly ever leaves its rest."""
    rng = np.random.default_rng(0)
    X = as_sequences([rng.random((50, 3)).astype(np.float32) ** 200 for _ in range(20)])
    parameters = {"latency": {"n_steps": 40}, "population": {"n_neurons": 40, "width": 0.02}}
    fitted = ENCODERS[encoder](**parameters.get(encoder, {})).fit(X)
    plain, encoded = fitted._encode(X), _chosen.encoded_by(fitted, X)
    assert isinstance(encoded.frames, Events)
    np.testing.assert_array_equal(encoded.frames, plain.frames)


def test_diagnosis_hears_events(data):
    events, dense, _ = data
    liquid = LiquidTransformer(**SMALL).fit(dense)
    got, expected = (diagnostics.branching_ratio(liquid, X, washout=5) for X in (events, dense))
    assert str(got) == str(expected)


def test_many_events_run_as_dense_frames(data):
    _, dense, _ = data
    X = as_sequences([sparse.csr_array(np.ones_like(x)) for x in dense])
    assert isinstance(_chosen.encoded_by(None, X).frames, np.ndarray)


def test_channels_that_no_event_is_in_cost_no_memory():
    """Half a gigabyte, were its frames dense."""
    rng = np.random.default_rng(0)
    times = [rng.integers(0, 100, 100) for _ in range(10)]
    units = [rng.integers(0, 2**17, 100) for _ in range(10)]
    X = from_events(times, units, 2**17, duration=100)
    liquid = LiquidTransformer(20, n_delays=1, encoder=None, engine="numba", random_state=0)
    liquid.fit(from_events(times[:1], units[:1], 2**17, duration=2 + max(times[0])))
    tracemalloc.start()
    liquid.transform(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**26
