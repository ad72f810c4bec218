"""MLX modules: the liquid one step at a time, differentiable."""

from . import surrogate
from ._lsm import LSM
from ._reservoir import LiquidReservoir

__all__ = ["LSM", "LiquidReservoir", "surrogate"]
