"""Engines: run a reservoir over a collection of sequences, and pool or record as it happens.

An engine is a module with the functions of :class:`skliquid.engines.protocol.Engine`. To add one,
write the module and name it in ``ENGINES``. Engines are imported when they are used. Reservoirs of
rate cells have one engine of their own.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import import_module, metadata
from inspect import isfunction
from typing import Any, cast

import numpy as np

from .._checks import check_integer, check_n_jobs, check_option, shown
from .._mlx import require_mlx
from .._warnings import warn_user
from .._workers import each_in_threads
from ..pooling import NO_POOLING, PoolingPlan, pooled_features
from ..reservoirs import Liquid, Neurons, RateReservoir
from ..sequences import Sequences
from ._record import Record, StateTrains
from ._steps import Steps
from ._streams import Streams
from .protocol import Batch, Engine, run_in_pieces

__all__ = [
    "ENGINES",
    "Batch",
    "Engine",
    "Record",
    "Runner",
    "StateTrains",
    "Steps",
    "Streams",
    "add_neuron",
    "record",
    "resolve_engine",
]

ENGINES = {
    "numba": "skliquid.engines._numba",
    "numpy": "skliquid.engines._numpy",
    "mlx": "skliquid.engines._mlx",
}
_RATE_ENGINE = "skliquid.engines._rate_cells"
# Memory of the state and pools of the sequences that run side by side, in bytes.
_BATCH_BYTES = 2**26


def resolve_engine(engine: str) -> str:
    """Return the name of the engine that "auto" stands for on this machine.

    MLX where it has a GPU (Apple silicon, or the CUDA build), otherwise Numba; and NumPy in the
    place of Numba where its compiler is switched off.

    Parameters
    ----------
    engine : {"auto", "numba", "numpy", "mlx"}
        The engine that was asked for.

    Returns
    -------
    {"numba", "numpy", "mlx"}
        The engine that runs.

    Raises
    ------
    ValueError
        If there is no such engine.

    Warns
    -----
    UserWarning
        If NumPy takes the place of Numba.

    Examples
    --------
    >>> from skliquid.engines import resolve_engine
    >>> resolve_engine("auto") in ("numba", "mlx")
    True
    >>> resolve_engine("numpy")
    'numpy'
    """
    check_option("engine", engine, ["auto", *ENGINES])
    if engine == "auto":
        engine = "mlx" if _mlx_has_gpu() else "numba"
    if engine != "numba" or not is_compiler_off():
        return engine
    warn_user(
        "NUMBA_DISABLE_JIT is set, without which Numba compiles: engine='numpy' runs in the place "
        "of 'numba', with the same features in more time."
    )
    return "numpy"


@cache
def _mlx_has_gpu() -> bool:
    """Tell by what is installed, without importing MLX."""
    names = {str(distribution.name).lower() for distribution in metadata.distributions()}
    if platform.system() == "Darwin":
        return platform.machine() == "arm64" and "mlx" in names
    return any(name.startswith(("mlx-cuda", "mlx_cuda")) for name in names)


def add_neuron(engine: str, kind: Any, step: Callable[..., Any]) -> None:
    """Give an engine the equations of a kind of neurons.

    Parameters
    ----------
    engine : {"numba", "numpy", "mlx"}
        The engine.
    kind : type
        The subclass of :class:`skliquid.reservoirs.Neurons` that holds the constants.
    step : callable
        One time step: for "numpy" as ``skliquid.engines._numpy_neurons.lif``, for "mlx" as
        ``skliquid.engines._mlx_neurons.lif``, for "numba" as
        ``skliquid.engines._numba.neurons.lif``.

    Raises
    ------
    ValueError, TypeError
        If there is no such engine, or an argument is of the wrong type.

    Examples
    --------
    Neurons that forget everything from one step to the next, on the NumPy engine:

    >>> import numpy as np
    >>> from dataclasses import dataclass
    >>> from skliquid import LiquidTransformer
    >>> from skliquid.engines import add_neuron
    >>> from skliquid.reservoirs import NeuronModel, Neurons
    >>> class MemorylessNeurons(Neurons):
    ...     pass
    >>> @dataclass
    ... class Memoryless(NeuronModel):
    ...     threshold: float = 1.0
    ...
    ...     def draw(self, n, rng):
    ...         return MemorylessNeurons(np.full(n, self.threshold, dtype=np.float32))
    >>> def step(neurons, state, current):
    ...     spk = (current > neurons.threshold).astype(np.float32)
    ...     return {"spk": spk, "mem": current}
    >>> add_neuron("numpy", MemorylessNeurons, step)
    >>> liquid = LiquidTransformer(50, cell=Memoryless(), engine="numpy", random_state=0)
    >>> liquid.fit_transform(np.sin(np.arange(60.0)).reshape(3, 20)).shape
    (3, 400)
    """
    check_option("engine", engine, ENGINES)
    if not (isinstance(kind, type) and issubclass(kind, Neurons)):
        raise TypeError(f"kind must be a subclass of Neurons, got {shown(kind)}.")
    if not isfunction(step):
        raise TypeError(f"step must be a function, got {shown(step)}.")
    _engine(engine).STEPS[kind] = step


def _engine(name: str) -> Any:
    if name == "mlx":
        require_mlx("engine='mlx'", "engine='numba' or 'numpy', which give the same features")
    return import_module(ENGINES[name])


def is_compiler_off() -> bool:
    """Tell whether NUMBA_DISABLE_JIT, or Numba's own setting, switches its compiler off."""
    from numba import config

    return bool(config.DISABLE_JIT)


