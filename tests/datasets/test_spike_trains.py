"""Spike trains: their statistics, and their targets spike by spike."""

import numpy as np
import pytest
from scipy.stats import kstest, norm

from skliquid.datasets import make_poisson_rates, make_spike_templates

EXACT = {"jitter": 0.0, "warp": 1.0}


def times(x):
    """Time of each spike in steps, train by train."""
    steps, trains = np.nonzero(x)
    return [
        np.repeat(steps[trains == k], x[steps[trains == k], k].astype(int))
        for k in range(x.shape[1])
    ]


def test_copies_without_noise_are_poisson_templates():
    X, y = make_spike_templates(30, 15, 60, **EXACT, random_state=0)
    assert X.shape == (30, 500, 60)
    np.testing.assert_array_equal(np.bincount(y), np.full(15, 2))
    templates = np.array([X[y == k][0] for k in range(15)])
    for x, k in zip(X, y, strict=True):
        np.testing.assert_array_equal(x, templates[k])
    counts = templates.sum(axis=1).ravel()  # of 900 trains: Poisson, mean 4 Hz * 0.5 s
    assert counts.mean() == pytest.approx(2.0, abs=4 * (2.0 / 900) ** 0.5)
    # The variance of a Poisson variance of n samples is (2 + 1 / mean) mean^2 / n.
    assert counts.var() == pytest.approx(2.0, abs=4 * (2.5 * 4.0 / 900) ** 0.5)
    steps = np.nonzero(templates)[1]
    assert kstest((steps + 0.5) / 500, "uniform").pvalue > 0.01


def test_jitter_is_normal_and_loses_no_spike():
    noisy, y = make_spike_templates(400, 4, 10, warp=1.0, jitter=0.02, rate=2.0, random_state=1)
    exact, labels = make_spike_templates(400, 4, 10, **EXACT, rate=2.0, random_state=1)
    np.testing.assert_array_equal(y, labels)
    np.testing.assert_array_equal(noisy.sum(axis=1), exact.sum(axis=1))
    moves = [
        after[0] - before[0]
        for x, e in zip(noisy, exact, strict=True)
        for after, before in zip(times(x), times(e), strict=True)
        # Alone in its train, and too far from the ends to be reflected.
        if len(before) == 1 and 100 < before[0] < 400
    ]
    assert len(moves) > 300
    assert len(np.unique(moves)) > 50
    spread = np.std(moves)
    assert spread == pytest.approx(20.0, rel=4 / (2 * len(moves)) ** 0.5)
    assert abs(np.mean(moves)) < 4 * 20 / len(moves) ** 0.5
    within = np.mean(np.abs(moves) <= 20)
    assert within == pytest.approx(2 * norm.cdf(20.5 / 20) - 1, abs=4 * 0.47 / len(moves) ** 0.5)


def test_large_jitter_is_reflected_into_the_copy():
    X, _ = make_spike_templates(50, 1, 20, warp=1.0, jitter=5.0, random_state=2)
    exact, _ = make_spike_templates(50, 1, 20, **EXACT, random_state=2)
    np.testing.assert_array_equal(X.sum(axis=1), exact.sum(axis=1))
    share = X.sum(axis=(0, 2)).reshape(5, 100).sum(axis=1) / X.sum()
    np.testing.assert_allclose(share, 0.2, atol=4 * 0.4 / X.sum() ** 0.5)


def test_a_warp_stretches_all_of_a_copy():
    X, y = make_spike_templates(300, 3, 30, jitter=0.0, warp=3.0, random_state=3)
    exact, labels = make_spike_templates(300, 3, 30, **EXACT, random_state=3)
    np.testing.assert_array_equal(y, labels)
    factors = np.array([len(x) for x in X]) / 500
    assert 1 / 3 - 1e-9 <= factors.min() < 0.36
    assert 2.8 < factors.max() <= 3.0
    assert kstest(np.log(factors) / np.log(3), "uniform", args=(-1, 2)).pvalue > 0.01
    for x, e, factor in list(zip(X, exact, factors, strict=True))[:40]:
        for after, before in zip(times(x), times(e), strict=True):
            assert np.abs(after - factor * before).max(initial=0) <= factor + 2


def test_spikes_do_not_depend_on_the_step():
    for make in (lambda dt: make_spike_templates(4, dt=dt, warp=1.0, random_state=4)[0],
                 lambda dt: make_poisson_rates(2, dt=dt, random_state=4)[0]):  # fmt: skip
        fine, coarse = make(0.001), make(0.005)
        np.testing.assert_array_equal(fine.reshape(len(fine), -1, 5, fine.shape[2]).sum(2), coarse)


