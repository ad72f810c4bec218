"""What comes after the liquid: the steps of a fitted pipeline that read its features."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sklearn import config_context
from sklearn.pipeline import Pipeline

from ._entries import told_of_idle


@contextmanager
def inner_settings() -> Iterator[None]:
    """Keep the user's global settings out of the steps inside, and a warning from coming twice."""
    settings = {"enable_metadata_routing": False, "transform_output": "default"}
    with config_context(**settings), told_of_idle():
        yield


def prepared_by(pipeline: Pipeline, features: Any) -> Any:
    """What the readout is given of features of the liquid, the first of the steps."""
    for _, step in pipeline.steps[1:-1]:
        features = step.transform(features)
    return features


def read_by(pipeline: Pipeline, method: str, features: Any) -> Any:
    """Call a method of the readout on features of the liquid."""
    return getattr(pipeline[-1], method)(prepared_by(pipeline, features))
