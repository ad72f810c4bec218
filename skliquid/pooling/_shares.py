"""Features as sums over the steps of a sequence: what each step adds to them.

A feature of a neuron in a window is a sum over the window's steps::

    feature = sum over t of factor[t] quantity[t]

where the quantity is one of ``QUANTITIES`` of the neuron's spikes and potentials. A trace is
rounded at every step, and is this sum but for that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ._sums import POTENTIAL_LIMIT, window_lengths, window_of
from ._winners import wins

Scales = tuple[int, ...]
# Function of the number of time steps, the scales of the windows and the trace's decay.
Shares = Callable[[int, Scales, float], list["Share"]]


@dataclass(frozen=True, eq=False)
class Share:
    """What the steps of a sequence add to the features of all windows of a pooling.

    Parameters
    ----------
    quantity : str
        Name of what is summed, from ``QUANTITIES``.
    factor : ndarray of shape (n_timesteps,)
        What it is multiplied by at each step.
    windows : ndarray of shape (n_timesteps,), dtype int64
        The window that each step falls in.
    n_windows : int
        How many there are.
    is_rounded : bool
        Whether the feature is rounded at every step.
    """

    quantity: str
    factor: np.ndarray
    windows: np.ndarray
    n_windows: int = 1
    is_rounded: bool = False


def legendre(n_timesteps: int) -> tuple[np.ndarray, np.ndarray]:
    """First and second Legendre polynomial at the middles of the steps of a sequence.

    The sequence is the interval [-1, 1].
    """
    x = (2 * np.arange(n_timesteps) + 1) / n_timesteps - 1
    return x, (3 * x**2 - 1) / 2


def _limited(spikes: np.ndarray, potentials: np.ndarray) -> np.ndarray:
    return np.clip(potentials, -POTENTIAL_LIMIT, POTENTIAL_LIMIT)


def _onsets(spikes: np.ndarray, potentials: np.ndarray) -> np.ndarray:
    """Steps with a spike after one without."""
    return np.diff(spikes.astype(np.int8), axis=0, prepend=0) > 0


def _longest_pause(spikes: np.ndarray, potentials: np.ndarray) -> np.ndarray:
    """Steps of the longest run without a spike, of several the first."""
    return _longest(~spikes, potentials)


def _change(spikes: np.ndarray, potentials: np.ndarray) -> np.ndarray:
    """How far the potential is from the one before; nothing at the first step."""
    limited = _limited(spikes, potentials).astype(np.float64)
    return np.abs(np.diff(limited, axis=0, prepend=limited[:1]))


def _silence(spikes: np.ndarray, potentials: np.ndarray) -> np.ndarray:
    """Steps before the first spike."""
    return ~np.logical_or.accumulate(spikes, axis=0)


def _longest(spikes: np.ndarray, potentials: np.ndarray) -> np.ndarray:
    """Steps of the longest run of spikes, of several the first."""
    step = np.arange(1, len(spikes) + 1)[:, np.newaxis]
    run = step - np.maximum.accumulate(np.where(spikes, 0, step), axis=0)
    end = run.argmax(axis=0)
    return (step <= end + 1) & (step > end + 1 - run.max(axis=0))


# Functions of the spikes, bool, and of the potentials after them, both of shape (n_timesteps, n).
QUANTITIES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "spikes": lambda spikes, potentials: spikes,
    "onsets": _onsets,
    "longest": _longest,
    "longest_pause": _longest_pause,
    "silence": _silence,
    "wins": lambda spikes, potentials: wins(potentials),
    "losses": lambda spikes, potentials: wins(-potentials),
    "change": _change,
    "state": lambda spikes, potentials: potentials,
    "potential": _limited,
    "positive": lambda spikes, potentials: np.maximum(_limited(spikes, potentials), 0),
}
# Those of which what a neuron does hangs on others, so that all are to be given.
COMPARED = frozenset({"wins", "losses"})


def _over_time(quantity: str, factor: np.ndarray) -> Share:
    return Share(quantity, factor, np.zeros(len(factor), dtype=np.int64))


def summed(*quantities: str) -> Shares:
    """Sum of each quantity."""
    return lambda n, scales, decay: [_over_time(each, np.ones(n)) for each in quantities]


def averaged(quantity: str) -> Shares:
    """Mean of a quantity."""
    return lambda n, scales, decay: [_over_time(quantity, np.full(n, 1 / n))]


def moments_of(quantity: str) -> Shares:
    """Legendre moments of a quantity."""
    return lambda n, scales, decay: [_over_time(quantity, factor) for factor in legendre(n)]


def faded(quantity: str) -> Shares:
    """Trace of a quantity, which fades with every step after it."""

    def shares(n: int, scales: Scales, decay: float) -> list[Share]:
        factor = float(np.float32(decay)) ** np.arange(n - 1, -1, -1)
        return [replace(_over_time(quantity, factor), is_rounded=True)]

    return shares


def at_the_end(*quantities: str) -> Shares:
    """Each quantity after the last step."""
    return lambda n, scales, decay: [
        _over_time(quantity, np.eye(1, n, n - 1)[0]) for quantity in quantities
    ]


def summed_in_windows(quantity: str) -> Shares:
    """Sums of a quantity over the windows of each scale."""
    return lambda n, scales, decay: [
        Share(quantity, np.ones(n), window_of(np.arange(n), np.array(n), scale), scale)
        for scale in scales
    ]


def averaged_in_windows(quantity: str) -> Shares:
    """Means of a quantity over the windows of each scale."""

    def shares(n: int, scales: Scales, decay: float) -> list[Share]:
        sums = summed_in_windows(quantity)(n, scales, decay)
        lengths = [window_lengths(np.array([n]), each.n_windows)[0] for each in sums]
        return [
            replace(each, factor=1 / length[each.windows])
            for each, length in zip(sums, lengths, strict=True)
        ]

    return shares
