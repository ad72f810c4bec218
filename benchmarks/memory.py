"""What the recurrence is worth: tasks with memory, with it and without.

Order: a chirp and the same chirp backwards, one after the other with a gap of up to some number
of steps, both at a random time in noise; which came first? A neuron's delayed synapses see either
the shape of a chirp or the distance between two, hardly both; a neuron that hears others can
combine one that knows the first chirp with one that hears the second. Moments of the spikes say
which neurons fired early, and so tell it without: features without them and pauses are tried too.

NARMA-10 [1]_: the output of a system whose next value is made of its last ten values and of the
product of two inputs nine steps apart, to be told from the inputs alone::

    y[t + 1] = 0.3 y[t] + 0.05 y[t] (y[t] + ... + y[t - 9]) + 1.5 u[t - 9] u[t] + 0.1

The regressor reads the liquid's last state and its traces. A liquid without delays can remember
by its recurrence alone; one with delays sees the past at its inputs.

.. [1] Atiya, Parlos. "New results on recurrent network training", IEEE Transactions on Neural
   Networks 11, 2000.
"""

from __future__ import annotations

import argparse
from itertools import product

import numpy as np

from skliquid import LSMClassifier, LSMRegressor

CHIRP_STEPS, NOISE = 16, 0.1
GAPS = {30: 150, 60: 150, 100: 200}  # most steps between the chirps: steps of a sequence
READINGS = {
    "default features": {},
    "without moments and pauses": {"pooling": ("counts", "longest_burst", "rectified")},
}
LAST_STATE = {"pooling": ("last", "trace")}
# Without delays there is nothing to balance: excitation keeps activity alive.
UNDELAYED = {"n_delays": 1, "max_channels": None, "ei_balance": None, "recurrent_fraction": 1.0}
RECURRENCES = {
    "default": {},
    "no recurrence": {"spectral_radius": 0.0},
    "all neurons recurrent": {"recurrent_fraction": 1.0},
}
DELAYS = {
    "no delays, all recurrent": UNDELAYED,
    "no delays, no recurrence": UNDELAYED | {"spectral_radius": 0.0},
}


def chirps(n_samples, most_gap, seed):
    """Series of shape (n_samples, n_timesteps), and which chirp of each came first."""
    rng = np.random.default_rng(seed)
    n_timesteps = GAPS[most_gap]
    t = np.arange(CHIRP_STEPS)
    upward = np.sin(2 * np.pi * (0.05 * t + 0.125 * t * t / CHIRP_STEPS))
    X = NOISE * rng.normal(size=(n_samples, n_timesteps))
    y = rng.integers(0, 2, n_samples)
    for x, is_upward_first in zip(X, y, strict=True):
        gap = rng.integers(0, most_gap)
        start = rng.integers(0, n_timesteps - 2 * CHIRP_STEPS - gap)
        pair = (upward, upward[::-1]) if is_upward_first else (upward[::-1], upward)
        for place, chirp in zip((start, start + CHIRP_STEPS + gap), pair, strict=True):
            x[place : place + CHIRP_STEPS] += chirp
    return X, y


def narma(n_samples, n_timesteps, seed):
    """Inputs of shape (n_samples, n_timesteps), and the last output of each."""
    u = np.random.default_rng(seed).uniform(0, 0.5, size=(n_samples, n_timesteps))
    y = np.full(u.shape, 0.1)
    for t in range(9, n_timesteps - 1):
        past = y[:, t - 9 : t + 1].sum(axis=1)
        y[:, t + 1] = 0.3 * y[:, t] + 0.05 * y[:, t] * past + 1.5 * u[:, t - 9] * u[:, t] + 0.1
    return u, y[:, -1]


def report(label, machine, parameters, draw, n_samples, n_seeds):
    """Print the mean score on unseen sequences, liquids and sequences drawn anew by each seed."""
    scores = []
    for seed in range(n_seeds):
        lsm = machine(random_state=seed, **parameters).fit(*draw(n_samples, seed))
        scores.append(lsm.score(*draw(n_samples, 1000 + seed)))
    print(f"{label:<92} {np.mean(scores):.3f} +- {np.std(scores):.3f}", flush=True)


def main():
    """Print accuracies, and coefficients of determination."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=400, help="training sequences")
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    numbers = arguments.samples, arguments.seeds
    for (reading, features), most_gap in product(READINGS.items(), GAPS):
        for label, parameters in RECURRENCES.items():
            report(
                f"order of chirps, {reading}, gap up to {most_gap}, accuracy: {label}",
                LSMClassifier,
                parameters | features,
                lambda n, seed, most_gap=most_gap: chirps(n, most_gap, seed),
                *numbers,
            )
    for label, parameters in (RECURRENCES | DELAYS).items():
        report(
            f"NARMA-10, R2: {label}",
            LSMRegressor,
            parameters | LAST_STATE,
            lambda n, seed: narma(n, 60, seed),
            *numbers,
        )


if __name__ == "__main__":
    main()
