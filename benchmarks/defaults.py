"""How the defaults were chosen, and what each part of the default liquid is worth.

``select`` compares settings around the defaults by cross-validation inside the training parts
of a folder of sets; test parts are never read. ``ablate`` switches each part of the default
liquid off, and each part that is off by default on, and prints mean test accuracies with the
spikes per neuron and step.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
from accuracy import mean_accuracy
from classifiers import lsm
from rivals import load_set
from sklearn.model_selection import StratifiedKFold

from skliquid import LiquidTransformer

DEFAULT_POOLING = LiquidTransformer().pooling
CANDIDATES = {
    "n_delays": [4, 5, 6, 9],
    "max_delay": ["50%", "100%", "200%"],
    "max_channels": [4, 9, 16],
    "encoder": ["current", "compression"],
    "scale_channels": [True, "common"],
    "target_rate": [(0.02, 0.3), (0.05, 0.5), (0.05, 0.8)],
    "input_scaling": [0.5, 1.0, 2.0, 4.0],
    "beta": [0.5, (0.04, 0.82), (0.2, 0.95)],
    "recurrent_fraction": [0.1, 0.25, 0.5, 1.0],
    "spectral_radius": [0.0, 0.5, 1.0, 2.0],
    "ei_balance": [None, 1.0],
    "reservoir_size": [500, 1000, 1500, 2000],
    "pooling": [
        ("counts",),
        ("counts", "bursts"),
        ("counts", "bursts", "rectified"),
        ("counts", "bursts", "longest_burst", "rectified"),
    ],
    "n_windows": [1, 2, (1, 2)],
    "bidirectional": [False, True],
    "adaptation": [0.0, 0.5],
}
PLAIN = {
    "connectivity": 0.1,
    "recurrent_fraction": 1.0,
    "spectral_radius": 0.9,
    "ei_balance": None,
    "beta": 0.5,
    "encoder": None,
    "scale_channels": True,
    "input_scaling": 1.0,
    "n_delays": 1,
    "max_channels": None,
    "target_rate": None,
}
ABLATIONS = {
    "default": {},
    "plain liquid, 500 neurons, counts": {**PLAIN, "reservoir_size": 500, "pooling": "counts"},
    "plain liquid": PLAIN,
    "no delays": {"n_delays": 1},
    "no homeostasis": {"target_rate": None},
    "one time constant (beta 0.5)": {"beta": 0.5},
    "every neuron hears all channels": {"max_channels": None},
    "channels scaled one by one": {"scale_channels": True},
    "no compression": {"encoder": None},
    "no recurrence": {"spectral_radius": 0.0},
    "all neurons recurrent": {"recurrent_fraction": 1.0},
    "no E/I balance": {"ei_balance": None},
    "pooling: no bursts": {"pooling": ("counts", "longest_burst", "rectified")},
    "pooling: no longest_burst": {"pooling": ("counts", "bursts", "rectified")},
    "pooling: no rectified": {"pooling": ("counts", "bursts", "longest_burst")},
    "pooling: counts alone": {"pooling": "counts"},
    "500 neurons": {"reservoir_size": 500},
    "+ 3000 neurons": {"reservoir_size": 3000},
    "+ counts in 1, 2 and 4 windows": {"n_windows": (1, 2, 4)},
    "+ first spikes": {
        "pooling": ("counts", "bursts", "longest_burst", "rectified", "first_spike")
    },
    "+ model space": {
        "pooling": ("counts", "bursts", "longest_burst", "rectified", "model_space"),
        "n_windows": 8,
    },
    "+ adaptation 0.5": {"adaptation": 0.5},
    "+ refractory 2 steps": {"refractory": 2},
    "+ derivative channels": {"derivative": True},
    "+ both directions": {"bidirectional": True, "reservoir_size": 750},
    "+ 3 liquids of 500": {"n_liquids": 3, "reservoir_size": 500},
    "+ relative time constants": {"relative_tau": (0.003, 0.05)},
    "encoder: population": {"encoder": "population"},
    "encoder: delta": {"encoder": "delta"},
    "encoder: bsa": {"encoder": "bsa"},
    "encoder: rate": {"encoder": "rate"},
}


def cross_validated(X, y, seed, parameters):
    """Mean accuracy over stratified folds of the training part."""
    n_folds = int(np.clip(np.unique(y, return_counts=True)[1].min(), 2, 5))
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    scores = []
    for train, held_out in folds.split(np.zeros(len(y)), y):
        predicted, _, _ = lsm(
            [X[i] for i in train], y[train], [X[i] for i in held_out], seed, **parameters
        )
        scores.append(np.mean(predicted == y[held_out]))
    return float(np.mean(scores))


def select(sets, seeds, names):
    """Print the cross-validated accuracy of each candidate, one parameter at a time."""
    defaults = LiquidTransformer().get_params()
    for name in names:
        for value in CANDIDATES[name]:
            scores = [
                np.mean([cross_validated(X, y, seed, {name: value}) for seed in range(seeds)])
                for X, y, _, _ in sets.values()
            ]
            mark = "  (default)" if value == defaults[name] else ""
            print(f"{name:<16} {value!s:<52} {np.mean(scores):.4f}{mark}", flush=True)


def ablate(sets, seeds, names):
    """Print mean test accuracy, time and spikes with each part off or on."""
    print(f"{'setting':<36} {'accuracy':>8} {'worst against default':>34} {'s':>6} {'spikes':>7}")
    default = {}
    for label in names:
        parameters = ABLATIONS[label]
        results = {
            name: [accuracy_row(data, seed, parameters) for seed in range(seeds)]
            for name, data in sets.items()
        }
        means = {name: np.mean(rows, axis=0)[0] for name, rows in results.items()}
        default = default or means
        worst = min(means, key=lambda name: means[name] - default[name])
        seconds = sum(np.median(np.array(rows)[:, 1]) for rows in results.values())
        print(
            f"{label:<36} {mean_accuracy(results):8.4f} "
            f"{means[worst] - default[worst]:+10.3f} {worst:<23} {seconds:6.1f} "
            f"{np.mean([spikes_per_step(X, parameters) for X, _, _, _ in sets.values()]):7.3f}",
            flush=True,
        )


def accuracy_row(data, seed, parameters):
    """Accuracy and seconds of one fit."""
    X, y, X_test, y_test = data
    predicted, fit_seconds, predict_seconds = lsm(X, y, X_test, seed, **parameters)
    return [float(np.mean(predicted == y_test)), fit_seconds + predict_seconds]


def spikes_per_step(X, parameters):
    """Spikes per neuron and time step on at most 50 training series."""
    X = X[:: max(len(X) // 50, 1)]
    transformer = LiquidTransformer(**{**parameters, "pooling": "rate"}, random_state=0)
    lengths = np.array([len(x) for x in X]) if "encoder" not in parameters else None
    return float(np.average(transformer.fit_transform(X).mean(axis=1), weights=lengths))


def main():
    """Run one of the two parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=["select", "ablate"])
    parser.add_argument("--data", type=Path, required=True, help="folder of sets (NAME.npz)")
    parser.add_argument("--sets", nargs="*", help="names of the sets; all of the folder")
    parser.add_argument("--only", nargs="*", help="parameters to select, or rows to ablate")
    parser.add_argument("--seeds", type=int, default=2)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    names = arguments.sets or sorted(path.stem for path in arguments.data.glob("*.npz"))
    sets = {name: load_set(arguments.data, name) for name in names}
    run, rows = {"select": (select, CANDIDATES), "ablate": (ablate, ABLATIONS)}[arguments.part]
    run(sets, arguments.seeds, arguments.only or list(rows))


if __name__ == "__main__":
    main()
