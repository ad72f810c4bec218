"""Fits and predictions in parts, against those of the whole."""

import pickle
import tracemalloc
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from skliquid import LiquidTransformer, LSMClassifier, LSMRegressor, RidgeReadoutClassifier
from skliquid import collection as collection_module
from skliquid.estimators import _by_parts, _lsm

SMALL = {"reservoir_size": 40, "random_state": 0}


@pytest.fixture
def tiny_parts(monkeypatch):
    """Sizes at which the data of the tests come in many parts."""
    monkeypatch.setattr(collection_module, "PART_SIZE", 3000)
    monkeypatch.setattr(_by_parts, "_WHOLE_BYTES", 2**12)
    monkeypatch.setattr(_lsm, "_PART_BYTES", 2**14)


@pytest.fixture
def liquid(few_vowels):
    return LiquidTransformer(**SMALL).fit(few_vowels[0])


def added(estimator, X, y, order, n_parts, liquid):
    """An estimator that was given parts of samples in some order."""
    for i, part in enumerate(np.array_split(order, n_parts)):
        given = {"liquid": liquid} if i == 0 else {}
        if isinstance(estimator, LSMClassifier):
            given["classes"] = np.unique(y)
        estimator.partial_fit([X[k] for k in part], y[part], **given)
    return estimator


@pytest.mark.parametrize("n_parts", [1, 2, 7])
@pytest.mark.parametrize("seed", [0, 1])
def test_parts_in_any_order_are_the_whole(few_vowels, liquid, n_parts, seed):
    X, y = few_vowels
    order = np.random.default_rng(seed).permutation(len(X))
    lsm = added(LSMClassifier(**SMALL), X, y, order, n_parts, liquid)
    whole = LSMClassifier(**SMALL).fit(X, y)
    assert lsm.n_samples_seen_ == len(X)
    assert lsm.pipeline_[-1].alpha_ == whole.pipeline_[-1].alpha_
    np.testing.assert_allclose(
        lsm.decision_function(X), whole.decision_function(X), rtol=1e-8, atol=1e-10
    )


@pytest.mark.parametrize("n_outputs", [None, 3])
def test_regression_in_parts(few_vowels, n_outputs):
    X = few_vowels[0]
    liquid = LiquidTransformer(**SMALL, pooling=LSMRegressor().pooling).fit(X)
    y = np.array([x[:, 0].mean() for x in X])
    if n_outputs:
        y = y[:, None] * np.arange(1, 1 + n_outputs) + 1
    order = np.arange(len(X))[::-1]
    lsm = added(LSMRegressor(**SMALL), X, y, order, 4, liquid)
    whole = LSMRegressor(**SMALL).fit(X, y)
    np.testing.assert_allclose(lsm.predict(X), whole.predict(X), rtol=1e-8, atol=1e-10)


def test_first_part_draws_the_liquid(few_vowels):
    X, y = few_vowels
    lsm = LSMClassifier(**SMALL)
    lsm.partial_fit(X[::3], y[::3]).partial_fit(X[1::3], y[1::3])
    alone = LiquidTransformer(**SMALL).fit(X[::3])
    np.testing.assert_array_equal(lsm.pipeline_[0].transform(X), alone.transform(X))


def test_weights_in_parts(few_vowels, liquid):
    X, y = few_vowels
    weight = np.random.default_rng(0).integers(0, 3, size=len(X)).astype(float)
    repeated = np.repeat(np.arange(len(X)), weight.astype(int))
    weighted = LSMClassifier(**SMALL).partial_fit(X, y, sample_weight=weight, liquid=liquid)
    plain = added(LSMClassifier(**SMALL), X, y, repeated, 3, liquid)
    np.testing.assert_allclose(
        weighted.decision_function(X), plain.decision_function(X), rtol=1e-8, atol=1e-10
    )
    doubled = LSMClassifier(**SMALL, class_weight={"1": 2.0, "2": 1.0, "3": 1.0})
    classes = np.unique(y)
    for rows in (y == "1", y != "1"):  # parts that do not hold all classes
        part = [X[i] for i in np.flatnonzero(rows)]
        given = {} if hasattr(doubled, "n_samples_seen_") else {"liquid": liquid}
        doubled.partial_fit(part, y[rows], classes=classes, **given)
    whole = clone(doubled).fit(X, y)
    np.testing.assert_allclose(doubled.decision_function(X), whole.decision_function(X))


