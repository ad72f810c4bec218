"""Dask collections as lists of parts, and what belongs to each part."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass
from typing import Any

import dask
import dask.array as da
import dask.bag as db
import numpy as np
from dask.delayed import Delayed

from ..collection import Collection, as_part
from ..sequences import ACCEPTED

_ACCEPTED = "a Dask array, a Dask bag or a list of dask.delayed parts"


@dataclass(frozen=True)
class Parts:
    """The parts of a Dask collection, in their order.

    Parameters
    ----------
    delayed : list of Delayed
        What computes each.
    kind : {"array", "bag", "delayed"}
        What they are parts of.
    lengths : tuple of int or None, default=None
        Number of samples of each, where it is known.
    array : dask.array.Array or None, default=None
        The array that they are parts of.
    """

    delayed: list[Delayed]
    kind: str
    lengths: tuple[int, ...] | None = None
    array: da.Array | None = None

    def __len__(self) -> int:
        return len(self.delayed)


def parts_of(X: Any, name: str = "X") -> Parts | None:
    """Find the parts of a Dask collection; None where `X` is nothing of Dask's.

    Parameters
    ----------
    X : object
        Whatever a user gave.
    name : str, default="X"
        What errors call it.

    Returns
    -------
    Parts or None
        Its parts.
    """
    if isinstance(X, da.Array):
        return _of_array(X, name)
    if isinstance(X, db.Bag):
        return Parts(X.to_delayed(), "bag")
    if isinstance(X, list | tuple) and any(isinstance(part, Delayed) for part in X):
        for i, part in enumerate(X):
            if not isinstance(part, Delayed):
                raise TypeError(
                    f"{name} is a list of dask.delayed parts, but part {i} is a "
                    f"{type(part).__name__}."
                )
        return Parts(list(X), "delayed")
    if dask.is_dask_collection(X):
        raise TypeError(f"{name} is a {type(X).__name__} of Dask; expected {_ACCEPTED}.")
    return None


def refuse(values: Any, name: str, why: str) -> None:
    """Raise an error if some values are a Dask collection."""
    if parts_of(values, name) is not None:
        raise TypeError(f"{name} is {_ACCEPTED}, but {why}.")


def series_of(X: Any) -> Parts | None:
    """Find the parts of a collection of sequences."""
    parts = parts_of(X)
    if parts is not None and parts.array is not None and parts.array.ndim not in (2, 3):
        raise ValueError(
            f"X is a Dask array of {parts.array.ndim} dimensions, shape {parts.array.shape}; "
            f"expected {ACCEPTED}."
        )
    if parts is not None and not len(parts):
        raise ValueError(f"X has no parts; expected {_ACCEPTED}.")
    return parts


def aligned(values: Any, name: str, X: Parts) -> list[Any]:
    """Find what belongs to each part of `X`.

    Parameters
    ----------
    values : Dask collection, array-like or None
        Targets or weights of all samples.
    name : str
        What errors call them.
    X : Parts
        The samples.

    Returns
    -------
    list
        For each part what computes its values, or the values, or None.
    """
    if values is None:
        return [None] * len(X)
    parts = parts_of(values, name)
    if parts is None:
        return _cut(np.asarray(values), name, X)
    if parts.lengths is not None and X.lengths is not None:
        _require_total(sum(parts.lengths), name, X)
        assert parts.array is not None
        parts = _of_array(parts.array.rechunk({0: X.lengths}), name)
    if len(parts) != len(X):
        raise ValueError(
            f"{name} has {len(parts)} parts, but X has {len(X)}; each part of {name} must belong "
            "to the samples of a part of X."
        )
    return list(parts.delayed)


def opened(part: Any, kind: str, i: int) -> Any:
    """Read a computed part as a collection, or as a table of series of one channel.

    Parameters
    ----------
    part : object
        What was computed.
    kind : {"array", "bag", "delayed"}
        What it is a part of.
    i : int
        Its number.

    Returns
    -------
    Collection or ndarray of shape (n_samples, n_timesteps)
        It.
    """
    if kind == "bag":
        return Collection(list(part))
    if kind == "delayed":
        return as_part(part, i)
    part = np.asarray(part)
    return part if part.ndim == 2 else Collection(part)


def require_alike(i: int, **values: Sized) -> None:
    """Raise an error unless a part holds as many values of one name as of another."""
    (name, those), (other, others) = values.items()
    if len(those) != len(others):
        raise ValueError(
            f"part {i} of {name} holds {len(those)} samples, but part {i} of {other} holds "
            f"{len(others)}."
        )


def _of_array(array: da.Array, name: str) -> Parts:
    """Cut an array along its samples alone."""
    if not array.ndim:
        raise ValueError(f"{name} is a Dask array without dimensions; expected one of samples.")
    for axis in range(1, array.ndim):
        if np.isnan(array.shape[axis]):
            raise ValueError(
                f"{name} has chunks of unknown size along axis {axis}; call its method "
                "compute_chunk_sizes first."
            )
    array = array.rechunk({axis: -1 for axis in range(1, array.ndim) if array.numblocks[axis] > 1})
    lengths = None if np.isnan(array.shape[0]) else tuple(map(int, array.chunks[0]))
    return Parts(array.to_delayed().ravel().tolist(), "array", lengths, array)


def _cut(values: np.ndarray, name: str, X: Parts) -> list[np.ndarray]:
    """Cut values of all samples as `X` is cut."""
    if X.lengths is None:
        raise ValueError(
            f"{name} is nothing of Dask's, but how many sequences each part of X holds is not "
            f"known; give {name} in parts too, as {_ACCEPTED}, or if X is a Dask array call its "
            "method compute_chunk_sizes first."
        )
    _require_total(len(values), name, X)
    return np.split(values, np.cumsum(X.lengths)[:-1])


def _require_total(n_values: int, name: str, X: Parts) -> None:
    assert X.lengths is not None
    if n_values != sum(X.lengths):
        raise ValueError(f"X holds {sum(X.lengths)} samples, but {name} holds {n_values}.")
