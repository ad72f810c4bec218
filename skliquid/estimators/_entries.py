"""One entry for each parameter, and what is made of it.

An entry is a field of a dataclass::

    name: Annotated[type, Accepts(words, *constraints), Acts(...), text] = default

with any number of conditions under which it acts. Sources in the literature stand below the text,
``.. [A] Author. "Title", year.``, which cites them as ``[A]_``.
The dataclass makes the constructor. `parametrized` makes the constraints and the docstring of an
estimator that inherits it; `warn_of_idle` looks for parameters that are set but do not act.
"""

from __future__ import annotations

import reprlib
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import Field, dataclass, field, fields, make_dataclass
from inspect import cleandoc
from typing import Any, TypeVar, get_type_hints

from sklearn.utils._param_validation import Options

from .._checks import check_share
from .._warnings import warn_user

_Class = TypeVar("_Class", bound=type)
_is_told: ContextVar[bool] = ContextVar("_is_told", default=False)


class Accepts:
    """What a parameter accepts: in words, and as constraints of scikit-learn."""

    def __init__(self, words: str, *constraints: Any) -> None:
        self.words = words
        self.constraints = list(constraints)


class Shares(Options):
    """Constraint: a share of the median length. No float is one, as Python's 1.0 is 1 too."""

    def __init__(self) -> None:
        super().__init__(str, {"25%"})

    def is_satisfied_by(self, value: Any) -> bool:
        """Tell whether a value is a text such as "25%"."""
        try:
            check_share("it", value)
        except ValueError:
            return False
        return True

    def __str__(self) -> str:
        return 'a share of the median length such as "25%"'


@dataclass(frozen=True)
class Acts:
    """A condition under which a parameter acts.

    Parameters
    ----------
    by : str
        The parameter that decides. On an estimator without it the condition holds.
    when : callable
        Given the estimator, whether the condition holds.
    needs : str
        The condition in words that follow "with".
    """

    by: str
    when: Callable[[Any], bool]
    needs: str


@dataclass(frozen=True)
class Entry:
    """What is written of one parameter."""

    name: str
    default: Any
    accepts: Accepts
    conditions: list[Acts]
    text: str
    sources: list[str]


def parameters_of(base: type, *, without: set[str], **defaults: Any) -> Any:
    """Make a dataclass of the entries of another, but for some, and with other defaults."""
    own = [
        (
            each.name,
            each.type,
            field(default=defaults.get(each.name, each.default), kw_only=each.kw_only),
        )
        for each in fields(base)
        if each.name not in without
    ]
    return make_dataclass(f"{base.__name__}Chosen", own, eq=False, repr=False)


def entries(cls: type) -> list[Entry]:
    """Entries of a class that inherits dataclasses of them."""
    names = {field.name for field in fields(cls)}
    return [_entry(field, names) for field in fields(cls)]


def parametrized(cls: _Class) -> _Class:
    """Give an estimator class the constraints and the docstring of its parameters."""
    own = entries(cls)
    cls._parameter_constraints = {  # type: ignore[attr-defined]
        entry.name: entry.accepts.constraints for entry in own
    }
    init: Any = cls.__init__  # type: ignore[misc]
    # Of the entry a signature shows the type alone.
    init.__annotations__ = get_type_hints(init) | {"return": None}
    init.__qualname__ = f"{cls.__name__}.__init__"  # which errors name
    if cls.__doc__:  # python -OO has none
        doc = cleandoc(cls.__doc__).replace("{parameters}", _documentation(own))
        cls.__doc__ = doc.replace("{references}", _references(own)) + "\n"
    return cls


def warn_of_idle(estimator: Any) -> None:
    """Warn of all parameters that differ from their default but do not act."""
    if _is_told.get():
        return
    idle = [
        _sentence(entry, estimator)
        for entry in entries(type(estimator))
        if _unmet(entry, estimator) and _is_set(getattr(estimator, entry.name), entry.default)
    ]
    if idle:
        warn_user(" ".join(idle))


@contextmanager
def told_of_idle() -> Iterator[None]:
    """Keep an estimator that is fitted inside another from saying the same again."""
    token = _is_told.set(True)
    try:
        yield
    finally:
        _is_told.reset(token)


def _entry(field: Field[Any], names: set[str]) -> Entry:
    accepts, *others, text = field.type.__metadata__  # type: ignore[union-attr]
    conditions = [each for each in others if each.by in names]
    text, *sources = cleandoc(text).split("\n\n.. ")
    return Entry(field.name, field.default, accepts, conditions, text, sources)


def _documentation(own: list[Entry]) -> str:
    """Numpydoc's lines on the parameters, with what makes each act."""
    lines = []
    for entry in own:
        default = repr(entry.default).replace("'", '"')
        text = entry.text
        if entry.conditions:
            text += "\n" + _filled(f"It acts only with {_needs(entry.conditions)}.")
        lines.append(f"{entry.name} : {entry.accepts.words}, default={default}")
        lines.append(textwrap.indent(text, "    "))
    return "\n".join(lines)


def _references(own: list[Entry]) -> str:
    sources = sorted(" ".join(each.split()) for entry in own for each in entry.sources)
    return "\n".join(_filled(f".. {source}", "   ") for source in sources)


def _filled(text: str, indent: str = "") -> str:
    return textwrap.fill(text, 90, subsequent_indent=indent, break_on_hyphens=False)


def _is_set(value: Any, default: Any) -> bool:
    return bool((tuple(value) if isinstance(value, list) else value) != default)


def _unmet(entry: Entry, estimator: Any) -> list[Acts]:
    return [condition for condition in entry.conditions if not condition.when(estimator)]


def _sentence(entry: Entry, estimator: Any) -> str:
    unmet = _unmet(entry, estimator)
    reasons = [f"{each.by} is {_shown(getattr(estimator, each.by))}" for each in unmet]
    value = _shown(getattr(estimator, entry.name))
    return (
        f"{entry.name}={value} does not act, because {' and '.join(reasons)}; it acts only with "
        f"{_needs(unmet).replace('`', '')}."
    )


def _needs(conditions: list[Acts]) -> str:
    return ", and with ".join(each.needs for each in conditions)


def _shown(value: Any) -> str:
    """Weights and estimators in a few characters, on one line."""
    return " ".join(reprlib.repr(value).split())
