"""A uniform choice of samples that depends on what they are, and not on when they come.

Each sample gets a random-looking number, its code, from its bits, and those of the smallest codes
are retained: a bottom-k sketch [1]_. It is the same whatever the order and the size of the parts
and however they are merged, and copies of a sample, whose codes are equal, are one sample with
their weights summed. The code is a multilinear hash [2]_ of mixed bits.

References
----------
.. [1] Cohen, Kaplan. "Summarizing data using bottom-k sketches", PODC, 2007.
.. [2] Lemire, Kaser. "Strongly universal string hashing is fast", The Computer Journal 57(11),
   2014.
"""

from __future__ import annotations

import numpy as np

from ._blocks import CACHED, slices
from ._threads import serial_blas

# Samples retained. In five draws from each of 54 sets, 17 of them with more samples, as many chose
# the penalty of all every time; half as many did in 268 of the 270.
N_RETAINED = 1000
# Samples that judge what is chosen before the penalty.
N_JUDGES = 500
_HALF, _ODD = np.uint64(32), np.uint64(0xD6E8FEB86659FD93)


class Retained:
    """The samples of the smallest codes, in the order of these.

    Parameters
    ----------
    n_features : int
        Number of features, p.
    n_targets : int
        Number of targets, k.

    Attributes
    ----------
    code : ndarray of shape (n_retained,), uint64
        Codes, ascending.
    X : ndarray of shape (n_retained, p)
        Features.
    Y : ndarray of shape (n_retained, k)
        Targets.
    weight : ndarray of shape (n_retained,)
        Weights, summed over the copies of a sample.
    """

    def __init__(self, n_features: int, n_targets: int) -> None:
        self.code = np.zeros(0, np.uint64)
        # The lesser precision, for samples in it to stay in.
        self.X = np.zeros((0, n_features), np.float32)
        self.Y, self.weight = np.zeros((0, n_targets)), np.zeros(0)

    @property
    def is_all(self) -> bool:
        """Whether no sample can have been dropped."""
        return len(self.code) < N_RETAINED

    def add(self, X: np.ndarray, Y: np.ndarray, weight: np.ndarray) -> None:
        """Take in samples of positive weight, as :class:`RidgeSums` does."""
        self._take(codes(X, Y), X, Y, weight)

    def merge(self, other: Retained) -> None:
        """Take in what was retained of other samples."""
        self._take(other.code, other.X, other.Y, other.weight)

    def _take(self, code: np.ndarray, X: np.ndarray, Y: np.ndarray, weight: np.ndarray) -> None:
        if not self.is_all:
            chosen = np.flatnonzero(code <= self.code[-1])
            code, X, Y, weight = code[chosen], X[chosen], Y[chosen], weight[chosen]
        if not len(code):
            return
        joint = np.concatenate([self.code, code])
        joint, first, place = np.unique(joint, return_index=True, return_inverse=True)
        total: np.ndarray = np.bincount(place, np.concatenate([self.weight, weight]))
        kept = first[:N_RETAINED]
        self.code, self.weight = joint[:N_RETAINED], total[:N_RETAINED]
        self.X, self.Y = _picked(self.X, X, kept), _picked(self.Y, Y, kept)


def judges_of(X: np.ndarray, Y: np.ndarray) -> slice | np.ndarray:
    """Choose the samples of the smallest codes, which are the same for parts as for all."""
    if len(X) <= N_JUDGES:
        return slice(None)
    return np.argsort(codes(X, Y), kind="stable")[:N_JUDGES]


def codes(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Codes of samples.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features.
    Y : ndarray of shape (n_samples, n_targets)
        Targets.

    Returns
    -------
    ndarray of shape (n_samples,), uint64
        Numbers that look random and are equal only where the samples are.
    """
    # The raw output of this generator is fixed, on every machine and for good.
    factors = np.random.PCG64(0).random_raw(X.shape[1] + Y.shape[1]) | np.uint64(1)
    code = np.empty(len(X), np.uint64)

    def fill(rows: slice) -> None:
        parts = (X[rows], factors[: X.shape[1]]), (Y[rows], factors[X.shape[1] :])
        code[rows] = _mixed(_mixed(sum(np.vecdot(_mixed(_bits(Z)), f) for Z, f in parts)))

    with serial_blas:
        serial_blas.each(fill, ((rows,) for rows in slices(len(X), 8 * len(factors), CACHED)))
    return code


def _bits(values: np.ndarray) -> np.ndarray:
    """Bits of numbers in float64; adding zero makes the two zeros one."""
    return np.add(values, 0.0, dtype=np.float64).view(np.uint64)


def _mixed(bits: np.ndarray) -> np.ndarray:
    """Let every bit depend on all, in place: those of small integers are all but a few zero."""
    bits ^= bits >> _HALF
    bits *= _ODD
    bits ^= bits >> _HALF
    return bits


def _picked(mine: np.ndarray, theirs: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Rows, by their numbers, of two arrays one below the other."""
    made = np.empty((len(kept), mine.shape[1]), np.result_type(mine, theirs))

    def fill(rows: slice) -> None:
        numbers = kept[rows]
        is_mine = numbers < len(mine)
        made[rows][is_mine] = mine[numbers[is_mine]]
        made[rows][~is_mine] = theirs[numbers[~is_mine] - len(mine)]

    with serial_blas:
        serial_blas.each(fill, ((rows,) for rows in slices(len(kept), made[:1].nbytes, CACHED)))
    return made
