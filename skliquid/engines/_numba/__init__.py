"""The Numba engine: event-driven, the fast path on a CPU.

A step costs what its spikes cost: the outgoing weights of the neurons that fired are added
up as int16, exact on the liquid's grid, from rows that stay in the cache. Sequences are
shared out among Python threads, which the kernels let run side by side; Numba's own
threading is not used, because its layers abort in forked or concurrently threaded processes.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from numba import config

from ...pooling import PoolingPlan, Pools
from ...reservoirs.fixed_point import UNIT_EXPONENT
from ...reservoirs.liquid import Liquid
from ...sequences import Sequences
from .loop import run
from .vectors import SUM_CHUNK

# The rows of a slab of neurons take about this much memory, as much as a large L2 cache has.
_SLAB_BYTES = 2**21
# Measured times in ns, from which the form of the weights is chosen: of one byte of a row that
# comes from the L2 cache, of one that comes from beyond, and of one synapse of a list.
_ROW_BYTE_NEAR, _ROW_BYTE_FAR, _SYNAPSE = 0.009, 0.025, 0.6
# Sequences that go through a step together where there is more than one slab.
_TOGETHER = 64
# Shares of the sequences for each thread: the last ones even out what the first ones did not.
_SHARES = 2
_UNIT = 2.0**-UNIT_EXPONENT
_CACHE_LINE, _HUGE_PAGE = 64, 2**21
_NO_TAPS = (
    np.zeros(0, dtype=np.int64),
    *np.zeros((2, 0), dtype=np.int32),
    np.zeros(0, dtype=np.float64),
    0,
)
_NO_FATIGUE = (*np.zeros((2, 0), dtype=np.float32), np.zeros(0, dtype=np.int32))


@dataclass(frozen=True)
class Prepared:
    """A liquid as the kernels read it; neurons that never fire fill the last slab.

    Parameters
    ----------
    n_padded : int
        Number of neurons with those that never fire.
    places : slice or ndarray of shape (n,)
        Where the liquid's neurons are among them.
    neurons : tuple
        Input offset and gain, input weights (slabs, channels, width), bias, decay and
        threshold of all neurons.
    recurrence : tuple
        Rows of weights (slabs, n, width), or with no rows the offsets of the synapses and the
        synapses themselves; and a unit of weight in units of potential.
    taps : tuple
        Offsets, channels, delays and weights of the input taps, and the longest delay. Where
        the taps are one for each channel, they are the input weights, and nothing here.
    fatigue : tuple
        Adaptation, its decay and refractory steps of all neurons, or of none.
    """

    n_padded: int
    places: Any
    neurons: tuple[Any, ...]
    recurrence: tuple[Any, ...]
    taps: tuple[Any, ...]
    fatigue: tuple[Any, ...]


def prepare(liquid: Liquid) -> Prepared:
    """Lay the weights out in slabs."""
    n = liquid.n_neurons
    is_sparse = _is_sparse(liquid)
    places: Any = slice(n)
    if is_sparse and len(liquid.synapse_units):
        liquid, places = _by_degree(liquid)
    width = _slab_width(n, is_sparse)
    n_slabs = -(-n // width)
    n_padded = n_slabs * width
    units = np.float32(2.0**UNIT_EXPONENT)
    taps = _taps(liquid, n_padded)
    n_channels = 0 if len(taps[0]) else liquid.n_channels
    weights_in = np.zeros((n_padded, n_channels), dtype=np.float32)
    bias, beta = np.zeros((2, n_padded), dtype=np.float32)
    threshold = np.full(n_padded, np.inf, dtype=np.float32)
    weights_in[:n] = units * liquid.input_weights[:, :n_channels]
    bias[:n] = units * liquid.bias
    beta[:n] = liquid.beta
    threshold[:n] = units * liquid.threshold
    slabs_in = weights_in.reshape(n_slabs, width, n_channels).transpose(0, 2, 1)
    neurons = (
        liquid.input_offset,
        liquid.input_gain,
        _aligned(slabs_in),
        _aligned(bias),
        _aligned(beta),
        _aligned(threshold),
    )
    weight_units = np.float32(2.0 ** (UNIT_EXPONENT - liquid.weight_exponent))
    synapses: Any = np.zeros(0, dtype=np.uint32)
    n_rows = 0 if is_sparse else n
    alignment = _HUGE_PAGE if 2 * n_rows * width >= _HUGE_PAGE // 4 else _CACHE_LINE
    rows = _aligned_zeros((n_slabs, n_rows, width), np.int16, alignment)
    if is_sparse:
        # Beyond 2**16 neurons a target has no room beside its weight in 32 bits.
        packed: Any = np.uint32 if n <= 2**16 else np.uint64
        synapses = liquid.synapse_targets.astype(packed) << packed(16)
        synapses |= liquid.synapse_units.view(np.uint16)
    else:
        source = np.repeat(np.arange(n), np.diff(liquid.synapse_offsets))
        slab, column = np.divmod(liquid.synapse_targets, width)
        rows[slab, source, column] = liquid.synapse_units
    recurrence = (rows, liquid.synapse_offsets, synapses, weight_units)
    return Prepared(n_padded, places, neurons, recurrence, taps, _fatigue(liquid, n_padded))


def _by_degree(liquid: Liquid) -> tuple[Liquid, np.ndarray]:
    """Order neurons by their number of outgoing synapses; return where each has gone.

    The processor foresees the end of a list of synapses if the one before was as long.
    """
    degree = np.diff(liquid.synapse_offsets)
    order = np.argsort(degree, kind="stable")
    places = np.argsort(order, kind="stable")
    synapses = _segments(liquid.synapse_offsets, order)
    taps = _segments(liquid.tap_offsets, order)
    moved = {
        name: getattr(liquid, name)[order]
        for name in ("bias", "beta", "threshold", "adaptation", "adaptation_beta", "refractory")
    }
    return replace(
        liquid,
        synapse_offsets=np.concatenate([[0], np.cumsum(degree[order])]),
        synapse_targets=places[liquid.synapse_targets[synapses]].astype(np.int32),
        synapse_units=liquid.synapse_units[synapses],
        tap_offsets=np.concatenate([[0], np.cumsum(np.diff(liquid.tap_offsets)[order])]),
        tap_channels=liquid.tap_channels[taps],
        tap_delays=liquid.tap_delays[taps],
        tap_weights=liquid.tap_weights[taps],
        **moved,
    ), places


def _segments(offsets: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Indices of the items of segments put into another order."""
    lengths = np.diff(offsets)[order]
    ends = np.cumsum(lengths)
    return np.arange(offsets[-1]) + np.repeat(offsets[order] - (ends - lengths), lengths)


