"""Synapses that tire and wake with use: what a spike releases depends on those before it."""

from __future__ import annotations

from typing import Any

import mlx.core as mx

from ._protocol import State
from ._units import Units, decay_of


class _DynamicSynapses(Units):
    """Resources R, of which spikes release a fraction."""

    def init_state(self, batch_size: int) -> State:
        """Return the state at rest.

        Parameters
        ----------
        batch_size : int
            Number of sequences that run side by side.

        Returns
        -------
        dict
            Arrays of shape (batch_size, input_size): "R", ones, and with facilitation "u", zeros.
        """
        state = super().init_state(batch_size)
        return state | {"R": mx.ones_like(state["R"])}

    def _release(self, u: mx.array, R: mx.array, s: mx.array) -> tuple[mx.array, mx.array]:
        """Return what spikes release of the resources of the step before, and what they leave."""
        R = 1 - (1 - R) * decay_of(self.tau_d)
        y = u * R * s
        return y, R - y


class STP(_DynamicSynapses):
    """Short-term plasticity: synapses with facilitation and depression.

    ::

        u-   = u[t-1] * exp(-1 / tau_f)
        R-   = 1 - (1 - R[t-1]) * exp(-1 / tau_d)
        u[t] = u- + U * (1 - u-) * s[t]
        y[t] = u[t] * R- * s[t]
        R[t] = R- - y[t]

    The synapse of Tsodyks and Markram: of the resources R that have recovered, a spike s releases
    the fraction u, which is the weight y that it has [1]_. It is the recursion over the spikes n
    of one synapse, dt apart, of [2]_, solved exactly for spikes at whole steps::

        u_1 = U,  u_(n+1) = U + u_n (1 - U) exp(-dt / tau_f)
        R_1 = 1,  R_(n+1) = 1 + (R_n - R_n u_n - 1) exp(-dt / tau_d)
        y_n = u_n R_n

    A spike is weighted by the resources before it and by the utilisation that it has raised;
    brainstate's ``STP`` multiplies the resources that the spike has left. The input s is the
    spikes, 0 or 1, of the neurons from which the synapses come; the output y, and the state "u",
    0 at rest, and "R", 1 at rest, are of its shape (batch, input_size).

    Parameters
    ----------
    input_size : int
        Number of synapses, or of neurons whose synapses are all alike.
    U : float or array_like of shape (input_size,), default=0.15
        Fraction of the resources that the first spike releases, in (0, 1].
    tau_f : float or array_like of shape (input_size,), default=1500.0
        Time constant of facilitation in steps; positive.
    tau_d : float or array_like of shape (input_size,), default=200.0
        Time constant of the recovery from depression in steps; positive.

    Attributes
    ----------
    U, tau_f, tau_d : mlx.core.array of shape (input_size,)
        Constants; frozen until ``unfreeze`` makes them trainable.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type.

    See Also
    --------
    STD : Depression alone.

    References
    ----------
    .. [1] Tsodyks, Pawelzik, Markram. "Neural networks with dynamic synapses", Neural Computation
       10(4), 1998.
    .. [2] Markram, Wang, Tsodyks. "Differential signaling via the same axon of neocortical
       pyramidal neurons", Proceedings of the National Academy of Sciences 95(9), 1998.

    Examples
    --------
    A facilitating synapse:

    >>> import mlx.core as mx
    >>> from skliquid.nn import STP
    >>> synapse = STP(1, U=0.1, tau_f=500.0, tau_d=10.0)
    >>> y, state = synapse.forward_sequence(mx.array([1.0, 0.0, 1.0, 0.0, 1.0]).reshape(5, 1, 1))
    >>> [round(value, 3) for value in y.flatten().tolist()]
    [0.1, 0.0, 0.174, 0.0, 0.213]
    """

    _state_names = ("u", "R")

    def __init__(
        self, input_size: int, U: Any = 0.15, tau_f: Any = 1500.0, tau_d: Any = 200.0
    ) -> None:
        super().__init__(input_size, U=(U, 0, 1, "right"), tau_f=(tau_f, 0), tau_d=(tau_d, 0))

    def _step(self, s: mx.array, state: State) -> tuple[mx.array, State]:
        u = decay_of(self.tau_f) * state["u"]
        u = u + self.U * (1 - u) * s
        y, R = self._release(u, state["R"], s)
        return y, {"u": u, "R": R}


class STD(_DynamicSynapses):
    """Short-term depression: synapses whose resources spikes use up.

    ::

        R-   = 1 - (1 - R[t-1]) * exp(-1 / tau_d)
        y[t] = U * R- * s[t]
        R[t] = R- - y[t]

    The depressing synapse of Tsodyks and Markram [1]_: of the resources R that have recovered, a
    spike s releases the fraction U, which is the weight y that it has. It is :class:`STP` without
    facilitation, the limit of a small tau_f. brainstate's ``STD`` gives the resources that the
    spike has left, without the factor U. The input s is the spikes, 0 or 1, of the neurons
    from which the synapses come; the output y, and the state "R", 1 at rest, are of its shape
    (batch, input_size).

    Parameters
    ----------
    input_size : int
        Number of synapses, or of neurons whose synapses are all alike.
    U : float or array_like of shape (input_size,), default=0.07
        Fraction of the resources that a spike releases, in (0, 1].
    tau_d : float or array_like of shape (input_size,), default=200.0
        Time constant of the recovery in steps; positive.

    Attributes
    ----------
    U, tau_d : mlx.core.array of shape (input_size,)
        Constants; frozen until ``unfreeze`` makes them trainable.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type.

    See Also
    --------
    STP : Depression and facilitation.

    References
    ----------
    .. [1] Tsodyks, Markram. "The neural code between neocortical pyramidal neurons depends on
       neurotransmitter release probability", Proceedings of the National Academy of Sciences
       94(2), 1997.

    Examples
    --------
    >>> import mlx.core as mx
    >>> from skliquid.nn import STD
    >>> y, state = STD(1, U=0.5, tau_d=1e9).forward_sequence(mx.ones((4, 1, 1)))
    >>> y.flatten().tolist()
    [0.5, 0.25, 0.125, 0.0625]
    """

    _state_names = ("R",)

    def __init__(self, input_size: int, U: Any = 0.07, tau_d: Any = 200.0) -> None:
        super().__init__(input_size, U=(U, 0, 1, "right"), tau_d=(tau_d, 0))

    def _step(self, s: mx.array, state: State) -> tuple[mx.array, State]:
        y, R = self._release(self.U, state["R"], s)
        return y, {"R": R}
