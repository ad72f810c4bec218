"""The NumPy engine: the liquid's equations as plainly as they can be written.

It is the oracle that every other engine is tested against.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..pooling import POTENTIAL_LIMIT, PoolingPlan, Pools, window_of
from ..reservoirs.fixed_point import UNIT_EXPONENT, to_grid
from ..reservoirs.liquid import Liquid
from ..sequences import Sequences
from ._input import input_currents

# Above this density a dense product with threaded BLAS is faster than a sparse one.
_DENSE_FROM = 0.02


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
    spk, raised = np.zeros_like(mem), np.zeros_like(mem)
    rest = np.zeros(mem.shape, dtype=np.int32)
    for t, current in enumerate(input_currents(frames, liquid)):
        n_running = int(np.count_nonzero(lengths > t))
        mem, spk, raised = mem[:n_running], spk[:n_running], raised[:n_running]
        rest = rest[:n_running]
        v = decay(mem, liquid.beta) + (current[:n_running] + spk @ prepared.W.T)
        spk = ((v > liquid.threshold + raised) & (rest == 0)).astype(np.float32)
        mem = v - liquid.threshold * spk
        if liquid.is_fatigable:
            raised = decay(raised, liquid.adaptation_beta) + liquid.adaptation * spk
            rest = np.where(spk > 0, liquid.refractory, np.maximum(rest - 1, 0))
        yield t, mem, spk


def accumulate(
    prepared: Prepared,
    sequences: Sequences,
    samples: np.ndarray,
    plan: PoolingPlan,
) -> Pools:
    """Run some sequences, longest first, and pool them; BLAS has threads of its own."""
    frames, lengths = sequences.padded(samples), sequences.lengths[samples]
    batch, n = len(samples), prepared.liquid.n_neurons
    counts = np.zeros((batch, plan.n_windows, n), dtype=np.int32)
    bursts, longest_burst, burst = np.zeros((3, batch, n), dtype=np.int32)
    first_spike = np.full((batch, n), -1, dtype=np.int32)
    rectified, potentials = np.zeros((batch, n)), np.zeros((batch, plan.n_windows, n))
    trace, last_mem, last_spk = np.zeros((3, batch, n), dtype=np.float32)
    trace_decay = np.float32(plan.trace_decay)
    for t, mem, spk in steps(prepared, frames, lengths):
        running = np.arange(len(mem))
        fired = spk.astype(np.int32)
        window = window_of(t, lengths[running], plan.n_windows)
        counts[running, window] += fired
        bursts[running] += fired & (burst[running] == 0)
        burst[running] = (burst[running] + 1) * fired
        longest_burst[running] = np.maximum(longest_burst[running], burst[running])
        first_spike[running] = np.where(
            (fired > 0) & (first_spike[running] < 0), t, first_spike[running]
        )
        clipped = np.clip(mem, -POTENTIAL_LIMIT, POTENTIAL_LIMIT)
        rectified[running] += np.maximum(clipped, 0)
        potentials[running, window] += clipped
        trace[running] = decay(trace[running], trace_decay) + spk
        last_mem[running], last_spk[running] = mem, spk
    return Pools(
        counts,
        bursts,
        longest_burst,
        first_spike,
        rectified,
        potentials,
        trace,
        last_mem,
        last_spk,
    )