def _taps(liquid: Liquid, n_padded: int) -> tuple[Any, ...]:
    """Input taps in units of potential, neurons that never fire having none."""
    if not liquid.max_delay and len(liquid.tap_weights) == liquid.n_neurons * liquid.n_channels:
        return _NO_TAPS
    weights = np.ldexp(liquid.tap_weights.astype(np.float64), UNIT_EXPONENT)
    offsets = np.full(n_padded + 1, len(weights), dtype=np.int64)
    offsets[: liquid.n_neurons + 1] = liquid.tap_offsets
    return (offsets, liquid.tap_channels, liquid.tap_delays, weights, liquid.max_delay)


def _fatigue(liquid: Liquid, n_padded: int) -> tuple[Any, ...]:
    if not liquid.is_fatigable:
        return _NO_FATIGUE
    adaptation, decay = np.zeros((2, n_padded), dtype=np.float32)
    refractory = np.zeros(n_padded, dtype=np.int32)
    adaptation[: liquid.n_neurons] = np.ldexp(liquid.adaptation, UNIT_EXPONENT)
    decay[: liquid.n_neurons] = liquid.adaptation_beta
    refractory[: liquid.n_neurons] = liquid.refractory
    return (adaptation, decay, refractory)


def _is_sparse(liquid: Liquid) -> bool:
    """Tell whether a list of synapses is read faster than whole rows of weights."""
    n = liquid.n_neurons
    row_byte = _ROW_BYTE_NEAR if 2 * n * n <= _SLAB_BYTES else _ROW_BYTE_FAR
    return _SYNAPSE * liquid.density * n < row_byte * 2 * n


