"""Encoders that read each channel on a scale from 0 to 1 over its training range."""

from __future__ import annotations

import numpy as np

from ..sequences import Sequences, extremes
from ._base import SequenceEncoder

_FLOAT32_STEP = float(np.finfo(np.float32).eps)


class RangeEncoder(SequenceEncoder):
    """Base of the encoders that need the range of each channel.

    A value x stands at ``u = (x - data_min_) / (data_max_ - data_min_)``. The range of a
    constant channel counts as 1.
    """

    data_min_: np.ndarray
    data_max_: np.ndarray

    def _learn(self, sequences: Sequences, sample_weight: np.ndarray | None) -> None:
        frames = sequences.frames
        if sample_weight is not None:
            frames = sequences.take(sample_weight > 0).frames
        low, high = extremes(frames, sequences.has_missing)
        self.data_min_, self.data_max_ = low.astype(np.float64), high.astype(np.float64)

    def _unit(self, frames: np.ndarray) -> np.ndarray:
        """Where frames stand in the training range, float64 of the same shape."""
        span = self.data_max_ - self.data_min_
        largest = np.maximum(np.abs(self.data_min_), np.abs(self.data_max_))
        # What rounding leaves of a constant is not a signal.
        span[span <= _FLOAT32_STEP * largest] = 1.0
        unit: np.ndarray = (frames - self.data_min_) / span
        return unit
