"""CompressionEncoder against its formula."""

import numpy as np
import pytest

from skliquid import LSMClassifier
from skliquid.encoding import CompressionEncoder, _compression
from skliquid.sequences import as_sequences


def middle(values):
    """The median, of an even number the lower of the two in the middle."""
    return np.quantile(values, 0.5, axis=0, method="lower")


@pytest.mark.parametrize("knee", [0.1, 5.0])
@pytest.mark.parametrize("n", [6, 7])
def test_compression_against_the_formula(ragged, unseen, knee, n):
    X = ragged[:n]
    frames = np.concatenate(X)
    c = middle(frames)
    s = 1.4826 * middle(np.abs(frames - c))
    encoder = CompressionEncoder(knee=knee).fit(X)
    np.testing.assert_array_equal(encoder.center_, c)
    np.testing.assert_allclose(encoder.scale_, s, rtol=1e-12)
    for x, code in zip(unseen, encoder.transform(unseen), strict=True):
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
    for x, code in zip(unseen, codes, strict=True):
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


def test_of_many_frames_a_part_is_read():
    """The constants are those of a sample of the frames, and near those of all."""
    rng = np.random.default_rng(0)
    X = rng.normal([0.0, 3.0], [1.0, 0.1], size=(20, 3_000, 2))
    encoder = CompressionEncoder().fit(X)
    frames = X.reshape(-1, 2)
    np.testing.assert_allclose(encoder.center_, middle(frames), atol=0.05)
    np.testing.assert_allclose(encoder.scale_, [1.0, 0.1], rtol=0.05)
    sequences = as_sequences(X)
    read, _ = sequences.some_frames(
        np.arange(20), _compression._ENOUGH_FRAMES, np.random.default_rng(_compression._CHOICE)
    )
    unread = np.setdiff1d(np.arange(len(frames)), read)
    frames[unread] += 100.0
    moved = CompressionEncoder().fit(frames.reshape(X.shape))
    np.testing.assert_array_equal(moved.center_, encoder.center_)


def test_what_is_rare_among_many_frames_counts_in_a_channel_that_is_mostly_flat():
    X = np.zeros((1, 50_000, 1))
    X[0, [7, 31_111], 0] = 1.0, -3.0
    encoder = CompressionEncoder().fit(X)
    np.testing.assert_allclose(encoder.scale_, np.sqrt(10 / 50_000), rtol=1e-6)
    weighted = CompressionEncoder().fit(
        np.repeat(X, 2, axis=0) * [[[1]], [[5]]], sample_weight=[3, 1]
    )
    np.testing.assert_allclose(weighted.scale_, np.sqrt(280 / 200_000), rtol=1e-6)


def test_many_frames_of_weight_zero_are_not_looked_at():
    X = [np.full((40_000, 1), 9.0), np.array([[-1.0], [0.0], [2.0]])]
    encoder = CompressionEncoder().fit(X, sample_weight=[0, 1])
    assert encoder.center_ == [0.0]


def test_of_many_frames_with_missing_values_all_are_read():
    """Of a channel that is rarely there a sample of the frames may hold nothing."""
    rng = np.random.default_rng(0)
    X = rng.normal([0.0, 3.0, 0.0], 1.0, size=(2, 20_000, 3))
    X[:, :, 1:] = np.nan
    X[1, [3, 17_001, 17_002], 1] = 5.0, 7.0, 8.0
    X[0, [11, 500, 900, 13_013, 19_999], 2] = 0.0, 0.0, 0.0, 1.0, -3.0
    sequences = as_sequences(X, missing=True)
    for weight in (None, np.array([1.0, 1.0])):
        encoder = CompressionEncoder()
        encoder._learn(sequences, weight)
        np.testing.assert_allclose(encoder.center_, [middle(X[:, :, 0].ravel()), 7.0, 0.0])
        np.testing.assert_allclose(encoder.scale_[1:], [1.4826, np.sqrt(10 / 5)], rtol=1e-6)
