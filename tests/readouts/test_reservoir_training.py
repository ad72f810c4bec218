"""Liquids trained by back-propagation through time."""

import copy
import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from skliquid import LeakyReadoutClassifier, LiquidTransformer, LSMClassifier, LSMRegressor
from skliquid.nn import LiquidReservoir
from skliquid.readouts._reservoir_training import with_weights
from skliquid.reservoirs.liquid import draw_liquid

SHORT = LeakyReadoutClassifier(max_iter=6, random_state=0)
VARIANTS = [
    {},
    {"n_delays": 1},
    {"n_liquids": 2, "bidirectional": True, "recurrent_fraction": 0.5},
    {"adaptation": 0.2, "refractory": 1, "derivative": True},
    {"encoder": "delta", "readout": LeakyReadoutClassifier("spike", max_iter=4, random_state=0)},
]


def lsm(**parameters):
    return LSMClassifier(
        **{"reservoir_size": 24, "readout": SHORT, "train_reservoir": True, "random_state": 0}
        | parameters
    )


@pytest.fixture(scope="module")
def trained(few_vowels):
    return lsm(encoder=None).fit(*few_vowels)


def assert_same_liquid(one, other):
    for part in ("taps", "synapses", "neurons"):
        mine, others = getattr(one, part), getattr(other, part)
        for name in mine.__dataclass_fields__:
            values = getattr(mine, name), getattr(others, name)
            np.testing.assert_array_equal(*values, err_msg=name)


@pytest.mark.parametrize("parameters", VARIANTS)
def test_synapses_keep_their_places_and_signs(few_vowels, parameters):
    X, y = few_vowels
    estimator = lsm(**parameters).fit(X, y)
    transformer = estimator.pipeline_[0]
    start = LiquidTransformer(
        **{
            name: value
            for name, value in transformer.get_params(deep=False).items()
            if name != "trainer"
        }
    ).fit(X)
    assert transformer.liquid_ is transformer.liquids_[0]
    for after, before in zip(transformer.liquids_, start.liquids_, strict=True):
        for name in ("synapse_offsets", "synapse_targets", "tap_offsets", "tap_channels"):
            np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
        W, W_start = after.recurrent_weights, before.recurrent_weights
        assert (W[W_start == 0] == 0).all()
        assert (W * W_start >= 0).all()
        assert np.abs(W - W_start).max() > 1e-4
        assert np.abs(after.tap_weights - before.tap_weights).max() > 1e-4
        assert np.abs(after.bias - before.bias).max() > 1e-4
        for name in ("beta", "threshold", "adaptation", "input_gain", "input_offset"):
            np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
    assert len(estimator.reservoir_loss_curve_) in (4, 6)
    assert estimator.reservoir_loss_curve_[-1] < estimator.reservoir_loss_curve_[0]
    assert len(estimator.reservoir_validation_loss_curve_) in (4, 6)


def test_trained_liquid_is_on_the_grids(few_vowels, trained):
    X, _ = few_vowels
    expected = trained.decision_function(X)
    for engine in ("numba", "numpy", "mlx"):
        other = copy.deepcopy(trained)
        other.pipeline_[0].set_params(engine=engine)
        np.testing.assert_array_equal(other.decision_function(X), expected)
    module = LiquidReservoir.from_liquid(trained.pipeline_[0].liquid_)
    for x, train in zip(X[:5], trained.pipeline_[0].spikes(X[:5]), strict=True):
        import mlx.core as mx

        spikes, _ = module.forward_sequence(mx.array(x[:, None].astype(np.float32)))
        np.testing.assert_array_equal(np.array(spikes)[:, 0], train)


@pytest.mark.parametrize("parameters", [{}, {"n_delays": 5, "max_delay": 9, "max_channels": 2}])
def test_module_and_back_is_the_same_liquid(parameters):
    liquid = draw_liquid(3, 40, seed=0, **parameters)
    module = LiquidReservoir.from_liquid(liquid)
    arrays = {name: np.array(getattr(module, name)) for name in ("W", "W_in", "bias")}
    assert_same_liquid(with_weights(liquid, **arrays), liquid)


