"""Standardised, centred and weighted features, block by block.

With weights s, means m and scales d, ridge regression acts on ``Z = sqrt(s) (X - m) / d`` of
shape (n, p) and on ``T = sqrt(s) (Y - mean(Y))``. Z is never held, only blocks of it. Products
with few vectors are made of X itself, and centred and scaled thereafter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike

from ._blocks import CACHED, slices
from ._ridge_moments import Moments, Standardize, mean_of, summed
from ._threads import serial_blas

# Bytes of a block of all samples, of which few features lie together.
_WIDE_BYTES = 2**23

Order = Literal["C", "F"]


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

    def part(
        self,
        samples: slice,
        features: slice,
        dtype: DTypeLike,
        order: Order,
        below: np.ndarray | None = None,
    ) -> np.ndarray:
        """Compute a part of Z, and put other rows below it if they are given."""
        X, root = self.X[samples, features], self.root[samples, None]
        mean, inverse = self.frame.mean[features], self._inverse[features]
        is_scaled, is_weighted = (inverse != 1).any(), (root != 1).any()
        part = np.empty((len(X) + (0 if below is None else len(below)), X.shape[1]), dtype, order)
        if below is not None:
            part[len(X) :] = below
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
