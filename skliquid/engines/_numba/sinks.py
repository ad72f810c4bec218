"""What is kept of the states: sums over time, and the states of chosen steps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import float32, int32, int64, types, uint8

from ..._compile import inner, spliced
from ...pooling import POTENTIAL_LIMIT, halves
from ...reservoirs.fixed_point import UNIT_EXPONENT
from .by_address import at, part

UNITS = np.float32(2.0**UNIT_EXPONENT)
LIMIT = np.float32(POTENTIAL_LIMIT * 2.0**UNIT_EXPONENT)


class Sums(NamedTuple):
    """Sums over time (batch first, neurons last); those not asked for hold no neurons.

    Parameters
    ----------
    counts : ndarray of shape (batch, n_windows, n_padded), dtype int32
        Spikes in each window; of no sequence where nothing is summed.
    bursts, longest_burst, longest_pause, first_spike : ndarray of shape (batch, n_padded), int32
        As in :class:`skliquid.pooling.Pools`.
    times : ndarray of shape (batch, n_padded), dtype int64
        The same.
    squared_times : ndarray of shape (batch, 2, n_padded), dtype int64
        The same.
    wins, losses : ndarray of shape (batch, n), dtype int32
        The same, in the order of the liquid's neurons.
    burst, pause : ndarray of shape (batch, n_padded), dtype int32
        Steps of the burst or of the pause that goes on.
    line_length : ndarray of shape (batch, n_padded), dtype float64
        Sum of changes of potentials.
    before : ndarray of shape (batch, n_padded), dtype float32
        Potentials after the step before.
    rectified : ndarray of shape (batch, n_padded), dtype float64
        Sum of positive potentials.
    potentials : ndarray of shape (batch, n_windows, n_padded), dtype float64
        Sums of potentials.
    trace : ndarray of shape (batch, n_padded), dtype float32
        Exponential trace of the spikes.
    trace_decay : float32
        Its decay per time step.
    lengths, seen : ndarray of shape (batch,), dtype int64
        Steps of the whole sequences, and those summed before.
    """

    counts: np.ndarray
    bursts: np.ndarray
    longest_burst: np.ndarray
    longest_pause: np.ndarray
    times: np.ndarray
    squared_times: np.ndarray
    first_spike: np.ndarray
    wins: np.ndarray
    losses: np.ndarray
    burst: np.ndarray
    pause: np.ndarray
    line_length: np.ndarray
    before: np.ndarray
    rectified: np.ndarray
    potentials: np.ndarray
    trace: np.ndarray
    trace_decay: np.float32
    lengths: np.ndarray
    seen: np.ndarray


class Kept(NamedTuple):
    """Rows in which states are kept.

    Parameters
    ----------
    frames : ndarray of shape (n_rows,), dtype int64
        Frames after which the states are kept, ascending; empty where nothing is kept.
    neurons : ndarray of shape (n_padded,), dtype int32
        The liquid's number of each neuron, -1 for those that fill the slabs.
    spikes : ndarray of shape (n_rows, n_bytes), dtype uint8
        Spikes, eight a byte; empty where they are not kept.
    states : ndarray of shape (n_kept, n_rows, n), dtype float32
        States of the neurons.
    which : ndarray of shape (n_kept,), dtype int64
        Which of their states each is.
    units : ndarray of shape (n_kept,), dtype float32
        A unit of each as kept.
    """

    frames: np.ndarray
    neurons: np.ndarray
    spikes: np.ndarray
    states: np.ndarray
    which: np.ndarray
    units: np.ndarray


halves_of = inner(halves)


@inner
def add_counts(counts, fired):
    """Add spikes."""
    for i in range(len(fired)):
        counts[i] += fired[i]


@inner
def add_clipped(sums, mem, low):
    """Add potentials, clipped."""
    for i in range(len(mem)):
        value = mem[i] if mem[i] > low else low
        sums[i] += np.float64(value if value < LIMIT else LIMIT)


@inner
def add_changes(sums, before, mem, is_later):
    """Add how far potentials, clipped, are from those before."""
    for i in range(len(mem)):
        value = mem[i] if mem[i] > -LIMIT else -LIMIT
        value = value if value < LIMIT else LIMIT
        sums[i] += is_later * abs(np.float64(value) - np.float64(before[i]))
        before[i] = value


@inner
def add_bursts(fired, burst, bursts, longest):
    """Follow the runs of steps in each of which a neuron fires."""
    for i in range(len(fired)):
        bursts[i] += np.int32(fired[i]) & (burst[i] == 0)
        burst[i] = (burst[i] + 1) & -np.int32(fired[i])
        longest[i] = burst[i] if burst[i] > longest[i] else longest[i]


@inner
def add_pauses(fired, pause, longest):
    """Follow the runs of steps in none of which a neuron fires."""
    for i in range(len(fired)):
        pause[i] = (pause[i] + 1) & (np.int32(fired[i]) - 1)
        longest[i] = pause[i] if pause[i] > longest[i] else longest[i]


@inner
def add_times(fired, t, times, square, squares):
    """Add the step of each spike, and the last bits of its square."""
    for i in range(len(fired)):
        spike = -np.int64(fired[i])
        times[i] += t & spike
        squares[i] += square & spike


@inner
def add_constant(fired, value, sums):
    """Add a number for each spike."""
    for i in range(len(fired)):
        sums[i] += value & -np.int64(fired[i])


@inner
def note_first(fired, t, first):
    """Note the step of the first spike."""
    for i in range(len(fired)):
        first[i] = t if (fired[i] > 0) & (first[i] < 0) else first[i]


@spliced
def add_to_sums(sums, sample, t, first, mem, fired):
    """Add a step of some neurons, from number `first` on."""
    n = len(fired)
    t += sums.seen[sample]
    window = t * sums.counts.shape[1] // sums.lengths[sample]
    add_counts(part(at(sums.counts, (sample, window)), first, n), fired)
    if sums.potentials.shape[2]:
        add_clipped(part(at(sums.potentials, (sample, window)), first, n), mem, -LIMIT)
    if sums.rectified.shape[1]:
        add_clipped(part(at(sums.rectified, (sample,)), first, n), mem, np.float32(0))
    if sums.line_length.shape[1]:
        before = part(at(sums.before, (sample,)), first, n)
        is_later = np.float64(t > 0)
        add_changes(part(at(sums.line_length, (sample,)), first, n), before, mem, is_later)
    if sums.bursts.shape[1]:
        burst = part(at(sums.burst, (sample,)), first, n)
        bursts = part(at(sums.bursts, (sample,)), first, n)
        add_bursts(fired, burst, bursts, part(at(sums.longest_burst, (sample,)), first, n))
    if sums.longest_pause.shape[1]:
        pause = part(at(sums.pause, (sample,)), first, n)
        add_pauses(fired, pause, part(at(sums.longest_pause, (sample,)), first, n))
    if sums.times.shape[1]:
        times = part(at(sums.times, (sample,)), first, n)
        low, high = halves_of(t * t)
        add_times(fired, t, times, low, part(at(sums.squared_times, (sample, 0)), first, n))
        if high:
            add_constant(fired, high, part(at(sums.squared_times, (sample, 1)), first, n))
    if sums.first_spike.shape[1]:
        note_first(fired, np.int32(t), part(at(sums.first_spike, (sample,)), first, n))


@inner
def add_to_trace(trace, decay, spikes):
    """One step of the exponential trace of all neurons."""
    for i in range(len(trace)):
        trace[i] = np.rint(decay * trace[i])
    for neuron in spikes:
        trace[neuron] += UNITS


@inner
def add_equal(values, others, counts):
    """Count where values are equal."""
    for i in range(len(values)):
        counts[i] += np.int32(values[i] == others[i])


@inner
def add_wins(states, places, sign, values, tops, counts):
    """Count whose potential, times a sign, is the highest of its group."""
    n, n_groups = len(places), len(tops)
    for i in range(n):
        values[i] = sign * states[places[i]]
    for j in range(n_groups):
        tops[j] = values[j]
    for first in range(n_groups, n, n_groups):
        row = part(values, first, min(n_groups, n - first))
        for j in range(len(row)):
            tops[j] = row[j] if row[j] > tops[j] else tops[j]
    for first in range(0, n, n_groups):
        row = part(values, first, min(n_groups, n - first))
        add_equal(row, tops, part(counts, first, len(row)))


@inner
def row_of(frame, frames):
    """Place of a frame among some in ascending order, or -1."""
    low, high = 0, len(frames)
    while low < high:
        middle = (low + high) >> 1
        if frames[middle] < frame:
            low = middle + 1
        else:
            high = middle
    return low if low < len(frames) and frames[low] == frame else -1


@inner
def keep(kept, frame, spikes, states):
    """Keep a step of all neurons if asked; `states` are of shape (n_slabs, n_states, width)."""
    row = row_of(frame, kept.frames)
    if row < 0:
        return
    if len(kept.spikes):
        for i in range(kept.spikes.shape[1]):
            kept.spikes[row, i] = 0
        for neuron in spikes:
            i = kept.neurons[neuron]
            kept.spikes[row, i >> 3] |= np.uint8(128 >> (i & 7))
    width = states.shape[2]
    for k in range(len(kept.which)):
        for slab in range(len(states)):
            for c in range(width):
                i = kept.neurons[slab * width + c]
                if i >= 0:
                    kept.states[k, row, i] = kept.units[k] * states[slab, kept.which[k], c]


_KEPT = types.NamedTuple(
    (int64[::1], int32[::1], uint8[:, ::1], float32[:, :, ::1], int64[::1], float32[::1]), Kept
)
KEEP = types.void(_KEPT, int64, int32[::1], float32[:, :, ::1])
