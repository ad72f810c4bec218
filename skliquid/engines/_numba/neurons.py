"""The neurons' step: one function for each kind of neurons.

It takes the current into some neurons (n,), float32, which it may overwrite; their constants
(n_constants, n), float32, in the order of the record's fields; their state (n_states, n), float32,
which it changes; and where it puts their spikes (n,), uint8. Potentials and currents are in units
of ``2**-20``, as whole numbers: rounding is to the nearest of them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import float32, types, uint8
from numba.core.errors import NumbaError

from ..._compile import inner
from ...reservoirs.fixed_point import UNIT_EXPONENT
from ...reservoirs.integrate_and_fire import IntegrateAndFireNeurons
from ...reservoirs.izhikevich import BOUND, IzhikevichNeurons
from ...reservoirs.neurons import LIF
from .by_address import address_of
from .noise import add_noise

_UNITS, _UNIT = np.float32(2.0**UNIT_EXPONENT), np.float32(2.0**-UNIT_EXPONENT)
# Numbers of Izhikevich's equations.
_QUADRATIC, _LINEAR, _CONSTANT = np.float32(0.04), np.float32(5), np.float32(140)
_HALF, _BOUND = np.float32(0.5), np.float32(BOUND)

STEP = types.void(float32[::1], float32[:, ::1], float32[:, ::1], uint8[::1])


def lif(current, constants, state, fired):
    """Advance leaky integrate-and-fire neurons by a step (:mod:`skliquid.reservoirs.neurons`)."""
    threshold, beta, mem = constants[0], constants[1], state[0]
    if len(state) == 1:
        for i in range(len(current)):
            v = np.rint(beta[i] * mem[i]) + current[i]
            fires = v > threshold[i]
            mem[i] = v - threshold[i] if fires else v
            fired[i] = fires
        return
    adaptation, adaptation_beta, refractory = constants[2], constants[3], constants[4]
    raised, rest = state[1], state[2]
    for i in range(len(current)):
        v = np.rint(beta[i] * mem[i]) + current[i]
        fires = (v > threshold[i] + raised[i]) & (rest[i] == 0)
        mem[i] = v - threshold[i] if fires else v
        raised[i] = np.rint(adaptation_beta[i] * raised[i])
        raised[i] += adaptation[i] if fires else np.float32(0)
        waited = rest[i] - np.float32(1) if rest[i] > 0 else np.float32(0)
        rest[i] = refractory[i] if fires else waited
        fired[i] = fires


def integrate_and_fire(current, constants, state, fired):
    """Advance neurons by a step (:mod:`skliquid.reservoirs.integrate_and_fire`)."""
    threshold, beta, gain, background = constants[0], constants[1], constants[2], constants[3]
    subtracts, reset, adaptation = constants[6], constants[7], constants[8]
    adaptation_beta, refractory = constants[9], constants[10]
    mem, raised, rest = state[0], state[1], state[2]
    if len(state) == 5:
        add_noise(current, background, constants[4], constants[5], state[3], state[4])
    else:
        for i in range(len(current)):
            current[i] += background[i]
    for i in range(len(current)):
        v = np.rint(beta[i] * mem[i]) + np.rint(gain[i] * current[i])
        v = mem[i] if rest[i] > 0 else v
        fires = (v > threshold[i] + raised[i]) & (rest[i] == 0)
        after = v - threshold[i] if subtracts[i] > 0 else reset[i]
        mem[i] = after if fires else v
        raised[i] = np.rint(adaptation_beta[i] * raised[i])
        raised[i] += adaptation[i] if fires else np.float32(0)
        waited = rest[i] - np.float32(1) if rest[i] > 0 else np.float32(0)
        rest[i] = refractory[i] if fires else waited
        fired[i] = fires


@inner
def scaled(factor, value):
    """A product in mV, on the grid."""
    return np.rint(factor * value * _UNITS) * _UNIT


def izhikevich(current, constants, state, fired):
    """Advance neurons by a step (:mod:`skliquid.reservoirs.izhikevich`)."""
    threshold, dt, a, b = constants[0], constants[1], constants[2], constants[3]
    c, d, gain = constants[4], constants[5], constants[6]
    mem, recovery = state[0], state[1]
    for i in range(len(current)):
        v, u, half = mem[i] * _UNIT, recovery[i], dt[i] * _HALF
        driven = scaled(gain[i], current[i] * _UNIT)
        for _ in range(2):
            slope = scaled(v, scaled(_QUADRATIC, v) + _LINEAR) + _CONSTANT - u + driven
            v += scaled(half, slope)
            v = v if v > -_BOUND else -_BOUND
            v = v if v < _BOUND else _BOUND
        u += scaled(dt[i] * a[i], scaled(b[i], v) - u)
        fires = v > threshold[i] * _UNIT
        mem[i] = (c[i] if fires else v) * _UNITS
        recovery[i] = u + d[i] if fires else u
        fired[i] = fires


# For each kind of neurons, its step.
STEPS: dict[type, Callable[..., None]] = {
    LIF: lif,
    IntegrateAndFireNeurons: integrate_and_fire,
    IzhikevichNeurons: izhikevich,
}


def address_of_step(step: Callable[..., None]) -> int:
    """Compile a step for the loop over time, and return its address."""
    try:
        return address_of(STEP, step)
    except NumbaError as error:
        raise TypeError(
            f"step {step.__name__!r} must be a function (current, constants, state, fired) that "
            f"Numba compiles: {error}"
        ) from error
