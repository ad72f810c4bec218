"""LSMSequenceRegressor: numbers after every step of a sequence."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.metrics import r2_score

from .._base import require_numbers
from .._checks import shown
from .._fitted import all_or_nothing
from ..sequences import Sequences, as_real_array
from ._entries import parametrized
from ._sequence_base import BaseSequenceLSM, in_form_of


@parametrized
class LSMSequenceRegressor(RegressorMixin, BaseSequenceLSM):
    """Predict numbers after every step of sequences with a reservoir.

    A fixed random network, the reservoir [1]_, is driven by the frames of a sequence. After each
    of them a ridge readout is given its state, and predicts the numbers that belong to the step:
    what goes on where a process is hidden behind its input, or what another instrument would
    measure.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    liquid_ : LiquidTransformer
        The fitted reservoir.
    readout_ : RidgeReadoutRegressor
        The trained readout.
    washout_ : int
        `washout` in steps.
    n_channels_in_ : int
        Number of channels seen in `fit`.
    n_features_in_ : int
        Number of time steps if `fit` saw a 2-D array, else the number of channels.

    See Also
    --------
    LSMRegressor : Numbers for whole sequences.
    LSMForecaster : The next frames of a sequence.

    Notes
    -----
    Training runs in memory that does not grow with the number of steps, but for the frames and the
    targets themselves: states are added to the sums that the readout is made of as they come. The
    penalty is chosen by steps that are held out, every fifth sequence, or of fewer than five the
    last fifth of each.

    References
    ----------
    .. [1] Jaeger. "The echo state approach to analysing and training recurrent neural networks",
       GMD Report 148, 2001.
    {references}

    Examples
    --------
    The sum of the last three values, after every value:

    >>> import numpy as np
    >>> from skliquid import LSMSequenceRegressor
    >>> X = np.random.default_rng(0).normal(size=(10, 100, 1))
    >>> y = X + np.roll(X, 1, axis=1) + np.roll(X, 2, axis=1)
    >>> lsm = LSMSequenceRegressor(100, random_state=0).fit(X[:8], y[:8])
    >>> lsm.predict(X[8:]).shape
    (2, 100, 1)
    >>> bool(lsm.score(X[8:], y[8:]) > 0.99)
    True
    """

    @all_or_nothing
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> LSMSequenceRegressor:
        """Draw the reservoir and train the readout.

        Parameters
        ----------
        X : array-like or list
            Sequences: an array of shape (n_samples, n_timesteps, n_channels), where trailing
            frames of NaN are padding; an array of shape (n_samples, n_timesteps) of one
            channel; or a list of arrays of shape (n_timesteps_i, n_channels).
        y : array-like or list
            Numbers to predict after every step: an array of shape (n_samples, n_timesteps,
            n_targets) or (n_samples, n_timesteps); or a list of arrays of shape (n_timesteps_i,
            n_targets) or (n_timesteps_i,).

        Returns
        -------
        LSMSequenceRegressor
            The estimator itself, fitted.

        Raises
        ------
        ValueError
            If the numbers of sequences or of steps differ between `X` and `y`, or if there are no
            steps after the washout.
        """
        sequences = self._validate_sequences(X, reset=True)
        targets, self._has_target_axis = _targets(y, sequences)
        self._fit_steps(sequences, targets, np.ones(len(targets), dtype=bool))
        return self

    def predict(self, X: Any) -> Any:
        """Predict the numbers after every step.

        Parameters
        ----------
        X : array-like or list
            Sequences, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_timesteps, n_targets), or list of ndarray
            Predictions, in a list where `X` is one or its sequences differ in length; without
            the last axis if `y` had none.
        """
        sequences, outputs = self._predicted(X)
        if not self._has_target_axis:
            outputs = outputs[:, 0]
        return in_form_of(X, np.split(outputs, sequences.offsets[1:-1]))

    def score(self, X: Any, y: Any) -> float:
        """Compute the coefficient of determination, R2, over all steps after the washout.

        Parameters
        ----------
        X : array-like or list
            Sequences, as in `fit`.
        y : array-like or list
            What is to be predicted, as in `fit`.

        Returns
        -------
        float
            Mean of the targets' R2, 1 at the best.

        Raises
        ------
        ValueError
            If the numbers of sequences or of steps differ between `X` and `y`, or if there are no
            steps after the washout.
        """
        sequences, outputs = self._predicted(X)
        targets, _ = _targets(y, sequences)
        is_used = ~self._is_washed_out(sequences)
        if not is_used.any():
            raise ValueError(
                f"no step of X comes after the washout of {self.washout_} steps; the longest "
                f"sequence has {int(sequences.lengths.max())}."
            )
        return float(r2_score(targets[is_used], outputs[is_used]))


def _targets(y: Any, sequences: Sequences) -> tuple[np.ndarray, bool]:
    """Targets of all steps, shape (n_frames, n_targets), and whether they have that last axis."""
    if y is None:
        raise ValueError("LSMSequenceRegressor requires y to be passed, but the target y is None.")
    # Sequences of unlike lengths may come in an array of objects, as those of X.
    is_list = isinstance(y, list | tuple) or (np.ndim(y) == 1 and np.asarray(y).dtype == object)
    given = list(y) if is_list else as_real_array(y, "y")
    if len(np.shape(given) if isinstance(given, np.ndarray) else given) == 0:
        raise ValueError(f"y is {shown(y)}; expected numbers for every step of every sequence.")
    if len(given) != len(sequences):
        raise ValueError(f"y has {len(given)} sequences, but X has {len(sequences)}.")
    parts = [
        _target(each, i, n)
        for i, (each, n) in enumerate(zip(given, sequences.lengths.tolist(), strict=True))
    ]
    shapes = {part.shape[1:] for part in parts}
    if len(shapes) > 1:
        raise ValueError(f"y must have as many targets in each sequence, got {sorted(shapes)}.")
    targets = np.concatenate(parts)
    require_numbers("y", targets)
    return targets.reshape(len(targets), -1), targets.ndim == 2


def _target(value: Any, i: int, n_steps: int) -> np.ndarray:
    """Validate the targets of a sequence, shape (n_timesteps, n_targets) or (n_timesteps,)."""
    name = f"y[{i}]"
    array = as_real_array(value, name).astype(np.float64)
    if array.ndim not in (1, 2) or 0 in array.shape[1:]:
        raise ValueError(
            f"{name} has shape {array.shape}; expected ({n_steps},) or ({n_steps}, n_targets), "
            "a row for every step."
        )
    # Where sequences are padded in an array, so may targets be.
    if len(array) > n_steps and np.isnan(array[n_steps:]).all():
        array = array[:n_steps]
    if len(array) != n_steps:
        raise ValueError(f"{name} has {len(array)} steps, but sequence {i} of X has {n_steps}.")
    if not np.isfinite(array).all():
        step = int(np.argmin(np.isfinite(array).reshape(n_steps, -1).all(axis=1)))
        raise ValueError(f"{name} contains {array[step]} at step {step}; expected finite numbers.")
    return array
