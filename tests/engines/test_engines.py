"""Engines against the equations written out in integers, against each other and themselves."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from itertools import groupby

import numpy as np
import pytest

from skliquid import LiquidTransformer, engines
from skliquid.engines import ENGINES, Runner, record, resolve_engine
from skliquid.pooling import POOLINGS, make_plan
from skliquid.reservoirs import draw_liquid
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
    n = liquid.n_neurons
    W = [[Fraction(float(w)) for w in row] for row in liquid.recurrent_weights]
    bias, threshold, adaptation = map(
        fractions, (liquid.bias, liquid.threshold, liquid.adaptation)
    )
    mem, raised, spk, rest = [Fraction(0)] * n, [Fraction(0)] * n, [0] * n, [0] * n
    x, trains, potentials = [], [], []
    for t, frame in enumerate(frames):
        x.append(exact_input(liquid, frame))
        before = spk.copy()
        for i in range(n):
            drive = bias[i]
            for k in range(liquid.tap_offsets[i], liquid.tap_offsets[i + 1]):
                channel, delay = liquid.tap_channels[k], liquid.tap_delays[k]
                if delay <= t:
                    drive += Fraction(float(liquid.tap_weights[k])) * x[t - delay][channel]
            echo = sum(w for w, s in zip(W[i], before, strict=True) if s)
            kept = decayed(mem[i], liquid.beta[i])
            v = float32(kept + float32(float32(on_unit_grid(drive)) + echo))
            spk[i] = int(v > float32(threshold[i] + raised[i]) and rest[i] == 0)
            mem[i] = float32(v - threshold[i] * spk[i])
            fallen = decayed(raised[i], liquid.adaptation_beta[i])
            raised[i] = float32(fallen + adaptation[i] * spk[i])
            rest[i] = int(liquid.refractory[i]) if spk[i] else max(rest[i] - 1, 0)
        trains.append(spk.copy())
        potentials.append([float(m) for m in mem])
    return np.array(trains), np.array(potentials)


def exact_input(liquid, frame):
    x = []
    for value, offset, gain in zip(frame, liquid.input_offset, liquid.input_gain, strict=True):
        centred = float32(Fraction(float(value)) - Fraction(float(offset)))
        scaled = float32(centred * Fraction(float(gain)))
        x.append(Fraction(rint(max(min(scaled, 512), -512) * 2**14), 2**14))
    return x


def on_unit_grid(value):
    return rint(value * 2**20) * Fraction(1, 2**20)


def decayed(value, beta):
    return on_unit_grid(float32(Fraction(float(beta)) * value))


def fractions(values):
    return [Fraction(float(value)) for value in values]


@pytest.fixture(scope="module")
def ragged():
    rng = np.random.default_rng(0)
    return as_sequences([2 * rng.normal(size=(t, 3)) for t in (1, 30, 2, 17, 30, 8, 5)])


DELAYED = {"n_delays": 4, "max_delay": 12, "max_channels": 2, "input_scaling": 2.0}
TIRED = {"adaptation": 0.3, "tau_adaptation": 3.0, "refractory": 2}
EVERYTHING = {
    **{**DELAYED, **TIRED, "refractory": 1, "beta": (0.2, 0.95), "ei_balance": 1.0},
    **{"spectral_radius": 1.5, "recurrent_fraction": 0.5},
    "derivative_gain": np.array([0.5, 2.0, 1.0]),
}


@pytest.mark.parametrize(
    "parameters",
    [
        *({"spectral_radius": radius} for radius in (0.0, 0.9, 2.0)),
        *(DELAYED, TIRED, {"adaptation": 0.2}, {"refractory": 3}, EVERYTHING),
        EVERYTHING | {"topology": np.zeros((25, 25))},
    ],
    ids=lambda parameters: "-".join(parameters)[:40],
)
def test_engines_against_rational_arithmetic(parameters, ragged):
    liquid = draw_liquid(
        3,
        25,
        **{"connectivity": 0.3, "beta": 0.83, "threshold": 0.7, "seed": 1} | parameters,
        input_offset=np.array([0.1, -0.3, 0.0]),
        input_gain=np.array([1.3, 0.7, 1.0]),
    )
    bias = np.random.default_rng(2).integers(-(2**18), 2**18, size=25) / 2**20
    liquid = replace(liquid, taps=replace(liquid.taps, bias=bias.astype(np.float32)))
    got = [features(liquid, ragged, engine) for engine in ENGINES]
    for frames, *rows in zip(ragged, *got, strict=True):
        spikes, potentials = exact_spikes(liquid, frames)
        assert 0 < spikes.sum() < spikes.size or len(frames) < 3
        for row in rows:
            assert_pooled(row, spikes, potentials)


def assert_pooled(row, spikes, potentials):
    """Compare features with what the plan asks for, written out."""
    names, length = PLAN.feature_names(spikes.shape[1]), len(spikes)

    def part(prefix):
        return row[[name.startswith(prefix) for name in names]]

    window = np.arange(length) * 3 // length
    counts = np.array([spikes[window == w].sum(axis=0) for w in range(3)])
    np.testing.assert_array_equal(part("counts"), counts.ravel())
    np.testing.assert_array_equal(part("rate"), spikes.sum(axis=0) / length)
    bursts = [[len(list(run)) for s, run in groupby(train) if s] for train in spikes.T]
    np.testing.assert_array_equal(part("bursts"), [len(runs) for runs in bursts])
    longest = [max(runs, default=0) for runs in bursts]
    np.testing.assert_array_equal(part("longest_burst"), longest)
    first = [[*np.flatnonzero(train), length][0] / length for train in spikes.T]
    np.testing.assert_array_equal(part("first_spike"), first)
    n_groups = -(-len(potentials[0]) // 8)
    for name, most in (("wins", max), ("losses", min)):
        is_most = [
            [v == most(frame[i % n_groups :: n_groups]) for i, v in enumerate(frame)]
            for frame in potentials
        ]
        np.testing.assert_array_equal(part(name), np.sum(is_most, axis=0))
    changes = np.abs(np.diff(potentials, axis=0)).sum(axis=0)
    np.testing.assert_array_equal(part("line_length"), changes / length)
    rectified = np.where(potentials > 0, potentials, 0).sum(axis=0) / length
    np.testing.assert_array_equal(part("rectified"), rectified)
    np.testing.assert_array_equal(part("membrane"), potentials.sum(axis=0) / length)
    means = [potentials[window == w].sum(axis=0) / max((window == w).sum(), 1) for w in range(3)]
    np.testing.assert_array_equal(part("potentials"), np.ravel(means))
    np.testing.assert_array_equal(part("last_mem"), potentials[-1])
    np.testing.assert_array_equal(part("last_spk"), spikes[-1])
    decays = np.exp(-np.arange(length - 1, -1, -1) / 4.0)
    np.testing.assert_allclose(part("trace"), decays @ spikes, atol=1e-5)


@pytest.mark.parametrize("radius", [0.5, 0.9, 1.5])
@pytest.mark.parametrize("topology", ["erdos_renyi", "small_world", "scale_free", "spatial"])
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


@pytest.mark.parametrize("n", [1, 64, 150])
@pytest.mark.parametrize("max_delay", [0, 40, 300])
@pytest.mark.filterwarnings("ignore:The graph drawn")
def test_lengths_around_a_stretch_of_taps(n, max_delay):
    """The Numba engine takes 64 steps of input at a time."""
    lengths = (1, 2, 63, 64, 65, 127, 128, 129, 193, 5, 64)
    rng = np.random.default_rng(0)
    X = as_sequences([3 * rng.normal(size=(t, 3)).cumsum(axis=0) / t**0.5 for t in lengths])
    parameters = {**EVERYTHING, "connectivity": 0.1, "max_delay": max_delay, "seed": 0}
    liquid = draw_liquid(3, n, **parameters)
    oracle = features(liquid, X, "numpy")
    assert oracle[:, :n].max() > 0.05
    np.testing.assert_array_equal(features(liquid, X, "mlx"), oracle)
    np.testing.assert_array_equal(features(liquid, X, "numba", batch_size=4), oracle)
    for i in (0, 3, 8):
        alone = features(liquid, X.take([i]), "numba")
        np.testing.assert_array_equal(alone[0], oracle[i])


def test_derivative_taps_alone_and_missing_channels():
    """Delays without a stretch, and fewer taps than channels without any delay."""
    X = as_sequences(np.random.default_rng(0).normal(size=(5, 70, 4)))
    for parameters in (
        {"derivative_gain": np.ones(4)},
        {"derivative_gain": np.ones(4), "max_channels": 1},
        {"max_channels": 2},
    ):
        liquid = draw_liquid(4, 90, input_scaling=3.0, **parameters, seed=0)
        oracle = features(liquid, X, "numpy")
        for engine in ("numba", "mlx"):
            np.testing.assert_array_equal(features(liquid, X, engine), oracle)


@pytest.mark.parametrize("engine", ENGINES)
def test_spike_trains(engine, ragged):
    liquid = draw_liquid(3, 20, connectivity=0.3, seed=0)
    trains = record([liquid], [ragged], engine, 2).spikes()
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
        ("Darwin", "arm64", ["mlx"], "mlx"),
        ("Darwin", "arm64", ["numba"], "numba"),
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


OFF = """
import numpy as np
from skliquid import LSMClassifier
X, y = np.random.default_rng(0).normal(size=(12, 20, 2)), np.array([0, 1] * 6)
for settings in ({"encoder": "delta"}, {"encoder": "bsa"}, {"engine": "numba"}, {}):
    lsm = LSMClassifier(20, n_jobs=2, random_state=0, **settings)
    print(lsm.fit(X, y).decision_function(X).tobytes().hex())
