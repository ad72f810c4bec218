"""Dynamic synapses against closed forms, published recursions, and between the engines."""

import copy
import pickle
from importlib import import_module

import numpy as np
import pytest
from scipy import sparse

from skliquid import LiquidTransformer, LSMClassifier
from skliquid.engines import ENGINES, Batch, Runner
from skliquid.engines._streams import parts_of
from skliquid.pooling import NO_POOLING, POOLINGS, make_plan
from skliquid.reservoirs import (
    IntegrateAndFire,
    Izhikevich,
    Liquid,
    SynapseModel,
    Taps,
    draw_liquid,
    draw_neurons,
    draw_synapses,
)
from skliquid.sequences import as_sequences

RUNNING = "numpy", "numba"
PLAN = make_plan(POOLINGS, n_windows=3, tau_trace=4.0)
MARKRAM = {
    **{"EE": (0.5, 110.0, 5.0), "EI": (0.05, 12.5, 120.0)},
    **{"IE": (0.25, 70.0, 2.0), "II": (0.32, 14.4, 6.0)},
}
MODELS = {
    "exponential": SynapseModel(tau_syn=(3.0, 6.0)),
    "alpha": SynapseModel(tau_syn=(3.0, 6.0), tau_input=2.0, shape="alpha"),
    "input alone": SynapseModel(tau_input=4.0),
    "delays": SynapseModel(delay=(0.0, 9.0)),
    "plasticity": SynapseModel(stp=MARKRAM, stp_spread=0.5),
    "all": SynapseModel(
        tau_syn=(1.5, 3.0),
        tau_input=1.0,
        delay={"EE": 1.5, "EI": 0.8, "IE": (0.2, 0.8), "II": 0.8},
        stp=MARKRAM,
        stp_spread=0.5,
        dt=0.5,
    ),
}
CELLS = {
    "column": IntegrateAndFire(
        tau_m=30.0,
        resistance=20.0,
        threshold=15.0,
        reset=13.5,
        refractory=(3.0, 2.0),
        background=0.6,
        noise=0.4,
        initial=(13.5, 15.0),
    ),
    "izhikevich": Izhikevich(gain=8.0),
}


def relay(weight, **model):
    """Neuron 0 fires where its input is 1; the potential of neuron 1 is its current."""
    one, two = np.ones(1, dtype=np.float32), np.zeros(2, dtype=np.float32)
    first, none = np.zeros(1, dtype=np.int32), np.zeros(1, dtype=np.float32)
    W = sparse.csc_array([[0.0, 0.0], [weight, 0.0]])
    synapses = SynapseModel(**model).draw(W, np.random.default_rng(0))
    neurons = draw_neurons(2, beta=0.0, threshold=0.5, rng=np.random.default_rng(0))
    neurons.threshold[1] = 2.0**20
    taps = Taps(np.array([0, 1, 1]), first, first, one, two, none, one)
    return Liquid(taps, synapses, neurons)


def potentials(liquid, frames, engine):
    sequences = as_sequences([frames])
    return Runner(liquid, NO_POOLING, engine).states(sequences, "mem", np.arange(len(frames)))


def impulses(at, n_steps):
    frames = np.zeros((n_steps, 1), dtype=np.float32)
    frames[at] = 1
    return frames


@pytest.mark.parametrize("engine", RUNNING)
def test_exponential_current(engine):
    after = np.arange(39)
    for weight, tau in ((0.75, 3.0), (-0.75, 6.0)):
        liquid = relay(weight, tau_syn=(3.0, 6.0))
        current = potentials(liquid, impulses([0], 40), engine)[1:, 1]
        np.testing.assert_allclose(current, weight * np.exp(-after / tau), atol=2.0**-18)


@pytest.mark.parametrize("engine", RUNNING)
def test_alpha_current_peaks_after_its_time_constant(engine):
    liquid = relay(0.75, tau_syn=5.0, shape="alpha")
    current = potentials(liquid, impulses([2], 60), engine)[3:, 1]
    after = np.arange(57)
    np.testing.assert_allclose(current, 0.75 * after / 5 * np.exp(1 - after / 5), atol=2.0**-16)
    assert np.argmax(current) == 5


