"""Events on every engine, against the same frames dense on the NumPy engine."""

from functools import cache

import numpy as np
import pytest
from scipy import sparse

from skliquid.engines import ENGINES, Batch, Record, Runner, _numba
from skliquid.engines._numba import events as kernels
from skliquid.engines._numba import layout
from skliquid.events import Events
from skliquid.pooling import POOLINGS, make_plan
from skliquid.reservoirs import RateReservoir, draw_liquid
from skliquid.reservoirs.liquid import draw_circuit
from skliquid.sequences import Sequences, as_sequences

PLAN = make_plan(list(POOLINGS), 3, 4.0)
DELAYED = {
    **{"n_delays": 5, "max_delay": 90, "max_channels": 2, "input_scaling": 2.0},
    **{"derivative_gain": np.ones(3), "beta": (0.3, 0.95), "refractory": 1},
}
CASES = {"plain": {}, "delayed": DELAYED, "few delays": DELAYED | {"max_delay": 4}}


def pair(lengths=(130, 70, 70, 3, 1), density=0.1, scale=2.0):
    """The same sequences as events and dense; silence is not zero in all channels."""
    rng = np.random.default_rng(0)
    X = [
        scale * rng.normal(size=(t, 3)).astype(np.float32) * (rng.random((t, 3)) < density)
        for t in lengths
    ]
    events = as_sequences([sparse.csr_array(x) for x in X])
    silent = np.array([0.0, 0.5, -0.25], dtype=np.float32)
    frames = events.frames.mapped(lambda values, channels: values + silent[channels])
    return Sequences(frames, events.offsets), Sequences(np.asarray(frames), events.offsets)


@cache
def liquid_of(case, n=150, gain=1.3, bias=2.0**-4):
    liquid = draw_liquid(
        3,
        n,
        connectivity=0.2,
        spectral_radius=1.5,
        **CASES[case],
        input_offset=np.array([0.1, -0.3, 0.0]),
        input_gain=np.array([gain, 0.7, 1.0]),
        seed=0,
    )
    biases = bias * np.random.default_rng(1).normal(size=n)
    taps = liquid.taps.with_weights(liquid.taps.weights, biases)
    return type(liquid)(taps, liquid.synapses, liquid.neurons)


def features(reservoir, sequences, engine, n_jobs=None):
    runner = Runner(reservoir, PLAN, engine, n_jobs)
    rows = [runner.features(sequences, samples) for samples in runner.batches(sequences)]
    return np.concatenate(rows)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("engine", ENGINES)
def test_events_give_the_bits_of_dense_frames(case, engine):
    events, dense = pair()
    liquid = liquid_of(case)
    expected = features(liquid, dense, "numpy")
    assert 0.02 < expected[0, :150].mean() < 0.95
    for n_jobs in (1, 2):
        np.testing.assert_array_equal(features(liquid, events, engine, n_jobs), expected)


@pytest.mark.parametrize("gain", [2.0**-10, 1e6])
def test_sums_stay_exact_where_the_input_saturates(gain):
    """Weights, biases and values at the ends of their grids, where a bit more would be lost."""
    events, dense = pair(density=0.5, scale=300.0)
    liquid = liquid_of("delayed", gain=gain, bias=2.0**9)
    expected = Runner(liquid, PLAN, "numpy").states(dense, "mem", np.arange(len(dense.frames)))
    got = Runner(liquid, PLAN, "numba").states(events, "mem", np.arange(len(dense.frames)))
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("exponents", [(1, 1), (3, 3), (6, 9)])
def test_blocks_of_any_length_give_the_same(monkeypatch, exponents):
    monkeypatch.setattr(kernels, "_FEWEST", 2 ** exponents[0])
    monkeypatch.setattr(kernels, "_MOST_SUMS", 2 ** exponents[1] * 256)
    monkeypatch.setattr(kernels, "_BLOCKS", 1)
    events, dense = pair()
    liquid = liquid_of("delayed")
    np.testing.assert_array_equal(
        features(liquid, events, "numba"), features(liquid, dense, "numpy")
    )


def test_slabs_of_neurons_hear_events(monkeypatch):
    monkeypatch.setattr(layout, "_is_sparse", lambda synapses: False)
    monkeypatch.setattr(layout, "_SLAB_BYTES", 2**15)
    monkeypatch.setattr(layout, "_TOGETHER", 3)
    liquid = liquid_of("delayed", n=300)
    assert _numba.prepare(liquid).has_slabs
    events, dense = pair()
    np.testing.assert_array_equal(
        features(liquid, events, "numba"), features(liquid, dense, "numpy")
    )


@pytest.mark.parametrize("cuts", [(1,), (64,), (50, 51, 120)])
@pytest.mark.parametrize("forms", ["events", "mixed"])
def test_pieces_of_events_give_the_state_of_the_whole(cuts, forms):
    """Also where a piece comes dense: the state does not tell."""
    events, dense = pair((130, 130))
    liquid, n_steps = liquid_of("delayed"), np.array([130, 130])
    prepared = _numba.prepare(liquid)
    record = Record(("spk", "mem"), 150, np.arange(260))
    state = whole = _numba.at_rest(prepared, 2)
    whole = _numba.advance(prepared, whole, Batch(dense.frames, dense.offsets[:2], n_steps), [])
    for i, (first, last) in enumerate(zip([0, *cuts], [*cuts, 130], strict=True)):
        frames = dense.frames if forms == "mixed" and i % 2 else events.frames
        piece = Batch(frames, events.offsets[:2] + first, np.full(2, last - first))
        state = _numba.advance(prepared, state, piece, [record], in_place=bool(i % 2))
    for got, expected in zip(state, whole, strict=True):
        np.testing.assert_array_equal(got, expected)
    frames = np.arange(260)
    expected = Runner(liquid, PLAN, "numpy").states(dense, "mem", frames)
    np.testing.assert_array_equal(record.kept["mem"], expected)


def test_events_that_are_mapped_from_a_file():
    events, dense = pair()
    liquid = liquid_of("delayed")
    for part in (events.frames.events.data, events.frames.events.indices, events.frames.silent):
        part.flags.writeable = False
    np.testing.assert_array_equal(
        features(liquid, events, "numba"), features(liquid, dense, "numpy")
    )


def test_rate_cells_hear_events():
    events, dense = pair()
    circuit = draw_circuit(3, 40, n_delays=3, max_delay=9, rng=np.random.default_rng(0))
    reservoir = RateReservoir("vanilla", (circuit,))
    np.testing.assert_array_equal(
        features(reservoir, events, "auto"), features(reservoir, dense, "auto")
    )


def test_the_numba_engine_makes_no_dense_frames(monkeypatch):
    def refuse(*_):
        raise AssertionError("events were made dense")

    events, _ = pair()
    monkeypatch.setattr(Events, "__array__", refuse)
    assert features(liquid_of("delayed"), events, "numba").any()
    with pytest.raises(AssertionError, match="dense"):
        features(liquid_of("delayed"), events, "numpy")
