"""Liquid state machines for scikit-learn: spiking reservoirs that turn sequences into features."""

from __future__ import annotations

from ._classifier import LSMClassifier
from ._leaky_readout import LeakyReadoutClassifier
from ._regressor import LSMRegressor
from ._transformer import LiquidTransformer

__version__ = "0.1.0"

__all__ = [
    "LSMClassifier",
    "LSMRegressor",
    "LeakyReadoutClassifier",
    "LiquidTransformer",
    "__version__",
]
