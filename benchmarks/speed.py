"""How fast the liquid runs: against rivals, against itself, and against the machine's limit.

Prints a table and saves a figure. Every row is a ratio of medians measured in turns in one run.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from rivals import RIVALS, dense_numpy, limit_seconds, load_set, minirocket_seconds, versions

from skliquid import LSMClassifier
from skliquid.engines import Runner
from skliquid.pooling import make_plan
from skliquid.reservoirs import draw_liquid
from skliquid.sequences import as_sequences

PLAN = make_plan("rate", 1, 1.0)
# Seconds: long enough for the threads of the function before to stop waiting for work.
PAUSE = 0.3
TURN = 0.25


def medians(functions, repeats=5):
    """Median seconds of several functions that take turns, after one unmeasured call each.

    In its turn a function runs for a quarter of a second at least, so that a short one is not
    measured while the machine wakes up.
    """
    for function in functions:
        function()
    times = [[] for _ in functions]
    for _ in range(repeats):
        for function, seconds in zip(functions, times, strict=True):
            time.sleep(PAUSE)
            n_calls, start = 0, time.perf_counter()
            while time.perf_counter() - start < TURN:
                function()
                n_calls += 1
            seconds.append((time.perf_counter() - start) / n_calls)
    return [float(np.median(seconds)) for seconds in times]


def liquid_with_rate(n, p, rate, n_channels=3):
    """A liquid whose neurons fire at about this rate on white noise, by its input scaling."""
    X = np.random.default_rng(1).normal(size=(16, 60, n_channels)).astype(np.float32)
    low, high = 0.02, 20.0
    for _ in range(14):
        scaling = (low * high) ** 0.5
        liquid = draw_liquid(n_channels, n, connectivity=p, input_scaling=scaling, seed=0)
        low, high = (low, scaling) if dense_numpy(liquid, X).mean() > rate else (scaling, high)
    return liquid


def engine(liquid, X, n_jobs, plan=PLAN):
    """Our engine, ready to be called."""
    sequences, runner = as_sequences(X), Runner(liquid, plan, "numba", n_jobs)

    def run():
        for samples in runner.batches(sequences):
            runner.features(sequences, samples)

    return run


def noise(n_samples, n_timesteps, n_channels=3):
    """White noise, shape (n_samples, n_timesteps, n_channels)."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(n_samples, n_timesteps, n_channels)).astype(np.float32)


class Table:
    """Rows of workload, rival, ratio and target."""

    def __init__(self):
        self.rows = []

    def add(self, workload, rival, ratio, target, detail=""):
        """Print and keep one row."""
        self.rows.append((workload, rival, ratio, target))
        met = "" if target is None else ("met" if ratio >= target else "MISSED")
        goal = "" if target is None else f">= {target:g}x"
        print(f"{workload:<44} {rival:<26} {ratio:8.2f}x {goal:>9} {met:<7}{detail}", flush=True)


def against_dense(table):
    """The dense NumPy loop, at several rates and sizes."""
    cases = [
        (1000, 0.1, 256, 0.03, 15),
        (1000, 0.1, 256, 0.14, 4.5),
        (1000, 0.1, 256, 0.25, 2.5),
        (4000, 0.05, 64, 0.03, 40),
    ]
    for n, p, n_samples, rate, target in cases:
        liquid, X = liquid_with_rate(n, p, rate), noise(n_samples, 100)
        dense, ours = medians([lambda: dense_numpy(liquid, X), engine(liquid, X, -1)])  # noqa: B023
        measured = dense_numpy(liquid, X).mean()
        table.add(
            f"{n_samples} x 100 steps, N={n}, p={p}, rate {measured:.3f}",
            "dense NumPy",
            dense / ours,
            target,
            f"{dense:.3f} s / {ours:.4f} s",
        )
    liquid, X = liquid_with_rate(500, 0.1, 0.03), noise(1, 1000)
    dense, ours = medians([lambda: dense_numpy(liquid, X), engine(liquid, X, 1)])
    table.add("1 x 1000 steps, N=500 (latency)", "dense NumPy", dense / ours, 5)


def against_libraries(table):
    """Loops over time in other libraries, with the same weights."""
    liquid, X = liquid_with_rate(1000, 0.1, 0.03), noise(256, 100)
    targets = {"MLX loop, CPU": 400, "snnTorch RLeaky loop": 15}
    for name, make in RIVALS.items():
        try:
            rival, share = make(liquid, X)
        except ImportError as error:
            print(f"{'256 x 100 steps, N=1000':<44} {name:<26} not installed ({error.name})")
            continue
        theirs, ours = medians([rival, engine(liquid, X, -1)], repeats=3)
        table.add("256 x 100 steps, N=1000", name, theirs / share / ours, targets.get(name))


def against_itself(table):
    """Threads, and how time grows with the work."""
    liquid = liquid_with_rate(1000, 0.1, 0.03)
    one, two = medians([engine(liquid, noise(1024, 100), jobs) for jobs in (1, 2)])
    table.add("1024 x 100 steps, N=1000", "1 thread", one / two, 1.8)
    base, samples, steps = medians(
        [engine(liquid, noise(*shape), 1) for shape in ((512, 200), (1024, 200), (512, 400))]
    )
    table.add("sequences x 2 (2 is linear)", "itself", samples / base, None)
    table.add("steps x 2 (2 is linear)", "itself", steps / base, None)


