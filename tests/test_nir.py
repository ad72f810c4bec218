"""Graphs of NIR against the equations of their nodes, and as liquids again."""

import sys
from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest

from skliquid import LiquidTransformer
from skliquid.engines import record
from skliquid.nir import from_nir, to_nir
from skliquid.reservoirs import Liquid, Neurons, Synapses, Taps, draw_liquid
from skliquid.reservoirs.neurons import LIF
from skliquid.sequences import as_sequences

nir = pytest.importorskip("nir")

DT = 1e-3


def drawn(**parameters):
    return draw_liquid(3, 80, seed=0, **parameters)


DELAYS = {"n_delays": 4, "max_delay": 20, "max_channels": 2}
LIQUIDS = {
    "plain": drawn(),
    "delays": drawn(**DELAYS, beta=(0.5, 0.98), threshold=0.7),
    "differences": drawn(**DELAYS, derivative_gain=np.full(3, 3.0)),  # taps at the same places
    "memoryless": drawn(**DELAYS, beta=0.0),
}


def inputs(seed=0):
    """Frames on the grid of the input, whose rounding NIR does not hold."""
    rng = np.random.default_rng(seed)
    return [np.rint(rng.normal(size=(t, 3)) * 2**14) * 2.0**-14 for t in (60, 41)]


def spikes(liquid, X):
    return record([liquid], [as_sequences(X)], "numpy", None).spikes()


def simulated(graph, x):
    """NIR's equations in steps of DT, exact for input that is constant in a step."""
    before = {
        name: [source for source, target in graph.edges if target == name] for name in graph.nodes
    }
    values, trains = dict.fromkeys(graph.nodes, 0.0), []
    past = {name: [] for name in graph.nodes}
    for frame in x:
        for name, node in graph.nodes.items():
            into = frame if name == "input" else sum(values[source] for source in before[name])
            match type(node).__name__:
                case "Affine":
                    values[name] = node.weight @ into + node.bias
                case "Linear":
                    values[name] = node.weight @ into
                case "LI":
                    with np.errstate(divide="ignore"):
                        decay = np.exp(-DT / node.tau)
                    end = node.v_leak + node.r * into
                    values[name] = end + (values[name] - end) * decay
                case "Threshold":
                    values[name] = (into > node.threshold).astype(float)
                case "Delay":
                    past[name].append(into)
                    ago = len(past[name]) - 1 - np.rint(node.delay / DT).astype(int)
                    kept = np.array(past[name])[np.maximum(ago, 0), np.arange(len(ago))]
                    values[name] = np.where(ago >= 0, kept, 0.0)
                case _:
                    values[name] = into
        trains.append(values["output"] > 0)
    return np.array(trains)


@pytest.mark.parametrize("name", LIQUIDS)
def test_the_graph_spikes_as_the_liquid_does(name):
    graph = to_nir(LIQUIDS[name], dt=DT)
    for x, expected in zip(inputs(), spikes(LIQUIDS[name], inputs()), strict=True):
        assert 0.02 < expected.mean() < 0.6
        np.testing.assert_array_equal(simulated(graph, x), expected)


def same(liquid, again):
    """Check that two liquids are the same record but for the order and the zeros of their taps."""
    for part in ("beta", "threshold", "recurrent_weights", "bias"):
        np.testing.assert_array_equal(getattr(again, part), getattr(liquid, part))
    for part in ("input_offset", "input_gain", "synapse_offsets"):
        np.testing.assert_array_equal(getattr(again, part), getattr(liquid, part))
    np.testing.assert_array_equal(sorted_taps(again.taps), sorted_taps(liquid.taps))


def sorted_taps(taps):
    held = taps.weights != 0
    rows = np.stack([taps.neurons, taps.channels, taps.delays, taps.weights], axis=1)[held]
    return rows[np.lexsort(rows.T[::-1])]


