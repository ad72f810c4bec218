"""Warnings of reservoirs that are silent, saturated or epileptic, and none of others."""

import warnings

import numpy as np
import pytest

from skliquid import LiquidTransformer, LSMClassifier, LSMForecaster, LSMRegressor
from skliquid.diagnostics import LiquidActivityWarning, firing_statistics
from skliquid.estimators import _activity

SILENT = {"target_rate": None, "input_scaling": 0.01}
SATURATED = {
    **{"encoder": None, "scale_channels": False, "derivative": False},
    **{"target_rate": None, "input_scaling": 5.0},
}
EPILEPTIC = {"spectral_radius": 20.0, "ei_balance": None}


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(12, 60, 2)).cumsum(axis=1)


def text_of(fit, *given):
    with pytest.warns(LiquidActivityWarning) as raised:
        fit(*given)
    assert len(raised) == 1
    return str(raised[0].message)


@pytest.mark.parametrize("how", ["fit", "fit_transform"])
def test_silent(X, how):
    text = text_of(getattr(LiquidTransformer(60, random_state=0, **SILENT), how), X)
    assert text.startswith("The reservoir is silent: on the training sequences 100% of its units")
    assert "Set target_rate" in text
    assert "raise input_scaling=0.01" in text


@pytest.mark.parametrize("how", ["fit", "fit_transform"])
def test_saturated(X, how):
    liquid = LiquidTransformer(60, random_state=0, max_channels=1, n_delays=1, **SATURATED)
    text = text_of(getattr(liquid, how), 100 + X)
    statistics = firing_statistics(liquid, 100 + X)
    assert f"{statistics.silent:.0%} of its units are silent" in text
    assert f"{statistics.saturated:.0%} at their limit" in text
    assert statistics.silent + statistics.saturated >= 0.9


def test_saturated_is_told_of_a_rest_between_spikes(X):
    """Neurons that rest for three steps have a highest rate of a quarter."""
    always = {"target_rate": 0.999, "refractory": 3, "spectral_radius": 0.0, "beta": 0.0}
    text = text_of(LiquidTransformer(60, random_state=0, **always).fit_transform, X)
    assert text.startswith("The reservoir is saturated")
    assert "Lower target_rate=0.999" in text


@pytest.mark.parametrize("how", ["fit", "fit_transform"])
def test_epileptic(X, how):
    liquid = LiquidTransformer(100, random_state=0, **EPILEPTIC)
    text = text_of(getattr(liquid, how), X)
    driven = np.unique(liquid.liquid_.synapse_targets)
    rate = firing_statistics(liquid, X).rates[driven].mean()
    assert text.startswith("The liquid is epileptic")
    assert f"fire at {rate:.0%} of the highest rate" in text
    assert "Lower spectral_radius=20.0" in text
    assert "ei_balance=1.0" in text


def test_rates_of_the_input_alone_are_no_epilepsy(X):
    liquid = LiquidTransformer(100, random_state=0, target_rate=0.8, spectral_radius=0.5)
    liquid.fit_transform(X)  # a warning would be an error
    assert firing_statistics(liquid, X).rate > 0.4


def test_rate_cells(X):
    cell = {"cell": "vanilla", "target_rate": None, "random_state": 0}
    text = text_of(LiquidTransformer(50, input_scaling=0.0, **cell).fit, X)
    assert text.startswith("The reservoir is silent")
    text = text_of(LiquidTransformer(50, input_scaling=1e4, encoder=None, **cell).fit, X)
    assert text.startswith("The reservoir is saturated")
    LiquidTransformer(50, input_scaling=1.0, **cell).fit(X)


@pytest.mark.parametrize("readout", ["ridge", "leaky_rate"])
def test_every_way_to_fit_warns_once(X, readout):
    y = np.arange(12) % 2
    assert "silent" in text_of(
        LSMClassifier(30, readout=readout, connectivity=0.3, **SILENT).fit, X, y
    )
    if readout == "ridge":
        given = {"connectivity": 0.3, **SILENT}
        assert "silent" in text_of(LSMRegressor(30, **given).partial_fit, X, y * 1.0)
        assert "silent" in text_of(LSMRegressor(30, **given).fit, iter([X]), y * 1.0)
        several = LSMClassifier(30, n_liquids=2, bidirectional=True, **given)
        assert "silent" in text_of(several.fit, X, y)
        assert "silent" in text_of(LSMForecaster(30, cell="lif", **given).fit, X)


def test_quiet_beginnings_are_not_all(X):
    """What is silent in the frames that are looked at first is run whole before it is named."""
    late = np.concatenate([np.zeros((2, 3000, 2)), np.tile(X[:2], (1, 50, 1))], axis=1)
    given = {"target_rate": None, "encoder": None, "scale_channels": False}
    LiquidTransformer(30, connectivity=0.3, random_state=0, **given).fit(late)


def test_looks_at_few_frames_of_a_sound_liquid(X, monkeypatch):
    seen = []
    levels = _activity._levels

    def counted(liquid, reservoir, sequences):
        seen.append(len(sequences.frames))
        return levels(liquid, reservoir, sequences)

    monkeypatch.setattr(_activity, "_levels", counted)
    LiquidTransformer(60, random_state=0).fit(np.tile(X, (1, 20, 1)))
    assert len(seen) == 1
    assert seen[0] <= 400
    LiquidTransformer(60, random_state=0).fit_transform(X)  # which has counted the spikes anyway
    assert len(seen) == 1


def test_silence_of_constant_channels_is_told_by_their_own_warning():
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        LiquidTransformer(30, connectivity=0.3).fit(np.ones((5, 20, 1)))
    assert [str(each.message)[:22] for each in raised] == ["No channel of X varies"]
