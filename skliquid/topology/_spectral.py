"""Spectral radius: the largest modulus among a matrix's eigenvalues."""

from __future__ import annotations

import warnings
from contextlib import suppress
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackError, eigs

# Below this size LAPACK is as fast as ARPACK and cannot miss an eigenvalue.
_DENSE_SIZE = 200
# Up to this size LAPACK takes a second or so: better than a long search with ARPACK.
_DENSE_FALLBACK_SIZE = 1500
# An eigenvalue this much larger than the next is an outlier, which one Krylov vector finds.
_OUTLIER_RATIO = 1.2
# Where the edge of the spectrum is crowded, several eigenvalues are asked for, so that the
# largest is not missed, from a Krylov space of these sizes in turn.
_N_EDGE_EIGENVALUES = 6
_EDGE_KRYLOV_SIZES = (40, 120, 360)


def spectral_radius(W: Any) -> float:
    """Return the spectral radius of a square matrix.

    The radius is exactly zero where the graph of `W` has no directed cycle. Elsewhere it is
    computed with LAPACK for small matrices and with ARPACK [1]_, from a fixed start vector,
    for large ones; where ARPACK does not converge the Krylov space is enlarged, and at last
    LAPACK is used.

    Parameters
    ----------
    W : array_like or sparse array of shape (n, n)
        Finite real matrix.

    Returns
    -------
    float
        The largest absolute value among the eigenvalues of `W`.

    Raises
    ------
    ValueError
        If `W` is not a square matrix, is empty, or holds a NaN or an infinity.

    References
    ----------
    .. [1] Lehoucq, Sorensen, Yang. "ARPACK Users' Guide", SIAM, 1998.

    Examples
    --------
    >>> from skliquid.topology import spectral_radius
    >>> round(spectral_radius([[0.0, 2.0], [2.0, 0.0]]), 6)
    2.0
    >>> spectral_radius([[0.0, 1.0], [0.0, 0.0]])
    0.0
    """
    W = _cyclic_part(_checked(W))
    if W.shape[0] == 0:
        return 0.0
    if W.shape[0] <= _DENSE_SIZE:
        return _dense_radius(W)
    return _arpack_radius(W)


def all_eigenvalues(W: Any) -> np.ndarray:
    """Compute all eigenvalues of a finite real matrix, complex128, by falling modulus."""
    W = _checked(W)
    cyclic = _cyclic_part(W).toarray()
    found = np.zeros(W.shape[0], dtype=np.complex128)
    found[: len(cyclic)] = np.linalg.eigvals(cyclic)
    return found[np.argsort(-np.abs(found), kind="stable")]


def _checked(W: Any) -> sparse.csr_array:
    if not sparse.issparse(W):
        W = np.asarray(W)
    if W.ndim != 2 or W.shape[0] != W.shape[1] or W.shape[0] == 0:
        raise ValueError(f"W must be a non-empty square matrix, got shape {W.shape}.")
    if np.issubdtype(W.dtype, np.complexfloating):
        raise ValueError(f"W must be real, got dtype {W.dtype}.")
    W = sparse.csr_array(W, dtype=np.float64)
    if not np.isfinite(W.data).all():
        raise ValueError("W must be finite, got a NaN or an infinity.")
    return W


def _cyclic_part(W: sparse.csr_array) -> sparse.csr_array:
    """Keep the neurons that lie on a directed cycle: only they have non-zero eigenvalues."""
    W = W.copy()
    W.eliminate_zeros()
    _, component = connected_components(W, directed=True, connection="strong")
    on_cycle = (np.bincount(component)[component] > 1) | (W.diagonal() != 0)
    return W[on_cycle][:, on_cycle]


def _dense_radius(W: sparse.csr_array) -> float:
    return float(np.abs(np.linalg.eigvals(W.toarray())).max())


def _arpack_radius(W: sparse.csr_array) -> float:
    with suppress(ArpackError):
        if _has_outlier(W):
            return float(_largest_moduli(W, 1, 20)[0])
    n_attempts = 1 if W.shape[0] <= _DENSE_FALLBACK_SIZE else len(_EDGE_KRYLOV_SIZES)
    for n_krylov in _EDGE_KRYLOV_SIZES[:n_attempts]:
        with suppress(ArpackError):
            return float(_largest_moduli(W, _N_EDGE_EIGENVALUES, n_krylov)[0])
    if W.shape[0] > _DENSE_FALLBACK_SIZE:
        warnings.warn(
            f"ARPACK did not converge; computing all {W.shape[0]} eigenvalues instead, which "
            "may take long.",
            RuntimeWarning,
            stacklevel=3,
        )
    return _dense_radius(W)


def _has_outlier(W: sparse.csr_array) -> bool:
    """Tell from rough estimates whether one eigenvalue stands clear of all others."""
    first, second = _largest_moduli(W, 2, 20, tol=0.1)[:2]
    return bool(first > _OUTLIER_RATIO * second)


def _largest_moduli(
    W: sparse.csr_array, n_eigenvalues: int, n_krylov: int, tol: float = 0
) -> np.ndarray:
    """Return the largest eigenvalue moduli, in decreasing order."""
    # A fixed start vector makes the result a function of W alone.
    start = np.random.default_rng(0).uniform(0.5, 1.5, size=W.shape[0])
    values = eigs(
        W,
        k=n_eigenvalues,
        which="LM",
        v0=start,
        ncv=min(n_krylov, W.shape[0] - 1),
        maxiter=300,
        tol=tol,
        return_eigenvectors=False,
    )
    return np.sort(np.abs(values))[::-1]
