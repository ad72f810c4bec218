import numpy as np
import pandas as pd
import pytest

from skliquid.datasets import from_aeon, from_events, from_pandas, from_tslearn
from skliquid.sequences import as_sequences

RAGGED = [np.arange(6.0).reshape(3, 2), np.arange(2.0).reshape(1, 2)]
EQUAL = np.arange(24.0).reshape(4, 3, 2)


def assert_same(sequences, expected):
    assert len(sequences) == len(expected)
    for ours, theirs in zip(sequences, expected, strict=True):
        np.testing.assert_array_equal(ours, np.asarray(theirs, dtype=np.float32))


def test_from_aeon():
    channel_first = np.swapaxes(EQUAL, 1, 2)
    assert_same(as_sequences(from_aeon(channel_first)), EQUAL)
    assert_same(as_sequences(from_aeon([value.T for value in RAGGED])), RAGGED)
    with pytest.raises(ValueError, match=r"X has shape \(4, 3\)"):
        from_aeon(EQUAL[:, :, 0])
    with pytest.raises(ValueError, match="sample 1 has shape"):
        from_aeon([RAGGED[0], np.zeros(3)])


def test_from_tslearn():
    X = EQUAL.copy()
    X[1, 1:] = np.nan
    assert_same(from_tslearn(X), [X[0], X[1, :1], X[2], X[3]])
    with pytest.raises(ValueError, match=r"X has shape \(4, 3\)"):
        from_tslearn(EQUAL[:, :, 0])
    with pytest.raises(ValueError, match="infinity: sample 2"):
        from_tslearn(np.where(EQUAL[2, 1, 1] == EQUAL, np.inf, EQUAL))


def test_missing_values_stay_missing():
    X = EQUAL.copy()
    X[1, 1:] = np.nan
    X[2, 1, 1] = X[3, 0] = np.nan
    expected = [X[0], X[1, :1], X[2], X[3]]
    assert_same(from_tslearn(X), expected)
    assert_same(as_sequences(from_aeon(np.swapaxes(X, 1, 2)), missing=True), expected)
    index = pd.MultiIndex.from_product([range(4), range(3)])
    for dtype in ("float64", "Float64", object):
        frame = pd.DataFrame(X.reshape(-1, 2), index=index).astype(dtype)
        assert_same(as_sequences(from_pandas(frame), missing=True), X)


def test_from_pandas():
    rows = [("b", 2, 3.0), ("b", 1, 2.0), ("a", 0, 1.0)]
    frame = pd.DataFrame(rows, columns=["instance", "time", "x"]).set_index(["instance", "time"])
    assert_same(from_pandas(frame), [[[2.0], [3.0]], [[1.0]]])
    assert_same(from_pandas(frame["x"]), [[[2.0], [3.0]], [[1.0]]])
    with pytest.raises(TypeError, match="MultiIndex of two levels"):
        from_pandas(frame.reset_index())
    with pytest.raises(TypeError, match="from_pandas"):
        as_sequences(frame)
    with pytest.raises(ValueError, match="instance b has more than one row at time 2"):
        from_pandas(pd.concat([frame, frame.iloc[:1]]))
    with pytest.raises(ValueError, match="frame is empty"):
        from_pandas(frame.iloc[:0])
    with pytest.raises(ValueError, match="index of frame holds NaN"):
        from_pandas(frame.rename(index={"a": np.nan}))


def test_from_pandas_nested():
    frame = pd.DataFrame(
        {name: [pd.Series(value[:, c]) for value in RAGGED] for c, name in enumerate("ab")}
    )
    assert_same(from_pandas(frame), RAGGED)
    assert_same(from_pandas(frame.map(list)), RAGGED)
    assert_same(from_pandas(frame["a"]), [value[:, :1] for value in RAGGED])
    frame.at[1, "b"] = pd.Series(np.zeros(9))
    with pytest.raises(ValueError, match=r"instance 1 has channels of the lengths \[1, 9\]"):
        from_pandas(frame)


def test_from_events_counts_as_a_histogram():
    rng = np.random.default_rng(0)
    fields = [("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "?")]
    events = np.zeros(500, dtype=fields)
    for name, end in {"t": 9000, "x": 5, "y": 4, "p": 2}.items():
        events[name] = rng.integers(0, end, 500)
    (counts,) = from_events([events], (5, 4, 2), 1000)
    columns = np.stack([events[name].astype(float) for name in ("t", "p", "y", "x")], axis=1)
    edges = [np.arange(0, 10_000, 1000), range(3), range(5), range(6)]
    expected = np.histogramdd(columns, bins=edges)[0]
    np.testing.assert_array_equal(counts, expected.reshape(9, 40))
    pairs = np.stack([events["t"], events["x"]], axis=1)
    np.testing.assert_array_equal(
        from_events([pairs, pairs[:0]], 5, 1000)[0], expected.sum(axis=(1, 2))
    )
    assert from_events([pairs[:0]], 5, 1000)[0].shape == (1, 5)


@pytest.mark.parametrize(
    ("events", "sensor_size", "error", "message"),
    [
        ([[0, 0], [1, 5]], 5, ValueError, "sample 0 has event 1 with x=5; .* in .0, 4."),
        ([[0, 1.5]], 5, ValueError, "event 0 with x=1.5; expected an integer"),
        ([[-1, 1]], 5, ValueError, "event 0 with t=-1; expected a finite time"),
        ([[np.nan, 1]], 5, ValueError, "event 0 with t=nan; expected a finite time"),
        ([1, 2], 5, TypeError, r"sample 0 has shape \(2,\) .*n_events, 2"),
        ([[0, 0]], 0, ValueError, "sensor_size must be an integer in .*, got 0"),
        ([[0, 0]], (5, "4"), TypeError, "sensor_size must be an integer in .*, got '4'"),
    ],
)
def test_bad_events(events, sensor_size, error, message):
    with pytest.raises(error, match=message):
        from_events([np.array(events)], sensor_size, 1.0)
