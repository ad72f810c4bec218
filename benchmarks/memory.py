"""What the recurrence is worth: a task with memory, with and without it, with and without delays.

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

import numpy as np

from skliquid import LSMRegressor

# Without delays there is nothing to balance: excitation keeps activity alive.
UNDELAYED = {"n_delays": 1, "max_channels": None, "ei_balance": None}
SETTINGS = {
    "default": {},
    "default, no recurrence": {"spectral_radius": 0.0},
    "default, radius 0.9": {"spectral_radius": 0.9},
    "no delays, radius 0.9": UNDELAYED | {"spectral_radius": 0.9},
    "no delays, no recurrence": UNDELAYED | {"spectral_radius": 0.0},
}


def narma(n_samples, n_timesteps, seed):
    """Inputs of shape (n_samples, n_timesteps), and the last output of each."""
    u = np.random.default_rng(seed).uniform(0, 0.5, size=(n_samples, n_timesteps))
    y = np.full(u.shape, 0.1)
    for t in range(9, n_timesteps - 1):
        past = y[:, t - 9 : t + 1].sum(axis=1)
        y[:, t + 1] = 0.3 * y[:, t] + 0.05 * y[:, t] * past + 1.5 * u[:, t - 9] * u[:, t] + 0.1
    return u, y[:, -1]


def main():
    """Print the coefficient of determination on unseen inputs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=1000, help="training sequences")
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    for label, parameters in SETTINGS.items():
        scores = []
        for seed in range(arguments.seeds):
            X, y = narma(arguments.samples, 60, seed)
            X_test, y_test = narma(arguments.samples, 60, 1000 + seed)
            lsm = LSMRegressor(pooling=("last", "trace"), random_state=seed, **parameters)
            scores.append(lsm.fit(X, y).score(X_test, y_test))
        print(f"{label:<26} R2 {np.mean(scores):.3f} +- {np.std(scores):.3f}", flush=True)


if __name__ == "__main__":
    main()
