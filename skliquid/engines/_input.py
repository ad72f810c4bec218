"""The current that the input drives into the neurons, for the engines that run in lockstep.

Computed in float64 on the host, which every machine has; each sum is exact, so that the order
in which a library adds is no matter.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse

from ..reservoirs.fixed_point import INPUT_EXPONENT, INPUT_LIMIT, UNIT_EXPONENT, to_grid
from ..reservoirs.liquid import Liquid

# Above this density a dense product is faster than a sparse one.
_DENSE_FROM = 0.2


def standardise(frames: np.ndarray, liquid: Liquid) -> np.ndarray:
    """Standardise frames of shape (..., n_channels) and round them to the input's grid."""
    x = (frames - liquid.input_offset) * liquid.input_gain
    return to_grid(np.clip(x, -INPUT_LIMIT, INPUT_LIMIT), INPUT_EXPONENT).astype(np.float64)


def input_currents(frames: np.ndarray, liquid: Liquid) -> Iterator[np.ndarray]:
    """Yield the current of each time step.

    Parameters
    ----------
    frames : ndarray of shape (longest, batch, n_channels), dtype float32
        The sequences side by side.
    liquid : Liquid
        The reservoir.

    Yields
    ------
    ndarray of shape (batch, n), dtype float32
        ``round(sum over taps of w x^[channel, t - delay] + b)`` on the unit grid.
    """
    delays, channels, weights = _tap_matrix(liquid)
    past = np.zeros((liquid.max_delay, *frames.shape[1:]))
    x = np.concatenate([past, standardise(frames, liquid)])
    for t in range(liquid.max_delay, len(x)):
        current = (weights @ x[t - delays, :, channels]).T + liquid.bias
        yield to_grid(current, UNIT_EXPONENT).astype(np.float32)


def _tap_matrix(liquid: Liquid) -> tuple[np.ndarray, np.ndarray, np.ndarray | sparse.csr_array]:
    """Delays and channels that taps listen to, and the weights of shape (n, these)."""
    place = liquid.tap_delays.astype(np.int64) * liquid.n_channels + liquid.tap_channels
    distinct, column = np.unique(place, return_inverse=True)
    weights = sparse.csr_array(
        (liquid.tap_weights.astype(np.float64), column, liquid.tap_offsets),
        shape=(liquid.n_neurons, len(distinct)),
    )
    delays, channels = np.divmod(distinct, liquid.n_channels)
    is_dense = weights.nnz > _DENSE_FROM * liquid.n_neurons * len(distinct)
    return delays, channels, weights.toarray() if is_dense else weights
