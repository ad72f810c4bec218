"""What the HTML view says of a fitted liquid."""

import re

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skliquid import (
    EarlyLSMClassifier,
    LiquidTransformer,
    LSMClassifier,
    LSMForecaster,
    LSMRegressor,
    LSMSequenceRegressor,
)
from skliquid.dask import DaskLSMClassifier
from skliquid.published import PublishedLiquid

SMALL = {"reservoir_size": 20, "random_state": 0, "engine": "numpy"}
X = np.random.default_rng(0).normal(size=(40, 12, 2))
Y = np.arange(40) % 2


def captions(estimator):
    return re.findall(r'<div class="caption">(.*?)</div>', estimator._repr_html_())


def rate(estimator):
    """Share of spikes, counted one by one."""
    return np.mean(np.concatenate(estimator.spikes(X)))


@pytest.mark.parametrize(
    "Estimator", [LiquidTransformer, LSMClassifier, LSMRegressor, DaskLSMClassifier]
)
def test_caption_of_what_is_fitted(Estimator):
    lsm = Estimator(**SMALL)
    assert captions(lsm) == []
    lsm.fit_transform(X, Y) if Estimator is LiquidTransformer else lsm.fit(X, Y)
    liquid = lsm if Estimator is LiquidTransformer else lsm.pipeline_[0]
    assert liquid.firing_rate_ == pytest.approx(rate(liquid), rel=1e-6)
    expected = f"20 neurons, a spike in {100 * rate(liquid):.2g}% of the steps, engine numpy"
    assert captions(lsm) == [expected]


def test_rate_of_few_sequences_of_a_liquid_that_is_only_fitted():
    liquid = LiquidTransformer(**SMALL).fit(X)
    chosen = np.linspace(0, 39, 4).astype(int)
    spikes = np.concatenate(liquid.spikes(X[chosen]))
    assert liquid.firing_rate_ == pytest.approx(np.mean(spikes), rel=1e-6)


def test_rate_with_refractory_steps_and_several_liquids():
    liquid = LiquidTransformer(n_liquids=2, refractory=2, **SMALL)
    liquid.fit_transform(X)
    assert liquid.firing_rate_ == pytest.approx(rate(liquid), rel=1e-6)
    assert captions(liquid)[0].startswith("2 liquids of 20 neurons, a spike in ")


def test_caption_inside_of_others():
    lsm = LSMClassifier(**SMALL)
    (alone,) = captions(lsm.fit(X, Y))
    pipeline = make_pipeline(LiquidTransformer(**SMALL), RidgeClassifier()).fit(X, Y)
    (inside,) = captions(pipeline)
    assert inside == alone
    search = GridSearchCV(lsm, {"spectral_radius": [0.5]}, cv=2).fit(X, Y)
    assert captions(search)[0].startswith("20 neurons, a spike in ")
    early = EarlyLSMClassifier(risk=0.5, random_state=0).fit(X, Y)
    assert captions(early)[0].startswith("1200 neurons, a spike in ")


def test_what_holds_others_shows_them_as_before():
    lsm = LSMClassifier(readout=RidgeClassifier(), **SMALL).fit(X, Y)
    early = EarlyLSMClassifier(LSMClassifier(**SMALL), risk=0.5, random_state=0).fit(X, Y)
    assert "readout: RidgeClassifier" in lsm._repr_html_()
    assert "estimator: LSMClassifier" in early._repr_html_()


def test_all_of_the_steps():
    lsm = LSMClassifier(**SMALL).fit(X, Y)
    lsm.pipeline_[0].firing_rate_ = 0.997
    assert captions(lsm)[0].startswith("20 neurons, a spike in 100% of the steps")


def test_caption_of_the_others():
    assert captions(PublishedLiquid(engine="numpy", random_state=0).fit(X)) == [
        "135 neurons, engine numpy"
    ]
    assert captions(LSMForecaster(20, random_state=0).fit(X)) == ["20 units"]
    regressor = LSMSequenceRegressor(20, cell="lif", random_state=0, engine="numpy")
    regressor.fit(X, X[:, :, :1])
    assert captions(regressor)[0].startswith("20 neurons, a spike in ")
    assert captions(LSMClassifier(20, cell="leaky", random_state=0).fit(X, Y)) == ["20 units"]
