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

from ..engines import record
from ..nn import LiquidReservoir
from ..reservoirs import Liquid, Taps
from ..sequences import Sequences
from ._leaky_training import (
    Schedule,
    Standardised,
    Watch,
    batches,
    cross_entropy,
    make_module,
    number,
    running_scores,
    sensitivity,
    with_constant,
)

# Step of Adam in units of potential, and the largest norm of a gradient.
_RESERVOIR_RATE = 0.003
_LARGEST_GRADIENT = 1.0
# Fraction of the neurons that the readout does not hear in a sequence, a new choice each time.
_DROPOUT = 0.3
_WEIGHTS = ("W", "W_in", "bias")

Parameters = dict[str, mx.array]


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
) -> tuple[list[Liquid], dict[str, list[float]]]:
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
    scaling = Standardised.of(trains, weight)
    n_units, n_classes = trains.n_channels, int(target.max()) + 1
    weight = (weight / weight.mean()).astype(np.float32)
    readout = make_module(kind, n_units, n_classes, tau, spk_reset)
    modules = [LiquidReservoir.from_liquid(liquid, trainable=True) for liquid in liquids]
    bounds = [_bounds(liquid) for liquid in liquids]

    def loss(
        parameters: list[Parameters], samples: np.ndarray, is_heard: np.ndarray | None = None
    ) -> mx.array:
        readout.weight = scaling.plain(parameters[0]["readout"])
        spikes = []
        for module, mine in zip(modules, parameters[1:], strict=True):
            for name in _WEIGHTS:
                setattr(module, name, mine[name])
            for way in ways:
                spikes.append(module.forward_sequence(mx.array(way.padded(samples)))[0])
        states = mx.concatenate(spikes, axis=-1)
        if is_heard is not None:  # those not heard are as on average
            factor = mx.array(is_heard / (1.0 - _DROPOUT), dtype=mx.float32)
            states = scaling.mean + factor * (states - scaling.mean)
        scores = running_scores(kind, readout, with_constant(states))
        return cross_entropy(
            scores,
            mx.array(sequences.lengths[samples]),
            mx.array(target[samples]),
            mx.array(weight[samples]),
        )

    parameters: list[Parameters] = [{"readout": mx.zeros((n_classes, n_units + 1))}]
    parameters += [{name: getattr(module, name) for name in _WEIGHTS} for module in modules]
    rate = schedule.learning_rate / (n_units * sensitivity(kind, tau))
    optimizers = [optim.Adam(rate, bias_correction=True)]
    optimizers += [optim.Adam(_RESERVOIR_RATE, bias_correction=True) for _ in modules]
    gradient = mx.value_and_grad(loss)
    learned, held_out = np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)
    curves: dict[str, list[float]] = {"training": []}
    watch = Watch(schedule)
    for _ in range(schedule.max_iter):
        total = 0.0
        for samples in batches(rng.permutation(learned), schedule.batch_size):
            is_heard = rng.random((len(samples), n_units)) >= _DROPOUT
            value, slopes = gradient(parameters, samples, is_heard)
            slopes, _ = optim.clip_grad_norm(  # type: ignore[no-untyped-call]
                slopes, _LARGEST_GRADIENT
            )
            parameters = [
                optimizer.apply_gradients(slope, mine)
                for optimizer, slope, mine in zip(optimizers, slopes, parameters, strict=True)
            ]
            for mine, limits in zip(parameters[1:], bounds, strict=True):
                _project(mine, limits)
            mx.eval(parameters, [optimizer.state for optimizer in optimizers])
            total += number(value) * len(samples)
        monitored = total / len(learned)
        curves["training"].append(monitored)
        if len(held_out):
            parts = batches(held_out, schedule.batch_size)
            monitored = sum(number(loss(parameters, part)) * len(part) for part in parts)
            monitored /= len(held_out)
            curves.setdefault("validation", []).append(monitored)
        kept = [{name: np.array(value) for name, value in p.items()} for p in parameters[1:]]
        if watch.is_over(monitored, kept):
            break
    pairs = zip(liquids, watch.best, strict=True)
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
    recurrent = np.where(W < 0, -np.inf, 0.0), np.where(W > 0, np.inf, 0.0)
    return {
        "W": (
            mx.array(recurrent[0].astype(np.float32)),
            mx.array(recurrent[1].astype(np.float32)),
        ),
        "W_in": (mx.array(-reach), mx.array(reach)),
    }


def _project(parameters: Parameters, bounds: dict[str, tuple[mx.array, mx.array]]) -> None:
    for name, (low, high) in bounds.items():
        parameters[name] = mx.clip(parameters[name], low, high)
