"""Liquids of the literature: what they reach here, beside what their papers say.

The data of ``rates`` and ``templates`` are generated. ``digits`` wants a folder with SpokenDigits
(`--data`), and ``mnist`` a file as Keras keeps it, with the arrays x_train, y_train, x_test and
y_test (`--mnist`).
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
from rivals import load_set
from scipy.fft import idct
from scipy.signal import lfilter
from sklearn.linear_model import RidgeClassifierCV, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skliquid.datasets import make_poisson_rates, make_spike_templates
from skliquid.published import MODELS, PublishedLiquid

RATES = (0.91, 0.92, 0.79, 0.75, 0.68, 0.87, 0.65)
COLUMN = MODELS["maass_2002"]


def classifier():
    return make_pipeline(StandardScaler(), RidgeClassifierCV(np.logspace(0, 6, 7)))


def error(features, y, n_train):
    fitted = classifier().fit(features[:n_train], y[:n_train])
    return 1 - fitted.score(features[n_train:], y[n_train:])


def rates(seed, taus=(30.0,), alone=False, n_train=600, n_test=200, dt=0.5, every=20, skipped=15):
    """Correlations of seven targets and linear readouts of 270 neurons, from 150 ms on.

    The readouts see the spikes through filters of the given time constants in ms; or, without a
    column, those of the input.
    """
    X, y = make_poisson_rates(n_train + n_test, dt=dt / 1000, random_state=seed)
    if alone:
        states = [
            lfilter([1.0], [1.0, -np.exp(-dt / tau)], X, axis=1)[:, every - 1 :: every]
            for tau in taus
        ]
    else:
        states = [np.array(_column(tau, dt, seed).fit(X).states(X, every=every)) for tau in taus]
    states = np.concatenate(states, axis=2)[:, skipped:]
    targets = y[:, every - 1 :: every][:, skipped:]
    readout = RidgeCV(np.logspace(-2, 5, 8), alpha_per_target=True)
    readout.fit(np.concatenate(states[:n_train]), np.concatenate(targets[:n_train]))
    outputs = readout.predict(np.concatenate(states[n_train:])).reshape(n_test, -1, 7)
    found = np.empty((n_test, 7))
    for i, k in np.ndindex(found.shape):
        found[i, k] = np.corrcoef(outputs[i, :, k], targets[n_train + i, :, k])[0, 1]
    return found.mean(axis=0)


def _column(tau, dt, seed):
    model = replace(COLUMN, shape=(6, 3, 15), tau_state=tau)
    return PublishedLiquid(model, dt=dt, random_state=seed, n_jobs=-1)


def templates(seed, n_trains=40, pooling="trace", n_windows=1):
    """Error of ten templates: of the column, and of the numbers of spikes of the trains."""
    X, y = make_spike_templates(1500, n_trains=n_trains, random_state=seed)
    liquid = PublishedLiquid(pooling=pooling, n_windows=n_windows, random_state=seed, n_jobs=-1)
    counts = np.array([x.sum(axis=0) for x in X])
    return error(liquid.fit(X).transform(X), y, 1000), error(counts, y, 1000)


def cochlear(X, seed, n_bands=77, hop=12.5, max_rate=300.0):
    """Spike trains of 77 bands: cepstra back to a spectrum, whose values are rates."""
    rng = np.random.default_rng(seed)
    bands = [idct(np.pad(x, ((0, 0), (0, n_bands - x.shape[1]))), norm="ortho") for x in X]
    low, high = np.percentile(np.concatenate(bands), [50, 99], axis=0)
    rates = [max_rate * np.clip((band - low) / (high - low), 0, 1) for band in bands]
    places = [np.arange(int(hop * len(rate))) // hop for rate in rates]
    return [
        (rng.random((len(place), n_bands)) < rate[place.astype(int)] / 1000).astype(np.float32)
        for rate, place in zip(rates, places, strict=True)
    ]


def digits(folder, seed):
    """Accuracy of 125 neurons on digits of speakers that were heard, and of others; and without.

    Of the training part 80 % are trained on, and the rest are those of the same speakers.
    """
    X, y, X_new, y_new = load_set(folder, "SpokenDigits")
    trains = cochlear([*X, *X_new], seed)
    order = np.random.default_rng(seed).permutation(len(X))
    train, heard = np.split(order, [4 * len(X) // 5])
    new = np.arange(len(X), len(trains))
    y = np.concatenate([y, y_new])
    model = PublishedLiquid(
        "gorad_2019", pooling="counts", n_windows=5, random_state=seed, n_jobs=-1
    )
    liquid = model.fit(trains).transform(trains)
    counts = np.array(
        [np.concatenate([p.sum(axis=0) for p in np.array_split(x, 5)]) for x in trains]
    )
    for name, features in (("liquid", liquid), ("its input", counts)):
        fitted = classifier().fit(features[train], y[train])
        yield name, [fitted.score(features[part], y[part]) for part in (heard, new)]


def mnist(file, seed, n_steps=250, refractory=2):
    """Accuracy of 1000 neurons in space, whose spikes are counted."""
    with np.load(file) as arrays:
        images = [arrays[f"x_{part}"] for part in ("train", "test")]
        y, y_test = arrays["y_train"], arrays["y_test"]
    liquid = PublishedLiquid("ivanov_2021", pooling="counts", random_state=seed, n_jobs=-1)
    features = []
    for part in images:
        pixels = part.reshape(len(part), -1) / np.iinfo(part.dtype).max
        p = pixels / (1 + refractory * pixels)  # of input neurons that rest after a spike
        features.append(np.concatenate(list(_counted(liquid, p, n_steps, seed))))
    fitted = classifier().fit(features[0], y)
    return fitted.score(features[1], y_test), features[1].mean() / n_steps * 1000


def _counted(liquid, probabilities, n_steps, seed, n_at_once=500):
    rng = np.random.default_rng(seed)
    for start in range(0, len(probabilities), n_at_once):
        p = probabilities[start : start + n_at_once, np.newaxis].astype(np.float32)
        spikes = rng.random((len(p), n_steps, p.shape[2]), dtype=np.float32) < p
        if not hasattr(liquid, "liquids_"):
            liquid.fit(spikes)
        yield liquid.transform(spikes)


def row(name, published, found):
    found = np.asarray(found)
    spread = f" +- {found.std():.3f}" if len(found) > 1 else ""
    print(f"{name:48s} {published:>9s}  {found.mean():.3f}{spread}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["rates", "templates"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data", type=Path, help="folder with SpokenDigits.npz")
    parser.add_argument("--mnist", type=Path, help="mnist.npz")
    given = parser.parse_args()
    seeds = range(given.seeds)
    print(f"{'':48s} published  here, {given.seeds} seeds")
    if "rates" in given.what:
        for taus, alone in product([(30.0,), (15.0, 30.0)], [False, True]):
            view = f"filters {taus} ms, {'input alone' if alone else 'column'}"
            found = np.transpose([rates(seed, taus, alone) for seed in seeds])
            for k, of_target in enumerate(found):
                row(f"f{k + 1}, {view}", f"{RATES[k]:.2f}", of_target)
    if "templates" in given.what:
        for n in (40, 4, 2):
            state, counts = np.transpose([templates(seed, n) for seed in seeds])
            over_time = [templates(seed, n, "counts", 5)[0] for seed in seeds]
            published = "0.09" if n == 40 else ""
            row(f"templates of {n} trains, error of the state", published, state)
            row("  spikes of the neurons in five windows", "", over_time)
            row("  spikes of the trains, without a liquid", "", counts)
    if "digits" in given.what:
        found = [dict(digits(given.data, seed)) for seed in seeds]
        for name, published in (("liquid", "0.99"), ("its input", "")):
            heard, new = np.transpose([each[name] for each in found])
            row(f"digits, {name}, speakers heard", published, heard)
            row(f"digits, {name}, other speakers", "", new)
    if "mnist" in given.what:
        accuracy, hertz = np.transpose([mnist(given.mnist, seed) for seed in seeds])
        row("MNIST, accuracy", "0.953", accuracy)
        print(f"  at {hertz.mean():.0f} Hz")


if __name__ == "__main__":
    main()
