"""Sequences that several encoders are tested on."""

import numpy as np
import pytest


def drawn(lengths, seed):
    """Random walks in three channels of different scales and offsets, on float32's grid."""
    rng = np.random.default_rng(seed)
    walks = [
        np.cumsum(rng.normal(size=(length, 3)), axis=0) * [1, 10, 0.1] + [5, 0, -3]
        for length in lengths
    ]
    return [walk.astype(np.float32).astype(np.float64) for walk in walks]


@pytest.fixture(scope="session")
def ragged():
    """Sequences to fit encoders to."""
    return drawn([1, 2, 7, 30, 64, 65, 3], seed=0)


@pytest.fixture(scope="session")
def unseen():
    """Sequences that leave the training range, and one that stays at its edges."""
    return [2.0 * x for x in drawn([5, 40, 1, 17], seed=1)]


@pytest.fixture(scope="session")
def equal():
    """Nine sequences of one length, as an array."""
    return np.stack(drawn([33] * 9, seed=2))


@pytest.fixture(scope="session")
def training_range(ragged):
    """Least and largest value of each channel."""
    frames = np.concatenate(ragged)
    return frames.min(axis=0), frames.max(axis=0)
