"""The MLX engine: the whole batch in lockstep, on Metal, CUDA or a CPU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import mlx.core as mx
import numpy as np

from .._mlx import check_not_forked
from ..pooling import POTENTIAL_LIMIT, PoolingPlan, Pools, halves, window_of, wins
from ..reservoirs import Liquid, Synapses
from ..reservoirs.fixed_point import UNIT_EXPONENT
from ._lockstep import TapInput, check_sinks, liquid_at_rest, liquid_steps_at_once, whole_batch
from ._mlx_neurons import STEPS, State, constants, decay
from ._record import Record
from .protocol import Batch

# Steps put into one graph before it is evaluated: few enough to keep the graph small; and on a CPU
# multiplications of a graph, as no interrupt is heard meanwhile.
_STEPS_PER_EVALUATION, _MULTIPLICATIONS = 16, 2**29
# What is kept beside the sums to go on with.
_TO_GO_ON = "burst", "pause", "before"

Arrays = dict[str, np.ndarray]
# Kinds of synapses that a product of spikes and weights stands for.
SYNAPSES = (Synapses,)


@dataclass(frozen=True)
class Prepared:
    """A liquid, its weights left in NumPy: MLX's streams belong to the thread that uses them."""

    liquid: Liquid
    taps: TapInput


def prepare(liquid: Liquid) -> Prepared:
    """Put the taps into the form that multiplies fastest."""
    return Prepared(liquid, TapInput(liquid.taps))


class MLXPools:
    """Sums over time that MLX adds up.

    Parameters
    ----------
    plan : PoolingPlan
        The features asked for.
    lengths : ndarray of shape (batch,)
        Whole lengths of the sequences.
    n_neurons : int
        Number of neurons.
    """

    def __init__(self, plan: PoolingPlan, lengths: np.ndarray, n_neurons: int) -> None:
        self.plan, self.lengths = plan, lengths
        self.seen = np.zeros(len(lengths), dtype=np.int64)
        each, windows = (len(lengths), n_neurons), (len(lengths), plan.n_windows, n_neurons)
        self.sums: Arrays = {"counts": np.zeros(windows, dtype=np.int32)}
        if "potentials" in plan.sums:
            self.sums["potentials"] = np.zeros(windows, dtype=np.int64)
        if "rectified" in plan.sums:
            self.sums["rectified"] = np.zeros(each, dtype=np.int64)
        if "line_length" in plan.sums:
            for name in ("line_length", "before"):
                self.sums[name] = np.zeros(each, dtype=np.int64)
        if not plan.sums.isdisjoint(("bursts", "longest_burst")):
            for name in ("bursts", "longest_burst", "burst"):
                self.sums[name] = np.zeros(each, dtype=np.int32)
        if "longest_pause" in plan.sums:
            for name in ("longest_pause", "pause"):
                self.sums[name] = np.zeros(each, dtype=np.int32)
        if "times" in plan.sums:
            self.sums["times"] = np.zeros(each, dtype=np.int64)
            self.sums["squared_times"] = np.zeros((len(lengths), 2, n_neurons), dtype=np.int64)
        if "first_spike" in plan.sums:
            self.sums["first_spike"] = np.full(each, -1, dtype=np.int32)
        for name in plan.sums & {"wins", "losses"}:
            self.sums[name] = np.zeros(each, dtype=np.int32)
        if "trace" in plan.sums:
            self.sums["trace"] = np.zeros(each, dtype=np.float32)
        self.last: Arrays = {name: np.zeros(each, dtype=np.float32) for name in ("mem", "spk")}

    @property
    def parts(self) -> Arrays:
        """The arrays that the sums are kept in, the batch first."""
        return {"seen": self.seen, **self.sums, **self.last}

    def read(self) -> Pools:
        """Return a copy of the sums so far."""
        kept = {name: value.copy() for name, value in (self.sums | self.last).items()}
        sums = {name: value for name, value in kept.items() if name not in _TO_GO_ON}
        for name in ("potentials", "rectified", "line_length"):
            if name in sums:
                sums[name] = np.ldexp(sums[name].astype(np.float64), -UNIT_EXPONENT)
        return Pools(**sums)


def open_pools(prepared: Prepared, plan: PoolingPlan, lengths: np.ndarray) -> MLXPools:
    """Sums for sequences of these lengths."""
    return MLXPools(plan, lengths, prepared.liquid.n_neurons)