@pytest.mark.parametrize("name", LIQUIDS)
def test_there_and_back_through_a_file(name, tmp_path):
    nir.write(tmp_path / "liquid.nir", to_nir(LIQUIDS[name], dt=DT))
    again = from_nir(nir.read(tmp_path / "liquid.nir"), dt=DT)
    same(LIQUIDS[name], again)
    X = np.random.default_rng(1).normal(size=(4, 70, 3))
    for train, expected in zip(spikes(again, X), spikes(LIQUIDS[name], X), strict=True):
        np.testing.assert_array_equal(train, expected)


def test_the_default_liquid_of_an_estimator_there_and_back():
    """With the scale of the data, homeostasis and delays; a channel that is constant."""
    X = np.random.default_rng(0).normal(3, 2, size=(20, 50, 3))
    X[:, :, 1] = 4.0
    fitted = LiquidTransformer(100, encoder=None, engine="numpy", random_state=0).fit(X)
    again = from_nir(to_nir(fitted.liquid_))
    same(fitted.liquid_, again)
    for train, expected in zip(spikes(again, X), fitted.spikes(X), strict=True):
        np.testing.assert_array_equal(train, expected)


def test_any_decay_comes_back():
    for seed in range(20):
        beta = np.random.default_rng(seed).random(80).astype(np.float32)
        liquid = replace(drawn(), neurons=replace(drawn().neurons, beta=beta))
        again = from_nir(to_nir(liquid, dt=DT), dt=DT)
        np.testing.assert_array_equal(again.beta, beta)
        np.testing.assert_array_equal(again.recurrent_weights, liquid.recurrent_weights)


def other_graph(**changed):
    """A graph as other tools make it: no way back, a resistance, a leak, and thresholds."""
    nodes = {
        "in": nir.Input({"input": np.array([2])}),
        "w": nir.Affine(
            np.array([[0.5, -0.25], [1.0, 0.75], [0.0, 2.0]]), np.array([0.25, -0.5, 0.0])
        ),
        "v": nir.LI(tau=np.full(3, 5.0), r=np.full(3, 3.0), v_leak=np.array([0.0, 0.5, 1.0])),
        "z": nir.Threshold(np.array([0.5, 0.75, 1.5])),
        "out": nir.Output({"output": np.array([3])}),
    }
    nodes |= changed
    names = [name for name in nodes if name != "back"]
    edges = list(pairwise(names))
    if "back" in nodes:
        edges += [("z", "back"), ("back", "v")]
    return nir.NIRGraph(nodes, edges)


def test_a_graph_of_another_tool_runs_by_its_equations():
    """Without a reset a neuron fires as long as its potential is above the threshold."""
    graph, x = other_graph(), np.array(inputs()[0])[:, :2]
    liquid = from_nir(graph)
    decay, v, expected = np.exp(-1 / 5), np.zeros(3), []
    for frame in x:
        current = graph.nodes["w"].weight @ frame + graph.nodes["w"].bias
        end = graph.nodes["v"].v_leak + 3 * current
        v = end + (v - end) * decay
        expected.append(v > graph.nodes["z"].threshold)
    np.testing.assert_array_equal(spikes(liquid, [x])[0], expected)
    assert 20 < np.sum(expected) < 150


def lif():
    return nir.LIF(**dict.fromkeys(("tau", "r", "v_leak", "v_threshold"), np.ones(3)))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"z": lif()}, "node 'z' that no liquid holds: LIF, which resets to a value"),
        ({"z": nir.Flatten({"input": np.array([3])}, 0, 0)}, "node 'z' .* holds: Flatten"),
        ({"z": nir.Scale(np.ones(3))}, r"graph must have one Threshold node, got \[\]"),
        ({"v": nir.LI(-np.ones(3), np.ones(3), np.ones(3))}, r"tau >= 0, got tau=array\(\[-1"),
        ({"back": nir.Affine(np.eye(3), np.ones(3))}, "'back' must be Linear or Scale in its"),
    ],
)
def test_what_no_liquid_holds(changed, message):
    with pytest.raises(ValueError, match=message):
        from_nir(other_graph(**changed))


def test_a_path_that_is_longer_than_taps():
    nodes = dict(other_graph().nodes)
    weights = {f"w{i}": nir.Linear(np.eye(3)) for i in range(2)}
    nodes = {"in": nodes.pop("in"), "w": nodes.pop("w")} | weights | nodes
    with pytest.raises(ValueError, match=r"got the nodes \['w', 'w0', 'w1'\]"):
        from_nir(nir.NIRGraph(nodes, list(pairwise(nodes))))


