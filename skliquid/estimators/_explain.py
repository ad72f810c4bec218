"""What `explain` does: refuse what does not split, and split the rest, some at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from operator import length_hint
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from .._checks import shown
from .._progress import advanced, progress
from ..collection import as_parts
from ..encoding._base import SequenceEncoder, padded
from ..encoding._chosen import sources_of
from ..engines import Runner
from ..engines._lockstep import standardise
from ..explanation import Course, Explanation, split_over_frames
from ..readouts._leaky import LeakyReadoutClassifier
from ..readouts._ridge_base import RidgeReadout
from ..reservoirs import DynamicSynapses, Liquid
from ..sequences import Sequences, as_collection
from ._reading import inner_settings, prepared_by, read_by

# Potentials that are held at a time, but for the rest of a sequence.
_MOST_STATES = 2**23
# How far, relative to it, a score may be from what its readout's weights make.
_ROUNDING = 1e-6
# Difference of a feature, also relative to it, that is rounding: a root has no slope there.
_NOUGHT = 1e-12


def explained(estimator: Any, X: Any, target: Any) -> Explanation:
    """Split the scores of sequences over their frames and channels."""
    refuse_unsplit(estimator)
    method = "decision_function" if hasattr(estimator, "classes_") else "predict"
    explainer = _Explainer(estimator.pipeline_, method)
    parts: list[Explanation] = []
    is_parts = as_parts(X) is not None
    n_sequences = None if is_parts else length_hint(X) or None
    with inner_settings(), progress(estimator, "explain", n_sequences):
        for rows, sequences in estimator._validate_parts(X):
            for some in _slices(sequences, explainer.n_neurons):
                asked = _asked_of(target, rows.start + some.start, rows.start + some.stop)
                parts.append(explainer.split(sequences.between(some.start, some.stop), asked))
    if np.ndim(target) and len(target) != sum(len(part.base) for part in parts):
        raise ValueError(f"target has {len(target)} items, but X holds {rows.stop} sequences.")
    contributions, base, targets = map(_joined, zip(*parts, strict=True))
    collection = X if is_parts or isinstance(X, Sequences) else as_collection(X)
    if isinstance(collection, np.ndarray):
        lengths = np.array([len(each) for each in contributions])
        contributions = padded(np.concatenate(contributions), lengths, collection.shape[1])
    return Explanation(contributions, base, targets)


def refuse_unsplit(estimator: Any) -> None:
    """Raise an error that names what has no part of any frame."""
    liquid, readout = estimator.pipeline_[0], estimator.pipeline_[-1]
    given = shown(estimator._as_fitted().readout)
    if isinstance(readout, LeakyReadoutClassifier):
        raise ValueError(
            f"readout={given} cannot be explained: it is no sum of pooled "
            "features. One that is linear in them can, such as 'ridge'."
        )
    if not hasattr(readout, "coef_"):
        raise ValueError(
            f"readout={given} cannot be explained: it has no weights coef_ of "
            "the features. One that is linear in them can, such as 'ridge'."
        )
    fitted = liquid._as_fitted()
    if not isinstance(liquid.liquid_, Liquid):
        raise ValueError(
            f"cell={shown(fitted.cell)} cannot be explained: its units do not spike. "
            "cell='lif' and a NeuronModel can."
        )
    if not liquid.liquid_.neurons.sums_drives:
        raise ValueError(
            f"cell={shown(fitted.cell)} cannot be explained: its potentials are no sums of "
            "decayed currents less the threshold at each spike. Those of cell='lif' are."
        )
    if isinstance(liquid.liquid_.synapses, DynamicSynapses):
        raise ValueError(
            f"synapse={shown(fitted.synapse)} cannot be explained: its currents and delays keep "
            "what was heard apart from the potentials. synapse=None can."
        )
    unshared = fitted._plan().unshared()
    if unshared:
        raise ValueError(
            f"pooling={shown(unshared[0])} cannot be explained: its features are no sums over "
            "time."
        )
    if not (liquid.encoder_ is None or isinstance(liquid.encoder_, SequenceEncoder)):
        raise ValueError(
            f"encoder={shown(liquid.encoder_)} cannot be explained: only those of "
            "skliquid.encoding say which channel each of theirs is made of."
        )


def _slices(sequences: Sequences, n_neurons: int) -> Iterator[slice]:
    """Cut a collection where the potentials become too many."""
    place = sequences.offsets[:-1] * n_neurons // _MOST_STATES
    starts = np.flatnonzero(np.diff(place, prepend=-1)).tolist()
    for start, stop in zip(starts, [*starts[1:], len(sequences)], strict=True):
        yield slice(start, stop)


def _asked_of(target: Any, start: int, stop: int) -> Any:
    if not np.ndim(target):
        return target
    if len(target) < stop:
        raise ValueError(f"target has {len(target)} items, but X holds more sequences.")
    return np.asarray(target)[start:stop]


def _joined(parts: Any) -> Any:
    if isinstance(parts[0], list):
        return [each for part in parts for each in part]
    return np.concatenate(parts)


@dataclass(frozen=True, eq=False)
class _Run:
    """A liquid, the way in which it runs, and which features are its own."""

    runner: Runner
    liquid: Liquid
    is_backward: bool
    features: slice

    def way(self, sequences: Sequences) -> Sequences:
        return sequences.reversed() if self.is_backward else sequences

    def states(self, sequences: Sequences) -> tuple[np.ndarray, np.ndarray]:
        """Spikes and potentials over all frames, end to end."""
        frames = np.arange(len(sequences.frames))
        packed = self.runner.states(sequences, "spk", frames)
        spikes = np.unpackbits(packed, axis=1, count=self.runner.n_neurons).view(bool)
        return spikes, self.runner.states(sequences, "mem", frames)


class _Explainer:
    """The fitted steps of an estimator, read for what they make of each step."""

    def __init__(self, pipeline: Pipeline, method: str) -> None:
        self._pipeline, self._method = pipeline, method
        self._transformer, self._readout = pipeline[0], pipeline[-1]
        fitted = self._transformer._as_fitted()
        self._plan, self.n_neurons = fitted._plan(), self._transformer.liquid_.n_neurons
        self._runs: list[_Run] = []
        for liquid in self._transformer.liquids_:
            runner = Runner(liquid, self._plan, self._transformer.engine, self._transformer.n_jobs)
            for is_backward in (False, True) if fitted.bidirectional else (False,):
                start = runner.n_features * len(self._runs)
                features = slice(start, start + runner.n_features)
                self._runs.append(_Run(runner, liquid, is_backward, features))
        self._is_solved = False

    def split(self, sequences: Sequences, target: Any) -> Explanation:
        """Split the scores of some sequences."""
        heard = self._transformer._encode(replace(sequences, dtype=np.float64))
        lengths, which = np.unique(heard.lengths, return_inverse=True)
        features = self._features(heard)
        in_silence = self._features(self._silence(lengths))[which]
        coef, scores = self._linear(features)
        names, column = self._targets(target, scores)
        base = self._linear(in_silence)[1][np.arange(len(column)), column]
        weights = coef[column] * self._secants(features, in_silence)
        contributions = [np.zeros(frames.shape) for frames in heard]
        for run in self._runs:
            parts = self._parts(
                run, heard, *(each[:, run.features] for each in (features, in_silence, weights))
            )
            for i, (part, rest) in enumerate(parts):
                contributions[i] += part
                base[i] += rest
        advanced(len(sequences))
        return Explanation([self._of_channels(each) for each in contributions], base, names)

    def _silence(self, lengths: np.ndarray) -> Sequences:
        """Sequences in which every channel stays at its mean."""
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        mean = self._transformer.liquid_.input_offset
        return Sequences(np.tile(mean, (offsets[-1], 1)), offsets, np.float64)

    def _features(self, sequences: Sequences) -> np.ndarray:
        features = np.empty((len(sequences), self._runs[-1].features.stop))
        for run in self._runs:
            way = run.way(sequences)
            for samples in run.runner.batches(way, self._transformer.batch_size):
                features[samples, run.features] = run.runner.features(way, samples)
        return features

    def _parts(
        self,
        run: _Run,
        heard: Sequences,
        features: np.ndarray,
        in_silence: np.ndarray,
        weights: np.ndarray,
    ) -> Iterator[tuple[np.ndarray, float]]:
        """Each sequence's part in the scores that a run has, in the order of its frames."""
        way, n = run.way(heard), run.liquid.n_neurons
        spikes, potentials = run.states(way)
        silent_spikes, silent_potentials = run.states(
            self._silence(heard.lengths.max(keepdims=True))
        )
        for i, (frames, start) in enumerate(zip(way, way.offsets, strict=False)):
            rows, until = slice(start, start + len(frames)), len(frames)
            part, rest = split_over_frames(
                run.liquid,
                standardise(frames, run.liquid.taps),
                Course(spikes[rows], potentials[rows], features[i].reshape(-1, n)),
                Course(
                    silent_spikes[:until], silent_potentials[:until], in_silence[i].reshape(-1, n)
                ),
                self._plan.shares(len(frames)),
                weights[i],
            )
            yield (part[::-1] if run.is_backward else part), rest

    def _inputs(self, features: np.ndarray) -> np.ndarray:
        """What the weights of the readout are for: features limited and scaled one by one."""
        features = prepared_by(self._pipeline, features)
        limits = None
        if isinstance(self._readout, RidgeReadout):
            limits = self._readout._solved().limits
        return features if limits is None else np.clip(features, *limits)

    def _linear(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weights of the inputs for each score, and the scores, if they are their weighed sums."""
        coef = np.atleast_2d(self._readout.coef_)
        scores = np.asarray(read_by(self._pipeline, self._method, features))
        sums = self._inputs(features) @ coef.T + getattr(self._readout, "intercept_", 0.0)
        columns = scores.reshape(len(scores), -1)
        # Those of pairs may be as many as those of classes.
        shape = getattr(self._readout, "decision_function_shape", None)
        is_of_pairs = shape == "ovo" and scores.ndim > 1
        is_alike = columns.shape == sums.shape and not is_of_pairs
        if not (is_alike and np.allclose(columns, sums, _ROUNDING, _ROUNDING)):
            raise ValueError(
                f"readout {shown(self._readout)} cannot be explained: its {self._method} is not, "
                "for each target, the sum of the features weighed by coef_, and of intercept_."
            )
        if scores.ndim == 1 and self._method == "decision_function":
            return np.concatenate([-coef, coef]), np.stack([-scores, scores], axis=1)
        return coef, columns

    def _secants(self, features: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Slope of each input from silence, where that makes no difference to one unit more."""
        is_same = np.isclose(features, others, rtol=_NOUGHT, atol=_NOUGHT)
        others = np.where(is_same, features + 1, others)
        return np.asarray((self._inputs(features) - self._inputs(others)) / (features - others))

    def _targets(self, target: Any, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Classes, or numbers of outputs, that are asked for, and their columns."""
        names = getattr(self._readout, "classes_", np.arange(scores.shape[1]))
        if target is None:
            if self._method == "predict" and len(names) > 1:
                raise ValueError(
                    f"target must name one of the {len(names)} outputs, 0 to {len(names) - 1}; "
                    "got None."
                )
            column = scores.argmax(axis=1)
            return names[column], column
        asked = np.asarray(target)
        is_asked = np.reshape(asked, (-1, 1)) == names
        if asked.ndim > 1 or not is_asked.any(axis=1).all():
            raise ValueError(
                f"target must be one of {shown(names.tolist())}, or one for each sequence, got "
                f"{shown(target)}."
            )
        column = np.broadcast_to(is_asked.argmax(axis=1), len(scores))
        return names[column], column

    def _of_channels(self, contributions: np.ndarray) -> np.ndarray:
        """Give what belongs to the encoder's steps and channels to the frames they are made of."""
        encoder = self._transformer.encoder_
        if encoder is None:
            return contributions
        encoder = encoder._as_fitted()
        n_steps, sources = encoder.n_steps, sources_of(encoder)
        of_frames = contributions.reshape(-1, n_steps, len(sources)).sum(axis=1)
        of_channels = np.zeros((len(of_frames), encoder.n_channels_in_))
        np.add.at(of_channels.T, sources, of_frames.T)
        return of_channels
