"""The NumPy engine's neurons: a step of each kind, as plainly as it can be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..reservoirs.fixed_point import UNIT_EXPONENT, to_grid
from ..reservoirs.integrate_and_fire import (
    BYTES_DEVIATION,
    BYTES_MEAN,
    HASH_FACTORS,
    HASH_SHIFTS,
    MOST_COUNTED,
    IntegrateAndFireNeurons,
)
from ..reservoirs.izhikevich import BOUND, IzhikevichNeurons
from ..reservoirs.neurons import LIF

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


def integrate_and_fire(
    neurons: IntegrateAndFireNeurons, state: State, current: np.ndarray
) -> State:
    """Advance neurons by a step (:mod:`skliquid.reservoirs.integrate_and_fire`)."""
    drawn, noise_states = noise(neurons, state, current)
    total = current + neurons.background + drawn
    raised, rest = state["raised"], state["rest"]
    v = decay(state["mem"], neurons.beta) + decay(total, neurons.current_gain)
    v = np.where(rest > 0, state["mem"], v)
    spk = ((v > neurons.threshold + raised) & (rest == 0)).astype(np.float32)
    after = np.where(neurons.subtracts > 0, v - neurons.threshold, neurons.reset)
    return {
        "spk": spk,
        "mem": np.where(spk > 0, after, v),
        "raised": decay(raised, neurons.adaptation_beta) + neurons.adaptation * spk,
        "rest": np.where(spk > 0, neurons.refractory, np.maximum(rest - 1, 0)),
        **noise_states,
    }


def noise(
    neurons: IntegrateAndFireNeurons, state: State, current: np.ndarray
) -> tuple[np.ndarray, State]:
    """Noise of the current in a step, and the states that it is drawn from."""
    if "heard" not in state:
        return np.zeros_like(current), {}
    n_steps, units = state["n_steps"], np.ldexp(current, UNIT_EXPONENT) + np.float32(0)  # no -0
    heard = hashed(state["heard"].astype(np.uint32) ^ units.view(np.uint32)) >> 8
    drawn = hashed(hashed(heard ^ neurons.noise_key.astype(np.uint32)) ^ n_steps.astype(np.uint32))
    total = sum((drawn >> shift & 255 for shift in (8, 16, 24)), drawn & 255).astype(np.float32)
    amplitude = neurons.noise * np.float32(1 / BYTES_DEVIATION)
    return decay(total - BYTES_MEAN, amplitude), {
        "n_steps": np.where(n_steps + 1 < MOST_COUNTED, n_steps + 1, 0),
        "heard": heard.astype(np.float32),
    }


def hashed(values: np.ndarray) -> np.ndarray:
    """Hashes of numbers of 32 bits."""
    for factor, shift in zip(HASH_FACTORS, HASH_SHIFTS, strict=True):
        values = values * np.uint32(factor)
        values = values ^ (values >> shift)
    return values


def izhikevich(neurons: IzhikevichNeurons, state: State, current: np.ndarray) -> State:
    """Advance neurons by a step (:mod:`skliquid.reservoirs.izhikevich`)."""
    v, u, driven = state["mem"], state["u"], decay(current, neurons.current_gain)
    for _ in range(2):
        slope = decay(decay(v, np.float32(0.04)) + 5, v) + 140 - u + driven
        v = np.clip(v + decay(slope, neurons.dt / 2), -BOUND, BOUND)
    u = u + decay(decay(v, neurons.b) - u, neurons.dt * neurons.a)
    spk = (v > neurons.threshold).astype(np.float32)
    return {"spk": spk, "mem": np.where(spk > 0, neurons.c, v), "u": u + neurons.d * spk}


# For each kind of neurons, a function of them, of their state and of the current, arrays of shape
# (batch, n), that returns their spikes, as "spk", and their new state.
STEPS: dict[type, Callable[[Any, State, np.ndarray], State]] = {
    LIF: lif,
    IntegrateAndFireNeurons: integrate_and_fire,
    IzhikevichNeurons: izhikevich,
}
