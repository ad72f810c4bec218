"""Samples and weights before training."""

import numpy as np

from skliquid.readouts._samples import canonical, held_out
from skliquid.sequences import as_sequences


def test_held_out_part():
    target = np.repeat([0, 1, 2], [40, 4, 7])
    chosen = held_out(target, 0.1, np.random.default_rng(0))
    assert np.bincount(target[chosen], minlength=3).tolist() == [4, 0, 1]
    assert not held_out(target, 0.0, np.random.default_rng(0)).any()


def test_canonical_order():
    X = as_sequences([[[1.0]], [[2.0]], [[1.0]], [[1.0]], [[3.0]]])
    y = np.array(["b", "a", "b", "a", "a"])
    trains, labels, weight = canonical(X, y, np.array([1.0, 1, 2, 1, 0]))
    assert labels.tolist() == ["a", "a", "b"]
    assert sorted(weight) == [1, 1, 3]
    order = [3, 0, 2, 1]
    again, labels2, weight2 = canonical(X.take(order), y[order], np.array([1.0, 1, 2, 1]))
    np.testing.assert_array_equal(again.frames, trains.frames)
    assert (labels2.tolist(), weight2.tolist()) == (labels.tolist(), weight.tolist())
