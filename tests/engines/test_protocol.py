"""Going on from a state: pieces of a sequence, on every engine, into every sink."""

import pickle
from importlib import import_module
from inspect import signature

import numpy as np
import pytest

from skliquid.engines import ENGINES, Batch, Engine, Record, Runner, protocol
from skliquid.pooling import POOLINGS, make_plan
from skliquid.reservoirs import RateReservoir, draw_liquid
from skliquid.reservoirs.liquid import draw_circuit
from skliquid.reservoirs.rate_reservoir import GATES
from skliquid.sequences import Sequences

PLAN = make_plan(list(POOLINGS), n_windows=(1, 4), tau_trace=6.0)
PLAIN = {"connectivity": 0.2, "spectral_radius": 1.5}
EVERYTHING = {
    **{"connectivity": 0.2, "recurrent_fraction": 0.5, "spectral_radius": 1.5, "beta": (0.2, 0.9)},
    **{"n_delays": 4, "max_delay": 200, "max_channels": 2, "input_scaling": 2.0, "refractory": 2},
    **{"adaptation": 0.2, "tau_adaptation": 5.0, "derivative_gain": np.ones(3)},
}
STATES = {"plain": ("spk", "mem"), "everything": ("spk", "mem", "raised", "rest"), "gru": ("h",)}


def reservoir_of(name, n):
    if name == "gru":
        rngs = np.random.default_rng(0).spawn(len(GATES["gru"]))
        gates = (draw_circuit(3, n, n_delays=3, max_delay=30, rng=rng) for rng in rngs)
        return RateReservoir("gru", tuple(gates))
    return draw_liquid(3, n, **(PLAIN if name == "plain" else EVERYTHING), seed=0)


def engine_of(name):
    return import_module(ENGINES.get(name, "skliquid.engines._rate_cells"))


def run(engine, reservoir, frames, cuts, names, n_units):
    """Pools, records and the last state of sequences of one length, run in pieces."""
    batch, length = frames.shape[:2]
    prepared = engine.prepare(reservoir)
    pools = engine.open_pools(prepared, PLAN, np.full(batch, length))
    flat = frames.reshape(-1, frames.shape[2])
    record = Record(names, n_units, np.arange(len(flat)))
    state = engine.at_rest(prepared, batch)
    for first, last in zip([0, *cuts], [*cuts, length], strict=True):
        piece = Batch(flat, np.arange(batch) * length + first, np.full(batch, last - first))
        before = pickle.dumps(state)
        after = engine.advance(prepared, state, piece, [pools, record])
        assert pickle.dumps(state) == before  # what was handed in is left as it was
        state = pickle.loads(pickle.dumps(after))
    return pools.read(), record.kept, state


def sequence_of(state, i):
    """State of one sequence of a batch."""
    if isinstance(state, dict):
        return {name: part[i : i + 1] for name, part in state.items()}
    return type(state)(*(part[i : i + 1] for part in state))


def assert_same(one, other):
    for mine, others in zip(one, other, strict=True):
        names = vars(mine) if hasattr(mine, "__dict__") else mine
        if hasattr(mine, "_asdict"):
            names, mine, others = mine._fields, mine._asdict(), others._asdict()
        for name in names:
            a = mine[name] if isinstance(mine, dict) else getattr(mine, name)
            b = others[name] if isinstance(others, dict) else getattr(others, name)
            np.testing.assert_array_equal(a, b, err_msg=name)


@pytest.mark.parametrize("engine", [*ENGINES, "rate cells"])
def test_every_engine_has_the_functions_of_the_protocol(engine):
    wanted = [name for name in vars(Engine) if not name.startswith("_")]
    assert len(wanted) == 7
    for name in wanted:
        own = signature(getattr(engine_of(engine), name)).parameters
        assert len(own) == len(signature(getattr(Engine, name)).parameters) - 1


@pytest.mark.parametrize(
    ("engine", "name"),
    [(engine, name) for engine in ENGINES for name in ("plain", "everything")]
    + [("rate cells", "gru")],
)
def test_pieces_give_the_bits_of_the_whole(engine, name):
    """10,000 steps of three sequences, cut at 50 random places."""
    rng = np.random.default_rng(0)
    n, length = 40, 10_000
    frames = rng.normal(size=(3, length, 3)).astype(np.float32)
    cuts = np.sort(rng.choice(np.arange(1, length), 50, replace=False))
    module, reservoir = engine_of(engine), reservoir_of(name, n)
    whole = run(module, reservoir, frames, [], STATES[name], n)
    assert whole[0].counts.mean() > 0.01 * length / 4
    assert_same(run(module, reservoir, frames, cuts, STATES[name], n), whole)


