"""Data sets that ship with the package or are made, and converters of other layouts."""

from ._converters import from_aeon, from_events, from_pandas, from_tslearn
from ._dynamical_systems import make_lorenz, make_mackey_glass, make_narma
from ._hdf5 import from_hdf5
from ._japanese_vowels import load_japanese_vowels

__all__ = [
    "from_aeon",
    "from_events",
    "from_hdf5",
    "from_pandas",
    "from_tslearn",
    "load_japanese_vowels",
    "make_lorenz",
    "make_mackey_glass",
    "make_narma",
]
