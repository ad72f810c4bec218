"""The leaky readouts against loops written out in NumPy."""

import copy
import pickle

import mlx.core as mx
import mlx.nn
import mlx.optimizers
import numpy as np
import pytest

from skliquid.nn import LeakyRateReadout, LeakySpikeReadout, LiquidReservoir
from skliquid.nn.surrogate import SPIKE_FUNCTIONS, fast_sigmoid

# Default weights are drawn by MLX.
pytestmark = pytest.mark.usefixtures("same_draws_every_run")

READOUTS = [LeakyRateReadout, LeakySpikeReadout]
every_readout = pytest.mark.parametrize("readout_class", READOUTS)
every_reset = pytest.mark.parametrize("reset", ["soft", "hard"])


def rates_numpy(arrays, tau, dt):
    r, rates = arrays["r"], []
    for x in arrays["x"]:
        r = np.exp(-dt / tau) * r + x @ arrays["weight"].T
        rates.append(r)
    return np.array(rates)


@pytest.mark.parametrize(("tau", "dt"), [(5.0, 1.0), (2.0, 0.5), (0.1, 1.0)])
def test_rates_and_their_gradients(tau, dt, numeric_gradient):
    rng = np.random.default_rng(0)
    arrays = {"x": rng.normal(size=(6, 2, 4)), "r": rng.normal(size=(2, 3))}
    arrays["weight"] = rng.normal(size=(3, 4))
    on_r = rng.normal(size=(6, 2, 3))
    readout = LeakyRateReadout(4, 3, tau, dt)
    assert readout.weight.shape == (3, 4)

    def rates(arrays):
        readout.weight = arrays["weight"]
        outputs, state = readout.forward_sequence(arrays["x"], {"r": arrays["r"]})
        assert mx.array_equal(outputs[-1], state["r"])
        return outputs

    with mx.stream(mx.cpu):  # the one device with float64
        doubles = {name: mx.array(value, mx.float64) for name, value in arrays.items()}
        np.testing.assert_allclose(
            np.array(rates(doubles)), rates_numpy(arrays, tau, dt), rtol=1e-12
        )
        gradients = mx.grad(lambda a: (mx.array(on_r, mx.float64) * rates(a)).sum())(doubles)
        expected = numeric_gradient(lambda a: (on_r * rates_numpy(a, tau, dt)).sum(), arrays)
        for name, value in expected.items():
            np.testing.assert_allclose(np.array(gradients[name]), value, rtol=1e-6, atol=1e-8)


def test_rates_of_one_spike_decay_with_tau():
    x = np.zeros((8, 1, 1), dtype=np.float32)
    x[0] = 1
    readout = LeakyRateReadout(1, 1, tau=3.0, dt=0.5, w_init="ones")
    rates, _ = readout.forward_sequence(mx.array(x))
    np.testing.assert_allclose(
        np.array(rates)[:, 0, 0], np.exp(-0.5 * np.arange(8) / 3), rtol=1e-6
    )


def spikes_numpy(x, weight, mem, tau, v_th, dt, reset):
    """Spikes, potentials before the reset, and the last potential after it."""
    alpha = np.exp(-dt / tau)
    spikes, potentials = [], []
    for frame in x:
        mem = alpha * mem + (1 - alpha) * (frame @ weight.T)
        spike = ((mem - v_th) / v_th > 0).astype(float)
        potentials.append(mem)
        spikes.append(spike)
        mem = mem - v_th * spike if reset == "soft" else np.where(spike > 0, 0.0, mem)
    return np.array(spikes), np.array(potentials), mem


def spiking_case(T=60):
    rng = np.random.default_rng(0)
    return {
        "weight": rng.normal(scale=2.0, size=(3, 4)),
        "x": rng.normal(size=(T, 2, 4)) + 0.5,
        "mem": rng.normal(size=(2, 3)),
    }


SETTING = {"tau": 3.0, "v_th": 0.7, "dt": 0.5}


@every_reset
def test_spikes_are_those_of_the_equation(reset):
    arrays = spiking_case()
    spikes, _, mem = spikes_numpy(**arrays, **SETTING, reset=reset)
    assert 20 < spikes.sum() < 100
    readout = LeakySpikeReadout(4, 3, spk_reset=reset, **SETTING)
    with mx.stream(mx.cpu):
        arrays = {name: mx.array(value, mx.float64) for name, value in arrays.items()}
        readout.weight = arrays["weight"]
        outputs, state = readout.forward_sequence(arrays["x"], {"mem": arrays["mem"]})
        np.testing.assert_array_equal(np.array(outputs), spikes)
        np.testing.assert_allclose(np.array(state["mem"]), mem, atol=1e-6)


