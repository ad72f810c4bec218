"""
As long as it lasts
===================

Utterances are not all of one length, and a liquid need not be told: it runs for as long as each
lasts, and its features are pooled over that. Most classifiers of series want one length, which is
had by padding, cutting or stretching: the first costs time, the second accuracy, and the third
cannot begin before the end is known.
"""

import matplotlib.pyplot as plt
import numpy as np

from skliquid import LSMClassifier
from skliquid.datasets import load_japanese_vowels

# %%
# Nine speakers, two vowels, twelve coefficients a frame, and from 7 to 29 frames.

X_train, y_train, X_test, y_test = load_japanese_vowels()
lengths = np.array([len(x) for x in X_test])
print(f"{len(X_test)} test utterances of {lengths.min()} to {lengths.max()} frames")

# %%
# A list of arrays is all that is needed. Alone or among others, a sequence has the same features,
# to the last bit.

lsm = LSMClassifier(500, random_state=0).fit(X_train, y_train)
together = lsm.decision_function(X_test)
alone = np.concatenate([lsm.decision_function([x]) for x in X_test[:20]])
print("same bits alone and together:", np.array_equal(together[:20], alone))

# %%
# Four ways to make one length of them. The shortest utterances are of 7 frames, the longest of 29.


def cut(x, n=7):
    """The first frames."""
    return x[:n]


def padded(x, n=29):
    """Zeros after the last frame."""
    return np.pad(x, ((0, n - len(x)), (0, 0)))


def held(x, n=29):
    """The last frame again and again."""
    return np.pad(x, ((0, n - len(x)), (0, 0)), mode="edge")


def stretched(x, n=29):
    """Linear interpolation between the frames."""
    times = np.linspace(0, len(x) - 1, n)
    return np.stack([np.interp(times, np.arange(len(x)), channel) for channel in x.T], axis=1)


ways = {
    "as they are": np.asarray,
    "stretched to 29": stretched,
    "last frame held to 29": held,
    "zeros up to 29": padded,
    "cut to 7": cut,
}
accuracies, n_frames = {}, {}
for name, way in ways.items():
    train, test = [way(x) for x in X_train], [way(x) for x in X_test]
    accuracies[name] = [
        LSMClassifier(500, random_state=seed).fit(train, y_train).score(test, y_test)
        for seed in range(5)
    ]
    n_frames[name] = sum(map(len, test))
    print(f"{name:22s} {np.mean(accuracies[name]):.3f}, {n_frames[name]} test frames")

# %%
# Left: every third test utterance, one above the other, by the first of its coefficients. Right:
# the accuracy, a point for each of five liquids and a bar for their mean, and the number of frames
# that are run.

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
chosen = np.argsort(lengths, kind="stable")[::3]
image = np.full((len(chosen), lengths.max()), np.nan)
for row, i in zip(image, chosen, strict=True):
    row[: lengths[i]] = X_test[i][:, 0]
shown = left.imshow(image, aspect="auto", origin="lower", cmap="RdBu_r", interpolation="nearest")
figure.colorbar(shown, ax=left, label="first coefficient")
left.set(xlabel="frame", ylabel="utterance, by length", yticks=[])
left.set_title("They end when they end", loc="left")
for i, values in enumerate(accuracies.values()):
    colour = "C0" if i == 0 else "0.45"
    right.plot(values, np.linspace(-0.15, 0.15, 5) - i, "o", color=colour, ms=5)
    right.plot([np.mean(values)] * 2, [-i - 0.3, -i + 0.3], color=colour, lw=3)
labels = [f"{name}\n{n_frames[name]} frames" for name in ways]
right.set_yticks(-np.arange(len(ways)), labels)
right.set(xlabel="test accuracy")
right.set_title("What one length costs", loc="left")
right.grid(axis="x", alpha=0.3)
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()