@pytest.mark.parametrize("engine", RUNNING)
def test_currents_of_the_input_leave_the_bias_alone(engine):
    liquid = relay(0.0, tau_input=4.0)
    liquid.taps.bias[:] = [0.125, 0.25]
    liquid.neurons.threshold[:] = 2.0**20
    current = potentials(liquid, impulses([3], 30), engine)
    np.testing.assert_array_equal(current[:3], [[0.125, 0.25]] * 3)
    expected = 0.125 + np.exp(-np.arange(27) / 4)
    np.testing.assert_allclose(current[3:, 0], expected, atol=2.0**-18)
    assert (current[:, 1] == 0.25).all()


@pytest.mark.parametrize("engine", RUNNING)
def test_a_delay_shifts_the_current(engine):
    at = [0, 1, 4, 11]
    at_once = potentials(relay(0.5), impulses(at, 30), engine)[:, 1]
    np.testing.assert_array_equal(np.flatnonzero(at_once), np.array(at) + 1)
    for delay in (1, 2, 7):
        later = potentials(relay(0.5, delay=delay / 4, dt=0.25), impulses(at, 30), engine)[:, 1]
        np.testing.assert_array_equal(later[delay - 1 :], at_once[: 31 - delay])


@pytest.mark.parametrize("engine", RUNNING)
@pytest.mark.parametrize("pair", MARKRAM)
def test_short_term_plasticity_is_the_published_recursion(engine, pair):
    (use, depression, facilitation), rng = MARKRAM[pair], np.random.default_rng(0)
    at = np.cumsum(rng.integers(1, 60, 25))
    current = potentials(relay(0.5, stp=MARKRAM[pair]), impulses(at, at[-1] + 2), engine)[:, 1]
    u, resources, expected = use, 1.0, [use]
    for interval in np.diff(at):
        resources = 1 + (resources - u * resources - 1) * np.exp(-interval / depression)
        u = use + u * (1 - use) * np.exp(-interval / facilitation)
        expected.append(u * resources)
    np.testing.assert_allclose(current[at + 1], 0.5 * np.array(expected), atol=1e-5)


@pytest.mark.parametrize("engine", RUNNING)
@pytest.mark.parametrize("interval", [1, 10, 3000])
def test_short_term_plasticity_of_a_regular_train_settles(engine, interval):
    use, depression, facilitation = 0.25, 30.0, 20.0
    at = np.arange(3) * interval if interval > 10 else np.arange(200) * interval
    liquid = relay(1.0, stp=(use, depression, facilitation))
    current = potentials(liquid, impulses(at, at[-1] + 2), engine)[:, 1]
    forgotten, recovered = np.exp(-interval / facilitation), np.exp(-interval / depression)
    u = use / (1 - (1 - use) * forgotten)
    resources = (1 - recovered) / (1 - (1 - u) * recovered)
    np.testing.assert_allclose(current[at[-1] + 1], u * resources, atol=1e-5)


def ragged():
    rng = np.random.default_rng(3)
    return as_sequences([2 * rng.normal(size=(t, 3)) for t in (1, 70, 2, 33, 70, 8)])


def drawn(model, cell=None, n=50, **parameters):
    neurons = {} if cell is None else {"neurons": CELLS[cell].draw}
    chosen = {"spectral_radius": 1.5, "seed": 0, "n_delays": 3, "max_delay": 6, **parameters}
    return draw_liquid(3, n, synapse=MODELS[model], **neurons, **chosen)


def features(liquid, sequences, engine, batch_size=None):
    runner = Runner(liquid, PLAN, engine)
    out = np.empty((len(sequences), runner.n_features))
    for samples in runner.batches(sequences, batch_size):
        out[samples] = runner.features(sequences, samples)
    return out


@pytest.mark.parametrize("cell", [None, *CELLS])
@pytest.mark.parametrize("model", MODELS)
def test_engines_agree_to_the_bit(model, cell):
    sequences, liquid = ragged(), drawn(model, cell)
    oracle = features(liquid, sequences, "numpy")
    np.testing.assert_array_equal(features(liquid, sequences, "numba"), oracle)
    np.testing.assert_array_equal(features(liquid, sequences, "numba", 1), oracle)
    np.testing.assert_array_equal(features(liquid, sequences, "numpy", 2), oracle)
    plain = features(drawn_plain(cell), sequences, "numpy")
    assert (oracle != plain).mean() > 0.2