def test_soft_and_hard_reset_differ():
    arrays = spiking_case()
    soft, hard = (spikes_numpy(**arrays, **SETTING, reset=reset)[0] for reset in ("soft", "hard"))
    assert (soft != hard).sum() > 5


def test_membrane_potential_solves_its_differential_equation():
    """Below the threshold and with constant input: the closed form, at any step size."""
    for dt in (0.1, 1.0, 7.0):
        readout = LeakySpikeReadout(1, 1, tau=4.0, v_th=10.0, dt=dt, w_init="ones")
        _, state = readout.forward_sequence(mx.full((9, 1, 1), 3.0), {"mem": mx.array([[1.0]])})
        exact = 3 + (1 - 3) * np.exp(-9 * dt / 4)
        np.testing.assert_allclose(state["mem"].item(), exact, rtol=1e-5)


@every_reset
def test_gradients_are_the_chain_rule_of_the_surrogate(reset):
    """Back-propagation through time written out, with the derivative of a fast sigmoid."""
    arrays, slope = spiking_case(T=12), 5.0
    tau, v_th, dt = SETTING.values()
    alpha = np.exp(-dt / tau)
    rng = np.random.default_rng(1)
    on_spikes, on_mem = rng.normal(size=(12, 2, 3)), rng.normal(size=(2, 3))

    spikes, potentials, _ = spikes_numpy(**arrays, **SETTING, reset=reset)
    expected = {name: np.zeros_like(value) for name, value in arrays.items()}
    by_mem = on_mem
    for t in reversed(range(12)):
        v = potentials[t]
        drop = v_th if reset == "soft" else v  # a constant: not differentiated itself
        by_spike = on_spikes[t] - drop * by_mem
        by_v = by_mem + by_spike / (1 + slope * np.abs((v - v_th) / v_th)) ** 2 / v_th
        by_current = (1 - alpha) * by_v
        expected["weight"] += by_current.T @ arrays["x"][t]
        expected["x"][t] = by_current @ arrays["weight"]
        by_mem = alpha * by_v
    expected["mem"] = by_mem
    assert spikes.sum() > 10

    readout = LeakySpikeReadout(4, 3, spk_fun=fast_sigmoid(slope), spk_reset=reset, **SETTING)

    def loss(arrays):
        readout.weight = arrays["weight"]
        outputs, state = readout.forward_sequence(arrays["x"], {"mem": arrays["mem"]})
        return (mx.array(on_spikes) * outputs).sum() + (mx.array(on_mem) * state["mem"]).sum()

    gradients = mx.grad(loss)({name: mx.array(value) for name, value in arrays.items()})
    for name, value in expected.items():
        np.testing.assert_allclose(np.array(gradients[name]), value, rtol=1e-3, atol=1e-4)


@every_reset
@pytest.mark.parametrize("name", SPIKE_FUNCTIONS)
def test_spike_functions_by_name_and_as_they_are(name, reset):
    x = mx.random.normal((12, 2, 4), key=mx.random.key(0)) + 1

    def spikes_and_gradient(spk_fun):
        readout = LeakySpikeReadout(4, 3, 2.0, 1.0, spk_fun, reset, w_init="ones")
        gradient = mx.grad(lambda x: readout.forward_sequence(x)[0].sum())(x)
        return readout.forward_sequence(x)[0], gradient

    by_name, gradient = spikes_and_gradient(name)
    as_it_is, same_gradient = spikes_and_gradient(SPIKE_FUNCTIONS[name])
    assert by_name.sum().item() > 5
    assert mx.array_equal(by_name, as_it_is)
    assert mx.array_equal(gradient, same_gradient)
    assert mx.abs(gradient).max().item() > 0


def test_default_spike_function():
    x = mx.random.normal((12, 2, 4), key=mx.random.key(0))
    gradients = []
    for arguments in ({}, {"spk_fun": "relu_grad"}, {"spk_fun": "arctan"}):
        readout = LeakySpikeReadout(4, 3, w_init="ones", **arguments)
        gradients.append(mx.grad(lambda x, r=readout: r.forward_sequence(x)[0].sum())(x))
    assert mx.array_equal(gradients[0], gradients[1])
    assert not mx.array_equal(gradients[0], gradients[2])


@every_readout
def test_one_step_and_the_sequence_agree(readout_class):
    readout = readout_class(4, 3, tau=2.0)
    x = 3 * mx.random.normal((10, 2, 4), key=mx.random.key(1))
    outputs, final = readout.forward_sequence(x)
    state = readout.init_state(2)
    for t in range(10):
        output, state = readout(x[t], state)
        assert mx.allclose(output, outputs[t], atol=1e-5)
    first, middle = readout.forward_sequence(x[:4])
    second, last = readout.forward_sequence(x[4:], middle)
    assert mx.allclose(mx.concatenate([first, second]), outputs, atol=1e-5)
    for name in final:
        assert mx.allclose(state[name], final[name], atol=1e-5)
        assert mx.allclose(last[name], final[name], atol=1e-5)


