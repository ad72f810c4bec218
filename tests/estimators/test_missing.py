"""Missing values, in every form in which sequences come, against the same sequences filled."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags

from skliquid import LiquidTransformer, LSMClassifier, LSMRegressor
from skliquid import collection as collection_module
from skliquid.datasets import from_aeon, from_pandas, from_tslearn
from skliquid.encoding._missing import filled
from skliquid.estimators import _by_parts, _lsm
from skliquid.sequences import as_sequences

SMALL = {"reservoir_size": 40, "random_state": 0}
WAYS = ["hold", "linear"]


def drawn(n_samples=60, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n_samples) % 2
    X = rng.normal(size=(n_samples, 25, 2)).cumsum(axis=1) + np.sin(
        np.arange(25) * (0.4 + 0.4 * y[:, None])
    )[..., None] * [3.0, 30.0]
    return X.astype(np.float32), y


def with_holes(X, share=0.3):
    X = X.copy()
    X[np.random.default_rng(5).random(X.shape) < share] = np.nan
    X[0, 5:9] = X[1, :6, 0] = X[2, :, 1] = np.nan
    X[:, -1, 0] = 0.0  # which is not padding
    return X


WHOLE, Y = drawn()
HOLED = with_holes(WHOLE)


def filled_by(liquid, X):
    """What a fitted liquid makes of sequences before it looks at them."""
    return list(filled(as_sequences(X, missing=True), liquid.fill_values_, liquid.missing))


@pytest.mark.parametrize("missing", WAYS)
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"encoder": None, "bidirectional": True, "derivative": True, "scale_channels": True},
        *({"encoder": name} for name in ("population", "delta", "latency", "rate", "bsa")),
        pytest.param(
            {"encoder": FunctionTransformer(lambda X: [x[:, ::-1] for x in X])}, id="mirrored"
        ),
        {"cell": "gru"},
        {"engine": "numpy"},
    ],
    ids=str,
)
def test_features_are_those_of_filled_sequences(missing, parameters):
    liquid = LiquidTransformer(**SMALL, missing=missing, **parameters)
    features = liquid.fit_transform(HOLED)
    assert np.isfinite(features).all()
    np.testing.assert_array_equal(features, liquid.transform(HOLED))
    np.testing.assert_array_equal(features, liquid.transform(filled_by(liquid, HOLED)))
    np.testing.assert_array_equal(features[20:23], liquid.transform(HOLED[20:23]))
    means = np.nanmean(HOLED.reshape(-1, 2).astype(float), axis=0)
    np.testing.assert_allclose(liquid.fill_values_, means, rtol=1e-6)
    if _is_spiking(liquid):
        for mine, other in zip(
            liquid.spikes(HOLED[:3]), liquid.spikes(filled_by(liquid, HOLED[:3])), strict=True
        ):
            np.testing.assert_array_equal(mine, other)


def _is_spiking(liquid):
    return hasattr(liquid, "spikes")


@pytest.mark.parametrize("missing", WAYS)
def test_without_missing_values_nothing_changes(missing):
    plain = LiquidTransformer(**SMALL).fit(WHOLE)
    liquid = LiquidTransformer(**SMALL, missing=missing).fit(WHOLE)
    np.testing.assert_array_equal(plain.transform(WHOLE), liquid.transform(WHOLE))
    assert plain.fill_values_ is None
    # And what is missing later is filled all the same.
    np.testing.assert_array_equal(
        liquid.transform(HOLED), plain.transform(filled_by(liquid, HOLED))
    )


def test_scales_are_those_of_what_was_seen():
    """A channel that is known of few sequences is not taken for a faint one."""
    X = WHOLE.copy()
    X[10:, :, 1] = np.nan
    for encoder in (None, "compression"):
        settings = {**SMALL, "encoder": encoder, "scale_channels": True}
        mine = LiquidTransformer(**settings, missing="hold").fit(X)
        seen = LiquidTransformer(**settings).fit(WHOLE[:10])
        np.testing.assert_allclose(mine.liquid_.input_gain[1], seen.liquid_.input_gain[1], 1e-6)
        np.testing.assert_allclose(
            mine.liquid_.input_offset[1], seen.liquid_.input_offset[1], 1e-5
        )


def forms(tmp_path):
    """The same sequences, some cut short, in every form."""
    lengths = np.where(np.arange(len(HOLED)) % 3, 25, 20)
    ragged = [x[:t].astype(float) for x, t in zip(HOLED, lengths, strict=True)]
    for x in ragged:
        x[-1, 0] = 1.0  # else it were padding
    padded = np.full(HOLED.shape, np.nan)
    for row, x in zip(padded, ragged, strict=True):
        row[: len(x)] = x
    np.save(tmp_path / "X.npy", padded)
    index = [(i, t) for i, x in enumerate(ragged) for t in range(len(x))]
    frame = pd.DataFrame(np.concatenate(ragged), index=pd.MultiIndex.from_tuples(index))
    return ragged, {
        "padded": padded,
        "objects": np.array(ragged, dtype=object),
        "mapped": np.load(tmp_path / "X.npy", mmap_mode="r"),
        "converted": as_sequences(ragged, missing=True),
        "pandas": from_pandas(frame),
        "nullable": from_pandas(frame.convert_dtypes()),
        "aeon": from_aeon(np.swapaxes(padded, 1, 2)),
        "aeon's list": from_aeon([x.T for x in ragged]),
        "tslearn": from_tslearn(padded),
    }


@pytest.mark.parametrize("missing", WAYS)
@pytest.mark.parametrize("Estimator", [LSMClassifier, LSMRegressor])
@pytest.mark.parametrize("part_size", [10**6, 700])
def test_every_form_gives_one_model(monkeypatch, tmp_path, missing, Estimator, part_size):
    monkeypatch.setattr(collection_module, "PART_SIZE", part_size)
    if part_size == 700:  # the data of the test come in many parts
        monkeypatch.setattr(_by_parts, "_WHOLE_BYTES", 2**12)
        monkeypatch.setattr(_lsm, "_PART_BYTES", 2**14)
    ragged, others = forms(tmp_path)
    lsm = Estimator(**SMALL, missing=missing).fit(ragged, Y)
    expected = lsm.predict(ragged)
    assert lsm.score(ragged, Y) > 0.6
    for name, form in others.items():
        np.testing.assert_array_equal(lsm.predict(form), expected, err_msg=name)
    np.testing.assert_array_equal(lsm.predict(iter([ragged[:7], ragged[7:]])), expected)
    # Of many parts the liquid is drawn for as many sequences as have the size of one.
    of_padded = clone(lsm).fit(others["padded"], Y).predict(ragged)
    for name, same in (("converted", expected), ("mapped", of_padded)):
        np.testing.assert_array_equal(
            clone(lsm).fit(others[name], Y).predict(ragged), same, err_msg=name
        )
    if part_size > 700:
        np.testing.assert_array_equal(of_padded, expected)
    yielded = clone(lsm).fit(iter([ragged[:30], ragged[30:]]), Y)
    parts = clone(lsm).partial_fit(ragged[:30], Y[:30]).partial_fit(ragged[30:], Y[30:])
    np.testing.assert_allclose(yielded.predict(ragged), parts.predict(ragged), rtol=1e-6)


@pytest.mark.parametrize("missing", WAYS)
def test_tables_are_series_that_may_be_padded(missing):
    table = HOLED[:, :, 1].astype(float)
    table[:, -1] = 0.0
    table[3, 20:] = np.nan
    lsm = LSMClassifier(**SMALL, missing=missing).fit(table, Y)
    assert lsm.n_features_in_ == 25
    scores = lsm.decision_function(table)
    ragged = [x[:, None] for x in table]
    ragged[3] = ragged[3][:20]
    np.testing.assert_array_equal(scores, clone(lsm).fit(ragged, Y).decision_function(ragged))
    frame = pd.DataFrame(table).add_prefix("t")
    for given in (frame, frame.convert_dtypes()):
        np.testing.assert_array_equal(scores, clone(lsm).fit(given, Y).decision_function(given))


@pytest.mark.parametrize("Estimator", [LiquidTransformer, LSMClassifier, LSMRegressor])
def test_by_default_they_are_an_error_that_says_what_to_do(Estimator):
    place = "sample 7 at time step 3, channel {}.*missing='hold' or missing='linear'"
    spoilt = WHOLE.copy()
    spoilt[7, 3, 1] = np.nan
    fitted = Estimator(**SMALL).fit(WHOLE, Y)
    call = getattr(fitted, "predict", None) or fitted.transform
    for given in (spoilt, list(spoilt), spoilt[:, :, 1], as_sequences(spoilt, missing=True)):
        channel = 0 if np.ndim(given) == 2 else 1
        with pytest.raises(ValueError, match=place.format(channel)):
            Estimator(**SMALL).fit(given, Y)
        if channel:
            with pytest.raises(ValueError, match=place.format(1)):
                call(given)
    with pytest.raises(ValueError, match="frame 3 of those pushed, channel 1.*missing='hold'"):
        fitted.open_stream().push(spoilt[7])
    assert not get_tags(Estimator()).input_tags.allow_nan
    assert get_tags(Estimator(missing="hold")).input_tags.allow_nan


@pytest.mark.parametrize("missing", WAYS)
def test_what_stays_an_error(missing):
    liquid = LiquidTransformer(**SMALL, missing=missing)
    for value in (np.inf, 1e300):
        spoilt = HOLED.astype(float)
        spoilt[4, 2, 0] = value
        with pytest.raises(ValueError, match="sample 4 at time step 2, channel 0"):
            liquid.fit(spoilt)
    spoilt = HOLED.copy()
    spoilt[:, :, 1] = np.nan
    with pytest.raises(ValueError, match="Channel 1 of X is missing .* in every frame"):
        liquid.fit(spoilt)
    spoilt = HOLED.copy()
    spoilt[8] = np.nan
    with pytest.raises(ValueError, match="sample 8 has length zero: all its frames are NaN"):
        liquid.fit(spoilt)


def test_a_liquid_that_was_fitted_to_whole_sequences_refuses_others():
    plain = LiquidTransformer(**SMALL).fit(WHOLE)
    with pytest.raises(ValueError, match="if they are fitted with missing='hold'"):
        plain.set_params(missing="hold").transform(HOLED)
    lsm = LSMClassifier(**SMALL, missing="hold")
    with pytest.raises(ValueError, match="if they are fitted with missing='hold'"):
        lsm.partial_fit(HOLED, Y, liquid=LiquidTransformer(**SMALL).fit(WHOLE))


def test_what_was_saved_before_the_parameter_runs_as_it_did():
    old = LiquidTransformer(**SMALL).fit(WHOLE)
    expected = old.transform(WHOLE)
    for name in ("missing", "fill_values_"):
        delattr(old, name)
    np.testing.assert_array_equal(old.transform(WHOLE), expected)
    np.testing.assert_array_equal(old.open_stream().push(WHOLE[0]).features(), expected[:1])


@pytest.mark.parametrize(
    "parameters", [{}, {"encoder": None}, {"encoder": "delta"}, {"derivative": True}], ids=str
)
def test_streams_hold_values_as_whole_sequences_do(parameters):
    """Two streams of different pace, pickled on the way."""
    lsm = LSMClassifier(**SMALL, missing="hold", **parameters).fit(HOLED, Y)
    stream, rng = lsm.open_stream(2), np.random.default_rng(0)
    walks, seen = [HOLED[:10].reshape(-1, 2), HOLED[10:20].reshape(-1, 2)], np.zeros(2, dtype=int)
    for _ in range(25):
        last = np.minimum(seen + rng.choice([0, 1, 2, 9], 2), 250)
        stream.push([x[i:j] for x, i, j in zip(walks, seen, last, strict=True)])
        stream, seen = pickle.loads(pickle.dumps(stream)), last
        if seen.all():
            np.testing.assert_array_equal(
                stream.features(),
                lsm.pipeline_[0].transform(
                    [x[:j].astype(float) for x, j in zip(walks, seen, strict=True)]
                ),
            )
    assert seen.min() > 30
    stream.reset(1).push(HOLED[1], 1)
    np.testing.assert_array_equal(stream.predict(1), lsm.predict(HOLED[1:2]))
    with pytest.raises(ValueError, match="contains infinity: frame 1"):
        stream.push(np.array([[np.nan, 1.0], [np.inf, 1.0]]), 0)


def test_states_of_streams_that_fill_otherwise_are_told_apart():
    plain = {"encoder": None, "scale_channels": False, "target_rate": None, "missing": "hold"}
    one, other = (
        LiquidTransformer(**SMALL, **plain).fit(X).open_stream() for X in (HOLED, HOLED + 1)
    )
    with pytest.raises(ValueError, match="state is that of the source"):
        other.set_state(one.get_state())


def test_what_looks_ahead_refuses_by_name():
    with pytest.raises(ValueError, match="missing='linear' cannot stream.*missing='hold'"):
        LSMClassifier(**SMALL, missing="linear").fit(HOLED, Y).open_stream()
    leaky = {"readout": "leaky_rate"}
    assert hasattr(LSMClassifier(**leaky, missing="hold"), "predict_over_time")
    assert not hasattr(LSMClassifier(**leaky, missing="linear"), "predict_over_time")


def test_leaky_readouts_read_what_was_filled():
    lsm = LSMClassifier(**SMALL, readout="leaky_rate", missing="hold").fit(HOLED, Y)
    whole = filled_by(lsm.pipeline_[0], HOLED)
    for mine, other in zip(
        lsm.predict_over_time(HOLED), lsm.predict_over_time(whole), strict=True
    ):
        np.testing.assert_array_equal(mine, other)
