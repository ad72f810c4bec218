"""Every form in which frames are pushed, and what is wrong with others."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from skliquid.estimators._frames import as_pieces

RNG = np.random.default_rng(0)
ONE = RNG.normal(size=(5, 3))
THREE = RNG.normal(size=(4, 5, 3))


def given(frames, n_streams=1, n_channels=3):
    """Pieces as a list."""
    pieces = as_pieces(frames, n_streams, n_channels)
    assert pieces.frames.dtype == np.float32
    assert pieces.frames.flags.carray
    return list(pieces)


def assert_same(pieces, expected):
    assert len(pieces) == len(expected)
    for piece, other in zip(pieces, expected, strict=True):
        np.testing.assert_array_equal(piece, np.asarray(other, dtype=np.float32))


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        (ONE[0], ONE[:1]),
        (ONE[0].tolist(), ONE[:1]),
        (ONE, ONE),
        (ONE.tolist(), ONE),
        (ONE[::2], ONE[::2]),
        (np.asfortranarray(ONE), ONE),
        (ONE.astype(">f8"), ONE),
        (ONE[np.newaxis], ONE),
        ([ONE], ONE),
        (pd.DataFrame(ONE), ONE),
        (np.arange(3), [[0, 1, 2]]),
        (np.array([True, False, True]), [[1, 0, 1]]),
        (ONE[:0], ONE[:0]),
        ([], ONE[:0]),
        (None, ONE[:0]),
    ],
)
def test_frames_of_one_stream(frames, expected):
    assert_same(given(frames), [expected])


@pytest.mark.parametrize("frames", [2.5, np.float32(2.5), [2.5], [[2.5]], np.array([2.5])])
def test_a_frame_of_one_channel(frames):
    assert_same(given(frames, 1, 1), [[[2.5]]])


def test_frames_of_one_channel():
    assert_same(given(np.arange(4.0), 1, 1), [np.arange(4.0)[:, np.newaxis]])
    assert_same(given([1, 2], 1, 1), [[[1], [2]]])
    assert_same(given(THREE[:, :, 0], 4, 1), THREE[:, :, :1])


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        (THREE, THREE),
        (list(THREE), THREE),
        (THREE.tolist(), THREE),
        (THREE[:, 0], THREE[:, :1]),
        (list(THREE[:, 0]), THREE[:, :1]),
        (THREE[:, :0], THREE[:, :0]),
        ([ONE, ONE[0], None, ONE[:0]], [ONE, ONE[:1], ONE[:0], ONE[:0]]),
        ([None, [], ONE[:2].tolist(), ONE[:1]], [ONE[:0], ONE[:0], ONE[:2], ONE[:1]]),
        ([None] * 4, [ONE[:0]] * 4),
        (np.array([ONE, ONE[:1], None, ONE[:2]], dtype=object), [ONE, ONE[:1], ONE[:0], ONE[:2]]),
    ],
)
def test_frames_of_several_streams(frames, expected):
    assert_same(given(frames, 4), expected)


def test_precision():
    single = THREE.astype(np.float32)
    assert as_pieces(single, 4, 3).dtype == np.float32
    assert as_pieces(list(single), 4, 3).dtype == np.float32
    assert as_pieces([*single[:3], None], 4, 3).dtype == np.float32
    assert as_pieces([*single[:3], []], 4, 3).dtype == np.float32
    assert as_pieces([*single[:3], THREE[3]], 4, 3).dtype == np.float64
    assert as_pieces([1, 2, 3], 1, 3).dtype == np.float64


def test_what_is_handed_in_is_copied():
    frames = ONE.astype(np.float32)
    assert not np.shares_memory(as_pieces(frames, 1, 3).frames, frames)


def with_value(value, dtype=np.float64):
    frames = THREE.astype(dtype)
    frames[2, 3, 1] = value
    return frames


PLACE = "frame 3 of those pushed, channel 1"


@pytest.mark.parametrize("form", [np.asarray, list])
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.nan, rf"frames\[2\] contains NaN: {PLACE}"),
        (-np.inf, rf"frames\[2\] contains infinity: {PLACE}"),
        (
            1e300,
            rf"frames\[2\] contains 1e\+300, beyond the range of float32: {PLACE}",
        ),
    ],
)
def test_bad_values_are_named_by_place(form, value, text):
    with pytest.raises(ValueError, match=text):
        as_pieces(form(with_value(value)), 4, 3)


def test_bad_single_values():
    with pytest.raises(ValueError, match=r"frames contains NaN: frame 0 .* channel 2"):
        as_pieces(np.array([0, 1, np.nan], dtype=np.float32), 1, 3)


@pytest.mark.parametrize(
    ("frames", "n_streams", "error", "text"),
    [
        (ONE[0, :2], 1, ValueError, r"frames has shape \(2,\); expected .* \(3,\)"),
        (ONE[:, :2], 1, ValueError, r"frames has shape \(5, 2\).* there are 3 channels"),
        (THREE, 1, ValueError, r"frames has shape \(4, 5, 3\)"),
        (1.0, 1, ValueError, r"frames has shape \(\)"),
        (THREE[:, :, :2], 4, ValueError, r"frames\[0\] has shape \(5, 2\)"),
        ([ONE, ONE, ONE[:, :1], ONE], 4, ValueError, r"frames\[2\] has shape \(5, 1\)"),
        (THREE[:3], 4, ValueError, "collection of 3; expected frames of 4 streams"),
        ([ONE], 4, ValueError, "collection of 1; expected frames of 4 streams"),
        (THREE[np.newaxis], 4, ValueError, "collection of 1; expected"),
        (1.0, 4, TypeError, "frames is 1.0; expected frames of 4 streams"),
        (np.array(1.0), 4, TypeError, "expected frames of 4 streams"),
        (None, 4, TypeError, "frames is an object array whose values"),
        (sparse.csr_array(ONE), 4, TypeError, "frames is a sparse"),
        (ONE + 1j, 1, ValueError, "Complex data not supported: frames"),
        ([["a", "b", "c"]], 1, TypeError, "frames has dtype"),
        ([ONE, None, "abc", None], 4, TypeError, r"frames\[2\] has dtype"),
        (sparse.csr_array(ONE), 1, TypeError, "frames is a sparse"),
        ([sparse.csr_array(ONE), None, None, None], 4, TypeError, r"frames\[0\] is a sparse"),
        (np.ma.masked_array(ONE), 1, TypeError, "frames is a masked array"),
        ([[1.0, 2.0, 3.0], [1.0]], 1, ValueError, "frames is not an array"),
    ],
)
def test_what_holds_no_frames(frames, n_streams, error, text):
    with pytest.raises(error, match=text):
        as_pieces(frames, n_streams, 3)
