"""The spike functions: Heaviside forward, and backward the derivative that they document."""

import copy
import pickle

import mlx.core as mx
import numpy as np
import pytest
from scipy.integrate import quad

from skliquid.nn import surrogate
from skliquid.nn.surrogate import fast_sigmoid, straight_through_round

# Factory, arguments, and the derivative as documented.
CASES = [
    (surrogate.fast_sigmoid, {}, lambda x: 1 / (1 + 25 * np.abs(x)) ** 2),
    (surrogate.fast_sigmoid, {"slope": 3.0}, lambda x: 1 / (1 + 3 * np.abs(x)) ** 2),
    (surrogate.arctan, {}, lambda x: 1 / (1 + (np.pi * x) ** 2)),
    (surrogate.arctan, {"alpha": 5.0}, lambda x: 2.5 / (1 + (2.5 * np.pi * x) ** 2)),
    (surrogate.triangular, {}, lambda x: np.maximum(0, 1 - np.abs(x))),
    (surrogate.triangular, {"width": 0.4}, lambda x: np.maximum(0, 1 - np.abs(x) / 0.4)),
    (surrogate.relu_grad, {}, lambda x: np.maximum(0, 0.3 * (1 - np.abs(x)))),
    (
        surrogate.relu_grad,
        {"alpha": 2.0, "width": 0.5},
        lambda x: np.maximum(0, 2 * (0.5 - np.abs(x))),
    ),
    (surrogate.straight_through, {}, np.ones_like),
]
every_case = pytest.mark.parametrize(("factory", "arguments", "derivative"), CASES)
X = np.linspace(-2, 2, 81).astype(np.float32).reshape(27, 3)


@every_case
def test_spikes_and_derivative(factory, arguments, derivative):
    spike = factory(**arguments)
    spikes = spike(mx.array(X))
    assert spikes.dtype == mx.float32
    np.testing.assert_array_equal(np.array(spikes), X > 0)
    assert spike(mx.array([-0.0, 0.0, 1e-38, -1e-38])).tolist() == [0.0, 0.0, 1.0, 0.0]
    weights = np.random.default_rng(0).normal(size=X.shape).astype(np.float32)
    gradient = mx.grad(lambda x: (mx.array(weights) * spike(x)).sum())(mx.array(X))
    np.testing.assert_allclose(np.array(gradient), weights * derivative(X), rtol=1e-4, atol=1e-6)


def test_derivative_of_the_arctangent_is_a_density():
    for alpha in (0.5, 2.0, 10.0):
        spike = surrogate.arctan(alpha)
        slope = mx.grad(lambda x, spike=spike: spike(x).sum())
        area, _ = quad(lambda x, slope=slope: slope(mx.array(x)).item(), -50, 50, points=[0])
        np.testing.assert_allclose(area, 2 * np.arctan(25 * np.pi * alpha) / np.pi, rtol=1e-4)


@every_case
def test_arithmetic_around_a_spike(factory, arguments, derivative):
    """The chain rule through a scaled excess and a product."""
    spike = factory(**arguments)
    x = np.array([0.3, -0.2, 0.05], dtype=np.float32)
    gradient = mx.grad(lambda x: (x * spike((x - 0.1) / 0.5)).sum())(mx.array(x))
    u = (x - np.float32(0.1)) / 0.5
    expected = (u > 0) + x * derivative(u) / 0.5
    np.testing.assert_allclose(np.array(gradient), expected, rtol=1e-4)


@every_case
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda f: pickle.loads(pickle.dumps(f))])
def test_spike_functions_copy_and_pickle(factory, arguments, derivative, duplicate):
    spike = duplicate(factory(**arguments))
    np.testing.assert_array_equal(np.array(spike(mx.array(X))), X > 0)
    gradient = mx.grad(lambda x: spike(x).sum())(mx.array(X))
    np.testing.assert_allclose(np.array(gradient), derivative(X), rtol=1e-4, atol=1e-6)


def test_named_functions_are_those_with_default_arguments():
    defaults = {f.__name__: derivative for f, arguments, derivative in CASES if not arguments}
    assert surrogate.SPIKE_FUNCTIONS.keys() == defaults.keys()
    for name, spike in surrogate.SPIKE_FUNCTIONS.items():
        gradient = mx.grad(lambda x, spike=spike: spike(x).sum())(mx.array(X))
        np.testing.assert_allclose(np.array(gradient), defaults[name](X), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("factory", "name"),
    [
        (surrogate.fast_sigmoid, "slope"),
        (surrogate.arctan, "alpha"),
        (surrogate.triangular, "width"),
        (surrogate.relu_grad, "alpha"),
        (surrogate.relu_grad, "width"),
    ],
)
def test_bad_constants(factory, name):
    with pytest.raises(ValueError, match=f"{name} must be a finite number in .* got 0"):
        factory(**{name: 0})
    with pytest.raises(TypeError, match=f"{name} must be a finite number in .* got 'steep'"):
        factory(**{name: "steep"})


@pytest.mark.parametrize("slope", [1.0, 25.0])
def test_fast_sigmoid(slope):
    spike = fast_sigmoid(slope)
    x = np.linspace(-2, 2, 41).astype(np.float32)
    np.testing.assert_array_equal(np.array(spike(mx.array(x))), x > 0)
    weights = mx.arange(41) / 7
    gradient = mx.grad(lambda x: (weights * spike(x)).sum())(mx.array(x))
    expected = np.arange(41) / 7 / (1 + slope * np.abs(x)) ** 2
    np.testing.assert_allclose(np.array(gradient), expected, rtol=1e-5)
    with pytest.raises(ValueError, match="slope must be .* got 0"):
        fast_sigmoid(0)


def test_straight_through_round():
    x = mx.array([-1.5, -0.4, 0.5, 2.5])
    assert straight_through_round(x).tolist() == [-2.0, 0.0, 0.0, 2.0]
    assert mx.grad(lambda x: (3 * straight_through_round(x)).sum())(x).tolist() == [3.0] * 4
