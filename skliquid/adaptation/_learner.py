"""A liquid that learns, in integers (the equations are those of :mod:`.plasticity`)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engines import _numpy
from ..engines._numpy_neurons import STEPS
from ..engines.protocol import Batch
from ..reservoirs import Liquid
from ..reservoirs._segments import reordered
from ..reservoirs.fixed_point import UNIT_EXPONENT, recurrent_grid, to_grid

if TYPE_CHECKING:
    from .plasticity import Plasticity

# Bits below the unit of a weight or a bias, of a trace, and of a rate of learning. Products of all
# that is accepted stay below 2**63.
_FINE, _TRACE, _RATE = 12, 16, 24
LARGEST_BOUND, LONGEST_TAU = 16, 10_000
_BIAS_EXPONENT = UNIT_EXPONENT + _FINE
_LARGEST_BIAS = 2 ** (20 + _BIAS_EXPONENT)
_SCALED_EVERY = 100


class Learner:
    """A liquid that learns: magnitudes and biases in fine units, and traces of spikes.

    Parameters
    ----------
    rules : Plasticity
        How it learns.
    liquid : Liquid
        The liquid as drawn.
    target_rate : ndarray of shape (n,)
        Rate of each neuron that intrinsic plasticity aims at.
    """

    def __init__(self, rules: Plasticity, liquid: Liquid, target_rate: np.ndarray) -> None:
        self._rules, self._drawn, n = rules, liquid, liquid.n_neurons
        self._prepared, self._synapses = _numpy.prepare(liquid), liquid.synapses
        self._sources, self._targets = self._synapses.sources, self._synapses.targets
        self._incoming = np.argsort(self._targets, kind="stable")
        n_incoming = np.bincount(self._targets, minlength=n)
        self._in_offsets = np.concatenate([[0], np.cumsum(n_incoming)])
        units = self._synapses.units.astype(np.int64)
        kind = np.where(units, units < 0, self._synapses.inhibitory[self._sources]).astype(int)
        self._signs, self._magnitudes = 1 - 2 * kind, np.abs(units) << _FINE
        largest = [self._magnitudes[kind == each].max(initial=0) for each in (0, 1)]
        self._bounds = _rounded(rules.w_max * np.array(largest, dtype=np.float64))[kind]
        self._is_plastic = (kind == 0) | rules.inhibitory
        self._group = self._targets + n * kind  # of synapses that are scaled together
        self._sums = self._group_sums()
        fall = self._current_of_a_spike() if rules.intrinsic else np.zeros(n)
        self._fall, self._rise = _rounded(fall), _rounded(fall * target_rate)
        self._bias = np.zeros(n, dtype=np.int64)

    def run(self, batch: Batch) -> None:
        """Learn from one sequence."""
        neurons, state = self._drawn.neurons, _numpy.at_rest(self._prepared, 1)
        currents, _ = self._prepared.taps.run(state["past"], batch.padded(), batch.lengths)
        fired = np.empty(0, dtype=np.int64)
        self._x, self._y = np.zeros((2, len(self._bias)), dtype=np.int64)
        for t, current in enumerate(currents, 1):
            state = STEPS[type(neurons)](neurons, state, current + self._own(fired))
            fired = np.flatnonzero(state["spk"][0])
            self._pair(fired)
            self._regulate(fired)
            if t % _SCALED_EVERY == 0 or t == batch.lengths[0]:
                self._scale()

    def liquid(self) -> Liquid:
        """Return the liquid as it is now, on the grids of one."""
        weights = np.ldexp(1.0 * self._signs * self._magnitudes, -self._exponent)
        units, exponent = recurrent_grid(weights, self._targets)
        taps = self._drawn.taps
        if self._bias.any():
            bias = taps.bias + np.ldexp(self._bias.astype(np.float64), -_BIAS_EXPONENT)
            taps = taps.with_weights(taps.weights, bias)
        synapses = replace(self._synapses, units=units, exponent=exponent)
        return replace(self._drawn, taps=taps, synapses=synapses)

    def _current_of_a_spike(self) -> np.ndarray:
        """What a spike takes off the bias of its neuron, in fine units."""
        neurons = self._drawn.neurons
        try:
            at_threshold = neurons.threshold * neurons.holding_current
        except ValueError as error:
            raise ValueError(
                f"plasticity intrinsic must be 0 with {type(neurons).__name__}, whose potentials "
                f"no constant current holds, got {self._rules.intrinsic}."
            ) from error
        current = np.ldexp(self._rules.intrinsic * at_threshold, _BIAS_EXPONENT)
        return np.clip(current, -_LARGEST_BIAS, _LARGEST_BIAS)

    @property
    def _exponent(self) -> int:
        return self._synapses.exponent + _FINE

    def _own(self, fired: np.ndarray) -> np.ndarray:
        """Current that spikes drive over the synapses, and that of the biases learned."""
        _, out = reordered(self._synapses.offsets, fired)
        sent = self._signs[out] * self._magnitudes[out]
        # Whole numbers below 2**53, whose sum in float64 is exact.
        arrived = np.bincount(self._targets[out], weights=sent, minlength=len(self._bias))
        bias = np.ldexp(self._bias.astype(np.float64), -_BIAS_EXPONENT)
        total = to_grid(np.ldexp(arrived, -self._exponent) + bias, UNIT_EXPONENT)
        return total.astype(np.float32)

    def _pair(self, fired: np.ndarray) -> None:
        """Pair the spikes of a step with those before."""
        rules, w, bounds = self._rules, self._magnitudes, self._bounds
        self._x = _times(self._x, _decay(rules.tau_plus), _TRACE)
        self._y = _times(self._y, _decay(rules.tau_minus), _TRACE)
        if rules.a_minus:
            out = self._plastic(reordered(self._synapses.offsets, fired)[1])
            room = w[out] if rules.bounds == "soft" else bounds[out]
            w[out] -= _change(room, rules.a_minus, self._y[self._targets[out]])
            w[out] = np.maximum(w[out], 0)
        if rules.a_plus:
            into = self._plastic(self._incoming[reordered(self._in_offsets, fired)[1]])
            room = bounds[into] - w[into] if rules.bounds == "soft" else bounds[into]
            w[into] += _change(room, rules.a_plus, self._x[self._sources[into]])
            w[into] = np.minimum(w[into], bounds[into])
        self._x[fired] += 1 << _TRACE
        self._y[fired] += 1 << _TRACE

    def _plastic(self, synapses: np.ndarray) -> np.ndarray:
        return synapses[self._is_plastic[synapses]]

    def _regulate(self, fired: np.ndarray) -> None:
        """Move the biases so that the neurons come to fire at their rates."""
        if not self._rules.intrinsic:
            return
        self._bias += self._rise
        self._bias[fired] -= self._fall[fired]
        np.clip(self._bias, -_LARGEST_BIAS, _LARGEST_BIAS, out=self._bias)

    def _scale(self) -> None:
        """Bring the sums of weights back to those as drawn."""
        if not self._rules.scaling:
            return
        k = np.flatnonzero(self._is_plastic)
        total = np.maximum(self._group_sums(), 1)[self._group[k]]
        w = self._magnitudes[k]
        goal = (w * self._sums[self._group[k]] + total // 2) // total
        w += _times(goal - w, _fraction(self._rules.scaling, _RATE), _RATE)
        self._magnitudes[k] = np.minimum(w, self._bounds[k])

    def _group_sums(self) -> np.ndarray:
        n_groups = 2 * self._synapses.n_neurons
        sums = np.bincount(self._group, weights=self._magnitudes, minlength=n_groups)
        return sums.astype(np.int64)


def _fraction(value: float, bits: int) -> int:
    return round(value * 2**bits)


def _decay(tau: float) -> int:
    return _fraction(np.exp(-1 / tau), _TRACE)


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.rint(values).astype(np.int64)


def _times(values: np.ndarray, fraction: Any, bits: int) -> np.ndarray:
    """Product with a fraction in units of ``2**-bits``, to the nearest."""
    product: np.ndarray = values * fraction + (1 << bits - 1) >> bits
    return product


def _change(room: np.ndarray, rate: float, trace: np.ndarray) -> np.ndarray:
    """Change of a weight by pairs with all the spikes of a trace."""
    return _times(_times(room, _fraction(rate, _RATE), _RATE), trace, _TRACE)
