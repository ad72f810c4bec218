"""
Fitting what does not fit in memory
===================================

A readout that is made of sums needs no sequence twice. Here a stream of noisy chirps, of which
only the direction tells the class, arrives in parts; ``partial_fit`` adds each to the sums and
forgets it. After every part the model is that of all sequences so far, as if they had been given
at once to the liquid that the first part drew.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from skliquid import LSMClassifier

# %%
# A part is made when it is needed; none is kept.


def make_part(number, n_samples=250, n_timesteps=80):
    """Rising (1) and falling (0) chirps at a random time, in noise."""
    rng = np.random.default_rng(number)
    y = rng.integers(0, 2, n_samples)
    t = np.arange(n_timesteps) - rng.uniform(20, 60, (n_samples, 1))
    frequency = 0.25 + np.where(y[:, None], 1, -1) * 0.008 * t
    chirp = np.exp(-((t / 15) ** 2)) * np.sin(2 * np.pi * frequency * t)
    X = chirp + rng.normal(scale=0.6, size=t.shape)
    return X[:, :, np.newaxis].astype(np.float32), y


X_test, y_test = make_part(number=10**6, n_samples=1000)

# %%
# The first part draws the liquid; every part, the first too, adds to the sums of the readout.
# Scores are asked for whenever they are wanted: a model is computed then.

lsm = LSMClassifier(200, random_state=0)
n_seen, scores = [], []
for number in range(20):
    X, y = make_part(number)
    lsm.partial_fit(X, y, classes=[0, 1])
    if number in (0, 1, 2, 4, 7, 11, 15, 19):
        n_seen.append(lsm.n_samples_seen_)
        scores.append(lsm.score(X_test, y_test))
print(f"after {n_seen[-1]} sequences: {scores[-1]:.3f}")

# %%
# Where all of it lies in a file, the file can be mapped and given to ``fit`` as any array is. It
# is read part by part, in fitting and in prediction.

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "X.npy"
    np.save(file, np.concatenate([make_part(number)[0] for number in range(20)]))
    X = np.load(file, mmap_mode="r")
    y = np.concatenate([make_part(number)[1] for number in range(20)])
    whole = LSMClassifier(200, random_state=0).fit(X, y).score(X_test, y_test)
    del X
print(f"from the mapped file: {whole:.3f}")

# %%
# The more is seen the better, and what is held does not grow: sums over 1200 features, and a
# thousand samples by which the penalty is chosen. The liquid of the mapped file was drawn for all
# sequences and not for the first 250 alone.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
X, y = make_part(number=3)
for label, colour in ((1, "C0"), (0, "C1")):
    left.plot(X[y == label][0][:, 0] + 3 * label, color=colour, label=("falling", "rising")[label])
left.set(xlabel="time step", yticks=[], title="two of the sequences")
left.legend(frameon=False, loc="upper right", ncols=2)
left.set_ylim(-3, 7)
right.plot(n_seen, scores, "o-", label="partial_fit")
right.axhline(whole, color="0.6", linestyle="--", label="fit to the mapped file")
right.set(xlabel="sequences seen", ylabel="test accuracy", title="accuracy as parts arrive")
right.legend(frameon=False, loc="lower right")
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()
