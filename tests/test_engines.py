"""Engines against the equations written out in integers, against each other and themselves."""

import shutil
from fractions import Fraction

import numpy as np
import pytest

from skliquid import engines
from skliquid.engines import ENGINES, Runner, resolve_engine, spike_trains
from skliquid.liquid import draw_liquid
from skliquid.pooling import POOLINGS, make_plan
from skliquid.sequences import as_sequences

PLAN = make_plan(POOLINGS, n_windows=3, tau_trace=4.0)


def features(liquid, sequences, engine, plan=PLAN, batch_size=None, n_jobs=None):
    runner = Runner(liquid, plan, engine, n_jobs)
    out = np.empty((len(sequences), plan.n_features(liquid.n_neurons)), sequences.dtype)
    for samples in runner.batches(sequences, batch_size):
        out[samples] = runner.features(sequences, samples)
    return out


def rint(x):
    """Round a fraction to the nearest integer, ties to even."""
    return round(x)


def float32(x):
    """Round a fraction to float32."""
    return Fraction(float(np.float32(float(x))))


def exact_spikes(liquid, frames):
    """The documented equations, one neuron at a time, in rational numbers."""
    n, unit = liquid.n_neurons, Fraction(1, 2**20)
    W = [[Fraction(float(w)) for w in row] for row in liquid.recurrent_weights]
    mem, spk, trains, potentials = [Fraction(0)] * n, [0] * n, [], []
    for frame in frames:
        x = []
        for value, offset, gain in zip(frame, liquid.input_offset, liquid.input_gain, strict=True):
            centred = float32(Fraction(float(value)) - Fraction(float(offset)))
            scaled = float32(centred * Fraction(float(gain)))
            x.append(Fraction(rint(max(min(scaled, 512), -512) * 2**14), 2**14))
        new_mem, new_spk = [], []
        for i in range(n):
            drive = sum(
                Fraction(float(w)) * xc for w, xc in zip(liquid.input_weights[i], x, strict=True)
            )
            drive = rint((drive + Fraction(float(liquid.bias[i]))) / unit) * unit
            echo = sum(w for w, s in zip(W[i], spk, strict=True) if s)
            kept = rint(float32(Fraction(float(liquid.beta[i])) * mem[i]) / unit) * unit
            v = float32(kept + float32(float32(drive) + echo))
            threshold = Fraction(float(liquid.threshold[i]))
            fires = int(v > threshold)
            new_mem.append(float32(v - threshold * fires))
            new_spk.append(fires)
        mem, spk = new_mem, new_spk
        trains.append(spk)
        potentials.append([float(m) for m in mem])
    return np.array(trains), np.array(potentials)


@pytest.fixture(scope="module")
def ragged():
    rng = np.random.default_rng(0)
    return as_sequences([2 * rng.normal(size=(t, 3)) for t in (1, 30, 2, 17, 30, 8, 5)])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("radius", [0.0, 0.9, 2.0])
def test_engine_against_rational_arithmetic(engine, radius, ragged):
    liquid = draw_liquid(
        3,
        25,
        connectivity=0.3,
        spectral_radius=radius,
        beta=0.83,
        threshold=0.7,
        input_offset=np.array([0.1, -0.3, 0.0]),
        input_gain=np.array([1.3, 0.7, 1.0]),
        seed=1,
    )
    got = features(liquid, ragged, engine)
    names = np.array(PLAN.feature_names(25))
    for i, frames in enumerate(ragged):
        spikes, potentials = exact_spikes(liquid, frames)
        length = len(frames)
        assert 0 < spikes.sum() < spikes.size or length < 3

        def part(prefix, i=i):
            return got[i, [name.startswith(prefix) for name in names]]

        window = np.arange(length) * 3 // length
        counts = np.array([spikes[window == w].sum(axis=0) for w in range(3)])
        np.testing.assert_array_equal(part("counts"), counts.ravel())
        np.testing.assert_array_equal(part("rate"), spikes.sum(axis=0) / length)
        np.testing.assert_array_equal(part("membrane"), potentials.sum(axis=0) / length)
        means = [
            potentials[window == w].sum(axis=0) / max((window == w).sum(), 1) for w in range(3)
        ]
        np.testing.assert_array_equal(part("potentials"), np.ravel(means))
        np.testing.assert_array_equal(part("last_mem"), potentials[-1])
        np.testing.assert_array_equal(part("last_spk"), spikes[-1])
        decays = np.exp(-np.arange(length - 1, -1, -1) / 4.0)
        np.testing.assert_allclose(part("trace"), decays @ spikes, atol=1e-5)


@pytest.mark.parametrize("radius", [0.5, 0.9, 1.5])
@pytest.mark.parametrize("topology", ["erdos_renyi", "small_world", "scale_free"])
def test_engines_agree_to_the_bit_on_speech(vowels, radius, topology):
    X = as_sequences(vowels[0][:60])
    liquid = draw_liquid(12, 200, spectral_radius=radius, topology=topology, seed=0)
    oracle = features(liquid, X, "numpy")
    assert 0.05 < oracle[:, :200].mean() < 0.6
    np.testing.assert_array_equal(features(liquid, X, "mlx", batch_size=23), oracle)
    for n_jobs in (1, 2, 3):
        got = features(liquid, X, "numba", n_jobs=n_jobs, batch_size=23)
        np.testing.assert_array_equal(got, oracle)


