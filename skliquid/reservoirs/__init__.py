"""Reservoirs: what is drawn, as frozen records of plain NumPy arrays."""

from .liquid import Liquid, draw_liquid
from .neurons import NeuronModel, Neurons, draw_neurons
from .rate_reservoir import RateReservoir
from .synapses import Synapses, draw_synapses
from .taps import Taps, draw_taps

__all__ = [
    "Liquid",
    "NeuronModel",
    "Neurons",
    "RateReservoir",
    "Synapses",
    "Taps",
    "draw_liquid",
    "draw_neurons",
    "draw_synapses",
    "draw_taps",
]
