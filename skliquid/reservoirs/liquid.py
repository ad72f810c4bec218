"""The liquid: one drawn reservoir as a frozen record of three parts.

At each time step the input taps and the recurrent synapses drive a current into the neurons,
which answer with spikes [1]_::

    I[t] = sum over taps of w x^[channel, t - delay] + b + W s[t-1]
    s[t], state[t] = neurons(I[t], state[t-1])

The parts are described in :mod:`skliquid.reservoirs.taps`, :mod:`skliquid.reservoirs.synapses`
and :mod:`skliquid.reservoirs.neurons`; what stands in the place of ``W s[t-1]`` where synapses
have a state, in :mod:`skliquid.reservoirs.dynamic_synapses`. With one tap of delay zero for each
channel, this is the plain liquid, ``I[t] = W_in x^[t] + b + W s[t-1]``. The rounding of weights
and currents is described in :mod:`skliquid.reservoirs.fixed_point`.

References
----------
.. [1] Maass, Natschlaeger, Markram. "Real-time computing without stable states", Neural
   Computation 14(11), 2002.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from operator import attrgetter
from typing import Any

import numpy as np

from .._checks import MOST_UNITS, check_integer, check_seed, naming, shown
from .neurons import Neurons, checked_neurons, draw_neurons
from .synapses import Synapses, draw_synapses
from .taps import Taps, draw_taps


def _of_a_part(path: str, text: str) -> Any:
    """Property that hands on what a part of the liquid holds."""
    return property(attrgetter(path), doc=text)


@dataclass(frozen=True, eq=False)
class Circuit:
    """What drives the units of a reservoir: input taps and recurrent synapses.

    Parameters
    ----------
    taps : Taps
        Input synapses, biases, and the standardisation of the input.
    synapses : Synapses
        Recurrent synapses.
    """

    taps: Taps
    synapses: Synapses

    n_neurons = _of_a_part("taps.n_neurons", "Number of neurons.")
    n_channels = _of_a_part("taps.n_channels", "Number of input channels.")
    max_delay = _of_a_part("taps.max_delay", "Longest delay of an input tap in time steps.")
    density = _of_a_part("synapses.density", "Fraction of the n x n synapses that exist.")
    tap_offsets = _of_a_part("taps.offsets", "Number of each neuron's first tap.")
    tap_channels = _of_a_part("taps.channels", "Channel that each tap listens to.")
    tap_delays = _of_a_part("taps.delays", "Delay of each tap in time steps.")
    tap_weights = _of_a_part("taps.weights", "Weight of each tap.")
    bias = _of_a_part("taps.bias", "Constant current of each neuron.")
    input_offset = _of_a_part("taps.input_offset", "What is taken off each channel.")
    input_gain = _of_a_part("taps.input_gain", "What each channel is then multiplied by.")
    input_weights = _of_a_part(
        "taps.input_weights", "Weights of the channels, shape (n, n_channels), delays summed."
    )
    synapse_offsets = _of_a_part("synapses.offsets", "Number of each neuron's first synapse.")
    synapse_targets = _of_a_part("synapses.targets", "Neuron that each synapse ends on.")
    synapse_units = _of_a_part("synapses.units", "Weight of each synapse on its grid.")
    weight_exponent = _of_a_part("synapses.exponent", "Exponent of that grid.")
    recurrent_weights = _of_a_part(
        "synapses.weights", "Recurrent weights, shape (n, n); ``W[i, j]`` is from j to i."
    )
    positions = _of_a_part("synapses.positions", "Where each neuron is, (n, 3), or None.")
    sparse_recurrent_weights = _of_a_part(
        "synapses.sparse_weights", "Recurrent weights as a ``csc_array``."
    )


@dataclass(frozen=True, eq=False)
class Liquid(Circuit):
    """One drawn reservoir of spiking neurons.

    Parameters
    ----------
    taps : Taps
        Input synapses, biases, and the standardisation of the input.
    synapses : Synapses
        Recurrent synapses.
    neurons : Neurons
        Constants of the neurons.

    Examples
    --------
    >>> from skliquid.reservoirs import draw_liquid
    >>> liquid = draw_liquid(3, 100, seed=0)
    >>> liquid.n_neurons, liquid.n_channels
    (100, 3)
    """

    neurons: Neurons

    threshold = _of_a_part("neurons.threshold", "Potential above which each neuron fires.")
    beta = _of_a_part("neurons.beta", "Decay of each neuron's potential per time step.")
    adaptation = _of_a_part("neurons.adaptation", "Rise of each threshold with a spike.")
    adaptation_beta = _of_a_part("neurons.adaptation_beta", "Decay of that rise per time step.")
    refractory = _of_a_part("neurons.refractory", "Steps in which each neuron rests.")
    is_fatigable = _of_a_part("neurons.is_fatigable", "Whether a spike tires its neuron.")


def draw_liquid(
    n_channels: int,
    reservoir_size: int,
    *,
    seed: int | np.random.Generator | None = None,
    neurons: Callable[..., Neurons] = draw_neurons,
    **parameters: Any,
) -> Liquid:
    """Draw a liquid.

    Synapses, taps and neurons come from separate streams of the seed, so that a change of
    the topology leaves the input weights as they were, and the reverse.

    Parameters
    ----------
    n_channels : int
        Number of input channels.
    reservoir_size : int
        Number of neurons, at least 1.
    seed : int, numpy.random.Generator or None, default=None
        Seed of all random draws.
    neurons : callable, default=draw_neurons
        Function ``(n, *, rng, **parameters)`` that draws the neurons. If it has a parameter
        `inhibitory` that is not given, it is told which neurons are, by their synapses.
    **parameters
        Parameters of the parts: those of
        :func:`~skliquid.reservoirs.draw_synapses`,
        :func:`~skliquid.reservoirs.draw_taps` and
        :func:`~skliquid.reservoirs.draw_neurons`.

    Returns
    -------
    Liquid
        The record.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type, or if no part has it.

    Examples
    --------
    >>> from skliquid.reservoirs import draw_liquid
    >>> draw_liquid(1, 50, topology="small_world", seed=0).density
    0.08
    """
    n = check_integer("reservoir_size", reservoir_size, low=1, high=MOST_UNITS)
    n_channels = check_integer("n_channels", n_channels, low=1, high=MOST_UNITS)
    if not callable(neurons):
        raise TypeError(f"neurons must be a function (n, *, rng), got {shown(neurons)}.")
    synapses, taps, cells = _sorted_to(parameters, *PARAMETERS[:2], _parameters_of(neurons))
    synapse_rng, tap_rng, neuron_rng = check_seed("seed", seed).spawn(3)
    drawn = draw_synapses(n, **synapses, rng=synapse_rng)
    if "inhibitory" in _parameters_of(neurons):
        cells = {"inhibitory": drawn.inhibitory, **cells}
    return Liquid(
        synapses=drawn,
        taps=draw_taps(n_channels, n, **taps, rng=tap_rng),
        neurons=_drawn(neurons, n, cells, neuron_rng),
    )


def draw_circuit(
    n_channels: int, n: int, *, rng: np.random.Generator, **parameters: Any
) -> Circuit:
    """Draw the taps and synapses of a liquid, the same as those of its seed, without neurons."""
    synapses, taps = _sorted_to(parameters, *PARAMETERS[:2])
    synapse_rng, tap_rng, _ = rng.spawn(3)
    return Circuit(
        synapses=draw_synapses(n, **synapses, rng=synapse_rng),
        taps=draw_taps(n_channels, n, **taps, rng=tap_rng),
    )


def _drawn(
    draw: Callable[..., Neurons], n: int, parameters: dict[str, Any], rng: np.random.Generator
) -> Neurons:
    if draw is draw_neurons:  # which names its own parameters
        return draw_neurons(n, **parameters, rng=rng)
    with naming("cell or neurons", "a draw of neurons (n, *, rng)", draw):
        drawn = draw(n, **parameters, rng=rng)
    return checked_neurons(drawn, n)


def _parameters_of(draw: Callable[..., Any]) -> tuple[str, ...]:
    """Names of the parameters of a part's draw."""
    own = signature(draw).parameters.items()
    return tuple(name for name, p in own if p.kind == p.KEYWORD_ONLY and name != "rng")


_DRAWS: tuple[Callable[..., Any], ...] = (draw_synapses, draw_taps, draw_neurons)
# Those of synapses, taps and neurons.
PARAMETERS = tuple(_parameters_of(draw) for draw in _DRAWS)


def _sorted_to(parameters: dict[str, Any], *parts: tuple[str, ...]) -> list[dict[str, Any]]:
    """Hand each parameter to the part that has it."""
    known = {name for names in parts for name in names}
    for name in parameters:
        if name not in known:
            raise TypeError(
                f"A liquid has no parameter {name!r}; it must be one of {sorted(known)}."
            )
    return [{name: parameters[name] for name in names if name in parameters} for names in parts]
