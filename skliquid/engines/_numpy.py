"""The NumPy engine: the liquid's equations as plainly as they can be written.

It is the oracle that every other engine is tested against.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..fixed_point import INPUT_EXPONENT, INPUT_LIMIT, UNIT_EXPONENT, to_grid
from ..liquid import Liquid
from ..pooling import POTENTIAL_LIMIT, PoolingPlan, Pools, window_of
from ..sequences import Sequences

# Above this density a dense product with threaded BLAS is faster than a sparse one.
_DENSE_FROM = 0.02


def input_current(frames: np.ndarray, liquid: Liquid) -> np.ndarray:
    """Current that frames of shape (..., n_channels) drive into the neurons, (..., n)."""
    x = (frames - liquid.input_offset) * liquid.input_gain
    x = to_grid(np.clip(x, -INPUT_LIMIT, INPUT_LIMIT), INPUT_EXPONENT).astype(np.float64)
    current = x @ liquid.input_weights.T.astype(np.float64) + liquid.bias
    return to_grid(current, UNIT_EXPONENT).astype(np.float32)


def decay(values: np.ndarray, beta: np.ndarray | np.float32) -> np.ndarray:
    """One step of exponential decay, rounded to the unit grid."""
    return to_grid(beta * values, UNIT_EXPONENT)


@dataclass(frozen=True)
class Prepared:
    """A liquid and its recurrent weights, dense or sparse, whichever multiplies faster."""

    liquid: Liquid
    W: Any


def prepare(liquid: Liquid) -> Prepared:
    """Choose the form of the recurrent weights."""
    is_dense = liquid.density >= _DENSE_FROM
    W = liquid.recurrent_weights if is_dense else liquid.sparse_recurrent_weights
    return Prepared(liquid, W)


def steps(
    prepared: Prepared, frames: np.ndarray, lengths: np.ndarray
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Run a batch of sequences, longest first, and yield the state after every step.

    Parameters
    ----------
    prepared : Prepared
        The reservoir.
    frames : ndarray of shape (longest, batch, n_channels), dtype float32
        The sequences side by side.
    lengths : ndarray of shape (batch,)
        Their lengths, non-increasing.

    Yields
    ------
    t : int
        Time step.
    mem, spk : ndarray of shape (n_running, n), dtype float32
        Membrane potentials and spikes of the sequences that have not ended before t.
    """
    liquid = prepared.liquid
    mem = np.zeros((len(lengths), liquid.n_neurons), dtype=np.float32)
    spk = np.zeros_like(mem)
    for t in range(len(frames)):
        n_running = int(np.count_nonzero(lengths > t))
        mem, spk = mem[:n_running], spk[:n_running]
        current = input_current(frames[t, :n_running], liquid) + spk @ prepared.W.T
        v = decay(mem, liquid.beta) + current
        spk = (v > liquid.threshold).astype(np.float32)
        mem = v - liquid.threshold * spk
        yield t, mem, spk


def accumulate(
    prepared: Prepared,
    sequences: Sequences,
    samples: np.ndarray,
    plan: PoolingPlan,
    n_jobs: int | None = None,
) -> Pools:
    """Run some sequences, longest first, and pool them; BLAS has threads of its own."""
    frames, lengths = sequences.padded(samples), sequences.lengths[samples]
    batch, n = len(samples), prepared.liquid.n_neurons
    counts = np.zeros((batch, plan.n_windows, n), dtype=np.int32)
    potentials = np.zeros((batch, plan.n_windows, n))
    trace, last_mem, last_spk = np.zeros((3, batch, n), dtype=np.float32)
    trace_decay = np.float32(plan.trace_decay)
    for t, mem, spk in steps(prepared, frames, lengths):
        running = np.arange(len(mem))
        window = window_of(t, lengths[running], plan.n_windows)
        counts[running, window] += spk.astype(np.int32)
        potentials[running, window] += np.clip(mem, -POTENTIAL_LIMIT, POTENTIAL_LIMIT)
        trace[running] = decay(trace[running], trace_decay) + spk
        last_mem[running], last_spk[running] = mem, spk
    return Pools(counts, potentials, trace, last_mem, last_spk)
