"""Parameters that are a name or a configured object."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skliquid import LiquidTransformer
from skliquid._named import has_methods, named_or_given
from skliquid.encoding import DeltaEncoder, RateEncoder
from skliquid.encoding._chosen import make_encoder


class Bare:
    """Has the method, but no parameters in scikit-learn's sense."""

    def __init__(self):
        self.weights = [1]

    def fit(self, X):
        return self


def made(value, **arguments):
    factories = {"logistic": LogisticRegression, "ridge": lambda: RidgeClassifier(alpha=3.0)}
    return named_or_given(
        "readout",
        value,
        factories,
        accepts=has_methods("fit"),
        accepted="an object with fit",
        **arguments,
    )


def test_a_name_is_made_anew_by_its_factory():
    assert made("ridge").alpha == 3.0
    assert made("ridge") is not made("ridge")


def test_the_seed_is_handed_to_named_objects_that_take_one():
    assert made("logistic", random_state=5).random_state == 5
    given = made(LogisticRegression(random_state=7), random_state=5)
    assert given.random_state == 7


def test_an_object_is_cloned_with_its_parameters():
    given = LogisticRegression(C=0.5)
    given.fit([[0.0], [1.0]], [0, 1])
    fresh = made(given)
    assert fresh is not given
    assert fresh.C == 0.5
    assert not hasattr(fresh, "coef_")


def test_an_object_without_get_params_is_copied():
    given = Bare()
    made(given).weights.append(2)
    assert given.weights == [1]


@pytest.mark.parametrize("value", ["svm", None, 3, Bare, BaseEstimator()])
def test_anything_else_is_named_with_what_is_accepted(value):
    with pytest.raises(ValueError, match="readout must be one of") as error:
        made(value)
    for part in ("['logistic', 'ridge'] or an object with fit", repr(value)):
        assert part in str(error.value)


def test_encoders():
    assert make_encoder(None, 1) is None
    assert make_encoder("rate", 11).random_state == 11
    assert make_encoder(RateEncoder(random_state=2), 11).random_state == 2
    with pytest.raises(ValueError, match="encoder must be one of .*'morse'"):
        make_encoder("morse", 0)


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        (StandardScaler(), "StandardScaler.* failed: Found array with dim 3"),
        (FunctionTransformer(lambda X: X[:2]), "failed: of 3 sequences it made 2"),
        (FunctionTransformer(lambda X: None), "failed: X is None"),
        (FunctionTransformer(lambda X: X.shape), "failed: 'list' object has no attribute"),
        (FunctionTransformer(lambda X: [x * np.nan for x in X]), "failed: .* NaN: sample 0"),
    ],
)
def test_an_encoder_that_fails_is_named(encoder, message):
    X = np.random.default_rng(0).normal(size=(3, 7, 2))
    accepted = "encoder must be a transformer from a list of arrays .* to such a list, but .*"
    with pytest.raises((ValueError, TypeError), match=accepted + message):
        LiquidTransformer(20, encoder=encoder).fit_transform(X)


def test_an_encoder_that_changes_its_number_of_channels_is_named():
    X = np.random.default_rng(0).normal(size=(3, 7, 2))
    encoder = FunctionTransformer(lambda X: [x[:, : len(X) - 1] for x in X])
    liquid = LiquidTransformer(20, encoder=encoder, random_state=0).fit(X)
    with pytest.raises(ValueError, match="encoder Function.* gives 1 channels, but gave 2 in fit"):
        liquid.transform(X[:2])


def test_parameters_of_an_object_are_reached_from_outside():
    liquid = LiquidTransformer(encoder=DeltaEncoder()).set_params(encoder__threshold=0.7)
    assert liquid.get_params()["encoder__threshold"] == 0.7


class Cell(BaseEstimator):
    """A configured object in the place of the name of a cell."""

    def __init__(self, *, a=1.0):
        self.a = a

    def draw(self):
        raise NotImplementedError


def test_cell_may_be_an_object_that_draws():
    liquid = LiquidTransformer(cell=Cell()).set_params(cell__a=2.0)
    liquid._validate_params()
    assert liquid.cell.a == 2.0
    with pytest.raises(ValueError, match="cell"):
        LiquidTransformer(cell=DeltaEncoder())._validate_params()
