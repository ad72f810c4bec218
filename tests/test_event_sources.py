"""Sequences made of events, against histograms."""

import numpy as np
import pytest

from skliquid import LSMClassifier, from_events
from skliquid.events import Events


def spikes(seed=0, n_samples=5, n_units=6, end=20.0):
    rng = np.random.default_rng(seed)
    n_events = rng.integers(0, 60, n_samples)
    times = [rng.uniform(0, end, n) for n in n_events]
    return times, [rng.integers(0, n_units, n) for n in n_events]


def sensor(names):
    """One event, of which all is 1."""
    return np.ones(1, dtype=[(name, "<i8") for name in names])


def histogram(times, units, n_steps, n_units, dt):
    edges = dt * np.arange(n_steps + 1), np.arange(n_units + 1)
    return np.histogram2d(times, units, bins=edges)[0]


@pytest.mark.parametrize("duration", [None, 21.0, [20.0, 25.0, 20.1, 30.0, 20.0]])
def test_counts_are_a_histogram(duration):
    times, units = spikes()
    X = from_events(times, units, 6, dt=0.5, duration=duration)
    assert isinstance(X.frames, Events)
    assert X.dtype == np.float32
    for i, (t, unit) in enumerate(zip(times, units, strict=True)):
        if duration is None:
            n_steps = int(t.max(initial=0) // 0.5) + 1
        else:
            n_steps = int(np.ceil(np.broadcast_to(duration, 5)[i] / 0.5))
        np.testing.assert_array_equal(X[i], histogram(t, unit, n_steps, 6, 0.5))
    assert X.frames.events.data.max() > 1  # or nothing would have been added up


def test_a_duration_of_whole_steps_has_no_step_more():
    assert from_events([[0.0]], [[0]], 1, dt=0.1, duration=1.1).lengths == 11


def test_an_event_on_the_edge_of_a_step_is_the_first_of_the_next():
    for dt in (0.1, 0.3, 1e-3, 7e-6):
        X = from_events([np.arange(200) * dt], [np.zeros(200)], 1, dt=dt)
        np.testing.assert_array_equal(X[0], np.ones((200, 1)))
        early = np.nextafter(np.arange(1, 200) * dt * (1 - 1e-12), 0)
        X = from_events([early], [np.zeros(199)], 1, dt=dt)
        np.testing.assert_array_equal(X[0], np.ones((199, 1)))


def test_events_of_a_sensor():
    fields = [("x", "<i2"), ("y", "<i2"), ("t", "<i8"), ("p", "?")]
    events = np.array([(1, 0, 5, True), (0, 1, 0, False), (1, 0, 5, True)], dtype=fields)
    X = from_events([events], n_units=(2, 3, 2), dt=2)
    expected = np.zeros((3, 12))
    expected[2, 6 + 1] = 2
    expected[0, 2] = 1
    np.testing.assert_array_equal(X[0], expected)


@pytest.mark.parametrize("n_units", [None, 5, (5, 1, 1)])
def test_one_polarity_is_not_read(n_units):
    # tonic gives the events of the Heidelberg digits the polarity 1.
    fields = [("t", "<i8"), ("x", "<i8"), ("p", "<i8")]
    events = np.array([(0, 4, 1), (1, 0, 1)], dtype=fields)
    X = from_events([events], n_units=n_units)
    np.testing.assert_array_equal(X[0], np.eye(5)[[4, 0]])


def test_units_are_counted_where_their_number_is_not_given():
    assert from_events([[0, 1], [3]], [[0, 4], [2]]).shape == (2, 4, 5)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([], [], 3), ValueError, "times is empty"),
        (([[0.0], [1.0]], [[0]], 3), ValueError, "times and units must .* got 2 and 1"),
        (([[0.0], [1.0, 2.0]], [[0], [1]], 3), ValueError, "sample 1 has times of shape"),
        (([[0.0], [1.0, -2.0]], [[0], [1, 0]], 3), ValueError, "sample 1 has event 1 with t=-2"),
        (([[0.0], [np.nan]], [[0], [1]], 3), ValueError, "sample 1 has event 0 with t=nan"),
        (([[0.0], [1.0]], [[0], [3]], 3), ValueError, r"sample 1 .* x=3; .* in \[0, 2\]"),
        (([[0.0], [1.0]], [[0], [0.5]], 3), ValueError, "sample 1 .* x=0.5; expected an integer"),
        (
            ([[0.0], [1.0]], [[0], [0]], 3, 0.5, 1.0),
            ValueError,
            "sample 1 .* t=1; .* the end of",
        ),
        (([["a"]], [[0]], 3), TypeError, "sample 0 has t of dtype"),
        (([[0.0], [[1, 2], [3]]], [[0], [1]], 3), ValueError, "events of sample 1 must be arrays"),
        (([np.ones((1, 2)), [[1, 2], [3]]],), ValueError, "events of sample 1 must"),
        (([sensor("xyt")],), ValueError, "n_units must be width, height and polarities"),
        (
            ([sensor("xyt"), sensor("xt")], None, (2, 2)),
            ValueError,
            "sample 1 has the fields .'x'.;",
        ),
        (([[0.0], [1e300]], [[0], [0]], 3, 1e-300), ValueError, "the sequences have"),
        ((np.array([0.0, 1.0]), np.array([0, 1]), 3), TypeError, "times must be a list of arrays"),
        (([[0.0]], [[0]], 0), ValueError, "n_units must be an integer in"),
        (([[0.0]], [[0]], (1, 2, 3, 4)), ValueError, "n_units must hold one to three"),
        (([[0.0]], [[0]], (2**20, 2**20)), ValueError, "n_units must make at most"),
        (([[0.0]], [[0]], 3, 0.0), ValueError, "dt must be a finite number in"),
        (
            ([[0.0]], [[0]], 3, 1.0, [1.0, 2.0]),
            ValueError,
            "duration must be one number or 1, .* got .1.0, 2.0.",
        ),
        (([[0.0]], [[0]], 3, 1.0, 0), ValueError, "duration must be a finite number in"),
        (([[1e12]], [[0]], 3), ValueError, "the sequences have 1000000000001 steps"),
    ],
)
def test_bad_events_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        from_events(*arguments)


def test_a_choice_of_no_sequence_is_empty():
    X = from_events([[0.0]] * 4, [[0], [1], [0], [1]], 2)
    classifier = LSMClassifier(20, random_state=0).fit(X, [0, 1, 0, 1])
    with pytest.raises(ValueError, match="X is empty; expected"):
        classifier.predict(X[0:0])
