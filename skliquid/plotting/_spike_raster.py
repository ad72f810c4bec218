"""SpikeRasterDisplay: one sequence on its way through a liquid."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._checks import shown
from ..engines import record
from ._drawn import drawn_reservoirs, one_sequence
from ._raster import checked_spikes, draw_raster
from ._style import KINDS, add_legend_of_kinds, axes_or_new, inset

# Cells a side of an image that is about as fine as a screen shows.
_FINER = 2**10
# Channels that are told apart as lines.
_MOST_LINES = 4
_GREYS = "0.0", "0.45", "0.0", "0.45"
_DASHES = "-", "-", ":", ":"


class SpikeRasterDisplay:
    """Spikes of a liquid, with its input above, and rates beside and below.

    Above are the frames, up to four channels as lines, more as an image. In the middle is a cell
    for each spike. To the right is each neuron's rate, the share of the steps in which it fired;
    below are the shares of the excitatory and of the inhibitory neurons that fired at each step.

    Parameters
    ----------
    spikes : array_like of shape (n_timesteps, n_neurons)
        Non-zero where a neuron fired.
    frames : array_like of shape (n_frames, n_channels) or None, default=None
        Input, spread evenly over the time steps; None leaves it out.
    is_inhibitory : array_like of shape (n_neurons,), dtype bool, or None, default=None
        Which neurons inhibit others; None draws all alike.

    Attributes
    ----------
    spikes : ndarray of shape (n_timesteps, n_neurons), dtype bool
        Where neurons fired.
    neuron_rates : ndarray of shape (n_neurons,)
        Spikes of each neuron per time step.
    population_rates : dict of str to ndarray of shape (n_timesteps,)
        For each kind of neurons, "excitatory", "inhibitory" or "all", the share that fired.
    bounding_ax_ : matplotlib.axes.Axes
        The axes in which the others lie.
    ax_ : matplotlib.axes.Axes
        The axes of the spikes.
    frames_ax_ : matplotlib.axes.Axes or None
        The axes of the input.
    neuron_ax_, population_ax_ : matplotlib.axes.Axes
        The axes of the rates beside and below.
    figure_ : matplotlib.figure.Figure
        The figure.

    Raises
    ------
    ValueError
        If an array has not the shape that is stated.

    See Also
    --------
    skliquid.plotting.plot_raster : The spikes alone.

    Examples
    --------
    >>> from skliquid import LSMClassifier
    >>> from skliquid.datasets import load_japanese_vowels
    >>> from skliquid.plotting import SpikeRasterDisplay
    >>> X, y, X_test, y_test = load_japanese_vowels()
    >>> lsm = LSMClassifier(200, random_state=0).fit(X, y)
    >>> display = SpikeRasterDisplay.from_estimator(lsm, X_test)
    >>> display.spikes.shape
    (19, 200)
    """

    bounding_ax_: Any
    ax_: Any
    frames_ax_: Any
    neuron_ax_: Any
    population_ax_: Any
    figure_: Any

    def __init__(self, *, spikes: Any, frames: Any = None, is_inhibitory: Any = None) -> None:
        self.spikes = checked_spikes(spikes) != 0
        if 0 in self.spikes.shape:
            raise ValueError(
                f"spikes has shape {self.spikes.shape}; expected a step and a neuron."
            )
        self.frames = _checked_frames(frames)
        self.is_inhibitory = _checked_kinds(is_inhibitory, self.spikes.shape[1])
        self.neuron_rates = self.spikes.mean(axis=0)
        self.population_rates = {
            kind: self.spikes[:, which].mean(axis=1) for kind, which, _ in self._kinds()
        }

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, *, sample: int = 0, ax: Any = None
    ) -> SpikeRasterDisplay:
        """Run a sequence through a liquid and draw what it does.

        Parameters
        ----------
        estimator : estimator or Liquid
            A fitted estimator whose neurons spike, alone, in a pipeline or in a search; or a
            liquid, which takes frames as they are.
        X : array-like or list
            Sequences, as in the estimator's `fit`.
        sample : int, default=0
            Number of the sequence that is drawn.
        ax : matplotlib.axes.Axes or None, default=None
            Axes whose place is taken; None makes a figure.

        Returns
        -------
        SpikeRasterDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the units do not spike, or if there is no such sample.
        TypeError
            If there is no liquid in `estimator`.
        """
        reservoirs = drawn_reservoirs(estimator)
        if not reservoirs.is_spiking:
            raise ValueError(
                f"{cls.__name__} needs neurons that spike, got a reservoir of rate cells."
            )
        sequence = one_sequence(reservoirs.transformer, X, sample)
        heard = reservoirs.hearing(sequence)
        display = cls(
            spikes=record(reservoirs.liquids_, [heard], reservoirs.engine, None).spikes()[0],
            frames=sequence.dense()[0],
            is_inhibitory=np.concatenate(
                [each.synapses.inhibitory for each in reservoirs.liquids_]
            ),
        )
        return display.plot(ax)

    def plot(self, ax: Any = None) -> SpikeRasterDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Axes whose place is taken; None makes a figure.

        Returns
        -------
        SpikeRasterDisplay
            The display itself.
        """
        ax = axes_or_new(ax)
        ax.set_axis_off()
        top = 1.0 if self.frames is None else 0.74
        self.bounding_ax_, self.figure_ = ax, ax.figure
        self.ax_ = inset(ax, 0, 0.22, 0.82, top - 0.22)
        self.population_ax_ = inset(ax, 0, 0, 0.82, 0.18, sharex=self.ax_)
        self.neuron_ax_ = inset(ax, 0.85, 0.22, 0.15, top - 0.22, sharey=self.ax_)
        draw_raster(self.ax_, self.spikes, self._inhibits(), _FINER)
        self.frames_ax_ = None
        if self.frames is not None:
            self.frames_ax_ = inset(ax, 0, 0.78, 0.82, 0.22, sharex=self.ax_)
            self._draw_frames(self.frames_ax_, self.frames)
        self._draw_rates()
        return self

    def _inhibits(self) -> np.ndarray:
        none = np.zeros(self.spikes.shape[1], dtype=bool)
        return none if self.is_inhibitory is None else self.is_inhibitory

    def _kinds(self) -> list[tuple[str, np.ndarray, str]]:
        """Name, neurons and colour of each kind that there is."""
        inhibits = self._inhibits()
        names = KINDS if self.is_inhibitory is not None else ("all",)
        kinds = zip(names, (~inhibits, inhibits), KINDS.values(), strict=False)
        return [each for each in kinds if each[1].any()]

    def _draw_frames(self, ax: Any, frames: np.ndarray) -> None:
        from matplotlib.ticker import MaxNLocator

        n_steps, (n_frames, n_channels) = len(self.spikes), frames.shape
        if n_channels <= _MOST_LINES:
            middles = (np.arange(n_frames) + 0.5) * n_steps / n_frames - 0.5
            marker = "." if n_frames == 1 else ""
            for channel, grey, dash in zip(frames.T, _GREYS, _DASHES, strict=False):
                ax.plot(middles, channel, dash, color=grey, lw=1, marker=marker)
            ax.set_ylabel("input")
        else:
            extent = (-0.5, n_steps - 0.5, -0.5, n_channels - 0.5)
            ax.imshow(frames.T, cmap="Greys", extent=extent, aspect="auto", origin="lower")
            ax.set_ylabel("channel")
            ax.yaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))
        ax.tick_params(labelbottom=False)

    def _draw_rates(self) -> None:
        from matplotlib.ticker import MaxNLocator

        beside, below = self.neuron_ax_, self.population_ax_
        edges = np.arange(self.spikes.shape[1] + 1) - 0.5
        steps = np.arange(len(self.spikes) + 1) - 0.5
        for kind, which, colour in self._kinds():
            rates = np.where(which, self.neuron_rates, 0)
            beside.stairs(rates, edges, orientation="horizontal", fill=True, color=colour)
            line = "--" if kind == "inhibitory" else "-"
            below.stairs(self.population_rates[kind], steps, color=colour, ls=line, baseline=None)
        if self.is_inhibitory is not None:
            add_legend_of_kinds(self.frames_ax_ or self.ax_)
        self.ax_.set_xlabel("")
        self.ax_.tick_params(labelbottom=False)
        beside.tick_params(labelleft=False)
        beside.xaxis.set_major_locator(MaxNLocator(2, prune="lower"))
        below.yaxis.set_major_locator(MaxNLocator(2))
        beside.set(xlabel="rate", xlim=(0, None))
        below.set(xlabel="time step", ylabel="rate", ylim=(0, None))


def _checked_frames(frames: Any) -> np.ndarray | None:
    if frames is None:
        return None
    array = np.asarray(frames)
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"frames has shape {array.shape}; expected (n_frames, n_channels).")
    return array


def _checked_kinds(is_inhibitory: Any, n: int) -> np.ndarray | None:
    if is_inhibitory is None:
        return None
    kinds = np.asarray(is_inhibitory)
    if kinds.shape != (n,) or kinds.dtype != bool:
        raise ValueError(
            f"is_inhibitory must be bool for each of the {n} neurons, got {shown(is_inhibitory)}."
        )
    return kinds
