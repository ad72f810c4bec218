"""Pictures of a liquid at work, drawn with matplotlib."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

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
    import matplotlib.pyplot as plt
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Patch

    spikes = np.asarray(spikes)
    if spikes.ndim != 2:
        raise ValueError(f"spikes has shape {spikes.shape}; expected (n_timesteps, n_neurons).")
    ax = plt.gca() if ax is None else ax
    n_steps, n_neurons = spikes.shape
    split = n_neurons if n_excitatory is None else n_excitatory
    fired = _gathered(spikes).T
    cells = np.zeros((*fired.shape, 4), dtype=np.uint8)  # transparent
    colours = {"excitatory": to_rgba("C0"), "inhibitory": to_rgba("C3")}
    for neurons, colour in zip((slice(split), slice(split, None)), colours.values(), strict=True):
        cells[neurons][fired[neurons]] = np.rint(255 * np.array(colour))
    extent = (-0.5, n_steps - 0.5, -0.5, n_neurons - 0.5)
    ax.imshow(cells, extent=extent, aspect="auto", origin="lower", interpolation="nearest")
    if n_excitatory is not None:
        handles = [Patch(color=colour, label=label) for label, colour in colours.items()]
        # Above the axes, where it hides no spike.
        ax.legend(
            handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False
        )
    ax.set(xlabel="time step", ylabel="neuron")
    return ax


def _gathered(spikes: np.ndarray) -> np.ndarray:
    """Where there was a spike, in steps or in runs of steps, bool of shape (n_columns, n)."""
    n_columns = min(len(spikes), _MOST_COLUMNS)
    cuts = np.linspace(0, len(spikes), n_columns + 1).astype(int)
    fired = np.empty((n_columns, spikes.shape[1]), dtype=bool)
    for column, (start, stop) in enumerate(pairwise(cuts)):
        fired[column] = (spikes[start:stop] != 0).any(axis=0)
    return fired
