"""Liquids as graphs of the neuromorphic intermediate representation (NIR), and back.

NIR [1]_ is what simulators and neuromorphic hardware exchange networks in. Needs the extra
``nir``. A liquid becomes the graph::

    input -> standardise -> lines -> delays -> taps -> potential -> spikes -> output
                                                           ^          |
                                                       recurrent <----+

    standardise   Affine      input_gain * (x - input_offset)
    lines         Linear      a copy of a channel for each delay at which it has taps
    delays        Delay       zero before the sequence starts
    taps          Affine      weights of the taps, and bias
    potential     LI          tau = -dt / log(beta), r = 1 / (1 - beta), v_leak = 0
    spikes        Threshold   threshold
    recurrent     Linear      W - diag(beta * threshold), from the spikes of the step before

NIR's own spiking neurons (``LIF``, ``IF``, ``CubaLIF``) reset a potential to a value, where those
of a liquid subtract the threshold. So a neuron is a leaky integrator and a threshold here, and its
spike comes back a step later to take ``beta * threshold`` off, what is left of the reset by then::

    v[t] = beta * v[t-1] + I[t] + W s[t-1] - beta * threshold * s[t-1],    s[t] = v[t] > threshold

in which v is the potential before the reset. Steps of duration dt solve NIR's equations exactly
for input that is constant in a step. What NIR cannot hold, the rounding of the input and of the
decay to their grids (:mod:`skliquid.reservoirs.fixed_point`), a liquid made of the graph has
again.

References
----------
.. [1] Pedersen et al. "Neuromorphic intermediate representation: a unified instruction set for
   interoperable brain-inspired computing", Nature Communications 15, 2024.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np

from ._checks import MOST_STEPS, check_real, shown
from .reservoirs import Liquid, Synapses, Taps, draw_neurons, draw_synapses
from .reservoirs.neurons import LIF, checked_neurons

_RESETS = ("LIF", "IF", "CubaLIF")
_SINGLE = ("Input", "LI", "Threshold", "Output")
_HELD = (*_SINGLE, "Affine", "Linear", "Scale", "Delay")
# Less of the reset than this, left where it is added to a weight again, is no synapse.
_NOTHING = 1e-9


def _nir() -> ModuleType:
    try:
        import nir
    except ImportError as error:
        raise ImportError(
            "skliquid.nir needs NIR; install the extra: pip install 'skliquid[nir]'."
        ) from error
    return nir


def to_nir(liquid: Liquid, *, dt: float = 1.0) -> Any:
    """Make the NIR graph of a liquid.

    Parameters
    ----------
    liquid : Liquid
        Weights, neurons and the standardisation of the input, such as a fitted estimator's
        ``liquid_``. What an encoder does to the input before is no part of it, nor is where the
        neurons are in space.
    dt : float, default=1.0
        Duration of a time step, in the unit of time of the graph; positive.

    Returns
    -------
    nir.NIRGraph
        The graph, with matrices of shape (n, n) and (n, pairs of channel and delay).

    Raises
    ------
    ValueError, TypeError
        If there is no graph that does what the liquid does: one with adaptation, refractory steps,
        another kind of synapses or neurons, or a rate reservoir.

    Examples
    --------
    >>> from skliquid.nir import to_nir
    >>> from skliquid.reservoirs import draw_liquid
    >>> graph = to_nir(draw_liquid(2, 50, n_delays=3, max_delay=10, seed=0), dt=1e-3)
    >>> type(graph.nodes["potential"]).__name__, graph.nodes["recurrent"].weight.shape
    ('LI', (50, 50))
    """
    nir, dt = _nir(), check_real("dt", dt, 0, closed="neither")
    _check_liquid(liquid)
    taps, beta = liquid.taps, liquid.beta.astype(np.float64)
    threshold, gain = (a.astype(np.float64) for a in (liquid.threshold, taps.input_gain))
    lines, line = _lines(taps)
    weights = np.zeros((liquid.n_neurons, len(lines)))
    weights[taps.neurons, line] = taps.weights
    with np.errstate(divide="ignore"):  # a beta of 0 is a time constant of 0
        tau = -dt / np.log(beta)
    nodes = {
        "input": nir.Input({"input": np.array([liquid.n_channels])}),
        "standardise": nir.Affine(np.diag(gain), -gain * taps.input_offset),
        "lines": nir.Linear(np.eye(liquid.n_channels)[lines[:, 0]]),
        "delays": nir.Delay(lines[:, 1] * dt),
        "taps": nir.Affine(weights, taps.bias.astype(np.float64)),
        "potential": nir.LI(tau=tau, r=1 / (1 - beta), v_leak=np.zeros_like(beta)),
        "spikes": nir.Threshold(threshold),
        "output": nir.Output({"output": np.array([liquid.n_neurons])}),
    }
    edges = list(pairwise(nodes))
    nodes["recurrent"] = nir.Linear(liquid.recurrent_weights - np.diag(beta * threshold))
    edges += [("spikes", "recurrent"), ("recurrent", "potential")]
    return nir.NIRGraph(nodes, edges)


def _lines(taps: Taps) -> tuple[np.ndarray, np.ndarray]:
    """Channel and delay of each line, shape (n_lines, 2), and the line of each tap.

    Where a neuron has several taps on a channel with one delay, as many lines are equal: the sum
    of their weights may be no number of the input's grid.
    """
    where = np.stack([taps.channels, taps.delays], axis=1)
    of_each = np.column_stack([taps.neurons, where])
    _, place, counts = np.unique(of_each, axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(place.ravel(), kind="stable")
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    lines, line = np.unique(np.column_stack([where, number]), axis=0, return_inverse=True)
    return lines[:, :2], line.ravel()


def _check_liquid(liquid: Any) -> None:
    if not isinstance(liquid, Liquid):
        raise TypeError(f"liquid must be a Liquid of spiking neurons, got {shown(liquid)}.")
    for name, kind in {"synapses": Synapses, "neurons": LIF}.items():
        if type(part := getattr(liquid, name)) is not kind:
            raise ValueError(
                f"liquid must have the {name} {kind.__name__} to be a NIR graph, got "
                f"{type(part).__name__}."
            )
    for name in ("adaptation", "refractory"):
        if getattr(liquid, name).any():
            raise ValueError(f"liquid must be without {name} to be a NIR graph.")


def from_nir(graph: Any, *, dt: float = 1.0) -> Liquid:
    """Make the liquid that a NIR graph describes.

    Parameters
    ----------
    graph : nir.NIRGraph
        A graph of the form that `to_nir` makes, in which "standardise", "lines" with "delays",
        and "recurrent" may be missing. Nodes may have other names, the weights may be of
        ``Affine``, ``Linear`` or ``Scale``, and the leaky integrators may have a resistance and a
        leak of their own.
    dt : float, default=1.0
        Duration of a time step, in the unit of time of the graph; positive.

    Returns
    -------
    Liquid
        The liquid, weights rounded to their grids. That of a graph by `to_nir` has the spikes of
        the liquid that it was made of, to the bit.

    Raises
    ------
    ValueError, TypeError
        If no liquid does what the graph does: the error names the node.

    Examples
    --------
    >>> from skliquid.nir import from_nir, to_nir
    >>> from skliquid.reservoirs import draw_liquid
    >>> liquid = draw_liquid(2, 50, n_delays=3, max_delay=10, seed=0)
    >>> again = from_nir(to_nir(liquid, dt=1e-3), dt=1e-3)
    >>> (again.recurrent_weights == liquid.recurrent_weights).all().item(), again.max_delay
    (True, 10)
    """
    nir, dt = _nir(), check_real("dt", dt, 0, closed="neither")
    if not isinstance(graph, nir.NIRGraph):
        raise TypeError(f"graph must be a nir.NIRGraph, got {shown(graph)}.")
    chain, potential, spikes, recurrent = _parts(graph)
    tau = np.asarray(potential.tau, dtype=np.float64)
    if tau.ndim != 1 or not (tau >= 0).all():
        raise ValueError(
            f"graph must have one row of LI with tau >= 0, got tau={shown(potential.tau)}."
        )
    with np.errstate(divide="ignore"):
        beta = np.exp(-dt / tau)
    n, scale = len(beta), (1 - beta) * potential.r  # scale: what a current of 1 adds in a step
    threshold = np.asarray(spikes.threshold, dtype=np.float64)
    taps = _taps(chain, scale, (1 - beta) * potential.v_leak, dt)
    weights, reset = scale[:, np.newaxis] * recurrent, beta * threshold
    own = weights.diagonal() + reset
    np.fill_diagonal(weights, np.where(np.abs(own) < _NOTHING * np.abs(reset), 0, own))
    rng = np.random.default_rng(0)  # of which nothing is drawn
    neurons = replace(draw_neurons(n, rng=rng), threshold=threshold, beta=beta.astype(np.float32))
    return Liquid(taps, draw_synapses(n, topology=weights, rng=rng), checked_neurons(neurons, n))


def _parts(graph: Any) -> tuple[dict[str, Any], Any, Any, np.ndarray]:
    """Return the nodes between input and potential, this, the threshold, and the weights back."""
    nodes, edges = graph.nodes, set(graph.edges)
    first, potential, spikes, last = _names(nodes)
    path = [first]
    while path[-1] != potential and len(path) <= len(nodes):
        path.append(next((target for source, target in edges if source == path[-1]), potential))
    back = [target for source, target in edges if source == spikes and target != last]
    known = {*pairwise(path), (potential, spikes), (spikes, last)}
    known |= {(spikes, name) for name in back} | {(name, potential) for name in back}
    if len(back) > 1 or edges != known or {*path, *back, spikes, last} != set(nodes):
        raise ValueError(
            f"graph must be a path from {first!r} over {potential!r} and {spikes!r} to {last!r}, "
            f"with at most one node back from {spikes!r} to {potential!r}; got the edges "
            f"{shown(graph.edges)}."
        )
    n = len(nodes[spikes].threshold)
    recurrent = _affine(back[0], nodes[back[0]], bias=False)[0] if back else np.zeros((n, n))
    held = {name: nodes[name] for name in path[1:-1]}
    return held, nodes[potential], nodes[spikes], recurrent


def _names(nodes: dict[str, Any]) -> list[str]:
    """Names of the nodes of which there is one, after a check of what all of them are."""
    kinds: dict[str, list[str]] = {kind: [] for kind in _HELD}
    for name, node in nodes.items():
        kind = type(node).__name__
        if kind not in kinds:
            why = ", which resets to a value" if kind in _RESETS else ""
            raise ValueError(f"graph has a node {name!r} that no liquid holds: {kind}{why}.")
        kinds[kind].append(name)
    for kind in _SINGLE:
        if len(kinds[kind]) != 1:
            raise ValueError(f"graph must have one {kind} node, got {kinds[kind]}.")
    return [kinds[kind][0] for kind in _SINGLE]


def _affine(name: str, node: Any, *, bias: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Matrix and bias of a node, or say that it has none."""
    kind = type(node).__name__
    if kind == "Scale":
        return np.diag(np.asarray(node.scale, dtype=np.float64)), np.zeros(len(node.scale))
    if kind == "Linear" or (bias and kind == "Affine"):
        weight = np.asarray(node.weight, dtype=np.float64)
        return weight, np.asarray(getattr(node, "bias", np.zeros(len(weight))), dtype=np.float64)
    accepted = "Affine, Linear or Scale" if bias else "Linear or Scale"
    raise ValueError(f"graph node {name!r} must be {accepted} in its place, got {kind}.")


