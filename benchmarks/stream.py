"""How long a frame of a live stream takes, and whether the stream tells what `predict` does.

Sequences are random walks of 100 steps, the liquid is the default one. Before anything is timed,
scores and classes of a stream are held against those of the whole sequence so far, after every
frame. Times are those of a push, and of a push with the prediction after it, divided by the number
of frames that it brought, of all streams.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from skliquid import LSMClassifier

N_TRAINING, N_TIMESTEPS, N_CLASSES = 90, 100, 9
STREAMS, PIECES = (1, 16, 256), (1, 10, 100)


def walks(n_samples, n_channels, seed):
    """Random walks, shape (n_samples, N_TIMESTEPS, n_channels)."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_samples, N_TIMESTEPS, n_channels)).cumsum(axis=1)


def fitted(n_channels):
    """A classifier at its defaults; that the classes mean nothing changes no time."""
    y = np.arange(N_TRAINING) % N_CLASSES
    return LSMClassifier(1500, random_state=0).fit(walks(N_TRAINING, n_channels, 0), y)


def check_every_frame(lsm, x):
    """Raise an error unless scores and classes are those of the sequence, after every frame."""
    stream = lsm.open_stream()
    for t, frame in enumerate(x):
        stream.push(frame)
        so_far = [x[: t + 1]]
        np.testing.assert_array_equal(stream.decision_function(), lsm.decision_function(so_far))
        np.testing.assert_array_equal(stream.predict(), lsm.predict(so_far))
    return len(x)


def microseconds(lsm, X, n_frames, reads, seconds):
    """Median and least time of a frame over pushes of `n_frames` frames for each stream."""
    stream, times = lsm.open_stream(len(X)), []
    pieces = [X[:, i : i + n_frames] for i in range(0, N_TIMESTEPS, n_frames)]
    pieces = pieces if len(X) > 1 else [piece[0] for piece in pieces]
    stop = time.perf_counter() + seconds
    while time.perf_counter() < stop or len(times) < 12:
        for piece in pieces:
            start = time.perf_counter()
            stream.push(piece)
            if reads:
                stream.predict()
            times.append(time.perf_counter() - start)
    each = np.array(times[10:]) * 1e6 / (n_frames * len(X))
    return np.median(each), each.min()


def main():
    """Print a table for each number of channels."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, nargs="+", default=[1, 3, 12])
    parser.add_argument("--seconds", type=float, default=3.0, help="for each number")
    arguments = parser.parse_args()
    print("| channels | streams | frames a push | push (least) | push and predict (least) |")
    print("|---|---|---|---|---|")
    for n_channels in arguments.channels:
        lsm, new = fitted(n_channels), walks(max(STREAMS), n_channels, 1)
        n_checked = sum(check_every_frame(lsm, x) for x in new[:3])
        for n_streams in STREAMS:
            for n_frames in PIECES:
                row = [
                    "{:.1f} ({:.1f})".format(
                        *microseconds(lsm, new[:n_streams], n_frames, reads, arguments.seconds)
                    )
                    for reads in (False, True)
                ]
                print(
                    f"| {n_channels} | {n_streams} | {n_frames} | {row[0]} | {row[1]} |",
                    flush=True,
                )
        print(f"{n_channels} channels: equal to the last bit after each of {n_checked} frames")


if __name__ == "__main__":
    main()
