"""Accuracy of the regressors on sequence-to-value tasks, mean and ranks.

The tasks are made here, twelve kinds of what one wants to read off a sequence. Rivals come as they
are: aeon's RocketRegressor at its defaults, and a RidgeCV on summary statistics of each channel.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
from scipy.stats import rankdata
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skliquid import LSMRegressor
from skliquid.datasets import make_mackey_glass, make_narma

N_TRAIN, N_TEST, N_STEPS = 300, 300, 200
T = np.arange(N_STEPS)


def frequency(n, rng):
    """Frequency of a sine of any phase in noise, the log of it."""
    y = rng.uniform(np.log(0.02), np.log(0.2), n)
    phase = rng.uniform(0, 2 * np.pi, (n, 1))
    return np.sin(2 * np.pi * np.exp(y)[:, None] * T + phase) + _noise(rng, n, 0.5), y


def chirp(n, rng):
    """How much the frequency of a sine rises from beginning to end."""
    y, start = rng.uniform(0, 0.15, n), rng.uniform(0.02, 0.08, (n, 1))
    phase = 2 * np.pi * (start * T + y[:, None] * T**2 / (2 * N_STEPS))
    return np.sin(phase + rng.uniform(0, 2 * np.pi, (n, 1))) + _noise(rng, n, 0.3), y


def damping(n, rng):
    """Logarithm of the time constant of a ringing."""
    y, f = rng.uniform(np.log(10), np.log(150), n), rng.uniform(0.03, 0.1, (n, 1))
    ringing = np.exp(-T / np.exp(y)[:, None]) * np.cos(2 * np.pi * f * T)
    return ringing + _noise(rng, n, 0.1), y


def last_event(n, rng):
    """Steps since the last of some short events."""
    x, y = _noise(rng, n, 0.2), np.empty(n)
    for row, i in zip(x, range(n), strict=True):
        at = rng.choice(N_STEPS - 5, rng.integers(1, 6), replace=False)
        for start in at:
            row[start : start + 5] += 1.5
        y[i] = N_STEPS - at.max()
    return x, y


def bump_position(n, rng):
    """Where the one bump is."""
    y = rng.uniform(20, N_STEPS - 20, n)
    width = rng.uniform(3, 15, (n, 1))
    return np.exp(-(((T - y[:, None]) / width) ** 2)) + _noise(rng, n, 0.2), y


def bump_count(n, rng):
    """How many bumps there are."""
    y = rng.integers(1, 11, n)
    x = _noise(rng, n, 0.2)
    for row, count in zip(x, y, strict=True):
        for centre in rng.uniform(5, N_STEPS - 5, count):
            row += np.exp(-(((T - centre) / 3.0) ** 2))
    return x, y.astype(float)


def area(n, rng):
    """Area under the positive part of a smooth random curve."""
    smooth = np.cumsum(_noise(rng, n, 0.2), axis=1)
    y = np.maximum(smooth, 0).mean(axis=1)
    return smooth + _noise(rng, n, 0.3), y


def amplitude_of_one(n, rng):
    """Amplitude of a pulse in one of five channels, whose like the others have by chance."""
    x = rng.normal(size=(n, N_STEPS, 5)) * 0.3
    amplitude = rng.uniform(0.5, 3.0, (n, 5))
    centre = rng.uniform(20, N_STEPS - 20, (n, 1, 5))
    x += amplitude[:, None] * np.exp(-(((T[:, None] - centre) / 8.0) ** 2))
    return x, amplitude[:, 2]


def lag(n, rng):
    """By how much one channel comes after the other."""
    y = rng.integers(0, 21, n)
    noise = rng.normal(size=(n, N_STEPS + 20))
    smooth = np.stack([np.convolve(row, np.ones(3) / 3, "same") for row in noise])
    late = np.stack([row[20 - d : 20 - d + N_STEPS] for row, d in zip(smooth, y, strict=True)])
    x = np.stack([smooth[:, 20:], late], axis=2)
    return x + 0.2 * rng.normal(size=x.shape), y.astype(float)


def ar_coefficient(n, rng):
    """First coefficient of an autoregressive process of second order."""
    y, second = rng.uniform(-0.8, 0.8, n), rng.uniform(-0.15, 0.15, n)
    x = rng.normal(size=(n, N_STEPS + 50))
    for t in range(2, N_STEPS + 50):
        x[:, t] += y * x[:, t - 1] + second * x[:, t - 2]
    x = x[:, 50:]
    return x / x.std(axis=1, keepdims=True), y


def narma_value(n, rng):
    """Last output of NARMA-10, which sums and products of the last inputs make."""
    u, y = make_narma(n, N_STEPS, random_state=int(rng.integers(2**31)))
    return u[:, :, 0], y[:, -1, 0]


def delay(n, rng):
    """Delay of the Mackey-Glass equation that made the series."""
    y = rng.integers(10, 31, n)
    seeds = rng.integers(2**31, size=n)
    x = [
        make_mackey_glass(1, N_STEPS, tau=float(tau), n_transient=200, random_state=int(seed))[0]
        for tau, seed in zip(y, seeds, strict=True)
    ]
    return np.stack(x)[:, :, 0] + _noise(rng, n, 0.05), y.astype(float)


TASKS = [
    *(frequency, chirp, damping, last_event, bump_position, bump_count),
    *(area, amplitude_of_one, lag, ar_coefficient, narma_value, delay),
]


def _noise(rng, n, deviation):
    return deviation * rng.normal(size=(n, N_STEPS))


def summary(X):
    """Mean, deviation, extremes, quantiles, slope and steps of each channel."""
    t = (np.arange(X.shape[1]) - X.shape[1] / 2)[:, None]
    parts = [X.mean(axis=1), X.std(axis=1), X.min(axis=1), X.max(axis=1), X[:, 0], X[:, -1]]
    parts += list(np.quantile(X, (0.05, 0.25, 0.5, 0.75, 0.95), axis=1))
    parts += [(X * t).mean(axis=1), np.abs(np.diff(X, axis=1)).mean(axis=1)]
    parts += [((X - X.mean(axis=1, keepdims=True)) ** k).mean(axis=1) for k in (3, 4)]
    parts += [(np.diff(np.sign(X - X.mean(axis=1, keepdims=True)), axis=1) != 0).mean(axis=1)]
    return np.concatenate(parts, axis=1)


def lsm(X, y, X_test, seed):
    """The liquid state machine at its defaults."""
    return LSMRegressor(random_state=seed).fit(X, y).predict(X_test)


def rocket(X, y, X_test, seed):
    """aeon's RocketRegressor."""
    from aeon.regression.convolution_based import RocketRegressor

    train, test = (np.ascontiguousarray(each.transpose(0, 2, 1)) for each in (X, X_test))
    return RocketRegressor(random_state=seed).fit(train, y).predict(test)


