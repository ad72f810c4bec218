"""Synapses: the currents that spikes leave, by their shape in time."""

from __future__ import annotations

import math
from typing import Any

import mlx.core as mx

from .._checks import shown
from ._protocol import State
from ._units import Units, decay_of


class Expon(Units):
    """Synapses whose current jumps with a spike and decays exponentially.

    ::

        g[t] = alpha * g[t-1] + x[t],    alpha = exp(-1 / tau)

    The exact solution of ``dg/dt = -g / tau``, in which a spike of weight w adds w [1]_: its
    current after k steps is ``w * exp(-k / tau)``, w in the step of the spike itself. The input x
    is what arrives of weighted spikes, the output g; both, and the state "g", are of shape (batch,
    input_size).

    Parameters
    ----------
    input_size : int
        Number of synapses, or of neurons for which their inputs are summed up.
    tau : float or array_like of shape (input_size,), default=8.0
        Time constant in steps; positive.

    Attributes
    ----------
    tau : mlx.core.array of shape (input_size,)
        Time constant; frozen until ``unfreeze`` makes it trainable.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type.

    References
    ----------
    .. [1] Rotter, Diesmann. "Exact digital simulation of time-invariant linear systems with
       applications to neuronal modeling", Biological Cybernetics 81, 1999.

    Examples
    --------
    >>> import mlx.core as mx
    >>> from skliquid.nn import Expon
    >>> spike = mx.array([1.0, 0.0, 0.0, 0.0]).reshape(4, 1, 1)
    >>> g, state = Expon(1, tau=1.0).forward_sequence(spike)
    >>> [round(value, 3) for value in g.flatten().tolist()]
    [1.0, 0.368, 0.135, 0.05]
    """

    _state_names = ("g",)

    def __init__(self, input_size: int, tau: Any = 8.0) -> None:
        super().__init__(input_size, tau=(tau, 0))

    def _step(self, x: mx.array, state: State) -> tuple[mx.array, State]:
        g = decay_of(self.tau) * state["g"] + x
        return g, {"g": g}


class Alpha(Units):
    """Synapses whose current is an alpha function: it rises and falls with one time constant.

    ::

        g[t] = alpha * (g[t-1] + e / tau * h[t-1]),    alpha = exp(-1 / tau)
        h[t] = alpha * h[t-1] + x[t]

    The exact solution of ``dh/dt = -h / tau, dg/dt = (e h - g) / tau``, in which a spike of
    weight w adds w to h [1]_: its current after k steps is ``w * (k / tau) * exp(1 - k / tau)``,
    with the peak w after tau steps, the alpha function of Rall [2]_. The input x is what arrives
    of weighted spikes, the output g; both, and the state "g" and "h", are of shape (batch,
    input_size).

    Parameters
    ----------
    input_size : int
        Number of synapses, or of neurons for which their inputs are summed up.
    tau : float or array_like of shape (input_size,), default=8.0
        Time constant in steps, after which the current peaks; positive.

    Attributes
    ----------
    tau : mlx.core.array of shape (input_size,)
        Time constant; frozen until ``unfreeze`` makes it trainable.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type.

    References
    ----------
    .. [1] Rotter, Diesmann. "Exact digital simulation of time-invariant linear systems with
       applications to neuronal modeling", Biological Cybernetics 81, 1999.
    .. [2] Rall. "Distinguishing theoretical synaptic potentials computed for different
       soma-dendritic distributions of synaptic input", Journal of Neurophysiology 30(5), 1967.

    Examples
    --------
    >>> import mlx.core as mx
    >>> from skliquid.nn import Alpha
    >>> spike = mx.array([1.0, 0.0, 0.0, 0.0]).reshape(4, 1, 1)
    >>> g, state = Alpha(1, tau=2.0).forward_sequence(spike)
    >>> [round(value, 3) for value in g.flatten().tolist()]
    [0.0, 0.824, 1.0, 0.91]
    """

    _state_names = ("g", "h")

    def __init__(self, input_size: int, tau: Any = 8.0) -> None:
        super().__init__(input_size, tau=(tau, 0))

    def _step(self, x: mx.array, state: State) -> tuple[mx.array, State]:
        alpha = decay_of(self.tau)
        g = alpha * (state["g"] + math.e / self.tau * state["h"])
        return g, {"g": g, "h": alpha * state["h"] + x}


class DualExpon(Units):
    """Synapses whose current rises and falls with two time constants.

    ::

        g_rise[t]  = exp(-1 / tau_rise) * g_rise[t-1] + x[t]
        g_decay[t] = exp(-1 / tau_decay) * g_decay[t-1] + x[t]
        g[t]       = a * (g_decay[t] - g_rise[t])
        a          = 1 / (exp(-t_peak / tau_decay) - exp(-t_peak / tau_rise))
        t_peak     = tau_rise * tau_decay / (tau_decay - tau_rise) * log(tau_decay / tau_rise)

    The difference of two exponentials [1]_, solved exactly: a spike of weight w has after k steps
    the current ``w * a * (exp(-k / tau_decay) - exp(-k / tau_rise))``, whose peak is w, t_peak
    steps after the spike (between two steps unless t_peak is an integer). The input x is what
    arrives of weighted spikes, the output g; both, and the state "g_rise" and "g_decay", are of
    shape (batch, input_size).

    Parameters
    ----------
    input_size : int
        Number of synapses, or of neurons for which their inputs are summed up.
    tau_decay : float or array_like of shape (input_size,), default=10.0
        Time constant of the decay in steps; positive.
    tau_rise : float or array_like of shape (input_size,), default=1.0
        Time constant of the rise in steps; positive, and less than `tau_decay`. For equal ones
        there is :class:`Alpha`.

    Attributes
    ----------
    tau_decay, tau_rise : mlx.core.array of shape (input_size,)
        Time constants; frozen until ``unfreeze`` makes them trainable.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type.

    References
    ----------
    .. [1] Roth, van Rossum. "Modeling synapses", in De Schutter (ed.), Computational modeling
       methods for neuroscientists, MIT Press, 2009.

    Examples
    --------
    >>> import mlx.core as mx
    >>> from skliquid.nn import DualExpon
    >>> spike = mx.array([1.0, 0.0, 0.0, 0.0]).reshape(4, 1, 1)
    >>> g, state = DualExpon(1, tau_decay=2.0, tau_rise=1.0).forward_sequence(spike)
    >>> [round(value, 3) for value in g.flatten().tolist()]
    [0.0, 0.955, 0.93, 0.693]
    """

    _state_names = ("g_rise", "g_decay")

    def __init__(self, input_size: int, tau_decay: Any = 10.0, tau_rise: Any = 1.0) -> None:
        super().__init__(input_size, tau_decay=(tau_decay, 0), tau_rise=(tau_rise, 0))
        if not mx.all(self.tau_rise < self.tau_decay).item():
            raise ValueError(
                "tau_rise must be less than tau_decay (where they are equal use Alpha), got "
                f"tau_rise={shown(tau_rise)} and tau_decay={shown(tau_decay)}."
            )

    @property
    def _amplitude(self) -> mx.array:
        """What brings the peak of the difference, of closed form, to 1."""
        ratio = self.tau_rise / self.tau_decay
        return ratio ** (ratio / (ratio - 1)) / (1 - ratio)

    def _step(self, x: mx.array, state: State) -> tuple[mx.array, State]:
        rise = decay_of(self.tau_rise) * state["g_rise"] + x
        decay = decay_of(self.tau_decay) * state["g_decay"] + x
        return self._amplitude * (decay - rise), {"g_rise": rise, "g_decay": decay}
