"""The estimators as those of aeon: in its layout, its pipelines and its benchmarks.

A collection is whatever aeon takes for one: an array of shape (n_samples, n_channels,
n_timesteps), a list of arrays of shape (n_channels, n_timesteps_i), and so on. Each estimator has
the parameters of the one that it holds as ``estimator_``, and predicts what that one does, to the
bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

try:
    from aeon.classification import BaseClassifier
    from aeon.regression import BaseRegressor
    from aeon.transformations.collection import BaseCollectionTransformer
    from aeon.utils.validation import check_n_jobs
except ImportError as error:
    raise ImportError(
        f"skliquid.aeon needs aeon, which cannot be imported here ({error}); install the extra: "
        "pip install 'skliquid[aeon]'."
    ) from error

import numpy as np

from ._adapter import CHECKED_WITH, Adapter, ForClassifier, ForRegressor, ForTransformer
from .datasets import from_aeon
from .estimators._classifier import LSMClassifier
from .estimators._entries import parametrized
from .estimators._regressor import LSMRegressor
from .estimators._transformer import LiquidTransformer

__all__ = ["AeonLSMClassifier", "AeonLSMRegressor", "AeonLiquidTransformer"]

_TAGS: dict[str, Any] = {
    "X_inner_type": ["numpy3D", "np-list"],
    "capability:multivariate": True,
    "capability:unequal_length": True,
    "capability:multithreading": True,
}


class _AeonAdapter(Adapter):
    """Mixin of the estimators of aeon."""

    missing: str
    n_jobs: int | None

    def get_tags(self) -> dict[str, Any]:
        """Return the tags, which depend on what is done with missing values.

        Returns
        -------
        dict
            Values of the tags by their names.
        """
        tags: dict[str, Any] = super().get_tags()  # type: ignore[misc]
        return tags | {"capability:missing_values": self.missing != "error"}

    @classmethod
    def _get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        return CHECKED_WITH

    def _fit(self, X: Any, y: Any = None) -> Any:
        self._n_jobs = check_n_jobs(self.n_jobs)
        return super()._fit(X, y)

    def _sequences(self, X: Any) -> list[np.ndarray]:
        # In a list NaN at the end is missing, as it is in aeon; in an array it would be padding.
        return list(from_aeon(X))


@parametrized
@dataclass(eq=False, repr=False)
class AeonLSMClassifier(_AeonAdapter, ForClassifier, BaseClassifier):
    """Classify a collection of aeon with a liquid state machine.

    An aeon classifier that holds an :class:`~skliquid.LSMClassifier`.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    estimator_ : LSMClassifier
        The fitted estimator, which takes time steps before channels.
    classes_ : ndarray of shape (n_classes,)
        The classes.

    See Also
    --------
    skliquid.LSMClassifier : The same without aeon, with all its methods.

    References
    ----------
    {references}

    Examples
    --------
    >>> from aeon.datasets import load_basic_motions
    >>> from skliquid.aeon import AeonLSMClassifier
    >>> X, y = load_basic_motions(split="train")  # (n_samples, n_channels, n_timesteps)
    >>> lsm = AeonLSMClassifier(300, random_state=0).fit(X, y)
    >>> bool(lsm.score(*load_basic_motions(split="test")) > 0.9)
    True
    """

    _adapted = LSMClassifier
    _tags: ClassVar[dict[str, Any]] = _TAGS

    def __post_init__(self) -> None:
        BaseClassifier.__init__(self)


@parametrized
@dataclass(eq=False, repr=False)
class AeonLSMRegressor(_AeonAdapter, ForRegressor, BaseRegressor):
    """Predict numbers from a collection of aeon with a liquid state machine.

    An aeon regressor that holds an :class:`~skliquid.LSMRegressor`.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    estimator_ : LSMRegressor
        The fitted estimator, which takes time steps before channels.

    See Also
    --------
    skliquid.LSMRegressor : The same without aeon, with all its methods.

    References
    ----------
    {references}

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid.aeon import AeonLSMRegressor
    >>> X = np.random.default_rng(0).normal(size=(100, 1, 20)).cumsum(axis=2)
    >>> y = X.mean(axis=(1, 2))
    >>> lsm = AeonLSMRegressor(300, random_state=0).fit(X[:80], y[:80])
    >>> bool(lsm.score(X[80:], y[80:]) > 0.9)
    True
    """

    _adapted = LSMRegressor
    _tags: ClassVar[dict[str, Any]] = _TAGS

    def __post_init__(self) -> None:
        BaseRegressor.__init__(self)


@parametrized
@dataclass(eq=False, repr=False)
class AeonLiquidTransformer(_AeonAdapter, ForTransformer, BaseCollectionTransformer):
    """Turn a collection of aeon into pooled features of a spiking reservoir.

    An aeon transformer that holds a :class:`~skliquid.LiquidTransformer`.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    estimator_ : LiquidTransformer
        The fitted estimator, which takes time steps before channels.

    See Also
    --------
    skliquid.LiquidTransformer : The same without aeon, with all its methods.

    References
    ----------
    {references}

    Examples
    --------
    >>> from aeon.datasets import load_basic_motions
    >>> from skliquid.aeon import AeonLiquidTransformer
    >>> X, y = load_basic_motions(split="train")  # (n_samples, n_channels, n_timesteps)
    >>> AeonLiquidTransformer(100, pooling="rate", random_state=0).fit_transform(X).shape
    (40, 100)
    """

    _adapted = LiquidTransformer
    _tags: ClassVar[dict[str, Any]] = _TAGS | {"output_data_type": "Tabular"}

    def __post_init__(self) -> None:
        BaseCollectionTransformer.__init__(self)

    def _transform(self, X: Any, y: Any = None) -> np.ndarray:
        features: np.ndarray = self.estimator_.transform(self._sequences(X))
        return features
