"""LSMRegressor: a liquid, a scaler and a trained readout that predicts numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_consistent_length, column_or_1d

from .._base import checked_weight, require_numbers
from .._callbacks import with_callbacks
from .._fitted import all_or_nothing
from ..collection import as_parts
from ..readouts._named import REGRESSORS, regressor_readout
from ..readouts._samples import require_weights
from ._absent import why_not_read
from ._by_parts import LSMOfParts
from ._entries import parametrized
from ._lsm import readout_has
from ._parameters import RegressorParameters
from ._transformer import LiquidTransformer


@parametrized
class LSMRegressor(RegressorMixin, RegressorParameters, LSMOfParts):
    """Predict numbers from sequences with a liquid state machine.

    A fixed random network of spiking neurons, the liquid [1]_, turns each sequence into
    pooled spike features (see :class:`LiquidTransformer`); a readout is trained on the roots of
    the features, standardised.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    pipeline_ : Pipeline
        The fitted steps "liquid", "root", "limiter", "scaler" and "readout"; with
        ``readout="ridge"`` the readout itself limits and standardises.
    n_samples_seen_ : int
        Number of sequences in all parts, after `partial_fit`.
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

    @all_or_nothing
    @with_callbacks
    # Validation of the parameters of a readout that is an estimator is left to it.
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LSMRegressor:
        """Draw the liquid and train the readout.

        Parameters
        ----------
        X : array-like, list or iterable of parts
            Sequences: an array of shape (n_samples, n_timesteps, n_channels), where trailing
            frames of NaN are padding; an array of shape (n_samples, n_timesteps) of one
            channel; or a list of arrays of shape (n_timesteps_i, n_channels). Or, with
            ``readout="ridge"``, anything that yields one such collection after the other,
            arrays of three dimensions or lists; the first draws the liquid.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Numbers to predict, of all parts if there are parts.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the sequences; needs a readout that takes them.

        Returns
        -------
        LSMRegressor
            The estimator itself, fitted.
        """
        opened, readout = self._open(X), self._make_readout()
        y = self._numbers(X, opened, y, readout)
        weight = None
        if sample_weight is not None:
            require_weights(readout, "sample_weight")
            weight = checked_weight(sample_weight, y)
        self._fit_whole_or_parts(X, opened, y, readout, weight)
        return self

    @available_if(readout_has("partial_fit"))
    @all_or_nothing
    @_fit_context(prefer_skip_nested_validation=False)
    def partial_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        liquid: LiquidTransformer | None = None,
    ) -> LSMRegressor:
        """Add a part of the training sequences; the first draws the liquid.

        With ``readout="ridge"`` parts of any size and in any order give the model of the whole
        but for rounding, on the same liquid. Other readouts do with parts what they do; features
        are limited and standardised for them by the first part. Parameters that are set after
        the first part act at the next `fit`, but for those that say how to run. A call that fails
        or is interrupted leaves the estimator as it was.

        Parameters
        ----------
        X : array-like, list or iterable of parts
            Sequences, as in `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Numbers to predict.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the sequences; needs a readout that takes them.
        liquid : LiquidTransformer, default=None
            A fitted one that the first call takes, with its own parameters, in the place of
            drawing a liquid for its part.
            None takes the liquid of a `fit` before, if there was one, whose samples are not
            part of the readout then.

        Returns
        -------
        LSMRegressor
            The estimator itself.

        Examples
        --------
        >>> import numpy as np
        >>> from skliquid import LSMRegressor
        >>> X = np.random.default_rng(0).normal(size=(300, 20, 1)).cumsum(axis=1)
        >>> y = X.mean(axis=(1, 2))
        >>> lsm = LSMRegressor(100, random_state=0)
        >>> for part in range(2):
        ...     lsm = lsm.partial_fit(X[part:200:2], y[part:200:2])
        >>> bool(lsm.score(X[200:], y[200:]) > 0.9)
        True
        """
        opened, liquid = self._open_part(X, liquid)
        readout = (self if self._begins() else self._as_fitted())._make_readout()
        y = self._numbers(X, opened, y, readout)
        weight = None
        if sample_weight is not None:
            require_weights(readout, "sample_weight", "partial_fit")
            weight = self._weights_of_part(sample_weight, y, readout)
        self._add(opened, y, weight, None, readout, liquid)
        return self

    def _numbers(self, X: Any, opened: Any, y: Any, readout: Any) -> np.ndarray:
        """Validate the targets of the sequences, or of all their parts."""
        require_numbers("y", y)
        y = self._validate_targets(y, multi_output=True, y_numeric=True)
        if as_parts(X) is None:
            check_consistent_length(opened[0], y)
        if y.ndim == 2 and y.shape[1] == 1 and not get_tags(readout).target_tags.multi_output:
            y = column_or_1d(y, warn=True)
        return np.asarray(y)

    def _why_absent(self, method: str) -> str | None:
        if method == "partial_fit":
            return why_not_read(method, self.readout, REGRESSORS)
        if method == "predict_over_time":
            return "after every frame predicts what open_stream opens."
        if method in ("decision_function", "predict_proba"):
            return "it predicts numbers; LSMClassifier has it."
        return super()._why_absent(method)

    def _make_readout(self) -> Any:
        return regressor_readout(self.readout, self.random_state)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        if isinstance(self.readout, str):  # both of those that have a name
            tags.target_tags.multi_output = True
        elif hasattr(self.readout, "__sklearn_tags__"):
            tags.target_tags.multi_output = get_tags(self.readout).target_tags.multi_output
        return tags
