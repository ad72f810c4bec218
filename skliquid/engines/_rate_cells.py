"""The engine of rate cells, in NumPy: the equations of :mod:`skliquid.reservoirs.rate_reservoir`.

Sums over units are those of multiples of ``2**-14``, or of ``2**-23``, by int16 weights, exact in
float64 in any order; element-wise functions are computed on contiguous arrays and rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..pooling import PoolingPlan
from ..reservoirs import RateReservoir
from ..reservoirs.fixed_point import to_grid
from ..reservoirs.rate_reservoir import GATES, LeakyReservoir
from ._lockstep import LockstepPools, TapInput, check_sinks, whole_batch
from ._record import Record
from .protocol import Batch, steps_of_a_piece

STATE_EXPONENT = 14
# A closed loop amplifies what is rounded off; float32 still holds activations on this grid.
_LEAKY_EXPONENT = 23
# LSTM's memory is kept in this range: sigma(f + 1) * c + sigma(i) * tanh(g) has no bound.
_LARGEST_MEMORY = 2.0**10
# Above this density a dense product is faster than a sparse one.
_DENSE_FROM = 0.2

Drive = Callable[[str, np.ndarray], np.ndarray]
State = dict[str, np.ndarray]


@dataclass(frozen=True)
class Prepared:
    """A reservoir; the taps of its gates, and their recurrent weights in float64."""

    reservoir: RateReservoir
    taps: dict[str, TapInput]
    weights: dict[str, Any]


def prepare(reservoir: RateReservoir) -> Prepared:
    """Put the weights into the form that multiplies fastest."""
    taps, weights = {}, {}
    for name, gate in zip(GATES[reservoir.cell], reservoir.gates, strict=True):
        W = gate.synapses.sparse_weights.astype(np.float64).tocsr()
        weights[name] = W.toarray() if gate.synapses.density >= _DENSE_FROM else W
        taps[name] = TapInput(gate.taps)
    return Prepared(reservoir, taps, weights)


def at_rest(prepared: Prepared, batch_size: int) -> State:
    """State before the first step."""
    shape = (batch_size, prepared.reservoir.n_neurons)
    state = {f"past_{name}": taps.at_rest(batch_size) for name, taps in prepared.taps.items()}
    return state | {name: np.zeros(shape) for name in _STATES[prepared.reservoir.cell]}


class ActivationPools(LockstepPools):
    """Sums of activations, which stand for spikes and for potentials."""

    names = "h", "h"
    counted = timed = precision = np.float64
    exponent = STATE_EXPONENT


def open_pools(prepared: Prepared, plan: PoolingPlan, lengths: np.ndarray) -> ActivationPools:
    """Sums for sequences of these lengths."""
    return ActivationPools(plan, lengths, prepared.reservoir.n_neurons)


def advance(
    prepared: Prepared,
    state: State,
    batch: Batch,
    sinks: Sequence[LockstepPools | Record],
    in_place: bool = False,
) -> State:
    """Run the frames of a batch from a state."""
    reservoir, cell = prepared.reservoir, prepared.reservoir.cell
    check_sinks(batch, state["h"], sinks, reservoir, (*_STATES[cell], "mem"))
    step = _step_of(reservoir)
    after = state if in_place else {name: values.copy() for name, values in state.items()}
    frames, currents = batch.padded(), {}
    for name, taps in prepared.taps.items():
        past = f"past_{name}"
        currents[name], after[past] = taps.run(state[past], frames, batch.lengths)
    for t in range(len(frames)):
        n_running = int(np.count_nonzero(batch.lengths > t))
        current = {name: next(values)[:n_running] for name, values in currents.items()}

        def drive(gate: str, s: np.ndarray, current: State = current) -> np.ndarray:
            recurrent = (prepared.weights[gate] @ s.T).T
            return np.ascontiguousarray(current[gate].astype(np.float64) + recurrent)

        new = step({name: after[name][:n_running] for name in _STATES[cell]}, drive)
        for name, values in new.items():
            after[name][:n_running] = values
        # An activation stands for a potential too, which a record keeps as it is.
        for sink in sinks:
            sink.take(batch.starts[:n_running] + t, {**new, "mem": new["h"]})
    return after


def rounded(values: np.ndarray) -> np.ndarray:
    """Round to the grid of the states."""
    return to_grid(values, STATE_EXPONENT)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """The logistic function, rounded: ``1 / (1 + exp(-x))``."""
    return rounded(0.5 + 0.5 * np.tanh(0.5 * x))


def _vanilla(state: State, drive: Drive) -> State:
    return {"h": rounded(np.tanh(drive("h", state["h"])))}


def _leaky(beta: np.ndarray, state: State, drive: Drive) -> State:
    h = state["h"]
    return {"h": to_grid(beta * h + (1.0 - beta) * np.tanh(drive("h", h)), _LEAKY_EXPONENT)}


def _gru(state: State, drive: Drive) -> State:
    h = state["h"]
    r, z = sigmoid(drive("r", h)), sigmoid(drive("z", h))
    candidate = np.tanh(drive("h", rounded(r * h)))
    return {"h": rounded((1.0 - z) * h + z * candidate)}


def _mgu(state: State, drive: Drive) -> State:
    h = state["h"]
    f = sigmoid(drive("f", h))
    candidate = np.tanh(drive("h", rounded(f * h)))
    return {"h": rounded((1.0 - f) * h + f * candidate)}


def _lstm(state: State, drive: Drive) -> State:
    h = state["h"]
    gates = {name: drive(name, h) for name in GATES["lstm"]}
    c = sigmoid(gates["f"] + 1.0) * state["c"] + sigmoid(gates["i"]) * np.tanh(gates["g"])
    c = rounded(np.clip(c, -_LARGEST_MEMORY, _LARGEST_MEMORY))
    return {"h": rounded(sigmoid(gates["o"]) * np.tanh(c)), "c": c}


_STATES = dict.fromkeys(("vanilla", "leaky", "gru", "mgu"), ("h",)) | {"lstm": ("h", "c")}
_STEPS: dict[str, Callable[[State, Drive], State]] = {
    "vanilla": _vanilla,
    "gru": _gru,
    "mgu": _mgu,
    "lstm": _lstm,
}


def _step_of(reservoir: RateReservoir) -> Callable[[State, Drive], State]:
    if isinstance(reservoir, LeakyReservoir):
        return partial(_leaky, reservoir.beta.astype(np.float64))
    return _STEPS[reservoir.cell]


shares = whole_batch
hears_events = False


def bytes_of_a_sequence(prepared: Prepared, plan: PoolingPlan, length: int) -> int:
    """Memory that a sequence of a batch takes while it runs."""
    reservoir = prepared.reservoir
    per_neuron = 128 + 16 * plan.n_windows + 8 * plan.n_features(1)
    return (
        per_neuron * reservoir.n_neurons + 24 * len(prepared.taps) * length * reservoir.n_channels
    )


def steps_at_once(prepared: Prepared, n_sequences: int) -> int:
    """Steps of so many sequences whose input is held in the form that is computed with."""
    taps = [each.taps for each in prepared.taps.values()]
    n_numbers = sum(each.n_channels for each in taps) * n_sequences
    return steps_of_a_piece(max(1, n_numbers), max(each.max_delay for each in taps))
