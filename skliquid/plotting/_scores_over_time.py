"""ScoresOverTimeDisplay: what a classifier makes of a sequence while it comes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._checks import check_option, shown
from ..estimators._classifier import LSMClassifier
from ..estimators._early import EarlyLSMClassifier
from ..sequences import Sequences
from ._drawn import fitted_machine, one_sequence
from ._style import COLOURS, add_legend_beside, axes_or_new, line_styles

_METHODS = "auto", "predict_proba", "decision_function"
_NAMES = {"predict_proba": "probability", "decision_function": "score"}
_GREY: dict[str, Any] = {"color": "0.75", "lw": 1, "zorder": 1}


class ScoresOverTimeDisplay:
    """Scores of the classes after each frame of a sequence, and when it is decided.

    Of more than seven classes those that come highest at any time are told apart; the others are
    grey.

    Parameters
    ----------
    scores : array_like of shape (n_times, n_classes)
        Scores or probabilities of the classes.
    n_frames : array_like of shape (n_times,) or None, default=None
        How many frames each row has seen, ascending; None is 1, 2 and so on.
    classes : array_like of shape (n_classes,) or None, default=None
        Names of the classes; None are their numbers.
    score_name : str, default="score"
        What the scores are called.
    threshold : float or None, default=None
        Score at which a sequence is decided; None draws none.
    decided_at : int or None, default=None
        After how many frames it was decided; None draws no decision.

    Attributes
    ----------
    scores : ndarray of shape (n_times, n_classes)
        The scores.
    n_frames : ndarray of shape (n_times,)
        How many frames were seen.
    classes : ndarray of shape (n_classes,)
        The classes.
    ax_ : matplotlib.axes.Axes
        The axes drawn on.
    lines_ : list of matplotlib.lines.Line2D
        The scores of each class.
    threshold_line_, decision_line_ : matplotlib.lines.Line2D or None
        The rule by which a sequence is decided, and when it was.
    figure_ : matplotlib.figure.Figure
        The figure.

    Raises
    ------
    ValueError
        If an array has not the shape that is stated.

    See Also
    --------
    skliquid.LSMStream : The scores frame by frame, live.
    skliquid.EarlyLSMClassifier : Decides before a sequence is over.

    Examples
    --------
    >>> from skliquid import LSMClassifier
    >>> from skliquid.datasets import load_japanese_vowels
    >>> from skliquid.plotting import ScoresOverTimeDisplay
    >>> X, y, X_test, y_test = load_japanese_vowels()
    >>> lsm = LSMClassifier(200, random_state=0).fit(X, y)
    >>> display = ScoresOverTimeDisplay.from_estimator(lsm, X_test)
    >>> display.scores.shape, bool((display.scores[-1] == lsm.predict_proba(X_test[:1])).all())
    ((19, 9), True)
    """

    ax_: Any
    lines_: list[Any]
    threshold_line_: Any
    decision_line_: Any
    figure_: Any

    def __init__(
        self,
        scores: Any,
        *,
        n_frames: Any = None,
        classes: Any = None,
        score_name: str = "score",
        threshold: float | None = None,
        decided_at: int | None = None,
    ) -> None:
        self.scores = np.asarray(scores)
        if self.scores.ndim != 2 or 0 in self.scores.shape:
            raise ValueError(
                f"scores has shape {self.scores.shape}; expected (n_times, n_classes)."
            )
        n_times, n_classes = self.scores.shape
        self.n_frames = _of_length("n_frames", n_frames, np.arange(1, n_times + 1))
        self.classes = _of_length("classes", classes, np.arange(n_classes))
        self.score_name, self.threshold, self.decided_at = score_name, threshold, decided_at

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        sample: int = 0,
        response_method: str = "auto",
        ax: Any = None,
    ) -> ScoresOverTimeDisplay:
        """Let a sequence come frame by frame, and draw what the classifier makes of it.

        Parameters
        ----------
        estimator : LSMClassifier or EarlyLSMClassifier
            A fitted classifier, alone or in a search. The early one is asked at its checkpoints
            and at the end, however early it is sure.
        X : array-like or list
            Sequences, as in the classifier's `fit`.
        sample : int, default=0
            Number of the sequence that is drawn.
        response_method : {"auto", "predict_proba", "decision_function"}, default="auto"
            What is drawn of an LSMClassifier. "auto" is the first of the two that it has; with a
            leaky readout, the scores of `predict_over_time`.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        ScoresOverTimeDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there is no such sample, or if the classifier needs the end of a sequence, as with
            ``bidirectional=True``.
        TypeError
            If `estimator` is another one.
        AttributeError
            If its readout has no such method.
        """
        method = check_option("response_method", response_method, _METHODS)
        machine = fitted_machine(estimator)
        if not isinstance(machine, LSMClassifier | EarlyLSMClassifier):
            raise TypeError(
                "estimator must be an LSMClassifier or an EarlyLSMClassifier, got "
                f"{shown(estimator)}."
            )
        sequence = one_sequence(machine, X, sample)
        read = _asked if isinstance(machine, EarlyLSMClassifier) else _streamed
        found = read(machine, sequence, method)
        return cls(**found, classes=machine.classes_).plot(ax)

    def plot(self, ax: Any = None) -> ScoresOverTimeDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        ScoresOverTimeDisplay
            The display itself.
        """
        from matplotlib.ticker import MaxNLocator

        self.ax_ = ax = axes_or_new(ax)
        self.figure_ = ax.figure
        marker = "." if len(self.scores) < 30 else ""
        self.lines_ = [
            ax.plot(self.n_frames, scores, marker=marker, **style)[0]
            for scores, style in zip(self.scores.T, self._styles(), strict=True)
        ]
        if len(self.classes) > len(COLOURS):
            ax.plot([], [], label="others", **_GREY)
        self.threshold_line_ = self.decision_line_ = None
        if self.threshold is not None:
            self.threshold_line_ = ax.axhline(self.threshold, color="k", ls=":", label="threshold")
        if self.decided_at is not None:
            self.decision_line_ = ax.axvline(self.decided_at, color="k", lw=1, label="decided")
        ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))
        ax.set(xlabel="frames seen", ylabel=self.score_name)
        add_legend_beside(ax)
        return self

    def _styles(self) -> list[dict[str, Any]]:
        """Colours, dashes and names of the classes that come highest, and grey of the others."""
        n_named = len(COLOURS)
        highest = np.argsort(-self.scores.max(axis=0), kind="stable")[:n_named]
        named = dict(zip(np.sort(highest).tolist(), line_styles(n_named), strict=False))
        return [
            {**named[i], "label": str(label)} if i in named else _GREY
            for i, label in enumerate(self.classes)
        ]


