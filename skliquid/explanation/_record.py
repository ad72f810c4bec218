"""What an explanation is made of."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Explanation(NamedTuple):
    """Scores of sequences, split over their frames and channels.

    Parameters
    ----------
    contributions : ndarray of shape (n_samples, n_timesteps, n_channels), or list of ndarray
        What each frame of each channel adds to the score of its sequence, in the score's unit. For
        sequences in an array an array, NaN where there is padding; else a list of arrays of
        shape (n_timesteps_i, n_channels).
    base : ndarray of shape (n_samples,)
        What belongs to no frame: the score of a sequence as long in which every channel stays at
        its training mean, and what neurons did that heard nothing. It and the contributions
        sum to the score.
    target : ndarray of shape (n_samples,)
        The class, or the number of the output, whose score it is.

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid import LSMRegressor
    >>> X = np.random.default_rng(0).normal(size=(50, 20, 2)).cumsum(axis=1)
    >>> lsm = LSMRegressor(100, random_state=0).fit(X, X[:, -1, 0])
    >>> contributions, base, target = lsm.explain(X[:3])
    >>> contributions.shape
    (3, 20, 2)
    >>> np.allclose(base + contributions.sum(axis=(1, 2)), lsm.predict(X[:3]), rtol=0, atol=1e-6)
    True
    """

    contributions: np.ndarray | list[np.ndarray]
    base: np.ndarray
    target: np.ndarray
