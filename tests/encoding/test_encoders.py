"""Encoders, against their definitions written out as loops."""

import hashlib
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator

from skliquid import LiquidTransformer, LSMClassifier
from skliquid.encoding import (
    ENCODERS,
    BSAEncoder,
    CompressionEncoder,
    CurrentEncoder,
    DeltaEncoder,
    LatencyEncoder,
    PopulationEncoder,
    RateEncoder,
)
from skliquid.sequences import as_sequences

SETTINGS = [
    CurrentEncoder(),
    CurrentEncoder(derivative=True),
    CompressionEncoder(),
    CompressionEncoder(knee=0.5),
    PopulationEncoder(),
    PopulationEncoder(3, width=1.3),
    DeltaEncoder(),
    DeltaEncoder(0.07, start="first"),
    LatencyEncoder(),
    LatencyEncoder(n_steps=1),
    RateEncoder(random_state=3),
    RateEncoder(4, max_rate=0.3, random_state=3),
    BSAEncoder(),
    BSAEncoder(6, cutoff=0.4, threshold=0.5),
]
each_setting = pytest.mark.parametrize("encoder", SETTINGS, ids=str)


def drawn(lengths, seed=0):
    """Random walks in three channels of different scales and offsets."""
    rng = np.random.default_rng(seed)
    return [
        np.cumsum(rng.normal(size=(length, 3)), axis=0) * [1, 10, 0.1] + [5, 0, -3]
        for length in lengths
    ]


@pytest.fixture(scope="module")
def ragged():
    return drawn([1, 2, 7, 30, 64, 65, 3])


@pytest.fixture(scope="module")
def unseen():
    """Sequences that leave the training range, and one that stays at its edges."""
    return [2.0 * x for x in drawn([5, 40, 1, 17], seed=1)]


def single(X):
    return [np.asarray(x, dtype=np.float32).astype(float) for x in X]


def ranges(X):
    frames = np.concatenate(single(X))
    return frames.min(axis=0), frames.max(axis=0)


def outputs(result):
    return [np.asarray(part) for part in result]


def assert_same(one, other):
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


# The definitions.


def test_current_is_the_identity(ragged, unseen):
    encoder = CurrentEncoder().fit(ragged)
    assert_same(encoder.transform(unseen), single(unseen))
    x = np.ones((1, 3, 2), dtype=np.float32)
    assert not np.shares_memory(CurrentEncoder().fit_transform(x), x)


def test_derivative_against_differences(ragged, unseen):
    codes = CurrentEncoder(derivative=True).fit(ragged).transform(unseen)
    for x, code in zip(single(unseen), codes, strict=True):
        difference = np.diff(x, axis=0, prepend=x[:1])
        np.testing.assert_allclose(code, np.hstack([x, difference]), rtol=1e-6, atol=1e-6)


def test_derivative_stays_finite():
    x = np.array([[[-3e38], [3e38], [-3e38]]])
    code = CurrentEncoder(derivative=True).fit_transform(x)
    largest = float(np.finfo(np.float32).max)
    assert code[0, :, 1].tolist() == [0.0, largest, -largest]


def middle(values):
    """The median, of an even number the lower of the two in the middle."""
    return np.quantile(values, 0.5, axis=0, method="lower")


@pytest.mark.parametrize("knee", [0.1, 5.0])
@pytest.mark.parametrize("n", [6, 7])
def test_compression_against_the_formula(ragged, unseen, knee, n):
    X = ragged[:n]
    frames = np.concatenate(single(X))
    c = middle(frames)
    s = 1.4826 * middle(np.abs(frames - c))
    encoder = CompressionEncoder(knee=knee).fit(X)
    np.testing.assert_array_equal(encoder.center_, c)
    np.testing.assert_allclose(encoder.scale_, s, rtol=1e-12)
    for x, code in zip(single(unseen), encoder.transform(unseen), strict=True):
        expected = c + knee * s * np.arcsinh((x - c) / (knee * s))
        np.testing.assert_allclose(code, expected, rtol=1e-6)
        assert np.abs(code - x).max() > 0.1 * s.min()


