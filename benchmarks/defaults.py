"""How the defaults are chosen, and what each part of the default liquid is worth.

``select`` compares settings with the defaults by cross-validation inside the training parts of a
folder of sets and their resamples, over all sets together; test parts are never read. ``ablate``
switches each part of the default liquid off, and each part that is off by default on, and compares
by test parts, with the spikes per neuron and step.
"""

from __future__ import annotations

import argparse
import ast
import warnings

import numpy as np
from classifiers import lsm
from comparison import accuracies_of, paired, said, seconds_of
from measuring import Rows, add_arguments, measure, sets_and_runs
from resampling import test_part, training_folds
from settings import ABLATIONS, COMBINED, GRID

from skliquid import LiquidTransformer, LSMClassifier

DEFAULT = "default"
MOST_P = 0.05
RULE = (
    "The most accurate is kept of the candidates whose mean is above the default's, with p < {p}\n"
    "after Holm's correction, at no more than {times} times its seconds; if none is, the default."
)


def candidates(names, dictionaries):
    """Parameters of each candidate by its label; values that are the default's are left out."""
    defaults = LSMClassifier().get_params()
    single = {
        f"{name}={value!r}": {name: value}
        for name in names
        for value in GRID.get(name, ())
        if value != defaults[name]
    }
    combined = {name: COMBINED[name] for name in names if name in COMBINED}
    return single | combined | {text: ast.literal_eval(text) for text in dictionaries}


def compared(settings, arguments, splits):
    """Statistics of each setting against the default, a row for each."""
    sets, runs = sets_and_runs(arguments)
    rows = Rows(arguments.json)
    settings = {DEFAULT: {}} | settings
    for label, parameters in settings.items():
        measure(rows, label, sets, runs, splits, lsm(**parameters))
    rows = rows.of(settings, sets, splits)
    pairs = [(label, DEFAULT) for label in settings if label != DEFAULT]
    found = paired(accuracies_of(rows), seconds_of(rows), pairs)
    return found.set_axis([label for label, _ in pairs]), sets


def select(arguments):
    """Print how each candidate does against the default, and which is kept."""
    names = [*GRID, *COMBINED] if arguments.only is None else arguments.only
    settings = candidates(names, arguments.candidate)
    found, _ = compared(settings, arguments, training_folds)
    print(f"\neach setting against the default\n{said(found)}\n")
    print(RULE.format(p=MOST_P, times=arguments.most_times))
    print(f"Kept: {kept(found, arguments.most_times)}")


def kept(found, most_times):
    """The label that the rule keeps."""
    better = (found["mean"] > found["its mean"]) & (found["Holm"] < MOST_P)
    allowed = found[better & (found["times"] <= most_times)]
    return DEFAULT if allowed.empty else allowed["mean"].idxmax()


def ablate(arguments):
    """Print how each part, off or on, does against the default, with its spikes."""
    names = list(ABLATIONS) if arguments.only is None else arguments.only
    found, sets = compared({name: ABLATIONS[name] for name in names}, arguments, test_part)
    parameters = {DEFAULT: {}} | {name: ABLATIONS[name] for name in names}
    spikes = {
        name: np.mean([spikes_per_step(X, values) for X, _, _, _ in sets.values()])
        for name, values in parameters.items()
    }
    found["spikes"] = [spikes[name] for name in found.index]
    print(f"\neach setting against the default, which fires {spikes[DEFAULT]:.3f} spikes per step")
    print(said(found))


def spikes_per_step(X, parameters):
    """Spikes per neuron and time step on at most 50 training series."""
    X = X[:: max(len(X) // 50, 1)]
    asked = LSMClassifier(**{**parameters, "pooling": "rate"}, random_state=0).get_params()
    transformer = LiquidTransformer(
        **{name: asked[name] for name in LiquidTransformer().get_params()}
    )
    lengths = np.array([len(x) for x in X]) if "encoder" not in parameters else None
    return float(np.average(transformer.fit_transform(X).mean(axis=1), weights=lengths))


def main():
    """Run one of the two parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=["select", "ablate"])
    add_arguments(parser, seeds=2)
    parser.add_argument("--only", nargs="*", help="parameters to select, or rows to ablate")
    parser.add_argument(
        "--candidate", action="append", default=[], help="parameters as a dictionary"
    )
    parser.add_argument("--most-times", type=float, default=2.0, help="of the default's seconds")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    {"select": select, "ablate": ablate}[arguments.part](arguments)


if __name__ == "__main__":
    main()
