"""The recurrent cells against loops written out in NumPy."""

import copy
import pickle

import mlx.core as mx
import mlx.nn
import mlx.optimizers
import numpy as np
import pytest
from mlx.utils import tree_flatten, tree_unflatten

from skliquid.nn import (
    GRUCell,
    LSTMCell,
    MGUCell,
    RNNCell,
    ValinaRNNCell,
    VanillaRNNCell,
)

# Default weights are drawn by MLX.
pytestmark = pytest.mark.usefixtures("same_draws_every_run")

N_IN, N = 3, 4
# MLX's sigmoid of float64 is as exact as that of float32.
CLOSE = {"rtol": 1e-5, "atol": 1e-6}
ACTIVATION = {
    "tanh": np.tanh,
    "relu": lambda a: a * (a > 0),
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "softplus": lambda a: np.log(1 + np.exp(a)),
    "identity": lambda a: a,
}
sigma = ACTIVATION["sigmoid"]


def affine(p, layer, gate, x, h):
    """One gate of one layer: its rows of the weight, input columns before state columns."""
    rows = slice(gate * N, (gate + 1) * N)
    W, b = p[f"{layer}.weight"][rows], p[f"{layer}.bias"][rows]
    return x @ W[:, :N_IN].T + h @ W[:, N_IN:].T + b


def vanilla_step(p, x, h, c, phi):
    return phi(affine(p, "W", 0, x, h)), c


def gru_step(p, x, h, c, phi):
    r, z = sigma(affine(p, "W_rz", 0, x, h)), sigma(affine(p, "W_rz", 1, x, h))
    return (1 - z) * h + z * phi(affine(p, "W_h", 0, x, r * h)), c


def mgu_step(p, x, h, c, phi):
    f = sigma(affine(p, "W_f", 0, x, h))
    return (1 - f) * h + f * phi(affine(p, "W_h", 0, x, f * h)), c


def lstm_step(p, x, h, c, phi):
    i, g, f, o = (affine(p, "W", gate, x, h) for gate in range(4))
    c = sigma(f + 1) * c + sigma(i) * phi(g)
    return sigma(o) * phi(c), c


STEPS = {
    VanillaRNNCell: vanilla_step,
    GRUCell: gru_step,
    MGUCell: mgu_step,
    LSTMCell: lstm_step,
}
CELLS = list(STEPS)
every_cell = pytest.mark.parametrize("cell_class", CELLS)


def run_numpy(cell_class, arrays, activation):
    h, c = arrays["h"], arrays.get("c", 0.0)
    outputs = []
    for x in arrays["x"]:
        h, c = STEPS[cell_class](arrays, x, h, c, ACTIVATION[activation])
        outputs.append(h)
    return np.array(outputs), c


def float64_case(cell_class, activation, T=5, batch=2):
    """A cell with all its parameters drawn in float64, and those, x and the state as arrays."""
    rng = np.random.default_rng(7)
    cell = cell_class(N_IN, N, activation=activation)
    arrays = {
        name: rng.normal(scale=0.7, size=value.shape)
        for name, value in tree_flatten(cell.parameters())
    }
    cell.update(tree_unflatten([(k, mx.array(v, mx.float64)) for k, v in arrays.items()]))
    arrays["x"] = rng.normal(size=(T, batch, N_IN))
    for name in cell.init_state(1):
        arrays[name] = rng.normal(size=(batch, N))
    return cell, arrays


def state_of(arrays):
    return {name: mx.array(arrays[name], mx.float64) for name in ("h", "c") if name in arrays}


