"""MLX modules, one step at a time and differentiable: liquids, recurrent cells, readouts."""

from .._mlx import require_mlx

require_mlx("skliquid.nn", "skliquid.LiquidTransformer with engine='numba' or 'numpy'")

from . import surrogate  # noqa: E402
from ._cells import RNNCell, ValinaRNNCell, VanillaRNNCell  # noqa: E402
from ._gated_cells import GRUCell, LSTMCell, MGUCell  # noqa: E402
from ._lsm import LSM  # noqa: E402
from ._readouts import LeakyRateReadout, LeakySpikeReadout  # noqa: E402
from ._reservoir import LiquidReservoir  # noqa: E402

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
