"""Block columns, held against NumPy's dense matrices."""

import numpy as np
import pytest

from skliquid.readouts import _panels
from skliquid.readouts._panels import NotDefiniteError, Panels, squared_norms

# Around the order of one panel, and of more.
ORDERS = [1, 5, 191, 400, 800, 801, 960]


@pytest.fixture(autouse=True)
def low_tiles(monkeypatch):
    monkeypatch.setattr(_panels, "_TALL", 100)


def matrix(order, dtype):
    rng = np.random.default_rng(order)
    block = np.asfortranarray(rng.normal(size=(order + 3, order)).astype(dtype))
    panels = Panels(order, dtype)
    panels.add_gram(block)
    return panels, block, block.T.astype(np.float64) @ block


@pytest.mark.parametrize(("dtype", "tol"), [(np.float64, 1e-10), (np.float32, 2e-3)])
@pytest.mark.parametrize("order", ORDERS)
def test_factor_is_that_of_the_dense_matrix(order, dtype, tol):
    panels, block, dense = matrix(order, dtype)
    np.testing.assert_allclose(panels.dense(), dense, rtol=tol, atol=tol * order)
    np.testing.assert_allclose(panels.diagonal(), dense.diagonal(), rtol=tol)
    inverse = np.linalg.inv(dense + order * np.eye(order))
    factor = panels.cholesky(order)
    np.testing.assert_allclose(factor.inverse_diagonal(), inverse.diagonal(), rtol=tol)
    right = np.random.default_rng(0).normal(size=(order, 3))
    np.testing.assert_allclose(factor.solve(right), inverse @ right, atol=tol)
    rows = block[:4].copy(order="F")
    factor.whiten(rows)
    expected = np.einsum("ij,jk,ik->i", block[:4], inverse, block[:4])
    np.testing.assert_allclose(squared_norms(rows), expected, rtol=tol)


def test_sum_and_scaling():
    one, _, dense = matrix(200, np.float64)
    factor = np.linspace(1, 2, 200)
    scaled = one.scaled(factor, np.float64)
    np.testing.assert_allclose(scaled.dense(), dense * np.outer(factor, factor))
    rough = one.scaled(factor, np.float32)
    assert rough.dtype == rough.dense().dtype == np.float32
    np.testing.assert_array_equal(rough.dense(), scaled.dense().astype(np.float32))
    scaled.add(one)
    np.testing.assert_allclose(scaled.dense(), dense * np.outer(factor, factor) + dense)


@pytest.mark.parametrize("order", [30, 900])
def test_product_with_columns(order):
    one, _, dense = matrix(order, np.float64)
    vectors = np.random.default_rng(1).normal(size=(order, 3))
    np.testing.assert_allclose(one.times(vectors), dense @ vectors, rtol=1e-9, atol=1e-9)


def test_matrix_that_is_not_definite_is_refused():
    panels = Panels(200)
    panels.add_gram(np.asfortranarray(np.ones((1, 200))))
    with pytest.raises(NotDefiniteError):
        panels.cholesky(-1.0)


@pytest.mark.parametrize("order", [801, 3000, 4000, 9600, 40_000])
def test_panels_are_wide_where_a_matrix_is_large(order):
    width = _panels._width(order)
    assert width == sorted([192, order // 12 // 64 * 64, 768])[1]
