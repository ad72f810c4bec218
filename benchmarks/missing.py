"""What missing values cost: accuracy of the classifier where values were knocked out.

Values go missing one by one, or in one gap for each channel of a sequence, in training and in test
sequences or in these alone. Prints, for each way of filling, the mean test accuracy over the sets,
beside that of the channels' means in the place of what is missing, and on how many sets "linear"
beats "hold".
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from rivals import load_set

from skliquid import LSMClassifier

# How values go missing, what share of them, and whether those of the training sequences do.
CASES = [
    *(("one by one", share, True) for share in (0.1, 0.3, 0.6)),
    *(("in a gap", share, True) for share in (0.1, 0.3)),
    *((way, 0.3, False) for way in ("one by one", "in a gap")),
]
FILLINGS = ("linear", "hold", "mean")


def knocked_out(X, way, share, rng):
    """The same sequences with a share of their values missing."""
    holed = []
    for x in X:
        x = x.copy()
        if way == "one by one":
            x[rng.random(x.shape) < share] = np.nan
        else:
            length = max(1, round(share * len(x)))
            for values in x.T:
                start = rng.integers(len(x) - length + 1)
                values[start : start + length] = np.nan
        holed.append(x)
    return holed


def accuracy(X, y, X_test, y_test, filling):
    """Test accuracy with one way of filling."""
    if filling == "mean":
        means = np.nanmean(np.concatenate(X), axis=0)
        X, X_test = ([np.where(np.isnan(x), means, x) for x in part] for part in (X, X_test))
        filling = "error"
    lsm = LSMClassifier(random_state=0, missing=filling, n_jobs=-1)
    return lsm.fit(X, y).score(X_test, y_test)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of sets (NAME.npz)")
    parser.add_argument("--sets", nargs="*", help="names of the sets; all of the folder")
    arguments = parser.parse_args()
    scores = {case: [] for case in CASES}
    whole = []
    for name in arguments.sets or sorted(path.stem for path in arguments.data.glob("*.npz")):
        X, y, X_test, y_test = load_set(arguments.data, name)
        whole.append(accuracy(X, y, X_test, y_test, "error"))
        for case in CASES:
            way, share, in_training = case
            rng = np.random.default_rng(0)
            holed, holed_test = (knocked_out(part, way, share, rng) for part in (X, X_test))
            given = holed if in_training else X
            scores[case].append(
                [accuracy(given, y, holed_test, y_test, filling) for filling in FILLINGS]
            )
        print(f"{name}: {whole[-1]:.3f} whole", flush=True)
    print(f"{len(whole)} sets, mean accuracy {np.mean(whole):.3f} where nothing is missing")
    for (way, share, in_training), rows in scores.items():
        linear, hold, _ = np.array(rows).T
        cells = " ".join(
            f"{name} {mean:.3f}"
            for name, mean in zip(FILLINGS, np.mean(rows, axis=0), strict=True)
        )
        where = "" if in_training else ", of test sequences alone"
        print(
            f"{share:.0%} {way}{where}: {cells}; linear better on {sum(linear > hold)} and worse "
            f"on {sum(linear < hold)}"
        )


if __name__ == "__main__":
    main()
