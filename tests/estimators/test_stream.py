"""Live streams against the whole sequences, which are the oracle."""

import copy
import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.preprocessing import FunctionTransformer

from skliquid import LiquidTransformer, LSMClassifier, LSMRegressor
from skliquid.encoding import CurrentEncoder, DeltaEncoder
from skliquid.engines.protocol import OPEN_END
from skliquid.pooling import POOLINGS
from skliquid.reservoirs import IntegrateAndFire, SynapseModel

UNWINDOWED = [name for name in POOLINGS if name != "model_space"]
TIRED = {"adaptation": 0.3, "tau_adaptation": 5.0, "refractory": 2, "derivative": True}
SETTINGS = {
    "default": {},
    "tired": TIRED,
    "dense": {"connectivity": 0.3, "recurrent_fraction": 1.0},
    "undelayed": {"n_delays": 1, "max_channels": None, "encoder": None},
    "two liquids": {"n_liquids": 2},
    "gru": {"cell": "gru"},
    "lstm": {"cell": "lstm"},
    "numpy": {"engine": "numpy", **TIRED},
    "mlx": {"engine": "mlx", **TIRED},
    "current": {"encoder": CurrentEncoder(derivative=True)},
    "population": {"encoder": "population"},
    "delta": {"encoder": "delta"},
    "delta from the first frame": {"encoder": DeltaEncoder(0.2, start="first")},
    "latency": {"encoder": "latency"},
    "delays": {"synapse": SynapseModel(delay=3.0)},
    "currents": {"synapse": SynapseModel(tau_syn=2.0, tau_input=3.0), "topology": "spatial"},
    "depression": {"synapse": SynapseModel(stp=(0.5, 9.0, 3.0)), "cell": IntegrateAndFire()},
    "mlx, latency": {"encoder": "latency", "engine": "mlx"},
}


def walks(lengths, seed=0, n_channels=2):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(length, n_channels)).cumsum(axis=0) for length in lengths]


TRAINING = walks([30] * 12)
FRAMES = walks([60, 45, 70], seed=1)


def fitted(**parameters):
    parameters = {"pooling": UNWINDOWED, "random_state": 0} | parameters
    if "cell" not in parameters:
        parameters.setdefault("engine", "numba")
    return LiquidTransformer(40, **parameters).fit(TRAINING)


@pytest.fixture(scope="module")
def classifier():
    y = np.arange(12) % 3
    return LSMClassifier(100, engine="numba", random_state=0).fit(TRAINING, y)


def assert_tells(stream, liquid, so_far):
    """Compare with the whole sequences so far, of the streams that have frames."""
    begun = [i for i, frames in enumerate(so_far) if len(frames)]
    expected = liquid.transform([so_far[i] for i in begun])
    features = stream.features(None if len(begun) == len(so_far) else begun)
    np.testing.assert_array_equal(features, expected)
    assert features.dtype == expected.dtype
    assert stream.n_frames_seen.tolist() == [len(frames) for frames in so_far]


@pytest.mark.parametrize("name", SETTINGS)
def test_features_at_random_cuts(name):
    """Three streams of different pace, some of which may get no frames."""
    rng = np.random.default_rng(0)
    liquid = fitted(**SETTINGS[name])
    stream, seen = liquid.open_stream(3), np.zeros(3, dtype=int)
    while seen.min() < 30:
        last = seen + rng.choice([0, 0, 1, 2, 9], 3)
        pieces = [x[i:j] for x, i, j in zip(FRAMES, seen, last, strict=True)]
        assert stream.push(pieces) is stream
        seen = np.minimum(last, [len(x) for x in FRAMES])
        if seen.any():
            assert_tells(stream, liquid, [x[:i] for x, i in zip(FRAMES, seen, strict=True)])
    features = stream.features()
    assert (features != 0).mean() > 0.2


@pytest.mark.parametrize("name", ["default", "tired", "gru", "mlx", "delta", "two liquids"])
def test_features_after_every_frame(name):
    liquid = fitted(**SETTINGS[name])
    stream = liquid.open_stream()
    for t, frame in enumerate(FRAMES[0][:20]):
        assert_tells(stream.push(frame), liquid, [FRAMES[0][: t + 1]])
    stream = liquid.open_stream(2)
    for t in range(20):
        stream.push(np.stack([FRAMES[0][t], FRAMES[1][t]]))
        assert_tells(stream, liquid, [FRAMES[0][: t + 1], FRAMES[1][: t + 1]])


