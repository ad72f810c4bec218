"""Count the spikes that differ between engines, over a set of real recordings.

Every time step is a window of its own, so that each spike of each neuron is compared. NumPy is
the oracle; Numba runs with one and with two threads and with another batch size; MLX, slow on a
CPU, runs on every tenth sequence.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from rivals import load_set

from skliquid.adaptation.channels import channel_scaling
from skliquid.engines import Runner
from skliquid.pooling import make_plan
from skliquid.reservoirs import draw_liquid
from skliquid.sequences import as_sequences


def compare(oracle, others, sequences):
    """Neuron-steps compared, spikes of the oracle, and differing spikes of each other."""
    n_steps, n_spikes, differing = 0, 0, [0] * len(others)
    for samples in oracle.batches(sequences, 40):
        expected = oracle.features(sequences, samples)
        n_steps += int(sequences.lengths[samples].sum()) * oracle.n_neurons
        n_spikes += int(expected.sum())
        for i, (other, size) in enumerate(others):
            parts = [samples[k : k + size] for k in range(0, len(samples), size)]
            got = np.concatenate([other.features(sequences, part) for part in parts])
            differing[i] += int(np.abs(got - expected).sum())
    return n_steps, n_spikes, differing


def main():
    """Compare at three spectral radii."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of benchmark sets")
    parser.add_argument("--set", default="SpokenDigits", help="name of the set")
    parser.add_argument("--neurons", type=int, default=1000, help="reservoir size")
    arguments = parser.parse_args()
    X, _, X_test, _ = load_set(arguments.data, arguments.set)
    sequences = as_sequences([*X, *X_test])
    offset, gain = channel_scaling(sequences)
    plan = make_plan("counts", int(sequences.lengths.max()), 1.0)
    for radius in (0.5, 0.9, 1.5):
        liquid = draw_liquid(
            sequences.n_channels,
            arguments.neurons,
            spectral_radius=radius,
            input_offset=offset,
            input_gain=gain,
            seed=0,
        )
        oracle = Runner(liquid, plan, "numpy")
        others = [(Runner(liquid, plan, "numba", 1), 40), (Runner(liquid, plan, "numba", 2), 7)]
        steps, spikes, numba = compare(oracle, others, sequences)
        few = sequences.take(slice(None, None, 10))
        mlx_steps, _, mlx = compare(oracle, [(Runner(liquid, plan, "mlx"), 40)], few)
        print(
            f"spectral radius {radius}: {steps:.2e} neuron-steps, {spikes} spikes; differing with "
            f"Numba {numba[0]} (1 thread), {numba[1]} (2 threads, other batches), with MLX "
            f"{mlx[0]} of {mlx_steps:.2e} neuron-steps",
            flush=True,
        )


if __name__ == "__main__":
    main()
