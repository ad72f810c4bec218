"""Early decisions: when they come, what they cost, and that the rest is the machine's own."""

import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier

from skliquid import EarlyLSMClassifier, LSMClassifier
from skliquid.sequences import as_sequences

N_STEPS = 24


def told_from(begin, n, rng, noise=0.3):
    """Sequences of two classes that differ from a step on, by the direction of a drift."""
    y = rng.integers(0, 2, n)
    drift = (np.arange(N_STEPS) >= begin) * (2.0 * y[:, np.newaxis] - 1)
    return drift[..., np.newaxis] + noise * rng.normal(size=(n, N_STEPS, 1)), y


def gradual(n, rng):
    """Sequences of three classes, of which some are told late and some never."""
    y, begin = rng.integers(0, 3, n), rng.integers(0, N_STEPS - 4, n)
    drift = (np.arange(N_STEPS) >= begin[:, np.newaxis]) * (y[:, np.newaxis] - 1.0)
    strength = rng.uniform(0.3, 1.2, (n, 1))
    return (strength * drift + rng.normal(size=drift.shape)).cumsum(axis=1)[..., np.newaxis], y


def early(seed=0, **parameters):
    return EarlyLSMClassifier(
        LSMClassifier(40, random_state=seed), random_state=seed, **parameters
    )


RNG = np.random.default_rng(0)
X, Y = gradual(200, RNG)
X_TEST, Y_TEST = gradual(300, RNG)
FITTED = early(risk=0.2, cv=3).fit(X, Y)


def test_seen_at_once_is_decided_at_once():
    rng = np.random.default_rng(1)
    machine = early(checkpoints=8).fit(*told_from(0, 200, rng))
    fresh, y = told_from(0, 300, rng)
    labels, n_frames = machine.predict_early(fresh)
    assert (labels == y).mean() > 0.95
    assert n_frames.mean() < N_STEPS / 4


def test_seen_at_the_end_is_waited_for():
    rng = np.random.default_rng(1)
    machine = early(checkpoints=8, risk=0.1).fit(*told_from(20, 300, rng))
    fresh, y = told_from(20, 300, rng)
    labels, n_frames = machine.predict_early(fresh)
    assert (labels == y).mean() > 0.95
    assert n_frames.mean() > 20


@pytest.mark.parametrize("cv", [0.4, 4])
def test_risk_holds_on_fresh_sequences(cv):
    """Over machines: rarely missed with a share, and then by little with folds."""
    rng = np.random.default_rng(2)
    risk, lost = 0.2, []
    for seed in range(12):
        machine = early(seed, risk=risk, cv=cv, checkpoints=4).fit(*gradual(120, rng))
        fresh, y = gradual(400, rng)
        assert np.isfinite(machine.threshold_)
        at_the_end = machine.estimator_.predict(fresh) == y
        lost.append((at_the_end & (machine.predict(fresh) != y)).mean())
    assert 0.04 < np.mean(lost) < risk
    # One in ten may; five of twelve or more would have a probability of 0.4 %.
    assert np.mean(np.array(lost) > risk) < 5 / 12


def test_the_more_risk_the_earlier():
    thresholds, taken = [], []
    for risk in (0.0, 0.1, 0.3, 1.0):
        machine = early(risk=risk, cv=3).fit(X, Y)
        thresholds.append(machine.threshold_)
        taken.append(machine.predict_early(X_TEST)[1].mean())
    assert thresholds == sorted(thresholds, reverse=True)
    assert taken == sorted(taken, reverse=True)
    assert taken[0] == N_STEPS
    assert taken[-1] == FITTED.checkpoints_[0]
    assert len(set(taken)) == 4


def test_the_more_confidence_the_later():
    lax, usual, strict = (
        early(risk=0.3, cv=3, confidence_level=c).fit(X, Y) for c in (0.5, 0.95, 0.999)
    )
    assert lax.threshold_ < usual.threshold_ < strict.threshold_


@pytest.mark.parametrize(
    "readout",
    [
        *("ridge", "leaky_rate", LogisticRegression(C=0.01), RidgeClassifier()),
        MLPClassifier((8,), max_iter=20, random_state=0),
    ],
)
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_whoever_waits_hears_the_machine(readout):
    machine = LSMClassifier(30, readout=readout, random_state=0)
    waits = EarlyLSMClassifier(machine, risk=0).fit(X[:60], Y[:60])
    labels, n_frames = waits.predict_early(X_TEST)
    alone = machine.fit(X[:60], Y[:60])
    assert_array_equal(labels, alone.predict(X_TEST))
    assert (n_frames == N_STEPS).all()
    if hasattr(alone, "predict_proba"):
        assert_array_equal(waits.predict_proba(X_TEST), alone.predict_proba(X_TEST))


