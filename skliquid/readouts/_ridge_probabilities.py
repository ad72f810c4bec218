"""Probabilities of the classes by the scores of a ridge readout: a softmax with a temperature.

With a score f_c for each of the classes, -f and f where there are two, and a temperature T [1]_::

    p_c = exp(f_c / T) / (exp(f_1 / T) + ... + exp(f_k / T))

The temperature is the likeliest one by the scores that each training sample has from the model of
all others, which are there once the penalty is chosen. If these tell all samples right, it would
be zero, of which a prior keeps it: log T is normal around log(1 / 4), with standard deviation 1,
which counts for as much as one sample.

References
----------
.. [1] Guo, Pleiss, Sun, Weinberger. "On calibration of modern neural networks", ICML, 2017.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

# Samples by which a temperature is known to a few percent.
_N_ENOUGH = 2000
_USUAL = np.log(1 / 4)
# How far from the usual one, in powers of e, a temperature is sought.
_FARTHEST = 8.0


@dataclass(frozen=True)
class LeftOut:
    """Samples as they are seen by the models of all others.

    Parameters
    ----------
    outputs, targets : ndarray of shape (n_samples, n_targets)
        Outputs of these models, and targets.
    weight : ndarray of shape (n_samples,)
        Weights of the samples.
    """

    outputs: np.ndarray
    targets: np.ndarray
    weight: np.ndarray


def enough_of(n_samples: int) -> np.ndarray | slice:
    """Choose the samples of which what they get when left out is kept."""
    if n_samples <= _N_ENOUGH:
        return slice(None)
    return np.sort(np.random.default_rng(0).choice(n_samples, _N_ENOUGH, replace=False))


@np.errstate(under="ignore")  # what is far behind has no share
def temperature_of(samples: LeftOut) -> float:
    """Temperature of the greatest posterior density.

    Parameters
    ----------
    samples : LeftOut
        Samples whose targets are 1 for their class and -1 for others, in one column for two.

    Returns
    -------
    float
        Temperature, positive.
    """
    scores, true = _of_classes(samples.outputs), _of_classes(samples.targets).argmax(axis=1)
    lead = scores.max(axis=1) - scores[np.arange(len(scores)), true]
    behind = scores - scores.max(axis=1, keepdims=True)

    def slope(log: float) -> float:
        """How the negative logarithm of the density grows with that of the temperature."""
        inverse = np.exp(-log)
        share = np.exp(inverse * behind)
        gain = lead + (share * behind).sum(axis=1) / share.sum(axis=1)
        return float(log - _USUAL - inverse * (samples.weight @ gain))

    low, high = _USUAL - _FARTHEST, _USUAL + _FARTHEST
    if slope(low) < 0 < slope(high):
        return float(np.exp(brentq(slope, low, high)))
    return float(np.exp(low if slope(low) >= 0 else high))


@np.errstate(over="ignore", under="ignore")  # what is far behind has no probability
def log_probabilities(outputs: np.ndarray, temperature: float) -> np.ndarray:
    """Logarithms of the probabilities.

    Parameters
    ----------
    outputs : ndarray of shape (n_samples, n_targets)
        Outputs, one for two classes.
    temperature : float
        Temperature.

    Returns
    -------
    ndarray of shape (n_samples, n_classes), dtype float64
        Logarithms.
    """
    scores = _of_classes(outputs.astype(np.float64))
    scaled = (scores - scores.max(axis=1, keepdims=True)) / temperature
    logs: np.ndarray = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
    return logs


@np.errstate(under="ignore")
def probabilities(outputs: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities, of which the first greatest is that of the first greatest score.

    Parameters
    ----------
    outputs : ndarray of shape (n_samples, n_targets)
        Outputs, one for two classes.
    temperature : float
        Temperature.

    Returns
    -------
    ndarray of shape (n_samples, n_classes), dtype float64
        Probabilities.
    """
    found: np.ndarray = np.exp(log_probabilities(outputs, temperature))
    best = _of_classes(outputs).argmax(axis=1)
    # Scores that differ in their last digits can have equal probabilities.
    tied = np.flatnonzero(found.argmax(axis=1) != best)
    found[tied, best[tied]] = np.nextafter(found[tied].max(axis=1), 2)
    return found


def _of_classes(outputs: np.ndarray) -> np.ndarray:
    """Scores of all classes, of two by the one that speaks for the second."""
    return np.hstack([-outputs, outputs]) if outputs.shape[1] == 1 else outputs
