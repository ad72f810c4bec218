"""An AttributeError says why a method is not there, and what offers it; hasattr stays False."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.svm import SVR

from skliquid import LiquidTransformer, LSMClassifier, LSMRegressor

BARE = RidgeClassifier()
BOTH = {"readout": "leaky_rate", "bidirectional": True}


@pytest.mark.parametrize(
    ("estimator", "method", "message"),
    [
        (LSMClassifier(readout=BARE), "predict_proba", "readout RidgeClassifier.* has none"),
        (LSMClassifier(readout=BARE), "predict_proba", '"mlp" or "leaky_.*CalibratedClassifierCV'),
        (LSMClassifier(readout=BARE), "partial_fit", 'there with readout="ridge" or "mlp"'),
        (LSMClassifier(), "predict_over_time", '"leaky_rate" or "leaky_spike".*open_stream'),
        (LSMClassifier(**BOTH), "predict_over_time", "bidirectional=True"),
        (LSMRegressor(), "predict_proba", "numbers; LSMClassifier"),
        (LSMRegressor(), "predict_over_time", "open_stream"),
        (LSMRegressor(readout=SVR()), "partial_fit", r'readout SVR\(\) has none.*"ridge"'),
        (LSMClassifier(), "spikes", r"pipeline_\[0\].spikes of the fitted"),
        (LSMRegressor(), "to_reservoir", r"pipeline_\[0\].to_reservoir of the fitted"),
        (LSMRegressor(cell="gru"), "to_reservoir", "cell='gru' do not spike.*lif"),
        (LiquidTransformer(cell="gru"), "spikes", "cell='gru' do not spike.*lif.*NeuronModel"),
        (LiquidTransformer(), "predict", "LSMClassifier and LSMRegressor predict"),
    ],
)
def test_absent_method(estimator, method, message):
    assert not hasattr(estimator, method)
    with pytest.raises(AttributeError, match=f"{method!r}: .*{message}") as error:
        getattr(estimator, method)
    assert error.value.name == method


def test_what_is_nowhere_is_an_error_as_ever():
    for estimator in (LSMClassifier(), LSMRegressor(), LiquidTransformer()):
        for name in ("nothing", "classes_", "_nothing"):
            with pytest.raises(AttributeError, match=f"has no attribute '{name}'$"):
                getattr(estimator, name)
        for other in (copy.deepcopy(estimator), pickle.loads(pickle.dumps(estimator))):
            assert other.get_params() == estimator.get_params()


def test_stream():
    X = np.random.default_rng(0).normal(size=(6, 9, 2))
    lsm = LSMClassifier(20, readout=LogisticRegression(), random_state=0).fit(X, [0, 1] * 3)
    assert hasattr(lsm.open_stream(), "predict_proba")
    stream = LSMRegressor(20, random_state=0).fit(X, np.arange(6)).open_stream()
    with pytest.raises(AttributeError, match="'predict_proba': the readout RidgeReadoutRegressor"):
        stream.predict_proba()
