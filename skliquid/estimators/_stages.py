"""Readouts of beginnings: one for each checkpoint, all of one liquid, which runs once.

A readout knows what it was trained on, and one of whole sequences has never seen sums that grew
for a tenth of the frames. So each checkpoint has a readout of its own, trained on what the
sequences had made of the liquid by then. A leaky readout has scores after every frame, and one is
enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from scipy.special import softmax
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from .._checks import shown
from ..readouts._leaky import LeakyReadoutClassifier
from ..readouts._ridge_base import is_made_of_sums
from ..readouts._samples import class_factors
from ..sequences import Sequences
from ._classifier import LSMClassifier
from ._reading import inner_settings, read_by
from ._stopping import Answers
from ._stream import LSMStream


def fit_stages(
    lsm: LSMClassifier, X: Sequences, y: np.ndarray, checkpoints: np.ndarray
) -> list[Pipeline]:
    """Fit a readout for each checkpoint on the features that a fitted machine has there.

    Parameters
    ----------
    lsm : LSMClassifier
        The machine, fitted to the same sequences.
    X : Sequences
        The sequences.
    y : ndarray of shape (n_samples,)
        Their classes.
    checkpoints : ndarray of int
        Numbers of frames, ascending.

    Returns
    -------
    list of Pipeline
        The readouts, with the steps before them, and last the machine's own; nothing but this one
        with a leaky readout.
    """
    if _is_leaky(lsm):
        if not hasattr(lsm, "predict_over_time"):
            raise ValueError(
                "bidirectional=True and missing='linear' need the end of a sequence, which is not "
                "known at a checkpoint; set neither."
            )
        return [lsm.pipeline_]
    early = [
        _fitted_readout(lsm, stream.features(), y) for stream in _advanced(lsm, X, checkpoints)
    ]
    return [*early, lsm.pipeline_]


def answers_of(
    lsm: LSMClassifier, stages: list[Pipeline], X: Sequences, checkpoints: np.ndarray
) -> Answers:
    """Ask at each checkpoint, and at the end.

    Parameters
    ----------
    lsm : LSMClassifier
        The machine.
    stages : list of Pipeline
        Its readouts, as `fit_stages` makes them.
    X : Sequences
        Sequences, of which the machine may know some.
    checkpoints : ndarray of int
        Numbers of frames, as in fitting.

    Returns
    -------
    Answers
        What the sequences are told to be.
    """
    n_frames = np.vstack([np.minimum(checkpoints[:, np.newaxis], X.lengths), X.lengths])
    was_asked = checkpoints[:, np.newaxis] <= X.lengths
    if _is_leaky(lsm):
        asked = _over_time(lsm, X, n_frames)
    else:
        asked = _at_checkpoints(lsm, stages, X, checkpoints, was_asked)
    labels, probabilities = map(np.stack, zip(*asked, strict=True))
    return Answers(labels, probabilities, n_frames, was_asked)


def _is_leaky(lsm: LSMClassifier) -> bool:
    return isinstance(lsm.pipeline_[-1], LeakyReadoutClassifier)


def read_at(
    stages: list[Pipeline], method: str, features: np.ndarray, numbers: np.ndarray
) -> np.ndarray:
    """Have each row of features read by the readout of its number."""
    present = np.unique(numbers)
    parts = [_read(stages[each], method, features[numbers == each]) for each in present]
    found = np.empty((len(features), *parts[0].shape[1:]), np.result_type(*parts))
    for each, part in zip(present, parts, strict=True):
        found[numbers == each] = part
    return found


def _read(pipeline: Pipeline, method: str, features: np.ndarray) -> np.ndarray:
    """What a readout says; as probabilities the softmax of its scores if it has none."""
    if method != "probabilities" or hasattr(pipeline[-1], "predict_proba"):
        method = "predict_proba" if method == "probabilities" else method
        return np.asarray(read_by(pipeline, method, features))
    if not hasattr(pipeline[-1], "decision_function"):
        raise ValueError(
            "readout must have predict_proba or decision_function, which tell how sure it is, got "
            f"{shown(pipeline[-1])}."
        )
    scores = np.asarray(read_by(pipeline, "decision_function", features))
    if scores.ndim == 1:
        scores = np.stack([-scores, scores], axis=1)
    return _softmax(scores)


@np.errstate(under="ignore")  # what is far behind has no probability
def _softmax(scores: np.ndarray) -> np.ndarray:
    return np.asarray(softmax(scores, axis=1))


def _fitted_readout(lsm: LSMClassifier, features: np.ndarray, y: np.ndarray) -> Pipeline:
    """Fit what comes after the liquid anew, as the machine has fitted it."""
    (_, liquid), *steps = lsm.pipeline_.steps
    steps = [(name, clone(step)) for name, step in steps]
    given = {}
    # What is made of sums weighs the classes itself.
    if lsm.class_weight is not None and not is_made_of_sums(steps[-1][1]):
        given["readout__sample_weight"] = class_factors(lsm.class_weight, y, None)
    with inner_settings():
        Pipeline(steps).fit(features, y, **given)
    return Pipeline([("liquid", liquid), *steps])


def _advanced(lsm: LSMClassifier, X: Sequences, ends: Iterable[int]) -> Iterator[LSMStream]:
    """Run sequences side by side, and stop after each number of frames."""
    stream, begin = lsm.open_stream(len(X)), 0
    for end in ends:
        stream.push([x[begin:end] for x in X])
        begin = end
        yield stream


def _at_checkpoints(
    lsm: LSMClassifier,
    stages: list[Pipeline],
    X: Sequences,
    checkpoints: np.ndarray,
    was_asked: np.ndarray,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Labels and probabilities by the readouts of the checkpoints; what is over is whole."""
    last = len(checkpoints)
    numbers = np.where(was_asked, np.arange(last)[:, np.newaxis], last)
    numbers = np.vstack([numbers, np.full(len(X), last)])
    ends = [*checkpoints.tolist(), int(X.lengths.max())]
    with inner_settings():
        for number, stream in zip(numbers, _advanced(lsm, X, ends), strict=True):
            features = stream.features()
            labels = read_at(stages, "predict", features, number)
            yield labels, read_at(stages, "probabilities", features, number)


def _over_time(
    lsm: LSMClassifier, X: Sequences, n_frames: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Labels and probabilities by a readout that has scores after every frame."""
    scores = np.concatenate(lsm.predict_over_time(X))
    for seen in n_frames:
        told = scores[X.offsets[:-1] + seen - 1]
        yield lsm.classes_[told.argmax(axis=1)], _softmax(told)
