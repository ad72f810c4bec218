"""Gradient training of the leaky readouts, in MLX.

The readout's drive is standardised: unit j enters as ``(s_j[t] - mean_j) / deviation_j``, and
a constant unit makes the intercept. The loss is the cross-entropy of the scores after the last
frame of each sequence, weighted by the samples' weights, and Adam [1]_ takes mini-batches of
it. What is returned are weights for the plain states.

References
----------
.. [1] Kingma, Ba. "Adam: a method for stochastic optimization", ICLR 2015.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mlx.core as mx
import mlx.optimizers as optim
import numpy as np

from ..nn import LeakyRateReadout, LeakySpikeReadout
from ._scores import SPIKE_GAIN, leak


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


class Watch:
    """Keeps what was best, and says when nothing better has come for a while."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._to_beat, self._lowest, self._n_since = np.inf, np.inf, 0
        self.best: Any = None

    def is_over(self, loss: float, parameters: Any) -> bool:
        """Take note of the loss after a pass, and tell whether to stop."""
        if loss < self._lowest or self.best is None:
            self._lowest, self.best = loss, parameters
        self._n_since += 1
        if loss < self._to_beat - self._schedule.tol:
            self._to_beat, self._n_since = loss, 0
        return self._n_since >= self._schedule.n_iter_no_change


def make_module(kind: str, n_units: int, n_classes: int, tau: float, spk_reset: str) -> Any:
    """Make the readout with a constant unit after the others; weights start at zero."""
    if kind == "rate":
        return LeakyRateReadout(n_units + 1, n_classes, tau, w_init="zeros")
    return LeakySpikeReadout(n_units + 1, n_classes, tau, spk_reset=spk_reset, w_init="zeros")


def sensitivity(kind: str, tau: float) -> float:
    """How far a constant drive of 1 moves a score in the end."""
    return 1.0 / (1.0 - leak(tau)) if kind == "rate" else SPIKE_GAIN


def running_scores(kind: str, readout: Any, x: mx.array) -> list[mx.array]:
    """Scores after every frame of ``x``, shape (T, batch, n_units + 1); each (batch, n_classes).

    The MLX form of :func:`skliquid.readouts._scores.running_scores`.
    """
    state, total, scores = readout.init_state(x.shape[1]), mx.array(0.0), []
    for t, drive in enumerate(readout._drive(x), start=1):
        output, state = readout._step(drive, state)
        total = total + output
        if kind == "rate":
            scores.append(total / t)
        else:
            scores.append((total + state["mem"] / readout.v_th) * (SPIKE_GAIN / t))
    return scores


def cross_entropy(
    scores: list[mx.array], lengths: mx.array, target: mx.array, weight: mx.array
) -> mx.array:
    """Weighted mean of the cross-entropy of the scores after each sequence's last frame."""
    stacked = mx.stack(scores)
    last = stacked[lengths - 1, mx.arange(len(lengths))]
    log_sum = mx.logsumexp(last, axis=-1)
    correct = mx.take_along_axis(last, target[:, None], axis=-1)[:, 0]
    return (weight * (log_sum - correct)).sum() / len(target)


def with_constant(x: mx.array) -> mx.array:
    """Append the constant unit to states of shape (T, batch, n_units)."""
    return mx.concatenate([x, mx.ones((*x.shape[:2], 1))], axis=-1)


@dataclass(frozen=True)
class Standardised:
    """The weights' coordinates: those of states with mean 0 and deviation 1.

    Parameters
    ----------
    mean, deviation : mlx.core.array of shape (n_units,)
        Of each unit over all frames; a deviation of zero is 1.
    """

    mean: mx.array
    deviation: mx.array

    @classmethod
    def of(cls, trains: Any, weight: np.ndarray) -> Standardised:
        """Measure states, each sequence with its weight."""
        total, squares = np.zeros((2, trains.n_channels))
        for states, factor in zip(trains, weight, strict=True):
            total += factor * states.sum(axis=0, dtype=np.float64)
            squares += factor * np.square(states, dtype=np.float64).sum(axis=0)
        n_frames = weight @ trains.lengths
        mean = total / n_frames
        deviation = np.sqrt(np.maximum(squares / n_frames - mean**2, 0.0))
        deviation[deviation <= 1e-6 * (1.0 + np.abs(mean))] = 1.0
        return cls(mx.array(mean.astype(np.float32)), mx.array(deviation.astype(np.float32)))

    def plain(self, weights: mx.array) -> mx.array:
        """Weights of the plain states; the one intercept moves as fast as all of them."""
        coef = weights[:, :-1] / self.deviation
        intercept = len(self.mean) * weights[:, -1] - coef @ self.mean
        return mx.concatenate([coef, intercept[:, None]], axis=1)


