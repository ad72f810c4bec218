"""
Spike templates, told by a column
=================================

Ten templates of Poisson spike trains, each stretched in time by a factor between a third and three
and jittered by 32 ms, are to be told apart. Of the column of Maass, Natschlaeger and Markram an
error of 0.09 was reported, with 40 trains, 1000 copies for training and 500 for the test
("Computational models for generic cortical microcircuits", 2004).
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skliquid.datasets import make_spike_templates
from skliquid.published import PublishedLiquid

# %%
# With 40 trains no liquid is needed: how many spikes each train has tells the templates apart. So
# the task is made harder step by step, down to one train, and a linear readout is given the
# numbers of spikes of the trains; the state of the column at the end, through a filter of 30 ms;
# and the spikes of its neurons counted in five windows.

n_trains = [40, 4, 2, 1]
errors = []
for n in n_trains:
    X, y = make_spike_templates(1500, n_trains=n, random_state=0)
    column = PublishedLiquid(
        pooling=["trace", "counts"], n_windows=5, random_state=0, n_jobs=2
    ).fit(X)
    states = column.transform(X)
    views = np.array([x.sum(axis=0) for x in X]), states[:, :135], states[:, 135:]
    readout = make_pipeline(StandardScaler(), RidgeClassifierCV(np.logspace(0, 6, 7)))
    errors.append([1 - readout.fit(f[:1000], y[:1000]).score(f[1000:], y[1000:]) for f in views])
    print(f"{n:2d} trains:", *(f"{error:.3f}" for error in errors[-1]))

# %%
# One template as it is, and two copies.

exact, labels = make_spike_templates(10, warp=1.0, jitter=0.0, random_state=0)
X, y = make_spike_templates(60, random_state=0)
copies = sorted((X[i] for i in np.flatnonzero(y == 0)), key=len)
shown = [exact[np.argmax(labels == 0)], copies[0], copies[-1]]

# %%
# Left: template and copies, 40 trains each. Right: the errors; chance is 0.9.

figure, axes = plt.subplot_mosaic(
    [["0", "error"], ["1", "error"], ["2", "error"]], figsize=(11, 5), layout="constrained"
)
titles = ["A template", "its shortest copy of six", "and its longest"]
for k, (x, title) in enumerate(zip(shown, titles, strict=True)):
    ax = axes[str(k)]
    step, train = np.nonzero(x)
    ax.plot(step, train, ".", color="black", ms=3)
    ax.axvline(len(x), color="0.7")
    ax.set(xlim=(0, 1500), yticks=[])
    ax.set_title(title, loc="left", fontsize=10)
axes["2"].set_xlabel("ms")
ax = axes["error"]
names = ["spikes of each train", "state at the end", "spikes of each neuron, five windows"]
for of_view, name, style in zip(np.transpose(errors), names, ("s--", "o-", "^-"), strict=True):
    ax.plot(range(4), of_view, style, label=name, color="0.5" if "train" in name else None)
ax.axhline(0.09, color="C2", ls=":", label="published, of 40 trains")
ax.set(xticks=range(4), xticklabels=n_trains, xlabel="spike trains", ylabel="error")
ax.legend(frameon=False)
for ax in axes.values():
    ax.spines[["top", "right"]].set_visible(False)
plt.show()
