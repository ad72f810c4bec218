"""Distances of states, held against the definitions."""

import numpy as np
import pytest

from skliquid import LiquidTransformer
from skliquid.diagnostics import separation, separation_ratio
from skliquid.reservoirs import draw_liquid


def test_ratio_of_two_balls():
    # Points at distance 2 of two centres 10 apart: c_d = 2 * 10 / 4, c_v = 2.
    angles = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    ball = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    states, y = np.concatenate([ball, ball + np.array([6, 8])]), np.repeat(["a", "b"], 8)
    found = separation_ratio(states, y=y)
    assert (found.between, found.within) == pytest.approx((5.0, 2.0))
    assert found.ratio == pytest.approx(5 / 3)


def test_ratio_of_equal_classes_is_zero():
    states = np.tile([[1.0, 2.0], [3.0, 4.0]], (3, 1))
    assert separation_ratio(states, y=[0, 0, 1, 1, 2, 2]).ratio == 0


def test_ratio_of_an_estimator_is_that_of_its_states():
    X = np.random.default_rng(0).normal(size=(20, 30, 1)).cumsum(axis=1)
    y = np.arange(20) % 3
    transformer = LiquidTransformer(40, pooling="trace", random_state=0).fit(X)
    of_states = separation_ratio(transformer.transform(X), y=y)
    assert separation_ratio(transformer, X, y).ratio == pytest.approx(of_states.ratio, rel=1e-5)


def test_distances_over_time():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4, 50, 2))
    X_other = X.copy()
    X_other[:, 20:] += 0.5
    transformer = LiquidTransformer(60, encoder=None, random_state=0).fit(X)
    found = separation(transformer, X, X_other, features="spikes")
    spikes, others = (np.stack(transformer.spikes(each)) for each in (X, X_other))
    expected = np.sqrt((spikes != others).sum(axis=2))
    np.testing.assert_allclose(found.states, expected)
    assert not found.states[:, :20].any()
    assert found.states[:, 20:].any()
    np.testing.assert_allclose(found.inputs, np.sqrt(0.25 * 0.6), rtol=1e-6)


def test_noise_has_the_distance_that_is_asked_for():
    liquid = draw_liquid(1, 100, seed=0)
    found = [separation(liquid, noise=noise) for noise in (0.0, 0.1, 0.4)]
    assert not found[0].states.any()
    for noise, each in zip((0.0, 0.1, 0.4), found, strict=True):
        assert each.inputs.mean() == pytest.approx(noise, rel=0.05)
    assert found[1].states[:, 50:].mean() < found[2].states[:, 50:].mean()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda liquid, X: separation(liquid, X), "X and X_other must be given both"),
        (lambda liquid, X: separation(liquid, X, X[:2]), "as many sequences, all of one length"),
        (lambda liquid, X: separation_ratio(liquid, y=[0]), "X must hold the sequences"),
        (lambda liquid, X: separation_ratio(liquid, X, y=[0]), "y must hold a class for each"),
    ],
)
def test_errors_name_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call(draw_liquid(1, 20, connectivity=0.5, seed=0), np.ones((3, 9, 1)))


def test_recorded_states_have_no_distance_of_their_own():
    with pytest.raises(TypeError, match="reservoir must be a fitted estimator"):
        separation(np.ones((3, 4)))
