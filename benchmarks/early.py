"""Early classification: accuracy by the fraction seen, and what a chosen risk costs and saves.

For every set prints, for each risk, the share of the test sequences that is told wrong early but
right at the end, the accuracy, the earliness (mean fraction that was heard) and the harmonic mean
of accuracy and 1 - earliness; at will beside them the early classifiers of aeon, on sets of one
channel and one length. Saves a figure, with the accuracy after each tenth of the longest training
sequence by readouts of beginnings (EarlyLSMClassifier) and by the readout of whole sequences.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
from classifiers import padded
from rivals import load_set, versions

from skliquid import EarlyLSMClassifier, LSMClassifier
from skliquid.estimators._stopping import chosen

RISKS = (0.02, 0.05, 0.1)
N_PARTS = 10


def harmonic_mean(accuracy, earliness):
    """The field's one number (Schaefer and Leser, 2020)."""
    return 2 * accuracy * (1 - earliness) / (accuracy + 1 - earliness)


def measures(told, n_frames, X_test, y_test, at_the_end):
    """Lost, accuracy, earliness, harmonic mean."""
    is_right = told == y_test
    earliness = np.mean(n_frames / np.array([len(x) for x in X_test]))
    return [
        (at_the_end & ~is_right).mean(),
        is_right.mean(),
        earliness,
        harmonic_mean(is_right.mean(), earliness),
    ]


def given_beginnings(lsm, checkpoints, X_test, y_test):
    """Accuracies of the readout of whole sequences, and at last the accuracy of the whole."""
    stream, begin, accuracies = lsm.open_stream(len(X_test)), 0, []
    for end in [*checkpoints, max(map(len, X_test))]:
        stream.push([x[begin:end] for x in X_test])
        begin = end
        accuracies.append((stream.predict() == y_test).mean())
    return accuracies


def rule_at(early, risk, n_samples):
    """Have a fitted machine stop by another risk, on which nothing else of it depends."""
    n_held = n_samples if early.cv > 1 else int(np.ceil(early.cv * n_samples))
    lost = np.rint(np.nan_to_num(early.risks_, nan=1.0) * n_held)
    thresholds, level = early.candidate_thresholds_, early.confidence_level
    early.threshold_ = chosen(thresholds, lost, n_held, risk, level)
    return early


def ours(X, y, X_test, y_test, seed, cv):
    """Curves and what each risk gives, all by one fit; the machine does not depend on the risk."""
    start = time.perf_counter()
    machine = LSMClassifier(random_state=seed)
    early = EarlyLSMClassifier(machine, cv=cv, risk=RISKS[-1], random_state=seed).fit(X, y)
    seconds = time.perf_counter() - start
    fractions, accuracies = early.accuracy_curve(X_test, y_test)
    whole = given_beginnings(early.estimator_, early.checkpoints_, X_test, y_test)
    at_the_end = early.estimator_.predict(X_test) == y_test
    by_risk = {}
    for risk in RISKS:
        told, n_frames = rule_at(early, risk, len(y)).predict_early(X_test)
        by_risk[str(risk)] = measures(told, n_frames, X_test, y_test, at_the_end)
    curves = [fractions.tolist(), accuracies.tolist(), whole]
    return {"curves": curves, "by_risk": by_risk, "seconds": seconds}


def teaser(seed):
    """aeon's TEASER as it comes."""
    from aeon.classification.early_classification import TEASER

    return TEASER(random_state=seed)


def probability_threshold(seed):
    """aeon's threshold of 0.85 on the probabilities of its DrCIF, as it comes."""
    from aeon.classification.early_classification import ProbabilityThresholdEarlyClassifier

    return ProbabilityThresholdEarlyClassifier(random_state=seed)


RIVALS = {"TEASER": teaser, "ProbabilityThreshold": probability_threshold}


def rival(name, X, y, X_test, y_test, seed):
    """Measures of a classifier of aeon, which scores itself; what it loses it does not say."""
    train, test = padded(X, X_test)
    start = time.perf_counter()
    mean, accuracy, earliness = RIVALS[name](seed).fit(train, y).score(test, y_test)
    seconds = time.perf_counter() - start
    return {"by_risk": {"": [np.nan, accuracy, earliness, mean]}, "seconds": seconds}


