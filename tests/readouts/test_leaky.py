"""LeakyReadoutClassifier: trained in MLX, read in NumPy at every time step."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skliquid import LeakyReadoutClassifier, LiquidTransformer
from skliquid.engines import record
from skliquid.sequences import as_sequences


def test_early_stopping_keeps_the_best_weights(trains):
    X, y = trains
    long = LeakyReadoutClassifier(random_state=0, learning_rate=5.0, tol=0, max_iter=60).fit(X, y)
    assert long.n_iter_ < 60
    best = int(np.argmin(long.validation_loss_curve_)) + 1
    assert best < long.n_iter_
    until = clone(long).set_params(max_iter=best).fit(X, y)
    np.testing.assert_array_equal(until.coef_, long.coef_)
    assert LeakyReadoutClassifier(validation_fraction=0, max_iter=2, random_state=0).fit(X, y)


@pytest.mark.parametrize("kind", ["rate", "spike"])
def test_weights_repetition_and_order(trains, kind):
    X, y = trains
    rng = np.random.default_rng(0)
    weight = rng.integers(0, 4, size=len(X))
    repeated = rng.permutation(np.repeat(np.arange(len(X)), weight))
    readout = LeakyReadoutClassifier(kind, max_iter=5, random_state=0)
    weighted = clone(readout).fit(X, y, sample_weight=weight)
    plain = clone(readout).fit([X[i] for i in repeated], y[repeated])
    np.testing.assert_array_equal(weighted.coef_, plain.coef_)
    np.testing.assert_array_equal(weighted.intercept_, plain.intercept_)
    assert np.abs(weighted.coef_ - clone(readout).fit(X, y).coef_).max() > 0


def test_class_weight(trains):
    X, y = trains
    rng = np.random.default_rng(0)
    X = [x ^ (rng.random(x.shape) < 0.4) for x in X]
    X_new = [x ^ (rng.random(x.shape) < 0.2) for x in X]
    plain = LeakyReadoutClassifier(random_state=0).fit(X, y).predict(X_new)
    heavy = LeakyReadoutClassifier(class_weight={"2": 100.0}, random_state=0).fit(X, y)
    assert (heavy.predict(X_new) == "2").sum() > (plain == "2").sum()
    few = np.r_[0:10, 10:15, 20:30]
    X_few, y_few = [X[i] for i in few], y[few]
    balanced = LeakyReadoutClassifier(class_weight="balanced", random_state=0).fit(X_few, y_few)
    weight = np.where(y_few == "2", 2.0, 1.0)
    by_hand = LeakyReadoutClassifier(random_state=0).fit(X_few, y_few, sample_weight=weight)
    np.testing.assert_allclose(balanced.coef_, by_hand.coef_, rtol=1e-4, atol=1e-6)
    with pytest.raises(ValueError, match=r"class_weight must be of the classes of y, got \['4'\]"):
        LeakyReadoutClassifier(class_weight={"4": 1.0}).fit(X, y)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"kind": "linear"}, "kind"),
        ({"tau": 0}, "tau"),
        ({"spk_reset": "none"}, "spk_reset"),
        ({"alpha": -1}, "alpha"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"batch_size": 0}, "batch_size"),
        ({"max_iter": 0}, "max_iter"),
        ({"validation_fraction": 1.0}, "validation_fraction"),
        ({"n_iter_no_change": 0}, "n_iter_no_change"),
        ({"tol": -1}, "tol"),
        ({"class_weight": 3}, "class_weight"),
        ({"random_state": "seed"}, "random_state"),
    ],
)
def test_bad_parameters(trains, parameters, message):
    with pytest.raises(ValueError, match=f"'{message}' parameter of LeakyReadoutClassifier"):
        LeakyReadoutClassifier(**parameters).fit(*trains)


def test_bad_data(trains):
    X, y = trains
    readout = LeakyReadoutClassifier(max_iter=1, random_state=0)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        readout.fit(X, y[:-1])
    with pytest.raises(ValueError, match="y holds only one class with a positive weight, '2'"):
        readout.fit(X, y, sample_weight=y == "2")
    with pytest.raises(NotFittedError):
        readout.predict(X)
    readout.fit(X, y)
    with pytest.raises(ValueError, match="49 channels"):
        readout.predict([x[:, :-1] for x in X])
    recorded = record(
        [LiquidTransformer(9, random_state=0).fit(X).liquid_], [as_sequences(X)], "numpy", None
    )
    with pytest.raises(ValueError, match="trains of 9 units"):
        readout.predict(recorded)


def test_what_is_too_small_is_zero_where_numpy_is_told_to_raise(trains):
    X, y = trains
    readout = LeakyReadoutClassifier(max_iter=1, random_state=0).fit(X, y)
    readout.intercept_ = 1e5 * np.arange(len(readout.classes_))
    with np.errstate(all="raise"):
        found, logs = readout.predict_proba(X), readout.predict_log_proba(X)
    np.testing.assert_array_equal(found[:, -1], 1)
    np.testing.assert_array_equal(np.exp(logs), found)
