import tracemalloc

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from skliquid import sequences as module
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
        ([pd.DataFrame(part, dtype="Int64") for part in RAGGED], RAGGED),
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


@pytest.mark.parametrize("samples", [[3, 1], slice(1, 4), np.arange(5) % 2 == 1])
def test_taken_sequences_keep_what_was_found_of_all(samples, monkeypatch):
    """That float32 resolves no variation is known only before it rounds it away."""
    X = np.random.default_rng(0).normal(loc=[1e9, 0.0], size=(5, 30, 2))
    sequences = as_sequences(X)
    monkeypatch.setattr(module, "_validated", None)  # once is enough
    taken = sequences.take(samples)
    assert_same(taken, X[samples])
    assert taken.offsets.dtype == np.int64
    for part in (taken, taken.take([0]), sequences.reversed()):
        assert part.dtype == np.float64
        assert part.unresolved.tolist() == [True, False]
    assert not np.shares_memory(taken.frames, sequences.frames)


def test_none_taken_is_none():
    taken = as_sequences(RAGGED).take([])
    assert (len(taken), taken.frames.shape, taken.offsets.tolist()) == (0, (0, 2), [0])


@pytest.mark.parametrize(
    ("offset", "scale", "expected"),
    [
        (0.0, 1.0, False),
        (1e4, 1.0, False),
        (1e6, 1.0, True),
        (1e9, 1.0, True),
        (-1e15, 100.0, True),
        (0.0, 1e-44, True),
        (0.1, 0.0, False),
        (0.1, 1e-16, False),  # rounding errors around a constant
        (1e15, 0.25, False),
        (float(np.finfo(np.float32).max), 0.0, False),
    ],
)
def test_channels_that_float32_does_not_resolve(offset, scale, expected):
    X = offset + scale * np.random.default_rng(0).normal(size=(5, 30, 1))
    assert as_sequences(X).unresolved.tolist() == [expected]
    assert as_sequences(X.astype(np.float32)).unresolved is None


def with_value(value, dtype=float):
    X = EQUAL.astype(dtype)
    X[2, 1, 1] = value
    return X


def padded_table():
    return np.array([[0.0, 1.0, 2.0], [3.0, 4.0, np.nan]])


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
        (
            EQUAL * np.longdouble("1e400"),
            ValueError,
            "infinity: sample 0 at time step 0, channel 1",
        ),
        (with_value(np.timedelta64(3, "Y"), object), TypeError, "holds np.timedelta64"),
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
        ([sparse.eye_array(3), np.eye(3)], TypeError, "sample 0 is a sparse"),
        ([sparse.eye_array(3), sparse.eye_array(2)], ValueError, r"sample 1 .* shape \(2, 2\)"),
        ([sparse.csr_array((0, 3))], ValueError, r"sample 0 .* shape \(0, 3\)"),
        ([sparse.csr_array(EQUAL[0].astype(complex))], TypeError, "sample 0 has dtype complex"),
        (
            list(map(sparse.csr_array, with_value(np.nan))),
            ValueError,
            "NaN: sample 2 at time step 1, channel 1",
        ),
        (
            list(map(sparse.coo_array, with_value(-1e300))),
            ValueError,
            "-1e.300.*, beyond the range of float32: sample 2 at time step 1, channel 1",
        ),
        ([[[1.0], [1.0, 2.0]], [[1.0]]], ValueError, "sample 0 is not an array"),
        (with_value(np.nan)[:, :, 1], ValueError, "NaN: sample 2 at time step 1, channel 0"),
        (padded_table(), ValueError, "NaN: sample 1 at time step 2, channel 0"),
    ],
)
def test_bad_input(X, error, message):
    with pytest.raises(error, match=message):
        as_sequences(X)


def test_nan_is_met_with_the_parameter_that_fills_it():
    X = with_value(np.nan)
    for given in (X, as_sequences(X, missing=True)):
        with pytest.raises(
            ValueError, match="sample 12 at time step 1, channel 1.*missing='hold'"
        ):
            as_sequences(given, first=10)
    with pytest.raises(ValueError, match=r"Values must be finite\.$"):
        as_sequences(with_value(np.inf))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_missing_values_stay_and_padding_goes(dtype):
    X = with_value(np.nan, dtype)
    X[0, 0] = X[1, 2:] = np.nan
    expected = [X[0], X[1, :2], X[2], X[3]]
    for given in (X, expected):
        sequences = as_sequences(given, missing=True)
        assert sequences.has_missing
        assert_same(sequences, expected)
    # A list says itself where a sequence ends.
    assert_same(as_sequences(list(X), missing=True), X)
    assert not as_sequences(EQUAL, missing=True).has_missing
    assert_same(as_sequences(padded_table(), missing=True), [[[0], [1], [2]], [[3], [4]]])
    for value, message in [(np.inf, "infinity: sample 2"), (-1e300, "beyond the range")]:
        with pytest.raises(ValueError, match=message):
            as_sequences(np.where(X[2, 0, 0] == X, value, X.astype(float)), missing=True)


