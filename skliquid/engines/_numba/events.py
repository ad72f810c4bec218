"""The input current of events: sums over the taps of the channels that are not silent.

::

    I[t] = b + sum of w x0 over the taps of delays up to t + sum over events of w (x^ - x0)

with x0 what a silent channel is standardised to, and the first sum what it gives from the first
step on. Each partial sum is the current of frames of which some values are x0, or before the first
step zero, so that it is as exact as the sum over dense frames (:mod:`skliquid.reservoirs.
fixed_point`) and the bits are the same.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import float32, float64, int32, int64, types, uint8

from ..._compile import inner, spliced
from ...events import Events
from .._lockstep import on_grid
from ..protocol import Batch
from .by_address import at, flat
from .taps import INPUT, Input, list_before

# Fewest steps whose currents are summed at a time, and sums of more: 8 MiB, which a cache holds.
_FEWEST, _MOST_SUMS = 128, 2**20
# Blocks of steps that the longest delay is to span: for each an event is looked up once.
_BLOCKS = 32


class EventTaps(NamedTuple):
    """Taps in the order of channel, delay and neuron.

    Parameters
    ----------
    exponent : int
        Delays are cut into blocks of ``2**exponent`` steps, and so is time.
    firsts : ndarray of shape (n_channels, n_blocks), dtype int64
        Number of the first tap of each channel whose delay is in a block or beyond; of the last
        two blocks, that of the next channel.
    places : ndarray of shape (n_taps,), dtype int32
        ``delay * n_padded + neuron``, with the delay counted from the beginning of its block.
    weights : ndarray of shape (n_taps,), dtype float32
        Weights in units of potential.
    delays, neurons : ndarray of shape (n_taps,), dtype int32
        Of each tap.
    channels : ndarray of shape (n_taps,), dtype int32
        Of each tap.
    """

    exponent: int
    firsts: np.ndarray
    places: np.ndarray
    weights: np.ndarray
    delays: np.ndarray
    neurons: np.ndarray
    channels: np.ndarray


def by_channel(taps: Input, may_be_long: bool) -> EventTaps:
    """Sort the taps of a liquid for its events, in blocks that may be longer than the fewest."""
    n_channels, n_padded = len(taps.input_offset), len(taps.bias)
    most = max(_FEWEST, _MOST_SUMS // n_padded) if may_be_long else _FEWEST
    exponent = min(max(_FEWEST, taps.max_delay // _BLOCKS), most).bit_length() - 1
    if len(taps.offsets):
        neuron = np.repeat(np.arange(n_padded), np.diff(taps.offsets))
        channel, delay, weight = taps.channels, taps.delays, taps.tap_weights
    else:
        channel, neuron = np.nonzero(taps.weights)
        delay, weight = np.zeros(len(channel), np.int32), taps.weights[channel, neuron]
    order = np.lexsort((neuron, delay, channel))
    channel, delay, neuron = channel[order], delay[order], neuron[order]
    n_blocks = (taps.max_delay >> exponent) + 3
    # As one number, channel and delay are in ascending order.
    span = n_blocks << exponent
    blocks = np.arange(n_channels)[:, np.newaxis] * span + (np.arange(n_blocks) << exponent)
    firsts = np.searchsorted(channel.astype(np.int64) * span + delay, blocks)
    return EventTaps(
        exponent,
        firsts.astype(np.int64),
        ((delay & ((1 << exponent) - 1)) * n_padded + neuron).astype(np.int32),
        weight[order].astype(np.float32),
        *(each.astype(np.int32) for each in (delay, neuron, channel)),
    )


class Heard(NamedTuple):
    """Events of a batch, and room for what they drive, `n_together` sequences side by side.

    Parameters
    ----------
    exponent, firsts, places, weights : int and ndarray
        As in :class:`EventTaps`.
    onset_firsts : ndarray of shape (max_delay + 2,), dtype int64
        Number of the first onset of each delay.
    onset_neurons, onsets : ndarray of shape (n_taps,), dtype int32 and float64
        Neuron and current ``w x0`` of each tap in the order of delays; none where x0 is 0.
    silent : ndarray of shape (n_channels,), dtype float64
        What silence is standardised to.
    indptr : ndarray of shape (n_frames + 1,), dtype int64
        Number of the first event of each frame.
    channels : ndarray of shape (n_events,), dtype int32
        Channel of each event.
    deviations : ndarray of shape (n_heard,), dtype float64
        Standardised values of the events of the batch, less those of silence.
    starts, shifts : ndarray of shape (batch,), dtype int64
        First frame of each sequence, and how far its deviations stand before its events.
    pasts : ndarray of shape (batch, n_channels, max_delay), dtype float64
        The last standardised frames before.
    samples : ndarray of shape (n_together,), dtype int64
        Which sequence is run at each place.
    has_past : ndarray of shape (n_together,), dtype uint8
        Whether anything was heard before.
    base : ndarray of shape (n_together, n_padded), dtype float64
        What bias and silence drive.
    sums : ndarray of shape (2**exponent, n_padded), dtype float64
        What the events drive in the steps of a block; zero when none is summed.
    """

    exponent: int
    firsts: np.ndarray
    places: np.ndarray
    weights: np.ndarray
    onset_firsts: np.ndarray
    onset_neurons: np.ndarray
    onsets: np.ndarray
    silent: np.ndarray
    indptr: np.ndarray
    channels: np.ndarray
    deviations: np.ndarray
    starts: np.ndarray
    shifts: np.ndarray
    pasts: np.ndarray
    samples: np.ndarray
    has_past: np.ndarray
    base: np.ndarray
    sums: np.ndarray


def heard(
    batch: Batch, taps: Input, by_channel: EventTaps, pasts: np.ndarray, n_together: int
) -> Heard:
    """Make the events of a batch, and room for what they drive, ready for the kernels."""
    frames: Events = batch.frames
    offset, gain, n_padded = taps.input_offset, taps.input_gain, len(taps.bias)
    silent = on_grid(frames.silent, offset, gain)
    indptr = frames.events.indptr.astype(np.int64)
    begins, ends = indptr[batch.starts], indptr[batch.starts + batch.lengths]
    places = np.cumsum(ends - begins) - (ends - begins)
    mine = np.repeat(begins - places, ends - begins)
    mine += np.arange(len(mine))
    channels = frames.events.indices
    own = channels[mine]
    return Heard(
        *by_channel[:4],
        *_onsets(by_channel, silent, taps.max_delay),
        silent,
        indptr,
        np.require(channels, np.int32, ["C", "A", "W"]),  # those of a mapped file are read-only
        on_grid(frames.events.data[mine], offset[own], gain[own]) - silent[own],
        batch.starts.astype(np.int64),
        begins - places,
        pasts,
        samples=np.empty(n_together, dtype=np.int64),
        has_past=np.empty(n_together, dtype=np.uint8),
        base=np.empty((n_together, n_padded)),
        sums=np.zeros((1 << by_channel.exponent, n_padded)),
    )


def _onsets(taps: EventTaps, silent: np.ndarray, max_delay: int) -> tuple[Any, Any, Any]:
    """Currents that silence drives from the step of their delay on."""
    is_driven = np.flatnonzero(silent[taps.channels])
    order = is_driven[np.argsort(taps.delays[is_driven], kind="stable")]
    firsts = np.searchsorted(taps.delays[order], np.arange(max_delay + 2))
    onsets = taps.weights[order].astype(np.float64) * silent[taps.channels[order]]
    return firsts.astype(np.int64), taps.neurons[order], onsets


@inner
def open_events(room, b, sample, past, frames, first, length, taps, spk, spikes, n_spikes):
    """Take up a sequence of events where its state left it."""
    room.samples[b] = sample
    values, base = flat(past), at(room.base, (b,))
    has_past = np.uint8(0)
    for i in range(len(values)):
        has_past |= np.uint8(values[i] != 0)
    room.has_past[b] = has_past
    for i in range(len(base)):
        base[i] = taps.bias[i]
    list_before(spk, spikes, n_spikes)


@spliced
def add_event(sums, room, channel, value, lead, n_padded):
    """Add what an event drives in a block of steps that begins `lead` steps after it.

    The delays are those of two blocks: of the first the last ones, of the second the first ones.
    """
    firsts, block = at(room.firsts, (np.int64(channel),)), lead >> room.exponent
    low = (lead - (block << room.exponent)) * n_padded
    # Unsigned, so that Numba does not look for negative indices.
    j, end = np.uint64(firsts[block + 1]), np.uint64(firsts[block + 2])
    after = len(sums) - low
    while j < end and room.places[j] < low:
        sums[np.uint64(room.places[j] + after)] += room.weights[j] * value
        j += np.uint64(1)
    if block < 0:
        return
    j, end = np.uint64(firsts[block]), np.uint64(firsts[block + 1])
    while j < end and room.places[j] < low:
        j += np.uint64(1)
    while j < end:
        sums[np.uint64(room.places[j] - low)] += room.weights[j] * value
        j += np.uint64(1)


@inner
def hear_events(drive, room, b, t, n_left, taps):
    """Input currents of the next steps from `t`, those of a block or the `n_left` left."""
    n_steps, n_padded = len(room.sums), drive.shape[1]
    n_steps = n_left if n_left < n_steps else n_steps
    sample, max_delay = room.samples[b], taps.max_delay
    sums, base = flat(room.sums), at(room.base, (b,))
    start, shift = room.starts[sample], room.shifts[sample]
    for s in range(t - max_delay if t > max_delay else 0, t + n_steps):
        for k in range(room.indptr[start + s], room.indptr[start + s + 1]):
            add_event(sums, room, room.channels[k], room.deviations[k - shift], t - s, n_padded)
    if room.has_past[b]:
        past = at(room.pasts, (sample,))
        for channel in range(len(past)):
            for k in range(t, max_delay):
                if past[channel, k] != 0:
                    lead = t + max_delay - k
                    add_event(sums, room, channel, past[channel, k], lead, n_padded)
    for step in range(n_steps):
        if t + step <= max_delay:
            for j in range(room.onset_firsts[t + step], room.onset_firsts[t + step + 1]):
                base[room.onset_neurons[j]] += room.onsets[j]
        take_sums(at(drive, (step,)), at(room.sums, (step,)), base)
    for i in range(n_steps * n_padded, len(sums)):
        sums[i] = 0


@inner
def take_sums(current, sums, base):
    """Round sums to currents, and leave zeros."""
    for i in range(len(current)):
        current[i] = np.rint(sums[i] + base[i])
        sums[i] = 0


@inner
def close_events(room, b, past, length, spk, spikes):
    """Leave in its state what the next piece of a sequence of events goes on from."""
    for neuron in range(len(spk)):
        spk[neuron] = 0
    for neuron in spikes:
        spk[neuron] = 1
    sample, max_delay = room.samples[b], past.shape[1]
    before, start = at(room.pasts, (sample,)), room.starts[sample]
    n_kept = max_delay - length if max_delay > length else 0
    for channel in range(len(past)):
        for k in range(n_kept):
            past[channel, k] = before[channel, k + length]
        for k in range(n_kept, max_delay):
            past[channel, k] = room.silent[channel]
    first = length - max_delay
    for s in range(first if first > 0 else 0, length):
        for k in range(room.indptr[start + s], room.indptr[start + s + 1]):
            past[room.channels[k], s - first] += room.deviations[k - room.shifts[sample]]


HEARD = types.NamedTuple(
    (
        *(int64, int64[:, ::1], int32[::1], float32[::1]),
        *(int64[::1], int32[::1], float64[::1], float64[::1]),
        *(int64[::1], int32[::1], float64[::1], int64[::1], int64[::1]),
        *(float64[:, :, ::1], int64[::1], uint8[::1], float64[:, ::1], float64[:, ::1]),
    ),
    Heard,
)
HEAR_EVENTS = types.void(float32[:, ::1], HEARD, int64, int64, int64, INPUT)
