"""Neurons against those of the NumPy engine, closed forms and the chain rule written out."""

from dataclasses import replace

import mlx.core as mx
import mlx.nn
import mlx.optimizers
import numpy as np
import pytest

from skliquid.engines import _numpy_neurons
from skliquid.nn import ALIF, IF, LIF, Expon
from skliquid.nn.surrogate import SPIKE_FUNCTIONS, fast_sigmoid
from skliquid.reservoirs import draw_neurons

T, BATCH, N = 60, 2, 3
NEURONS = [IF, LIF, ALIF]
every_neuron = pytest.mark.parametrize("neuron_class", NEURONS)
every_reset = pytest.mark.parametrize("reset", ["soft", "hard"])
SETTING = {"threshold": np.array([0.7, 1.0, 1.4]), "v_reset": np.array([-0.2, 0.1, 0.0])}
TAUS = {"tau": 4.0, "tau_adaptation": 9.0, "adaptation": 0.3}


def of(neuron_class, **constants):
    """A neuron with what it takes of `TAUS`."""
    takes = {IF: [], LIF: ["tau"], ALIF: list(TAUS)}[neuron_class]
    return neuron_class(N, **{name: TAUS[name] for name in takes}, **constants)


def inputs(seed=0):
    return np.random.default_rng(seed).normal(0.3, 0.5, size=(T, BATCH, N))


def written_out(neuron_class, x, reset, threshold, v_reset):
    """Spikes, potentials before the reset, and rises of the threshold before each step."""
    beta = 1.0 if neuron_class is IF else np.exp(-1 / TAUS["tau"])
    adaptation = TAUS["adaptation"] if neuron_class is ALIF else 0.0
    mem, raised, kept = np.zeros((BATCH, N)), np.zeros((BATCH, N)), []
    for frame in x:
        v = beta * mem + frame
        spk = (v > threshold + raised).astype(float)
        kept.append((spk, v, raised))
        mem = v - (threshold - v_reset) * spk if reset == "soft" else np.where(spk, v_reset, v)
        raised = np.exp(-1 / TAUS["tau_adaptation"]) * raised + adaptation * spk
    return *map(np.array, zip(*kept, strict=True)), mem


@pytest.mark.parametrize(("neuron_class", "adaptation"), [(IF, 0), (LIF, 0), (ALIF, 0.3)])
def test_spikes_are_those_of_the_neurons_of_a_liquid(neuron_class, adaptation):
    n = 200
    neurons = draw_neurons(
        n,
        beta=float(np.exp(-1 / TAUS["tau"])),
        threshold=0.7,
        adaptation=adaptation,
        tau_adaptation=TAUS["tau_adaptation"],
        rng=np.random.default_rng(0),
    )
    if neuron_class is IF:
        neurons = replace(neurons, beta=np.ones(n, dtype=np.float32))
    rng, state = np.random.default_rng(0), {name: np.zeros((1, n)) for name in neurons.state}
    x, expected = rng.normal(0.2, 0.5, size=(T, 1, n)).astype(np.float32), []
    for current in x:
        state = _numpy_neurons.lif(neurons, state, current)
        expected.append(state["spk"])
    takes = {IF: [], LIF: ["tau"], ALIF: list(TAUS)}[neuron_class]
    module = neuron_class(n, threshold=0.7, **{name: TAUS[name] for name in takes})
    spikes, last = module.forward_sequence(mx.array(x))
    np.testing.assert_array_equal(np.array(spikes), expected)
    assert np.sum(expected) > 1000
    assert set(last) == {"mem", "raised"} & set(neurons.state)
    for name, value in last.items():
        np.testing.assert_allclose(np.array(value), state[name], atol=1e-4)


@every_neuron
@every_reset
def test_spikes_are_those_of_the_equations(neuron_class, reset):
    x = inputs()
    spk, _, _, mem = written_out(neuron_class, x, reset, **SETTING)
    assert (spk.sum(axis=(0, 1)) > 5).all()
    module = of(neuron_class, spk_reset=reset, **SETTING)
    spikes, state = module.forward_sequence(mx.array(x))
    np.testing.assert_array_equal(np.array(spikes), spk)
    np.testing.assert_allclose(np.array(state["mem"]), mem, atol=1e-4)


