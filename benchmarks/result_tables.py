"""Tables of what was compared, as ``results`` keeps them for the manual."""

from __future__ import annotations

import pandas as pd

MOST_ACCURATE = "HC2*"  # HIVE-COTE 2.0, as published
# Columns of statistics of pairs, their names in a table, and how they are written.
STATISTICS = {
    "its mean": ("mean accuracy", "{:.4f}"),
    "win": ("better", "{}"),
    "draw": ("equal", "{}"),
    "loss": ("worse", "{}"),
    "p": ("p", "{:.2g}"),
    "Holm": ("p by Holm", "{:.2g}"),
    "worst": ("worst gap", "{:.3f}"),
    "worst set": ("on", "{}"),
    "far below": ("5 points below", "{}"),
    "times": ("times the seconds", "{:.2g}"),
}


def parts_of(accuracies, n_channels, ours):
    """Names of the sets of one channel, and of several.

    Sets of one channel are those with a published accuracy of the most accurate, if any has one.
    """
    parts = {"one channel": n_channels == 1, "several channels": n_channels > 1}
    parts = {label: n_channels.index[chosen] for label, chosen in parts.items()}
    most = accuracies.get(MOST_ACCURATE, accuracies[ours])
    published = {label: most[sets].dropna().index for label, sets in parts.items()}
    return {
        label: sets if published[label].empty else published[label]
        for label, sets in parts.items()
        if len(sets)
    }


def settings_of(names, ours):
    """Names of the same classifier at other settings, itself among them."""
    return [name for name in names if name.partition("(")[0] == ours.partition("(")[0]]


def rivals(paired):
    """Statistics of one classifier against others as text; seconds as multiples of its own."""
    found = paired.assign(times=1 / paired["times"]) if "times" in paired else paired
    columns = {
        label: found[column].map(form.format, na_action="ignore")
        for column, (label, form) in STATISTICS.items()
        if column in found
    }
    return pd.DataFrame(columns).rename_axis("rival")


def settings(accuracies, seconds, parts):
    """Mean accuracy and seconds of all sets of a part, for each of some settings."""
    columns = {}
    for label, sets in parts.items():
        spent = seconds.loc[sets].sum(skipna=False)
        columns[label] = accuracies.loc[sets].mean(skipna=False).map("{:.4f}".format)
        columns[f"CPU seconds, {label}"] = spent.map("{:.1f}".format)
    cheapest_first = spent.sort_values().index
    return pd.DataFrame(columns).loc[cheapest_first].rename_axis("setting")
