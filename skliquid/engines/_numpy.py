"""The NumPy engine: the liquid's equations as plainly as they can be written.

It is the oracle that every other engine is tested against.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..pooling import PoolingPlan
from ..reservoirs import Liquid
from ..reservoirs.fixed_point import UNIT_EXPONENT, to_grid
from ..reservoirs.neurons import LIF
from ._lockstep import (
    LockstepPools,
    TapInput,
    check_sinks,
    liquid_at_rest,
    liquid_steps_at_once,
    whole_batch,
)
from ._record import Record
from .protocol import Batch

# Above this density a dense product with threaded BLAS is faster than a sparse one.
_DENSE_FROM = 0.02

State = dict[str, np.ndarray]


def decay(values: np.ndarray, beta: np.ndarray | np.float32) -> np.ndarray:
    """One step of exponential decay, rounded to the unit grid."""
    return to_grid(beta * values, UNIT_EXPONENT)


def lif(neurons: LIF, state: State, current: np.ndarray) -> State:
    """Advance leaky integrate-and-fire neurons by a step (:mod:`skliquid.reservoirs.neurons`)."""
    v = decay(state["mem"], neurons.beta) + current
    if "rest" not in state:
        spk = (v > neurons.threshold).astype(np.float32)
        return {"spk": spk, "mem": v - neurons.threshold * spk}
    raised, rest = state["raised"], state["rest"]
    spk = ((v > neurons.threshold + raised) & (rest == 0)).astype(np.float32)
    return {
        "spk": spk,
        "mem": v - neurons.threshold * spk,
        "raised": decay(raised, neurons.adaptation_beta) + neurons.adaptation * spk,
        "rest": np.where(spk > 0, neurons.refractory, np.maximum(rest - 1, 0)),
    }


# For each kind of neurons, a function of them, of their state and of the current, arrays of shape
# (batch, n), that returns their spikes, as "spk", and their new state.
STEPS: dict[type, Callable[[Any, State, np.ndarray], State]] = {LIF: lif}


@dataclass(frozen=True)
class Prepared:
    """A liquid, and its weights in the forms that multiply fastest."""

    liquid: Liquid
    taps: TapInput
    W: Any


def prepare(liquid: Liquid) -> Prepared:
    """Choose the form of the weights."""
    synapses = liquid.synapses
    is_dense = synapses.density >= _DENSE_FROM
    W = synapses.weights if is_dense else synapses.sparse_weights
    return Prepared(liquid, TapInput(liquid.taps), W)


def open_pools(prepared: Prepared, plan: PoolingPlan, lengths: np.ndarray) -> LockstepPools:
    """Sums for sequences of these lengths."""
    return LockstepPools(plan, lengths, prepared.liquid.n_neurons)


def advance(
    prepared: Prepared,
    state: State,
    batch: Batch,
    sinks: Sequence[LockstepPools | Record],
    in_place: bool = False,
) -> State:
    """Run the frames of a batch from a state; BLAS has threads of its own."""
    liquid, neurons = prepared.liquid, prepared.liquid.neurons
    check_sinks(batch, state["spk"], sinks, liquid, ("spk", *neurons.state))
    step = STEPS[type(neurons)]
    after = state if in_place else {name: values.copy() for name, values in state.items()}
    currents, after["past"] = prepared.taps.run(state["past"], batch.padded(), batch.lengths)
    for t, current in enumerate(currents):
        n_running = int(np.count_nonzero(batch.lengths > t))
        now = {name: after[name][:n_running] for name in ("spk", *neurons.state)}
        new = step(neurons, now, current[:n_running] + now["spk"] @ prepared.W.T)
        for name, values in new.items():
            after[name][:n_running] = values
        for sink in sinks:
            sink.take(batch.starts[:n_running] + t, new)
    return after


at_rest = liquid_at_rest
shares = whole_batch
hears_events = False
steps_at_once = liquid_steps_at_once


def bytes_of_a_sequence(prepared: Prepared, plan: PoolingPlan, length: int) -> int:
    """Memory that a sequence of a batch takes while it runs."""
    per_neuron = 96 + 12 * plan.n_windows + 8 * plan.n_features(1)
    return per_neuron * prepared.liquid.n_neurons + 24 * length * prepared.liquid.n_channels
