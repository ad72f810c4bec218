"""How good the probabilities of the default classifier are, against calibration by refitting.

Every set's features are those of one default liquid. On them the ridge readout, whose temperature
comes from its own leave-one-out scores, is held against scikit-learn's RidgeClassifierCV inside a
CalibratedClassifierCV, of as many folds as the rarest class has samples, up to five. Prints for
every set and method the mean over seeds of log loss, expected calibration error, accuracy and the
seconds of fitting.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
from rivals import load_set, versions
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import RidgeClassifierCV
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skliquid import LiquidTransformer, RidgeReadoutClassifier

OURS, RIVALS = "leave-one-out", ("temperature", "sigmoid", "isotonic")
N_FOLDS, N_BINS = 5, 15


def folds_of(y):
    """Number of folds that all hold every class."""
    return min(N_FOLDS, np.unique(y, return_counts=True)[1].min())


def calibrated(method, y):
    """scikit-learn's ridge on what the readout is made of; None where a class has one sample."""
    if folds_of(y) < 2:
        return None
    ridge = make_pipeline(
        MinMaxScaler(clip=True), StandardScaler(), RidgeClassifierCV(np.logspace(-2, 5, 8))
    )
    folds = StratifiedKFold(folds_of(y), shuffle=True, random_state=0)
    return CalibratedClassifierCV(ridge, method=method, cv=folds)


def calibration_error(probabilities, is_right):
    """Expected calibration error of the top class in bins of equal width (Guo et al., 2017)."""
    confidence = probabilities.max(axis=1)
    place = np.minimum((N_BINS * confidence).astype(int), N_BINS - 1)
    return np.abs(np.bincount(place, confidence - is_right, N_BINS)).sum() / len(confidence)


def measured(classifier, X, y, X_test, y_test):
    """Measures of a classifier."""
    start = time.perf_counter()
    classifier.fit(X, y)
    seconds = time.perf_counter() - start
    found = classifier.predict_proba(X_test)
    is_right = classifier.predict(X_test) == y_test
    loss = log_loss(y_test, found, labels=classifier.classes_)
    return [loss, calibration_error(found, is_right), is_right.mean(), seconds]


def measure(X, y, X_test, y_test, seed):
    """Measures of every method that can be fitted to a set."""
    liquid = LiquidTransformer(random_state=seed).fit(X)
    train, test = (np.asarray(liquid.transform(part), np.float64) for part in (X, X_test))
    methods = {OURS: RidgeReadoutClassifier(standardize=True, limit=True)}
    methods |= {name: calibrated(name, y) for name in RIVALS}
    return {
        name: measured(method, train, y, test, y_test)
        for name, method in methods.items()
        if method is not None
    }


def compare(results):
    """Print means over the sets that allow all methods, and on how many ours is the better."""
    common = [result for result in results.values() if len(result) == 1 + len(RIVALS)]
    print(f"\nmeans over {len(common)} of {len(results)} sets")
    ours = np.array([result[OURS] for result in common])
    for method in (OURS, *RIVALS):
        theirs = np.array([result[method] for result in common])
        loss, error, accuracy = theirs.mean(axis=0)[:3]
        line = f"{method:<16} {loss:8.4f} {error:8.4f} {accuracy:8.4f}"
        if method != OURS:
            n_less = (ours < theirs)[:, :2].sum(axis=0)
            ratio = np.median(theirs[:, 3] / ours[:, 3])
            line += f"   {OURS} less on {n_less[0]} and {n_less[1]}; {ratio:.1f} times its seconds"
        print(line)


def main():
    """Measure all methods on all sets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of sets (NAME.npz)")
    parser.add_argument("--sets", nargs="*", help="names of the sets; all of the folder")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="file to keep the results in")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    print(versions(["skliquid", "numpy", "scipy", "scikit-learn"]))
    print(f"{'':<45} log loss  c. error accuracy  seconds")
    results, rarer = {}, set()
    for name in arguments.sets or sorted(path.stem for path in arguments.data.glob("*.npz")):
        parts = load_set(arguments.data, name)
        rarer |= {name} if folds_of(parts[1]) < N_FOLDS else set()
        runs = [measure(*parts, seed) for seed in range(arguments.seeds)]
        results[name] = {
            method: np.mean([run[method] for run in runs], axis=0).tolist() for method in runs[0]
        }
        for method, values in results[name].items():
            print(f"{name:<28} {method:<16}", *(f"{value:8.4f}" for value in values), flush=True)
        if arguments.json:
            arguments.json.write_text(json.dumps(results))
    compare(results)
    print(f"\nof which every class has {N_FOLDS} samples or more:")
    compare({name: result for name, result in results.items() if name not in rarer})


if __name__ == "__main__":
    main()
