"""Tasks of Poisson spike trains: templates to be recognised, rates to be read.

Spikes are drawn in continuous time, in seconds, and then counted in frames of `dt` seconds: one
seed has the same spikes at any `dt`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from .._checks import MOST_UNITS, check_integer, check_real

# Targets of coincidences: how long they are counted, and how near two spikes are, in seconds.
_COUNTED, _NEAR = 0.02, 0.005
_Spikes = tuple[np.ndarray, np.ndarray]  # train and time of each


def make_spike_templates(
    n_samples: int = 100,
    n_templates: int = 10,
    n_trains: int = 40,
    *,
    rate: float = 4.0,
    duration: float = 0.5,
    jitter: float = 0.032,
    warp: float = 3.0,
    dt: float = 0.001,
    random_state: Any = None,
) -> tuple[Any, np.ndarray]:
    """Make noisy copies of spike templates, and which template each is of [1]_.

    A template is some Poisson spike trains. A copy is stretched in time by a factor of its own,
    and then each of its spikes is moved by a normal deviate. No spike is lost: one that would be
    moved over an end of the copy is reflected there.

    Parameters
    ----------
    n_samples : int, default=100
        Number of copies, of all templates equally many, or one more.
    n_templates : int, default=10
        Number of templates.
    n_trains : int, default=40
        Spike trains of a template.
    rate : float, default=4.0
        Firing rate of each in a template, in Hz; non-negative.
    duration : float, default=0.5
        Duration of a template in seconds; positive.
    jitter : float, default=0.032
        Standard deviation of the deviates in seconds; non-negative.
    warp : float, default=3.0
        The factors are log-uniform in ``[1 / warp, warp]``; at least 1, which stretches none.
    dt : float, default=0.001
        Time between two frames in seconds; positive.
    random_state : int, RandomState instance or None, default=None
        Seed of templates and copies. The templates do not depend on what is made of them: copies
        without jitter and warp are the templates of the same seed.

    Returns
    -------
    X : ndarray of shape (n_samples, n_timesteps, n_trains) or list, dtype float32
        Number of spikes in each frame; a list of arrays of shape (n_timesteps_i, n_trains) if
        `warp` is above 1.
    y : ndarray of shape (n_samples,)
        Number of the template that each is a copy of.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or out of its range.

    See Also
    --------
    make_poisson_rates : Spike trains whose rates are to be read.

    Notes
    -----
    As no spike is lost, a copy has in each train as many as its template: where the trains are
    many, their numbers of spikes alone tell templates apart.

    References
    ----------
    .. [1] Maass, Natschlaeger, Markram. "Computational models for generic cortical microcircuits",
       in Computational Neuroscience: A Comprehensive Approach, 2004.

    Examples
    --------
    >>> from skliquid.datasets import make_spike_templates
    >>> X, y = make_spike_templates(20, n_templates=2, warp=1.0, random_state=0)
    >>> X.shape, y[:8]
    ((20, 500, 40), array([0, 1, 1, 1, 0, 0, 1, 0]))
    """
    n_samples = check_integer("n_samples", n_samples, low=1)
    n_templates = check_integer("n_templates", n_templates, low=1)
    n_trains = check_integer("n_trains", n_trains, low=1, high=MOST_UNITS)
    rate, jitter = check_real("rate", rate, 0), check_real("jitter", jitter, 0)
    duration = check_real("duration", duration, 0, closed="neither")
    warp, dt = check_real("warp", warp, 1), check_real("dt", dt, 0, closed="neither")
    rng = check_random_state(random_state)
    rates = np.full((n_trains, 1), rate)
    templates = [_poisson(rates, duration, rng) for _ in range(n_templates)]
    y = rng.permutation(np.arange(n_samples) % n_templates)
    factors = warp ** rng.uniform(-1.0, 1.0, n_samples)
    X = []
    for template, factor in zip(y, factors, strict=True):
        (train, time), end = templates[template], duration * factor
        moved = _reflected(factor * time + jitter * rng.standard_normal(len(time)), end)
        X.append(_frames((train, moved), n_trains, end, dt))
    return (X if warp > 1 else np.stack(X)), y


def make_poisson_rates(
    n_samples: int = 1,
    *,
    duration: float = 1.0,
    max_rate: float = 80.0,
    hold: float = 0.03,
    dt: float = 0.001,
    random_state: Any = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Make spike trains of changing rates, and seven functions of what has just come [1]_.

    Trains 0 and 1 are Poisson trains of one rate, trains 2 and 3 of another. Every `hold` seconds
    each of the two rates is drawn anew, uniform between 0 and `max_rate`, so that no spike tells
    of what came more than `hold` before. The functions at the end of each step, t, are

    ::

        f1, f2 = r1[t - hold, t], r2[t - hold, t]
        f3     = r1 + r2 in [t - 2 hold, t - hold]
        f4     = r1 + r2 in [t - 5 hold, t]
        f5     = spikes of trains 0 and 2 in [t - 20 ms, t] with one of the other within 5 ms
        f6     = f1 f2
        f7     = (f1 f4 + f2 f5) f3

    with r1 and r2 the rates at which the two pairs of trains did fire, as a fraction of
    `max_rate`, and no spike before the first step.

    Parameters
    ----------
    n_samples : int, default=1
        Number of sequences.
    duration : float, default=1.0
        Duration of each in seconds, at least `dt`.
    max_rate : float, default=80.0
        Highest rate in Hz; positive.
    hold : float, default=0.03
        How long a rate lasts, in seconds; a multiple of `dt`.
    dt : float, default=0.001
        Time between two frames in seconds, of which 5 ms are a multiple.
    random_state : int, RandomState instance or None, default=None
        Seed of rates and spikes.

    Returns
    -------
    X : ndarray of shape (n_samples, n_timesteps, 4), dtype float32
        Number of spikes of each train in each frame.
    y : ndarray of shape (n_samples, n_timesteps, 7)
        The functions f1 to f7 after each frame.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or out of its range.

    See Also
    --------
    make_spike_templates : Spike trains to be recognised.

    Notes
    -----
    The paper says of the last two only that f6 is a simple and f7 a complex nonlinear combination
    of the others; they are chosen here. All are functions of the frames: a spike has the time of
    its frame, and one that will be near another but is not yet does not count.

    References
    ----------
    .. [1] Maass, Natschlaeger, Markram. "Computational models for generic cortical microcircuits",
       in Computational Neuroscience: A Comprehensive Approach, 2004.

    Examples
    --------
    >>> from skliquid.datasets import make_poisson_rates
    >>> X, y = make_poisson_rates(5, random_state=0)
    >>> X.shape, y.shape
    ((5, 1000, 4), (5, 1000, 7))
    """
    n_samples = check_integer("n_samples", n_samples, low=1)
    max_rate = check_real("max_rate", max_rate, 0, closed="neither")
    dt = check_real("dt", dt, 0, closed="neither")
    n_near, n_counted = _steps("5 ms", _NEAR, dt), _steps("20 ms", _COUNTED, dt)
    hold = check_real("hold", hold, 0, closed="neither")
    n_hold = _steps("hold", hold, dt)
    duration = check_real("duration", duration, dt)
    rng = check_random_state(random_state)
    n_rates = int(np.ceil(duration / hold))
    X = np.empty((n_samples, _n_steps(duration, dt), 4), dtype=np.float32)
    for x in X:
        rates = np.repeat(rng.uniform(0.0, max_rate, (2, n_rates)), 2, axis=0)
        train, time = _poisson(rates, hold, rng)
        x[:] = _frames((train[time < duration], time[time < duration]), 4, duration, dt)
    sums = np.cumsum(X, axis=1, dtype=np.float64)
    scale = 2 * hold * max_rate
    first, second = (sums[..., pair].sum(axis=-1) / scale for pair in (slice(2), slice(2, 4)))
    f1, f2 = _recent(first, n_hold), _recent(second, n_hold)
    f3 = _recent(first + second, n_hold, n_hold)
    f4 = _recent(first + second, 5 * n_hold) / 5
    f5 = _coincidences(X, sums, n_counted, n_near)
    return X, np.stack([f1, f2, f3, f4, f5, f1 * f2, (f1 * f4 + f2 * f5) * f3], axis=-1)


