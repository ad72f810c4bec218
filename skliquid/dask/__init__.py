"""Estimators that are fitted to Dask collections, where the data are.

They run on whatever scheduler Dask runs on: the active :class:`distributed.Client` if there is
one, else threads of this process.
"""

from __future__ import annotations

try:
    import dask.array
    import dask.bag
    import dask.delayed  # noqa: F401
except ImportError as error:
    raise ImportError(
        "skliquid.dask needs Dask; install the extra: pip install 'skliquid[dask]'."
    ) from error

from ._estimators import DaskLiquidTransformer, DaskLSMClassifier, DaskLSMRegressor

__all__ = ["DaskLSMClassifier", "DaskLSMRegressor", "DaskLiquidTransformer"]