def test_compression_is_linear_near_the_centre_and_logarithmic_far_from_it():
    encoder = CompressionEncoder(knee=4.0).fit([[[-2.0], [-1.0], [0.0], [1.0], [2.0]]])
    k = 4 * 1.4826  # where one goes over into the other

    def compressed(x):
        return encoder.transform(np.reshape(x, (1, -1, 1)))[0, :, 0]

    near = np.linspace(-0.05, 0.05, 21) * k
    np.testing.assert_allclose(compressed(near), near, rtol=1e-3, atol=1e-12)
    decades = compressed(k * 10.0 ** np.arange(1, 12))
    np.testing.assert_allclose(np.diff(decades), k * np.log(10), rtol=2e-3)
    both = k * np.logspace(-6, 12, 200)
    np.testing.assert_array_equal(compressed(-both), -compressed(both))
    assert (np.diff(compressed(both)) > 0).all()


def test_compression_with_a_far_knee_is_the_identity(ragged, unseen):
    codes = CompressionEncoder(knee=1e6).fit(ragged).transform(unseen)
    for x, code in zip(single(unseen), codes, strict=True):
        np.testing.assert_allclose(code, x, rtol=1e-6)


def test_scale_of_a_channel_that_mostly_rests():
    """The median deviation is zero: its place takes the root mean square from the median."""
    x = np.array([7.0] * 6 + [8.0, 3.0, 7.5, 1e4])
    encoder = CompressionEncoder().fit(x[None, :, None])
    np.testing.assert_array_equal(encoder.center_, 7.0)
    np.testing.assert_allclose(encoder.scale_, np.sqrt(np.mean((x - 7.0) ** 2)), rtol=1e-6)
    assert encoder.transform(x[None, :, None])[0, :6].ravel().tolist() == [7.0] * 6


@pytest.mark.parametrize("constant", [0.0, 0.1, -1e6, 1e30])
def test_compression_hands_a_constant_channel_on_unchanged(ragged, constant):
    X = [np.hstack([x, np.full((len(x), 1), constant)]) for x in ragged]
    encoder = CompressionEncoder().fit(X)
    assert encoder.scale_[3] == 0
    new = np.random.default_rng(0).normal(size=(2, 20, 4))
    np.testing.assert_array_equal(encoder.transform(new)[:, :, 3], new[:, :, 3].astype("f4"))


@pytest.mark.parametrize(
    "x",
    [
        np.array([-3.4e38, -1.0, 0.0, 1.0, 3.4e38]),
        np.array([-3.4e38, -3.4e38, 0.0, 3.4e38, 3.4e38]),
        np.array([-3.4e38, -3.4e38, -3.4e38, 3.4e38, 3.4e38]),
        np.array([-1e-30, 0.0, 0.0, 0.0, 1e-30]),
        np.array([-3e-30, -1e-30, 0.0, 1e-30, 3.4e38]),
    ],
)
@pytest.mark.parametrize("knee", [2.0**-20, 5.0, 1e6])
def test_compression_of_extreme_values_is_finite_and_in_order(x, knee):
    code = CompressionEncoder(knee=knee).fit_transform(x[None, :, None].astype(np.float32))
    code = code[0, :, 0].astype(np.float64)
    assert np.isfinite(code).all()
    assert (np.diff(code) >= 0).all()
    assert code[-1] > code[0]


def test_weights_are_repetitions_to_compression(ragged):
    ragged = [np.hstack([x, x[:, :1] * (np.abs(x[:, :1]) > 8)]) for x in ragged]
    weight = [0, 1, 2, 3, 0, 1, 1]
    repeated = [x for x, w in zip(ragged, weight, strict=True) for _ in range(w)]
    one = CompressionEncoder().fit(ragged, sample_weight=weight)
    other = CompressionEncoder().fit(repeated)
    np.testing.assert_array_equal(one.center_, other.center_)
    np.testing.assert_array_equal(one.scale_, other.scale_)
    assert (one.scale_ > 0).all()
    assert (one.scale_ != CompressionEncoder().fit(ragged).scale_).all()


