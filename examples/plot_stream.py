"""
Who is speaking, before the word is over
========================================

A fitted classifier opens a *stream*: frames are pushed as a microphone would bring them, and the
readout is asked after each. What it tells is, to the last bit, what ``predict`` would make of the
whole recording so far; but it costs one step of the liquid, and nothing of the past is kept but
the liquid's state.
"""

import matplotlib.pyplot as plt
import numpy as np

from skliquid import LSMClassifier
from skliquid.datasets import load_japanese_vowels

X_train, y_train, X_test, y_test = load_japanese_vowels()

# %%
# A readout knows what it was trained on. Trained on whole utterances it expects as many spikes as
# whole utterances make, and what it makes of the first frames is a guess. To be right early it
# must be trained on beginnings too: here every utterance counts four times, up to a quarter, a
# half, three quarters and all of its frames. Firing rates, which do not grow with the length,
# suit that better than counts.


def beginnings(utterances):
    """The first quarter, half and three quarters of each, and the whole."""
    return [x[: -(-len(x) * part // 4)] for x in utterances for part in (1, 2, 3, 4)]


whole = LSMClassifier(random_state=0).fit(X_train, y_train)
early = LSMClassifier(pooling=("rate", "rectified", "trace"), max_delay=17, random_state=0)
early.fit(beginnings(X_train), np.repeat(y_train, 4))

# %%
# All test utterances at once, each a stream of its own. One that is over gets no more frames, and
# what it is taken for stays.

N_FRAMES = max(len(x) for x in X_test)


def told_over_time(lsm):
    """What each test utterance is taken for after each frame, shape (N_FRAMES, n_utterances)."""
    streams, told = lsm.open_stream(len(X_test)), []
    for t in range(N_FRAMES):
        streams.push([x[t] if t < len(x) else None for x in X_test])
        told.append(streams.predict())
    return np.array(told)


told = {"trained on whole utterances": told_over_time(whole)}
told["trained on beginnings too"] = told_over_time(early)
accuracies = {name: (each == y_test).mean(axis=1) for name, each in told.items()}
for name, accuracy in accuracies.items():
    shown = ", ".join(f"{accuracy[t - 1]:.2f} after {t}" for t in (1, 3, 10))
    print(f"{name}: accuracy {shown} frames, {accuracy[-1]:.3f} in the end")

# %%
# One utterance, frame by frame: the one for which it took longest to be sure.

is_right = told["trained on beginnings too"] == y_test
n_unsure = np.where(is_right[-1], N_FRAMES - np.argmin(is_right[::-1], axis=0), 0)
n_unsure[is_right.all(axis=0)] = 0
chosen = int(np.argmax(n_unsure))
utterance, speaker = X_test[chosen], y_test[chosen]
stream = early.open_stream()
scores = np.array([stream.push(frame).decision_function()[0] for frame in utterance])
assert np.array_equal(scores[-1], early.decision_function([utterance])[0])
print(f"speaker {speaker} is told from frame {n_unsure[chosen] + 1} of {len(utterance)} on")

figure = plt.figure(figsize=(11, 5), layout="constrained")
axes = figure.subplot_mosaic(
    [["input", "accuracy"], ["scores", "accuracy"]], height_ratios=[1, 2.4], width_ratios=[1.2, 1]
)
time = np.arange(1, len(utterance) + 1)
frames = np.concatenate(X_train)
standardised = (utterance - frames.mean(axis=0)) / frames.std(axis=0)
axes["input"].pcolormesh(
    time, np.arange(1, 13), standardised.T, cmap="RdBu_r", vmin=-3, vmax=3, rasterized=True
)
axes["input"].set(xlim=(0.5, len(utterance) + 0.5), ylabel="cepstral\ncoefficient")
axes["input"].tick_params(labelbottom=False)
axes["input"].set_title(f"Frames of speaker {speaker}, as they come", loc="left")
rival = early.classes_[np.argmax(np.where(early.classes_ == speaker, -np.inf, scores.max(axis=0)))]
for label, values in zip(early.classes_, scores.T, strict=True):
    style = {"color": "0.8", "linewidth": 1}
    if label in (speaker, rival):
        colour = "C0" if label == speaker else "C1"
        style = {"color": colour, "linewidth": 2.5, "label": f"speaker {label}"}
    axes["scores"].plot(time, values, **style)
axes["scores"].axvline(
    n_unsure[chosen] + 1, color="0.3", linestyle=":", label="told right from here on"
)
axes["scores"].set(xlim=axes["input"].get_xlim(), xlabel="frame", ylabel="score")
axes["scores"].set_title("Scores of the nine speakers after every frame", loc="left")
axes["scores"].set_ylim(top=scores.max() + 0.7)  # room for the legend
axes["scores"].legend(loc="upper center", frameon=False)
for (name, accuracy), colour in zip(accuracies.items(), ["0.5", "C0"], strict=True):
    time = np.arange(1, N_FRAMES + 1)
    axes["accuracy"].plot(time, accuracy, color=colour, linewidth=2.5, label=name)
axes["accuracy"].set(xlabel="frames heard", ylabel="accuracy", ylim=(0, 1.02))
axes["accuracy"].set_title("370 test utterances, each a stream", loc="left")
axes["accuracy"].legend(loc="lower right", frameon=False)
axes["accuracy"].grid(alpha=0.3)
plt.show()
