"""The estimators as those of sktime: in its layouts, its pipelines and its benchmarks.

A panel is whatever sktime takes for one: an array of shape (n_samples, n_channels, n_timesteps), a
data frame indexed by (instance, time), and so on. Each estimator has the parameters of the one
that it holds as ``estimator_``, and predicts what that one does, to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

try:
    from sktime.classification.base import BaseClassifier
    from sktime.regression.base import BaseRegressor
    from sktime.transformations.base import BaseTransformer
except ImportError as error:
    raise ImportError(
        f"skliquid.sktime needs sktime, which cannot be imported here ({error}); install the "
        "extra: pip install 'skliquid[sktime]'."
    ) from error

import numpy as np

from ._adapter import CHECKED_WITH, Adapter, ForClassifier, ForRegressor, ForTransformer
from .datasets import from_aeon
from .estimators._classifier import LSMClassifier
from .estimators._entries import parametrized
from .estimators._regressor import LSMRegressor
from .estimators._transformer import LiquidTransformer

__all__ = ["SktimeLSMClassifier", "SktimeLSMRegressor", "SktimeLiquidTransformer"]

_TAGS: dict[str, Any] = {
    "authors": "The skliquid developers",
    "maintainers": "The skliquid developers",
    "X_inner_mtype": ["df-list", "numpy3D"],
    "capability:multivariate": True,
    "capability:unequal_length": True,
    "capability:categorical_in_X": False,
    "capability:random_state": True,
    "property:randomness": "derandomized",
}


class _SktimeAdapter(Adapter):
    """Mixin of the estimators of sktime."""

    _base: ClassVar[type]
    missing: str

    def __post_init__(self) -> None:
        """Call the constructor of sktime, which calls this again when it has ended."""
        if not hasattr(self, "_is_fitted"):
            self._base.__init__(self)  # type: ignore[misc]
        else:
            may_miss = {"capability:missing_values": self.missing != "error"}
            self.set_tags(**may_miss)  # type: ignore[attr-defined]

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Return parameters with which sktime runs its checks.

        Parameters
        ----------
        parameter_set : str, default="default"
            Ignored.

        Returns
        -------
        list of dict
            Parameters of small estimators.
        """
        return CHECKED_WITH

    def _sequences(self, X: Any) -> list[np.ndarray]:
        # In a list NaN at the end is missing, as it is in sktime; in an array it would be padding.
        if isinstance(X, np.ndarray):
            return list(from_aeon(X))  # which has the same layout
        return [frame.to_numpy() for frame in X]


@parametrized
@dataclass(eq=False, repr=False)
class SktimeLSMClassifier(_SktimeAdapter, ForClassifier, BaseClassifier):
    """Classify a panel of sktime with a liquid state machine.

    An sktime classifier that holds an :class:`~skliquid.LSMClassifier`.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    estimator_ : LSMClassifier
        The fitted estimator, which takes time steps before channels. There is none where all
        training sequences are of one class.
    classes_ : ndarray of shape (n_classes,)
        The classes.

    See Also
    --------
    skliquid.LSMClassifier : The same without sktime, with all its methods.

    References
    ----------
    {references}

    Examples
    --------
    >>> from sktime.datasets import load_basic_motions
    >>> from skliquid.sktime import SktimeLSMClassifier
    >>> X, y = load_basic_motions(split="train", return_type="numpy3D")
    >>> lsm = SktimeLSMClassifier(300, random_state=0).fit(X, y)
    >>> bool(lsm.score(*load_basic_motions(split="test", return_type="numpy3D")) > 0.9)
    True
    """

    _adapted, _base = LSMClassifier, BaseClassifier
    _tags: ClassVar[dict[str, Any]] = _TAGS | {
        "capability:multithreading": True,
        "capability:predict_proba": True,
        "capability:class_weight": True,
    }


@parametrized
@dataclass(eq=False, repr=False)
class SktimeLSMRegressor(_SktimeAdapter, ForRegressor, BaseRegressor):
    """Predict numbers from a panel of sktime with a liquid state machine.

    An sktime regressor that holds an :class:`~skliquid.LSMRegressor`, one for each output.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    estimator_ : LSMRegressor
        The fitted estimator, which takes time steps before channels.

    See Also
    --------
    skliquid.LSMRegressor : The same without sktime, with all its methods.

    References
    ----------
    {references}

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid.sktime import SktimeLSMRegressor
    >>> X = np.random.default_rng(0).normal(size=(100, 1, 20)).cumsum(axis=2)
    >>> y = X.mean(axis=(1, 2))
    >>> lsm = SktimeLSMRegressor(300, random_state=0).fit(X[:80], y[:80])
    >>> bool(lsm.score(X[80:], y[80:]) > 0.9)
    True
    """

    _adapted, _base = LSMRegressor, BaseRegressor
    _tags: ClassVar[dict[str, Any]] = _TAGS | {"capability:multithreading": True}


@parametrized
@dataclass(eq=False, repr=False)
class SktimeLiquidTransformer(_SktimeAdapter, ForTransformer, BaseTransformer):
    """Turn a panel of sktime into pooled features of a spiking reservoir.

    An sktime transformer that holds a :class:`~skliquid.LiquidTransformer`.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    estimator_ : LiquidTransformer
        The fitted estimator, which takes time steps before channels.

    See Also
    --------
    skliquid.LiquidTransformer : The same without sktime, with all its methods.

    References
    ----------
    {references}

    Examples
    --------
    >>> from sktime.datasets import load_basic_motions
    >>> from skliquid.sktime import SktimeLiquidTransformer
    >>> X, y = load_basic_motions(split="train", return_type="numpy3D")
    >>> liquid = SktimeLiquidTransformer(100, pooling="rate", random_state=0)
    >>> liquid.fit_transform(X).shape  # a data frame
    (40, 100)
    """

    _adapted, _base = LiquidTransformer, BaseTransformer
    _tags: ClassVar[dict[str, Any]] = _TAGS | {
        "scitype:transform-input": "Series",
        "scitype:transform-output": "Primitives",
        "scitype:instancewise": False,
        "fit_is_empty": False,
        "capability:unequal_length:removes": True,
        "capability:missing_values:removes": True,
    }

    def _transform(self, X: Any, y: Any = None) -> Any:
        from pandas import DataFrame

        features = self.estimator_.transform(self._sequences(X))
        return DataFrame(features, columns=self.estimator_.get_feature_names_out())
