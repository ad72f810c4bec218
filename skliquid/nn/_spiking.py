"""Spikes of neurons, and what they leave of the potential."""

from __future__ import annotations

from typing import Any

import mlx.core as mx

from .._checks import check_option
from ._named import by_name, draw
from .surrogate import SPIKE_FUNCTIONS, SpikeFunction

RESETS = ("soft", "hard")


def check_spiking(spk_fun: str | SpikeFunction, spk_reset: str) -> None:
    """Raise an error unless these are a spike function and a reset."""
    draw("spk_fun", spk_fun, (1,), SPIKE_FUNCTIONS)
    check_option("spk_reset", spk_reset, RESETS)


def fired(
    v: mx.array,
    threshold: Any,
    spk_fun: str | SpikeFunction,
    spk_reset: str,
    v_reset: Any = 0.0,
    raised: Any = 0.0,
) -> tuple[mx.array, mx.array]:
    """Return the spikes of neurons at the potentials `v`, and the potentials after the reset."""
    span = threshold - v_reset
    spk = by_name("spk_fun", spk_fun, SPIKE_FUNCTIONS)((v - threshold - raised) / span)
    drop = span if spk_reset == "soft" else mx.stop_gradient(v - v_reset)
    return spk, v - drop * spk
