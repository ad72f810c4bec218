"""
The edge of chaos
=================

What a liquid can compute depends on how strongly it echoes. With weak recurrence it forgets at
once; with strong recurrence it is chaotic, and the smallest difference of two inputs takes over.
Here is what lies between, by the measures of :mod:`skliquid.diagnostics`.
"""

import matplotlib.pyplot as plt
import numpy as np

from skliquid import LiquidTransformer
from skliquid.diagnostics import (
    generalization_rank,
    kernel_rank,
    lyapunov_exponent,
    processing_capacity,
)

# %%
# A liquid of 200 neurons without input delays, so that what it knows of the past is in its echo.
# The same weights are scaled to spectral radii over two decades.

X = np.random.default_rng(0).normal(size=(20, 200, 1))
radii = np.geomspace(0.05, 8, 12)


def liquid(radius):
    """A liquid that is fitted to white noise."""
    return LiquidTransformer(
        200,
        spectral_radius=radius,
        recurrent_fraction=1.0,
        exc_ratio=0.5,
        n_delays=1,
        beta=0.5,
        target_rate=0.2,
        input_scaling=1.0,
        encoder=None,
        random_state=0,
    ).fit(X)


# %%
# The exponent tells order from chaos: how fast one spike more or less spreads. The kernel rank is
# the number of different inputs that the states keep apart, the generalisation rank that of
# versions of one input, whose difference is 0.3 % of it and should not matter. Capacities are
# sums over functions of the input of how well a linear readout gives them.

print("radius  exponent  kernel  generalisation  linear  nonlinear")
measured = []
for radius in radii:
    one = liquid(radius)
    exponent = lyapunov_exponent(one, n_trials=1).exponent
    inputs = {"n_steps": 60, "tol": 0.01}
    kernel = kernel_rank(one, **inputs).rank
    generalization = generalization_rank(one, noise=0.003, **inputs).rank
    capacity = processing_capacity(one, max_lags=(40, 20, 8))
    row = exponent, kernel, generalization, capacity.linear, capacity.nonlinear
    measured.append(row)
    print("{:6.2f} {:9.2f} {:7d} {:15d} {:7.1f} {:10.1f}".format(radius, *row))

# %%
# The kernel rank is high long before chaos. The generalisation rank jumps where the exponent
# becomes positive (grey): beyond, what differs by nothing is told apart as what differs. Far
# beyond, both fall, as the neurons drive each other into the same few patterns. Their difference,
# which predicts how well a liquid computes (Legenstein and Maass, 2007), is largest at the edge.
# The capacity for functions of the recent past goes on a little into chaos before it falls, as
# these inputs differ by more than what chaos makes of them.

exponent, kernel, generalization, linear, nonlinear = np.array(measured).T
edge = np.exp(np.interp(0, exponent, np.log(radii)))

figure, axes = plt.subplots(3, 1, figsize=(8, 8.5), sharex=True, layout="constrained")
axes[0].plot(radii, exponent, "o-", color="black", ms=4)
axes[0].axhline(0, color="0.5", lw=1)
axes[0].set_title("Lyapunov exponent, per step", loc="left")
axes[1].fill_between(radii, generalization, kernel, color="C2", alpha=0.15, lw=0)
axes[1].plot(radii, kernel, "o-", color="C0", ms=4, label="kernel rank: different inputs")
axes[1].plot(
    radii, generalization, "o-", color="C3", ms=4, label="generalisation rank: one input, noise"
)
axes[1].set_title("Ranks, of 200 states", loc="left")
axes[2].plot(radii, nonlinear, "o-", color="C4", ms=4, label="products and powers of inputs")
axes[2].plot(radii, linear, "o-", color="C1", ms=4, label="single inputs: memory capacity")
axes[2].set_title("Capacity for functions of past input", loc="left")
axes[2].set(xlabel="spectral radius", xscale="log", xlim=(radii[0], radii[-1]))
axes[2].set_xticks([0.1, 1, 8], ["0.1", "1", "8"])
for ax in axes:
    ax.axvspan(edge, radii[-1], color="0.9", zorder=0, lw=0)
    ax.spines[["top", "right"]].set_visible(False)
for ax in axes[1:]:
    ax.set_ylim(0)
    ax.legend(frameon=False, loc="upper left")
axes[0].text(edge * 1.05, exponent.min(), "chaos", color="0.4", va="bottom")
plt.show()