def drawn_plain(cell):
    neurons = {} if cell is None else {"neurons": CELLS[cell].draw}
    return draw_liquid(3, 50, spectral_radius=1.5, seed=0, n_delays=3, max_delay=6, **neurons)


def test_without_anything_they_are_plain_synapses():
    W = np.random.default_rng(0).integers(-8, 8, (40, 40)) / 16
    parameters = {"topology": W, "seed": 0}
    plain, dynamic = (
        draw_liquid(3, 40, synapse=model, **parameters) for model in (None, SynapseModel())
    )
    for engine in RUNNING:
        np.testing.assert_array_equal(
            features(dynamic, ragged(), engine), features(plain, ragged(), engine)
        )


@pytest.mark.parametrize("engine", RUNNING)
@pytest.mark.parametrize("cell", [None, "column"])
def test_pieces_are_the_whole_and_a_state_is_pickled(engine, cell):
    module, sequences, liquid = import_module(ENGINES[engine]), ragged(), drawn("all", cell)
    prepared, samples = module.prepare(liquid), np.argsort(-sequences.lengths, kind="stable")
    batch, sums = Batch.of(sequences, samples), []
    for n_steps in (1000, 7, 1):
        pools = module.open_pools(prepared, PLAN, batch.lengths)
        state = module.at_rest(prepared, len(batch))
        for piece in batch.pieces(n_steps):
            before = copy.deepcopy(parts_of(state))
            after = module.advance(prepared, pickle.loads(pickle.dumps(state)), piece, [pools])
            for name, values in parts_of(state).items():
                np.testing.assert_array_equal(values, before[name])
            state = after
        sums.append((parts_of(state), vars(pools.read())))
    for state, pools in sums[1:]:
        for name, values in state.items():
            np.testing.assert_array_equal(values, sums[0][0][name])
        for name, values in pools.items():
            np.testing.assert_array_equal(values, sums[0][1][name])


@pytest.mark.parametrize("engine", RUNNING)
def test_a_stream_goes_on_from_the_state(engine, few_vowels):
    X = few_vowels[0]
    liquid = LiquidTransformer(
        40, synapse=MODELS["all"], cell=CELLS["column"], engine=engine, random_state=0
    ).fit(X)
    stream = liquid.open_stream()
    for frame in X[0]:
        stream.push(frame[np.newaxis])
    np.testing.assert_array_equal(stream.features(), liquid.transform(X[:1]))


def test_an_engine_that_does_not_run_them_says_so():
    with pytest.raises(ValueError, match="engine 'mlx' does not run DynamicSynapses, of delays"):
        Runner(drawn("all"), PLAN, "mlx")


def test_what_has_none_of_them_refuses_them_by_name(few_vowels):
    X, y = few_vowels
    lsm = LSMClassifier(30, synapse=MODELS["all"], random_state=0).fit(X, y)
    with pytest.raises(ValueError, match=r"synapse=SynapseModel\(.*cannot be explained"):
        lsm.explain(X)
    liquid = LiquidTransformer(30, synapse=MODELS["all"], random_state=0).fit(X)
    with pytest.raises(ValueError, match="LiquidReservoir has no DynamicSynapses"):
        liquid.to_reservoir()


def test_homeostasis_knows_the_currents_of_the_input(few_vowels):
    X = few_vowels[0]
    parameters = {"spectral_radius": 0.0, "target_rate": 0.3, "pooling": "rate", "beta": 0.0}
    model = SynapseModel(tau_input=3.0)
    liquid = LiquidTransformer(50, synapse=model, threshold=1.0, random_state=0, **parameters).fit(
        X
    )
    rates = [spikes.mean(axis=0) for spikes in liquid.spikes(X)]
    steps = [len(x) for x in X]
    np.testing.assert_allclose(np.average(rates, axis=0, weights=steps), 0.3, atol=0.02)


def test_synapse_must_be_a_model():
    for given in (SynapseModel, IntegrateAndFire()):
        with pytest.raises(TypeError, match="synapse must be a configured SynapseModel or None"):
            draw_synapses(5, synapse=given, topology=np.eye(5), rng=np.random.default_rng(0))
