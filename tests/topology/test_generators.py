"""Weights on graphs: their signs, magnitudes, balance and spectral radius."""

import warnings

import numpy as np
import pytest

from skliquid.topology import erdos_renyi, scale_free, small_world, spatial, spectral_radius

GENERATORS = [erdos_renyi, small_world, scale_free, spatial]


def dense_radius(W):
    return np.abs(np.linalg.eigvals(np.asarray(W, dtype=np.float64))).max()


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("exc_ratio", [0.0, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("n", [60, 401])
def test_radius_is_that_of_all_eigenvalues(generator, exc_ratio, n):
    W = generator(n, exc_ratio=exc_ratio, spectral_radius=1.3, rng=3)
    assert W.dtype == np.float32
    assert dense_radius(W) == pytest.approx(1.3, abs=1e-6)


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("exc_ratio", [0.0, 0.37, 0.8, 1.0])
def test_dales_law(generator, exc_ratio):
    W = generator(101, exc_ratio=exc_ratio, rng=0)
    n_excitatory = int(exc_ratio * 101)
    assert (W[:, :n_excitatory] >= 0).all()
    assert (W[:, n_excitatory:] <= 0).all()
    assert (np.diag(W) == 0).all()


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("ei_balance", [0.0, 0.3, 1.0, 4.0])
def test_balance_of_excitation_and_inhibition(generator, ei_balance):
    W = generator(120, exc_ratio=0.7, spectral_radius=1.1, ei_balance=ei_balance, rng=2)
    assert -W[W < 0].sum() / W[W > 0].sum() == pytest.approx(ei_balance, rel=1e-4)
    assert dense_radius(W) == pytest.approx(1.1, abs=1e-6)
    plain = generator(120, exc_ratio=0.7, spectral_radius=1.1, rng=2)
    for positive in (W > 0, W < 0):
        if W[positive].any():
            assert np.ptp(W[positive] / plain[positive]) < 1e-4


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("exc_ratio", [0.0, 1.0])
def test_balance_of_one_kind_of_neuron_is_none(generator, exc_ratio):
    balanced = generator(60, exc_ratio=exc_ratio, ei_balance=1.0, rng=0)
    np.testing.assert_array_equal(balanced, generator(60, exc_ratio=exc_ratio, rng=0))
    with pytest.raises(ValueError, match="ei_balance must be .* got -1"):
        generator(60, exc_ratio=exc_ratio, ei_balance=-1, rng=0)


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("ei_balance", [None, 0.5, 1.0])
@pytest.mark.parametrize(("fraction", "n_recurrent"), [(0.25, 50), (0.6, 121)])
def test_a_fraction_of_the_neurons_is_recurrent(generator, ei_balance, fraction, n_recurrent):
    parameters = {"ei_balance": ei_balance, "recurrent_fraction": fraction}
    W = generator(201, **dense(generator, 201), **parameters, spectral_radius=1.3, rng=8)
    assert (W != 0).any(axis=1).sum() == n_recurrent
    assert dense_radius(W) == pytest.approx(1.3, abs=1e-6)
    assert spectral_radius(W) == pytest.approx(1.3, abs=1e-6)
    assert (W[:, :160] >= 0).all()
    assert (W[:, 160:] <= 0).all()
    if ei_balance is not None:
        assert -W[W < 0].sum() / W[W > 0].sum() == pytest.approx(ei_balance, rel=1e-4)


def dense(generator, n):
    """Arguments of a graph in which any neurons have synapses, and cycles among them."""
    reach = {"lambda_": 1e6, "C": 0.5}
    degree = {"k": n // 4 * 2}, {"m": n // 2}, reach
    return {erdos_renyi: {"p": 0.5}, **dict(zip(GENERATORS[1:], degree, strict=True))}[generator]


@pytest.mark.parametrize("generator", GENERATORS)
def test_recurrent_neurons_are_random_and_keep_all_their_synapses(generator):
    graph = dense(generator, 40)
    counts = np.zeros(40)
    for seed in range(400):
        whole = generator(40, **graph, rng=seed) != 0
        kept = generator(40, **graph, rng=seed, recurrent_fraction=0.25) != 0
        is_recurrent = kept.any(axis=1)
        np.testing.assert_array_equal(kept[is_recurrent], whole[is_recurrent])
        counts += is_recurrent
    np.testing.assert_allclose(counts / 400, 0.25, atol=4.5 * (0.25 * 0.75 / 400) ** 0.5)


@pytest.mark.parametrize(
    ("generator", "arguments", "n_recurrent"),
    [
        (erdos_renyi, {"n": 30, "p": 1.0}, 10),
        (small_world, {"n": 9, "k": 8}, 9),
        (scale_free, {"n": 2, "m": 1}, 2),
    ],
)
def test_ten_neurons_at_least_are_recurrent(generator, arguments, n_recurrent):
    W = generator(**arguments, recurrent_fraction=0.001, rng=0)
    assert (W != 0).any(axis=1).sum() == n_recurrent
    assert dense_radius(W) == pytest.approx(0.9, abs=1e-6)


@pytest.mark.parametrize("generator", GENERATORS)
def test_all_neurons_recurrent_is_the_graph_without_a_fraction(generator):
    W = generator(80, ei_balance=1.0, recurrent_fraction=1, rng=5)
    np.testing.assert_array_equal(W, generator(80, ei_balance=1.0, rng=5))


@pytest.mark.parametrize("generator", GENERATORS)
def test_bad_fraction_of_recurrent_neurons_is_named(generator):
    for value, error in (
        (0, ValueError),
        (1.5, ValueError),
        (np.nan, ValueError),
        ("a", TypeError),
    ):
        with pytest.raises(error, match=rf"recurrent_fraction must be .* got {value!r}"):
            generator(20, recurrent_fraction=value, rng=0)


@pytest.mark.parametrize("generator", GENERATORS)
def test_magnitudes_are_half_normal(generator):
    W = generator(800, rng=1, as_sparse=True)
    magnitude = np.abs(W.data)
    # E|N|**2 / (E|N|)**2 = pi / 2 does not depend on the scale.
    ratio = np.mean(magnitude**2) / np.mean(magnitude) ** 2
    assert ratio == pytest.approx(np.pi / 2, rel=0.05)


@pytest.mark.parametrize("generator", GENERATORS)
def test_same_seed_same_weights(generator):
    W = generator(80, rng=5)
    np.testing.assert_array_equal(W, generator(80, rng=np.random.default_rng(5)))
    np.testing.assert_array_equal(W, generator(80, rng=5, as_sparse=True).toarray())
    assert (generator(80, rng=6) != W).any()


@pytest.mark.parametrize(
    ("generator", "arguments", "message"),
    [
        (erdos_renyi, {"n": 0}, r"n must be an integer in \[1, .*\], got 0"),
        (erdos_renyi, {"n": 10, "p": 0}, r"p must be .* \(0, 1\], got 0"),
        (erdos_renyi, {"n": 10, "p": 1.5}, "p must be .* got 1.5"),
        (erdos_renyi, {"n": 10, "p": np.nan}, "p must be .* got nan"),
        (erdos_renyi, {"n": 10, "exc_ratio": 1.2}, "exc_ratio must be .* got 1.2"),
        (erdos_renyi, {"n": 10, "spectral_radius": -0.1}, "spectral_radius must be .* got -0.1"),
        (erdos_renyi, {"n": 10, "spectral_radius": np.inf}, "spectral_radius must be .* got inf"),
        (erdos_renyi, {"n": 10, "rng": -1}, "rng must be .* got -1"),
        (small_world, {"n": 10, "k": 3}, "k must be even .* got 3"),
        (small_world, {"n": 10, "k": 10}, r"k must be an integer in \[2, 9\], got 10"),
        (small_world, {"n": 10, "k": 0}, "k must be .* got 0"),
        (small_world, {"n": 10, "p_rewire": 2}, "p_rewire must be .* got 2"),
        (scale_free, {"n": 10, "m": 10}, r"m must be an integer in \[1, 9\], got 10"),
        (scale_free, {"n": 10, "m": 0}, "m must be .* got 0"),
    ],
)
def test_out_of_range(generator, arguments, message):
    with pytest.raises(ValueError, match=message):
        generator(**{"rng": 0} | arguments)


@pytest.mark.parametrize("arguments", [{"n": 10.0}, {"n": True}, {"n": 10, "p": "a"}])
def test_wrong_type(arguments):
    with pytest.raises(TypeError, match="must be .* got"):
        erdos_renyi(**arguments)


def test_graph_without_a_cycle_warns_and_keeps_its_weights():
    with pytest.warns(UserWarning, match="no directed cycle.* cannot be scaled to 0.9"):
        W = erdos_renyi(3, p=0.2, rng=0)
    assert np.isfinite(W).all()
    with pytest.warns(UserWarning, match="no directed cycle"):
        assert (erdos_renyi(1, rng=0) == 0).all()


def test_cycles_of_next_to_no_weight_warn_and_keep_their_weights():
    """One neuron excites the others, which hardly inhibit it."""
    faint = {"exc_ratio": 0.125, "ei_balance": 1e-260, "rng": 0}
    with pytest.warns(UserWarning, match="cycles of next to no weight.* is .*e-1.* scaled to 0.9"):
        W = erdos_renyi(8, 1.0, **faint)
    assert 0 < W.max() < 5


def test_radius_zero_switches_recurrence_off():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (erdos_renyi(50, spectral_radius=0, rng=0) == 0).all()


@pytest.mark.parametrize(
    ("generator", "arguments"),
    [(erdos_renyi, {"p": 0.001}), (small_world, {}), (scale_free, {}), (spatial, {})],
)
def test_ten_thousand_neurons(generator, arguments):
    W = generator(10_000, rng=0, as_sparse=True, **arguments)
    assert W.shape == (10_000, 10_000)
    assert W.dtype == np.float32
    # The power method, from a vector the implementation does not use.
    v = np.abs(np.random.default_rng(9).normal(size=10_000))
    for _ in range(400):
        previous, v = v, W @ (v / np.linalg.norm(v))
    if generator is not erdos_renyi:  # the excitatory majority gives an isolated eigenvalue
        growth = np.linalg.norm(v) / np.linalg.norm(previous / np.linalg.norm(previous))
        assert growth == pytest.approx(0.9, rel=0.02)
