"""LiquidReservoir against the equations, the estimators' liquids and the chain rule."""

import mlx.core as mx
import mlx.nn
import mlx.optimizers
import numpy as np
import pytest
from mlx.utils import tree_flatten

from skliquid import LiquidTransformer
from skliquid.nn import LiquidReservoir
from skliquid.reservoirs import draw_liquid
from skliquid.topology import erdos_renyi


def test_step_is_the_equation():
    reservoir = LiquidReservoir(3, 40, beta=0.8, threshold=0.5, spectral_radius=0.7, seed=0)
    W, W_in = np.array(reservoir.W, dtype=np.float64), np.array(reservoir.W_in, dtype=np.float64)
    rng = np.random.default_rng(0)
    mem, spk = np.zeros((2, 40)), np.zeros((2, 40))
    state = reservoir.init_state(2)
    total = 0
    for _ in range(25):
        x = rng.normal(size=(2, 3)).astype(np.float32)
        v = 0.8 * mem + x @ W_in.T + spk @ W.T
        spk = (v > 0.5).astype(float)
        mem = v - 0.5 * spk
        spikes, state = reservoir(mx.array(x), state)
        np.testing.assert_array_equal(np.array(spikes), spk)
        np.testing.assert_array_equal(np.array(state["spk"]), spk)
        np.testing.assert_allclose(np.array(state["mem"]), mem, atol=1e-3)
        total += spk.sum()
    assert total > 50


def test_same_seed_is_the_same_liquid_as_the_estimators():
    X = np.random.default_rng(0).normal(size=(4, 9, 3))
    plain = {
        **{"connectivity": 0.1, "recurrent_fraction": 1.0, "spectral_radius": 0.9},
        **{"ei_balance": None, "beta": 0.9, "encoder": None, "derivative": False},
        **{"n_delays": 1, "max_channels": None, "target_rate": None, "input_scaling": 1.0},
    }
    liquid = LiquidTransformer(60, **plain, random_state=7).fit(X).liquid_
    reservoir = LiquidReservoir(3, 60, seed=7)
    np.testing.assert_array_equal(np.array(reservoir.W), liquid.recurrent_weights)
    np.testing.assert_array_equal(np.array(reservoir.W_in), liquid.input_weights)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("radius", [0.9, 1.5])
def test_estimators_reservoir_stepped_by_hand(vowels, dtype, radius):
    X = [x.astype(dtype) * np.pi for x in vowels[0][:15]]
    parameters = {"encoder": None, "spectral_radius": radius, "random_state": 0}
    transformer = LiquidTransformer(120, **parameters).fit(X)
    reservoir = transformer.to_reservoir()
    for x, spikes in zip(X, transformer.spikes(X), strict=True):
        state = reservoir.init_state(1)
        for frame, expected in zip(x, spikes, strict=True):
            got, state = reservoir(mx.array(frame)[None], state)
            np.testing.assert_array_equal(np.array(got)[0] > 0, expected)
        train, _ = reservoir.forward_sequence(mx.array(x)[:, None])
        np.testing.assert_array_equal(np.array(train)[:, 0] > 0, spikes)