@pytest.mark.parametrize("machine", [LSMClassifier, LSMRegressor])
def test_a_later_part_may_have_no_weight(few_vowels, machine):
    X, y = few_vowels[0], few_vowels[1].astype(int)
    lsm = machine(**SMALL).partial_fit(X, y)
    expected = lsm.predict(X)
    lsm.partial_fit(X[:5], y[:5][::-1], sample_weight=np.zeros(5))
    np.testing.assert_array_equal(lsm.predict(X), expected)
    with pytest.raises(ValueError, match="sample_weight is zero for every sample"):
        machine(**SMALL).partial_fit(X, y, sample_weight=np.zeros(len(X)))


@pytest.mark.parametrize(
    ("classes", "message"),
    [({"1", "2", "3"}, r"array-like of shape \(n_classes,\), got {'"), (["1", None], "one type")],
)
def test_classes_that_are_none(few_vowels, classes, message):
    X, y = few_vowels
    features = np.array([x.mean(axis=0) for x in X])
    for machine, samples in ((LSMClassifier(**SMALL), X), (RidgeReadoutClassifier(), features)):
        with pytest.raises(ValueError, match=f"classes must be .*{message}"):
            machine.partial_fit(samples, y, classes=classes)


def test_other_readouts_with_parts(few_vowels):
    X, y = few_vowels
    lsm = LSMClassifier(**SMALL, readout=SGDClassifier(random_state=0))
    for _ in range(5):
        lsm.partial_fit(X, y)
    assert list(lsm.pipeline_.named_steps) == ["liquid", "root", "limiter", "scaler", "readout"]
    assert lsm.score(X, y) > 0.9
    assert lsm.n_samples_seen_ == 5 * len(X)
    for readout in (KNeighborsClassifier(), "leaky_rate"):
        assert not hasattr(LSMClassifier(readout=readout), "partial_fit")


def test_liquid_of_a_fit_before_and_what_it_loses(few_vowels):
    X, y = few_vowels
    lsm = LSMClassifier(**SMALL).fit(X, y)
    features = lsm.pipeline_[0].transform(X)
    with pytest.warns(UserWarning, match="the readout begins anew"):
        lsm.partial_fit(X[::2], y[::2])
    np.testing.assert_array_equal(lsm.pipeline_[0].transform(X), features)
    lsm.partial_fit(X[1::2], y[1::2])
    expected = LSMClassifier(**SMALL).fit(X, y)
    np.testing.assert_allclose(lsm.decision_function(X), expected.decision_function(X))
    lsm.fit(X, y)  # begins anew in its turn
    assert not hasattr(lsm, "n_samples_seen_")
    np.testing.assert_array_equal(lsm.decision_function(X), expected.decision_function(X))


def refusals():
    yield (lambda lsm, X, y: lsm.partial_fit(X, y).partial_fit(X, np.full(len(y), "9")), "'9'")
    yield (lambda lsm, X, y: lsm.partial_fit(X, np.full(len(y), "a")), "only one class, 'a'")
    yield (
        lambda lsm, X, y: lsm.partial_fit(X, y).partial_fit(X, y, classes=["1"]),
        "classes must",
    )
    yield (lambda lsm, X, y: lsm.partial_fit(X, y[:-1]), "inconsistent")
    yield (lambda lsm, X, y: lsm.partial_fit(X, y, liquid="lif"), "liquid must be a fitted")
    yield (
        lambda lsm, X, y: lsm.partial_fit(X, y, liquid=LiquidTransformer().fit(np.eye(3))),
        "liquid was fitted with 1 channels, but X has sequences of 12",
    )
    yield (
        lambda lsm, X, y: lsm.partial_fit(X, y).partial_fit(X, y, liquid=lsm.pipeline_[0]),
        "first call",
    )
    yield (
        lambda lsm, X, y: lsm.partial_fit(X, y).partial_fit([x[:, :3] for x in X], y),
        "3 channels",
    )
    yield (
        lambda lsm, X, y: lsm.set_params(class_weight="balanced").partial_fit(X, y),
        "class_weight='balanced' needs all samples",
    )
    yield (lambda lsm, X, y: lsm.fit(iter([X, X]), y), "more sequences than y has targets")
    yield (lambda lsm, X, y: lsm.fit(iter([X[:9]]), y), "X yields 9 sequences, but y has")
    yield (lambda lsm, X, y: lsm.fit(iter([]), y), "X yields no sequences")
    yield (
        lambda lsm, X, y: lsm.fit(
            iter([X[:9], X[9:]]), y, sample_weight=1.0 * (np.arange(30) > 9)
        ),
        "sample_weight is zero for all of the 9 sequences of the first part",
    )
    yield (lambda lsm, X, y: lsm.fit(iter([X[:9], X]), y[::7]), "more sequences than y has")
    yield (lambda lsm, X, y: lsm.fit(iter(X), y), "part 0 of X is an array of shape")
    yield (
        lambda lsm, X, y: lsm.set_params(readout="mlp").fit(iter([X]), y),
        "readout MLPClassifier.* needs all features at once",
    )


