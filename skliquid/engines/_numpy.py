"""The NumPy engine: the liquid's equations as plainly as they can be written.

It is the oracle that every other engine is tested against.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..pooling import PoolingPlan
from ..reservoirs import Liquid
from ._lockstep import (
    LockstepPools,
    TapInput,
    check_sinks,
    liquid_at_rest,
    liquid_steps_at_once,
    whole_batch,
)
from ._numpy_neurons import STEPS, State
from ._numpy_synapses import DRIVES
from ._record import Record
from .protocol import Batch

# Kinds of synapses that there are.
SYNAPSES = tuple(DRIVES)


@dataclass(frozen=True)
class Prepared:
    """A liquid, and its weights in the forms that multiply fastest."""

    liquid: Liquid
    taps: TapInput
    drive: Any


def prepare(liquid: Liquid) -> Prepared:
    """Choose the form of the weights."""
    drive = DRIVES[type(liquid.synapses)](liquid)
    return Prepared(liquid, TapInput(drive.taps), drive)


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
    step, drive = STEPS[type(neurons)], prepared.drive
    after = state if in_place else {name: values.copy() for name, values in state.items()}
    currents, after["past"] = prepared.taps.run(state["past"], batch.padded(), batch.lengths)
    for t, current in enumerate(currents):
        n_running = int(np.count_nonzero(batch.lengths > t))
        now = {name: values[:n_running] for name, values in after.items()}
        new = step(neurons, now, drive.of(now, current[:n_running]))
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
    of_neurons = per_neuron * prepared.liquid.n_neurons
    of_synapses = prepared.drive.bytes_of_a_sequence
    return of_neurons + of_synapses + 24 * length * prepared.liquid.n_channels