DELAYED_AND_TIRED = {
    **{"encoder": None, "n_delays": 4, "max_delay": 15, "max_channels": 3},
    **{"derivative": True, "adaptation": 0.3, "tau_adaptation": 5.0, "refractory": 2},
    "random_state": 0,
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("target_rate", [None, 0.3])
def test_delays_and_fatigue_stepped_by_hand(vowels, dtype, target_rate):
    """Utterances both shorter and longer than the delays, two at a time and cut in two."""
    X = [x.astype(dtype) * np.pi for x in (vowels[0][0], vowels[0][0][:9])]
    transformer = LiquidTransformer(80, target_rate=target_rate, **DELAYED_AND_TIRED).fit(X)
    trains = transformer.spikes(X)
    assert trains[0].mean() > 0.02
    reservoir = transformer.to_reservoir()
    assert reservoir.max_delay == transformer.liquid_.max_delay > 9
    for x, spikes in zip(X, trains, strict=True):
        state = reservoir.init_state(1)
        for frame, expected in zip(x, spikes, strict=True):
            got, state = reservoir(mx.array(frame)[None], state)
            np.testing.assert_array_equal(np.array(got)[0] > 0, expected)
        first, middle = reservoir.forward_sequence(mx.array(x[:4])[:, None])
        second, final = reservoir.forward_sequence(mx.array(x[4:])[:, None], middle)
        train = np.concatenate([first, second])[:, 0]
        np.testing.assert_array_equal(train > 0, spikes)
        for name, value in state.items():
            assert mx.array_equal(value, final[name]), name
    pair = np.stack([X[0][:9], X[1]], axis=1)
    train, _ = reservoir.forward_sequence(mx.array(pair))
    np.testing.assert_array_equal(np.array(train)[:, 1] > 0, trains[1])


def test_state_without_its_past_is_refused(vowels):
    transformer = LiquidTransformer(30, **DELAYED_AND_TIRED).fit(vowels[0][:5])
    reservoir = transformer.to_reservoir()
    state = reservoir.init_state(1)
    assert set(state) == {"mem", "spk", "raised", "rest", "past"}
    past = state.pop("past")
    with pytest.raises(TypeError, match='state must be a dict with .*"past"'):
        reservoir(mx.zeros((1, 12)), state)
    with pytest.raises(ValueError, match=r"state\['past'\] has shape .* expected"):
        reservoir(mx.zeros((1, 12)), state | {"past": past[:, 1:]})


def test_gradient_of_delayed_weights_is_the_chain_rule(vowels):
    """One step of neurons that neither remember nor connect: weight k hears x[t - delay k]."""
    liquid = draw_liquid(
        *(3, 20),
        **{"topology": np.zeros((20, 20)), "beta": 0.0, "n_delays": 3, "max_delay": 6},
        **{"max_channels": 2, "input_scaling": 2.0, "seed": 0},
    )
    reservoir = LiquidReservoir.from_liquid(liquid, trainable=True)
    x = np.random.default_rng(0).normal(size=(9, 1, 3)).round(3)

    def last_spikes(W_in):
        reservoir.W_in = W_in
        spikes, _ = reservoir.forward_sequence(mx.array(x))
        return spikes[-1].sum()

    gradient = np.array(mx.grad(last_spikes)(reservoir.W_in))
    for i in range(20):
        taps = slice(*liquid.tap_offsets[i : i + 2])
        heard = x[8 - liquid.tap_delays[taps], 0, liquid.tap_channels[taps]]
        v = heard @ liquid.tap_weights[taps]
        expected = heard / (1 + 25.0 * abs(v - 1)) ** 2
        np.testing.assert_allclose(gradient[i, : len(heard)], expected, rtol=1e-2, atol=1e-6)
    assert (np.abs(gradient).max(axis=1) > 0).all()


def test_training_moves_delayed_weights():
    X = np.random.default_rng(0).normal(size=(6, 12, 2))
    transformer = LiquidTransformer(30, **DELAYED_AND_TIRED).fit(X)
    reservoir = transformer.to_reservoir(trainable=True)
    names = {name for name, _ in tree_flatten(reservoir.trainable_parameters())}
    assert names == {"W", "W_in", "bias"}

    def rate(reservoir):
        spikes, _ = reservoir.forward_sequence(mx.array(X.transpose(1, 0, 2)))
        return spikes.mean()

    before = rate(reservoir).item()
    optimizer = mlx.optimizers.Adam(0.05)
    for _ in range(20):
        _, gradient = mlx.nn.value_and_grad(reservoir, rate)(reservoir)
        for name in ("W", "W_in", "bias"):
            assert mx.abs(gradient[name]).max().item() > 0, name
        optimizer.update(reservoir, gradient)
        mx.eval(reservoir.parameters())
    assert rate(reservoir).item() < 0.7 * before
    n_taps = np.diff(transformer.liquid_.tap_offsets)
    is_filled_up = np.arange(n_taps.max()) >= n_taps[:, np.newaxis]
    assert is_filled_up.any()
    assert not np.array(reservoir.W_in)[is_filled_up].any()


def test_float64_frames_on_the_cpu_count_as_float32(vowels):
    X = [1000 + x.astype(np.float64) for x in vowels[0][:3]]
    transformer = LiquidTransformer(60, encoder=None, random_state=0).fit(X)
    with mx.stream(mx.cpu):
        frames = mx.array(X[0], dtype=mx.float64)[:, None]
        train, _ = transformer.to_reservoir().forward_sequence(frames)
        np.testing.assert_array_equal(np.array(train)[:, 0] > 0, transformer.spikes(X)[0])


def test_sequence_continues_from_a_state():
    reservoir = LiquidReservoir(2, 30, connectivity=0.3, seed=0)
    x = mx.random.normal((12, 3, 2), key=mx.random.key(0))
    whole, last = reservoir.forward_sequence(x)
    first, state = reservoir.forward_sequence(x[:5])
    second, final = reservoir.forward_sequence(x[5:], state)
    assert mx.array_equal(whole, mx.concatenate([first, second]))
    assert mx.array_equal(last["mem"], final["mem"])


@pytest.mark.parametrize("topology", ["erdos_renyi", "small_world", "scale_free", "spatial"])
def test_topologies(topology):
    reservoir = LiquidReservoir(1, 50, topology=topology, seed=0)
    expected = draw_liquid(1, 50, topology=topology, seed=0).recurrent_weights
    np.testing.assert_array_equal(np.array(reservoir.W), expected)


def test_given_weights():
    W = erdos_renyi(30, 0.3, rng=0)
    for topology in (W, lambda n, rng: erdos_renyi(n, 0.3, rng=0)):
        np.testing.assert_allclose(
            np.array(LiquidReservoir(1, 30, topology=topology, seed=0).W), W, atol=1e-4
        )


def test_gradient_through_time_is_the_chain_rule_of_the_surrogate():
    """Two neurons, two steps: dloss/dW_in worked out by hand."""
    reservoir = LiquidReservoir(
        1, 2, beta=0.5, topology=np.array([[0.0, 0.25], [0.5, 0.0]]), trainable=True, seed=0
    )
    reservoir.W_in = mx.array([[1.5], [0.25]])
    x = mx.ones((2, 1, 1))

    def last_spikes(W_in):
        reservoir.W_in = W_in
        spikes, _ = reservoir.forward_sequence(x)
        return spikes[1].sum()

    gradient = np.array(mx.grad(last_spikes)(mx.array([[1.5], [0.25]])))[:, 0]
    slope = 25.0

    def phi(excess):
        return 1 / (1 + slope * abs(excess)) ** 2

    v1 = np.array([1.5, 0.25])
    s1 = (v1 > 1).astype(float)
    mem1 = v1 - s1
    W = np.array([[0.0, 0.25], [0.5, 0.0]])
    v2 = 0.5 * mem1 + np.array([1.5, 0.25]) + W @ s1
    d1 = phi(v1 - 1)  # ds1/dv1
    dv2 = np.diag(0.5 * (1 - d1)) + W * d1  # dv2/dv1, [to, from]
    expected = phi(v2 - 1) @ (np.eye(2) + dv2)
    np.testing.assert_allclose(gradient, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: r(np.ones((2, 3)), r.init_state(2)), "x must be a real mlx.core.array"),
        (lambda r: r(mx.ones((2, 3), mx.complex64), r.init_state(2)), "x must be a real"),
        (lambda r: r(mx.ones((2, 3)), None), "state must be a dict"),
        (lambda r: r(mx.ones((2, 3)), {}), "state must be a dict"),
        (
            lambda r: LiquidReservoir(3, 20, 0.3, seed=0, trainable=1),
            "trainable must be True or False",
        ),
    ],
)
def test_wrong_types(call, message):
    with pytest.raises(TypeError, match=message):
        call(LiquidReservoir(3, 20, connectivity=0.3, seed=0))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: r(mx.ones((2, 4)), r.init_state(2)), r"x has shape \(2, 4\); expected"),
        (lambda r: r(mx.ones(3), r.init_state(2)), r"x has shape \(3,\); expected \(batch"),
        (lambda r: r(mx.ones((2, 3)), r.init_state(1)), r"state.* \(1, 20\); expected \(2, 20\)"),
        (lambda r: r.forward_sequence(mx.ones((2, 3))), r"x_seq has shape .* expected \(T, "),
        (lambda r: r.forward_sequence(mx.ones((0, 2, 3))), "x_seq has shape"),
        (lambda r: r.init_state(0), "batch_size must be .* got 0"),
    ],
)
def test_bad_calls(call, message):
    reservoir = LiquidReservoir(3, 20, connectivity=0.3, seed=0)
    with pytest.raises(ValueError, match=message):
        call(reservoir)
