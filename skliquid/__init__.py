"""Liquid state machines for scikit-learn: spiking reservoirs that turn sequences into features."""

from __future__ import annotations

from ._versions import __version__
from .estimators._classifier import LSMClassifier
from .estimators._early import EarlyLSMClassifier
from .estimators._early_stream import EarlyLSMStream
from .estimators._forecaster import LSMForecaster
from .estimators._regressor import LSMRegressor
from .estimators._sequence_regressor import LSMSequenceRegressor
from .estimators._stream import LiquidStream, LSMStream
from .estimators._transformer import LiquidTransformer
from .event_sources import from_events
from .readouts._leaky import LeakyReadoutClassifier
from .readouts._ridge import RidgeReadoutClassifier, RidgeReadoutRegressor

__all__ = [
    "EarlyLSMClassifier",
    "EarlyLSMStream",
    "LSMClassifier",
    "LSMForecaster",
    "LSMRegressor",
    "LSMSequenceRegressor",
    "LSMStream",
    "LeakyReadoutClassifier",
    "LiquidStream",
    "LiquidTransformer",
    "RidgeReadoutClassifier",
    "RidgeReadoutRegressor",
    "__version__",
    "from_events",
]
