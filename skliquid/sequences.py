"""Collections of sequences: one internal form, made from every accepted input.

All frames stand end to end in one float32 array, or as the events that they are few of, cut by
offsets, because sequences of one collection may differ in length.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from ._checks import cut, shown
from ._misread import hint_of_unlike, refuse_other_layouts
from .events import Events, joined

ACCEPTED = (
    "an array of shape (n_samples, n_timesteps, n_channels), an array of shape (n_samples, "
    "n_timesteps) for one channel, or a list of arrays of shape (n_timesteps_i, n_channels)"
)

MISSING_HINT = (
    "LiquidTransformer, LSMClassifier and LSMRegressor fill missing values if they are fitted "
    "with missing='hold' or missing='linear'."
)

# A channel should vary by at least this many steps of float32.
_FLOAT32_STEPS = 300
# What varies by less than this many steps of float64 is a constant with rounding errors.
_FLOAT64_STEPS = 64
# Numbers, and frames, of a block: keeps the copies in float64 small.
_BLOCK_SIZE, _BLOCK_FRAMES = 2**21, 2**16
# What NumPy makes numbers of, or what its errors do not name.
_NO_NUMBERS = (str, bytes, date, timedelta, np.datetime64, np.timedelta64)


@dataclass(frozen=True, eq=False)
class Sequences:
    """A validated collection of sequences.

    Parameters
    ----------
    frames : ndarray or Events of shape (n_frames, n_channels), dtype float32
        The frames of all sequences, end to end.
    offsets : ndarray of shape (n_samples + 1,), dtype int64
        Sequence i is ``frames[offsets[i]:offsets[i + 1]]``.
    dtype : numpy dtype, default=float32
        The floating type that the collection came in: float32 or float64. Features computed
        from it are returned in this type.
    unresolved : ndarray of shape (n_channels,), dtype bool, or None, default=None
        Channels whose variation float32 does not resolve.
    has_missing : bool, default=False
        Whether values are missing: NaN, which must be filled before a liquid runs.

    Examples
    --------
    >>> from skliquid.sequences import as_sequences
    >>> X = as_sequences([[[1.0], [2.0], [3.0]], [[4.0]]])
    >>> len(X), X.n_channels, X.lengths.tolist()
    (2, 1, [3, 1])
    """

    frames: Any
    offsets: np.ndarray
    dtype: Any = np.float32
    unresolved: np.ndarray | None = None
    has_missing: bool = False

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[np.ndarray]:
        for start, stop in zip(self.offsets[:-1], self.offsets[1:], strict=True):
            yield self.frames[start:stop]

    def __getitem__(self, samples: Any) -> Any:
        """Return the frames of a sequence, given by its number, or some sequences."""
        if isinstance(samples, tuple):  # as scikit-learn indexes what has a shape
            (samples,) = (each for each in samples if each is not Ellipsis)
        if isinstance(samples, int | np.integer):
            start, stop = self.offsets[np.arange(len(self))[samples] + np.arange(2)]
            return self.frames[start:stop]
        return self.take(samples)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of sequences, of the steps of the longest, and of channels."""
        return len(self), int(self.lengths.max(initial=0)), self.n_channels

    @property
    def lengths(self) -> np.ndarray:
        """Number of time steps of each sequence, shape (n_samples,)."""
        return np.diff(self.offsets)

    @property
    def n_channels(self) -> int:
        """Number of channels of every sequence."""
        return int(self.frames.shape[1])

    def padded(self, samples: np.ndarray) -> np.ndarray:
        """Return some sequences side by side, zeros after their ends.

        Parameters
        ----------
        samples : ndarray of shape (batch,)
            Indices of the sequences.

        Returns
        -------
        ndarray of shape (longest, batch, n_channels), dtype float32
            Time first, as a reservoir consumes it.
        """
        lengths = self.lengths[samples]
        out = np.zeros((int(lengths.max()), len(samples), self.n_channels), dtype=np.float32)
        for column, (sample, length) in enumerate(zip(samples, lengths, strict=True)):
            start = self.offsets[sample]
            out[:length, column] = self.frames[start : start + length]
        return out

    def some_frames(
        self, samples: np.ndarray, most: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Choose frames of some sequences at random, or take all where they are few.

        Parameters
        ----------
        samples : ndarray of int
            Numbers of the sequences, in ascending order.
        most : int
            Largest number of frames.
        rng : numpy.random.Generator
            Source of the choice.

        Returns
        -------
        frames : ndarray of shape (n_chosen,), dtype int64
            Numbers of the frames, in ascending order.
        samples : ndarray of shape (n_chosen,), dtype int64
            Number of the sequence of each.
        """
        ends = np.cumsum(self.lengths[samples])
        frames = np.arange(min(ends[-1], most))
        if ends[-1] > most:
            frames = np.sort(rng.choice(ends[-1], most, replace=False))
        place = np.searchsorted(ends, frames, side="right")
        return frames + (self.offsets[1:][samples] - ends)[place], samples[place]

    def reversed(self) -> Sequences:
        """Run each sequence backwards in time.

        Returns
        -------
        Sequences
            The same frames in the other order.
        """
        ends = self.offsets[:-1] + self.offsets[1:] - 1
        mirrored = np.repeat(ends, self.lengths) - np.arange(len(self.frames))
        return replace(self, frames=_rows(self.frames, mirrored))

    def shifted(self, steps: np.ndarray) -> Sequences:
        """Move each sequence in time, and repeat its first or last frame where none comes.

        Parameters
        ----------
        steps : ndarray of shape (n_samples,), dtype int
            By how many steps it comes later.

        Returns
        -------
        Sequences
            As many, as long as before.
        """
        lengths, starts = self.lengths, np.repeat(self.offsets[:-1], self.lengths)
        moved = np.arange(len(self.frames)) - starts - np.repeat(steps, lengths)
        within = np.clip(moved, 0, np.repeat(lengths, lengths) - 1)
        return replace(self, frames=_rows(self.frames, starts + within))

    def dense(self) -> Sequences:
        """Return the collection with all its frames dense.

        Returns
        -------
        Sequences
            The same sequences.
        """
        return replace(self, frames=np.asarray(self.frames))

    def between(self, start: int, stop: int) -> Sequences:
        """Return a stretch of the collection, whose frames are not copied unless they are events.

        Parameters
        ----------
        start, stop : int
            Number of the first sequence, and of the one after the last.

        Returns
        -------
        Sequences
            They.
        """
        offsets = self.offsets[start : stop + 1]
        frames = _rows(self.frames, slice(offsets[0], offsets[-1]))
        return replace(self, frames=frames, offsets=offsets - offsets[0])

    def take(self, samples: Any) -> Sequences:
        """Return some sequences as a new collection.

        Parameters
        ----------
        samples : array_like of int or bool, or slice
            Which sequences.

        Returns
        -------
        Sequences
            A copy of them, in this order.
        """
        samples = np.arange(len(self))[samples]
        offsets = _offsets(self.lengths[samples])
        if isinstance(self.frames, Events):
            shifts = np.repeat(self.offsets[samples] - offsets[:-1], np.diff(offsets))
            frames: Any = self.frames.rows(shifts + np.arange(offsets[-1]))
        else:
            parts = [self.frames[self.offsets[i] : self.offsets[i + 1]] for i in samples]
            frames = np.concatenate([self.frames[:0], *parts])
        # What was validated once stays valid, and says what float64 held before it was rounded.
        return replace(self, frames=frames, offsets=offsets)


def _rows(frames: Any, rows: Any) -> Any:
    """Some of the frames, in the form that they have."""
    return frames.rows(rows) if isinstance(frames, Events) else frames[rows]


def as_sequences(X: Any, first: int = 0, *, missing: bool = False) -> Sequences:
    """Convert a collection of sequences and validate it.

    Parameters
    ----------
    X : Sequences, array_like or list
        Real numbers, as an array of shape (n_samples, n_timesteps, n_channels), where
        trailing frames of NaN are padding; as an array of shape (n_samples, n_timesteps),
        one channel; or as a list, tuple or object array of arrays of shape (n_timesteps_i,
        n_channels) or (n_timesteps_i,), or of SciPy sparse arrays of shape (n_timesteps_i,
        n_channels), which stay sparse.
    first : int, default=0
        Number by which errors call the first sequence, where `X` is part of a collection.
    missing : bool, default=False
        Whether values may be missing: NaN that is not padding stays NaN, and series of one
        channel in an array may be padded too.

    Returns
    -------
    Sequences
        The collection in float32.

    Raises
    ------
    TypeError
        If `X` is one sparse array, or holds sparse and dense ones, or anything but real numbers.
    ValueError
        If `X` or one of its sequences is empty or has a wrong number of dimensions, if the
        sequences differ in their number of channels, or if a value is infinite, beyond the
        range of float32, or NaN where it may not be.

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid.sequences import as_sequences
    >>> padded = np.array([[[1.0], [2.0], [3.0]], [[4.0], [np.nan], [np.nan]]])
    >>> as_sequences(padded).lengths.tolist()
    [3, 1]
    """
    if isinstance(X, Sequences):
        if not len(X):
            raise ValueError(f"X is empty; expected {ACCEPTED}.")
        if X.has_missing and not missing:
            _require_finite(X.frames, ~np.isnan(X.frames), X.offsets, first)
        return X
    X = as_collection(X)
    if isinstance(X, np.ndarray):
        return _from_array(X, first, missing)
    if len(X) and all(sparse.issparse(value) for value in X):
        return _from_sparse(X, first)
    parts = [_sequence(value, f"sample {first + i}") for i, value in enumerate(X)]
    if not parts:
        raise ValueError(f"X is empty; expected {ACCEPTED}.")
    for i, part in enumerate(parts):
        if len(part) == 0:
            raise ValueError(f"sample {first + i} has length zero; every sequence needs a frame.")
        if part.shape[1] != parts[0].shape[1]:
            raise ValueError(
                f"All sequences must have the same number of channels: sample {first + i} has "
                f"{part.shape[1]}, sample {first} has {parts[0].shape[1]}.{hint_of_unlike(parts)}"
            )
    return _joined(parts, first, missing)


def as_collection(X: Any) -> np.ndarray | list[Any]:
    """Return `X` as a numeric array where it is one, else as a list of sequences."""
    if sparse.issparse(X):
        raise TypeError(
            f"X is a sparse {type(X).__name__}; expected dense data: {ACCEPTED}; or a list of "
            "sparse arrays, one for each sequence."
        )
    if hasattr(X, "index") and getattr(X.index, "nlevels", 1) > 1:
        raise TypeError(
            "X is a pandas object with a MultiIndex; convert it with "
            "skliquid.datasets.from_pandas first."
        )
    if np.ma.isMaskedArray(X):
        raise TypeError("X is a masked array; fill or drop the masked values first.")
    if isinstance(X, list | tuple):
        return _list_or_array(X)
    array = np.asarray(X)
    _refuse(array, "X")
    if array.ndim == 0:
        raise TypeError(f"X is {shown(X)} ({type(X).__name__}); expected {ACCEPTED}.")
    if array.ndim == 1:
        if array.dtype == object and any(np.ndim(value) for value in array):
            return list(array)
        raise ValueError(
            f"Expected {ACCEPTED}; got a 1D array of shape {array.shape}. Reshape your data: "
            "X.reshape(1, -1) if it is a single sequence of one channel."
        )
    _require_real(array, "X")
    return array


def _list_or_array(X: list[Any] | tuple[Any, ...]) -> np.ndarray | list[Any]:
    """Read nested Python lists of equal lengths as an array; arrays stay sequences."""
    if len(X) and not any(hasattr(value, "__array__") or sparse.issparse(value) for value in X):
        try:
            array = np.asarray(X)
        except ValueError:  # lengths differ
            return list(X)
        return as_collection(array)
    return list(X)


def _from_array(X: np.ndarray, first: int, missing: bool) -> Sequences:
    if X.ndim not in (2, 3):
        raise ValueError(f"X has {X.ndim} dimensions, shape {X.shape}; expected {ACCEPTED}.")
    is_table = X.ndim == 2
    if is_table:
        X = X[:, :, np.newaxis]
    for axis, name in enumerate(("samples", "time steps", "channels")):
        if X.shape[axis] == 0:
            raise ValueError(f"X of shape {X.shape} holds no {name}; expected {ACCEPTED}.")
    X = _numeric(X, "X")
    n_timesteps = X.shape[1]
    # Of a table all columns are features, unless some may be missing.
    lengths = None if is_table and not missing else _lengths_without_padding(X)
    if lengths is None or (lengths == n_timesteps).all():
        offsets = np.arange(len(X) + 1, dtype=np.int64) * n_timesteps
        return _validated([X.reshape(-1, X.shape[2])], offsets, first, missing)
    parts = [part[:length] for part, length in zip(X, lengths, strict=True)]
    return _joined(parts, first, missing)


def _from_sparse(X: list[Any], first: int) -> Sequences:
    """Join sequences that are SciPy's sparse arrays."""
    for i, value in enumerate(X):
        if value.ndim != 2 or 0 in value.shape or value.shape[1] != X[0].shape[1]:
            raise ValueError(
                f"sample {first + i} is a sparse array of shape {value.shape}; expected shape "
                f"(n_timesteps_i, n_channels), neither of them 0, and as many channels as in "
                f"sample {first}, of shape {X[0].shape}."
            )
        _require_real(value, f"sample {first + i}")
    dtype = np.result_type(*{_floating(value.dtype) for value in X})
    whole, offsets = joined(X, dtype), _offsets([value.shape[0] for value in X])
    with np.errstate(over="ignore", under="ignore"):  # infinity is named
        frames = Events(whole.astype(np.float32), np.zeros(whole.shape[1], dtype=np.float32))
    is_good = np.isfinite(frames.events.data)
    if not is_good.all():
        event = int(np.argmin(is_good))
        frame = int(np.searchsorted(whole.indptr, event, side="right")) - 1
        _refuse_value(whole.data[event], frame, whole.indices[event], offsets, first)
    unresolved = None
    if dtype == np.float64:
        unresolved = _unresolved(
            *(each.toarray().ravel() for each in (whole.min(0), whole.max(0)))
        )
    return Sequences(frames, offsets, dtype, unresolved)


def _lengths_without_padding(X: np.ndarray) -> np.ndarray:
    """Length of each sequence up to its last frame that is not all NaN."""
    if not np.isnan(X[:, -1]).any():
        return np.full(len(X), X.shape[1])
    is_frame = ~np.isnan(X).all(axis=2)
    lengths: np.ndarray = (is_frame * np.arange(1, X.shape[1] + 1)).max(axis=1)
    return lengths


def _sequence(value: Any, name: str) -> np.ndarray:
    """Return one sequence as an array of real numbers, shape (n_timesteps, n_channels)."""
    array = _numeric_array(value, name)
    if array.ndim not in (1, 2):
        raise ValueError(
            f"{name} has {array.ndim} dimensions, shape {array.shape}; expected a sequence of "
            "shape (n_timesteps, n_channels) or (n_timesteps,)."
        )
    return array[:, np.newaxis] if array.ndim == 1 else array


def as_real_array(value: Any, name: str) -> np.ndarray:
    """Return frames of one sequence as float32, if they are that, or as float64."""
    array = _numeric_array(value, name)
    with np.errstate(over="ignore", under="ignore"):  # infinity is named
        return array.astype(_floating(array.dtype), copy=False)


def _numeric_array(value: Any, name: str) -> np.ndarray:
    """Return frames of one sequence in the type that they have."""
    if sparse.issparse(value):
        raise TypeError(
            f"{name} is a sparse {type(value).__name__}; expected a dense array, or that all "
            "sequences are sparse."
        )
    if np.ma.isMaskedArray(value):
        raise TypeError(f"{name} is a masked array; fill or drop the masked values first.")
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(
            f"{name} is not an array of numbers: its rows differ in length."
        ) from error
    return _numeric(array, name)


def _floating(dtype: Any) -> np.dtype:
    """Floating type of real numbers: float32 stays, everything else becomes float64."""
    return np.dtype(np.float32 if dtype == np.float32 else np.float64)


def _numeric(array: np.ndarray, name: str) -> np.ndarray:
    """Return an array of real numbers as it is, or made of objects."""
    _refuse(array, name)
    if array.dtype == object:
        refuse_objects(array, name)
        # None was refused, and who never imported pandas has nothing that is missing to it.
        na = getattr(sys.modules.get("pandas"), "NA", None)
        is_na = np.frompyfunc(lambda value: value is na, 1, 1)(array).astype(bool)
        try:
            return np.where(is_na, np.nan, array).astype(np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise TypeError(
                f"{name} is an object array whose values are not all real numbers: "
                f"{cut(str(error))}"
            ) from None
    _require_real(array, name)
    return array


def _require_real(array: np.ndarray, name: str) -> None:
    """Raise an error for types, as of dates, that scikit-learn would turn into numbers."""
    if array.dtype.kind not in "biufO":
        raise TypeError(f"{name} has dtype {array.dtype}; expected real numbers.")


def _refuse(array: np.ndarray, name: str) -> None:
    if array.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: {name} has dtype {array.dtype}.")
    refuse_other_layouts(array, name)


def refuse_objects(array: np.ndarray, name: str) -> None:
    """Raise an error for objects that NumPy would turn into numbers, or into part of one."""
    for value in array.flat:
        if isinstance(value, complex | np.complexfloating):
            raise ValueError(f"Complex data not supported: {name} holds {shown(value)}.")
        if value is None or isinstance(value, _NO_NUMBERS):
            raise TypeError(
                f"{name} is an object array whose values are not all real numbers: it holds "
                f"{shown(value)}."
            )


def _joined(parts: list[np.ndarray], first: int, missing: bool) -> Sequences:
    return _validated(parts, _offsets([len(part) for part in parts]), first, missing)


def _offsets(lengths: ArrayLike) -> np.ndarray:
    """Where sequences of these lengths begin and end in the frames."""
    return np.concatenate([[0], np.cumsum(lengths)], dtype=np.int64)


def blocks(n_frames: int, n_channels: int) -> Iterator[slice]:
    """Cut frames into blocks, copies of which take little memory."""
    n_rows = min(_BLOCK_FRAMES, max(1, _BLOCK_SIZE // max(1, n_channels)))
    for start in range(0, n_frames, n_rows):
        yield slice(start, min(start + n_rows, n_frames))


def _validated(
    parts: list[np.ndarray], offsets: np.ndarray, first: int, missing: bool
) -> Sequences:
    """Convert frames, end to end in arrays, block by block."""
    lengths, n_channels = np.diff(offsets), parts[0].shape[1]
    if (lengths == 0).any():
        sample = first + int(np.argmax(lengths == 0))
        raise ValueError(
            f"sample {sample} has length zero: all its frames are NaN, which is padding; every "
            "sequence needs a frame."
        )
    if n_channels == 0:
        raise ValueError(f"sample {first} has no channels; every sequence needs at least one.")
    dtype = np.result_type(*{_floating(part.dtype) for part in parts})
    is_ready = len(parts) == 1 and parts[0].dtype == np.float32 and parts[0].flags.c_contiguous
    single = parts[0] if is_ready else np.empty((offsets[-1], n_channels), dtype=np.float32)
    low, high = np.full((2, n_channels), np.nan)
    start, has_missing = 0, False
    for block in _blocks_of(parts):
        rows = slice(start, start + len(block))
        with np.errstate(over="ignore", under="ignore"):  # infinity is named
            frames = block.astype(dtype, copy=False)
            if not is_ready:
                single[rows] = frames
        is_good = np.isfinite(single[rows])
        if not is_good.all():
            has_missing = True
            is_good |= missing & np.isnan(single[rows])
            _require_finite(frames, is_good, offsets, first, start)
        if dtype == np.float64:
            least, largest = extremes(frames, has_missing)
            low, high = np.fmin(low, least), np.fmax(high, largest)
        start = rows.stop
    unresolved = None if dtype == np.float32 else _unresolved(low, high)
    return Sequences(single, offsets, dtype, unresolved, has_missing)


def _blocks_of(parts: list[np.ndarray]) -> Iterator[np.ndarray]:
    """Cut large arrays into blocks, and join small ones to blocks."""
    joined: list[np.ndarray] = []
    size = 0
    for part in parts:
        for rows in blocks(*part.shape):
            if joined and size + part[rows].size > _BLOCK_SIZE:
                yield np.concatenate(joined)
                joined, size = [], 0
            joined.append(part[rows])
            size += part[rows].size
    yield joined[0] if len(joined) == 1 else np.concatenate(joined)


def extremes(frames: np.ndarray, has_missing: bool) -> tuple[np.ndarray, np.ndarray]:
    """Least and largest value of each channel, of those that are not missing."""
    # Where none can be missing, these are the faster ones.
    least, largest = (np.fmin, np.fmax) if has_missing else (np.minimum, np.maximum)
    return least.reduce(frames), largest.reduce(frames)


def deviation(frames: np.ndarray) -> np.ndarray:
    """Standard deviation of each channel, the last axis; 1 where it is constant."""
    values = np.asarray(frames).reshape(-1, frames.shape[-1])
    # The mean of equal values may be another, by rounding.
    is_constant = (values == values[0]).all(axis=0)
    return np.where(is_constant, 1.0, values.std(axis=0, dtype=np.float64))


def _unresolved(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Tell which channels, of this range, vary by less than a few hundred steps of float32."""
    span, largest = high - low, np.maximum(np.abs(low), np.abs(high))
    varies = span > _FLOAT64_STEPS * np.spacing(largest)
    # The largest number of all has none above it.
    step = np.spacing(np.nextafter(largest.astype(np.float32), np.float32(0)))
    return np.asarray(varies & (span < _FLOAT32_STEPS * step))


def _require_finite(
    frames: np.ndarray, is_good: np.ndarray, offsets: np.ndarray, first: int, start: int = 0
) -> None:
    """Raise an error that names the first value that is not good; frame `start` is the first."""
    if is_good.all():
        return
    frame, channel = np.argwhere(~is_good)[0]
    _refuse_value(frames[frame, channel], start + frame, channel, offsets, first)


def _refuse_value(
    value: Any, frame: int, channel: int, offsets: np.ndarray, first: int
) -> NoReturn:
    """Raise an error for a value that is not finite."""
    sample = int(np.searchsorted(offsets, frame, side="right")) - 1
    step = frame - offsets[sample]
    place = f"sample {first + sample} at time step {step}, channel {channel}"
    message = f"Input X contains {fault_of(value)}: {place}. Values must be finite"
    if np.isnan(value):
        message += (
            "; NaN is accepted only as padding after the end of a sequence, in all channels of a "
            f"3-D array. {MISSING_HINT}"
        )
    raise ValueError(message if np.isnan(value) else message + ".")


def fault_of(value: Any) -> str:
    """Say what is wrong with a value that is not finite in float32."""
    if np.isnan(value):
        return "NaN"
    return "infinity" if np.isinf(value) else f"{float(value)!r}, beyond the range of float32"
