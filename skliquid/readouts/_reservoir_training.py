"""Back-propagation through time into a liquid, in MLX.

Recurrent weights, input weights and biases are trained together with a leaky readout on the
cross-entropy of the leaky readouts, with a surrogate derivative of the spike [1]_.
After each step the weights are projected: a synapse that was not drawn stays absent, and one
that was keeps its sign (Dale's law) or becomes zero. In the end everything is put back on the
grids of :mod:`skliquid.reservoirs.fixed_point`.

References
----------
.. [1] Neftci, Mostafa, Zenke. "Surrogate gradient learning in spiking neural networks",
   IEEE Signal Processing Magazine 36(6), 2019.
"""

from __future__ import annotations

from dataclasses import replace

import mlx.core as mx
import mlx.optimizers as optim
import numpy as np

from .._workers import in_a_thread
from ..engines import record
from ..nn import LiquidReservoir
from ..reservoirs import Liquid, Taps
from ..sequences import Sequences
from ._descent import Curves, Schedule, descend
from ._leaky_training import Objective

# Step of Adam in units of potential, and the largest norm of a gradient.
_RESERVOIR_RATE = 0.003
_LARGEST_GRADIENT = 1.0
# Fraction of the neurons that the readout does not hear in a sequence, a new choice each time.
_DROPOUT = 0.3
_WEIGHTS = ("W", "W_in", "bias")

Parameters = dict[str, mx.array]


class _Liquids:
    """Liquids in training, side by side before one readout."""

    def __init__(
        self,
        liquids: list[Liquid],
        ways: list[Sequences],
        objective: Objective,
        learning_rate: float,
    ) -> None:
        self._ways, self._objective = ways, objective
        self._modules = [LiquidReservoir.from_liquid(each, trainable=True) for each in liquids]
        self._bounds = [_bounds(liquid) for liquid in liquids]
        # Those of the readout come first, then those of each liquid.
        self._parameters: list[Parameters] = [{"readout": objective.first_weights()}]
        self._parameters += [{n: getattr(m, n) for n in _WEIGHTS} for m in self._modules]
        self._optimizers = [objective.optimizer(learning_rate)]
        self._optimizers += [optim.Adam(_RESERVOIR_RATE, bias_correction=True) for _ in liquids]

    def step(self, samples: np.ndarray, rng: np.random.Generator) -> mx.array:
        is_heard = rng.random((len(samples), self._objective.n_units)) >= _DROPOUT
        value, slopes = mx.value_and_grad(self._loss)(self._parameters, samples, is_heard)
        slopes, _ = optim.clip_grad_norm(  # type: ignore[no-untyped-call]
            slopes, _LARGEST_GRADIENT
        )
        self._parameters = [
            optimizer.apply_gradients(slope, mine)
            for optimizer, slope, mine in zip(
                self._optimizers, slopes, self._parameters, strict=True
            )
        ]
        for mine, limits in zip(self._parameters[1:], self._bounds, strict=True):
            for name, (low, high) in limits.items():
                mine[name] = mx.clip(mine[name], low, high)
        mx.eval(self._parameters, [optimizer.state for optimizer in self._optimizers])
        return value

    def loss(self, samples: np.ndarray) -> mx.array:
        return self._loss(self._parameters, samples)

    def parameters(self) -> list[dict[str, np.ndarray]]:
        """Weights of the liquids; the readout is trained anew in the end."""
        return [{n: np.array(w) for n, w in mine.items()} for mine in self._parameters[1:]]

    def _loss(
        self, parameters: list[Parameters], samples: np.ndarray, is_heard: np.ndarray | None = None
    ) -> mx.array:
        states = self._states(parameters[1:], samples)
        if is_heard is not None:  # those not heard are as on average
            mean = self._objective.scaling.mean
            factor = mx.array(is_heard / (1.0 - _DROPOUT), dtype=mx.float32)
            states = mean + factor * (states - mean)
        return self._objective(parameters[0]["readout"], states, samples)

    def _states(self, parameters: list[Parameters], samples: np.ndarray) -> mx.array:
        spikes = []
        for module, mine in zip(self._modules, parameters, strict=True):
            for name in _WEIGHTS:
                setattr(module, name, mine[name])
            for way in self._ways:
                spikes.append(module.forward_sequence(mx.array(way.padded(samples)))[0])
        return mx.concatenate(spikes, axis=-1)


