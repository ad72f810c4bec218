"""Liquid state machines that are fitted in parts: the liquid to the first, the readout to all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy, deepcopy
from itertools import chain
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .._base import checked_weight
from .._callbacks import fit_tasks
from .._checks import shown
from .._progress import progress
from .._warnings import warn_user
from ..collection import Collection, as_parts, first_of
from ..readouts._ridge_base import RidgeReadout, is_made_of_sums
from ..sequences import Sequences
from ._entries import warn_of_idle
from ._lsm import BaseLSM, in_float64, most_of
from ._reading import inner_settings, prepared_by
from ._transformer import LiquidTransformer

# Bytes of features beyond which a readout that is made of sums is given them in parts.
_WHOLE_BYTES = 2**28


class LSMOfParts(BaseLSM):
    """A pipeline whose liquid is fitted to one part of the sequences and whose readout to all."""

    n_samples_seen_: int

    def _open(self, X: Any, *, reset: bool = True) -> tuple[Collection, Iterator[Collection]]:
        """Validate all of `X`, or where it yields parts the first; and return the others."""
        parts = as_parts(X)
        first = X if parts is None else first_of(parts)
        collection = self._validate_collection(first, reset=reset, is_training=True)
        return collection, iter(()) if parts is None else parts

    def _fit_whole_or_parts(
        self,
        X: Any,
        opened: tuple[Collection, Iterator[Collection]],
        y: np.ndarray,
        readout: Any,
        sample_weight: np.ndarray | None,
        class_factor: np.ndarray | None = None,
    ) -> None:
        """Fit all steps; in parts where there are parts, or where the features are many."""
        warn_of_idle(self)
        self.__dict__.pop("n_samples_seen_", None)
        collection, others = opened
        is_whole = as_parts(X) is None
        n_features = self._unfitted_liquid()._n_features
        is_large = 8 * n_features * len(collection) > _WHOLE_BYTES
        if is_made_of_sums(readout) and (is_large or not is_whole):
            weight = np.ones(len(y)) if sample_weight is None else sample_weight
            factor = 1.0 if class_factor is None else class_factor
            self._fit_parts(X, collection, others, y, readout, weight, weight * factor)
        elif is_whole:
            self._fit_pipeline(X, collection, y, readout, sample_weight, class_factor)
        else:
            raise ValueError(
                f"X yields parts, but the readout {shown(readout)} needs all features at once; "
                "give X as an array or a list, or call partial_fit for each part if the readout "
                'has it, or choose readout="ridge".'
            )

    def _fit_parts(
        self,
        X: Any,
        first: Collection,
        others: Iterator[Collection],
        y: np.ndarray,
        readout: Any,
        weight: np.ndarray,
        readout_weight: np.ndarray,
    ) -> None:
        """Fit the liquid to the first part and the readout to the sums of all."""
        self._require_no_copies()
        is_whole = as_parts(X) is None
        n_parts = first.n_parts(most_of(self._unfitted_liquid())) if is_whole else None
        n_tasks = None if n_parts is None else 1 + n_parts
        tasks = fit_tasks(self, n_tasks, X if is_whole else None, y, weight)
        n_counting = np.count_nonzero(readout_weight)
        with inner_settings(), progress(self, "fit", len(y)):
            with tasks.task("fit-liquid"):
                self._begin(self._drawn_first(first, y, weight), readout)
            for rows, part in self._training_parts(chain([first], others), len(y)):
                of_part = {"sample_weight": weight[rows]}
                learned = {"X": part, "y": y[rows], "metadata": of_part}
                with tasks.task("add-part", learned=learned):
                    self._add_part(part, y[rows], readout_weight[rows])
                    readout._parts.sum_up(n_counting)
        readout._finish()
        del self.n_samples_seen_
        self._end(tasks)

    def _unfitted_liquid(self) -> LiquidTransformer:
        return LiquidTransformer(**self._of_reservoir())

    def _training_parts(
        self, parts: Iterable[Collection], n_targets: int
    ) -> Iterator[tuple[slice, Sequences]]:
        """Sequences whose features fit in memory; raise an error unless each has its target."""
        n_seen = 0
        for rows, part in self._validate_parts(parts, most=self._most_at_once()):
            n_seen = rows.stop
            if n_seen > n_targets:
                raise ValueError(f"X yields more sequences than y has targets, {n_targets}.")
            yield rows, part
        if n_seen < n_targets:
            raise ValueError(f"X yields {n_seen} sequences, but y has {n_targets} targets.")

    def _drawn(self, part: Collection, sample_weight: np.ndarray | None) -> LiquidTransformer:
        """Draw the liquid for a part of the sequences."""
        return self._unfitted_liquid().fit(in_float64(part), sample_weight=sample_weight)

    def _drawn_first(
        self, part: Collection, y: np.ndarray, sample_weight: np.ndarray | None
    ) -> LiquidTransformer:
        """Draw the liquid for the first part, given the targets and weights of all."""
        if len(part) > len(y):
            raise ValueError(f"X yields more sequences than y has targets, {len(y)}.")
        weight = None if sample_weight is None else sample_weight[: len(part)]
        if weight is not None and not weight.any():
            raise ValueError(
                f"sample_weight is zero for all of the {len(part)} sequences of the first part, "
                "for which the liquid is drawn."
            )
        return self._drawn(part, weight)

    def _begin(self, liquid: LiquidTransformer, readout: Any) -> None:
        """Make a pipeline of a fitted liquid, whose readout was given nothing yet."""
        self.pipeline_ = Pipeline([("liquid", liquid), *self._steps(readout, liquid)[1:]])
        self.n_samples_seen_ = 0
        self._keep_parameters()

    def _add_part(self, sequences: Sequences, y: np.ndarray, weight: np.ndarray | None) -> None:
        """Give the readout a part of the samples."""
        if not self.n_samples_seen_:
            self._fit_scaler(sequences, weight)
        readout, further = self.pipeline_[-1], {}
        if hasattr(self, "classes_"):
            further["classes"] = self.classes_
        if weight is not None:
            further["sample_weight"] = weight
        features = prepared_by(self.pipeline_, self._features(sequences))
        # What fails is dropped, so that a readout of sums need not keep those of before.
        teach = readout._teach if isinstance(readout, RidgeReadout) else readout.partial_fit
        teach(features, y, **further)
        self.n_samples_seen_ += len(y)

    def _fit_scaler(self, sequences: Sequences, weight: np.ndarray | None) -> None:
        """Fit the steps between liquid and readout, where they learn, to the first part."""
        steps = self.pipeline_[1:-1]
        if "scaler" in steps.named_steps:
            given = {} if weight is None else {"scaler__sample_weight": weight}
            steps.fit(self.pipeline_[0].transform(in_float64(sequences)), **given)

    def _begins(self) -> bool:
        """Tell whether no part was added yet."""
        return not hasattr(self, "n_samples_seen_")

    def _weights_of_part(self, sample_weight: Any, y: np.ndarray, readout: Any) -> np.ndarray:
        """Validate the weights of a part; that it has none says nothing of those before."""
        may_be_zero = not self._begins() and is_made_of_sums(readout)
        return checked_weight(sample_weight, y, may_be_zero=may_be_zero)

    def _open_part(
        self, X: Any, liquid: LiquidTransformer | None
    ) -> tuple[tuple[Collection, Iterator[Collection]], LiquidTransformer | None]:
        """Validate a part; return it and the liquid that the first one takes, if it takes one."""
        if not self._begins():
            if liquid is not None:
                raise ValueError(
                    "liquid is taken by the first call of partial_fit alone, but "
                    f"{self.n_samples_seen_} samples were added before."
                )
            return self._open(X, reset=False), None
        if liquid is None and hasattr(self, "pipeline_"):
            warn_user(
                "Of the samples that `fit` was given nothing is kept but the liquid: the readout "
                "begins anew with this part."
            )
            liquid = self.pipeline_[0]
        opened = self._open(X)
        if liquid is not None:
            _check_liquid(liquid, self.n_channels_in_)
        return opened, liquid

    def _add(
        self,
        opened: tuple[Collection, Iterator[Collection]],
        y: np.ndarray,
        sample_weight: np.ndarray | None,
        class_factor: np.ndarray | None,
        readout: Any,
        liquid: LiquidTransformer | None,
    ) -> None:
        """Add validated samples; the first to a new readout, and with a liquid of their own."""
        first, others = opened
        with inner_settings():
            if self._begins():
                self._require_no_copies()
                if liquid is None:
                    warn_of_idle(self)
                    liquid = self._drawn_first(first, y, sample_weight)
                self._begin(copy(liquid), readout)
            weight = sample_weight
            if class_factor is not None:
                weight = class_factor if weight is None else weight * class_factor
            pipeline = self.pipeline_
            self.pipeline_ = Pipeline([*pipeline.steps[:-1], ("readout", _apart(pipeline[-1]))])
            with progress(self, "partial_fit", len(y)):
                for rows, part in self._training_parts(chain([first], others), len(y)):
                    self._add_part(part, y[rows], None if weight is None else weight[rows])
            taught, self.pipeline_ = self.pipeline_, pipeline
            pipeline.steps[-1] = taught.steps[-1]  # open streams hold this pipeline


def _apart(readout: Any) -> Any:
    """Copy a readout, so that what it learns leaves the one given as it is."""
    return copy(readout)._set_apart() if isinstance(readout, RidgeReadout) else deepcopy(readout)


def _check_liquid(liquid: Any, n_channels: int) -> None:
    if not isinstance(liquid, LiquidTransformer):
        raise TypeError(f"liquid must be a fitted LiquidTransformer, got {shown(liquid)}.")
    check_is_fitted(liquid)
    if liquid.n_channels_in_ != n_channels:
        raise ValueError(
            f"liquid was fitted with {liquid.n_channels_in_} channels, but X has sequences of "
            f"{n_channels}."
        )
