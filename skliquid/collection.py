"""Collections of sequences that are converted part by part, so that none has to fit in memory."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Set, ValuesView
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from .sequences import ACCEPTED, Sequences, as_collection, as_sequences

# Numbers of a part, but for the rest of its last sequence: 16 MiB in float32.
PART_SIZE = 2**22


@dataclass(frozen=True, eq=False)
class Collection:
    """Sequences in the form in which they came.

    Parameters
    ----------
    source : ndarray, list or Sequences
        An array, also one that is mapped from a file, or a list of arrays, as
        :func:`~skliquid.sequences.as_sequences` takes them.
    dtype : dtype or None, default=None
        The floating type of what is computed from it: float32 or float64. None is that of the
        source.
    missing : bool, default=False
        Whether values may be missing from what is yet to be converted.

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid.collection import Collection
    >>> collection = Collection(np.zeros((5, 20, 3)))
    >>> [len(part) for rows, part in collection.parts(most=2)]
    [2, 2, 1]
    """

    source: Any
    dtype: Any = None
    missing: bool = False

    def __post_init__(self) -> None:
        if self.dtype is None:
            object.__setattr__(self, "dtype", _dtype(self.source))

    def __len__(self) -> int:
        return len(self.source)

    def __reduce__(self) -> Any:
        # Without what was computed on the way, so that equal collections have equal digests.
        return Collection, (self.source, self.dtype, self.missing)

    @cached_property
    def n_channels(self) -> int:
        """Number of channels of the first sequence."""
        if isinstance(self.source, Sequences):
            return self.source.n_channels
        if isinstance(self.source, np.ndarray) and self.source.ndim in (2, 3):
            return 1 if self.source.ndim == 2 else self.source.shape[2]
        return self.take(slice(1)).n_channels

    @cached_property
    def _ends(self) -> np.ndarray:
        """How many numbers the sequences up to each hold, shape (n_samples,)."""
        if isinstance(self.source, np.ndarray):
            each = self.source[0].size if len(self) else 0
            return np.arange(1, len(self) + 1) * each
        if isinstance(self.source, Sequences):
            return self.source.offsets[1:] * self.source.n_channels
        return np.cumsum([_size(value) for value in self.source])

    @property
    def is_one_part(self) -> bool:
        """Whether all of it is small enough to be converted at once."""
        return not len(self) or self._ends[-1] <= PART_SIZE

    def whole(self, first: int = 0) -> Sequences:
        """Convert all sequences at once; errors call the first of them by that number."""
        return self.take(slice(None), first)

    def take(self, samples: slice | np.ndarray, first: int = 0) -> Sequences:
        """Convert some sequences.

        Parameters
        ----------
        samples : slice or ndarray of int
            Which sequences.
        first : int, default=0
            By which number errors call the first of them.

        Returns
        -------
        Sequences
            They, validated.
        """
        if isinstance(self.source, Sequences):
            if isinstance(samples, slice):
                taken = self.source.between(*samples.indices(len(self))[:2])
            else:
                taken = self.source.take(samples)
        elif isinstance(self.source, np.ndarray) or isinstance(samples, slice):
            taken = as_sequences(self.source[samples], first, missing=self.missing)
        else:
            chosen = [self.source[i] for i in samples]
            taken = as_sequences(chosen, first, missing=self.missing)
        return replace(taken, dtype=self.dtype)

    def parts(self, most: int | None = None, first: int = 0) -> Iterator[tuple[slice, Sequences]]:
        """Convert the sequences, some at a time.

        Parameters
        ----------
        most : int or None, default=None
            Largest number of sequences of a part.
        first : int, default=0
            Number of the first sequence, in the slices and in errors.

        Yields
        ------
        rows : slice
            Where the sequences of a part stand.
        sequences : Sequences
            They, validated.
        """
        for begin, end in self._bounds(most):
            part = self.take(slice(begin, end), first + begin)
            self._check_channels(part, first + begin)
            yield slice(first + begin, first + end), part

    def n_parts(self, most: int | None = None) -> int:
        """Count the parts of at most so many sequences."""
        return sum(1 for _ in self._bounds(most))

    def _bounds(self, most: int | None) -> Iterator[tuple[int, int]]:
        """Where each part begins and ends."""
        begins = np.concatenate([[0], self._ends[:-1]])
        starts = np.flatnonzero(np.diff(begins // PART_SIZE, prepend=-1))
        for start, stop in zip(starts, [*starts[1:], len(self)], strict=True):
            for begin in range(start, stop, most or len(self)):
                yield begin, min(begin + (most or len(self)), stop)

    def sample(
        self, sample_weight: np.ndarray | None, rng: np.random.Generator
    ) -> tuple[Sequences, np.ndarray | None]:
        """Convert all sequences, or of a large collection a random choice as large as a part.

        Parameters
        ----------
        sample_weight : ndarray of shape (n_samples,) or None
            Weights of the sequences; those of weight 0 are not chosen.
        rng : numpy.random.Generator
            Source of the choice.

        Returns
        -------
        sequences : Sequences
            They.
        sample_weight : ndarray of shape (n_chosen,) or None
            Their weights.
        """
        if self.is_one_part or len(self) == 1:  # whose choice would be a copy
            return self.whole(), sample_weight
        kept = np.arange(len(self)) if sample_weight is None else np.flatnonzero(sample_weight)
        n_chosen = max(1, len(self) * PART_SIZE // int(self._ends[-1]))
        chosen = np.sort(rng.permutation(kept)[:n_chosen])
        return self.take(chosen), None if sample_weight is None else sample_weight[chosen]

    def _check_channels(self, part: Sequences, first: int) -> None:
        if part.n_channels != self.n_channels:
            raise ValueError(
                f"All sequences must have the same number of channels: sample {first} has "
                f"{part.n_channels}, sample 0 has {self.n_channels}."
            )


def as_parts(X: Any) -> Iterator[Collection] | None:
    """Read an iterable that yields parts of a collection; None where `X` is no such thing.

    What can be indexed is a collection itself, and so is a set of sequences, in whatever order.
    """
    if not isinstance(X, Iterable) or isinstance(X, Sequences | Mapping | Set | ValuesView):
        return None
    if any(hasattr(X, name) for name in ("__getitem__", "__array__", "shape")):
        return None
    return _collections(X)


def as_part(part: Any, i: int) -> Collection:
    """Read part number `i` of a collection: an array of three dimensions, or a list."""
    if isinstance(part, Collection):
        return part
    source = part if isinstance(part, Sequences) else as_collection(part)
    # Of one sequence (n_timesteps, n_channels) a table of series could not be told.
    if isinstance(source, np.ndarray) and source.ndim != 3:
        raise ValueError(
            f"part {i} of X is an array of shape {source.shape}; expected an array of shape "
            "(n_samples, n_timesteps, n_channels) or a list of arrays of shape "
            "(n_timesteps_i, n_channels)."
        )
    return Collection(source)


def _collections(X: Iterable[Any]) -> Iterator[Collection]:
    for i, part in enumerate(X):
        collection = as_part(part, i)
        # One that was opened before is passed on as it is.
        if collection is part or len(collection):
            yield collection


def first_of(parts: Iterator[Collection]) -> Collection:
    """Take the first part of a collection."""
    for part in parts:
        return part
    raise ValueError(f"X yields no sequences; expected parts, each {ACCEPTED}.")


def _size(value: Any) -> int:
    try:
        return math.prod(np.shape(value))
    except ValueError:  # which converting it will explain
        return 0


def _dtype(source: Any) -> Any:
    """Floating type of a source: float32 if all of it is."""
    if isinstance(source, Sequences):
        return source.dtype
    if isinstance(source, np.ndarray):
        dtypes = {source.dtype}
    else:
        dtypes = {getattr(value, "dtype", None) for value in source}
    return np.dtype(np.float32 if dtypes == {np.dtype(np.float32)} else np.float64)
