"""The version of the package in the state of its estimators, and what another one means."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from sklearn.exceptions import InconsistentVersionWarning

from ._version import __version__
from ._warnings import warn_user

_KEY = "_skliquid_version"
_UNKNOWN = "before 0.1.0"


class OtherVersionWarning(InconsistentVersionWarning):
    """What is loaded was saved by another version of skliquid."""

    def __init__(self, name: str, version: str) -> None:
        super().__init__(
            estimator_name=name,
            current_sklearn_version=__version__,
            original_sklearn_version=version,
        )

    def __str__(self) -> str:
        return (
            f"{self.estimator_name} was saved by skliquid {self.original_sklearn_version} and is "
            f"loaded by {self.current_sklearn_version}; what it predicts may differ. Load it with "
            "the version that saved it, or fit it anew."
        )


class Versioned:
    """Mixin of the estimators whose state says which version has made it."""

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), _KEY: __version__}  # type: ignore[dict-item]

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        version = state.pop(_KEY, None)
        warn_of_version(type(self).__name__, version)
        if version != __version__:
            state = _adopted(type(self), state, version)
        super().__setstate__(state)  # type: ignore[misc]


def warn_of_version(name: str, version: Any) -> None:
    """Warn if something was saved by another version, of which None is one before there were."""
    version = _UNKNOWN if version is None else str(version)
    if version != __version__:
        warn_user(OtherVersionWarning(name, version))


def _adopted(cls: type, state: dict[str, Any], version: Any) -> dict[str, Any]:
    """State of another version, new parameters at their defaults.

    Raises
    ------
    ValueError
        If it holds what this version does not know, or lacks what it needs.
    """
    parameters = inspect.signature(cls).parameters
    faults = [
        f"the parameter {name!r} is not known"
        for name in state
        if name not in parameters and not (name.startswith("_") or name.endswith("_"))
    ]
    faults += _faults(list(state.values()))
    if faults:
        raise ValueError(
            f"{cls.__name__} was saved by skliquid {version or _UNKNOWN} and cannot be loaded by "
            f"{__version__}, where {'; '.join(dict.fromkeys(faults))}. Load it with the version "
            "that saved it, or fit it anew."
        )
    named = {n: each.default for n, each in parameters.items() if each.default is not each.empty}
    return named | state


def _faults(value: Any) -> Iterator[str]:
    """Say in which fields the records of a fitted estimator are not those of this version."""
    if isinstance(value, list | tuple):
        for each in value:
            yield from _faults(each)
    if not is_dataclass(value) or isinstance(value, type) or hasattr(value, "get_params"):
        return
    kind, names = type(value), {field.name for field in fields(value)}
    yield from (
        f"{kind.__name__} needs the field {name!r}" for name in names if not hasattr(value, name)
    )
    yield from (
        f"the field {name!r} of {kind.__name__} is not known"
        for name in vars(value)
        if not hasattr(kind, name) and name not in names
    )
    yield from _faults([getattr(value, name, None) for name in names])
