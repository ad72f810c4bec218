"""Encoders: sequences in, the currents or spikes that drive a liquid out.

Each is a scikit-learn transformer from sequences to sequences. What it makes of a sequence
depends neither on the other sequences of the batch nor on their order.
"""

from ._base import SequenceEncoder
from ._bsa import BSAEncoder
from ._compression import CompressionEncoder
from ._current import CurrentEncoder
from ._delta import DeltaEncoder
from ._latency import LatencyEncoder
from ._population import PopulationEncoder
from ._rate import RateEncoder

ENCODERS: dict[str, type[SequenceEncoder]] = {
    "current": CurrentEncoder,
    "compression": CompressionEncoder,
    "population": PopulationEncoder,
    "delta": DeltaEncoder,
    "latency": LatencyEncoder,
    "rate": RateEncoder,
    "bsa": BSAEncoder,
}

__all__ = [
    "ENCODERS",
    "BSAEncoder",
    "CompressionEncoder",
    "CurrentEncoder",
    "DeltaEncoder",
    "LatencyEncoder",
    "PopulationEncoder",
    "RateEncoder",
]
