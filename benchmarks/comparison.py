"""Paired statistics of classifiers over sets, made from kept rows and published accuracies.

Prints every set's mean accuracies, and how one classifier does against each other on the sets that
both have: means, wins, draws and losses, Wilcoxon's signed-rank test (two-sided) with Holm's
correction (Demsar, Journal of Machine Learning Research 7, 2006), the worst gap and how many are
beyond 5 points, CPU seconds and their ratio; then mean ranks over the sets that all have. Saves
figures, and the tables that ``results`` keeps for the manual.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import figures
import numpy as np
import pandas as pd
import result_tables
from measuring import Rows
from resampling import test_part
from scipy.stats import wilcoxon

N_DECIMALS = 4  # of published accuracies; what is equal in these is a draw
FAR = 0.05  # below another on a set
PUBLISHED = "*"  # ends the names of classifiers that were not run here


def accuracies_of(rows, published=None):
    """Mean accuracy over runs, sets x classifiers; published ones beside them for these sets."""
    found = by_set(rows, "accuracy", "mean")
    if published:
        file, *names = published
        others = pd.read_csv(file, index_col=0)
        found = found.join(others[names or list(others)].add_suffix(PUBLISHED))
    return found.round(N_DECIMALS)


def seconds_of(rows):
    """Median CPU seconds over runs of fitting and predicting, sets x classifiers."""
    return sum(by_set(rows, f"{part}_cpu_seconds", "median") for part in ("fit", "predict"))


def by_set(rows, column, statistic):
    """A statistic over runs, sets x classifiers in the order in which they were run."""
    frame = pd.DataFrame(rows)
    return frame.pivot_table(column, "set", "classifier", statistic)[frame["classifier"].unique()]


def shared(rows, published=None):
    """The rows of the resamples that all classifiers of a set share; published is the first."""
    frame = pd.DataFrame(rows)
    if published:
        frame = frame[frame["resample"] == 0]
    n_here = frame.groupby(["set", "resample"])["classifier"].transform("nunique")
    return frame[n_here == frame.groupby("set")["classifier"].transform("nunique")]


def holm(p):
    """p-values by Holm's step-down correction, for p-values of one family."""
    order = np.argsort(p)
    steps = np.asarray(p)[order] * np.arange(len(p), 0, -1)
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return corrected


def against(one, other):
    """How one classifier does against another, from accuracies that share an index of sets."""
    gaps = (one - other).round(N_DECIMALS).dropna()
    same = not gaps.any()
    return {
        "sets": len(gaps),
        "mean": one[gaps.index].mean(),
        "its mean": other[gaps.index].mean(),
        "win": int((gaps > 0).sum()),
        "draw": int((gaps == 0).sum()),
        "loss": int((gaps < 0).sum()),
        "p": 1.0 if same else wilcoxon(gaps).pvalue,
        "worst": gaps.min(),
        "worst set": gaps.idxmin(),
        "far below": int((gaps < -FAR).sum()),
    }


def cost(seconds, one, other):
    """Seconds of two classifiers on the sets that both have, and their ratio."""
    if other not in seconds:
        return {}
    both = seconds[[one, other]].dropna().sum()
    return {"s": both[one], "its s": both[other], "times": both[one] / both[other]}


def paired(accuracies, seconds, pairs):
    """A row of statistics for each pair of names, corrected for their number."""
    rows = [against(accuracies[a], accuracies[b]) | cost(seconds, a, b) for a, b in pairs]
    found = pd.DataFrame(rows)
    found.insert(found.columns.get_loc("p") + 1, "Holm", holm(found["p"]))
    return found


def mean_ranks(accuracies):
    """Mean rank of each classifier, 1 is best, over the sets that all have; their number."""
    common = accuracies.dropna()
    return common.rank(axis=1, ascending=False).mean().sort_values(), len(common)


def save_tables(accuracies, seconds, n_channels, ours, folder):
    """Save one classifier against others, on sets of each kind, and its settings."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = result_tables.parts_of(accuracies, n_channels, ours)
    settings = [name for name in result_tables.settings_of(accuracies, ours) if name in seconds]
    for label, sets in parts.items():
        met = accuracies.loc[sets].drop(columns=settings).dropna(axis=1, how="all")
        found = paired(accuracies.loc[sets], seconds.loc[sets], [(ours, name) for name in met])
        rows = result_tables.rivals(found.set_axis(list(met)))
        rows.to_csv(folder / f"accuracy_{label.replace(' ', '_')}.csv")
    found = result_tables.settings(accuracies[settings], seconds[settings], parts)
    found.to_csv(folder / "accuracy_settings.csv")


def said(table, **options):
    """A table as text."""
    formats = {"p": "{:.2g}".format, "Holm": "{:.2g}".format, "worst": "{:+.3f}".format}
    formats |= dict.fromkeys(("s", "its s", "times"), "{:.4g}".format)
    return table.to_string(float_format="{:.4f}".format, na_rep="-", formatters=formats, **options)


def report(rows, arguments):
    """Print how a classifier, the first if none is named, does; save figures."""
    rows = shared(rows, arguments.published)
    accuracies, seconds = accuracies_of(rows, arguments.published), seconds_of(rows)
    ours = arguments.ours or accuracies.columns[0]
    print(f"\n{said(accuracies)}\n\n{ours}: mean over {accuracies[ours].count()} sets of each run")
    runs = rows[rows["classifier"] == ours].groupby(["resample", "seed"])["accuracy"]
    print(runs.mean().to_string(float_format="{:.4f}".format))
    met = accuracies[accuracies[ours].notna()].dropna(axis=1, how="all")
    others = [name for name in met if name != ours]
    if others:
        found = paired(met, seconds, [(ours, other) for other in others])
        print(f"\n{ours} against others ({PUBLISHED} published)\n{said(found.set_axis(others))}")
        ranks, n_sets = mean_ranks(met)
        print(f"\nmean ranks over {n_sets} sets\n{ranks.to_string(float_format='{:.2f}'.format)}")
    n_channels = rows.groupby("set")["n_channels"].first()[met.index]
    if arguments.tables and others:
        save_tables(met, seconds, n_channels, ours, arguments.tables)
    if arguments.figures:
        figures.save_all(met, seconds, n_channels, ours, arguments.figures)


def add_arguments(parser):
    """Arguments of what compares."""
    parser.add_argument(
        "--published",
        nargs="+",
        metavar=("FILE", "NAME"),
        help="accuracies, sets x classifiers (CSV), and names of classifiers if not all",
    )
    parser.add_argument("--ours", help="the classifier that is held against others; the first")
    parser.add_argument("--figures", type=Path, help="folder to save figures in")
    parser.add_argument("--tables", type=Path, help="folder to save tables in, as CSV")


def main():
    """Compare kept rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path, nargs="+", help="files of rows that were kept")
    parser.add_argument("--classifiers", nargs="*", metavar="NAME", help="names of the run; all")
    parser.add_argument("--sets", nargs="*", help="names of the sets; all")
    add_arguments(parser)
    arguments = parser.parse_args()
    rows = Rows(*arguments.rows)
    report(rows.of(arguments.classifiers, arguments.sets, test_part), arguments)


if __name__ == "__main__":
    main()
