"""Metrics of forecasts."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._checks import check_real, shown
from .sequences import as_real_array, deviation


def valid_prediction_time(
    y_true: Any, y_pred: Any, *, scale: Any = None, threshold: float = 0.4
) -> np.ndarray:
    """Number of steps for which forecasts stay near the truth.

    ::

        error[t] = root mean over channels of ((y_pred[t] - y_true[t]) / scale)^2

    A forecast is valid until its error is first above the threshold [1]_. Of a chaotic system this
    time divided by its Lyapunov time, in which errors grow e-fold, tells how good a model is.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_samples, n_timesteps, n_channels)
        What came, and its forecasts.
    scale : float or array-like of shape (n_channels,), default=None
        Standard deviation of each channel, best over a long stretch; positive. None takes that of
        `y_true`, and 1 for a channel that is constant there.
    threshold : float, default=0.4
        Largest error of a forecast that is valid, in standard deviations; positive.

    Returns
    -------
    ndarray of shape (n_samples,), dtype int64
        Steps; n_timesteps where a forecast is valid to its end.

    Raises
    ------
    ValueError
        If the shapes differ, do not have three dimensions or hold nothing, or if `threshold` or
        `scale` is not positive, or not of the channels.

    References
    ----------
    .. [1] Vlachas, Pathak, Hunt, Sapsis, Girvan, Ott, Koumoutsakos. "Backpropagation algorithms
       and reservoir computing in recurrent neural networks for the forecasting of complex
       spatiotemporal dynamics", Neural Networks 126, 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid.metrics import valid_prediction_time
    >>> truth = np.sin(np.arange(100.0)).reshape(1, 100, 1)
    >>> drifting = truth + 0.01 * np.arange(100).reshape(1, 100, 1)
    >>> valid_prediction_time(truth, drifting, scale=1.0)
    array([41])
    """
    true, predicted = as_real_array(y_true, "y_true"), as_real_array(y_pred, "y_pred")
    if true.shape != predicted.shape or true.ndim != 3 or not true.size:
        raise ValueError(
            f"y_true has shape {true.shape}, y_pred {predicted.shape}; expected the same shape "
            "(n_samples, n_timesteps, n_channels), none of them zero."
        )
    threshold = check_real("threshold", threshold, 0, closed="neither")
    scale = deviation(true) if scale is None else _checked_scale(scale, true.shape[2])
    error = np.sqrt(np.mean(((predicted - true) / scale) ** 2, axis=2))
    # What is not a number is no forecast either.
    is_lost = ~(error <= threshold)
    steps: np.ndarray = np.where(is_lost.any(axis=1), is_lost.argmax(axis=1), true.shape[1])
    return steps


def _checked_scale(scale: Any, n_channels: int) -> np.ndarray:
    values = as_real_array(scale, "scale")
    is_good = values.shape in ((), (n_channels,)) and np.isfinite(values).all()
    if not (is_good and (values > 0).all()):
        raise ValueError(
            f"scale must be a positive number, or one for each of the {n_channels} channels, got "
            f"{shown(scale)}."
        )
    return values
