"""Reservoirs: what is drawn, as frozen records of plain NumPy arrays."""

from .liquid import Liquid, draw_liquid
from .neurons import NeuronModel, Neurons
from .rate_reservoir import RateReservoir
from .synapses import Synapses
from .taps import Taps

__all__ = [
    "Liquid",
    "NeuronModel",
    "Neurons",
    "RateReservoir",
    "Synapses",
    "Taps",
    "draw_liquid",
]
