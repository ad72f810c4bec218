"""Synaptic currents against their closed forms."""

import mlx.core as mx
import numpy as np
import pytest

from skliquid.nn import Alpha, DualExpon, Expon

T, BATCH, N = 30, 2, 3
TAU, RISE = np.array([1.5, 6.0, 40.0]), np.array([0.5, 4.0, 30.0])
# MLX's exponential of float64 is as exact as that of float32.
CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def expon(k, tau):
    return np.exp(-k / tau)


def alpha(k, tau):
    return k / tau * np.exp(1 - k / tau)


def dual_expon(k, tau_decay, tau_rise):
    def shape(t):
        return np.exp(-t / tau_decay) - np.exp(-t / tau_rise)

    peak = np.log(tau_decay / tau_rise) / (1 / tau_rise - 1 / tau_decay)
    return shape(k) / shape(peak)


CURRENTS = {
    Expon: (expon, {"tau": TAU}),
    Alpha: (alpha, {"tau": TAU}),
    DualExpon: (dual_expon, {"tau_decay": TAU, "tau_rise": RISE}),
}
every_synapse = pytest.mark.parametrize("synapse_class", CURRENTS)


def convolved(form, x, constants):
    """Sum of the currents that every input leaves: (T, batch, n) from (T, batch, n)."""
    steps = np.arange(len(x))
    lags = steps[:, np.newaxis] - steps
    left = form(np.maximum(lags, 0)[..., np.newaxis], **constants)
    return np.einsum("tsn,sbn->tbn", left * (lags >= 0)[..., np.newaxis], x)


@every_synapse
def test_a_spike_leaves_the_closed_form(synapse_class):
    form, constants = CURRENTS[synapse_class]
    spike = mx.zeros((200, 1, N))
    spike[0] = 2.0
    g, _ = synapse_class(N, **constants).forward_sequence(spike)
    expected = 2 * form(np.arange(200)[:, np.newaxis], **constants)
    np.testing.assert_allclose(np.array(g)[:, 0], expected, rtol=1e-4, atol=1e-5)


def test_where_a_current_peaks():
    """Alpha at tau, the difference of exponentials where its derivative vanishes; both at 1."""
    spike = mx.zeros((60, 1, 2))
    spike[0] = 1.0
    g = np.array(Alpha(2, tau=[7.0, 20.0]).forward_sequence(spike)[0])[:, 0]
    assert g.argmax(axis=0).tolist() == [7, 20]
    np.testing.assert_allclose(g.max(axis=0), 1, rtol=1e-5)
    # tau_rise tau_decay / (tau_decay - tau_rise) log(tau_decay / tau_rise) = 8 and 16 steps
    decay = np.array([8, 16]) / np.log(2)
    g = np.array(DualExpon(2, decay, decay / 2).forward_sequence(spike)[0])[:, 0]
    assert g.argmax(axis=0).tolist() == [8, 16]
    np.testing.assert_allclose(g.max(axis=0), 1, rtol=1e-5)


@every_synapse
def test_inputs_add_up_and_gradients_are_finite_differences(synapse_class, numeric_gradient):
    """Of the input, and of the time constants once they are unfrozen."""
    form, constants = CURRENTS[synapse_class]
    rng = np.random.default_rng(0)
    arrays = constants | {"x": rng.normal(size=(T, BATCH, N))}
    on_g = rng.normal(size=(T, BATCH, N))
    synapse = synapse_class(N)

    def loss(arrays):
        return (on_g * convolved(form, arrays["x"], {k: arrays[k] for k in constants})).sum()

    def run(arrays):
        synapse.update({name: arrays[name] for name in constants})
        return synapse.forward_sequence(arrays["x"])[0]

    with mx.stream(mx.cpu):  # the one device with float64
        doubles = {name: mx.array(value, mx.float64) for name, value in arrays.items()}
        expected = convolved(form, arrays["x"], constants)
        np.testing.assert_allclose(np.array(run(doubles)), expected, **CLOSE)
        gradients = mx.grad(lambda a: (mx.array(on_g, mx.float64) * run(a)).sum())(doubles)
        for name, value in numeric_gradient(loss, arrays).items():
            assert np.abs(value).max() > 1e-3
            np.testing.assert_allclose(np.array(gradients[name]), value, rtol=1e-4, atol=1e-4)


@every_synapse
def test_state_goes_on_where_it_stopped(synapse_class):
    _, constants = CURRENTS[synapse_class]
    synapse = synapse_class(N, **constants)
    x = mx.random.normal((8, BATCH, N), key=mx.random.key(0))
    whole, last = synapse.forward_sequence(x)
    first, state = synapse.forward_sequence(x[:5])
    for t in range(5, 8):
        g, state = synapse(x[t], state)
        assert mx.array_equal(g, whole[t])
    assert mx.array_equal(first, whole[:5])
    assert all(mx.array_equal(state[name], last[name]) for name in last)


def test_what_states_are_called():
    names = {Expon: {"g"}, Alpha: {"g", "h"}, DualExpon: {"g_rise", "g_decay"}}
    for synapse_class, expected in names.items():
        state = synapse_class(N).init_state(BATCH)
        assert set(state) == expected
        assert all(value.shape == (BATCH, N) and not value.any() for value in state.values())


@pytest.mark.parametrize("tau_rise", [10.0, 12.0, [1.0, 10.0, 1.0]])
def test_a_rise_that_is_not_faster_than_the_decay(tau_rise):
    with pytest.raises(ValueError, match=r"tau_rise must be less than tau_decay.* use Alpha.*10"):
        DualExpon(3, tau_decay=10.0, tau_rise=tau_rise)
