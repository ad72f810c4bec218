"""Metrics: the valid prediction time, against a loop."""

import numpy as np
import pytest

from skliquid.metrics import valid_prediction_time


def test_the_first_step_beyond_the_threshold_ends_it():
    rng = np.random.default_rng(0)
    true, scale = rng.normal(size=(5, 30, 3)), np.array([1.0, 2.0, 0.5])
    missed = np.linspace(0, 1, 30)[:, None] * rng.normal(size=(5, 30, 3))
    expected = []
    for sample in missed:
        valid = 0
        while valid < 30 and np.sqrt(((sample[valid] / scale) ** 2).sum() / 3) <= 0.5:
            valid += 1
        expected.append(valid)
    assert min(expected) < max(expected)
    steps = valid_prediction_time(true, true + missed, scale=scale, threshold=0.5)
    assert steps.tolist() == expected


def test_what_never_strays_is_valid_to_the_end_and_what_is_no_number_is_not():
    true = np.random.default_rng(0).normal(size=(2, 20, 1))
    lost = true.copy()
    lost[1, 7] = np.nan
    assert valid_prediction_time(true, lost).tolist() == [20, 7]


@pytest.mark.parametrize("value", [1.0, 0.1])
def test_a_constant_channel_has_a_scale_of_one(value):
    true = np.full((2, 7, 1), value, dtype=np.float32)
    missed = np.linspace(0.0, 0.7, 7)[:, None]
    assert valid_prediction_time(true, true).tolist() == [7, 7]
    assert valid_prediction_time(true, true + missed).tolist() == [4, 4]


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan, [1.0, 0.0], [1.0], [1.0] * 3, [[1.0, 1.0]]])
def test_a_wrong_scale_is_named(scale):
    true = np.zeros((2, 5, 2))
    with pytest.raises(ValueError, match="scale must be .* one for each of the 2 channels, got"):
        valid_prediction_time(true, true, scale=scale)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros((2, 0, 1)), np.zeros((2, 0, 1))), "none of them zero"),
        ((np.zeros((2, 5, 1)), np.zeros((2, 4, 1))), r"\(2, 5, 1\), y_pred \(2, 4, 1\)"),
        ((np.zeros((5, 1)), np.zeros((5, 1))), "expected the same shape"),
    ],
)
def test_shapes_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        valid_prediction_time(*arguments)


def test_a_wrong_threshold_is_named():
    true = np.zeros((1, 5, 1))
    with pytest.raises(ValueError, match="threshold must be .* got 0"):
        valid_prediction_time(true, true, scale=1.0, threshold=0.0)
