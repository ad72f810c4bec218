"""Streams through a reservoir, against runs of whole sequences."""

import numpy as np
import pytest

from skliquid.engines import ENGINES, Batch, Runner, _numba
from skliquid.engines._numba import pieces
from skliquid.engines._streams import put, take
from skliquid.pooling import make_plan
from skliquid.pooling._sums import SQUARE_BITS
from skliquid.reservoirs import draw_liquid
from skliquid.sequences import as_sequences

PLAN = make_plan(("counts", "last", "trace"), 1, 4.0)
LIQUID = draw_liquid(2, 60, n_delays=3, max_delay=9, connectivity=0.2, adaptation=0.2, seed=0)
X = np.random.default_rng(0).normal(size=(3, 40, 2)).astype(np.float32)


def piece(*parts):
    """Batch of the next frames of some streams."""
    sequences = as_sequences(list(parts))
    return Batch.of(sequences, np.arange(len(parts)))


def features(streams, runner, n, which=None):
    out = np.empty((n, runner.n_features))
    streams.features(out, which)
    return out


@pytest.mark.parametrize("engine", ENGINES)
def test_streams_advance_together_and_apart(engine):
    runner = Runner(LIQUID, PLAN, engine)
    streams = runner.open_streams(3)
    streams.advance(piece(*X[:, :10]))
    streams.advance(piece(X[2, 10:40], X[0, 10:25]), np.array([2, 0]))
    streams.advance(piece(X[1, 10:11]), np.array([1]))
    so_far = as_sequences([X[0, :25], X[1, :11], X[2, :40]])
    expected = runner.features(so_far, np.array([2, 0, 1]))[[1, 2, 0]]
    np.testing.assert_array_equal(features(streams, runner, 3), expected)
    some = features(streams, runner, 2, np.array([2, 1]))
    np.testing.assert_array_equal(some, expected[[2, 1]])
    streams.reset(np.array([0]))
    streams.advance(piece(X[0, :25]), np.array([0]))
    np.testing.assert_array_equal(features(streams, runner, 3), expected)


@pytest.mark.parametrize("engine", ENGINES)
def test_parts_are_all_that_is_left_of_the_past(engine):
    runner = Runner(LIQUID, PLAN, engine)
    one, other = runner.open_streams(3), runner.open_streams(3)
    one.advance(piece(*X[:, :20]))
    put(other.parts, slice(None), take(one.parts, np.arange(3)))
    for streams in (one, other):
        streams.advance(piece(*X[:, 20:]))
    found = [features(streams, runner, 3) for streams in (one, other)]
    np.testing.assert_array_equal(*found)
    assert found[0].any()


@pytest.mark.parametrize("engine", ENGINES)
def test_squares_of_times_are_summed_however_far_a_stream_is_on(engine):
    runner, far = Runner(LIQUID, make_plan("moments", 1, 4.0), engine), 2**31 - 100
    squares = []
    for start in (0, far):
        streams = runner.open_streams(1)
        streams.parts["sum_seen"][:] = start
        streams.advance(piece(X[0]))
        low, high = streams.parts["sum_squared_times"][0].astype(object)
        squares.append(low + high * 2**SQUARE_BITS)
        assert low.any()
        assert bool(high.any()) == bool(start)
    n, times = (
        streams.parts[f"sum_{name}"].reshape(-1).astype(object) for name in ("counts", "times")
    )
    np.testing.assert_array_equal(squares[1] - squares[0], 2 * far * times - n * far**2)


def test_windows_are_refused():
    for names, scales, text in (
        (("counts", "rate"), (1, 4), r"\['counts'\] in n_windows=\(1, 4\) cannot stream"),
        ("model_space", 3, r"\['model_space'\]"),
    ):
        runner = Runner(LIQUID, make_plan(names, scales, 4.0), "numpy")
        with pytest.raises(ValueError, match=text):
            runner.open_streams(1)
    Runner(LIQUID, make_plan("rate", 4, 4.0), "numpy").open_streams(1)


def test_types_are_passed_over_only_where_they_are_the_usual_ones(monkeypatch):
    """A compiled kernel does not look at the types of the arrays that it is handed."""

    class Looking:
        calls = 0

        def __call__(self, *arguments):
            self.calls += 1

        def compile(self, types):
            return lambda *arguments: None

    looking = Looking()
    monkeypatch.setattr(pieces, "run", looking)
    prepared = _numba.prepare(LIQUID)
    pools = _numba.open_pools(prepared, PLAN, np.array([100]))
    state = _numba.at_rest(prepared, 1)

    def calls(frames, state=state):
        batch = Batch(frames, np.array([0]), np.array([1]))
        _numba.advance(prepared, state, batch, [pools])
        return looking.calls

    assert [calls(X[0]) for _ in range(3)] == [1, 1, 1]
    assert calls(np.repeat(X[0], 2, axis=1)[:, ::2]) == 2
    assert calls(X[0].astype(np.float64)) == 3
    fixed = X[0].copy()
    fixed.flags.writeable = False
    assert calls(fixed) == 4
    assert calls(X[0], state._replace(past=np.asfortranarray(state.past))) == 5
    assert calls(X[0]) == 5
