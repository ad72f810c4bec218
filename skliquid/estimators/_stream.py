"""Live streams: frames are pushed as they come, and the estimator is asked at any time.

What is left of the past is the state of the encoder, of the reservoirs and of the sums that the
features are made of; it is advanced by the pushed frames alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
from sklearn.utils.metaestimators import available_if

from .._checks import check_integer, shown
from .._version import __version__
from .._versions import warn_of_version
from ..encoding._chosen import encoded_pieces, rest_of
from ..engines import Batch, Runner
from ..engines._streams import put, take
from ..sequences import Sequences
from ._absent import SaysWhatIsAbsent, why_not_read
from ._frames import as_pieces
from ._reading import inner_settings, read_by
from ._source import Source


class LiquidStream:
    """Sequences whose frames come live, run through a fitted liquid.

    Made by :meth:`LiquidTransformer.open_stream`. A stream can be pickled and copied; the copy
    goes on by itself from where the original stood.

    Parameters
    ----------
    source : object
        What the fitted estimator hands out.
    n_streams : int, default=1
        Number of sequences that come side by side.

    See Also
    --------
    LSMStream : The same with a readout.

    Notes
    -----
    Features are those of the whole sequence so far, to the last bit, however it was cut into
    pieces. A push runs on one thread. A stream takes up to ``2**31 - 1`` time steps; at a
    thousand frames a second these are 24 days, after which it must be reset.

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid import LiquidTransformer
    >>> X = np.random.default_rng(0).normal(size=(10, 50, 2)).cumsum(axis=1)
    >>> liquid = LiquidTransformer(100, random_state=0).fit(X)
    >>> stream = liquid.open_stream()
    >>> for frame in X[0]:
    ...     stream = stream.push(frame)
    >>> bool((stream.features() == liquid.transform(X[:1])).all())
    True
    """

    def __init__(self, source: Source, n_streams: int = 1) -> None:
        self._source = source
        self.n_streams = check_integer("n_streams", n_streams, low=1)
        self._encoding = rest_of(source.encoder, self.n_streams, source.fill)
        self._runners = [Runner(each, source.plan, source.engine) for each in source.reservoirs]
        self._liquids = [runner.open_streams(self.n_streams) for runner in self._runners]
        self._n_frames = np.zeros(self.n_streams, dtype=np.int64)
        self._dtype: Any = np.dtype(np.float32)
        # While a push runs, and for good where it was interrupted.
        self._is_torn = False

    @property
    def n_frames_seen(self) -> np.ndarray:
        """Number of frames pushed into each stream, shape (n_streams,)."""
        return self._n_frames.copy()

    def push(self, frames: Any, streams: Any = None) -> Self:
        """Run the next frames.

        Parameters
        ----------
        frames : array-like or list
            For one stream: a frame, of shape (n_channels,), or several, of shape (n_frames,
            n_channels); with one channel also of shape (n_frames,), or a number. For several
            streams: a list of as many of these, of different lengths or None where there are no
            new frames; or an array of shape (n_streams, n_frames, n_channels), or (n_streams,
            n_channels) for a frame of each.
        streams : int, array-like of int or bool, slice or None, default=None
            Which streams the frames are for, each of them once; None is all.

        Returns
        -------
        LiquidStream
            The stream itself.

        Raises
        ------
        TypeError, ValueError
            If `frames` is not of real, finite numbers, but for NaN where it may be missing, or
            its shape does not fit. Nothing has been run then.
        RuntimeError
            If an earlier push was interrupted half-way.
        """
        self._require_whole()
        chosen = None if streams is None else self._chosen(streams, are_distinct=True)
        n_pieces = self.n_streams if chosen is None else len(chosen)
        missing = self._source.fill is not None
        pieces = as_pieces(frames, n_pieces, self._source.n_channels, missing=missing)
        if not len(pieces.frames):
            return self
        lengths = pieces.offsets[1:] - pieces.offsets[:-1]
        self._is_torn = True
        try:
            self._push(pieces, lengths, chosen)
        except ValueError:  # as of too many frames, before any of them was run
            self._is_torn = False
            raise
        self._is_torn = False
        if pieces.dtype == np.float64:
            self._dtype = np.dtype(np.float64)
        return self

    def features(self, streams: Any = None) -> np.ndarray:
        """Pool what the liquid has done so far.

        Parameters
        ----------
        streams : int, array-like of int or bool, slice or None, default=None
            Which streams; None is all.

        Returns
        -------
        ndarray of shape (n_streams, n_features)
            What `transform` gives for the sequences so far.

        Raises
        ------
        ValueError
            If no frame was pushed into one of them.
        """
        return self._features(streams, self._dtype)

    def reset(self, streams: Any = None) -> Self:
        """Forget all frames, as if none had been pushed.

        Parameters
        ----------
        streams : int, array-like of int or bool, slice or None, default=None
            Which streams; None is all.

        Returns
        -------
        LiquidStream
            The stream itself.
        """
        chosen = self._chosen(streams)
        if len(np.unique(chosen)) < self.n_streams:
            self._require_whole()
        self._is_torn = True
        source = self._source
        put(self._encoding, chosen, rest_of(source.encoder, len(chosen), source.fill))
        for liquid in self._liquids:
            liquid.reset(chosen)
        self._n_frames[chosen] = 0
        if not self._n_frames.any():
            self._dtype = np.dtype(np.float32)
        self._is_torn = False
        return self

    def get_state(self) -> dict[str, Any]:
        """Return what is left of the past.

        Returns
        -------
        dict
            Strings, and copies of NumPy arrays whose first axis are the streams.
        """
        self._require_whole()
        return {
            "version": __version__,
            "source": self._source.digest(),
            "engine": self._runners[0].engine,
            "dtype": str(self._dtype),
            **{name: part.copy() for name, part in self._parts().items()},
        }

    def set_state(self, state: Mapping[str, Any]) -> Self:
        """Go on from where a stream of the same estimator stood.

        Parameters
        ----------
        state : dict
            What :meth:`get_state` returned.

        Returns
        -------
        LiquidStream
            The stream itself.

        Raises
        ------
        ValueError
            If the state is of another liquid, engine or number of streams.

        Warns
        -----
        InconsistentVersionWarning
            If the state is that of another version of skliquid.
        """
        warn_of_version(type(self).__name__, state.get("version"))
        own = {"source": self._source.digest(), "engine": self._runners[0].engine}
        for name, expected in own.items():
            # A string that was saved with the arrays may have become one of them.
            if str(state.get(name)) != expected:
                raise ValueError(
                    f"state is that of the {name} {shown(state.get(name))}; expected {expected}."
                )
        dtype = str(state.get("dtype"))
        if dtype not in ("float32", "float64"):
            raise ValueError(f"state holds 'dtype' {shown(dtype)}; expected float32 or float64.")
        parts = self._parts()
        for name, part in parts.items():
            shape = np.shape(state.get(name, 0))
            if shape != part.shape:
                raise ValueError(
                    f"state holds {name!r} of shape {shape}; expected {part.shape}, for "
                    f"n_streams={self.n_streams}."
                )
        self._is_torn = True
        put(parts, slice(None), state)
        self._dtype, self._is_torn = np.dtype(dtype), False
        return self

    def _push(self, pieces: Sequences, lengths: np.ndarray, chosen: np.ndarray | None) -> None:
        """Run validated pieces."""
        if chosen is None and (len(lengths) == 1 or (lengths == lengths[0]).all()):
            self._encoding = self._run(pieces, self._encoding)
            self._n_frames += lengths
        else:
            every = np.arange(self.n_streams) if chosen is None else chosen
            self._push_some(pieces, lengths, every)

    def _push_some(self, pieces: Sequences, lengths: np.ndarray, streams: np.ndarray) -> None:
        """Run those of some streams that get frames."""
        if not lengths.all():
            begun = np.flatnonzero(lengths)
            pieces, streams = pieces.take(begun), streams[begun]
        encoding = self._run(pieces, take(self._encoding, streams), streams)
        put(self._encoding, streams, encoding)
        self._n_frames[streams] += pieces.lengths

    def _run(
        self,
        pieces: Sequences,
        encoding: dict[str, np.ndarray],
        streams: np.ndarray | None = None,
    ) -> dict[str, np.ndarray]:
        """Encode and run a piece of each stream; return the encoder's state after it."""
        encoded, encoding = encoded_pieces(self._source.encoder, encoding, pieces)
        starts, lengths = encoded.offsets[:-1], encoded.offsets[1:] - encoded.offsets[:-1]
        if streams is not None:
            order = np.argsort(-lengths, kind="stable")
            starts, lengths, streams = starts[order], lengths[order], streams[order]
        batch = Batch(encoded.frames, starts, lengths)
        for liquid in self._liquids:
            liquid.advance(batch, streams)
        return encoding

    def _require_whole(self) -> None:
        if self._is_torn:
            raise RuntimeError(
                "A push was interrupted, and some of its frames have been run; reset all streams, "
                "or go on from a state that was saved before."
            )

    def _features(self, streams: Any, dtype: Any) -> np.ndarray:
        self._require_whole()
        chosen = None if streams is None else self._chosen(streams)
        n_frames = self._n_frames if chosen is None else self._n_frames[chosen]
        if not n_frames.all():
            silent = np.arange(self.n_streams) if chosen is None else chosen
            raise ValueError(
                f"No frame was pushed yet into the streams {shown(silent[n_frames == 0].tolist())}"
                "; there is nothing to tell of them."
            )
        return self._pooled(chosen, dtype)

    def _pooled(self, chosen: np.ndarray | None, dtype: Any) -> np.ndarray:
        widths = [runner.n_features for runner in self._runners]
        n_rows = self.n_streams if chosen is None else len(chosen)
        features = np.empty((n_rows, sum(widths)), dtype=dtype)
        for i, liquid in enumerate(self._liquids):
            mine = slice(sum(widths[:i]), sum(widths[: i + 1]))
            liquid.features(features[:, mine], chosen)
        return features

    def _chosen(self, streams: Any, are_distinct: bool = False) -> np.ndarray:
        """Numbers of the streams that a caller means."""
        every = np.arange(self.n_streams)
        try:
            chosen = np.atleast_1d(every if streams is None else every[streams])
        except (IndexError, TypeError):
            chosen = every[:0]
        if chosen.ndim > 1 or not len(chosen):
            raise ValueError(
                f"streams must be one or some of the {self.n_streams} streams, by their numbers "
                f"from 0 or a mask, got {shown(streams)}."
            )
        if are_distinct and len(np.unique(chosen)) < len(chosen):
            raise ValueError(f"streams must name each stream once, got {shown(streams)}.")
        return chosen

    def _parts(self) -> dict[str, np.ndarray]:
        """All arrays of the state, which are changed in place to restore it."""
        parts = {"n_frames_seen": self._n_frames}
        parts |= {f"encoder_{name}": part for name, part in self._encoding.items()}
        for i, liquid in enumerate(self._liquids):
            parts |= {f"liquid{i}_{name}": part for name, part in liquid.parts.items()}
        return parts

    def __getstate__(self) -> dict[str, Any]:
        return {"source": self._source, "n_streams": self.n_streams, "state": self.get_state()}

    def __setstate__(self, saved: dict[str, Any]) -> None:
        type(self).__init__(self, saved["source"], saved["n_streams"])
        self.set_state(saved["state"])

    def __repr__(self) -> str:
        seen = shown(self._n_frames.tolist())
        return f"<{type(self).__name__} of {self._source.name}, n_frames_seen={seen}>"