def test_compression_of_many_frames_is_that_of_each():
    X = np.random.default_rng(0).normal(size=(7, 20_000, 1)) ** 5
    encoder = CompressionEncoder().fit(X)
    whole = encoder.transform(X)
    np.testing.assert_array_equal(np.concatenate([encoder.transform(x[None]) for x in X]), whole)


def test_compression_lets_faint_series_be_heard():
    """Rising or falling saw-teeth whose amplitudes span six decades."""
    wrong = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        y = np.arange(600) % 2
        phase, strength = rng.uniform(size=(600, 1)), 10 ** rng.uniform(-4, 2, size=(600, 1))
        rising = 2 * ((np.arange(60) / 12 + phase) % 1) - 1
        X = strength * np.where(y[:, np.newaxis] == 1, rising, -rising)
        for encoder in ("compression", None):
            lsm = LSMClassifier(200, encoder=encoder, random_state=seed)
            wrong.append(1 - lsm.fit(X[:300], y[:300]).score(X[300:], y[300:]))
    compressed, plain = np.reshape(wrong, (3, 2)).mean(axis=0)
    assert compressed < 0.05
    assert plain > 2 * compressed


@pytest.mark.parametrize(("m", "width"), [(8, 2 / 3), (3, 0.2), (20, 2.0)])
def test_population_against_bohte(ragged, unseen, m, width):
    low, high = ranges(ragged)
    codes = PopulationEncoder(m, width=width).fit(ragged).transform(unseen)
    for x, code in zip(single(unseen), codes, strict=True):
        assert code.shape == (len(x), 3 * m)
        for c in range(3):
            for i in range(1, m + 1):
                spacing = (high[c] - low[c]) / (m - 2)
                centre = low[c] + (2 * i - 3) / 2 * spacing
                answer = np.exp(-((x[:, c] - centre) ** 2) / (2 * (width * spacing) ** 2))
                np.testing.assert_allclose(code[:, c * m + i - 1], answer, atol=1e-7)


def naive_delta(x, reference, threshold):
    events = []
    for value in x:
        on = off = 0
        while (value - reference) / threshold >= 1:
            reference, on = reference + threshold, on + 1
        while (value - reference) / threshold <= -1:
            reference, off = reference - threshold, off + 1
        events.append((on, off))
    return np.array(events)


@pytest.mark.parametrize("start", ["mean", "first"])
@pytest.mark.parametrize("threshold", [0.05, 0.5, 3.0])
def test_delta_against_a_loop(ragged, unseen, threshold, start):
    frames = np.concatenate(ragged)
    mean, std = frames.mean(axis=0), frames.std(axis=0)
    encoder = DeltaEncoder(threshold, start=start).fit(ragged)
    np.testing.assert_allclose(encoder.mean_, mean, rtol=1e-6)
    np.testing.assert_allclose(encoder.threshold_, threshold * std, rtol=1e-6)
    codes = encoder.transform(unseen)
    for x, code in zip(single(unseen), codes, strict=True):
        for c in range(3):
            reference = x[0, c] if start == "first" else encoder.mean_[c]
            expected = naive_delta(x[:, c], reference, encoder.threshold_[c])
            np.testing.assert_array_equal(code[:, 2 * c : 2 * c + 2], expected)


