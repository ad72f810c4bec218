"""When to stop listening: the least sure answer that may be given early, so that a risk is kept.

A sequence is decided at the first checkpoint at which the likeliest class is at least as probable
as a threshold. It is lost if it is told wrong there but would be told right at its end; the share
of such sequences, R(threshold), bounds what not waiting costs of the accuracy. Of n sequences that
the readouts do not know k are lost. That R is above the chosen risk is refuted at a level of
confidence if so few would then be unlikely::

    P(Binomial(n, risk) <= k) <= 1 - confidence_level

Thresholds are tried from the strictest down, and the last one before the first that is not refuted
is taken. As their order is fixed beforehand, the probability of an error in all these tests is
that of an error in one of them ("Learn then test" [1]_, by fixed sequence; the loss is that of
[2]_).

References
----------
.. [1] Angelopoulos, Bates, Candes, Jordan, Lei. "Learn then test: calibrating predictive
   algorithms to achieve risk control", Annals of Applied Statistics 19(2), 2025.
.. [2] Ringel, Cohen, Freedman, Elad, Romano. "Early time classification with accumulated accuracy
   gap control", ICML, 2024.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import bdtr

_N_THRESHOLDS = 200
# Of how small a doubt thresholds still tell.
_LEAST_DOUBT = 1e-4


@dataclass(frozen=True, eq=False)
class Answers:
    """What some sequences are told to be at each checkpoint, and last at their end.

    A sequence that ended before a checkpoint has there the answer of its end.

    Parameters
    ----------
    labels : ndarray of shape (n_checkpoints + 1, n_samples)
        Predicted classes.
    probabilities : ndarray of shape (n_checkpoints + 1, n_samples, n_classes)
        Probabilities of the classes.
    n_frames : ndarray of shape (n_checkpoints + 1, n_samples)
        How many frames each answer is made of.
    was_asked : ndarray of shape (n_checkpoints, n_samples), dtype bool
        Whether a sequence came as far as a checkpoint.
    """

    labels: np.ndarray
    probabilities: np.ndarray
    n_frames: np.ndarray
    was_asked: np.ndarray

    @cached_property
    def _surest(self) -> np.ndarray:
        """How sure the surest answer up to each checkpoint is."""
        sure = np.where(self.was_asked, confidence(self.probabilities[:-1]), -1.0)
        surest: np.ndarray = np.maximum.accumulate(sure)
        return surest

    def decided_by(self, threshold: float) -> np.ndarray:
        """Number of the answer that decides each sequence, shape (n_samples,)."""
        decided: np.ndarray = (self._surest < threshold).sum(axis=0)
        return decided

    def at(self, decided: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Labels, probabilities and numbers of frames of the answers that decide."""
        every = np.arange(len(decided))
        values = self.labels, self.probabilities, self.n_frames
        labels, probabilities, n_frames = (value[decided, every] for value in values)
        return labels, probabilities, n_frames

    def tried(self, y: np.ndarray, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How many sequences each threshold loses, and the sum of the fractions that it takes.

        Lost is what is told wrong early but right at the end.
        """
        is_right = self.labels == y
        is_lost, fractions = is_right[-1] & ~is_right, self.n_frames / self.n_frames[-1]
        decided, every = map(self.decided_by, thresholds), np.arange(len(y))
        sums = [(is_lost[each, every].sum(), fractions[each, every].sum()) for each in decided]
        n_lost, taken = np.array(sums).T
        return n_lost, taken


def confidence(probabilities: np.ndarray) -> np.ndarray:
    """How sure an answer is: the probability of the likeliest class."""
    return probabilities.max(axis=-1)


def candidates(n_classes: int) -> np.ndarray:
    """Thresholds to be tried, the strictest first; at the last one all is decided at once."""
    doubts = np.geomspace(_LEAST_DOUBT, 1 - 1 / n_classes, _N_THRESHOLDS)
    thresholds: np.ndarray = 1 - np.append(0.0, doubts)
    return thresholds


def chosen(thresholds: np.ndarray, n_lost: np.ndarray, n: int, risk: float, level: float) -> float:
    """Least of the thresholds down to which all keep the risk; infinity where none does."""
    keeps = bdtr(n_lost, n, risk) <= 1 - level
    n_kept = int(np.argmin(np.append(keeps, False)))
    return float(thresholds[n_kept - 1]) if n_kept else np.inf


def n_needed(risk: float, level: float) -> float:
    """Number of sequences that show a risk if none of them is lost."""
    if risk in (0, 1):
        return np.inf if risk == 0 else 1
    return float(np.ceil(np.log1p(-level) / np.log1p(-risk)))
