"""How time and memory grow with the number of sequences, from a thousand to a million.

Sequences of noisy waves are made part by part. Each run is a process of its own, which fits and
then predicts other sequences; megabytes are its peak above what was held before the fit.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from readout import memory

from skliquid import LiquidTransformer, LSMClassifier

N_TIMESTEPS, N_CLASSES, PART, N_NEW = 100, 10, 10_000, 2_000


def make_part(number, n_samples, n_channels):
    """Sequences and classes of a part, the same for the same number."""
    frequency = np.random.default_rng(0).uniform(1, 8, size=(N_CLASSES, 1, n_channels))
    rng = np.random.default_rng((1, number))
    y = rng.integers(0, N_CLASSES, n_samples)
    steps = np.linspace(0, 2 * np.pi, N_TIMESTEPS, dtype=np.float32)[:, None]
    pace = rng.uniform(0.8, 1.25, size=(n_samples, 1, 1)).astype(np.float32)
    start = rng.uniform(0, 2 * np.pi, size=(n_samples, 1, 1)).astype(np.float32)
    signal = np.sin(frequency.astype(np.float32)[y] * pace * steps + start)
    return signal + 2 * rng.standard_normal(signal.shape, dtype=np.float32), y


def parts(n_samples, n_channels):
    """Yield the parts one after the other."""
    for number, start in enumerate(range(0, n_samples, PART)):
        yield make_part(number, min(PART, n_samples - start), n_channels)


def mapped(n_samples, n_channels, folder):
    """Write all sequences to a file, and map it; their classes."""
    shape = (n_samples, N_TIMESTEPS, n_channels)
    file = folder / "X.npy"
    X = np.lib.format.open_memmap(file, mode="w+", dtype=np.float32, shape=shape)
    y = np.empty(n_samples, dtype=int)
    for i, (part, labels) in enumerate(parts(n_samples, n_channels)):
        X[i * PART : i * PART + len(part)], y[i * PART : i * PART + len(part)] = part, labels
    X.flush()
    del X
    return np.load(file, mmap_mode="r"), y


def fit_at_once(n_samples, n_channels, folder):
    """Fit to a file that is mapped."""
    X, y = mapped(n_samples, n_channels, folder)
    yield
    yield LSMClassifier(random_state=0, n_jobs=-1).fit(X, y)


def fit_parts(n_samples, n_channels, folder):
    """Fit to parts that are made as they are needed."""
    yield
    lsm = LSMClassifier(random_state=0, n_jobs=-1)
    for X, y in parts(n_samples, n_channels):
        lsm.partial_fit(X, y, classes=range(N_CLASSES))
    lsm.predict(X[:1])  # the model is computed when it is first asked for
    yield lsm


def fit_on_a_cluster(n_samples, n_channels, folder, n_workers=2):
    """Fit to parts that Dask's workers, processes of one thread, make."""
    import dask
    from distributed import Client, LocalCluster

    from skliquid.dask import DaskLSMClassifier

    made = dask.delayed(make_part, nout=2)
    sizes = [min(PART, n_samples - start) for start in range(0, n_samples, PART)]
    X, y = zip(*(made(i, size, n_channels) for i, size in enumerate(sizes)), strict=True)
    options = {"threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(n_workers=n_workers, **options) as cluster, Client(cluster):
        yield
        lsm = DaskLSMClassifier(random_state=0).fit(list(X), list(y))
        yield lsm.to_local()


def fit_on_one_worker(n_samples, n_channels, folder):
    """Do the same on one worker."""
    return fit_on_a_cluster(n_samples, n_channels, folder, n_workers=1)


def fit_eigenvectors(n_samples, n_channels, folder):
    """Scikit-learn's readout on all features of the same liquid."""
    from sklearn.linear_model import RidgeClassifierCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    X, y = mapped(n_samples, n_channels, folder)
    liquid = LiquidTransformer(random_state=0, n_jobs=-1)
    scalers = MinMaxScaler(clip=True), StandardScaler()
    yield
    yield make_pipeline(liquid, *scalers, RidgeClassifierCV(np.logspace(-2, 5, 8))).fit(X, y)


def fit_minirocket(n_samples, n_channels, folder):
    """MiniRocket, whose arrays have channels before time steps."""
    from aeon.classification.convolution_based import MiniRocketClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    X, y = mapped(n_samples, n_channels, folder)
    turned = FunctionTransformer(lambda X: np.ascontiguousarray(np.transpose(X, (0, 2, 1))))
    make_pipeline(turned, MiniRocketClassifier(n_jobs=2)).fit(X[:50], y[:50])
    yield
    yield make_pipeline(turned, MiniRocketClassifier(n_jobs=2, random_state=0)).fit(X, y)


KINDS = {
    "fit, mapped file": fit_at_once,
    "partial_fit, parts made": fit_parts,
    "Dask, two workers": fit_on_a_cluster,
    "Dask, one worker": fit_on_one_worker,
    "RidgeClassifierCV, same liquid": fit_eigenvectors,
    "MiniRocketClassifier": fit_minirocket,
}


def run_once(kind, n_samples, n_channels):
    """Fit and predict once, and print seconds, megabytes and accuracy."""
    LSMClassifier(20, n_jobs=-1).fit(*make_part(0, 50, n_channels))
    with tempfile.TemporaryDirectory() as folder:
        fit = KINDS[kind](n_samples, n_channels, Path(folder))
        next(fit)
        # The peak so far, of imports and reading, must not hide the one that follows.
        Path("/proc/self/clear_refs").write_text("5")
        before, start = memory("VmRSS"), time.perf_counter()
        model = next(fit)
        seconds, peak = time.perf_counter() - start, memory("VmHWM") - before
        X, y = make_part(10**6, N_NEW, n_channels)
        start = time.perf_counter()
        accuracy = float(np.mean(model.predict(X) == y))
        result = {"fit": seconds, "predict": time.perf_counter() - start, "MB": peak}
        print(json.dumps(result | {"accuracy": accuracy}))


def measured(kind, n_samples, n_channels, timeout):
    """Result of `run_once` in a process of its own; None if it took too long."""
    run = [sys.executable, __file__, "--once", kind, str(n_samples), str(n_channels)]
    try:
        done = subprocess.run(run, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        print(f"{kind}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def measure(kinds, sizes, n_channels, timeout):
    """Print a table; results by kind, as lists of pairs of a size and what was measured."""
    print("| what | sequences | fit (s) | predict 2000 (s) | peak MB | accuracy |")
    print("|---|---|---|---|---|---|", flush=True)
    results = {}
    for kind in kinds:
        results[kind] = []
        for size in sizes:
            result = measured(kind, size, n_channels, timeout)
            if result is None:
                print(f"| {kind} | {size} | failed, or beyond {timeout:g} s |", flush=True)
                break
            results[kind].append((size, result))
            print(
                f"| {kind} | {size} | {result['fit']:.1f} | {result['predict']:.2f} | "
                f"{result['MB']:.0f} | {result['accuracy']:.3f} |",
                flush=True,
            )
    return results


def print_slopes(results):
    """Print how time grows: 1 is in proportion, 2 with the square."""
    for kind, rows in results.items():
        steps = [
            f"{n} to {m}: {np.log(b['fit'] / a['fit']) / np.log(m / n):.2f}"
            for (n, a), (m, b) in pairwise(rows)
        ]
        print(f"slope of {kind}: {', '.join(steps)}")


def save_figure(results, path):
    """Draw seconds and megabytes over the number of sequences."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    for (kind, rows), marker in zip(results.items(), "osD^vP", strict=False):
        for ax, key in zip(axes, ("fit", "MB"), strict=True):
            # What the workers hold is not seen from the process that waits for them.
            if rows and not (key == "MB" and kind.startswith("Dask")):
                sizes, values = zip(*((n, row[key]) for n, row in rows), strict=True)
                ax.plot(sizes, values, marker=marker, label=kind)
    for ax, label in zip(
        axes, ("seconds to fit", "peak memory above the input (MB)"), strict=True
    ):
        ax.set(xscale="log", yscale="log", xlabel="training sequences", ylabel=label)
        ax.grid(alpha=0.3)
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=150)
    print(f"figure saved as {path}")


def main():
    """Measure the kinds asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    sizes = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000]
    parser.add_argument("--sizes", type=int, nargs="+", default=sizes)
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--channels", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=1800, help="seconds of one run")
    parser.add_argument("--figure", default="scale.png", help="file of the figure")
    parser.add_argument("--once", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        kind, n_samples, n_channels = arguments.once
        run_once(kind, int(n_samples), int(n_channels))
        return
    print(f"{os.cpu_count()} cores, {N_TIMESTEPS} steps, {arguments.channels} channels")
    results = measure(arguments.kinds, arguments.sizes, arguments.channels, arguments.timeout)
    print_slopes(results)
    save_figure(results, arguments.figure)


if __name__ == "__main__":
    main()
