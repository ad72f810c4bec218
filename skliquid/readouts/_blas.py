"""Products, solves and factors of matrices in place, during which other Python threads run.

SciPy's own wrappers hold the interpreter's lock, so that threads would wait for each other. The
functions that it exports for Cython are called here through ctypes, which lets go of the lock.
Matrices are F-ordered: each column lies together, and columns lie at equal distances.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np
from scipy.linalg import cython_blas, cython_lapack

_KINDS: dict[Any, tuple[str, Any]] = {
    np.dtype(np.float32): ("s", ctypes.c_float),
    np.dtype(np.float64): ("d", ctypes.c_double),
}


@cache
def _function(name: str, n_arguments: int) -> Any:
    exported: dict[str, Any] = cython_blas.__pyx_capi__ | cython_lapack.__pyx_capi__
    capsule = exported[name]
    name_of, pointer_of = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer_of.restype = ctypes.c_void_p
    pointer_of.argtypes = [ctypes.py_object, ctypes.c_char_p]
    pointers = [ctypes.c_void_p] * n_arguments
    return ctypes.CFUNCTYPE(None, *pointers)(pointer_of(capsule, name_of(capsule)))


def _matrix(a: np.ndarray) -> tuple[int, Any]:
    """Address of a matrix, and the distance of its columns."""
    n_rows, n_columns = a.shape
    distance = a.strides[1] // a.itemsize if n_columns > 1 else max(n_rows, 1)
    assert n_rows < 2 or a.strides[0] == a.itemsize, "the matrix must be F-ordered"
    return a.ctypes.data, ctypes.byref(ctypes.c_int(max(distance, n_rows, 1)))


def _flag(is_set: bool, letters: bytes) -> Any:
    return ctypes.byref(ctypes.c_char(letters[int(is_set) : int(is_set) + 1]))


def _sizes(*sizes: int) -> list[Any]:
    return [ctypes.byref(ctypes.c_int(size)) for size in sizes]


def add_product(
    c: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
    *,
    factor: float = 1.0,
    transpose_a: bool = False,
    transpose_b: bool = False,
) -> None:
    """Add ``factor * a @ b``, of `a` or `b` transposed if asked for, to `c`."""
    letter, number = _KINDS[c.dtype]
    assert a.dtype == b.dtype == c.dtype, "matrices must have one type"
    _function(f"{letter}gemm", 13)(
        *(_flag(is_transposed, b"NT") for is_transposed in (transpose_a, transpose_b)),
        *_sizes(*c.shape, a.shape[0] if transpose_a else a.shape[1]),
        ctypes.byref(number(factor)),
        *_matrix(a),
        *_matrix(b),
        ctypes.byref(number(1.0)),
        *_matrix(c),
    )


def add_square(c: np.ndarray, a: np.ndarray) -> None:
    """Add ``a.T @ a`` to `c`, in its upper triangle alone."""
    letter, number = _KINDS[c.dtype]
    assert a.dtype == c.dtype, "matrices must have one type"
    _function(f"{letter}syrk", 10)(
        _flag(False, b"U"),
        _flag(True, b"NT"),
        *_sizes(*a.shape[::-1]),
        ctypes.byref(number(1.0)),
        *_matrix(a),
        ctypes.byref(number(1.0)),
        *_matrix(c),
    )


def decompose_upper(a: np.ndarray) -> bool:
    """Put u with ``u.T @ u = a`` into the upper triangle of `a`; tell if there is one."""
    info = ctypes.c_int()
    _function(f"{_KINDS[a.dtype][0]}potrf", 5)(
        _flag(False, b"U"), *_sizes(len(a)), *_matrix(a), ctypes.byref(info)
    )
    return not info.value and bool(np.isfinite(a.diagonal()).all())


def invert_upper(a: np.ndarray) -> None:
    """Put the inverse of the upper triangle of `a` into it."""
    info = ctypes.c_int()
    _function(f"{_KINDS[a.dtype][0]}trtri", 6)(
        _flag(False, b"U"),
        _flag(False, b"N"),
        *_sizes(len(a)),
        *_matrix(a),
        ctypes.byref(info),
    )


def solve_upper(
    a: np.ndarray, b: np.ndarray, *, from_right: bool = False, transpose: bool = False
) -> None:
    """Put the solution x of ``a @ x = b``, or of ``x @ a = b``, into `b`.

    The upper triangle of `a` is read, and transposed if asked for.
    """
    letter, number = _KINDS[b.dtype]
    assert a.dtype == b.dtype, "matrices must have one type"
    _function(f"{letter}trsm", 11)(
        _flag(from_right, b"LR"),
        _flag(False, b"U"),
        _flag(transpose, b"NT"),
        _flag(False, b"N"),
        *_sizes(*b.shape),
        ctypes.byref(number(1.0)),
        *_matrix(a),
        *_matrix(b),
    )
