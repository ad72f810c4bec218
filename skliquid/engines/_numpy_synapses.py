"""The NumPy engine's current: what the input drives, and what spikes drive over synapses.

Each kind of synapses has a class, whose `of` changes their state in place.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..reservoirs import DynamicSynapses, Liquid, Synapses
from ..reservoirs.fixed_point import EFFICACY_EXPONENT, to_grid
from ._numpy_neurons import State, decay

# Above this density a dense product with threaded BLAS is faster than a sparse one.
_DENSE_FROM = 0.02


class PlainDrive:
    """``I[t] = W s[t-1]`` and the input."""

    bytes_of_a_sequence = 0

    def __init__(self, liquid: Liquid) -> None:
        synapses = liquid.synapses
        is_dense = synapses.density >= _DENSE_FROM
        self.taps = liquid.taps
        self._W: Any = synapses.weights if is_dense else synapses.sparse_weights

    def of(self, state: State, current: np.ndarray) -> np.ndarray:
        """Whole current of a step, shape (batch, n), from that of the input."""
        total: np.ndarray = current + state["spk"] @ self._W.T
        return total


class DynamicDrive:
    """Currents of dynamic synapses (:mod:`skliquid.reservoirs.dynamic_synapses`)."""

    def __init__(self, liquid: Liquid) -> None:
        assert isinstance(liquid.synapses, DynamicSynapses)
        self._synapses, self._bias = liquid.synapses, liquid.taps.bias
        # The bias is no current of a synapse.
        self.taps = replace(liquid.taps, bias=np.zeros_like(liquid.taps.bias))
        self._sources, self._receptors = self._synapses.sources, self._synapses.receptors
        self._powers = self._synapses.powers
        state = self._synapses.at_rest(1, liquid.n_neurons)
        # The state, and the spikes of a step synapse by synapse.
        self.bytes_of_a_sequence = sum(values.nbytes for values in state.values())
        self.bytes_of_a_sequence += 4 * len(self._sources)

    def of(self, state: State, current: np.ndarray) -> np.ndarray:
        """Whole current of a step, shape (batch, n), from that of the input."""
        self._release(state, *np.nonzero(state["spk"][:, self._sources]))
        sequences, now = np.arange(len(current)), state["clock"] % self._synapses.max_delay
        arrived = state["arriving"][sequences, now].astype(np.float32)
        state["arriving"][sequences, now] = 0
        state["clock"] += 1
        arrived = np.ldexp(arrived, -self._synapses.exponent)
        n_filtered = len(self._synapses.decays)
        driven = np.concatenate([arrived, current[:, np.newaxis]], axis=1)
        filtered = self._filtered(state["currents"], driven[:, :n_filtered])
        if n_filtered == 3:
            current = filtered[:, 2]
        total: np.ndarray = current + self._bias + filtered[:, 0] + filtered[:, 1]
        return total

    def _release(self, state: State, rows: np.ndarray, k: np.ndarray) -> None:
        """Send off what spikes of sequences `rows` put into synapses `k`."""
        s = self._synapses
        clock, amount = state["clock"][rows], s.units[k].astype(np.float32)
        if s.is_plastic:
            amount = np.rint(amount * self._efficacy(state, rows, k))
        slot = (clock + s.delays[k] - 1) % s.max_delay
        place = rows, slot, self._receptors[k], s.targets[k]
        np.add.at(state["arriving"], place, amount.astype(np.int32))

    def _efficacy(self, state: State, rows: np.ndarray, k: np.ndarray) -> np.ndarray:
        """The product u R of synapses at a spike, which changes both."""
        sources, clock = self._sources[k], state["clock"][rows]
        used, depleted = state["used"][rows, k], state["depleted"][rows, k]
        n_steps = clock - state["last_spike"][rows, sources]
        facilitation, recovery = (_power(powers[k], n_steps) for powers in self._powers)
        depleted = _fraction(recovery * (depleted + used * (1 - depleted)))
        use = self._synapses.use[k]
        used = use + (1 - use) * _fraction(facilitation * used)
        state["used"][rows, k], state["depleted"][rows, k] = used, depleted
        state["last_spike"][rows, sources] = clock
        return used * (1 - depleted)

    def _filtered(self, currents: np.ndarray, arrived: np.ndarray) -> np.ndarray:
        """Advance synaptic currents, shape (batch, n_filtered, n), and return them."""
        s, n = self._synapses, arrived.shape[1]
        if not len(s.rises):
            currents[:] = decay(currents, s.decays) + arrived
            return currents
        flowing, rising = currents[:, :n], currents[:, n:]
        flowing[:] = decay(flowing + decay(rising, s.rises), s.decays)
        rising[:] = decay(rising, s.decays) + arrived
        return flowing


def _fraction(values: np.ndarray) -> np.ndarray:
    return to_grid(values, EFFICACY_EXPONENT)


def _power(powers: np.ndarray, n_steps: np.ndarray) -> np.ndarray:
    """Decays over some steps, from those over powers of two of them, the last axis."""
    n_powers = powers.shape[1]
    n_steps = np.minimum(n_steps, 2**n_powers - 1)
    product = np.ones(len(powers), dtype=np.float32)
    for bit in range(n_powers):
        product = np.where(n_steps >> bit & 1, product * powers[:, bit], product)
    return product


# For each kind of synapses, what they drive.
DRIVES: dict[type[Synapses], type[PlainDrive] | type[DynamicDrive]] = {
    Synapses: PlainDrive,
    DynamicSynapses: DynamicDrive,
}
