"""What LSMClassifier and LSMRegressor share: a pipeline of liquid, scaler and readout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from operator import length_hint
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.validation import _check_y as check_targets
from sklearn.utils.validation import check_is_fitted, check_memory

from .._base import SequenceEstimator
from .._callbacks import CallbackSupportMixin, fit_tasks
from .._checks import cut_short, shown
from .._progress import progress
from ..collection import Collection, as_parts
from ..explanation import Explanation
from ..readouts._leaky import LeakyReadoutClassifier
from ..readouts._ridge_base import is_made_of_sums
from ..readouts._root import make_root
from ..readouts._samples import merge_duplicates
from ..sequences import Sequences
from ._absent import SaysWhatIsAbsent
from ._caption import Captioned
from ._explain import explained
from ._parameters import HOW_TO_RUN, LSMParameters, ReservoirParameters
from ._reading import inner_settings, read_by
from ._recorder import LiquidRecorder
from ._shifts import shifted
from ._source import stream_source
from ._stream import LSMStream
from ._transformer import LiquidTransformer

# Bytes of features that are held at a time, where not all of them have to be.
_PART_BYTES = 2**26


def in_float64(source: Any) -> Collection:
    """Have the features in float64: sums in float32 would depend on the batch."""
    source = source.source if isinstance(source, Collection) else source
    return Collection(source, np.dtype(np.float64))


def most_of(liquid: LiquidTransformer) -> int:
    """Number of sequences whose features are held at a time."""
    return max(1, _PART_BYTES // (8 * liquid._as_fitted()._n_features))


def weighed_by(readout: Any, y: np.ndarray, factor: np.ndarray) -> np.ndarray | None:
    """Have a readout that standardises weigh the classes itself, or return the factors.

    Standard deviations are those of the samples as they are, whatever their class is worth.
    """
    if not is_made_of_sums(readout) or readout.class_weight is not None:
        return factor
    readout.set_params(class_weight=dict(zip(y.tolist(), factor.tolist(), strict=True)))
    return None


def readout_has(method: str) -> Callable[[Any], bool]:
    """Check for `available_if`: the readout, fitted or not, has a method."""

    def check(estimator: Any) -> bool:
        if hasattr(estimator, "pipeline_"):
            return hasattr(estimator.pipeline_[-1], method)
        try:
            return hasattr(estimator._make_readout(), method)
        except ValueError:  # which is for `fit` to raise
            return False

    return check


def _fit_liquid(
    liquid: LiquidTransformer, collection: Collection, y: np.ndarray, weights: Any, tasks: Any
) -> Any:
    with tasks.task("fit-liquid", liquid):
        return liquid, liquid.fit_transform(collection, y, **weights)


def _transform(liquid: LiquidTransformer, collection: Collection) -> Any:
    return liquid.transform(collection)


def _shared_out(weights: dict[str, Any], n_samples: int, n_copies: int) -> dict[str, Any]:
    """Share out the weight of each sample among it and its copies, which it is the origin of."""
    name, times = "readout__sample_weight", 1 + n_copies
    weight = np.tile(weights.get(name, np.ones(n_samples)), times) / times
    origin = np.tile(np.arange(n_samples), times)
    return {**weights, name: weight, "readout__origin": origin}


class BaseLSM(SaysWhatIsAbsent, Captioned, CallbackSupportMixin, LSMParameters, SequenceEstimator):
    """A pipeline of liquid, scaler and readout behind flat parameters."""

    pipeline_: Pipeline

    def __setattr__(self, name: str, value: Any) -> None:
        """Have what says how to run act on the liquid inside at once."""
        super().__setattr__(name, value)
        if name in HOW_TO_RUN and "pipeline_" in vars(self):
            setattr(self.pipeline_[0], name, value)

    def _parameters_read(self) -> tuple[str, ...]:
        """Those by which sequences are read and later parts are added."""
        return ("missing", "readout")

    def _make_readout(self) -> Any:
        raise NotImplementedError

    def _why_absent(self, method: str) -> str | None:
        if not hasattr(LiquidTransformer, method):
            return None
        liquid = LiquidTransformer(cell=self.cell)
        if not hasattr(liquid, method):
            return liquid._why_absent(method)
        return f"the liquid has it, as pipeline_[0].{method} of the fitted estimator."

    def _validate_targets(self, y: Any, **kinds: bool) -> np.ndarray:
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        with cut_short():
            targets: np.ndarray = check_targets(y, **kinds)
        return targets

    def _fit_pipeline(
        self,
        X: Any,
        collection: Collection,
        y: np.ndarray,
        readout: Any,
        sample_weight: np.ndarray | None,
        class_factor: np.ndarray | None = None,
    ) -> None:
        """Fit the steps, reporting the progress of the liquid to the callbacks."""
        given_y, given_weight = y, sample_weight
        kept = np.arange(len(y))
        if isinstance(self.readout, str) and self.readout == "ridge" and collection.is_one_part:
            kept, sample_weight = merge_duplicates(collection.whole(), y, sample_weight)
            if len(kept) < 2:
                raise ValueError(
                    f"X holds {len(y)} sequences, but only one sample that counts, as identical "
                    "ones with the same target are one and those of weight 0 none; the readout "
                    "needs at least two."
                )
        elif sample_weight is not None:
            kept = np.flatnonzero(sample_weight)
            sample_weight = sample_weight[kept]
        if len(kept) < len(y):
            collection, y = Collection(collection.take(kept)), y[kept]
            class_factor = None if class_factor is None else class_factor[kept]
        (_, liquid), *steps = self._steps(readout)
        memory = self._checked_memory()
        of_liquid, weights = {}, {}
        if sample_weight is not None:
            of_liquid["sample_weight"] = sample_weight
            weights = {
                f"{name}__sample_weight": sample_weight
                for name, _ in steps
                if name in ("scaler", "readout")
            }
        if class_factor is not None:  # not that of the liquid's statistics
            factor = 1.0 if sample_weight is None else sample_weight
            weights["readout__sample_weight"] = factor * class_factor
            if self._trains_reservoir():
                of_liquid["class_factor"] = class_factor
        tasks = fit_tasks(self, 2, X, given_y, given_weight)
        fit_liquid = memory.cache(_fit_liquid, ignore=["tasks"])
        n_shifts = self._number_of_shifts(readout, collection)
        n_copies = 2 * n_shifts
        with inner_settings(), progress(self, "fit", len(y) * (1 + n_copies)):
            liquid, features = fit_liquid(liquid, in_float64(collection), y, of_liquid, tasks)
            if n_copies:
                copies = shifted(collection.whole(), n_shifts)
                of_copies = memory.cache(_transform)(liquid, in_float64(copies))
                features, y = np.concatenate([features, of_copies]), np.tile(y, 1 + n_copies)
                weights = _shared_out(weights, len(kept), n_copies)
            with tasks.task("fit-readout"):
                others = Pipeline(steps).fit(features, y, **weights)
        self.pipeline_ = Pipeline([("liquid", liquid), *others.steps], memory=self.memory)
        self._keep_parameters()
        self._end(tasks)

    def _end(self, tasks: Any) -> None:
        """Report that all steps are fitted."""
        if hasattr(self.pipeline_[-1], "classes_"):
            self.classes_ = self.pipeline_[-1].classes_
        tasks.end()

    def _trains_reservoir(self) -> bool:
        return False

    def _number_of_shifts(self, readout: Any, collection: Collection) -> int:
        """To how many places, on either side, copies of each sequence are shifted."""
        return 0

    def _require_no_copies(self) -> None:
        """Raise an error if copies were asked for, but there are parts."""

    def _of_reservoir(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(ReservoirParameters)}

    def _steps(
        self, readout: Any, liquid: LiquidTransformer | None = None
    ) -> list[tuple[str, Any]]:
        """Liquid, root, limiter, scaler and readout; a readout over time takes the bare states.

        Where no liquid is given it is a new one. The limiter keeps each feature to the range that
        it had in training. Without, a neuron that was all but silent there would, once it fires,
        count for more than all others.
        """
        if isinstance(readout, LeakyReadoutClassifier):
            trainer = clone(readout) if self._trains_reservoir() else None
            recorder = LiquidRecorder(trainer=trainer, **self._of_reservoir())
            return [("liquid", recorder), ("readout", readout)]
        liquid = LiquidTransformer(**self._of_reservoir()) if liquid is None else liquid
        prepared = [("liquid", liquid), ("root", make_root())]
        if isinstance(self.readout, str) and self.readout == "ridge":
            readout.set_params(groups=liquid._as_fitted()._groups)
        if is_made_of_sums(readout):
            return [*prepared, ("readout", readout)]
        return [
            *prepared,
            ("limiter", MinMaxScaler(clip=True)),
            ("scaler", StandardScaler()),
            ("readout", readout),
        ]

    def _checked_memory(self) -> Any:
        try:
            return check_memory(self.memory)
        except OSError as error:
            raise ValueError(
                f"memory must be a folder that can be written to, got {shown(self.memory)}: "
                f"{error.strerror}."
            ) from None

    def _most_at_once(self) -> int | None:
        """Number of sequences whose features are held at a time."""
        liquid = self.pipeline_[0]
        return None if isinstance(liquid, LiquidRecorder) else most_of(liquid)

    def _features(self, sequences: Sequences) -> Any:
        """What the liquid makes of validated sequences."""
        # Cached as in fitting, so that neither a search's scores run the liquid again.
        transform = self._checked_memory().cache(_transform)
        return transform(self.pipeline_[0], in_float64(sequences))

    def _call(self, method: str, X: Any) -> Any:
        """Call a method of the readout on the features of sequences, some at a time."""
        check_is_fitted(self, "pipeline_")
        outputs: list[Any] = []
        n_sequences = None if as_parts(X) is not None else length_hint(X) or None
        with inner_settings(), progress(self, method, n_sequences):
            for _, part in self._validate_parts(X, most=self._most_at_once()):
                outputs.append(read_by(self.pipeline_, method, self._features(part)))
        if isinstance(outputs[0], list):
            return [each for output in outputs for each in output]
        return outputs[0] if len(outputs) == 1 else np.concatenate(outputs)

    def open_stream(self, n_streams: int = 1) -> LSMStream:
        """Open a stream, into which frames are pushed as they come.

        Parameters
        ----------
        n_streams : int, default=1
            Number of sequences that come side by side.

        Returns
        -------
        LSMStream
            The stream, which can be asked at any time for what `predict` and the like would
            make of the whole sequences so far. A later `fit` does not change it; a later
            `partial_fit` teaches its readout too.

        Raises
        ------
        ValueError
            If something set needs more than the frames so far: `bidirectional`, several
            `n_windows`, ``missing="linear"``, the encoders "rate" and "bsa" or one that is not of
            :mod:`skliquid.encoding`, or a leaky readout.
        """
        check_is_fitted(self, "pipeline_")
        return LSMStream(stream_source(self), n_streams)

    def predict(self, X: Any) -> np.ndarray:
        """Predict the target of each sequence.

        Parameters
        ----------
        X : array-like, list or iterable of parts
            Sequences, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predicted classes or numbers.
        """
        prediction: np.ndarray = self._call("predict", X)
        return prediction

    def explain(self, X: Any, target: Any = None) -> Explanation:
        """Split the score of each sequence over its frames and channels.

        A readout that is linear makes a score a sum of what every neuron did at every step, and
        what a neuron did is shared among the frames that drove it, by their Shapley values in the
        game of its membrane potential (:mod:`skliquid.explanation`), where a frame that takes no
        part is at the training mean of its channels. It is exact in its sum, the same at every
        call and in any company, and takes some ten times as long as to predict a sequence alone. A
        frame that spoke for the class has a positive part, one that spoke against it a negative
        one.

        Parameters
        ----------
        X : array-like, list or iterable of parts
            Sequences, as in `fit`.
        target : class, int or array-like of shape (n_samples,), default=None
            The class whose score is split, or one for each sequence; of a regressor the number of
            the output. None is the predicted class, or the only output. With two classes the
            score of the first is the negative of that of the second, which `decision_function`
            returns.

        Returns
        -------
        Explanation
            Contributions of shape (n_timesteps, n_channels) for each sequence, in an array if
            `X` is one, else in a list; with the base, which is the score of a sequence that stays
            at the mean, they sum to the score. What stands in for a missing value counts where it
            stands.

        Raises
        ------
        ValueError
            If there is no such class or output, or if something fitted does not split: a readout
            that is not linear in the features, the pooling "model_space", a rate cell, or an
            encoder that is not of :mod:`skliquid.encoding`.
        """
        check_is_fitted(self, "pipeline_")
        return explained(self, X, target)
