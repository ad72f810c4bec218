"""What the benchmarks measure against: the same job done with other libraries."""

from __future__ import annotations

import time
from importlib import metadata

import numpy as np
from classifiers import CLASSIFIERS
from numba import njit

from skliquid.engines._numba.aligned import aligned


def versions(packages):
    """Names and versions of the packages that are installed."""
    installed = []
    for name in packages:
        try:
            installed.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return ", ".join(installed)


def dense_numpy(liquid, X):
    """Mean firing rates by a loop of dense products, (n_samples, n)."""
    W = np.ascontiguousarray(liquid.recurrent_weights.T)
    W_in = np.ascontiguousarray(liquid.input_weights.T)
    frames = np.ascontiguousarray(X.transpose(1, 0, 2))
    mem = np.zeros((len(X), liquid.n_neurons), dtype=np.float32)
    spk, counts, v = np.zeros_like(mem), np.zeros_like(mem), np.zeros_like(mem)
    for frame in frames:
        np.matmul(spk, W, out=v)
        v += frame @ W_in
        mem *= liquid.beta
        mem += v
        np.greater(mem, liquid.threshold, out=spk, casting="unsafe")
        np.multiply(spk, liquid.threshold, out=v)
        mem -= v
        counts += spk
    return counts / X.shape[1]


def mlx_loop(liquid, X):
    """The same loop in MLX on its CPU backend; a tenth of the steps is measured."""
    import mlx.core as mx

    W, W_in = mx.array(liquid.recurrent_weights.T), mx.array(liquid.input_weights.T)
    beta, threshold = mx.array(liquid.beta), mx.array(liquid.threshold)
    frames = mx.array(X.transpose(1, 0, 2)[: X.shape[1] // 10])

    def run():
        mem = mx.zeros((len(X), liquid.n_neurons))
        spk, counts = mx.zeros_like(mem), mx.zeros_like(mem)
        for frame in frames:
            v = beta * mem + frame @ W_in + spk @ W
            spk = (v > threshold).astype(mx.float32)
            mem = v - threshold * spk
            counts = counts + spk
            mx.eval(mem, spk, counts)

    return run, 1 / 10


def snntorch_loop(liquid, X):
    """The recurrent leaky neuron of snnTorch behind a linear input, on the CPU."""
    import snntorch
    import torch

    n = liquid.n_neurons
    dense = torch.nn.Linear(liquid.n_channels, n, bias=False)
    neuron = snntorch.RLeaky(
        beta=float(liquid.beta[0]),
        linear_features=n,
        threshold=float(liquid.threshold[0]),
        reset_mechanism="subtract",
    )
    with torch.no_grad():
        dense.weight.copy_(torch.from_numpy(liquid.input_weights.copy()))
        neuron.recurrent.weight.copy_(torch.from_numpy(liquid.recurrent_weights))
        neuron.recurrent.bias.zero_()
    frames = torch.from_numpy(np.ascontiguousarray(X.transpose(1, 0, 2)))

    def run():
        with torch.no_grad():
            spk = torch.zeros(len(X), n)
            mem, counts = torch.zeros_like(spk), torch.zeros_like(spk)
            for frame in frames:
                spk, mem = neuron(dense(frame), spk, mem)
                counts += spk

    return run, 1.0


def reservoirpy_loop(liquid, X):
    """Reservoirpy's Reservoir with the same weights; it runs one sequence after the other."""
    from reservoirpy.nodes import Reservoir

    node = Reservoir(
        W=liquid.recurrent_weights, Win=liquid.input_weights, bias=np.zeros(liquid.n_neurons)
    )
    part = max(1, len(X) // 32)

    def run():
        for sequence in X[:part]:
            node.run(sequence).mean(axis=0)
            node.reset()

    return run, part / len(X)


RIVALS = {
    "MLX loop, CPU": mlx_loop,
    "snnTorch RLeaky loop": snntorch_loop,
    "reservoirpy Reservoir": reservoirpy_loop,
}


def load_set(folder, name):
    """X_train, y_train, X_test, y_test of a benchmark set; X as lists of (n_timesteps, C)."""
    parts = []
    with np.load(folder / f"{name}.npz") as archive:
        for half in "ab":
            parts.append(np.split(archive[f"X{half}"], archive[f"o{half}"][1:-1]))
            parts.append(archive[f"y{half}"])
    return parts


def minirocket_seconds(X, y, X_test, y_test):
    """Median seconds of fit and predict with aeon's MiniRocket, and its accuracy."""
    times = []
    for _ in range(3):  # the first of them compiles
        classifier, train, test = CLASSIFIERS["MiniRocket"](X, X_test, 0)
        start = time.perf_counter()
        score = classifier.fit(train, y).score(test, y_test)
        times.append(time.perf_counter() - start)
    return float(np.median(times)), score


@njit(nogil=True, fastmath=True)
def _read(values, repeats):
    total = 0
    for _ in range(repeats):
        for i in range(len(values)):
            total += values[i]
    return total


def read_bandwidth(n_bytes):
    """Bytes a second that one thread adds up from a block of memory read over and over."""
    values = aligned(np.ones(n_bytes // 8, dtype=np.int64))
    repeats = max(1, 2**28 // n_bytes)
    _read(values, 1)
    best = np.inf
    for _ in range(5):
        start = time.perf_counter()
        _read(values, repeats)
        best = min(best, time.perf_counter() - start)
    return n_bytes * repeats / best


def limit_seconds(liquid, X):
    """Least time of one thread: the bytes that must be read, at the bandwidth they come with.

    Rows of the neurons that fire come from where all rows have room; the state and the
    constants of each neuron (8 bytes of potential, 8 of a count, 8 of decay and threshold, 8
    for the bias and for each input weight) from where one sequence's have.
    """
    n, n_channels = liquid.n_neurons, liquid.n_channels
    n_steps = X.shape[0] * X.shape[1]
    n_spikes = dense_numpy(liquid, X).mean() * n
    row_bandwidth, state_bandwidth = read_bandwidth(2 * n * n), read_bandwidth(2**15)
    rows = n_steps * n_spikes * 2 * n / row_bandwidth
    state = n_steps * n * (32 + 8 * n_channels) / state_bandwidth
    detail = (
        f"rows {n_spikes * 2 * n / 1e3:.0f} kB a step at {row_bandwidth / 1e9:.0f} GB/s, "
        f"state at {state_bandwidth / 1e9:.0f} GB/s"
    )
    return rows + state, detail
