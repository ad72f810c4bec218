import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skliquid import LiquidTransformer
from skliquid.adaptation.channels import channel_scaling
from skliquid.encoding import ENCODERS
from skliquid.engines import ENGINES
from skliquid.pooling import POOLINGS
from skliquid.reservoirs import draw_liquid
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
    with pytest.warns(UserWarning, match="No channel of X varies"):
        alone = LiquidTransformer(50, random_state=0).fit_transform(constants)
    # Pauses, and equal potentials, all of which win.
    is_of_all_steps = np.repeat([False, True, False], [100, 100, 200])
    assert np.abs(alone[:, ~is_of_all_steps]).max() < 1e-2
    assert (alone[:, is_of_all_steps] == 10).all()


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


@pytest.mark.usefixtures("same_draws_every_run")
def test_feature_names(X):
    pooling = list(POOLINGS)
    transformer = LiquidTransformer(4, connectivity=1.0, pooling=pooling, n_windows=3)
    names = transformer.fit(X).get_feature_names_out()
    assert len(names) == len(set(names)) == transformer.transform(X).shape[1] == 4 * 21 + 16 * 17
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


@pytest.mark.usefixtures("same_draws_every_run")
def test_column_names(X):
    frame = pd.DataFrame(X[:, :, 0], columns=[f"t{i}" for i in range(10)])
    transformer = LiquidTransformer(10, connectivity=0.5, recurrent_fraction=1.0).fit(frame)
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


PLAIN = {
    "derivative": False,
    **{"connectivity": 0.2, "recurrent_fraction": 1.0, "spectral_radius": 0.9},
    **{"ei_balance": None, "beta": 0.9, "encoder": None},
    **{"scale_channels": True, "input_scaling": 1.0, "n_delays": 1, "max_channels": None},
    **{"target_rate": None, "pooling": "counts", "random_state": 3},
}


@pytest.mark.filterwarnings("ignore:max_delay=0 does not act")
@pytest.mark.parametrize("max_delay", [0, "100%"])
def test_plain_settings_are_the_plain_liquid(X, max_delay):
    """The liquid of the literature, written out with dense matrices."""
    transformer = LiquidTransformer(50, **PLAIN, max_delay=max_delay).fit(X)
    reference = draw_liquid(3, 50, connectivity=0.2, spectral_radius=0.9, beta=0.9, seed=3)
    liquid, frames = transformer.liquid_, X.reshape(-1, 3)
    np.testing.assert_array_equal(liquid.recurrent_weights, reference.recurrent_weights)
    np.testing.assert_array_equal(liquid.input_weights, reference.input_weights)
    x = (X - frames.mean(axis=0)) / frames.std(axis=0)
    mem, spk, counts = np.zeros((3, 12, 50))
    for t in range(X.shape[1]):
        v = 0.9 * mem + x[:, t] @ reference.input_weights.T + spk @ reference.recurrent_weights.T
        spk = (v > 1).astype(float)
        mem = v - spk
        counts += spk
    np.testing.assert_array_equal(transformer.transform(X), counts)
    assert 0.05 < counts.mean() / X.shape[1] < 0.5


def test_common_scale_against_numpy():
    X = np.random.default_rng(0).normal(size=(40, 25, 4)) * [4, 1, 0.5, 0.01] + [1, 2, 3, 0]
    std = X.reshape(-1, 4).std(axis=0)
    parameters = {"encoder": None, "scale_channels": "common", "random_state": 0}
    liquid = LiquidTransformer(20, **parameters).fit(X).liquid_
    deviation = std * liquid.input_gain
    np.testing.assert_allclose(deviation[:3], std[:3] / std.mean(), rtol=1e-5)
    assert deviation[3] == pytest.approx(1 / 16, rel=1e-5)
    np.testing.assert_allclose(liquid.input_offset, X.reshape(-1, 4).mean(axis=0), rtol=1e-5)
    constant = np.concatenate([X, np.full((40, 25, 1), 8.0)], axis=2)
    with_constant = LiquidTransformer(20, **parameters).fit(constant).liquid_
    np.testing.assert_allclose(with_constant.input_gain[:4], liquid.input_gain, rtol=1e-6)


