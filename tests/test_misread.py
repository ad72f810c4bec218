"""What was meant by sequences in another layout is named, with what converts them."""

import numpy as np
import pandas as pd
import pytest

from skliquid import LiquidTransformer, LSMClassifier, _misread
from skliquid.encoding import DeltaEncoder

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(8, 12, 3)), [0, 1] * 4
RAGGED = [x[: 4 + i] for i, x in enumerate(X)]
FIELDS = np.zeros(9, dtype=[("t", int), ("x", int), ("p", bool)])
EVENTS = [np.stack([np.arange(30) / 7, RNG.integers(0, 700, 30)], axis=1) for _ in Y]


@pytest.fixture(scope="module")
def fitted():
    return LSMClassifier(20, random_state=0).fit(X, Y)


NESTED = pd.DataFrame({c: [pd.Series(x[:, c]) for x in RAGGED] for c in range(3)})


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (X[0], r"single sequence, give \[X\]"),
        (X[0].tolist(), r"single sequence, give \[X\]"),
        (list(X[0]), r"single sequence, give \[X\]"),
        (X.swapaxes(1, 2), "from_aeon"),
        (list(X.swapaxes(1, 2)), "from_aeon"),
        ([x.T for x in RAGGED], "from_aeon"),
        (NESTED, "from_pandas"),
        (NESTED.map(list), "from_pandas"),
        (NESTED.to_numpy(), "from_pandas"),
        (FIELDS, "from_events"),
        ([FIELDS, FIELDS], "from_events"),
        (EVENTS, "from_events"),
        ([x.ravel() for x in RAGGED], r"reshape each to \(n_timesteps, -1\)"),
    ],
)
def test_prediction_names_the_layout(fitted, other, named):
    for call in (fitted.predict, fitted.decision_function, fitted.pipeline_[0].transform):
        with pytest.raises((ValueError, TypeError), match=named):
            call(other)


@pytest.mark.parametrize(
    ("other", "named"),
    [([x.T for x in RAGGED], "from_aeon"), (NESTED, "from_pandas"), ([FIELDS] * 8, "from_events")],
)
@pytest.mark.parametrize("estimator", [LSMClassifier(20), LiquidTransformer(20), DeltaEncoder()])
def test_fit_names_the_layout(estimator, other, named):
    with pytest.raises((ValueError, TypeError), match=named):
        estimator.fit(other, Y)


def test_nothing_is_said_of_what_is_no_other_layout(fitted):
    with pytest.raises(ValueError, match="fitted with 3 channels.$"):
        fitted.predict(X[:, :, :1])
    with pytest.raises(ValueError, match="sample 1 has 2, sample 0 has 3.$"):
        fitted.predict([X[0], X[1, :5, :2]])


def test_a_single_sequence_of_one_channel_is_not_taken_for_many(fitted):
    lsm = LSMClassifier(20, random_state=0).fit(X[:, :, :1], Y)
    with pytest.raises(ValueError, match=r"X of shape \(12, 1\) is ambiguous: give \[X\]"):
        lsm.predict(X[0, :, :1])
    assert lsm.predict(X[0, :1, :1]) == lsm.predict([X[0, :1, :1]])
    assert len(lsm.predict(X[0, :, :1, np.newaxis])) == 12


@pytest.mark.parametrize("block", [1, 7, 2**16])
@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_accepted_events_are_warned_of(monkeypatch, order, block):
    monkeypatch.setattr(_misread, "_BLOCK", block)
    events = [each[:, order] for each in EVENTS]
    with pytest.warns(UserWarning, match="look like .* events; .*from_events"):
        LiquidTransformer(20, random_state=0).fit(events)
    for same in ([x[:, :2] for x in X], [x.round(2) for x in events]):
        shifted = [x + 0.1 for x in same]  # no whole numbers
        LiquidTransformer(20, random_state=0).fit(shifted)


@pytest.mark.parametrize(
    ("offset", "dtype"), [(1e15, np.float32), (1e17, np.float64), (0.0, np.float64)]
)
def test_sequences_that_do_not_vary_are_warned_of(offset, dtype):
    """In float64 the first is warned of for what float32 loses; of the others nothing is left."""
    lost = (1e-60 * X if offset == 0 else X + offset).astype(dtype)
    lost[0, 0, 0] = lost[1, 1, 1]
    with pytest.warns(UserWarning, match="subtract"):
        LiquidTransformer(20, random_state=0).fit(lost)
    with pytest.warns(UserWarning, match="No channel of X varies.*subtract"):
        LiquidTransformer(20, random_state=0).fit(np.full_like(lost, 7.0))
