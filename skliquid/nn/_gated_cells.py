"""Recurrent cells with gates: GRU, MGU and LSTM."""

from __future__ import annotations

import mlx.core as mx

from ._cells import RNNCell, join
from ._protocol import State


class GRUCell(RNNCell):
    """Gated recurrent unit.

    ::

        r    = sigma(W_r [x[t], h[t-1]] + b_r)
        z    = sigma(W_z [x[t], h[t-1]] + b_z)
        h~   = phi(W_h [x[t], r * h[t-1]] + b_h)
        h[t] = (1 - z) * h[t-1] + z * h~

    The unit of Cho et al. [1]_ with the update gate z as in [2]_; sigma is the logistic
    function, ``[x, h]`` concatenation, ``*`` element-wise. ``mlx.nn.GRU`` is no substitute:
    it applies the reset gate after the recurrent product, ``r * (W h)``, and its z keeps the
    old state where this one takes the new. The state is h, of shape (batch, hidden_size), which
    is also the output.

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
        The function phi, element-wise.

    Attributes
    ----------
    W_rz : mlx.nn.Linear
        Gates r and z, one below the other: weight of shape (2 * hidden_size, input_size +
        hidden_size) and bias.
    W_h : mlx.nn.Linear
        Candidate h~: weight of shape (hidden_size, input_size + hidden_size) and bias.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type, or an initializer returns
        another shape.

    References
    ----------
    .. [1] Cho et al. "Learning phrase representations using RNN encoder-decoder for
       statistical machine translation", EMNLP, 2014.
    .. [2] Chung, Gulcehre, Cho, Bengio. "Empirical evaluation of gated recurrent neural
       networks on sequence modeling", arXiv:1412.3555, 2014.

    Examples
    --------
    >>> import mlx.core as mx
    >>> from skliquid.nn import GRUCell
    >>> cell = GRUCell(input_size=4, hidden_size=5)
    >>> h, state = cell.forward_sequence(mx.ones((10, 2, 4)))
    >>> h.shape, state["h"].shape
    ((10, 2, 5), (2, 5))
    """

    _layers = {"W_rz": 2, "W_h": 1}

    def _step(self, x: mx.array, state: State) -> tuple[mx.array, State]:
        h = state["h"]
        r, z = mx.split(mx.sigmoid(self.W_rz(join(x, h))), 2, axis=-1)
        candidate = self._phi(self.W_h(join(x, r * h)))
        h = (1 - z) * h + z * candidate
        return h, {"h": h}


class MGUCell(RNNCell):
    """Minimal gated unit: one forget gate.

    ::

        f    = sigma(W_f [x[t], h[t-1]] + b_f)
        h~   = phi(W_h [x[t], f * h[t-1]] + b_h)
        h[t] = (1 - f) * h[t-1] + f * h~

    The unit of Zhou et al. [1]_; sigma is the logistic function, ``[x, h]`` concatenation,
    ``*`` element-wise. The state is h, of shape (batch, hidden_size), which is also the output.

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
        Initial weights of each layer, of shape (hidden_size, input_size + hidden_size). MLX
        draws them: seed them with ``mlx.core.random.seed``.
    b_init : {"zeros", "ones"}, callable or None, default="zeros"
        Initial biases of each layer, of shape (hidden_size,); None makes layers without bias.
    activation : {"identity", "relu", "sigmoid", "softplus", "tanh"} or callable, default="tanh"
        The function phi, element-wise.

    Attributes
    ----------
    W_f : mlx.nn.Linear
        Gate f: weight of shape (hidden_size, input_size + hidden_size) and bias.
    W_h : mlx.nn.Linear
        Candidate h~: weight of the same shape and bias.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type, or an initializer returns
        another shape.

    References
    ----------
    .. [1] Zhou, Wu, Zhang, Zhou. "Minimal gated unit for recurrent neural networks",
       International Journal of Automation and Computing 13(3), 2016.

    Examples
    --------
    >>> import mlx.core as mx
    >>> from skliquid.nn import MGUCell
    >>> cell = MGUCell(input_size=4, hidden_size=5)
    >>> h, state = cell.forward_sequence(mx.ones((10, 2, 4)))
    >>> h.shape
    (10, 2, 5)
    """

    _layers = {"W_f": 1, "W_h": 1}

    def _step(self, x: mx.array, state: State) -> tuple[mx.array, State]:
        h = state["h"]
        f = mx.sigmoid(self.W_f(join(x, h)))
        candidate = self._phi(self.W_h(join(x, f * h)))
        h = (1 - f) * h + f * candidate
        return h, {"h": h}


class LSTMCell(RNNCell):
    """Long short-term memory.

    ::

        i, g, f, o = W [x[t], h[t-1]] + b
        c[t] = sigma(f + 1) * c[t-1] + sigma(i) * phi(g)
        h[t] = sigma(o) * phi(c[t])

    The memory of Hochreiter and Schmidhuber [1]_ with a forget gate, to which 1 is added so
    that an untrained cell remembers [2]_; sigma is the logistic function, ``[x, h]``
    concatenation, ``*`` element-wise. ``mlx.nn.LSTM`` is no substitute: it adds nothing to
    the forget gate, and its gates have the order i, f, g, o. The state is h, which is also the
    output, and c, both of shape (batch, hidden_size).

    Parameters
    ----------
    input_size : int
        Number of input channels.
    hidden_size : int
        Number of units.
    state_init : {"zeros", "ones"} or callable, default="zeros"
        Initial state, of both h and c. A callable takes an array of the wanted shape and dtype
        and returns one, as those of ``mlx.nn.init`` do.
    w_init : {"glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "orthogonal", \
            "zeros", "ones"} or callable, default="glorot_normal"
        Initial weights, drawn for each gate by itself, of shape (hidden_size, input_size +
        hidden_size). MLX draws them: seed them with ``mlx.core.random.seed``.
    b_init : {"zeros", "ones"}, callable or None, default="zeros"
        Initial biases of each gate, of shape (hidden_size,); None makes a layer without bias.
    activation : {"identity", "relu", "sigmoid", "softplus", "tanh"} or callable, default="tanh"
        The function phi, element-wise.

    Attributes
    ----------
    W : mlx.nn.Linear
        Gates i, g, f and o, one below the other: weight of shape (4 * hidden_size, input_size
        + hidden_size) and bias.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type, or an initializer returns
        another shape.

    References
    ----------
    .. [1] Hochreiter, Schmidhuber. "Long short-term memory", Neural Computation 9(8), 1997.
    .. [2] Jozefowicz, Zaremba, Sutskever. "An empirical exploration of recurrent network
       architectures", ICML, 2015.

    Examples
    --------
    >>> import mlx.core as mx
    >>> from skliquid.nn import LSTMCell
    >>> cell = LSTMCell(input_size=4, hidden_size=5)
    >>> h, state = cell.forward_sequence(mx.ones((10, 2, 4)))
    >>> h.shape, sorted(state)
    ((10, 2, 5), ['c', 'h'])
    """

    _state_names = ("h", "c")
    _layers = {"W": 4}

    def _step(self, x: mx.array, state: State) -> tuple[mx.array, State]:
        i, g, f, o = mx.split(self.W(join(x, state["h"])), 4, axis=-1)
        c = mx.sigmoid(f + 1) * state["c"] + mx.sigmoid(i) * self._phi(g)
        h = mx.sigmoid(o) * self._phi(c)
        return h, {"h": h, "c": c}
