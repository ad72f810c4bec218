"""Ridge regression whose penalty is chosen by the leave-one-out error.

With the matrix ``G = A^T A + alpha I`` of :class:`Design`, the error of sample i by the model of
all other samples is [1]_::

    more samples than features:  e_i = (T - Z G^-1 Z^T T)_i / (1 - z_i^T G^-1 z_i - s_i / sum(s))
    otherwise:                   e_i = (G^-1 T)_i / ((G^-1)_ii - s_i / sum(s) / alpha)

where the terms of s, the weights, stand for the intercept. The penalty of the least mean square is
chosen, of equal ones the first. Each costs a Cholesky factor and a triangular solve.

Where that is long, two things save time. First, penalties are not all tried: from the one that a
part of the samples likes best the search goes downhill. That finds the best one if the error has
one valley over the penalties, which the part shows: where its errors have several, all are tried.
Second, all is done in float32 and the solution's digits are restored by conjugate gradients in
float64 that the factor preconditions [2]_. The errors keep a relative precision of about
``eps |A^T A| / alpha``; if that does not tell the best penalty from its rivals, float64 decides.

References
----------
.. [1] Rifkin, Lippert. "Notes on regularized least squares", MIT-CSAIL-TR-2007-025, 2007.
.. [2] Golub, Van Loan. "Matrix computations", 4th edition, Johns Hopkins, 2013, section 11.5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ._panels import Factor, NotDefiniteError, Panels, product, row_products, squared_norms
from ._ridge_design import Design, WholeDesign, slices

# Negative mean squared errors, by the number of the penalty.
Scores = dict[int, float]

# Multiplications above which not all penalties are tried, and float32 is.
LARGE = 1e10
# Bytes of a block of samples that outputs are computed for.
_CACHED = 2**20
# Samples of which the part consists that says where the search begins.
_N_SCOUTS = 500
# Residual, relative to the right side, at which conjugate gradients end, and most steps.
_TOLERANCE, _MAX_STEPS = 1e-12, 60


@dataclass(frozen=True)
class RidgeFit:
    """A ridge regression.

    Parameters
    ----------
    alpha : float
        The penalty.
    score : float
        Negative mean squared error by which it was chosen.
    coef : ndarray of shape (n_targets, n_features)
        Weights of the features as given.
    intercept : ndarray of shape (n_targets,)
        Constants.
    limits : tuple of two ndarrays of shape (n_features,), default=None
        Lowest and highest value that each feature is taken to have; None for any.
    """

    alpha: float
    score: float
    coef: np.ndarray
    intercept: np.ndarray
    limits: tuple[np.ndarray, np.ndarray] | None = None

    def outputs(self, X: np.ndarray) -> np.ndarray:
        """Outputs of shape (n_samples, n_targets), the same bits for a sample in any company."""
        kind = np.result_type(X, self.coef, *(self.limits or ()))
        outputs = np.empty((len(X), len(self.coef)), kind)
        for rows in slices(len(X), X.itemsize * X.shape[1], _CACHED):
            block = np.ascontiguousarray(X[rows])
            if self.limits:
                block = np.clip(block, *self.limits)
            outputs[rows] = self.intercept + row_products(block, self.coef)
        return outputs


class _UnsureError(ArithmeticError):
    """The digits do not suffice to choose."""


class _Trial:
    """Errors and solutions by penalty, in one precision.

    Parameters
    ----------
    design : WholeDesign
        Features and targets.
    dtype : type
        float64 or float32.
    """

    def __init__(self, design: WholeDesign, dtype: type) -> None:
        self.design, self.dtype = design, dtype
        self.gram = Panels(design.order, dtype)
        # What the matrix is solved for, shape (order, n_targets).
        self.right = design.targets if design.is_wide else np.zeros((1, 1))
        for rows, block in design.blocks():
            self.gram.add_gram(block.astype(dtype, copy=False))
            if not design.is_wide:
                self.right = self.right + product(block, design.targets[rows], transposed=True)
        if design.ballast:
            self.gram.add_gram(design.ballast_row().astype(dtype, copy=False))
        self._solutions: dict[float, np.ndarray] = {}
        self.rounding = float(np.finfo(dtype).eps) * design.trace

    def factor(self, alpha: float) -> tuple[float, Factor]:
        """Penalty and factor; in float64, a penalty below the rounding of the sums is raised."""
        while True:
            try:
                return alpha, self.gram.cholesky(alpha)
            except NotDefiniteError:
                if self.dtype != np.float64:
                    raise _UnsureError from None
                alpha = max(2 * alpha, self.rounding)

    def score(self, alpha: float) -> float:
        """Negative mean squared error of leaving one out."""
        shift, factor = self.factor(alpha)
        self._solutions[alpha] = solution = factor.solve(self.right)
        if self.design.is_wide:
            errors = self._wide(shift, factor, solution)
        else:
            errors = left_out(*leverages(self.design, factor, solution))
        return -float(np.mean(errors**2))

    def _wide(self, alpha: float, factor: Factor, solution: np.ndarray) -> np.ndarray:
        """Errors from the Gram matrix of samples."""
        ballast = self.design.share / (self.design.ballast + alpha)
        return left_out(solution, factor.inverse_diagonal() - ballast)

    def solution(self, alpha: float) -> np.ndarray:
        """Solution for a penalty that was scored, in float64."""
        if self.dtype == np.float64:
            return self._solutions[alpha]
        shift, factor = self.factor(alpha)
        return _conjugate_gradients(self._matrix(shift), factor, self.right)

    def _matrix(self, alpha: float) -> Callable[[np.ndarray], np.ndarray]:
        """Make the function that multiplies by the matrix, in float64."""
        ballast = self.design.ballast_row()

        def multiply(vectors: np.ndarray) -> np.ndarray:
            result = alpha * vectors
            if self.design.ballast:
                result += ballast.T @ (ballast @ vectors)
            for _, block in self.design.blocks():
                result += product(block, product(block, vectors), transposed=True)
            return result

        return multiply


def leverages(
    design: Design, factor: Factor, solution: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Residuals, and 1 less the leverage, of samples, from the Gram matrix of features.

    Parameters
    ----------
    design : Design
        The samples.
    factor : Factor
        Factor of G.
    solution : ndarray of shape (n_features, n_targets)
        Weights of the features of Z.

    Returns
    -------
    residual : ndarray of shape (n_samples, n_targets)
        T - Z w.
    left : ndarray of shape (n_samples,)
        By what the residual is divided to have the error of leaving the sample out.
    """
    residual, left = design.targets.copy(), 1 - design.share
    for rows, block in design.sample_blocks():
        residual[rows] -= product(block, solution)
        whitened: np.ndarray = block.astype(factor.dtype, copy=False)
        factor.whiten(whitened)
        left[rows] -= squared_norms(whitened)
    return residual, left


