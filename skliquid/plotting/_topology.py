"""TopologyDisplay: which neuron is connected to which, and how many synapses each has."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..reservoirs import Synapses
from ._drawn import drawn_reservoirs
from ._space import plot_liquid
from ._style import KINDS, add_legend_of_kinds, axes_or_new, inset

# Cells a side of the matrix, more than it has points.
_MOST_CELLS = 2**9
# Bars of the degrees at most.
_MOST_BINS = 40
# Both are seen where they are equal.
_LOOKS: tuple[dict[str, Any], ...] = (
    {"color": "0.65", "lw": 2.5},
    {"color": "k", "ls": "--", "lw": 1},
)


class TopologyDisplay:
    """Recurrent synapses of a reservoir, and the degrees of its neurons.

    On the left are neurons in space, if they have positions, or else the matrix of the synapses,
    with a cell where there is one; of more than 512 neurons a cell stands for several, and is the
    darker the more synapses there are in it. On the right are the shares of the neurons by the
    number of synapses that they receive (in) and send (out).

    Parameters
    ----------
    synapses : Synapses
        Recurrent synapses.

    Attributes
    ----------
    in_degrees, out_degrees : ndarray of shape (n,)
        Number of synapses that each neuron receives and sends.
    bounding_ax_ : matplotlib.axes.Axes
        The axes in which the others lie.
    ax_ : matplotlib.axes.Axes
        The axes of the matrix, or of the space.
    degree_ax_ : matplotlib.axes.Axes
        The axes of the degrees.
    figure_ : matplotlib.figure.Figure
        The figure.

    See Also
    --------
    skliquid.plotting.plot_liquid : Neurons in space alone.

    Examples
    --------
    >>> from skliquid.plotting import TopologyDisplay
    >>> from skliquid.reservoirs import draw_liquid
    >>> liquid = draw_liquid(1, 100, topology="small_world", seed=0)
    >>> display = TopologyDisplay.from_estimator(liquid)
    >>> int(display.out_degrees.sum()) == len(liquid.synapse_targets)
    True
    """

    bounding_ax_: Any
    ax_: Any
    degree_ax_: Any
    figure_: Any

    def __init__(self, synapses: Synapses) -> None:
        self.synapses = synapses
        self.in_degrees = np.bincount(synapses.targets, minlength=synapses.n_neurons)
        self.out_degrees = np.diff(synapses.offsets)

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> TopologyDisplay:
        """Draw the synapses of an estimator's reservoir.

        Parameters
        ----------
        estimator : estimator, Liquid or RateReservoir
            A fitted estimator, alone, in a pipeline or in a search, of whose reservoirs the first
            is drawn; or a reservoir. Of several gates it is the first.
        ax : matplotlib.axes.Axes or None, default=None
            Axes whose place is taken; None makes a figure.

        Returns
        -------
        TopologyDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If there is no reservoir in `estimator`.
        """
        reservoir = drawn_reservoirs(estimator).liquids_[0]
        return cls(getattr(reservoir, "gates", (reservoir,))[0].synapses).plot(ax)

    def plot(self, ax: Any = None) -> TopologyDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Axes whose place is taken; None makes a figure.

        Returns
        -------
        TopologyDisplay
            The display itself.
        """
        ax = axes_or_new(ax)
        ax.set_axis_off()
        self.bounding_ax_, self.figure_ = ax, ax.figure
        self.degree_ax_ = inset(ax, 0.72, 0, 0.28, 1)
        if self.synapses.positions is None:
            self.ax_ = inset(ax, 0, 0, 0.66, 1)
            self._draw_matrix()
        else:
            self.ax_ = inset(ax, 0, 0, 0.6, 1, projection="3d")
            plot_liquid(self.synapses, ax=self.ax_)
        self._draw_degrees()
        return self

    def _draw_matrix(self) -> None:
        from matplotlib.colors import to_rgb
        from matplotlib.ticker import MaxNLocator

        n, sources = self.synapses.n_neurons, self.synapses.sources
        n_cells = min(n, _MOST_CELLS)
        cells = np.zeros((2, n_cells, n_cells))
        place = (
            (self.synapses.units < 0).astype(int),
            *(each.astype(np.int64) * n_cells // n for each in (self.synapses.targets, sources)),
        )
        np.add.at(cells, place, 1.0)
        total = cells.sum(axis=0)
        colours = np.array([to_rgb(colour) for colour in KINDS.values()])
        shares = cells / np.maximum(total, 1)
        image = np.tensordot(shares, colours, axes=(0, 0))
        alpha = np.sqrt(total / max(total.max(), 1))
        side = (-0.5, n - 0.5, -0.5, n - 0.5)
        self.ax_.imshow(np.dstack([image, alpha]), extent=side, origin="lower", aspect="auto")
        for axis in (self.ax_.xaxis, self.ax_.yaxis):
            axis.set_major_locator(MaxNLocator(3, integer=True, min_n_ticks=1))
        self.ax_.set(xlabel="from", ylabel="to neuron")
        add_legend_of_kinds(self.bounding_ax_)

    def _draw_degrees(self) -> None:
        from matplotlib.ticker import MaxNLocator

        most = max(self.in_degrees.max(), self.out_degrees.max())
        width = -(-(most + 1) // _MOST_BINS)
        edges = np.arange(0, most + width + 1, width) - 0.5
        degrees = self.in_degrees, self.out_degrees
        for name, each, look in zip(("in", "out"), degrees, _LOOKS, strict=True):
            shares = np.histogram(each, edges)[0] / len(each)
            self.degree_ax_.stairs(shares, edges, label=name, **look)
        self.degree_ax_.xaxis.set_major_locator(MaxNLocator(2, integer=True, min_n_ticks=1))
        self.degree_ax_.yaxis.set_label_position("right")
        self.degree_ax_.yaxis.tick_right()
        self.degree_ax_.set(xlabel="synapses", ylabel="share of neurons")
        self.degree_ax_.legend(frameon=False, handlelength=1.2)
