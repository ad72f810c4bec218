"""Warnings that point at the user's own line."""

from __future__ import annotations

import sys
import warnings

# Between the user and us: the wrappers of `fit`, pipelines, searches and their threads.
_NOT_THE_USER = {__name__.partition(".")[0], "sklearn", "joblib"}


class LiquidActivityWarning(UserWarning):
    """A reservoir is silent, saturated or epileptic on the training sequences.

    `fit` raises it, with what helps.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> from skliquid import LiquidTransformer
    >>> from skliquid.diagnostics import LiquidActivityWarning
    >>> X = np.random.default_rng(0).normal(size=(10, 50))
    >>> with warnings.catch_warnings(record=True) as raised:
    ...     warnings.simplefilter("always")
    ...     _ = LiquidTransformer(100, target_rate=None, input_scaling=0.01).fit(X)
    >>> raised[0].category is LiquidActivityWarning, str(raised[0].message)[:24]
    (True, 'The reservoir is silent:')
    """


def warn_user(message: str | Warning) -> None:
    """Warn at the nearest caller that is neither this package nor scikit-learn."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _package(frame.f_globals) in _NOT_THE_USER:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, UserWarning, stacklevel=level)


def _package(module: dict[str, object]) -> str:
    return str(module.get("__name__", "")).partition(".")[0]
