"""What a stream is opened from: the fitted parts of an estimator that can run frame by frame."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import joblib
import numpy as np
from sklearn.pipeline import Pipeline

from .._checks import shown
from ..encoding._chosen import as_fitted
from ..pooling import PoolingPlan
from ..readouts._leaky import LeakyReadoutClassifier


@dataclass(frozen=True, eq=False)
class Source:
    """What a fitted estimator opens a stream from; a later fit makes another.

    Parameters
    ----------
    name : str
        Name of the estimator's class.
    n_channels : int
        Number of channels.
    encoder : encoder or None
        Fitted encoder.
    reservoirs : list of Liquid or RateReservoir
        The reservoirs.
    plan : PoolingPlan
        The features.
    engine : str
        Engine that runs a liquid.
    pipeline : Pipeline or None
        The liquid and the steps that read it, if there is a readout.
    fill : ndarray of shape (n_channels,), dtype float32, or None
        Values of the channels before their first ones, if values may be missing.
    """

    name: str
    n_channels: int
    encoder: Any
    reservoirs: list[Any]
    plan: PoolingPlan
    engine: str
    pipeline: Pipeline | None = None
    fill: np.ndarray | None = None

    def digest(self) -> str:
        """Tell what a state belongs to: encoder, reservoirs and features."""
        encoder = (
            None if self.encoder is None else (type(self.encoder).__name__, vars(self.encoder))
        )
        fill = [] if self.fill is None else [self.fill]
        plain = map(_plain, [*self.reservoirs, self.plan, *fill])
        # Arrays that are mapped from a file are what they were before.
        return str(joblib.hash([encoder, *plain], coerce_mmap=True))


def _plain(record: Any) -> Any:
    """Fields of a record alone, without what it has cached, and arrays as pickle lays them out."""
    if isinstance(record, np.ndarray):
        # The hash reads strides, and those of empty arrays and of parts are not kept.
        return np.array(record, order="A")
    if is_dataclass(record):
        own = {
            field.name: _plain(value)
            for field in fields(record)
            # What a record may lack can have come with a later version than a saved state.
            if (value := getattr(record, field.name)) is not None or field.default is not None
        }
        return type(record).__qualname__, own
    return [_plain(each) for each in record] if isinstance(record, tuple) else record


def stream_source(estimator: Any) -> Source:
    """What a fitted LiquidTransformer, or an estimator with a pipeline, streams through.

    Raises
    ------
    ValueError
        If both directions in time or interpolation are asked for, or a readout that acts over
        time.
    """
    pipeline = getattr(estimator, "pipeline_", None)
    liquid = estimator if pipeline is None else pipeline[0]
    if pipeline is not None and isinstance(pipeline[-1], LeakyReadoutClassifier):
        raise ValueError(
            f"readout={shown(estimator.readout)} cannot stream: it reads every state of a whole "
            "sequence. A readout of pooled features can, such as 'ridge'."
        )
    fitted = liquid._as_fitted()
    if fitted.bidirectional:
        raise ValueError(
            "bidirectional=True cannot stream: to run a sequence backwards takes its end, which "
            "is not known while its frames come. Fit with bidirectional=False."
        )
    if fitted.missing == "linear":
        raise ValueError(
            "missing='linear' cannot stream: a line over a gap takes the value after it, which is "
            "not known while frames come. Fit with missing='hold'."
        )
    return Source(
        type(estimator).__name__,
        estimator.n_channels_in_,
        as_fitted(liquid.encoder_),
        liquid.liquids_,
        fitted._plan(),
        liquid.engine,
        pipeline,
        liquid.fill_values_,
    )
