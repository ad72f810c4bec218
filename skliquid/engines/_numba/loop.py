"""Kernels of the Numba engine: arrays and numbers in, arrays filled, no Python objects.

Potentials, currents and thresholds are here in units of ``2**-20``, as whole numbers in
float32, and sums of weights in units of the weight grid, as int16. A power of two between
two units changes no bit of a result.
"""

from __future__ import annotations

import numpy as np

from ..._compile import compiled
from ...pooling import POTENTIAL_LIMIT
from ...reservoirs.fixed_point import INPUT_EXPONENT, INPUT_LIMIT, UNIT_EXPONENT
from .vectors import (
    HAS_COMPRESS,
    NEURON_CHUNK,
    SUM_CHUNK,
    TAP_STEPS,
    TRANSPOSED_STEPS,
    add_clipped,
    advance_fatigable_neurons,
    advance_neurons,
    count_bursts,
    lowest_bit,
    prefetch,
    store_number,
    store_projection,
    store_row_sum,
    store_short_tap_sum,
    store_spikes,
    store_tap_sum,
    store_transposed,
)

UNITS, ZERO = np.float32(2.0**UNIT_EXPONENT), np.float32(0)
LIMIT = np.float32(POTENTIAL_LIMIT * 2.0**UNIT_EXPONENT)
INPUT_UNITS = 2.0**INPUT_EXPONENT
# Lists of this many synapses stay in the cache without being asked for.
NEAR_SYNAPSES = 2**16


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
    is_far = synapses.size > NEAR_SYNAPSES
    for k in range(n_spikes):
        source = spikes[now, b, k]
        if is_far and k + 1 < n_spikes:
            following = spikes[now, b, k + 1]
            for s in range(offsets[following], offsets[following + 1], 16):
                prefetch(at_synapses + synapses.itemsize * s)
        # Unsigned, so that Numba does not look for negative indices.
        for s in range(np.uint64(offsets[source]), np.uint64(offsets[source + 1])):
            synapse = synapses[s]
            total[synapse >> np.uint32(16)] += np.int16(synapse & np.uint32(0xFFFF))


@compiled
def list_spikes(out, neuron, bits):
    """Do what `store_spikes` does, on a processor that has no instruction for it."""
    n_stored = np.int64(0)
    while bits:
        store_number(out + 4 * n_stored, neuron + lowest_bit(bits))
        n_stored += 1
        bits &= bits - np.uint64(1)
    return n_stored


note_spikes = store_spikes if HAS_COMPRESS else list_spikes


@compiled
def pool_trace(trace, trace_decay, sample, spikes, now, b, n_spikes):
    """One step of the exponential trace of all neurons."""
    for i in range(trace.shape[1]):
        trace[sample, i] = np.rint(trace_decay * trace[sample, i])
    for k in range(n_spikes):
        trace[sample, spikes[now, b, k]] += UNITS


@compiled
def on_grid(value, offset, gain):
    """One number of the input, standardised, on its grid."""
    scaled = (value - offset) * gain
    scaled = min(max(scaled, np.float32(-INPUT_LIMIT)), np.float32(INPUT_LIMIT))
    return np.rint(np.float64(scaled) * INPUT_UNITS) / INPUT_UNITS


@compiled
def standardise(x, b, frames, frame, offset, gain):
    """One frame of input."""
    for c in range(frames.shape[1]):
        x[b, c] = on_grid(frames[frame, c], offset[c], gain[c])


@compiled
def standardise_sequence(past, b, frames, start, length, max_delay, offset, gain):
    """All frames of a sequence, channel by channel, after the zeros of its past."""
    for c in range(frames.shape[1]):
        past[b, c, :max_delay] = 0
        for t in range(length):
            past[b, c, max_delay + t] = on_grid(frames[start + t, c], offset[c], gain[c])
        past[b, c, max_delay + length :] = 0


