"""Base of the records of measures, which print in a line."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np


class Report:
    """A record that prints numbers in four digits, and of arrays and lists the size."""

    def __repr__(self) -> str:
        parts = [f"{f.name}={_brief(getattr(self, f.name))}" for f in fields(self)]  # type: ignore[arg-type]
        return f"{type(self).__name__}({', '.join(parts)})"


def _brief(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"<array {value.shape}>"
    if isinstance(value, tuple):
        return f"<{len(value)} items>"
    return f"{value:.4g}" if isinstance(value, float) else repr(value)
