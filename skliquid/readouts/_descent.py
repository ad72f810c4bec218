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


class Watch:
    """Keeps what was best, and says when nothing better has come for a while."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._to_beat, self._lowest, self._n_since = np.inf, np.inf, 0
        self.best: Any = None

    def is_over(self, loss: float, parameters: Any) -> bool:
        """Take note of the loss after a pass, and tell whether to stop."""
        if loss < self._lowest or self.best is None:
            # In this order a loss of NaN, which nothing undercuts, leaves what is to be undercut.
            self._lowest, self.best = min(self._lowest, loss), parameters
        self._n_since += 1
        if loss < self._to_beat - self._schedule.tol:
            self._to_beat, self._n_since = loss, 0
        return self._n_since >= self._schedule.n_iter_no_change


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
    watch = Watch(schedule)
    for _ in range(schedule.max_iter):
        shuffled = batches(rng.permutation(learned), schedule.batch_size)
        monitored = _mean(lambda samples: model.step(samples, rng), shuffled)
        curves["training"].append(monitored)
        if len(held_out):
            monitored = _mean(model.loss, batches(held_out, schedule.batch_size))
            curves.setdefault("validation", []).append(monitored)
        if watch.is_over(monitored, model.parameters()):
            break
    return watch.best, curves


def _mean(loss: Callable[[np.ndarray], Any], parts: list[np.ndarray]) -> float:
    """Mean over all samples of a loss that is a mean over each part."""
    total = 0.0
    for samples in parts:
        total += number(loss(samples)) * len(samples)
    return total / sum(map(len, parts))


def number(value: Any) -> float:
    """Evaluate a scalar of MLX."""
    return float(np.array(value))


def batches(samples: np.ndarray, batch_size: int) -> list[np.ndarray]:
    """Cut indices into pieces of `batch_size`."""
    return [samples[i : i + batch_size] for i in range(0, len(samples), batch_size)]
