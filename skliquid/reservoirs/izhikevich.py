"""Izhikevich's neurons: spiking, bursting and other patterns by two quadratic equations.

The published scheme [1]_, in which a step of length dt takes the potential v, in mV, in two halves
and the recovery u at once::

    v = v + dt / 2 (0.04 v^2 + 5 v + 140 - u + gain I)     (twice)
    u = u + dt a (b v - u)

and where ``v > 30`` there is a spike, after which v is c, and d is added to u. Every product is
rounded to the unit grid, and v is kept within +-32768 mV, so that no input can make it infinite.

References
----------
.. [1] Izhikevich. "Simple model of spiking neurons", IEEE Transactions on Neural Networks 14(6),
   2003.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .._checks import LARGEST_SCALE
from ._by_type import ByType
from .neurons import NeuronModel, Neurons

# The peak of a spike, and bounds of the potential, in mV.
PEAK, BOUND = 30.0, 2.0**15


@dataclass(frozen=True, eq=False)
class IzhikevichNeurons(Neurons):
    """Izhikevich's neurons.

    Parameters
    ----------
    threshold : ndarray of shape (n,), dtype float32
        Potential in mV above which a spike is at its peak.
    dt, a, b, c, d, current_gain : ndarray of shape (n,), dtype float32
        Length of a step in ms, the constants of the equations, and what a current is multiplied
        by.
    start, recovered : ndarray of shape (n,), dtype float32
        v and u before the first step.
    """

    sums_drives: ClassVar[bool] = False

    dt: np.ndarray
    a: np.ndarray
    b: np.ndarray
    c: np.ndarray
    d: np.ndarray
    current_gain: np.ndarray
    start: np.ndarray
    recovered: np.ndarray

    @property
    def state(self) -> tuple[str, ...]:
        """Names of the arrays that a step takes and gives on; "mem", the potential, is first."""
        return ("mem", "u")

    @property
    def initial(self) -> dict[str, np.ndarray]:
        """States that are not zero before the first step, arrays of shape (n,)."""
        return {"mem": self.start, "u": self.recovered}

    @property
    def holding_current(self) -> np.ndarray:
        """There is none."""
        raise ValueError(_NO_FREE_POTENTIAL)

    def silent(self) -> IzhikevichNeurons:
        """There are none: beyond its threshold the potential runs away."""
        raise ValueError(_NO_FREE_POTENTIAL)


_NO_FREE_POTENTIAL = (
    "cell=Izhikevich(...) has no potential without spikes, by which homeostasis could set its "
    "bias; set target_rate=None."
)


@dataclass
class Izhikevich(NeuronModel):
    """Parameters of Izhikevich's neurons (see :mod:`skliquid.reservoirs.izhikevich`).

    Each but `dt` is a number, a pair of the values of excitatory and inhibitory neurons, or an
    array of shape (n,). The defaults are those of regular spiking excitatory and of fast spiking
    inhibitory neurons.

    Parameters
    ----------
    a, b, c, d : float, (float, float) or array_like
        Rate of recovery per ms, its sensitivity to v, v after a spike in mV, and what a spike
        adds to u.
    gain : float, (float, float) or array_like, default=1.0
        What the current of the liquid is multiplied by: some units of current make such a neuron
        fire, where one does in the plain liquid.
    dt : float, default=1.0
        Length of a step in ms; in (0, 1].

    Examples
    --------
    >>> from skliquid.reservoirs import Izhikevich, draw_liquid
    >>> draw_liquid(1, 100, neurons=Izhikevich().draw, seed=0).neurons.state
    ('mem', 'u')
    """

    a: Any = (0.02, 0.1)
    b: Any = 0.2
    c: Any = -65.0
    d: Any = (8.0, 2.0)
    gain: Any = 1.0
    dt: float = 1.0

    def draw(
        self, n: int, rng: np.random.Generator, *, inhibitory: np.ndarray | None = None
    ) -> IzhikevichNeurons:
        """Draw neurons, at ``v = c`` and ``u = b v``.

        Parameters
        ----------
        n : int
            How many.
        rng : numpy.random.Generator
            Not used: nothing is random.
        inhibitory : ndarray of shape (n,), dtype bool, or None, default=None
            Which of them are inhibitory; None is none. A liquid tells by its synapses.

        Returns
        -------
        IzhikevichNeurons
            Their record.

        Raises
        ------
        ValueError
            If a parameter is out of its range or of the wrong type.
        """
        of = ByType(self, np.zeros(n, dtype=bool) if inhibitory is None else inhibitory)
        a, b, c, d, gain = (
            *(of("a", 0, 1), of("b", -100, 100), of("c", -BOUND, PEAK)),
            *(of("d", -BOUND, BOUND), of("gain", -LARGEST_SCALE)),
        )
        drawn = np.full(n, PEAK), of("dt", 0, 1, is_open=True), a, b, c, d, gain, c, b * c
        return IzhikevichNeurons(*(values.astype(np.float32) for values in drawn))