@compiled
def fill_drive(drive, tile, b, at_x, n_left, tap_offsets, places, tap_weights, bias):
    """Input currents of the next ``TAP_STEPS`` steps, or of the `n_left` that are left."""
    at_tile, at_bias, row_bytes = address(tile), address(bias), 4 * drive.shape[2]
    at_places, at_weights = address(places), address(tap_weights)
    for first in range(0, drive.shape[2], NEURON_CHUNK):
        for i in range(NEURON_CHUNK):
            begin = tap_offsets[first + i]
            n_taps = tap_offsets[first + i + 1] - begin
            at_out, at_constant = at_tile + 4 * TAP_STEPS * i, at_bias + 4 * (first + i)
            at_place, at_weight = at_places + 8 * begin, at_weights + 8 * begin
            if 2 * n_left > TAP_STEPS:
                store_tap_sum(at_out, at_x, at_place, at_weight, n_taps, at_constant)
            else:
                store_short_tap_sum(at_out, at_x, at_place, at_weight, n_taps, at_constant)
        at_drive = address(drive) + 4 * (drive.shape[2] * drive.shape[1] * b + first)
        for t in range(0, min(n_left, TAP_STEPS), TRANSPOSED_STEPS):
            store_transposed(at_drive + row_bytes * t, row_bytes, at_tile + 4 * t)


@compiled
def run_together(
    frames,
    starts,
    lengths,
    begin,
    end,
    neurons,
    recurrence,
    taps,
    fatigue,
    pools,
    trace_decay,
    workspace,
):
    """Run sequences `begin` to `end` side by side, longest first, slab after slab of neurons.

    A slab is a range of neurons whose incoming weights stay in the cache while all the
    sequences go through one step.
    """
    offset, gain, weights_in, bias, beta, threshold = neurons
    rows, synapse_offsets, synapses, weight_units = recurrence
    tap_offsets, tap_weights, max_delay = taps
    adaptation, adaptation_beta, refractory = fatigue
    counts, bursts, longest, first_spike, rectified, potentials, trace, mem, spk = pools
    spikes, n_spikes, x, total, past, places, drive, tile, burst, raised, rest = workspace
    n_slabs, n_sources, width = rows.shape
    n_channels, n_windows, n_padded = weights_in.shape[1], counts.shape[1], mem.shape[1]
    has_taps, is_fatigable, n_ahead = past.shape[2] > 0, raised.shape[1] > 0, drive.shape[1]
    at_x, at_total, at_spikes = address(x), address(total), address(spikes)
    at_rows, at_weights_in = address(rows), address(weights_in)
    at_bias, at_beta, at_threshold = address(bias), address(beta), address(threshold)
    at_mem, at_counts = address(mem), address(counts)
    at_past, at_drive = address(past), address(drive)
    at_potentials, at_rectified = address(potentials), address(rectified)
    at_burst, at_bursts = address(burst), address(bursts)
    at_longest, at_first = address(longest), address(first_spike)
    at_adaptation, at_adaptation_beta = address(adaptation), address(adaptation_beta)
    at_refractory, at_raised, at_rest = address(refractory), address(raised), address(rest)
    n_running = end - begin
    n_spikes[:] = 0
    burst[:] = 0
    raised[:] = 0
    rest[:] = 0
    if has_taps:
        for b in range(n_running):
            start, length = starts[begin + b], lengths[begin + b]
            standardise_sequence(past, b, frames, start, length, max_delay, offset, gain)
    for t in range(lengths[begin]):
        now, before = t % 2, 1 - t % 2
        while lengths[begin + n_running - 1] <= t:
            n_running -= 1
        for b in range(n_running):
            n_spikes[now, b] = 0
            if not has_taps:
                standardise(x, b, frames, starts[begin + b] + t, offset, gain)
            elif t % TAP_STEPS == 0:
                at_now = at_past + 8 * (past.shape[1] * past.shape[2] * b + max_delay + t)
                n_left = lengths[begin + b] - t
                fill_drive(drive, tile, b, at_now, n_left, tap_offsets, places, tap_weights, bias)
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
                at_fired = at_spikes + 4 * spikes.shape[2] * (now * spikes.shape[1] + b)
                at_drive_now = at_drive + 4 * n_padded * (n_ahead * b + t % n_ahead)
                for i in range(0, width, NEURON_CHUNK):
                    neuron = first + i
                    if not has_taps:
                        store_projection(
                            at_drive_now + 4 * neuron,
                            at_x + 8 * n_channels * b,
                            n_channels,
                            at_weights_in + 4 * (first * n_channels + i),
                            4 * width,
                            at_bias + 4 * neuron,
                        )
                    at_mem_now = at_mem + 4 * (n_padded * sample + neuron)
                    at_counts_now = at_counts + 4 * (
                        n_padded * (n_windows * sample + window) + neuron
                    )
                    if is_fatigable:
                        bits = advance_fatigable_neurons(
                            at_drive_now + 4 * neuron,
                            at_total + 2 * i,
                            weight_units,
                            at_beta + 4 * neuron,
                            at_threshold + 4 * neuron,
                            at_mem_now,
                            at_counts_now,
                            at_adaptation + 4 * neuron,
                            at_adaptation_beta + 4 * neuron,
                            at_refractory + 4 * neuron,
                            at_raised + 4 * (n_padded * b + neuron),
                            at_rest + 4 * (n_padded * b + neuron),
                        )
                    else:
                        bits = advance_neurons(
                            at_drive_now + 4 * neuron,
                            at_total + 2 * i,
                            weight_units,
                            at_beta + 4 * neuron,
                            at_threshold + 4 * neuron,
                            at_mem_now,
                            at_counts_now,
                        )
                    if potentials.shape[1]:
                        at_sum = n_padded * (n_windows * sample + window) + neuron
                        add_clipped(at_potentials + 8 * at_sum, at_mem_now, -LIMIT, LIMIT)
                    if rectified.shape[1]:
                        at_sum = n_padded * sample + neuron
                        add_clipped(at_rectified + 8 * at_sum, at_mem_now, ZERO, LIMIT)
                    if bursts.shape[1]:
                        at_sum = 4 * (n_padded * sample + neuron)
                        count_bursts(
                            bits,
                            t,
                            at_burst + 4 * (n_padded * b + neuron),
                            at_bursts + at_sum,
                            at_longest + at_sum,
                            at_first + at_sum,
                        )
                    n_fired += note_spikes(at_fired + 4 * n_fired, neuron, bits)
                n_spikes[now, b] = n_fired
        for b in range(n_running):
            sample = begin + b
            if trace.shape[1]:
                pool_trace(trace, trace_decay, sample, spikes, now, b, n_spikes[now, b])
            if spk.shape[1] and t == lengths[sample] - 1:
                for k in range(n_spikes[now, b]):
                    spk[sample, spikes[now, b, k]] = 1


