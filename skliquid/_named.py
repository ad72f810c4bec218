"""Parameters that are a name or a configured object.

A name stands for what its factory makes. An object that is given is cloned, so that the user's
own stays as it was; its parameters are reached from outside, as ``encoder__knee`` in a grid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sklearn.base import clone

from ._checks import shown


def named_or_given(
    parameter: str,
    value: Any,
    factories: Mapping[str, Callable[[], Any]],
    *,
    accepts: Callable[[Any], bool],
    accepted: str,
    random_state: Any = None,
) -> Any:
    """Make the object that a name stands for, or a fresh one like the object given.

    Parameters
    ----------
    parameter : str
        Name of the parameter, for the message.
    value : str or object
        What the user set.
    factories : mapping of str to callable
        What makes the object of each name.
    accepts : callable
        Whether an object that is given will do.
    accepted : str
        What such an object is, for the message.
    random_state : int, RandomState instance or None, default=None
        Seed of a named object that has a parameter of that name; a given one keeps its own.

    Returns
    -------
    object
        A new object, not fitted.

    Raises
    ------
    ValueError
        If the value is neither a name nor an object that will do.
    """
    if isinstance(value, str) and value in factories:
        return _seeded(factories[value](), random_state)
    if isinstance(value, str | type) or not accepts(value):
        raise ValueError(
            f"{parameter} must be one of {sorted(factories)} or {accepted}, got {shown(value)}."
        )
    return clone(value, safe=False)


def has_methods(*names: str) -> Callable[[Any], bool]:
    """Check that an object has some methods."""
    return lambda value: all(callable(getattr(value, name, None)) for name in names)


def _seeded(made: Any, random_state: Any) -> Any:
    if hasattr(made, "get_params") and "random_state" in made.get_params(deep=False):
        made.set_params(random_state=random_state)
    return made
