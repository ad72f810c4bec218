"""The MLX engine's neurons: a step of each kind.

The equations are also those of :mod:`skliquid.nn`, which hands in a spike function and a rounding
that have derivatives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import mlx.core as mx
import numpy as np

from ..reservoirs import Neurons
from ..reservoirs.fixed_point import UNIT_EXPONENT
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

State = dict[str, mx.array]
Fire = Callable[[mx.array], mx.array]
Round = Callable[[mx.array], mx.array]


def constants(neurons: Neurons) -> State:
    """Constants of neurons as MLX arrays."""
    values = {f.name: getattr(neurons, f.name) for f in fields(neurons)}
    return {name: mx.array(value.astype(np.float32)) for name, value in values.items()}


def heaviside(excess: mx.array) -> mx.array:
    """Spike where the membrane potential is above the threshold."""
    return (excess > 0).astype(mx.float32)


def to_grid(values: mx.array, exponent: int, rounding: Round = mx.round) -> mx.array:
    """Round to multiples of ``2**-exponent``."""
    return rounding(values * 2.0**exponent) * 2.0**-exponent


def decay(values: mx.array, beta: mx.array | float, rounding: Round = mx.round) -> mx.array:
    """One step of exponential decay, rounded to the unit grid."""
    return to_grid(beta * values, UNIT_EXPONENT, rounding)


def lif(
    c: State, state: State, current: mx.array, fire: Fire = heaviside, rounding: Round = mx.round
) -> State:
    """Advance leaky integrate-and-fire neurons by a step (:mod:`skliquid.reservoirs.neurons`)."""
    v = decay(state["mem"], c["beta"], rounding) + current
    if "raised" not in state:
        spk = fire(v - c["threshold"])
        return {"spk": spk, "mem": v - c["threshold"] * spk}
    spk = fire(v - (c["threshold"] + state["raised"])) * (state["rest"] == 0)
    raised = decay(state["raised"], c["adaptation_beta"], rounding) + c["adaptation"] * spk
    return {
        "spk": spk,
        "mem": v - c["threshold"] * spk,
        "raised": raised,
        "rest": mx.where(spk > 0, c["refractory"], mx.maximum(state["rest"] - 1, 0)),
    }


def integrate_and_fire(
    c: State, state: State, current: mx.array, fire: Fire = heaviside, rounding: Round = mx.round
) -> State:
    """Advance neurons by a step (:mod:`skliquid.reservoirs.integrate_and_fire`)."""
    drawn, noise_states = noise(c, state, current)
    total = current + c["background"] + drawn
    raised, rest = state["raised"], state["rest"]
    v = decay(state["mem"], c["beta"], rounding) + decay(total, c["current_gain"], rounding)
    v = mx.where(rest > 0, state["mem"], v)
    spk = fire(v - (c["threshold"] + raised)) * (rest == 0)
    fallen = mx.where(
        c["subtracts"] > 0, v - c["threshold"] * spk, mx.where(spk > 0, c["reset"], v)
    )
    return {
        "spk": spk,
        "mem": fallen,
        "raised": decay(raised, c["adaptation_beta"], rounding) + c["adaptation"] * spk,
        "rest": mx.where(spk > 0, c["refractory"], mx.maximum(rest - 1, 0)),
        **noise_states,
    }


def noise(c: State, state: State, current: mx.array) -> tuple[mx.array | float, State]:
    """Noise of the current in a step, and the states that it is drawn from."""
    if "heard" not in state:
        return 0.0, {}
    n_steps, units = state["n_steps"], mx.stop_gradient(current) * 2.0**UNIT_EXPONENT + 0.0
    heard = hashed(state["heard"].astype(mx.uint32) ^ units.view(mx.uint32)) >> 8
    drawn = hashed(hashed(heard ^ c["noise_key"].astype(mx.uint32)) ^ n_steps.astype(mx.uint32))
    total = ((drawn & 255) + (drawn >> 8 & 255) + (drawn >> 16 & 255) + (drawn >> 24)).astype(
        mx.float32
    )
    amplitude = c["noise"] * float(np.float32(1 / BYTES_DEVIATION))
    return decay(total - BYTES_MEAN, amplitude), {
        "n_steps": mx.where(n_steps + 1 < MOST_COUNTED, n_steps + 1, 0),
        "heard": heard.astype(mx.float32),
    }


def hashed(values: mx.array) -> mx.array:
    """Hashes of numbers of 32 bits."""
    for factor, shift in zip(HASH_FACTORS, HASH_SHIFTS, strict=True):
        values = values * mx.array(factor, dtype=mx.uint32)
        values = values ^ (values >> shift)
    return values


def izhikevich(
    c: State, state: State, current: mx.array, fire: Fire = heaviside, rounding: Round = mx.round
) -> State:
    """Advance neurons by a step (:mod:`skliquid.reservoirs.izhikevich`)."""
    v, u, driven = state["mem"], state["u"], decay(current, c["current_gain"], rounding)
    for _ in range(2):
        slope = decay(decay(v, 0.04, rounding) + 5, v, rounding) + 140 - u + driven
        v = mx.clip(v + decay(slope, c["dt"] / 2, rounding), -BOUND, BOUND)
    u = u + decay(decay(v, c["b"], rounding) - u, c["dt"] * c["a"], rounding)
    spk = fire(v - c["threshold"])
    return {"spk": spk, "mem": mx.where(spk > 0, c["c"], v), "u": u + c["d"] * spk}


# For each kind of neurons, a function of their constants, their state and the current, arrays of
# shape (batch, n), of a spike function and a rounding, that returns their spikes, as "spk", and
# their new state.
STEPS: dict[type, Callable[..., State]] = {
    LIF: lif,
    IntegrateAndFireNeurons: integrate_and_fire,
    IzhikevichNeurons: izhikevich,
}
