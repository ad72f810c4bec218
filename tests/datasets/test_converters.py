import numpy as np
import pandas as pd
import pytest

from skliquid.datasets import from_aeon, from_pandas, from_tslearn
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
