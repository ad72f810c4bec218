"""
What it listened to
===================

The score of a class is a sum of what every frame of every channel adds to it, and ``explain``
says how much each does. First where the answer is known, then in speech.
"""

import matplotlib.pyplot as plt
import numpy as np

from skliquid import LSMClassifier
from skliquid.datasets import load_japanese_vowels

# %%
# Noise in four channels, and in the third of them, at a random time, a bump of eight steps: up in
# one class and down in the other.

rng = np.random.default_rng(0)
y = rng.permutation(np.arange(240) % 2)
X = rng.normal(0, 0.4, size=(240, 60, 4))
starts = rng.integers(5, 47, 240)
for x, label, start in zip(X, y, starts, strict=True):
    x[start : start + 8, 2] += (2 * label - 1) * 1.8 * np.hanning(8)
lsm = LSMClassifier(random_state=0).fit(X[:200], y[:200])
X, y, starts = X[200:], y[200:], starts[200:]
print(f"accuracy {lsm.score(X, y):.2f}")

# %%
# The contributions have the shape of the sequences. With the base, which is the score of a
# sequence that stays at the mean, they sum to the score of the predicted class:

contributions, base, target = lsm.explain(X)
scores = abs(lsm.decision_function(X))
print(contributions.shape, abs(base + contributions.sum(axis=(1, 2)) - scores).max() < 1e-6)

# %%
# Three of the sequences. Red spoke for the class, blue against it; the box marks where the bump
# is hidden.


def draw(ax, parts, limit):
    """Contributions as colours, time to the right, channels downwards."""
    extent = (-0.5, len(parts) - 0.5, parts.shape[1] - 0.5, -0.5)
    return ax.imshow(parts.T, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto", extent=extent)


figure, axes = plt.subplots(2, 3, figsize=(11, 4.5), sharex=True, layout="constrained")
limit = abs(contributions[:3]).max()
for x, parts, label, start, (top, bottom) in zip(
    X, contributions, target, starts, axes.T, strict=False
):
    top.plot(x - 3 * np.arange(4), color="0.4", lw=0.8)
    top.set(title=f"predicted: {('down', 'up')[label]}", yticks=-3 * np.arange(4))
    top.set_yticklabels(range(4))
    image = draw(bottom, parts, limit)
    bottom.add_patch(plt.Rectangle((start - 0.5, 1.5), 8, 1, fill=False, color="black", lw=1.2))
    bottom.set(xlabel="time step", yticks=range(4))
for ax in axes[:, 0]:
    ax.set_ylabel("channel")
figure.colorbar(image, ax=axes[1], label="adds to the score")

# %%
# Two vowels, spoken one after the other by nine speakers, in twelve cepstral coefficients. Over
# all test utterances of each speaker, with time as a fraction of the utterance, where lay what
# told the speaker from the others? Often in how the voice sets in.

X_train, y_train, X_test, y_test = load_japanese_vowels()
lsm = LSMClassifier(random_state=0).fit(X_train, y_train)
contributions, base, target = lsm.explain(X_test, target=y_test)
N_PARTS = 10


def by_part(parts):
    """Sums over ten stretches of an utterance, shape (N_PARTS, n_channels)."""
    sums = np.zeros((N_PARTS, parts.shape[1]))
    # A frame that lies in two of them counts in both, by its halves, thirds and so on.
    fine = np.repeat(parts, N_PARTS, axis=0) / N_PARTS
    np.add.at(sums, np.arange(len(fine)) // len(parts), fine)
    return sums


speakers = lsm.classes_
means = np.array(
    [
        np.mean([by_part(p) for p, c in zip(contributions, target, strict=True) if c == s], axis=0)
        for s in speakers
    ]
)
figure, axes = plt.subplots(3, 3, figsize=(9, 6.5), sharex=True, sharey=True, layout="constrained")
for ax, speaker, mean in zip(axes.flat, speakers, means, strict=True):
    image = draw(ax, mean, abs(means).max())
    ax.set_title(f"speaker {speaker}", loc="left", fontsize=10)
    ax.set(xticks=[-0.5, 4.5, 9.5], xticklabels=["0", "½", "1"], yticks=[0, 3, 6, 9])
    ax.set_yticklabels([1, 4, 7, 10])
axes[1, 0].set_ylabel("cepstral coefficient")
axes[2, 1].set_xlabel("part of the utterance")
figure.colorbar(image, ax=axes, label="adds to the score")

# %%
# Is it what the score rests on? The tenth of the frames and coefficients that add most are put to
# their mean, and as many that are chosen at random:

mean = np.concatenate(X_train).mean(axis=0)


def deleted(orders):
    """The test utterances without what comes first in each order."""
    return [
        np.where(order.argsort(axis=None).argsort().reshape(x.shape) < x.size // 10, mean, x)
        for x, order in zip(X_test, orders, strict=True)
    ]


rng = np.random.default_rng(0)
for name, orders in {
    "all that there is": None,
    "without a random tenth": [rng.random(x.shape) for x in X_test],
    "without the tenth that adds most": [-parts for parts in contributions],
}.items():
    left = X_test if orders is None else deleted(orders)
    score = lsm.decision_function(left)[np.arange(len(left)), np.searchsorted(speakers, y_test)]
    print(f"{name:33s} score {score.mean():6.2f}, accuracy {lsm.score(left, y_test):.2f}")
plt.show()
