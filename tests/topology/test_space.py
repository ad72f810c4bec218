"""Neurons in space, against the formula of their connections, pair by pair."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from skliquid.reservoirs import draw_liquid
from skliquid.topology import _graphs, spatial
from skliquid.topology._space import length_of_density

C = (0.3, 0.2, 0.4, 0.1)
ONE = {"spectral_radius": 0.0, "return_positions": True, "as_sparse": True}


def probabilities(positions, n_excitatory, C, length):
    """Of the synapse from j to i, by the formula, [i, j]."""
    is_inhibitory = np.arange(len(positions)) >= n_excitatory
    EE, EI, IE, II = C
    of_pair = np.where(
        is_inhibitory,  # where it comes from
        np.where(is_inhibitory[:, None], II, IE),
        np.where(is_inhibitory[:, None], EI, EE),
    )
    p = of_pair * np.exp(-((cdist(positions, positions) / length) ** 2))
    np.fill_diagonal(p, 0.0)
    return p


def exists(W):
    """Where there is a synapse, whatever its weight."""
    found = np.zeros(W.shape, dtype=bool)
    rows = np.repeat(np.arange(W.shape[0]), np.diff(W.indptr))
    found[rows, W.indices] = True
    assert found.sum() == W.nnz  # none twice
    return found


def assert_binomial(found, p):
    """The number of successes is that of independent trials, three more where few are expected."""
    deviation = np.sqrt((p * (1 - p)).sum())
    assert abs(found.sum() - p.sum()) <= 4.5 * deviation + 3


# With n=600 far pairs are thinned; with 12 neurons none is far, with 1e3 none is near the end.
@pytest.mark.parametrize(
    ("n", "length", "given"),
    [
        (600, 1.5, {}),
        (600, 2.5, {"shape": (5, 8, 20)}),
        (600, 1.5, {"placement": "random"}),
        (600, 4.0, {"placement": "random", "shape": (30.0, 2.5, 8.0)}),
        (300, 1e3, {}),
        (600, 1.5, {"C": (0.2, 0.9, 0.05, 1.0)}),
    ],
)
def test_connections_by_distance_and_kind_follow_the_formula(n, length, given):
    kinds = np.arange(n) >= int(0.7 * n)
    for seed in range(3):
        W, x = spatial(n, length, 0.7, rng=seed, **ONE, **given)
        found, p = exists(W), probabilities(x, int(0.7 * n), given.get("C", C), length)
        assert not np.diag(found).any()
        distance = cdist(x, x)
        edges = np.quantile(distance, np.linspace(0, 0.5, 9))
        for to in (kinds, ~kinds):
            for source in (kinds, ~kinds):
                of_kinds = np.outer(to, source)
                for low, high in zip([0, *edges], [*edges, np.inf], strict=True):
                    chosen = of_kinds & (distance >= low) & (distance < high)
                    assert_binomial(found[chosen], p[chosen])


def test_every_pair_has_its_own_probability_and_far_ones_too(monkeypatch):
    """Of one fixed set of places, with all pairs, half of them and next to none looked at."""
    x = np.random.default_rng(0).random((16, 3)) * 4
    p = probabilities(x, 10, (0.9, 0.5, 1.0, 0.2), 2.0)
    for n_far in (1, 6, 14, 16):
        monkeypatch.setattr(_graphs, "_N_FAR", n_far)
        rng, counts = np.random.default_rng(n_far), np.zeros((16, 16))
        for _ in range(1500):
            peaks = np.array([[0.9, 0.5], [1.0, 0.2]])
            target, source = _graphs.spatial_edges(x, 10, peaks, 2.0, rng)
            counts[target, source] += 1
        assert counts.max() <= 1500  # no pair twice
        deviation = np.sqrt(1500 * p * (1 - p)) + 1e-9
        assert (np.abs(counts - 1500 * p) / deviation).max() < 4.8
        chi2 = ((counts - 1500 * p) ** 2 / deviation**2)[~np.eye(16, dtype=bool)].sum()
        assert abs(chi2 - 240) < 4.5 * (2 * 240) ** 0.5


def test_first_letter_is_where_a_synapse_comes_from():
    """With C of EI alone, all synapses are from excitatory neurons to inhibitory ones."""
    W = spatial(200, 3.0, 0.6, C=(0.0, 1.0, 0.0, 0.0), rng=0, spectral_radius=0.0, as_sparse=True)
    found = exists(W)
    assert found[120:, :120].sum() == found.sum() > 1000


def test_blocks_do_not_change_the_draw(monkeypatch):
    whole = spatial(300, 2.0, rng=1)
    tree_order = _graphs._pairs_within
    monkeypatch.setattr(_graphs, "_MOST_PAIRS", 1000)
    np.testing.assert_array_equal(spatial(300, 2.0, rng=1), whole)
    x = np.random.default_rng(2).random((60, 3))
    pairs = np.concatenate([np.stack(each) for each in tree_order(x, 0.4)], axis=1)
    inside = (cdist(x, x) <= 0.4) & ~np.eye(60, dtype=bool)
    looked_at = np.zeros((60, 60), dtype=bool)
    looked_at[tuple(pairs)] = True
    assert (looked_at >= inside).all()
    assert (np.diff(pairs[0] * 60 + pairs[1]) > 0).all()


def test_places_of_a_grid_are_taken_once_and_mixed():
    W, x = spatial(135, shape=(3, 3, 15), rng=0, return_positions=True)
    assert W.shape == (135, 135)
    places = {tuple(place) for place in x.astype(int)}
    assert len(places) == 135
    np.testing.assert_array_equal(x.max(axis=0), [2, 2, 14])
    heights = [spatial(135, shape=(3, 3, 15), rng=s, **ONE)[1] for s in range(40)]
    of_inhibitory = np.mean([x[108:, 2].mean() for x in heights])
    assert of_inhibitory == pytest.approx(7.0, abs=4.5 * 4.32 / (40 * 27) ** 0.5)
    _, some = spatial(20, shape=(3, 3, 15), rng=0, **ONE)
    assert len(np.unique(some, axis=0)) == 20
    assert some[:, 2].max() > 7


@pytest.mark.parametrize("n", [1, 2, 7, 8, 27, 100, 1000, 1500])
def test_the_least_grid_holds_all_and_is_hardly_larger(n):
    _, x = spatial(n, 0.01, rng=0, **ONE)
    assert len(np.unique(x, axis=0)) == n
    sides = x.max(axis=0) + 1
    assert sides.max() <= np.ceil(round(n ** (1 / 3), 9))


def test_random_places_fill_the_box():
    _, x = spatial(2000, placement="random", shape=(10.0, 0.5, 3.0), rng=0, **ONE)
    assert (x >= 0).all()
    assert (x <= (10.0, 0.5, 3.0)).all()
    np.testing.assert_allclose(x.mean(axis=0), (5.0, 0.25, 1.5), rtol=4.5 / (12 * 500) ** 0.5)
    _, x = spatial(1000, placement="random", rng=0, **ONE)
    assert 9.9 < x.max() <= 10.0


@pytest.mark.parametrize("given", [{}, {"shape": (2, 5, 40)}, {"C": (0.1, 0.9, 0.9, 0.5)}])
@pytest.mark.parametrize("placement", ["grid", "random"])
def test_connectivity_is_met_by_the_reach(placement, given):
    for density in (0.01, 0.08):
        length = length_of_density(density, 400, 0.7, placement=placement, **given)
        expected = []
        for seed in range(4):
            _, x = spatial(400, 0.01, 0.7, placement=placement, rng=seed, **ONE, **given)
            p = probabilities(x, 280, given.get("C", C), length)
            expected.append(p.sum() / (400 * 399))
        assert np.mean(expected) == pytest.approx(density, rel=0.05)


def test_connectivity_beyond_what_C_allows_connects_whatever_the_distance():
    assert length_of_density(0.9, 400, 0.8, C=0.5) >= 1e5
    assert length_of_density(0.2, 400, 0.8, C=0.0) >= 1e5


def test_positions_are_kept_in_the_liquid():
    import pickle

    given = {"shape": (3, 3, 15), "lambda_": 2.0}
    parameters = {"topology": "spatial", "topology_params": given, "recurrent_fraction": 1.0}
    liquid = draw_liquid(2, 135, **parameters, spectral_radius=1.1, seed=0)
    assert liquid.positions.shape == (135, 3)
    again = pickle.loads(pickle.dumps(liquid))
    np.testing.assert_array_equal(again.positions, liquid.positions)
    order = np.random.default_rng(0).permutation(135)
    moved = liquid.synapses.take(order)
    np.testing.assert_array_equal(moved.positions, liquid.positions[order])
    np.testing.assert_array_equal(moved.weights, liquid.recurrent_weights[np.ix_(order, order)])
    trained = liquid.synapses.with_weights(2 * liquid.recurrent_weights)
    np.testing.assert_array_equal(trained.positions, liquid.positions)
    assert_binomial(liquid.recurrent_weights != 0, probabilities(liquid.positions, 108, C, 2.0))
    assert draw_liquid(2, 20, seed=0).positions is None


def test_weights_and_positions_of_a_callable():
    def line(n, rng):
        return np.roll(np.eye(n), 1, axis=0), np.outer(np.arange(n), [1, 0, 0])

    liquid = draw_liquid(1, 12, topology=line, seed=0)
    np.testing.assert_array_equal(liquid.positions, line(12, None)[1])
    assert (np.diff(liquid.positions[liquid.synapse_targets[:-1]][:, 0]) == 1).all()
    for n, tuples in (
        (2, ((0.0, 1.0), (1.0, 0.0))),
        (2, (np.array([0, 1.0]), np.array([1.0, 0]))),
    ):
        given = draw_liquid(1, n, topology=lambda n, rng, tuples=tuples: tuples, seed=0)
        np.testing.assert_array_equal(given.recurrent_weights, [[0, 1], [1, 0]])
        assert given.positions is None
    for wrong, message in (
        (np.zeros((12, 2)), r"got shape \(12, 2\)"),
        (np.full((12, 3), np.nan), "got a NaN"),
        ("a", "'a' failed"),
    ):
        with pytest.raises(
            ValueError, match=rf"topology.* positions of shape \(12, 3\).*{message}"
        ):
            draw_liquid(1, 12, topology=lambda n, rng, x=wrong: (np.eye(n), x), seed=0)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"shape": (3, 3, 3)}, ValueError, r"at least n=135|n=135 to .*\(3, 3, 3\)"),
        ({"shape": (3, 45)}, TypeError, r"shape must be three numbers.*\(3, 45\)"),
        ({"shape": (0, 3, 45)}, ValueError, "side of shape must be an integer .* got 0"),
        ({"shape": (1.5, 3, 45)}, TypeError, "side of shape must be an integer .* got 1.5"),
        ({"shape": (0, 1, 1), "placement": "random"}, ValueError, "side of shape .* got 0"),
        ({"placement": "ring"}, ValueError, "placement must be one of .* got 'ring'"),
        ({"C": 1.5}, ValueError, "C must be .* got 1.5"),
        ({"C": (0.1, 0.2)}, ValueError, r"C must be .* got \(0.1, 0.2\)"),
        ({"lambda_": 0.0}, ValueError, "lambda_ must be .* got 0"),
        ({"p": 0.1}, ValueError, "topology_params of 'spatial'.* got 'p'"),
        ({"return_positions": False}, ValueError, "topology_params .* got 'return_positions'"),
    ],
)
def test_wrong_values_are_named(given, error, message):
    with pytest.raises(error, match=message):
        draw_liquid(1, 135, topology="spatial", topology_params=given, seed=0)


def test_one_neuron():
    with pytest.warns(UserWarning, match="no directed cycle"):
        W, x = spatial(1, rng=0, return_positions=True)
    assert (W.tolist(), x.tolist()) == ([[0.0]], [[0.0, 0.0, 0.0]])
