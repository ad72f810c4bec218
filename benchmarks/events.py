"""What sequences cost as events: time of a step, and memory, against the same ones dense.

Prints a table. Times are those of one thread's work, medians of turns that dense frames and events
take in one run; memory is the peak of a process of its own.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time

import numpy as np
from scipy import sparse

from skliquid import LiquidTransformer
from skliquid.sequences import as_sequences

# Sequences, steps, channels and fraction of bits set: a cochlea at 1 kHz, at several rates, long
# recordings, and digits of 700 channels.
CASES = [
    (20, 1000, 77, 0.02),
    (20, 1000, 77, 0.005),
    (1, 20_000, 77, 0.02),
    (200, 100, 700, 0.015),
]
LARGE = 8000, 100, 700, 0.015


def spikes(n_samples, n_timesteps, n_channels, density, seed=0):
    """Spike trains as sparse arrays, of bits that are set independently."""
    rng = np.random.default_rng(seed)
    shape = n_timesteps, n_channels
    return [
        sparse.random_array(shape, density=density, format="csr", dtype=np.float32, rng=rng).sign()
        for _ in range(n_samples)
    ]


def turns(functions, repeats):
    """Seconds of several functions that take turns, shape (repeats, n_functions)."""
    seconds = np.empty((repeats, len(functions)))
    for row in seconds:
        for i, function in enumerate(functions):
            start = time.process_time()
            function()
            row[i] = time.process_time() - start
    return seconds


def step_times(repeats):
    """Print microseconds of a step of `transform` on one thread, default liquid."""
    title = "sequences, steps, channels, density"
    print(f"{title:<40} {'dense':>8} {'events':>8} {'ratio':>7}  same bits")
    for case in CASES:
        trains = spikes(*case)
        events, dense = as_sequences(trains), as_sequences([x.toarray() for x in trains])
        liquid = LiquidTransformer(random_state=0, n_jobs=1).fit(events)
        is_same = (liquid.transform(events) == liquid.transform(dense)).all()
        functions = [lambda X=X, liquid=liquid: liquid.transform(X) for X in (dense, events)]
        times = 1e6 * turns(functions, repeats) / (case[0] * case[1])
        own, other = np.median(times, axis=0)[::-1]
        ratio = np.median(times[:, 0] / times[:, 1])
        print(f"{case!s:<40} {other:8.2f} {own:8.2f} {ratio:7.2f}  {is_same}", flush=True)


def megabytes():
    """Most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def transform_large(form):
    """Print the memory that the large collection takes in one form, and `transform` of it."""
    trains = spikes(*LARGE)
    liquid = LiquidTransformer(random_state=0).fit(trains[:200])
    liquid.transform(trains[:10])
    X = as_sequences(trains)
    del trains
    X = X if form == "events" else X.dense()
    start = time.perf_counter()
    liquid.transform(X)
    print(f"{form:<8} {megabytes():8.0f} MB   {time.perf_counter() - start:6.1f} s")


def main():
    """Print times, and memory, or the latter of one form alone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9, help="turns")
    parser.add_argument("--form", choices=["dense", "events"], help="memory of this form alone")
    arguments = parser.parse_args()
    if arguments.form:
        transform_large(arguments.form)
        return
    step_times(arguments.repeats)
    print(f"\n{LARGE}: peak memory of the process, and seconds of transform")
    for form in ("dense", "events"):
        subprocess.run([sys.executable, __file__, "--form", form], check=True)


if __name__ == "__main__":
    main()
