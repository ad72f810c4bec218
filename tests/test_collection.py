import numpy as np
import pytest

from skliquid import collection as module
from skliquid.collection import Collection, as_parts
from skliquid.sequences import Sequences, as_sequences

RNG = np.random.default_rng(0)
ARRAY = RNG.normal(size=(11, 6, 2))
PADDED = np.where(np.arange(6)[:, None] < RNG.integers(1, 7, size=(11, 1, 1)), ARRAY, np.nan)
RAGGED = [RNG.normal(size=(length, 2)) for length in RNG.integers(1, 9, size=11)]


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(module, "PART_SIZE", 30)


@pytest.mark.parametrize("source", [ARRAY, PADDED, RAGGED, as_sequences(RAGGED), ARRAY[:, :, 0]])
@pytest.mark.parametrize("most", [None, 1, 2, 100])
@pytest.mark.usefixtures("small_parts")
def test_parts_are_the_whole(source, most):
    parts = list(Collection(source).parts(most, first=5))
    assert len(parts) > 1
    assert [rows.start for rows, _ in parts] == [5, *(rows.stop for rows, _ in parts[:-1])]
    assert all(len(part) == rows.stop - rows.start <= (most or 11) for rows, part in parts)
    expected = list(as_sequences(source))
    for mine, other in zip((x for _, part in parts for x in part), expected, strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.usefixtures("small_parts")
def test_parts_keep_what_is_missing():
    X = PADDED.copy()
    X[3, 0, 1] = X[8, 0, 0] = np.nan
    expected = as_sequences(X, missing=True)
    for source in (X, expected):
        parts = [part for _, part in Collection(source, missing=True).parts()]
        assert len(parts) > 1
        np.testing.assert_array_equal(
            np.concatenate([part.frames for part in parts]), expected.frames
        )
    with pytest.raises(ValueError, match="NaN: sample 3 at time step 0, channel 1"):
        list(Collection(X).parts())


def test_parts_are_not_larger_than_their_limit():
    sizes = [part.frames.size for _, part in Collection(np.zeros((7, 1000, 1000))).parts()]
    assert max(sizes) <= module.PART_SIZE + 10**6
    assert len(sizes) == 2


def test_dtype_is_that_of_all_sequences(small_parts):
    mixed = [RAGGED[0].astype(np.float32), *RAGGED[1:]]
    assert {part.dtype for _, part in Collection(mixed).parts()} == {np.dtype(np.float64)}
    single = [x.astype(np.float32) for x in RAGGED]
    assert {part.dtype for _, part in Collection(single).parts()} == {np.dtype(np.float32)}
    assert Collection(ARRAY.astype(int)).dtype == np.float64


@pytest.mark.usefixtures("small_parts")
def test_errors_count_the_samples_of_all_parts():
    X = ARRAY.copy()
    X[9, 3, 1] = np.inf
    for source in (X, list(X)):
        with pytest.raises(ValueError, match="sample 109 at time step 3, channel 1"):
            list(Collection(source).parts(first=100))
    with pytest.raises(ValueError, match="sample 10 has 3, sample 0 has 2"):
        list(Collection([*RAGGED[:10], np.zeros((4, 3))]).parts(1))


@pytest.mark.usefixtures("small_parts")
def test_sample_is_a_choice_that_spares_weight_zero():
    weight = np.arange(11.0)
    chosen, mine = Collection(ARRAY).sample(weight, np.random.default_rng(0))
    assert len(chosen) == len(mine) == 2  # 30 of 132 numbers
    for x, w in zip(chosen, mine, strict=True):
        assert w > 0
        np.testing.assert_array_equal(x, ARRAY[int(w)].astype(np.float32))


def test_a_small_collection_is_its_sample():
    chosen, weight = Collection(ARRAY).sample(None, np.random.default_rng(0))
    assert len(chosen) == 11
    assert weight is None


@pytest.mark.parametrize(
    "X",
    [
        ARRAY,
        RAGGED,
        tuple(RAGGED),
        as_sequences(RAGGED),
        {},
        {1},
        {1: 2}.values(),
        "ab",
        3.0,
        None,
    ],
)
def test_what_is_no_iterable_of_parts(X):
    assert as_parts(X) is None


def test_parts_that_come_one_by_one():
    parts = list(as_parts(iter([ARRAY, [], RAGGED])))
    assert [len(part) for part in parts] == [11, 11]
    with pytest.raises(ValueError, match=r"part 1 of X is an array of shape \(6, 2\)"):
        list(as_parts(iter([ARRAY, ARRAY[0]])))


def test_mapped_file_is_not_read_beyond_what_is_taken(tmp_path):
    np.save(tmp_path / "X.npy", ARRAY.astype(np.float32))
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    part = Collection(mapped).take(slice(2, 4))
    assert isinstance(part, Sequences)
    assert np.shares_memory(part.frames, mapped)
