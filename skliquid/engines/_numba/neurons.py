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

from ...reservoirs.neurons import LIF
from .by_address import address_of

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


# For each kind of neurons, its step.
STEPS: dict[type, Callable[..., None]] = {LIF: lif}


def address_of_step(step: Callable[..., None]) -> int:
    """Compile a step for the loop over time, and return its address."""
    try:
        return address_of(STEP, step)
    except NumbaError as error:
        raise TypeError(
            f"step {step.__name__!r} must be a function (current, constants, state, fired) that "
            f"Numba compiles: {error}"
        ) from error
