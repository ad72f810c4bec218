"""The rows or columns of standardised, centred and weighted features, block by block.

With weights s, means m and scales d, ridge regression acts on ``Z = sqrt(s) (X - m) / d`` of
shape (n, p) and on ``T = sqrt(s) (Y - mean(Y))``. Its matrix is ``A^T A``, where A is Z where
there are more samples than features, and its transpose otherwise: the smaller of the Gram
matrices of features and of samples. Z is never held, only blocks of rows of A.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ._panels import product

# Bytes of a block: large enough for full speed of the products, small beside the features.
_BLOCK_BYTES = 2**25


def slices(length: int, row_bytes: int, block_bytes: int = _BLOCK_BYTES) -> Iterator[slice]:
    """Cut a length into blocks of rows of about equal memory."""
    n_rows = max(16, block_bytes // max(1, row_bytes))
    for start in range(0, length, n_rows):
        yield slice(start, min(start + n_rows, length))


def moments(
    X: np.ndarray, weight: np.ndarray, *, centre: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean, and sum of the weighted squared deviations from it, of each column.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features.
    weight : ndarray of shape (n_samples,)
        Weights.
    centre : bool, default=True
        Whether the deviations are from the mean, or else from zero.

    Returns
    -------
    mean : ndarray of shape (n_features,)
        Means; zeros where nothing is centred.
    squares : ndarray of shape (n_features,)
        Sums of squares.
    """
    blocks = list(slices(len(X), 8 * X.shape[1]))
    mean, squares = np.zeros(X.shape[1]), np.zeros(X.shape[1])
    for rows in blocks if centre else []:
        mean += weight[rows] @ X[rows].astype(np.float64, copy=False)
    mean /= weight.sum()
    for rows in blocks:
        deviation = np.subtract(X[rows], mean, dtype=np.float64)
        with np.errstate(over="ignore"):  # which is for the fit to name
            squares += weight[rows] @ np.square(deviation, out=deviation)
    return mean, squares


def scales(mean: np.ndarray, squares: np.ndarray, weight: float, n_samples: int) -> np.ndarray:
    """Standard deviations from the moments; 1 where a feature is constant but for rounding."""
    variance = squares / weight
    eps = np.finfo(np.float64).eps
    constant = variance <= n_samples * eps * variance + (n_samples * mean * eps) ** 2
    return np.where(constant, 1.0, np.sqrt(variance))


@dataclass(frozen=True)
class Frame:
    """What features and targets are measured from, and in what unit.

    Parameters
    ----------
    mean, target_mean : ndarray of shape (n_features,) and (n_targets,)
        m and the mean of Y, zeros where nothing is centred.
    scale : ndarray of shape (n_features,)
        d, ones where nothing is standardised.
    weight : float
        Sum of the weights of all samples; infinite where nothing is centred, so that no sample has
        a leverage on an intercept.
    """

    mean: np.ndarray
    target_mean: np.ndarray
    scale: np.ndarray
    weight: float


class Design:
    """Features as ridge regression sees them, without a copy.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features, float64 or float32.
    Y : ndarray of shape (n_samples, n_targets)
        Targets.
    weight : ndarray of shape (n_samples,)
        Weights of the samples.
    frame : Frame
        Means and scales.

    Attributes
    ----------
    targets : ndarray of shape (n_samples, n_targets)
        T.
    share : ndarray of shape (n_samples,)
        Leverage of each sample on the intercept, s / sum(s).
    """

    def __init__(self, X: np.ndarray, Y: np.ndarray, weight: np.ndarray, frame: Frame) -> None:
        self.X, self.Y, self.weight, self.frame = X, Y, weight, frame
        self.root = np.sqrt(weight)
        self.targets = self.root[:, None] * (Y - frame.target_mean)
        self.share = weight / frame.weight

    def sample_blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Rows of Z, each block F-ordered, of shape (n_rows, n_features), float64."""
        for rows in slices(len(self.X), 8 * self.X.shape[1]):
            yield rows, self._seen(rows, slice(None), "F")

    def _seen(self, samples: slice, features: slice, order: Literal["C", "F"]) -> np.ndarray:
        """Part of Z."""
        part = self.X[samples, features]
        seen = np.empty(part.shape, order=order)
        np.subtract(part, self.frame.mean[features], out=seen)
        if (self.frame.scale != 1).any():
            seen /= self.frame.scale[features]
        if (self.root != 1).any():
            seen *= self.root[samples, None]
        return seen


class WholeDesign(Design):
    """All samples of a regression, from which the frame is taken.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features, float64 or float32.
    Y : ndarray of shape (n_samples, n_targets)
        Targets.
    weight : ndarray of shape (n_samples,)
        Weights of the samples.
    centre : bool
        Whether means are subtracted, which is what an intercept does.
    standardize : bool
        Whether features are divided by their standard deviation.

    Attributes
    ----------
    is_wide : bool
        Whether there are at most as many samples as features.
    order : int
        The lesser of both numbers.
    trace : float
        Sum of the squares of Z.
    """

    def __init__(
        self,
        X: np.ndarray,
        Y: np.ndarray,
        weight: np.ndarray,
        *,
        centre: bool,
        standardize: bool,
    ) -> None:
        self.options = {"centre": centre, "standardize": standardize}
        mean, squares = moments(X, weight, centre=centre or standardize)
        n, total = len(X), weight.sum()
        scale = scales(mean, squares, total, n) if standardize else np.ones(X.shape[1])
        if not centre:
            squares, mean = squares + total * mean**2, 0 * mean
        target_mean = weight @ Y / total if centre else np.zeros(Y.shape[1])
        super().__init__(
            X, Y, weight, Frame(mean, target_mean, scale, total if centre else np.inf)
        )
        self.is_wide = n <= X.shape[1]
        self.order = min(X.shape)
        self.trace = float((squares / scale**2).sum())
        # Centred samples sum to zero; this eigenvalue, of which the targets have nothing, takes
        # the place of that zero, with which the inverse would be large and cancel.
        self.ballast = (self.trace / n or 1.0) if centre and self.is_wide else 0.0

    def part(self, n_samples: int) -> WholeDesign:
        """Design of so many of the samples, evenly spread."""
        kept = np.flatnonzero(self.weight)
        kept = kept[np.linspace(0, len(kept) - 1, min(n_samples, len(kept)), dtype=int)]
        return WholeDesign(self.X[kept], self.Y[kept], self.weight[kept], **self.options)

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Rows of A, each block F-ordered, of shape (n_rows, order), float64."""
        length = self.X.shape[1] if self.is_wide else len(self.X)
        for rows in slices(length, 8 * self.order):
            if self.is_wide:
                yield rows, self._seen(slice(None), rows, "C").T
            else:
                yield rows, self._seen(rows, slice(None), "F")

    def ballast_row(self) -> np.ndarray:
        """A last row of A that carries the ballast, shape (1, order)."""
        return np.asfortranarray(np.sqrt(self.ballast * self.share)[None, : self.order])

    def coefficients(self, solution: np.ndarray) -> np.ndarray:
        """Weights of the raw features, shape (n_targets, n_features)."""
        if self.is_wide:
            solution = np.concatenate([product(block, solution) for _, block in self.blocks()])
        return (solution / self.frame.scale[:, None]).T
