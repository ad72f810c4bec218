"""The engine of rate cells, in NumPy: the equations of :mod:`skliquid.reservoirs.rate_reservoir`.

Sums over units are those of multiples of ``2**-14`` by int16 weights, exact in float64 in any
order; element-wise functions are computed on contiguous arrays and rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..pooling import PoolingPlan, Pools, window_of
from ..reservoirs.fixed_point import to_grid
from ..reservoirs.rate_reservoir import GATES, RateReservoir
from ..sequences import Sequences
from ._input import input_currents

STATE_EXPONENT = 14
# LSTM's memory is kept in this range: sigma(f + 1) * c + sigma(i) * tanh(g) has no bound.
_LARGEST_MEMORY = 2.0**10
# Above this density a dense product is faster than a sparse one.
_DENSE_FROM = 0.2

Drive = Callable[[str, np.ndarray], np.ndarray]
State = dict[str, np.ndarray]


@dataclass(frozen=True)
class Prepared:
    """A reservoir, and the recurrent weights of its gates in float64."""

    reservoir: RateReservoir
    weights: dict[str, Any]


def prepare(reservoir: RateReservoir) -> Prepared:
    """Put the recurrent weights into the form that multiplies fastest."""
    weights = {}
    for name, gate in zip(GATES[reservoir.cell], reservoir.gates, strict=True):
        W = gate.sparse_recurrent_weights.astype(np.float64).tocsr()
        weights[name] = W.toarray() if gate.density >= _DENSE_FROM else W
    return Prepared(reservoir, weights)


def steps(prepared: Prepared, frames: np.ndarray, lengths: np.ndarray) -> Iterator[np.ndarray]:
    """Run a batch of sequences, longest first, and yield the activations after every step.

    Parameters
    ----------
    prepared : Prepared
        The reservoir.
    frames : ndarray of shape (longest, batch, n_channels), dtype float32
        The sequences side by side.
    lengths : ndarray of shape (batch,)
        Their lengths, non-increasing.

    Yields
    ------
    ndarray of shape (n_running, n), dtype float64
        Activations h of the sequences that have not ended.
    """
    reservoir = prepared.reservoir
    names = GATES[reservoir.cell]
    advance = _STEPS[reservoir.cell]
    inputs = zip(*(input_currents(frames, gate) for gate in reservoir.gates), strict=True)
    zeros = np.zeros((len(lengths), reservoir.n_neurons))
    state = {"h": zeros, "c": zeros} if reservoir.cell == "lstm" else {"h": zeros}
    for t, currents in enumerate(inputs):
        n_running = int(np.count_nonzero(lengths > t))
        current = {
            name: value[:n_running].astype(np.float64)
            for name, value in zip(names, currents, strict=True)
        }
        state = {name: value[:n_running] for name, value in state.items()}

        def drive(gate: str, s: np.ndarray, current: State = current) -> np.ndarray:
            recurrent = (prepared.weights[gate] @ s.T).T
            return np.ascontiguousarray(current[gate] + recurrent)

        state = advance(state, drive)
        yield state["h"]


def rounded(values: np.ndarray) -> np.ndarray:
    """Round to the grid of the states."""
    return to_grid(values, STATE_EXPONENT)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """The logistic function, rounded: ``1 / (1 + exp(-x))``."""
    return rounded(0.5 + 0.5 * np.tanh(0.5 * x))


def _vanilla(state: State, drive: Drive) -> State:
    return {"h": rounded(np.tanh(drive("h", state["h"])))}


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


_STEPS: dict[str, Callable[[State, Drive], State]] = {
    "vanilla": _vanilla,
    "gru": _gru,
    "mgu": _mgu,
    "lstm": _lstm,
}


def accumulate(
    prepared: Prepared,
    sequences: Sequences,
    samples: np.ndarray,
    plan: PoolingPlan,
) -> Pools:
    """Run some sequences, longest first, and pool their activations.

    An activation stands for the spike in the sums, "is above zero" for "fires".
    """
    frames, lengths = sequences.padded(samples), sequences.lengths[samples]
    batch, n = len(samples), prepared.reservoir.n_neurons
    sums = np.zeros((batch, plan.n_windows, n))
    bursts, longest_burst, burst = np.zeros((3, batch, n), dtype=np.int32)
    first_above = np.full((batch, n), -1, dtype=np.int32)
    rectified, trace, last, is_above = np.zeros((4, batch, n))
    for t, h in enumerate(steps(prepared, frames, lengths)):
        running = np.arange(len(h))
        above = (h > 0).astype(np.int32)
        sums[running, window_of(t, lengths[running], plan.n_windows)] += h
        bursts[running] += above & (burst[running] == 0)
        burst[running] = (burst[running] + 1) * above
        longest_burst[running] = np.maximum(longest_burst[running], burst[running])
        is_first = (above > 0) & (first_above[running] < 0)
        first_above[running] = np.where(is_first, t, first_above[running])
        rectified[running] += np.maximum(h, 0.0)
        trace[running] = rounded(plan.trace_decay * trace[running]) + h
        last[running], is_above[running] = h, above
    return Pools(
        counts=sums,
        bursts=bursts,
        longest_burst=longest_burst,
        first_spike=first_above,
        rectified=rectified,
        potentials=sums,
        trace=trace,
        mem=last,
        spk=is_above,
    )
