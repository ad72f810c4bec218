"""Neurons without synapses: integrate-and-fire, leaky, and with an adaptive threshold."""

from __future__ import annotations

from typing import Any

import mlx.core as mx

from .._checks import LARGEST_SCALE, shown
from ._protocol import State
from ._spiking import check_spiking, fired
from ._units import Units, decay_of
from .surrogate import SpikeFunction

_POTENTIAL = (-LARGEST_SCALE, LARGEST_SCALE, "both")


class _Neurons(Units):
    """A threshold and a reset."""

    _state_names: tuple[str, ...] = ("mem",)

    def __init__(
        self,
        input_size: int,
        threshold: Any,
        v_reset: Any,
        spk_fun: str | SpikeFunction,
        spk_reset: str,
        **constants: tuple[Any, ...],
    ) -> None:
        constants["threshold"] = (threshold, *_POTENTIAL)
        constants["v_reset"] = (v_reset, *_POTENTIAL)
        super().__init__(input_size, **constants)
        if not mx.all(self.v_reset < self.threshold).item():
            raise ValueError(
                f"v_reset must be below the threshold, got v_reset={shown(v_reset)} and "
                f"threshold={shown(threshold)}."
            )
        check_spiking(spk_fun, spk_reset)
        self.spk_fun, self.spk_reset = spk_fun, spk_reset

    def _fire(self, v: mx.array, raised: Any = 0.0) -> tuple[mx.array, mx.array]:
        return fired(v, self.threshold, self.spk_fun, self.spk_reset, self.v_reset, raised)


class IF(_Neurons):
    """Integrate-and-fire neurons.

    ::

        v      = mem[t-1] + x[t]
        s[t]   = spike((v - threshold) / (threshold - v_reset))
        mem[t] = v - (threshold - v_reset) * s[t]    (soft reset)
        mem[t] = v - (v - v_reset) * s[t]            (hard reset)

    Neurons without a leak [1]_: the input x is the rise of the potential in a step. (brainstate's
    ``IF`` leaks, as :class:`LIF` does here.) The spike, 1 where ``v > threshold``, else 0, has a
    surrogate derivative [2]_, and the factor ``v - v_reset`` of the hard reset is taken as a
    constant in the backward pass. The output is s, and the state "mem", the potential after the
    reset, which is 0 at rest; both are of shape (batch, input_size).

    Parameters
    ----------
    input_size : int
        Number of neurons.
    threshold : float or array_like of shape (input_size,), default=1.0
        Potential above which a neuron fires; in [-1e6, 1e6].
    v_reset : float or array_like of shape (input_size,), default=0.0
        Potential of the reset; in [-1e6, 1e6] and below the threshold.
    spk_fun : {"arctan", "fast_sigmoid", "relu_grad", "straight_through", "triangular"} or \
            callable, default="relu_grad"
        Spike function: name of one in :mod:`skliquid.nn.surrogate`, with its defaults, or a
        function of the excess of the potential over the threshold in units of ``threshold -
        v_reset``.
    spk_reset : {"soft", "hard"}, default="soft"
        Reset of a neuron that fires: by ``threshold - v_reset``, or to `v_reset`.

    Attributes
    ----------
    threshold, v_reset : mlx.core.array of shape (input_size,)
        Constants; frozen until ``unfreeze`` makes them trainable.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type.

    References
    ----------
    .. [1] Abbott. "Lapicque's introduction of the integrate-and-fire model neuron (1907)", Brain
       Research Bulletin 50(5-6), 1999.
    .. [2] Neftci, Mostafa, Zenke. "Surrogate gradient learning in spiking neural networks",
       IEEE Signal Processing Magazine 36(6), 2019.

    Examples
    --------
    >>> import mlx.core as mx
    >>> from skliquid.nn import IF
    >>> spikes, state = IF(1).forward_sequence(mx.full((8, 1, 1), 0.375))
    >>> spikes.flatten().tolist(), state["mem"].item()
    ([0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0], 1.0)
    """

    def __init__(
        self,
        input_size: int,
        threshold: Any = 1.0,
        v_reset: Any = 0.0,
        spk_fun: str | SpikeFunction = "relu_grad",
        spk_reset: str = "soft",
    ) -> None:
        super().__init__(input_size, threshold, v_reset, spk_fun, spk_reset)

    def _step(self, x: mx.array, state: State) -> tuple[mx.array, State]:
        spk, mem = self._fire(state["mem"] + x)
        return spk, {"mem": mem}


