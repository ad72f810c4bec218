"""The Japanese Vowels data set, which ships with the package."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

import numpy as np

Split = tuple[list[np.ndarray], np.ndarray, list[np.ndarray], np.ndarray]


def load_japanese_vowels() -> Split:
    """Load utterances of two Japanese vowels by nine speakers, in their official split.

    Nine male speakers uttered /ae/ in succession. Each utterance is a sequence of 7 to 29
    frames of 12 LPC cepstrum coefficients (frames of 25.6 ms, 6.4 ms apart, at 10 kHz); the
    task is to tell the speaker [1]_. The data are licensed under CC BY 4.0 [2]_.

    Returns
    -------
    X_train : list of 270 ndarray of shape (n_timesteps_i, 12), dtype float32
        Training utterances, 30 by each speaker.
    y_train : ndarray of shape (270,), dtype str
        Their speakers, "1" to "9".
    X_test : list of 370 ndarray of shape (n_timesteps_i, 12), dtype float32
        Test utterances, 24 to 88 by each speaker.
    y_test : ndarray of shape (370,), dtype str
        Their speakers.

    References
    ----------
    .. [1] Kudo, Toyama, Shimbo. "Multidimensional curve classification using
       passing-through regions", Pattern Recognition Letters 20(11-13), 1999.
    .. [2] Kudo, Toyama, Shimbo. "Japanese Vowels", UCI Machine Learning Repository, 1999,
       https://doi.org/10.24432/C5NS47.

    Examples
    --------
    >>> from skliquid.datasets import load_japanese_vowels
    >>> X_train, y_train, X_test, y_test = load_japanese_vowels()
    >>> len(X_train), len(X_test), X_train[0].shape
    (270, 370, (20, 12))
    """
    path = files(__package__) / "data" / "japanese_vowels.npz"
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
        return *_half(archive, "train"), *_half(archive, "test")


def _half(archive: Mapping[str, np.ndarray], half: str) -> tuple[list[np.ndarray], np.ndarray]:
    inner_offsets = archive[f"offsets_{half}"][1:-1]
    return np.split(archive[f"frames_{half}"], inner_offsets), archive[f"speakers_{half}"]