def test_delta_gives_the_signal_back_within_a_threshold(ragged, unseen):
    for start in ("mean", "first"):
        encoder = DeltaEncoder(0.3, start=start).fit(ragged)
        for x, code in zip(single(unseen), encoder.transform(unseen), strict=True):
            steps = np.cumsum(code[:, 0::2] - code[:, 1::2], axis=0)
            origin = x[0] if start == "first" else encoder.mean_
            error = np.abs(origin + steps * encoder.threshold_ - x)
            assert (error <= encoder.threshold_ * (1 + 1e-9)).all()
            assert start == "mean" or not code[0].any()


def test_delta_counts_are_limited():
    encoder = DeltaEncoder(1.0).fit([[[-1.0], [1.0]]])
    code = encoder.transform([[[0.0], [3e38], [-3e38]]])
    assert code.tolist() == [[[0.0, 0.0], [2.0**24, 0.0], [0.0, 2.0**24]]]


@pytest.mark.parametrize("n_steps", [1, 3, 10])
def test_latency_against_a_loop(ragged, unseen, n_steps):
    low, high = ranges(ragged)
    codes = LatencyEncoder(n_steps).fit(ragged).transform(unseen)
    for x, code in zip(single(unseen), codes, strict=True):
        expected = np.zeros((len(x), n_steps, 3))
        for t in range(len(x)):
            for c in range(3):
                u = (x[t, c] - low[c]) / (high[c] - low[c])
                if u >= 0:
                    k = 0 if u > 1 else min(int((1 - u) * n_steps), n_steps - 1)
                    expected[t, k, c] = 1
        np.testing.assert_array_equal(code, expected.reshape(-1, 3))


def test_latency_gives_the_value_back_within_a_step(ragged):
    low, high = ranges(ragged)
    codes = LatencyEncoder(10).fit_transform(ragged)
    for x, code in zip(single(ragged), codes, strict=True):
        spikes = code.reshape(len(x), 10, 3)
        assert (spikes.sum(axis=1) == 1).all()
        u = 1 - (spikes.argmax(axis=1) + 0.5) / 10
        assert (np.abs(low + u * (high - low) - x) <= 0.05001 * (high - low)).all()


def test_rate_against_numpys_generator(ragged, unseen):
    low, high = ranges(ragged)
    encoder = RateEncoder(4, max_rate=0.7, random_state=11).fit(ragged)
    assert encoder.seed_ == 11
    for x, code in zip(single(unseen), encoder.transform(unseen), strict=True):
        content = x.astype("<f4").tobytes()
        digest = hashlib.blake2b(content, digest_size=16, key=bytes([11] + [0] * 7)).digest()
        philox = np.random.Philox(key=int.from_bytes(digest, "little"))
        draws = np.random.Generator(philox).random((len(x), 4, 3))
        p = 0.7 * np.clip((x - low) / (high - low), 0, 1)
        np.testing.assert_array_equal(code, (draws < p[:, None]).reshape(-1, 3))


def test_rate_is_binomial():
    levels = np.linspace(-0.5, 1.5, 9)
    encoder = RateEncoder(20000, max_rate=0.8, random_state=0).fit([[[0.0], [1.0]]])
    rates = encoder.transform(levels[None, :, None]).reshape(9, 20000).mean(axis=1)
    p = 0.8 * np.clip(levels, 0, 1)
    assert (np.abs(rates - p) <= 5 * np.sqrt(p * (1 - p) / 20000)).all()
    steps = encoder.transform([[[0.5]]]).ravel() - 0.4
    assert abs(np.mean(steps[1:] * steps[:-1])) < 5 * 0.24 / np.sqrt(20000)


def test_rate_is_the_same_on_every_machine():
    encoder = RateEncoder(24, random_state=0).fit([[[0.0], [1.0]]])
    code = encoder.transform([[[0.5]]]).ravel().astype(int)
    assert "".join(map(str, code)) == "000010011100000011011000"


def test_equal_values_have_equal_spikes():
    encoder = RateEncoder(50, random_state=0).fit([[[-1.0], [1.0]]])
    np.testing.assert_array_equal(encoder.transform([[[0.0]]]), encoder.transform([[[-0.0]]]))
    other = encoder.transform([[[1e-7]]])
    assert (other != encoder.transform([[[0.0]]])).any()


