"""The input of a liquid in MLX: differentiable, exact, with the delays of its taps."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np

from ..engines._mlx_neurons import Round, to_grid
from ..reservoirs.fixed_point import INPUT_EXPONENT, INPUT_LIMIT, UNIT_EXPONENT
from ..reservoirs.taps import Taps


def input_constants(taps: Taps) -> dict[str, mx.array]:
    """Input weights, bias and standardisation of taps as MLX arrays.

    The weights have the shape (n, taps of a neuron), with zeros where a neuron has fewer than
    others; without delays these are the channels.
    """
    c = {
        "bias": mx.array(taps.bias),
        "offset": mx.array(taps.input_offset),
        "gain": mx.array(taps.input_gain),
    }
    if not taps.max_delay:
        return {**c, "W_in": mx.array(taps.input_weights)}
    n_taps = np.diff(taps.offsets)
    is_tap = np.arange(n_taps.max()) < n_taps[:, np.newaxis]

    def table(values: np.ndarray) -> mx.array:
        padded = np.zeros(is_tap.shape, dtype=values.dtype)
        padded[is_tap] = values
        return mx.array(padded)

    return {
        **c,
        "W_in": table(taps.weights),
        "tap_channels": table(taps.channels),
        "tap_delays": table(taps.delays),
        # Training must not turn the zeros that fill the table into synapses.
        "is_tap": mx.array(is_tap.astype(np.float32)),
    }


def input_currents(
    x_seq: mx.array, past: mx.array | None, c: dict[str, mx.array], rounding: Round
) -> tuple[Any, mx.array | None]:
    """Current that frames of shape (T, batch, n_channels) drive into the neurons.

    Runs on the CPU, which alone has float64; its result is used on any device.

    Returns
    -------
    currents : iterable of mlx.core.array of shape (batch, n)
        For each time step.
    past : mlx.core.array of shape (batch, max_delay, n_channels) or None
        The last standardised frames, from which the next call goes on.
    """
    with mx.stream(mx.cpu):
        x = mx.clip(
            (x_seq.astype(mx.float32) - c["offset"]) * c["gain"], -INPUT_LIMIT, INPUT_LIMIT
        )
        x = to_grid(x, INPUT_EXPONENT, rounding)
        weights, bias = c["W_in"].astype(mx.float64), c["bias"].astype(mx.float64)
        if past is None:
            drives = x.astype(mx.float64) @ weights.T + bias
            return to_grid(drives, UNIT_EXPONENT, rounding).astype(mx.float32), None
        weights = weights * c["is_tap"]
        n_past, n_channels = past.shape[1], past.shape[2]
        x = mx.concatenate([past, x.transpose(1, 0, 2)], axis=1)
        frames = x.astype(mx.float64).reshape(len(x), -1)
        place = (n_past - c["tap_delays"]) * n_channels + c["tap_channels"]
        currents = []
        for t in range(len(x_seq)):
            drives = (frames[:, place + t * n_channels] * weights).sum(axis=-1) + bias
            currents.append(to_grid(drives, UNIT_EXPONENT, rounding).astype(mx.float32))
        return currents, x[:, len(x_seq) :]
