"""Pooling: what is kept of a sequence's spikes and membrane potentials.

An engine adds up, step by step, the few quantities in :class:`Pools`; the features are computed
from them here, in one place, whatever the engine.
"""

from ._plan import NO_POOLING, PoolingPlan, make_plan, pooled_features
from ._poolings import POOLINGS
from ._shares import COMPARED, QUANTITIES, Share
from ._sums import POTENTIAL_LIMIT, Pools, halves, window_of
from ._winners import n_groups, wins

__all__ = [
    "COMPARED",
    "NO_POOLING",
    "POOLINGS",
    "POTENTIAL_LIMIT",
    "QUANTITIES",
    "PoolingPlan",
    "Pools",
    "Share",
    "halves",
    "make_plan",
    "n_groups",
    "pooled_features",
    "window_of",
    "wins",
]
