"""TrajectoryDisplay: the state of a liquid on its way through its largest directions."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.utils.validation import check_consistent_length

from .._checks import shown
from ._drawn import drawn_reservoirs, validated
from ._style import add_legend_beside, axes_or_new, line_styles


class TrajectoryDisplay:
    """Principal components of the state of a liquid over time, by class.

    A liquid separates what its states keep apart [1]_. The states after every step of all
    sequences are seen along the two directions in which they vary most. Each sequence is a thin
    line; each class has the mean of its sequences as a thick one, from a dot to the step after
    which half of them are over.

    Parameters
    ----------
    states : list of array_like of shape (n_timesteps_i, n_states)
        Finite states after every step of each sequence.
    y : array_like of shape (n_samples,) or None, default=None
        Classes; None draws all sequences as of one.

    Attributes
    ----------
    trajectories : list of ndarray of shape (n_timesteps_i, 2)
        Principal components of each sequence; the second is zero where there is one state.
    means : dict of object to ndarray of shape (n_timesteps, 2)
        Mean of the sequences of each class.
    explained_variance_ratio : ndarray of shape (2,)
        Share of the variance of the states along each.
    ax_ : matplotlib.axes.Axes
        The axes drawn on.
    collections_ : list of matplotlib.collections.LineCollection
        The sequences of each class.
    lines_ : list of matplotlib.lines.Line2D
        The mean of each class.
    figure_ : matplotlib.figure.Figure
        The figure.

    Raises
    ------
    ValueError
        If the states are not as stated, or if there are not as many classes as sequences.

    See Also
    --------
    skliquid.diagnostics.separation : How far apart states are, as a number.

    References
    ----------
    .. [1] Maass, Natschlaeger, Markram. "Real-time computing without stable states", Neural
       Computation 14(11), 2002.

    Examples
    --------
    >>> from skliquid import LSMClassifier
    >>> from skliquid.datasets import load_japanese_vowels
    >>> from skliquid.plotting import TrajectoryDisplay
    >>> X, y, X_test, y_test = load_japanese_vowels()
    >>> lsm = LSMClassifier(200, random_state=0).fit(X, y)
    >>> display = TrajectoryDisplay.from_estimator(lsm, X_test[:60], y_test[:60])
    >>> display.trajectories[0].shape
    (19, 2)
    """

    ax_: Any
    collections_: list[Any]
    lines_: list[Any]
    figure_: Any

    def __init__(self, states: Any, y: Any = None) -> None:
        parts = _checked_states(states)
        self.y = None if y is None else np.asarray(y)
        if self.y is not None:
            check_consistent_length(parts, self.y)
        whole = np.concatenate(parts)
        with np.errstate(invalid="ignore"):  # states that do not change have no variance to share
            found = PCA(min(2, *whole.shape), random_state=0).fit(whole)
        self.trajectories = [_in_plane(found.transform(part)) for part in parts]
        shares = np.nan_to_num(found.explained_variance_ratio_)
        self.explained_variance_ratio = _in_plane(shares[np.newaxis])[0]
        self.means = {label: _mean(own) for label, own in self._by_class().items()}

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        features: Any = None,
        tau_trace: float = 10.0,
        ax: Any = None,
    ) -> TrajectoryDisplay:
        """Run sequences through a reservoir and draw its states, all of which are held at a time.

        Parameters
        ----------
        estimator : estimator, Liquid or RateReservoir
            A fitted estimator, alone, in a pipeline or in a search; or a reservoir, which takes
            frames as they are.
        X : array-like or list
            Sequences, as in the estimator's `fit`.
        y : array-like of shape (n_samples,) or None, default=None
            Classes; None draws all sequences as of one.
        features : {"trace", "spikes", "potentials"}, array-like of them or None, default=None
            What is a state. None is "trace", low-pass filtered spikes, of neurons that spike, and
            the activations of other units.
        tau_trace : float, default=10.0
            Time constant of "trace" in time steps.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        TrajectoryDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If `features` names what the units do not have.
        TypeError
            If there is no reservoir in `estimator`.
        """
        reservoirs = drawn_reservoirs(estimator)
        heard = reservoirs.hearing(validated(reservoirs.transformer, X))
        shape = len(heard.frames), reservoirs.n_states(features)
        states = np.empty(shape, dtype=np.float32)
        for sample, first, some in reservoirs.pieces(heard, features, tau_trace):
            start = heard.offsets[sample] + first
            states[start : start + len(some)] = some
        return cls(np.split(states, heard.offsets[1:-1]), y).plot(ax)

    def plot(self, ax: Any = None) -> TrajectoryDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        TrajectoryDisplay
            The display itself.
        """
        from matplotlib.collections import LineCollection

        self.ax_ = ax = axes_or_new(ax)
        self.figure_, self.collections_, self.lines_ = ax.figure, [], []
        by_class = self._by_class()
        alpha = max(0.2, min(0.5, 10 / len(self.trajectories)))
        for (label, own), style in zip(by_class.items(), line_styles(len(by_class)), strict=True):
            thin = LineCollection(own, colors=style["color"], lw=0.6, alpha=alpha)
            self.collections_.append(ax.add_collection(thin))
            mean = self.means[label].T
            self.lines_ += ax.plot(*mean, **style, lw=2, marker="o", markevery=[0], label=label)
        ax.autoscale_view()
        names = [
            f"principal component {i} ({share:.0%})"
            for i, share in enumerate(self.explained_variance_ratio, 1)
        ]
        ax.set(xlabel=names[0], ylabel=names[1])
        if self.y is not None:
            add_legend_beside(ax)
        return self

    def _by_class(self) -> dict[Any, list[np.ndarray]]:
        if self.y is None:
            return {None: self.trajectories}
        return {
            label: [self.trajectories[i] for i in np.flatnonzero(self.y == label)]
            for label in np.unique(self.y)
        }


def _checked_states(states: Any) -> list[np.ndarray]:
    parts = [np.asarray(part) for part in states]
    if (
        not parts
        or any(part.ndim != 2 or part.shape[1:] != parts[0].shape[1:] for part in parts)
        or any(0 in part.shape for part in parts)
    ):
        raise ValueError(
            "states must be arrays of shape (n_timesteps_i, n_states) of the same states, got "
            f"shapes {shown([part.shape for part in parts])}."
        )
    return parts


def _in_plane(values: np.ndarray) -> np.ndarray:
    """Give what has fewer than two columns columns of zeros."""
    return np.pad(values, ((0, 0), (0, 2 - values.shape[1])))


def _mean(trajectories: list[np.ndarray]) -> np.ndarray:
    """Mean at each step of those that have come so far, while these are half of all."""
    lengths = np.array([len(each) for each in trajectories])
    n_steps = int(np.sort(lengths)[len(lengths) // 2])
    sums = np.zeros((n_steps, 2))
    for each in trajectories:
        sums[: len(each)] += each[:n_steps]
    return np.asarray(
        sums / (lengths > np.arange(n_steps)[:, np.newaxis]).sum(axis=1)[:, np.newaxis]
    )
