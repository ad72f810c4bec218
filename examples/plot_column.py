"""
A cortical column, and seven things read from it
================================================

The liquid with which the field began, the column of Maass, Natschlaeger and Markram (2002), and
the task by which it was shown to compute several functions of its input at once, in real time
("Computational models for generic cortical microcircuits", 2004).
"""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import RidgeCV

from skliquid.datasets import make_poisson_rates
from skliquid.published import MODELS, PublishedLiquid

# %%
# The input are four spike trains. The first two fire at one rate, the last two at another, and
# every 30 ms both rates are drawn anew between 0 and 80 Hz, so that the input itself says nothing
# of what came more than 30 ms before. Each sequence is a second long.

X, y = make_poisson_rates(250, random_state=0)

# %%
# A column of 270 neurons, a fifth of them inhibitory, with dynamic synapses. Nothing in it is
# trained or adapted: all its parameters are those of the paper.

column = replace(MODELS["maass_2002"], shape=(6, 3, 15))
liquid = PublishedLiquid(column, random_state=0, n_jobs=2).fit(X)
spikes = liquid.spikes(X[-1:])[0]
rate = 1000 * spikes.mean()
print(f"{spikes.shape[1]} neurons, {liquid.liquid_.density:.1%} of the synapses, {rate:.0f} Hz")

# %%
# The readouts are linear, and see the spikes through a filter of 30 ms. They are trained on the
# states after every 10 ms of the first 200 sequences, but for the first 150 ms, in which the
# column wakes up and the longest memory asked for is not full.

states, targets = np.array(liquid.states(X, every=10)), y[:, 9::10]
training = np.concatenate(states[:200, 15:]), np.concatenate(targets[:200, 15:])
readout = RidgeCV(alphas=np.logspace(-2, 5, 8), alpha_per_target=True).fit(*training)
outputs = readout.predict(np.concatenate(states[200:])).reshape(50, 100, 7)

# %%
# The published correlations of targets and outputs, means over test sequences of a second, and
# those found here, from 150 ms on. Only f3 is clearly lower: one filter of 30 ms does not tell
# what came 30 to 60 ms ago from what came since. With a second one of 15 ms it is 0.82. The last
# two targets the paper does not define, but for the words "simple nonlinear" and "complex
# nonlinear combination"; here they are products.

published = [0.91, 0.92, 0.79, 0.75, 0.68, 0.87, 0.65]
found = [
    np.mean([np.corrcoef(outputs[i, 15:, k], targets[200 + i, 15:, k])[0, 1] for i in range(50)])
    for k in range(7)
]
for k in range(7):
    print(f"f{k + 1}  published {published[k]:.2f}  here {found[k]:.2f}")

# %%
# Left: the input and the spikes of the column over the last test sequence, excitatory neurons
# in blue and inhibitory ones in orange. Right: the seven targets in grey, and what is read from
# 150 ms on in green.

names = [
    "rate of 1, 2\nin 30 ms",
    "rate of 3, 4\nin 30 ms",
    "both rates\n60-30 ms ago",
    "both rates\nin 150 ms",
    "coincidences\nof 1, 3",
    "f1 f2",
    "(f1 f4 + f2 f5) f3",
]
figure = plt.figure(figsize=(12, 6.6), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[1, 1.2])
heard, column = left.subplots(2, 1, sharex=True, height_ratios=[1, 7])
step, train = np.nonzero(X[-1])
heard.plot(step, train + 1, "|", color="black", ms=7)
heard.set(ylim=(0.3, 4.7), yticks=[1, 4], ylabel="input")
step, neuron = np.nonzero(spikes)
column.scatter(step, neuron, s=2, color=np.where(neuron < 216, "C0", "C1"), lw=0)
column.set(ylim=(-3, 273), yticks=[0, 216, 270], ylabel="neuron of the column")
times, readings = np.arange(10, 1001, 10), right.subplots(7, 1, sharex=True)
for k, ax in enumerate(readings):
    ax.plot(times, targets[-1, :, k], color="0.6", lw=2.5)
    ax.plot(times[15:], outputs[-1, 15:, k], color="C2", lw=1.3)
    ax.set_ylabel(f"f{k + 1}", rotation=0, labelpad=12, va="center")
    words = f"{names[k]}\n\npublished {published[k]:.2f}\nhere {found[k]:.2f}"
    ax.text(1.01, 0.5, words, transform=ax.transAxes, va="center", fontsize=8)
for ax in (column, readings[-1]):
    ax.set(xlim=(0, 1000), xlabel="ms")
for ax in (heard, column, *readings):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()