@pytest.mark.parametrize("readout", ["leaky_spike", LogisticRegression(C=0.01)])
def test_every_readout_decides_early(readout):
    machine = LSMClassifier(30, readout=readout, random_state=0)
    rng = np.random.default_rng(3)
    decides = EarlyLSMClassifier(machine, random_state=0).fit(*told_from(4, 160, rng))
    fresh, y = told_from(4, 200, rng)
    labels, n_frames = decides.predict_early(fresh)
    assert (labels == y).mean() > 0.9
    assert n_frames.mean() < 0.8 * N_STEPS


def test_held_out_sequences_are_not_known():
    machine = early(cv=0.4, risk=0.2).fit(X, Y)
    known, held = train_test_split(np.arange(200), test_size=0.4, stratify=Y, random_state=0)
    alone = LSMClassifier(40, random_state=0).fit(X[np.sort(known)], Y[np.sort(known)])
    assert_array_equal(machine.estimator_.predict_proba(X_TEST), alone.predict_proba(X_TEST))
    # Its own decisions about them are what the threshold was chosen by.
    labels, n_frames = machine.predict_early(X[held])
    of_chosen = machine.candidate_thresholds_ == machine.threshold_
    at_the_end = alone.predict(X[held]) == Y[held]
    assert machine.risks_[of_chosen] == (at_the_end & (labels != Y[held])).mean()
    assert machine.earliness_[of_chosen] == pytest.approx(n_frames.mean() / N_STEPS)


def test_machine_of_folds_knows_all():
    alone = LSMClassifier(40, random_state=0).fit(X, Y)
    assert_array_equal(FITTED.estimator_.predict_proba(X_TEST), alone.predict_proba(X_TEST))
    assert 0 < FITTED.risks_[FITTED.candidate_thresholds_ == FITTED.threshold_] < 0.2


@pytest.mark.parametrize(("cv", "n"), [(0.3, 140), (5, 40)])
def test_too_few_sequences_are_named_and_waited_for(cv, n):
    with pytest.warns(UserWarning, match=rf"risk=0.05 .* takes 45 sequences, and cv={cv} holds"):
        machine = early(cv=cv).fit(X[:n], Y[:n])
    assert machine.threshold_ == np.inf
    assert np.isnan(machine.risks_).all()
    labels, n_frames = machine.predict_early(X_TEST)
    assert (n_frames == N_STEPS).all()
    # Then nothing is held out in vain.
    alone = LSMClassifier(40, random_state=0).fit(X[:n], Y[:n])
    assert_array_equal(labels, alone.predict(X_TEST))


def test_risk_that_no_threshold_keeps_is_named():
    class Overconfident(RidgeClassifier):
        def decision_function(self, X):
            return 1e4 * super().decision_function(X)

    machine = LSMClassifier(30, readout=Overconfident(), random_state=0)
    with pytest.warns(UserWarning, match="no threshold kept the risk among the 200 sequences"):
        fitted = EarlyLSMClassifier(machine, cv=3).fit(X, Y)
    assert (fitted.predict_early(X_TEST)[1] == N_STEPS).all()


def test_only_sample_of_a_class_is_known():
    y = Y.copy()
    y[7] = 9
    machine = early(risk=0.3, cv=3).fit(X, y)
    assert machine.classes_.tolist() == [0, 1, 2, 9]
    assert np.isfinite(machine.threshold_)


def test_sequences_of_unequal_lengths():
    rng = np.random.default_rng(4)
    lengths = rng.integers(3, N_STEPS + 1, 200)
    ragged = [x[:n] for x, n in zip(X, lengths, strict=True)]
    machine = early(risk=0.3, cv=3, checkpoints=[6, 12, 18]).fit(ragged, Y)
    longer = [*ragged, *np.repeat(X_TEST[:20], 2, axis=1)]
    labels, n_frames = machine.predict_early(longer)
    ends = np.array([len(x) for x in longer])
    assert np.isin(n_frames[n_frames < ends], [6, 12, 18]).all()
    assert 0.1 < (n_frames < ends).mean() < 1
    waits = n_frames == ends
    assert_array_equal(
        labels[waits & (ends < 6)], machine.estimator_.predict(longer)[waits & (ends < 6)]
    )
    # Neither the others nor the order of a batch matter.
    alone = [machine.predict_early([x])[0][0] for x in longer[:20]]
    assert_array_equal(labels[:20], alone)


