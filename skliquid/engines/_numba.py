"""The Numba engine: event-driven, the fast path on a CPU.

A step costs what its spikes cost: the outgoing weights of the neurons that fired are added
up as int16, exact on the liquid's grid, from rows that stay in the cache. Sequences are
shared out among Python threads, which the kernels let run side by side; Numba's own
threading is not used, because its layers abort in forked or concurrently threaded processes.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from numba import config

from ..fixed_point import UNIT_EXPONENT
from ..liquid import Liquid
from ..pooling import PoolingPlan, Pools
from ..sequences import Sequences
from ._kernels import run
from ._simd import SUM_CHUNK

# Below this density a list of synapses is read faster than whole rows.
_SPARSE_BELOW = 0.02
# The rows of a slab of neurons take about this much memory, as much as a large L2 cache has.
_SLAB_BYTES = 2**21
# Sequences that go through a step together where there is more than one slab.
_TOGETHER = 64
# Shares of the sequences for each thread: the last ones even out what the first ones did not.
_SHARES = 4
_UNIT = 2.0**-UNIT_EXPONENT


@dataclass(frozen=True)
class Prepared:
    """A liquid as the kernels read it; neurons that never fire fill the last slab.

    Parameters
    ----------
    n_neurons : int
        Number of neurons.
    neurons : tuple
        Input offset and gain, input weights (slabs, channels, width), bias, decay and
        threshold of all neurons.
    recurrence : tuple
        Rows of weights (slabs, n, width), or with no rows the offsets of the synapses and the
        synapses themselves; and a unit of weight in units of potential.
    """

    n_neurons: int
    neurons: tuple[Any, ...]
    recurrence: tuple[Any, ...]


def prepare(liquid: Liquid) -> Prepared:
    """Lay the weights out in slabs."""
    n = liquid.n_neurons
    is_sparse = liquid.density < _SPARSE_BELOW
    width = _slab_width(n, is_sparse)
    n_slabs = -(-n // width)
    units = 2.0**UNIT_EXPONENT
    weights_in = np.zeros((n_slabs * width, liquid.n_channels))
    bias = np.zeros(n_slabs * width)
    beta = np.zeros(n_slabs * width, dtype=np.float32)
    threshold = np.full(n_slabs * width, np.inf, dtype=np.float32)
    weights_in[:n] = units * liquid.input_weights.astype(np.float64)
    bias[:n] = units * liquid.bias.astype(np.float64)
    beta[:n] = liquid.beta
    threshold[:n] = np.float32(units) * liquid.threshold
    slabs_in = weights_in.reshape(n_slabs, width, -1).transpose(0, 2, 1)
    neurons = (
        liquid.input_offset,
        liquid.input_gain,
        _aligned(slabs_in),
        _aligned(bias),
        _aligned(beta),
        _aligned(threshold),
    )
    weight_units = np.float32(2.0 ** (UNIT_EXPONENT - liquid.weight_exponent))
    synapses = np.zeros(0, dtype=np.int32)
    rows = _aligned_zeros((n_slabs, 0 if is_sparse else n, width), np.int16)
    if is_sparse:
        synapses = (liquid.synapse_targets << 16) | liquid.synapse_units.view(np.uint16)
    else:
        source = np.repeat(np.arange(n), np.diff(liquid.synapse_offsets))
        slab, column = np.divmod(liquid.synapse_targets, width)
        rows[slab, source, column] = liquid.synapse_units
    recurrence = (rows, liquid.synapse_offsets, synapses.astype(np.int32), weight_units)
    return Prepared(n, neurons, recurrence)


def _slab_width(n: int, is_sparse: bool) -> int:
    """Neurons of a slab: whole chunks, and as equal as can be among the slabs."""
    n_chunks = -(-n // SUM_CHUNK)
    if is_sparse:
        return n_chunks * SUM_CHUNK
    n_slabs = max(1, round(2 * n * n_chunks * SUM_CHUNK / _SLAB_BYTES))
    return -(-n_chunks // n_slabs) * SUM_CHUNK


def _aligned_zeros(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Zeros that start at a cache line; a load across two lines costs twice."""
    n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    buffer = np.zeros(n_bytes + 64, dtype=np.uint8)
    start = -buffer.ctypes.data % 64
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
    n_jobs: int | None = None,
) -> Pools:
    """Run some sequences, longest first, and pool them."""
    starts, lengths = sequences.offsets[samples], sequences.lengths[samples]
    rows = prepared.recurrence[0]
    batch, n_padded = len(samples), rows.shape[0] * rows.shape[2]
    has_potentials, has_trace = plan.needs("membrane", "potentials"), plan.needs("trace")
    counts = _aligned_zeros((batch, plan.n_windows, n_padded), np.int32)
    potentials = _aligned_zeros((batch, plan.n_windows * has_potentials, n_padded), np.float64)
    trace = _aligned_zeros((batch, n_padded * has_trace), np.float32)
    mem = _aligned_zeros((batch, n_padded), np.float32)
    spk = np.zeros((batch, n_padded), dtype=np.float32)

    def run_share(part: slice) -> None:
        pools = (counts[part], potentials[part], trace[part], mem[part], spk[part])
        run(
            sequences.frames,
            starts[part],
            lengths[part],
            prepared.neurons,
            prepared.recurrence,
            pools,
            np.float32(plan.trace_decay),
            min(_TOGETHER, part.stop - part.start) if rows.shape[0] > 1 else 1,
        )

    # Numba's limit is what joblib leaves to each of its worker processes.
    n_threads = min(effective_n_jobs(n_jobs), config.NUMBA_NUM_THREADS, batch)
    shares = _shares(lengths, 1 if n_threads == 1 else _SHARES * n_threads)
    if n_threads == 1:
        for share in shares:
            run_share(share)
    else:
        threads = Parallel(n_jobs=n_threads, require="sharedmem")
        threads(delayed(run_share)(share) for share in shares)
    n = prepared.n_neurons
    single = np.float32(_UNIT)
    return Pools(
        counts=counts[:, :, :n],
        potentials=potentials[:, :, :n] * _UNIT if has_potentials else None,
        trace=trace[:, :n] * single if has_trace else None,
        mem=mem[:, :n] * single,
        spk=spk[:, :n],
    )


def _shares(lengths: np.ndarray, n_shares: int) -> list[slice]:
    """Cut sequences into runs of about the same number of time steps."""
    done = np.cumsum(lengths)
    targets = done[-1] * np.arange(1, n_shares) / n_shares
    cuts = np.unique([0, *np.searchsorted(done, targets, side="right"), len(lengths)])
    return [slice(int(first), int(last)) for first, last in pairwise(cuts)]