@every_cell
@pytest.mark.parametrize("activation", ACTIVATION)
def test_sequence_is_the_equation(cell_class, activation):
    with mx.stream(mx.cpu):  # the one device with float64
        cell, arrays = float64_case(cell_class, activation)
        outputs, state = cell.forward_sequence(mx.array(arrays["x"], mx.float64), state_of(arrays))
        expected, c = run_numpy(cell_class, arrays, activation)
        np.testing.assert_allclose(np.array(outputs), expected, **CLOSE)
        np.testing.assert_array_equal(np.array(state["h"]), np.array(outputs[-1]))
        if cell_class is LSTMCell:
            np.testing.assert_allclose(np.array(state["c"]), c, **CLOSE)
        assert set(state) == set(cell.init_state(1))


@every_cell
def test_float32_from_rest(cell_class):
    rng = np.random.default_rng(0)
    cell = cell_class(N_IN, N, b_init=lambda a: mx.random.normal(a.shape, key=mx.random.key(0)))
    x = rng.normal(size=(12, 3, N_IN)).astype(np.float32)
    arrays = {k: np.array(v, np.float64) for k, v in tree_flatten(cell.parameters())}
    arrays |= {"x": x, "h": np.zeros((3, N)), "c": np.zeros((3, N))}
    expected, _ = run_numpy(cell_class, arrays, cell.activation)
    outputs, _ = cell.forward_sequence(mx.array(x))
    assert outputs.dtype == mx.float32
    np.testing.assert_allclose(np.array(outputs), expected, atol=1e-5)


@every_cell
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_gradients_are_finite_differences(cell_class, activation, numeric_gradient):
    """Of every weight, input and initial state: MLX's backward pass against NumPy's forward."""
    with mx.stream(mx.cpu):
        cell, arrays = float64_case(cell_class, activation)
        rng = np.random.default_rng(1)
        on_h = rng.normal(size=(5, 2, N))
        on_c = rng.normal(size=(2, N)) * ("c" in arrays)

        def numpy_loss(arrays):
            outputs, c = run_numpy(cell_class, arrays, activation)
            return (on_h * outputs).sum() + (on_c * c).sum()

        def loss(parameters, x, state):
            cell.update(parameters)
            outputs, final = cell.forward_sequence(x, state)
            total = (mx.array(on_h, mx.float64) * outputs).sum()
            if "c" in final:
                total = total + (mx.array(on_c, mx.float64) * final["c"]).sum()
            return total

        by_parameters, by_x, by_state = mx.grad(loss, argnums=(0, 1, 2))(
            cell.parameters(), mx.array(arrays["x"], mx.float64), state_of(arrays)
        )
        gradients = dict(tree_flatten(by_parameters)) | by_state | {"x": by_x}
        expected = numeric_gradient(numpy_loss, arrays)
        assert gradients.keys() == expected.keys()
        for name, value in expected.items():
            assert np.abs(value).max() > 1e-3
            np.testing.assert_allclose(np.array(gradients[name]), value, **CLOSE)


@every_cell
def test_one_step_and_the_sequence_agree(cell_class):
    cell = cell_class(N_IN, N)
    x = mx.random.normal((6, 2, N_IN), key=mx.random.key(1))
    outputs, final = cell.forward_sequence(x)
    state = cell.init_state(2)
    for t in range(6):
        output, state = cell(x[t], state)
        assert mx.allclose(output, outputs[t], atol=1e-6)
        assert state.keys() == final.keys()
    for name in final:
        assert mx.allclose(state[name], final[name], atol=1e-6)


def test_layers_are_those_of_the_documentation():
    expected = {
        VanillaRNNCell: {"W": N},
        GRUCell: {"W_rz": 2 * N, "W_h": N},
        MGUCell: {"W_f": N, "W_h": N},
        LSTMCell: {"W": 4 * N},
    }
    for cell_class, layers in expected.items():
        cell = cell_class(N_IN, N)
        assert set(cell.children()) == set(layers)
        for name, n_rows in layers.items():
            layer = getattr(cell, name)
            assert isinstance(layer, mlx.nn.Linear)
            assert (layer.weight.shape, layer.bias.shape) == ((n_rows, N_IN + N), (n_rows,))
    assert ValinaRNNCell is VanillaRNNCell
    assert all(issubclass(cell_class, RNNCell) for cell_class in CELLS)


