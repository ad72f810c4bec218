"""
What a column keeps apart
=========================

Two measures by which liquids were first understood: how far apart the states of two inputs are,
against the distance of the inputs (Maass, Natschlaeger and Markram, 2002), and how many inputs,
and how many versions of one, a liquid keeps apart between order and chaos (Legenstein and Maass,
2007).
"""

from copy import copy
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np

from skliquid.diagnostics import kernel_rank
from skliquid.published import MODELS, PublishedLiquid

rng = np.random.default_rng(0)
column = MODELS["maass_2002"]

# %%
# The distance of two spike trains is that of the curves which they make with a bump of 5 ms for
# each spike. Pairs of trains of 20 Hz over half a second: some of the spikes of the one are
# replaced, and of many such pairs those of a distance of 0.1, 0.2 and 0.4 are taken.

bump = np.exp(-((np.arange(-20, 21) / 5) ** 2))


def distance(one, other):
    """Of two trains of spikes in ms, in the paper's unit, that of a second."""
    return np.linalg.norm(np.convolve(one - other, bump)) * np.sqrt(0.001)


pairs = {0.1: [], 0.2: [], 0.4: []}
while min(map(len, pairs.values())) < 100:
    one = rng.random(500) < 0.02
    other = np.where(rng.random(500) < rng.random(), rng.random(500) < 0.02, one)
    found = distance(one.astype(float), other.astype(float))
    for wanted, chosen in pairs.items():
        if abs(found - wanted) < 0.02 and len(chosen) < 100:
            chosen.append((one, other))
pairs = {wanted: np.array(chosen, dtype=float) for wanted, chosen in pairs.items()}

# %%
# States of both over time. The same input, distance 0, from other first potentials: what is left
# apart after a while is not of the input.

liquid = PublishedLiquid(random_state=0).fit(pairs[0.1][:, 0, :, np.newaxis])
elsewhere = copy(liquid)
neurons = liquid.liquid_.neurons
start = rng.uniform(13.5, 15.0, len(neurons.start)).astype(np.float32)
elsewhere.liquids_ = [replace(liquid.liquid_, neurons=replace(neurons, start=start))]


def apart(one, other, second=liquid):
    """Mean distance of the states of some inputs and of others, over time."""
    states = zip(
        liquid.states(one[..., np.newaxis]), second.states(other[..., np.newaxis]), strict=True
    )
    return np.mean([np.linalg.norm(a - b, axis=1) for a, b in states], axis=0)


curves = {wanted: apart(both[:, 0], both[:, 1]) for wanted, both in pairs.items()}
curves[0.0] = apart(pairs[0.2][:, 0], pairs[0.2][:, 0], elsewhere)
for wanted in sorted(curves):
    print(f"inputs {wanted:.1f} apart: states {curves[wanted][200:].mean():.2f} apart")

# %%
# Then all recurrent strengths are made weaker or stronger. The kernel rank is that of the states
# of different inputs, four trains of 20 Hz, as many as there are neurons; the generalisation rank
# that of one input whose spikes are jittered by 5 ms. Singular values below a fiftieth of the
# largest count as zero.


def jittered(times):
    """One train of spikes at some times in ms, moved a little."""
    moved = np.rint(times + rng.normal(0, 5, len(times))).astype(int)
    return np.bincount(np.clip(moved, 0, 499), minlength=500)


different = (rng.random((135, 500, 4)) < 0.02).astype(float)
trains = [np.flatnonzero(different[0, :, k]) for k in range(4)]
versions = np.array([np.stack(list(map(jittered, trains)), axis=1) for _ in range(135)])
scales = 2.0 ** np.arange(-4, 5)
ranks = []
for scale in scales:
    model = replace(column, strength=tuple(scale * w for w in column.strength))
    scaled = PublishedLiquid(model, random_state=0, n_jobs=2).fit(different)
    states = map(scaled.transform, (different, versions))
    ranks.append([kernel_rank(each, tol=1 / 50).rank for each in states])
    print(f"strengths x {scale:<6g} ranks {ranks[-1][0]:3d}, {ranks[-1][1]:3d}")
kernel, generalisation = np.transpose(ranks)

# %%
# Left: the further apart the inputs, the further the states, as in the paper's figure; what first
# potentials leave fades. Right: the kernel rank is highest about the strengths of the paper, and
# falls in the chaos of stronger ones, where versions of one input differ as much as other inputs.
# The difference, which predicts how well a liquid computes, is largest up to those of the paper.

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
looks = zip(("0.6", "C0", "C1", "C2"), ("-", "--", ":", "-."), strict=True)
for wanted, (colour, line) in zip(sorted(curves), looks, strict=True):
    left.plot(curves[wanted], line, color=colour, label=f"{wanted:g}")
left.legend(title="distance of inputs", frameon=False)
left.set(xlim=(0, 500), ylim=(0, None), xlabel="ms", ylabel="distance of states")
right.plot(scales, kernel, "o-", color="C0", label="kernel rank")
right.plot(scales, generalisation, "^-", color="C1", label="generalisation rank")
right.plot(scales, kernel - generalisation, "s--", color="black", label="difference")
right.axvline(1, color="0.8", zorder=0)
right.set_xscale("log", base=2)
right.set(xlabel="strengths, of those of the paper", ylim=(0, 60))
right.legend(frameon=False)
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()