def test_random_state(ragged):
    def code(state):
        return np.concatenate(RateEncoder(random_state=state).fit_transform(ragged))

    np.testing.assert_array_equal(code(3), code(3))
    assert (code(3) != code(4)).any()
    state = np.random.RandomState(0)
    assert (code(state) != code(state)).any()
    assert (code(None) != code(None)).any()
    encoder = RateEncoder().fit(ragged)
    assert_same(encoder.transform(ragged), encoder.transform(ragged))


def naive_bsa(u, h, threshold):
    """Figure 2 of Schrauwen and Van Campenhout, the last value held."""
    u, spikes = [*u, *[u[-1]] * (len(h) - 1)], []
    for t in range(len(u) - len(h) + 1):
        error1 = sum(abs(u[t + j] - h[j]) for j in range(len(h)))
        error2 = sum(abs(u[t + j]) for j in range(len(h)))
        spikes.append(error1 <= error2 - threshold)
        if spikes[-1]:
            for j in range(len(h)):
                u[t + j] -= h[j]
    return np.array(spikes)


@pytest.mark.parametrize(
    "parameters",
    [{}, {"n_taps": 1}, {"n_taps": 4, "threshold": 0.25}, {"n_taps": 31, "cutoff": 0.3}],
)
def test_bsa_against_a_loop(ragged, unseen, parameters):
    low, high = ranges(ragged)
    encoder = BSAEncoder(**parameters).fit(ragged)
    n_spikes = 0
    for x, code in zip(single(unseen), encoder.transform(unseen), strict=True):
        u = np.ldexp(np.rint(np.ldexp(np.clip((x - low) / (high - low), 0, 1), 20)), -20)
        for c in range(3):
            expected = naive_bsa(u[:, c].tolist(), encoder.kernel_.tolist(), encoder.threshold)
            np.testing.assert_array_equal(code[:, c], expected)
            n_spikes += expected.sum()
    assert n_spikes > 20


def test_bsa_kernel_is_firwins():
    signal = pytest.importorskip("scipy.signal")
    encoder = BSAEncoder(21, cutoff=0.25).fit([[[0.0], [1.0]]])
    np.testing.assert_allclose(encoder.kernel_, signal.firwin(21, 0.25), atol=2.0**-21)
    assert (encoder.kernel_ * 2**20 % 1 == 0).all()  # so that sums are exact


@pytest.mark.parametrize("period", [60, 100, 200])
def test_bsa_gives_a_smooth_signal_back(period):
    t = np.arange(1000)
    wave = 3 + 2 * np.sin(2 * np.pi * t / period) + np.sin(3.3 * np.pi * t / period + 1)
    encoder = BSAEncoder()
    spikes = encoder.fit_transform(wave[None, :, None])[0, :, 0]
    u = (wave - wave.min()) / np.ptp(wave)
    error = (np.convolve(spikes, encoder.kernel_)[:1000] - u)[15:]
    assert np.sqrt(np.mean(error**2)) < 0.04
    # A constant would be this wrong.
    assert u.std() > 0.2


# What holds for all of them.


@each_setting
def test_code_depends_neither_on_the_batch_nor_on_the_order(encoder, ragged, unseen):
    encoder = clone(encoder).fit(ragged)
    X = [*ragged, *unseen]
    together = encoder.transform(X)
    assert_same(encoder.transform(X[::-1])[::-1], together)
    assert_same([encoder.transform([x])[0] for x in X], together)
    assert_same(encoder.transform(X[3:5]), together[3:5])
    equal = np.stack(drawn([33] * 9, seed=2))
    codes = encoder.transform(equal)
    assert_same(encoder.transform(list(equal)), outputs(codes))
    assert_same(encoder.transform(equal[4:6]), outputs(codes[4:6]))