@every_cell
def test_initializers(cell_class):
    cell = cell_class(N_IN, N, state_init="ones", w_init="orthogonal", b_init="ones")
    for value in cell.init_state(3).values():
        np.testing.assert_array_equal(np.array(value), np.ones((3, N)))
    for layer in cell.children().values():
        np.testing.assert_array_equal(np.array(layer.bias), 1)
        for gate in np.split(np.array(layer.weight), len(layer.weight) // N):
            np.testing.assert_allclose(gate @ gate.T, np.eye(N), atol=1e-5)
    bare = cell_class(N_IN, N, b_init=None, w_init=mlx.nn.init.constant(0.25))
    assert all("bias" not in layer for layer in bare.children().values())
    assert all((layer.weight == 0.25).all() for layer in bare.children().values())
    outputs, _ = bare.forward_sequence(mx.ones((4, 2, N_IN)))
    assert outputs.shape == (4, 2, N)


def test_default_weights_have_the_variance_of_glorot_for_each_gate():
    mx.random.seed(0)
    weight = np.array(LSTMCell(100, 200).W.weight)
    np.testing.assert_allclose(weight.std(), np.sqrt(2 / (300 + 200)), rtol=0.02)
    gates = np.split(weight, 4)
    between_gates = np.corrcoef([gate.ravel() for gate in gates]) - np.eye(4)
    assert np.abs(between_gates).max() < 0.03


def test_seed_of_mlx_is_the_seed_of_the_weights():
    drawn = []
    for _ in range(2):
        mx.random.seed(3)
        drawn.append(GRUCell(N_IN, N).W_rz.weight)
    assert mx.array_equal(*drawn)


def test_callable_activation():
    x = mx.random.normal((5, 2, N_IN), key=mx.random.key(0))
    cell = MGUCell(N_IN, N, activation=lambda a: 0.5 * mx.tanh(a))
    arrays = {k: np.array(v, np.float64) for k, v in tree_flatten(cell.parameters())}
    h = np.zeros((2, N))
    for frame in np.array(x):
        h, _ = mgu_step(arrays, frame, h, 0, lambda a: 0.5 * np.tanh(a))
    np.testing.assert_allclose(np.array(cell.forward_sequence(x)[1]["h"]), h, atol=1e-5)


@every_cell
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_cells_copy_and_pickle(cell_class, duplicate):
    cell = cell_class(N_IN, N, activation="tanh")
    x = mx.random.normal((6, 2, N_IN), key=mx.random.key(1))
    other = duplicate(cell)
    assert mx.array_equal(other.forward_sequence(x)[0], cell.forward_sequence(x)[0])


@every_cell
def test_weights_go_through_a_file(cell_class, tmp_path):
    cell, other = cell_class(N_IN, N), cell_class(N_IN, N)
    x = mx.random.normal((6, 2, N_IN), key=mx.random.key(1))
    assert not mx.array_equal(other.forward_sequence(x)[0], cell.forward_sequence(x)[0])
    cell.save_weights(str(tmp_path / "cell.safetensors"))
    other.load_weights(str(tmp_path / "cell.safetensors"))
    assert mx.array_equal(other.forward_sequence(x)[0], cell.forward_sequence(x)[0])


@every_cell
def test_training_lowers_the_loss(cell_class):
    mx.random.seed(0)
    cell = cell_class(N_IN, 16)
    x = mx.random.normal((8, 32, N_IN))
    target = mx.cumsum(x, axis=0)[..., 0] / 8
    signs = mx.array([1.0, -1.0] * 8)  # a rectified output is of one sign only

    def loss(cell):
        outputs, _ = cell.forward_sequence(x)
        return mx.mean((outputs @ signs / 4 - target) ** 2)

    value_and_grad = mlx.nn.value_and_grad(cell, loss)
    optimizer = mlx.optimizers.Adam(0.02)
    losses = []
    for _ in range(40):
        value, gradient = value_and_grad(cell)
        optimizer.update(cell, gradient)
        mx.eval(cell.parameters())
        losses.append(value.item())
    assert losses[-1] < 0.3 * losses[0]


def with_state(**arrays):
    return lambda cell: cell(mx.ones((2, N_IN)), arrays)


@every_cell
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: c(np.ones((2, N_IN)), c.init_state(2)), "x must be a real .*, got ndarray"),
        (lambda c: c.forward_sequence([[1.0]]), "x_seq must be a real .*, got list"),
        (lambda c: c(mx.ones((2, N_IN), mx.complex64), c.init_state(2)), "got mlx.core.complex64"),
        (lambda c: c(mx.ones((2, N_IN)), None), 'state must be a dict with "h".*, got None'),
        (with_state(mem=mx.ones((2, N))), r"dict with \"h\".*, got the keys \['mem'\]"),
        (with_state(h=np.ones((2, N)), c=0), r'state\["h"\] must be a real .*, got ndarray'),
        (lambda c: c.init_state(2.5), "batch_size must be an integer >= 1, got 2.5"),
        (lambda c: type(c)(N_IN, "4"), "hidden_size must be an integer in .*, got '4'"),
    ],
)
def test_wrong_types(cell_class, call, message):
    with pytest.raises(TypeError, match=message):
        call(cell_class(N_IN, N))


