"""Streams: sequences whose frames come piece by piece, and whose end is not known.

Where all of them get as many frames, the whole batch is advanced. Where they differ in pace, the
part that gets frames is taken out, advanced and put back, so that a piece costs what its frames
cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..pooling import POOLINGS, PoolingPlan, pooled_features
from .protocol import OPEN_END, Batch, Engine, PoolSink, run_in_pieces

Parts = Mapping[str, np.ndarray]


class Streams:
    """States and sums of some sequences that go on.

    Parameters
    ----------
    engine : Engine
        What runs the reservoir.
    prepared : object
        The reservoir in the engine's form.
    plan : PoolingPlan
        The features asked for.
    n_streams : int
        Number of sequences.

    Raises
    ------
    ValueError
        If some features are those of windows.
    """

    def __init__(self, engine: Engine, prepared: Any, plan: PoolingPlan, n_streams: int) -> None:
        _refuse_windows(plan)
        self._engine, self._prepared, self._plan = engine, prepared, plan
        self._state, self._pools = self._opened(n_streams)
        self._spare = self._opened(0)

    @property
    def parts(self) -> dict[str, np.ndarray]:
        """The arrays that states and sums are kept in, the streams first."""
        state = {f"state_{name}": part for name, part in parts_of(self._state).items()}
        return state | {f"sum_{name}": part for name, part in self._pools.parts.items()}

    def advance(self, batch: Batch, streams: np.ndarray | None = None) -> None:
        """Run the next frames of some streams.

        Parameters
        ----------
        batch : Batch
            Their frames, longest piece first.
        streams : ndarray of int or None, default=None
            Which stream each piece belongs to; None is one piece for each, in order.
        """
        if streams is None:
            self._state = self._run(self._state, batch, self._pools)
            return
        state, pools = self._part(streams)
        state = self._run(state, batch, pools)
        self._spare = state, pools
        put(parts_of(self._state), streams, parts_of(state))
        put(self._pools.parts, streams, pools.parts)

    def features(self, out: np.ndarray, streams: np.ndarray | None = None) -> None:
        """Pool what some streams have done so far.

        Parameters
        ----------
        out : ndarray of shape (n, n_features)
            Where to write their features.
        streams : ndarray of int or None, default=None
            Which ones; None is all of them.
        """
        pools = self._pools if streams is None else self._part(streams)[1]
        pooled_features(pools.read(), pools.seen, self._plan, out=out)

    def reset(self, streams: np.ndarray) -> None:
        """Put some streams back to before their first frame."""
        state, pools = self._opened(len(streams))
        put(parts_of(self._state), streams, parts_of(state))
        put(self._pools.parts, streams, pools.parts)

    def _run(self, state: Any, batch: Batch, pools: PoolSink) -> Any:
        return run_in_pieces(self._engine, self._prepared, state, batch, [pools])

    def _opened(self, n_streams: int) -> tuple[Any, PoolSink]:
        lengths = np.full(n_streams, OPEN_END)
        state = self._engine.at_rest(self._prepared, n_streams)
        return state, self._engine.open_pools(self._prepared, self._plan, lengths)

    def _part(self, streams: np.ndarray) -> tuple[Any, PoolSink]:
        """Copy of the state and the sums of some streams, good until the next one."""
        if len(self._spare[1].seen) != len(streams):
            self._spare = self._opened(len(streams))
        state, pools = self._spare
        put(parts_of(state), slice(None), take(parts_of(self._state), streams))
        put(pools.parts, slice(None), take(self._pools.parts, streams))
        return state, pools


def take(parts: Parts, streams: np.ndarray) -> dict[str, np.ndarray]:
    """Copy the parts of some streams."""
    return {name: part[streams] for name, part in parts.items()}


def put(parts: Parts, streams: np.ndarray | slice, values: Parts) -> None:
    """Overwrite the parts of some streams."""
    for name, part in parts.items():
        part[streams] = values[name]


def parts_of(state: Any) -> dict[str, np.ndarray]:
    """Arrays of an engine's state, which is a dict or a named tuple of them."""
    return state if isinstance(state, dict) else state._asdict()


def _refuse_windows(plan: PoolingPlan) -> None:
    if not plan.is_windowed:
        return
    windowed = [name for name in plan.names if POOLINGS[name].is_windowed]
    raise ValueError(
        f"pooling {windowed} in n_windows={plan.scales} cannot stream: windows are parts of a "
        "sequence whose length is not known while its frames come. Set n_windows=1, or leave out "
        "these poolings."
    )
