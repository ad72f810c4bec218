"""The spectral radius, against LAPACK."""

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import ArpackNoConvergence

from skliquid.topology import _spectral, spectral_radius


def dense_radius(W):
    return np.abs(np.linalg.eigvals(np.asarray(W, dtype=np.float64))).max()


def test_spectral_radius_of_an_acyclic_matrix_is_exactly_zero():
    W = np.triu(np.random.default_rng(0).normal(size=(500, 500)), 1)
    assert spectral_radius(W) == 0.0
    assert spectral_radius(np.zeros((4, 4))) == 0.0


@pytest.mark.parametrize("n", [2, 150, 700])
def test_spectral_radius_against_lapack(n):
    W = np.random.default_rng(n).normal(size=(n, n))
    assert spectral_radius(W) == pytest.approx(dense_radius(W), rel=1e-10)
    assert spectral_radius(sparse.coo_array(W)) == spectral_radius(W)


def test_spectral_radius_of_eigenvalues_of_one_modulus():
    n = 501  # a cyclic permutation: all eigenvalues lie on the unit circle
    W = np.roll(np.eye(n), 1, axis=0) * 0.7
    assert spectral_radius(W) == pytest.approx(0.7, rel=1e-9)


def test_fallback_where_arpack_does_not_converge(monkeypatch):
    def fail(*args, **kwargs):
        raise ArpackNoConvergence("no", [], [])

    monkeypatch.setattr(_spectral, "eigs", fail)
    W = np.random.default_rng(0).normal(size=(250, 250))
    assert spectral_radius(W) == pytest.approx(dense_radius(W), rel=1e-12)
    monkeypatch.setattr(_spectral, "_DENSE_FALLBACK_SIZE", 200)
    with pytest.warns(RuntimeWarning, match="ARPACK did not converge"):
        assert spectral_radius(W) == pytest.approx(dense_radius(W), rel=1e-12)


@pytest.mark.parametrize("W", [np.zeros((2, 3)), np.zeros(3), np.zeros((0, 0)), [[np.nan]]])
def test_spectral_radius_refuses(W):
    with pytest.raises(ValueError, match="W must be"):
        spectral_radius(W)