@pytest.mark.parametrize("engine", ENGINES)
def test_pieces_of_unlike_lengths(engine):
    """Sequences of a batch that get many frames, few or none."""
    rng = np.random.default_rng(1)
    lengths = np.array([70, 9, 4, 0])
    module, reservoir = engine_of(engine), reservoir_of("everything", 40)
    prepared = module.prepare(reservoir)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    frames = rng.normal(size=(lengths.sum() + 30, 3)).astype(np.float32)
    state = module.at_rest(prepared, 4)
    state = module.advance(prepared, state, Batch(frames, offsets[:-1], lengths), [])
    later = Batch(frames, np.full(4, lengths.sum()), np.full(4, 30))
    kept = np.arange(lengths.sum(), len(frames))
    record = Record(("spk",), 40, kept)
    for i in range(4):
        alone = Record(("spk",), 40, kept)
        fresh = module.at_rest(prepared, 1)
        first = Batch(frames, offsets[i : i + 1], lengths[i : i + 1])
        own = module.advance(prepared, fresh, first, [])
        one = Batch(frames, later.starts[:1], later.lengths[:1])
        module.advance(prepared, own, one, [alone])
        mine = sequence_of(state, i)
        module.advance(prepared, mine, one, [record])
        np.testing.assert_array_equal(record.kept["spk"], alone.kept["spk"])
        assert alone.kept["spk"].any()


@pytest.mark.parametrize(
    ("engine", "name"),
    [(engine, name) for engine in ENGINES for name in ("plain", "everything")]
    + [("rate cells", "gru")],
)
def test_sums_that_were_read_stay_as_they_were(engine, name):
    module, reservoir = engine_of(engine), reservoir_of(name, 128)
    prepared = module.prepare(reservoir)
    pools, state = module.open_pools(prepared, PLAN, TWO.lengths), module.at_rest(prepared, 2)
    first = Batch(FRAMES, TWO.starts, np.array([20, 20]))
    state = module.advance(prepared, state, first, [pools])
    before, parts = pools.read(), {name: part.copy() for name, part in pools.parts.items()}
    kept = pickle.dumps(before)
    later = Batch(FRAMES, TWO.starts + 20, np.array([30, 30]))
    module.advance(prepared, state, later, [pools])
    assert pickle.dumps(before) == kept
    assert (pools.read().counts != before.counts).any()
    for part_name, part in pools.parts.items():
        part[:] = parts[part_name]
    assert_same([pools.read()], [before])


@pytest.mark.parametrize("engine", ENGINES)
def test_chosen_steps_are_kept_in_their_rows(engine):
    module, reservoir = engine_of(engine), reservoir_of("everything", 40)
    frames = np.random.default_rng(2).normal(size=(2, 50, 3)).astype(np.float32)
    flat = frames.reshape(-1, 3)
    batch = Batch(flat, np.array([0, 50]), np.array([50, 50]))
    prepared = module.prepare(reservoir)
    every = Record(("rest", "spk", "mem"), 40, np.arange(100))
    module.advance(prepared, module.at_rest(prepared, 2), batch, [every])
    chosen = np.array([0, 3, 50, 97])
    some = Record(("rest", "spk", "mem"), 40, chosen)
    module.advance(prepared, module.at_rest(prepared, 2), batch, [some])
    for name, kept in some.kept.items():
        np.testing.assert_array_equal(kept, every.kept[name][chosen])


FRAMES = np.random.default_rng(3).normal(size=(100, 3)).astype(np.float32)
TWO = Batch(FRAMES, np.array([0, 50]), np.array([50, 50]))


