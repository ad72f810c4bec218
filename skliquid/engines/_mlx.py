"""The MLX engine: the whole batch in lockstep, on Metal, CUDA or a CPU.

The equations here are also those of :mod:`skliquid.nn`, which hands in a spike function and
a rounding that have derivatives.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import mlx.core as mx
import numpy as np

from ..pooling import POTENTIAL_LIMIT, PoolingPlan, Pools, window_of
from ..reservoirs.fixed_point import UNIT_EXPONENT
from ..reservoirs.liquid import Liquid
from ..sequences import Sequences
from ._input import input_currents

# Steps put into one graph before it is evaluated: few enough to keep the graph small.
_STEPS_PER_EVALUATION = 16

State = dict[str, mx.array]
Fire = Callable[[mx.array], mx.array]
Round = Callable[[mx.array], mx.array]


def constants(liquid: Liquid) -> dict[str, mx.array]:
    """Weights and neuron constants of a liquid as MLX arrays."""
    c = {
        "W": mx.array(liquid.recurrent_weights),
        "beta": mx.array(liquid.beta),
        "threshold": mx.array(liquid.threshold),
    }
    if liquid.is_fatigable:
        c["adaptation"] = mx.array(liquid.adaptation)
        c["adaptation_beta"] = mx.array(liquid.adaptation_beta)
        c["refractory"] = mx.array(liquid.refractory.astype(np.float32))
    return c


def initial_state(batch: int, n: int, is_fatigable: bool) -> State:
    """State of neurons at rest."""
    names = ("mem", "spk", "raised", "rest") if is_fatigable else ("mem", "spk")
    return {name: mx.zeros((batch, n)) for name in names}


def heaviside(excess: mx.array) -> mx.array:
    """Spike where the membrane potential is above the threshold."""
    return (excess > 0).astype(mx.float32)


def to_grid(values: mx.array, exponent: int, rounding: Round = mx.round) -> mx.array:
    """Round to multiples of ``2**-exponent``."""
    return rounding(values * 2.0**exponent) * 2.0**-exponent


def decay(values: mx.array, beta: mx.array | float, rounding: Round = mx.round) -> mx.array:
    """One step of exponential decay, rounded to the unit grid."""
    return to_grid(beta * values, UNIT_EXPONENT, rounding)


def step(
    current: mx.array,
    state: State,
    c: dict[str, mx.array],
    fire: Fire = heaviside,
    rounding: Round = mx.round,
) -> State:
    """Advance the neurons' state, arrays of shape (batch, n), by one time step."""
    v = decay(state["mem"], c["beta"], rounding) + (current + state["spk"] @ c["W"].T)
    if "raised" not in state:
        spk = fire(v - c["threshold"])
        return {"mem": v - c["threshold"] * spk, "spk": spk}
    spk = fire(v - (c["threshold"] + state["raised"])) * (state["rest"] == 0)
    raised = decay(state["raised"], c["adaptation_beta"], rounding) + c["adaptation"] * spk
    return {
        "mem": v - c["threshold"] * spk,
        "spk": spk,
        "raised": raised,
        "rest": mx.where(spk > 0, c["refractory"], mx.maximum(state["rest"] - 1, 0)),
    }


def prepare(liquid: Liquid) -> Liquid:
    """Leave the weights in NumPy: MLX's streams belong to the thread that uses them."""
    return liquid


def accumulate(
    liquid: Liquid,
    sequences: Sequences,
    samples: np.ndarray,
    plan: PoolingPlan,
) -> Pools:
    """Run some sequences, longest first, and pool them; MLX has threads of its own."""
    frames, lengths = sequences.padded(samples), sequences.lengths[samples]
    c = constants(liquid)
    state = initial_state(len(samples), liquid.n_neurons, liquid.is_fatigable)
    pools = _initial_pools(len(samples), liquid.n_neurons, plan)
    pooled_step = _compiled(partial(_pooled_step, plan))
    for t, current in enumerate(input_currents(frames, liquid)):
        running = mx.array(lengths > t)[:, None]
        window = mx.array(window_of(t, lengths, plan.n_windows))
        state, pools = pooled_step(
            mx.array(current), mx.array(t), running, window, state, pools, c
        )
        if t % _STEPS_PER_EVALUATION == _STEPS_PER_EVALUATION - 1:
            mx.eval(state, pools)
    return _as_pools(state, pools)


