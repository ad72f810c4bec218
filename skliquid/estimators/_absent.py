"""Methods that an estimator lacks: its AttributeError says why, and what offers them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .._checks import shown


class SaysWhatIsAbsent:
    """Mixin of what lacks methods of others.

    A subclass says in `_why_absent` why it lacks a public method, or None where there is nothing
    to say.
    """

    def _why_absent(self, method: str) -> str | None:
        return None

    if not TYPE_CHECKING:  # to mypy nothing would be absent

        def __getattr__(self, name: str) -> Any:
            # Python asks here last: there is no such attribute, or it is not available.
            why = None if name[:1] == "_" or name[-1:] == "_" else self._why_absent(name)
            if why is None:
                return object.__getattribute__(self, name)
            text = f"This {type(self).__name__!r} has no attribute {name!r}: {why}"
            raise AttributeError(text, name=name, obj=self)


def why_not_read(
    method: str, readout: Any, named: Mapping[str, Callable[[], Any]], further: str = ""
) -> str:
    """Say that a readout lacks a method, and which named ones have it."""
    having = [f'"{name}"' for name, make in named.items() if hasattr(make(), method)]
    offer = f"; it is there with readout={' or '.join(having)}" if having else ""
    return f"the readout {shown(readout)} has none{offer}{further}."
