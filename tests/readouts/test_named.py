import numpy as np
import pytest
from sklearn.base import is_classifier, is_regressor
from sklearn.linear_model import LogisticRegression, Ridge

from skliquid import LeakyReadoutClassifier
from skliquid.readouts._named import (
    CLASSIFIERS,
    REGRESSORS,
    classifier_readout,
    regressor_readout,
)
from skliquid.readouts._ridge_base import ALPHAS


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_names_of_classifiers(name):
    readout = classifier_readout(name, 3)
    assert is_classifier(readout)
    assert readout.get_params().get("random_state", 3) == 3


@pytest.mark.parametrize("name", REGRESSORS)
def test_names_of_regressors(name):
    readout = regressor_readout(name, 3)
    assert is_regressor(readout)
    assert readout.get_params().get("random_state", 3) == 3


def test_what_the_names_mean():
    for make in (classifier_readout, regressor_readout):
        assert tuple(make("ridge", 0).alphas) == ALPHAS
        assert make("mlp", 0).hidden_layer_sizes == (100,)
    np.testing.assert_allclose(ALPHAS, 10.0 ** np.arange(-2, 6))
    for kind in ("rate", "spike"):
        readout = classifier_readout(f"leaky_{kind}", 0)
        assert isinstance(readout, LeakyReadoutClassifier)
        assert readout.kind == kind


def test_estimators_are_cloned():
    for make, given in (
        (classifier_readout, LogisticRegression(C=3.0)),
        (regressor_readout, Ridge(3.0)),
    ):
        made = make(given, 0)
        assert made is not given
        assert made.get_params() == given.get_params()


@pytest.mark.parametrize(
    ("make", "readout", "message"),
    [
        (classifier_readout, "lasso", r"'leaky_spike', .*\] or a classifier, got 'lasso'"),
        (classifier_readout, Ridge(), r"'leaky_spike', .*\] or a classifier, got Ridge\(\)"),
        (regressor_readout, "leaky_rate", r"\['mlp', 'ridge'\] or a regressor, got 'leaky_rate'"),
        (regressor_readout, LogisticRegression(), r"'ridge'\] or a regressor, got Logistic"),
    ],
)
def test_readout_of_another_kind_is_refused(make, readout, message):
    with pytest.raises(ValueError, match=f"readout must be one of .*{message}"):
        make(readout, 0)
