"""Poolings as sums over time, against the features that the engines pool."""

import numpy as np
import pytest

from skliquid.engines import Runner
from skliquid.pooling import NO_POOLING, POOLINGS, QUANTITIES, make_plan
from skliquid.reservoirs import draw_liquid
from skliquid.sequences import as_sequences

LIQUID = draw_liquid(2, 40, input_scaling=3.0, n_delays=3, max_delay=6, seed=0)
SEQUENCES = as_sequences(
    [np.random.default_rng(i).normal(size=(n, 2)) for i, n in enumerate((23, 12, 3, 1))]
)
NAMES = [name for name, pooling in POOLINGS.items() if pooling.shares is not None]


def courses():
    """Spikes and potentials of each sequence."""
    runner, frames = Runner(LIQUID, NO_POOLING, "numpy"), np.arange(len(SEQUENCES.frames))
    packed, potentials = (runner.states(SEQUENCES, name, frames) for name in ("spk", "mem"))
    spikes = np.unpackbits(packed, axis=1, count=40).astype(bool)
    cuts = SEQUENCES.offsets[1:-1]
    return zip(np.split(spikes, cuts), np.split(potentials, cuts), strict=True)


@pytest.mark.parametrize("name", NAMES)
def test_shares_sum_to_the_features(name):
    plan = make_plan(name, (1, 4), 5.0)
    runner = Runner(LIQUID, plan, "numpy")
    features = runner.features(SEQUENCES, np.arange(4))
    for (spikes, potentials), expected in zip(courses(), features, strict=True):
        found = []
        for share in plan.shares(len(spikes)):
            each = share.factor[:, None] * QUANTITIES[share.quantity](spikes, potentials)
            found += [each[share.windows == window].sum(0) for window in range(share.n_windows)]
        rounding = 1e-5 if plan.shares(1)[0].is_rounded else 1e-12
        np.testing.assert_allclose(np.concatenate(found), expected, rounding, rounding)
    assert np.ptp(features) > 0


def test_the_first_of_the_longest_bursts_counts():
    spikes = np.array([[1, 1, 0, 1, 1, 0, 1]], dtype=bool).T
    steps = {name: QUANTITIES[name](spikes, np.zeros((7, 1)))[:, 0] for name in QUANTITIES}
    np.testing.assert_array_equal(np.flatnonzero(steps["longest"]), [0, 1])
    np.testing.assert_array_equal(np.flatnonzero(steps["onsets"]), [0, 3, 6])
    assert not steps["silence"].any()
    assert not QUANTITIES["longest"](~spikes[:1], np.zeros((1, 1))).any()


def test_what_is_no_sum_over_time_is_named():
    assert make_plan(("counts", "model_space"), 3, 1.0).unshared() == ["model_space"]
