"""Reservoirs: what is drawn, as frozen records of plain NumPy arrays."""

from .liquid import Liquid, draw_liquid
from .rate_reservoir import RateReservoir

__all__ = ["Liquid", "RateReservoir", "draw_liquid"]
