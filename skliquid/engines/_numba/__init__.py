"""The Numba engine: event-driven, the fast path on a CPU.

A step costs what its spikes cost: the outgoing weights of the neurons that fired are added
up as int16, exact on the liquid's grid, from rows that stay in the cache. Sequences are
shared out among Python threads, which the kernels let run side by side; Numba's own
threading is not used, because its layers abort in forked or concurrently threaded processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from joblib import effective_n_jobs
from numba import config

from ...pooling import NO_POOLING, PoolingPlan, Pools
from ...reservoirs import DynamicSynapses, Synapses
from ...reservoirs.fixed_point import UNIT_EXPONENT
from .._record import Record
from ..protocol import Batch, check_run, steps_of_a_piece
from .aligned import aligned_zeros
from .layout import Prepared, prepare
from .loop import State
from .neurons import STEPS
from .pieces import Pieces
from .sinks import Sums

__all__ = [
    "STEPS",
    "SYNAPSES",
    "advance",
    "at_rest",
    "bytes_of_a_sequence",
    "hears_events",
    "open_pools",
    "prepare",
    "shares",
    "steps_at_once",
]

# Shares of the sequences for each thread: the last ones even out what the first ones did not.
_SHARES = 2
hears_events = True
# Kinds of synapses that the kernels run.
SYNAPSES = Synapses, DynamicSynapses
_UNIT = 2.0**-UNIT_EXPONENT
_NO_SEQUENCE = np.zeros(0, dtype=np.int64)


def at_rest(prepared: Prepared, batch_size: int) -> State:
    """State before the first step."""
    n_slabs, _, width = prepared.network.constants.shape
    taps = prepared.network.taps
    neurons = aligned_zeros((batch_size, n_slabs, len(prepared.states), width), np.float32)
    neurons[:] = prepared.initial
    return State(
        np.zeros((batch_size, len(taps.input_offset), taps.max_delay)),
        np.zeros((batch_size, prepared.n_padded), dtype=np.uint8),
        neurons,
        **prepared.dynamic.at_rest(batch_size, prepared.dynamic_width),
    )


class NumbaPools:
    """Sums over time as the kernels add them up.

    Parameters
    ----------
    prepared : Prepared
        The liquid.
    plan : PoolingPlan
        The features asked for.
    lengths : ndarray of shape (batch,)
        Whole lengths of the sequences.
    """

    def __init__(self, prepared: Prepared, plan: PoolingPlan, lengths: np.ndarray) -> None:
        self._prepared, self._asked, batch = prepared, plan.sums, len(lengths)
        has_bursts = not plan.sums.isdisjoint(("bursts", "longest_burst"))

        def zeros(
            dtype: type, is_asked: bool, *shape: int, width: int = prepared.n_padded
        ) -> np.ndarray:
            n = width * is_asked
            return (aligned_zeros if n else np.zeros)((batch, *shape, n), dtype)

        self.sums = Sums(
            counts=zeros(np.int32, True, plan.n_windows),
            bursts=zeros(np.int32, has_bursts),
            longest_burst=zeros(np.int32, has_bursts),
            longest_pause=zeros(np.int32, "longest_pause" in plan.sums),
            times=zeros(np.int64, "times" in plan.sums),
            squared_times=zeros(np.int64, "squared_times" in plan.sums, 2),
            first_spike=zeros(np.int32, "first_spike" in plan.sums),
            wins=zeros(np.int32, "wins" in plan.sums, width=prepared.n_neurons),
            losses=zeros(np.int32, "losses" in plan.sums, width=prepared.n_neurons),
            burst=zeros(np.int32, has_bursts),
            pause=zeros(np.int32, "longest_pause" in plan.sums),
            line_length=zeros(np.float64, "line_length" in plan.sums),
            before=zeros(np.float32, "line_length" in plan.sums),
            rectified=zeros(np.float64, "rectified" in plan.sums),
            potentials=zeros(np.float64, "potentials" in plan.sums, plan.n_windows),
            trace=zeros(np.float32, "trace" in plan.sums),
            trace_decay=np.float32(plan.trace_decay),
            lengths=lengths.astype(np.int64),
            seen=np.zeros(batch, dtype=np.int64),
        )
        self.sums.first_spike[:] = -1
        self.lengths, self.seen = self.sums.lengths, self.sums.seen
        self._last = {
            "mem": zeros(np.float32, "mem" in plan.sums),
            "spk": zeros(np.uint8, "spk" in plan.sums),
        }
        self.pieces = Pieces(prepared)

    @property
    def parts(self) -> dict[str, np.ndarray]:
        """The arrays that the sums are kept in, the batch first."""
        parts = self.sums._asdict() | self._last
        del parts["trace_decay"], parts["lengths"]
        return {name: part for name, part in parts.items() if part.ndim == 1 or part.shape[-1]}

    def close_piece(self, lengths: np.ndarray, after: State) -> None:
        """Note the steps of a piece, and the states after it."""
        self.seen += lengths
        if "mem" in self._asked:
            self._last["mem"][:] = after.neurons[:, :, 0].reshape(self._last["mem"].shape)
            self._last["spk"][:] = after.spk

    def read(self) -> Pools:
        """Return a copy of the sums so far."""
        of_ours, ours = self._prepared.of_ours, self._asked & {"wins", "losses"}
        names = self._asked - self._last.keys() - ours | {"counts"}
        sums = {name: of_ours(getattr(self.sums, name)) for name in names}
        sums |= {name: getattr(self.sums, name).copy() for name in ours}
        for name in sums.keys() & {"line_length", "rectified", "potentials"}:
            sums[name] *= _UNIT
        if "trace" in sums:
            sums["trace"] *= np.float32(_UNIT)
        if "mem" in self._asked:
            sums["mem"] = of_ours(self._last["mem"]) * np.float32(_UNIT)
            sums["spk"] = of_ours(self._last["spk"]).astype(np.float32)
        return Pools(**sums)


def open_pools(prepared: Prepared, plan: PoolingPlan, lengths: np.ndarray) -> NumbaPools:
    """Sums for sequences of these lengths."""
    return NumbaPools(prepared, plan, lengths)


def advance(
    prepared: Prepared,
    state: State,
    batch: Batch,
    sinks: Sequence[NumbaPools | Record],
    in_place: bool = False,
) -> State:
    """Run the frames of a batch from a state."""
    pools = [sink for sink in sinks if isinstance(sink, NumbaPools)]
    records = [sink for sink in sinks if isinstance(sink, Record)]
    n_channels, n = len(prepared.network.taps.input_offset), prepared.n_neurons
    names = ("spk", *prepared.states)
    check_run(batch, n_channels, len(state.spk), pools, records, n, names)
    # A sequence's state is read before its first step, and left after its last one.
    after = state if in_place else at_rest(prepared, len(batch))
    if not in_place:
        for new, old in zip(after.of_synapses, state.of_synapses, strict=True):
            new[:] = old
    if len(batch):
        sink = pools[0] if pools else NumbaPools(prepared, NO_POOLING, _NO_SEQUENCE)
        sink.pieces.run(state, after, batch, sink.sums, records[0] if records else None)
    for sink in pools:
        sink.close_piece(batch.lengths, after)
    return after


def shares(prepared: Prepared, lengths: np.ndarray, n_jobs: int | None) -> tuple[int, list[slice]]:
    """Number of threads for a batch, and runs of sequences of about as many time steps each."""
    # Numba's limit is what joblib leaves to each of its worker processes.
    n_threads = min(effective_n_jobs(n_jobs), config.NUMBA_NUM_THREADS, len(lengths))
    if n_threads == 1:
        return 1, [slice(None)]
    # Sequences that share the slabs of a step are best kept together.
    n_shares = n_threads * (1 if prepared.has_slabs else _SHARES)
    done = np.cumsum(lengths)
    targets = done[-1] * np.arange(1, n_shares) / n_shares
    cuts = np.unique([0, *np.searchsorted(done, targets, side="right"), len(lengths)])
    return n_threads, [slice(int(first), int(last)) for first, last in pairwise(cuts)]


def bytes_of_a_sequence(prepared: Prepared, plan: PoolingPlan, length: int) -> int:
    """Memory that a sequence of a batch takes while it runs."""
    per_neuron = 32 + 12 * plan.n_windows + 24 * plan.n_features(1)
    n_channels = len(prepared.network.taps.input_offset)
    of_synapses = prepared.dynamic.at_rest(1, prepared.dynamic_width).values()
    of_a_sequence = sum(values.nbytes for values in of_synapses)
    return per_neuron * prepared.n_padded + 8 * length * n_channels + of_a_sequence


def steps_at_once(prepared: Prepared, n_sequences: int) -> int:
    """Steps of so many sequences whose input is held in the form that is computed with."""
    taps = prepared.network.taps
    n_numbers = len(taps.input_offset) * prepared.n_together(n_sequences)
    return steps_of_a_piece(max(1, n_numbers), taps.max_delay)