@every_readout
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_readouts_copy_and_pickle(readout_class, duplicate):
    readout = readout_class(4, 3)
    x = mx.random.normal((6, 2, 4), key=mx.random.key(1))
    assert mx.array_equal(
        duplicate(readout).forward_sequence(x)[0], readout.forward_sequence(x)[0]
    )


@every_readout
def test_weights_go_through_a_file(readout_class, tmp_path):
    readout, other = readout_class(4, 3), readout_class(4, 3)
    assert not mx.array_equal(readout.weight, other.weight)
    readout.save_weights(str(tmp_path / "readout.npz"))
    other.load_weights(str(tmp_path / "readout.npz"))
    assert mx.array_equal(readout.weight, other.weight)


@pytest.mark.parametrize(
    ("readout_class", "options"),
    [
        (LeakyRateReadout, {}),
        (LeakySpikeReadout, {"spk_reset": "soft"}),
        (LeakySpikeReadout, {"spk_reset": "hard", "spk_fun": fast_sigmoid(5.0)}),
    ],
)
def test_training_on_the_spikes_of_a_liquid_lowers_the_loss(readout_class, options):
    mx.random.seed(0)
    x = mx.random.normal((20, 24, 3)) + mx.repeat(mx.eye(3), 8, axis=0)
    labels = mx.repeat(mx.arange(3), 8)
    spikes, _ = LiquidReservoir(3, 60, seed=0).forward_sequence(x)
    readout = readout_class(60, 3, **options)

    def loss(readout):
        outputs, _ = readout.forward_sequence(spikes)
        return mlx.nn.losses.cross_entropy(outputs.mean(axis=0) * 10, labels, reduction="mean")

    value_and_grad = mlx.nn.value_and_grad(readout, loss)
    optimizer = mlx.optimizers.Adam(0.02)
    losses = []
    for _ in range(40):
        value, gradient = value_and_grad(readout)
        optimizer.update(readout, gradient)
        mx.eval(readout.parameters())
        losses.append(value.item())
    assert losses[-1] < 0.2 * losses[0]


@every_readout
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: r(np.ones((2, 4)), r.init_state(2)), "x must be a real .*, got ndarray"),
        (lambda r: r(mx.ones((2, 4)), [1]), r"state must be a dict with .*, got \[1\]"),
        (lambda r: r(mx.ones((2, 4)), {}), r"state must be a dict with .*, got the keys \[\]"),
        (lambda r: type(r)(4, 3.0), "output_size must be an integer in .*, got 3.0"),
        (lambda r: type(r)(4, 3, tau="5"), "tau must be a finite number .* got '5'"),
    ],
)
def test_wrong_types(readout_class, call, message):
    with pytest.raises(TypeError, match=message):
        call(readout_class(4, 3))


@every_readout
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: r(mx.ones((2, 3)), r.init_state(2)), r"x has shape \(2, 3\); .*input_size = 4"),
        (lambda r: r.forward_sequence(mx.ones((2, 4))), r"x_seq has shape .* expected \(T, "),
        (
            lambda r: r(mx.ones((2, 4)), r.init_state(1)),
            r"has shape \(1, 3\); expected \(batch, output_size\) = \(2, 3\)",
        ),
        (lambda r: type(r)(0, 3), "input_size must be .* got 0"),
        (lambda r: type(r)(4, 3, tau=0), r"tau must be a finite number in \(0, inf\), got 0"),
        (lambda r: type(r)(4, 3, dt=-1), "dt must be .* got -1"),
        (lambda r: type(r)(4, 3, w_init="he"), "w_init must be one of .* got 'he'"),
    ],
)
def test_bad_calls(readout_class, call, message):
    with pytest.raises(ValueError, match=message):
        call(readout_class(4, 3))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"v_th": 0}, r"v_th must be a finite number in \(0, inf\), got 0"),
        ({"spk_reset": "none"}, r"spk_reset must be one of \['hard', 'soft'\], got 'none'"),
        ({"spk_fun": "relu"}, r"spk_fun must be one of \['arctan', .* callable, got 'relu'"),
        ({"spk_fun": None}, "spk_fun must be one of .* or a callable, got None"),
    ],
)
def test_bad_spiking_options(options, message):
    with pytest.raises(ValueError, match=message):
        LeakySpikeReadout(4, 3, **options)
