"""How accurate the classifier is at its defaults, against others, over a folder of sets.

Prints, for every set and classifier, the mean test accuracy over seeds and its standard
deviation, and the seconds of fitting and predicting; saves a figure.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
from classifiers import CLASSIFIERS, DETERMINISTIC, NotAffordableError
from rivals import load_set, versions

from skliquid import LiquidTransformer

PACKAGES = ["skliquid", "numpy", "scikit-learn", "aeon", "reservoirpy", "reservoir-computing"]


def warm_up(name):
    """Have a classifier compile what it compiles, for one channel and for several."""
    rng = np.random.default_rng(0)
    for n_channels in (1, 2):
        X = list(rng.normal(size=(20, 60, n_channels)))
        CLASSIFIERS[name](X, np.arange(20) % 2, X, 0)


def measure(name, sets, seeds):
    """Accuracies, fit and predict seconds of a classifier on each set, a row for each seed."""
    results = {}
    for set_name, (X, y, X_test, y_test) in sets.items():
        rows = []
        for seed in range(1 if name in DETERMINISTIC else seeds):
            try:
                predicted, fit_seconds, predict_seconds = CLASSIFIERS[name](X, y, X_test, seed)
            except NotAffordableError:
                break
            rows.append([float(np.mean(predicted == y_test)), fit_seconds, predict_seconds])
        results[set_name] = rows
        print(f"{name:<14} {set_name:<24} {summary(rows)}", flush=True)
    return results


def summary(rows):
    """One line of a set's results."""
    if not rows:
        return "not affordable"
    accuracy, fit_seconds, predict_seconds = np.array(rows).T
    return (
        f"{accuracy.mean():.3f} +- {accuracy.std():.3f}   fit {np.median(fit_seconds):7.2f} s   "
        f"predict {np.median(predict_seconds):7.2f} s"
    )


def spikes_per_step(X):
    """Spikes per neuron and time step of the default liquid."""
    transformer = LiquidTransformer(pooling="rate", random_state=0)
    lengths = np.array([len(x) for x in X])
    return float(np.average(transformer.fit_transform(X).mean(axis=1), weights=lengths))


def print_table(results, spikes):
    """Mean accuracies, and what they come to."""
    names = list(results)
    print(f"\n{'mean accuracy':<24}", *(f"{name:>14}" for name in names), f"{'spikes/step':>12}")
    for set_name in spikes:
        cells = []
        for name in names:
            rows = results[name].get(set_name)
            cells.append(f"{np.mean(rows, axis=0)[0]:14.3f}" if rows else f"{'-':>14}")
        print(f"{set_name:<24}", *cells, f"{spikes[set_name]:12.3f}")
    complete = [name for name in names if all(results[name].get(s) for s in spikes)]
    for label, row in (("mean", mean_accuracy), ("fit + predict, s", total_seconds)):
        cells = [
            f"{row(results[name]):14.4g}" if name in complete else f"{'-':>14}" for name in names
        ]
        print(f"{label:<24}", *cells)


def mean_accuracy(result):
    """Mean over sets of the mean over seeds."""
    return float(np.mean([np.mean(rows, axis=0)[0] for rows in result.values()]))


def total_seconds(result):
    """Sum over sets of the median over seeds."""
    return float(sum(np.median(np.array(rows)[:, 1:].sum(axis=1)) for rows in result.values()))


def compare(results):
    """Print how the first classifier does on each set against each of the others."""
    ours, *others = results
    for other in others:
        gaps, ratios = {}, {}
        for set_name, rows in results[other].items():
            mine = results[ours].get(set_name)
            if rows and mine:
                gaps[set_name] = np.mean(mine, axis=0)[0] - np.mean(rows, axis=0)[0]
                seconds = [np.median(np.array(r)[:, 1:].sum(axis=1)) for r in (mine, rows)]
                ratios[set_name] = seconds[0] / seconds[1]
        if not gaps:
            continue
        worst, slowest = min(gaps, key=gaps.get), max(ratios, key=ratios.get)
        n_wins = sum(gap > 0 for gap in gaps.values())
        n_ties = sum(gap == 0 for gap in gaps.values())
        print(
            f"{ours} against {other}: better on {n_wins}, equal on {n_ties} of {len(gaps)} sets; "
            f"at worst {gaps[worst]:+.3f} ({worst}); at most {ratios[slowest]:.1f} times its "
            f"time ({slowest})"
        )


def save_figure(results, path):
    """Draw the accuracy on every set against that of each other classifier."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    ours, *others = results
    if not others:
        return
    figure, axes = plt.subplots(
        1, len(others), figsize=(3.1 * len(others), 3.4), layout="constrained", squeeze=False
    )
    for ax, other in zip(axes[0], others, strict=True):
        points = np.array(
            [
                [np.mean(rows, axis=0)[0], np.mean(results[ours][set_name], axis=0)[0]]
                for set_name, rows in results[other].items()
                if rows and results[ours].get(set_name)
            ]
        )
        low = min(0.5, points.min() - 0.02) if len(points) else 0.5
        ax.plot([low, 1], [low, 1], color="0.6", linewidth=1)
        if len(points):
            ax.scatter(*points.T, s=22, color="C0", alpha=0.8, zorder=2)
            wins = int((points[:, 1] > points[:, 0]).sum())
            losses = int((points[:, 1] < points[:, 0]).sum())
            counts = f"{wins} better\n{losses} worse "
            ax.text(1, low, counts, ha="right", va="bottom", fontsize=9)
        ax.set(xlabel=other, xlim=(low, 1.01), ylim=(low, 1.01), aspect="equal")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylabel(ours)
    figure.suptitle("Test accuracy, one point for each set", fontsize=11)
    figure.savefig(path, dpi=150)
    print(f"figure saved as {path}")


def main():
    """Measure the classifiers that are installed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of sets (NAME.npz)")
    parser.add_argument("--sets", nargs="*", help="names of the sets; all of the folder")
    parser.add_argument("--classifiers", nargs="*", default=list(CLASSIFIERS), metavar="NAME")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--figure", default="accuracy.png", help="file of the figure")
    parser.add_argument("--json", type=Path, help="file to keep the results in")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    print(versions(PACKAGES))
    names = arguments.sets or sorted(path.stem for path in arguments.data.glob("*.npz"))
    sets = {name: load_set(arguments.data, name) for name in names}
    results = {}
    for name in arguments.classifiers:
        try:
            warm_up(name)
        except ImportError as error:
            print(f"{name}: not installed ({error.name})")
            continue
        start = time.perf_counter()
        results[name] = measure(name, sets, arguments.seeds)
        print(f"{name}: {time.perf_counter() - start:.0f} s in all\n", flush=True)
        if arguments.json:
            arguments.json.write_text(json.dumps(results))
    print_table(results, {name: spikes_per_step(X) for name, (X, _, _, _) in sets.items()})
    compare(results)
    save_figure(results, arguments.figure)


if __name__ == "__main__":
    main()
