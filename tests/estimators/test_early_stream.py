"""Live decisions are those of the whole sequences, however their frames come."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skliquid import EarlyLSMClassifier, LSMClassifier

RNG = np.random.default_rng(0)
Y = np.arange(120) % 3
X = [(RNG.normal(size=(RNG.integers(8, 30), 2)) + 0.4 * (y - 1)).cumsum(axis=0) for y in Y]
EARLY = EarlyLSMClassifier(
    LSMClassifier(40, random_state=0), risk=0.15, cv=3, checkpoints=[4, 8, 9, 16], random_state=0
).fit(X, Y)
LABELS, N_FRAMES = EARLY.predict_early(X)
LENGTHS = np.array([len(x) for x in X])
SOME = np.array(
    [*np.flatnonzero(N_FRAMES < LENGTHS)[:8], *np.flatnonzero(N_FRAMES == LENGTHS)[:4]]
)


def assert_as_whole(stream, samples):
    assert_array_equal(stream.predict(), LABELS[samples])
    assert_array_equal(stream.n_frames_seen, N_FRAMES[samples])
    assert_array_equal(stream.predict_proba(), EARLY.predict_proba([X[i] for i in samples]))
    early = N_FRAMES[samples] < LENGTHS[samples]
    assert stream.is_decided[early].all()


def test_some_are_decided_at_each_checkpoint_and_some_at_the_end():
    assert set(N_FRAMES[N_FRAMES < LENGTHS]) == {4, 8, 9, 16}
    assert (N_FRAMES == LENGTHS).any()


@pytest.mark.parametrize("sample", SOME[[0, 4, 8]])
def test_frame_by_frame(sample):
    stream = EARLY.open_stream()
    for t, frame in enumerate(X[sample]):
        stream.push(frame)
        assert stream.is_decided[0] == (t + 1 >= N_FRAMES[sample]) or t + 1 == LENGTHS[sample]
    assert_as_whole(stream, [sample])


@pytest.mark.parametrize("size", [1, 3, 100])
def test_side_by_side_in_pieces(size):
    stream = EARLY.open_stream(len(SOME))
    for begin in range(0, 30, size):
        stream.push([X[i][begin : begin + size] for i in SOME])
    assert_as_whole(stream, SOME)


def test_at_different_paces():
    stream, rng = EARLY.open_stream(len(SOME)), np.random.default_rng(1)
    at = np.zeros(len(SOME), dtype=int)
    while (at < LENGTHS[SOME]).any():
        some = rng.choice(len(SOME), 5, replace=False)
        sizes = rng.integers(0, 9, 5)
        stream.push(
            [X[SOME[i]][at[i] : at[i] + n] for i, n in zip(some, sizes, strict=True)], some
        )
        at[some] += sizes
    assert_as_whole(stream, SOME)


def test_before_it_is_decided_it_is_told_what_the_machine_tells():
    sample = SOME[-1]
    stream, whole = EARLY.open_stream(), EARLY.estimator_.open_stream()
    for frame in X[sample]:
        stream.push(frame)
        whole.push(frame)
        if not stream.is_decided[0]:
            for method in ("predict", "predict_proba", "decision_function"):
                assert_array_equal(getattr(stream, method)(), getattr(whole, method)())


def test_frames_after_a_decision_are_not_run():
    sample = SOME[0]
    stream = EARLY.open_stream().push(X[sample])
    features = stream.features()
    stream.push(np.full((50, 2), 1e3))
    assert_array_equal(stream.features(), features)
    assert stream.n_frames_seen[0] == N_FRAMES[sample]
    stream.reset()
    assert not stream.is_decided.any()
    assert_as_whole(stream.push(X[SOME[1]]), SOME[1:2])


def test_reset_of_one_leaves_the_others():
    stream = EARLY.open_stream(2).push([X[SOME[0]], X[SOME[1]]]).reset(0)
    assert stream.is_decided.tolist() == [False, True]
    assert_as_whole(stream.push([X[SOME[2]], None]), SOME[[2, 1]])


@pytest.mark.parametrize("half", [2, 6, 20])
def test_copies_go_on(half):
    begun = EARLY.open_stream(len(SOME)).push([X[i][:half] for i in SOME])
    copies = [
        pickle.loads(pickle.dumps(begun)),
        copy.deepcopy(begun),
        EARLY.open_stream(len(SOME)).set_state(begun.get_state()),
    ]
    for each in copies:
        assert_array_equal(each.is_decided, begun.is_decided)
        assert_as_whole(each.push([X[i][half:] for i in SOME]), SOME)


def test_state_of_other_checkpoints_is_refused():
    other = EarlyLSMClassifier(
        LSMClassifier(40, random_state=0), risk=0, checkpoints=3, random_state=0
    ).fit(X, Y)
    with pytest.raises(ValueError, match="state is that of the source"):
        other.open_stream().set_state(EARLY.open_stream().get_state())


def test_wrong_frames_are_named_and_nothing_is_run():
    stream = EARLY.open_stream().push(X[0][:2])
    with pytest.raises(ValueError, match="frames contains infinity"):
        stream.push([[1.0, np.inf]])
    assert stream.n_frames_seen[0] == 2


def test_leaky_readouts_cannot_stream():
    machine = LSMClassifier(20, readout="leaky_rate", random_state=0)
    fitted = EarlyLSMClassifier(machine, risk=0).fit(X[:30], Y[:30])
    with pytest.raises(ValueError, match="'leaky_rate' cannot stream"):
        fitted.open_stream()
    assert "predict_early" in dir(fitted)


def test_names_itself():
    assert repr(EARLY.open_stream()) == "<EarlyLSMStream of EarlyLSMClassifier, n_frames_seen=[0]>"
