"""EarlyLSMClassifier: classes told before a sequence is over, at a chosen risk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassifierMixin, MetaEstimatorMixin, _fit_context, clone
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import Interval, RealNotInt
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from .._base import SequenceEstimator
from .._checks import shown
from .._fitted import all_or_nothing
from .._warnings import warn_user
from ..readouts._samples import class_labels
from ..sequences import Sequences
from ._caption import Captioned
from ._classifier import LSMClassifier
from ._early_stream import EarlyLSMStream, EarlySource
from ._source import Source, stream_source
from ._stages import answers_of, fit_stages
from ._stopping import Answers, candidates, chosen, n_needed


class EarlyLSMClassifier(Captioned, ClassifierMixin, MetaEstimatorMixin, SequenceEstimator):
    """Classify sequences before they are over, as early as a chosen risk allows.

    Besides the readout of whole sequences there is one for each of some checkpoints, trained on
    what the liquid had done by then, as in TEASER [1]_. A sequence is decided at the first
    checkpoint where the likeliest class is probable enough, or else at its end, where it is told
    what `estimator` itself would tell. How probable is enough is learned from sequences that the
    readouts do not know, such that with the probability `confidence_level` no more than a share
    `risk` of all sequences is told wrong early that would be told right at the end [2]_ [3]_.

    Parameters
    ----------
    estimator : LSMClassifier, default=None
        The machine, with any readout that has probabilities or scores. None is one at its
        defaults.
    risk : float, default=0.05
        Largest share of the sequences that may be told wrong because nobody waited for their end,
        which the accuracy can fall by. 0 always waits.
    confidence_level : float, default=0.9
        Probability that the share keeps below `risk`, over the sequences that are learned from.
    checkpoints : int or array-like of int, default=10
        After how many frames a sequence may be decided, in ascending order; or the number of equal
        parts of the longest training sequence, after each of which it may be.
    cv : int or float, default=5
        Where sequences come from that the readouts do not know. An int is a number of folds: each
        is told by a machine that is fitted to the others, and the machine that is kept is fitted
        to all. A float is the share that is held out from the machine that is kept, for which the
        risk is proven (see Notes).
    random_state : int, RandomState instance or None, default=None
        Seed of the folds or of what is held out, and of the default `estimator`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes.
    estimator_ : LSMClassifier
        The fitted machine.
    checkpoints_ : ndarray of shape (n_checkpoints,)
        Numbers of frames after which a sequence may be decided before its end.
    threshold_ : float
        How probable the likeliest class must be; infinite where nothing is decided early.
    candidate_thresholds_ : ndarray of shape (n_candidates,)
        Thresholds that were tried.
    risks_ : ndarray of shape (n_candidates,)
        Share of the held-out sequences that each of them told wrong early but right at the end;
        NaN where nothing was held out.
    earliness_ : ndarray of shape (n_candidates,)
        Mean fraction of the held-out sequences that each of them took; NaN like `risks_`.
    n_channels_in_ : int
        Number of channels seen in `fit`.
    n_features_in_ : int
        Number of time steps if `fit` saw a 2-D array, else the number of channels.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if `fit` saw a data frame with names that are all strings.

    Warns
    -----
    UserWarning
        If `fit` finds no threshold that keeps the risk, as with too few sequences: of n that are
        held out none may be lost, and n must be at least ``log(1 - confidence_level) / log(1 -
        risk)``, 45 at the defaults. Nothing is decided early then.

    See Also
    --------
    LSMClassifier : The machine, which waits.
    EarlyLSMStream : Live sequences, each of which is decided once the machine is sure.

    Notes
    -----
    New sequences must be like those of the training, as further ones of the same draw. With a
    float as `cv` the risk is kept then with the stated probability whatever the readouts are
    worth, since the machine does not know the sequences by which its threshold is chosen. Folds
    waste none, but judge other machines than the one that is kept: of that there is no proof; in
    simulations the risk was kept about as often as stated.

    What is compared is the decision with what the same machine tells at the end. How often it is
    wrong there, `risk` does not say.

    The liquid runs on one thread, frame by frame, but with a leaky readout; the states and the
    features of all training sequences are held at a time.

    References
    ----------
    .. [1] Schaefer, Leser. "TEASER: early and accurate time series classification", Data Mining
       and Knowledge Discovery 34, 2020.
    .. [2] Angelopoulos, Bates, Candes, Jordan, Lei. "Learn then test: calibrating predictive
       algorithms to achieve risk control", Annals of Applied Statistics 19(2), 2025.
    .. [3] Ringel, Cohen, Freedman, Elad, Romano. "Early time classification with accumulated
       accuracy gap control", ICML, 2024.

    Examples
    --------
    >>> from skliquid import EarlyLSMClassifier
    >>> from skliquid.datasets import load_japanese_vowels
    >>> X, y, X_test, y_test = load_japanese_vowels()
    >>> early = EarlyLSMClassifier(risk=0.02, random_state=0).fit(X, y)
    >>> told, n_frames = early.predict_early(X_test)
    >>> heard = sum(n_frames) / sum(map(len, X_test))
    >>> bool((told == y_test).mean() > 0.95), bool(heard < 0.35)
    (True, True)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [LSMClassifier, None],
        "risk": [Interval(Real, 0, 1, closed="both")],
        "confidence_level": [Interval(Real, 0, 1, closed="neither")],
        "checkpoints": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "cv": [
            Interval(Integral, 2, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="neither"),
        ],
        "random_state": ["random_state"],
    }

    classes_: np.ndarray

    def __init__(
        self,
        estimator: LSMClassifier | None = None,
        *,
        risk: float = 0.05,
        confidence_level: float = 0.9,
        checkpoints: Any = 10,
        cv: float = 5,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.risk = risk
        self.confidence_level = confidence_level
        self.checkpoints = checkpoints
        self.cv = cv
        self.random_state = random_state

    @all_or_nothing
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any) -> EarlyLSMClassifier:
        """Train the readouts, and learn how sure they must be.

        Parameters
        ----------
        X : array-like or list
            Sequences: an array of shape (n_samples, n_timesteps, n_channels), where trailing
            frames of NaN are padding; an array of shape (n_samples, n_timesteps) of one
            channel; or a list of arrays of shape (n_timesteps_i, n_channels).
        y : array-like of shape (n_samples,)
            Classes.

        Returns
        -------
        EarlyLSMClassifier
            The estimator itself, fitted.
        """
        sequences = self._validate_sequences(X, reset=True)
        y = self._labels(sequences, y)
        self.classes_ = np.unique(y)
        self.checkpoints_ = self._checked_checkpoints(int(sequences.lengths.max()))
        splits = self._splits(y)
        is_held_out = self.cv < 1 and len(splits) > 0
        known = splits[0][0] if is_held_out else np.arange(len(y))
        self.estimator_, self._stages = self._machine(sequences.take(known), y[known])
        self._choose(sequences, y, splits, is_held_out)
        self._keep_parameters()
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predict the class of each sequence as it is decided.

        Parameters
        ----------
        X : array-like or list
            Sequences, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,)
            Predicted classes.
        """
        return self._decisions(X)[0]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Compute the probability of each class as a sequence is decided.

        Parameters
        ----------
        X : array-like or list
            Sequences, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`; the softmax of the scores of a readout that
            has none.
        """
        return self._decisions(X)[1]

    def predict_early(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """Predict the class of each sequence, and tell when it was decided.

        Parameters
        ----------
        X : array-like or list
            Sequences, as in `fit`.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Predicted classes, as of `predict`.
        n_frames : ndarray of shape (n_samples,), dtype int64
            After how many frames: a checkpoint, or the length of the sequence.
        """
        labels, _, n_frames = self._decisions(X)
        return labels, n_frames

    def accuracy_curve(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Compute the accuracy as a function of the fraction of the sequences seen.

        Each sequence is told at every checkpoint, however sure, and at its end.

        Parameters
        ----------
        X : array-like or list
            Sequences, as in `fit`.
        y : array-like of shape (n_samples,)
            Classes.

        Returns
        -------
        fractions : ndarray of shape (n_checkpoints + 1,)
            Mean fraction of the sequences that is seen by each checkpoint; the last is 1.
        accuracies : ndarray of shape (n_checkpoints + 1,)
            Share of the sequences that is told right there.
        """
        check_is_fitted(self)
        y = self._labels(X, y)
        parts = []
        for rows, part in self._parts(X):
            answers = self._answers(part)
            parts.append([answers.n_frames / part.lengths, answers.labels == y[rows]])
        fractions, is_right = map(np.hstack, zip(*parts, strict=True))
        return fractions.mean(axis=1), is_right.mean(axis=1)

    def open_stream(self, n_streams: int = 1) -> EarlyLSMStream:
        """Open a stream, into which frames are pushed until it is decided.

        Parameters
        ----------
        n_streams : int, default=1
            Number of sequences that come side by side.

        Returns
        -------
        EarlyLSMStream
            The stream.

        Raises
        ------
        ValueError
            With a leaky readout, which reads whole sequences.
        """
        check_is_fitted(self)
        source = stream_source(self.estimator_)
        parts = {each.name: getattr(source, each.name) for each in fields(Source)}
        parts["name"] = type(self).__name__
        rule = EarlySource(
            **parts, checkpoints=self.checkpoints_, stages=self._stages, threshold=self.threshold_
        )
        return EarlyLSMStream(rule, n_streams)

    def _labels(self, X: Any, y: Any) -> np.ndarray:
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        labels = class_labels(y)
        check_consistent_length(X, labels)
        return labels

    def _checked_checkpoints(self, longest: int) -> np.ndarray:
        """Numbers of frames after which to ask, all below those of the longest sequence."""
        if isinstance(self.checkpoints, Integral):
            n_parts = min(int(self.checkpoints), longest)
            return -(-longest * np.arange(1, n_parts) // n_parts)
        steps = np.asarray(self.checkpoints)
        is_good = steps.ndim == 1 and steps.dtype.kind in "iu" and len(steps) > 0
        # Differences of unsigned integers are never negative.
        steps = steps.astype(np.int64) if is_good else steps
        if not (is_good and steps[0] >= 1 and steps[-1] < longest and (np.diff(steps) > 0).all()):
            raise ValueError(
                "checkpoints must be a number of parts or ascending numbers of frames from 1 to "
                f"{longest - 1}, one less than the longest sequence has, got "
                f"{shown(self.checkpoints)}."
            )
        return steps

    def _splits(self, y: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Samples to fit to and to judge by; none if they cannot show the risk.

        The only sample of a class is always one to fit to, so that all classes are known.
        """
        _, code, counts = np.unique(y, return_inverse=True, return_counts=True)
        free = np.flatnonzero(counts[code] > 1)
        n_held = len(free) if self.cv > 1 else int(np.ceil(self.cv * len(free)))
        if n_held < n_needed(self.risk, self.confidence_level):
            return []
        if self.cv > 1:
            n_folds = min(int(self.cv), counts.max())
            folds = StratifiedKFold(n_folds, shuffle=True, random_state=self.random_state)
            held = [free[part] for _, part in folds.split(free, y[free])]
        else:
            held = [self._share(free, y[free])]
        return [(np.setdiff1d(np.arange(len(y)), part), part) for part in held]

    def _share(self, samples: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Choose the share of some samples that is held out, of every class."""
        try:
            held: np.ndarray = train_test_split(
                samples, test_size=self.cv, stratify=y, random_state=self.random_state
            )[1]
        except ValueError as error:
            raise ValueError(
                f"cv must be a share that leaves sequences of every class on both sides, or a "
                f"number of folds, got {self.cv:g}: {error}"
            ) from None
        return held

    def _machine(self, X: Sequences, y: np.ndarray) -> tuple[LSMClassifier, list[Pipeline]]:
        """Fit the estimator, and a readout for each checkpoint."""
        if self.estimator is None:
            lsm = LSMClassifier(random_state=self.random_state)
        else:
            lsm = clone(self.estimator)
        lsm.fit(X, y)
        return lsm, fit_stages(lsm, X, y, self.checkpoints_)

    def _choose(
        self,
        X: Sequences,
        y: np.ndarray,
        splits: list[tuple[np.ndarray, np.ndarray]],
        is_held_out: bool,
    ) -> None:
        """Choose the threshold by sequences that the machine that tells them does not know."""
        thresholds = candidates(len(self.classes_))
        lost, heard = np.zeros((2, len(thresholds)))
        n_held = 0
        for known, held in splits:
            machine = self.estimator_, self._stages
            if not is_held_out:
                machine = self._machine(X.take(known), y[known])
            answers = answers_of(*machine, X.take(held), self.checkpoints_)
            of_part = answers.tried(y[held], thresholds)
            lost, heard, n_held = lost + of_part[0], heard + of_part[1], n_held + len(held)
        self.candidate_thresholds_ = thresholds
        with np.errstate(invalid="ignore"):
            self.risks_, self.earliness_ = lost / n_held, heard / n_held
        self.threshold_ = chosen(thresholds, lost, n_held, self.risk, self.confidence_level)
        if np.isinf(self.threshold_) and self.risk > 0:
            self._warn_of_waiting(n_held)

    def _warn_of_waiting(self, n_held: int) -> None:
        why = f"no threshold kept the risk among the {n_held} sequences that were held out"
        if not n_held:
            least = n_needed(self.risk, self.confidence_level)
            why = f"it takes {least:.9g} sequences, and cv={self.cv:g} holds out fewer"
        warn_user(
            f"risk={self.risk:g} cannot be shown at confidence_level={self.confidence_level:g}: "
            f"{why}. Nothing is decided before its end."
        )

    def _answers(self, X: Sequences) -> Answers:
        return answers_of(self.estimator_, self._stages, X, self.checkpoints_)

    def _decisions(self, X: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Labels, probabilities and numbers of frames as sequences are decided."""
        check_is_fitted(self)
        parts = [
            answers.at(answers.decided_by(self.threshold_))
            for answers in (self._answers(part) for _, part in self._parts(X))
        ]
        labels, probabilities, n_frames = map(np.concatenate, zip(*parts, strict=True))
        return labels, probabilities, n_frames

    def _parts(self, X: Any) -> Iterator[tuple[slice, Sequences]]:
        return self._validate_parts(X, most=self.estimator_._most_at_once())

    def _parameters_read(self) -> tuple[str, ...]:
        return ("estimator",)

    @property
    def _may_miss(self) -> bool:
        return bool(getattr(self.estimator, "_may_miss", False))
