"""The choice of samples that are retained."""

from itertools import permutations

import numpy as np
import pytest

from skliquid.readouts import _ridge_retained
from skliquid.readouts._ridge_retained import Retained, codes


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(_ridge_retained, "N_RETAINED", 20)


def samples(n, seed=0):
    """Small counts, whose bits are nearly all zero."""
    rng = np.random.default_rng(seed)
    X, Y = rng.integers(0, 50, size=(n, 6)).astype(float), rng.choice([-1.0, 1.0], size=(n, 2))
    return X, Y, rng.uniform(0.1, 2, size=n)


def retained(X, Y, weight, size):
    made = Retained(X.shape[1], Y.shape[1])
    for start in range(0, len(X), size):
        rows = slice(start, start + size)
        made.add(X[rows], Y[rows], weight[rows])
    return made


def contents(made):
    return [made.code, made.X, made.Y, made.weight]


@pytest.mark.parametrize("size", [1, 7, 100])
def test_order_and_size_of_parts_do_not_matter(size):
    X, Y, weight = samples(300)
    expected = retained(X, Y, weight, 300)
    order = np.random.default_rng(size).permutation(300)
    made = retained(X[order], Y[order], weight[order], size)
    for got, wanted in zip(contents(made), contents(expected), strict=True):
        np.testing.assert_array_equal(got, wanted)
    smallest = np.sort(codes(X, Y))[:20]
    np.testing.assert_array_equal(made.code, smallest)
    np.testing.assert_array_equal(codes(made.X, made.Y), smallest)


def test_how_they_are_merged_does_not_matter():
    X, Y, weight = samples(90)
    expected = retained(X, Y, weight, 90)
    for order in permutations(range(3)):
        first, second, third = (
            retained(X[rows], Y[rows], weight[rows], 30)
            for rows in (slice(30 * i, 30 * i + 30) for i in order)
        )
        second.merge(third)
        first.merge(second)
        for got, wanted in zip(contents(first), contents(expected), strict=True):
            np.testing.assert_array_equal(got, wanted)


def test_copies_are_one_sample_with_their_weights_summed():
    X, Y, weight = samples(200)
    once, twice = retained(X, Y, weight, 200), retained(X, Y, weight, 50)
    twice.merge(once)
    np.testing.assert_array_equal(twice.code, once.code)
    np.testing.assert_allclose(twice.weight, 2 * once.weight)
    negative = np.where(X == 0, -0.0, X)
    assert np.signbit(negative).any()
    np.testing.assert_array_equal(codes(negative, Y), codes(X, Y))
    np.testing.assert_array_equal(codes(X.astype(np.float32), Y), codes(X, Y))
    np.testing.assert_array_equal(codes(np.asfortranarray(X), Y), codes(X, Y))


def test_codes_of_other_samples_differ_and_every_bit_is_set_in_half_of_them():
    counts = np.stack(np.meshgrid(*[np.arange(4.0)] * 7), axis=-1).reshape(-1, 7)
    made = codes(counts, np.ones((len(counts), 1)))
    assert len(np.unique(made)) == len(counts)
    bits = (made[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 0.03  # five standard deviations are 0.02
    assert (codes(counts, -np.ones((len(counts), 1))) != made).all()
    nearly = np.nextafter(counts, 9)
    assert (codes(nearly, np.ones((len(counts), 1))) != made).all()


def test_every_sample_is_as_likely_to_be_retained(monkeypatch):
    monkeypatch.setattr(_ridge_retained, "N_RETAINED", 1000)
    n = 20000
    X = np.sort(np.random.default_rng(0).normal(size=(n, 1)), axis=0)
    made = retained(X, np.ones((n, 1)), np.ones(n), n)
    places = np.searchsorted(X[:, 0], made.X[:, 0])
    counts = np.histogram(places, bins=10, range=(0, n))[0]
    assert ((counts - 100) ** 2 / 100).sum() < 27.9  # chi-squared, 9 degrees of freedom, p 0.001


def test_lesser_precision_is_kept_where_all_samples_have_it():
    X, Y, weight = samples(50)
    made = retained(X.astype(np.float32), Y, weight, 10)
    assert made.X.dtype == np.float32
    made.add(X, Y, weight)
    assert made.X.dtype == np.float64
