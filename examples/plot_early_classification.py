"""
As soon as it is sure
=====================

Who listens to the end is right most often, who answers at once is first. ``EarlyLSMClassifier``
decides each sequence as soon as it is sure, and how sure that must be follows from one number: the
share of the sequences, here one in twenty, that may be told wrong because nobody waited for the
end.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from skliquid import EarlyLSMClassifier, LSMClassifier
from skliquid.datasets import load_japanese_vowels

X_train, y_train, X_test, y_test = load_japanese_vowels()
lengths = np.array([len(x) for x in X_test])

# %%
# It may decide after any frame from the second on. Three in ten of the training utterances are
# held out, and of all thresholds on the probability of the likeliest speaker the least is taken
# for which they show, with a confidence of 90 %, that the risk is kept.

machine = LSMClassifier(random_state=0)
early = EarlyLSMClassifier(machine, risk=0.05, checkpoints=range(2, 20), cv=0.3, random_state=0)
early.fit(X_train, y_train)
told, n_frames = early.predict_early(X_test)
is_right = told == y_test
at_the_end = early.estimator_.predict(X_test) == y_test
lost = (at_the_end & ~is_right).mean()
print(f"an utterance is decided once a speaker has a probability of {early.threshold_:.2f}")
print(
    f"{n_frames.sum() / lengths.sum():.0%} of the frames heard, {lost:.1%} of the utterances lost"
)
print(f"accuracy {is_right.mean():.3f}, at the end {at_the_end.mean():.3f}")

# %%
# Live it is the same: a stream is pushed frames until it is decided.

hardest = np.argmax(np.where(is_right & (n_frames < lengths), n_frames, 0))
stream = early.open_stream()
for frame in X_test[hardest]:
    if stream.push(frame).is_decided.all():
        break
assert stream.predict()[0] == told[hardest]
print(f"{stream.n_frames_seen[0]} of {lengths[hardest]} frames: speaker {stream.predict()[0]}")

# %%
# To the left all 370 test utterances, one above the other: what was heard of each, and what not.
# To the right the accuracy as a function of the fraction heard, where all are asked after the same
# frame. Listening longer to those that are hard to tell is better than listening as long to all.

figure, (bars, curve) = plt.subplots(
    1, 2, figsize=(11, 5), width_ratios=[1.25, 1], layout="constrained"
)
order = np.lexsort((lengths, n_frames))
frames = np.arange(lengths.max())
is_heard, is_there = (frames < ends[order, np.newaxis] for ends in (n_frames, lengths))
# Nothing, not heard, heard and told right, heard and told wrong.
shades = is_there + is_heard * (1 + ~is_right[order, np.newaxis])
colours = ["white", "0.85", "C0", "C1"]
extent = (0, lengths.max(), 0, len(order))
bars.imshow(
    shades,
    ListedColormap(colours),
    aspect="auto",
    interpolation="nearest",
    origin="lower",
    extent=extent,
)
bars.set(xlabel="frame", ylabel="test utterance")
labels = ["not heard", "heard, told right", "heard, told wrong"]
handles = [
    Patch(color=colour, label=label) for colour, label in zip(colours[1:], labels, strict=True)
]
bars.set_title("Heard until it is sure", loc="left")
bars.legend(handles=handles, loc="lower right", frameon=False)

fractions, accuracies = early.accuracy_curve(X_test, y_test)
curve.plot(fractions, accuracies, "o-", color="0.5", label="all asked at the same frame")
curve.plot(np.mean(n_frames / lengths), is_right.mean(), "D", color="C0", ms=9, label="risk 0.05")
curve.axhline(at_the_end.mean(), color="0.5", linestyle=":", label="heard to the end")
curve.set(xlabel="mean fraction heard", ylabel="accuracy", xlim=(0, 1.02))
curve.set_title("Accuracy as a function of what was heard", loc="left")
curve.legend(loc="lower right", frameon=False)
curve.grid(alpha=0.3)
plt.show()
