"""Series of dynamical systems: against SciPy, the recurrence, and what is known of them."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from skliquid.datasets import make_lorenz, make_mackey_glass, make_narma


def delayed_solution(history, tau, times):
    """The Mackey-Glass equation by SciPy, a delay at a time."""
    before, solved = (lambda t: history), []
    x = history
    for k in range(int(np.ceil(times[-1] / tau))):

        def flow(t, x, before=before):
            past = before(t - tau)
            return 0.2 * past / (1.0 + past**10) - 0.1 * x

        span = k * tau, (k + 1) * tau
        part = solve_ivp(flow, span, [x], rtol=1e-10, atol=1e-12, dense_output=True)
        solved.append((span, part.sol))
        x = part.y[0, -1]

        def before(t, sol=part.sol):
            return sol(t)[0]

    return np.array(
        [next(sol(t)[0] for (a, b), sol in solved if a <= t <= b + 1e-9) for t in times]
    )


@pytest.mark.parametrize(("tau", "dt"), [(17.0, 1.0), (5.5, 0.3)])
def test_mackey_glass_is_the_solution_of_its_equation(tau, dt):
    X = make_mackey_glass(2, 150, tau=tau, dt=dt, n_transient=0, random_state=3)
    for x in X[:, :, 0]:
        expected = delayed_solution(x[0], tau, dt * np.arange(150))
        np.testing.assert_allclose(x, expected, rtol=0, atol=2e-6)


def test_a_transient_is_left_out_and_not_another_series():
    short = make_mackey_glass(1, 50, n_transient=100, random_state=0)
    whole = make_mackey_glass(1, 150, n_transient=0, random_state=0)
    np.testing.assert_array_equal(short, whole[:, 100:])
    short = make_lorenz(1, 50, n_transient=20, random_state=0)
    whole = make_lorenz(1, 70, n_transient=0, random_state=0)
    np.testing.assert_allclose(short, whole[:, 20:], rtol=0, atol=1e-7)


def test_lorenz_is_the_solution_of_its_equations():
    X = make_lorenz(2, 200, dt=0.01, n_transient=0, random_state=1)
    for x in X:
        solution = solve_ivp(
            lambda t, s: [
                10 * (s[1] - s[0]),
                28 * s[0] - s[1] - s[0] * s[2],
                s[0] * s[1] - 8 * s[2] / 3,
            ],
            (0, 2),
            x[0],
            method="LSODA",
            t_eval=0.01 * np.arange(200),
            rtol=1e-11,
            atol=1e-11,
        )
        np.testing.assert_allclose(x, solution.y.T, rtol=0, atol=1e-6)


def test_lorenz_stays_on_its_attractor():
    x, y, z = make_lorenz(2, 700, dt=0.1, random_state=0).reshape(-1, 3).T
    # Known of long runs: symmetry in x and y, and the mean of z.
    known = {"x": (x.mean(), 0, 3), "y": (y.std(), 9.0, 0.5), "z": (z.mean(), 23.55, 0.5)}
    for name, (value, expected, most) in known.items():
        assert abs(value - expected) < most, name
    assert z.min() > 0
    assert z.max() < 50


@pytest.mark.parametrize("order", [10, 3])
def test_narma_follows_its_recurrence(order):
    u, y = make_narma(3, 300, order=order, random_state=0)
    assert u.min() >= 0
    assert 0.45 < u.max() <= 0.5
    for v, w in zip(u[:, :, 0], y[:, :, 0], strict=True):
        for t in range(300):
            last = w[t - 1] if t else 0.0
            recent = sum(w[t - 1 - k] for k in range(order) if t - 1 - k >= 0)
            old = v[t - order + 1] if t >= order - 1 else 0.0
            expected = 0.3 * last + 0.05 * last * recent + 1.5 * old * v[t] + 0.1
            assert w[t] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("make", [make_mackey_glass, make_lorenz, lambda **p: make_narma(**p)[1]])
def test_a_seed_tells_the_series_and_samples_differ(make):
    X = make(n_samples=2, n_timesteps=30, random_state=5)
    np.testing.assert_array_equal(X, make(n_samples=2, n_timesteps=30, random_state=5))
    assert not np.array_equal(X[0], X[1])
    assert not np.array_equal(X, make(n_samples=2, n_timesteps=30, random_state=6))


def test_steps_before_a_divergence_are_drawn_again():
    def goes_on_for(u):
        y, u = np.zeros(2010), np.concatenate([np.zeros(9), u])
        for t in range(9, 2009):
            y[t + 1] = 0.3 * y[t] + 0.05 * y[t] * y[t - 9 : t + 1].sum() + 0.1
            y[t + 1] += 1.5 * u[t - 9] * u[t]
            if y[t + 1] > 1:
                return t - 8
        return 2000

    firsts = [np.random.RandomState(seed).uniform(0.0, 0.5, 2000) for seed in range(100)]
    lengths = [goes_on_for(u) for u in firsts]
    assert min(lengths) < 2000
    for seed, (first, n) in enumerate(zip(firsts, lengths, strict=True)):
        u, y = (each[0, :, 0] for each in make_narma(1, 2000, random_state=seed))
        is_old = np.ones(2000, dtype=bool)
        is_old[max(n - 100, 0) : n] = n == 2000
        np.testing.assert_array_equal(u == first, is_old)
        assert y.max() <= 1.0
        assert goes_on_for(u) == 2000


def test_a_series_of_any_length_is_found():
    # Drawn whole, one in two hundred would do.
    u, y = make_narma(1, 300_000, random_state=0)
    assert y.max() <= 1.0
    assert u.mean() == pytest.approx(0.25, abs=0.001)


@pytest.mark.parametrize(
    ("make", "parameters", "message"),
    [
        (make_mackey_glass, {"tau": 0.25}, "tau must be a multiple of 0.1 .* got 0.25"),
        (make_mackey_glass, {"dt": 0.0}, "dt must be .* got 0"),
        (make_lorenz, {"dt": -1.0}, "dt must be .* got -1"),
        (make_lorenz, {"n_timesteps": 0}, "n_timesteps must be .* got 0"),
        (make_narma, {"order": 30}, "order must be .* got 30"),
        (make_narma, {"n_samples": -1}, "n_samples must be .* got -1"),
    ],
)
def test_wrong_values_are_named(make, parameters, message):
    with pytest.raises(ValueError, match=message):
        make(**parameters)
