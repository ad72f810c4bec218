"""What holds for all encoders."""

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

from skliquid import LiquidTransformer
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
from skliquid.encoding._chosen import encoded_pieces, rest_of
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


def outputs(result):
    return [np.asarray(part) for part in result]


def assert_same(one, other):
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@each_setting
def test_code_depends_neither_on_the_batch_nor_on_the_order(encoder, ragged, unseen, equal):
    encoder = clone(encoder).fit(ragged)
    X = [*ragged, *unseen]
    together = encoder.transform(X)
    assert_same(encoder.transform(X[::-1])[::-1], together)
    assert_same([encoder.transform([x])[0] for x in X], together)
    assert_same(encoder.transform(X[3:5]), together[3:5])
    codes = encoder.transform(equal)
    assert_same(encoder.transform(list(equal)), outputs(codes))
    assert_same(encoder.transform(equal[4:6]), outputs(codes[4:6]))


@each_setting
def test_frames_are_encoded_as_they_come(encoder, ragged, unseen):
    """Pieces of any length, at any place, have the bits of the whole."""
    encoder, rng = clone(encoder).fit(ragged), np.random.default_rng(0)
    if isinstance(encoder, RateEncoder | BSAEncoder):
        with pytest.raises(ValueError, match=f"{type(encoder).__name__}.* cannot stream"):
            rest_of(encoder, 1)
        return
    walk = np.concatenate([*ragged, *unseen])
    X = [walk, 3.0 * walk[::-1]]
    cuts = [np.sort(rng.choice(np.arange(1, len(walk)), 60, replace=False)) for _ in X]
    state, codes = rest_of(encoder, 2), []
    for parts in zip(*(np.split(x, at) for x, at in zip(X, cuts, strict=True)), strict=True):
        before = pickle.dumps(state)
        encoded, after = encoded_pieces(encoder, state, as_sequences(list(parts)))
        assert pickle.dumps(state) == before
        codes.append(list(encoded))
        state = after
    whole = list(encoder._encode(as_sequences(X)))
    assert_same([np.concatenate(code) for code in zip(*codes, strict=True)], whole)


@each_setting
def test_forms_of_the_output(encoder, ragged, equal):
    encoder = clone(encoder)
    X = equal[:3, :20]
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
def test_table_is_series_of_one_channel(encoder, equal):
    encoder = clone(encoder)
    X = equal[:3, :20, 0]
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
@pytest.mark.filterwarnings("ignore:No channel of X varies")  # nor does a code of one step
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
@pytest.mark.usefixtures("same_draws_every_run")
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
