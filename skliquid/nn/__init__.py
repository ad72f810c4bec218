"""MLX modules, one step at a time and differentiable.

Liquids, recurrent cells, leaky readouts; neurons, synapses, and inputs of spikes.
"""

from .._mlx import require_mlx

require_mlx("skliquid.nn", "skliquid.LiquidTransformer with engine='numba' or 'numpy'")

from . import surrogate  # noqa: E402
from ._cells import RNNCell, ValinaRNNCell, VanillaRNNCell  # noqa: E402
from ._gated_cells import GRUCell, LSTMCell, MGUCell  # noqa: E402
from ._lsm import LSM  # noqa: E402
from ._neurons import ALIF, IF, LIF  # noqa: E402
from ._plasticity import STD, STP  # noqa: E402
from ._readouts import LeakyRateReadout, LeakySpikeReadout  # noqa: E402
from ._reservoir import LiquidReservoir  # noqa: E402
from ._sources import PoissonEncoder, PoissonSpike, SpikeTime  # noqa: E402
from ._synapses import Alpha, DualExpon, Expon  # noqa: E402

__all__ = [
    "ALIF",
    "IF",
    "LIF",
    "LSM",
    "STD",
    "STP",
    "Alpha",
    "DualExpon",
    "Expon",
    "GRUCell",
    "LSTMCell",
    "LeakyRateReadout",
    "LeakySpikeReadout",
    "LiquidReservoir",
    "MGUCell",
    "PoissonEncoder",
    "PoissonSpike",
    "RNNCell",
    "SpikeTime",
    "ValinaRNNCell",
    "VanillaRNNCell",
    "surrogate",
]
