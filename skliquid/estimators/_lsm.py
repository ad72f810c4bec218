"""What LSMClassifier and LSMRegressor share: a pipeline of liquid, scaler and readout."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.validation import _check_y as check_targets
from sklearn.utils.validation import check_is_fitted, check_memory

from .._base import SequenceEstimator
from .._callbacks import CallbackSupportMixin, fit_tasks
from ..collection import Collection
from ..readouts._leaky import LeakyReadoutClassifier
from ..readouts._ridge_base import RidgeReadout
from ..readouts._samples import merge_duplicates
from ..sequences import Sequences
from ._parameters import LSMParameters, ReservoirParameters
from ._reading import inner_settings, read_by
from ._recorder import LiquidRecorder
from ._stream import LSMStream, stream_source
from ._transformer import LiquidTransformer

# Bytes of features that are held at a time, where not all of them have to be.
_PART_BYTES = 2**26


@contextmanager
def no_callback_warnings(estimator: Any) -> Iterator[None]:
    """Progress is reported by the liquid; that the other steps report none is no news."""
    # Filters belong to all threads, so they are touched only where a callback was set.
    if not getattr(estimator, "_skl_callbacks", None):
        yield
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The estimator .* does not support callbacks")
        yield


def in_float64(source: Any) -> Collection:
    """Have the features in float64: sums in float32 would depend on the batch."""
    source = source.source if isinstance(source, Collection) else source
    return Collection(source, np.dtype(np.float64))


def is_made_of_sums(readout: Any) -> bool:
    """Tell whether a readout limits and standardises features by sums, as it is fitted."""
    return isinstance(readout, RidgeReadout) and readout.standardize and readout.limit


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


def _transform(liquid: LiquidTransformer, collection: Collection) -> Any:
    return liquid.transform(collection)


class BaseLSM(CallbackSupportMixin, LSMParameters, SequenceEstimator):
    """A pipeline of liquid, scaler and readout behind flat parameters."""

    pipeline_: Pipeline

    def _make_readout(self) -> Any:
        raise NotImplementedError

    def _validate_targets(self, y: Any, **kinds: bool) -> np.ndarray:
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
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
        steps = self._steps(readout)
        pipeline = Pipeline(steps, memory=self.memory)
        weights = {}
        if sample_weight is not None:
            weights = {
                f"{name}__sample_weight": sample_weight for name, _ in steps if name != "limiter"
            }
        if class_factor is not None:  # not that of the liquid's statistics
            factor = 1.0 if sample_weight is None else sample_weight
            weights["readout__sample_weight"] = factor * class_factor
            if self._trains_reservoir():
                weights["liquid__class_factor"] = class_factor
        tasks = fit_tasks(self, 1, X, y)
        with (
            inner_settings(),
            no_callback_warnings(self),
            tasks.task("fit-pipeline", pipeline),
        ):
            self.pipeline_ = pipeline.fit(in_float64(collection), y, **weights)
        tasks.end()

    def _trains_reservoir(self) -> bool:
        return False

    def _of_reservoir(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(ReservoirParameters)}

    def _steps(self, readout: Any) -> list[tuple[str, Any]]:
        """Liquid, limiter, scaler and readout; a readout over time takes the bare states.

        The limiter keeps each feature to the range that it had in training. Without, a neuron
        that was all but silent there would, once it fires, count for more than all others.
        """
        if isinstance(readout, LeakyReadoutClassifier):
            trainer = clone(readout) if self._trains_reservoir() else None
            recorder = LiquidRecorder(trainer=trainer, **self._of_reservoir())
            return [("liquid", recorder), ("readout", readout)]
        liquid = ("liquid", LiquidTransformer(**self._of_reservoir()))
        if is_made_of_sums(readout):
            return [liquid, ("readout", readout)]
        return [
            liquid,
            ("limiter", MinMaxScaler(clip=True)),
            ("scaler", StandardScaler()),
            ("readout", readout),
        ]

    def _most_at_once(self) -> int | None:
        """Number of sequences whose features are held at a time."""
        liquid = self.pipeline_[0]
        if isinstance(liquid, LiquidRecorder):
            return None
        return max(1, _PART_BYTES // (8 * liquid._n_features))

    def _features(self, sequences: Sequences) -> Any:
        """What the liquid makes of validated sequences."""
        # Cached as in fitting, so that neither a search's scores run the liquid again.
        transform = check_memory(self.memory).cache(_transform)
        return transform(self.pipeline_[0], in_float64(sequences))

    def _call(self, method: str, X: Any) -> Any:
        """Call a method of the readout on the features of sequences, some at a time."""
        check_is_fitted(self, "pipeline_")
        outputs: list[Any] = []
        with inner_settings():
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
            `n_windows`, the encoders "rate" and "bsa" or one that is not of
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
