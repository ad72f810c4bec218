"""Readouts by name: what the parameter `readout` may be besides an estimator of one's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sklearn.base import is_classifier, is_regressor
from sklearn.neural_network import MLPClassifier, MLPRegressor

from .._named import named_or_given
from ._leaky import LeakyReadoutClassifier
from ._ridge import RidgeReadoutClassifier, RidgeReadoutRegressor

# The readouts that act on the states themselves, and which leaky unit each has.
LEAKY_KINDS = {"leaky_rate": "rate", "leaky_spike": "spike"}

# It takes the features as they are, and limits and standardises them by its sums.
_OF_FEATURES: dict[str, Any] = {"standardize": "auto", "limit": True}

CLASSIFIERS: dict[str, Callable[[], Any]] = {
    "ridge": partial(RidgeReadoutClassifier, **_OF_FEATURES, unmask=True),
    "mlp": MLPClassifier,
    **{name: partial(LeakyReadoutClassifier, kind) for name, kind in LEAKY_KINDS.items()},
}
REGRESSORS: dict[str, Callable[[], Any]] = {
    "ridge": partial(RidgeReadoutRegressor, **_OF_FEATURES),
    "mlp": MLPRegressor,
}


def classifier_readout(readout: Any, random_state: Any) -> Any:
    """Make the classifier that `readout` names, or a clone of it."""
    return named_or_given(
        "readout",
        readout,
        CLASSIFIERS,
        accepts=is_classifier,
        accepted="a classifier",
        random_state=random_state,
    )


def regressor_readout(readout: Any, random_state: Any) -> Any:
    """Make the regressor that `readout` names, or a clone of it."""
    return named_or_given(
        "readout",
        readout,
        REGRESSORS,
        accepts=is_regressor,
        accepted="a regressor",
        random_state=random_state,
    )
