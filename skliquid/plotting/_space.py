"""Neurons in space."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._checks import shown
from ..reservoirs import Synapses
from ._style import KINDS, add_legend_of_kinds, pyplot

# Synapses that a picture can show.
_MOST_LINES = 1000


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
    plt = pyplot()
    from matplotlib.ticker import MaxNLocator
    from mpl_toolkits.mplot3d.art3d import Line3DCollection

    synapses = getattr(liquid, "synapses", liquid)
    if not isinstance(synapses, Synapses):
        raise TypeError(
            "liquid must be a Liquid or Synapses, such as the liquid_ of a fitted "
            f"LiquidTransformer, got {shown(liquid)}."
        )
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
    for is_kind, colour in zip((~is_inhibitory, is_inhibitory), KINDS.values(), strict=True):
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
        add_legend_of_kinds(ax)
    ax.set(xlabel="x", ylabel="y", zlabel="z")
    ax.set_aspect("equal")
    sides = np.ptp(places, axis=0)
    for axis, side in zip((ax.xaxis, ax.yaxis, ax.zaxis), sides, strict=True):
        axis.set_major_locator(MaxNLocator(max(1, round(5 * side / max(sides.max(), 1e-300)))))
    return ax


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