def _taps(chain: dict[str, Any], scale: np.ndarray, leak: np.ndarray, dt: float) -> Taps:
    """Return the taps that the nodes between input and potential are."""
    kinds = [type(node).__name__ for node in chain.values()]
    named = list(chain.items())
    n_before = len(named) - (3 if "Delay" in kinds[-2:] else 1)
    if n_before not in (0, 1):
        raise ValueError(
            "graph must have between input and potential a standardisation or none, a choice of "
            f"channels with their delays or none, and weights; got the nodes {list(chain)}."
        )
    weights, bias = _affine(*named[-1])
    lines, delays = np.eye(weights.shape[1]), np.zeros(weights.shape[1])
    if len(named) - n_before == 3:
        lines, delays = _affine(*named[-3], bias=False)[0], _steps(*named[-2], dt)
    gain, offset = np.ones(lines.shape[1]), np.zeros(lines.shape[1])
    if n_before:
        gain, offset = _standardisation(*named[0])
    neuron, line = np.nonzero(weights)
    taps = Taps(
        np.concatenate([[0], np.cumsum(np.bincount(neuron, minlength=len(weights)))]),
        _channels(lines)[line].astype(np.int32),
        delays[line].astype(np.int32),
        weights[neuron, line],
        bias,
        offset.astype(np.float32),
        gain.astype(np.float32),
    )
    return taps.with_weights(taps.weights * scale[neuron], bias * scale + leak)