class LIF(_Neurons):
    """Leaky integrate-and-fire neurons.

    ::

        v      = beta * mem[t-1] + x[t],    beta = exp(-1 / tau)
        s[t]   = spike((v - threshold) / (threshold - v_reset))
        mem[t] = v - (threshold - v_reset) * s[t]    (soft reset)
        mem[t] = v - (v - v_reset) * s[t]            (hard reset)

    The exact solution of ``tau dv/dt = -v`` between inputs x, each the rise of the potential in a
    step [1]_: the neurons of the liquid (:mod:`skliquid.reservoirs.neurons`), without the
    rounding to its grid. A current I that lasts through the step, at a membrane resistance R, is
    the input ``x = (1 - beta) * R * I``. Potentials are measured from rest. The spike, 1 where
    ``v > threshold``, else 0, has a surrogate derivative [2]_, and the factor ``v - v_reset`` of
    the hard reset is taken as a constant in the backward pass. The output is s, and the state
    "mem", the potential after the reset, which is 0 at rest; both are of shape (batch,
    input_size).

    Parameters
    ----------
    input_size : int
        Number of neurons.
    tau : float or array_like of shape (input_size,), default=5.0
        Membrane time constant in steps; positive.
    threshold : float or array_like of shape (input_size,), default=1.0
        Potential above which a neuron fires; in [-1e6, 1e6].
    v_reset : float or array_like of shape (input_size,), default=0.0
        Potential of the reset; in [-1e6, 1e6] and below the threshold.
    spk_fun : {"arctan", "fast_sigmoid", "relu_grad", "straight_through", "triangular"} or \
            callable, default="relu_grad"
        Spike function: name of one in :mod:`skliquid.nn.surrogate`, with its defaults, or a
        function of the excess of the potential over the threshold in units of ``threshold -
        v_reset``.
    spk_reset : {"soft", "hard"}, default="soft"
        Reset of a neuron that fires: by ``threshold - v_reset``, or to `v_reset`.

    Attributes
    ----------
    tau, threshold, v_reset : mlx.core.array of shape (input_size,)
        Constants; frozen until ``unfreeze`` makes them trainable.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type.

    References
    ----------
    .. [1] Rotter, Diesmann. "Exact digital simulation of time-invariant linear systems with
       applications to neuronal modeling", Biological Cybernetics 81, 1999.
    .. [2] Neftci, Mostafa, Zenke. "Surrogate gradient learning in spiking neural networks",
       IEEE Signal Processing Magazine 36(6), 2019.

    Examples
    --------
    Neurons that hear other neurons through depressing synapses, whose currents decay:

    >>> import mlx.core as mx
    >>> from skliquid.nn import LIF, STD, Expon
    >>> weight = mx.full((2, 3), 0.5)  # from three neurons to two
    >>> spikes = mx.ones((20, 1, 3))
    >>> released, _ = STD(3, U=0.5, tau_d=20.0).forward_sequence(spikes)
    >>> currents, _ = Expon(2, tau=3.0).forward_sequence(released @ weight.T)
    >>> LIF(2, tau=10.0, threshold=2.0).forward_sequence(currents)[0].sum(axis=0).tolist()
    [[3.0, 3.0]]
    """

    def __init__(
        self,
        input_size: int,
        tau: Any = 5.0,
        threshold: Any = 1.0,
        v_reset: Any = 0.0,
        spk_fun: str | SpikeFunction = "relu_grad",
        spk_reset: str = "soft",
    ) -> None:
        super().__init__(input_size, threshold, v_reset, spk_fun, spk_reset, tau=(tau, 0))

    def _step(self, x: mx.array, state: State) -> tuple[mx.array, State]:
        spk, mem = self._fire(decay_of(self.tau) * state["mem"] + x)
        return spk, {"mem": mem}


