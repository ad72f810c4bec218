"""Dynamic synapses: delays, synaptic currents, and short-term plasticity.

A spike in step t arrives over a synapse in step ``t + delay``, with the strength ``w u R``, and
starts a current there. Excitatory synapses, inhibitory ones and, where asked for, input taps have
currents of their own, whose sum drives the neuron in the place of ``W s[t-1]``::

    g[t] = decay(g[t-1], beta) + a[t]                                       (exponential)
    g[t] = decay(g[t-1] + decay(h[t-1], e / tau), beta)                     (alpha)
    h[t] = decay(h[t-1], beta) + a[t]

with ``beta = exp(-1 / tau)``, tau in steps, and a the sum of what arrives. After an arrival of
strength 1 an exponential current is ``exp(-k / tau)``, and an alpha current is
``(k / tau) exp(1 - k / tau)``, of which the highest value is 1 too.

With short-term plasticity [1]_ [2]_ u is the fraction of its resources that a synapse uses at a
spike, and R the fraction that is there. At the first spike ``u = U`` and ``R = 1``, and from one
spike to the next, d steps later, they become ::

    u' = U + u (1 - U) exp(-d / F)
    R' = 1 - (1 - R + u R) exp(-d / D)

References
----------
.. [1] Tsodyks, Pawelzik, Markram. "Neural networks with dynamic synapses", Neural Computation
   10(4), 1998.
.. [2] Markram, Wang, Tsodyks. "Differential signaling via the same axon of neocortical pyramidal
   neurons", PNAS 95(9), 1998.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

import numpy as np
from scipy import sparse

from ._segments import reordered
from .fixed_point import WIDE_ROW_SUM_LIMIT, recurrent_grid
from .synapses import Synapses

# What decays further than this has no bit left in an efficacy.
_FORGOTTEN = 2.0**-30


@dataclass(frozen=True, eq=False, kw_only=True)
class DynamicSynapses(Synapses):
    """Recurrent synapses whose spikes take time, drive currents, and change what follows them.

    Parameters
    ----------
    offsets, targets : ndarray
        As of :class:`Synapses`.
    units : ndarray of shape (n_synapses,), dtype int32
        Weight of each synapse in units of ``2**-exponent``; those onto a neuron sum to at most
        ``2**24``. Negative ones are inhibitory.
    exponent : int
        Exponent of the grid of the weights.
    positions : ndarray of shape (n, 3) or None, default=None
        Where each neuron is in space, if it is anywhere.
    delays : ndarray of shape (n_synapses,), dtype int32
        Steps from a spike to its arrival, at least 1.
    decays : ndarray of shape (2 or 3, n), dtype float32
        Decay per step of the excitatory and of the inhibitory currents of each neuron, and where
        the input drives currents too of these.
    rises : ndarray of the same shape, dtype float32, or of shape (0, n)
        ``e / tau`` of each alpha current; of exponential ones there is none.
    use : ndarray of shape (n_synapses,), dtype float32, or (0,)
        U of each synapse; without short-term plasticity there is none.
    facilitation, recovery : ndarray of the same shape, dtype float64
        Decays ``exp(-1 / F)`` and ``exp(-1 / D)`` per step.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> from skliquid.reservoirs import DynamicSynapses
    >>> ring = sparse.csc_array([[0.0, 0.5], [-0.25, 0.0]])
    >>> DynamicSynapses.of(ring, delays=np.array([3, 5], dtype=np.int32)).max_delay
    5
    """

    delays: np.ndarray
    decays: np.ndarray
    rises: np.ndarray
    use: np.ndarray
    facilitation: np.ndarray
    recovery: np.ndarray

    _on_grid = staticmethod(partial(recurrent_grid, limit=WIDE_ROW_SUM_LIMIT, dtype=np.int32))

    @classmethod
    def of(cls, weights: sparse.csc_array, **arrays: Any) -> Self:
        """Put weights on the finest grid on which their sums are exact.

        Parameters
        ----------
        weights : scipy.sparse.csc_array of shape (n, n)
            ``W[i, j]`` is the synapse from j to i.
        **arrays
            Further fields; without them spikes act in the next step, and in no other.

        Returns
        -------
        DynamicSynapses
            The record.
        """
        units, exponent = cls._on_grid(weights.data, weights.indices)
        n, none = weights.shape[0], np.zeros(0)
        at_once: dict[str, np.ndarray] = {
            "delays": np.ones(len(units), dtype=np.int32),
            "decays": np.zeros((2, n), dtype=np.float32),
            "rises": np.zeros((0, n), dtype=np.float32),
            **{"use": none.astype(np.float32), "facilitation": none, "recovery": none},
        }
        ends = weights.indptr.astype(np.int64), weights.indices.astype(np.int32)
        return cls(*ends, units, exponent, **(at_once | arrays))

    @property
    def max_delay(self) -> int:
        """Longest delay in steps."""
        return int(self.delays.max(initial=1))

    @property
    def is_plastic(self) -> bool:
        """Whether there is short-term plasticity."""
        return len(self.use) > 0

    @property
    def receptors(self) -> np.ndarray:
        """0 of excitatory synapses, 1 of inhibitory ones, shape (n_synapses,)."""
        return (self.units < 0).astype(np.int64)

    @property
    def powers(self) -> tuple[np.ndarray, np.ndarray]:
        """Decays of facilitation and recovery over 1, 2, 4, 8 and so on steps, float32.

        Each is of shape (n_synapses, n_powers). A decay over any number of steps is a product
        of them, which has the same bits everywhere, as an exponential has not; beyond all of
        them nothing is left.
        """
        squares = [np.stack([self.facilitation, self.recovery])]
        while squares[-1].max(initial=0) > _FORGOTTEN:
            squares.append(squares[-1] ** 2)
        powers = np.stack(squares, axis=-1).astype(np.float32)
        return powers[0], powers[1]

    def at_rest(self, batch_size: int, width: int) -> dict[str, np.ndarray]:
        """Return the state before the first step.

        Parameters
        ----------
        batch_size : int
            Number of sequences.
        width : int
            Number of neurons, those included that an engine adds.

        Returns
        -------
        dict of str to ndarray
            The steps gone by, "clock"; what is still to arrive, "arriving", in units of the
            weights, of shape (batch_size, max_delay, 2, width); the synaptic "currents"; and of
            short-term plasticity the step of each neuron's "last_spike", and of each synapse u,
            "used", and 1 - R, "depleted".
        """
        n_plastic, n_currents = len(self.use), len(self.decays) + len(self.rises)
        return {
            "clock": np.zeros(batch_size, dtype=np.int64),
            "arriving": np.zeros((batch_size, self.max_delay, 2, width), dtype=np.int32),
            "currents": np.zeros((batch_size, n_currents, width), dtype=np.float32),
            "last_spike": np.zeros((batch_size, width * self.is_plastic), dtype=np.int64),
            "used": np.zeros((batch_size, n_plastic), dtype=np.float32),
            "depleted": np.zeros((batch_size, n_plastic), dtype=np.float32),
        }

    def unconnected(self) -> DynamicSynapses:
        """Return what is left where no neuron has a synapse onto another: the currents.

        Returns
        -------
        DynamicSynapses
            The record.
        """
        none = sparse.csc_array((self.n_neurons,) * 2, dtype=np.float64)
        return DynamicSynapses.of(none, decays=self.decays, rises=self.rises)

    def take(self, order: np.ndarray) -> DynamicSynapses:
        """Return the synapses of the same neurons in another order.

        Parameters
        ----------
        order : ndarray of int, shape (n,)
            Which neuron comes first, second and so on.

        Returns
        -------
        DynamicSynapses
            The record.
        """
        _, items = reordered(self.offsets, order)
        plastic = {
            name: getattr(self, name)[items]
            for name in ("use", "facilitation", "recovery")
            if self.is_plastic
        }
        of_neurons = {"decays": self.decays[:, order], "rises": self.rises[:, order]}
        taken: Any = super().take(order)
        moved: DynamicSynapses = replace(taken, delays=self.delays[items], **of_neurons, **plastic)
        return moved