class Runner:
    """A reservoir made ready for an engine.

    Parameters
    ----------
    reservoir : Liquid or RateReservoir
        The reservoir.
    plan : PoolingPlan
        The features asked for.
    engine : str
        Name of the engine that runs a liquid, or "auto".
    n_jobs : int or None, default=None
        Number of threads of the Numba engine, as joblib counts them.
    """

    def __init__(
        self,
        reservoir: Liquid | RateReservoir,
        plan: PoolingPlan,
        engine: str,
        n_jobs: int | None = None,
    ) -> None:
        self.plan = plan
        self.n_neurons = reservoir.n_neurons
        self.n_features = plan.n_features(reservoir.n_neurons)
        self.n_jobs = check_n_jobs(n_jobs)
        name = resolve_engine(engine) if isinstance(reservoir, Liquid) else "rate cells"
        self.engine = name
        module = _engine(name) if isinstance(reservoir, Liquid) else import_module(_RATE_ENGINE)
        if isinstance(reservoir, Liquid) and type(reservoir.neurons) not in module.STEPS:
            raise ValueError(
                f"engine {name!r} does not run {type(reservoir.neurons).__name__} neurons; "
                f"it runs {[kind.__name__ for kind in module.STEPS]}."
            )
        if isinstance(reservoir, Liquid) and type(reservoir.synapses) not in module.SYNAPSES:
            raise ValueError(
                f"engine {name!r} does not run {type(reservoir.synapses).__name__}, of delays, "
                "synaptic currents and short-term plasticity; it runs "
                f"{[kind.__name__ for kind in module.SYNAPSES]}."
            )
        self._engine = cast(Engine, module)
        self._prepared = self._engine.prepare(reservoir)
        self._counted: list[tuple[np.ndarray, int]] = []

    @property
    def mean_counts(self) -> np.ndarray:
        """Spikes of each neuron per step, or its mean activation, over all that was pooled."""
        counts, n_steps = zip(*self._counted, strict=True)
        return np.asarray(np.sum(counts, axis=0) / sum(n_steps))

    def batches(self, sequences: Sequences, batch_size: int | None = None) -> list[np.ndarray]:
        """Split a collection into batches of sequences of similar length, longest first.

        Parameters
        ----------
        sequences : Sequences
            The collection.
        batch_size : int or None, default=None
            Number of sequences side by side; None chooses it by a budget of memory.

        Returns
        -------
        list of ndarray
            Indices of the sequences of each batch.
        """
        return self._batches(sequences.lengths, batch_size)

    def _batches(self, lengths: np.ndarray, batch_size: int | None = None) -> list[np.ndarray]:
        order = np.argsort(-lengths, kind="stable")
        if batch_size is None:
            longest = int(lengths.max())
            each = self._engine.bytes_of_a_sequence(self._prepared, self.plan, longest)
            batch_size = max(1, _BATCH_BYTES // each)
        check_integer("batch_size", batch_size, low=1)
        return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]

    def features(self, sequences: Sequences, samples: np.ndarray) -> np.ndarray:
        """Run one batch and pool it.

        Parameters
        ----------
        sequences : Sequences
            The collection.
        samples : ndarray of int
            Indices of the sequences, longest first.

        Returns
        -------
        ndarray of shape (len(samples), n_features)
            Their features, in the collection's dtype.
        """
        features = np.empty((len(samples), self.n_features), dtype=sequences.dtype)

        def fill(share: slice) -> None:
            batch = Batch.of(sequences, samples[share])
            pools = self._engine.open_pools(self._prepared, self.plan, batch.lengths)
            self._advance(batch, pools)
            sums = pools.read()
            self._counted.append((sums.counts.sum(axis=(0, 1)), int(batch.lengths.sum())))
            pooled_features(sums, batch.lengths, self.plan, out=features[share])

        self._in_threads(fill, sequences.lengths[samples])
        return features

    def states(self, sequences: Sequences, name: str, frames: np.ndarray) -> np.ndarray:
        """Run the sequences of a collection in which some frames are, and keep a state after them.

        Parameters
        ----------
        sequences : Sequences
            The collection.
        name : str
            Name of the state.
        frames : ndarray of shape (n_rows,), dtype int64
            Numbers of the frames, in ascending order.

        Returns
        -------
        ndarray of n_rows rows
            The states as a :class:`Record` keeps them.
        """
        record = Record((name,), self.n_neurons, frames)
        # Of each sequence the steps up to the last of the frames, which may be none.
        last = np.searchsorted(frames, sequences.offsets[1:])
        ends = np.append(frames, -1)[last - 1] + 1
        lengths = np.maximum(ends - sequences.offsets[:-1], 0)
        for samples in self._batches(lengths):

            def fill(share: slice, samples: np.ndarray = samples) -> None:
                mine = samples[share]
                batch = Batch(sequences.frames, sequences.offsets[mine], lengths[mine])
                self._advance(batch, record)

            self._in_threads(fill, lengths[samples])
        return record.kept[name]

    def open_streams(self, n_streams: int) -> Streams:
        """Open sequences whose frames come piece by piece.

        Parameters
        ----------
        n_streams : int
            Number of sequences.

        Returns
        -------
        Streams
            Their states and sums, before the first frame.

        Raises
        ------
        ValueError
            If some features are those of windows.
        """
        return Streams(self._engine, self._prepared, self.plan, n_streams)

    def open_steps(self, names: tuple[str, ...], n_sequences: int) -> Steps:
        """Open sequences whose states are asked for after every step.

        Parameters
        ----------
        names : tuple of str
            Which states: "mem" for potentials or activations, "spk" for spikes.
        n_sequences : int
            Number of sequences.

        Returns
        -------
        Steps
            They, before the first frame.
        """
        return Steps(self._engine, self._prepared, names, self.n_neurons, n_sequences)

    def _advance(self, batch: Batch, sink: Any) -> None:
        state = self._engine.at_rest(self._prepared, len(batch))
        run_in_pieces(self._engine, self._prepared, state, batch, [sink])

    def _in_threads(self, function: Callable[[slice], None], lengths: np.ndarray) -> None:
        n_threads, shares = self._engine.shares(self._prepared, lengths, self.n_jobs)
        if n_threads == 1:
            for share in shares:
                function(share)
            return
        with ThreadPoolExecutor(n_threads) as threads:
            each_in_threads(threads, function, ((share,) for share in shares))


def record(
    reservoirs: Iterable[Liquid | RateReservoir],
    ways: list[Sequences],
    engine: str,
    n_jobs: int | None,
) -> StateTrains:
    """Run reservoirs over sequences and keep every spike or activation.

    Parameters
    ----------
    reservoirs : iterable of Liquid or RateReservoir
        Each runs over each of the ways; all of one kind and size.
    ways : list of Sequences
        The sequences, and where wanted the same ones reversed.
    engine : str
        Engine that runs a liquid.
    n_jobs : int or None
        Number of its threads.

    Returns
    -------
    StateTrains
        One block for each reservoir and way, reservoirs first.
    """
    blocks: list[np.ndarray] = []
    for reservoir in reservoirs:
        runner = Runner(reservoir, NO_POOLING, engine, n_jobs)
        name = "spk" if isinstance(reservoir, Liquid) else "h"
        blocks += [runner.states(way, name, np.arange(len(way.frames))) for way in ways]
    return StateTrains(tuple(blocks), runner.n_neurons, ways[0].offsets)
