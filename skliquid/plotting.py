"""Pictures of a liquid at work, drawn with matplotlib."""

from __future__ import annotations

from typing import Any

import numpy as np


def plot_raster(spikes: Any, *, n_excitatory: int | None = None, ax: Any = None) -> Any:
    """Draw a spike raster: a cell for each spike, time to the right, neurons upwards.

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

    spikes = np.asarray(spikes) != 0
    if spikes.ndim != 2:
        raise ValueError(f"spikes has shape {spikes.shape}; expected (n_timesteps, n_neurons).")
    ax = plt.gca() if ax is None else ax
    n_neurons = spikes.shape[1]
    split = n_neurons if n_excitatory is None else n_excitatory
    cells = np.zeros((*spikes.T.shape, 4))  # transparent
    colours = {"excitatory": to_rgba("C0"), "inhibitory": to_rgba("C3")}
    cells[:split][spikes.T[:split]] = colours["excitatory"]
    cells[split:][spikes.T[split:]] = colours["inhibitory"]
    ax.imshow(cells, aspect="auto", origin="lower", interpolation="nearest")
    if n_excitatory is not None:
        handles = [Patch(color=colour, label=label) for label, colour in colours.items()]
        # Above the axes, where it hides no spike.
        ax.legend(
            handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False
        )
    ax.set(xlabel="time step", ylabel="neuron")
    return ax
