"""Count the spikes that differ between engines, over a set of real recordings.

Every time step is a window of its own, so that each spike of each neuron is compared. NumPy is
the oracle; Numba runs with one and with two threads and with another batch size; MLX, slow on a
CPU, runs on every tenth sequence.

With `--parts` synapses with a state and all kinds of neurons are compared, in random mixtures on
white noise, 2 10^6 neuron-steps each; MLX runs those without a state of the synapses.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

import numpy as np
from rivals import load_set

from skliquid.adaptation.channels import channel_scaling
from skliquid.engines import Runner
from skliquid.pooling import make_plan
from skliquid.reservoirs import IntegrateAndFire, Izhikevich, SynapseModel, draw_liquid
from skliquid.reservoirs.synapse_model import PAIRS
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


def some_of(rng, *choices):
    """One of some choices."""
    return choices[rng.integers(len(choices))]


def mixture(rng):
    """A random model of synapses, or None, and a random draw of neurons."""
    time = partial(rng.uniform, 0.5, 20.0)
    plastic = {pair: (rng.uniform(0.05, 0.6), 10 * time(), time()) for pair in PAIRS}
    shape = some_of(rng, "exponential", "alpha")
    synapse = SynapseModel(
        tau_syn=(time(), time()) if shape == "alpha" else some_of(rng, None, (time(), time())),
        tau_input=some_of(rng, None, time()),
        shape=shape,
        delay=some_of(rng, 0.0, (0.0, time())),
        stp=some_of(rng, None, plastic),
        stp_spread=some_of(rng, 0.0, 0.5),
        dt=some_of(rng, 0.5, 1.0),
    )
    leaky = IntegrateAndFire(
        tau_m=some_of(rng, time(), np.inf),
        resistance=some_of(rng, None, time()),
        reset=some_of(rng, None, 0.25),
        refractory=some_of(rng, 0.0, (3.0, 2.0)),
        adaptation=some_of(rng, 0.0, 0.2),
        background=some_of(rng, 0.0, (0.1, -0.1)),
        noise=some_of(rng, 0.0, 0.3),
        initial=(0.0, 1.0),
    )
    cell = some_of(rng, None, leaky, leaky, Izhikevich(gain=8.0))
    return some_of(rng, None, synapse, synapse, synapse), cell


def compare_parts(n_mixtures=24, n_neurons=400, n_sequences=25, n_steps=200):
    """Compare random mixtures, and print a line of each."""
    rng = np.random.default_rng(0)
    plan = make_plan("counts", n_steps, 1.0)
    frames = rng.normal(size=(n_sequences, n_steps, 3))
    sequences = as_sequences(list(frames))
    for i in range(n_mixtures):
        synapse, cell = mixture(rng)
        liquid = draw_liquid(
            *(3, n_neurons),
            synapse=synapse,
            spectral_radius=rng.uniform(0.5, 2.0),
            seed=i,
            **({} if cell is None else {"neurons": cell.draw}),
        )
        others = [(Runner(liquid, plan, "numba", 1), 40), (Runner(liquid, plan, "numba", 2), 7)]
        if synapse is None:
            others.append((Runner(liquid, plan, "mlx"), 40))
        steps, spikes, differing = compare(Runner(liquid, plan, "numpy"), others, sequences)
        print(
            f"{steps:.1e} neuron-steps, {spikes} spikes, differing {differing}: {synapse}; {cell}"
        )


def main():
    """Compare at three spectral radii, or mixtures of parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", action="store_true", help="synapses and neurons, without data")
    parser.add_argument("--data", type=Path, help="folder of benchmark sets")
    parser.add_argument("--set", default="SpokenDigits", help="name of the set")
    parser.add_argument("--neurons", type=int, default=1000, help="reservoir size")
    arguments = parser.parse_args()
    if arguments.parts:
        compare_parts()
        return
    if arguments.data is None:
        parser.error("--data is needed without --parts")
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