@each_setting
def test_forms_of_the_output(encoder, ragged):
    encoder = clone(encoder)
    X = np.stack(drawn([20, 20, 20]))
    codes = encoder.fit_transform(X)
    assert codes.shape == (3, 20 * encoder.n_steps, encoder.n_channels_out_)
    parts = encoder.transform(list(X))
    assert isinstance(parts, list)
    assert_same(parts, outputs(codes))
    assert_same(encoder.transform(as_sequences(X)), outputs(codes))
    padded = np.full((7, 65, 3), np.nan)
    for i, x in enumerate(ragged):
        padded[i, : len(x)] = x
    codes = encoder.transform(padded)
    assert codes.shape == (7, 65 * encoder.n_steps, encoder.n_channels_out_)
    for code, part in zip(codes, encoder.transform(ragged), strict=True):
        np.testing.assert_array_equal(code[: len(part)], part)
        assert np.isnan(code[len(part) :]).all()
    # What comes out can go in again.
    assert as_sequences(codes).lengths.tolist() == [len(x) * encoder.n_steps for x in ragged]


@each_setting
def test_table_is_series_of_one_channel(encoder):
    encoder = clone(encoder)
    X = np.stack(drawn([20, 20, 20]))[:, :, 0]
    codes = encoder.fit_transform(X)
    assert codes.ndim == 3
    assert_same(outputs(codes), outputs(clone(encoder).fit_transform(X[:, :, None])))
    names = encoder.get_feature_names_out()
    assert len(names) == len(set(names)) == codes.shape[1]
    with pytest.raises(ValueError, match="X has 19 features, but .* expecting 20"):
        encoder.transform(X[:, :19])
    frame = pd.DataFrame(X, columns=[f"t{i}" for i in range(20)])
    codes_of_frame = encoder.fit_transform(frame)
    assert_same(outputs(codes_of_frame), outputs(codes))
    assert encoder.get_feature_names_out()[0].startswith("t0")


@each_setting
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype(encoder, ragged, dtype):
    X = [x.astype(dtype) for x in ragged]
    assert {code.dtype for code in clone(encoder).fit_transform(X)} == {np.dtype(dtype)}


@each_setting
def test_internal_form(encoder, ragged):
    encoded = clone(encoder).fit(ragged)._encode(as_sequences(ragged))
    assert encoded.frames.dtype == np.float32
    assert encoded.frames.flags.c_contiguous
    assert encoded.dtype == np.float64
    assert encoded.offsets[-1] == len(encoded.frames)


def test_names_of_channels(ragged):
    def names(encoder, features=None):
        return encoder.fit(ragged).get_feature_names_out(features).tolist()

    abc = ["a", "b", "c"]
    assert names(CurrentEncoder()) == names(CompressionEncoder()) == ["x0", "x1", "x2"]
    assert names(CurrentEncoder(derivative=True), abc)[2:4] == ["c", "a_diff"]
    assert names(PopulationEncoder(4), abc)[3:5] == ["a_field3", "b_field0"]
    assert names(DeltaEncoder(), abc)[:3] == ["a_on", "a_off", "b_on"]
    for encoder in SETTINGS:
        encoder = clone(encoder)
        found = names(encoder)
        assert len(found) == len(set(found)) == encoder.n_channels_out_
        with pytest.raises(ValueError, match="length equal to number of features"):
            encoder.get_feature_names_out(["a"])