def left_out(residual: np.ndarray, left: np.ndarray) -> np.ndarray:
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
    goal = _TOLERANCE * np.linalg.norm(right)
    for _ in range(_MAX_STEPS):
        if np.linalg.norm(residual) <= goal:
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
    raise _UnsureError


def fit_ridge(design: WholeDesign, alphas: np.ndarray) -> RidgeFit:
    """Fit with the penalty of the least leave-one-out error.

    Parameters
    ----------
    design : WholeDesign
        Features and targets.
    alphas : ndarray of shape (n_alphas,)
        Penalties, all positive.

    Returns
    -------
    RidgeFit
        The model.
    """
    require_finite(design.trace)
    guess = None
    if design.X.size * design.order > LARGE:
        guess = scouted(design, alphas)
        try:
            return _searched(_Trial(design, np.float32), alphas, guess)
        except _UnsureError:
            pass
    return _searched(_Trial(design, np.float64), alphas, guess)


def _searched(trial: _Trial, alphas: np.ndarray, guess: Scores | None) -> RidgeFit:
    scores = search(lambda i: trial.score(alphas[i]), alphas, guess)
    best = best_of(scores)
    if trial.dtype != np.float64:
        _require_clear(scores, best, alphas, trial.rounding)
    frame = trial.design.frame
    coef = trial.design.coefficients(trial.solution(alphas[best]))
    intercept = frame.target_mean - coef @ frame.mean
    return RidgeFit(float(alphas[best]), scores[best], coef, intercept)


def require_finite(trace: float) -> None:
    """Raise an error if the sum of the squares of the features is infinite."""
    if not np.isfinite(trace):
        raise ValueError("X holds numbers whose squares are too large for float64.")


def best_of(scores: Scores) -> int:
    """Number of the first of the best penalties."""
    return max(sorted(scores), key=lambda i: np.nan_to_num(scores[i], nan=-np.inf))


def search(
    score: Callable[[int], float], alphas: np.ndarray, guess: Scores | None = None
) -> Scores:
    """Score the penalties that it takes to find the best.

    Parameters
    ----------
    score : callable
        Score of a penalty by its number.
    alphas : ndarray of shape (n_alphas,)
        Penalties.
    guess : dict of int to float, default=None
        Scores to be expected. The search goes uphill from the best of them, and tries that
        neighbour first of which more is expected. If None, all are tried.

    Returns
    -------
    dict of int to float
        Scores by number.
    """
    if guess is None:
        return {i: score(i) for i in range(len(alphas))}
    order = np.argsort(alphas, kind="stable").tolist()
    first = best_of(guess)
    scores = {first: score(first)}
    while True:
        place = order.index(best_of(scores))
        beside = order[max(place - 1, 0) : place + 2]
        untried = {i: guess[i] for i in beside if i not in scores}
        if not untried:
            return scores
        following = best_of(untried)
        scores[following] = score(following)


def scouted(design: WholeDesign, alphas: np.ndarray) -> Scores | None:
    """Scores by a part of the samples; None if they have more than one peak."""
    trial = _Trial(design.part(_N_SCOUTS), np.float64)
    scores = search(lambda i: trial.score(alphas[i]), alphas)
    falls = np.diff([scores[i] for i in np.argsort(alphas, kind="stable")]) < 0
    # Once the score falls it must not rise again.
    return scores if (np.diff(falls.astype(int)) >= 0).all() else None


def _require_clear(scores: Scores, best: int, alphas: np.ndarray, rounding: float) -> None:
    """Raise an error if a rival's score is as good within the precision."""
    for i, score in scores.items():
        doubt = rounding / alphas[i] + rounding / alphas[best]
        if i != best and not abs(score) * (1 - doubt) > abs(scores[best]):
            raise _UnsureError
