"""Series of dynamical systems, on which reservoirs are tried: Mackey-Glass, Lorenz and NARMA."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from .._checks import check_integer, check_real

# Steps of Simpson's rule in a unit of time, an even number of them in the delay.
_STEPS_PER_UNIT = 20
# Largest errors of the solver, relative and absolute.
_TOLERANCE = 1e-10
# Outputs above this are those of a series that will not come back.
_LARGEST_OUTPUT = 1.0
# Steps up to such an output whose input is drawn again.
_STEPS_DRAWN_AGAIN = 100


def make_mackey_glass(
    n_samples: int = 1,
    n_timesteps: int = 1000,
    *,
    tau: float = 17.0,
    dt: float = 1.0,
    n_transient: int = 1000,
    random_state: Any = None,
) -> np.ndarray:
    """Make series of the Mackey-Glass equation.

    ::

        dx/dt = 0.2 x(t - tau) / (1 + x(t - tau)^10) - 0.1 x(t)

    a model of how blood cells are replenished, chaotic for tau = 17 [1]_. Each series starts from
    a constant history between 0.5 and 1.3 of its own.

    Parameters
    ----------
    n_samples : int, default=1
        Number of series.
    n_timesteps : int, default=1000
        Number of steps of each.
    tau : float, default=17.0
        Delay in units of time, a multiple of 0.1 that is at least 0.1.
    dt : float, default=1.0
        Time between two steps, in units of time, a multiple of 0.1 that is at least 0.1.
    n_transient : int, default=1000
        Steps before the first one, in which a series comes near to the attractor.
    random_state : int, RandomState instance or None, default=None
        Seed of the histories.

    Returns
    -------
    ndarray of shape (n_samples, n_timesteps, 1)
        The series.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or out of its range.

    See Also
    --------
    make_lorenz : A chaotic system of three channels.

    Notes
    -----
    What the equation gains within a delay is known from the one before, so that it is linear
    there and solved exactly but for Simpson's rule in steps of 0.05 (the method of steps [2]_).
    The largest Lyapunov exponent is about 0.006 per unit of time at tau = 17.

    References
    ----------
    .. [1] Mackey, Glass. "Oscillation and chaos in physiological control systems", Science 197,
       1977.
    .. [2] Bellen, Zennaro. "Numerical methods for delay differential equations", Oxford University
       Press, 2003.

    Examples
    --------
    >>> from skliquid.datasets import make_mackey_glass
    >>> X = make_mackey_glass(2, 500, random_state=0)
    >>> X.shape
    (2, 500, 1)
    """
    n_samples, n_timesteps = checked_sizes(n_samples, n_timesteps)
    n_transient = check_integer("n_transient", n_transient, low=0)
    n_delay, n_between = _tenths("tau", tau), _tenths("dt", dt)
    histories = check_random_state(random_state).uniform(0.5, 1.3, n_samples)
    n_steps = (n_transient + n_timesteps - 1) * n_between
    x = np.stack([_mackey_glass(history, n_delay, n_steps) for history in histories])
    return x[:, n_transient * n_between :: n_between, np.newaxis]


def make_lorenz(
    n_samples: int = 1,
    n_timesteps: int = 1000,
    *,
    dt: float = 0.02,
    n_transient: int = 1000,
    random_state: Any = None,
) -> np.ndarray:
    """Make series of the Lorenz system.

    ::

        dx/dt = 10 (y - x),   dy/dt = x (28 - z) - y,   dz/dt = x y - 8/3 z

    a model of convection, chaotic [1]_. Each series starts from a normal point of its own around
    (0, 0, 25).

    Parameters
    ----------
    n_samples : int, default=1
        Number of series.
    n_timesteps : int, default=1000
        Number of steps of each.
    dt : float, default=0.02
        Time between two steps, in units of time; positive.
    n_transient : int, default=1000
        Steps before the first one, in which a series comes near to the attractor.
    random_state : int, RandomState instance or None, default=None
        Seed of the starting points.

    Returns
    -------
    ndarray of shape (n_samples, n_timesteps, 3)
        The series; the channels are x, y and z.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or out of its range.

    See Also
    --------
    make_mackey_glass : A chaotic system of one channel.

    Notes
    -----
    The largest Lyapunov exponent is 0.906 per unit of time. Two solvers of these tolerances part
    after some 25 units, as any two do: a series is one of the system, but not the only one from
    its starting point.

    References
    ----------
    .. [1] Lorenz. "Deterministic nonperiodic flow", Journal of the Atmospheric Sciences 20, 1963.

    Examples
    --------
    >>> from skliquid.datasets import make_lorenz
    >>> X = make_lorenz(2, 500, random_state=0)
    >>> X.shape
    (2, 500, 3)
    """
    n_samples, n_timesteps = checked_sizes(n_samples, n_timesteps)
    dt = check_real("dt", dt, 0, closed="neither")
    n_transient = check_integer("n_transient", n_transient, low=0)
    rng = check_random_state(random_state)
    starts = rng.normal((0.0, 0.0, 25.0), 5.0, (n_samples, 3))
    times = dt * np.arange(n_transient, n_transient + n_timesteps)
    return np.stack([_lorenz(start, times) for start in starts])


def make_narma(
    n_samples: int = 1,
    n_timesteps: int = 1000,
    *,
    order: int = 10,
    random_state: Any = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Make a nonlinear moving average of random input, and what it is made of.

    ::

        y[t + 1] = 0.3 y[t] + 0.05 y[t] (y[t] + ... + y[t - order + 1])
                   + 1.5 u[t - order + 1] u[t] + 0.1

    with u uniform between 0 and 0.5, and u and y zero before the first step: NARMA-10 [1]_. To
    tell y from u takes memory of `order` steps, and a product. Input of which y would grow beyond
    all bounds, as happens about once in 60 000 steps, is drawn again: that of the hundred steps
    before.

    Parameters
    ----------
    n_samples : int, default=1
        Number of series.
    n_timesteps : int, default=1000
        Number of steps of each.
    order : int, default=10
        Steps that the system remembers, from 2 to 10.
    random_state : int, RandomState instance or None, default=None
        Seed of the input.

    Returns
    -------
    u : ndarray of shape (n_samples, n_timesteps, 1)
        The input.
    y : ndarray of shape (n_samples, n_timesteps, 1)
        The output y[t + 1] that is due after the input u[t].

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or out of its range.

    References
    ----------
    .. [1] Atiya, Parlos. "New results on recurrent network training: unifying the algorithms and
       accelerating convergence", IEEE Transactions on Neural Networks 11(3), 2000.

    Examples
    --------
    >>> from skliquid.datasets import make_narma
    >>> u, y = make_narma(2, 500, random_state=0)
    >>> u.shape, y.shape
    ((2, 500, 1), (2, 500, 1))
    """
    n_samples, n_timesteps = checked_sizes(n_samples, n_timesteps)
    order = check_integer("order", order, low=2, high=10)
    rng = check_random_state(random_state)
    pairs = [_narma(rng, n_timesteps, order) for _ in range(n_samples)]
    u, y = (np.stack(each)[:, :, np.newaxis] for each in zip(*pairs, strict=True))
    return u, y


