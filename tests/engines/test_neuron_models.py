"""Neurons of the package against closed forms and published code, and between the engines."""

import mlx.core as mx
import numpy as np
import pytest

from skliquid import LiquidTransformer, LSMClassifier
from skliquid.engines import ENGINES, Runner, record
from skliquid.pooling import NO_POOLING, POOLINGS, make_plan
from skliquid.reservoirs import IntegrateAndFire, Izhikevich, Liquid, Synapses, Taps, draw_liquid
from skliquid.sequences import as_sequences

PLAN = make_plan(POOLINGS, n_windows=3, tau_trace=4.0)
MODELS = {
    "LIF": IntegrateAndFire(),
    "IF": IntegrateAndFire(tau_m=np.inf, resistance=0.3),
    "refractory": IntegrateAndFire(refractory=(3.0, 1.0), reset=0.2),
    "ALIF": IntegrateAndFire(adaptation=0.3, tau_adaptation=5.0),
    "noisy": IntegrateAndFire(noise=0.5, background=(0.2, -0.1), initial=(0.0, 1.0)),
    "millivolts": IntegrateAndFire(
        tau_m=30.0, dt=0.5, resistance=40.0, threshold=15.0, reset=13.5, initial=(13.5, 15.0)
    ),
    "Izhikevich": Izhikevich(gain=10.0),
}


def alone(model, n=1):
    """Neurons without synapses, each driven by the one channel."""
    one = np.ones(n, dtype=np.float32)
    none, first = np.zeros(n, dtype=np.float32), np.zeros(n, dtype=np.int32)
    channel = np.zeros(1, dtype=np.float32), np.ones(1, dtype=np.float32)
    taps = Taps(np.arange(n + 1), first, first, one, none, *channel)
    return Liquid(taps, Synapses.none(n), model.draw(n, np.random.default_rng(0)))


def course(model, current, engine, n=1, name="mem"):
    """State and spikes of neurons driven by a current, shape (n_steps, n)."""
    liquid, frames = alone(model, n), np.asarray(current, dtype=np.float32)[:, np.newaxis]
    sequences = as_sequences([frames])
    states = Runner(liquid, NO_POOLING, engine).states(sequences, name, np.arange(len(frames)))
    return states, record([liquid], [sequences], engine, None).spikes()[0]


@pytest.mark.parametrize("model", MODELS)
def test_engines_agree_to_the_bit(model):
    rng = np.random.default_rng(0)
    sequences = as_sequences([2 * rng.normal(size=(t, 3)) for t in (1, 60, 2, 33, 60)])
    liquid = draw_liquid(3, 45, neurons=MODELS[model].draw, spectral_radius=1.5, seed=0)
    samples = np.argsort(-sequences.lengths, kind="stable")
    features = [Runner(liquid, PLAN, engine).features(sequences, samples) for engine in ENGINES]
    for other in features[1:]:
        np.testing.assert_array_equal(other, features[0])
    n_spikes = record([liquid], [sequences], "numpy", None).spikes()
    assert 0.005 < np.concatenate(n_spikes).mean() < 0.9


@pytest.mark.parametrize("engine", ENGINES)
def test_leaky_membrane_of_real_units(engine):
    """V = R I (1 - exp(-t / tau)), spikes at the published period, and held at the reset."""
    model = IntegrateAndFire(
        tau_m=30.0, dt=0.1, resistance=2.0, threshold=15.0, reset=13.5, refractory=3.0
    )
    potentials, spikes = course(model, [10.0] * 1500, engine)
    first = np.flatnonzero(spikes[:, 0])[0]
    t = 0.1 * np.arange(1, first + 1)
    np.testing.assert_allclose(potentials[:first, 0], 20 * (1 - np.exp(-t / 30)), atol=2e-3)
    assert abs(0.1 * first - 30 * np.log(20 / 5)) < 0.2
    assert (potentials[first : first + 31, 0] == 13.5).all()
    assert potentials[first + 31, 0] > 13.5
    interval = 0.1 * np.diff(np.flatnonzero(spikes[:, 0]))
    np.testing.assert_allclose(interval, 3 + 30 * np.log((20 - 13.5) / (20 - 15)), atol=0.2)


@pytest.mark.parametrize("engine", ENGINES)
def test_without_leak_charges_add_up(engine):
    model = IntegrateAndFire(tau_m=np.inf, dt=0.5, resistance=0.25, threshold=2.0)
    potentials, spikes = course(model, [1.0] * 40, engine)
    np.testing.assert_array_equal(np.flatnonzero(spikes[:, 0]), [16, 32])
    np.testing.assert_array_equal(potentials[:16, 0], np.arange(1, 17) / 8)


@pytest.mark.parametrize("engine", ENGINES)
def test_same_as_the_plain_neurons_where_these_are_a_special_case(engine):
    model = IntegrateAndFire(tau_m=-1 / np.log(0.9), adaptation=0.25, tau_adaptation=7.0)
    parameters = {"spectral_radius": 1.4, "seed": 0}
    plain = draw_liquid(2, 40, beta=0.9, adaptation=0.25, tau_adaptation=7.0, **parameters)
    mine = draw_liquid(2, 40, neurons=model.draw, **parameters)
    np.testing.assert_array_equal(mine.neurons.beta, plain.neurons.beta)
    sequences = as_sequences([np.random.default_rng(1).normal(size=(90, 2))])
    features = [
        Runner(each, PLAN, engine).features(sequences, np.array([0])) for each in (mine, plain)
    ]
    np.testing.assert_array_equal(*features)


