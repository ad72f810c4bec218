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

from ..fixed_point import INPUT_EXPONENT, INPUT_LIMIT, UNIT_EXPONENT
from ..liquid import Liquid
from ..pooling import POTENTIAL_LIMIT, PoolingPlan, Pools, window_of
from ..sequences import Sequences

# Steps put into one graph before it is evaluated: few enough to keep the graph small.
_STEPS_PER_EVALUATION = 16

Fire = Callable[[mx.array], mx.array]
Round = Callable[[mx.array], mx.array]


def constants(liquid: Liquid) -> dict[str, mx.array]:
    """Weights and neuron constants of a liquid as MLX arrays."""
    return {
        "W": mx.array(liquid.recurrent_weights),
        "W_in": mx.array(liquid.input_weights),
        "bias": mx.array(liquid.bias),
        "beta": mx.array(liquid.beta),
        "threshold": mx.array(liquid.threshold),
        "offset": mx.array(liquid.input_offset),
        "gain": mx.array(liquid.input_gain),
    }


def heaviside(excess: mx.array) -> mx.array:
    """Spike where the membrane potential is above the threshold."""
    return (excess > 0).astype(mx.float32)


def to_grid(values: mx.array, exponent: int, rounding: Round = mx.round) -> mx.array:
    """Round to multiples of ``2**-exponent``."""
    return rounding(values * 2.0**exponent) * 2.0**-exponent


def input_current(x: mx.array, c: dict[str, mx.array], rounding: Round = mx.round) -> mx.array:
    """Current that frames of shape (..., n_channels) drive into the neurons, (..., n).

    Runs on the CPU, which alone has float64; its result is used on any device.
    """
    with mx.stream(mx.cpu):
        x = x.astype(mx.float32)
        x = mx.clip((x - c["offset"]) * c["gain"], -INPUT_LIMIT, INPUT_LIMIT)
        x = to_grid(x, INPUT_EXPONENT, rounding).astype(mx.float64)
        current = x @ c["W_in"].T.astype(mx.float64) + c["bias"].astype(mx.float64)
        return to_grid(current, UNIT_EXPONENT, rounding).astype(mx.float32)


def decay(values: mx.array, beta: mx.array | float, rounding: Round = mx.round) -> mx.array:
    """One step of exponential decay, rounded to the unit grid."""
    return to_grid(beta * values, UNIT_EXPONENT, rounding)


def step(
    current: mx.array,
    mem: mx.array,
    spk: mx.array,
    c: dict[str, mx.array],
    fire: Fire = heaviside,
    rounding: Round = mx.round,
) -> tuple[mx.array, mx.array]:
    """Advance membrane potentials and spikes of shape (batch, n) by one time step."""
    v = decay(mem, c["beta"], rounding) + (current + spk @ c["W"].T)
    spk = fire(v - c["threshold"])
    return v - c["threshold"] * spk, spk


def prepare(liquid: Liquid) -> Liquid:
    """Leave the weights in NumPy: MLX's streams belong to the thread that uses them."""
    return liquid


def accumulate(
    liquid: Liquid,
    sequences: Sequences,
    samples: np.ndarray,
    plan: PoolingPlan,
    n_jobs: int | None = None,
) -> Pools:
    """Run some sequences, longest first, and pool them; MLX has threads of its own."""
    frames, lengths = sequences.padded(samples), sequences.lengths[samples]
    c = constants(liquid)
    state = _initial_state(len(samples), liquid.n_neurons, plan)
    pooled_step = _compiled(partial(_pooled_step, plan))
    for start in range(0, len(frames), _STEPS_PER_EVALUATION):
        currents = input_current(mx.array(frames[start : start + _STEPS_PER_EVALUATION]), c)
        for t, current in enumerate(currents, start):
            running = mx.array(lengths > t)[:, None]
            window = mx.array(window_of(t, lengths, plan.n_windows))
            state = pooled_step(current, running, window, state, c)
        mx.eval(state)
    return _as_pools(state, plan)


State = dict[str, mx.array]


def _initial_state(batch: int, n: int, plan: PoolingPlan) -> State:
    state = {
        "mem": mx.zeros((batch, n)),
        "spk": mx.zeros((batch, n)),
        "counts": mx.zeros((batch, plan.n_windows, n), dtype=mx.int32),
    }
    if plan.needs("membrane", "potentials"):
        state["potentials"] = mx.zeros((batch, plan.n_windows, n), dtype=mx.int64)
    if plan.needs("trace"):
        state["trace"] = mx.zeros((batch, n))
    return state


def _compiled(function: Callable[..., State]) -> Callable[..., State]:
    """Fuse a step into few kernels on a GPU; on a CPU that would need a C++ compiler."""
    if mx.default_device() == mx.Device(mx.gpu):
        return cast(Callable[..., State], mx.compile(function))
    return function


def _pooled_step(
    plan: PoolingPlan,
    current: mx.array,
    running: mx.array,
    window: mx.array,
    state: State,
    c: dict[str, mx.array],
) -> State:
    """One time step of all sequences; those that have ended keep their state."""
    mem, spk = step(current, state["mem"], state["spk"], c)
    in_window = (running & (window[:, None] == mx.arange(plan.n_windows)))[:, :, None]
    new = {
        "mem": mx.where(running, mem, state["mem"]),
        "spk": mx.where(running, spk, state["spk"]),
        "counts": state["counts"] + mx.where(in_window, spk[:, None].astype(mx.int32), 0),
    }
    if "potentials" in state:
        # Units summed as integers: exact where float32 would round, and Metal has no float64.
        clipped = mx.clip(mem, -POTENTIAL_LIMIT, POTENTIAL_LIMIT)
        units = (clipped * 2.0**UNIT_EXPONENT).astype(mx.int64)
        new["potentials"] = state["potentials"] + mx.where(in_window, units[:, None], 0)
    if "trace" in state:
        trace = decay(state["trace"], plan.trace_decay) + spk
        new["trace"] = mx.where(running, trace, state["trace"])
    return new


def _as_pools(state: State, plan: PoolingPlan) -> Pools:
    arrays: dict[str, Any] = {name: np.array(value) for name, value in state.items()}
    potentials = arrays.get("potentials")
    if potentials is not None:
        potentials = np.ldexp(potentials.astype(np.float64), -UNIT_EXPONENT)
    return Pools(
        counts=arrays["counts"],
        potentials=potentials,
        trace=arrays.get("trace"),
        mem=arrays["mem"],
        spk=arrays["spk"],
    )
