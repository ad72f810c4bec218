"""LSMRegressor: a liquid, a scaler and a trained readout that predicts numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils import get_tags
from sklearn.utils.validation import check_consistent_length, column_or_1d

from .._base import checked_weight
from .._callbacks import with_callbacks
from ..readouts._named import regressor_readout
from ..readouts._samples import require_weights
from ._entries import parametrized
from ._lsm import BaseLSM
from ._parameters import RegressorParameters


@parametrized
class LSMRegressor(RegressorMixin, RegressorParameters, BaseLSM):
    """Predict numbers from sequences with a liquid state machine.

    A fixed random network of spiking neurons, the liquid [1]_, turns each sequence into
    pooled spike features (see :class:`LiquidTransformer`); the features are standardised,
    and a readout is trained on them.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    pipeline_ : Pipeline
        The fitted steps "liquid", "limiter", "scaler" and "readout".
    n_channels_in_ : int
        Number of channels seen in `fit`.
    n_features_in_ : int
        Number of time steps if `fit` saw a 2-D array, else the number of channels.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if `fit` saw a data frame with names that are all strings.

    See Also
    --------
    LiquidTransformer : The features alone.
    LSMClassifier : The same for classes.

    References
    ----------
    .. [1] Maass, Natschlaeger, Markram. "Real-time computing without stable states", Neural
       Computation 14(11), 2002.
    {references}

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid import LSMRegressor
    >>> X = np.random.default_rng(0).normal(size=(100, 20, 1)).cumsum(axis=1)
    >>> y = X.mean(axis=(1, 2))
    >>> lsm = LSMRegressor(random_state=0).fit(X[:80], y[:80])
    >>> bool(lsm.score(X[80:], y[80:]) > 0.9)
    True
    """

    @with_callbacks
    # Validation of the parameters of a readout that is an estimator is left to it.
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LSMRegressor:
        """Draw the liquid and train the readout.

        Parameters
        ----------
        X : array-like or list
            Sequences: an array of shape (n_samples, n_timesteps, n_channels), where trailing
            frames of NaN are padding; an array of shape (n_samples, n_timesteps) of one
            channel; or a list of arrays of shape (n_timesteps_i, n_channels).
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Numbers to predict.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the sequences; needs a readout that takes them.

        Returns
        -------
        LSMRegressor
            The estimator itself, fitted.
        """
        sequences = self._validate_sequences(X, reset=True)
        if np.asarray(y).dtype.kind in "SU":
            raise ValueError(f"y must hold numbers, got dtype {np.asarray(y).dtype}.")
        y = self._validate_targets(y, multi_output=True, y_numeric=True)
        check_consistent_length(sequences, y)
        readout = self._make_readout()
        if y.ndim == 2 and y.shape[1] == 1 and not get_tags(readout).target_tags.multi_output:
            y = column_or_1d(y, warn=True)
        weight = None
        if sample_weight is not None:
            require_weights(readout, "sample_weight")
            weight = checked_weight(sample_weight, sequences)
        self._fit_pipeline(X, sequences, y, readout, weight)
        return self

    def _make_readout(self) -> Any:
        return regressor_readout(self.readout, self.random_state)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        if isinstance(self.readout, str):  # both of those that have a name
            tags.target_tags.multi_output = True
        elif hasattr(self.readout, "__sklearn_tags__"):
            tags.target_tags.multi_output = get_tags(self.readout).target_tags.multi_output
        return tags
