"""MLX modules, one step at a time and differentiable: liquids, recurrent cells, readouts."""

from . import surrogate
from ._cells import RNNCell, ValinaRNNCell, VanillaRNNCell
from ._gated_cells import GRUCell, LSTMCell, MGUCell
from ._lsm import LSM
from ._readouts import LeakyRateReadout, LeakySpikeReadout
from ._reservoir import LiquidReservoir

__all__ = [
    "LSM",
    "GRUCell",
    "LSTMCell",
    "LeakyRateReadout",
    "LeakySpikeReadout",
    "LiquidReservoir",
    "MGUCell",
    "RNNCell",
    "ValinaRNNCell",
    "VanillaRNNCell",
    "surrogate",
]