class ALIF(_Neurons):
    """Leaky integrate-and-fire neurons with an adaptive threshold.

    ::

        v         = beta * mem[t-1] + x[t],    beta = exp(-1 / tau)
        s[t]      = spike((v - threshold - raised[t-1]) / (threshold - v_reset))
        mem[t]    = v - (threshold - v_reset) * s[t]    (soft reset)
        mem[t]    = v - (v - v_reset) * s[t]            (hard reset)
        raised[t] = exp(-1 / tau_adaptation) * raised[t-1] + adaptation * s[t]

    Spike-frequency adaptation [1]_: each spike raises the threshold, which falls back
    exponentially; the neurons of a liquid with `adaptation` (:mod:`skliquid.reservoirs.neurons`),
    without the rounding to its grid. Input, spike and reset are those of :class:`LIF`.
    (brainstate's ``ALIF`` holds ``raised / adaptation``, decayed by one step more.) The output is
    s, and the state "mem", the potential after the reset, and "raised", the rise of the
    threshold, both 0 at rest; all are of shape (batch, input_size).

    Parameters
    ----------
    input_size : int
        Number of neurons.
    tau : float or array_like of shape (input_size,), default=5.0
        Membrane time constant in steps; positive.
    tau_adaptation : float or array_like of shape (input_size,), default=100.0
        Time constant in steps with which the threshold falls back; positive.
    threshold : float or array_like of shape (input_size,), default=1.0
        Potential above which a neuron fires; in [-1e6, 1e6].
    v_reset : float or array_like of shape (input_size,), default=0.0
        Potential of the reset; in [-1e6, 1e6] and below the threshold.
    adaptation : float or array_like of shape (input_size,), default=0.1
        Rise of a neuron's threshold with each of its spikes; in [0, 1e6].
    spk_fun : {"arctan", "fast_sigmoid", "relu_grad", "straight_through", "triangular"} or \
            callable, default="relu_grad"
        Spike function: name of one in :mod:`skliquid.nn.surrogate`, with its defaults, or a
        function of the excess of the potential over the threshold in units of ``threshold -
        v_reset``.
    spk_reset : {"soft", "hard"}, default="soft"
        Reset of a neuron that fires: by ``threshold - v_reset``, or to `v_reset`.

    Attributes
    ----------
    tau, tau_adaptation, threshold, v_reset, adaptation : mlx.core.array of shape (input_size,)
        Constants; frozen until ``unfreeze`` makes them trainable.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type.

    References
    ----------
    .. [1] Bellec, Salaj, Subramoney, Legenstein, Maass. "Long short-term memory and
       learning-to-learn in networks of spiking neurons", NeurIPS 2018.

    Examples
    --------
    >>> import mlx.core as mx
    >>> from skliquid.nn import ALIF
    >>> neuron = ALIF(1, adaptation=0.5)
    >>> spikes, state = neuron.forward_sequence(mx.full((12, 1, 1), 0.6))
    >>> spikes.flatten().tolist()
    [0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]
    """

    _state_names = ("mem", "raised")

    def __init__(
        self,
        input_size: int,
        tau: Any = 5.0,
        tau_adaptation: Any = 100.0,
        threshold: Any = 1.0,
        v_reset: Any = 0.0,
        adaptation: Any = 0.1,
        spk_fun: str | SpikeFunction = "relu_grad",
        spk_reset: str = "soft",
    ) -> None:
        super().__init__(
            input_size,
            threshold,
            v_reset,
            spk_fun,
            spk_reset,
            tau=(tau, 0),
            tau_adaptation=(tau_adaptation, 0),
            adaptation=(adaptation, 0, LARGEST_SCALE, "both"),
        )

    def _step(self, x: mx.array, state: State) -> tuple[mx.array, State]:
        v = decay_of(self.tau) * state["mem"] + x
        spk, mem = self._fire(v, state["raised"])
        raised = decay_of(self.tau_adaptation) * state["raised"] + self.adaptation * spk
        return spk, {"mem": mem, "raised": raised}
