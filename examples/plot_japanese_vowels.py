"""
Telling speakers apart by two vowels
====================================

Nine speakers said the Japanese vowels /ae/. Each utterance is a sequence of 7 to 29 frames of
12 LPC cepstrum coefficients, and the task is to tell who speaks [1]_. A liquid of spiking
neurons turns the utterances into features; a ridge classifier reads them.

.. [1] Kudo, Toyama, Shimbo. "Multidimensional curve classification using passing-through
   regions", Pattern Recognition Letters 20(11-13), 1999.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import RidgeClassifierCV
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skliquid import LSMClassifier
from skliquid.datasets import load_japanese_vowels
from skliquid.plotting import plot_raster

# %%
# The utterances come as a plain list of arrays, each of shape (n_timesteps, 12), because they
# differ in length. That is all a liquid needs.

X_train, y_train, X_test, y_test = load_japanese_vowels()
print(f"{len(X_train)} utterances to train on, {len(X_test)} to test on; the first three have")
print("shapes", [x.shape for x in X_train[:3]])

# %%
# How much is gained over no liquid at all? The baseline forgets time: it keeps the mean and
# the standard deviation of each channel.


def mean_and_std(utterances):
    """Features without a reservoir, shape (n_samples, 24)."""
    return np.array([np.concatenate([x.mean(axis=0), x.std(axis=0)]) for x in utterances])


baseline = make_pipeline(StandardScaler(), RidgeClassifierCV(alphas=np.logspace(-3, 3, 10)))
baseline.fit(mean_and_std(X_train), y_train)
baseline_accuracy = baseline.score(mean_and_std(X_test), y_test)

liquids = [LSMClassifier(random_state=seed).fit(X_train, y_train) for seed in range(5)]
accuracies = [liquid.score(X_test, y_test) for liquid in liquids]
print(f"mean and standard deviation + ridge:  {baseline_accuracy:.3f}")
print(
    f"liquid of {liquids[0].reservoir_size} neurons + ridge:       {np.mean(accuracies):.3f} +- "
    f"{np.std(accuracies):.3f} over {len(accuracies)} seeds"
)

# %%
# The reservoir's parameters are those of any scikit-learn estimator, so a search over them
# needs nothing special. On the 270 training utterances the choice matters little: this task is
# easy for any of these liquids.

search = GridSearchCV(
    LSMClassifier(reservoir_size=200, random_state=0),
    {
        "spectral_radius": [0.3, 0.9, 1.5],
        "topology": ["erdos_renyi", "small_world", "scale_free"],
    },
    cv=StratifiedKFold(3, shuffle=True, random_state=0),
)
search.fit(X_train, y_train)
scores = search.cv_results_["mean_test_score"].reshape(3, 3)
print("cross-validated accuracy      erdos_renyi  small_world  scale_free")
for radius, row in zip([0.3, 0.9, 1.5], scores, strict=True):
    print(f"  spectral radius {radius}" + "".join(f"{score:13.3f}" for score in row))
print(f"best: {search.best_params_}, test accuracy {search.score(X_test, y_test):.3f}")

# %%
# Seen from inside: one utterance as the liquid hears it, the spikes that a hundred of its neurons
# answer with, and what the readout makes of all test utterances. Each neuron fires through the
# phases of the utterance that fit its synapses and rests in the others.

liquid = liquids[0]
transformer = liquid.pipeline_["liquid"]
longest = max(range(len(X_test)), key=lambda i: len(X_test[i]))
utterance = X_test[longest]
spikes = transformer.spikes([utterance])[0]
print(f"{spikes.mean():.0%} of the neurons fire at a time")

figure = plt.figure(figsize=(11, 5.5), layout="constrained")
axes = figure.subplot_mosaic(
    [["input", "confusion"], ["raster", "confusion"]],
    height_ratios=[1, 2.2],
    width_ratios=[1.1, 1],
)
standardised = (utterance - np.mean(np.concatenate(X_train), axis=0)) / np.std(
    np.concatenate(X_train), axis=0
)
image = axes["input"].imshow(
    standardised.T, aspect="auto", origin="lower", cmap="RdBu_r", vmin=-3, vmax=3
)
figure.colorbar(image, ax=axes["input"], label="standard deviations", pad=0.01)
axes["input"].set_ylabel("cepstral\ncoefficient")
axes["input"].set_title(f"An utterance of speaker {y_test[longest]}", loc="left")
axes["input"].tick_params(labelbottom=False)
shown = spikes[:, np.linspace(0, spikes.shape[1] - 1, 100).astype(int)]
plot_raster(shown, n_excitatory=int(0.8 * shown.shape[1]), ax=axes["raster"])
axes["raster"].set_title("Spikes of 100 neurons", loc="left")
ConfusionMatrixDisplay.from_predictions(
    y_test,
    liquid.predict(X_test),
    ax=axes["confusion"],
    cmap="Blues",
    colorbar=False,
)
axes["confusion"].set(
    title=f"Test utterances, accuracy {accuracies[0]:.3f}",
    xlabel="predicted speaker",
    ylabel="true speaker",
)
figure.savefig("japanese_vowels.png", dpi=150)
print("figure saved as japanese_vowels.png")
plt.show()
