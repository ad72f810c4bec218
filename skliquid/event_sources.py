"""Collections of sequences made of events, as spikes and the sensors of cameras are recorded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from ._checks import MOST_UNITS, check_integer, check_real, naming, shown
from .events import Events
from .sequences import Sequences

# Relative error of a quotient of two rounded numbers, and some.
_ROUNDING = 4 * np.finfo(np.float64).eps
# What SciPy counts with.
_MOST_FRAMES = 2**31 - 1


def from_events(
    times: Any,
    units: Any = None,
    n_units: Any = None,
    dt: float = 1.0,
    duration: Any = None,
) -> Sequences:
    """Make sequences of events, such as spikes, by counting them in steps of time.

    All estimators take what it returns as they take dense frames, with the same results to the
    last bit, in memory, and with the Numba engine in time, that the events determine and not the
    frames. It has a length and a shape, and is indexed by the numbers of sequences, so that
    scikit-learn splits it.

    Parameters
    ----------
    times : list of array-like of shape (n_events_i,)
        Times of the events of each sequence, in any order; or with ``units=None`` the events
        themselves: structured arrays with the fields "t" and "x", and "y" and "p" where there are
        such, as tonic [1]_ has them, or arrays of shape (n_events_i, 2) of the time and the unit
        of each.
    units : list of array-like of int of shape (n_events_i,), default=None
        Unit of each event, from 0: the channel that it becomes.
    n_units : int or tuple of int, default=None
        Number of channels; or width, height and number of polarities of a sensor, the last of
        which may be left out. An event at x, y of polarity p is one of channel
        ``(p * height + y) * width + x``; where there is one polarity, p is not read. None is one
        more than the largest unit.
    dt : float, default=1.0
        Length of a step, in the unit of the times; positive. Step k counts the events at times
        from ``k * dt`` on, up to ``(k + 1) * dt``.
    duration : float or array-like of shape (n_samples,), default=None
        Length of all sequences, or of each, in the unit of the times; a step that is begun counts
        as a whole. None ends each with its last event, but not before its first step.

    Returns
    -------
    Sequences
        Number of events of each unit in each step, in float32: events of one unit in one step add
        up.

    Raises
    ------
    TypeError, ValueError
        If `times` and `units` are no such lists, or an event has a unit that there is not, or a
        time that is negative or not before the end.

    See Also
    --------
    skliquid.datasets.from_hdf5 : Reads them from a file.
    skliquid.sequences.as_sequences : Also takes lists of SciPy's sparse arrays.

    References
    ----------
    .. [1] Lenz et al. "Tonic: event-based datasets and transformations", 2021.

    Examples
    --------
    >>> from skliquid import from_events
    >>> X = from_events([[0.1, 0.4, 1.2], [0.7]], [[2, 0, 2], [1]], n_units=3, dt=0.5)
    >>> len(X), X.lengths.tolist()
    (2, [3, 2])
    >>> X[0]
    array([[1., 0., 1.],
           [0., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    dt = check_real("dt", dt, 0, closed="neither")
    sizes = None if n_units is None else sizes_of("n_units", n_units)
    columns = _columns(listed("times", times), units)
    _check_fields(columns, sizes)
    n_events = np.array([len(each["t"]) for each in columns])
    offsets = np.concatenate([[0], np.cumsum(n_events)])
    if not len(columns):
        raise ValueError("times is empty; expected the events of at least one sequence.")
    t = _end_to_end(columns, "t", offsets)
    unit, n_channels = _channel(columns, sizes, offsets)
    sample = np.repeat(np.arange(len(columns)), n_events)
    step = _steps(t, dt)
    lengths = _lengths(step, sample, duration, dt, len(columns))
    is_late = step >= lengths[sample]
    if is_late.any():
        event = int(np.argmax(is_late))
        end = lengths[sample[event]] * dt
        _refuse("t", t, event, offsets, f"a time before the end of its sequence, {end:g}")
    begins = np.concatenate([[0], np.cumsum(lengths)])
    if begins[-1] > _MOST_FRAMES:
        raise ValueError(
            f"the sequences have {begins[-1]:.0f} steps of dt={dt:g}; expected at most "
            f"{_MOST_FRAMES}."
        )
    place = begins[sample] + step, unit
    counts = sparse.coo_array(
        (np.ones(len(t), dtype=np.float32), tuple(each.astype(np.int32) for each in place)),
        shape=(int(begins[-1]), n_channels),
    )
    frames = Events(counts.tocsr(), np.zeros(n_channels, dtype=np.float32))
    return Sequences(frames, begins.astype(np.int64))


def sizes_of(name: str, value: Any) -> list[int]:
    """Numbers of units along each axis of a sensor."""
    given = list(value) if isinstance(value, tuple | list) else [value]
    if not 1 <= len(given) <= 3:
        raise ValueError(f"{name} must hold one to three numbers, got {shown(value)}.")
    sizes = [check_integer(name, size, low=1, high=MOST_UNITS) for size in given]
    if math.prod(sizes) > MOST_UNITS:
        raise ValueError(f"{name} must make at most {MOST_UNITS} channels, got {shown(value)}.")
    return sizes


def listed(name: str, values: Any) -> list[Any]:
    """The events of each sequence, in a list."""
    is_one = isinstance(values, np.ndarray) and (
        values.dtype.names or values.ndim == 0 or (values.dtype.kind in "fiu" and values.ndim == 1)
    )
    if is_one or not isinstance(values, list | tuple | np.ndarray):
        raise TypeError(
            f"{name} must be a list of arrays, one for each sequence, got {shown(values)}."
        )
    return list(values)


def _columns(times: list[Any], units: Any) -> list[dict[str, np.ndarray]]:
    """Times and coordinates of the events of each sequence."""
    if units is None:
        return [_fields(_array(each, i), i) for i, each in enumerate(times)]
    units = listed("units", units)
    if len(units) != len(times):
        raise ValueError(
            f"times and units must be of as many sequences, got {len(times)} and {len(units)}."
        )
    pairs = [
        {"t": _array(t, i), "x": _array(x, i)}
        for i, (t, x) in enumerate(zip(times, units, strict=True))
    ]
    for i, pair in enumerate(pairs):
        shapes = [each.shape for each in pair.values()]
        if shapes[0] != shapes[1] or len(shapes[0]) != 1:
            raise ValueError(
                f"sample {i} has times of shape {shapes[0]} and units of shape {shapes[1]}; "
                "expected one of each for every event."
            )
    return pairs


def _array(values: Any, i: int) -> np.ndarray:
    with naming(f"events of sample {i}", "arrays of numbers", values, ValueError):
        return np.asarray(values)


def _check_fields(columns: list[dict[str, np.ndarray]], sizes: list[int] | None) -> None:
    """Say where sequences differ in their coordinates, or where these make no channel."""
    names = [each.keys() & {"x", "y", "p"} for each in columns]
    for i, each in enumerate(names):
        if each != names[0]:
            raise ValueError(
                f"sample {i} has the fields {sorted(each)}; expected {sorted(names[0])}, those of "
                "sample 0."
            )
    if sizes is None and any(each["y"].any() for each in columns if "y" in each):
        raise ValueError(
            'n_units must be width, height and polarities of a sensor where events have a "y", '
            "got None."
        )


def _fields(events: np.ndarray, i: int) -> dict[str, np.ndarray]:
    names = events.dtype.names or ()
    if not names and events.ndim == 2 and events.shape[1] == 2:
        return {"t": events[:, 0], "x": events[:, 1]}
    if not {"t", "x"} <= set(names):
        raise TypeError(
            f"sample {i} has shape {events.shape} and dtype {shown(events.dtype)}; expected an "
            'array of shape (n_events, 2), or a structured one with the fields "t" and "x".'
        )
    return {name: events[name] for name in names}


def _end_to_end(
    columns: Sequence[dict[str, np.ndarray]], name: str, offsets: np.ndarray, end: float = np.inf
) -> np.ndarray:
    """Times, or whole numbers below an end, of all events, in float64."""
    for i, each in enumerate(columns):
        if each[name].dtype.kind not in "biuf" and len(each[name]):
            raise TypeError(
                f"sample {i} has {name} of dtype {each[name].dtype}; expected numbers."
            )
    values = np.concatenate([each[name] for each in columns], dtype=np.float64, casting="unsafe")
    is_right = (values >= 0) & (values < end)
    if name != "t":
        is_right &= values == np.floor(values)
    if not is_right.all():
        accepted = "a finite time >= 0" if name == "t" else f"an integer in [0, {end - 1:.0f}]"
        _refuse(name, values, int(np.argmin(is_right)), offsets, accepted)
    return values


def _refuse(name: str, values: np.ndarray, event: int, offsets: np.ndarray, accepted: str) -> None:
    sample = int(np.searchsorted(offsets, event, side="right")) - 1
    raise ValueError(
        f"sample {sample} has event {event - offsets[sample]} with {name}={values[event]:g}; "
        f"expected {accepted}."
    )


def _channel(
    columns: list[dict[str, np.ndarray]], sizes: list[int] | None, offsets: np.ndarray
) -> tuple[np.ndarray, int]:
    """Channel of each event, and how many channels there are."""
    if sizes is None:
        channel = _end_to_end(columns, "x", offsets, MOST_UNITS)
        return channel, int(channel.max(initial=0)) + 1
    channel, stride = np.zeros(offsets[-1]), 1
    for name, size in zip(("x", "y", "p"), [*sizes, 1, 1], strict=False):
        if name in columns[0] and not (name == "p" and size == 1):
            channel += stride * _end_to_end(columns, name, offsets, size)
        stride *= size
    return channel, stride


def _steps(t: np.ndarray, dt: float) -> np.ndarray:
    """Step of each time, as whole numbers in float64."""
    with np.errstate(over="ignore"):
        quotient = np.minimum(t / dt, 2.0**52)  # beyond which a step more is no other number
    nearest = np.round(quotient)
    # 0.3 / 0.1 is a little less than 3.
    is_whole = np.abs(quotient - nearest) <= _ROUNDING * nearest
    return np.where(is_whole, nearest, np.floor(quotient))


def _lengths(
    step: np.ndarray, sample: np.ndarray, duration: Any, dt: float, n_samples: int
) -> np.ndarray:
    """Number of steps of each sequence, as whole numbers in float64."""
    if duration is None:
        last = np.zeros(n_samples)
        np.maximum.at(last, sample, step)
        return last + 1
    ends = list(duration) if np.ndim(duration) == 1 else [duration]
    each = [check_real("duration", end, 0, closed="neither") for end in ends]
    if len(each) not in (1, n_samples):
        raise ValueError(
            f"duration must be one number or {n_samples}, one for each sequence, got "
            f"{shown(duration)}."
        )
    # What division adds beyond a whole number is not a step.
    n_steps = np.ceil(np.round(np.array(each) / dt, 6))
    return np.broadcast_to(np.maximum(n_steps, 1), (n_samples,))
