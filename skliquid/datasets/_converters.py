"""Collections of sequences in the layouts of other libraries."""

from __future__ import annotations

from typing import Any

import numpy as np

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
    """Convert from a pandas data frame indexed by (instance, time).

    Parameters
    ----------
    frame : pandas.DataFrame or pandas.Series
        One row for each time step, one column for each channel, and a MultiIndex of two
        levels: the instance that the row belongs to, and its time.

    Returns
    -------
    list of ndarray of shape (n_timesteps_i, n_channels)
        One sequence for each instance, in the order in which the instances first appear,
        its rows sorted by time.

    Raises
    ------
    TypeError, ValueError
        If `frame` is not a pandas object with two index levels, is empty, has NaN in its
        index, or holds an instance with two rows of the same time.

    Examples
    --------
    >>> import pandas as pd
    >>> from skliquid.datasets import from_pandas
    >>> index = pd.MultiIndex.from_tuples([("a", 0), ("a", 1), ("b", 0)])
    >>> X = from_pandas(pd.DataFrame({"x": [1.0, 2.0, 3.0]}, index=index))
    >>> [sequence.shape for sequence in X]
    [(2, 1), (1, 1)]
    """
    if getattr(getattr(frame, "index", None), "nlevels", None) != 2:
        raise TypeError(
            "frame must be a pandas data frame or series with a MultiIndex of two levels "
            f"(instance, time), got {type(frame).__name__}."
        )
    if not len(frame):
        raise ValueError("frame is empty; expected at least one row.")
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