def _steps(name: str, node: Any, dt: float) -> np.ndarray:
    delays = np.asarray(node.delay, dtype=np.float64) / dt
    steps = np.rint(delays)
    if not (np.abs(delays - steps) < 1e-6).all() or steps.min() < 0 or steps.max() > MOST_STEPS:
        raise ValueError(
            f"graph node {name!r} must have delays of whole steps of {dt:g}, at most "
            f"{MOST_STEPS}, got {shown(node.delay)}."
        )
    return steps


def _channels(lines: np.ndarray) -> np.ndarray:
    """Channel that each line is a copy of."""
    if not (np.isin(lines, (0, 1)).all() and (lines.sum(axis=1) == 1).all()):
        raise ValueError("graph must delay channels as they are, each row of their choice one 1.")
    return lines.argmax(axis=1)


def _standardisation(name: str, node: Any) -> tuple[np.ndarray, np.ndarray]:
    weight, bias = _affine(name, node)
    gain = weight.diagonal()
    if weight.shape[0] != weight.shape[1] or np.count_nonzero(weight - np.diag(gain)):
        raise ValueError(f"graph node {name!r} must scale channels, a diagonal matrix.")
    if bias[gain == 0].any():
        raise ValueError(f"graph node {name!r} must have no bias where it scales by 0.")
    return gain, -bias / np.where(gain == 0, 1, gain)
