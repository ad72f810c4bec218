"""LSMForecaster: the next frames of a sequence, each made of those before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils.validation import check_is_fitted

from .._checks import check_integer
from .._fitted import all_or_nothing
from ..metrics import valid_prediction_time
from ..readouts._ridge import RidgeReadoutRegressor
from ..sequences import Sequences, deviation, extremes
from ._entries import parametrized
from ._sequence_base import BaseSequenceLSM, in_form_of, n_dimensions, read

# Places in the steps held out from which forecasts are tried, in all, and most steps of one.
_N_TRIALS, _MOST_TRIED = 8, 500
# Errors in standard deviations that are as good as none.
_NO_ERROR = 1e-12
_LARGEST = float(np.finfo(np.float32).max)


@parametrized
class LSMForecaster(BaseSequenceLSM):
    """Forecast sequences with a reservoir that hears its own predictions.

    A fixed random network, the reservoir [1]_, is driven by the frames of a sequence, and a ridge
    readout is trained to predict the next frame from its state. To forecast, the prediction is fed
    back as the next frame, as often as steps are asked for [2]_.

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
    limits_ : ndarray of shape (2, `n_channels_in_`)
        Lowest and highest forecast of each channel: by the width of the range of the training
        frames below and above it. A loop that leaves them is kept there.
    n_channels_in_ : int
        Number of channels seen in `fit`.
    n_features_in_ : int
        Number of time steps if `fit` saw a 2-D array, else the number of channels.

    See Also
    --------
    LSMSequenceRegressor : Other numbers after every step.
    skliquid.metrics.valid_prediction_time : How long forecasts stay near the truth.

    Notes
    -----
    The penalty of the readout is the one with which forecasts are best: from some places in the
    steps that are held out, every fifth sequence or of fewer than five the last fifth of each, the
    next steps are forecast, and the mean logarithm of the error tells. A penalty that predicts the
    next frame best may be too small for a loop that amplifies its errors.

    A spiking reservoir forecasts too, with ``cell="lif"`` and the features "potentials", "trace"
    and "input"; but a spike comes or does not, so that what its readout is given jumps however
    little its input differs, and chaotic systems make much of little.

    References
    ----------
    .. [1] Jaeger, Haas. "Harnessing nonlinearity: predicting chaotic systems and saving energy in
       wireless communication", Science 304, 2004.
    .. [2] Pathak, Lu, Hunt, Girvan, Ott. "Using machine learning to replicate chaotic attractors
       and calculate Lyapunov exponents from data", Chaos 27(12), 2017.
    {references}

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid import LSMForecaster
    >>> X = np.sin(0.3 * np.arange(600)).reshape(1, 600, 1)
    >>> lsm = LSMForecaster(100, random_state=0).fit(X[:, :500])
    >>> bool(np.allclose(lsm.forecast(100), X[:, 500:], atol=1e-3))
    True
    """

    limits_: np.ndarray
    _last: Sequences | None

    @all_or_nothing
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> LSMForecaster:
        """Draw the reservoir and train the readout to predict the next frame.

        Parameters
        ----------
        X : array-like or list
            Sequences: an array of shape (n_samples, n_timesteps, n_channels), where trailing
            frames of NaN are padding; an array of shape (n_samples, n_timesteps) of one
            channel; or a list of arrays of shape (n_timesteps_i, n_channels). A single series
            is one sample.
        y : None
            Ignored.

        Returns
        -------
        LSMForecaster
            The estimator itself, fitted.

        Raises
        ------
        ValueError
            If there are no steps after the washout.
        """
        sequences = self._validate_sequences(X, reset=True)
        targets = np.roll(sequences.frames, -1, axis=0).astype(np.float64)
        is_target = np.ones(len(targets), dtype=bool)
        is_target[sequences.offsets[1:] - 1] = False
        low, high = np.stack(extremes(sequences.frames, False)).astype(np.float64)
        # What is fed back is float32.
        self.limits_ = np.stack([2.0 * low - high, 2.0 * high - low]).clip(-_LARGEST, _LARGEST)
        self._fit_steps(sequences, targets, is_target)
        self._last = sequences if len(sequences) == 1 else None
        return self

    def forecast(self, n_steps: int, X: Any = None) -> np.ndarray:
        """Go on with sequences.

        Parameters
        ----------
        n_steps : int
            Number of frames to forecast.
        X : array-like or list, default=None
            Sequences that end where the forecasts begin, as in `fit`. None is the one sequence
            that `fit` was given.

        Returns
        -------
        ndarray of shape (n_samples, n_steps, n_channels)
            The next frames of each sequence; without the last axis where `X` is an array of
            shape (n_samples, n_timesteps).

        Raises
        ------
        ValueError
            If `X` is None, but `fit` was given several sequences.
        """
        check_is_fitted(self)
        n_steps = check_integer("n_steps", n_steps, low=1)
        if X is None and self._last is None:
            raise ValueError("X must be given, because fit was given more than one sequence.")
        sequences = self._last if X is None else self._validate_sequences(X, reset=False)
        assert sequences is not None
        forecasts = self._closed_loop(sequences, n_steps, [self.readout_])[0]
        is_table = self._fitted_on_table if X is None else n_dimensions(X) == 2
        return forecasts[:, :, 0] if is_table else forecasts

    def predict(self, X: Any) -> Any:
        """Predict the next frame after every step.

        Parameters
        ----------
        X : array-like or list
            Sequences, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_timesteps, n_channels), or list of ndarray
            At step t the prediction of the frame of step t + 1; in a list where `X` is one or
            its sequences differ in length.
        """
        sequences, outputs = self._predicted(X)
        return in_form_of(X, np.split(outputs, sequences.offsets[1:-1]))

    def score(self, X: Any, y: Any = None) -> float:
        """Compute for how many steps the second half of each sequence is forecast.

        Parameters
        ----------
        X : array-like or list
            Sequences of at least two steps, as in `fit`.
        y : None
            Ignored.

        Returns
        -------
        float
            Mean of :func:`~skliquid.metrics.valid_prediction_time`, which the second half bounds,
            in steps.
        """
        check_is_fitted(self)
        sequences = self._validate_sequences(X, reset=False)
        halves = sequences.lengths - sequences.lengths // 2
        places = np.stack([np.arange(len(halves)), halves, sequences.lengths // 2], axis=1)
        if not places[:, 2].all():
            sample = int(np.argmin(places[:, 2]))
            raise ValueError(f"sample {sample} has one step; expected two, a half to forecast.")
        tried = self._tried(sequences, places, [self.readout_])
        scale = deviation(sequences.frames)
        valid = [
            valid_prediction_time(true[None], of_each, scale=scale)[0] for true, of_each in tried
        ]
        return float(np.mean(valid))

    def _errors(
        self,
        tried: list[RidgeReadoutRegressor],
        sequences: Sequences,
        targets: np.ndarray,
        is_held: np.ndarray,
    ) -> np.ndarray:
        """Mean logarithm of the errors of forecasts from some of the steps held out."""
        places = _places(sequences, is_held)
        errors = np.zeros(len(tried))
        for true, forecasts in self._tried(sequences, places, tried):
            missed = (forecasts - true) / deviation(sequences.frames)
            error = np.sqrt(np.mean(missed**2, axis=2))
            errors += np.log(np.maximum(error, _NO_ERROR)).mean(axis=1)
        return errors

    def _tried(
        self, sequences: Sequences, places: np.ndarray, readouts: list[RidgeReadoutRegressor]
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Forecast from some places in sequences.

        Parameters
        ----------
        sequences : Sequences
            The sequences.
        places : ndarray of shape (n_places, 3), dtype int64
            Number of a sequence, steps of it that are heard, and steps to forecast then.
        readouts : list of RidgeReadoutRegressor
            By which.

        Yields
        ------
        true : ndarray of shape (n_steps, n_channels)
            For each place the frames that came,
        forecasts : ndarray of shape (n_readouts, n_steps, n_channels)
            and their forecasts.
        """
        heard = sequences.offsets[places[:, 0]]
        ends = heard + places[:, 1]
        frames = [sequences.frames[first:end] for first, end in zip(heard, ends, strict=True)]
        offsets = np.concatenate([[0], np.cumsum(places[:, 1])])
        beginnings = Sequences(np.concatenate(frames), offsets)
        forecasts = self._closed_loop(beginnings, int(places[:, 2].max()), readouts)
        for i, (end, n_steps) in enumerate(zip(ends, places[:, 2], strict=True)):
            yield sequences.frames[end : end + n_steps], forecasts[:, i, :n_steps]

    def _closed_loop(
        self, sequences: Sequences, n_steps: int, readouts: list[RidgeReadoutRegressor]
    ) -> np.ndarray:
        """Forecasts by each of some readouts, shape (n_readouts, n_samples, n_steps, channels)."""
        order = np.argsort(-sequences.lengths, kind="stable")
        n_samples, n = len(order), len(order) * len(readouts)
        stream = self._open(n_samples)
        features = stream.push(sequences.take(order))
        stream = stream.repeated(len(readouts))
        features = np.tile(features, (len(readouts), 1))
        out = np.empty((n_steps, n, sequences.n_channels))
        for t in range(n_steps):
            rows = features.reshape(len(readouts), n_samples, -1)
            out[t] = np.concatenate(
                [read(readout, each) for readout, each in zip(readouts, rows, strict=True)]
            ).clip(*self.limits_)
            if t + 1 < n_steps:
                features = stream.push(_frames(out[t]))
        forecasts = np.empty((len(readouts), n_samples, n_steps, sequences.n_channels))
        forecasts[:, order] = out.transpose(1, 0, 2).reshape(len(readouts), n_samples, n_steps, -1)
        return forecasts


def _frames(values: np.ndarray) -> Sequences:
    """A frame of each of some sequences."""
    return Sequences(values.astype(np.float32), np.arange(len(values) + 1))


def _places(sequences: Sequences, is_held: np.ndarray) -> np.ndarray:
    """Places in the steps held out, half of which, or the most that are tried, come after."""
    bounds = zip(sequences.offsets[:-1], sequences.offsets[1:], strict=True)
    held = [np.flatnonzero(is_held[first:stop]) for first, stop in bounds]
    samples = [i for i, steps in enumerate(held) if len(steps)][:_N_TRIALS]
    places = []
    for i in samples:
        # What is predicted after the last step that is held out comes one later.
        first, n_targets = held[i][0] + 1, len(held[i])
        n_steps = min(-(-n_targets // 2), _MOST_TRIED)
        starts = first + np.linspace(0, n_targets - n_steps, _N_TRIALS // len(samples))
        places += [(i, start, n_steps) for start in np.unique(starts.astype(np.int64))]
    return np.array(places)