def _initial_pools(batch: int, n: int, plan: PoolingPlan) -> State:
    pools = {"counts": mx.zeros((batch, plan.n_windows, n), dtype=mx.int32)}
    if plan.needs("membrane", "potentials"):
        pools["potentials"] = mx.zeros((batch, plan.n_windows, n), dtype=mx.int64)
    if plan.needs("rectified"):
        pools["rectified"] = mx.zeros((batch, n), dtype=mx.int64)
    if plan.needs("bursts", "longest_burst"):
        for name in ("bursts", "longest_burst", "burst"):
            pools[name] = mx.zeros((batch, n), dtype=mx.int32)
    if plan.needs("first_spike"):
        pools["first_spike"] = mx.full((batch, n), -1, dtype=mx.int32)
    if plan.needs("trace"):
        pools["trace"] = mx.zeros((batch, n))
    return pools


def _compiled(function: Callable[..., tuple[State, State]]) -> Callable[..., tuple[State, State]]:
    """Fuse a step into few kernels on a GPU; on a CPU that would need a C++ compiler."""
    if mx.default_device() == mx.Device(mx.gpu):
        return cast(Callable[..., tuple[State, State]], mx.compile(function))
    return function


def _pooled_step(
    plan: PoolingPlan,
    current: mx.array,
    t: mx.array,
    running: mx.array,
    window: mx.array,
    state: State,
    pools: State,
    c: dict[str, mx.array],
) -> tuple[State, State]:
    """One time step of all sequences; those that have ended keep their state and pools."""
    advanced = step(current, state, c)
    new = {name: mx.where(running, value, state[name]) for name, value in advanced.items()}
    mem, spk = advanced["mem"], advanced["spk"]
    fired = spk.astype(mx.int32)
    in_window = (running & (window[:, None] == mx.arange(plan.n_windows)))[:, :, None]
    pooled = {"counts": pools["counts"] + mx.where(in_window, fired[:, None], 0)}
    # Units summed as integers: exact where float32 would round, and Metal has no float64.
    clipped = mx.clip(mem, -POTENTIAL_LIMIT, POTENTIAL_LIMIT)
    units = (clipped * 2.0**UNIT_EXPONENT).astype(mx.int64)
    if "potentials" in pools:
        pooled["potentials"] = pools["potentials"] + mx.where(in_window, units[:, None], 0)
    if "rectified" in pools:
        pooled["rectified"] = pools["rectified"] + mx.where(running, mx.maximum(units, 0), 0)
    if "burst" in pools:
        burst = mx.where(running, (pools["burst"] + 1) * fired, pools["burst"])
        begins = running & (burst == 1) & (pools["burst"] == 0)
        pooled["burst"] = burst
        pooled["bursts"] = pools["bursts"] + begins.astype(mx.int32)
        pooled["longest_burst"] = mx.maximum(pools["longest_burst"], burst)
    if "first_spike" in pools:
        is_first = running & (fired > 0) & (pools["first_spike"] < 0)
        pooled["first_spike"] = mx.where(is_first, t, pools["first_spike"])
    if "trace" in pools:
        trace = decay(pools["trace"], plan.trace_decay) + spk
        pooled["trace"] = mx.where(running, trace, pools["trace"])
    return new, pooled


def _as_pools(state: State, pools: State) -> Pools:
    arrays: dict[str, Any] = {name: np.array(value) for name, value in pools.items()}
    arrays.pop("burst", None)
    for name in ("potentials", "rectified"):
        if name in arrays:
            arrays[name] = np.ldexp(arrays[name].astype(np.float64), -UNIT_EXPONENT)
    return Pools(**arrays, mem=np.array(state["mem"]), spk=np.array(state["spk"]))
