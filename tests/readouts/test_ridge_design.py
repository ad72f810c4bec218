"""Standardised, centred and weighted features, held against dense arrays."""

import numpy as np
import pytest

from skliquid.readouts import _blocks, _ridge_design, _ridge_moments
from skliquid.readouts._ridge_design import WholeDesign
from skliquid.readouts._ridge_moments import mean_of, squares_of


@pytest.fixture(params=[2**10, 2**25], ids=["blocks", "whole"], autouse=True)
def block_bytes(request, monkeypatch):
    monkeypatch.setattr(_blocks, "BLOCK_BYTES", request.param)
    for module in (_ridge_design, _ridge_moments):
        monkeypatch.setattr(module, "CACHED", request.param)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("centre", [True, False])
@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("shape", [(100, 7), (7, 100)])
def test_products_are_those_of_the_dense_array(shape, standardize, centre, dtype):
    rng = np.random.default_rng(0)
    X, Y = (5 + rng.normal(size=shape)).astype(dtype), rng.normal(size=(shape[0], 2))
    weight = rng.uniform(0.1, 2, size=shape[0])
    mean = np.average(X, axis=0, weights=weight).astype(np.float64)
    squares = weight @ (X.astype(np.float64) - mean) ** 2
    np.testing.assert_allclose(mean_of(X, weight), mean, rtol=1e-6)
    np.testing.assert_allclose(squares_of(X, weight, mean_of(X, weight)), squares, rtol=1e-6)
    Z = X - mean if centre else X.astype(np.float64)
    Z = Z / np.sqrt(squares / weight.sum()) if standardize else Z
    Z = np.sqrt(weight)[:, None] * Z
    design = WholeDesign(X, Y, weight, centre=centre, standardize=standardize)
    rows, columns = slice(3, 6), slice(2, 7)
    for order in "CF":
        part = design.part(rows, columns, np.float64, order)
        assert part.flags[f"{order}_CONTIGUOUS"]
        np.testing.assert_allclose(part, Z[rows, columns], rtol=1e-5, atol=1e-6)
    v, u = rng.normal(size=(shape[1], 3)), rng.normal(size=(shape[0], 3))
    np.testing.assert_allclose(design.times(v), Z @ v, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(design.transposed_times(u), Z.T @ u, rtol=1e-5, atol=1e-4)
