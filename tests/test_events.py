"""Frames given by their events, against the same ones dense."""

import pickle

import numpy as np
import pytest
from scipy import sparse

from skliquid.events import Events
from skliquid.sequences import as_sequences


def sparse_frames(seed=0, n_channels=4):
    rng = np.random.default_rng(seed)
    return [
        (rng.normal(size=(t, n_channels)) * (rng.random((t, n_channels)) < 0.3))
        for t in (7, 1, 12, 3)
    ]


DENSE = sparse_frames()
FORMS = [sparse.csr_array, sparse.coo_array, sparse.csc_matrix, sparse.lil_array]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int8, bool])
def test_sparse_arrays_are_the_dense_ones(form, dtype):
    frames = [np.rint(3 * each).astype(dtype) for each in DENSE]
    expected = as_sequences(frames)
    got = as_sequences([form(each) for each in frames])
    assert isinstance(got.frames, Events)
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got.dense().frames, expected.frames)
    np.testing.assert_array_equal(got.offsets, expected.offsets)


def test_duplicates_add_up_and_zeros_are_no_events():
    places = ([0, 0, 2, 1], [1, 1, 0, 2])
    X = as_sequences([sparse.coo_array(([1.0, 2.0, 4.0, 0.0], places), shape=(3, 3))])
    np.testing.assert_array_equal(X[0], [[0, 3, 0], [0, 0, 0], [4, 0, 0]])
    assert X.frames.events.nnz == 2


@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_what_float32_does_not_resolve_is_found_in_events(offset):
    frames = [np.round(each, 1) + offset for each in DENSE]
    expected = as_sequences(frames).unresolved
    got = as_sequences([sparse.csr_array(each) for each in frames]).unresolved
    np.testing.assert_array_equal(got, expected)
    assert expected.any() == (offset > 0)


def with_silence(value):
    """Events whose silent channels have values of their own, and the same frames dense."""
    events = as_sequences([sparse.csr_array(each) for each in DENSE])
    silent = np.arange(4, dtype=np.float32) * value

    def shifted(values, channels):
        return values + silent[channels]

    frames = events.frames.mapped(shifted)
    dense = np.concatenate(DENSE).astype(np.float32) + silent
    return type(events)(frames, events.offsets), type(events)(dense, events.offsets)


@pytest.mark.parametrize("value", [0.0, 0.25])
def test_collections_of_events_are_those_of_dense_frames(value):
    events, dense = with_silence(value)
    assert events.frames.shape == dense.frames.shape
    pairs = [
        (lambda X: X, "itself"),
        (lambda X: X.reversed(), "reversed"),
        (lambda X: X.between(1, 3), "between"),
        (lambda X: X.take([2, 0, 2]), "take"),
        (lambda X: X[np.array([False, True, True, False])], "mask"),
        (lambda X: X[1:], "slice"),
        (lambda X: X[[3], ...], "as scikit-learn indexes"),
        (lambda X: X.take([]), "none"),
        (lambda X: pickle.loads(pickle.dumps(X)), "pickle"),
    ]
    for change, name in pairs:
        got, expected = change(events), change(dense)
        assert isinstance(got.frames, Events), name
        np.testing.assert_array_equal(got.frames, expected.frames, err_msg=name)
        np.testing.assert_array_equal(got.offsets, expected.offsets, err_msg=name)
        assert got.shape == expected.shape
    for one, other in zip(events, dense, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(events[-1], dense[-1])
    with pytest.raises(IndexError):
        events[4]
    samples = np.array([2, 0, 1])
    np.testing.assert_array_equal(events.padded(samples), dense.padded(samples))


def test_events_are_read_as_an_array_is():
    events, dense = with_silence(0.25)
    for key in (3, slice(2, 9), np.array([5, 1, 5]), (slice(None), 2), (4, 1), [0, 2]):
        np.testing.assert_array_equal(events.frames[key], dense.frames[key])
    np.testing.assert_array_equal(np.max(events.frames, axis=0), dense.frames.max(axis=0))
    with pytest.raises(ValueError, match="no dense frames"):
        np.asarray(events.frames, copy=False)
