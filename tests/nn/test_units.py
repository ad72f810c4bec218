"""What neurons and synapses have in common: constants, copies and errors."""

import copy
import pickle

import mlx.core as mx
import numpy as np
import pytest
from mlx.utils import tree_flatten

from skliquid.nn import ALIF, IF, LIF, STD, STP, Alpha, DualExpon, Expon

UNITS = [IF, LIF, ALIF, Expon, Alpha, DualExpon, STP, STD]
every_unit = pytest.mark.parametrize("unit_class", UNITS)
N = 3


def spikes():
    return (mx.random.uniform(shape=(9, 2, N), key=mx.random.key(0)) < 0.5).astype(mx.float32)


@every_unit
def test_constants_are_frozen_and_one_for_each_unit(unit_class):
    module = unit_class(N)
    constants = dict(tree_flatten(module.parameters()))
    assert all(value.shape == (N,) for value in constants.values())
    assert not module.trainable_parameters()
    module.unfreeze()
    assert dict(tree_flatten(module.trainable_parameters())).keys() == constants.keys()
    arrays = {name: np.array(value) for name, value in constants.items()}
    same, _ = unit_class(N, **arrays).forward_sequence(spikes())
    assert mx.array_equal(same, module.forward_sequence(spikes())[0])


@every_unit
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_and_pickles(unit_class, duplicate):
    module = unit_class(N)
    other = duplicate(module)
    assert mx.array_equal(
        other.forward_sequence(spikes())[0], module.forward_sequence(spikes())[0]
    )
    assert not other.trainable_parameters()


@pytest.mark.parametrize(
    ("tau", "error", "message"),
    [
        (0, ValueError, r"tau must be a finite number in \(0, inf\), got 0"),
        (float("nan"), ValueError, "tau must be a finite number in .* got nan"),
        ("5", TypeError, r"tau must be a finite number in .* got '5' \(str\)"),
        ([1.0, 2.0], ValueError, r"tau must be a number or an array of shape \(3,\), got shape"),
        ([1.0, -2.0, 3.0], ValueError, r"each tau must be a finite number in .* got -2.0"),
        (
            [1.0, [2.0]],
            ValueError,
            r"tau must be a number or an array, but \[1.0, \[2.0\]\] failed",
        ),
        ([True, True, True], TypeError, "each tau must be a finite number in .* got True"),
    ],
)
@pytest.mark.parametrize("unit_class", [LIF, ALIF, Expon, Alpha])
def test_bad_constants(unit_class, tau, error, message):
    with pytest.raises(error, match=message):
        unit_class(N, tau=tau)


@every_unit
@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: m(mx.ones((2, 5)), m.init_state(2)), ValueError, r"x has shape \(2, 5\); "),
        (lambda m: m.forward_sequence(mx.ones((2, N))), ValueError, "x_seq has shape"),
        (lambda m: m(np.ones((2, N)), m.init_state(2)), TypeError, "x must be a real mlx"),
        (lambda m: m(mx.ones((2, N)), {}), TypeError, r"state must be a dict with .* keys \[\]"),
        (
            lambda m: m(mx.ones((2, N)), m.init_state(1)),
            ValueError,
            r"has shape \(1, 3\); expected \(batch, input_size\) = \(2, 3\)",
        ),
        (lambda m: m.init_state(0), ValueError, "batch_size must be .* got 0"),
        (lambda m: type(m)(0), ValueError, "input_size must be .* got 0"),
        (lambda m: type(m)(2.0), TypeError, "input_size must be .* got 2.0"),
    ],
)
def test_bad_calls(unit_class, call, error, message):
    with pytest.raises(error, match=message):
        call(unit_class(N))
