"""What runs on the workers."""

import dask
import numpy as np
import pytest
from dask.delayed import delayed
from dask.sizeof import sizeof
from numpy.testing import assert_allclose, assert_array_equal

from skliquid import RidgeReadoutClassifier, RidgeReadoutRegressor
from skliquid.dask._tasks import Common, merged, tree

MANY = Common(10**6, np.zeros(0), None)
FEW = Common(30, np.zeros(0), None)


def readout(seed, n_samples=30):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, 40))
    return RidgeReadoutRegressor().partial_fit(X, X[:, 0] + rng.normal(size=n_samples))


@pytest.mark.parametrize("common", [MANY, FEW], ids=["sums", "samples"])
def test_merging_leaves_both_alone(common):
    """A task whose result is lost is computed again from the same things."""
    left, right = readout(0), readout(1)
    once, twice = merged(left, right, common), merged(left, right, common)
    assert_array_equal(once.coef_, twice.coef_)
    assert (left.n_samples_seen_, right.n_samples_seen_) == (30, 30)
    assert_array_equal(left.coef_, readout(0).coef_)
    assert_array_equal(right.coef_, readout(1).coef_)


def test_samples_are_summed_early_only_if_they_have_to_be():
    """Up to as many samples as features the exact leave-one-out needs the samples."""
    few, many = (merged(readout(0, 15), readout(1, 15), common) for common in (FEW, MANY))
    assert few._parts.sums is None
    assert many._parts.sums is not None
    assert_array_equal(few.alpha_, many.alpha_)
    assert_allclose(few.coef_, many.coef_)


@pytest.mark.parametrize("n_parts", [1, 2, 3, 7, 8])
def test_tree_is_of_neighbours(n_parts, monkeypatch):
    monkeypatch.setattr("skliquid.dask._tasks.merged", lambda left, right, _: f"({left}{right})")
    leaves = [delayed(letter) for letter in "abcdefgh"[:n_parts]]
    with dask.config.set(scheduler="synchronous"):
        got = tree(leaves, delayed(None)).compute()
    expected = ["a", "(ab)", "((ab)c)", 3, 4, 5, "(((ab)(cd))((ef)g))", "(((ab)(cd))((ef)(gh)))"]
    assert got == expected[n_parts - 1]


def test_a_part_that_gave_nothing_is_passed_over():
    mine = readout(0)
    assert merged(None, mine, FEW) is mine
    assert merged(mine, None, FEW) is mine
    assert merged(None, None, FEW) is None


def test_dask_knows_how_large_sums_are():
    """The 40 features' half a Gram matrix, and the samples that are retained."""
    sums = merged(readout(0), readout(1), MANY)
    assert sizeof(sums) > 8 * 40 * 41 / 2 + 4 * 60 * 40
    few = RidgeReadoutClassifier().partial_fit(np.eye(40), np.arange(40) % 2)
    assert sizeof(few) > 8 * 40 * 40
