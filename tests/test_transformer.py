import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from skliquid import LiquidTransformer
from skliquid._channels import channel_scaling
from skliquid.pooling import POOLINGS
from skliquid.sequences import as_sequences


@pytest.fixture(scope="module")
def X():
    return np.random.default_rng(0).normal(size=(12, 10, 3)) * [1, 10, 0.1] + [5, 0, -3]


def test_channel_scaling_against_numpy(vowels):
    sequences = as_sequences(vowels[0])
    frames = np.concatenate(vowels[0]).astype(np.float64)
    offset, gain = channel_scaling(sequences)
    np.testing.assert_allclose(offset, frames.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(gain, 1 / frames.std(axis=0), rtol=1e-6)


def test_weights_are_repetitions(vowels):
    X = vowels[0][:20]
    weight = np.random.default_rng(0).integers(0, 4, size=20)
    repeated = [x for x, w in zip(X, weight, strict=True) for _ in range(w)]
    one = LiquidTransformer(50, random_state=0).fit(X, sample_weight=weight)
    other = LiquidTransformer(50, random_state=0).fit(repeated)
    np.testing.assert_array_equal(one.transform(X), other.transform(X))
    unweighted = LiquidTransformer(50, random_state=0).fit(X)
    assert (unweighted.transform(X) != one.transform(X)).any()


def test_scale_and_offset_of_a_channel_do_not_matter(X):
    each = LiquidTransformer(80, scale_channels=True, random_state=0)
    scaled = each.fit_transform(X)
    np.testing.assert_array_equal(each.fit_transform(X * [2, 0.5, 4]), scaled)
    common = LiquidTransformer(80, scale_channels="common", random_state=0)
    together = common.fit_transform(X)
    np.testing.assert_array_equal(common.fit_transform(4 * X), together)
    assert (common.fit_transform(X * [2, 0.5, 4]) != together).any()
    raw = LiquidTransformer(80, random_state=0, scale_channels=False).fit(X)
    assert (raw.liquid_.input_gain == 1).all()
    assert (raw.transform(X) != scaled).any()


@pytest.mark.parametrize("constant", [0.0, 0.1, -1e6, 1e30])
def test_constant_channel_is_no_signal(X, constant):
    constants = np.full((12, 10, 1), constant)
    transformer = LiquidTransformer(50, random_state=0).fit(np.concatenate([X, constants], 2))
    assert transformer.liquid_.input_gain[3] == 1
    alone = LiquidTransformer(50, random_state=0).fit_transform(constants)
    assert np.abs(alone).max() < 1e-2


@pytest.mark.parametrize(("offset", "scale"), [(1e8, 50), (1e9, 1), (1.7e9, 1), (0, 1e-43)])
def test_signal_that_float32_cannot_resolve_warns(offset, scale):
    X = offset + np.random.default_rng(0).normal(size=(5, 30, 1)) * scale
    with pytest.warns(UserWarning, match="Channel 0 varies so little around"):
        LiquidTransformer(20, connectivity=0.5, random_state=0).fit(X)


def test_features_do_not_depend_on_the_batch(vowels):
    X = vowels[0][:100]
    transformer = LiquidTransformer(100, pooling=list(POOLINGS), n_windows=3, random_state=0)
    transformer.fit(X)
    together = transformer.transform(X)
    np.testing.assert_array_equal(transformer.transform(X[::-1])[::-1], together)
    np.testing.assert_array_equal(transformer.transform(X[17:18]), together[17:18])
    transformer.set_params(batch_size=7)
    np.testing.assert_array_equal(transformer.transform(X), together)
    np.testing.assert_array_equal(transformer.fit_transform(X), together)


def test_feature_names(X):
    pooling = list(POOLINGS)
    transformer = LiquidTransformer(4, connectivity=1.0, pooling=pooling, n_windows=3)
    names = transformer.fit(X).get_feature_names_out()
    assert len(names) == len(set(names)) == transformer.transform(X).shape[1] == 4 * 15 + 16 * 17
    assert names[0] == "rate_neuron0"
    assert {"counts_window1_neuron3", "last_mem_neuron2", "trace_neuron1"} <= set(names)


def test_set_output(X):
    transformer = LiquidTransformer(10, connectivity=0.5, pooling="rate", random_state=0)
    frame = transformer.set_output(transform="pandas").fit_transform(X)
    assert isinstance(frame, pd.DataFrame)
    assert frame.columns.tolist() == [f"rate_neuron{i}" for i in range(10)]


def test_channels_and_features_in(X):
    transformer = LiquidTransformer(10, connectivity=0.5, random_state=0).fit(X)
    assert (transformer.n_channels_in_, transformer.n_features_in_) == (3, 3)
    transformer.transform([X[0, :4], X[1]])  # another length
    with pytest.raises(ValueError, match="2 channels, but LiquidTransformer .* 3 channels"):
        transformer.transform(X[:, :, :2])
    table = X[:, :, 0]
    transformer.fit(table)
    assert (transformer.n_channels_in_, transformer.n_features_in_) == (1, 10)
    with pytest.raises(ValueError, match="X has 9 features, but .* expecting 10"):
        transformer.transform(table[:, :9])
    from_array = transformer.transform(table)
    np.testing.assert_array_equal(transformer.transform(table[:, :, None]), from_array)
    np.testing.assert_array_equal(transformer.transform(list(table)), from_array)
    transformer.fit(table[:, :, None])
    assert transformer.transform(table[:, :9]).shape[0] == 12


def test_column_names(X):
    frame = pd.DataFrame(X[:, :, 0], columns=[f"t{i}" for i in range(10)])
    transformer = LiquidTransformer(10, connectivity=0.5).fit(frame)
    assert transformer.feature_names_in_.tolist() == frame.columns.tolist()
    with pytest.raises(ValueError, match="feature names should match"):
        transformer.transform(frame[frame.columns[::-1]])
    assert not hasattr(transformer.fit(X), "feature_names_in_")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype(X, dtype):
    transformer = LiquidTransformer(10, connectivity=0.5, random_state=0).fit(X)
    for data in (X.astype(dtype), list(X.astype(dtype)), X[:, :, 0].astype(dtype)[:, :, None]):
        if data[0].shape[1] == 3:
            assert transformer.transform(data).dtype == dtype


@pytest.mark.parametrize("form", [list, np.asarray, pd.DataFrame])
def test_strings_and_complex_objects_are_no_numbers(X, form):
    table = X[:, :, 0]
    for bad in (table.astype(str).astype(object), table.astype(complex).astype(object)):
        with pytest.raises((TypeError, ValueError), match="real numbers|Complex"):
            LiquidTransformer(10, connectivity=0.5).fit(form(bad))


def test_random_state(X):
    def features(state):
        return LiquidTransformer(20, connectivity=0.5, random_state=state).fit_transform(X)

    np.testing.assert_array_equal(features(3), features(3))
    state = np.random.RandomState(0)
    assert (features(state) != features(state)).any()
    assert (features(None) != features(None)).any()


def test_before_fit(X):
    transformer = LiquidTransformer()
    calls = [transformer.transform, transformer.spikes]
    for call in calls:
        with pytest.raises(NotFittedError, match="not fitted yet"):
            call(X)
    for call in (transformer.get_feature_names_out, transformer.to_reservoir):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            call()


def test_short_sequences_leave_windows_empty():
    X = [np.ones((1, 1)), np.zeros((8, 1))]
    transformer = LiquidTransformer(20, connectivity=0.5, pooling=["counts", "potentials"])
    features = transformer.fit(X).transform(X)
    assert np.isfinite(features).all()


def test_single_neuron():
    X = np.random.default_rng(0).normal(size=(4, 20, 1))
    transformer = LiquidTransformer(1, pooling="rate", input_scaling=5.0, random_state=0)
    with pytest.warns(UserWarning, match="no directed cycle"):
        features = transformer.fit_transform(X)
    assert features.shape == (4, 1)
    assert (features > 0).any()


@pytest.mark.parametrize("weight", [[1.0] * 3, [0.0] * 12, [-1.0] * 12])
def test_bad_weights(X, weight):
    with pytest.raises(ValueError, match="(?i)sample.weight"):
        LiquidTransformer(10, connectivity=0.5).fit(X, sample_weight=weight)