def test_rates_change_every_30_ms_in_pairs():
    X, _ = make_poisson_rates(400, duration=0.9, random_state=5)
    counts = X.reshape(400, 30, 30, 4).sum(axis=2).reshape(-1, 4)
    # Counts of a rate uniform in 0-80 Hz have the mean 1.2 and the variance 1.2 + 2.4^2 / 12.
    n, variance = len(counts), 1.2 + 0.48
    np.testing.assert_allclose(counts.mean(axis=0), 1.2, atol=5 * (variance / n) ** 0.5)
    np.testing.assert_allclose(counts.var(axis=0), variance, rtol=0.1)
    covariance = np.cov(counts.T)
    expected = np.kron(np.eye(2), np.full((2, 2), 0.48)) + 1.2 * np.eye(4)
    np.testing.assert_allclose(covariance, expected, atol=5 * variance / n**0.5)
    halves = X[..., 0].reshape(400, -1, 15).sum(axis=2)  # within a section, and over its end
    within = np.cov(halves[:, ::2].ravel(), halves[:, 1::2].ravel())[0, 1]
    across = np.cov(halves[:, 1:-1:2].ravel(), halves[:, 2::2].ravel())[0, 1]
    assert within == pytest.approx(0.12, abs=5 * 0.72 / n**0.5)
    assert across == pytest.approx(0.0, abs=5 * 0.72 / n**0.5)


def brute_targets(x, t, hold, dt, max_rate):
    """The seven functions after frame t, by their definition."""

    def rate(pair, newest, oldest):
        frames = x[max(t - oldest + 1, 0) : max(t - newest + 1, 0), pair]
        return frames.sum() / (2 * hold * dt * max_rate)

    one, two = slice(0, 2), slice(2, 4)
    f1, f2 = rate(one, 0, hold), rate(two, 0, hold)
    f3 = rate(one, hold, 2 * hold) + rate(two, hold, 2 * hold)
    f4 = (rate(one, 0, 5 * hold) + rate(two, 0, 5 * hold)) / 5
    near, counted, f5 = round(0.005 / dt), round(0.02 / dt), 0
    for own, other in ((0, 2), (2, 0)):
        for s in range(max(t - counted + 1, 0), t + 1):
            if any(x[q, other] for q in range(max(s - near, 0), min(s + near, t) + 1)):
                f5 += x[s, own]
    return [f1, f2, f3, f4, f5, f1 * f2, (f1 * f4 + f2 * f5) * f3]


@pytest.mark.parametrize(("dt", "hold"), [(0.001, 30), (0.0025, 8)])
def test_targets_by_brute_force(dt, hold):
    X, y = make_poisson_rates(
        2, duration=200 * dt, max_rate=120.0, hold=hold * dt, dt=dt, random_state=6
    )
    assert (y.max(axis=(0, 1)) > 0.1).all()
    for x, targets in zip(X.astype(np.float64), y, strict=True):
        expected = [brute_targets(x, t, hold, dt, 120.0) for t in range(200)]
        np.testing.assert_allclose(targets, expected, atol=1e-9)


@pytest.mark.parametrize("make", [make_spike_templates, make_poisson_rates])
def test_a_seed_tells_the_spikes(make):
    X, y = make(n_samples=3, random_state=7)
    again, labels = make(n_samples=3, random_state=7)
    np.testing.assert_array_equal(y, labels)
    for x, x2 in zip(X, again, strict=True):
        np.testing.assert_array_equal(x, x2)
    other, _ = make(n_samples=3, random_state=8)
    assert any(x.shape != x2.shape or (x != x2).any() for x, x2 in zip(X, other, strict=True))


def test_no_rate_and_one_frame():
    X, _ = make_spike_templates(2, rate=0.0, warp=1.0, random_state=0)
    assert not X.any()
    assert make_poisson_rates(2, duration=0.001, random_state=0)[0].shape == (2, 1, 4)


@pytest.mark.parametrize(
    ("make", "parameters", "message"),
    [
        (make_spike_templates, {"n_templates": 0}, "n_templates must be .* got 0"),
        (make_spike_templates, {"rate": -1.0}, "rate must be .* got -1"),
        (make_spike_templates, {"jitter": -1.0}, "jitter must be .* got -1"),
        (make_spike_templates, {"warp": 0.5}, "warp must be .* got 0.5"),
        (make_spike_templates, {"duration": 0.0}, "duration must be .* got 0"),
        (make_poisson_rates, {"dt": 0.002}, "5 ms must be a multiple of dt, .* dt=0.002"),
        (make_poisson_rates, {"hold": 0.0305}, "hold must be a multiple of dt, got 0.0305"),
        (make_poisson_rates, {"max_rate": 0.0}, "max_rate must be .* got 0"),
        (make_poisson_rates, {"duration": 0.0}, "duration must be .* got 0"),
    ],
)
def test_wrong_values_are_named(make, parameters, message):
    with pytest.raises(ValueError, match=message):
        make(**parameters)
