"""From data to reservoirs: measure the training sequences, draw, regulate.

What is measured is the mean and the scale of each channel, and the median length, of which time
constants and delays can be fractions. With it a reservoir is drawn; then its neurons are set to
fire at their target rates, and a plastic liquid learns. Nothing here looks at labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from numbers import Real
from typing import Any, TypeVar

import numpy as np

from .._checks import MOST_STEPS, check_pair, check_share, shown
from ..reservoirs import Liquid, Neurons, RateReservoir, SynapseModel
from ..reservoirs.liquid import PARAMETERS, Circuit, draw_circuit, draw_liquid
from ..reservoirs.neurons import draw_neurons
from ..reservoirs.rate_reservoir import GATES, LeakyReservoir, is_rate_cell
from ..sequences import Sequences
from .channels import channel_scaling, derivative_gain
from .homeostasis import regulated

_C = TypeVar("_C", bound=Circuit)


def draw_reservoirs(
    sequences: Sequences,
    observed: Sequences,
    sample_weight: np.ndarray | None,
    parameters: Mapping[str, Any],
    *,
    seed: int,
) -> list[Liquid | RateReservoir]:
    """Draw the reservoirs that an estimator's parameters ask for.

    Parameters
    ----------
    sequences : Sequences
        Training sequences, encoded.
    observed : Sequences
        The same, without the values that were filled in; of these are the means and scales.
    sample_weight : ndarray of shape (n_samples,) or None
        Weight of each.
    parameters : mapping of str to object
        Those of :class:`~skliquid.LiquidTransformer`.
    seed : int
        Seed of all draws. The first reservoir is that of the seed itself, however many there
        are.

    Returns
    -------
    list of Liquid or RateReservoir
        The `n_liquids` reservoirs.
    """
    draw = _Draw(sequences, observed, sample_weight, parameters)
    others: list[Any] = [(seed, i) for i in range(1, parameters["n_liquids"])]
    rngs = [np.random.default_rng(each) for each in (seed, *others)]
    if is_rate_cell(parameters["cell"]):
        return [draw.rate_reservoir(rng) for rng in rngs]
    return [draw.liquid(rng) for rng in rngs]


class _Draw:
    """Draws reservoirs with what was measured of the training sequences."""

    def __init__(
        self,
        sequences: Sequences,
        observed: Sequences,
        sample_weight: np.ndarray | None,
        parameters: Mapping[str, Any],
    ) -> None:
        self._sequences, self._weight, self._parameters = sequences, sample_weight, parameters
        self._rates = _target_rate(parameters["target_rate"])
        length = median_length(sequences, sample_weight)
        measured = _standardisation(sequences, observed, sample_weight, parameters)
        measured["max_delay"] = steps_of("max_delay", parameters["max_delay"], length)
        measured["beta"] = _decay(parameters["beta"], parameters["relative_tau"], length)
        given = {**parameters, **measured}
        synapses, taps, self._of_neurons = (
            {name: given[name] for name in names if name in given} for names in PARAMETERS
        )
        self._of_circuit: Any = synapses | taps
        self._n_channels, self._n = sequences.n_channels, parameters["reservoir_size"]

    def liquid(self, rng: np.random.Generator) -> Liquid:
        """Draw a liquid of named or given neurons."""
        cell = self._parameters["cell"]
        if isinstance(cell, type | SynapseModel):
            what = "the class " if isinstance(cell, type) else ""
            raise TypeError(
                "cell must be a name or a configured object that draws neurons, got "
                f"{what}{shown(cell)}."
            )
        neurons: Any = self._of_neurons if isinstance(cell, str) else {"neurons": cell.draw}
        liquid = draw_liquid(self._n_channels, self._n, **self._of_circuit, **neurons, seed=rng)
        liquid = self._regulated(liquid, liquid.neurons, rng)
        plasticity = self._parameters["plasticity"]
        if plasticity is None:
            return liquid
        own = rng.spawn(1)[0]
        return plasticity.learn(liquid, self._sequences, sample_weight=self._weight, seed=own)

    def rate_reservoir(self, rng: np.random.Generator) -> RateReservoir:
        """Draw a circuit for each gate of a cell, and the decays of leaky units."""
        cell = self._parameters["cell"]
        if self._parameters["plasticity"] is not None:
            raise ValueError(
                f"plasticity must be None with cell={cell!r}, whose units do not spike, got "
                f"{shown(self._parameters['plasticity'])}."
            )
        gates = tuple(self._gate(each) for each in rng.spawn(len(GATES[cell])))
        if cell != "leaky":
            return RateReservoir(cell, gates)
        units = draw_neurons(self._n, beta=self._of_neurons["beta"], rng=rng.spawn(1)[0])
        return LeakyReservoir(cell, gates, units.beta)

    def _gate(self, rng: np.random.Generator) -> Circuit:
        of_circuit = self._of_circuit | {"synapse": None}  # which acts with spikes alone
        circuit = draw_circuit(self._n_channels, self._n, **of_circuit, rng=rng)
        if self._rates is None:
            return circuit
        # A unit of a rate cell has no memory but that of its cell; what was set to be above a
        # threshold at some rate is above zero at that rate.
        memoryless = draw_neurons(circuit.n_neurons, beta=0.0, rng=rng)
        gate = self._regulated(circuit, memoryless, rng)
        bias = gate.taps.bias.astype(np.float64) - memoryless.threshold
        return replace(gate, taps=replace(gate.taps, bias=bias.astype(np.float32)))

    def _regulated(self, circuit: _C, neurons: Neurons, rng: np.random.Generator) -> _C:
        if self._rates is None:
            return circuit
        taps = regulated(
            circuit.taps,
            circuit.synapses,
            neurons,
            self._sequences,
            self._weight,
            target_rate=self._rates,
            spread=self._parameters["input_scaling"],
            engine=self._parameters["engine"],
            n_jobs=self._parameters["n_jobs"],
            rng=rng.spawn(1)[0],
        )
        return replace(circuit, taps=taps)


def _standardisation(
    sequences: Sequences,
    observed: Sequences,
    sample_weight: np.ndarray | None,
    parameters: Mapping[str, Any],
) -> dict[str, Any]:
    """Offset and gain of each channel, and the gain of its differences, where asked for."""
    found: dict[str, Any] = {}
    if parameters["scale_channels"]:
        common = parameters["scale_channels"] == "common"
        offset, gain = channel_scaling(observed, sample_weight, common=common)
        found |= {"input_offset": offset, "input_gain": gain}
    derivative = parameters["derivative"]
    if derivative:
        found["derivative_gain"] = derivative_gain(sequences, sample_weight)
    if derivative and not isinstance(derivative, bool | np.bool_):
        found["derivative_share"] = float(derivative)
    return found


def median_length(sequences: Sequences, sample_weight: np.ndarray | None) -> int:
    """Length that half of the sequences, by weight, do not exceed."""
    order = np.argsort(sequences.lengths)
    weight = np.ones(len(order)) if sample_weight is None else sample_weight[order]
    below = np.cumsum(weight)
    return int(sequences.lengths[order[np.searchsorted(below, below[-1] / 2)]])


def steps_of(name: str, value: int | str, length: int) -> int:
    """A number of steps, of which a text is a share of the length."""
    if isinstance(value, str):
        return min(int(check_share(name, value) * length), MOST_STEPS)
    return value


def _decay(beta: Any, relative_tau: Any, length: int) -> Any:
    """Decay per step, or its range, from `relative_tau` where that is given."""
    if relative_tau is None:
        return beta
    if isinstance(relative_tau, Real):
        return decay_of(float(relative_tau) * length)
    ends = check_pair("relative_tau", relative_tau, 0, 1e6, closed="right")
    return tuple(decay_of(end * length) for end in ends)


def decay_of(tau: float) -> float:
    """Decay per step for a time constant, which below this one forgets all anyway."""
    return float(np.exp(-1.0 / max(tau, 2.0**-9)))


def _target_rate(rate: Any) -> tuple[float, float] | None:
    """Range of the target rates."""
    if rate is None:
        return None
    if isinstance(rate, Real):
        return float(rate), float(rate)
    return check_pair("target_rate", rate, 0, 1, closed="neither")
