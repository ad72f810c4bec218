"""Recurrent weight matrices of a reservoir: random graphs under Dale's law.

``W[i, j]`` is the synapse from neuron j to neuron i, so the outgoing weights of neuron j
are column j and the recurrent current is ``spikes @ W.T``.
"""

from ._generators import erdos_renyi, scale_free, small_world, spatial
from ._spectral import spectral_radius

__all__ = ["erdos_renyi", "scale_free", "small_world", "spatial", "spectral_radius"]
