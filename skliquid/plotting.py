"""Pictures of a liquid at work, drawn with matplotlib."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

# Columns of a picture, more than it has points.
_MOST_COLUMNS = 2**12
# Synapses that a picture can show.
_MOST_LINES = 1000
_COLOURS = {"excitatory": "C0", "inhibitory": "C3"}


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
    import matplotlib.pyplot as plt
    from matplotlib.colors import to_rgba

    spikes = np.asarray(spikes)
    if spikes.ndim != 2:
        raise ValueError(f"spikes has shape {spikes.shape}; expected (n_timesteps, n_neurons).")
    ax = plt.gca() if ax is None else ax
    n_steps, n_neurons = spikes.shape
    split = n_neurons if n_excitatory is None else n_excitatory
    fired = _gathered(spikes).T
    cells = np.zeros((*fired.shape, 4), dtype=np.uint8)  # transparent
    colours = {label: to_rgba(colour) for label, colour in _COLOURS.items()}
    for neurons, colour in zip((slice(split), slice(split, None)), colours.values(), strict=True):
        cells[neurons][fired[neurons]] = np.rint(255 * np.array(colour))
    extent = (-0.5, n_steps - 0.5, -0.5, n_neurons - 0.5)
    ax.imshow(cells, extent=extent, aspect="auto", origin="lower", interpolation="nearest")
    if n_excitatory is not None:
        _add_legend(ax)
    ax.set(xlabel="time step", ylabel="neuron")
    return ax


def plot_liquid(
    liquid: Any, *, n_excitatory: int | None = None, sources: Any = None, ax: Any = None
) -> Any:
    """Draw neurons in space: a dot for each, and lines to those that some of them connect to.

    Neurons at neither end of a line are faint.

    Parameters
    ----------
    liquid : Liquid or Synapses
        What was drawn with positions, as ``LiquidTransformer(topology="spatial").liquid_``.
    n_excitatory : int or None, default=None
        Number of excitatory neurons, which come first; the others get another colour. None
        draws all in one colour.
    sources : array_like of int or None, default=None
        Neurons whose outgoing synapses are drawn. None is all, where they have a thousand synapses
        at most, else the (excitatory) neuron nearest to the middle.
    ax : mpl_toolkits.mplot3d.axes3d.Axes3D or None, default=None
        Where to draw; None makes axes in the current figure.

    Returns
    -------
    mpl_toolkits.mplot3d.axes3d.Axes3D
        The axes drawn on.

    Raises
    ------
    ValueError
        If the neurons have no positions, if there is no neuron of a number in `sources`, or if
        `ax` has no third dimension.

    Examples
    --------
    >>> from skliquid.plotting import plot_liquid
    >>> from skliquid.reservoirs import draw_liquid
    >>> column = draw_liquid(1, 135, topology="spatial", topology_params={"shape": (3, 3, 15)})
    >>> plot_liquid(column, n_excitatory=108).name
    '3d'
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator
    from mpl_toolkits.mplot3d.art3d import Line3DCollection

    synapses = getattr(liquid, "synapses", liquid)
    places, n = synapses.positions, synapses.n_neurons
    if places is None:
        raise ValueError(
            'liquid must have positions, as with topology="spatial", got one that has None.'
        )
    ax = plt.axes(projection="3d") if ax is None else ax
    if getattr(ax, "name", None) != "3d":
        raise ValueError(f'ax must be made with projection="3d", got {ax!r}.')
    split = n if n_excitatory is None else n_excitatory
    is_drawn = np.isin(synapses.sources, _sources(synapses, split, sources))
    ends = np.stack([synapses.sources[is_drawn], synapses.targets[is_drawn]], axis=1)
    is_linked = np.isin(np.arange(n), ends) if len(ends) else np.ones(n, dtype=bool)
    size = 20.0 * min(1.0, (200.0 / n) ** (2 / 3))  # of the area of a dot, with their distance
    is_inhibitory = np.arange(n) >= split
    ax.computed_zorder = False  # lines over all dots that are faint
    for is_kind, colour in zip((~is_inhibitory, is_inhibitory), _COLOURS.values(), strict=True):
        for which, area, alpha in ((~is_linked, size, 0.15), (is_linked, max(size, 8.0), 1.0)):
            dots = places[is_kind & which].T
            ax.scatter(
                *dots, s=area, color=colour, lw=0, alpha=alpha, depthshade=False, zorder=1 + alpha
            )
        if len(lines := places[ends[is_kind[ends[:, 0]]]]):
            ax.add_collection3d(
                Line3DCollection(lines, colors=colour, lw=0.8, alpha=0.7, zorder=2)
            )
    if n_excitatory is not None:
        _add_legend(ax)
    ax.set(xlabel="x", ylabel="y", zlabel="z")
    ax.set_aspect("equal")
    sides = np.ptp(places, axis=0)
    for axis, side in zip((ax.xaxis, ax.yaxis, ax.zaxis), sides, strict=True):
        axis.set_major_locator(MaxNLocator(max(1, round(5 * side / max(sides.max(), 1e-300)))))
    return ax


def _add_legend(ax: Any) -> None:
    """Say which colour is which, above the axes, where it hides nothing."""
    from matplotlib.patches import Patch

    handles = [Patch(color=colour, label=label) for label, colour in _COLOURS.items()]
    ax.legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)


def _sources(synapses: Any, n_excitatory: int, sources: Any) -> np.ndarray:
    """Return the neurons whose synapses are drawn."""
    n, places = synapses.n_neurons, synapses.positions
    if sources is None:
        if len(synapses.units) <= _MOST_LINES:
            return np.arange(n)
        middle = (places.min(axis=0) + places.max(axis=0)) / 2
        some = slice(n_excitatory or n)
        return np.argmin(((places[some] - middle) ** 2).sum(axis=1), keepdims=True)
    numbers = np.asarray(sources).ravel()
    if numbers.size and (numbers.dtype.kind not in "iu" or min(numbers) < 0 or max(numbers) >= n):
        raise ValueError(f"sources must be integers in [0, {n - 1}], got {sources!r}.")
    return numbers


def _gathered(spikes: np.ndarray) -> np.ndarray:
    """Where there was a spike, in steps or in runs of steps, bool of shape (n_columns, n)."""
    n_columns = min(len(spikes), _MOST_COLUMNS)
    cuts = np.linspace(0, len(spikes), n_columns + 1).astype(int)
    fired = np.empty((n_columns, spikes.shape[1]), dtype=bool)
    for column, (start, stop) in enumerate(pairwise(cuts)):
        fired[column] = (spikes[start:stop] != 0).any(axis=0)
    return fired
