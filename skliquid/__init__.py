"""Liquid state machines for scikit-learn: spiking reservoirs that turn sequences into features.

Names and submodules are imported when they are first asked for [1]_; ``EAGER_IMPORT=1`` in the
environment imports the names at once.

References
----------
.. [1] Scientific Python. "SPEC 1: lazy loading of submodules and functions", 2022.
"""

from __future__ import annotations

from os import environ
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING or environ.get("EAGER_IMPORT", "0") not in ("", "0"):
    from ._public import *

if TYPE_CHECKING:  # which __getattr__ finds
    from . import adaptation as adaptation
    from . import aeon as aeon
    from . import collection as collection
    from . import dask as dask
    from . import datasets as datasets
    from . import diagnostics as diagnostics
    from . import encoding as encoding
    from . import engines as engines
    from . import estimators as estimators
    from . import event_sources as event_sources
    from . import events as events
    from . import explanation as explanation
    from . import metrics as metrics
    from . import nir as nir
    from . import nn as nn
    from . import plotting as plotting
    from . import pooling as pooling
    from . import published as published
    from . import readouts as readouts
    from . import reservoirs as reservoirs
    from . import sequences as sequences
    from . import sktime as sktime
    from . import topology as topology

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


def _rooms() -> list[str]:
    from pkgutil import iter_modules

    return [room.name for room in iter_modules(__path__) if not room.name.startswith("_")]


if not TYPE_CHECKING:  # or else a checker took any name for one that there is

    def __getattr__(name: str) -> Any:
        from importlib import import_module

        if name in __all__:
            value = getattr(import_module("._public", __name__), name)
            return globals().setdefault(name, value)
        if name in _rooms():
            try:
                return import_module(f".{name}", __name__)
            except ImportError as error:  # which help() and the like would not survive
                raise AttributeError(str(error)) from error
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    own = (name for name in globals() if name.startswith("_"))
    return sorted({*own, *__all__, *_rooms()})
