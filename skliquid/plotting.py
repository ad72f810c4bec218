"""Pictures of a liquid at work, drawn with matplotlib."""

from __future__ import annotations

from typing import Any

import numpy as np


def plot_raster(spikes: Any, *, n_excitatory: int | None = None, ax: Any = None) -> Any:
    """Draw a spike raster: a mark for each spike, time to the right, neurons upwards.

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

    spikes = np.asarray(spikes)
    if spikes.ndim != 2:
        raise ValueError(f"spikes has shape {spikes.shape}; expected (n_timesteps, n_neurons).")
    ax = plt.gca() if ax is None else ax
    n_timesteps, n_neurons = spikes.shape
    split = n_neurons if n_excitatory is None else n_excitatory
    time, neuron = np.nonzero(spikes)
    groups = [("excitatory", neuron < split, "C0"), ("inhibitory", neuron >= split, "C3")]
    # A mark about as high as one neuron, wide enough to be seen.
    size = float(np.clip(1500 / n_neurons, 1, 20))
    for label, members, colour in groups:
        ax.scatter(time[members], neuron[members], s=size, color=colour, marker="|", label=label)
    if n_excitatory is not None:
        ax.legend(loc="upper right", markerscale=3, framealpha=0.9)
    ax.set(
        xlabel="time step",
        ylabel="neuron",
        xlim=(-0.5, n_timesteps - 0.5),
        ylim=(-0.5, n_neurons - 0.5),
    )
    return ax
