"""A kind of neurons of one's own, which takes no line in the package."""

from dataclasses import dataclass

import mlx.core as mx
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skliquid import LiquidTransformer, LSMClassifier
from skliquid.engines import ENGINES, add_neuron, record
from skliquid.engines._mlx_neurons import decay as mlx_decay
from skliquid.engines._numpy_neurons import decay
from skliquid.reservoirs import NeuronModel, Neurons, SynapseModel, draw_liquid
from skliquid.sequences import as_sequences


@dataclass(frozen=True, eq=False)
class ResettingNeurons(Neurons):
    """Leaky neurons that fall back to a value, and rise by a kick in the step after a spike."""

    potentials = Neurons.potentials | {"reset", "kick", "rise"}

    beta: np.ndarray
    reset: np.ndarray
    kick: np.ndarray

    @property
    def state(self):
        return ("mem", "rise")

    @property
    def holding_current(self):
        return 1.0 - self.beta.astype(np.float64)


@dataclass
class Resetting(NeuronModel):
    beta: float = 0.8
    reset: float = -0.25
    kick: float = 0.125

    def draw(self, n, rng):
        return ResettingNeurons(
            threshold=rng.integers(6, 10, n).astype(np.float32) / 8,
            beta=np.full(n, self.beta, dtype=np.float32),
            reset=np.full(n, self.reset, dtype=np.float32),
            kick=np.full(n, self.kick, dtype=np.float32),
        )


def numpy_step(neurons, state, current):
    v = decay(state["mem"], neurons.beta) + (current + state["rise"])
    spk = (v > neurons.threshold).astype(np.float32)
    return {"spk": spk, "mem": np.where(spk > 0, neurons.reset, v), "rise": neurons.kick * spk}


def mlx_step(c, state, current, fire=lambda v: (v > 0).astype(mx.float32), rounding=mx.round):
    v = mlx_decay(state["mem"], c["beta"], rounding) + (current + state["rise"])
    spk = fire(v - c["threshold"])
    return {"spk": spk, "mem": mx.where(spk > 0, c["reset"], v), "rise": c["kick"] * spk}


def numba_step(current, constants, state, fired):
    threshold, beta, reset, kick = constants[0], constants[1], constants[2], constants[3]
    mem, rise = state[0], state[1]
    for i in range(len(current)):
        v = np.rint(beta[i] * mem[i]) + (current[i] + rise[i])
        fires = v > threshold[i]
        mem[i] = reset[i] if fires else v
        rise[i] = kick[i] if fires else np.float32(0)
        fired[i] = fires


@pytest.fixture(scope="module", autouse=True)
def added():
    for engine, step in (("numpy", numpy_step), ("numba", numba_step), ("mlx", mlx_step)):
        add_neuron(engine, ResettingNeurons, step)


def test_engines_agree_to_the_bit(few_vowels):
    X = few_vowels[0]
    features = [
        LiquidTransformer(60, cell=Resetting(), engine=engine, random_state=0).fit_transform(X)
        for engine in ENGINES
    ]
    for other in features[1:]:
        np.testing.assert_array_equal(features[0], other)
    assert 0.02 < features[0][:, :60].mean() / np.mean([len(x) for x in X]) < 0.6


def test_equations(few_vowels):
    """A loop over one neuron after another, without recurrence."""
    frames = few_vowels[0][0]
    liquid = draw_liquid(12, 20, spectral_radius=0.0, neurons=Resetting().draw, seed=0)
    spikes = record([liquid], [as_sequences([frames])], "numba", None).spikes()[0]
    drive = np.asarray(frames, dtype=np.float64) @ liquid.input_weights.T
    for i in range(20):
        mem = rise = 0.0
        for t in range(len(frames)):
            v = 0.8 * mem + drive[t, i] + rise
            fires = v > liquid.threshold[i]
            mem, rise = (-0.25, 0.125) if fires else (v, 0.0)
            assert fires == spikes[t, i]


def test_target_rate_is_met(few_vowels):
    X = few_vowels[0]
    parameters = {"spectral_radius": 0.0, "target_rate": 0.3, "pooling": "rate"}
    model = Resetting(beta=0.0, kick=0.0)
    liquid = LiquidTransformer(50, cell=model, **parameters, random_state=0).fit(X)
    free = draw_free(liquid.liquid_, X)
    above = free > liquid.liquid_.threshold
    np.testing.assert_allclose(above.mean(axis=0), 0.3, atol=0.02)


def draw_free(liquid, X):
    from skliquid.encoding import CompressionEncoder
    from skliquid.engines import Runner
    from skliquid.pooling import NO_POOLING
    from skliquid.reservoirs import Liquid, Synapses

    sequences = as_sequences(CompressionEncoder().fit_transform(X))
    free = Liquid(liquid.taps, Synapses.none(liquid.n_neurons), liquid.neurons.silent())
    rows = np.arange(len(sequences.frames))
    return Runner(free, NO_POOLING, "numpy").states(sequences, "mem", rows)


