"""Whether it pays to scale features by what the targets leave of them: told by folds.

Residual scales (:meth:`~skliquid.readouts._ridge_moments.Moments.residual`) know the targets of
the samples that they are made of, so that no leave-one-out error says whether they pay. They are
made without a fold, and its targets judge, at the best penalty of all folds. They pay where the
errors of the samples are less by more than two of the standard errors of their mean difference,
much as one is asked for to keep the simpler of two models [1]_: where both do about the same,
either can be the worse for samples to come.

References
----------
.. [1] Hastie, Tibshirani, Friedman. "The elements of statistical learning", 2nd edition, Springer,
   2009, section 7.10.2.
"""

from __future__ import annotations

import numpy as np

from ._ridge_folds import Folds
from ._ridge_trials import CLEARLY

# Standard errors that a gain must have.
_N_ERRORS = 2.0


def residual_pays(folds: Folds) -> bool:
    """Tell whether features are clearly better scaled by residuals than by deviations.

    Parameters
    ----------
    folds : Folds
        The samples that judge.

    Returns
    -------
    bool
        Whether they are; False where there are fewer samples than two for each fold, or as many
        targets as samples outside of one.
    """
    # Of as many targets as samples a regression leaves nothing.
    return folds.suffice and _is_clear(folds.errors(True), folds.errors("residual"))


@np.errstate(over="ignore", invalid="ignore")  # of targets too large, which is for the fit to name
def _is_clear(of_deviations: np.ndarray, of_residuals: np.ndarray) -> bool:
    """Tell whether the second errors, at the best penalty of each, are clearly less."""
    before, after = (each[each.sum(axis=1).argmin()] for each in (of_deviations, of_residuals))
    gained = before - after
    doubt = _N_ERRORS * np.sqrt(len(gained)) * gained.std()
    return bool(gained.sum() > max(doubt, CLEARLY * before.sum()))
