"""The current of dynamic synapses (:mod:`skliquid.reservoirs.dynamic_synapses`).

A step costs what its spikes cost, and a pass over the neurons for each kind of current. What
spikes put into synapses is sent ahead into a ring of the steps to come.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import float32, int32, int64, types

from ..._compile import inner
from ...reservoirs.fixed_point import EFFICACY_EXPONENT
from .by_address import at, call_by_address, part

_ONE = np.float32(1)
_FRACTIONS = np.float32(2.0**EFFICACY_EXPONENT)
_FRACTION = np.float32(2.0**-EFFICACY_EXPONENT)


class Dynamics(NamedTuple):
    """Dynamic synapses, or arrays of none.

    Parameters
    ----------
    offsets : ndarray of shape (n + 1,), dtype int64
        The synapses of each neuron.
    places : ndarray of shape (n_synapses,), dtype int64
        Where each adds to what is to arrive, from the place of the next step on.
    strengths : ndarray of shape (n_synapses,), dtype float32
        Weights in their units.
    decays : ndarray of shape (2 or 3, n_padded), dtype float32
        Decays of the currents.
    rises : ndarray of the same shape, or of shape (0, n_padded), dtype float32
        Rises of alpha currents.
    use : ndarray of shape (n_synapses,) or (0,), dtype float32
        U of each synapse.
    facilitation, recovery : ndarray of shape (n_synapses, n_powers), dtype float32
        Decays over powers of two of steps.
    bias : ndarray of shape (n_padded,), dtype float32
        Constant currents in units of potential.
    units : float32
        A unit of weight in units of potential.
    """

    offsets: np.ndarray
    places: np.ndarray
    strengths: np.ndarray
    decays: np.ndarray
    rises: np.ndarray
    use: np.ndarray
    facilitation: np.ndarray
    recovery: np.ndarray
    bias: np.ndarray
    units: np.float32


@inner
def fraction(value):
    """A fraction on the grid of efficacies."""
    return np.rint(value * _FRACTIONS) * _FRACTION


@inner
def power(powers, n_steps):
    """Decay over some steps, from those over powers of two of them."""
    most = (np.int64(1) << len(powers)) - 1
    n_steps = n_steps if n_steps < most else most
    product, bit = _ONE, np.uint64(0)
    while n_steps:
        if n_steps & 1:
            product *= powers[bit]
        n_steps >>= 1
        bit += np.uint64(1)
    return product


@inner
def efficacy(k, n_steps, dynamics, used, depleted):
    """The product u R of a synapse at a spike, which changes both."""
    recovery = power(at(dynamics.recovery, (k,)), n_steps)
    facilitation = power(at(dynamics.facilitation, (k,)), n_steps)
    use, u, x = dynamics.use[k], used[k], depleted[k]
    x = fraction(recovery * (x + u * (_ONE - x)))
    u = use + (_ONE - use) * fraction(facilitation * u)
    used[k], depleted[k] = u, x
    return u * (_ONE - x)


@inner
def send(spikes, now, dynamics, arriving, last_spike, used, depleted):
    """Add what spikes put into synapses to what is to arrive."""
    row = 2 * len(dynamics.bias)
    begin, end = row * (now % (len(arriving) // row)), len(arriving)
    for source in spikes:
        n_steps = now
        if len(last_spike):
            n_steps -= last_spike[source]
            last_spike[source] = now
        for k in range(dynamics.offsets[source], dynamics.offsets[source + 1]):
            amount = dynamics.strengths[k]
            if len(used):
                amount = np.rint(amount * efficacy(k, n_steps, dynamics, used, depleted))
            place = begin + dynamics.places[k]
            arriving[place if place < end else place - end] += np.int32(amount)


@inner
def flow(currents, kind, dynamics, arrived, units):
    """Advance the currents of a kind of synapses by a step."""
    n = len(dynamics.decays)
    flowing, decays = at(currents, (kind,)), at(dynamics.decays, (kind,))
    if len(dynamics.rises) == 0:
        for i in range(len(flowing)):
            flowing[i] = np.rint(decays[i] * flowing[i]) + units * np.float32(arrived[i])
        return
    rising, rises = at(currents, (n + kind,)), at(dynamics.rises, (kind,))
    for i in range(len(flowing)):
        risen = flowing[i] + np.rint(rises[i] * rising[i])
        flowing[i] = np.rint(decays[i] * risen)
        rising[i] = np.rint(decays[i] * rising[i]) + units * np.float32(arrived[i])


def arrive(current, spikes, dynamics, clock, arriving, currents, last_spike, used, depleted):
    """Add the current of synapses to that of the input, which may pass through one too."""
    now, n, units = clock[0], len(current), dynamics.units
    clock[0] = now + 1
    send(spikes, now, dynamics, arriving, last_spike, used, depleted)
    begin = 2 * n * (now % (len(arriving) // (2 * n)))
    due = part(arriving, begin, 2 * n)
    flow(currents, 0, dynamics, part(due, 0, n), units)
    flow(currents, 1, dynamics, part(due, n, n), units)
    if len(dynamics.decays) == 3:
        flow(currents, 2, dynamics, current, _ONE)
        driven = at(currents, (2,))
        for i in range(n):
            current[i] = driven[i]
    excitation, inhibition = at(currents, (0,)), at(currents, (1,))
    for i in range(n):
        current[i] = current[i] + dynamics.bias[i] + excitation[i] + inhibition[i]
    for i in range(2 * n):
        due[i] = 0


DYNAMICS = types.NamedTuple(
    (
        *(int64[::1], int64[::1], float32[::1], float32[:, ::1], float32[:, ::1]),
        *(float32[::1], float32[:, ::1], float32[:, ::1], float32[::1], float32),
    ),
    Dynamics,
)
ARRIVE = types.void(
    *(float32[::1], int32[::1], DYNAMICS, int64[::1], int32[::1]),
    *(float32[:, ::1], int64[::1], float32[::1], float32[::1]),
)
call_arrive = call_by_address(ARRIVE)
