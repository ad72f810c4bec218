"""Spike rasters."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from ._style import KINDS, add_legend_of_kinds, pyplot

# Columns of a picture, more than it has points.
_MOST_COLUMNS = 2**12


def plot_raster(spikes: Any, *, n_excitatory: int | None = None, ax: Any = None) -> Any:
    """Draw a spike raster: a cell for each spike, time to the right, neurons upwards.

    Of more than 4096 steps a cell stands for several, in any of which there was a spike.

    Parameters
    ----------
    spikes : array_like of shape (n_timesteps, n_neurons)
        Non-zero where a neuron fired, as one item of ``LiquidTransformer.spikes``.
    n_excitatory : int or None, default=None
        Number of excitatory neurons, which come first; the others get another colour. None
        draws all in one colour.
    ax : matplotlib.axes.Axes or None, default=None
        Where to draw; None draws on the current axes.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    ValueError
        If `spikes` is not two-dimensional.

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid.plotting import plot_raster
    >>> ax = plot_raster(np.eye(10))
    >>> ax.get_xlabel()
    'time step'
    """
    spikes = checked_spikes(spikes)
    ax = pyplot().gca() if ax is None else ax
    n_neurons = spikes.shape[1]
    split = n_neurons if n_excitatory is None else n_excitatory
    draw_raster(ax, spikes, np.arange(n_neurons) >= split)
    if n_excitatory is not None:
        add_legend_of_kinds(ax)
    return ax


def checked_spikes(spikes: Any) -> np.ndarray:
    """Spikes as an array of two dimensions."""
    spikes = np.asarray(spikes)
    if spikes.ndim != 2:
        raise ValueError(f"spikes has shape {spikes.shape}; expected (n_timesteps, n_neurons).")
    return spikes


def draw_raster(ax: Any, spikes: np.ndarray, is_inhibitory: np.ndarray, finer: int = 1) -> None:
    """Draw spikes, shape (n_timesteps, n_neurons), as an image of at least `finer` cells a side.

    An image finer than the screen is averaged, one that is coarser is drawn cell by cell.
    """
    from matplotlib.colors import to_rgba
    from matplotlib.ticker import MaxNLocator

    n_steps, n_neurons = spikes.shape
    fired = _gathered(spikes).T
    cells = np.zeros((*fired.shape, 4), dtype=np.uint8)  # transparent
    for is_kind, colour in zip((~is_inhibitory, is_inhibitory), KINDS.values(), strict=True):
        cells[is_kind[:, np.newaxis] & fired] = np.rint(255 * np.array(to_rgba(colour)))
    for axis in (0, 1):
        cells = cells.repeat(-(-finer // cells.shape[axis]), axis)
    ax.imshow(
        cells,
        extent=(-0.5, n_steps - 0.5, -0.5, n_neurons - 0.5),
        aspect="auto",
        origin="lower",
        interpolation="nearest" if finer == 1 else "hanning",
    )
    ax.yaxis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))
    ax.set(xlabel="time step", ylabel="neuron")


def _gathered(spikes: np.ndarray) -> np.ndarray:
    """Where there was a spike, in steps or in runs of steps, bool of shape (n_columns, n)."""
    n_columns = min(len(spikes), _MOST_COLUMNS)
    cuts = np.linspace(0, len(spikes), n_columns + 1).astype(int)
    fired = np.empty((n_columns, spikes.shape[1]), dtype=bool)
    for column, (start, stop) in enumerate(pairwise(cuts)):
        fired[column] = (spikes[start:stop] != 0).any(axis=0)
    return fired