def is_plain(X, X_test):
    """Tell whether aeon's early classifiers take a set."""
    return X[0].shape[1] == 1 and len({len(x) for x in [*X, *X_test]}) == 1


def report(set_name, name, result):
    """Print what was found."""
    for risk, (lost, accuracy, earliness, mean) in result["by_risk"].items():
        label = f"{name} {risk}"
        print(
            f"{set_name:<24} {label:<24} lost {lost:6.3f}  accuracy {accuracy:.3f}  earliness "
            f"{earliness:.3f}  harmonic mean {mean:.3f}  {result['seconds']:7.1f} s",
            flush=True,
        )


def summarise(results):
    """Means over the sets, and how often a risk was missed."""
    for name in dict.fromkeys(name for result in results.values() for name in result):
        with_it = [result[name] for result in results.values() if name in result]
        for risk in with_it[0]["by_risk"]:
            values = np.array([each["by_risk"][risk] for each in with_it])
            lost, accuracy, earliness, mean = values.mean(axis=0)
            line = f"{name + ' ' + risk:<24} {len(values):3d} sets  accuracy {accuracy:.3f}  "
            line += f"earliness {earliness:.3f}  harmonic mean {mean:.3f}"
            if risk:
                n_missed = (values[:, 0] > float(risk)).sum()
                n_waits = (values[:, 2] == 1).sum()
                line += f"  lost {lost:.3f}, above the risk on {n_missed}; {n_waits} wait"
            print(line)


def save_figure(results, path):
    """Draw the mean accuracy by the fraction seen, and accuracy by earliness at each risk."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    name = next(iter(next(iter(results.values()))))
    ours_only = [result[name] for result in results.values()]
    curves = np.array(
        [result["curves"] for result in ours_only if len(result["curves"][0]) == N_PARTS]
    )
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    fractions, accuracies, whole = curves.mean(axis=0)
    for curve in curves:
        left.plot(curve[0], curve[1], color="C0", alpha=0.15, linewidth=1)
    left.plot(fractions, accuracies, "o-", color="C0", label="readouts of beginnings")
    left.plot(fractions, whole, "o-", color="0.6", label="readout of whole sequences")
    left.set(xlabel="fraction seen", ylabel="test accuracy", xlim=(0, 1.02), ylim=(0, 1.02))
    left.set_title(f"Mean of {len(curves)} sets", loc="left")
    left.legend(loc="lower right", frameon=False)
    for i, risk in enumerate(RISKS):
        values = np.array([result["by_risk"][str(risk)] for result in ours_only])
        cost = np.array([result["curves"][1][-1] for result in ours_only]) - values[:, 1]
        right.scatter(values[:, 2], cost, s=18, color=f"C{i}", label=f"risk {risk:g}")
        right.axhline(risk, color=f"C{i}", linewidth=1, linestyle=":")
    right.set(xlabel="earliness: mean fraction heard", ylabel="accuracy lost", xlim=(0, 1.02))
    right.set_title("What not waiting costs on each set", loc="left")
    right.legend(loc="upper right", frameon=False)
    for ax in (left, right):
        ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)
    print(f"figure saved as {path}")


def main():
    """Measure the sets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of sets (NAME.npz)")
    parser.add_argument("--sets", nargs="*", help="names of the sets; all of the folder")
    parser.add_argument("--rivals", nargs="*", default=[], choices=list(RIVALS))
    parser.add_argument("--cv", type=float, default=5, help="folds, or the share held out")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--figure", default="early.png", help="file of the figure")
    parser.add_argument("--json", type=Path, help="file to keep the results in")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    print(versions(["skliquid", "numpy", "scikit-learn", "aeon"]))
    cv = int(arguments.cv) if arguments.cv > 1 else arguments.cv
    results = {}
    for set_name in arguments.sets or sorted(path.stem for path in arguments.data.glob("*.npz")):
        X, y, X_test, y_test = load_set(arguments.data, set_name)
        found = {"EarlyLSMClassifier": ours(X, y, X_test, y_test, arguments.seed, cv)}
        for name in arguments.rivals if is_plain(X, X_test) else []:
            found[name] = rival(name, X, y, X_test, y_test, arguments.seed)
        results[set_name] = found
        for name, result in found.items():
            report(set_name, name, result)
        if arguments.json:
            arguments.json.write_text(json.dumps(results))
    summarise(results)
    save_figure(results, arguments.figure)


if __name__ == "__main__":
    main()
