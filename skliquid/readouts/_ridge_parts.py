"""The parts that a ridge readout was given: the samples themselves, or sums over them."""

from __future__ import annotations

from copy import copy

import numpy as np

from ._ridge_retained import N_RETAINED
from ._ridge_sums import RidgeSums

# As many rows as features by this number take a quarter of the memory of their sums.
_FEWEST = 8

# Features, targets, weights, and weights in the standard deviations of the features.
Samples = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


class Parts:
    """Samples while they take no more memory than sums would, and sums from then on.

    Parameters
    ----------
    n_features : int
        Number of features, p.
    n_targets : int
        Number of targets.

    Attributes
    ----------
    n_seen : int
        Number of samples.
    rows : list of tuple
        Samples of the parts so far; empty where there are sums.
    sums : RidgeSums or None
        Their sums.
    """

    def __init__(self, n_features: int, n_targets: int) -> None:
        self.n_features, self.n_targets = n_features, n_targets
        self.n_seen = 0
        self.rows: list[Samples] = []
        self.sums: RidgeSums | None = None
        # Half a Gram matrix of the features, and what is retained beside it.
        self._n_most = min(n_features, n_features // 2 + N_RETAINED)

    def add(
        self, X: np.ndarray, Y: np.ndarray, weight: np.ndarray, scale_weight: np.ndarray
    ) -> None:
        """Add samples, of which those without weight count for nothing."""
        self.n_seen += len(X)
        kept = weight > 0
        n_rows = sum(len(part[0]) for part in self.rows) + int(kept.sum())
        if self.sums is None and n_rows <= self._n_most:
            self.rows.append((X[kept], Y[kept], weight[kept], scale_weight[kept]))
        else:
            self._summed().add(X, Y, weight, scale_weight)

    def merge(self, other: Parts) -> None:
        """Add the samples that were added to another."""
        if other.sums is not None:
            self._summed().merge(other.sums)
            self.n_seen += other.n_seen
            return
        for part in other.rows:
            self.add(*part)
        self.n_seen += other.n_seen - sum(len(part[0]) for part in other.rows)

    def apart(self) -> Parts:
        """Return the same parts, to which others can be added without changing these."""
        own = copy(self)
        own.rows = list(self.rows)
        own.sums = None if self.sums is None else self.sums.apart()
        return own

    def sum_up(self, n_samples: int) -> None:
        """Sum at once what has to be summed where there will be so many samples in all.

        A few rows take less memory than their sums, and are left as they are.
        """
        n_rows = sum(len(part[0]) for part in self.rows)
        if n_samples > self._n_most and _FEWEST * n_rows >= self.n_features:
            self._summed()

    def samples(self) -> Samples:
        """All samples, where there are no sums."""
        X, Y, weight, scale_weight = (
            np.concatenate(each) for each in zip(*self.rows, strict=True)
        )
        return X, Y, weight, scale_weight

    def _summed(self) -> RidgeSums:
        """Sums, of the rows so far if there were none."""
        if self.sums is None:
            self.sums = RidgeSums(self.n_features, self.n_targets)
            # Each is let go as soon as it is summed, where nobody else holds it.
            while self.rows:
                self.sums.add(*self.rows.pop(0))
        return self.sums