def against_the_limit(table):
    """The least traffic that the spikes demand, at the bandwidth that a probe measures."""
    liquid, X = liquid_with_rate(1000, 0.1, 0.03), noise(256, 100)
    (ours,) = medians([engine(liquid, X, 1)])
    limit, detail = limit_seconds(liquid, X)
    table.add(
        "256 x 100 steps, N=1000 (below 2x is near)",
        "limit of the machine",
        ours / limit,
        None,
        detail,
    )


def peak_memory(table):
    """Memory above input and output of a large transform, in a process of its own (Linux)."""
    if not Path("/proc/self/clear_refs").exists():
        return
    code = (
        "import numpy as np, sys\n"
        "def memory(name):\n"
        "    lines = open('/proc/self/status').read().splitlines()\n"
        "    return int(next(x for x in lines if x.startswith(name)).split()[1]) / 1024\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from speed import Runner, PLAN, as_sequences, draw_liquid\n"
        "X = np.random.default_rng(0).standard_normal((20000, 200, 3), dtype=np.float32)\n"
        "out = np.ones((20000, 1000), np.float32)\n"
        "S = as_sequences(X); r = Runner(draw_liquid(3, 1000, seed=0), PLAN, 'numba', -1)\n"
        "r.features(S, np.arange(2))\n"
        # The peak so far, of imports and compilation, must not hide the one that follows.
        "open('/proc/self/clear_refs', 'w').write('5')\n"
        "before = memory('VmRSS')\n"
        "for b in r.batches(S): out[b] = r.features(S, b)\n"
        "print(memory('VmHWM') - before)\n"
    )
    folder = str(Path(__file__).parent)
    run = [sys.executable, "-c", code, folder]
    megabytes = float(subprocess.run(run, capture_output=True, text=True, check=True).stdout)
    print(
        f"{'20000 x 200 steps, N=1000: peak memory above':<44} {'input and output':<26} "
        f"{megabytes:8.0f} MB (target <= 300)"
    )


def set_up(table):
    """Seconds to draw large reservoirs, and of the first call after an install."""
    for topology in ("erdos_renyi", "small_world", "scale_free"):
        start = time.perf_counter()
        liquid = draw_liquid(3, 10_000, topology=topology, connectivity=0.01, seed=0)
        Runner(liquid, PLAN, "numba")
        print(f"draw N=10000, p=0.01, {topology}: {time.perf_counter() - start:.2f} s")
    code = (
        "import time, numpy as np\n"
        "from skliquid import LiquidTransformer as T\n"
        "X = np.zeros((2, 5, 1)); t = T(50, engine='numba', random_state=0)\n"
        "for _ in range(2):\n"
        "    s = time.perf_counter(); t.fit_transform(X); s -= time.perf_counter()\n"
        "    print(f'{-s:.3f}')\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        for cache in ("empty", "filled"):
            run = subprocess.run(
                [sys.executable, "-c", code],
                capture_output=True,
                text=True,
                check=True,
                env=os.environ | {"NUMBA_CACHE_DIR": folder},
            )
            print(f"first and second fit, {cache} cache: {', '.join(run.stdout.split())} s")


def end_to_end(table, folder):
    """Fit and predict on speech, at defaults."""
    for name in ("JapaneseVowels", "SpokenDigits"):
        X, y, X_test, y_test = load_set(folder, name)
        try:
            theirs, their_score = minirocket_seconds(X, y, X_test, y_test)
        except ImportError as error:
            print(f"{name:<44} MiniRocketClassifier       not installed ({error.name})")
            return
        times = []
        for _ in range(3):
            start = time.perf_counter()
            score = LSMClassifier(random_state=0).fit(X, y).score(X_test, y_test)
            times.append(time.perf_counter() - start)
        ours = float(np.median(times))
        table.add(
            f"{name}, fit + predict",
            "MiniRocketClassifier",
            theirs / ours,
            1,
            f"{theirs:.2f} s / {ours:.2f} s; accuracy {their_score:.3f} / {score:.3f}",
        )


def save_figure(table, path):
    """Draw the ratios with their targets."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = [row for row in table.rows if row[3] is not None][::-1]
    figure, ax = plt.subplots(figsize=(9, 0.45 * len(rows) + 1.2), layout="constrained")
    labels = [f"{workload}\nagainst {rival}" for workload, rival, _, _ in rows]
    ratios, targets = [row[2] for row in rows], [row[3] for row in rows]
    colours = ["C0" if r >= t else "C3" for r, t in zip(ratios, targets, strict=True)]
    ax.barh(range(len(rows)), ratios, color=colours)
    ax.plot(targets, range(len(rows)), "k|", markersize=16, markeredgewidth=2, label="target")
    for i, ratio in enumerate(ratios):
        ax.text(ratio, i, f" {ratio:.1f}x", va="center", fontsize=8)
    ax.set_yticks(range(len(rows)), labels, fontsize=7)
    ax.set(xscale="log", xlabel="times faster", xlim=(0.5, 3 * max(ratios)))
    ax.legend(loc="lower right")
    ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)
    print(f"figure saved as {path}")


def main():
    """Run all parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of benchmark sets (NAME.npz)")
    parser.add_argument("--figure", default="speed.png", help="file of the figure")
    arguments = parser.parse_args()
    packages = ["skliquid", "numpy", "numba", "mlx", "torch", "snntorch", "reservoirpy", "aeon"]
    print(f"{platform.machine()}, {os.cpu_count()} cores; {versions(packages)}")
    table = Table()
    against_dense(table)
    against_libraries(table)
    against_itself(table)
    against_the_limit(table)
    if arguments.data:
        end_to_end(table, arguments.data)
    peak_memory(table)
    set_up(table)
    save_figure(table, arguments.figure)


if __name__ == "__main__":
    main()
