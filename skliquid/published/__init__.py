"""Liquids of the literature: their parameters as data, and an estimator that draws and runs them.

Each reproduces what its paper reports by one example or one row of ``benchmarks/published.py``.
"""

from ._liquid import PublishedLiquid
from ._model import PublishedModel
from ._tables import MODELS

__all__ = ["MODELS", "PublishedLiquid", "PublishedModel"]