def test_potential_below_the_threshold_is_the_closed_form():
    """Of a constant current I through a resistance R: R I (1 - exp(-t / tau))."""
    tau, ri = np.array([2.0, 10.0, 50.0]), 3.0
    x = mx.array(np.broadcast_to(ri * (1 - np.exp(-1 / tau)), (25, 1, 3)).astype(np.float32))
    spikes, state = LIF(3, tau=tau, threshold=10.0).forward_sequence(x)
    np.testing.assert_allclose(np.array(state["mem"])[0], ri * (1 - np.exp(-25 / tau)), rtol=1e-4)
    assert not spikes.any()


@pytest.mark.parametrize("ri", [1.2, 3.0])
def test_rate_of_a_constant_current(ri):
    """A neuron reset to 0 fires each time that R I (1 - exp(-t / tau)) crosses the threshold."""
    tau = 20.0
    x = mx.full((2000, 1, 1), ri * (1 - np.exp(-1 / tau)))
    spikes, _ = LIF(1, tau=tau, spk_reset="hard").forward_sequence(x)
    interval = np.floor(tau * np.log(ri / (ri - 1))) + 1
    assert set(np.diff(np.flatnonzero(np.array(spikes)))) == {interval}


def test_threshold_rises_with_each_spike_and_falls_back():
    """The sum of what every spike has left, and rarer spikes while it is raised."""
    neuron = ALIF(1, tau=20.0, tau_adaptation=50.0, adaptation=0.4, spk_reset="hard")
    x = np.zeros((600, 1, 1), dtype=np.float32)
    x[:400] = 0.2
    spikes, at_end = neuron.forward_sequence(mx.array(x))
    times = np.flatnonzero(np.array(spikes))
    left = 0.4 * np.exp(-(599 - times) / 50.0).sum()
    np.testing.assert_allclose(at_end["raised"].item(), left, rtol=1e-4)
    intervals = np.diff(times)
    assert (np.diff(intervals[:6]) > 0).all()
    # In the long run spikes d steps apart leave 0.4 / (1 - exp(-d / 50)) after each.
    d = np.arange(1, 40)
    rise = 0.4 * np.exp(-(d - 1) / 50) / (1 - np.exp(-d / 50))
    reached = 0.2 * (1 - np.exp(-d / 20)) / (1 - np.exp(-1 / 20)) > 1 + rise
    assert set(intervals[6:]) <= {d[reached][0] - 1, d[reached][0]}


@every_neuron
@every_reset
def test_gradients_are_the_chain_rule_of_the_surrogate(neuron_class, reset):
    """Back-propagation through time written out, with the derivative of a fast sigmoid."""
    x, slope = inputs()[:15], 3.0
    threshold, v_reset = SETTING.values()
    beta = 1.0 if neuron_class is IF else np.exp(-1 / TAUS["tau"])
    beta_a, span = np.exp(-1 / TAUS["tau_adaptation"]), threshold - v_reset
    adaptation = TAUS["adaptation"] if neuron_class is ALIF else 0.0
    rng = np.random.default_rng(1)
    on_spikes, by_mem = rng.normal(size=x.shape), rng.normal(size=(BATCH, N))
    on_mem, by_raised = by_mem, np.zeros((BATCH, N))
    spk, potentials, rises, _ = written_out(neuron_class, x, reset, **SETTING)
    assert spk.sum() > 10

    expected, by_threshold, by_tau = np.zeros_like(x), np.zeros(N), np.zeros(N)
    for t in reversed(range(len(x))):
        v, rise = potentials[t], rises[t]
        drop = span if reset == "soft" else v - v_reset  # a constant: not differentiated itself
        excess = (v - threshold - rise) / span
        by_excess = (on_spikes[t] - drop * by_mem + adaptation * by_raised) / (
            1 + slope * np.abs(excess)
        ) ** 2
        by_threshold += (-by_excess * (1 + excess) / span).sum(axis=0)
        if reset == "soft":
            by_threshold -= (by_mem * spk[t]).sum(axis=0)
        by_v = by_mem + by_excess / span
        expected[t] = by_v
        if t:
            past = potentials[t - 1]
            dropped = span * spk[t - 1] if reset == "soft" else (past - v_reset) * spk[t - 1]
            by_tau += (by_v * (past - dropped)).sum(axis=0) * beta / TAUS["tau"] ** 2
        by_mem, by_raised = beta * by_v, beta_a * by_raised - by_excess / span

    module = of(neuron_class, spk_fun=fast_sigmoid(slope), spk_reset=reset, **SETTING)
    module.unfreeze()

    def loss(parameters, x):
        module.update(parameters)
        spikes, state = module.forward_sequence(x)
        return (mx.array(on_spikes) * spikes).sum() + (mx.array(on_mem) * state["mem"]).sum()

    gradients, by_x = mx.grad(loss, argnums=(0, 1))(
        module.trainable_parameters(), mx.array(x.astype(np.float32))
    )
    close = {"rtol": 1e-3, "atol": 1e-4}
    np.testing.assert_allclose(np.array(by_x), expected, **close)
    np.testing.assert_allclose(np.array(gradients["threshold"]), by_threshold, **close)
    if neuron_class is not IF:
        np.testing.assert_allclose(np.array(gradients["tau"]), by_tau, **close)


