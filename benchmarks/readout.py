"""How fast the ridge readout is fitted, and in how much memory, against scikit-learn's.

Features are a liquid's, of noisy waves of 40 classes, put in a range and standardised as before
the readout. Each fit runs in a process of its own; those of both readouts take turns.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skliquid import LiquidTransformer, RidgeReadoutClassifier

ALPHAS = np.logspace(-2, 5, 8)
READOUTS = {
    "ours": lambda: RidgeReadoutClassifier(ALPHAS),
    "scikit-learn": lambda: RidgeClassifierCV(ALPHAS),
}
N_CLASSES, N_NEW = 40, 1000


def waves(n_samples, n_timesteps=60, n_channels=3):
    """Noisy waves, shape (n_samples, n_timesteps, n_channels), and their classes."""
    rng = np.random.default_rng(0)
    frequency = rng.uniform(1, 9, size=(N_CLASSES, 1, n_channels))
    phase = rng.uniform(0, 2 * np.pi, size=(N_CLASSES, 1, n_channels))
    y = np.arange(n_samples) % N_CLASSES
    pace = rng.uniform(0.8, 1.25, size=(n_samples, 1, 1))
    steps = np.linspace(0, 2 * np.pi, n_timesteps)[:, None]
    start = phase[y] + rng.normal(0, 0.5, size=(n_samples, 1, 1))
    signal = np.sin(frequency[y] * pace * steps + start)
    return signal + rng.normal(size=signal.shape), y


def save_features(folder, n_samples):
    """Save features and classes of all training sequences and of `N_NEW` others."""
    X, y = waves(n_samples + N_NEW)
    pipeline = make_pipeline(
        LiquidTransformer(random_state=0, n_jobs=-1), MinMaxScaler(clip=True), StandardScaler()
    ).fit(X[:n_samples])
    np.save(folder / "X.npy", np.asarray(pipeline.transform(X), dtype=np.float64))
    np.save(folder / "y.npy", y)


def memory(name):
    """Megabytes by a line of the process's status (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


def fit_once(folder, name, n_samples):
    """Fit one readout, and print seconds, memory, penalty and predictions."""
    features, y = np.load(folder / "X.npy", mmap_mode="r"), np.load(folder / "y.npy")
    X, X_new = np.array(features[:n_samples]), np.array(features[-N_NEW:])
    del features
    READOUTS[name]().fit(X[:50, :60], y[:50])
    # The peak so far, of imports and reading, must not hide the one that follows.
    Path("/proc/self/clear_refs").write_text("5")
    before, start = memory("VmRSS"), time.perf_counter()
    readout = READOUTS[name]().fit(X, y[:n_samples])
    seconds, peak = time.perf_counter() - start, memory("VmHWM") - before
    result = {"seconds": seconds, "peak": peak, "alpha": float(readout.alpha_)}
    print(json.dumps(result | {"predictions": readout.predict(X_new).tolist()}))


def measured(folder, name, n_samples):
    """Result of `fit_once` in a process of its own."""
    run = [sys.executable, __file__, "--once", str(folder), name, str(n_samples)]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def compare(folder, n_samples, repeats):
    """Print a row: median seconds of turns, peak memory, and whether both agree."""
    runs = {name: [] for name in READOUTS}
    for _ in range(repeats):
        for name, results in runs.items():
            results.append(measured(folder, name, n_samples))
    ours, theirs = runs.values()
    seconds = [np.median([run["seconds"] for run in results]) for results in (ours, theirs)]
    peaks = [max(run["peak"] for run in results) for results in (ours, theirs)]
    equal = np.mean(np.equal(ours[0]["predictions"], theirs[0]["predictions"]))
    print(
        f"| {n_samples} | {seconds[0]:.3f} | {seconds[1]:.3f} | {seconds[1] / seconds[0]:.1f} | "
        f"{peaks[0]:.0f} | {peaks[1]:.0f} | {ours[0]['alpha']:g} / {theirs[0]['alpha']:g} | "
        f"{equal:.4f} |",
        flush=True,
    )


def main():
    """Compare over numbers of samples."""
    parser = argparse.ArgumentParser(description=__doc__)
    sizes = [50, 200, 1000, 2000, 4000, 6000, 9600]
    parser.add_argument("--sizes", type=int, nargs="+", default=sizes)
    parser.add_argument("--once", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        folder, name, n_samples = arguments.once
        fit_once(Path(folder), name, int(n_samples))
        return
    print("| samples | seconds | scikit-learn | times faster | MB | its MB | alphas | same |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        save_features(Path(folder), max(arguments.sizes))
        for n_samples in arguments.sizes:
            compare(Path(folder), n_samples, 5 if n_samples <= 2000 else 1)


if __name__ == "__main__":
    main()
