"""
Events of a camera
==================

An event camera has no frames: each pixel says by itself, at any time, that it has become lighter
or darker. Here one looks at handwritten digits while it is moved, as for N-MNIST [1]_, and what
comes out of it goes into a liquid as it is. No dense frame is made, and the bits are the same.

.. [1] Orchard, Jayawant, Cohen, Thakor. "Converting static image datasets to spiking neuromorphic
   datasets using saccades", Frontiers in Neuroscience 9, 2015.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import shift
from sklearn.datasets import load_digits

import skliquid
from skliquid import LSMClassifier

# %%
# The digits are real, the camera is not. It has 20 by 20 pixels of two polarities, and moves along
# the sides of a triangle for 90 ms. A pixel fires when it has changed by a sixth of the range of
# brightness since it last did; a tenth of the events are lost, and some come of nothing.

SIZE, DURATION, N_NOISE = 20, 90, 20
images, y = load_digits(return_X_y=True)
images, y = images[:900].reshape(-1, 8, 8) / 16, y[:900]
images = np.pad(np.kron(images, np.ones((1, 2, 2))), ((0, 0), (2, 2), (2, 2)))
corners = np.array([[0, 0], [-2, 1], [0, 2], [0, 0]])
path = [np.interp(np.arange(DURATION), [0, 30, 60, 90], corner) for corner in corners.T]
rng = np.random.default_rng(0)
events = []  # of all recordings: number of the digit, time, y, x, polarity
known = images
for t, moved in enumerate(np.transpose(path)):
    seen = shift(images, (0, *moved), order=1)
    for polarity, change in ((1, seen - known), (0, known - seen)):
        fired = np.argwhere((change > 1 / 6) & (rng.random(seen.shape) < 0.9))
        times, polarities = t + rng.random(len(fired)), np.full(len(fired), polarity)
        events.append(np.column_stack([fired[:, 0], times, fired[:, 1:], polarities]))
    known = np.where(abs(seen - known) > 1 / 6, seen, known)
noise = rng.random((N_NOISE * len(images), 5)) * [len(images), DURATION, SIZE, SIZE, 2]
events = np.concatenate([*events, noise])
events[:, [0, 2, 3, 4]] //= 1

# %%
# A recording is an array with the fields that cameras write, as tonic reads them.

kinds = [("t", float), ("y", int), ("x", int), ("p", int)]
recordings = [
    np.rec.fromarrays(events[events[:, 0] == i, 1:].T, dtype=kinds) for i in range(len(images))
]
X = skliquid.from_events(recordings, n_units=(SIZE, SIZE, 2), dt=1.0, duration=DURATION)
n_values = len(X) * X[0].size
print(f"{len(X)} recordings of {len(events) / len(X):.0f} events, in {X[0].shape[1]} channels")
print(f"dense frames would have {n_values / len(events):.0f} values for every event")

# %%
# A third is kept for the test. The encoder is left out, as nothing here is large or small.

train, test = np.arange(600), np.arange(600, 900)
lsm = LSMClassifier(1000, encoder=None, random_state=0).fit(X[train], y[train])
predicted = lsm.predict(X[test])
print(f"accuracy {np.mean(predicted == y[test]):.3f}")

# %%
# The same from dense frames:

few = test[:50]
dense = np.stack([X[i] for i in few])
same = np.array_equal(lsm.decision_function(dense), lsm.decision_function(X[few]))
print("frames", dense.shape, "give the same bits:", same)

# %%
# Left: the events of one recording in time and space. Right: of ten test recordings what became
# lighter and what became darker in the first 30 ms, and what they are taken for, in colour where
# that is wrong.

figure = plt.figure(figsize=(11, 4.6), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[1, 1.25])
ax = left.add_subplot(projection="3d")
for polarity, name in enumerate(("darker", "lighter")):
    some = recordings[test[0]]
    some = some[some.p == polarity]
    ax.scatter(some.t, some.x, SIZE - some.y, s=4, color=f"C{polarity}", lw=0, label=name)
ax.set(xlabel="ms", ylabel="x", zlabel="y", box_aspect=(1.8, 1, 1))
ax.set(yticks=[0, 10, 20], zticks=[0, 10, 20])
ax.view_init(18, -65)
ax.zaxis.labelpad = -4
ax.legend(loc="upper left", ncols=2, frameon=False, markerscale=4)
first = [int(np.argmax(y[test] == digit)) for digit in range(10)]
for ax, i in zip(right.subplots(2, 5).flat, first, strict=True):
    lighter, darker = X[test[i]][:30].sum(axis=0).reshape(2, SIZE, SIZE)[::-1]
    ax.imshow(lighter - darker, cmap="PuOr_r", vmin=-4, vmax=4)
    ax.set(xticks=[], yticks=[])
    ax.set_title(predicted[i], color="black" if predicted[i] == y[test][i] else "C1")
plt.show()