@pytest.mark.parametrize(("call", "message"), list(refusals()))
def test_what_is_refused(few_vowels, call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call(LSMClassifier(**SMALL), *few_vowels)


def test_a_part_that_is_refused_changes_nothing(few_vowels):
    X, y = few_vowels
    lsm = LSMClassifier(**SMALL).partial_fit(X, y)
    before = lsm.decision_function(X)
    spoilt = [*X[:5], np.full_like(X[0], np.nan)]
    with pytest.raises(ValueError, match="NaN: sample 5"):
        lsm.partial_fit(spoilt, y[:6])
    assert lsm.n_samples_seen_ == len(X)
    np.testing.assert_array_equal(lsm.decision_function(X), before)


def test_what_was_interrupted_does_not_pass_for_fitted(few_vowels):
    X, y = few_vowels

    def parts():
        yield X[:10]
        raise KeyboardInterrupt

    lsm = LSMClassifier(**SMALL)
    with pytest.raises(KeyboardInterrupt):
        lsm.fit(parts(), y)
    with pytest.raises(NotFittedError):
        lsm.predict(X)
    lsm.partial_fit(X, y)
    with pytest.raises(KeyboardInterrupt):
        lsm.partial_fit(parts(), y)
    assert lsm.n_samples_seen_ == len(X)
    lsm.predict(X)


def test_a_first_call_that_fails_leaves_what_was_fitted(few_vowels):
    X, y = few_vowels
    lsm = LSMClassifier(**SMALL).fit(X, y)
    before = lsm.decision_function(X)

    def failing():
        yield X[:10]
        raise OSError

    for call in (
        lambda: lsm.partial_fit([x[:, :1] for x in X], y),
        lambda: lsm.partial_fit(X, y, classes=[7, 8]),
        lambda: lsm.partial_fit(failing(), y),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the fit before is lost, which it is not
            with pytest.raises((ValueError, OSError, TypeError)):
                call()
        np.testing.assert_array_equal(lsm.decision_function(X), before)
        assert not hasattr(lsm, "n_samples_seen_")


@pytest.mark.parametrize("readout", ["ridge", SGDClassifier(random_state=0)])
def test_a_later_call_that_fails_adds_nothing(few_vowels, readout):
    X, y = few_vowels
    lsm = LSMClassifier(readout=readout, **SMALL).partial_fit(X[::2], y[::2])
    stream, before = lsm.open_stream().push(X[0]), pickle.dumps(lsm)
    with pytest.raises(ValueError, match="more sequences than y has"):
        lsm.partial_fit(iter([X[:10], X]), y[:20])
    assert pickle.dumps(lsm) == before
    scores = lsm.decision_function(X[:1])
    learned = lsm.partial_fit(X[1::2], y[1::2]).decision_function(X[:1])
    assert (learned != scores).any()
    np.testing.assert_array_equal(stream.decision_function(), learned)  # it learns with it


def test_what_later_parts_are_told_is_what_the_first_was(few_vowels):
    X, y = few_vowels
    weights = {"1": 1.0, "2": 9.0, "3": 1.0}
    expected = LSMClassifier(class_weight=weights, **SMALL).partial_fit(X[::2], y[::2])
    lsm = clone(expected).partial_fit(X[::2], y[::2])
    lsm.set_params(class_weight=None, readout="mlp", pooling="rate", target_rate=None)
    lsm.partial_fit(X[1::2], y[1::2])
    expected.partial_fit(X[1::2], y[1::2])
    np.testing.assert_array_equal(lsm.decision_function(X), expected.decision_function(X))


@pytest.mark.usefixtures("tiny_parts")
def test_a_large_later_part_is_validated_before_any_of_it_is_added(few_vowels):
    X, y = few_vowels
    lsm = LSMClassifier(**SMALL).partial_fit(X, y)
    with pytest.raises(ValueError, match=f"NaN: sample {len(X) - 1} at"):
        lsm.partial_fit([*X[:-1], np.full_like(X[-1], np.nan)], y)
    assert lsm.n_samples_seen_ == len(X)


def test_a_liquid_that_was_given_may_be_fitted_again(few_vowels, liquid):
    X, y = few_vowels
    lsm = LSMClassifier(**SMALL).partial_fit(X, y, liquid=liquid)
    before = lsm.decision_function(X)
    liquid.set_params(random_state=7).fit(X)
    np.testing.assert_array_equal(lsm.decision_function(X), before)


@pytest.mark.usefixtures("tiny_parts")
def test_padding_is_not_for_tables_however_large(few_vowels):
    table = np.random.default_rng(0).normal(size=(400, 20))
    table[399, 15:] = np.nan
    for rows in (slice(390, 400), slice(None)):
        with pytest.raises(ValueError, match="NaN"):
            LiquidTransformer(**SMALL).fit(table[rows])


@pytest.mark.usefixtures("tiny_parts")
@pytest.mark.parametrize("Estimator", [LSMClassifier, LSMRegressor])
def test_large_input_in_every_form(tmp_path, Estimator):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 30, 2)).cumsum(axis=1).astype(np.float32)
    y = (X.mean(axis=(1, 2)) > 0).astype(int)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    lsm = Estimator(reservoir_size=15, random_state=0)
    expected = clone(lsm).fit(X, y).predict(X)
    for form in (mapped, list(X), X.astype(np.float64)):
        other = clone(lsm).fit(form, y)
        np.testing.assert_array_equal(other.predict(form), expected)
    halves = clone(lsm).fit(iter([X[:75], X[75:]]), y)
    assert np.mean(halves.predict(iter([X[:9], X[9:]])) == halves.predict(X)) == 1.0
    assert halves.score(X, y) > 0.4


