"""Reservoirs: what is drawn, as frozen records of plain NumPy arrays."""

from .dynamic_synapses import DynamicSynapses
from .integrate_and_fire import IntegrateAndFire
from .izhikevich import Izhikevich
from .liquid import Liquid, draw_liquid
from .neurons import NeuronModel, Neurons, draw_neurons
from .rate_reservoir import RateReservoir
from .synapse_model import SynapseModel
from .synapses import Synapses, draw_synapses
from .taps import Taps, draw_taps

__all__ = [
    "DynamicSynapses",
    "IntegrateAndFire",
    "Izhikevich",
    "Liquid",
    "NeuronModel",
    "Neurons",
    "RateReservoir",
    "SynapseModel",
    "Synapses",
    "Taps",
    "draw_liquid",
    "draw_neurons",
    "draw_synapses",
    "draw_taps",
]
