"""Drives and what is handed back, against sums that are written out."""

import numpy as np
import pytest

from skliquid.explanation import _drives
from skliquid.explanation._drives import Drives, faded_sums
from skliquid.reservoirs import draw_taps

N_STEPS = 11


@pytest.fixture(params=[None, np.ones(2)], ids=["plain", "derivative"])
def taps(request):
    rng = np.random.default_rng(0)
    return draw_taps(2, 4, n_delays=3, max_delay=8, derivative_gain=request.param, rng=rng)


def paths(taps, beta, x):
    """What each frame adds to each potential, shape (n_timesteps, n, n_timesteps, n_channels)."""
    found = np.zeros((N_STEPS, 4, N_STEPS, 2))
    for neuron, channel, delay, weight in zip(
        taps.neurons, taps.channels, taps.delays, taps.weights, strict=True
    ):
        for t in range(N_STEPS):
            for k in range(t - delay + 1):
                frame = t - k - delay
                found[t, neuron, frame, channel] += beta[neuron] ** k * weight * x[frame, channel]
    return found


def test_sums_over_paths(taps):
    x, beta = np.random.default_rng(1).normal(size=(N_STEPS, 2)), np.array([0, 0.1, 0.5, 0.9])
    drives, expected = Drives(taps, beta, 1), paths(taps, beta, x)
    np.testing.assert_allclose(drives.of(x), expected.sum(axis=(2, 3)), atol=1e-12)
    credit = np.random.default_rng(2).normal(size=(N_STEPS, 4))
    shares = np.einsum("tn,tnfc->fc", credit, expected)
    np.testing.assert_allclose(drives.handed_back(credit, x), shares, atol=1e-12)


def test_squares_are_handed_back_whole(taps):
    x, beta = np.random.default_rng(1).normal(size=(N_STEPS, 2)), np.array([0, 0.1, 0.5, 0.9])
    offsets = taps.offsets.copy()
    squares, credit = Drives(taps, beta, 2), np.random.default_rng(2).normal(size=(N_STEPS, 4))
    assert (squares.of(x) >= 0).all()
    np.testing.assert_array_equal(taps.offsets, offsets)
    # Without memory the frames come together in the taps alone.
    once = (paths(taps, np.zeros(4), x) ** 2).sum(axis=(2, 3))
    np.testing.assert_allclose(squares.of(x)[:, 0], once[:, 0], atol=1e-12)
    total = (credit * squares.of(x)).sum()
    np.testing.assert_allclose(squares.handed_back(credit, x).sum(), total)


@pytest.mark.parametrize("power", [1, 2])
def test_pieces_make_no_difference(taps, power, monkeypatch):
    x, beta = np.random.default_rng(1).normal(size=(N_STEPS, 2)), np.array([0, 0.1, 0.5, 0.9])
    credit = np.random.default_rng(2).normal(size=(N_STEPS, 4))
    drives = Drives(taps, beta, power)
    expected = drives.of(x), drives.handed_back(credit, x)
    monkeypatch.setattr(_drives, "_MOST_HEARD", 1)
    np.testing.assert_allclose(drives.of(x), expected[0], atol=1e-12)
    np.testing.assert_allclose(drives.handed_back(credit, x), expected[1], atol=1e-12)


@pytest.mark.parametrize("n_steps", [1, 3, 4, 50])
def test_faded_sums_of_few_and_of_many_steps(n_steps):
    values, beta = np.random.default_rng(3).normal(size=(n_steps, 4)), np.array([0, 0.1, 0.5, 0.9])
    sums = faded_sums(values, beta)
    for t in range(n_steps):
        expected = (beta ** np.arange(t, -1, -1)[:, None] * values[: t + 1]).sum(axis=0)
        np.testing.assert_allclose(sums[t], expected, atol=1e-12)
