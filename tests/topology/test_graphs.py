"""The random graphs, against networkx."""

import networkx as nx
import numpy as np
import pytest

from skliquid.topology import erdos_renyi, scale_free, small_world


def undirected(W):
    return nx.from_numpy_array((np.asarray(W) != 0).astype(int))


def test_erdos_renyi_degrees_are_binomial():
    n, p = 600, 0.07
    exists = erdos_renyi(n, p, rng=0) != 0
    theirs = nx.gnp_random_graph(n, p, seed=0, directed=True)
    std = np.sqrt((n - 1) * p * (1 - p))
    for degrees in (exists.sum(axis=0), exists.sum(axis=1), [d for _, d in theirs.in_degree]):
        assert np.mean(degrees) == pytest.approx((n - 1) * p, abs=4 * std / np.sqrt(n))
        assert np.std(degrees) == pytest.approx(std, rel=0.15)


@pytest.mark.filterwarnings("ignore:The graph drawn")
def test_erdos_renyi_connections_are_independent_of_place():
    counts = sum((erdos_renyi(6, 0.3, rng=seed) != 0).astype(int) for seed in range(3000))
    off_diagonal = counts[~np.eye(6, dtype=bool)]
    assert np.abs(off_diagonal / 3000 - 0.3).max() < 5 * np.sqrt(0.3 * 0.7 / 3000)


def test_erdos_renyi_complete():
    assert ((erdos_renyi(30, p=1.0, rng=0) != 0) == ~np.eye(30, dtype=bool)).all()


@pytest.mark.parametrize("p_rewire", [0.0, 0.1, 0.5, 1.0])
def test_small_world_matches_networkx(p_rewire):
    n, k = 300, 8
    ours, theirs = [], []
    for seed in range(5):
        mine = undirected(small_world(n, k, p_rewire, rng=seed))
        other = nx.watts_strogatz_graph(n, k, p_rewire, seed=seed)
        assert mine.number_of_edges() == other.number_of_edges() == n * k // 2
        for graph, results in ((mine, ours), (other, theirs)):
            largest = graph.subgraph(max(nx.connected_components(graph), key=len))
            results.append(
                [
                    nx.average_clustering(graph),
                    nx.average_shortest_path_length(largest),
                    np.std([d for _, d in graph.degree]),
                ]
            )
    np.testing.assert_allclose(np.mean(ours, 0), np.mean(theirs, 0), rtol=0.06, atol=0.01)


def test_small_world_without_rewiring_is_the_ring_lattice():
    ours = undirected(small_world(40, 6, 0.0, rng=0))
    assert nx.utils.graphs_equal(ours, nx.watts_strogatz_graph(40, 6, 0.0, seed=0)) or set(
        map(frozenset, ours.edges)
    ) == set(map(frozenset, nx.watts_strogatz_graph(40, 6, 0.0, seed=0).edges))


@pytest.mark.parametrize(("n", "k"), [(9, 8), (10, 8), (12, 10), (3, 2)])
def test_small_world_nearly_complete(n, k):
    W = small_world(n, k, p_rewire=1.0, rng=0)
    assert (W != 0).sum() == n * k


@pytest.mark.parametrize("m", [1, 3, 20])
def test_scale_free_matches_networkx(m):
    n = 400
    ours, theirs = [], []
    for seed in range(8):
        mine = undirected(scale_free(n, m, rng=seed))
        other = nx.barabasi_albert_graph(n, m, seed=seed)
        assert mine.number_of_edges() == other.number_of_edges() == m * (n - m)
        for graph, results in ((mine, ours), (other, theirs)):
            degrees = np.array([d for _, d in graph.degree])
            results.append(
                [
                    np.median(degrees),
                    np.mean(np.sort(degrees)[-10:]),
                    nx.average_clustering(graph),
                    nx.average_shortest_path_length(graph),
                ]
            )
            assert degrees.min() >= 1
    np.testing.assert_allclose(np.mean(ours, 0), np.mean(theirs, 0), rtol=0.15, atol=0.01)


def test_scale_free_star():
    graph = undirected(scale_free(7, 6, rng=0))
    assert sorted(d for _, d in graph.degree) == [1] * 6 + [6]