@compiled
def run(frames, starts, lengths, prepared, pools, trace_decay, n_together):
    """Run sequences, longest first, `n_together` side by side."""
    neurons, recurrence, taps, fatigue = prepared
    tap_offsets, tap_channels, tap_delays, tap_weights, max_delay = taps
    # Room after each array, so that no two threads write to one cache line; and sums that start
    # at a line, because a vector stored across two is slow to be read again.
    room = 64
    n_channels, n_padded = frames.shape[1], pools[-2].shape[1]
    sums = np.empty(recurrence[0].shape[2] + room, dtype=np.int16)
    shift = (-address(sums) % 64) // 2
    has_taps, is_fatigable = len(tap_offsets) > 0, len(fatigue[0]) > 0
    n_ahead = TAP_STEPS if has_taps else 1
    n_past = max_delay + lengths[0] + TAP_STEPS if has_taps else 0
    n_tired = n_padded if is_fatigable else 0
    places = np.empty(len(tap_weights), dtype=np.int64)
    for k in range(len(places)):
        places[k] = 8 * (n_past * np.int64(tap_channels[k]) - tap_delays[k])
    workspace = (
        np.empty((2, n_together, n_padded + room), dtype=np.int32),
        np.empty((2, n_together + room), dtype=np.int64),
        np.empty((n_together + room, n_channels)),
        sums[shift : shift + recurrence[0].shape[2]],
        np.empty((n_together, n_channels, n_past)),
        places,
        np.empty((n_together, n_ahead, n_padded), dtype=np.float32),
        np.empty((NEURON_CHUNK, TAP_STEPS), dtype=np.float32),
        np.empty((n_together, pools[1].shape[1]), dtype=np.int32),
        np.empty((n_together, n_tired), dtype=np.float32),
        np.empty((n_together, n_tired), dtype=np.int32),
    )
    for begin in range(0, len(starts), n_together):
        end = min(begin + n_together, len(starts))
        run_together(
            frames,
            starts,
            lengths,
            begin,
            end,
            neurons,
            recurrence,
            (tap_offsets, tap_weights, max_delay),
            fatigue,
            pools,
            trace_decay,
            workspace,
        )
