"""How long the measures of a liquid take, and what the look at its activity adds to a fit.

Prints seconds on the wall and the peak of the memory for each measure of `skliquid.diagnostics`,
of a spiking liquid and of one of rate cells. With a folder of sets it fits liquids and rate cells
of the default settings to all of them, and prints the warnings, of which there should be none.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
from rivals import load_set

from skliquid import LiquidTransformer, diagnostics
from skliquid.estimators import _activity

MEASURES = (
    diagnostics.memory_capacity,
    diagnostics.processing_capacity,
    diagnostics.kernel_rank,
    diagnostics.generalization_rank,
    diagnostics.separation,
    diagnostics.lyapunov_exponent,
    diagnostics.branching_ratio,
    diagnostics.firing_statistics,
)
OF_SPIKES = diagnostics.branching_ratio, diagnostics.firing_statistics
CELLS = "lif", "leaky", "vanilla", "gru"


def measured(function, *given, **settings):
    """Seconds and MB, and what came of it."""
    tracemalloc.start()
    start = time.perf_counter()
    found = function(*given, **settings)
    seconds, peak = time.perf_counter() - start, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return seconds, peak / 1e6, found


def table(n_neurons, X, y):
    print(f"{n_neurons} units{'':<22} seconds      MB")
    for cell in ("lif", "leaky"):
        liquid = LiquidTransformer(n_neurons, cell=cell, random_state=0).fit(X)
        for function in MEASURES:
            if cell != "lif" and function in OF_SPIKES:
                continue
            seconds, megabytes, found = measured(function, liquid)
            name = f"{function.__name__} ({cell})"
            print(f"{name:<30} {seconds:8.1f} {megabytes:8.0f}   {found!r:.80}", flush=True)
        seconds, megabytes, found = measured(diagnostics.separation_ratio, liquid, X, y)
        print(
            f"{f'separation_ratio ({cell})':<30} {seconds:8.1f} {megabytes:8.0f}   {found!r:.80}"
        )


def overhead(X, n_repeats=15):
    """Milliseconds of a fit, with and without the look, in turns."""
    looks = _activity.warn_of_activity, lambda *given: None
    from skliquid.estimators import _transformer

    for how in ("fit", "fit_transform"):
        seconds = np.zeros((n_repeats, 2))
        for row in seconds:
            for i, look in enumerate(looks):
                _transformer.warn_of_activity = look
                start = time.perf_counter()
                getattr(LiquidTransformer(random_state=0), how)(X)
                row[i] = time.perf_counter() - start
        _transformer.warn_of_activity = looks[0]
        looked, plain = 1e3 * np.median(seconds, axis=0)
        print(f"{how:<14} {looked:7.1f} ms with the look at the activity, {plain:7.1f} without")


def alarms(folder, names, n_training):
    n_fits = n_warnings = 0
    for name in names or sorted(path.stem for path in folder.glob("*.npz")):
        X = load_set(folder, name)[0]
        chosen = np.random.default_rng(0).permutation(len(X))[:n_training]
        for cell in CELLS:
            with warnings.catch_warnings(record=True) as raised:
                warnings.simplefilter("always", diagnostics.LiquidActivityWarning)
                LiquidTransformer(cell=cell, random_state=0).fit_transform([X[i] for i in chosen])
            told = [w for w in raised if w.category is diagnostics.LiquidActivityWarning]
            n_fits, n_warnings = n_fits + 1, n_warnings + len(told)
            for each in told:
                print(f"{name} {cell}: {each.message}", flush=True)
    print(f"{n_warnings} warnings of activity in {n_fits} fits")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=1500)
    parser.add_argument("--data", type=Path, help="folder of sets (NAME.npz)")
    parser.add_argument("--sets", nargs="*", help="names of the sets; all of the folder")
    parser.add_argument(
        "--training", type=int, default=50, help="most training sequences of a set"
    )
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 200, 1)).cumsum(axis=1), np.arange(200) % 4
    table(arguments.neurons, X, y)
    overhead(X)
    if arguments.data:
        alarms(arguments.data, arguments.sets, arguments.training)


if __name__ == "__main__":
    main()
