"""Scores of the leaky readouts over time, in NumPy.

With the drive ``I[t] = W s[t] + b`` of the classes by the states s[t], and ``alpha = exp(-1 /
tau)``, the leaky rates of Bellec et al. [1]_ and their running mean are::

    r[t]     = alpha r[t-1] + I[t]
    score[t] = (r[1] + ... + r[t]) / t

and leaky integrate-and-fire neurons with threshold 1 have the scores::

    v        = alpha V[t-1] + (1 - alpha) I[t]
    S[t]     = 1 where v > 1, else 0
    V[t]     = v - S[t]    (soft reset),    v - v S[t]    (hard reset)
    score[t] = 10 (S[1] + ... + S[t] + V[t]) / t

which is a firing rate in which the potential counts as the fraction of the spike to come; rates
below 1 alone would make no confident probabilities.

Weights lie on a grid on which the sums over units are exact, so that scores depend neither on
the batch nor on a library's order of summation. They are those of :mod:`skliquid.nn`, in
float64.

References
----------
.. [1] Bellec et al. "A solution to the learning dilemma for recurrent networks of spiking
   neurons", Nature Communications 11, 2020.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..reservoirs.fixed_point import to_grid

SPIKE_GAIN = 10.0
# Sums of 2**15 units' products stay below 53 bits with states on the grid of 2**-14.
_WEIGHT_BITS = 24
# Bytes of the states that are unpacked at a time.
_BATCH_BYTES = 2**24


def leak(tau: float) -> float:
    """Decay of a readout per time step."""
    return math.exp(-1.0 / tau)


def weight_grid(weights: np.ndarray) -> np.ndarray:
    """Round weights to 24 bits of the largest one, float64."""
    largest = float(np.abs(weights).max())
    exponent = _WEIGHT_BITS - int(np.ceil(np.log2(largest))) if largest > 0 else 0
    return to_grid(np.asarray(weights, dtype=np.float64), exponent)


def running_scores(
    trains: Any,
    coef: np.ndarray,
    intercept: np.ndarray,
    *,
    kind: str,
    tau: float,
    spk_reset: str,
) -> Iterator[np.ndarray]:
    """Yield the scores after every frame of each sequence.

    Parameters
    ----------
    trains : StateTrains or Sequences
        The states.
    coef : ndarray of shape (n_classes, n_units)
        Weights W.
    intercept : ndarray of shape (n_classes,)
        Constant drive b.
    kind : {"rate", "spike"}
        Which readout.
    tau : float
        Time constant in steps.
    spk_reset : {"soft", "hard"}
        Reset of the spiking readout.

    Yields
    ------
    ndarray of shape (n_timesteps_i, n_classes), dtype float64
        Scores.
    """
    scores_of = _rate_scores if kind == "rate" else _spike_scores
    for drives, lengths in _drives(trains, coef, intercept):
        scores = scores_of(drives, leak(tau), spk_reset)
        for column, length in enumerate(lengths):
            yield scores[:length, column]


def _drives(
    trains: Any, coef: np.ndarray, intercept: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Drives of the sequences side by side, shape (T, batch, n_classes), and their lengths."""
    longest, n_classes = int(trains.lengths.max()), len(coef)
    batch = max(1, _BATCH_BYTES // (8 * longest * n_classes))
    for start in range(0, len(trains), batch):
        part = trains.take(slice(start, start + batch))
        drives = np.zeros((int(part.lengths.max()), len(part), n_classes))
        for column, states in enumerate(part):
            drives[: len(states), column] = states.astype(np.float64) @ coef.T
        yield drives + intercept, part.lengths


def _rate_scores(drives: np.ndarray, alpha: float, spk_reset: str) -> np.ndarray:
    r, total = np.zeros((2, *drives.shape[1:]))
    scores = np.empty_like(drives)
    for t, drive in enumerate(drives):
        r = alpha * r + drive
        total = total + r
        scores[t] = total / (t + 1)
    return scores


def _spike_scores(drives: np.ndarray, alpha: float, spk_reset: str) -> np.ndarray:
    potential, total = np.zeros((2, *drives.shape[1:]))
    scores = np.empty_like(drives)
    for t, drive in enumerate(drives):
        v = alpha * potential + (1.0 - alpha) * drive
        spikes = (v > 1.0).astype(np.float64)
        potential = v - (spikes if spk_reset == "soft" else v * spikes)
        total = total + spikes
        scores[t] = (total + potential) * (SPIKE_GAIN / (t + 1))
    return scores
