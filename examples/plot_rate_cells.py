"""
Are spikes worth it?
====================

``cell`` puts units that have no spikes in the place of neurons: the leaky units of echo state
networks, or gated cells, whose weights are drawn like those of a liquid and not trained. Graph,
spectral radius, delays and readout are drawn by the same rules, so that what is left is the
difference of the units. In telling speakers it is small; in forecasting it is large, and in favour
of the leaky units (:ref:`sphx_glr_auto_examples_plot_forecasting.py`).
"""

import matplotlib.pyplot as plt
import numpy as np

from skliquid import LiquidTransformer, LSMClassifier
from skliquid.datasets import load_japanese_vowels
from skliquid.plotting import plot_raster

X_train, y_train, X_test, y_test = load_japanese_vowels()

# %%
# Four kinds of units, in reservoirs of three sizes, each drawn from three seeds.

cells = {"lif": "spiking neurons", "leaky": "leaky units", "vanilla": "tanh units", "gru": "GRU"}
sizes, seeds = [50, 200, 800], range(3)


def fitted(cell, size, seed):
    """One reservoir and its readout."""
    return LSMClassifier(size, cell=cell, random_state=seed).fit(X_train, y_train)


machines = {cell: [[fitted(cell, n, s) for s in seeds] for n in sizes] for cell in cells}
accuracies = {
    cell: np.array([[lsm.score(X_test, y_test) for lsm in row] for row in rows])
    for cell, rows in machines.items()
}
print("units              ", *(f"{size:6d}" for size in sizes))
for cell, name in cells.items():
    print(f"{name:20s}", *(f"{mean:6.3f}" for mean in accuracies[cell].mean(axis=1)))

# %%
# What a hundred of each do with one utterance. A stream whose features are the state after the
# last frame tells the state after every frame.

utterance = max(X_test, key=len)
spikes = LiquidTransformer(100, random_state=0).fit(X_train).spikes([utterance])[0]
leaky = LiquidTransformer(100, cell="leaky", pooling="last", random_state=0).fit(X_train)
stream = leaky.open_stream()
after_each = np.array([stream.push(frame).features()[0] for frame in utterance])
activations = after_each[:, :100]  # what follows says which are above zero

figure = plt.figure(figsize=(11, 5), layout="constrained")
axes = figure.subplot_mosaic([["spikes", "accuracy"], ["activations", "accuracy"]])
plot_raster(spikes, n_excitatory=80, ax=axes["spikes"])
axes["spikes"].set_xlabel("")
axes["spikes"].set_title("Spiking neurons", loc="left")
axes["spikes"].tick_params(labelbottom=False)
image = axes["activations"].imshow(
    activations.T, aspect="auto", origin="lower", cmap="PuOr_r", vmin=-1, vmax=1
)
axes["activations"].set(xlabel="time step", ylabel="unit")
axes["activations"].set_title("Leaky units", loc="left")
figure.colorbar(image, ax=axes["activations"], label="activation")
for (cell, found), marker in zip(accuracies.items(), "os^D", strict=True):
    line = axes["accuracy"].plot(sizes, found.mean(axis=1), marker + "-", label=cells[cell])
    axes["accuracy"].fill_between(
        sizes, found.min(axis=1), found.max(axis=1), color=line[0].get_color(), alpha=0.15, lw=0
    )
axes["accuracy"].set(xlabel="units", ylabel="test accuracy", xscale="log")
axes["accuracy"].set_xticks(sizes, sizes)
axes["accuracy"].minorticks_off()
axes["accuracy"].set_title("Speakers told right, least to most of three seeds", loc="left")
axes["accuracy"].legend(frameon=False, loc="lower right")
axes["accuracy"].spines[["top", "right"]].set_visible(False)
plt.show()
