"""Engines: run a liquid over a collection of sequences and pool its spikes as they happen.

An engine is a module with one function ``accumulate(liquid, frames, lengths, plan)`` that
runs a batch of sequences, side by side and longest first. To add one, write the module and
name it in ``ENGINES``. Engines are imported when they are used.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib import import_module, metadata

import numpy as np

from .._checks import check_option
from ..liquid import Liquid
from ..pooling import PoolingPlan, pooled_features
from ..sequences import Sequences
from ._numpy import steps

ENGINES = {"numpy": "skliquid.engines._numpy", "mlx": "skliquid.engines._mlx"}
# Memory of the state and pools of the sequences that run side by side, in bytes.
_BATCH_BYTES = 2**26


def resolve_engine(engine: str) -> str:
    """Return the name of the engine that "auto" stands for on this machine.

    MLX where it has a GPU (Apple silicon, or the CUDA build), otherwise NumPy: on a CPU the
    matrix product of MLX is many times slower.
    """
    check_option("engine", engine, ["auto", *ENGINES])
    if engine != "auto":
        return engine
    return "mlx" if _mlx_has_gpu() else "numpy"


def _mlx_has_gpu() -> bool:
    """Tell by what is installed, without importing MLX."""
    if platform.system() == "Darwin":
        return platform.machine() == "arm64"
    names = (str(distribution.name).lower() for distribution in metadata.distributions())
    return any(name.startswith(("mlx-cuda", "mlx_cuda")) for name in names)


def batches(
    liquid: Liquid, sequences: Sequences, plan: PoolingPlan, batch_size: int | None = None
) -> list[np.ndarray]:
    """Split a collection into batches of sequences of similar length, longest first.

    Parameters
    ----------
    liquid : Liquid
        The reservoir.
    sequences : Sequences
        The collection.
    plan : PoolingPlan
        The features asked for.
    batch_size : int or None, default=None
        Number of sequences side by side; None chooses it by a budget of memory.

    Returns
    -------
    list of ndarray
        Indices of the sequences of each batch.
    """
    order = np.argsort(-sequences.lengths, kind="stable")
    if batch_size is None:
        per_neuron = 32 + 12 * plan.n_windows + 16 * len(plan.feature_names(1))
        longest = int(sequences.lengths.max())
        per_sequence = per_neuron * liquid.n_neurons + 4 * longest * sequences.n_channels
        batch_size = max(1, _BATCH_BYTES // per_sequence)
    return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]


def pool_batch(
    liquid: Liquid, sequences: Sequences, samples: np.ndarray, plan: PoolingPlan, engine: str
) -> np.ndarray:
    """Features of one batch, shape (len(samples), n_features), in the collection's dtype."""
    module = import_module(ENGINES[resolve_engine(engine)])
    lengths = sequences.lengths[samples]
    pools = module.accumulate(liquid, sequences.padded(samples), lengths, plan)
    return pooled_features(pools, lengths, plan).astype(sequences.dtype, copy=False)


def spike_trains(liquid: Liquid, sequences: Sequences) -> Iterator[np.ndarray]:
    """Yield the spikes of each sequence, shape (n_timesteps_i, n), bool, from the oracle."""
    for frames in sequences:
        states = steps(liquid, frames[:, np.newaxis], np.array([len(frames)]))
        yield np.stack([spk[0] > 0 for _, _, spk in states])