@each_setting
@pytest.mark.parametrize("constant", [0.0, 0.1, -1e6, 1e30])
def test_constant_channel(encoder, ragged, constant):
    X = [np.hstack([x, np.full((len(x), 1), constant)]) for x in ragged]
    codes = clone(encoder).fit_transform(X)
    assert all(np.isfinite(code).all() for code in codes)
    n_out = codes[0].shape[1] // 4
    if not isinstance(encoder, CurrentEncoder):  # the other channels are as without it
        alone = clone(encoder).fit_transform(ragged)
        if not isinstance(encoder, RateEncoder):  # whose draws belong to the whole sequence
            assert_same([code[:, : 3 * n_out] for code in codes], alone)
        code = np.concatenate(codes)[:, 3 * n_out :]
        frame = code.reshape(-1, encoder.n_steps, n_out)
        assert (frame == frame[0]).all()
        if isinstance(encoder, DeltaEncoder | RateEncoder | BSAEncoder):
            assert not frame.any()
        if isinstance(encoder, LatencyEncoder):
            assert frame[0].ravel().tolist() == [0.0] * (encoder.n_steps - 1) + [1.0]


def test_what_rounding_leaves_of_a_constant_is_no_signal():
    X = np.array([[[1.0]], [[np.nextafter(1, 2, dtype=np.float32)]]], dtype=np.float32)
    codes = PopulationEncoder(8).fit_transform(X)
    np.testing.assert_allclose(codes[0], codes[1], atol=1e-5)
    assert LatencyEncoder(2).fit_transform(X).ravel().tolist() == [0, 1, 0, 1]


@each_setting
def test_values_far_outside_the_training_range(encoder, ragged):
    encoder = clone(encoder).fit(ragged)
    code = encoder.transform(np.array([np.full((20, 3), 3e38), np.full((20, 3), -3e38)]))
    assert np.isfinite(code).all()
    if isinstance(encoder, LatencyEncoder):
        steps = code.reshape(2, 20, encoder.n_steps, 3)
        assert steps[0, :, 0].all()
        assert not steps[1].any()
    if isinstance(encoder, PopulationEncoder):
        assert not code.any()
    if isinstance(encoder, BSAEncoder):
        assert (code[0] != code[1]).any()
        assert not code[1].any()


@each_setting
def test_sequences_of_weight_zero_are_ignored(encoder, ragged, unseen):
    weight = np.r_[np.ones(len(ragged)), np.zeros(len(unseen))]
    with_them = clone(encoder).fit([*ragged, *unseen], sample_weight=weight)
    without = clone(encoder).fit(ragged)
    assert_same(with_them.transform(unseen), without.transform(unseen))
    if not isinstance(encoder, CurrentEncoder):
        every = clone(encoder).fit([*ragged, *unseen])
        differ = zip(every.transform(unseen), without.transform(unseen), strict=True)
        assert any((a != b).any() for a, b in differ)


def test_weights_are_repetitions_to_delta(ragged):
    weight = [0, 1, 2, 3, 0, 1, 1]
    repeated = [x for x, w in zip(ragged, weight, strict=True) for _ in range(w)]
    one = DeltaEncoder().fit(ragged, sample_weight=weight)
    other = DeltaEncoder().fit(repeated)
    np.testing.assert_array_equal(one.threshold_, other.threshold_)
    np.testing.assert_array_equal(one.mean_, other.mean_)


@each_setting
@pytest.mark.parametrize("weight", [[1.0] * 3, [0.0] * 7, [-1.0] * 7])
def test_bad_weights(encoder, ragged, weight):
    with pytest.raises(ValueError, match="(?i)sample.weight"):
        clone(encoder).fit(ragged, sample_weight=weight)


@each_setting
def test_state_is_plain(encoder, ragged):
    encoder = clone(encoder).fit(ragged)
    codes = encoder.transform(ragged)
    assert_same(pickle.loads(pickle.dumps(encoder)).transform(ragged), codes)
    data = skops.io.dumps(encoder)
    untrusted = skops.io.get_untrusted_types(data=data)
    assert all(name.startswith("skliquid.encoding.") for name in untrusted)
    assert_same(skops.io.loads(data, trusted=untrusted).transform(ragged), codes)
    assert_same(clone(encoder).fit(ragged).transform(ragged), codes)


