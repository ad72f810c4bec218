"""The loop over time: all the kernels together, arrays and numbers in, arrays filled.

Potentials, currents and thresholds are here in units of ``2**-20``, as whole numbers in float32,
and sums of weights in units of the weight grid, as int16. A power of two between two units changes
no bit of a result.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import float32, float64, int32, int64, types, uint8

from ..._compile import compiled, inner, spliced
from .by_address import at, call_by_address, flat, part
from .dynamics import Dynamics, call_arrive
from .events import HEAR_EVENTS, HEARD, Heard
from .neurons import STEP
from .sinks import KEEP, add_to_sums, add_to_trace, add_wins
from .synapses import Recurrence, add_echo, list_spikes
from .taps import COLUMNS, HEAR, INPUT, Columns, Input, list_before, standardise


class Kernels(NamedTuple):
    """Addresses of what a liquid's steps are made of, 0 where it is not needed.

    Parameters
    ----------
    open, close : int
        Taking up a sequence, and leaving it.
    hear, echo, arrive, step : int
        Input currents, recurrent currents, those of dynamic synapses, and neurons.
    keep : int
        Keeping states.
    """

    open: int
    close: int
    hear: int
    echo: int
    arrive: int
    step: int
    keep: int


class Network(NamedTuple):
    """A liquid in slabs of neurons.

    Parameters
    ----------
    taps : Input
        What the input drives.
    recurrence : Recurrence
        What the spikes drive.
    dynamics : Dynamics
        What they drive over dynamic synapses.
    constants : ndarray of shape (n_slabs, n_constants, width), dtype float32
        Constants of the neurons.
    potentials : ndarray of shape (n,), dtype uint32
        Where the potential of each of the liquid's neurons is among the states of a sequence.
    """

    taps: Input
    recurrence: Recurrence
    dynamics: Dynamics
    constants: np.ndarray
    potentials: np.ndarray


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
    clock, arriving, currents, last_spike, used, depleted : ndarray
        States of dynamic synapses, see :class:`~skliquid.reservoirs.DynamicSynapses`, with
        currents in units of potential; without any of no neurons.
    """

    past: np.ndarray
    spk: np.ndarray
    neurons: np.ndarray
    clock: np.ndarray
    arriving: np.ndarray
    currents: np.ndarray
    last_spike: np.ndarray
    used: np.ndarray
    depleted: np.ndarray

    @property
    def of_synapses(self) -> tuple[np.ndarray, ...]:
        """Those of dynamic synapses."""
        return self[3:]


class Work(NamedTuple):
    """Room for the sequences that run side by side, `n_together` of them.

    Parameters
    ----------
    spikes : ndarray of shape (2, n_together, n_padded + spare), dtype int32
        Numbers of the neurons that fired in steps of even and of odd number.
    n_spikes : ndarray of shape (2, n_together + spare), dtype int64
        How many they are.
    heard : Columns or Heard
        Dense frames, or events.
    drive : ndarray of shape (n_together, n_ahead, n_padded), dtype float32
        Input currents of some steps.
    total : ndarray of shape (width,), dtype int16
        Sums of recurrent weights.
    fired : ndarray of shape (width,), dtype int32
        Spikes of a slab.
    potentials : ndarray of shape (n,), dtype float32
        Potentials in the order of the liquid's neurons.
    tops : ndarray of shape (n_groups,), dtype float32
        The highest of each group that competes.
    """

    spikes: np.ndarray
    n_spikes: np.ndarray
    heard: Columns | Heard
    drive: np.ndarray
    total: np.ndarray
    fired: np.ndarray
    potentials: np.ndarray
    tops: np.ndarray


@inner
def open_sequence(room, b, sample, past, frames, first, length, taps, spk, spikes, n_spikes):
    """Take up a sequence where its state left it."""
    columns = at(room.columns, (b,))
    standardise(columns, past, frames, first, length, taps.input_offset, taps.input_gain)
    list_before(spk, spikes, n_spikes)


@inner
def close_sequence(room, b, past, length, spk, spikes):
    """Leave in its state what the next piece of a sequence goes on from."""
    columns = at(room.columns, (b,))
    for neuron in range(len(spk)):
        spk[neuron] = 0
    for neuron in spikes:
        spk[neuron] = 1
    for c in range(len(past)):
        for k in range(past.shape[1]):
            past[c, k] = columns[c, length + k]


_FRAMES = types.Array(float32, 2, "C", readonly=True)
_PAST, _SPIKES = float64[:, ::1], (uint8[::1], int32[::1])
OPEN, OPEN_EVENTS = (
    types.void(
        *(room, int64, int64, _PAST, _FRAMES, int64, int64, INPUT, *_SPIKES, int64[::1]),
    )
    for room in (COLUMNS, HEARD)
)
CLOSE, CLOSE_EVENTS = (
    types.void(room, int64, _PAST, int64, *_SPIKES) for room in (COLUMNS, HEARD)
)
call_open, call_close = call_by_address(OPEN, OPEN_EVENTS), call_by_address(CLOSE, CLOSE_EVENTS)
call_hear = call_by_address(HEAR, HEAR_EVENTS)
call_step, call_keep = call_by_address(STEP), call_by_address(KEEP)


