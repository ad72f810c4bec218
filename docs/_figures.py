"""Figures of the manual that are no examples: drawn as it is built, for light and dark pages."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import NullLocator

from skliquid import LSMClassifier
from skliquid.datasets import load_japanese_vowels
from skliquid.plotting import plot_raster

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"
# Text, what is ours, what is not: blue and orange, which all eyes tell apart.
THEMES = {
    "light": ("#222832", "#0072B2", "#B14A00"),
    "dark": ("#ced6dd", "#56B4E9", "#E69F00"),
}
# Settings in the figure, their labels, and where these stand from the point.
SETTINGS = {
    "LSMClassifier(500)": ("500 neurons", (4, -15), "left"),
    "LSMClassifier()": ("LSMClassifier()", (-5, 6), "right"),
    "LSMClassifier(2000)": ("2000", (0, 8), "center"),
    "LSMClassifier(1500, bidirectional=True)": ("both directions", (4, 6), "left"),
}
RIVALS = {
    "MiniRocket": (-7, 2, "right"),
    "Hydra": (0, -17, "center"),
    "MultiRocketHydra": (12, 8, "right"),
    "QUANT": (8, -4, "left"),
}


def save_all(folder):
    """Draw each figure for each kind of page."""
    folder.mkdir(exist_ok=True)
    heard = heard_and_answered()
    for theme, colours in THEMES.items():
        with plt.rc_context(style(colours[0])):
            figures = {"accuracy": draw_accuracy(*colours), "liquid": draw_liquid(*heard)}
            for name, figure in figures.items():
                path = folder / f"{name}_{theme}.svg"
                figure.savefig(path, transparent=True, metadata={"Date": None})
                plt.close(figure)


def style(text):
    """Settings of Matplotlib: one colour of text and axes, and the same file at every build."""
    parts = ["text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"]
    sizes = {"font.size": 10, "axes.titlesize": 10}
    return {**dict.fromkeys(parts, text), **sizes, "svg.hashsalt": "skliquid"}


def measured():
    """Mean accuracy and CPU seconds on the sets of one channel, ours and others."""
    ours = pd.read_csv(RESULTS / "accuracy_settings.csv", index_col=0)
    ours = ours[["one channel", "CPU seconds, one channel"]].set_axis(["accuracy", "s"], axis=1)
    others = pd.read_csv(RESULTS / "accuracy_one_channel.csv", index_col=0).loc[list(RIVALS)]
    seconds = others["times the seconds"] * ours.loc["LSMClassifier()", "s"]
    return ours.loc[list(SETTINGS)], others[["mean accuracy"]].assign(s=seconds)


def draw_accuracy(text, blue, orange):
    """Accuracy against seconds, a point for each classifier."""
    ours, others = measured()
    figure, ax = plt.subplots(figsize=(5.2, 2.4), layout="constrained")
    ax.plot(ours["s"], ours["accuracy"], "o-", color=blue, markersize=7)
    ax.plot(others["s"], others["mean accuracy"], "s", color=orange, markersize=7)
    for name, (label, offset, side) in SETTINGS.items():
        point = ours.loc[name, "s"], ours.loc[name, "accuracy"]
        weight = "bold" if label == "LSMClassifier()" else "normal"
        say(ax, label, point, offset, ha=side, color=blue, weight=weight)
    for name, (x, y, side) in RIVALS.items():
        point = others.loc[name, "s"], others.loc[name, "mean accuracy"]
        say(ax, name, point, (x, y), ha=side, color=orange)
    ax.set(xscale="log", xlim=(6, 700), ylim=(0.846, 0.911))
    ax.set(xlabel="CPU seconds to fit and predict all 34 sets", ylabel="mean accuracy")
    ax.set_xticks([10, 20, 50, 100, 200, 500], ["10", "20", "50", "100", "200", "500"])
    ax.set_yticks([0.85, 0.87, 0.89])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.grid(color=text, alpha=0.15)
    ax.spines[["top", "right"]].set_visible(False)
    return figure


def say(ax, label, point, offset, **options):
    """Write a label beside a point."""
    ax.annotate(label, point, offset, textcoords="offset points", **options)


def heard_and_answered():
    """The longest utterance of the test part, standardised, and the spikes of 100 neurons."""
    X, y, X_test, _ = load_japanese_vowels()
    utterance = max(X_test, key=len)
    frames = np.concatenate(X)
    liquid = LSMClassifier(random_state=0).fit(X, y).pipeline_["liquid"]
    spikes = liquid.spikes([utterance])[0]
    shown = np.linspace(0, spikes.shape[1] - 1, 100).astype(int)
    return (utterance - frames.mean(axis=0)) / frames.std(axis=0), spikes[:, shown]


def draw_liquid(utterance, spikes):
    """A sequence above, what the liquid makes of it below."""
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(5.2, 2.65), height_ratios=[1, 2.2], sharex=True, layout="constrained"
    )
    above.imshow(utterance.T, aspect="auto", origin="lower", cmap="RdBu_r", vmin=-3, vmax=3)
    above.set(ylabel="channel", title="What is heard")
    plot_raster(spikes, n_excitatory=int(0.8 * spikes.shape[1]), ax=below)
    below.get_legend().remove()
    below.set(title="What a hundred neurons answer")
    return figure