def test_accuracy_curve_is_that_of_cut_sequences():
    lengths = np.random.default_rng(5).integers(4, N_STEPS + 1, 300)
    ragged = [x[:n] for x, n in zip(X_TEST, lengths, strict=True)]
    fractions, accuracies = FITTED.accuracy_curve(ragged, Y_TEST)
    always = pickle.loads(pickle.dumps(FITTED))
    always.threshold_ = 0.0
    for i, checkpoint in enumerate(FITTED.checkpoints_):
        seen = np.minimum(checkpoint, lengths)
        assert fractions[i] == pytest.approx((seen / lengths).mean())
        # A machine that is asked nowhere else decides there.
        always.checkpoints_, always._stages = np.array([checkpoint]), FITTED._stages[i :: 9 - i]
        assert accuracies[i] == always.score(ragged, Y_TEST)
    assert fractions[-1] == 1
    assert accuracies[-1] == FITTED.estimator_.score(ragged, Y_TEST)
    assert accuracies[-1] > accuracies[0] + 0.1


def test_missing_values_are_held():
    rng = np.random.default_rng(6)
    holes = X.copy()
    holes[rng.random(holes.shape) < 0.2] = np.nan
    with pytest.raises(ValueError, match="sample 0 at time step"):
        clone(FITTED).fit(list(holes), Y)
    machine = clone(FITTED).set_params(estimator__missing="hold").fit(list(holes), Y)
    _, n_frames = machine.predict_early(list(holes))
    assert n_frames.mean() < 0.95 * N_STEPS


def test_number_of_checkpoints_is_that_of_equal_parts():
    assert FITTED.checkpoints_.tolist() == [3, 5, 8, 10, 12, 15, 17, 20, 22]
    assert early(risk=0, checkpoints=1).fit(X[:30], Y[:30]).checkpoints_.tolist() == []
    # No more than one for each frame.
    assert early(risk=0, checkpoints=99).fit(X[:30, :4], Y[:30]).checkpoints_.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "checkpoints",
    [[5, 5], [0, 3], [3, 24], [], [2.5], [[3, 5]], ["a"], np.array([20, 3], dtype=np.uint8)],
)
def test_wrong_checkpoints_are_named(checkpoints):
    with pytest.raises(ValueError, match=r"checkpoints must be .* from 1 to 23, .* got .*\["):
        early(checkpoints=checkpoints).fit(X, Y)


@pytest.mark.parametrize(
    "parameters", [{"bidirectional": True}, {"n_windows": 2}, {"missing": "linear"}]
)
def test_what_needs_the_end_is_named(parameters):
    with pytest.raises(ValueError, match=rf"{next(iter(parameters))}.*cannot stream"):
        EarlyLSMClassifier(LSMClassifier(30, **parameters)).fit(X, Y)


@pytest.mark.parametrize("parameters", [{"bidirectional": True}, {"missing": "linear"}])
def test_what_needs_the_end_is_named_with_a_leaky_readout(parameters):
    machine = LSMClassifier(20, readout="leaky_rate", **parameters)
    with pytest.raises(ValueError, match="need the end of a sequence"):
        EarlyLSMClassifier(machine, risk=0).fit(X[:30], Y[:30])


@pytest.mark.parametrize("cv", [0.1, 0.9])
def test_share_that_cannot_hold_every_class_is_named(cv):
    classes = np.arange(200) // 4
    with pytest.raises(ValueError, match=f"cv must be a share that leaves .* got {cv}"):
        early(risk=0.5, cv=cv).fit(X, classes)


def test_search_over_both():
    grid = {"risk": [0.1, 0.4], "estimator__reservoir_size": [20, 40]}
    search = GridSearchCV(early(checkpoints=3), grid, cv=2).fit(X, Y)
    assert search.best_score_ > 0.5
    assert (
        search.best_estimator_.estimator_.reservoir_size
        == search.best_params_["estimator__reservoir_size"]
    )


def test_pickled_and_fitted_again():
    copied = pickle.loads(pickle.dumps(FITTED))
    again = clone(FITTED).fit(X, Y)
    for other in (copied, again):
        for ours, theirs in zip(
            FITTED.predict_early(X_TEST), other.predict_early(X_TEST), strict=True
        ):
            assert_array_equal(ours, theirs)
        assert_array_equal(FITTED.predict_proba(X_TEST), other.predict_proba(X_TEST))


def test_a_fit_that_fails_leaves_what_was():
    machine = clone(FITTED).fit(X, Y)
    before = machine.predict_proba(X_TEST)
    with pytest.raises(ValueError, match="only one class"), warnings.catch_warnings():
        machine.fit(X, np.zeros(200))
    assert_array_equal(machine.predict_proba(X_TEST), before)


def test_parts_at_a_time(monkeypatch):
    expected = FITTED.predict_early(X_TEST)
    monkeypatch.setattr("skliquid.estimators._lsm._PART_BYTES", 2**16)
    assert FITTED.estimator_._most_at_once() < 100
    for ours, theirs in zip(expected, FITTED.predict_early(X_TEST), strict=True):
        assert_array_equal(ours, theirs)


def test_sequences_already_validated():
    assert_array_equal(FITTED.predict(as_sequences(X_TEST)), FITTED.predict(X_TEST))