def statistics(X, y, X_test, seed):
    """RidgeCV on summary statistics."""
    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-3, 3, 10)))
    return model.fit(summary(X), y).predict(summary(X_test))


RIVALS = {"LSMRegressor": lsm, "RocketRegressor": rocket, "Ridge on statistics": statistics}


def main() -> None:
    """Print R2 of each rival on each task, their means and ranks, and the seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--tasks", nargs="*", default=[task.__name__ for task in TASKS])
    given = parser.parse_args()
    warnings.filterwarnings("ignore")
    print(f"{'R2':20}" + "".join(f"{name:>22}" for name in RIVALS))
    scores, seconds = [], np.zeros(len(RIVALS))
    for task in TASKS:
        if task.__name__ not in given.tasks:
            continue
        found = np.empty((given.seeds, len(RIVALS)))
        for seed in range(given.seeds):
            X, y = task(N_TRAIN + N_TEST, np.random.default_rng(seed))
            X = X.reshape(len(X), N_STEPS, -1)
            for i, rival in enumerate(RIVALS.values()):
                start = time.perf_counter()
                predicted = rival(X[:N_TRAIN], y[:N_TRAIN], X[N_TRAIN:], seed)
                seconds[i] += time.perf_counter() - start
                found[seed, i] = r2_score(y[N_TRAIN:], predicted)
        scores.append(found.mean(axis=0))
        print(
            f"{task.__name__:20}" + "".join(f"{score:22.3f}" for score in scores[-1]), flush=True
        )
    rows = {
        "mean R2": np.mean(scores, axis=0),
        "mean rank": rankdata(-np.array(scores), axis=1).mean(axis=0),
    }
    for name, values in {**rows, "seconds": seconds}.items():
        print(f"{name:20}" + "".join(f"{value:22.3f}" for value in values))


if __name__ == "__main__":
    main()
