"""How often a chosen risk of early classification is missed, over machines fitted to fresh draws.

The sequences are random walks of three classes that start to drift at a random step, so that some
are told late and some never. For each risk prints the share of the machines that lose more than
it, the mean share of sequences that they lose, and how early they are.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
from early import rule_at

from skliquid import EarlyLSMClassifier, LSMClassifier

RISKS = (0.05, 0.1, 0.2)
N_STEPS, N_TEST = 20, 1000


def drawn(n, rng):
    """Sequences and their classes."""
    y, begin = rng.integers(0, 3, n), rng.integers(0, N_STEPS - 4, n)
    drift = (np.arange(N_STEPS) >= begin[:, np.newaxis]) * (y[:, np.newaxis] - 1.0)
    noisy = rng.uniform(0.3, 1.2, (n, 1)) * drift + rng.normal(size=drift.shape)
    return noisy.cumsum(axis=1)[..., np.newaxis], y


def lost_and_heard(n, cv, seed):
    """Share that a machine loses and mean fraction that it hears, for each risk."""
    rng = np.random.default_rng(seed)
    machine = LSMClassifier(40, random_state=seed)
    early = EarlyLSMClassifier(machine, cv=cv, risk=RISKS[-1], checkpoints=5, random_state=seed)
    X, y = drawn(n, rng)
    early.fit(X, y)
    X_test, y_test = drawn(N_TEST, rng)
    at_the_end = early.estimator_.predict(X_test) == y_test
    found = []
    for risk in RISKS:
        told, n_frames = rule_at(early, risk, n).predict_early(X_test)
        found.append([(at_the_end & (told != y_test)).mean(), n_frames.mean() / N_STEPS])
    return found


def main():
    """Fit machines to fresh draws, by a share held out and by folds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=200)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    for n, cv in ((300, 0.3), (120, 5), (300, 5)):
        found = np.array([lost_and_heard(n, cv, seed) for seed in range(arguments.draws)])
        for risk, (lost, heard) in zip(RISKS, found.transpose(1, 2, 0), strict=True):
            print(
                f"{n} sequences, cv={cv:<4} risk {risk:<5} missed {(lost > risk).mean():.3f}  "
                f"lost {lost.mean():.3f}, at the 90th percentile {np.quantile(lost, 0.9):.3f}  "
                f"earliness {heard.mean():.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
