"""How accurate the classifier is, and in what time, against others over a folder of sets.

Fits each classifier to the training part of every set and resample, in one thread, and predicts
the test part; then compares as ``comparison.py`` does, which makes the same of kept rows.
"""

from __future__ import annotations

import argparse
import warnings

import comparison
import measuring
from classifiers import CLASSIFIERS
from measuring import Rows, measure
from resampling import test_part
from rivals import versions

PACKAGES = ["skliquid", "numpy", "scikit-learn", "aeon", "reservoirpy", "reservoir-computing"]


def main():
    """Measure the classifiers that are installed."""
    parser = argparse.ArgumentParser(description=__doc__)
    measuring.add_arguments(parser, seeds=5)
    comparison.add_arguments(parser)
    names = list(CLASSIFIERS)
    parser.add_argument("--classifiers", nargs="*", default=names, choices=names, metavar="NAME")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    print(versions(PACKAGES))
    sets, runs = measuring.sets_and_runs(arguments)
    rows = Rows(arguments.json)
    for name in arguments.classifiers:
        try:
            measure(rows, name, sets, runs, test_part, CLASSIFIERS[name])
        except ImportError as error:
            print(f"{name}: not installed ({error.name})")
    comparison.report(rows.of(arguments.classifiers, sets, test_part), arguments)


if __name__ == "__main__":
    main()
