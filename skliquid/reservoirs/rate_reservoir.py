"""Reservoirs of rate cells: recurrent cells with random weights that are not trained.

With the drive ``D_g[t] = sum over taps of w x^[channel, t - delay] + b_g + W_g s`` of a gate g
by the input and by a state s::

    "vanilla"  h[t] = tanh(D(h[t-1]))
    "leaky"    h[t] = beta * h[t-1] + (1 - beta) * tanh(D(h[t-1]))
    "gru"      r = sigma(D_r(h[t-1])),  z = sigma(D_z(h[t-1]))
               h[t] = (1 - z) * h[t-1] + z * tanh(D_h(r * h[t-1]))
    "mgu"      f = sigma(D_f(h[t-1]))
               h[t] = (1 - f) * h[t-1] + f * tanh(D_h(f * h[t-1]))
    "lstm"     c[t] = sigma(D_f(h[t-1]) + 1) * c[t-1] + sigma(D_i(h[t-1])) * tanh(D_g(h[t-1]))
               h[t] = sigma(D_o(h[t-1])) * tanh(c[t])

The first is the echo state network [1]_, the second that of leaky integrator units [2]_, each with
a decay beta of its own; the others are the cells of :mod:`skliquid.nn`, whose states before the
first step are zero as well. Each gate has recurrent weights and input taps of its own, drawn as
those of a liquid: from the same random graph, at the same spectral radius. States h and c, and
what a gate multiplies, are rounded to multiples of ``2**-14``, those of "leaky" of ``2**-23``, so
that every sum is exact and the states do not depend on the batch.

References
----------
.. [1] Jaeger. "The echo state approach to analysing and training recurrent neural networks",
   GMD Report 148, 2001.
.. [2] Jaeger, Lukosevicius, Popovici, Siewert. "Optimization and applications of echo state
   networks with leaky-integrator neurons", Neural Networks 20(3), 2007.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .liquid import Circuit

# The gates of each cell, in the order in which they are drawn.
GATES = {
    "vanilla": ("h",),
    "leaky": ("h",),
    "gru": ("r", "z", "h"),
    "mgu": ("f", "h"),
    "lstm": ("i", "g", "f", "o"),
}
CELLS = ("lif", *GATES)


def is_rate_cell(cell: object) -> bool:
    """Tell whether a cell is the name of one with gates, and not of spiking neurons."""
    return isinstance(cell, str) and cell in GATES


@dataclass(frozen=True, eq=False)
class RateReservoir:
    """Weights of one reservoir of rate cells.

    Parameters
    ----------
    cell : {"vanilla", "leaky", "gru", "mgu", "lstm"}
        Kind of the cell.
    gates : tuple of Circuit
        For each gate, in the order of ``GATES[cell]``, its input taps and recurrent synapses.

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid.reservoirs import RateReservoir
    >>> from skliquid.reservoirs.liquid import draw_circuit
    >>> from skliquid.reservoirs.rate_reservoir import GATES
    >>> rngs = np.random.default_rng(0).spawn(len(GATES["gru"]))
    >>> RateReservoir("gru", tuple(draw_circuit(3, 100, rng=rng) for rng in rngs)).n_neurons
    100
    """

    cell: str
    gates: tuple[Circuit, ...]

    @property
    def n_neurons(self) -> int:
        """Number of units."""
        return self.gates[0].taps.n_neurons

    @property
    def n_channels(self) -> int:
        """Number of input channels."""
        return self.gates[0].taps.n_channels


@dataclass(frozen=True, eq=False)
class LeakyReservoir(RateReservoir):
    """Weights of one reservoir of leaky integrator units.

    Parameters
    ----------
    cell : {"leaky"}
        Kind of the cell.
    gates : tuple of one Circuit
        Its input taps and recurrent synapses.
    beta : ndarray of shape (n,), dtype float32
        Decay of each unit's activation per time step.
    """

    beta: np.ndarray
