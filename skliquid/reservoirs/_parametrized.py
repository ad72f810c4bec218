"""Objects of parameters that a search reaches, as ``cell__name``."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

_P = TypeVar("_P", bound="Parametrized")


class Parametrized:
    """Base of a dataclass whose fields are parameters, as scikit-learn reads and sets them."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name.

        Parameters
        ----------
        deep : bool, default=True
            Ignored: no parameter has parameters of its own.

        Returns
        -------
        dict
            The parameters.
        """
        kind: Any = type(self)
        if not is_dataclass(kind):
            raise TypeError(f"{kind.__name__} must be a dataclass of its parameters.")
        return {f.name: getattr(self, f.name) for f in fields(kind)}

    def set_params(self: _P, **parameters: Any) -> _P:
        """Set parameters by name.

        Parameters
        ----------
        **parameters
            Those to set.

        Returns
        -------
        object
            The object itself.
        """
        known = self.get_params()
        for name, value in parameters.items():
            if name not in known:
                raise ValueError(
                    f"{type(self).__name__} has no parameter {name!r}; it has {sorted(known)}."
                )
            setattr(self, name, value)
        return self
