"""What all estimators share."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.preprocessing import FunctionTransformer

from skliquid import (
    LeakyReadoutClassifier,
    LiquidTransformer,
    LSMClassifier,
    LSMRegressor,
    RidgeReadoutClassifier,
    RidgeReadoutRegressor,
)
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


RNG = np.random.default_rng(0)
TABLE, NUMBERS, LABELS = RNG.normal(size=(20, 12)), RNG.normal(size=20), np.arange(20) % 2
REGRESSORS = [LSMRegressor(20, random_state=0), RidgeReadoutRegressor()]
CLASSIFIERS = [
    LSMClassifier(20, random_state=0),
    RidgeReadoutClassifier(),
    LeakyReadoutClassifier(max_iter=1, random_state=0),
]
DAYS = np.arange(20).astype("datetime64[D]")
NO_NUMBERS = [
    (DAYS, "datetime64"),
    (DAYS - DAYS[0], "timedelta64"),
    (DAYS.astype(object), "holds datetime.date"),
    (np.array(list(DAYS - DAYS[0]), dtype=object), "holds np.timedelta64"),
    (NUMBERS.astype(str), "dtype <U"),
    (NUMBERS.astype(str).astype(object), "holds '"),
    (NUMBERS.astype("S9"), "dtype .S9"),
    (NUMBERS.astype(complex), "Complex data not supported"),
    (np.ma.masked_array(NUMBERS, mask=LABELS), "masked array"),
    ([None] * 20, "holds None"),
    ([10**400] * 20, "too large to convert"),
    ([[1.0], [1.0, 2.0]] * 10, "rows differ in length"),
]


@pytest.mark.parametrize(("values", "found"), NO_NUMBERS)
@pytest.mark.parametrize("regressor", REGRESSORS)
def test_targets_and_weights_are_numbers(regressor, values, found):
    for name, given in ("y", (values,)), ("sample_weight", (NUMBERS, values)):
        with pytest.raises(ValueError, match=found) as error:
            regressor.fit(TABLE, *given)
        assert name in str(error.value)
        assert len(str(error.value)) < 300


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float16, np.longdouble, object])
@pytest.mark.parametrize("regressor", REGRESSORS)
def test_every_kind_of_number_is_a_target_and_a_weight(regressor, dtype):
    values = np.abs(10 * NUMBERS).astype(int).astype(dtype)
    predicted = clone(regressor).fit(TABLE, values, sample_weight=values).predict(TABLE)
    plain = values.astype(float)
    expected = clone(regressor).fit(TABLE, plain, sample_weight=plain).predict(TABLE)
    np.testing.assert_array_equal(predicted, expected)


@pytest.mark.parametrize("factor", [1e300, 1e101, 1e-101, 1e-300, 1e-320])
@pytest.mark.parametrize("estimator", [*REGRESSORS, *CLASSIFIERS])
def test_magnitudes_beyond_those_of_float64_are_named(estimator, factor):
    y = LABELS if estimator in CLASSIFIERS else NUMBERS
    weights = factor * (1 + LABELS)
    with pytest.raises(ValueError, match="sample_weight must be in another unit.*1e-100"):
        estimator.fit(TABLE, y, sample_weight=weights)
    if estimator in REGRESSORS:
        with pytest.raises(ValueError, match="y must be in another unit: .*1e-100"):
            estimator.fit(TABLE, y * factor)


@pytest.mark.parametrize("factor", [1e90, 1e-90])
def test_targets_in_any_other_unit_are_predicted_as_well(factor):
    for regressor in REGRESSORS:
        plain = clone(regressor).fit(TABLE, NUMBERS).predict(TABLE)
        scaled = clone(regressor).fit(TABLE, factor * NUMBERS).predict(TABLE)
        np.testing.assert_allclose(scaled, factor * plain, rtol=1e-6)


@pytest.mark.parametrize("estimator", [*REGRESSORS, *CLASSIFIERS])
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.inf, "sample_weight contains infinity"),
        (np.nan, "sample_weight contains NaN"),
        (-0.5, "sample_weight must be non-negative, got -0.5 for sample 3"),
    ],
)
def test_wrong_weight_is_named(estimator, wrong, message):
    y = LABELS if estimator in CLASSIFIERS else NUMBERS
    with pytest.raises(ValueError, match=message):
        estimator.fit(TABLE, y, sample_weight=np.where(np.arange(20) == 3, wrong, 1.0))


@pytest.mark.parametrize("classifier", CLASSIFIERS)
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (LABELS.astype(complex).repeat(50), "Complex data"),
        (LABELS.astype(object), "Unknown label type.*must hold strings"),
        (LABELS.astype("S1"), "bytes is not supported"),
        (np.array(["a", 1] * 10, dtype=object), "y must hold labels of one type"),
        (RNG.normal(size=20), "Unknown label type"),
    ],
)
def test_what_is_no_class_is_named_shortly(classifier, labels, message):
    X = np.resize(TABLE, (len(labels), 12))
    with pytest.raises(ValueError, match=f"(?s){message}") as error:
        classifier.fit(X, labels)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_dates_are_classes(classifier):
    days = DAYS[LABELS]
    fitted = clone(classifier).fit(TABLE, days)
    assert fitted.classes_.tolist() == DAYS[:2].tolist()
    assert set(fitted.predict(TABLE)) <= set(days)


@pytest.mark.parametrize("dtype", ["datetime64[s]", "timedelta64[s]", "str", "V8"])
@pytest.mark.parametrize("as_form", [np.asarray, pd.DataFrame])
def test_a_table_of_what_are_no_numbers_is_refused_at_fit_as_later(dtype, as_form):
    X = as_form(np.arange(12).reshape(4, 3).astype("int64").astype(dtype))
    fitted = LSMClassifier(**SMALL).fit(np.arange(12.0).reshape(4, 3), [0, 1, 0, 1])
    for call in (LSMClassifier(**SMALL).fit, fitted.fit, lambda X, y: fitted.predict(X)):
        with pytest.raises(TypeError, match="X .*real numbers"):
            call(X, [0, 1, 0, 1])
