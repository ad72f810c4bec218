"""SpectrumDisplay: eigenvalues of recurrent weights in the complex plane."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..topology._spectral import all_eigenvalues
from ._drawn import drawn_reservoirs
from ._style import COLOURS, axes_or_new


class SpectrumDisplay:
    """Eigenvalues of the recurrent weights of a reservoir, and the unit circle.

    What a reservoir that answers linearly holds of its past fades as fast as the powers of its
    eigenvalues, whose largest modulus is the spectral radius [1]_. Those of weights drawn at
    random fill a disc, and weights with fewer inhibitory than excitatory neurons may have one
    beyond it [2]_.

    Parameters
    ----------
    weights : array_like or sparse array of shape (n, n)
        Finite recurrent weights.

    Attributes
    ----------
    eigenvalues : ndarray of shape (n,), dtype complex128
        All eigenvalues, by falling modulus; those of neurons on no directed cycle are zero.
    spectral_radius : float
        The largest modulus.
    ax_ : matplotlib.axes.Axes
        The axes drawn on.
    points_ : matplotlib.lines.Line2D
        A point for each eigenvalue.
    figure_ : matplotlib.figure.Figure
        The figure.

    Raises
    ------
    ValueError
        If `weights` is not a finite square matrix.

    See Also
    --------
    skliquid.topology.spectral_radius : The largest modulus alone, which takes less time.

    Notes
    -----
    All eigenvalues of n neurons that lie on cycles take a time that grows with the cube of n:
    seconds for 2000, minutes for 10,000. With ``recurrent_fraction=0.25``, the
    estimators' default, no more than a quarter of the neurons do.

    References
    ----------
    .. [1] Jaeger. "The echo state approach to analysing and training recurrent neural networks",
       GMD Report 148, 2001.
    .. [2] Rajan, Abbott. "Eigenvalue spectra of random matrices for neural networks", Physical
       Review Letters 97, 2006.

    Examples
    --------
    >>> from skliquid.plotting import SpectrumDisplay
    >>> from skliquid.reservoirs import draw_liquid
    >>> display = SpectrumDisplay.from_estimator(draw_liquid(1, 100, spectral_radius=0.9, seed=0))
    >>> display.eigenvalues.shape, round(display.spectral_radius, 2)
    ((100,), 0.9)
    """

    ax_: Any
    points_: Any
    figure_: Any

    def __init__(self, weights: Any) -> None:
        self.eigenvalues = all_eigenvalues(weights)
        self.spectral_radius = float(abs(self.eigenvalues[0]))

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> SpectrumDisplay:
        """Draw the eigenvalues of an estimator's reservoir.

        Parameters
        ----------
        estimator : estimator, Liquid or RateReservoir
            A fitted estimator, alone, in a pipeline or in a search, of whose reservoirs the first
            is drawn; or a reservoir.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        SpectrumDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the units have several gates, each of which has weights of its own.
        TypeError
            If there is no reservoir in `estimator`.
        """
        reservoir = drawn_reservoirs(estimator).liquids_[0]
        circuits = getattr(reservoir, "gates", (reservoir,))
        if len(circuits) > 1:
            raise ValueError(
                f"cell={reservoir.cell!r} has weights for each of {len(circuits)} gates: "
                "give those of one, as gates[0].sparse_recurrent_weights, to the constructor."
            )
        return cls(circuits[0].sparse_recurrent_weights).plot(ax)

    def plot(self, ax: Any = None) -> SpectrumDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        SpectrumDisplay
            The display itself.
        """
        from matplotlib.ticker import MaxNLocator

        self.ax_ = ax = axes_or_new(ax)
        self.figure_ = ax.figure
        radius, n = self.spectral_radius, len(self.eigenvalues)
        circle = np.exp(2j * np.pi * np.linspace(0, 1, 361))
        of_radius = radius * circle
        label = f"spectral radius {radius:.3g}"
        ax.plot(of_radius.real, of_radius.imag, color=COLOURS[4], lw=2.5, label=label)
        ax.plot(circle.real, circle.imag, "k--", lw=1, label="unit circle")
        size = 6 * min(1, (100 / n) ** 0.25)
        places = self.eigenvalues.real, self.eigenvalues.imag
        (self.points_,) = ax.plot(*places, "o", ms=size, mew=0, color=COLOURS[0], zorder=3)
        side = 1.1 * max(1, radius)
        ax.set(xlabel="real part", ylabel="imaginary part", xlim=(-side, side), ylim=(-side, side))
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(MaxNLocator(5, symmetric=True))
        ax.set_aspect("equal")
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)
        return self
