"""LiquidRecorder: a liquid whose every state is kept, for readouts that act over time."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils.validation import check_is_fitted

from .._base import seed_of
from .._callbacks import fit_tasks, with_callbacks
from .._fitted import all_or_nothing
from .._mlx import require_mlx
from .._progress import advanced, progress
from ..engines import StateTrains, record
from ..readouts._leaky import LeakyReadoutClassifier
from ..readouts._samples import canonical, held_out
from ..sequences import Sequences
from ._activity import watch_activity
from ._entries import parametrized
from ._parameters import RecorderParameters
from ._transformer import LiquidTransformer


@parametrized
class LiquidRecorder(  # type: ignore[call-arg]
    RecorderParameters, LiquidTransformer, auto_wrap_output_keys=None
):
    """A :class:`LiquidTransformer` that returns states over time in place of pooled features.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    loss_curve_ : list of float
        Mean training loss of each pass, if the liquid was trained.
    validation_loss_curve_ : list of float or None
        Loss of the held-out part after each pass.
    """

    @all_or_nothing
    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(
        self, X: Any, y: Any = None, sample_weight: Any = None, class_factor: Any = None
    ) -> StateTrains:
        """Fit, and return the states of the same sequences."""
        collection = self._validate_collection(X, reset=True)
        encoded = self._fit(collection, sample_weight)
        watch_activity(self, encoded)
        if not collection.is_one_part:
            encoded = self._encode(collection.whole())
        if self.trainer is not None:
            weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight)
            weight = weight if class_factor is None else weight * class_factor
            self._train(self.trainer, encoded, y, weight)
        tasks = fit_tasks(self, 1, X, y, sample_weight)
        with progress(self, "fit_transform", len(encoded)), tasks.task("run-liquid"):
            trains = self._record(encoded)
        tasks.end()
        return trains

    def transform(self, X: Any) -> StateTrains:  # type: ignore[override]
        """Run the liquid over sequences and return every state."""
        check_is_fitted(self)
        encoded = self._encode(self._validate_sequences(X, reset=False))
        with progress(self, "transform", len(encoded)):
            return self._as_fitted()._record(encoded)

    def _train(
        self, trainer: LeakyReadoutClassifier, sequences: Sequences, y: Any, weight: Any
    ) -> None:
        require_mlx("train_reservoir=True", "train_reservoir=False")
        from ..readouts._reservoir_training import train_liquids

        sequences, y, weight = canonical(sequences, y, weight)
        target = np.unique(y, return_inverse=True)[1]
        rng = np.random.default_rng((seed_of(trainer.random_state), 1))
        self.liquids_, curves = train_liquids(
            self.liquids_,
            sequences,
            target,
            weight,
            held_out(target, trainer.validation_fraction, rng),
            bidirectional=self.bidirectional,
            schedule=trainer._schedule(),
            rng=rng,
            **trainer._dynamics(),
        )
        self.liquid_ = self.liquids_[0]
        self.firing_rate_ = None  # that of the liquid as it was drawn
        self.loss_curve_ = curves["training"]
        self.validation_loss_curve_ = curves.get("validation")

    def _record(self, sequences: Sequences) -> StateTrains:
        ways = [sequences, sequences.reversed()] if self.bidirectional else [sequences]
        trains = record(self.liquids_, ways, self.engine, self.n_jobs)
        advanced(len(sequences))
        return trains
