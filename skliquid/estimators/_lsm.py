"""What LSMClassifier and LSMRegressor share: a pipeline of liquid, scaler and readout."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from inspect import signature
from typing import Any, ClassVar

import numpy as np
from sklearn import config_context
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.validation import _check_y as check_targets
from sklearn.utils.validation import check_is_fitted, check_memory

from .._base import SequenceEstimator
from .._callbacks import CallbackSupportMixin, fit_tasks
from ..readouts._leaky import LeakyReadoutClassifier
from ..readouts._samples import merge_duplicates
from ..sequences import Sequences
from ._parameters import RESERVOIR_CONSTRAINTS
from ._recorder import LiquidRecorder
from ._transformer import LiquidTransformer

_RESERVOIR_PARAMETERS = tuple(signature(LiquidTransformer).parameters)


def _inner_settings() -> Any:
    """Keep the user's global settings out of the steps inside."""
    return config_context(enable_metadata_routing=False, transform_output="default")


@contextmanager
def _no_callback_warnings(estimator: Any) -> Iterator[None]:
    """Progress is reported by the liquid; that the other steps report none is no news."""
    # Filters belong to all threads, so they are touched only where a callback was set.
    if not getattr(estimator, "_skl_callbacks", None):
        yield
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The estimator .* does not support callbacks")
        yield


def _in_float64(sequences: Sequences) -> Sequences:
    """Have the features in float64: sums in float32 would depend on the batch."""
    return replace(sequences, dtype=np.float64)


def _transform(liquid: LiquidTransformer, sequences: Sequences) -> Any:
    return liquid.transform(sequences)


class BaseLSM(CallbackSupportMixin, SequenceEstimator):
    """A pipeline of liquid, scaler and readout behind flat parameters."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **RESERVOIR_CONSTRAINTS,
        "memory": [str, HasMethods(["cache"]), None],
    }

    pipeline_: Pipeline

    def __init__(
        self,
        reservoir_size: int = 1500,
        *,
        connectivity: float | None = None,
        recurrent_fraction: float = 0.25,
        spectral_radius: float = 1.0,
        exc_ratio: float = 0.8,
        ei_balance: float | None = 1.0,
        beta: Any = (0.04, 0.82),
        relative_tau: Any = None,
        threshold: float = 1.0,
        adaptation: float = 0.0,
        tau_adaptation: float = 20.0,
        refractory: int = 0,
        topology: Any = "erdos_renyi",
        topology_params: dict[str, Any] | None = None,
        cell: str = "lif",
        encoder: Any = "compression",
        scale_channels: bool | str = "common",
        derivative: bool = False,
        input_scaling: float = 2.0,
        n_delays: int = 5,
        max_delay: float = 1.0,
        max_channels: int | None = 9,
        target_rate: Any = (0.05, 0.5),
        bidirectional: bool = False,
        n_liquids: int = 1,
        pooling: Any = ("counts", "bursts", "longest_burst", "rectified"),
        n_windows: Any = 1,
        tau_trace: float = 5.0,
        engine: str = "auto",
        batch_size: int | None = None,
        n_jobs: int | None = None,
        random_state: Any = None,
        readout: Any = "ridge",
        memory: Any = None,
    ) -> None:
        self.reservoir_size = reservoir_size
        self.connectivity = connectivity
        self.recurrent_fraction = recurrent_fraction
        self.spectral_radius = spectral_radius
        self.exc_ratio = exc_ratio
        self.ei_balance = ei_balance
        self.beta = beta
        self.relative_tau = relative_tau
        self.threshold = threshold
        self.adaptation = adaptation
        self.tau_adaptation = tau_adaptation
        self.refractory = refractory
        self.topology = topology
        self.topology_params = topology_params
        self.cell = cell
        self.encoder = encoder
        self.scale_channels = scale_channels
        self.derivative = derivative
        self.input_scaling = input_scaling
        self.n_delays = n_delays
        self.max_delay = max_delay
        self.max_channels = max_channels
        self.target_rate = target_rate
        self.bidirectional = bidirectional
        self.n_liquids = n_liquids
        self.pooling = pooling
        self.n_windows = n_windows
        self.tau_trace = tau_trace
        self.engine = engine
        self.batch_size = batch_size
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.readout = readout
        self.memory = memory

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
        sequences: Sequences,
        y: np.ndarray,
        readout: Any,
        sample_weight: np.ndarray | None,
        class_factor: np.ndarray | None = None,
    ) -> None:
        """Fit the steps, reporting the progress of the liquid to the callbacks."""
        kept = np.arange(len(y))
        if isinstance(self.readout, str) and self.readout == "ridge":
            kept, sample_weight = merge_duplicates(sequences, y, sample_weight)
        elif sample_weight is not None:
            kept = np.flatnonzero(sample_weight)
            sample_weight = sample_weight[kept]
        if len(kept) < len(y):
            sequences, y = sequences.take(kept), y[kept]
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
            _inner_settings(),
            _no_callback_warnings(self),
            tasks.task("fit-pipeline", pipeline),
        ):
            self.pipeline_ = pipeline.fit(_in_float64(sequences), y, **weights)
        tasks.end()

    def _trains_reservoir(self) -> bool:
        return False

    def _steps(self, readout: Any) -> list[tuple[str, Any]]:
        """Liquid, limiter, scaler and readout; a readout over time takes the bare states.

        The limiter keeps each feature to the range that it had in training. Without, a neuron
        that was all but silent there would, once it fires, count for more than all others.
        """
        parameters = {name: getattr(self, name) for name in _RESERVOIR_PARAMETERS}
        if isinstance(readout, LeakyReadoutClassifier):
            trainer = clone(readout) if self._trains_reservoir() else None
            recorder = LiquidRecorder(trainer=trainer, **parameters)
            return [("liquid", recorder), ("readout", readout)]
        return [
            ("liquid", LiquidTransformer(**parameters)),
            ("limiter", MinMaxScaler(clip=True)),
            ("scaler", StandardScaler()),
            ("readout", readout),
        ]

    def _call(self, method: str, X: Any) -> Any:
        """Call a method of the readout on the features of validated sequences."""
        check_is_fitted(self)
        sequences = _in_float64(self._validate_sequences(X, reset=False))
        # Cached as in fitting, so that neither a search's scores run the liquid again.
        transform = check_memory(self.memory).cache(_transform)
        with _inner_settings():
            features = transform(self.pipeline_[0], sequences)
            for _, step in self.pipeline_.steps[1:-1]:
                features = step.transform(features)
            return getattr(self.pipeline_[-1], method)(features)

    def predict(self, X: Any) -> np.ndarray:
        """Predict the target of each sequence.

        Parameters
        ----------
        X : array-like or list
            Sequences, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predicted classes or numbers.
        """
        prediction: np.ndarray = self._call("predict", X)
        return prediction
