"""The slopes in closed form, against numerical integrals and against Shapley values."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from skliquid.explanation._shapley import mean_slopes


@pytest.mark.parametrize("drive", [-2.0, 0.0, 0.3, 4.0])
@pytest.mark.parametrize("level", [-1.5, 0.0, 0.2, 1.0, 5.0])
@pytest.mark.parametrize("variance", [0.1, 3.0])
def test_slopes_are_means_over_the_size_of_the_choice(drive, level, variance):
    def choice(q):
        return norm(q * drive, np.sqrt(q * (1 - q) * variance))

    points = sorted({min(max(level / drive, 1e-3), 0.999)}) if drive else None
    step, rectified = mean_slopes(np.array(drive), np.array(variance), np.array(level))
    expected = [
        quad(lambda q, f=f: getattr(choice(q), f)(level), 0, 1, points=points, limit=200)[0]
        for f in ("pdf", "sf")
    ]
    np.testing.assert_allclose([step, rectified], expected, rtol=1e-3, atol=1e-6)


def test_far_levels_and_faint_drives_stay_finite():
    drive, variance, level = np.array([1e3, -1e3, 0.0]), 1e-9 * np.ones(3), np.array([1, 1, 1e6])
    step, rectified = mean_slopes(drive, variance, level)
    np.testing.assert_allclose(step, [1e-3, 0, 0], atol=1e-12)
    np.testing.assert_allclose(rectified, [0.999, 0, 0], atol=1e-9)


def test_shares_are_those_of_the_game():
    """Twelve drives of a threshold: the mean over all orders, by all of their choices."""
    rng, n, threshold = np.random.default_rng(0), 12, 1.0
    for drives in rng.normal(0.2, 0.7, size=(4, n)):
        exact = np.zeros(n)
        for player in range(n):
            others = np.delete(drives, player)
            for size in range(n):
                sums = np.array([sum(each) for each in combinations(others, size)])
                adds = (sums + drives[player] > threshold).astype(float) - (sums > threshold)
                exact[player] += adds.mean() / n
                assert len(sums) == comb(n - 1, size)
        drive, variance = drives.sum(), (drives**2).sum()
        slope, _ = mean_slopes(drive, variance, np.array(threshold))
        fired = float(drive > threshold)
        shares = slope * drives + (fired - slope * drive) * drives**2 / variance
        assert abs(shares - exact).max() < 0.25 * abs(exact).max()
        np.testing.assert_allclose(shares.sum(), exact.sum(), atol=1e-12)
