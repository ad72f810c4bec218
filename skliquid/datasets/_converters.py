"""Collections of sequences in the layouts of other libraries."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import event_sources
from .._checks import check_real, shown
from .._misread import is_series
from ..event_sources import listed, sizes_of
from ..sequences import as_sequences


def from_aeon(X: Any) -> np.ndarray | list[np.ndarray]:
    """Convert from aeon's layout, which has the channels before the time steps.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_channels, n_timesteps) or list
        A collection; a list holds arrays of shape (n_channels, n_timesteps_i).

    Returns
    -------
    ndarray of shape (n_samples, n_timesteps, n_channels) or list of ndarray
        The same collection with the time steps first; a list of arrays of shape
        (n_timesteps_i, n_channels) if `X` is one.

    Raises
    ------
    ValueError
        If `X` or one of its sequences has a wrong number of dimensions.

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid.datasets import from_aeon
    >>> from_aeon(np.zeros((5, 3, 20))).shape
    (5, 20, 3)
    """
    if isinstance(X, list | tuple):
        return [_transposed(np.asarray(sequence), i) for i, sequence in enumerate(X)]
    X = np.asarray(X)
    if X.ndim != 3:
        raise ValueError(
            f"X has shape {X.shape}; expected (n_samples, n_channels, n_timesteps) or a list of "
            "arrays of shape (n_channels, n_timesteps_i)."
        )
    return np.swapaxes(X, 1, 2)


def _transposed(sequence: np.ndarray, i: int) -> np.ndarray:
    if sequence.ndim != 2:
        raise ValueError(
            f"sample {i} has shape {sequence.shape}; expected (n_channels, n_timesteps)."
        )
    return sequence.T


def from_tslearn(X: Any) -> list[np.ndarray]:
    """Convert from tslearn's layout, which pads sequences with NaN to equal lengths.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_timesteps, n_channels)
        A collection; trailing frames that are NaN in every channel are padding, and NaN anywhere
        else is a missing value, which stays.

    Returns
    -------
    list of ndarray of shape (n_timesteps_i, n_channels)
        The sequences without their padding.

    Raises
    ------
    ValueError
        If `X` is not three-dimensional, if a sequence is all padding, or if a value is infinite.

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid.datasets import from_tslearn
    >>> X = np.array([[[1.0], [2.0]], [[3.0], [np.nan]]])
    >>> [len(sequence) for sequence in from_tslearn(X)]
    [2, 1]
    """
    X = np.asarray(X)
    if X.ndim != 3:
        raise ValueError(f"X has shape {X.shape}; expected (n_samples, n_timesteps, n_channels).")
    lengths = as_sequences(X, missing=True).lengths
    return [sequence[:length] for sequence, length in zip(X, lengths, strict=True)]


def from_pandas(frame: Any) -> list[np.ndarray]:
    """Convert from a pandas data frame indexed by (instance, time), or nested.

    Parameters
    ----------
    frame : pandas.DataFrame or pandas.Series
        One row for each time step, one column for each channel, and a MultiIndex of two
        levels: the instance that the row belongs to, and its time. Or one row for each
        instance, whose cells hold the whole series of each channel, as sktime nests them.

    Returns
    -------
    list of ndarray of shape (n_timesteps_i, n_channels)
        One sequence for each instance, in the order in which the instances first appear,
        its rows sorted by time.

    Raises
    ------
    TypeError, ValueError
        If `frame` is neither, is empty, has NaN in its index, holds an instance with two rows of
        the same time, or nests channels of different lengths in one instance.

    Examples
    --------
    >>> import pandas as pd
    >>> from skliquid.datasets import from_pandas
    >>> index = pd.MultiIndex.from_tuples([("a", 0), ("a", 1), ("b", 0)])
    >>> X = from_pandas(pd.DataFrame({"x": [1.0, 2.0, 3.0]}, index=index))
    >>> [sequence.shape for sequence in X]
    [(2, 1), (1, 1)]
    """
    n_levels = getattr(getattr(frame, "index", None), "nlevels", 0)
    is_nested = n_levels == 1 and len(frame) and is_series(frame.to_numpy().flat[0])
    if n_levels != 2 and not is_nested:
        raise TypeError(
            "frame must be a pandas data frame or series with a MultiIndex of two levels "
            f"(instance, time), or with a series in each cell, got {type(frame).__name__}."
        )
    if not len(frame):
        raise ValueError("frame is empty; expected at least one row.")
    if is_nested:
        rows = frame.to_numpy().reshape(len(frame), -1)
        return [_side_by_side(row, i) for i, row in enumerate(rows)]
    if any(frame.index.get_level_values(level).hasnans for level in (0, 1)):
        raise ValueError(
            "the index of frame holds NaN; expected an instance and a time in each row."
        )
    if frame.index.has_duplicates:
        instance, time = frame.index[frame.index.duplicated()][0]
        raise ValueError(f"instance {instance} has more than one row at time {time}.")
    from pandas.api.types import is_extension_array_dtype, is_numeric_dtype

    frame = frame.to_frame() if frame.ndim == 1 else frame
    # Of pandas' own types of numbers, what is missing is no NaN yet.
    own = [is_numeric_dtype(each) and is_extension_array_dtype(each) for each in frame.dtypes]
    if any(own):
        frame = frame.astype(dict.fromkeys(frame.columns[own], np.float64))
    groups = frame.groupby(level=0, sort=False)
    return [group.sort_index(level=1).to_numpy() for _, group in groups]


def _side_by_side(cells: Any, i: int) -> np.ndarray:
    lengths = [len(cell) for cell in cells]
    if len(set(lengths)) > 1:
        raise ValueError(
            f"instance {i} has channels of the lengths {shown(lengths)}; expected one length."
        )
    return np.column_stack([np.asarray(cell) for cell in cells])


def from_events(X: Any, sensor_size: Any, time_step: float) -> list[np.ndarray]:
    """Convert from events, such as the spikes of a sensor, by counting them in steps of time.

    Parameters
    ----------
    X : list
        The events of each sample: a structured array with the fields "t" and "x", and "y" and
        "p" where there are such, as tonic [1]_ has them; or an array of shape (n_events, 2) of
        the time and the channel of each.
    sensor_size : int or tuple of int
        Number of channels; or width, height and number of polarities, the last of which may
        be left out, as tonic gives them.
    time_step : float
        Length of a step, in the unit of the times; positive. Step k counts events at times
        from ``k * time_step`` on, up to ``(k + 1) * time_step``, the first step starting at 0.

    Returns
    -------
    list of ndarray of shape (n_timesteps_i, n_channels), dtype float32
        Number of events of each channel in each step, up to the last event of a sample. An
        event at x, y of polarity p is one of channel ``(p * height + y) * width + x``.

    Raises
    ------
    TypeError, ValueError
        If a sample is no such array, or an event has a negative time or a channel that there
        is not.

    References
    ----------
    .. [1] Lenz et al. "Tonic: event-based datasets and transformations", 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid.datasets import from_events
    >>> events = np.array([[0.1, 2], [0.4, 0], [1.2, 2]])
    >>> from_events([events], sensor_size=3, time_step=0.5)
    [array([[1., 0., 1.],
           [0., 0., 0.],
           [0., 0., 1.]], dtype=float32)]
    """
    sizes = sizes_of("sensor_size", sensor_size)
    time_step = check_real("time_step", time_step, 0, closed="neither")
    return list(event_sources.from_events(listed("X", X), n_units=sizes, dt=time_step))
