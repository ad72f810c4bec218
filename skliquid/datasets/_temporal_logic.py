"""Logic of random bits that came at different times."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from .._checks import MOST_STEPS, check_integer
from ._dynamical_systems import checked_sizes


def make_delayed_xor(
    n_samples: int = 1,
    n_timesteps: int = 1000,
    *,
    delay: int = 2,
    random_state: Any = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Make random bits, and whether each differs from one before.

    ::

        y[t] = u[t] xor u[t - delay]

    with u zero before the first step: exclusive or in time [1]_. Neither bit alone tells anything
    of y, and no linear function of the two does.

    Parameters
    ----------
    n_samples : int, default=1
        Number of series.
    n_timesteps : int, default=1000
        Number of steps of each.
    delay : int, default=2
        Steps between the two bits, at least 1.
    random_state : int, RandomState instance or None, default=None
        Seed of the bits.

    Returns
    -------
    u : ndarray of shape (n_samples, n_timesteps, 1)
        The bits, 0 or 1 with equal probability.
    y : ndarray of shape (n_samples, n_timesteps, 1)
        What is to be told after each, 0 or 1.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or out of its range.

    See Also
    --------
    make_temporal_parity : Of more bits, which are neighbours.

    References
    ----------
    .. [1] Elman. "Finding structure in time", Cognitive Science 14, 1990.

    Examples
    --------
    >>> from skliquid.datasets import make_delayed_xor
    >>> u, y = make_delayed_xor(n_timesteps=8, delay=2, random_state=0)
    >>> u.ravel().astype(int), y.ravel().astype(int)
    (array([0, 1, 1, 0, 1, 1, 1, 1]), array([0, 1, 1, 1, 0, 1, 0, 0]))
    """
    delay = check_integer("delay", delay, low=1, high=MOST_STEPS)
    return _parity(n_samples, n_timesteps, (0, delay), random_state)


def make_temporal_parity(
    n_samples: int = 1,
    n_timesteps: int = 1000,
    *,
    n_bits: int = 3,
    delay: int = 0,
    random_state: Any = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Make random bits, and whether some of the last ones are odd in number.

    ::

        y[t] = u[t - delay] xor u[t - delay - 1] xor ... xor u[t - delay - n_bits + 1]

    with u zero before the first step [1]_. Only all of these bits together tell anything of y.

    Parameters
    ----------
    n_samples : int, default=1
        Number of series.
    n_timesteps : int, default=1000
        Number of steps of each.
    n_bits : int, default=3
        Number of bits whose parity it is, at least 1.
    delay : int, default=0
        Steps since the last of them, at least 0.
    random_state : int, RandomState instance or None, default=None
        Seed of the bits.

    Returns
    -------
    u : ndarray of shape (n_samples, n_timesteps, 1)
        The bits, 0 or 1 with equal probability.
    y : ndarray of shape (n_samples, n_timesteps, 1)
        What is to be told after each, 0 or 1.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or out of its range.

    See Also
    --------
    make_delayed_xor : Of two bits that are not neighbours.

    References
    ----------
    .. [1] Bertschinger, Natschlaeger. "Real-time computation at the edge of chaos in recurrent
       neural networks", Neural Computation 16(7), 2004.

    Examples
    --------
    >>> from skliquid.datasets import make_temporal_parity
    >>> u, y = make_temporal_parity(n_timesteps=8, n_bits=3, random_state=0)
    >>> u.ravel().astype(int), y.ravel().astype(int)
    (array([0, 1, 1, 0, 1, 1, 1, 1]), array([0, 1, 0, 0, 0, 0, 1, 1]))
    """
    n_bits = check_integer("n_bits", n_bits, low=1, high=MOST_STEPS)
    delay = check_integer("delay", delay, low=0, high=MOST_STEPS)
    return _parity(n_samples, n_timesteps, range(delay, delay + n_bits), random_state)


def _parity(
    n_samples: int, n_timesteps: int, lags: Iterable[int], random_state: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Draw bits, and take the exclusive or of those some steps ago."""
    n_samples, n_timesteps = checked_sizes(n_samples, n_timesteps)
    u = check_random_state(random_state).randint(2, size=(n_samples, n_timesteps, 1))
    y = np.zeros_like(u)
    for lag in lags:
        if lag < n_timesteps:
            y[:, lag:] ^= u[:, : n_timesteps - lag]
    return u.astype(np.float64), y.astype(np.float64)
