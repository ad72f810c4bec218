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

from .._workers import in_a_thread
from ..nn import LeakyRateReadout, LeakySpikeReadout
from ._descent import Curves, Schedule, descend
from ._scores import SPIKE_GAIN, leak


def make_module(kind: str, n_units: int, n_classes: int, tau: float, spk_reset: str) -> Any:
    """Make the readout with a constant unit after the others; weights start at zero."""
    if kind == "rate":
        return LeakyRateReadout(n_units + 1, n_classes, tau, w_init="zeros")
    return LeakySpikeReadout(n_units + 1, n_classes, tau, spk_reset=spk_reset, w_init="zeros")


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


class Objective:
    """Loss of a leaky readout, by its standardised weights and the states that it hears.

    Parameters
    ----------
    trains : StateTrains or Sequences
        States by which the weights are standardised.
    target : ndarray of shape (n_samples,), integer
        Index of each sequence's class.
    weight : ndarray of shape (n_samples,)
        Weights of the sequences.
    kind : {"rate", "spike"}
        Which readout.
    tau : float
        Its time constant in steps.
    spk_reset : {"soft", "hard"}
        Reset of the spiking readout.
    """

    def __init__(
        self,
        trains: Any,
        target: np.ndarray,
        weight: np.ndarray,
        *,
        kind: str,
        tau: float,
        spk_reset: str,
    ) -> None:
        self.n_units, self.n_classes = trains.n_channels, int(target.max()) + 1
        self.scaling = Standardised.of(trains, weight)
        # How far a constant drive of 1 moves a score in the end.
        self.sensitivity = 1.0 / (1.0 - leak(tau)) if kind == "rate" else SPIKE_GAIN
        self._kind = kind
        self._readout = make_module(kind, self.n_units, self.n_classes, tau, spk_reset)
        self._lengths, self._target = trains.lengths, target
        self._weight = (weight / weight.mean()).astype(np.float32)

    def first_weights(self) -> mx.array:
        """Standardised weights to start from: zeros of shape (n_classes, n_units + 1)."""
        return mx.zeros((self.n_classes, self.n_units + 1))

    def optimizer(self, learning_rate: float) -> optim.Adam:
        """Adam for the standardised weights, a step of which moves a score by the rate."""
        return optim.Adam(learning_rate / (self.n_units * self.sensitivity), bias_correction=True)

    def __call__(self, standardised: mx.array, states: mx.array, samples: np.ndarray) -> mx.array:
        """Cross-entropy of some samples with their states, shape (T, batch, n_units)."""
        self._readout.weight = self.scaling.plain(standardised)
        with_constant = mx.concatenate([states, mx.ones((*states.shape[:2], 1))], axis=-1)
        return cross_entropy(
            running_scores(self._kind, self._readout, with_constant),
            mx.array(self._lengths[samples]),
            mx.array(self._target[samples]),
            mx.array(self._weight[samples]),
        )


class _Readout:
    """A readout in training."""

    def __init__(
        self, trains: Any, objective: Objective, *, alpha: float, learning_rate: float
    ) -> None:
        self._trains, self._objective, self._alpha = trains, objective, alpha
        self._weights = objective.first_weights()
        self._optimizer = objective.optimizer(learning_rate)

    def step(self, samples: np.ndarray, rng: np.random.Generator) -> mx.array:
        value, slope = mx.value_and_grad(self._penalised)(self._weights, samples)
        moved = self._optimizer.apply_gradients({"weight": slope}, {"weight": self._weights})
        self._weights = moved["weight"]
        mx.eval(self._weights, self._optimizer.state)
        return value

    def loss(self, samples: np.ndarray) -> mx.array:
        return self._penalised(self._weights, samples)

    def parameters(self) -> np.ndarray:
        return np.array(self._weights)

    def _penalised(self, standardised: mx.array, samples: np.ndarray) -> mx.array:
        states = mx.array(self._trains.padded(samples))
        error = self._objective(standardised, states, samples)
        effects = standardised[:, :-1] * self._objective.sensitivity
        return error + self._alpha * effects.square().sum()


@in_a_thread
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
) -> tuple[np.ndarray, np.ndarray, Curves]:
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
    objective = Objective(trains, target, weight, kind=kind, tau=tau, spk_reset=spk_reset)
    readout = _Readout(trains, objective, alpha=alpha, learning_rate=schedule.learning_rate)
    weights, curves = descend(readout, is_held_out, schedule, rng)
    best = np.array(objective.scaling.plain(mx.array(weights)), dtype=np.float64)
    return best[:, :-1], best[:, -1], curves
