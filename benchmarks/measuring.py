"""Runs classifiers over sets and keeps what came of it, a row for each run.

A run is one classifier on one resample of one set with one seed. Rows are kept as lines of JSON:
a run that has its row is not repeated, and statistics and figures are made of rows alone.
"""

from __future__ import annotations

import json
import time
from itertools import product
from pathlib import Path

import numpy as np
from classifiers import DETERMINISTIC, NotAffordableError
from rivals import load_set
from threadpoolctl import threadpool_limits

KEY = ("classifier", "set", "resample", "seed", "splits")


class Rows(list):
    """Rows of runs, each written to a file as it comes if there is one."""

    def __init__(self, *paths):
        kept = [path for path in paths if path and path.exists()]
        lines = (line for path in kept for line in path.read_text("utf-8").splitlines())
        super().__init__(map(json.loads, lines))
        self.path = paths[0] if paths else None

    def keys(self):
        """What tells each row's run from others."""
        return {tuple(row[part] for part in KEY) for row in self}

    def of(self, classifiers, sets, splits):
        """The rows of some classifiers and sets, or of all, judged by some splits."""
        return [
            row
            for row in self
            if row["splits"] == splits.__name__
            and (not classifiers or row["classifier"] in classifiers)
            and (not sets or row["set"] in sets)
        ]

    def add(self, row):
        """Append a row, and say and keep it."""
        self.append(row)
        print(
            f"{row['classifier']:<32} {row['set']:<30} {row['resample']:>2} {row['seed']:>2} "
            f"{row['accuracy']:.4f}   fit {row['fit_cpu_seconds']:8.2f} s   "
            f"predict {row['predict_cpu_seconds']:8.2f} s",
            flush=True,
        )
        if self.path:
            with self.path.open("a") as file:
                file.write(json.dumps(row) + "\n")


def clocks():
    """Seconds on the wall and of this process's work."""
    return np.array([time.perf_counter(), time.process_time()])


def run(prepare, X, y, X_test, y_test, seed):
    """Accuracy and seconds of one thread, of fitting and of predicting; those on the wall too."""
    classifier, X, X_test = prepare(X, X_test, seed)
    with threadpool_limits(1):
        start = clocks()
        classifier.fit(X, y)
        fitted = clocks()
        predicted = classifier.predict(X_test)
        end = clocks()
    return [np.mean(predicted == y_test), *(fitted - start), *(end - fitted)]


def mean_run(prepare, splits, seed):
    """Mean accuracy over splits, and the sums of their seconds."""
    found = np.array([run(prepare, *split, seed) for split in splits])
    fit, fit_cpu, predict, predict_cpu = found[:, 1:].sum(axis=0).tolist()
    return {
        "accuracy": float(found[:, 0].mean()),
        "fit_seconds": fit,
        "predict_seconds": predict,
        "fit_cpu_seconds": fit_cpu,
        "predict_cpu_seconds": predict_cpu,
    }


def warm_up(prepare):
    """Have a classifier compile what it compiles, for one channel and for several."""
    rng = np.random.default_rng(0)
    for n_channels in (1, 2):
        X = list(rng.normal(size=(20, 60, n_channels)))
        run(prepare, X, np.arange(20) % 2, X, np.arange(20) % 2, 0)


def measure(rows, name, sets, runs, splits, prepare):
    """Add the rows that a classifier lacks; ``runs`` are pairs of resample and seed.

    ``splits`` is a function of a set, a resample and a seed, such as those of ``resampling``.
    """
    kept = rows.keys()
    missing = [
        (set_name, resample, seed)
        for set_name, (resample, seed) in product(sets, runs)
        if (name, set_name, resample, seed, splits.__name__) not in kept
        and not (name in DETERMINISTIC and seed > 0)
    ]
    if missing:
        warm_up(prepare)
    for set_name, resample, seed in missing:
        data = sets[set_name]
        try:
            result = mean_run(prepare, splits(data, resample, seed), seed)
        except NotAffordableError:
            print(f"{name:<32} {set_name:<30} not affordable", flush=True)
            continue
        key = (name, set_name, resample, seed, splits.__name__)
        n_channels = data[0][0].shape[1]
        rows.add({**dict(zip(KEY, key, strict=True)), "n_channels": n_channels, **result})


def add_arguments(parser, seeds):
    """Arguments of what runs classifiers over sets."""
    parser.add_argument("--data", type=Path, required=True, help="folder of sets (NAME.npz)")
    parser.add_argument("--sets", nargs="*", help="names of the sets; all of the folder")
    parser.add_argument("--seeds", type=int, default=seeds, help="seeds of each resample")
    parser.add_argument("--resamples", type=int, default=1, help="the first is the official split")
    parser.add_argument("--json", type=Path, help="file that keeps the rows; they are not rerun")


def sets_and_runs(arguments):
    """The sets, and the pairs of resample and seed, that the arguments ask for."""
    names = arguments.sets or sorted(path.stem for path in arguments.data.glob("*.npz"))
    runs = list(product(range(arguments.resamples), range(arguments.seeds)))
    return {name: load_set(arguments.data, name) for name in names}, runs