@each_setting
def test_before_fit_and_after_a_misfit(encoder, ragged):
    encoder = clone(encoder)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        encoder.transform(ragged)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        encoder.get_feature_names_out()
    encoder.fit(ragged)
    with pytest.raises(ValueError, match=r"2 channels, but \w+Encoder .* 3 channels"):
        encoder.transform([x[:, :2] for x in ragged])
    with pytest.raises(ValueError, match="sample 1 at time step 1, channel 2"):
        encoder.transform([ragged[0], np.where([[0, 0, 0], [0, 0, 1]], np.nan, ragged[1])])


@pytest.mark.parametrize("Encoder", set(ENCODERS.values()) - {CurrentEncoder, CompressionEncoder})
def test_signal_that_float32_cannot_resolve_warns(Encoder):
    X = 1e9 + np.random.default_rng(0).normal(size=(5, 30, 1))
    with pytest.warns(UserWarning, match="Channel 0 varies so little around 1e\\+09"):
        Encoder().fit(X)


@pytest.mark.parametrize(
    ("Encoder", "name", "values"),
    [
        (CurrentEncoder, "derivative", ["yes", 2]),
        (CompressionEncoder, "knee", [0, -1.0, 2e6, np.inf, np.nan, "soft"]),
        (PopulationEncoder, "n_neurons", [2, 4.0, "many"]),
        (PopulationEncoder, "width", [0, -1, np.inf, np.nan]),
        (DeltaEncoder, "threshold", [0, -0.5, np.inf, "std"]),
        (DeltaEncoder, "start", ["zero", 0.0]),
        (LatencyEncoder, "n_steps", [0, 2.5]),
        (RateEncoder, "n_steps", [0, 2.5]),
        (RateEncoder, "max_rate", [0, 1.01, np.nan]),
        (RateEncoder, "random_state", ["seed", -1]),
        (BSAEncoder, "n_taps", [0, 1.5]),
        (BSAEncoder, "cutoff", [0, 1, 1.5]),
        (BSAEncoder, "threshold", [-0.1, 1.1]),
    ],
)
def test_bad_parameter_is_named_with_its_value(ragged, Encoder, name, values):
    for value in values:
        with pytest.raises(ValueError, match=f"'{name}' parameter of {Encoder.__name__}") as error:
            Encoder().set_params(**{name: value}).fit(ragged)
        assert str(value) in str(error.value)


@each_setting
def test_drives_a_liquid(encoder, ragged):
    liquid = LiquidTransformer(30, engine="numpy", random_state=0)
    pipe = Pipeline([("encoder", clone(encoder)), ("liquid", liquid)])
    features = pipe.fit_transform(ragged)
    assert features.shape[0] == len(ragged)
    codes = clone(encoder).fit_transform(ragged)
    np.testing.assert_array_equal(features, clone(liquid).fit_transform(codes))


@each_setting
def test_output_is_not_offered_as_a_table(encoder):
    assert not hasattr(encoder, "set_output")


def test_names_of_encoders():
    names = ["current", "compression", "population", "delta", "latency", "rate", "bsa"]
    assert list(ENCODERS) == names
    for name, Encoder in ENCODERS.items():
        assert Encoder.__name__.lower() == f"{name}encoder"


@each_setting
def test_check_estimator(encoder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks provoke them
        results = check_estimator(encoder, on_fail=None)
    status = {}
    for result in results:
        status.setdefault(result["status"], []).append(result["check_name"])
    assert set(status) <= {"passed", "skipped"}, status
    # It needs an environment variable that must be set before SciPy is imported.
    assert status.get("skipped", []) in ([], ["check_array_api_input"])
    assert len(status["passed"]) >= 50
    tags = get_tags(encoder)
    assert tags.input_tags.two_d_array
    assert tags.input_tags.three_d_array
    assert not tags.no_validation
    assert not tags.non_deterministic


def test_import_is_light():
    code = "import skliquid.encoding, sys; print([m for m in ('mlx', 'numba', 'scipy.signal') "
    code += "if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
