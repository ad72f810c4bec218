"""The parameters of papers.

Of what a paper leaves open, the choice made here is said in a comment.

References
----------
.. [1] Maass, Natschlaeger, Markram. "Real-time computing without stable states", Neural
   Computation 14(11), 2002; with the values of "Computational models for generic cortical
   microcircuits", in Computational Neuroscience: A Comprehensive Approach, 2004.
.. [2] Gorad, Saraswat, Ganguly. "Predicting performance using approximate state space model for
   liquid state machines", IJCNN 2019; after Zhang, Li, Jin, Choe. "A digital liquid state machine
   with biologically inspired learning and its application to speech recognition", IEEE
   Transactions on Neural Networks and Learning Systems 26(11), 2015.
.. [3] Ivanov, Michmizos. "Increasing liquid state machine performance with edge-of-chaos dynamics
   organized by astrocyte-modulated plasticity", NeurIPS 2021.
"""

from __future__ import annotations

from math import e
from types import MappingProxyType

from ..reservoirs import IntegrateAndFire, SynapseModel
from ._model import PublishedModel

_MAASS_2002 = PublishedModel(
    strength=(30.0, 60.0, -19.0, -19.0),
    input_strength=(18.0, 9.0),
    spread=1.0,
    input_density=0.3,  # assumed; the seven readouts change little from 0.15 to 0.6
    cell=IntegrateAndFire(
        tau_m=30.0,
        resistance=1.0,
        threshold=15.0,
        reset=13.5,
        refractory=(3.0, 2.0),
        background=13.5,
        initial=(13.5, 15.0),
    ),
    synapse=SynapseModel(
        tau_syn=(3.0, 6.0),
        tau_input=3.0,
        delay={"EE": 1.5, "EI": 0.8, "IE": 0.8, "II": 0.8},
        stp={
            "EE": (0.5, 1100.0, 50.0),
            "EI": (0.05, 125.0, 1200.0),
            "IE": (0.25, 700.0, 20.0),
            "II": (0.32, 144.0, 60.0),
        },
        stp_spread=0.5,
    ),
    tau_state=30.0,
)

# Input spikes have the strength 8 in mV, as those of the liquid have theirs: the integral of their
# course, (exp(-t / 8) - exp(-t / 4)) / 4. It is approximated by an alpha current of the same mean
# time, whose integral is e times its time constant.
_GORAD_2019 = PublishedModel(
    shape=(5, 5, 5),
    C=(0.45, 0.3, 0.6, 0.15),
    strength=(3.0, 6.0, -2.0, -2.0),
    input_strength=(8.0, 8.0),
    input_density=4 / 125,  # there exactly four neurons for each channel
    input_inhibition=0.5,
    cell=IntegrateAndFire(
        tau_m=64.0, resistance=64.0 / (6.0 * e), threshold=20.0, reset=0.0, refractory=2.0
    ),
    synapse=SynapseModel(tau_syn=6.0, tau_input=6.0, shape="alpha", delay=1.0),
)

# Each neuron there has 1 or 2 ms of its own, by which its current is divided too.
_IVANOV_2021 = PublishedModel(
    shape=(10, 10, 10),
    C=(0.2, 0.1, 0.3, 0.05),
    lambda_=3.0,
    input_density=0.15,
    input_inhibition=0.5,
    cell=IntegrateAndFire(
        tau_m=64.0, resistance=64.0 / 1.5, threshold=20.0, reset=0.0, refractory=2.0
    ),
    synapse=SynapseModel(tau_syn=1.5, tau_input=1.5, delay=1.0),
)

MODELS = MappingProxyType(
    {
        "maass_2002": _MAASS_2002,
        "gorad_2019": _GORAD_2019,
        "ivanov_2021": _IVANOV_2021,
    }
)
