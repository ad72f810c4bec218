"""Readouts by name: what the parameter `readout` may be besides an estimator of one's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.linear_model import RidgeClassifierCV, RidgeCV
from sklearn.neural_network import MLPClassifier, MLPRegressor

from ._leaky import LeakyReadoutClassifier

# Penalties among which the ridge readouts choose by their own leave-one-out error.
ALPHAS = tuple(np.logspace(-2, 5, 8))
# The readouts that act on the states themselves, and which leaky unit each has.
LEAKY_KINDS = {"leaky_rate": "rate", "leaky_spike": "spike"}

Factories = dict[str, Callable[..., Any]]

CLASSIFIERS: Factories = {
    "ridge": lambda random_state: RidgeClassifierCV(alphas=ALPHAS),
    "mlp": MLPClassifier,
    **{name: partial(LeakyReadoutClassifier, kind) for name, kind in LEAKY_KINDS.items()},
}
REGRESSORS: Factories = {
    "ridge": lambda random_state: RidgeCV(alphas=ALPHAS),
    "mlp": MLPRegressor,
}


def classifier_readout(readout: Any, random_state: Any) -> Any:
    """Make the classifier that `readout` names, or a clone of it."""
    made = _named(readout, CLASSIFIERS, random_state)
    if made is None and not is_classifier(readout):
        raise ValueError(
            f"readout must be one of {tuple(CLASSIFIERS)} or a classifier, got {readout!r}."
        )
    return clone(readout) if made is None else made


def regressor_readout(readout: Any, random_state: Any) -> Any:
    """Make the regressor that `readout` names, or a clone of it."""
    made = _named(readout, REGRESSORS, random_state)
    if made is None and not is_regressor(readout):
        raise ValueError(
            f"readout must be one of {tuple(REGRESSORS)} or a regressor, got {readout!r}."
        )
    return clone(readout) if made is None else made


def _named(readout: Any, factories: Factories, random_state: Any) -> Any:
    if isinstance(readout, str) and readout in factories:
        return factories[readout](random_state=random_state)
    return None
