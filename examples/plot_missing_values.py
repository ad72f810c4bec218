"""
When sensors fail
=================

A value that is missing is NaN, and ``missing`` says what a liquid shall hear in its place: the
channel's last value ("hold"), as live streams need it, or a line across the gap ("linear"). Here
values of real speech go missing, some one by one, others in gaps, as of a sensor that is off for a
while, and only in the test part, so that no readout is prepared for it.
"""

import matplotlib.pyplot as plt
import numpy as np

from skliquid import LSMClassifier
from skliquid.datasets import load_japanese_vowels

X_train, y_train, X_test, y_test = load_japanese_vowels()

# %%
# Two ways to lose a share of the values of an utterance of twelve channels.


def one_by_one(x, share, rng):
    """Lose each value with the same probability."""
    return np.where(rng.random(x.shape) < share, np.nan, x)


def in_gaps(x, share, rng):
    """Lose a stretch of each channel, at a time of its own."""
    n = round(share * len(x))
    starts = rng.integers(0, len(x) - n + 1, x.shape[1])
    steps = np.arange(len(x))[:, np.newaxis]
    return np.where((steps >= starts) & (steps < starts + n), np.nan, x)


# %%
# The training part is whole. What ``missing`` says holds from the fit on, and beside it, for
# comparison, the mean of the channel is put in every place.

lsms = {
    missing: LSMClassifier(500, missing=missing, random_state=0).fit(X_train, y_train)
    for missing in ("linear", "hold")
}
means = np.concatenate(X_train).mean(axis=0)
shares = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
ways = {"one by one": one_by_one, "in gaps": in_gaps}
accuracies = {way: {"linear": [], "hold": [], "the mean": []} for way in ways}
for way, lose in ways.items():
    for share in shares:
        rng = np.random.default_rng(0)
        X = [lose(x, share, rng) for x in X_test]
        for missing, lsm in lsms.items():
            accuracies[way][missing].append(lsm.score(X, y_test))
        filled = [np.where(np.isnan(x), means, x) for x in X]
        accuracies[way]["the mean"].append(lsms["hold"].score(filled, y_test))
    for name, found in accuracies[way].items():
        print(f"{way:10s} {name:8s}", *(f"{accuracy:.3f}" for accuracy in found))

# %%
# Left: one utterance as it is, and what is left of it with 30 % missing. Right: the accuracy over
# the share that is missing. Speech is smooth, so that both ways lose little up to a third; where
# gaps are long, holding the last value is hardly better than the mean.

figure = plt.figure(figsize=(11, 4.4), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[1, 1.7])
utterance = max(X_test, key=len)
standardised = (utterance - means) / np.concatenate(X_train).std(axis=0)
whole, *lost = left.subplots(3, 1, sharex=True)
whole.set_title("an utterance", loc="left")
looks = {"cmap": "RdBu_r", "vmin": -3, "vmax": 3, "aspect": "auto", "origin": "lower"}
whole.imshow(standardised.T, **looks)
for ax, (way, lose) in zip(lost, ways.items(), strict=True):
    ax.imshow(lose(standardised, 0.3, np.random.default_rng(0)).T, **looks)
    ax.set_title(way, loc="left")
    ax.set_facecolor("0.35")
lost[0].set_ylabel("coefficient")
lost[1].set_xlabel("frame")
axes = right.subplots(1, 2, sharey=True)
for ax, (way, found) in zip(axes, accuracies.items(), strict=True):
    for (name, values), look in zip(found.items(), ("C0o-", "C1s--", "k^:"), strict=True):
        ax.plot(shares, values, look, label=name)
    ax.set_title(way, loc="left")
    ax.set(xlabel="share missing")
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.3)
axes[0].set_ylabel("test accuracy")
axes[0].legend(frameon=False, loc="lower left")
plt.show()