def test_weights_back_as_a_scale_are_a_diagonal():
    scaled, dense = (
        from_nir(other_graph(back=node)).recurrent_weights
        for node in (nir.Scale(np.array([0.5, 0.25, -1.0])), nir.Linear(np.diag([0.5, 0.25, -1])))
    )
    np.testing.assert_array_equal(scaled, dense)
    assert np.count_nonzero(scaled) == 3


def with_node(name, **values):
    graph = to_nir(LIQUIDS["delays"])
    for key, value in values.items():
        setattr(graph.nodes[name], key, value)
    return graph


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (with_node("standardise", weight=np.ones((3, 3))), "'standardise' must scale channels"),
        (with_node("standardise", weight=np.zeros((3, 3)), bias=np.ones(3)), "no bias where it"),
        (
            with_node("lines", weight=0.5 * to_nir(LIQUIDS["delays"]).nodes["lines"].weight),
            "one 1",
        ),
        (
            with_node("delays", delay=to_nir(LIQUIDS["delays"], dt=0.3).nodes["delays"].delay),
            "whole",
        ),
    ],
)
def test_what_taps_do_not_hold(graph, message):
    with pytest.raises(ValueError, match=message):
        from_nir(graph)


def test_edges_that_would_be_lost():
    graph = to_nir(LIQUIDS["plain"])
    graph.edges.append(("recurrent", "spikes"))
    with pytest.raises(ValueError, match="graph must be a path from 'input' over 'potential'"):
        from_nir(graph)
    graph = to_nir(LIQUIDS["plain"])
    graph.nodes["more"] = nir.Scale(np.ones(80))
    with pytest.raises(ValueError, match="graph must be a path from"):
        from_nir(graph)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"adaptation": 0.1}, "liquid must be without adaptation"),
        ({"refractory": 2}, "liquid must be without refractory"),
    ],
)
def test_neurons_that_nir_does_not_hold(options, message):
    with pytest.raises(ValueError, match=message):
        to_nir(drawn(**options))


def test_other_kinds_of_synapses_and_neurons():
    class Others(Synapses):
        pass

    liquid = drawn()
    constants = {f.name: getattr(liquid.synapses, f.name) for f in fields(Synapses)}
    with pytest.raises(ValueError, match="must have the synapses Synapses .* got Others"):
        to_nir(replace(liquid, synapses=Others(**constants)))
    with pytest.raises(ValueError, match="must have the neurons LIF to be .* got Neurons"):
        to_nir(replace(liquid, neurons=Neurons(threshold=liquid.threshold)))


def test_wrong_arguments():
    with pytest.raises(TypeError, match="liquid must be a Liquid of spiking neurons, got None"):
        to_nir(None)
    with pytest.raises(TypeError, match="graph must be a nir.NIRGraph, got 3"):
        from_nir(3)
    with pytest.raises(ValueError, match=r"dt must be a finite number in \(0, inf\), got 0"):
        to_nir(drawn(), dt=0)


def test_what_to_do_without_nir(monkeypatch):
    monkeypatch.setitem(sys.modules, "nir", None)
    with pytest.raises(ImportError, match=r"install the extra: pip install 'skliquid\[nir\]'"):
        to_nir(drawn())


def test_what_a_liquid_is_made_of_is_all_in_the_graph_or_refused():
    """A new field must come into the graph, or be refused where it acts, and then into this."""
    assert {f.name for f in fields(Liquid)} == {"taps", "synapses", "neurons"}
    synapses = {"offsets", "targets", "units", "exponent", "positions"}
    assert {f.name for f in fields(Synapses)} == synapses
    constants = {"threshold", "beta", "adaptation", "adaptation_beta", "refractory"}
    assert {f.name for f in fields(LIF)} == constants
    taps = {"offsets", "channels", "delays", "weights", "bias", "input_offset", "input_gain"}
    assert {f.name for f in fields(Taps)} == taps