@pytest.mark.parametrize("name", ["tired", "gru", "mlx", "delta", "two liquids"])
def test_frames_of_some_streams(name):
    liquid = fitted(**SETTINGS[name])
    stream, seen, rng = liquid.open_stream(3), np.zeros(3, dtype=int), np.random.default_rng(0)
    for streams in (2, [1, 0], [0, 2], slice(None), 0, np.array([False, True, True]), [0], [2, 1]):
        chosen = np.atleast_1d(np.arange(3)[streams])
        n_frames = rng.integers(1, 6, len(chosen))
        n_frames[0] = 4
        frames = [FRAMES[i][seen[i] : seen[i] + n] for i, n in zip(chosen, n_frames, strict=True)]
        stream.push(frames[0] if len(chosen) == 1 else frames, streams)
        seen[chosen] += n_frames
        assert_tells(stream, liquid, [x[:i] for x, i in zip(FRAMES, seen, strict=True)])
    with pytest.raises(ValueError, match=r"each stream once, got \[1, 1\]"):
        stream.push([FRAMES[0], FRAMES[1]], [1, 1])
    with pytest.raises(ValueError, match="collection of 3; expected frames of 2 streams"):
        stream.push(FRAMES, [0, 1])


def test_long_pieces_before_and_after_short_ones():
    """Whose room is made anew, and whose taps are summed by other kernels."""
    liquid = fitted()
    X = walks([600], seed=2)[0]
    stream, seen = liquid.open_stream(), 0
    for length in (3, 1, 200, 1, 2, 4, 65, 64, 1, 128, 33):
        seen += length
        assert_tells(stream.push(X[seen - length : seen]), liquid, [X[:seen]])


def test_scores_after_every_frame(classifier):
    stream, whole = classifier.open_stream(), FRAMES[0][:40]
    for t, frame in enumerate(whole):
        stream.push(frame)
        so_far = [whole[: t + 1]]
        for method in ("decision_function", "predict_proba", "predict_log_proba"):
            told, expected = (getattr(tells, method) for tells in (stream, classifier))
            np.testing.assert_array_equal(told(), expected(so_far))
        assert stream.predict().tolist() == classifier.predict(so_far).tolist()
    assert len(np.unique(classifier.predict([whole[: t + 1] for t in range(40)]))) > 1


def test_scores_of_some_streams(classifier):
    stream = classifier.open_stream(3).push([FRAMES[0][:5], None, FRAMES[2][:9]])
    for streams, so_far in (
        ([0, 2], [FRAMES[0][:5], FRAMES[2][:9]]),
        (2, [FRAMES[2][:9]]),
        (np.array([False, False, True]), [FRAMES[2][:9]]),
        (slice(0, 1), [FRAMES[0][:5]]),
    ):
        expected = classifier.decision_function(so_far)
        np.testing.assert_array_equal(stream.decision_function(streams), expected)
        assert (stream.predict(streams) == classifier.predict(so_far)).all()


def test_streams_have_what_the_readout_has(classifier):
    y = np.arange(12) % 2
    without = LSMClassifier(50, readout=RidgeClassifier(), random_state=0).fit(TRAINING, y)
    assert not hasattr(without.open_stream(), "predict_proba")
    lsm = LSMClassifier(50, readout=LogisticRegression(), random_state=0).fit(TRAINING, y)
    stream = lsm.open_stream().push(FRAMES[0])
    np.testing.assert_array_equal(stream.predict_proba(), lsm.predict_proba(FRAMES[:1]))
    targets = np.stack([x.mean(axis=0) for x in TRAINING])
    regressor = LSMRegressor(50, random_state=0).fit(TRAINING, targets)
    stream = regressor.open_stream(2).push([x[:20] for x in FRAMES[:2]])
    expected = regressor.predict([x[:20] for x in FRAMES[:2]])
    np.testing.assert_array_equal(stream.predict(), expected)
    assert not hasattr(stream, "decision_function")


def test_precision_is_that_of_all_frames_so_far():
    liquid, single = fitted(), [x.astype(np.float32) for x in FRAMES]
    stream = liquid.open_stream().push(single[0][:10])
    assert_tells(stream, liquid, [single[0][:10]])
    assert stream.features().dtype == np.float32
    stream.push(FRAMES[0][10:20]).push(single[0][20:25])
    assert stream.features().dtype == np.float64
    assert stream.reset().push(single[0]).features().dtype == np.float32


@pytest.mark.parametrize("name", [*SETTINGS])
def test_going_on_from_a_saved_state(name):
    liquid = fitted(**SETTINGS[name])
    stream = liquid.open_stream(2).push([FRAMES[0][:25], FRAMES[1][:10]])
    saved, kept = pickle.dumps(stream), pickle.loads(pickle.dumps(stream.get_state()))
    twin = copy.deepcopy(stream)
    stream.push([FRAMES[0][25:40], FRAMES[1][10:40]])
    expected = stream.features()
    for other in (pickle.loads(saved), liquid.open_stream(2).set_state(kept), twin):
        assert other.n_frames_seen.tolist() == [25, 10]
        np.testing.assert_array_equal(
            other.push([FRAMES[0][25:40], FRAMES[1][10:40]]).features(), expected
        )
    np.testing.assert_array_equal(stream.features(), expected)
    stream.set_state(kept)
    assert_tells(stream, liquid, [FRAMES[0][:25], FRAMES[1][:10]])


