"""
What learning without labels does
=================================

Spike-timing-dependent plasticity strengthens a synapse whose spikes come before those of its
neuron, and weakens one whose spikes come after [1]_. A liquid may live through the training
sequences by that rule before its readout is trained. What becomes of its weights, and is it of
use? Of some, and less than one may hope.

.. [1] Song, Miller, Abbott. "Competitive Hebbian learning through spike-timing-dependent synaptic
   plasticity", Nature Neuroscience 3, 2000.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np

from skliquid import LSMClassifier
from skliquid.adaptation import Plasticity
from skliquid.datasets import make_spike_templates
from skliquid.diagnostics import LiquidActivityWarning
from skliquid.topology import spectral_radius

# %%
# Twenty templates of three spike trains, warped and jittered, are to be told from 200 copies: a
# task in which time counts.

X, y = make_spike_templates(600, 20, 3, rate=8.0, dt=0.005, random_state=0)
X, y, X_test, y_test = X[:200], y[:200], X[200:], y[200:]
SEEDS = range(4)


def fitted(**given):
    """Liquids of 250 neurons, all of which receive synapses, and their readouts."""
    usual = {"reservoir_size": 250, "recurrent_fraction": 1.0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LiquidActivityWarning)
        return [LSMClassifier(random_state=s, **{**usual, **given}).fit(X, y) for s in SEEDS]


def weights(lsm):
    """Recurrent weights of the liquid in a classifier."""
    return lsm.pipeline_["liquid"].liquid_.sparse_recurrent_weights


def rate(lsm):
    """Share of the steps in which a neuron fires, over forty of the training copies."""
    return np.mean([spikes.mean() for spikes in lsm.pipeline_["liquid"].spikes(X[:40])])


# %%
# With hard bounds every pair of spikes changes a weight by as much, with soft bounds by less the
# nearer it is to where it moves. Synaptic scaling keeps the sum of the weights that a neuron
# receives; without it a liquid may become so lively that ``fit`` warns of it, as here with soft
# bounds, where the warning is left out. The rivals do not learn: liquids without recurrence, whose
# neurons hear the input alone.

machines = {
    "as drawn": fitted(),
    "hard bounds,\nscaling": fitted(plasticity=Plasticity()),
    "hard bounds": fitted(plasticity=Plasticity(scaling=0.0)),
    "soft bounds": fitted(plasticity=Plasticity(bounds="soft", scaling=0.0)),
    "without\nrecurrence": fitted(spectral_radius=0.0),
}
accuracies = {name: [m.score(X_test, y_test) for m in some] for name, some in machines.items()}
for name, some in machines.items():
    radius = np.mean([spectral_radius(weights(lsm)) for lsm in some])
    print(
        f"{' '.join(name.split()):22s} accuracy {np.mean(accuracies[name]):.3f}, "
        f"spectral radius {radius:.2f}, rate {np.mean(list(map(rate, some))):.2f}"
    )

# %%
# Left: each excitatory weight of four liquids as it was drawn and as it was learned. Hard bounds
# drive weights to zero or to the bound, soft ones to where both changes are even, whatever they
# were. Right: the accuracy on the test copies, a point for each seed and a bar for their mean.
# Learning helps here, without scaling; but as much is gained by leaving recurrence out.
# On other data, speech and sensors among them, it earned nothing (``benchmarks/plasticity.py``).

figure, axes = plt.subplots(1, 3, figsize=(11, 4), width_ratios=[1, 1, 1.5], layout="constrained")
drawn = np.concatenate([weights(lsm).data for lsm in machines["as drawn"]])
for ax, name in zip(axes, ("hard bounds", "soft bounds"), strict=False):
    learned = np.concatenate([weights(lsm).data for lsm in machines[name]])
    ax.plot(drawn[drawn > 0], learned[drawn > 0], ".", color="C0", ms=3, alpha=0.3, mew=0)
    ax.plot([0, drawn.max()], [0, drawn.max()], color="0.5", lw=1)
    ax.set(xlabel="weight as drawn", ylabel="weight as learned")
    ax.set_title(name, loc="left")
for i, (name, values) in enumerate(accuracies.items()):
    colour = "C0" if "bounds" in name else "0.45"
    axes[2].plot(i + np.linspace(-0.15, 0.15, len(values)), values, "o", color=colour, ms=5)
    axes[2].plot([i - 0.3, i + 0.3], [np.mean(values)] * 2, color=colour, lw=3)
axes[2].set_xticks(range(len(accuracies)), list(accuracies), fontsize=8)
axes[2].set_ylabel("test accuracy")
axes[2].set_title("Is it of use?", loc="left")
for ax in axes:
    ax.spines[["top", "right"]].set_visible(False)
plt.show()
