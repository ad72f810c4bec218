"""Dynamic synapses against the recursion over spikes of Markram, Wang and Tsodyks (1998)."""

import mlx.core as mx
import numpy as np
import pytest

from skliquid.nn import STD, STP

# U, D and F of the four pairs of types in Maass, Natschlaeger and Markram (2002), in ms.
U = np.array([0.5, 0.05, 0.25, 0.32])
D = np.array([1100.0, 125.0, 700.0, 144.0])
F = np.array([50.0, 1200.0, 20.0, 60.0])


def published(times, U, D, F):
    """Weights of the spikes of one synapse at these times."""
    u, R, weights = U, 1.0, []
    for interval in [*np.diff(times), 0]:
        weights.append(u * R)
        R = 1 + (R - R * u - 1) * np.exp(-interval / D)
        u = U + u * (1 - U) * np.exp(-interval / F)
    return np.array(weights)


def train(times, n_timesteps, n=1):
    spikes = np.zeros((n_timesteps, 1, n), dtype=np.float32)
    spikes[times] = 1
    return mx.array(spikes)


def test_irregular_trains_follow_the_published_recursion():
    times = np.flatnonzero(np.random.default_rng(0).random(400) < 0.1)
    y, _ = STP(4, U, F, D).forward_sequence(train(times, 400, 4))
    y = np.array(y)[:, 0]
    for i in range(4):
        np.testing.assert_allclose(y[times, i], published(times, U[i], D[i], F[i]), rtol=1e-4)
    assert not np.delete(y, times, axis=0).any()


def test_depression_alone_is_the_recursion_without_facilitation():
    times = np.flatnonzero(np.random.default_rng(0).random(400) < 0.1)
    spikes = train(times, 400, 4)
    y, _ = STD(4, U, D).forward_sequence(spikes)
    for i in range(4):
        expected = published(times, U[i], D[i], 1e-9)
        np.testing.assert_allclose(np.array(y)[times, 0, i], expected, rtol=1e-4)
    assert mx.allclose(y, STP(4, U, 1e-3, D).forward_sequence(spikes)[0], atol=1e-6)


@pytest.mark.parametrize("interval", [5, 20])
def test_steady_state_of_regular_trains(interval):
    """The fixed points of the recursion, solved for by hand."""
    D, F = np.array([110.0, 12.5, 70.0, 14.4]), np.array([5.0, 120.0, 2.0, 6.0])
    times = np.arange(0, 1000, interval)
    y, _ = STP(4, U, F, D).forward_sequence(train(times, 1000, 4))
    u = U / (1 - (1 - U) * np.exp(-interval / F))
    recovery = np.exp(-interval / D)
    R = (1 - recovery) / (1 - (1 - u) * recovery)
    np.testing.assert_allclose(np.array(y)[times[-1], 0], u * R, rtol=1e-4)
    weaker = np.array(y)[times[-1], 0] < U
    assert weaker.tolist() == [True, False, True, True]  # only E to I facilitates


def numpy_loop(arrays, on_y):
    u, R, total = arrays["u"], arrays["R"], 0.0
    for s, weight in zip(arrays["s"], on_y, strict=True):
        u, R = u * np.exp(-1 / arrays["tau_f"]), 1 - (1 - R) * np.exp(-1 / arrays["tau_d"])
        u = u + arrays["U"] * (1 - u) * s
        y = u * R * s
        R = R - y
        total += (weight * y).sum()
    return total + R.sum()


def test_gradients_are_finite_differences(numeric_gradient):
    """Of spikes, state and constants; spikes between 0 and 1, so that all of them have one."""
    rng = np.random.default_rng(0)
    arrays = {name: rng.random((2, 3)) for name in ("u", "R")}
    arrays |= {"s": rng.random((5, 2, 3)), "U": rng.random(3) / 2}
    arrays |= {"tau_f": 1 + 9 * rng.random(3), "tau_d": 1 + 9 * rng.random(3)}
    on_y = rng.normal(size=(5, 2, 3))
    synapse = STP(3)

    def loss(a):
        synapse.update({name: a[name] for name in ("U", "tau_f", "tau_d")})
        y, state = synapse.forward_sequence(a["s"], {"u": a["u"], "R": a["R"]})
        return (mx.array(on_y, mx.float64) * y).sum() + state["R"].sum()

    with mx.stream(mx.cpu):  # the one device with float64
        gradients = mx.grad(loss)({k: mx.array(v, mx.float64) for k, v in arrays.items()})
        for name, value in numeric_gradient(lambda a: numpy_loop(a, on_y), arrays).items():
            assert np.abs(value).max() > 1e-3
            np.testing.assert_allclose(np.array(gradients[name]), value, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("synapse_class", [STP, STD])
def test_state_at_rest_and_from_piece_to_piece(synapse_class):
    synapse = synapse_class(4)
    spikes = (mx.random.uniform(shape=(40, 2, 4), key=mx.random.key(0)) < 0.3).astype(mx.float32)
    whole, last = synapse.forward_sequence(spikes)
    _, state = synapse.forward_sequence(spikes[:39])
    y, state = synapse(spikes[39], state)
    assert mx.array_equal(y, whole[39])
    assert all(mx.array_equal(state[name], last[name]) for name in last)
    at_rest = {name: value.max().item() for name, value in synapse.init_state(2).items()}
    assert at_rest == ({"u": 0.0, "R": 1.0} if synapse_class is STP else {"R": 1.0})


@pytest.mark.parametrize("synapse_class", [STP, STD])
@pytest.mark.parametrize("bad", [{"U": 0.0}, {"U": 1.1}, {"tau_d": 0}, {"tau_d": [1.0, -1.0]}])
def test_bad_constants(synapse_class, bad):
    (name, _), *_ = bad.items()
    with pytest.raises(ValueError, match=rf"{name} must be a finite number in \(0, "):
        synapse_class(2, **bad)