def _reads(method: str) -> Callable[[Any], bool]:
    """Check for `available_if`: the readout has a method."""
    return lambda stream: hasattr(stream._source.pipeline[-1], method)


class LSMStream(SaysWhatIsAbsent, LiquidStream):
    """Sequences whose frames come live, read by a fitted liquid state machine.

    Made by :meth:`LSMClassifier.open_stream` and :meth:`LSMRegressor.open_stream`.

    Parameters
    ----------
    source : object
        What the fitted estimator hands out.
    n_streams : int, default=1
        Number of sequences that come side by side.

    See Also
    --------
    LiquidStream : The same without a readout.

    Examples
    --------
    Who speaks, after every frame:

    >>> from skliquid import LSMClassifier
    >>> from skliquid.datasets import load_japanese_vowels
    >>> X, y, X_test, y_test = load_japanese_vowels()
    >>> lsm = LSMClassifier(random_state=0).fit(X, y)
    >>> stream = lsm.open_stream()
    >>> [str(stream.push(frame).predict()[0]) for frame in X_test[0]][-3:]
    ['1', '1', '1']
    """

    def features(self, streams: Any = None) -> np.ndarray:
        """Pool what the liquid has done so far.

        Parameters
        ----------
        streams : int, array-like of int or bool, slice or None, default=None
            Which streams; None is all.

        Returns
        -------
        ndarray of shape (n_streams, n_features), dtype float64
            What the readout's pipeline is given for the sequences so far.

        Raises
        ------
        ValueError
            If no frame was pushed into one of them.
        """
        return self._features(streams, np.float64)

    def predict(self, streams: Any = None) -> np.ndarray:
        """Predict the target of each sequence so far.

        Parameters
        ----------
        streams : int, array-like of int or bool, slice or None, default=None
            Which streams; None is all.

        Returns
        -------
        ndarray of shape (n_streams,) or (n_streams, n_outputs)
            Predicted classes or numbers.
        """
        return self._read("predict", streams)

    @available_if(_reads("decision_function"))
    def decision_function(self, streams: Any = None) -> np.ndarray:
        """Compute the readout's score of each class for each sequence so far.

        Parameters
        ----------
        streams : int, array-like of int or bool, slice or None, default=None
            Which streams; None is all.

        Returns
        -------
        ndarray of shape (n_streams,) or (n_streams, n_classes)
            Scores; with two classes, positive ones speak for the second.
        """
        return self._read("decision_function", streams)

    @available_if(_reads("predict_proba"))
    def predict_proba(self, streams: Any = None) -> np.ndarray:
        """Compute the probability of each class for each sequence so far.

        Parameters
        ----------
        streams : int, array-like of int or bool, slice or None, default=None
            Which streams; None is all.

        Returns
        -------
        ndarray of shape (n_streams, n_classes)
            Probabilities, in the order of the estimator's `classes_`.
        """
        return self._read("predict_proba", streams)

    @available_if(_reads("predict_log_proba"))
    def predict_log_proba(self, streams: Any = None) -> np.ndarray:
        """Compute the logarithm of the probability of each class for each sequence so far.

        Parameters
        ----------
        streams : int, array-like of int or bool, slice or None, default=None
            Which streams; None is all.

        Returns
        -------
        ndarray of shape (n_streams, n_classes)
            Natural logarithms, in the order of the estimator's `classes_`.
        """
        return self._read("predict_log_proba", streams)

    def _why_absent(self, method: str) -> str | None:
        if method not in ("decision_function", "predict_proba", "predict_log_proba"):
            return None
        pipeline: Any = self._source.pipeline
        return why_not_read(method, pipeline[-1], {})

    def _read(self, method: str, streams: Any) -> np.ndarray:
        features = self.features(streams)
        with inner_settings():
            result: np.ndarray = read_by(self._source.pipeline, method, features)
        return result
