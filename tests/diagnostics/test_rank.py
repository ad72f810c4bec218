"""Ranks of states that are known."""

import numpy as np
import pytest

from skliquid import LiquidTransformer
from skliquid.diagnostics import generalization_rank, kernel_rank
from skliquid.reservoirs import draw_liquid


@pytest.mark.parametrize("rank", [0, 1, 5])
def test_rank_of_a_matrix(rank):
    rng = np.random.default_rng(0)
    states = rng.normal(size=(30, rank)) @ rng.normal(size=(rank, 20))
    found = kernel_rank(states)
    assert (found.rank, found.n_inputs, found.n_states) == (rank, 30, 20)
    np.testing.assert_allclose(
        found.singular_values, np.linalg.svd(states, compute_uv=False), atol=1e-12
    )


def test_tolerance_is_relative_to_the_largest():
    states = np.diag([100.0, 10.0, 0.5])
    assert [kernel_rank(states, tol=tol).rank for tol in (None, 0.01, 0.2)] == [3, 2, 1]


def test_silent_liquid_has_rank_zero():
    liquid = draw_liquid(1, 30, connectivity=0.3, input_scaling=0.0, seed=0)
    assert kernel_rank(liquid).rank == 0
    assert generalization_rank(liquid).rank == 0


def test_same_input_has_rank_one_and_different_ones_have_more():
    liquid = draw_liquid(1, 60, connectivity=0.2, input_scaling=2.0, seed=0)
    ranks = [generalization_rank(liquid, noise=noise).rank for noise in (0.0, 0.001, 1.0)]
    assert ranks[0] == 1
    assert ranks[0] < ranks[1] < ranks[2] <= kernel_rank(liquid).rank <= 60


def test_states_are_those_after_the_last_step():
    X = np.random.default_rng(0).normal(size=(15, 40, 2)).cumsum(axis=1)
    transformer = LiquidTransformer(50, pooling="trace", random_state=0).fit(X)
    found = kernel_rank(transformer, X)
    expected = np.linalg.svd(transformer.transform(X), compute_uv=False)
    np.testing.assert_allclose(found.singular_values, expected, rtol=1e-4, atol=1e-4)
    assert found.n_inputs == 15
    of_potentials = kernel_rank(transformer, X, features=["potentials", "spikes"])
    assert of_potentials.n_states == 100


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"noise": -1}, "noise must be"),
        ({"n_steps": 0}, "n_steps must be"),
        ({"tol": 1.5}, "tol must be"),
        ({"X": np.zeros((3, 9, 2))}, "2 channels, but the reservoir hears 1"),
    ],
)
def test_errors_name_what_is_wrong(given, message):
    with pytest.raises(ValueError, match=message):
        generalization_rank(draw_liquid(1, 20, connectivity=0.5, seed=0), **given)
