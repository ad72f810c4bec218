"""ExplanationDisplay: which frames and channels a score came from."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._checks import shown
from ._drawn import fitted_machine, one_sequence
from ._style import axes_or_new

# Channels whose input can be seen as lines in their rows.
_MOST_LINES = 32
# Of the height of a row.
_HEIGHT = 0.8


class ExplanationDisplay:
    """What each frame of each channel adds to a score, over the input.

    A row for each channel: purple where a frame speaks for the target, orange where it speaks
    against it. Up to 32 channels have their input as a line in their row, from its lowest to its
    highest value.

    Parameters
    ----------
    contributions : array_like of shape (n_timesteps, n_channels)
        What each frame of each channel adds to the score, as of
        :class:`~skliquid.explanation.Explanation`.
    frames : array_like of shape (n_timesteps, n_channels) or None, default=None
        Input; None leaves the lines out.
    base : float, default=0.0
        What belongs to no frame.
    target : object, default=None
        The class or the output whose score it is; None for a score that has no name.

    Attributes
    ----------
    score : float
        The score: the base and the sum of the contributions.
    ax_ : matplotlib.axes.Axes
        The axes drawn on.
    im_ : matplotlib.image.AxesImage
        The contributions.
    lines_ : list of matplotlib.lines.Line2D
        The input of each channel.
    colorbar_ : matplotlib.colorbar.Colorbar
        What the colours mean.
    figure_ : matplotlib.figure.Figure
        The figure.

    Raises
    ------
    ValueError
        If an array has not the shape that is stated.

    See Also
    --------
    skliquid.LSMClassifier.explain : The contributions, and how they are computed.

    Examples
    --------
    >>> from skliquid import LSMClassifier
    >>> from skliquid.datasets import load_japanese_vowels
    >>> from skliquid.plotting import ExplanationDisplay
    >>> X, y, X_test, y_test = load_japanese_vowels()
    >>> lsm = LSMClassifier(200, random_state=0).fit(X, y)
    >>> display = ExplanationDisplay.from_estimator(lsm, X_test)
    >>> display.contributions.shape, str(display.target)
    ((19, 12), '1')
    """

    ax_: Any
    im_: Any
    lines_: list[Any]
    colorbar_: Any
    figure_: Any

    def __init__(
        self, contributions: Any, *, frames: Any = None, base: float = 0.0, target: Any = None
    ) -> None:
        self.contributions = np.asarray(contributions)
        shape = self.contributions.shape
        if len(shape) != 2 or 0 in shape:
            raise ValueError(
                f"contributions has shape {shape}; expected (n_timesteps, n_channels)."
            )
        self.frames = None if frames is None else np.asarray(frames)
        if self.frames is not None and self.frames.shape != shape:
            raise ValueError(f"frames has shape {self.frames.shape}; expected {shape}.")
        self.base, self.target = base, target
        self.score = float(base + self.contributions.sum())

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, *, sample: int = 0, target: Any = None, ax: Any = None
    ) -> ExplanationDisplay:
        """Explain a score of a sequence and draw what it came from.

        Parameters
        ----------
        estimator : LSMClassifier or LSMRegressor
            A fitted estimator that has `explain`, alone or in a search.
        X : array-like or list
            Sequences, as in the estimator's `fit`.
        sample : int, default=0
            Number of the sequence that is drawn.
        target : object, default=None
            The class, or the number of the output; None is the class that the sequence is told to
            be, or the only output.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        ExplanationDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there is no such sample or target, or if the scores cannot be split, as `explain`
            says.
        TypeError
            If `estimator` has no `explain`.
        """
        machine = fitted_machine(estimator)
        if not hasattr(machine, "explain"):
            raise TypeError(
                "estimator must have explain, as LSMClassifier and LSMRegressor, got "
                f"{shown(estimator)}."
            )
        sequence = one_sequence(machine, X, sample)
        (contributions,), (base,), (told,) = machine.explain(sequence, target)
        frames = sequence.dense()[0]
        return cls(contributions, frames=frames, base=float(base), target=told).plot(ax)

    def plot(self, ax: Any = None) -> ExplanationDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw, and beside it the bar of colours; None makes a figure.

        Returns
        -------
        ExplanationDisplay
            The display itself.
        """
        from matplotlib.patheffects import withStroke
        from matplotlib.ticker import MaxNLocator

        self.ax_ = ax = axes_or_new(ax)
        self.figure_ = ax.figure
        n_steps, n_channels = self.contributions.shape
        limit = max(np.abs(self.contributions).max(), np.finfo(np.float32).tiny)
        self.im_ = ax.imshow(
            self.contributions.T,
            cmap="PuOr",
            vmin=-limit,
            vmax=limit,
            aspect="auto",
            origin="lower",
            interpolation="nearest",
        )
        self.lines_ = []
        if self.frames is not None and n_channels <= _MOST_LINES:
            rows = enumerate(self.frames.T)
            look = {"lw": 0.8, "path_effects": [withStroke(linewidth=2, foreground="w")]}
            self.lines_ = [ax.plot(_in_row(x, row), "k", **look)[0] for row, x in rows]
        self.colorbar_ = self.figure_.colorbar(self.im_, ax=ax, label="part of the score")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))
        ax.set(xlabel="frame", ylabel="channel", xlim=(-0.5, n_steps - 0.5))
        ax.set(ylim=(-0.5, n_channels - 0.5))
        ax.set_title(self._title(), fontsize="medium")
        return self

    def _title(self) -> str:
        of_target = "" if self.target is None else f" of {self.target}"
        return f"score{of_target}: {self.score:.2f}\n(without input {self.base:.2f})"


def _in_row(values: np.ndarray, row: int) -> np.ndarray:
    """Values between the edges of a row, whose middle those have that do not change."""
    known = values[np.isfinite(values)]
    low, high = known.min(initial=np.inf), known.max(initial=-np.inf)
    if not high > low:
        return np.full(len(values), float(row))
    return row + _HEIGHT * ((values - low) / (high - low) - 0.5)
