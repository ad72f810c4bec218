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
from ._simd import NEURON_CHUNK, SUM_CHUNK, advance_neurons, lowest_bit, store_row_sum

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
def sum_dense_rows(total, rows, spikes, n_spikes):
    """Total of the rows of the neurons that fired; whole chunks of columns."""
    for start in range(0, len(total), SUM_CHUNK):
        store_row_sum(
            total.ctypes.data + 2 * start,
            rows.ctypes.data + 2 * start,
            2 * rows.shape[1],
            spikes.ctypes.data,
            n_spikes,
        )


@compiled
def sum_sparse_rows(total, offsets, synapses, spikes, n_spikes):
    """The same from a list of synapses, target and weight packed in one integer."""
    total[:] = 0
    for k in range(n_spikes):
        source = spikes[k]
        for s in range(offsets[source], offsets[source + 1]):
            synapse = synapses[s]
            total[synapse >> 16] += np.int16(synapse & 0xFFFF)


@compiled
def advance(
    x, weights_in, bias, total, weight_units, beta, threshold, mem, counts, spikes, n_spikes, first
):
    """Advance a slab of neurons by one step, and append those that fire to `spikes`."""
    for start in range(0, len(mem), NEURON_CHUNK):
        bits = advance_neurons(
            x.ctypes.data,
            weights_in.shape[0],
            weights_in.ctypes.data + 8 * start,
            8 * weights_in.shape[1],
            bias.ctypes.data + 8 * start,
            total.ctypes.data + 2 * start,
            weight_units,
            beta.ctypes.data + 4 * start,
            threshold.ctypes.data + 4 * start,
            mem.ctypes.data + 4 * start,
            counts.ctypes.data + 4 * start,
        )
        while bits:
            spikes[n_spikes] = first + start + lowest_bit(bits)
            n_spikes += 1
            bits &= bits - np.uint64(1)
    return n_spikes


@compiled
def pool_trace(trace, trace_decay, spikes, n_spikes):
    """One step of the exponential trace of all neurons."""
    for i in range(len(trace)):
        trace[i] = np.rint(trace_decay * trace[i])
    for k in range(n_spikes):
        trace[spikes[k]] += UNITS


@compiled
def pool_potentials(summed, mem):
    """Add the membrane potentials of one step."""
    for i in range(len(mem)):
        summed[i] += min(max(mem[i], -LIMIT), LIMIT)


@compiled
def standardise(x, frame, offset, gain):
    """One frame of input on its grid."""
    for c in range(len(x)):
        scaled = (frame[c] - offset[c]) * gain[c]
        scaled = min(max(scaled, np.float32(-INPUT_LIMIT)), np.float32(INPUT_LIMIT))
        x[c] = np.rint(np.float64(scaled) * INPUT_UNITS) / INPUT_UNITS


@compiled
def run_together(
    frames, starts, lengths, neurons, recurrence, pools, trace_decay, spikes, n_spikes, x, total
):
    """Run some sequences side by side, longest first, slab after slab of neurons.

    A slab is a range of neurons whose incoming weights stay in the cache while all the
    sequences go through one step.
    """
    offset, gain, weights_in, bias, beta, threshold = neurons
    rows, synapse_offsets, synapses, weight_units = recurrence
    counts, potentials, trace, mem, spk = pools
    n_slabs, n_sources, width = rows.shape
    n_windows = counts.shape[1]
    n_running = len(starts)
    n_spikes[:] = 0
    for t in range(lengths[0]):
        now, before = t % 2, 1 - t % 2
        while lengths[n_running - 1] <= t:
            n_running -= 1
        for b in range(n_running):
            standardise(x[b], frames[starts[b] + t], offset, gain)
            n_spikes[now, b] = 0
        for slab in range(n_slabs):
            first = slab * width
            here = slice(first, first + width)
            for b in range(n_running):
                heard, n_heard = spikes[before, b], n_spikes[before, b]
                if n_sources == 0:
                    sum_sparse_rows(total, synapse_offsets, synapses, heard, n_heard)
                else:
                    sum_dense_rows(total, rows[slab], heard, n_heard)
                window = t * n_windows // lengths[b]
                state = mem[b, here]
                n_spikes[now, b] = advance(
                    x[b],
                    weights_in[slab],
                    bias[here],
                    total,
                    weight_units,
                    beta[here],
                    threshold[here],
                    state,
                    counts[b, window, here],
                    spikes[now, b],
                    n_spikes[now, b],
                    first,
                )
                if potentials.shape[1]:
                    pool_potentials(potentials[b, window, here], state)
        for b in range(n_running):
            if trace.shape[1]:
                pool_trace(trace[b], trace_decay, spikes[now, b], n_spikes[now, b])
            if t == lengths[b] - 1:
                for k in range(n_spikes[now, b]):
                    spk[b, spikes[now, b, k]] = 1


@compiled
def run(frames, starts, lengths, neurons, recurrence, pools, trace_decay, n_together):
    """Run sequences, longest first, `n_together` side by side."""
    counts, potentials, trace, mem, spk = pools
    spikes = np.empty((2, n_together, mem.shape[1]), dtype=np.int32)
    n_spikes = np.empty((2, n_together), dtype=np.int64)
    x = np.empty((n_together, frames.shape[1]))
    total = np.empty(recurrence[0].shape[2], dtype=np.int16)
    for start in range(0, len(starts), n_together):
        part = slice(start, start + n_together)
        run_together(
            frames,
            starts[part],
            lengths[part],
            neurons,
            recurrence,
            (counts[part], potentials[part], trace[part], mem[part], spk[part]),
            trace_decay,
            spikes,
            n_spikes,
            x,
            total,
        )