@every_cell
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: c(mx.ones((2, 5)), c.init_state(2)), r"x has shape \(2, 5\); .*input_size = 3"),
        (lambda c: c(mx.ones(N_IN), c.init_state(1)), r"x has shape \(3,\); expected \(batch, "),
        (lambda c: c.forward_sequence(mx.ones((2, N_IN))), r"x_seq has shape .* expected \(T, "),
        (lambda c: c.forward_sequence(mx.ones((0, 2, N_IN))), "x_seq has shape"),
        (
            with_state(h=mx.ones((1, N)), c=mx.ones((2, N))),
            r"state\[\"h\"\] has shape \(1, 4\); expected \(batch, hidden_size\) = \(2, 4\)",
        ),
        (
            lambda c: c.forward_sequence(mx.ones((6, 2, N_IN)), c.init_state(3)),
            r"state\[\"h\"\] has shape \(3, 4\)",
        ),
        (lambda c: c.init_state(0), "batch_size must be .* got 0"),
        (lambda c: type(c)(0, N), "input_size must be .* got 0"),
        (
            lambda c: type(c)(N_IN, N, activation="tan"),
            r"activation must be one of \['identity', .*'tanh'\] or a callable, got 'tan'",
        ),
        (lambda c: type(c)(N_IN, N, activation=None), "activation must be .* got None"),
        (
            lambda c: type(c)(N_IN, N, w_init="normal"),
            r"w_init must be one of \['glorot_normal', .* or a callable, got 'normal'",
        ),
        (
            lambda c: type(c)(N_IN, N, w_init=lambda a: a[:1]),
            r"w_init must return an mlx.core.array of shape \(4, 7\), got shape \(1, 7\)",
        ),
        (lambda c: type(c)(N_IN, N, b_init=lambda a: 0), "b_init must return .*, got 0"),
        (lambda c: type(c)(N_IN, N, b_init="orthogonal"), r"b_init must be one of \['ones'"),
        (lambda c: type(c)(N_IN, N, state_init="one"), "state_init must be .* got 'one'"),
    ],
)
def test_bad_calls(cell_class, call, message):
    with pytest.raises(ValueError, match=message):
        call(cell_class(N_IN, N))


def test_the_base_class_has_no_step():
    cell = RNNCell(N_IN, N)
    with pytest.raises(NotImplementedError, match="RNNCell must define _step"):
        cell(mx.ones((1, N_IN)), cell.init_state(1))
