"""Roots of features, which vary about as much where they are large as where they are small.

The variance of a count grows with its mean, that of its root hardly does [1]_.

References
----------
.. [1] Bartlett. "The square root transformation in analysis of variance", Supplement to the
   Journal of the Royal Statistical Society 3(1), 1936.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.preprocessing import FunctionTransformer

from ._blocks import CACHED, slices
from ._threads import serial_blas


def signed_root(X: Any) -> Any:
    """Square root of the magnitude of each feature, with the feature's sign."""
    if type(X) is not np.ndarray or X.dtype not in (np.float64, np.float32) or X.nbytes <= CACHED:
        return _root(X)
    root = np.empty_like(X)

    def fill(rows: slice) -> None:
        root[rows] = _root(X[rows])

    with serial_blas:
        serial_blas.each(fill, ((rows,) for rows in slices(len(X), X[:1].nbytes, CACHED)))
    return root


def _root(X: Any) -> Any:
    root = np.sqrt(np.abs(X))
    return np.copysign(root, X, out=root)


def make_root() -> FunctionTransformer:
    """Step of a pipeline that takes the roots of features."""
    return FunctionTransformer(signed_root, feature_names_out="one-to-one")