def _slab_width(n: int, is_sparse: bool) -> int:
    """Neurons of a slab: whole chunks, and as equal as can be among the slabs."""
    n_chunks = -(-n // SUM_CHUNK)
    if is_sparse:
        return n_chunks * SUM_CHUNK
    n_slabs = max(1, round(2 * n * n_chunks * SUM_CHUNK / _SLAB_BYTES))
    return -(-n_chunks // n_slabs) * SUM_CHUNK


def _aligned_zeros(shape: tuple[int, ...], dtype: Any, alignment: int = _CACHE_LINE) -> np.ndarray:
    """Zeros whose address is a multiple of the alignment; a load across two lines costs twice.

    In small pages, scattered in memory, a table as large as the L2 cache finds no room in parts
    of it. NumPy asks for huge pages from 4 MiB on, so a buffer of that size is taken for one.
    """
    n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    n_units = max(-(-n_bytes // alignment), 1)
    buffer = np.empty((n_units + 1) * alignment, dtype=np.uint8)
    buffer.fill(0)  # not np.zeros, which asks for no huge pages in every version
    start = -buffer.ctypes.data % alignment
    return buffer[start : start + n_bytes].view(dtype).reshape(shape)


def _aligned(values: np.ndarray) -> np.ndarray:
    copy = _aligned_zeros(values.shape, values.dtype)
    copy[...] = values
    return copy


def accumulate(
    prepared: Prepared,
    sequences: Sequences,
    samples: np.ndarray,
    plan: PoolingPlan,
) -> Pools:
    """Run some sequences, longest first, and pool them."""
    starts, lengths = sequences.offsets[samples], sequences.lengths[samples]
    batch, n_padded = len(samples), prepared.n_padded
    has_bursts = plan.needs("bursts", "longest_burst", "first_spike")
    has_rectified = plan.needs("rectified")
    has_potentials, has_trace = plan.needs("membrane", "potentials"), plan.needs("trace")
    has_last = plan.needs("last")
    counts = _aligned_zeros((batch, plan.n_windows, n_padded), np.int32)
    bursts, longest_burst, first_spike = (
        _aligned_zeros((batch, n_padded * has_bursts), np.int32) for _ in range(3)
    )
    first_spike[:] = -1
    rectified = _aligned_zeros((batch, n_padded * has_rectified), np.float64)
    potentials = _aligned_zeros((batch, plan.n_windows * has_potentials, n_padded), np.float64)
    trace = _aligned_zeros((batch, n_padded * has_trace), np.float32)
    mem = _aligned_zeros((batch, n_padded), np.float32)
    spk = np.zeros((batch, n_padded * has_last), dtype=np.float32)
    pools = (
        *(counts, bursts, longest_burst, first_spike),
        *(rectified, potentials, trace, mem, spk),
    )
    run(
        sequences.frames,
        starts,
        lengths,
        (prepared.neurons, prepared.recurrence, prepared.taps, prepared.fatigue),
        pools,
        np.float32(plan.trace_decay),
        min(_TOGETHER, batch) if _has_slabs(prepared) else 1,
    )
    single = np.float32(_UNIT)

    def ours(values: np.ndarray) -> np.ndarray:
        """Values of the liquid's neurons in their order."""
        if isinstance(prepared.places, slice):
            return values[..., prepared.places]
        return np.take(values, prepared.places, axis=-1)  # faster than an index

    return Pools(
        counts=ours(counts),
        bursts=ours(bursts) if plan.needs("bursts") else None,
        longest_burst=ours(longest_burst) if plan.needs("longest_burst") else None,
        first_spike=ours(first_spike) if plan.needs("first_spike") else None,
        rectified=ours(rectified) * _UNIT if has_rectified else None,
        potentials=ours(potentials) * _UNIT if has_potentials else None,
        trace=ours(trace) * single if has_trace else None,
        mem=ours(mem) * single if has_last else None,
        spk=ours(spk) if has_last else None,
    )


def in_shares(
    function: Callable[[slice], None], prepared: Prepared, lengths: np.ndarray, n_jobs: int | None
) -> None:
    """Call a function with each share of the sequences, from several threads."""
    # Numba's limit is what joblib leaves to each of its worker processes.
    n_threads = min(effective_n_jobs(n_jobs), config.NUMBA_NUM_THREADS, len(lengths))
    if n_threads == 1:
        function(slice(None))
        return
    # Sequences that share the slabs of a step are best kept together.
    shares_per_thread = 1 if _has_slabs(prepared) else _SHARES
    with ThreadPoolExecutor(n_threads) as threads:
        # Reading the results raises what a thread raised.
        list(threads.map(function, _shares(lengths, shares_per_thread * n_threads)))


def _has_slabs(prepared: Prepared) -> bool:
    return bool(prepared.recurrence[0].shape[0] > 1)


def _shares(lengths: np.ndarray, n_shares: int) -> list[slice]:
    """Cut sequences into runs of about the same number of time steps."""
    done = np.cumsum(lengths)
    targets = done[-1] * np.arange(1, n_shares) / n_shares
    cuts = np.unique([0, *np.searchsorted(done, targets, side="right"), len(lengths)])
    return [slice(int(first), int(last)) for first, last in pairwise(cuts)]
