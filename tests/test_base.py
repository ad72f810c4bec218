"""What all estimators share."""

import numpy as np
import pytest
from sklearn.preprocessing import FunctionTransformer

from skliquid import LiquidTransformer, LSMClassifier, LSMRegressor
from skliquid.encoding import (
    BSAEncoder,
    CompressionEncoder,
    CurrentEncoder,
    DeltaEncoder,
    LatencyEncoder,
    PopulationEncoder,
    RateEncoder,
)

SMALL = {"reservoir_size": 20, "connectivity": 0.5, "random_state": 0}


@pytest.mark.parametrize(
    "estimator",
    [
        LiquidTransformer(**SMALL),
        LiquidTransformer(**SMALL, encoder=None),
        LiquidTransformer(**SMALL, encoder=CurrentEncoder(derivative=True)),
        LiquidTransformer(**SMALL, encoder=FunctionTransformer()),
        LSMClassifier(**SMALL),
        LSMClassifier(**SMALL, encoder=None),
        LSMClassifier(**SMALL, encoder="delta"),
        LSMClassifier(**SMALL, bidirectional=True),
        LSMClassifier(**SMALL, readout="leaky_rate"),
        LSMClassifier(**SMALL, cell="gru"),
        LSMRegressor(**SMALL),
        BSAEncoder(),
        CompressionEncoder(),
        CurrentEncoder(),
        CurrentEncoder(derivative=True),
        DeltaEncoder(),
        LatencyEncoder(),
        PopulationEncoder(),
        RateEncoder(random_state=0),
    ],
    ids=str,
)
@pytest.mark.parametrize(("offset", "scale"), [(1e9, 1.0), (1e15, 100.0)])
@pytest.mark.parametrize("weighted", [False, True])
def test_signal_that_float32_cannot_resolve_warns_once(estimator, offset, scale, weighted):
    """Rounded to float32 these sequences are one and the same."""
    X = offset + scale * np.random.default_rng(0).normal(size=(12, 30, 1))
    y = np.arange(12) % 2
    weight = {"sample_weight": np.arange(12.0)} if weighted else {}
    with pytest.warns(UserWarning, match="^Channel 0 varies so little around 1e") as warned:
        estimator.fit(X, y, **weight)
    assert [each.filename for each in warned] == [__file__]
