"""Readouts that integrate spikes over time: leaky rates, and leaky spiking neurons."""

from __future__ import annotations

import math

import mlx.core as mx

from .._checks import MOST_UNITS, check_integer, check_real
from ._named import INITIALIZERS, Initializer, draw
from ._protocol import SequenceModule, State
from ._spiking import check_spiking, fired
from .surrogate import SpikeFunction


class _LeakyReadout(SequenceModule):
    """One weight, and a leak with time constant `tau`."""

    _units_name = "output_size"

    def __init__(
        self, input_size: int, output_size: int, tau: float, dt: float, w_init: Initializer
    ) -> None:
        super().__init__()
        self.input_size = check_integer("input_size", input_size, low=1, high=MOST_UNITS)
        self.output_size = check_integer("output_size", output_size, low=1, high=MOST_UNITS)
        self.tau = check_real("tau", tau, 0, closed="neither")
        self.dt = check_real("dt", dt, 0, closed="neither")
        shape = (self.output_size, self.input_size)
        self.weight = draw("w_init", w_init, shape, INITIALIZERS)

    @property
    def _alpha(self) -> float:
        return math.exp(-self.dt / self.tau)

    def _drive(self, x: mx.array) -> mx.array:
        return x @ self.weight.T


class LeakyRateReadout(_LeakyReadout):
    """Linear readout of low-pass filtered input.

    ::

        r[t] = alpha * r[t-1] + x[t] weight^T,    alpha = exp(-dt / tau)

    The readout of Bellec et al. [1]_: its output can be read at any time step, and weighs a
    spike by how long ago it came. The state is r, of shape (batch, output_size), which is also
    the output.

    Parameters
    ----------
    input_size : int
        Number of input channels, such as a reservoir's neurons.
    output_size : int
        Number of outputs.
    tau : float, default=5.0
        Time constant in ms; positive.
    dt : float, default=1.0
        Duration of a time step in ms; positive.
    w_init : {"glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "orthogonal", \
            "zeros", "ones"} or callable, default="he_normal"
        Initial weights. A callable takes an array of the wanted shape and dtype and returns
        one, as those of ``mlx.nn.init`` do. MLX draws them: seed them with
        ``mlx.core.random.seed``.

    Attributes
    ----------
    weight : mlx.core.array of shape (output_size, input_size)
        Weights.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type, or `w_init` returns another
        shape.

    References
    ----------
    .. [1] Bellec et al. "A solution to the learning dilemma for recurrent networks of spiking
       neurons", Nature Communications 11, 2020.

    Examples
    --------
    >>> import mlx.core as mx
    >>> from skliquid.nn import LeakyRateReadout
    >>> readout = LeakyRateReadout(input_size=50, output_size=3, tau=10.0)
    >>> rates, state = readout.forward_sequence(mx.ones((10, 2, 50)))
    >>> rates.shape, state["r"].shape
    ((10, 2, 3), (2, 3))
    """

    _state_names = ("r",)

    def __init__(
        self,
        input_size: int,
        output_size: int,
        tau: float = 5.0,
        dt: float = 1.0,
        *,
        w_init: Initializer = "he_normal",
    ) -> None:
        super().__init__(input_size, output_size, tau, dt, w_init)

    def _step(self, drive: mx.array, state: State) -> tuple[mx.array, State]:
        r = self._alpha * state["r"] + drive
        return r, {"r": r}


class LeakySpikeReadout(_LeakyReadout):
    """Readout of leaky integrate-and-fire neurons.

    ::

        tau dV/dt = -V + I[t],    I[t] = x[t] weight^T
        V    <- alpha * V + (1 - alpha) * I[t],    alpha = exp(-dt / tau)
        S[t]  = spike((V - v_th) / v_th)
        V    <- V - v_th * S[t]    (soft reset)
        V    <- V - V * S[t]       (hard reset)

    The input is constant during a step, over which the membrane equation is integrated
    exactly (exponential Euler) [1]_. The V that multiplies S in the hard reset is taken as a
    constant in the backward pass; the spike has a surrogate derivative [2]_ in both resets. The
    output is S, and the state "mem", the potential V after the reset, both of shape (batch,
    output_size).

    Parameters
    ----------
    input_size : int
        Number of input channels, such as a reservoir's neurons.
    output_size : int
        Number of neurons.
    tau : float, default=5.0
        Membrane time constant in ms; positive.
    v_th : float, default=1.0
        Threshold, in the unit of the membrane potential; positive.
    spk_fun : {"arctan", "fast_sigmoid", "relu_grad", "straight_through", "triangular"} or \
            callable, default="relu_grad"
        Spike function: name of one in :mod:`skliquid.nn.surrogate`, with its defaults, or a
        function of the relative excess of the potential over the threshold.
    spk_reset : {"soft", "hard"}, default="soft"
        Reset of a neuron that fires: by the threshold, or to zero.
    dt : float, default=1.0
        Duration of a time step in ms; positive.
    w_init : {"glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "orthogonal", \
            "zeros", "ones"} or callable, default="he_normal"
        Initial weights. A callable takes an array of the wanted shape and dtype and returns
        one, as those of ``mlx.nn.init`` do. MLX draws them: seed them with
        ``mlx.core.random.seed``.

    Attributes
    ----------
    weight : mlx.core.array of shape (output_size, input_size)
        Weights.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type, or `w_init` returns another
        shape.

    References
    ----------
    .. [1] Rotter, Diesmann. "Exact digital simulation of time-invariant linear systems with
       applications to neuronal modeling", Biological Cybernetics 81, 1999.
    .. [2] Neftci, Mostafa, Zenke. "Surrogate gradient learning in spiking neural networks",
       IEEE Signal Processing Magazine 36(6), 2019.

    Examples
    --------
    >>> import mlx.core as mx
    >>> from skliquid.nn import LeakySpikeReadout
    >>> readout = LeakySpikeReadout(input_size=1, output_size=1, tau=5.0, w_init="ones")
    >>> spikes, state = readout.forward_sequence(mx.full((10, 1, 1), 2.0))
    >>> spikes.flatten().tolist()
    [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]
    >>> round(state["mem"].item(), 2)
    0.76
    """

    _state_names = ("mem",)

    def __init__(
        self,
        input_size: int,
        output_size: int,
        tau: float = 5.0,
        v_th: float = 1.0,
        spk_fun: str | SpikeFunction = "relu_grad",
        spk_reset: str = "soft",
        *,
        dt: float = 1.0,
        w_init: Initializer = "he_normal",
    ) -> None:
        super().__init__(input_size, output_size, tau, dt, w_init)
        self.v_th = check_real("v_th", v_th, 0, closed="neither")
        check_spiking(spk_fun, spk_reset)
        self.spk_fun, self.spk_reset = spk_fun, spk_reset

    def _step(self, drive: mx.array, state: State) -> tuple[mx.array, State]:
        v = self._alpha * state["mem"] + (1 - self._alpha) * drive
        spikes, mem = fired(v, self.v_th, self.spk_fun, self.spk_reset)
        return spikes, {"mem": mem}
