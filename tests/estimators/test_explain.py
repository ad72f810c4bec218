"""Explanations: they sum to the score, say what is known, and are refused where nothing splits."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.svm import SVC, LinearSVC

from skliquid import LSMClassifier, LSMRegressor
from skliquid.estimators import _explain
from skliquid.explanation import _neurons
from skliquid.pooling import POOLINGS

RNG = np.random.default_rng(0)
# Waves of three classes in two channels, of different lengths.
Y = np.arange(45) % 3
RAGGED = [
    np.sin(np.arange(14 + i % 5) * (0.4 + 0.4 * y))[:, None] + RNG.normal(0, 0.4, (14 + i % 5, 2))
    for i, y in enumerate(Y)
]
EQUAL = np.stack([x[:14] for x in RAGGED])
SMALL = {"reservoir_size": 60, "random_state": 0}
SHARED = [name for name, pooling in POOLINGS.items() if pooling.shares is not None]


def total(explanation):
    parts = explanation.contributions
    return explanation.base + [np.nansum(part) for part in parts]


def fitted(X=RAGGED, y=Y, **parameters):
    return LSMClassifier(**SMALL | parameters).fit(X, y)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        *({"pooling": name} for name in SHARED),
        {"pooling": ("potentials", "counts"), "n_windows": (1, 3)},
        {"pooling": SHARED, "n_windows": 2, "tau_trace": 3.0},
        # Traces of which little is left, and potentials beyond what sums of them are cut to.
        {"pooling": "trace", "tau_trace": 0.1},
        {"pooling": "last", "target_rate": None, "input_scaling": 2e4, "beta": 0.99},
        {"bidirectional": True},
        {"n_liquids": 3},
        {"n_liquids": 2, "bidirectional": True, "pooling": ("last", "trace", "counts")},
        {"n_delays": 1},
        {"recurrent_fraction": 1.0, "spectral_radius": 2.0},
        {"adaptation": 0.5, "refractory": 2, "beta": 0.9},
        {"derivative": True, "scale_channels": False, "target_rate": None},
        {"encoder": None, "engine": "numpy"},
        {"readout": LogisticRegression()},
        {"readout": LinearSVC()},
    ],
    ids=str,
)
def test_contributions_sum_to_the_score(parameters):
    lsm = fitted(**parameters)
    # Louder than in training, so that the limiter acts.
    X = [3 * x for x in RAGGED[:7]] + RAGGED[7:10]
    scores = lsm.decision_function(X)
    found = lsm.explain(X)
    np.testing.assert_array_equal(found.target, lsm.predict(X))
    np.testing.assert_allclose(total(found), scores.max(axis=1), rtol=0, atol=1e-9)
    assert [part.shape for part in found.contributions] == [x.shape for x in X]
    of_one = lsm.explain(X, target=1)
    np.testing.assert_allclose(total(of_one), scores[:, 1], rtol=0, atol=1e-9)
    assert min(abs(part).max() for part in of_one.contributions) > 1e-4


def test_every_class_and_one_for_each_sequence():
    lsm = fitted(y=np.array(["a", "b", "c"])[Y])
    scores, asked = lsm.decision_function(RAGGED[:6]), list("cabbca")
    found = lsm.explain(RAGGED[:6], target=asked)
    assert found.target.tolist() == asked
    expected = scores[np.arange(6), [2, 0, 1, 1, 2, 0]]
    np.testing.assert_allclose(total(found), expected, rtol=0, atol=1e-9)


def test_two_classes_are_each_other_s_negative():
    few = [x for x, y in zip(RAGGED, Y, strict=True) if y < 2]
    lsm = fitted(few, Y[Y < 2])
    scores, found = lsm.decision_function(few), lsm.explain(few)
    np.testing.assert_allclose(total(found), abs(scores), rtol=0, atol=1e-9)
    first, second = (lsm.explain(few, target=target) for target in (0, 1))
    np.testing.assert_allclose(total(second), scores, rtol=0, atol=1e-9)
    for one, other in zip(first.contributions, second.contributions, strict=True):
        np.testing.assert_allclose(one, -other, atol=1e-12)


@pytest.mark.parametrize("readout", ["ridge", Ridge()])
def test_numbers(readout):
    y = EQUAL.mean(axis=(1, 2))
    lsm = LSMRegressor(**SMALL, readout=readout).fit(EQUAL, y)
    found = lsm.explain(EQUAL)
    assert found.contributions.shape == EQUAL.shape
    np.testing.assert_allclose(total(found), lsm.predict(EQUAL), rtol=0, atol=1e-9)
    both = LSMRegressor(**SMALL, readout=readout).fit(EQUAL, np.stack([y, y**2], axis=1))
    found = both.explain(EQUAL, target=1)
    np.testing.assert_allclose(total(found), both.predict(EQUAL)[:, 1], rtol=0, atol=1e-9)
    with pytest.raises(ValueError, match="target must name one of the 2 outputs, 0 to 1"):
        both.explain(EQUAL)


def test_base_is_the_score_of_the_mean():
    lsm = fitted(EQUAL, encoder=None)
    mean = np.tile(lsm.pipeline_[0].liquid_.input_offset, (3, 14, 1))
    found = lsm.explain(mean, target=[0, 1, 2])
    assert not found.contributions.any()
    np.testing.assert_allclose(found.base, np.diag(lsm.decision_function(mean)), atol=1e-12)
    heard = lsm.explain(EQUAL[:3], target=[0, 1, 2])
    np.testing.assert_allclose(heard.base, found.base, atol=1e-3)


def test_what_neurons_do_that_hear_nothing_belongs_to_the_base():
    X = EQUAL.copy()
    X[:, :, 1] = 0.0  # and some listen to it alone
    lsm = fitted(X, recurrent_fraction=1.0, spectral_radius=2.0)
    found, scores = lsm.explain(X), lsm.decision_function(X)
    np.testing.assert_allclose(total(found), scores.max(axis=1), rtol=0, atol=1e-9)
    assert not found.contributions[:, :, 1].any()
    assert np.ptp(found.base[found.target == 0]) > 1e-6


def test_moments_that_cancel_but_for_rounding_give_nothing(vowels):
    X, y, X_test, _ = vowels
    lsm = LSMClassifier(100, pooling=("counts", "moments"), random_state=0).fit(X, y)
    found = lsm.explain(X_test)
    assert max(np.abs(part).max() for part in found.contributions) < 2


def test_a_hidden_bump_is_found():
    """A bump up or down in channel 2 of four, at steps 24 to 32 of 50, tells the class."""
    rng = np.random.default_rng(1)
    y = rng.permutation(np.arange(160) % 2)
    X = rng.normal(0, 0.3, size=(160, 50, 4))
    X[:, 24:32, 2] += np.where(y, 1.5, -1.5)[:, None] * np.hanning(8)
    lsm = LSMClassifier(300, random_state=0).fit(X[:120], y[:120])
    X, y = X[120:], y[120:]
    assert lsm.score(X, y) > 0.9
    found = lsm.explain(X, target=y).contributions
    share = found.mean(axis=0) / found.sum(axis=(1, 2)).mean()
    assert share[23:33, 2].sum() > 0.7  # 10 of 200 places
    assert np.unravel_index(share.argmax(), share.shape) in {(t, 2) for t in range(24, 32)}
    assert np.abs(np.delete(share.sum(axis=0), 2)).max() < 0.15


def deletion(lsm, X, order):
    """Mean change of the scores of the predicted classes as stretches go in an order."""
    scores = lsm.decision_function(X)
    classes, changes = scores.argmax(axis=1), []
    for n_deleted in range(1, order.shape[1]):
        is_kept = np.argsort(order, axis=1) >= n_deleted
        left = np.where(np.repeat(is_kept, 4, axis=1)[:, :, None], X, X.mean(axis=(0, 1)))
        left = lsm.decision_function(left)
        changes.append((left - scores)[np.arange(len(X)), classes].mean())
    return np.mean(changes)


def test_deletion_lowers_the_score_faster_than_chance(vowels):
    X = np.stack([x[:16] for x in vowels[0] if len(x) >= 16])
    y = np.array([c for x, c in zip(vowels[0], vowels[1], strict=True) if len(x) >= 16])
    lsm = LSMClassifier(300, random_state=0).fit(X[::2], y[::2])
    X = X[1::2][:40]
    sums = lsm.explain(X).contributions.reshape(40, 4, -1).sum(axis=2)
    chance = np.argsort(np.random.default_rng(0).random((5, 40, 4)), axis=2)
    chances = [deletion(lsm, X, order) for order in chance]
    largest, smallest = (deletion(lsm, X, np.argsort(sign * sums, axis=1)) for sign in (-1, 1))
    assert largest < min(chances) <= max(chances) < smallest


def test_contributions_are_near_the_shapley_values_of_the_score():
    lsm = LSMClassifier(300, random_state=0).fit(EQUAL, Y)
    x, mean, rng = EQUAL[5], EQUAL.mean(axis=(0, 1)), np.random.default_rng(0)
    exact = np.zeros(x.shape)
    for _ in range(60):
        order = rng.permutation(x.size)
        is_kept = np.argsort(order) >= np.arange(x.size + 1)[:, None]
        left = np.where(is_kept.reshape(-1, *x.shape), x, mean)
        scores = lsm.decision_function(left)[:, lsm.predict(x[None])[0]]
        exact.ravel()[order] -= np.diff(scores) / 60
    found = lsm.explain(x[None]).contributions[0]
    assert np.corrcoef(found.ravel(), exact.ravel())[0, 1] > 0.7


@pytest.mark.parametrize("encoder", ["current", "population", "delta", "latency", "rate", "bsa"])
def test_encoders_answer_for_their_channels(encoder):
    X = EQUAL.copy()
    X[:, :, 1] = RNG.normal(size=X.shape[:2])  # tells nothing
    lsm = fitted(X, reservoir_size=150, encoder=encoder, max_channels=1)
    found, scores = lsm.explain(X), lsm.decision_function(X)
    assert found.contributions.shape == X.shape
    np.testing.assert_allclose(total(found), scores.max(axis=1), rtol=0, atol=1e-9)
    of_channels = found.contributions.sum(axis=1).mean(axis=0)
    assert of_channels[0] > of_channels[1]


@pytest.mark.parametrize("missing", ["hold", "linear"])
def test_missing_values_keep_their_places(missing):
    X = EQUAL.copy()
    X[::2, 3:6, 0] = np.nan
    lsm = fitted(X, missing=missing)
    found, scores = lsm.explain(X), lsm.decision_function(X)
    np.testing.assert_allclose(total(found), scores.max(axis=1), rtol=0, atol=1e-9)
    assert np.isfinite(found.contributions).all()


def test_containers_follow_the_input():
    lsm = fitted()
    expected = lsm.explain(RAGGED)
    assert isinstance(expected.contributions, list)
    padded = np.full((45, 20, 2), np.nan)
    for row, x in zip(padded, RAGGED, strict=True):
        row[: len(x)] = x
    found = lsm.explain(padded)
    assert found.contributions.shape == (45, 20, 2)
    np.testing.assert_array_equal(np.isnan(found.contributions), np.isnan(padded))
    for one, other in zip(found.contributions, expected.contributions, strict=True):
        np.testing.assert_array_equal(one[: len(other)], other)
    by_parts = lsm.explain(iter([RAGGED[:20], RAGGED[20:]]), target=expected.target)
    for one, other in zip(by_parts.contributions, expected.contributions, strict=True):
        np.testing.assert_array_equal(one, other)
    table = fitted(EQUAL[:, :, 0]).explain(EQUAL[:, :, 0])
    assert table.contributions.shape == (45, 14, 1)


def test_neither_company_nor_blocks_matter(monkeypatch):
    lsm, few = fitted(bidirectional=True), RAGGED[:6]
    expected = lsm.explain(few)
    monkeypatch.setattr(_explain, "_MOST_STATES", 2000)
    alone = lsm.explain(few[::-1])
    for one, other in zip(alone.contributions[::-1], expected.contributions, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(alone.base[::-1], expected.base)
    monkeypatch.setattr(_neurons, "_BLOCK_SIZE", 18 * 7)
    for one, other in zip(lsm.explain(few).contributions, expected.contributions, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_blocks_of_neurons_do_not_matter_to_those_that_compete(monkeypatch):
    lsm, few = fitted(pooling=SHARED), RAGGED[:6]
    expected = lsm.explain(few)
    monkeypatch.setattr(_neurons, "_BLOCK_SIZE", 18 * 7)
    found = lsm.explain(few)
    for one, other in zip(found.contributions, expected.contributions, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)
    np.testing.assert_allclose(total(found), lsm.decision_function(few).max(axis=1), atol=1e-9)


def test_fitted_in_parts():
    lsm = LSMClassifier(**SMALL).partial_fit(RAGGED[:30], Y[:30]).partial_fit(RAGGED[30:], Y[30:])
    scores = lsm.decision_function(RAGGED)
    np.testing.assert_allclose(total(lsm.explain(RAGGED)), scores.max(axis=1), rtol=0, atol=1e-9)


class Doubled:
    """An encoder from outside."""

    def fit(self, X):
        return self

    def transform(self, X):
        return [np.concatenate([x, x], axis=1) for x in X]

    def get_params(self, deep=True):
        return {}


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"readout": "mlp"}, "readout='mlp' cannot be explained: it has no weights coef_"),
        ({"readout": "leaky_rate"}, "readout='leaky_rate' cannot be explained: it is no sum"),
        ({"readout": SVC(kernel="linear")}, "its decision_function is not, for each target, the"),
        ({"readout": SVC(kernel="linear", decision_function_shape="ovo")}, "is not, for each"),
        ({"cell": "gru"}, "cell='gru' cannot be explained: its units do not spike"),
        ({"pooling": ("counts", "model_space"), "n_windows": 3}, "pooling='model_space' cannot"),
        ({"encoder": Doubled()}, "encoder=.*Doubled.* cannot be explained: only those of"),
    ],
)
def test_what_does_not_split_is_refused(parameters, match):
    lsm = fitted(EQUAL[:9], Y[:9], reservoir_size=20, **parameters)
    with pytest.raises(ValueError, match=match):
        lsm.explain(EQUAL[:2])


@pytest.mark.parametrize("shape", ["ovr", "ovo"])
def test_more_pairs_than_classes_are_refused(shape):
    readout = SVC(kernel="linear", decision_function_shape=shape)
    lsm = fitted(EQUAL[:12], np.arange(12) % 4, reservoir_size=20, readout=readout)
    with pytest.raises(ValueError, match="cannot be explained: its decision_function is not, for"):
        lsm.explain(EQUAL[:2])


def test_a_link_is_refused():
    lsm = LSMRegressor(20, readout=PoissonRegressor(), random_state=0).fit(EQUAL, Y)
    with pytest.raises(
        ValueError, match="PoissonRegressor.*its predict is not, for each target, the sum"
    ):
        lsm.explain(EQUAL)


@pytest.mark.parametrize("target", [7, "a", [0, 1, 9], [[0], [1], [2]]])
def test_wrong_targets_are_named(target):
    lsm = fitted(reservoir_size=20)
    with pytest.raises(ValueError, match=r"target must be one of \[0, 1, 2\], or one for each"):
        lsm.explain(RAGGED[:3], target=target)


@pytest.mark.parametrize(("target", "n"), [([0, 1], "more"), ([0, 1, 2, 1], "3")])
def test_as_many_targets_as_sequences(target, n):
    lsm = fitted(reservoir_size=20)
    with pytest.raises(ValueError, match=f"{len(target)} items, but X holds {n} sequences"):
        lsm.explain(RAGGED[:3], target=target)
