"""Data sets that ship with the package or are made, and converters of other layouts."""

from ._converters import from_aeon, from_events, from_pandas, from_tslearn
from ._dynamical_systems import make_lorenz, make_mackey_glass, make_narma
from ._hdf5 import from_hdf5
from ._japanese_vowels import load_japanese_vowels
from ._spike_trains import make_poisson_rates, make_spike_templates
from ._temporal_logic import make_delayed_xor, make_temporal_parity

__all__ = [
    "from_aeon",
    "from_events",
    "from_hdf5",
    "from_pandas",
    "from_tslearn",
    "load_japanese_vowels",
    "make_delayed_xor",
    "make_lorenz",
    "make_mackey_glass",
    "make_narma",
    "make_poisson_rates",
    "make_spike_templates",
    "make_temporal_parity",
]