lsm.partial_fit(X[:7], y[:7]).partial_fit(X[7:], y[7:])
print(lsm.decision_function(X).tobytes().hex())
print(lsm.open_stream().push(X[0]).decision_function().tobytes().hex())
"""


def test_without_numba_s_compiler_numpy_runs_and_says_so():
    on, off = (
        subprocess.run(
            [sys.executable, "-W", "always", "-c", OFF],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"NUMBA_DISABLE_JIT": setting},
        )
        for setting in ("0", "1")
    )
    assert len(on.stdout.split()) == 6
    assert off.stdout == on.stdout
    assert "NUMBA_DISABLE_JIT" not in on.stderr
    for line in (7, 8, 9, 10):
        assert f"<string>:{line}: UserWarning: NUMBA_DISABLE_JIT is set" in off.stderr


@pytest.mark.parametrize("n_jobs", [0, 1.5, "2", True])
def test_what_is_no_number_of_threads(n_jobs):
    X = np.random.default_rng(0).normal(size=(3, 5, 1))
    with pytest.raises(ValueError, match="'n_jobs'|n_jobs must be None"):
        LiquidTransformer(20, n_jobs=n_jobs).fit(X)
    fitted = LiquidTransformer(20, random_state=0, target_rate=None).fit(X)
    with pytest.raises(ValueError, match="n_jobs must be None, a positive number of threads"):
        fitted.set_params(n_jobs=n_jobs).transform(X)


@pytest.mark.parametrize("batch_size", [0, -1, 1.5])
def test_what_is_no_size_of_a_batch(batch_size):
    X = np.random.default_rng(0).normal(size=(3, 5, 1))
    fitted = LiquidTransformer(20, random_state=0, target_rate=None).fit(X)
    with pytest.raises((ValueError, TypeError), match="batch_size must be an integer >= 1"):
        fitted.set_params(batch_size=batch_size).transform(X)
