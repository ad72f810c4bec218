"""Hard use: the memory of long recordings, how soon an interrupt is heard, and a soak.

Each measurement is a process of its own, which first does the job in small, so that no kernel is
compiled and no library loaded while it is watched. Megabytes are its peak above what was held
before, the input included; seconds are from SIGINT, sent to the process in the middle of the job,
to its end.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from readout import memory

from skliquid import LiquidTransformer, LSMClassifier

N_CHANNELS, N_SOAKED, SOAK_STEP = 2, 10_000, 1_000


def recording(n_steps, n_samples=1, n_channels=N_CHANNELS):
    """Noise of shape (n_samples, n_steps, n_channels), float32."""
    return np.random.default_rng(0).standard_normal((n_samples, n_steps, n_channels), np.float32)


def labels(X):
    """Two classes in turn."""
    return np.arange(len(X)) % 2


def watched(work):
    """Seconds and peak megabytes of a piece of work, and what it returns."""
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
    before, start = memory("VmRSS"), time.perf_counter()
    result = work()
    return time.perf_counter() - start, memory("VmHWM") - before, result


def measure_memory(n_steps, kind):
    """Fit to one recording and transform it; print seconds and megabytes of both."""
    given = {"float32": np.float32, "float64": np.float64, "uint8": np.uint8}[kind]
    small, X = ((1 + recording(n)).astype(given) for n in (1_000, n_steps))
    LiquidTransformer(random_state=0).fit(small).transform(small)
    fit, fit_peak, liquid = watched(lambda: LiquidTransformer(random_state=0).fit(X))
    run, run_peak, _ = watched(lambda: liquid.transform(X))
    print(json.dumps([X.nbytes / 2**20, fit, fit_peak, run, run_peak]))


# What follows makes a job of a size: the data, and a function that does the work.


def fit_liquid(size):
    """Fit to one recording."""
    X = recording(size)
    return lambda: LiquidTransformer(random_state=0).fit(X)


def run_liquid(size, n_samples=1, **parameters):
    """Transform recordings by a liquid that was fitted to short ones."""
    X = recording(size, n_samples)
    liquid = LiquidTransformer(random_state=0, **parameters).fit(recording(500))
    return lambda: liquid.transform(X)


def push(size):
    """Push a recording into a live stream at once."""
    X = recording(size)
    stream = LiquidTransformer(random_state=0).fit(recording(500)).open_stream()
    return lambda: stream.push(X[0])


def fit_parts(size):
    """Fit a classifier to parts."""
    X = recording(200, 200)
    y = np.tile(labels(X), size)
    return lambda: LSMClassifier(random_state=0).fit((X for _ in range(size)), y)


def fit_ridge(size, n_features=6_000):
    """Fit a ridge readout to random features."""
    from skliquid.readouts._ridge import RidgeReadoutClassifier

    X = np.random.default_rng(0).standard_normal((size, n_features), np.float32)
    return lambda: RidgeReadoutClassifier().fit(X, np.arange(size) % 10)


def train_readout(size, **parameters):
    """Train a leaky readout, and the liquid with it where asked for."""
    X = recording(size, 64)
    lsm = LSMClassifier(200, readout="leaky_rate", random_state=0, **parameters)
    return lambda: lsm.fit(X, labels(X))


def search(size):
    """Search a grid in two processes of joblib."""
    from sklearn.model_selection import GridSearchCV

    X = recording(size, 40)
    grid = {"spectral_radius": [0.5, 1.0], "random_state": [0, 1]}
    return lambda: GridSearchCV(LSMClassifier(), grid, cv=2, n_jobs=2).fit(X, labels(X))


def draw_raster(size):
    """Keep every spike of recordings, and draw them."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from skliquid.plotting import plot_raster

    X = recording(size)
    liquid = LiquidTransformer(random_state=0).fit(recording(500))

    def draw():
        for _ in range(1 if size < 1_000 else 1_000):
            plot_raster(liquid.spikes(X)[0])
            plt.gcf().savefig(os.devnull, format="png")
            plt.close("all")

    return draw


