"""
Inside the liquid
=================

What three neurons of a fitted liquid do with one series: the stretch of the past that each hears
through its delayed synapses, its membrane potential, and the bursts of spikes that the readout
is given.
"""

import matplotlib.pyplot as plt
import mlx.core as mx
import numpy as np

from skliquid import LiquidTransformer

# %%
# Series of one channel: noise, and in each a fast and a slow event at random times.

rng = np.random.default_rng(1)
t = np.arange(200)


def series():
    """Smooth noise with a chirp of 12 steps and a swell of 60."""
    fast, slow = rng.integers(10, 90), rng.integers(110, 140)
    noise = np.convolve(rng.normal(size=206), np.ones(7) / 7, mode="valid") * 0.5
    chirp = np.where(abs(t - fast) < 6, np.sin((t - fast) * np.pi / 3), 0)
    swell = 1.2 * np.exp(-(((t - slow - 30) / 18) ** 2))
    return (noise + chirp + swell)[:, np.newaxis]


X = np.stack([series() for _ in range(60)])
transformer = LiquidTransformer(reservoir_size=300, encoder=None, random_state=0).fit(X)
liquid = transformer.liquid_

# %%
# The delays of a neuron are multiples of a spacing of its own. Three neurons, with short, medium
# and long delays, that are above threshold about a quarter of the time:

spacings = liquid.tap_delays[liquid.tap_offsets[:-1] + 1]
rates = np.mean([spikes.mean(axis=0) for spikes in transformer.spikes(X)], axis=0)
chosen = [
    int(np.argmin(abs(np.log(spacings / spacing)) + abs(rates - 0.2) * 10))
    for spacing in (1, 5, spacings.max())
]
print("neuron  spacing  longest delay  spikes per step")
for i in chosen:
    longest = liquid.tap_delays[liquid.tap_offsets[i + 1] - 1]
    print(f"{i:6d}  {spacings[i]:7d}  {longest:13d}  {rates[i]:15.2f}")

# %%
# The liquid as an MLX module gives the membrane potentials, step by step; without an encoder it
# hears the frames themselves. A potential is shown before the reset, which takes one threshold
# from it at each spike.

reservoir = transformer.to_reservoir()
state = reservoir.init_state(1)
potentials = []
for frame in X[0]:
    spikes, state = reservoir(mx.array(frame)[None], state)
    potentials.append(np.array(state["mem"] + liquid.threshold * spikes)[0])
potentials = np.array(potentials)
fired = transformer.spikes(X[:1])[0]

# %%
# On the left the weights of the three neurons over their delays, as they lie in the past: a
# neuron is excited by a stretch of input that looks like them, here one of a few steps, one of
# two dozen, and one as long as the series. On the right its potential, and a bar for each spike;
# steps in a row with a spike are a burst. Homeostasis has set each neuron's gain and bias so that
# it fires neither never nor always.

figure, axes = plt.subplots(
    4,
    2,
    figsize=(11, 6.5),
    width_ratios=[1, 3],
    layout="constrained",
)
axes[0, 0].axis("off")
axes[0, 1].plot(t, X[0, :, 0], color="black")
axes[0, 1].set_title("Input", loc="left")
for i, colour, (left, right) in zip(chosen, ("C0", "C1", "C2"), axes[1:], strict=True):
    taps = slice(*liquid.tap_offsets[i : i + 2])
    left.axhline(0, color="0.8", lw=1)
    left.plot(-liquid.tap_delays[taps], liquid.tap_weights[taps], "o-", color=colour, ms=4)
    left.set(yticks=[0])
    right.plot(t, potentials[:, i], color=colour, lw=1.3)
    right.axhline(liquid.threshold[i], color="0.5", lw=1, ls="--")
    low, high = right.get_ylim()
    right.bar(t[fired[:, i]], high - low, width=1.0, bottom=low, color=colour, alpha=0.25)
    edges = np.diff(np.concatenate([[0], fired[:, i].astype(int)]))
    right.set(ylim=(low, high), ylabel="potential")
    right.set_title(
        f"{fired[:, i].sum()} spikes in {(edges > 0).sum()} bursts", loc="left", color=colour
    )
for ax in axes[:3, 1]:
    ax.tick_params(labelbottom=False)
axes[1, 0].set_title("Weights of the delayed synapses", loc="left")
axes[3, 0].set_xlabel("steps before now")
axes[3, 1].set_xlabel("time step")
for ax in axes.flat:
    ax.spines[["top", "right"]].set_visible(False)
plt.show()