def train_readout(
    trains: Any,
    target: np.ndarray,
    weight: np.ndarray,
    is_held_out: np.ndarray,
    *,
    kind: str,
    tau: float,
    spk_reset: str,
    alpha: float,
    schedule: Schedule,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, dict[str, list[float]]]:
    """Train a leaky readout.

    Parameters
    ----------
    trains : StateTrains or Sequences
        The states.
    target : ndarray of shape (n_samples,), integer
        Index of each sequence's class.
    weight : ndarray of shape (n_samples,)
        Weights of the sequences.
    is_held_out : ndarray of shape (n_samples,), dtype bool
        Sequences whose loss decides when to stop; if none, that of the training decides.
    kind : {"rate", "spike"}
        Which readout.
    tau : float
        Its time constant in steps.
    spk_reset : {"soft", "hard"}
        Reset of the spiking readout.
    alpha : float
        Penalty on the squared weights of the standardised states.
    schedule : Schedule
        Steps of the training.
    rng : numpy.random.Generator
        Source of the mini-batches.

    Returns
    -------
    coef : ndarray of shape (n_classes, n_units), dtype float64
        Weights of the states.
    intercept : ndarray of shape (n_classes,), dtype float64
        Constant drive.
    curves : dict of str to list of float
        Loss of each pass: "training", and "validation" if some are held out.
    """
    n_units, n_classes = trains.n_channels, int(target.max()) + 1
    scaling = Standardised.of(trains, weight)
    weight = (weight / weight.mean()).astype(np.float32)
    readout = make_module(kind, n_units, n_classes, tau, spk_reset)
    optimizer = optim.Adam(
        schedule.learning_rate / (n_units * sensitivity(kind, tau)), bias_correction=True
    )

    def loss(standardised: mx.array, samples: np.ndarray) -> mx.array:
        readout.weight = scaling.plain(standardised)
        scores = running_scores(kind, readout, with_constant(mx.array(trains.padded(samples))))
        lengths = mx.array(trains.lengths[samples])
        error = cross_entropy(
            scores, lengths, mx.array(target[samples]), mx.array(weight[samples])
        )
        return error + alpha * (standardised[:, :-1] * sensitivity(kind, tau)).square().sum()

    gradient = mx.value_and_grad(loss)
    parameters = {"weight": mx.zeros((n_classes, n_units + 1))}
    learned, held_out = np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)
    curves: dict[str, list[float]] = {"training": []}
    watch = Watch(schedule)
    for _ in range(schedule.max_iter):
        total = 0.0
        for samples in batches(rng.permutation(learned), schedule.batch_size):
            value, slope = gradient(parameters["weight"], samples)
            parameters = optimizer.apply_gradients({"weight": slope}, parameters)
            mx.eval(parameters, optimizer.state)
            total += number(value) * len(samples)
        monitored = total / len(learned)
        curves["training"].append(monitored)
        if len(held_out):
            parts = batches(held_out, schedule.batch_size)
            monitored = sum(number(loss(parameters["weight"], part)) * len(part) for part in parts)
            monitored /= len(held_out)
            curves.setdefault("validation", []).append(monitored)
        if watch.is_over(monitored, np.array(parameters["weight"])):
            break
    best = np.array(scaling.plain(mx.array(watch.best)), dtype=np.float64)
    return best[:, :-1], best[:, -1], curves


def number(value: mx.array) -> float:
    """Evaluate a scalar."""
    return float(np.array(value))


def batches(samples: np.ndarray, batch_size: int) -> list[np.ndarray]:
    """Cut indices into pieces of `batch_size`."""
    return [samples[i : i + batch_size] for i in range(0, len(samples), batch_size)]
