"""The noise of integrate-and-fire neurons (:mod:`skliquid.reservoirs.integrate_and_fire`)."""

from __future__ import annotations

import numpy as np

from ..._compile import inner
from ...reservoirs.integrate_and_fire import (
    BYTES_DEVIATION,
    BYTES_MEAN,
    HASH_FACTORS,
    HASH_SHIFTS,
    MOST_COUNTED,
)

_FACTORS, _SHIFTS = tuple(map(np.uint32, HASH_FACTORS)), tuple(map(np.uint32, HASH_SHIFTS))
_AMPLITUDE, _MEAN = np.float32(1 / BYTES_DEVIATION), np.float32(BYTES_MEAN)
_MOST, _ONE, _BYTE = np.float32(MOST_COUNTED), np.float32(1), np.uint32(255)


@inner
def folded(value, which):
    """One of the three rounds of a hash."""
    value = np.uint32(value * _FACTORS[which])
    return value ^ (value >> _SHIFTS[which])


@inner
def hashed(value):
    """Hash of a number of 32 bits."""
    return folded(folded(folded(value, 0), 1), 2)


@inner
def add_noise(current, background, noise, keys, n_steps, heard):
    """Add background and noise to a current, of which the noise is drawn."""
    bits = current.view(np.uint32)
    for i in range(len(current)):
        current[i] += np.float32(0)  # no negative zero
        now = hashed(np.uint32(heard[i]) ^ bits[i]) >> np.uint32(8)
        drawn = hashed(hashed(now ^ np.uint32(keys[i])) ^ np.uint32(n_steps[i]))
        total = (drawn & _BYTE) + (drawn >> np.uint32(8) & _BYTE)
        total += (drawn >> np.uint32(16) & _BYTE) + (drawn >> np.uint32(24))
        amplitude = noise[i] * _AMPLITUDE
        value = np.rint(amplitude * (np.float32(total) - _MEAN))
        current[i] = current[i] + background[i] + value
        n_steps[i] = n_steps[i] + _ONE if n_steps[i] + _ONE < _MOST else np.float32(0)
        heard[i] = np.float32(now)
