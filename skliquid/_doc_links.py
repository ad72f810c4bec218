"""The manual, to whose pages the HTML view of the estimators links."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, metadata
from itertools import takewhile
from pathlib import Path

_PACKAGE = __name__.partition(".")[0]
_BUILT = Path(__file__).parents[1] / "docs" / "_build" / "html"


class InManual:
    """Mixin of the estimators that have a page in the manual, for scikit-learn to link to."""

    _doc_link_module = _PACKAGE

    @property
    def _doc_link_template(self) -> str:
        manual = address()
        return f"{manual}/api/generated/{{page}}.html" if manual else ""

    def _doc_link_url_param_generator(self) -> dict[str, str]:
        return {"page": page_of(type(self))}


def address() -> str:
    """Where the manual is: the address that the package names, or else the one built beside it.

    Returns
    -------
    str
        Its address, empty if there is none.
    """
    try:
        named = metadata(_PACKAGE).get_all("Project-URL") or []
    except PackageNotFoundError:
        named = []
    for entry in named:
        label, _, url = entry.partition(", ")
        if label == "Documentation":
            return str(url).rstrip("/")
    return _BUILT.as_uri() if _BUILT.exists() else ""


def page_of(cls: type) -> str:
    """Name the page of a class, or of the nearest of its bases that has one."""
    for each in cls.__mro__:
        room = ".".join(takewhile(lambda part: part[0] != "_", each.__module__.split(".")))
        for module in (_PACKAGE, room):
            if each.__name__ in getattr(sys.modules[module], "__all__", ()):
                return f"{module}.{each.__name__}"
    raise TypeError(f"{cls.__name__} has no page in the manual.")
