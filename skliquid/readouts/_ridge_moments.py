"""Means, squares and products of features and targets, joined part by part, and scales of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ._blocks import CACHED, slices
from ._threads import serial_blas

# What is added to the residual share of a feature's variance, which few samples make too small.
_FLOOR = 0.1
# Targets up to which it is told what they leave, which is of the order of their number's cube.
MOST_TARGETS = 1000
# Share of the largest at which an eigenvalue of correlations is none.
_DEPENDENT = 1e-10

# Whether features are divided by their standard deviations, or by what targets leave of them.
Standardize = bool | Literal["residual"]


def summed(
    term: Callable[[slice], np.ndarray], X: np.ndarray, block_bytes: int | None = None
) -> np.ndarray:
    """Sum of a term over blocks of samples, which threads share out, in the blocks' order."""
    blocks = list(slices(len(X), 8 * X.shape[1], block_bytes))
    terms: list[Any] = [0.0] * len(blocks)

    def fill(i: int, rows: slice) -> None:
        terms[i] = term(rows)

    serial_blas.each(fill, enumerate(blocks))
    return np.asarray(sum(terms))


def mean_of(X: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weighted mean of each column."""
    total = summed(lambda rows: weight[rows] @ X[rows].astype(np.float64, copy=False), X)
    return np.asarray(total / weight.sum())


def squares_of(X: np.ndarray, weight: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Sum of the weighted squared deviations from the mean of each column."""

    def term(rows: slice) -> np.ndarray:
        deviation = np.subtract(X[rows], mean, dtype=np.float64)
        with np.errstate(over="ignore"):  # which is for the fit to name
            return np.asarray(weight[rows] @ np.square(deviation, out=deviation))

    return summed(term, X, CACHED)


def require_finite(squares: float) -> None:
    """Raise an error if a sum of the squares of the features is infinite."""
    if not np.isfinite(squares):
        raise ValueError("X holds numbers whose squares are too large for float64.")


@dataclass
class Moments:
    """Weighted mean and squared deviations of each feature, which are joined part by part.

    Parameters
    ----------
    mean, squares : ndarray of shape (n_features,)
        Means, and sums of the weighted squared deviations from them.
    target_mean : ndarray of shape (n_targets,)
        Means of the targets.
    cross : ndarray of shape (n_features, n_targets)
        Sums of the weighted products of the features' and the targets' deviations.
    target_gram : ndarray of shape (n_targets, n_targets)
        The same of the targets among themselves.
    weight : float, default=0.0
        Sum of the weights.
    n_samples : int, default=0
        Number of samples.
    """

    mean: np.ndarray
    squares: np.ndarray
    target_mean: np.ndarray
    cross: np.ndarray
    target_gram: np.ndarray
    weight: float = 0.0
    n_samples: int = 0

    @classmethod
    def none(cls, n_features: int, n_targets: int) -> Moments:
        """Moments of no samples."""
        p, k = n_features, n_targets
        return cls(np.zeros(p), np.zeros(p), np.zeros(k), np.zeros((p, k)), np.zeros((k, k)))

    @classmethod
    @np.errstate(over="ignore", invalid="ignore")  # which is for the fit to name
    def of(cls, X: np.ndarray, Y: np.ndarray, weight: np.ndarray) -> Moments:
        """Moments of samples."""
        mean, total = mean_of(X, weight), float(weight.sum())
        target_mean = weight @ Y / total
        apart = Y - target_mean
        weighted = weight[:, None] * apart
        raw = summed(lambda rows: X[rows].astype(np.float64, copy=False).T @ weighted[rows], X)
        cross = raw - np.outer(mean, weighted.sum(axis=0))
        squares = squares_of(X, weight, mean)
        return cls(mean, squares, target_mean, cross, weighted.T @ apart, total, len(X))

    def join(self, other: Moments) -> None:
        """Take in those of other samples."""
        if not other.n_samples:
            return
        total = self.weight + other.weight
        apart, targets_apart = other.mean - self.mean, other.target_mean - self.target_mean
        joint = self.weight * other.weight / total
        self.squares += other.squares + joint * apart**2
        self.cross += other.cross + joint * np.outer(apart, targets_apart)
        self.target_gram += other.target_gram + joint * np.outer(targets_apart, targets_apart)
        self.mean += other.weight / total * apart
        self.target_mean += other.weight / total * targets_apart
        self.weight, self.n_samples = total, self.n_samples + other.n_samples

    def scales(self, standardize: Standardize) -> np.ndarray:
        """Scales of the features; 1 where one is constant but for rounding."""
        if not standardize:
            return np.ones(len(self.mean))
        require_finite(self.squares.sum())
        scale = np.sqrt(self.squares / self.weight)
        if standardize == "residual":
            scale *= self.residual()
        return np.where(self._is_constant(self.squares, self.mean), 1.0, scale)

    def residual(self) -> np.ndarray:
        """Share of each feature's variance that its regression on the targets leaves, and 0.1.

        It is 1 where a feature is constant but for rounding.
        """
        target_squares = np.diagonal(self.target_gram)
        told = ~self._is_constant(target_squares, self.target_mean)
        is_constant = self._is_constant(self.squares, self.mean)
        scale = np.where(is_constant, 1.0, np.sqrt(self.squares))
        target_scale = np.sqrt(target_squares[told])
        r = self.cross[:, told] / scale[:, None] / target_scale
        # The targets of all classes add up to a constant, so that one of them tells nothing new.
        gram = self.target_gram[np.ix_(told, told)] / np.outer(target_scale, target_scale)
        inverse = np.linalg.pinv(gram, rcond=_DEPENDENT, hermitian=True)
        share = 1.0 - np.clip(((r @ inverse) * r).sum(axis=1), 0.0, 1.0)
        return np.where(is_constant, 1.0, share + _FLOOR)

    def _is_constant(self, squares: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """Tell which features or targets are constant but for rounding."""
        variance, n, eps = squares / self.weight, self.n_samples, np.finfo(np.float64).eps
        return np.asarray(variance <= n * eps * variance + (n * mean * eps) ** 2)