def test_a_classifiers_stream_pickles(classifier):
    stream = pickle.loads(pickle.dumps(classifier.open_stream().push(FRAMES[0][:9])))
    expected = classifier.decision_function([FRAMES[0]])
    np.testing.assert_array_equal(stream.push(FRAMES[0][9:]).decision_function(), expected)


@pytest.mark.parametrize("name", ["tired", "gru", "mlx", "delta from the first frame"])
def test_reset(name):
    liquid = fitted(**SETTINGS[name])
    stream = liquid.open_stream(3).push([x[:20] for x in FRAMES])
    assert stream.reset(1) is stream
    assert stream.n_frames_seen.tolist() == [20, 0, 20]
    stream.push([None, FRAMES[0][:7], FRAMES[2][20:30]])
    assert_tells(stream, liquid, [FRAMES[0][:20], FRAMES[0][:7], FRAMES[2][:30]])
    stream.reset().push([x[:3] for x in FRAMES])
    assert_tells(stream, liquid, [x[:3] for x in FRAMES])


def test_states_of_others_are_refused():
    liquid = fitted()
    state = liquid.open_stream().push(FRAMES[0]).get_state()
    for other, text in (
        (fitted(random_state=1).open_stream(), "state is that of the source"),
        (fitted(pooling="rate").open_stream(), "state is that of the source"),
        (fitted(engine="numpy").open_stream(), "engine 'numba'; expected numpy"),
        (liquid.open_stream(2), r"'n_frames_seen' of shape \(1,\); expected \(2,\)"),
    ):
        with pytest.raises(ValueError, match=text):
            other.set_state(state)
    del state["liquid0_sum_counts"]
    with pytest.raises(ValueError, match="liquid0_sum_counts"):
        liquid.open_stream().set_state(state)


class Doubled(BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return [2 * x for x in X]


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"bidirectional": True}, "bidirectional=True cannot stream"),
        ({"encoder": "rate"}, r"encoder RateEncoder.* cannot stream: it waits for all frames"),
        ({"encoder": "bsa"}, r"encoder BSAEncoder.* cannot stream: it waits for the next"),
        ({"encoder": Doubled()}, r"encoder Doubled\(\) cannot stream"),
        ({"pooling": "counts", "n_windows": 4}, r"pooling \['counts'\] in n_windows=\(4,\)"),
        ({"pooling": ("rate", "potentials"), "n_windows": (1, 2)}, r"pooling \['potentials'\]"),
        ({"pooling": "model_space", "n_windows": 5}, r"pooling \['model_space'\]"),
    ],
)
def test_what_cannot_stream_says_so(parameters, text):
    with pytest.raises(ValueError, match=text):
        fitted(**parameters).open_stream()


def test_leaky_readouts_say_that_they_cannot_stream():
    lsm = LSMClassifier(20, readout="leaky_rate", random_state=0)
    lsm.set_params(readout="leaky_rate").fit(TRAINING, np.arange(12) % 2)
    with pytest.raises(ValueError, match="readout='leaky_rate' cannot stream"):
        lsm.open_stream()


def test_windows_that_do_not_act_stream():
    liquid = fitted(pooling=("rate", "first_spike"))
    assert_tells(liquid.open_stream().push(FRAMES[0]), liquid, FRAMES[:1])


NAN = FRAMES[0][20:25].copy()
NAN[3, 1] = np.nan


@pytest.mark.parametrize("name", ["tired", "gru", "delta", "two liquids"])
def test_a_failed_push_leaves_the_state(name):
    liquid = fitted(**SETTINGS[name])
    stream = liquid.open_stream(2).push([FRAMES[0][:20], FRAMES[1][:10]])
    before = pickle.dumps(stream.get_state())
    for frames in ([NAN, FRAMES[1][10:15]], [FRAMES[0]], FRAMES[0], [FRAMES[0][:, :1], None]):
        with pytest.raises(ValueError, match="frames"):
            stream.push(frames)
        assert pickle.dumps(stream.get_state()) == before
    stream.push([FRAMES[0][20:30], None])
    assert_tells(stream, liquid, [FRAMES[0][:30], FRAMES[1][:10]])


def test_a_stream_ends_where_its_counts_do():
    stream = fitted().open_stream().push(FRAMES[0])
    stream._liquids[0].parts["sum_seen"][:] = OPEN_END - 2
    before = pickle.dumps(stream.get_state())
    with pytest.raises(ValueError, match=f"{OPEN_END}"):
        stream.push(FRAMES[0][:3])
    assert pickle.dumps(stream.get_state()) == before
    stream.push(FRAMES[0][:2])