@pytest.mark.usefixtures("tiny_parts")
def test_transform_in_parts_is_that_of_the_whole(few_vowels, monkeypatch):
    X = few_vowels[0]
    liquid = LiquidTransformer(**SMALL, bidirectional=True).fit(X[:10])
    in_parts = liquid.transform(X)
    np.testing.assert_array_equal(liquid.transform(iter([X[:7], X[7:]])), in_parts)
    monkeypatch.setattr(collection_module, "PART_SIZE", 10**9)
    np.testing.assert_array_equal(liquid.transform(X), in_parts)
    first = LiquidTransformer(**SMALL).fit_transform(iter([X[:20], X[20:]]))
    np.testing.assert_array_equal(first, LiquidTransformer(**SMALL).fit(X[:20]).transform(X))


@pytest.mark.usefixtures("tiny_parts")
def test_errors_in_large_input_name_the_sample_before_any_work(few_vowels):
    X, y = few_vowels
    spoilt = [*X[:-1], np.full_like(X[-1], np.inf)]
    lsm = LSMClassifier(**SMALL)
    with pytest.raises(ValueError, match=f"infinity: sample {len(X) - 1} at time step 0"):
        lsm.fit(spoilt, y)
    assert not hasattr(lsm, "pipeline_")
    with pytest.raises(ValueError, match=f"infinity: sample {len(X) - 1} at time step 0"):
        lsm.fit(X, y).predict(spoilt)


@pytest.mark.usefixtures("tiny_parts")
def test_large_input_in_cross_validation(few_vowels):
    assert cross_val_score(LSMClassifier(**SMALL), *few_vowels, cv=3).mean() > 0.9


def test_memory_does_not_grow_with_a_mapped_file(tmp_path):
    """What is held above the file: the same for four times as many sequences."""
    X = np.zeros((9_000, 500, 2), np.float32)
    X += np.random.default_rng(0).normal(size=(9_000, 1, 1)).astype(np.float32)
    np.save(tmp_path / "X.npy", X)
    y = (X[:, 0, 0] > 0).astype(int)
    del X
    liquid = LiquidTransformer(5, n_jobs=-1, random_state=0, pooling="rate")
    lsm = LSMClassifier(5, n_jobs=-1, random_state=0, pooling="rate")
    peaks = []
    for n in (4_500, 9_000):
        mapped = np.load(tmp_path / "X.npy", mmap_mode="r")[:n]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tracemalloc.start()
            lsm.partial_fit(mapped, y[:n], liquid=liquid.fit(mapped)).predict(mapped)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        lsm = clone(lsm)
    assert peaks[1] < peaks[0] + 4e6
    assert max(peaks) < 150e6