@every_neuron
@pytest.mark.parametrize("name", SPIKE_FUNCTIONS)
def test_spike_functions_by_name(neuron_class, name):
    x = mx.array(inputs().astype(np.float32))

    def gradient(**chosen):
        return mx.grad(lambda x: of(neuron_class, **chosen).forward_sequence(x)[0].sum())(x)

    by_name = gradient(spk_fun=name)
    assert mx.array_equal(by_name, gradient(spk_fun=SPIKE_FUNCTIONS[name]))
    assert mx.array_equal(by_name, gradient()) == (name == "relu_grad")


@every_neuron
def test_state_goes_on_where_it_stopped(neuron_class):
    module, x = of(neuron_class), mx.array(inputs().astype(np.float32))
    whole, last = module.forward_sequence(x)
    state = module.init_state(BATCH)
    for t in range(T):
        spikes, state = module(x[t], state)
        assert mx.array_equal(spikes, whole[t])
    assert all(mx.array_equal(state[name], last[name]) for name in last)


def test_training_through_neurons_and_synapses_lowers_the_loss():
    """Weights, and the time constants once they are unfrozen, so that a pattern is answered."""
    mx.random.seed(0)
    x = (mx.random.uniform(shape=(30, 16, 4)) < 0.2).astype(mx.float32)
    target = (x[:, :, :1].sum(axis=0) > x[:, :, 1:2].sum(axis=0)).astype(mx.float32) * 6 + 2

    class Net(mlx.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight, self.synapse = mlx.nn.Linear(4, 12), Expon(12, tau=3.0)
            self.neurons, self.out = ALIF(12, tau=5.0), mlx.nn.Linear(12, 1)

        def __call__(self, x):
            currents, _ = self.synapse.forward_sequence(self.weight(x))
            return self.out(self.neurons.forward_sequence(currents)[0].sum(axis=0))

    net = Net()
    assert not net.neurons.trainable_parameters()
    net.synapse.unfreeze(keys=["tau"])
    value_and_grad = mlx.nn.value_and_grad(net, lambda net: mx.mean((net(x) - target) ** 2))
    optimizer, losses, before = mlx.optimizers.Adam(0.02), [], net.synapse.tau
    for _ in range(40):
        value, gradient = value_and_grad(net)
        optimizer.update(net, gradient)
        mx.eval(net.parameters())
        losses.append(value.item())
    assert losses[-1] < 0.3 * losses[0]
    assert not mx.allclose(net.synapse.tau, before)
    assert mx.array_equal(net.neurons.tau, mx.full((12,), 5.0))


@every_neuron
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"v_reset": 1.0}, "v_reset must be below the threshold, got v_reset=1.0 and threshold=1"),
        ({"threshold": [1.0, 0.0, 1.0]}, r"v_reset must be below .* threshold=\[1.0, 0.0, 1.0\]"),
        ({"threshold": 2e6}, r"threshold must be a finite number in \[-1e\+06, 1e\+06\], got 2"),
        ({"spk_reset": "none"}, r"spk_reset must be one of \['hard', 'soft'\], got 'none'"),
        ({"spk_fun": "relu"}, r"spk_fun must be one of \['arctan', .* callable, got 'relu'"),
    ],
)
def test_bad_options(neuron_class, options, message):
    with pytest.raises(ValueError, match=message):
        neuron_class(N, **options)
