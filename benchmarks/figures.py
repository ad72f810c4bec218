"""Figures of classifiers over sets: one against each other, ranks, accuracy against seconds."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.ticker import LogLocator, NullLocator
from result_tables import MOST_ACCURATE, parts_of, settings_of


def save_scatters(accuracies, ours, path):
    """Draw the accuracy of one classifier on every set against that of each other."""
    others = [name for name in accuracies if name != ours]
    n_rows, n_columns = -(-len(others) // 6), min(6, len(others))
    figure, axes = plt.subplots(
        n_rows,
        n_columns,
        figsize=(3.1 * n_columns, 3.3 * n_rows),
        layout="constrained",
        squeeze=False,
    )
    low = min(0.5, accuracies.min(axis=None) - 0.02)
    for ax, other in zip(axes.flat, others, strict=False):
        theirs, mine = accuracies[[other, ours]].dropna().to_numpy().T
        ax.plot([low, 1], [low, 1], color="0.6", linewidth=1)
        ax.scatter(theirs, mine, s=22, color="C0", alpha=0.8, zorder=2)
        counts = f"{(mine > theirs).sum()} better\n{(mine < theirs).sum()} worse "
        ax.text(1, low, counts, ha="right", va="bottom", fontsize=9)
        ax.set(xlabel=other, xlim=(low, 1.01), ylim=(low, 1.01), aspect="equal")
        ax.spines[["top", "right"]].set_visible(False)
    for ax in axes.flat[len(others) :]:
        ax.remove()
    axes[0, 0].set_ylabel(ours)
    figure.suptitle("Test accuracy, one point for each set", fontsize=11)
    save(figure, path)


def save_ranks(accuracies, ours, path):
    """Draw the critical-difference diagram over the sets that all have."""
    from aeon.visualisation import plot_critical_difference

    common = accuracies.dropna()
    if common.shape[1] < 3 or common.empty:  # Friedman's test needs three
        return
    figure, _ = plot_critical_difference(
        common.to_numpy(),
        list(common),
        highlight={ours: "C0"},
        alpha=0.05,
        width=9,
        textspace=2.5,
    )
    figure.suptitle(f"Mean rank over {len(common)} sets; a bar joins what no test tells apart")
    save(figure, path)


def save_budget(accuracies, seconds, n_channels, ours, path):
    """Draw mean accuracy against seconds, for sets of one channel and of several.

    Classifiers that were not run on all sets of a part are left out of it.
    """
    parts = parts_of(accuracies, n_channels, ours)
    figure, axes = plt.subplots(
        1, len(parts), figsize=(6 * len(parts), 6), layout="constrained", squeeze=False
    )
    for ax, (label, sets) in zip(axes[0], parts.items(), strict=True):
        draw_budget(ax, accuracies.loc[sets], seconds.loc[sets], ours)
        ax.set_title(f"{len(sets)} sets of {label}", fontsize=11)
        partly = seconds.columns[seconds.loc[sets].isna().any()]
        if len(partly):
            print(f"not run on all sets of {label}, so not drawn: {', '.join(partly)}")
    axes[0, 0].set_ylabel("mean test accuracy")
    save(figure, path)


def draw_budget(ax, accuracies, seconds, ours):
    """One part: a point for each classifier, a line through the settings of ours."""
    spent = seconds.dropna(axis=1).sum()
    reached = accuracies[spent.index].mean()
    family = spent[settings_of(spent.index, ours)].sort_values().index
    ax.plot(spent[family], reached[family], color="C0", linewidth=1)
    for name in spent.index:
        color, offset = ("C0", (6, -11)) if name in family else ("0.3", (6, 4))
        ax.scatter(spent[name], reached[name], s=28, color=color, zorder=2)
        ax.annotate(
            name,
            (spent[name], reached[name]),
            offset,
            textcoords="offset points",
            fontsize=9,
            color=color,
        )
    if MOST_ACCURATE in accuracies and accuracies[MOST_ACCURATE].notna().all():
        level = accuracies[MOST_ACCURATE].mean()
        ax.axhline(level, color="0.6", linestyle="--", linewidth=1)
        where = {"transform": ax.get_yaxis_transform(), "va": "bottom", "fontsize": 9}
        ax.text(0.01, level, "HIVE-COTE 2.0, published", **where)
    ax.set(xscale="log", xlabel="seconds of one thread, fit and predict, all sets")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_locator(NullLocator())
    ax.spines[["top", "right"]].set_visible(False)


def save_all(accuracies, seconds, n_channels, ours, folder):
    """Save the figures in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if accuracies.shape[1] > 1:
        save_scatters(accuracies, ours, folder / "accuracy.png")
        save_ranks(accuracies, ours, folder / "ranks.png")
    save_budget(accuracies, seconds, n_channels, ours, folder / "budget.png")


def save(figure, path):
    """Save a figure and say where."""
    figure.savefig(path, dpi=150, bbox_inches="tight")
    plt.close(figure)
    print(f"figure saved as {path}")