@spliced
def advance_slab(kernels, b, sample, t, slab, network, state, sums, work):
    """Advance a slab of neurons of one sequence by a step."""
    width = network.constants.shape[2]
    first, now = slab * width, t % 2
    current = part(at(work.drive, (b, t % work.drive.shape[1])), first, width)
    spikes = part(at(work.spikes, (1 - now, b)), 0, work.n_spikes[1 - now, b])
    if kernels.arrive:  # there is one slab
        of_synapses = part(state.clock, sample, 1), flat(at(state.arriving, (sample,)))
        currents, last_spike = at(state.currents, (sample,)), at(state.last_spike, (sample,))
        plastic = last_spike, at(state.used, (sample,)), at(state.depleted, (sample,))
        where = current, spikes, network.dynamics
        call_arrive(kernels.arrive, (*where, *of_synapses, currents, *plastic))
    else:
        add_echo(kernels.echo, current, network.recurrence, slab, spikes, work.total)
    states = at(state.neurons, (sample, slab))
    call_step(kernels.step, (current, at(network.constants, (slab,)), states, work.fired))
    if len(sums.counts):
        add_to_sums(sums, sample, t, first, at(states, (0,)), work.fired)
    n_spikes = work.n_spikes[now, b]
    out = part(at(work.spikes, (now, b)), n_spikes, width)
    work.n_spikes[now, b] = n_spikes + list_spikes(out, first, work.fired)


@compiled
def run(kernels, frames, starts, lengths, network, before, after, sums, kept, work, stretch):
    """Run a stretch of sequences, longest first, as many side by side as there is room for.

    A slab is a range of neurons whose incoming weights stay in the cache while all the
    sequences go through one step. The stretch is the first sequence and the one after the last,
    and the first step and the one after the last. Only of sequences that fit side by side these
    need not be all steps, if those before were run last in the same room.
    """
    taps, n_together, n_ahead = network.taps, len(work.drive), work.drive.shape[1]
    first_sample, end, first, last = stretch
    for begin in range(first_sample, end, n_together):
        n_left = end - begin
        n_opened = n_left if n_left < n_together else n_together
        n_steps = last if last < lengths[begin] else lengths[begin]
        for b in range(0 if first else n_opened):
            sample = begin + b
            place, past = (work.heard, b, sample), at(before.past, (sample,))
            spk, spikes = at(before.spk, (sample,)), at(work.spikes, (1, b))
            n_spikes = part(at(work.n_spikes, (1,)), b, 1)
            where = starts[sample], lengths[sample]
            call_open(kernels.open, (*place, past, frames, *where, taps, spk, spikes, n_spikes))
            values, copy = flat(at(before.neurons, (sample,))), flat(at(after.neurons, (sample,)))
            for i in range(len(values)):
                copy[i] = values[i]
        n_running = n_opened
        for t in range(first, n_steps):
            while lengths[begin + n_running - 1] <= t:
                n_running -= 1
            for b in range(n_running):
                work.n_spikes[t % 2, b] = 0
                if t % n_ahead == 0:
                    ahead = b, t, lengths[begin + b] - t
                    call_hear(kernels.hear, (at(work.drive, (b,)), work.heard, *ahead, taps))
            for slab in range(len(network.constants)):
                for b in range(n_running):
                    advance_slab(kernels, b, begin + b, t, slab, network, after, sums, work)
            for b in range(n_running):
                sample = begin + b
                spikes = part(at(work.spikes, (t % 2, b)), 0, work.n_spikes[t % 2, b])
                if len(sums.counts) and sums.trace.shape[1]:
                    add_to_trace(at(sums.trace, (sample,)), sums.trace_decay, spikes)
                if len(sums.counts):
                    states = flat(at(after.neurons, (sample,)))
                    room = work.potentials, work.tops
                    for counts, sign in ((sums.wins, 1), (sums.losses, -1)):
                        if counts.shape[1]:
                            signed = states, network.potentials, np.float32(sign)
                            add_wins(*signed, *room, at(counts, (sample,)))
                if len(kept.frames):
                    states = at(after.neurons, (sample,))
                    call_keep(kernels.keep, (kept, starts[sample] + t, spikes, states))
        for b in range(n_opened if last >= lengths[begin] else 0):
            sample = begin + b
            odd = 1 - lengths[sample] % 2
            spikes = part(at(work.spikes, (odd, b)), 0, work.n_spikes[odd, b])
            past, spk = at(after.past, (sample,)), at(after.spk, (sample,))
            call_close(kernels.close, (work.heard, b, past, lengths[sample], spk, spikes))