def test_what_pandas_calls_missing_is_missing():
    frames = [pd.DataFrame(part, dtype="Int64") for part in EQUAL]
    frames[2].iloc[1, 1] = pd.NA
    expected = with_value(np.nan)
    assert_same(as_sequences(frames, missing=True), expected)
    table = pd.DataFrame(expected[:, :, 1], dtype="Int64")
    assert_same(as_sequences(table, missing=True), expected[:, :, 1:])
    with pytest.raises(ValueError, match="NaN: sample 2 at time step 1, channel 1"):
        as_sequences(frames)


def test_what_float32_does_not_resolve_is_seen_between_missing_values():
    X = np.random.default_rng(0).normal(loc=[1e9, 0.0], size=(5, 30, 2))
    X[1, 3], X[2, :10, 1] = np.nan, np.nan
    assert as_sequences(X, missing=True).unresolved.tolist() == [True, False]


@pytest.mark.parametrize(
    "form", [dict, lambda items: dict(items).values(), lambda items: "x" * 10**6]
)
def test_errors_print_the_beginning_of_a_long_value(form):
    X = form((i, np.zeros((30, 2))) for i in range(1200))
    with pytest.raises(TypeError, match="(?s)X is .*expected an array of shape") as error:
        as_sequences(X)
    assert repr(X)[:100] in str(error.value)
    assert len(str(error.value)) < 700
    with pytest.raises(TypeError, match="X is an object array") as error:
        as_sequences(with_value("x" * 10**6, object))
    assert len(str(error.value)) < 700


def in_small_blocks(monkeypatch):
    monkeypatch.setattr(module, "_BLOCK_SIZE", 16)
    monkeypatch.setattr(module, "_BLOCK_FRAMES", 5)


FORMS = {
    "bytes": np.random.default_rng(0).integers(0, 2, (6, 9, 3)).astype(np.uint8),
    "large integers": 2**40 + np.random.default_rng(0).integers(0, 2**20, (6, 9, 3)),
    "float64": 1e9 + np.random.default_rng(0).random((6, 9, 3)),
    "float32": np.random.default_rng(0).random((6, 9, 3), np.float32),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "as_form", [np.asarray, list, lambda X: [x[: 1 + i] for i, x in enumerate(X)]]
)
def test_blocks_are_converted_as_the_whole_is(monkeypatch, form, as_form):
    X = as_form(FORMS[form])
    frames = np.concatenate([np.asarray(x, dtype=np.float64) for x in X])
    in_small_blocks(monkeypatch)
    sequences = as_sequences(X)
    np.testing.assert_array_equal(sequences.frames, frames.astype(np.float32))
    np.testing.assert_array_equal(sequences.lengths, [len(x) for x in X])
    assert sequences.dtype == (np.float32 if form == "float32" else np.float64)
    if form != "float32":
        is_lost = form in ("large integers", "float64")  # they vary by a few steps of float32
        np.testing.assert_array_equal(sequences.unresolved, [is_lost] * 3)


def test_an_error_in_a_later_block_names_its_place(monkeypatch):
    in_small_blocks(monkeypatch)
    X = [np.zeros((4, 2)), np.zeros((30, 2)), np.zeros((3, 2))]
    X[1][27, 1] = np.inf
    with pytest.raises(ValueError, match="infinity: sample 1 at time step 27, channel 1"):
        as_sequences(X)


@pytest.mark.parametrize("as_form", [np.asarray, list])
def test_integers_are_not_copied_in_float64(as_form):
    """What is held beside the frames in float32 is small."""
    X = as_form(np.ones((50, 1_000, 100), dtype=np.uint8))
    tracemalloc.start()
    frames = as_sequences(X).frames
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    blocks = 4 * 8 * module._BLOCK_SIZE
    assert peak < 1.1 * frames.nbytes + blocks < 8 * frames.size + frames.nbytes + blocks


def test_frames_are_chosen_among_those_of_some_sequences():
    sequences = as_sequences([np.arange(t, dtype=float) + 100 * t for t in (5, 3, 8, 4)])
    samples = np.array([0, 2, 3])
    frames, of = sequences.some_frames(samples, 17, np.random.default_rng(0))
    np.testing.assert_array_equal(frames, np.r_[0:5, 8:20])
    np.testing.assert_array_equal(of, np.repeat(samples, [5, 8, 4]))
    few, of = sequences.some_frames(samples, 6, np.random.default_rng(0))
    assert len(np.unique(few)) == 6
    assert (np.diff(few) > 0).all()
    assert np.isin(few, frames).all()
    np.testing.assert_array_equal(sequences.frames[few, 0] // 100, sequences.lengths[of])


def test_what_float32_rounds_to_zero_is_no_error_where_numpy_is_told_to_raise():
    X = EQUAL.copy()
    X[0, 0] = 1e-50
    with np.errstate(all="raise"):
        assert not as_sequences(X).frames[0].any()
        assert not as_sequences(list(X)).frames[0].any()