def _streamed(lsm: LSMClassifier, sequence: Sequences, method: str) -> dict[str, Any]:
    """Scores after every frame."""
    if method == "auto":
        if hasattr(lsm, "predict_over_time"):
            return {"scores": lsm.predict_over_time(sequence)[0]}
        method = "predict_proba" if hasattr(lsm, "predict_proba") else "decision_function"
    stream = lsm.open_stream()
    read = getattr(stream, method)
    scores = []
    for frame in sequence.dense()[0]:
        stream.push(frame)
        scores.append(read())
    found = np.concatenate(scores)
    if found.ndim == 1:
        found = np.stack([-found, found], axis=1)
    return {"scores": found, "score_name": _NAMES[method]}


def _asked(early: EarlyLSMClassifier, sequence: Sequences, method: str) -> dict[str, Any]:
    """Probabilities at the checkpoints that the sequence reaches, and at its end."""
    answers = early._answers(sequence)
    decided = answers.decided_by(early.threshold_)
    times = np.append(answers.was_asked[:, 0], True)
    n_frames, at = np.unique(answers.n_frames[times, 0], return_index=True)
    return {
        "scores": answers.probabilities[times, 0][at],
        "n_frames": n_frames,
        "score_name": "probability",
        "threshold": early.threshold_ if np.isfinite(early.threshold_) else None,
        "decided_at": int(answers.at(decided)[2][0]),
    }


def _of_length(name: str, given: Any, default: np.ndarray) -> np.ndarray:
    values = default if given is None else np.asarray(given)
    if values.shape != default.shape:
        raise ValueError(f"{name} has shape {values.shape}; expected {default.shape}.")
    return values
