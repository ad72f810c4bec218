"""Live streams that say when they have heard enough."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import joblib
import numpy as np
from sklearn.pipeline import Pipeline

from ..sequences import Sequences
from ._reading import inner_settings
from ._source import Source
from ._stages import read_at
from ._stopping import confidence
from ._stream import LSMStream


@dataclass(frozen=True, eq=False)
class EarlySource(Source):
    """What a stream that decides is opened from.

    Parameters
    ----------
    checkpoints : ndarray of int
        After how many frames it is asked whether it is sure.
    stages : list of Pipeline
        What reads the features there, and last what reads them at any other time.
    threshold : float
        How sure it must be.
    """

    checkpoints: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    stages: list[Pipeline] = field(default_factory=list)
    threshold: float = np.inf

    def digest(self) -> str:
        """Tell what a state belongs to: all that the liquid is, and where it is asked."""
        return str(joblib.hash([super().digest(), self.checkpoints]))


class EarlyLSMStream(LSMStream):
    """Sequences whose frames come live, each of which is decided once the machine is sure.

    Made by :meth:`EarlyLSMClassifier.open_stream`. What a stream is told to be stays once it is
    decided, and the frames that are still pushed into it are not run, until it is reset. Before,
    it is told what it would be if it ended now.

    Parameters
    ----------
    source : object
        What the fitted estimator hands out.
    n_streams : int, default=1
        Number of sequences that come side by side.

    See Also
    --------
    LSMStream : The same without decisions.

    Examples
    --------
    >>> from skliquid import EarlyLSMClassifier
    >>> from skliquid.datasets import load_japanese_vowels
    >>> X, y, X_test, y_test = load_japanese_vowels()
    >>> early = EarlyLSMClassifier(cv=0.3, random_state=0).fit(X, y)
    >>> stream = early.open_stream()
    >>> for frame in X_test[0]:
    ...     if stream.push(frame).is_decided.all():
    ...         break
    >>> int(stream.n_frames_seen[0]), len(X_test[0]), str(stream.predict()[0])
    (3, 19, '1')
    """

    _source: EarlySource

    def __init__(self, source: EarlySource, n_streams: int = 1) -> None:
        super().__init__(source, n_streams)
        self._is_decided = np.zeros(self.n_streams, dtype=bool)

    @property
    def is_decided(self) -> np.ndarray:
        """Whether each stream is decided, shape (n_streams,); `n_frames_seen` tells after what."""
        return self._is_decided.copy()

    def reset(self, streams: Any = None) -> EarlyLSMStream:
        """Forget all frames and what was decided, as if none had been pushed.

        Parameters
        ----------
        streams : int, array-like of int or bool, slice or None, default=None
            Which streams; None is all.

        Returns
        -------
        EarlyLSMStream
            The stream itself.
        """
        super().reset(streams)
        self._is_decided[self._chosen(streams)] = False
        return self

    def _push(self, pieces: Sequences, lengths: np.ndarray, chosen: np.ndarray | None) -> None:
        """Run validated pieces from checkpoint to checkpoint, each until it is decided."""
        streams = np.arange(self.n_streams) if chosen is None else chosen
        limits = np.append(self._source.checkpoints, np.iinfo(np.int64).max)
        begins, ends = pieces.offsets[:-1].copy(), pieces.offsets[1:]
        while True:
            seen = self._n_frames[streams]
            left = limits[np.searchsorted(limits, seen, side="right")] - seen
            n_next = np.minimum(left, ends - begins)
            n_next[self._is_decided[streams]] = 0
            if not n_next.any():
                return
            super()._push(_cut(pieces, begins, n_next), n_next, chosen)
            begins += n_next
            self._decide(streams[n_next > 0])

    def _decide(self, streams: np.ndarray) -> None:
        """Ask those of some streams that have just come to a checkpoint."""
        asked = streams[np.isin(self._n_frames[streams], self._source.checkpoints)]
        if not len(asked) or np.isinf(self._source.threshold):
            return
        features, numbers = self._pooled(asked, np.float64), self._checkpoint_of(asked)
        with inner_settings():
            found = read_at(self._source.stages, "probabilities", features, numbers)
        self._is_decided[asked] = confidence(found) >= self._source.threshold

    def _checkpoint_of(self, streams: np.ndarray) -> np.ndarray:
        return np.searchsorted(self._source.checkpoints, self._n_frames[streams])

    def _read(self, method: str, streams: Any) -> np.ndarray:
        features, chosen = self.features(streams), self._chosen(streams)
        at_the_end = len(self._source.checkpoints)
        numbers = np.where(self._is_decided[chosen], self._checkpoint_of(chosen), at_the_end)
        with inner_settings():
            return read_at(self._source.stages, method, features, numbers)

    def _parts(self) -> dict[str, np.ndarray]:
        return super()._parts() | {"is_decided": self._is_decided}


def _cut(pieces: Sequences, begins: np.ndarray, n_frames: np.ndarray) -> Sequences:
    """The next frames of each piece."""
    parts = [pieces.frames[begin : begin + n] for begin, n in zip(begins, n_frames, strict=True)]
    offsets = np.concatenate([[0], np.cumsum(n_frames)])
    return replace(pieces, frames=np.concatenate(parts), offsets=offsets)
