"""Standardised, centred and weighted features, block by block.

With weights s, means m and scales d, ridge regression acts on ``Z = sqrt(s) (X - m) / d`` of
shape (n, p) and on ``T = sqrt(s) (Y - mean(Y))``. Z is never held, only blocks of it. Products
with few vectors are made of X itself, and centred and scaled thereafter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike

from ._blocks import CACHED, slices
from ._threads import serial_blas

# Bytes of a block of all samples, of which few features lie together.
_WIDE_BYTES = 2**23

# What is added to the residual share of a feature's variance, which few samples make too small.
_FLOOR = 0.1
# Targets up to which it is told what they leave, which is of the order of their number's cube.
MOST_TARGETS = 1000
# Share of the largest at which an eigenvalue of correlations is none.
_DEPENDENT = 1e-10

Order = Literal["C", "F"]
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


def scaled_by(gain: np.ndarray | None, scale: np.ndarray) -> np.ndarray:
    """Scales of features that are then multiplied; infinite ones where that is by zero."""
    if gain is None:
        return scale
    return np.divide(scale, gain, out=np.full_like(scale, np.inf), where=gain > 0)


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
        self.root, self._inverse = np.sqrt(weight), 1 / frame.scale
        self.targets = self.root[:, None] * (Y - frame.target_mean)
        self.share = weight / frame.weight

    def part(self, samples: slice, features: slice, dtype: DTypeLike, order: Order) -> np.ndarray:
        """Compute a part of Z."""
        X, root = self.X[samples, features], self.root[samples, None]
        mean, inverse = self.frame.mean[features], self._inverse[features]
        is_scaled, is_weighted = (inverse != 1).any(), (root != 1).any()
        part = np.empty(X.shape, dtype, order)
        in_place = part.dtype == np.float64 and part.flags.c_contiguous

        def fill(rows: slice) -> None:
            seen = np.subtract(X[rows], mean, out=part[rows] if in_place else None)
            if is_scaled:
                seen *= inverse
            if is_weighted:
                seen *= root[rows]
            if not in_place:
                part[rows] = seen

        serial_blas.each(fill, ((rows,) for rows in slices(len(X), 8 * X.shape[1], CACHED)))
        return part

    def times(self, vectors: np.ndarray) -> np.ndarray:
        """``Z @ vectors``, of shape (n_samples, n_vectors), in float64."""
        scaled = self._inverse[:, None] * vectors
        shift = self.frame.mean @ scaled
        result = np.empty((len(self.X), vectors.shape[1]))

        def fill(rows: slice) -> None:
            result[rows] = self.root[rows, None] * (self._raw(rows) @ scaled - shift)

        serial_blas.each(fill, ((rows,) for rows in slices(len(self.X), 8 * self.X.shape[1])))
        return result

    def transposed_times(self, vectors: np.ndarray) -> np.ndarray:
        """``Z.T @ vectors``, of shape (n_features, n_vectors), in float64."""
        weighted = self.root[:, None] * vectors
        raw = summed(lambda rows: self._raw(rows).T @ weighted[rows], self.X)
        centred = raw - np.outer(self.frame.mean, weighted.sum(axis=0))
        return np.asarray(self._inverse[:, None] * centred)

    def gram_times(self, vectors: np.ndarray) -> np.ndarray:
        """``Z @ Z.T @ vectors``, of shape (n_samples, n_vectors), in float64, reading X once."""
        n_samples, n_features = self.X.shape
        weighted, mean, inverse = self.root[:, None] * vectors, self.frame.mean, self._inverse
        blocks = list(slices(n_features, 8 * n_samples, _WIDE_BYTES))
        terms: list[Any] = [0.0] * len(blocks)

        def fill(i: int, columns: slice) -> None:
            raw, shift = self.X[:, columns].astype(np.float64, copy=False), mean[columns]
            inner = raw.T @ weighted - np.outer(shift, weighted.sum(axis=0))
            inner *= inverse[columns, None] ** 2
            terms[i] = raw @ inner - shift @ inner

        serial_blas.each(fill, enumerate(blocks))
        return np.asarray(self.root[:, None] * sum(terms))

    def _raw(self, rows: slice) -> np.ndarray:
        return self.X[rows].astype(np.float64, copy=False)


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
    standardize : bool or "residual"
        Whether features are divided by their standard deviation, or by what targets leave of it.
    scale_weight : ndarray of shape (n_samples,) or None, default=None
        Weights of the samples in that deviation; None are those of the regression.
    gain : ndarray of shape (n_features,) or None, default=None
        What each feature is then multiplied by; None is 1.

    Attributes
    ----------
    is_wide : bool
        Whether there are at most as many samples as features.
    """

    def __init__(
        self,
        X: np.ndarray,
        Y: np.ndarray,
        weight: np.ndarray,
        *,
        centre: bool,
        standardize: Standardize,
        scale_weight: np.ndarray | None = None,
        gain: np.ndarray | None = None,
    ) -> None:
        self.options: dict[str, Any] = {
            "centre": centre,
            "standardize": standardize,
            "gain": gain,
        }
        n_features, total = X.shape[1], float(weight.sum())
        mean, scale, is_one_weight = None, np.ones(n_features), scale_weight is None
        if standardize:
            asked = Y if standardize == "residual" else Y[:, :0]
            moments = Moments.of(X, asked, weight if scale_weight is None else scale_weight)
            mean = moments.mean if is_one_weight else None
            scale = moments.scales(standardize)
        scale = scaled_by(gain, scale)
        if centre:
            mean = mean_of(X, weight) if mean is None else mean
            frame = Frame(mean, weight @ Y / total, scale, total)
        else:
            frame = Frame(np.zeros(n_features), np.zeros(Y.shape[1]), scale, np.inf)
        super().__init__(X, Y, weight, frame)
        self.is_wide = len(X) <= n_features

    def some(self, n_samples: int) -> WholeDesign:
        """Design of so many of the samples, evenly spread."""
        kept = np.linspace(0, len(self.X) - 1, min(n_samples, len(self.X)), dtype=int)
        return WholeDesign(self.X[kept], self.Y[kept], self.weight[kept], **self.options)
