"""How fast the ridge readout is fitted, and in how much memory, against scikit-learn's.

Features are a liquid's, of noisy waves of 40 classes or of the sets of a folder, put in a range
and standardised as before the readout. Each fit runs in a process of its own; those of both
readouts take turns.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
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


def read(path):
    """Training and test sequences of a set, and their classes."""
    with np.load(path) as archive:
        for half in "ab":
            frames, offsets = archive[f"X{half}"], archive[f"o{half}"]
            yield [frames[i:j] for i, j in pairwise(offsets)]
            yield archive[f"y{half}"]


def save_features(folder, X, y, X_new):
    """Save features and classes of training sequences, and features of others."""
    pipeline = make_pipeline(
        LiquidTransformer(random_state=0, n_jobs=-1), MinMaxScaler(clip=True), StandardScaler()
    )
    np.save(folder / "X.npy", np.asarray(pipeline.fit_transform(X), dtype=np.float64))
    np.save(folder / "X_new.npy", np.asarray(pipeline.transform(X_new), dtype=np.float64))
    np.save(folder / "y.npy", y)


def memory(name):
    """Megabytes by a line of the process's status (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


def fit_once(folder, name, n_samples):
    """Fit one readout, and print seconds, memory, penalty and predictions."""
    features, y = np.load(folder / "X.npy", mmap_mode="r"), np.load(folder / "y.npy")
    X, X_new = np.array(features[:n_samples]), np.load(folder / "X_new.npy")
    del features
    # A fit of everything that follows for the first time, imports and threads.
    READOUTS[name]().fit(X[:, :60], y[:n_samples])
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


def compare(folder, name, n_samples, repeats):
    """Print a row: median seconds of turns, peak memory, and whether both agree."""
    runs = {name: [] for name in READOUTS}
    for _ in range(repeats):
        for readout, results in runs.items():
            results.append(measured(folder, readout, n_samples))
    ours, theirs = runs.values()
    seconds = [np.median([run["seconds"] for run in results]) for results in (ours, theirs)]
    peaks = [max(run["peak"] for run in results) for results in (ours, theirs)]
    equal = np.mean(np.equal(ours[0]["predictions"], theirs[0]["predictions"]))
    alphas = " / ".join(f"{results[0]['alpha']:g}" for results in (ours, theirs))
    print(
        f"| {name} | {n_samples} | {seconds[0]:.3f} | {seconds[1]:.3f} | "
        f"{seconds[1] / seconds[0]:.1f} | {peaks[0]:.0f} | {peaks[1]:.0f} | {alphas} | "
        f"{equal:.4f} |",
        flush=True,
    )


def compare_waves(folder, sizes, repeats):
    """Compare over numbers of samples."""
    X, y = waves(max(sizes) + N_NEW)
    save_features(folder, X[:-N_NEW], y[:-N_NEW], X[-N_NEW:])
    for n_samples in sizes:
        compare(folder, "waves", n_samples, repeats if n_samples <= 2000 else 1)


def compare_sets(folder, data, repeats):
    """Compare over the sets of a folder."""
    for path in sorted(data.glob("*.npz")):
        X, y, X_new, _ = read(path)
        save_features(folder, X, y, X_new)
        compare(folder, path.stem, len(X), repeats)


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    sizes = [50, 200, 1000, 2000, 4000, 6000, 9600]
    parser.add_argument("--sizes", type=int, nargs="*", default=sizes)
    parser.add_argument("--data", type=Path, help="folder of benchmark sets, each for a row")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--once", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        folder, name, n_samples = arguments.once
        fit_once(Path(folder), name, int(n_samples))
        return
    columns = (
        "features of|samples|seconds|scikit-learn|times faster|MB|its MB|alphas|same predictions"
    )
    print("| " + columns.replace("|", " | ") + " |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        if arguments.sizes:
            compare_waves(Path(folder), arguments.sizes, arguments.repeats)
        if arguments.data:
            compare_sets(Path(folder), arguments.data, arguments.repeats)


if __name__ == "__main__":
    main()