def test_training_helps(vowels):
    X, y, X_test, y_test = vowels
    scores = []
    for on in (False, True):
        readout = LeakyReadoutClassifier(max_iter=15, random_state=0)
        estimator = lsm(readout=readout, reservoir_size=16, train_reservoir=on)
        scores.append(estimator.fit(X, y).score(X_test, y_test))
    assert scores[1] > scores[0] + 0.02


def test_copies_and_refits_give_the_same_bits(few_vowels, trained):
    X, y = few_vowels
    expected = trained.decision_function(X)
    for other in (
        pickle.loads(pickle.dumps(trained)),
        copy.deepcopy(trained),
        clone(trained).fit(X, y),
    ):
        assert_same_liquid(other.pipeline_[0].liquid_, trained.pipeline_[0].liquid_)
        np.testing.assert_array_equal(other.decision_function(X), expected)
        assert other.reservoir_loss_curve_ == trained.reservoir_loss_curve_


def test_training_under_loky(few_vowels, trained):
    X, y = few_vowels
    with joblib.parallel_config(backend="loky", n_jobs=2):
        fitted = joblib.Parallel()(joblib.delayed(clone(trained).fit)(X, y) for _ in range(2))
        scores = joblib.Parallel()(joblib.delayed(trained.decision_function)(X) for _ in range(2))
    for other, score in zip(fitted, scores, strict=True):
        assert_same_liquid(other.pipeline_[0].liquid_, trained.pipeline_[0].liquid_)
        np.testing.assert_array_equal(score, trained.decision_function(X))


def test_weights_repetition_and_order(few_vowels):
    X, y = few_vowels
    rng = np.random.default_rng(0)
    weight = rng.integers(1, 3, size=len(X))
    repeated = rng.permutation(np.repeat(np.arange(len(X)), weight))
    weighted = lsm().fit(X, y, sample_weight=weight)
    plain = lsm().fit([X[i] for i in repeated], y[repeated])
    assert_same_liquid(weighted.pipeline_[0].liquid_, plain.pipeline_[0].liquid_)
    np.testing.assert_array_equal(weighted.decision_function(X), plain.decision_function(X))


def test_class_weight_reaches_the_liquid(few_vowels, trained):
    heavy = lsm(encoder=None, class_weight={"1": 50.0}).fit(*few_vowels)
    one, other = heavy.pipeline_[0].liquid_, trained.pipeline_[0].liquid_
    assert np.abs(one.tap_weights - other.tap_weights).max() > 1e-4


def test_scores_over_time(few_vowels, trained):
    X, _ = few_vowels
    scores = trained.predict_over_time(X)
    np.testing.assert_array_equal([s[-1] for s in scores], trained.decision_function(X))


@pytest.mark.parametrize("readout", ["ridge", "mlp", LogisticRegression()])
def test_readout_without_gradient(few_vowels, readout):
    with pytest.raises(ValueError, match="train_reservoir=True needs a readout.*but readout is"):
        lsm(readout=readout).fit(*few_vowels)


def test_other_cells_are_not_trained(few_vowels):
    with pytest.raises(ValueError, match="train_reservoir=True needs spiking.*cell is 'gru'"):
        lsm(cell="gru").fit(*few_vowels)
    assert "train_reservoir" not in LSMRegressor().get_params()


def test_refit_without_training_has_no_curve(few_vowels):
    estimator = lsm().fit(*few_vowels)
    estimator.set_params(train_reservoir=False).fit(*few_vowels)
    assert not hasattr(estimator, "reservoir_loss_curve_")
    start = LiquidTransformer(24, random_state=0).fit(few_vowels[0])
    assert_same_liquid(estimator.pipeline_[0].liquid_, start.liquid_)
