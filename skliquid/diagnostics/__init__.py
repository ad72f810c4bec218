"""What a reservoir can do, measured: its memory, its dimension, its stability and its spikes.

Each measure takes a fitted estimator, a bare :class:`~skliquid.reservoirs.Liquid` or
:class:`~skliquid.reservoirs.RateReservoir`, or what such a thing did, as plain arrays: states of
another simulator, say. Unless sequences are given, a reservoir is driven by white noise of unit
variance in every standardised channel, past the encoder.

The state of a reservoir is by default its spikes through an exponential filter, the liquid state
of [1]_, or the activations of rate cells. All states of a run are never held: they come in pieces,
of which sums are kept. Several liquids of an estimator are one reservoir, which runs forwards.

================================  =========================================================
:func:`memory_capacity`           how much of its past input a linear readout can tell [2]_
:func:`processing_capacity`       how much of all functions of its past input [3]_
:func:`kernel_rank`               how many inputs it keeps apart [4]_
:func:`generalization_rank`       how many versions of one input it keeps apart [4]_
:func:`separation`                distance of states against distance of inputs [1]_
:func:`separation_ratio`          distance between classes against that within [5]_
:func:`lyapunov_exponent`         how fast a small difference grows [6]_
:func:`branching_ratio`           how many spikes a spike begets [7]_
:func:`firing_statistics`         rates, irregularity, synchrony, operations
================================  =========================================================

References
----------
.. [1] Maass, Natschlaeger, Markram. "Real-time computing without stable states", Neural
   Computation 14(11), 2002.
.. [2] Jaeger. "Short term memory in echo state networks", GMD Report 152, 2001.
.. [3] Dambre, Verstraeten, Schrauwen, Massar. "Information processing capacity of dynamical
   systems", Scientific Reports 2, 514, 2012.
.. [4] Legenstein, Maass. "Edge of chaos and prediction of computational performance for neural
   circuit models", Neural Networks 20(3), 2007.
.. [5] Norton, Ventura. "Improving liquid state machines through iterative refinement of the
   reservoir", Neurocomputing 73, 2010.
.. [6] Benettin, Galgani, Giorgilli, Strelcyn. "Lyapunov characteristic exponents for smooth
   dynamical systems and for Hamiltonian systems", Meccanica 15, 1980.
.. [7] Beggs, Plenz. "Neuronal avalanches in neocortical circuits", Journal of Neuroscience 23(35),
   2003.
"""

from .._warnings import LiquidActivityWarning
from ._branching import BranchingRatio, branching_ratio
from ._capacity import MemoryCapacity, ProcessingCapacity, memory_capacity, processing_capacity
from ._firing import FiringStatistics, firing_statistics
from ._lyapunov import LyapunovExponent, lyapunov_exponent
from ._rank import StateRank, generalization_rank, kernel_rank
from ._separation import Separation, SeparationRatio, separation, separation_ratio

__all__ = [
    "BranchingRatio",
    "FiringStatistics",
    "LiquidActivityWarning",
    "LyapunovExponent",
    "MemoryCapacity",
    "ProcessingCapacity",
    "Separation",
    "SeparationRatio",
    "StateRank",
    "branching_ratio",
    "firing_statistics",
    "generalization_rank",
    "kernel_rank",
    "lyapunov_exponent",
    "memory_capacity",
    "processing_capacity",
    "separation",
    "separation_ratio",
]
