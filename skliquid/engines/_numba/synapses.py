"""The recurrent current: sums of the outgoing weights of the neurons that fired."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import float32, int16, int32, int64, types, uint32, uint64

from ..._compile import inner, spliced
from .by_address import at, call_by_address
from .vectors import (
    HAS_COMPRESS,
    HAS_VECTORS,
    NEURON_CHUNK,
    SUM_CHUNK,
    add_row_sum,
    address,
    prefetch,
    store_spikes,
)

# Lists of this many synapses stay in the cache without being asked for.
NEAR_SYNAPSES = 2**16


class Recurrence(NamedTuple):
    """Recurrent weights, as rows or as lists of synapses.

    Parameters
    ----------
    rows : ndarray of shape (n_slabs, n, width), dtype int16
        Weights from each neuron onto those of each slab; or of shape (1, 0, width).
    offsets : ndarray of shape (n + 1,), dtype int64
        The synapses of each neuron, where there are no rows.
    synapses : ndarray of shape (n_synapses,), dtype uint32
        Target in the upper half, weight in the lower.
    units : float32
        A unit of weight in units of potential.
    """

    rows: np.ndarray
    offsets: np.ndarray
    synapses: np.ndarray
    units: np.float32


@inner
def add_total(current, total, units):
    """Add sums of weights to a current."""
    for i in range(len(current)):
        current[i] += units * np.float32(total[i])


@inner
def add_rows_plain(current, rows, spikes, units, total):
    """Add the rows of the neurons that fired to the current of those of a slab."""
    for i in range(len(total)):
        total[i] = 0
    for source in spikes:
        for i in range(len(total)):
            total[i] += rows[source, i]
    add_total(current, total, units)


@inner
def add_rows_by_vectors(current, rows, spikes, units, total):
    """The same, for a width that is a multiple of ``SUM_CHUNK``."""
    row_bytes = 2 * len(current)
    for first in range(0, len(current), SUM_CHUNK):
        at_current, at_rows = address(current) + 4 * first, address(rows) + 2 * first
        add_row_sum(at_current, at_rows, row_bytes, address(spikes), len(spikes), units)


add_rows = add_rows_by_vectors if HAS_VECTORS else add_rows_plain


@inner
def add_lists(current, offsets, synapses, spikes, units, total):
    """The same from lists of synapses."""
    for i in range(len(total)):
        total[i] = 0
    at_synapses = address(synapses)
    is_far = synapses.size > NEAR_SYNAPSES
    for k in range(len(spikes)):
        if is_far and k + 1 < len(spikes):
            following = spikes[k + 1]
            for s in range(offsets[following], offsets[following + 1], 16):
                prefetch(at_synapses + synapses.itemsize * s)
        # Unsigned, so that Numba does not look for negative indices, and in a loop that LLVM does
        # not unroll, because most lists are short.
        source = np.uint64(spikes[k])
        s, end = np.uint64(offsets[source]), np.uint64(offsets[source + np.uint64(1)])
        while s < end:
            synapse = synapses[s]
            total[synapse >> np.uint32(16)] += np.int16(synapse & np.uint32(0xFFFF))
            s += np.uint64(1)
    add_total(current, total, units)


_SHARED = (int32[::1], float32, int16[::1])
ADD_ROWS = types.void(float32[::1], int16[:, ::1], *_SHARED)
# By the type of the synapses.
ADD_LISTS = {
    kind.name: types.void(float32[::1], int64[::1], kind[::1], *_SHARED)
    for kind in (uint32, uint64)
}
call_rows = call_by_address(ADD_ROWS)
call_lists = call_by_address(*ADD_LISTS.values())


@spliced
def add_echo(echo, current, recurrence, slab, spikes, total):
    """Add the current that spikes drive into the neurons of a slab."""
    if len(spikes) == 0:
        return
    units = recurrence.units
    if recurrence.rows.shape[1]:
        call_rows(echo, (current, at(recurrence.rows, (slab,)), spikes, units, total))
    else:
        call_lists(echo, (current, recurrence.offsets, recurrence.synapses, spikes, units, total))


@inner
def list_spikes_plain(out, first, fired):
    """Write the numbers of the neurons that fired, from `first` on; return how many."""
    n_stored = 0
    for i in range(len(fired)):
        out[n_stored] = first + i
        n_stored += fired[i]
    return n_stored


@inner
def list_spikes_by_vectors(out, first, fired):
    """The same, with room for 16 numbers more."""
    n_stored = 0
    for i in range(0, len(fired), NEURON_CHUNK):
        at_out = address(out) + 4 * n_stored
        n_stored += store_spikes(at_out, first + i, address(fired) + i)
    return n_stored


list_spikes = list_spikes_by_vectors if HAS_COMPRESS else list_spikes_plain