def advance(
    prepared: Prepared,
    state: Arrays,
    batch: Batch,
    sinks: Sequence[MLXPools | Record],
    in_place: bool = False,
) -> Arrays:
    """Run the frames of a batch from a state; MLX has threads, and arrays, of its own."""
    check_not_forked("engine='mlx'")
    liquid, lengths = prepared.liquid, batch.lengths
    names = ("spk", *liquid.neurons.state)
    pools, records = check_sinks(batch, state["spk"], sinks, liquid, names)
    currents, past = prepared.taps.run(state["past"], batch.padded(), lengths)
    c, W = constants(liquid.neurons), mx.array(liquid.recurrent_weights)
    now = {name: mx.array(state[name]) for name in names}
    sums = [{name: mx.array(value) for name, value in sink.sums.items()} for sink in pools]
    step = _compiled(partial(_step, STEPS[type(liquid.neurons)]))
    add = [_compiled(partial(_add, sink.plan)) for sink in pools]
    n_together = _steps_per_evaluation(len(batch), liquid.n_neurons)
    for t, current in enumerate(currents):
        is_running = mx.array(lengths > t)[:, None]
        now = step(c, W, now, mx.array(current), is_running)
        for i, sink in enumerate(pools):
            at = sink.seen + t
            window = mx.array(window_of(at, sink.lengths, sink.plan.n_windows))
            sums[i] = add[i](sums[i], now, mx.array(at)[:, None], is_running, window)
        for record in records:
            n_running = int(np.count_nonzero(lengths > t))
            states = {name: np.array(now[name])[:n_running] for name in record.kept}
            record.take(batch.starts[:n_running] + t, states)
        if t % n_together == n_together - 1:
            mx.eval(now, sums)
    after = {"past": past, **{name: np.array(value) for name, value in now.items()}}
    for sink, summed in zip(pools, sums, strict=True):
        sink.sums = {name: np.array(value) for name, value in summed.items()}
        sink.seen = sink.seen + lengths
        sink.last = {name: after[name] for name in ("mem", "spk")}
    return after


def _is_on_gpu() -> bool:
    return bool(mx.default_device() == mx.Device(mx.gpu))


def _steps_per_evaluation(n_sequences: int, n_neurons: int) -> int:
    if _is_on_gpu():
        return _STEPS_PER_EVALUATION
    n_steps = _MULTIPLICATIONS // max(1, n_sequences * n_neurons**2)
    return min(_STEPS_PER_EVALUATION, max(1, n_steps))


def _compiled(function: Callable[..., State]) -> Callable[..., State]:
    """Fuse a step into few kernels on a GPU; on a CPU that would need a C++ compiler."""
    if _is_on_gpu():
        return cast(Callable[..., State], mx.compile(function))
    return function


def _step(
    neurons_step: Callable[..., State],
    c: State,
    W: mx.array,
    state: State,
    current: mx.array,
    is_running: mx.array,
) -> State:
    """One time step of all sequences; those that have ended keep their state."""
    new = neurons_step(c, state, current + state["spk"] @ W.T)
    return {name: mx.where(is_running, value, state[name]) for name, value in new.items()}


def _add(
    plan: PoolingPlan,
    sums: State,
    state: State,
    t: mx.array,
    is_running: mx.array,
    window: mx.array,
) -> State:
    """Add one time step of the sequences that have not ended."""
    fired = state["spk"].astype(mx.int32)
    in_window = (is_running & (window[:, None] == mx.arange(plan.n_windows)))[:, :, None]
    added = {"counts": sums["counts"] + mx.where(in_window, fired[:, None], 0)}
    # Units summed as integers: exact where float32 would round, and Metal has no float64.
    clipped = mx.clip(state["mem"], -POTENTIAL_LIMIT, POTENTIAL_LIMIT)
    units = (clipped * 2.0**UNIT_EXPONENT).astype(mx.int64)
    if "potentials" in sums:
        added["potentials"] = sums["potentials"] + mx.where(in_window, units[:, None], 0)
    if "rectified" in sums:
        added["rectified"] = sums["rectified"] + mx.where(is_running, mx.maximum(units, 0), 0)
    if "line_length" in sums:
        change = mx.where(is_running & (t > 0), mx.abs(units - sums["before"]), 0)
        added["line_length"] = sums["line_length"] + change
        added["before"] = mx.where(is_running, units, sums["before"])
    if "burst" in sums:
        burst = mx.where(is_running, (sums["burst"] + 1) * fired, sums["burst"])
        begins = is_running & (burst == 1) & (sums["burst"] == 0)
        added["burst"] = burst
        added["bursts"] = sums["bursts"] + begins.astype(mx.int32)
        added["longest_burst"] = mx.maximum(sums["longest_burst"], burst)
    if "pause" in sums:
        pause = mx.where(is_running, (sums["pause"] + 1) * (1 - fired), sums["pause"])
        added["pause"] = pause
        added["longest_pause"] = mx.maximum(sums["longest_pause"], pause)
    if "times" in sums:
        timed = mx.where(is_running, fired.astype(mx.int64), 0)
        added["times"] = sums["times"] + timed * t
        square = mx.stack(list(halves(t * t)), axis=-2)
        added["squared_times"] = sums["squared_times"] + timed[:, None] * square
    if "first_spike" in sums:
        is_first = is_running & (fired > 0) & (sums["first_spike"] < 0)
        added["first_spike"] = mx.where(is_first, t.astype(mx.int32), sums["first_spike"])
    for name, sign in (("wins", 1.0), ("losses", -1.0)):
        if name in sums:
            is_winner = is_running & wins(sign * state["mem"], mx.array)
            added[name] = sums[name] + is_winner.astype(mx.int32)
    if "trace" in sums:
        trace = decay(sums["trace"], plan.trace_decay) + state["spk"]
        added["trace"] = mx.where(is_running, trace, sums["trace"])
    return added


at_rest = liquid_at_rest
shares = whole_batch
hears_events = False
steps_at_once = liquid_steps_at_once


def bytes_of_a_sequence(prepared: Prepared, plan: PoolingPlan, length: int) -> int:
    """Memory that a sequence of a batch takes while it runs."""
    per_neuron = 64 + 20 * plan.n_windows + 24 * plan.n_features(1)
    return per_neuron * prepared.liquid.n_neurons + 24 * length * prepared.liquid.n_channels
