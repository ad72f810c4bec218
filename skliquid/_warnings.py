"""Warnings that point at the user's own line."""

from __future__ import annotations

import sys
import warnings

# Between the user and us: the wrappers of `fit`, pipelines, searches and their threads.
_NOT_THE_USER = {__name__.partition(".")[0], "sklearn", "joblib"}


def warn_user(message: str | Warning) -> None:
    """Warn at the nearest caller that is neither this package nor scikit-learn."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _package(frame.f_globals) in _NOT_THE_USER:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, UserWarning, stacklevel=level)


def _package(module: dict[str, object]) -> str:
    return str(module.get("__name__", "")).partition(".")[0]
