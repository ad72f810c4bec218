"""What holds for the weights on any graph, with any parameters."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skliquid.topology import erdos_renyi, scale_free, small_world, spatial, spectral_radius

# That small graphs have no cycle.
pytestmark = pytest.mark.filterwarnings("ignore:The graph drawn:UserWarning")

SHARED = {
    "exc_ratio": st.floats(0, 1),
    "spectral_radius": st.floats(0, 1e6),
    "ei_balance": st.none() | st.floats(0, 1e6),
    "recurrent_fraction": st.floats(0.001, 1),
    "rng": st.integers(0, 2**31),
}


@st.composite
def graphs(draw):
    """A generator, its arguments, and the number of its synapses where that is fixed."""
    generator = draw(st.sampled_from([erdos_renyi, small_world, scale_free, spatial]))
    n = draw(st.integers(3, 60))
    given = {"n": n, **draw(st.fixed_dictionaries({}, optional=SHARED))}
    n_synapses = None
    if generator is erdos_renyi:
        given["p"] = draw(st.floats(0.001, 1))
        n_synapses = n * (n - 1) if given["p"] == 1 else None
    elif generator is small_world:
        k = given["k"] = 2 * draw(st.integers(1, (n - 1) // 2))
        given["p_rewire"] = draw(st.floats(0, 1))
        n_synapses = n * k
    elif generator is spatial:
        given["lambda_"], given["C"] = draw(st.floats(0.001, 1e6)), draw(st.floats(0, 1))
        given["placement"] = draw(st.sampled_from(["grid", "random"]))
    else:
        m = given["m"] = draw(st.integers(1, n - 1))
        n_synapses = 2 * m * (n - m)
    return generator, {"rng": 0} | given, n_synapses


@given(graphs())
def test_graph_and_signs(graph):
    generator, given, n_synapses = graph
    W, n = generator(**given), given["n"]
    assert W.shape == (n, n)
    assert W.dtype == np.float32
    assert np.isfinite(W).all()
    assert (np.diag(W) == 0).all()
    n_excitatory = int(given.get("exc_ratio", 0.8) * n)
    assert (W[:, :n_excitatory] >= 0).all()
    assert (W[:, n_excitatory:] <= 0).all()
    np.testing.assert_array_equal(generator(**given), W)
    np.testing.assert_array_equal(generator(**given, as_sparse=True).toarray(), W)
    hears = max(round(given.get("recurrent_fraction", 1) * n), 10)
    assert (W != 0).any(axis=1).sum() <= hears
    if n_synapses is not None and hears >= n:
        assert generator(**given, as_sparse=True).nnz == n_synapses


@given(graphs())
def test_radius_is_exact_or_said_not_to_be(graph):
    generator, given, _ = graph
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        W = generator(**given).astype(np.float64)
    radius, strongest = spectral_radius(W), np.abs(W).max()
    if told:
        assert 1e6 * radius <= 1.001 * strongest
        return
    assert radius == pytest.approx(given.get("spectral_radius", 0.9), rel=1e-4)
    # Of weak cycles LAPACK sees but a part of the digits in the whole matrix.
    largest = np.abs(np.linalg.eigvals(W)).max()
    assert largest == pytest.approx(radius, rel=1e-3, abs=1e-4 * strongest)
