"""Data that several test modules use."""

import itertools

import matplotlib
import numpy as np
import pytest
from hypothesis import settings

from skliquid.datasets import load_japanese_vowels

matplotlib.use("Agg")

try:
    import mlx.core as mx
except ImportError:  # all but its own parts is tested without it
    mx = None

# The same few examples at every run; many others with --hypothesis-profile=many.
settings.register_profile("few", max_examples=20, deadline=None, derandomize=True)
settings.register_profile("many", max_examples=1000, deadline=None, print_blob=True)
settings.load_profile("few")


@pytest.fixture(scope="session")
def vowels():
    return load_japanese_vowels()


@pytest.fixture(scope="session")
def few_vowels(vowels):
    """Ten utterances by each of three speakers."""
    X, y, _, _ = vowels
    chosen = np.concatenate([np.flatnonzero(y == speaker)[:10] for speaker in "123"])
    return [X[i] for i in chosen], y[chosen]


@pytest.fixture
def same_draws_every_run(monkeypatch):
    """Seed what the test leaves unseeded, so that it does not pass or fail by luck."""
    seeds, default_rng = itertools.count(), np.random.default_rng

    def seeded(seed=None):
        return default_rng(next(seeds) if seed is None else seed)

    monkeypatch.setattr(np.random, "default_rng", seeded)
    np.random.seed(0)  # noqa: NPY002
    if mx is not None:
        mx.random.seed(0)


@pytest.fixture
def numeric_gradient():
    """Central differences of a function of a dict of float64 arrays, for every entry."""

    def gradient(function, arrays, step=1e-6):
        gradients = {name: np.zeros_like(array) for name, array in arrays.items()}
        for name, array in arrays.items():
            for index in np.ndindex(array.shape):
                values = []
                for sign in (1, -1):
                    moved = array.copy()
                    moved[index] += sign * step
                    values.append(function(arrays | {name: moved}))
                gradients[name][index] = (values[0] - values[1]) / (2 * step)
        return gradients

    return gradient
