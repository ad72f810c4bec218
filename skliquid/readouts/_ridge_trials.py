"""What a penalty costs and gives: leave-one-out errors and solutions, in one precision.

The matrix is ``G = A^T A + alpha I``, where A is Z of :class:`Design` where there are more samples
than features, and its transpose otherwise: the smaller of the Gram matrices of features and of
samples. Each penalty costs a Cholesky factor and a triangular solve. What float32 finds is refined
by conjugate gradients in float64 that the factor preconditions [1]_.

References
----------
.. [1] Golub, Van Loan. "Matrix computations", 4th edition, Johns Hopkins, 2013, section 11.5.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import numpy as np
from numpy.typing import DTypeLike

from ._blocks import slices
from ._panels import Factor, NotDefiniteError, Panels, squared_norms
from ._ridge_design import Design
from ._ridge_moments import require_finite
from ._ridge_probabilities import LeftOut, enough_of
from ._threads import serial_blas

# By how much of it an error must be less to count as less, whatever the order of the samples.
CLEARLY = 1e-9
# Residual, relative to the right side, at which conjugate gradients end, and most steps.
_TOLERANCE, _MAX_STEPS = 1e-12, 60
# Rows of a matrix for each target, from which solutions are sooner refined than it is factored.
_ROWS_A_TARGET = 50
# Bytes of a block of samples that one thread handles.
_SHARE = 2**23
# Samples by which the slope of the errors is told.
_N_SLOPE = 256


# Penalty, factor, solution, and numerators and denominators of the errors.
_Scored = tuple[float, Factor, np.ndarray, np.ndarray, np.ndarray]


class UnsureError(ArithmeticError):
    """The digits do not suffice to choose."""


class Decomposable(Protocol):
    """A symmetric matrix, of which there are factors."""

    @property
    def dtype(self) -> np.dtype:
        """float64 or float32."""

    def cholesky(self, alpha: float) -> Factor:
        """As :meth:`Panels.cholesky`."""


class Trial:
    """Errors and solutions by penalty.

    Parameters
    ----------
    design : Design
        The samples that are left out.
    gram : Decomposable
        A^T A.
    right : ndarray of shape (order, n_targets)
        What the matrix is solved for.
    trace : float
        Trace of A^T A.

    Attributes
    ----------
    rounding : float
        Rounding error of the matrix.
    solutions : dict of float to ndarray of shape (order, n_targets)
        What was found for the penalties that were scored.
    """

    def __init__(
        self, design: Design, gram: Decomposable, right: np.ndarray, trace: float
    ) -> None:
        self.design, self.gram, self.right = design, gram, right
        self.rounding = float(np.finfo(gram.dtype).eps) * trace
        self.solutions: dict[float, np.ndarray] = {}
        self._enough, self._errors = enough_of(len(design.X)), dict[float, np.ndarray]()
        self._latest: _Scored | None = None
        # In float32 the best score, its penalty, and its solution in float64 if there is one.
        self._best: tuple[float, float, np.ndarray | None] = -np.inf, np.nan, None
        self._is_cheap = len(right) > _ROWS_A_TARGET * right.shape[1]

    @property
    def is_exact(self) -> bool:
        """Whether all is in float64."""
        return bool(self.gram.dtype == np.float64)

    def score(self, alpha: float) -> float:
        """Negative mean squared error of leaving one sample out."""
        with self._quiet():
            return self._scored(alpha)

    def slope(self) -> float:
        """Slope of the error's logarithm by that of the penalty which was scored last.

        What denominators of the errors add is estimated from some of the samples, in proportion to
        what their derivatives are expected to be. Not a number where all errors are zero.
        """
        if self._latest is None:
            raise ValueError("no penalty was scored")
        alpha, factor, solution, residual, left = self._latest
        some = slice(None, None, -(-len(left) // _N_SLOPE))
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            falling = factor.solve(solution)
            change = self.residual_change(falling)
            errors = residual / left[:, None]
            share = (errors**2).sum(axis=1) / left
            expected = share * self.expected_change(left)
            found = (share[some] * self.left_change(alpha, factor, some)).sum()
            of_left = found * (expected.sum() / expected[some].sum())
            growth = 2 * ((errors * change / left[:, None]).sum() - of_left) / (errors**2).sum()
            beyond = self.growth_beyond(alpha, solution, falling, _growth(residual, change))
            return float(alpha * (growth + beyond))

    def _scored(self, alpha: float) -> float:
        shift, factor = self._factor(alpha)
        self.solutions[alpha] = solution = factor.solve(self.right)
        if not self.is_exact and (solution.any(axis=0) < self.right.any(axis=0)).any():
            raise UnsureError  # targets that are zero in the lesser precision
        residual, left = self.residuals(shift, factor, solution)
        self._latest = shift, factor, solution, residual, left
        errors = _left_out(residual, left)
        score = self.judged(alpha, residual, errors)
        self._errors[alpha] = errors[self._enough]
        if not self.is_exact and self._is_cheap and score > self._best[0]:
            # At once, as the factor is large and would have to be kept beside the next one.
            self._best = score, alpha, self._refined_if_sure(shift, factor)
        return score

    def judged(self, alpha: float, residual: np.ndarray, errors: np.ndarray) -> float:
        """Score by the errors."""
        return -float(np.mean(errors**2))

    def left_out(self, alpha: float) -> LeftOut:
        """What samples get when they are left out, for a penalty that was scored."""
        design, rows = self.design, self._enough
        targets, errors = design.Y[rows], self._errors[alpha] / design.root[rows, None]
        return LeftOut(targets - errors, targets, design.weight[rows])

    def weights(self, alpha: float) -> np.ndarray:
        """Weights of the features of Z for a penalty that was scored, in float64."""
        if self.is_exact:
            return self.of_features(self.solutions[alpha])
        _, known, solution = self._best
        if known != alpha:
            with self._quiet():
                solution = self._refined_if_sure(*self._factor(alpha))
        if solution is None:
            raise UnsureError
        return self.of_features(solution)

    def residuals(
        self, alpha: float, factor: Factor, solution: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Numerator and denominator of the errors."""
        raise NotImplementedError

    def residual_change(self, falling: np.ndarray) -> np.ndarray:
        """Derivative of the numerators by the penalty, given minus that of the solution."""
        raise NotImplementedError

    def left_change(self, alpha: float, factor: Factor, rows: slice) -> np.ndarray:
        """Derivative of some denominators by the penalty."""
        raise NotImplementedError

    def expected_change(self, left: np.ndarray) -> np.ndarray:
        """What these are about proportional to."""
        raise NotImplementedError

    def growth_beyond(
        self, alpha: float, solution: np.ndarray, falling: np.ndarray, growth: float
    ) -> float:
        """Add what samples that are not here have to the derivative of a logarithm."""
        return 0.0

    def times(self, vectors: np.ndarray) -> np.ndarray:
        """Multiply by A^T A, in float64."""
        raise NotImplementedError

    def of_features(self, solution: np.ndarray) -> np.ndarray:
        """Weights of the features of Z."""
        raise NotImplementedError

    def _refined_if_sure(self, alpha: float, factor: Factor) -> np.ndarray | None:
        """Solution in float64; None if it is not found, which only matters of the best penalty."""
        try:
            return _conjugate_gradients(
                lambda vectors: self.times(vectors) + alpha * vectors, factor, self.right
            )
        except UnsureError:
            return None

    def _quiet(self) -> AbstractContextManager[object]:
        """Let what is too large for the lesser precision pass: its score is never clear."""
        return nullcontext() if self.is_exact else np.errstate(over="ignore", invalid="ignore")

    def _factor(self, alpha: float) -> tuple[float, Factor]:
        """Penalty and factor; in float64, a penalty below the rounding of the sums is raised."""
        self._latest = None  # whose memory the next one takes
        while True:
            try:
                return alpha, self.gram.cholesky(alpha)
            except NotDefiniteError:
                if not self.is_exact:
                    raise UnsureError from None
                alpha = max(2 * alpha, self.rounding)


