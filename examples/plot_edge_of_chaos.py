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
from skliquid.plotting import DiagnosisDisplay

# %%
# A liquid of 200 neurons without input delays, so that what it knows of the past is in its echo.
# The same weights are scaled to spectral radii over two decades.

X = np.random.default_rng(0).normal(size=(20, 200, 1))
radii = np.geomspace(0.05, 8, 12)
liquid = LiquidTransformer(
    200,
    recurrent_fraction=1.0,
    exc_ratio=0.5,
    n_delays=1,
    beta=0.5,
    target_rate=0.2,
    input_scaling=1.0,
    encoder=None,
)

# %%
# The exponent tells order from chaos: how fast one spike more or less spreads. The kernel rank is
# the number of different inputs that the states keep apart, the generalisation rank that of
# versions of one input, whose difference is 0.3 % of it and should not matter. Capacities are
# sums over functions of the input of how well a linear readout gives them: of the single inputs so
# far, and of their products and powers. :class:`~skliquid.plotting.DiagnosisDisplay` draws two
# liquids for each radius, and measures them.

inputs = {"n_steps": 60, "tol": 0.01}
display = DiagnosisDisplay.from_estimator(
    liquid,
    X,
    param_name="spectral_radius",
    param_range=radii,
    measures=[
        "lyapunov_exponent",
        "kernel_rank",
        "generalization_rank",
        "processing_capacity.linear",
        "processing_capacity.nonlinear",
    ],
    options={
        "lyapunov_exponent": {"n_trials": 1},
        "kernel_rank": inputs,
        "generalization_rank": {**inputs, "noise": 0.003},
        "processing_capacity": {"max_lags": (40, 20, 8)},
    },
    seeds=(0, 1),
    ax=plt.subplots(figsize=(8, 8), layout="constrained")[1],
)
means = {name: found.mean(axis=1) for name, found in display.measures.items()}
print("radius  exponent  kernel  generalisation  linear  nonlinear")
for row in zip(radii, *means.values(), strict=True):
    print("{:6.2f} {:9.2f} {:7.1f} {:15.1f} {:7.1f} {:10.1f}".format(*row))

edge = np.exp(np.interp(0, means["lyapunov_exponent"], np.log(radii)))
ranks = means["generalization_rank"], means["kernel_rank"]
display.axes_[1].fill_between(radii, *ranks, color="C2", alpha=0.12, lw=0)
for ax in display.axes_:
    ax.axvspan(edge, radii[-1], color="0.9", zorder=0, lw=0)
for ax in display.axes_[1:]:
    ax.set_ylim(0)
lowest = display.axes_[-1]
lowest.set(xlabel="spectral radius", xlim=(radii[0], radii[-1]))
lowest.set_xticks([0.1, 1, 8], ["0.1", "1", "8"])
display.axes_[0].text(edge * 1.05, -0.4, "chaos", color="0.4")
plt.show()

# %%
# The kernel rank is high long before chaos. The generalisation rank jumps where the exponent
# becomes positive, which is the grey part: there, what differs by nothing is told apart as what
# differs. Far beyond, both fall, as the neurons drive each other into the same few patterns. Their
# difference, which predicts how well a liquid computes (Legenstein and Maass, 2007), is largest at
# the edge. The capacity for functions of the recent past goes on a little into chaos before it
# falls, as these inputs differ by more than what chaos makes of them.