@pytest.mark.parametrize("engine", ENGINES)
def test_noise_is_normal_white_and_of_the_given_deviation(engine):
    n, n_steps = 60, 400
    model = IntegrateAndFire(tau_m=0.001, threshold=1e5, noise=0.5, background=2.0)
    noise = course(model, np.zeros(n_steps), engine, n)[0] - 2
    assert abs(noise.mean()) < 4 * 0.5 / np.sqrt(n * n_steps)
    np.testing.assert_allclose(noise.std(), 0.5, rtol=0.02)
    standard = noise / noise.std()
    np.testing.assert_allclose((standard**4).mean(), 3 - 1.2 / 4, atol=0.1)  # of four bytes
    for other in (np.roll(standard, 1, axis=0), np.roll(standard, 1, axis=1)):
        assert abs((standard * other).mean()) < 4 / np.sqrt(n * n_steps)


@pytest.mark.parametrize("engine", ENGINES)
def test_noise_is_of_the_sequence_alone(engine):
    n = 100
    model = IntegrateAndFire(tau_m=0.001, threshold=1e5, noise=0.5)
    rng = np.random.default_rng(0)
    first, other = np.rint(8 * rng.normal(size=(2, 60, 1))) / 8
    changed = first + np.where(np.arange(60) == 20, 0.5, 0)[:, np.newaxis]
    liquid = alone(model, n)

    def noise(*X):
        sequences = as_sequences(list(X))
        rows = np.arange(len(sequences.frames))
        states = Runner(liquid, NO_POOLING, engine).states(sequences, "mem", rows)
        return states.reshape(-1, 60, n) - np.array(X)

    (by_itself,), (of_other, of_first, of_changed) = noise(first), noise(other, first, changed)
    np.testing.assert_array_equal(by_itself, of_first)
    np.testing.assert_array_equal(of_first[:20], of_changed[:20])
    for one, two in ((of_first, of_other), (of_first[20:], of_changed[20:])):
        assert abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 4 / np.sqrt(one.size)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("kind", "constants"), [("E", (0.02, 0.2, -65, 8)), ("I", (0.1, 0.2, -65, 2))]
)
def test_izhikevich_is_the_published_code(engine, kind, constants):
    """v=v+0.5*(0.04*v.^2+5*v+140-u+I); twice; u=u+a.*(b.*v-u); reset where v>=30 (2003)."""
    a, b, c, d = constants
    model, current, n_steps = Izhikevich(a=a, b=b, c=c, d=d), [10.0] * 80, 80
    potentials, spikes = course(model, current, engine)
    recovery, _ = course(model, current, engine, name="u")
    v, u, fired = c, b * c, []
    for t in range(n_steps):
        for _ in range(2):
            v = v + 0.5 * (0.04 * v**2 + 5 * v + 140 - u + 10)
        u = u + a * (b * v - u)
        if v >= 30:
            fired.append(t)
            v, u = c, u + d
        # An upstroke multiplies what a rounding left over by hundreds: each step is looked at.
        np.testing.assert_allclose([potentials[t, 0], recovery[t, 0]], [v, u], rtol=2e-5)
        v, u = float(potentials[t, 0]), float(recovery[t, 0])
    np.testing.assert_array_equal(np.flatnonzero(spikes[:, 0]), fired)
    assert len(fired) >= 2


def test_types_are_told_by_the_synapses():
    model = IntegrateAndFire(refractory=(3.0, 2.0), dt=0.5, tau_m=(20.0, 10.0))
    neurons = draw_liquid(2, 50, neurons=model.draw, exc_ratio=0.6, seed=0).neurons
    np.testing.assert_array_equal(neurons.refractory, np.where(np.arange(50) < 30, 6, 4))
    np.testing.assert_allclose(neurons.beta[[0, -1]], np.exp(-0.5 / np.array([20, 10])), rtol=1e-7)
    each = np.arange(50) / 4.0
    neurons = draw_liquid(2, 50, neurons=IntegrateAndFire(refractory=each).draw, seed=0).neurons
    np.testing.assert_array_equal(neurons.refractory, np.rint(each))


def test_homeostasis_takes_the_background_into_account(few_vowels):
    X = few_vowels[0]
    parameters = {"spectral_radius": 0.0, "target_rate": 0.3, "pooling": "rate", "random_state": 0}
    for model in (
        IntegrateAndFire(tau_m=0.01, background=-4.0, initial=(0.0, 0.5)),
        IntegrateAndFire(tau_m=0.01, resistance=0.2, threshold=15.0, background=2.0),
    ):
        liquid = LiquidTransformer(50, cell=model, **parameters).fit(X)
        spikes = np.concatenate(liquid.spikes(X))
        np.testing.assert_allclose(spikes.mean(), 0.3, atol=0.02)


def test_to_reservoir_begins_where_the_liquid_does(few_vowels):
    X = few_vowels[0][:2]
    for name in ("millivolts", "noisy", "Izhikevich"):
        liquid = LiquidTransformer(
            30, cell=MODELS[name], encoder=None, target_rate=None, random_state=0
        ).fit(X)
        module = liquid.to_reservoir()
        for frames, expected in zip(X, liquid.spikes(X), strict=True):
            spikes, _ = module.forward_sequence(mx.array(frames.astype(np.float32))[:, None])
            np.testing.assert_array_equal(np.array(spikes)[:, 0], expected)


def test_what_cannot_hold_them_refuses_them_by_name(few_vowels):
    X, y = few_vowels
    with pytest.raises(ValueError, match=r"cell=Izhikevich\(\.\.\.\) has no potential without"):
        LiquidTransformer(30, cell=Izhikevich(), random_state=0).fit(X)
    lsm = LSMClassifier(30, cell=IntegrateAndFire(reset=0.0), random_state=0).fit(X, y)
    with pytest.raises(ValueError, match=r"cell=IntegrateAndFire\(.* cannot be explained"):
        lsm.explain(X)