def checked_sizes(n_samples: int, n_timesteps: int) -> tuple[int, int]:
    """Return the sizes of a set of series if they are positive."""
    n_samples = check_integer("n_samples", n_samples, low=1)
    return n_samples, check_integer("n_timesteps", n_timesteps, low=1)


def _tenths(name: str, time: float) -> int:
    """Steps of Simpson's rule, an even number, in a time that is a multiple of 0.1."""
    tenths = 10.0 * check_real(name, time, 0, closed="neither")
    if round(tenths) < 1 or abs(tenths - round(tenths)) > 1e-9 * tenths:
        raise ValueError(f"{name} must be a multiple of 0.1 that is at least 0.1, got {time!r}.")
    return round(tenths) * _STEPS_PER_UNIT // 10


def _mackey_glass(history: float, n_delay: int, n_steps: int) -> np.ndarray:
    """Solve the equation at step 0 to `n_steps` of Simpson's rule."""
    from scipy.signal import lfilter  # slow to import

    h = 1.0 / _STEPS_PER_UNIT
    decay = np.exp(-0.1 * h)
    x = np.full(n_delay + 1, history)
    parts = [x[-1:]]
    for _ in range(-(-n_steps // n_delay)):
        gain = 0.2 * x / (1.0 + x**10)
        added = h / 3.0 * (decay**2 * gain[:-2] + 4.0 * decay * gain[1:-1] + gain[2:])
        # x[i + 2] = decay^2 x[i] + added[i], from x[0] and from x[1], which Simpson's rule for
        # three points gives of the first of two steps.
        first = decay * x[-1] + h / 12.0 * (
            5.0 * decay * gain[0] + 8.0 * gain[1] - gain[2] / decay
        )
        begin = decay**2 * np.array([x[-1], first])
        rest, _ = lfilter([1.0], [1.0, 0.0, -(decay**2)], added, zi=begin)
        x = np.concatenate([[x[-1], first], rest])
        parts.append(x[1:])
    return np.concatenate(parts)[: n_steps + 1]


def _lorenz(start: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Solve the system at some times, shape (n_timesteps, 3)."""
    from scipy.integrate import solve_ivp  # slow to import

    def flow(t: float, state: np.ndarray) -> list[float]:
        x, y, z = state
        return [10.0 * (y - x), x * (28.0 - z) - y, x * y - 8.0 / 3.0 * z]

    tolerances = {"rtol": _TOLERANCE, "atol": _TOLERANCE}
    span = 0.0, float(times[-1]) or 1.0
    solution = solve_ivp(flow, span, start, "DOP853", times, **tolerances)
    states: np.ndarray = solution.y.T
    return states


def _narma(rng: np.random.RandomState, n_timesteps: int, order: int) -> tuple[np.ndarray, ...]:
    u = np.concatenate([np.zeros(order - 1), rng.uniform(0.0, 0.5, n_timesteps)])
    y = np.zeros(n_timesteps + order)
    t = order - 1
    while t < n_timesteps + order - 1:
        recent = y[t - order + 1 : t + 1].sum()
        driven = 1.5 * u[t - order + 1] * u[t]
        y[t + 1] = 0.3 * y[t] + 0.05 * y[t] * recent + driven + 0.1
        t += 1
        if y[t] > _LARGEST_OUTPUT:
            # Of a long series some stretch nearly always fails, so that not all is drawn again.
            end, t = t, max(order - 1, t - _STEPS_DRAWN_AGAIN)
            u[t:end] = rng.uniform(0.0, 0.5, end - t)
    return u[order - 1 :], y[order:]