@pytest.mark.parametrize(
    ("max_delay", "longest", "longest_of_light"),
    [
        (0, 4, 4),
        (1, 4, 4),
        (12, 12, 12),
        (39, 36, 36),
        ("50%", 12, 4),
        ("100%", 24, 4),
        ("2e2%", 48, 8),
    ],
)
def test_longest_delay_is_steps_or_a_share_of_the_median_length(
    max_delay, longest, longest_of_light
):
    """Five taps: the longest delay is a multiple of four steps."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(length, 1)) for length in (5, 25, 300)]
    transformer = LiquidTransformer(
        400, max_delay=max_delay, derivative=False, random_state=0
    ).fit(X)
    assert transformer.liquid_.max_delay == longest
    transformer.fit(X, sample_weight=[5, 1, 1])
    assert transformer.liquid_.max_delay == longest_of_light


@pytest.mark.parametrize("relative_tau", [0.1, (0.02, 0.5), [0.02, 0.5], (1e-9, 1e6)])
def test_relative_time_constants(relative_tau):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(length, 1)) for length in (5, 50, 300)]
    liquid = LiquidTransformer(500, relative_tau=relative_tau, random_state=0).fit(X).liquid_
    ends = np.ravel(relative_tau)
    fastest, slowest = np.exp(-1 / np.maximum(50 * ends[[0, -1]], 2.0**-9)).astype(np.float32)
    assert fastest <= liquid.beta.min() <= liquid.beta.max() <= slowest
    if len(ends) == 1:
        assert fastest == liquid.beta.max()


def test_several_liquids(X):
    parameters = {"n_delays": 3, "pooling": ("rate", "last"), "random_state": 5}
    single = LiquidTransformer(20, **parameters).fit(X)
    several = LiquidTransformer(20, n_liquids=3, **parameters).fit(X)
    features = several.transform(X)
    assert features.shape == (12, 3 * 60)
    np.testing.assert_array_equal(features[:, :60], single.transform(X))
    parts = np.split(features, 3, axis=1)
    assert (parts[1] != parts[0]).any()
    assert (parts[2] != parts[1]).any()
    names = [f"liquid{i}_{name}" for i in range(3) for name in single.get_feature_names_out()]
    assert several.get_feature_names_out().tolist() == names
    np.testing.assert_array_equal(several.liquid_.bias, single.liquid_.bias)
    trains = several.spikes(X)
    assert trains[0].shape == (10, 60)
    np.testing.assert_array_equal([train.mean(axis=0) for train in trains], rates(several, X))
    np.testing.assert_array_equal(trains[4][:, :20], single.spikes(X)[4])


def rates(transformer, X):
    """The features called rate."""
    chosen = ["rate" in name for name in transformer.get_feature_names_out()]
    return transformer.transform(X)[:, chosen]


@pytest.mark.parametrize("batch_size", [None, 5])
def test_both_directions(vowels, batch_size):
    X = vowels[0][:30]
    parameters = {"pooling": list(POOLINGS), "n_windows": (1, 4), "batch_size": batch_size}
    forward = LiquidTransformer(30, **parameters, random_state=0).fit(X)
    both = LiquidTransformer(
        30, **parameters, bidirectional=True, n_liquids=2, random_state=0
    ).fit(X)
    width = forward.transform(X).shape[1]
    features = both.transform(X)
    assert features.shape == (30, 4 * width)
    np.testing.assert_array_equal(features[:, :width], forward.transform(X))
    reversed_X = [x[::-1] for x in X]
    np.testing.assert_array_equal(features[:, width : 2 * width], forward.transform(reversed_X))
    swapped = both.transform(reversed_X)
    np.testing.assert_array_equal(swapped[:, 2 * width : 3 * width], features[:, 3 * width :])
    names = both.get_feature_names_out()
    assert len(set(names)) == len(names) == 4 * width
    assert names[width] == "liquid0_backward_rate_neuron0"
    assert names[-1].startswith("liquid1_backward_model_space_")
    np.testing.assert_array_equal(both.fit_transform(X), features)


def test_derivative_channels_are_the_differences(X):
    """The same spikes as those of a liquid that is given the differences as channels."""
    differences = np.diff(X, axis=1, prepend=X[:, :1])
    gain = np.std(X, axis=(0, 1)) / np.std(differences, axis=(0, 1))
    transformer = LiquidTransformer(40, encoder=None, derivative=True, random_state=0)
    built_in = transformer.fit(X).liquid_
    by_hand = draw_liquid(
        3,
        40,
        n_delays=transformer.n_delays,
        max_delay=10,
        max_channels=transformer.max_channels,
        input_scaling=transformer.input_scaling,
        derivative_gain=gain,
        seed=0,
    )
    ratio = built_in.tap_weights / np.where(by_hand.tap_weights == 0, 1, by_hand.tap_weights)
    neuron = np.repeat(np.arange(40), np.diff(by_hand.tap_offsets))
    for i in range(40):  # homeostasis scales all taps of a neuron alike
        mine = (neuron == i) & (np.abs(by_hand.tap_weights) > 1e-3)
        np.testing.assert_allclose(ratio[mine], ratio[mine][0], rtol=1e-3)


def test_a_share_of_the_neurons_hears_the_differences(X):
    """All neurons have the taps that they have without, but for where these listen."""
    settings = {"encoder": None, "random_state": 0}
    plain = LiquidTransformer(40, derivative=False, **settings).fit(X).liquid_.taps
    shared = LiquidTransformer(40, derivative=0.25, **settings).fit(X).liquid_.taps
    n_taps = np.diff(shared.offsets) / np.diff(plain.offsets)
    np.testing.assert_array_equal(n_taps, np.tile([1, 1, 1, 2], 10))
    mine, other = (slice(*taps.offsets[3:5]) for taps in (shared, plain))
    each = np.concatenate([plain.delays[other], plain.delays[other] + 1])
    np.testing.assert_array_equal(np.sort(shared.delays[mine]), np.sort(each))
    for share in (0, 0.0):
        none = LiquidTransformer(40, derivative=share, **settings).fit(X)
        np.testing.assert_array_equal(none.liquid_.tap_weights, plain.weights)


def test_differences_of_any_size():
    """Of steps that float32 cannot hold, and of faint ones between far values."""
    largest = np.finfo(np.float32).max
    for X in ([[[-largest], [largest]]] * 2, [[[largest]] * 2, [[0.0], [1e-30]]]):
        liquid = LiquidTransformer(20, derivative=True, encoder=None, random_state=0).fit(X)
        assert np.isfinite(liquid.liquid_.tap_weights).all()
        assert np.isfinite(liquid.transform(X)).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_values_far_outside_the_training_range_saturate(engine):
    liquid = LiquidTransformer(20, engine=engine, encoder=None, random_state=0)
    liquid.fit([[[0.0], [1e-38]]])
    np.testing.assert_array_equal(liquid.transform([[[1.0]]]), liquid.transform([[[1e38]]]))


@pytest.mark.parametrize("name", ENCODERS)
def test_encoder_by_name_and_as_an_object(X, name):
    by_name = LiquidTransformer(30, encoder=name, random_state=4).fit(X)
    encoder = ENCODERS[name]()
    if "random_state" in encoder.get_params():
        encoder.set_params(random_state=4)
    by_object = LiquidTransformer(30, encoder=encoder, random_state=4).fit(X)
    features = by_name.transform(X)
    np.testing.assert_array_equal(by_object.transform(X), features)
    assert not hasattr(encoder, "n_channels_in_"), "the user's encoder was fitted"
    outside = make_pipeline(encoder, LiquidTransformer(30, encoder=None, random_state=4))
    np.testing.assert_array_equal(outside.fit_transform(list(X)), features)
    np.testing.assert_array_equal(by_name.fit_transform(X), features)
    assert by_name.n_channels_in_ == 3
    assert by_name.liquid_.n_channels == by_name.encoder_.n_channels_out_
    with pytest.raises(ValueError, match="2 channels, but LiquidTransformer .* 3 channels"):
        by_name.transform(X[:, :, :2])
    as_float32 = by_name.transform(X.astype(np.float32))
    assert as_float32.dtype == np.float32


def test_names_of_the_encoders():
    assert set(ENCODERS) == set(ENCODERS)


class Doubler(TransformerMixin, BaseEstimator):
    """A transformer of lists that knows nothing of this package."""

    def fit(self, X, y=None):
        assert all(isinstance(x, np.ndarray) and x.ndim == 2 for x in X)
        self.n_seen_ = len(X)
        return self

    def transform(self, X):
        return [np.hstack([x, 2 * x]) for x in X]


class WeightedDoubler(Doubler):
    def fit(self, X, y=None, sample_weight=None):
        self.weight_ = sample_weight
        return super().fit(X)


@pytest.mark.parametrize("encoder", [Doubler(), WeightedDoubler()])
def test_any_transformer_of_lists_encodes(X, encoder):
    weight = np.arange(12.0)
    transformer = LiquidTransformer(30, encoder=encoder, random_state=0)
    features = transformer.fit(X, sample_weight=weight).transform(X)
    outside = LiquidTransformer(30, encoder=None, random_state=0)
    doubled = [np.hstack([x, 2 * x]) for x in X]
    expected = outside.fit(doubled, sample_weight=weight).transform(doubled)
    np.testing.assert_array_equal(features, expected)
    assert transformer.encoder_.n_seen_ == 12
    if isinstance(encoder, WeightedDoubler):
        np.testing.assert_array_equal(transformer.encoder_.weight_, weight)
    stateless = FunctionTransformer(lambda X: [np.hstack([x, 2 * x]) for x in X])
    by_function = LiquidTransformer(30, encoder=stateless, random_state=0)
    assert by_function.fit(X).liquid_.n_channels == 6


@pytest.mark.parametrize("n_channels", [1, 2, 30])
@pytest.mark.parametrize("n_series", [2, 40])
@pytest.mark.parametrize("length", [1, 2, 7, 3000])
def test_any_size_of_data(n_channels, n_series, length):
    if n_series * length > 10_000:
        n_series = 3
    X = np.random.default_rng(0).normal(size=(n_series, length, n_channels)).cumsum(axis=1)
    transformer = LiquidTransformer(40, pooling=list(POOLINGS), n_windows=(1, 3), random_state=0)
    features = transformer.fit_transform(X)
    assert np.isfinite(features).all()
    if n_series * length > 4:
        rate = features[:, :40].mean()
        assert 0.02 < rate < 0.6
    oracle = LiquidTransformer(**transformer.get_params() | {"engine": "numpy"})
    np.testing.assert_array_equal(oracle.fit_transform(X), features)


def test_everything_at_once_copies_and_pickles(vowels):
    X = vowels[0][:20]
    transformer = LiquidTransformer(
        20,
        **{"encoder": "population", "derivative": True, "bidirectional": True, "n_liquids": 2},
        **{"adaptation": 0.2, "refractory": 1, "relative_tau": (0.05, 0.5), "n_windows": (1, 4)},
        **{"pooling": list(POOLINGS), "topology": "small_world", "random_state": 0},
    )
    features = transformer.fit_transform(X)
    again = pickle.loads(pickle.dumps(transformer))
    np.testing.assert_array_equal(again.transform(X), features)
    np.testing.assert_array_equal(clone(transformer).fit(X).transform(X), features)
    np.testing.assert_array_equal(copy.deepcopy(transformer).transform(X[::-1])[::-1], features)
    assert len(transformer.get_feature_names_out()) == features.shape[1]
    for engine in ("numpy", "mlx"):
        other = clone(transformer).set_params(engine=engine).fit_transform(X)
        np.testing.assert_array_equal(other, features)


@pytest.mark.usefixtures("same_draws_every_run")
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


@pytest.mark.usefixtures("same_draws_every_run")
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


def test_a_liquid_in_space_has_its_graphs_arguments():
    X = np.random.default_rng(0).normal(size=(6, 20, 2))
    column = {"shape": (3, 3, 15), "C": (0.3, 0.2, 0.4, 0.1), "lambda_": 2.0}
    given = {"topology": "spatial", "recurrent_fraction": 1.0, "random_state": 0}
    liquid = clone(LiquidTransformer(135, topology_params=column, **given)).fit(X).liquid_
    np.testing.assert_array_equal(liquid.positions.max(axis=0), [2, 2, 14])
    gaps = liquid.positions[liquid.synapses.sources] - liquid.positions[liquid.synapse_targets]
    # A squared distance of lambda^2 / 2 on each axis, less near the walls.
    assert 0.8 < np.sqrt((gaps**2).sum(axis=1).mean()) < 2.0 * 1.5**0.5
    dense = LiquidTransformer(135, topology_params=column | {"lambda_": 50.0}, **given).fit(X)
    assert dense.liquid_.density > 5 * liquid.density
    # Without a reach of its own, ten synapses each.
    free = LiquidTransformer(800, topology_params={"placement": "random"}, **given).fit(X).liquid_
    assert len(free.synapse_units) / 800 == pytest.approx(10, rel=0.1)
