"""What each kind of plasticity is worth: accuracies with it, and with none.

Sets of a folder and copies of spike templates, each with the default liquid, in which a quarter of
the neurons receive synapses, with one in which all do, and with the plain liquid, which hears the
past by its recurrence alone, where learning should count the most.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
from rivals import load_set
from settings import PLAIN

from skliquid import LSMClassifier
from skliquid.adaptation import Plasticity
from skliquid.datasets import make_spike_templates

NO_STDP = {"a_plus": 0.0, "a_minus": 0.0}
RULES = {
    "none": None,
    "STDP": Plasticity(scaling=0.0),
    "STDP, soft bounds": Plasticity(scaling=0.0, bounds="soft"),
    "STDP and scaling": Plasticity(),
    "STDP of 5 steps and scaling": Plasticity(tau_plus=5.0, tau_minus=5.0),
    "intrinsic": Plasticity(**NO_STDP, scaling=0.0, intrinsic=0.001),
    "all": Plasticity(intrinsic=0.001),
}
LIQUIDS = {
    "default": {},
    "all neurons recurrent": {"recurrent_fraction": 1.0},
    "plain liquid": PLAIN,
}
SETS = ["JapaneseVowels", "BasicMotions", "CricketY", "SwedishLeaf", "ERing", "ECG200"]


def templates(n_samples):
    """Copies of templates of so few trains that their numbers of spikes tell little."""
    X, y = make_spike_templates(3 * n_samples, 20, 3, rate=8.0, dt=0.005, random_state=0)
    return X[:n_samples], y[:n_samples], X[n_samples:], y[n_samples:]


def accuracies(data, parameters, n_seeds):
    """Accuracy on the test part with each seed."""
    X, y, X_test, y_test = data
    return [
        LSMClassifier(random_state=seed, **parameters).fit(X, y).score(X_test, y_test)
        for seed in range(n_seeds)
    ]


def main():
    """Print a row for each rule and liquid."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of sets")
    parser.add_argument("--sets", nargs="*", default=SETS)
    parser.add_argument("--size", type=int, default=1000, help="neurons")
    parser.add_argument("--samples", type=int, default=200, help="training copies of templates")
    parser.add_argument("--seeds", type=int, default=2)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    tasks = {"spike templates": templates(arguments.samples)}
    if arguments.data:
        tasks |= {name: load_set(arguments.data, name) for name in arguments.sets}
    for liquid, parameters in LIQUIDS.items():
        print(liquid, *tasks, "mean", sep="  ")
        for rule, plasticity in RULES.items():
            given = {"reservoir_size": arguments.size, "plasticity": plasticity, **parameters}
            means = [np.mean(accuracies(d, given, arguments.seeds)) for d in tasks.values()]
            row = "  ".join(f"{mean:.3f}" for mean in [*means, np.mean(means)])
            print(f"{rule:<30} {row}", flush=True)


if __name__ == "__main__":
    main()
