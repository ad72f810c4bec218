"""Ridge regression whose penalty is chosen by the leave-one-out error.

The error of sample i by the model of all other samples follows from the matrix ``G`` of
:class:`Trial` [1]_::

    more samples than features:  e_i = (T - Z G^-1 Z^T T)_i / (1 - z_i^T G^-1 z_i - s_i / sum(s))
    otherwise:                   e_i = (G^-1 T)_i / ((G^-1)_ii - s_i / sum(s) / alpha)

where the terms of s, the weights, stand for the intercept. The penalty of the least mean square is
chosen, of equal ones the first.

Where that is long, two things save time. First, penalties are not all tried. A part of the samples
has its errors for all of them, and from the largest penalty that suits it well, as more samples
mostly like larger ones, the search goes downhill, on the side that the slope there tells if it is
steep. That finds the best one if the error has one valley over the penalties, which the part
shows: where it has several, all are tried.
Second, all is done in float32, and the solution's digits are restored. The errors keep a relative
precision of about ``eps |A^T A| / alpha``; if that does not tell the best penalty from its rivals,
float64 decides.

References
----------
.. [1] Rifkin, Lippert. "Notes on regularized least squares", MIT-CSAIL-TR-2007-025, 2007.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import DTypeLike

from ._ridge_design import WholeDesign
from ._ridge_model import RidgeFit
from ._ridge_trials import FeatureTrial, SampleTrial, Trial, UnsureError
from ._threads import serial_blas

# Negative mean squared errors, by the number of the penalty.
Scores = dict[int, float]

# Multiplications for a penalty above which not all are tried, and those for a Gram matrix above
# which they are in float32: with few samples it tells fewer penalties apart, and all would be done
# twice.
LARGE, VERY_LARGE = 5e8, 1e10
# Samples of which the part consists that says where the search begins.
_N_SCOUTS = 200
# Errors, relative to the least, up to which a penalty suits the part well, and differences of them
# that make no valley.
_WELL, _RIPPLE = 1.2, 0.02
# Change of the error's logarithm by that of the penalty, below which it tells no direction.
_STEEP = 0.005


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
    order = min(design.X.shape)
    guess = scouted(design, alphas) if len(design.X) * order**2 > LARGE else None
    is_very_large = design.X.size * order > VERY_LARGE
    return fit_precisely(
        lambda dtype: _trial(design, dtype), alphas, guess, is_very_large=is_very_large
    )


def fit_precisely(
    trial: Callable[[DTypeLike], Trial],
    alphas: np.ndarray,
    guess: Scores | None,
    *,
    is_very_large: bool,
) -> RidgeFit:
    """Fit with the best penalty by a trial in float32, where that is worth it and tells it.

    Parameters
    ----------
    trial : callable
        Makes the trial of a precision.
    alphas : ndarray of shape (n_alphas,)
        Penalties.
    guess : dict of int to float or None
        As of :func:`search`.
    is_very_large : bool
        Whether float32 is worth it.

    Returns
    -------
    RidgeFit
        The model. Its weights have float64's digits, the errors those of the trial.
    """
    if is_very_large:
        try:
            return best_fit(trial(np.float32), alphas, guess)
        except UnsureError:
            pass
    return best_fit(trial(np.float64), alphas, guess)


def _trial(design: WholeDesign, dtype: DTypeLike) -> Trial:
    return (SampleTrial if design.is_wide else FeatureTrial.of)(design, dtype)


def best_fit(trial: Trial, alphas: np.ndarray, guess: Scores | None) -> RidgeFit:
    """Search for the best penalty, and fit with it."""
    best, score = clear_best(trial, alphas, guess)
    frame = trial.design.frame
    coef = np.ascontiguousarray(trial.weights(alphas[best]).T) / frame.scale
    intercept = frame.target_mean - coef @ frame.mean
    left_out = trial.left_out(alphas[best])
    return RidgeFit(float(alphas[best]), score, coef, intercept, left_out=left_out)


def clear_best(trial: Trial, alphas: np.ndarray, guess: Scores | None) -> tuple[int, float]:
    """Search for the number of the best penalty, and its score.

    Raises
    ------
    UnsureError
        If the digits of the trial do not tell it from others.
    """
    scores = search(lambda i: trial.score(alphas[i]), alphas, guess, trial.slope)
    best = best_of(scores)
    if not trial.is_exact:
        with np.errstate(over="ignore"):  # of a doubt that is without limit
            _require_clear(scores, best, alphas, trial.rounding)
    return best, scores[best]


def best_of(scores: Scores) -> int:
    """Number of the first of the best penalties."""
    return max(sorted(scores), key=lambda i: np.nan_to_num(scores[i], nan=-np.inf))


def search(
    score: Callable[[int], float],
    alphas: np.ndarray,
    guess: Scores | None = None,
    slope: Callable[[], float] = lambda: 0.0,
) -> Scores:
    """Score the penalties that it takes to find the best.

    Parameters
    ----------
    score : callable
        Score of a penalty by its number.
    alphas : ndarray of shape (n_alphas,)
        Penalties.
    guess : dict of int to float, default=None
        Scores to be expected. The search goes uphill from the largest penalty of which nearly the
        best is expected, and tries that neighbour first of which more is. If None, all are tried.
    slope : callable, default=0
        Slope of the error at the penalty that was scored last: of its logarithm by that of the
        penalty. Where it is steep, no neighbour is tried on the side where the error rises.

    Returns
    -------
    dict of int to float
        Scores by number.
    """
    if guess is None:
        return _all_scores(score, len(alphas))
    order = np.argsort(alphas, kind="stable").tolist()
    first = [i for i in order if abs(guess[i]) <= _WELL * abs(guess[best_of(guess)])][-1]
    scores = {first: score(first)}
    steep = slope()
    lower, upper = int(not steep < -_STEEP), int(not steep > _STEEP)
    while True:
        place = order.index(best_of(scores))
        beside = order[max(place - lower, 0) : place + upper + 1]
        untried = {i: guess[i] for i in beside if i not in scores}
        if not untried:
            return scores
        following = best_of(untried)
        scores[following] = score(following)


def _all_scores(score: Callable[[int], float], n_alphas: int) -> Scores:
    scores: Scores = {}

    def fill(i: int) -> None:
        scores[i] = score(i)

    serial_blas.each(fill, ((i,) for i in range(n_alphas)))
    return scores


def scouted(design: WholeDesign, alphas: np.ndarray) -> Scores | None:
    """Scores by a part of the samples; None if they have more than one peak."""
    trial = _trial(design.some(_N_SCOUTS), np.float64)
    scores = search(lambda i: trial.score(alphas[i]), alphas)
    errors = np.array([-scores[i] for i in np.argsort(alphas, kind="stable")])
    return scores if _has_one_valley(errors) else None


def _has_one_valley(errors: np.ndarray) -> bool:
    """Whether errors fall to the least of them and rise from there, but for ripples."""
    least = int(errors.argmin())
    return all(
        (side <= (1 + _RIPPLE) * np.minimum.accumulate(side)).all()
        for side in (errors[: least + 1], errors[least:][::-1])
    )


def _require_clear(scores: Scores, best: int, alphas: np.ndarray, rounding: float) -> None:
    """Raise an error if a rival's score is as good within the precision."""
    for i, score in scores.items():
        doubt = rounding / alphas[i] + rounding / alphas[best]
        if i != best and not abs(score) * (1 - doubt) > abs(scores[best]):
            raise UnsureError
