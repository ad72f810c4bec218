"""Mean slopes of a threshold and of a rectifier over random choices of what drives a neuron."""

from __future__ import annotations

import numpy as np
from scipy.special import erfcx


def mean_slopes(
    drive: np.ndarray, variance: np.ndarray, level: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the slopes of what a neuron does where its drive exceeds a level.

    The drive of a choice that holds a fraction q of all is taken for normal with mean ``q drive``
    and variance ``q (1 - q) variance``; q is uniform.

    Parameters
    ----------
    drive, variance : ndarray
        Sum of all drives, and of their squares, positive.
    level : ndarray
        Level h.

    Returns
    -------
    step : ndarray
        Slope of the step that is 1 above the level: the mean density of the drive there.
    rectified : ndarray
        Slope of the part above the level: how often the drive is there.
    """
    unit = np.sqrt(2 * variance)
    z = (np.abs(level) + np.abs(drive - level)) / unit
    tail, bell = np.exp((drive / unit) ** 2 - z**2), erfcx(z)
    step = np.sqrt(np.pi) / unit * tail * bell
    outer = 0.5 * tail * (1 - np.sqrt(np.pi) * z * bell)
    upper, lower = np.maximum(drive, 0), np.minimum(drive, 0)
    between = outer + (upper - level) * step
    return step, np.where(level >= upper, outer, np.where(level <= lower, 1 - outer, between))
