"""A reservoir and a readout as one module."""

import copy
import pickle

import mlx.core as mx
import mlx.nn
import mlx.optimizers
import pytest
from mlx.utils import tree_flatten

from skliquid.nn import LSM

# The readout's weights are drawn by MLX.
pytestmark = pytest.mark.usefixtures("same_draws_every_run")


def trainable(module):
    return {name for name, _ in tree_flatten(module.trainable_parameters())}


@pytest.mark.parametrize(("readout", "n_readout"), [("linear", 2), ("mlp", 4)])
def test_reservoir_stays_frozen(readout, n_readout):
    lsm = LSM(3, 20, 2, readout=readout, connectivity=0.3, seed=0)

    class Model(mlx.nn.Module):
        def __init__(self):
            super().__init__()
            self.lsm = lsm

    model = Model()
    for module in (lsm, lsm.reservoir, model):
        module.unfreeze()
        assert len(trainable(lsm)) == n_readout
        assert all(name.startswith("readout") for name in trainable(lsm))
    lsm.reservoir.unfreeze(keys=["W"])
    assert len(trainable(lsm)) == n_readout
    model.freeze()
    assert not trainable(lsm)
    assert {"reservoir.W", "reservoir.beta"} <= dict(tree_flatten(lsm.parameters())).keys()


def test_trainable_reservoir_freezes_like_any_module():
    lsm = LSM(3, 20, 2, train_reservoir=True, connectivity=0.3, seed=0)
    everything = {"reservoir.W", "reservoir.W_in", "reservoir.bias"} | {
        "readout.weight",
        "readout.bias",
    }
    assert trainable(lsm) == everything
    lsm.freeze()
    assert not trainable(lsm)
    lsm.unfreeze()
    assert trainable(lsm) == everything


def loss(lsm, x, target):
    outputs, _ = lsm.forward_sequence(x)
    return mx.mean((outputs.mean(axis=0) - target) ** 2)


def test_gradients_reach_the_reservoir_and_training_lowers_the_loss():
    mx.random.seed(0)
    lsm = LSM(3, 40, 1, train_reservoir=True, connectivity=0.2, seed=0)
    x = mx.random.normal((15, 16, 3))
    target = mx.random.normal((16, 1))
    value_and_grad = mlx.nn.value_and_grad(lsm, loss)
    first, gradient = value_and_grad(lsm, x, target)
    for name, value in tree_flatten(gradient):
        assert mx.isfinite(value).all().item(), name
        assert mx.abs(value).max().item() > 0, name
    optimizer = mlx.optimizers.Adam(0.01)
    for _ in range(15):
        value, gradient = value_and_grad(lsm, x, target)
        optimizer.update(lsm, gradient)
        mx.eval(lsm.parameters())
    assert value.item() < 0.5 * first.item()


def test_one_step_and_the_sequence_agree():
    lsm = LSM(3, 20, 4, readout="mlp", connectivity=0.3, seed=0)
    x = mx.random.normal((6, 2, 3), key=mx.random.key(1))
    outputs, final = lsm.forward_sequence(x)
    assert outputs.shape == (6, 2, 4)
    state = lsm.init_state(2)
    for t in range(6):
        output, state = lsm(x[t], state)
        assert mx.allclose(output, outputs[t], atol=1e-6)
    assert mx.array_equal(state["mem"], final["mem"])


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_modules_copy_and_pickle(duplicate):
    lsm = LSM(3, 20, 2, connectivity=0.3, seed=0)
    x = mx.random.normal((6, 2, 3), key=mx.random.key(1))
    other = duplicate(lsm)
    assert mx.array_equal(other.forward_sequence(x)[0], lsm.forward_sequence(x)[0])
    other.unfreeze()
    assert trainable(other) == trainable(lsm)


def test_bad_arguments():
    with pytest.raises(TypeError, match="train_reservoir must be True or False"):
        LSM(3, 20, 2, train_reservoir="no", seed=0)
    with pytest.raises(ValueError, match="readout must be one of .* got 'tree'"):
        LSM(3, 20, 2, readout="tree", seed=0)
    with pytest.raises(ValueError, match="output_size must be .* got 0"):
        LSM(3, 20, 0, seed=0)
