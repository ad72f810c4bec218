"""Products and solves in place, against NumPy and SciPy."""

import threading
import time

import numpy as np
import pytest
from scipy.linalg import solve_triangular

from skliquid.readouts._blas import add_product, solve_upper

RNG = np.random.default_rng(0)


def matrix(n_rows, n_columns, dtype=np.float64):
    """An F-ordered matrix in the middle of a larger one."""
    larger = np.asfortranarray(RNG.normal(size=(n_rows + 3, n_columns + 2)), dtype)
    return larger[1 : n_rows + 1, 1 : n_columns + 1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("n", "m", "k"), [(5, 4, 3), (1, 4, 3), (5, 1, 1), (1, 1, 1), (70, 90, 33)]
)
@pytest.mark.parametrize("transpose_a", [False, True])
@pytest.mark.parametrize("transpose_b", [False, True])
def test_products(dtype, n, m, k, transpose_a, transpose_b):
    a = matrix(*((k, n) if transpose_a else (n, k)), dtype)
    b = matrix(*((m, k) if transpose_b else (k, m)), dtype)
    c = matrix(n, m, dtype)
    expected = c - 2.5 * (a.T if transpose_a else a) @ (b.T if transpose_b else b)
    add_product(c, a, b, factor=-2.5, transpose_a=transpose_a, transpose_b=transpose_b)
    np.testing.assert_allclose(c, expected, rtol=1e-4 if dtype == np.float32 else 1e-12, atol=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n", "m"), [(5, 4), (1, 4), (5, 1), (40, 33)])
@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("from_right", [False, True])
def test_solves(dtype, n, m, transpose, from_right):
    a = matrix(n, n, dtype)
    a += 4 * np.sqrt(n) * np.eye(n, dtype=dtype)
    b = matrix(*((m, n) if from_right else (n, m)), dtype)
    right = b.T if from_right else b
    # x a = b is a.T x.T = b.T.
    expected = solve_triangular(a, right, trans=int(transpose != from_right))
    solve_upper(a, b, from_right=from_right, transpose=transpose)
    solved = b.T if from_right else b
    np.testing.assert_allclose(solved, expected, rtol=2e-3 if dtype == np.float32 else 1e-10)


def test_matrices_of_another_order_or_type_are_refused():
    a = np.ones((3, 3), order="F")
    with pytest.raises(AssertionError, match="F-ordered"):
        add_product(a, np.ones((3, 3)), a)
    with pytest.raises(AssertionError, match="one type"):
        solve_upper(a.astype(np.float32, order="F"), a)


def test_other_threads_run_meanwhile():
    a = np.ones((1500, 1500), order="F")
    c = np.zeros_like(a)
    thread = threading.Thread(target=add_product, args=(c, a, a))
    n_turns, start = 0, time.perf_counter()
    thread.start()
    while thread.is_alive():
        n_turns += 1
        time.sleep(0)
    # With the interpreter's lock held there would be a turn before and one after.
    assert n_turns > 5, f"{n_turns} turns in {time.perf_counter() - start:.3f} s"
