import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from skliquid.datasets import from_aeon, from_pandas, from_tslearn, load_japanese_vowels
from skliquid.sequences import Sequences, as_sequences


def assert_same(sequences, expected):
    assert len(sequences) == len(expected)
    for ours, theirs in zip(sequences, expected, strict=True):
        np.testing.assert_array_equal(ours, np.asarray(theirs, dtype=np.float32))


RAGGED = [np.arange(6.0).reshape(3, 2), np.arange(2.0).reshape(1, 2)]
EQUAL = np.arange(24.0).reshape(4, 3, 2)


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        (EQUAL, EQUAL),
        (EQUAL.tolist(), EQUAL),
        (list(EQUAL), EQUAL),
        (tuple(EQUAL), EQUAL),
        (EQUAL.astype(int), EQUAL),
        (EQUAL.astype(object), EQUAL),
        (np.asfortranarray(EQUAL), EQUAL),
        (EQUAL[:, :, 0], EQUAL[:, :, :1]),
        (RAGGED, RAGGED),
        ([value.tolist() for value in RAGGED], RAGGED),
        (np.array(RAGGED, dtype=object), RAGGED),
        ([np.arange(3.0), np.arange(2.0)], [[[0], [1], [2]], [[0], [1]]]),
        ([np.arange(2.0), np.arange(2.0)], [[[0], [1]], [[0], [1]]]),
        ([[1, 2, 3], [4]], [[[1], [2], [3]], [[4]]]),
        ([pd.DataFrame(RAGGED[0]), pd.DataFrame(RAGGED[1])], RAGGED),
        (pd.DataFrame(EQUAL[:, :, 0]), EQUAL[:, :, :1]),
    ],
)
def test_accepted_forms(X, expected):
    assert_same(as_sequences(X), expected)


def test_dtype_follows_the_input():
    assert as_sequences(EQUAL.astype(np.float32)).dtype == np.float32
    assert as_sequences(EQUAL).dtype == np.float64
    assert as_sequences([EQUAL[0].astype(np.float32), EQUAL[1]]).dtype == np.float64
    assert as_sequences(EQUAL.astype(int)).frames.dtype == np.float32


def test_float32_array_is_not_copied():
    X = EQUAL.astype(np.float32)
    assert np.shares_memory(as_sequences(X).frames, X)


def test_trailing_nan_is_padding():
    X = EQUAL.copy()
    X[1, 2:] = np.nan
    X[3, 1:] = np.nan
    assert_same(as_sequences(X), [X[0], X[1, :2], X[2], X[3, :1]])


def test_padded_and_take():
    sequences = as_sequences(RAGGED)
    padded = sequences.padded(np.array([1, 0]))
    assert padded.shape == (3, 2, 2)
    np.testing.assert_array_equal(padded[:, 1], RAGGED[0])
    np.testing.assert_array_equal(padded[:1, 0], RAGGED[1])
    assert (padded[1:, 0] == 0).all()
    assert_same(sequences.take([1]), RAGGED[1:])
    assert isinstance(as_sequences(sequences), Sequences)


def with_value(value, dtype=float):
    X = EQUAL.astype(dtype)
    X[2, 1, 1] = value
    return X


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ([], ValueError, "X is empty"),
        (np.zeros((0, 3, 2)), ValueError, "holds no samples"),
        (np.zeros((2, 0, 2)), ValueError, "holds no time steps"),
        (np.zeros((2, 3, 0)), ValueError, "holds no channels"),
        ([np.zeros((3, 2)), np.zeros((0, 2))], ValueError, "sample 1 has length zero"),
        ([np.zeros((3, 0))], ValueError, "sample 0 has no channels"),
        ([np.zeros((3, 2)), np.zeros((3, 1))], ValueError, "sample 1 has 1, sample 0 has 2"),
        (with_value(np.nan), ValueError, "NaN: sample 2 at time step 1, channel 1"),
        (list(with_value(np.nan)), ValueError, "NaN: sample 2 at time step 1, channel 1"),
        (with_value(np.inf), ValueError, "infinity: sample 2 at time step 1, channel 1"),
        (with_value(-1e300), ValueError, "-1e.300.*, beyond the range of float32: sample 2"),
        (np.full((2, 3, 1), np.nan), ValueError, "sample 0 has length zero"),
        (np.zeros((2, 2, 2, 2)), ValueError, "X has 4 dimensions"),
        ([np.zeros((2, 2, 2))] * 2, ValueError, "sample 0 has 3 dimensions"),
        (np.zeros(5), ValueError, "got a 1D array"),
        (3.0, TypeError, "X is 3.0"),
        (EQUAL.astype(str), TypeError, "X has dtype <U32"),
        ([np.array([["a"]])], TypeError, "sample 0 has dtype <U1"),
        (with_value("x", object), TypeError, "X is an object array whose values are not all"),
        ([np.array([[{}]])], TypeError, "sample 0 is an object array"),
        (EQUAL.astype(complex), ValueError, "Complex data not supported: X"),
        ([EQUAL[0].astype(complex)], ValueError, "Complex data not supported: sample 0"),
        (EQUAL.astype(complex).astype(object), ValueError, "Complex data not supported: X"),
        ([EQUAL[0].astype(complex).astype(object)], ValueError, "Complex .*: sample 0"),
        (EQUAL.astype(str).astype(object), TypeError, "X is an object array .* it holds '0.0'"),
        (with_value(None, object), TypeError, "X is an object array .* it holds None"),
        (np.ma.masked_array(EQUAL, mask=EQUAL > 3), TypeError, "X is a masked array"),
        ([np.ma.masked_array(EQUAL[0])], TypeError, "sample 0 is a masked array"),
        ([[[1.0, 2.0]], []], ValueError, "sample 1 has length zero"),
        (sparse.eye_array(3), TypeError, "X is a sparse"),
        ([sparse.eye_array(3)], TypeError, "sample 0 is a sparse"),
        ([[[1.0], [1.0, 2.0]], [[1.0]]], ValueError, "sample 0 is not an array"),
    ],
)
def test_bad_input(X, error, message):
    with pytest.raises(error, match=message):
        as_sequences(X)


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
    with pytest.raises(ValueError, match="NaN: sample 2"):
        from_tslearn(with_value(np.nan))


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


def test_japanese_vowels():
    X_train, y_train, X_test, y_test = load_japanese_vowels()
    assert (len(X_train), len(X_test)) == (270, 370)
    lengths = [len(x) for x in X_train + X_test]
    assert (min(lengths), max(lengths)) == (7, 29)
    assert {x.shape[1] for x in X_train + X_test} == {12}
    # The first frame of the file that the UCI repository distributes.
    np.testing.assert_allclose(X_train[0][0, :3], [1.860936, -0.207383, 0.261557], rtol=1e-6)
    assert np.unique(y_train, return_counts=True)[1].tolist() == [30] * 9
    assert np.unique(y_test, return_counts=True)[1].tolist() == [
        31,
        35,
        88,
        44,
        29,
        24,
        40,
        50,
        29,
    ]
