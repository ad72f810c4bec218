"""Logic over time, against the definition, bit by bit."""

import numpy as np
import pytest

from skliquid.datasets import make_delayed_xor, make_temporal_parity


def bit(u, t):
    return int(u[t]) if t >= 0 else 0


@pytest.mark.parametrize("delay", [1, 3, 50])
def test_delayed_xor_by_brute_force(delay):
    u, y = make_delayed_xor(3, 40, delay=delay, random_state=0)
    assert u.shape == y.shape == (3, 40, 1)
    for v, w in zip(u[..., 0], y[..., 0], strict=True):
        assert [*w] == [float(bit(v, t) != bit(v, t - delay)) for t in range(40)]


@pytest.mark.parametrize(("n_bits", "delay"), [(1, 0), (3, 0), (4, 5), (60, 0), (2, 60)])
def test_temporal_parity_by_brute_force(n_bits, delay):
    u, y = make_temporal_parity(3, 40, n_bits=n_bits, delay=delay, random_state=1)
    for v, w in zip(u[..., 0], y[..., 0], strict=True):
        assert [*w] == [sum(bit(v, t - delay - k) for k in range(n_bits)) % 2 for t in range(40)]


@pytest.mark.parametrize("make", [make_delayed_xor, make_temporal_parity])
def test_bits_are_fair_and_independent(make):
    u, y = make(5, 4000, random_state=2)
    assert set(np.unique(u)) == set(np.unique(y)) == {0.0, 1.0}
    sigma = 0.5 / 20_000**0.5
    assert abs(u.mean() - 0.5) < 4 * sigma
    for lag in (1, 2, 3):
        assert abs((u[:, lag:] == u[:, :-lag]).mean() - 0.5) < 4 * sigma
    # No bit alone tells of the result.
    for lag in (0, 1, 2):
        assert abs((y[:, lag:] == u[:, : 4000 - lag]).mean() - 0.5) < 4 * sigma


@pytest.mark.parametrize("make", [make_delayed_xor, make_temporal_parity])
def test_a_seed_tells_the_bits(make):
    u, _ = make(2, 50, random_state=3)
    np.testing.assert_array_equal(u, make(2, 50, random_state=3)[0])
    assert (u != make(2, 50, random_state=4)[0]).any()
    assert (u[0] != u[1]).any()


@pytest.mark.parametrize(
    ("make", "parameters", "message"),
    [
        (make_delayed_xor, {"delay": 0}, "delay must be .* got 0"),
        (make_temporal_parity, {"n_bits": 0}, "n_bits must be .* got 0"),
        (make_temporal_parity, {"delay": -1}, "delay must be .* got -1"),
        (make_temporal_parity, {"n_timesteps": 0}, "n_timesteps must be .* got 0"),
    ],
)
def test_wrong_values_are_named(make, parameters, message):
    with pytest.raises(ValueError, match=message):
        make(**parameters)
