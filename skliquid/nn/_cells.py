"""Recurrent cells of rate units: what they share, and the cell without gates."""

from __future__ import annotations

import mlx.core as mx
import mlx.nn as nn

from .._checks import MOST_UNITS, check_integer
from ._named import (
    ACTIVATIONS,
    CONSTANTS,
    INITIALIZERS,
    Activation,
    Function,
    Initializer,
    by_name,
    draw,
)
from ._protocol import SequenceModule, State


def join(x: mx.array, h: mx.array) -> mx.array:
    """Concatenate input and state along the units."""
    return mx.concatenate([x, h], axis=-1)


class RNNCell(SequenceModule):
    """Base class of recurrent cells, and the protocol that they share.

    ::

        state             = cell.init_state(batch_size)
        output, state     = cell(x, state)
        outputs, state    = cell.forward_sequence(x_seq)

    A subclass defines ``_step(x, state)``, which returns the output and the new state. It
    lists its layers over the concatenation ``[x, h]`` in ``_layers``, each with its number of
    gates, and what its state holds in ``_state_names``. A cell pickles when the functions
    that it was given do.

    Parameters
    ----------
    input_size : int
        Number of input channels.
    hidden_size : int
        Number of units.
    state_init : {"zeros", "ones"} or callable, default="zeros"
        Initial state. A callable takes an array of the wanted shape and dtype and returns one,
        as those of ``mlx.nn.init`` do.
    w_init : {"glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "orthogonal", \
            "zeros", "ones"} or callable, default="glorot_normal"
        Initial weights, drawn for each gate by itself, of shape (hidden_size, input_size +
        hidden_size). MLX draws them: seed them with ``mlx.core.random.seed``.
    b_init : {"zeros", "ones"}, callable or None, default="zeros"
        Initial biases of each gate, of shape (hidden_size,); None makes layers without bias.
    activation : {"identity", "relu", "sigmoid", "softplus", "tanh"} or callable, default="tanh"
        Activation function, element-wise.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type, or an initializer returns
        another shape.

    References
    ----------
    .. [1] Elman. "Finding structure in time", Cognitive Science 14(2), 1990.

    Examples
    --------
    A leaky cell:

    >>> import mlx.core as mx
    >>> from skliquid.nn import RNNCell
    >>> class LeakyCell(RNNCell):
    ...     _layers = {"W": 1}
    ...
    ...     def _step(self, x, state):
    ...         h = state["h"]
    ...         h = 0.9 * h + 0.1 * mx.tanh(self.W(mx.concatenate([x, h], axis=-1)))
    ...         return h, {"h": h}
    >>> cell = LeakyCell(input_size=4, hidden_size=5)
    >>> outputs, state = cell.forward_sequence(mx.ones((10, 2, 4)))
    >>> outputs.shape
    (10, 2, 5)
    """

    _state_names: tuple[str, ...] = ("h",)
    _units_name = "hidden_size"
    _layers: dict[str, int] = {}

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        state_init: Initializer = "zeros",
        w_init: Initializer = "glorot_normal",
        b_init: Initializer | None = "zeros",
        activation: Activation = "tanh",
    ) -> None:
        super().__init__()
        self.input_size = check_integer("input_size", input_size, low=1, high=MOST_UNITS)
        self.hidden_size = check_integer("hidden_size", hidden_size, low=1, high=MOST_UNITS)
        draw("activation", activation, (1,), ACTIVATIONS)
        by_name("state_init", state_init, CONSTANTS)  # MLX keeps a list as no attribute
        # The name is kept and not its function: those of MLX do not pickle.
        self.activation, self.state_init = activation, state_init
        self.init_state(1)  # an unfit state_init shall fail here
        for name, n_gates in self._layers.items():
            setattr(self, name, self._layer(n_gates, w_init, b_init))

    def _layer(self, n_gates: int, w_init: Initializer, b_init: Initializer | None) -> nn.Linear:
        n, n_inputs = self.hidden_size, self.input_size + self.hidden_size
        layer = nn.Linear(n_inputs, n_gates * n, bias=b_init is not None)
        layer.weight = mx.concatenate(
            [draw("w_init", w_init, (n, n_inputs), INITIALIZERS) for _ in range(n_gates)]
        )
        if b_init is not None:
            layer.bias = mx.concatenate([draw("b_init", b_init, (n,)) for _ in range(n_gates)])
        return layer

    @property
    def _phi(self) -> Function:
        return by_name("activation", self.activation, ACTIVATIONS)


class VanillaRNNCell(RNNCell):
    """Recurrent cell without gates, also importable as ``ValinaRNNCell``.

    ::

        h[t] = phi(W [x[t], h[t-1]] + b)

    The network of Elman [1]_; ``[x, h]`` is concatenation. The state is h, of shape (batch,
    hidden_size), which is also the output.

    Parameters
    ----------
    input_size : int
        Number of input channels.
    hidden_size : int
        Number of units.
    state_init : {"zeros", "ones"} or callable, default="zeros"
        Initial state. A callable takes an array of the wanted shape and dtype and returns one,
        as those of ``mlx.nn.init`` do.
    w_init : {"glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "orthogonal", \
            "zeros", "ones"} or callable, default="glorot_normal"
        Initial weights, of shape (hidden_size, input_size + hidden_size). MLX draws them: seed
        them with ``mlx.core.random.seed``.
    b_init : {"zeros", "ones"}, callable or None, default="zeros"
        Initial biases, of shape (hidden_size,); None makes a layer without bias.
    activation : {"identity", "relu", "sigmoid", "softplus", "tanh"} or callable, default="relu"
        The function phi, element-wise.

    Attributes
    ----------
    W : mlx.nn.Linear
        Weight of shape (hidden_size, input_size + hidden_size) and bias.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type, or an initializer returns
        another shape.

    References
    ----------
    .. [1] Elman. "Finding structure in time", Cognitive Science 14(2), 1990.

    Examples
    --------
    >>> import mlx.core as mx
    >>> from skliquid.nn import VanillaRNNCell
    >>> cell = VanillaRNNCell(input_size=4, hidden_size=5, activation="tanh")
    >>> h, state = cell(mx.ones((2, 4)), cell.init_state(batch_size=2))
    >>> h.shape
    (2, 5)
    """

    _layers = {"W": 1}

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        state_init: Initializer = "zeros",
        w_init: Initializer = "glorot_normal",
        b_init: Initializer | None = "zeros",
        activation: Activation = "relu",
    ) -> None:
        super().__init__(
            input_size,
            hidden_size,
            state_init=state_init,
            w_init=w_init,
            b_init=b_init,
            activation=activation,
        )

    def _step(self, x: mx.array, state: State) -> tuple[mx.array, State]:
        h = self._phi(self.W(join(x, state["h"])))
        return h, {"h": h}


# The spelling that users of brainstate know.
ValinaRNNCell = VanillaRNNCell