def test_in_a_search_its_parameters_are_reached(few_vowels):
    X, y = few_vowels
    lsm = LSMClassifier(40, cell=Resetting(), random_state=0)
    assert clone(lsm).cell is not lsm.cell
    assert clone(lsm).get_params()["cell__kick"] == 0.125
    search = GridSearchCV(lsm, {"cell__kick": [0.0, 1.0]}, cv=2).fit(X, y)
    assert search.best_score_ > 0.5


def test_to_reservoir_steps_the_same_neurons(few_vowels):
    X = few_vowels[0][:3]
    liquid = LiquidTransformer(30, cell=Resetting(), encoder=None, random_state=0).fit(X)
    module = liquid.to_reservoir()
    for frames, expected in zip(X, liquid.spikes(X), strict=True):
        spikes, _ = module.forward_sequence(mx.array(frames.astype(np.float32))[:, None])
        np.testing.assert_array_equal(np.array(spikes)[:, 0], expected)


def test_an_engine_that_does_not_run_them_says_so():
    @dataclass(frozen=True, eq=False)
    class Unknown(Neurons):
        pass

    class Model(NeuronModel):
        def draw(self, n, rng):
            return Unknown(threshold=np.ones(n, dtype=np.float32))

    X = np.random.default_rng(0).normal(size=(2, 5, 1))
    for engine in ENGINES:
        model = LiquidTransformer(10, cell=dataclass(Model)(), engine=engine)
        with pytest.raises(ValueError, match=f"engine '{engine}' does not run Unknown neurons"):
            model.fit(X)
    with pytest.raises(ValueError, match="engine must be one of"):
        add_neuron("cuda", Unknown, numpy_step)


@pytest.mark.parametrize(
    ("drawn", "error"),
    [
        (lambda n: None, "must draw a record of Neurons, got NoneType"),
        (lambda n: Neurons(threshold=[1.0] * n), "Neurons.threshold as an array"),
        (lambda n: Neurons(threshold=np.ones(n + 7)), r"finite, of shape \(10,\)"),
        (lambda n: Neurons(threshold=np.ones((n, 1))), r"finite, of shape \(10,\)"),
        (lambda n: Neurons(threshold=np.full(n, np.nan)), "finite"),
    ],
)
def test_what_a_model_draws_is_checked(drawn, error):
    class Model(NeuronModel):
        def draw(self, n, rng):
            return drawn(n)

    model = LiquidTransformer(10, cell=dataclass(Model)(), target_rate=None, random_state=0)
    with pytest.raises((TypeError, ValueError), match=error):
        model.fit(np.random.default_rng(0).normal(size=(2, 5, 1)))


def test_potentials_are_put_on_their_grid(few_vowels):
    model = Resetting(reset=-0.3, kick=0.1)
    features = [
        LiquidTransformer(60, cell=model, engine=engine, random_state=0).fit_transform(
            few_vowels[0]
        )
        for engine in ENGINES
    ]
    np.testing.assert_array_equal(features[0], features[1])
    np.testing.assert_array_equal(features[0], features[2])


def test_what_is_no_model_or_no_step():
    X = np.random.default_rng(0).normal(size=(2, 5, 1))
    with pytest.raises(TypeError, match="cell must be a name or a configured object"):
        LiquidTransformer(10, cell=Resetting).fit(X)
    with pytest.raises(TypeError, match="that draws neurons, got SynapseModel"):
        LiquidTransformer(10, cell=SynapseModel()).fit(X)

    class Bare(NeuronModel):
        pass

    with pytest.raises(TypeError, match="Bare must be a dataclass"):
        Bare().get_params()
    with pytest.raises(ValueError, match="Resetting has no parameter 'tau'"):
        Resetting().set_params(tau=1.0)
    with pytest.raises(TypeError, match="kind must be a subclass of Neurons"):
        add_neuron("numpy", Resetting(), numpy_step)
    with pytest.raises(TypeError, match="step must be a function"):
        add_neuron("numba", ResettingNeurons, 5)


def test_a_step_that_does_not_compile_is_named():
    @dataclass(frozen=True, eq=False)
    class Odd(Neurons):
        pass

    def odd_step(current, constants, state, fired):
        fired[0] = "one"

    @dataclass
    class OddModel(NeuronModel):
        def draw(self, n, rng):
            return Odd(threshold=np.ones(n, dtype=np.float32))

    add_neuron("numba", Odd, odd_step)
    with pytest.raises(TypeError, match="step 'odd_step' must be a function"):
        LiquidTransformer(10, cell=OddModel(), engine="numba").fit(
            np.random.default_rng(0).normal(size=(2, 5, 1))
        )
