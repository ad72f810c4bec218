"""Descent by mini-batches with early stopping, whatever is trained.

Each pass takes the learned samples in a new random order. The mean loss of the held-out
samples after the pass, or where there are none that of the training, decides which parameters
are kept and when to stop [1]_.

References
----------
.. [1] Prechelt. "Early stopping - but when?", Neural Networks: Tricks of the Trade, 1998.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from .._workers import leave_off_if_given_up

Curves = dict[str, list[float]]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train.

    Parameters
    ----------
    learning_rate : float
        How far a step of Adam moves a score.
    batch_size : int
        Number of sequences of a step.
    max_iter : int
        Largest number of passes over the training sequences.
    n_iter_no_change : int
        Passes without a better loss after which training ends.
    tol : float
        Least improvement that counts.
    """

    learning_rate: float
    batch_size: int
    max_iter: int
    n_iter_no_change: int
    tol: float


class Trainable(Protocol):
    """Something with parameters that go down a slope; losses are scalars of MLX."""

    def step(self, samples: np.ndarray, rng: np.random.Generator) -> Any:
        """Move the parameters by one mini-batch, and return its loss before that."""

    def loss(self, samples: np.ndarray) -> Any:
        """Mean loss of some samples."""

    def parameters(self) -> Any:
        """Return a copy of the parameters."""


def descend(
    model: Trainable, is_held_out: np.ndarray, schedule: Schedule, rng: np.random.Generator
) -> tuple[Any, Curves]:
    """Train until nothing better comes.

    Parameters
    ----------
    model : Trainable
        What is trained, in place.
    is_held_out : ndarray of shape (n_samples,), dtype bool
        Samples whose loss decides when to stop; if none, that of the training decides.
    schedule : Schedule
        How long to train.
    rng : numpy.random.Generator
        Source of the mini-batches, handed on to each step.

    Returns
    -------
    parameters : object
        The model's parameters after the best pass.
    curves : dict of str to list of float
        Loss of each pass: "training", and "validation" if some are held out.
    """
    learned, held_out = np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)
    curves: Curves = {"training": []}
    best: Any = None
    lowest, to_beat, n_since = np.inf, np.inf, 0
    for _ in range(schedule.max_iter):
        shuffled = rng.permutation(learned)
        watched = _mean(lambda samples: model.step(samples, rng), shuffled, schedule.batch_size)
        curves["training"].append(watched)
        if len(held_out):
            watched = _mean(model.loss, held_out, schedule.batch_size)
            curves.setdefault("validation", []).append(watched)
        if watched < lowest or best is None:
            # In this order a loss of NaN, which nothing undercuts, leaves what is to be undercut.
            lowest, best = min(lowest, watched), model.parameters()
        n_since += 1
        if watched < to_beat - schedule.tol:
            to_beat, n_since = watched, 0
        if n_since >= schedule.n_iter_no_change:
            break
    return best, curves


def _mean(loss: Callable[[np.ndarray], Any], samples: np.ndarray, batch_size: int) -> float:
    """Mean over samples of a loss that is a mean over a mini-batch, a scalar of MLX."""
    total = 0.0
    for first in range(0, len(samples), batch_size):
        leave_off_if_given_up()
        part = samples[first : first + batch_size]
        total += float(np.array(loss(part))) * len(part)
    return total / len(samples)
