"""The loop over time: all the kernels together, arrays and numbers in, arrays filled.

Potentials, currents and thresholds are here in units of ``2**-20``, as whole numbers in float32,
and sums of weights in units of the weight grid, as int16. A power of two between two units changes
no bit of a result.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..._compile import compiled, spliced
from .neurons import take_step
from .sinks import add_to_sums, add_to_trace, keep, row_of
from .synapses import Recurrence, add_echo, list_spikes
from .taps import Input, project, standardise_sequence, sum_taps
from .vectors import borrowed


class Network(NamedTuple):
    """A liquid in slabs of neurons.

    Parameters
    ----------
    taps : Input
        What the input drives.
    recurrence : Recurrence
        What the spikes drive.
    constants : ndarray of shape (n_slabs, n_constants, width), dtype float32
        Constants of the neurons.
    """

    taps: Input
    recurrence: Recurrence
    constants: np.ndarray


class State(NamedTuple):
    """What is left of the past, the batch first.

    Parameters
    ----------
    past : ndarray of shape (batch, n_channels, max_delay), dtype float64
        The last standardised frames.
    spk : ndarray of shape (batch, n_padded), dtype uint8
        The last spikes.
    neurons : ndarray of shape (batch, n_slabs, n_states, width), dtype float32
        States of the neurons.
    """

    past: np.ndarray
    spk: np.ndarray
    neurons: np.ndarray


class Work(NamedTuple):
    """Room for the sequences that run side by side, `n_together` of them.

    Parameters
    ----------
    spikes : ndarray of shape (2, n_together, n_padded + spare), dtype int32
        Numbers of the neurons that fired in steps of even and of odd number.
    n_spikes : ndarray of shape (2, n_together + spare), dtype int64
        How many they are.
    columns : ndarray of shape (n_together, n_channels, n_columns), dtype float64
        All standardised frames with their past, and with zeros after.
    places : ndarray of shape (n_taps,), dtype int64
        Where each tap finds its value before the frame of a step, in `columns`.
    drive : ndarray of shape (n_together, n_ahead, n_padded), dtype float32
        Input currents of some steps.
    tile : ndarray of shape (NEURON_CHUNK, TAP_STEPS), dtype float32
        Those of some neurons over time.
    total : ndarray of shape (width,), dtype int16
        Sums of recurrent weights.
    fired : ndarray of shape (width,), dtype int32
        Spikes of a slab.
    """

    spikes: np.ndarray
    n_spikes: np.ndarray
    columns: np.ndarray
    places: np.ndarray
    drive: np.ndarray
    tile: np.ndarray
    total: np.ndarray
    fired: np.ndarray


@spliced
def open_sequence(b, sample, frames, taps, before, after, work):
    """Take up a sequence where its state left it."""
    n_spikes = 0
    for neuron in range(before.spk.shape[1]):
        work.spikes[1, b, n_spikes] = neuron
        n_spikes += before.spk[sample, neuron]
    work.n_spikes[1, b] = n_spikes
    values, copy = before.neurons[sample].ravel(), after.neurons[sample].ravel()
    for i in range(len(values)):
        copy[i] = values[i]
    offset, gain = taps.input_offset, taps.input_gain
    standardise_sequence(work.columns[b], before.past[sample], frames, offset, gain)


@spliced
def close_sequence(b, sample, length, taps, state, work):
    """Leave in its state what the next piece of a sequence goes on from."""
    last = 1 - length % 2
    state.spk[sample] = 0
    for k in range(work.n_spikes[last, b]):
        state.spk[sample, work.spikes[last, b, k]] = 1
    for c in range(state.past.shape[1]):
        for k in range(taps.max_delay):
            state.past[sample, c, k] = work.columns[b, c, length + k]


@spliced
def hear(b, t, n_left, taps, work):
    """Compute the input currents of some steps from `t`, where those before are used up."""
    if t % work.drive.shape[1] == 0:
        if len(taps.offsets):
            sum_taps(work.drive[b], work.columns[b], t, n_left, taps, work.places, work.tile)
        else:
            project(work.drive[b], work.columns[b], t, taps.weights, taps.bias)


@spliced
def advance_slab(step, b, sample, t, slab, network, state, sums, work):
    """Advance a slab of neurons of one sequence by a step."""
    width = network.constants.shape[2]
    neurons = slice(slab * width, (slab + 1) * width)
    current = work.drive[b, t % work.drive.shape[1], neurons]
    before, now = 1 - t % 2, t % 2
    spikes = work.spikes[before, b, : work.n_spikes[before, b]]
    add_echo(current, network.recurrence, slab, spikes, work.total)
    states = state.neurons[sample, slab]
    take_step(step, current, network.constants[slab], states, work.fired)
    if len(sums.counts):
        add_to_sums(sums, sample, t, neurons, states[0], work.fired)
    n_spikes = work.n_spikes[now, b]
    out = work.spikes[now, b, n_spikes:]
    work.n_spikes[now, b] = n_spikes + list_spikes(out, slab * width, work.fired)


@spliced
def close_step(b, sample, t, frame, state, sums, kept, work):
    """Do what takes all neurons of a sequence, once they have been through a step."""
    spikes = work.spikes[t % 2, b, : work.n_spikes[t % 2, b]]
    if len(sums.counts) and sums.trace.shape[1]:
        add_to_trace(sums.trace[sample], sums.trace_decay, spikes)
    if len(kept.frames):
        row = row_of(frame, kept.frames)
        if row >= 0:
            keep(kept, row, spikes, state.neurons[sample])


@spliced
def run_together(
    step,
    frames,
    starts,
    lengths,
    begin,
    end,
    first,
    last,
    network,
    before,
    state,
    sums,
    kept,
    work,
):
    """Run sequences `begin` to `end` side by side, longest first, slab after slab of neurons.

    A slab is a range of neurons whose incoming weights stay in the cache while all the
    sequences go through one step.
    """
    n_running = end - begin
    for b in range(n_running * (first == 0)):
        start, sample = starts[begin + b], begin + b
        mine = frames[start : start + lengths[sample]]
        open_sequence(b, sample, mine, network.taps, before, state, work)
    for t in range(first, min(last, lengths[begin])):
        while lengths[begin + n_running - 1] <= t:
            n_running -= 1
        for b in range(n_running):
            work.n_spikes[t % 2, b] = 0
            hear(b, t, lengths[begin + b] - t, network.taps, work)
        for slab in range(len(network.constants)):
            for b in range(n_running):
                advance_slab(step, b, begin + b, t, slab, network, state, sums, work)
        for b in range(n_running):
            close_step(b, begin + b, t, starts[begin + b] + t, state, sums, kept, work)
    for b in range((end - begin) * (last >= lengths[begin])):
        close_sequence(b, begin + b, lengths[begin + b], network.taps, state, work)


@compiled
def run(
    step,
    frames,
    starts,
    lengths,
    network,
    before,
    after,
    sums,
    kept,
    work,
    begin,
    end,
    first,
    last,
):
    """Run sequences `begin` to `end`, longest first, as many side by side as there is room for.

    Of those that fit side by side the steps `first` to `last` alone may be run, if those before
    were run last in the same room.
    """
    frames, starts, lengths = borrowed((frames, starts, lengths))
    network, before, after = borrowed((network, before, after))
    sums, kept, work = borrowed((sums, kept, work))
    n_together = len(work.drive)
    for b in range(begin, end, n_together):
        e = min(b + n_together, end)
        run_together(
            step,
            frames,
            starts,
            lengths,
            b,
            e,
            first,
            last,
            network,
            before,
            after,
            sums,
            kept,
            work,
        )
