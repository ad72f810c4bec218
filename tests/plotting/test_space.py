import matplotlib.pyplot as plt
import numpy as np
import pytest

from skliquid import LSMClassifier
from skliquid.plotting import plot_liquid
from skliquid.reservoirs import draw_liquid


def in_space(n=135, **given):
    given = {"shape": (3, 3, 15), "lambda_": 2.0} | given
    return draw_liquid(1, n, topology="spatial", topology_params=given, seed=0)


def segments(ax):
    """Ends of the lines drawn, excitatory and then inhibitory ones."""
    lines = [each for each in ax.collections if hasattr(each, "_segments3d")]
    return [np.asarray(each._segments3d) for each in lines]


def dots(ax):
    """Places of the dots drawn, collection by collection."""
    return [
        np.stack(each._offsets3d, axis=1)
        for each in ax.collections
        if not hasattr(each, "_segments3d")
    ]


def test_liquid_in_space_has_a_dot_for_each_neuron_and_a_line_for_each_synapse():
    liquid = in_space()
    ax = plot_liquid(liquid, n_excitatory=108)
    drawn = np.concatenate(dots(ax))
    order, theirs = np.lexsort(drawn.T), np.lexsort(liquid.positions.T)
    np.testing.assert_array_equal(drawn[order], liquid.positions[theirs])
    sources, targets = liquid.synapses.sources, liquid.synapse_targets
    lines = segments(ax)
    assert [len(each) for each in lines] == [(sources < 108).sum(), (sources >= 108).sum()]
    ends = {tuple(np.ravel(each)) for each in np.concatenate(lines)}
    x = liquid.positions
    assert ends == {(*x[j], *x[i]) for i, j in zip(targets, sources, strict=True)}
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["excitatory", "inhibitory"]
    plt.close()


def test_of_many_synapses_those_of_one_neuron_are_drawn_or_of_those_asked_for():
    liquid = in_space(1000, shape=(10, 10, 10))
    (lines,) = segments(plot_liquid(liquid, n_excitatory=800))
    start = np.unique(lines[:, 0], axis=0)
    assert np.abs(start - 4.5).max() < 1.6
    neuron = int(np.flatnonzero((liquid.positions == start).all(axis=1))[0])
    n_each = np.diff(liquid.synapse_offsets)
    assert len(lines) == n_each[neuron]
    plt.close()
    (lines,) = segments(plot_liquid(liquid, n_excitatory=800, sources=[900, 950]))
    assert len(lines) == n_each[900] + n_each[950]
    plt.close()
    ax = plot_liquid(liquid, sources=[])
    assert segments(ax) == []
    assert ax.get_legend() is None
    plt.close()


def test_liquid_in_space_refuses():
    with pytest.raises(TypeError, match="liquid must be a Liquid or .* got LSMClassifier"):
        plot_liquid(LSMClassifier())
    with pytest.raises(ValueError, match="liquid must have positions"):
        plot_liquid(draw_liquid(1, 20, seed=0))
    with pytest.raises(ValueError, match="sources must be integers in .0, 134., got .135."):
        plot_liquid(in_space(), sources=[135])
    plt.close()
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match='projection="3d"'):
        plot_liquid(in_space(), ax=ax)
    plt.close()