# Job, a small size that makes everything ready, and one that takes long.
JOBS = {
    "homeostasis: fit, one recording": (fit_liquid, 1_000, 10**7),
    "transform, one recording, Numba": (run_liquid, 1_000, 10**7),
    "transform, a batch, two threads": (
        lambda size: run_liquid(size, 4, n_jobs=2),
        1_000,
        10**7 // 2,
    ),
    "transform, one recording, NumPy": (
        lambda size: run_liquid(size, engine="numpy"),
        1_000,
        10**7,
    ),
    "transform, a batch, MLX on a CPU": (
        lambda size: run_liquid(size, 200, engine="mlx"),
        10,
        10**4,
    ),
    "transform, rate cells": (lambda size: run_liquid(size, 100, cell="gru"), 100, 10**5),
    "live stream, one push": (push, 1_000, 10**7),
    "fit in parts": (fit_parts, 2, 2_000),
    "ridge, more samples than features": (fit_ridge, 300, 40_000),
    "ridge, more features than samples": (
        lambda size: fit_ridge(size, 2 * size),
        300,
        15_000,
    ),
    "leaky readout, training": (train_readout, 20, 1_000),
    "liquid, back-propagation": (
        lambda size: train_readout(size, train_reservoir=True),
        20,
        200,
    ),
    "grid search, two processes": (search, 50, 100_000),
    "spikes and raster": (draw_raster, 200, 200_000),
}


def be_interrupted(name):
    """Do a job in small, say so, and do it in large."""
    make, small, large = JOBS[name]
    make(small)()
    work = make(large)
    print("ready", flush=True)
    work()


def seconds_to_prompt(name, delay):
    """Seconds from SIGINT, some time after a job has begun, to the end of its process."""
    run = [sys.executable, __file__, "--job", name]
    with subprocess.Popen(
        run, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, text=True
    ) as process:
        try:
            if process.stdout.readline() != "ready\n":
                return "failed: " + process.stderr.read().strip().splitlines()[-1]
            time.sleep(delay)
            if process.poll() is not None:
                return "ended before"
            start = time.perf_counter()
            process.send_signal(signal.SIGINT)
            process.wait(120)
            seconds = time.perf_counter() - start
            last = process.stderr.read().strip().splitlines()[-1]
            return seconds if "KeyboardInterrupt" in last else f"{seconds:.2f}, {last}"
        except subprocess.TimeoutExpired:
            return "beyond 120"
        finally:
            if process.poll() is None:
                process.kill()


def soak(n_fits):
    """Fit and predict small data over and over, and print the memory that is held."""
    X = np.random.default_rng(0).standard_normal((20, 30, 2))
    y = labels(X)
    print("| fits and predictions | held (MB) |\n|---|---|", flush=True)
    for i in range(n_fits + 1):
        if i % SOAK_STEP == 0:
            print(f"| {i} | {memory('VmRSS'):.1f} |", flush=True)
        LSMClassifier(50, random_state=i).fit(X, y).predict(X)


def print_memory(sizes, kinds):
    """Print the table of memory."""
    print("| steps | input | MB of it | fit (s) | MB above | transform (s) | MB above |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for size in sizes:
        for kind in kinds:
            run = [sys.executable, __file__, "--measure", str(size), kind]
            done = subprocess.run(run, capture_output=True, text=True, check=True)
            mb, fit, peak, transform, run_peak = json.loads(done.stdout.splitlines()[-1])
            print(
                f"| {size} | {kind} | {mb:.0f} | {fit:.2f} | {peak:.0f} | {transform:.2f} | "
                f"{run_peak:.0f} |",
                flush=True,
            )


def print_interrupts(names, delays):
    """Print the table of interrupts, the longest of several."""
    print(f"| job | seconds from SIGINT to the prompt, after {delays} s |\n|---|---|", flush=True)
    for name in names:
        took = [seconds_to_prompt(name, delay) for delay in delays]
        shown = ", ".join(each if isinstance(each, str) else f"{each:.2f}" for each in took)
        print(f"| {name} | {shown} |", flush=True)


def main():
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="*", default=["memory", "interrupts"])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10**5, 10**6, 10**7])
    parser.add_argument("--inputs", nargs="+", default=["float32", "float64", "uint8"])
    parser.add_argument("--jobs", nargs="+", choices=list(JOBS), default=list(JOBS))
    parser.add_argument("--delays", type=float, nargs="+", default=[1.0, 3.0, 6.5])
    parser.add_argument("--fits", type=int, default=N_SOAKED, help="of the soak")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--job", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure_memory(int(arguments.measure[0]), arguments.measure[1])
    elif arguments.job:
        be_interrupted(arguments.job)
    if arguments.measure or arguments.job:
        return
    if "memory" in arguments.what:
        print_memory(arguments.sizes, arguments.inputs)
    if "interrupts" in arguments.what:
        print_interrupts(arguments.jobs, arguments.delays)
    if "soak" in arguments.what:
        soak(arguments.fits)


if __name__ == "__main__":
    main()