def _poisson(rates: np.ndarray, hold: float, rng: np.random.RandomState) -> _Spikes:
    """Draw spikes at rates that last for `hold` each, shape (n_trains, n_rates)."""
    train, section = np.divmod(
        np.repeat(np.arange(rates.size), rng.poisson(rates.ravel() * hold)), rates.shape[1]
    )
    return train, hold * (section + rng.uniform(size=len(train)))


def _reflected(time: np.ndarray, end: float) -> np.ndarray:
    """Bring times into [0, end], as often as they are beyond it."""
    return np.abs((time + end) % (2.0 * end) - end)


def _n_steps(duration: float, dt: float) -> int:
    """Frames that it takes; one more only if it is more than a rounding error."""
    return max(int(np.ceil(duration / dt - 1e-9)), 1)


def _steps(name: str, time: float, dt: float) -> int:
    n_steps = round(time / dt)
    if n_steps < 1 or abs(time / dt - n_steps) > 1e-6 * n_steps:
        raise ValueError(f"{name} must be a multiple of dt, got {time!r} and dt={dt!r}.")
    return n_steps


def _frames(spikes: _Spikes, n_trains: int, duration: float, dt: float) -> np.ndarray:
    """Count spikes in frames, shape (n_timesteps, n_trains)."""
    train, time = spikes
    n_steps = _n_steps(duration, dt)
    step = np.minimum((time / dt).astype(np.int64), n_steps - 1)
    counts = np.bincount(step * n_trains + train, minlength=n_steps * n_trains)
    return counts.reshape(n_steps, n_trains).astype(np.float32)


def _delayed(x: np.ndarray, n_steps: int) -> np.ndarray:
    """What was some steps ago, along axis 1, and zero before the first step."""
    before = np.zeros_like(x)
    if n_steps < x.shape[1]:
        before[:, n_steps:] = x[:, : x.shape[1] - n_steps]
    return before


def _recent(sums: np.ndarray, n_steps: int, ago: int = 0) -> np.ndarray:
    """Sum over the last steps up to some steps ago, from sums over all so far."""
    recent: np.ndarray = _delayed(sums, ago) - _delayed(sums, ago + n_steps)
    return recent


def _coincidences(X: np.ndarray, sums: np.ndarray, n_counted: int, n_near: int) -> np.ndarray:
    """Count the last spikes of trains 0 and 2 with one of the other train near, so far."""
    count = np.zeros(X.shape[:2])
    for own, other in ((0, 2), (2, 0)):
        for lag in range(n_counted):
            ago = max(lag - n_near, 0)  # what comes after t is not known yet
            is_near = _recent(sums[..., other], lag + n_near + 1 - ago, ago) > 0
            count += _delayed(X[..., own], lag) * is_near
    return count
