"""Kernels of the Numba engine: arrays and numbers in, arrays filled, no Python objects.

Potentials, currents and thresholds are here in units of ``2**-20``, as whole numbers in
float32, and sums of weights in units of the weight grid, as int16. A power of two between
two units changes no bit of a result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from ..fixed_point import INPUT_EXPONENT, INPUT_LIMIT, UNIT_EXPONENT
from ..pooling import POTENTIAL_LIMIT
from ._simd import (
    NEURON_CHUNK,
    SUM_CHUNK,
    advance_neurons,
    lowest_bit,
    prefetch,
    store_row_sum,
)

UNITS = np.float32(2.0**UNIT_EXPONENT)
LIMIT = np.float32(POTENTIAL_LIMIT * 2.0**UNIT_EXPONENT)
INPUT_UNITS = 2.0**INPUT_EXPONENT


def compiled(function: Any) -> Any:
    """Compile without the GIL, and keep the result on disk where a folder can be written."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    decorate: Callable[..., Any] = njit
    try:
        return decorate(cache=True, **options)(function)
    except RuntimeError:  # nowhere to keep it
        return decorate(**options)(function)


@compiled
def address(array):
    """Where an array starts, signed: with an unsigned number Numba would compute in floats."""
    return np.int64(array.ctypes.data)


# Slices of arrays count references, which two threads then fight over; the inner loops are
# given addresses and whole arrays instead.


@compiled
def sum_dense_rows(total, rows, width, spikes, n_spikes):
    """Total of the rows of the neurons that fired; all but the numbers are addresses."""
    for start in range(0, width, SUM_CHUNK):
        store_row_sum(total + 2 * start, rows + 2 * start, 2 * width, spikes, n_spikes)


@compiled
def sum_sparse_rows(total, offsets, synapses, spikes, now, b, n_spikes):
    """The same from a list of synapses, target and weight packed in one integer."""
    total[:] = 0
    at_synapses = address(synapses)
    for k in range(n_spikes):
        source = spikes[now, b, k]
        if k + 1 < n_spikes:  # lists are short: the processor would ask for the next too late
            following = spikes[now, b, k + 1]
            for s in range(offsets[following], offsets[following + 1], 16):
                prefetch(at_synapses + synapses.itemsize * s)
        # Unsigned, so that Numba does not look for negative indices.
        for s in range(np.uint64(offsets[source]), np.uint64(offsets[source + 1])):
            synapse = synapses[s]
            total[synapse >> np.uint32(16)] += np.int16(synapse & np.uint32(0xFFFF))


@compiled
def pool_potentials(potentials, mem, sample, window, first, last):
    """Add the membrane potentials of one step."""
    for i in range(first, last):
        potentials[sample, window, i] += min(max(mem[sample, i], -LIMIT), LIMIT)


@compiled
def pool_trace(trace, trace_decay, sample, spikes, now, b, n_spikes):
    """One step of the exponential trace of all neurons."""
    for i in range(trace.shape[1]):
        trace[sample, i] = np.rint(trace_decay * trace[sample, i])
    for k in range(n_spikes):
        trace[sample, spikes[now, b, k]] += UNITS


@compiled
def standardise(x, b, frames, frame, offset, gain):
    """One frame of input on its grid."""
    for c in range(frames.shape[1]):
        scaled = (frames[frame, c] - offset[c]) * gain[c]
        scaled = min(max(scaled, np.float32(-INPUT_LIMIT)), np.float32(INPUT_LIMIT))
        x[b, c] = np.rint(np.float64(scaled) * INPUT_UNITS) / INPUT_UNITS


@compiled
def run_together(
    frames, starts, lengths, begin, end, neurons, recurrence, pools, trace_decay, workspace
):
    """Run sequences `begin` to `end` side by side, longest first, slab after slab of neurons.

    A slab is a range of neurons whose incoming weights stay in the cache while all the
    sequences go through one step.
    """
    offset, gain, weights_in, bias, beta, threshold = neurons
    rows, synapse_offsets, synapses, weight_units = recurrence
    counts, potentials, trace, mem, spk = pools
    spikes, n_spikes, x, total = workspace
    n_slabs, n_sources, width = rows.shape
    n_channels, n_windows, n_padded = frames.shape[1], counts.shape[1], mem.shape[1]
    at_x, at_total, at_spikes = address(x), address(total), address(spikes)
    at_rows, at_weights_in = address(rows), address(weights_in)
    at_bias, at_beta, at_threshold = address(bias), address(beta), address(threshold)
    at_mem, at_counts = address(mem), address(counts)
    n_running = end - begin
    n_spikes[:] = 0
    for t in range(lengths[begin]):
        now, before = t % 2, 1 - t % 2
        while lengths[begin + n_running - 1] <= t:
            n_running -= 1
        for b in range(n_running):
            standardise(x, b, frames, starts[begin + b] + t, offset, gain)
            n_spikes[now, b] = 0
        for slab in range(n_slabs):
            first = slab * width
            for b in range(n_running):
                if n_sources == 0:
                    sum_sparse_rows(
                        total, synapse_offsets, synapses, spikes, before, b, n_spikes[before, b]
                    )
                else:
                    sum_dense_rows(
                        at_total,
                        at_rows + 2 * first * n_sources,
                        width,
                        at_spikes + 4 * spikes.shape[2] * (before * spikes.shape[1] + b),
                        n_spikes[before, b],
                    )
                sample = begin + b
                window = t * n_windows // lengths[sample]
                n_fired = n_spikes[now, b]
                for i in range(0, width, NEURON_CHUNK):
                    neuron = first + i
                    bits = advance_neurons(
                        at_x + 8 * n_channels * b,
                        n_channels,
                        at_weights_in + 4 * (first * n_channels + i),
                        4 * width,
                        at_bias + 4 * neuron,
                        at_total + 2 * i,
                        weight_units,
                        at_beta + 4 * neuron,
                        at_threshold + 4 * neuron,
                        at_mem + 4 * (n_padded * sample + neuron),
                        at_counts + 4 * (n_padded * (n_windows * sample + window) + neuron),
                    )
                    while bits:
                        spikes[now, b, n_fired] = neuron + lowest_bit(bits)
                        n_fired += 1
                        bits &= bits - np.uint64(1)
                n_spikes[now, b] = n_fired
                if potentials.shape[1]:
                    pool_potentials(potentials, mem, sample, window, first, first + width)
        for b in range(n_running):
            sample = begin + b
            if trace.shape[1]:
                pool_trace(trace, trace_decay, sample, spikes, now, b, n_spikes[now, b])
            if spk.shape[1] and t == lengths[sample] - 1:
                for k in range(n_spikes[now, b]):
                    spk[sample, spikes[now, b, k]] = 1


@compiled
def run(frames, starts, lengths, neurons, recurrence, pools, trace_decay, n_together):
    """Run sequences, longest first, `n_together` side by side."""
    # Room after each array, so that no two threads write to one cache line; and sums that start
    # at a line, because a vector stored across two is slow to be read again.
    room = 64
    sums = np.empty(recurrence[0].shape[2] + room, dtype=np.int16)
    shift = (-address(sums) % 64) // 2
    workspace = (
        np.empty((2, n_together, pools[3].shape[1] + room), dtype=np.int32),
        np.empty((2, n_together + room), dtype=np.int64),
        np.empty((n_together + room, frames.shape[1])),
        sums[shift : shift + recurrence[0].shape[2]],
    )
    for begin in range(0, len(starts), n_together):
        end = min(begin + n_together, len(starts))
        run_together(
            frames, starts, lengths, begin, end, neurons, recurrence, pools, trace_decay, workspace
        )
