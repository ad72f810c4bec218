"""Scores over time in NumPy, against the MLX modules."""

import mlx.core as mx
import numpy as np
import pytest

from skliquid.nn import LeakyRateReadout, LeakySpikeReadout
from skliquid.readouts._scores import SPIKE_GAIN, running_scores, weight_grid
from skliquid.sequences import as_sequences

KINDS = [("rate", "soft"), ("spike", "soft"), ("spike", "hard")]


@pytest.mark.usefixtures("same_draws_every_run")
@pytest.mark.parametrize(("kind", "spk_reset"), KINDS)
def test_scores_are_those_of_the_mlx_modules(kind, spk_reset):
    rng = np.random.default_rng(0)
    trains = as_sequences([rng.random((length, 7)) < 0.3 for length in (9, 1, 14)])
    # A multiple of 2**-12 and a drive well off the threshold, so that float32 fires alike.
    coef = np.round(rng.normal(size=(3, 7)) * 2**12) / 2**12 * 2
    Module = LeakyRateReadout if kind == "rate" else LeakySpikeReadout
    readout = Module(8, 3, tau=4.0, **({} if kind == "rate" else {"spk_reset": spk_reset}))
    intercept = np.array([0.5, -0.25, 0.0])
    readout.weight = mx.array(np.column_stack([coef, intercept]))
    scores = running_scores(trains, coef, intercept, kind=kind, tau=4.0, spk_reset=spk_reset)
    for states, got in zip(trains, scores, strict=True):
        x = np.column_stack([states, np.ones(len(states))])[:, None]
        state, total, expected = readout.init_state(1), 0, []
        for t in range(len(x)):
            out, state = readout(mx.array(x[t]), state)
            total = total + np.array(out)[0]
            part = 0 if kind == "rate" else np.array(state["mem"])[0]
            expected.append((total + part) / (t + 1) * (1 if kind == "rate" else SPIKE_GAIN))
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


def test_weight_grid():
    weights = np.random.default_rng(0).normal(size=(3, 40)) * 7
    rounded = weight_grid(weights)
    assert np.abs(rounded - weights).max() < 2.0**-20
    np.testing.assert_array_equal(rounded * 2.0**21 % 1, 0)
    np.testing.assert_array_equal(weight_grid(np.zeros((2, 3))), 0)
