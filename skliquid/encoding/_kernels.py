"""Loops over time: arrays and numbers in, arrays filled, no Python objects."""

from __future__ import annotations

from functools import partial

import numpy as np

from .._compile import compiled

# float32 holds every whole number up to this one.
LARGEST_COUNT = 2.0**24


@compiled
def count_events(
    frames: np.ndarray,
    offsets: np.ndarray,
    origin: np.ndarray,
    level: np.ndarray,
    threshold: np.ndarray,
    events: np.ndarray,
) -> None:
    """Fill `events` of shape (n_frames, n_channels, 2) with numbers of ON and OFF events.

    `origin` of shape (n_samples, n_channels) is where each reference level starts; `level`, of
    the same shape, the reference less origin, in thresholds, which is moved on.
    """
    for i in range(len(offsets) - 1):
        for t in range(offsets[i], offsets[i + 1]):
            for c in range(frames.shape[1]):
                moved = (np.float64(frames[t, c]) - origin[i, c]) / threshold[c]
                k = np.trunc(moved - level[i, c])
                level[i, c] += k
                if k != 0.0:
                    events[t, c, 0 if k > 0.0 else 1] = min(abs(k), LARGEST_COUNT)


@partial(compiled, makes_arrays=True)
def fit_filter(
    signal: np.ndarray,
    offsets: np.ndarray,
    kernel: np.ndarray,
    threshold: float,
    spikes: np.ndarray,
) -> None:
    """Fill `spikes` of shape (n_frames, n_channels) where the kernel fits under the signal."""
    n_taps = len(kernel)
    for i in range(len(offsets) - 1):
        start, stop = offsets[i], offsets[i + 1]
        rest = np.empty(stop - start + n_taps - 1)
        for c in range(signal.shape[1]):
            rest[: stop - start] = signal[start:stop, c]
            rest[stop - start :] = signal[stop - 1, c]
            for t in range(stop - start):
                gain = 0.0
                for j in range(n_taps):
                    gain += abs(rest[t + j]) - abs(rest[t + j] - kernel[j])
                if gain >= threshold:
                    spikes[start + t, c] = 1.0
                    rest[t : t + n_taps] -= kernel
