"""States after every step: those of a run at once, in pieces and many times over."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skliquid import LiquidTransformer
from skliquid.engines import Batch, Runner
from skliquid.engines._steps import rows_of, steps_at_once
from skliquid.pooling import NO_POOLING
from skliquid.sequences import as_sequences


@pytest.fixture(scope="module")
def sequences():
    rng = np.random.default_rng(0)
    return as_sequences([rng.normal(size=(n, 2)).cumsum(axis=0) for n in (20, 31, 7)])


def runner_of(sequences, engine, **parameters):
    liquid = LiquidTransformer(30, encoder=None, random_state=0, **parameters).fit(sequences)
    return Runner(liquid.liquid_, NO_POOLING, engine)


CASES = [("numpy", {}), ("numba", {}), ("auto", {"cell": "leaky"}), ("auto", {"cell": "lstm"})]


@pytest.mark.parametrize(("engine", "parameters"), CASES)
def test_states_in_pieces_are_those_of_a_run_at_once(sequences, engine, parameters):
    runner = runner_of(sequences, engine, **parameters)
    every = np.arange(len(sequences.frames))
    expected = runner.states(sequences, "mem", every)
    assert expected.any()
    batch = Batch.of(sequences, np.array([1, 0, 2]))
    whole = runner.open_steps(("mem",), 3).advance(batch)["mem"]
    assert_array_equal(whole, expected)
    steps, got = runner.open_steps(("mem",), 3), np.full_like(expected, np.nan)
    for piece in batch.pieces(4):
        got[rows_of(piece)] = steps.advance(piece)["mem"]
    assert_array_equal(got, expected)


def test_spikes_are_those_of_the_transformer(sequences):
    liquid = LiquidTransformer(30, encoder=None, random_state=0).fit(sequences)
    steps = Runner(liquid.liquid_, NO_POOLING, "auto").open_steps(("mem", "spk"), 3)
    got = steps.advance(Batch.of(sequences, np.array([1, 0, 2])))["spk"]
    assert_array_equal(got, np.concatenate(liquid.spikes(sequences)))


@pytest.mark.parametrize(("engine", "parameters"), CASES)
def test_repeated_sequences_go_on_by_themselves(sequences, engine, parameters):
    runner = runner_of(sequences, engine, **parameters)
    steps = runner.open_steps(("mem",), 1)
    frames = sequences.frames[:10]
    steps.advance(Batch(frames, np.zeros(1, int), np.array([6])))
    twice = steps.repeated(2)
    pair = np.concatenate([frames[6:], -frames[6:]])
    got = twice.advance(Batch(pair, np.array([0, 4]), np.array([4, 4])))["mem"]
    assert not np.array_equal(got[:4], got[4:])
    # Neither of them has changed the one that was repeated.
    alone = steps.advance(Batch(frames[6:], np.zeros(1, int), np.array([4])))["mem"]
    assert_array_equal(got[:4], alone)


def test_a_piece_fits_its_budget():
    assert steps_at_once(1000, 2) * 2 * 1000 * 8 <= 2**24
    assert steps_at_once(10**9, 5) == 1
