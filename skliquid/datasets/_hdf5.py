"""Events from HDF5 files in the format of the Spiking Heidelberg Digits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .._checks import shown
from ..event_sources import from_events
from ..sequences import Sequences

_TIMES, _UNITS, _LABELS = "spikes/times", "spikes/units", "labels"


def from_hdf5(
    path: Any, n_units: Any = 700, dt: float = 0.01, duration: Any = None
) -> tuple[Sequences, np.ndarray]:
    """Read events and labels from a file in the format of the Spiking Heidelberg Digits [1]_.

    The file holds the variable-length arrays ``spikes/times`` and ``spikes/units``, an item for
    each sequence, and the array ``labels``. Reading it takes h5py, which the extra ``hdf5``
    installs.

    Parameters
    ----------
    path : str or path-like
        The file, which the user has.
    n_units : int or tuple of int, default=700
        Number of channels, as in :func:`skliquid.from_events`.
    dt : float, default=0.01
        Length of a step, in the unit of the times; there these are seconds.
    duration : float or array-like of shape (n_samples,), default=None
        Length of all sequences, or of each, in the unit of the times. None ends each with its last
        event.

    Returns
    -------
    X : Sequences
        The sequences, as :func:`skliquid.from_events` makes them.
    y : ndarray of shape (n_samples,)
        Their labels.

    Raises
    ------
    ImportError
        If h5py is not installed.
    ValueError
        If the file is not of that format, or its events are none that
        :func:`skliquid.from_events` takes.

    References
    ----------
    .. [1] Cramer, Stradmann, Schemmel, Zenke. "The Heidelberg spiking data sets for the systematic
       evaluation of spiking neural networks", IEEE Transactions on Neural Networks and Learning
       Systems 33(7), 2022.

    Examples
    --------
    >>> import os, tempfile, h5py
    >>> from skliquid.datasets import from_hdf5
    >>> path = os.path.join(tempfile.mkdtemp(), "spikes.h5")
    >>> with h5py.File(path, "w") as file:
    ...     times = file.create_dataset("spikes/times", 1, dtype=h5py.vlen_dtype("float16"))
    ...     units = file.create_dataset("spikes/units", 1, dtype=h5py.vlen_dtype("uint16"))
    ...     times[0], units[0], file["labels"] = [0.1, 0.9], [699, 3], [7]
    >>> X, y = from_hdf5(path, duration=1.0)
    >>> X.shape, y
    ((1, 100, 700), array([7]))
    """
    h5py = _h5py()
    with h5py.File(Path(path), "r") as file:
        missing = [name for name in (_TIMES, _UNITS, _LABELS) if not _is_list(file.get(name))]
        if missing:
            raise ValueError(
                f"{path} holds no {shown(missing)}, but {shown(list(file))}; expected the format "
                "of the Spiking Heidelberg Digits."
            )
        times, units, labels = (file[name][:] for name in (_TIMES, _UNITS, _LABELS))
    if len(labels) != len(times):
        raise ValueError(f"{path} holds {len(times)} sequences, but {len(labels)} labels.")
    return from_events(list(times), list(units), n_units, dt, duration), np.asarray(labels)


def _is_list(held: Any) -> bool:
    """Whether a file holds an array with an item for each sequence, and no group or number."""
    return len(getattr(held, "shape", ())) == 1


def _h5py() -> Any:
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            f"from_hdf5 needs h5py, which cannot be imported here ({error}). Install it (pip "
            'install "skliquid[hdf5]"), or read the file by other means and use from_events.',
            name=error.name,
        ) from error
    return h5py
