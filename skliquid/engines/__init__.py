"""Engines: run a liquid over a collection of sequences and pool its spikes as they happen.

An engine is a module with two functions: ``prepare(liquid)`` puts the weights into the form
that the engine computes with, once, and ``accumulate(prepared, sequences, samples, plan)`` runs
some sequences, given by their indices, longest first. One that leaves threads to its caller has
also ``in_shares(function, prepared, lengths, n_jobs)``, which calls a function with each share of
the sequences. To add an engine, write the module and name it in ``ENGINES``. Engines are imported
when they are used. Reservoirs of rate cells have one engine of their own.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from functools import cache
from importlib import import_module, metadata

import numpy as np

from .._checks import check_option
from ..pooling import PoolingPlan, Pools, pooled_features
from ..reservoirs.liquid import Liquid
from ..reservoirs.rate_reservoir import RateReservoir
from ..sequences import Sequences
from ._numpy import prepare, steps

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

    MLX where it has a GPU (Apple silicon, or the CUDA build), otherwise Numba.
    """
    check_option("engine", engine, ["auto", *ENGINES])
    if engine != "auto":
        return engine
    return "mlx" if _mlx_has_gpu() else "numba"


@cache
def _mlx_has_gpu() -> bool:
    """Tell by what is installed, without importing MLX."""
    if platform.system() == "Darwin":
        return platform.machine() == "arm64"
    names = (str(distribution.name).lower() for distribution in metadata.distributions())
    return any(name.startswith(("mlx-cuda", "mlx_cuda")) for name in names)


class Runner:
    """A liquid made ready for an engine.

    Parameters
    ----------
    liquid : Liquid or RateReservoir
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
        liquid: Liquid | RateReservoir,
        plan: PoolingPlan,
        engine: str,
        n_jobs: int | None = None,
    ) -> None:
        self.plan = plan
        self.n_neurons = liquid.n_neurons
        self.n_features = plan.n_features(liquid.n_neurons)
        self.n_jobs = n_jobs
        is_spiking = isinstance(liquid, Liquid)
        self._engine = import_module(
            ENGINES[resolve_engine(engine)] if is_spiking else _RATE_ENGINE
        )
        self._prepared = self._engine.prepare(liquid)

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
        order = np.argsort(-sequences.lengths, kind="stable")
        if batch_size is None:
            per_neuron = 32 + 12 * self.plan.n_windows + 24 * self.plan.n_features(1)
            longest = int(sequences.lengths.max())
            per_sequence = per_neuron * self.n_neurons + 8 * longest * sequences.n_channels
            batch_size = max(1, _BATCH_BYTES // per_sequence)
        return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]

    def features(self, sequences: Sequences, samples: np.ndarray) -> np.ndarray:
        """Run one batch.

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
        lengths = sequences.lengths[samples]

        def fill(share: slice) -> None:
            pools = self.pools(sequences, samples[share])
            pooled_features(pools, lengths[share], self.plan, out=features[share])

        if hasattr(self._engine, "in_shares"):
            self._engine.in_shares(fill, self._prepared, lengths, self.n_jobs)
        else:
            fill(slice(None))
        return features

    def pools(self, sequences: Sequences, samples: np.ndarray) -> Pools:
        """Run one batch, on one thread, and return the sums that `features` are made of."""
        pools: Pools = self._engine.accumulate(self._prepared, sequences, samples, self.plan)
        return pools


def spike_trains(liquid: Liquid, sequences: Sequences) -> Iterator[np.ndarray]:
    """Yield the spikes of each sequence, shape (n_timesteps_i, n), bool, from the oracle."""
    prepared = prepare(liquid)
    for frames in sequences:
        states = steps(prepared, frames[:, np.newaxis], np.array([len(frames)]))
        yield np.stack([spk[0] > 0 for _, _, spk in states])