@pytest.mark.skipif(shutil.which("g++") is None, reason="MLX compiles for a CPU with g++")
def test_compiled_mlx_step_gives_the_same_bits(vowels, monkeypatch):
    import mlx.core as mx

    from skliquid.engines import _mlx

    monkeypatch.setattr(_mlx, "_compiled", mx.compile)
    X = as_sequences(vowels[0][:20])
    liquid = draw_liquid(12, 100, spectral_radius=1.5, seed=0)
    np.testing.assert_array_equal(features(liquid, X, "mlx"), features(liquid, X, "numpy"))


@pytest.mark.parametrize("engine", ENGINES)
def test_one_alone_in_a_batch_and_reversed(vowels, engine):
    X = as_sequences(vowels[0][:100])
    liquid = draw_liquid(12, 150, spectral_radius=1.5, seed=0)
    together = features(liquid, X, engine)
    backwards = features(liquid, X.take(np.arange(100)[::-1]), engine)
    np.testing.assert_array_equal(together, backwards[::-1])
    for i in (0, 41, 99):
        np.testing.assert_array_equal(features(liquid, X.take([i]), engine)[0], together[i])


@pytest.mark.parametrize("name", POOLINGS)
@pytest.mark.parametrize("engine", ENGINES)
def test_each_pooling_alone_is_its_part_of_all(name, engine, ragged):
    liquid = draw_liquid(3, 20, connectivity=0.3, seed=0)
    plan = make_plan(name, 3, 4.0)
    chosen = [feature.startswith(name) for feature in PLAN.feature_names(20)]
    alone = features(liquid, ragged, engine, plan)
    np.testing.assert_array_equal(alone, features(liquid, ragged, engine)[:, chosen])


@pytest.mark.parametrize("engine", ENGINES)
def test_extreme_input_saturates_and_stays_finite(engine):
    X = as_sequences([np.array([[1e30], [-1e30], [3e38], [0.0]]), np.array([[512.0]] * 4)])
    liquid = draw_liquid(1, 20, connectivity=0.3, input_scaling=1e6, seed=0)
    got = features(liquid, X, engine)
    assert np.isfinite(got).all()
    np.testing.assert_array_equal(got, features(liquid, X, "numpy"))


@pytest.mark.parametrize("engine", ENGINES)
def test_potentials_far_out_are_clipped_alike(engine):
    X = as_sequences([np.full((3000, 1), 512.0)])
    liquid = draw_liquid(1, 20, connectivity=0.3, input_scaling=1e6, beta=0.99, seed=0)
    plan = make_plan(("membrane", "rate"), 1, 1.0)
    got = features(liquid, X, engine, plan)
    np.testing.assert_array_equal(got, features(liquid, X, "numpy", plan))
    assert np.abs(got).max() <= 2.0**15


@pytest.mark.parametrize("engine", ENGINES)
def test_sparse_and_dense_recurrence(engine, ragged):
    thin = draw_liquid(3, 400, connectivity=0.01, spectral_radius=1.5, seed=0)
    assert thin.density < 0.02
    np.testing.assert_array_equal(
        features(thin, ragged, engine), features(thin, ragged, "numpy", batch_size=1)
    )


def test_spike_trains(ragged):
    liquid = draw_liquid(3, 20, connectivity=0.3, seed=0)
    trains = list(spike_trains(liquid, ragged))
    rate = features(liquid, ragged, "numpy", make_plan("rate", 1, 1.0))
    for train, frames, row in zip(trains, ragged, rate, strict=True):
        assert train.shape == (len(frames), 20)
        assert train.dtype == bool
        np.testing.assert_array_equal(train.mean(axis=0), row)


def test_batches_hold_every_sequence_once_longest_first(ragged):
    liquid = draw_liquid(3, 20, connectivity=0.3, seed=0)
    parts = Runner(liquid, PLAN, "numpy").batches(ragged, 3)
    order = np.concatenate(parts)
    assert [len(part) for part in parts] == [3, 3, 1]
    assert sorted(order) == list(range(7))
    assert (np.diff(ragged.lengths[order]) <= 0).all()


@pytest.mark.parametrize(
    ("system", "machine", "installed", "expected"),
    [
        ("Darwin", "arm64", [], "mlx"),
        ("Darwin", "x86_64", [], "numba"),
        ("Linux", "x86_64", ["mlx", "mlx-cpu"], "numba"),
        ("Linux", "x86_64", ["mlx", "mlx-cuda-13"], "mlx"),
    ],
)
def test_auto_engine(monkeypatch, system, machine, installed, expected):
    class Distribution:
        def __init__(self, name):
            self.name = name

    monkeypatch.setattr(engines.platform, "system", lambda: system)
    monkeypatch.setattr(engines.platform, "machine", lambda: machine)
    monkeypatch.setattr(
        engines.metadata, "distributions", lambda: [Distribution(name) for name in installed]
    )
    engines._mlx_has_gpu.cache_clear()
    assert resolve_engine("auto") == expected
    engines._mlx_has_gpu.cache_clear()
    assert resolve_engine("numpy") == "numpy"


def test_unknown_engine():
    with pytest.raises(ValueError, match="engine must be one of .*'auto'.* got 'cuda'"):
        resolve_engine("cuda")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("spikes", 1, 1.0), "pooling must be .* got 'spikes'"),
        ((["rate", "rate"], 1, 1.0), "pooling must be .* got"),
        (([], 1, 1.0), "pooling must be .* got"),
        (("rate", 0, 1.0), "n_windows must be .* got 0"),
        (("rate", 1, 0.0), "tau_trace must be .* got 0"),
    ],
)
def test_bad_plan(arguments, error):
    with pytest.raises(ValueError, match=error):
        make_plan(*arguments)