class SampleTrial(Trial):
    """Trial by the Gram matrix of samples.

    Parameters
    ----------
    design : Design
        The samples.
    dtype : dtype
        float64 or float32.
    gram : Panels or None, default=None
        Gram matrix of the samples, which is changed; None is that of their features.
    """

    def __init__(self, design: Design, dtype: DTypeLike, gram: Panels | None = None) -> None:
        gram = sample_gram(design, dtype) if gram is None else gram
        n_samples, trace = gram.order, trace_of(gram.diagonal())
        # Centred samples sum to zero; this eigenvalue, of which the targets have nothing, takes
        # the place of that zero, with which the inverse would be large and cancel.
        is_centred = bool(design.share.any())
        self._ballast = (trace / n_samples or 1.0) if is_centred else 0.0
        self._ballast_row = np.sqrt(self._ballast * design.share)[None]
        if is_centred:
            gram.add_gram(np.asfortranarray(self._ballast_row, dtype))
        super().__init__(design, gram, design.targets, trace)

    def residuals(
        self, alpha: float, factor: Factor, solution: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """``e_i = (G^-1 T)_i / ((G^-1)_ii - s_i / sum(s) / alpha)``."""
        return solution, factor.inverse_diagonal() - self.design.share / (self._ballast + alpha)

    def residual_change(self, falling: np.ndarray) -> np.ndarray:
        """As of :class:`Trial`."""
        return -falling

    def left_change(self, alpha: float, factor: Factor, rows: slice) -> np.ndarray:
        """Minus the diagonal of ``G^-2``, and the derivative of the intercept's term."""
        share, numbers = self.design.share[rows], np.arange(len(self.design.X))[rows]
        units = np.zeros((len(self.design.X), len(numbers)), factor.dtype)
        units[numbers, np.arange(len(numbers))] = 1
        return share / (self._ballast + alpha) ** 2 - squared_norms(factor.solve(units).T)

    def expected_change(self, left: np.ndarray) -> np.ndarray:
        """As of :class:`Trial`."""
        return left**2

    def times(self, vectors: np.ndarray) -> np.ndarray:
        """Multiply by A^T A, in float64."""
        ballast = self._ballast_row.T @ (self._ballast_row @ vectors)
        return self.design.gram_times(vectors) + ballast

    def of_features(self, solution: np.ndarray) -> np.ndarray:
        """Weights of the features of Z."""
        return self.design.transposed_times(solution)


class FeatureTrial(Trial):
    """Trial by the Gram matrix of features."""

    @classmethod
    def of(cls, design: Design, dtype: DTypeLike) -> FeatureTrial:
        """Make the trial of samples of which there are more than features."""
        n_samples, n_features = design.X.shape
        gram = Panels(n_features, dtype)
        gram.add_grams(lambda rows: design.part(rows, slice(None), dtype, "F"), n_samples)
        right = design.transposed_times(design.targets)
        return cls(design, gram, right, trace_of(gram.diagonal()))

    def residuals(
        self, alpha: float, factor: Factor, solution: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """``e_i = (T - Z G^-1 Z^T T)_i / (1 - z_i^T G^-1 z_i - s_i / sum(s))``."""
        design = self.design
        residual, left = design.targets - design.times(solution), 1 - design.share

        def subtract(rows: slice) -> None:
            whitened = design.part(rows, slice(None), factor.dtype, "F")
            factor.whiten(whitened)
            left[rows] -= squared_norms(whitened)

        n_samples, n_features = design.X.shape
        blocks = slices(n_samples, factor.dtype.itemsize * n_features, _SHARE)
        serial_blas.each(subtract, ((rows,) for rows in blocks))
        return residual, left

    def residual_change(self, falling: np.ndarray) -> np.ndarray:
        """As of :class:`Trial`."""
        return self.design.times(falling)

    def left_change(self, alpha: float, factor: Factor, rows: slice) -> np.ndarray:
        """``z_i^T G^-2 z_i``."""
        samples = self.design.part(rows, slice(None), factor.dtype, "F")
        return squared_norms(factor.solve(samples.T).T)

    def expected_change(self, left: np.ndarray) -> np.ndarray:
        """As of :class:`Trial`."""
        return 1 - left

    def times(self, vectors: np.ndarray) -> np.ndarray:
        """Multiply by A^T A, in float64."""
        return self.design.transposed_times(self.design.times(vectors))

    def of_features(self, solution: np.ndarray) -> np.ndarray:
        """Weights of the features of Z."""
        return solution


def sample_gram(design: Design, dtype: DTypeLike) -> Panels:
    """Gram matrix of the samples, ``Z @ Z.T``."""
    n_samples, n_features = design.X.shape
    gram = Panels(n_samples, dtype)
    gram.add_grams(lambda columns: design.part(slice(None), columns, dtype, "C").T, n_features)
    return gram


def trace_of(diagonal: np.ndarray) -> float:
    """Trace of a matrix, which must be finite."""
    trace = float(diagonal.sum(dtype=np.float64))
    if diagonal.dtype != np.float64 and not np.isfinite(trace):
        raise UnsureError
    require_finite(trace)
    return trace


def _growth(values: np.ndarray, change: np.ndarray) -> float:
    """Change of the logarithm of the values' mean square, given theirs."""
    return float(2 * (values * change).sum() / (values**2).sum())


def _left_out(residual: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Divide; a sample that has all the weight, so that nothing else is left, has no error."""
    left = left[:, None]
    return np.divide(residual, left, out=np.zeros_like(residual), where=left != 0)


def _conjugate_gradients(
    multiply: Callable[[np.ndarray], np.ndarray], factor: Factor, right: np.ndarray
) -> np.ndarray:
    """Solve to float64's precision with a factor of less, each column by itself."""
    solution = factor.solve(right).astype(np.float64)
    residual = right - multiply(solution)
    ahead = factor.solve(residual).astype(np.float64)
    direction, slope = ahead, (residual * ahead).sum(axis=0)
    goal = _TOLERANCE * np.linalg.norm(right, axis=0)
    for _ in range(_MAX_STEPS):
        if (np.linalg.norm(residual, axis=0) <= goal).all():
            return solution
        image = multiply(direction)
        curvature = (direction * image).sum(axis=0)
        step = np.divide(slope, curvature, out=np.zeros_like(slope), where=curvature > 0)
        solution = solution + step * direction
        residual = residual - step * image
        ahead = factor.solve(residual).astype(np.float64)
        before, slope = slope, (residual * ahead).sum(axis=0)
        ratio = np.divide(slope, before, out=np.zeros_like(slope), where=before > 0)
        direction = ahead + ratio * direction
    raise UnsureError