@pytest.mark.parametrize("engine", [*ENGINES, "rate cells"])
def test_what_does_not_fit_is_named(engine):
    module = engine_of(engine)
    name = "gru" if engine == "rate cells" else "plain"
    prepared = module.prepare(reservoir_of(name, 40))
    state = module.at_rest(prepared, 2)
    state_name = STATES[name][-1]

    def error(text, state=state, batch=TWO, sinks=()):
        with pytest.raises(ValueError, match=text):
            module.advance(prepared, state, batch, sinks)

    error("state is that of 1 sequences, but batch has 2", module.at_rest(prepared, 1))
    narrow = Batch(FRAMES[:, :2].copy(), TWO.starts, TWO.lengths)
    error("frames of 2 channels; expected 3", batch=narrow)
    error("frames 3 to 100; there are 100", sinks=[Record((state_name,), 40, np.array([3, 100]))])
    error("frames -1 to 3; there are 100", sinks=[Record((state_name,), 40, np.array([-1, 3]))])
    error("5 units", sinks=[Record((state_name,), 5, np.arange(100))])
    error(r"keeps the states \['voltage'\]", sinks=[Record(("voltage",), 40, np.arange(100))])
    error("at most one", sinks=[Record((state_name,), 40, np.arange(100))] * 2)
    short = module.open_pools(prepared, PLAN, np.array([50, 49]))
    error(r"beyond the lengths .* \[50, 49\] steps", sinks=[short])
    error("those of 1 sequences", sinks=[module.open_pools(prepared, PLAN, np.array([50]))])


def test_batches_and_records_that_cannot_be():
    with pytest.raises(ValueError, match=r"descending order, got \[3, 50\]"):
        Batch(FRAMES, np.array([0, 3]), np.array([3, 50]))
    for starts, lengths in (([0, 60], [50, 50]), ([-1, 0], [5, 5]), ([0, 0], [5, -1])):
        with pytest.raises(ValueError, match="within the 100 frames"):
            Batch(FRAMES, np.array(starts), np.array(lengths))
    for names in ("mem", ["mem"], ()):
        with pytest.raises(TypeError, match="names must be a tuple"):
            Record(names, 40, np.arange(100))
    for kept in ([0, 1], np.zeros(100), np.zeros((10, 10), dtype=int)):
        with pytest.raises(TypeError, match="frames must be a one-dimensional integer array"):
            Record(("mem",), 40, kept)
    for kept in ([0, 2, 1], [0, 1, 1]):
        with pytest.raises(ValueError, match="frames must be in ascending order"):
            Record(("mem",), 40, np.array(kept))


@pytest.mark.parametrize("engine", ENGINES)
def test_an_empty_batch(engine):
    module, none = engine_of(engine), np.zeros(0, dtype=np.int64)
    prepared = module.prepare(reservoir_of("everything", 40))
    pools = module.open_pools(prepared, PLAN, none)
    module.advance(prepared, module.at_rest(prepared, 0), Batch(FRAMES, none, none), [pools])
    assert pools.read().mem.shape == (0, 40)


@pytest.mark.parametrize(
    ("engine", "name"),
    [(engine, name) for engine in ENGINES for name in ("plain", "everything")]
    + [("rate cells", "gru")],
)
def test_a_long_batch_is_cut_and_gives_the_same(monkeypatch, engine, name):
    """Features and chosen states, of sequences of unlike lengths, run in pieces of few steps."""
    lengths = np.array([70, 9, 130, 1])
    frames = np.random.default_rng(4).normal(size=(lengths.sum(), 3)).astype(np.float32)
    sequences = Sequences(frames, np.concatenate([[0], np.cumsum(lengths)]))
    runner = Runner(reservoir_of(name, 40), PLAN, engine if engine in ENGINES else "numpy")
    chosen, state = np.array([3, 69, 75, 100, 140]), STATES[name][-1]

    def results():
        (samples,) = runner.batches(sequences)
        return runner.features(sequences, samples), runner.states(sequences, state, chosen)

    whole = results()
    assert np.ptp(whole[0]) > 0
    assert whole[1].any()
    counted = []
    monkeypatch.setattr(protocol, "_PIECE_BYTES", 0)
    monkeypatch.setattr(protocol, "_FEWEST_STEPS", 16)
    advance = runner._engine.advance
    monkeypatch.setattr(
        runner._engine, "advance", lambda *args, **kw: counted.append(1) or advance(*args, **kw)
    )
    for mine, others in zip(results(), whole, strict=True):
        np.testing.assert_array_equal(mine, others)
    assert len(counted) > 2
