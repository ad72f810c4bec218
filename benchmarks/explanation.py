"""Whether what `explain` names is what the score rests on: deletion and insertion against chance.

A sequence is cut into 20 stretches of time, for all channels together or for each. Those with the
largest contributions to the score of the predicted class are deleted first: replaced by the
training mean of the channel, or by lines from what is left before to what is left after. The
area is the mean change of the score over nine fractions that are deleted, 0.1 to 0.9; insertion
is the same with those stretches kept, and all others deleted. Chance deletes or keeps stretches of
the same length in random order, five times. Prints for each set the areas, the share of its
sequences in which they are on the right side of chance, and the seconds of `explain`.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from rivals import load_set

from skliquid import LSMClassifier

N_STRETCHES, N_ORDERS = 20, 5
FRACTIONS = np.arange(1, 10) / 10
REPLACED_BY = ("mean", "lines")


def stretches(x, of_channels):
    """Number of the stretch that each frame of each channel belongs to."""
    n = min(len(x), N_STRETCHES)
    of_time = np.repeat(np.arange(len(x))[:, None] * n // len(x), x.shape[1], axis=1)
    return of_time * x.shape[1] + np.arange(x.shape[1]) if of_channels else of_time


def replaced(x, is_kept, mean, by):
    """A sequence without what is not kept."""
    if by == "mean":
        return np.where(is_kept, x, mean)
    t, lines = np.arange(len(x)), np.tile(mean, (len(x), 1))
    for channel, kept in enumerate(is_kept.T):
        if kept.any():
            lines[:, channel] = np.interp(t, t[kept], x[kept, channel])
    return lines


def curves(x, order, stretch, mean, by):
    """The sequence after each deletion, and after each insertion."""
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    first = [rank[stretch] < round(fraction * len(order)) for fraction in FRACTIONS]
    kept = [~each for each in first] + first
    return [replaced(x, each, mean, by).astype(np.float32) for each in kept]


def of_predicted(lsm, X, column=None):
    """Scores of given classes, or the columns of the predicted ones."""
    scores = lsm.decision_function(X)
    scores = np.stack([-scores, scores], axis=1) if scores.ndim == 1 else scores
    return scores.argmax(axis=1) if column is None else scores[np.arange(len(X)), column]


def areas(lsm, X, contributions, mean, by, of_channels):
    """Deletion and insertion areas, shape (n_sequences, 1 + N_ORDERS, 2), chance from 1 on."""
    column, made = of_predicted(lsm, X), []
    for i, (x, parts) in enumerate(zip(X, contributions, strict=True)):
        stretch = stretches(x, of_channels)
        sums = np.bincount(stretch.ravel(), weights=parts.ravel())
        rng = np.random.default_rng(i)
        orders = [np.argsort(-sums, kind="stable")]
        orders += [rng.permutation(len(sums)) for _ in range(N_ORDERS)]
        made += [each for order in orders for each in curves(x, order, stretch, mean, by)]
    n_curve = 2 * len(FRACTIONS)
    scores = of_predicted(lsm, made, np.repeat(column, len(made) // len(X)))
    change = scores.reshape(len(X), -1, n_curve) - of_predicted(lsm, X, column)[:, None, None]
    return change.reshape(len(X), -1, 2, len(FRACTIONS)).mean(axis=3)


def explained(folder, name, n_sequences, n_training):
    """A classifier at its defaults, some test sequences, their contributions, the means."""
    X, y, X_test, _ = load_set(folder, name)
    rng = np.random.default_rng(0)
    chosen = rng.permutation(len(X))[:n_training]
    X, y = [X[i] for i in chosen], y[chosen]
    lsm = LSMClassifier(random_state=0).fit(X, y)
    some = [X_test[i] for i in rng.permutation(len(X_test))[:n_sequences]]
    start = time.perf_counter()
    explanation = lsm.explain(some)
    seconds = time.perf_counter() - start
    sums = explanation.base + [each.sum() for each in explanation.contributions]
    error = abs(sums - of_predicted(lsm, some, of_predicted(lsm, some))).max()
    return lsm, some, explanation.contributions, np.concatenate(X).mean(axis=0), error, seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of sets (NAME.npz)")
    parser.add_argument("--sets", nargs="*", help="names of the sets; all of the folder")
    parser.add_argument("--sequences", type=int, default=20, help="test sequences of a set")
    parser.add_argument("--training", type=int, default=600, help="most training sequences")
    arguments = parser.parse_args()
    print(
        f"{'set':<30} {'deleted':<9} {'by':<5}  deletion  chance  better"
        "  insertion  chance  better"
    )
    found, errors = {}, []
    for name in arguments.sets or sorted(path.stem for path in arguments.data.glob("*.npz")):
        lsm, X, contributions, mean, error, seconds = explained(
            arguments.data, name, arguments.sequences, arguments.training
        )
        errors.append(error)
        for of_channels in (False, True)[: min(2, X[0].shape[1])]:
            for by in REPLACED_BY:
                area = areas(lsm, X, contributions, mean, by, of_channels)
                ours, chance = area[:, 0], area[:, 1:].mean(axis=1)
                better = (ours < chance)[:, 0].mean(), (ours > chance)[:, 1].mean()
                what = "cells" if of_channels else "frames"
                (d, i), (d_chance, i_chance) = ours.mean(axis=0), chance.mean(axis=0)
                found.setdefault((what, by), []).append((d, d_chance, i, i_chance))
                print(
                    f"{name:<30} {what:<9} {by:<5} {d:9.3f} {d_chance:7.3f} {better[0]:7.2f} "
                    f"{i:10.3f} {i_chance:7.3f} {better[1]:7.2f}",
                    flush=True,
                )
        print(f"{name:<30} {seconds / len(X):.3f} s a sequence, error of the sum {error:.0e}")
    for (what, by), rows in found.items():
        d, d_chance, i, i_chance = np.array(rows).T
        print(
            f"mean of {len(d)} sets, {what} by {by}: deletion {d.mean():.3f}, chance "
            f"{d_chance.mean():.3f}, below on {(d < d_chance).sum()}; insertion {i.mean():.3f}, "
            f"chance {i_chance.mean():.3f}, above on {(i > i_chance).sum()}"
        )
    print(f"largest error of a sum: {max(errors):.1e}")


if __name__ == "__main__":
    main()