def test_questions_before_the_first_frame(classifier):
    stream = classifier.open_stream(3)
    for question in (stream.predict, stream.decision_function, stream.features):
        with pytest.raises(ValueError, match=r"No frame was pushed yet .* \[0, 1, 2\]"):
            question()
    stream.push([None, FRAMES[0], []])
    with pytest.raises(ValueError, match=r"No frame was pushed yet .* \[0, 2\]"):
        stream.predict()
    with pytest.raises(ValueError, match=r"streams \[2\]"):
        stream.predict([1, 2])
    assert stream.predict(1).shape == (1,)


@pytest.mark.parametrize("streams", [3, -4, "a", [0, 5], [], [[0, 1]], 1.5])
def test_streams_that_there_are_not(classifier, streams):
    stream = classifier.open_stream(3).push([x[:2] for x in FRAMES])
    for method in (stream.features, stream.reset, lambda which: stream.push(FRAMES[0], which)):
        with pytest.raises(ValueError, match="streams must be one or some of the 3 streams"):
            method(streams)


@pytest.mark.parametrize("n_streams", [0, -1])
def test_numbers_of_streams(n_streams):
    with pytest.raises(ValueError, match="n_streams must be an integer >= 1"):
        fitted().open_stream(n_streams)


def test_another_fit_leaves_an_open_stream():
    y = np.arange(12) % 3
    lsm = LSMClassifier(50, random_state=0).fit(TRAINING, y)
    expected = lsm.decision_function(FRAMES[:1])
    stream = lsm.open_stream().push(FRAMES[0][:20])
    lsm.set_params(pooling="rate", random_state=1).fit(TRAINING[:6], y[:6])
    np.testing.assert_array_equal(stream.push(FRAMES[0][20:]).decision_function(), expected)


def test_only_a_fitted_estimator_opens_a_stream():
    for estimator in (LiquidTransformer(), LSMClassifier(), LSMRegressor()):
        with pytest.raises(ValueError, match="not fitted yet"):
            estimator.open_stream()


def test_other_transformers_are_named_when_they_keep_frames_apart():
    """Also those whose output for a frame depends on that frame alone: nobody can tell."""
    encoder = FunctionTransformer(lambda X: [2 * x for x in X])
    with pytest.raises(ValueError, match="FunctionTransformer"):
        fitted(encoder=encoder).open_stream()


def test_a_stream_says_what_it_is(classifier):
    stream = classifier.open_stream(2).push([FRAMES[0], None])
    assert repr(stream) == "<LSMStream of LSMClassifier, n_frames_seen=[60, 0]>"


def test_an_interrupted_push_says_so_until_it_is_mended(monkeypatch):
    liquid = fitted(n_liquids=2)
    stream = liquid.open_stream().push(FRAMES[0][:20])
    saved = stream.get_state()

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(stream._liquids[1], "advance", interrupted)
        with pytest.raises(KeyboardInterrupt):
            stream.push(FRAMES[0][20:])
    for ask in (stream.features, stream.get_state, lambda: stream.push(FRAMES[0])):
        with pytest.raises(RuntimeError, match="push was interrupted"):
            ask()
    assert_tells(stream.set_state(saved).push(FRAMES[0][20:]), liquid, FRAMES[:1])
    stream._is_torn = True
    assert_tells(stream.reset().push(FRAMES[1]), liquid, FRAMES[1:2])


def test_states_that_numpy_has_saved(tmp_path, classifier):
    stream = classifier.open_stream().push(FRAMES[0][:20])
    np.savez(tmp_path / "state.npz", **stream.get_state())
    with np.load(tmp_path / "state.npz") as saved:
        other = classifier.open_stream().set_state(dict(saved))
    np.testing.assert_array_equal(other.decision_function(), stream.decision_function())
    state = stream.get_state()
    for dtype in (None, "int32"):
        with pytest.raises(ValueError, match="state holds 'dtype'"):
            other.set_state(state | {"dtype": dtype, "n_frames_seen": np.array([3])})
        assert other.n_frames_seen.tolist() == [20]


def test_an_estimator_that_is_mapped_from_a_file_streams(tmp_path, classifier):
    joblib.dump(classifier, tmp_path / "lsm.pkl")
    mapped = joblib.load(tmp_path / "lsm.pkl", mmap_mode="r")
    state = classifier.open_stream().push(FRAMES[0]).get_state()
    expected = classifier.decision_function(FRAMES[:1])
    stream = mapped.open_stream().set_state(state)
    np.testing.assert_array_equal(stream.decision_function(), expected)
