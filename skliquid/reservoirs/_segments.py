"""Items that stand end to end, a segment for each neuron, cut by offsets."""

from __future__ import annotations

import numpy as np


def reordered(offsets: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Put segments into another order.

    Parameters
    ----------
    offsets : ndarray of shape (n + 1,), dtype int64
        Segment i is items ``offsets[i]`` to ``offsets[i + 1]``.
    order : ndarray of int
        Which segment comes first, second and so on.

    Returns
    -------
    offsets : ndarray of shape (len(order) + 1,), dtype int64
        The new offsets.
    items : ndarray of int
        The old number of each item.
    """
    lengths = np.diff(offsets)[order]
    ends = np.cumsum(lengths)
    items = np.arange(lengths.sum()) + np.repeat(offsets[order] - (ends - lengths), lengths)
    return np.concatenate([[0], ends]), items
