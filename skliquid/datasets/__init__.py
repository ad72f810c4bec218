"""Data sets that ship with the package, and converters from other libraries' layouts."""

from ._converters import from_aeon, from_events, from_pandas, from_tslearn
from ._japanese_vowels import load_japanese_vowels

__all__ = ["from_aeon", "from_events", "from_pandas", "from_tslearn", "load_japanese_vowels"]