@in_a_thread
def train_liquids(
    liquids: list[Liquid],
    sequences: Sequences,
    target: np.ndarray,
    weight: np.ndarray,
    is_held_out: np.ndarray,
    *,
    bidirectional: bool,
    kind: str,
    tau: float,
    spk_reset: str,
    schedule: Schedule,
    rng: np.random.Generator,
) -> tuple[list[Liquid], Curves]:
    """Train liquids for a leaky readout.

    Parameters
    ----------
    liquids : list of Liquid
        The liquids as drawn, whose spikes the readout takes side by side.
    sequences : Sequences
        Training sequences.
    target : ndarray of shape (n_samples,), integer
        Index of each sequence's class.
    weight : ndarray of shape (n_samples,)
        Weights of the sequences.
    is_held_out : ndarray of shape (n_samples,), dtype bool
        Sequences whose loss decides when to stop; if none, that of the training decides.
    bidirectional : bool
        Whether each liquid runs over the reversed sequences too.
    kind : {"rate", "spike"}
        Which readout.
    tau : float
        Its time constant in steps.
    spk_reset : {"soft", "hard"}
        Reset of the spiking readout.
    schedule : Schedule
        Steps of the training.
    rng : numpy.random.Generator
        Source of the mini-batches.

    Returns
    -------
    liquids : list of Liquid
        The trained liquids, with the synapses and signs of those drawn.
    curves : dict of str to list of float
        Loss of each pass: "training", and "validation" if some are held out.
    """
    ways = [sequences, sequences.reversed()] if bidirectional else [sequences]
    trains = record(liquids, ways, "auto", None)
    objective = Objective(trains, target, weight, kind=kind, tau=tau, spk_reset=spk_reset)
    model = _Liquids(liquids, ways, objective, schedule.learning_rate)
    best, curves = descend(model, is_held_out, schedule, rng)
    pairs = zip(liquids, best, strict=True)
    return [with_weights(liquid, **arrays) for liquid, arrays in pairs], curves


def with_weights(liquid: Liquid, W: np.ndarray, W_in: np.ndarray, bias: np.ndarray) -> Liquid:
    """Return a liquid with other weights on the same synapses and taps, on the grids.

    Parameters
    ----------
    liquid : Liquid
        Synapses, taps and neuron constants.
    W : ndarray of shape (n, n)
        Recurrent weights.
    W_in : ndarray of shape (n, most taps of a neuron), or (n, n_channels) without delays
        Input weights, as :class:`skliquid.nn.LiquidReservoir` holds them.
    bias : ndarray of shape (n,)
        Constant currents.

    Returns
    -------
    Liquid
        The record.
    """
    weights = W_in[liquid.taps.neurons, _tap_columns(liquid.taps)].astype(np.float64)
    return replace(
        liquid,
        synapses=liquid.synapses.with_weights(W),
        taps=liquid.taps.with_weights(weights, bias),
    )


def _tap_columns(taps: Taps) -> np.ndarray:
    """Column of each tap in the module's input weights."""
    if not taps.max_delay:
        return taps.channels
    n_taps = np.diff(taps.offsets)
    return np.arange(len(taps.weights)) - np.repeat(taps.offsets[:-1], n_taps)


def _bounds(liquid: Liquid) -> dict[str, tuple[mx.array, mx.array]]:
    """Least and largest value of each weight: absent synapses and taps have zero for both."""
    W = liquid.recurrent_weights
    columns = _tap_columns(liquid.taps)
    width = liquid.n_channels if not liquid.max_delay else int(columns.max(initial=0)) + 1
    reach = np.zeros((liquid.n_neurons, width), dtype=np.float32)
    reach[liquid.taps.neurons, columns] = np.inf
    low, high = np.where(W < 0, -np.inf, 0.0), np.where(W > 0, np.inf, 0.0)
    return {
        "W": (mx.array(low, mx.float32), mx.array(high, mx.float32)),
        "W_in": (mx.array(-reach), mx.array(reach)),
    }
