"""The input current: standardised frames, and sums over the taps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import float32, float64, int32, int64, types

from ..._compile import inner, spliced
from ...reservoirs.fixed_point import INPUT_EXPONENT, INPUT_LIMIT
from .by_address import at, flat
from .vectors import (
    HAS_VECTORS,
    NEURON_CHUNK,
    PROJECTED_NEURONS,
    PROJECTED_STEPS,
    TAP_STEPS,
    TRANSPOSED_STEPS,
    address,
    store_projection,
    store_short_tap_sum,
    store_tap_sum,
    store_transposed,
)

INPUT_UNITS = 2.0**INPUT_EXPONENT
LIMIT = np.float32(INPUT_LIMIT)
# Up to as many steps the plain loop over the taps is the faster one.
FEW_STEPS = 3


class Columns(NamedTuple):
    """Dense frames as the sums over the taps read them, and room.

    Parameters
    ----------
    columns : ndarray of shape (n_together, n_channels, n_columns), dtype float64
        All standardised frames with their past, and with zeros after.
    places : ndarray of shape (n_taps,), dtype int64
        Where each tap finds its value before the frame of a step, in `columns`.
    tile : ndarray of shape (NEURON_CHUNK, TAP_STEPS), dtype float32
        Currents of some neurons over time.
    """

    columns: np.ndarray
    places: np.ndarray
    tile: np.ndarray


class Input(NamedTuple):
    """Taps, or where they are one undelayed tap for each channel the weights of the channels.

    Parameters
    ----------
    input_offset, input_gain : ndarray of shape (n_channels,), dtype float32
        Standardisation of the input.
    weights : ndarray of shape (n_channels, n_padded), dtype float32
        Weights of the channels in units of potential; without channels where there are taps.
    bias : ndarray of shape (n_padded,), dtype float32
        Constant currents in units of potential.
    offsets : ndarray of shape (n_padded + 1,), dtype int64
        Number of each neuron's first tap; empty where there are weights.
    channels, delays : ndarray of shape (n_taps,), dtype int32
        Channel and delay of each tap.
    tap_weights : ndarray of shape (n_taps,), dtype float64
        Weights of the taps in units of potential.
    max_delay : int
        Longest delay.
    """

    input_offset: np.ndarray
    input_gain: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    offsets: np.ndarray
    channels: np.ndarray
    delays: np.ndarray
    tap_weights: np.ndarray
    max_delay: int


@spliced
def on_grid(value, offset, gain):
    """One number of the input, standardised, on its grid."""
    scaled = (value - offset) * gain
    scaled = scaled if scaled > -LIMIT else -LIMIT
    scaled = scaled if scaled < LIMIT else LIMIT
    return np.rint(np.float64(scaled) * INPUT_UNITS) / INPUT_UNITS


@spliced
def standardise(x, past, frames, first, length, offset, gain):
    """Frames of a sequence, channel by channel, after those of its past, with zeros after."""
    n_past = past.shape[1]
    for c in range(len(x)):
        for k in range(n_past):
            x[c, k] = past[c, k]
        for t in range(length):
            x[c, n_past + t] = on_grid(frames[first + t, c], offset[c], gain[c])
        for k in range(n_past + length, x.shape[1]):
            x[c, k] = 0


@spliced
def list_before(spk, spikes, n_spikes):
    """List the neurons that fired last before a piece."""
    n = 0
    for neuron in range(len(spk)):
        spikes[n] = neuron
        n += spk[neuron]
    n_spikes[0] = n


@inner
def project_plain(drive, room, b, t, n_left, taps):
    """Input currents of some steps from `t`, without delays: ``round(W_in x + b)``.

    `drive` is of shape (PROJECTED_STEPS, n).
    """
    weights, bias, x = taps.weights, taps.bias, at(room.columns, (b,))
    for step in range(PROJECTED_STEPS):
        for i in range(drive.shape[1]):
            total = np.float64(bias[i])
            for c in range(len(x)):
                total += x[c, t + step] * weights[c, i]
            drive[step, i] = np.rint(total)


@inner
def project_by_vectors(drive, room, b, t, n_left, taps):
    """The same, for a number of neurons that is a multiple of ``PROJECTED_NEURONS``."""
    weights, bias, x = taps.weights, taps.bias, at(room.columns, (b,))
    row_bytes, x_bytes, at_x = 4 * drive.shape[1], 8 * x.shape[1], address(x) + 8 * t
    for i in range(0, drive.shape[1], PROJECTED_NEURONS):
        at_out, at_weights = address(drive) + 4 * i, address(weights) + 4 * i
        at_bias = address(bias) + 4 * i
        store_projection(at_out, row_bytes, at_x, x_bytes, len(x), at_weights, at_bias)


@inner
def sum_taps_plain(drive, room, b, t, n_left, taps):
    """Input currents of the next ``TAP_STEPS`` steps from `t`, or of the `n_left` left.

    `drive` is of shape (TAP_STEPS, n).
    """
    values, offsets, places = flat(at(room.columns, (b,))), taps.offsets, room.places
    n_steps = n_left if n_left < TAP_STEPS else TAP_STEPS
    for step in range(n_steps):
        start = taps.max_delay + t + step
        for i in range(drive.shape[1]):
            total = np.float64(taps.bias[i])
            # Unsigned, so that Numba does not look for negative indices.
            for k in range(np.uint64(offsets[i]), np.uint64(offsets[i + 1])):
                total += taps.tap_weights[k] * values[places[k] + start]
            drive[step, i] = np.rint(total)


@inner
def sum_taps_by_vectors(drive, room, b, t, n_left, taps):
    """The same, for a number of neurons that is a multiple of ``NEURON_CHUNK``.

    Each neuron's currents over time are put into a row of the tile, and its axes swapped. Of a
    few steps, as live streams have them, the plain loop is faster than vectors of many.
    """
    if n_left <= FEW_STEPS:
        sum_taps_plain(drive, room, b, t, n_left, taps)
        return
    n_steps = n_left if n_left < TAP_STEPS else TAP_STEPS
    x, places, tile = at(room.columns, (b,)), room.places, room.tile
    at_x = address(x) + 8 * (taps.max_delay + t)
    at_tile, row_bytes = address(tile), 4 * drive.shape[1]
    for first in range(0, drive.shape[1], NEURON_CHUNK):
        for i in range(NEURON_CHUNK):
            begin = taps.offsets[first + i]
            n_taps = taps.offsets[first + i + 1] - begin
            at_out, at_bias = at_tile + 4 * TAP_STEPS * i, address(taps.bias) + 4 * (first + i)
            at_place = address(places) + 8 * begin
            at_weight = address(taps.tap_weights) + 8 * begin
            if 2 * n_left > TAP_STEPS:
                store_tap_sum(at_out, at_x, at_place, at_weight, n_taps, at_bias)
            else:
                store_short_tap_sum(at_out, at_x, at_place, at_weight, n_taps, at_bias)
        at_drive = address(drive) + 4 * first
        for step in range(0, n_steps, TRANSPOSED_STEPS):
            store_transposed(at_drive + row_bytes * step, row_bytes, at_tile + 4 * step)


project = project_by_vectors if HAS_VECTORS else project_plain
sum_taps = sum_taps_by_vectors if HAS_VECTORS else sum_taps_plain

INPUT = types.NamedTuple(
    (
        *(float32[::1], float32[::1], float32[:, ::1], float32[::1]),
        *(int64[::1], int32[::1], int32[::1], float64[::1], int64),
    ),
    Input,
)
COLUMNS = types.NamedTuple((float64[:, :, ::1], int64[::1], float32[:, ::1]), Columns)
HEAR = types.void(float32[:, ::1], COLUMNS, int64, int64, int64, INPUT)
