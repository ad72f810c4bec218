"""What an engine adds up over time, step by step, all of it exact.

Counts, and sums of multiples of one unit: they depend neither on the engine nor on where a
sequence was cut into pieces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

# Potentials further out than any that a working liquid has: 2**18 of them in multiples of
# 2**-20 sum exactly in float64.
POTENTIAL_LIMIT = 2.0**15
# Bits of the squares of time steps that are summed apart from those above: so both sums fit into
# 64 bits for 2**31 steps.
SQUARE_BITS = 30


@dataclass
class Pools:
    """Sums over time for one batch of sequences.

    All but `counts` may be None where no pooling asked for needs them. A burst is a run of
    steps in each of which the neuron fires, a pause one in none of which it does.

    Parameters
    ----------
    counts : ndarray of shape (batch, n_windows, n), integer
        Spikes in each window.
    bursts, longest_burst : ndarray of shape (batch, n), integer
        Number of bursts, and steps of the longest.
    longest_pause : ndarray of shape (batch, n), integer
        Steps of the longest pause.
    times : ndarray of shape (batch, n), integer
        Sum of the time steps of the spikes, counted from zero.
    squared_times : ndarray of shape (batch, 2, n), integer
        Sums of the :func:`halves` of their squares.
    first_spike : ndarray of shape (batch, n), integer
        Time step of the first spike; -1 where there is none.
    wins, losses : ndarray of shape (batch, n), integer
        Steps after which a potential is the highest, or the lowest, of its group, see
        :func:`~skliquid.pooling.wins`.
    line_length : ndarray of shape (batch, n), float64
        Sum of what the membrane potential, within ``POTENTIAL_LIMIT``, changes by from each step
        to the next one.
    rectified : ndarray of shape (batch, n), float64
        Sum of the positive membrane potentials, each at most ``POTENTIAL_LIMIT``.
    potentials : ndarray of shape (batch, n_windows, n), float64
        Sums of the membrane potential over each window, where it is clipped to
        +-``POTENTIAL_LIMIT`` so that the sums are exact.
    trace : ndarray of shape (batch, n), float32
        ``trace[t] = decay(trace[t-1], trace_decay) + s[t]`` after the last step.
    mem, spk : ndarray of shape (batch, n), float32
        State after the last step.
    """

    counts: np.ndarray
    bursts: np.ndarray | None = None
    longest_burst: np.ndarray | None = None
    longest_pause: np.ndarray | None = None
    times: np.ndarray | None = None
    squared_times: np.ndarray | None = None
    first_spike: np.ndarray | None = None
    wins: np.ndarray | None = None
    losses: np.ndarray | None = None
    line_length: np.ndarray | None = None
    rectified: np.ndarray | None = None
    potentials: np.ndarray | None = None
    trace: np.ndarray | None = None
    mem: np.ndarray | None = None
    spk: np.ndarray | None = None


def halves(number: Any) -> tuple[Any, Any]:
    """Last ``SQUARE_BITS`` bits of integers, and the bits above."""
    return number & ((1 << SQUARE_BITS) - 1), number >> SQUARE_BITS


def window_of(t: int | np.ndarray, lengths: np.ndarray, n_windows: int) -> np.ndarray:
    """Index of the window that time step `t` falls in, for sequences of some lengths."""
    return np.asarray(t * n_windows // lengths)


def window_lengths(lengths: np.ndarray, n_windows: int) -> np.ndarray:
    """Steps of each window, shape (batch, n_windows); at least 1."""
    edges = -(-np.arange(n_windows + 1) * lengths[:, np.newaxis] // n_windows)
    return np.asarray(np.maximum(np.diff(edges, axis=1), 1))
