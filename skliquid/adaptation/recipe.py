"""From data to reservoirs: measure the training sequences, draw, regulate.

What is measured is the mean and the scale of each channel, and the median length, of which time
constants and delays can be fractions. With it a reservoir is drawn; then its neurons are set to
fire at their target rates. Nothing here looks at labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from numbers import Integral, Real
from typing import Any

import numpy as np

from .._checks import MOST_STEPS, check_pair
from ..reservoirs.liquid import Liquid, draw_liquid
from ..reservoirs.rate_reservoir import GATES, RateReservoir, without_threshold
from ..sequences import Sequences
from .channels import channel_scaling, derivative_gain
from .homeostasis import regulated

_OF_SPIKING_NEURONS = {"beta", "threshold", "adaptation", "tau_adaptation", "refractory"}


def draw_reservoirs(
    sequences: Sequences,
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
    arguments = _draw_arguments(sequences, sample_weight, parameters)
    rates = _target_rate(parameters["target_rate"])

    def draw(rng: np.random.Generator) -> Liquid:
        liquid = draw_liquid(**arguments, seed=rng)
        if rates is None:
            return liquid
        return regulated(
            liquid,
            sequences,
            sample_weight,
            target_rate=rates,
            spread=parameters["input_scaling"],
            engine=parameters["engine"],
            n_jobs=parameters["n_jobs"],
            rng=rng.spawn(1)[0],
        )

    others: list[Any] = [(seed, i) for i in range(1, parameters["n_liquids"])]
    rngs = [np.random.default_rng(each) for each in (seed, *others)]
    if parameters["cell"] == "lif":
        return [draw(rng) for rng in rngs]
    return [_of_rate_cells(parameters["cell"], draw, rng, rates is not None) for rng in rngs]


def _of_rate_cells(
    cell: str,
    draw: Callable[[np.random.Generator], Liquid],
    rng: np.random.Generator,
    is_regulated: bool,
) -> RateReservoir:
    """Draw a liquid for each gate; what was set to fire at a rate is above zero at that rate."""
    gates = [draw(each) for each in rng.spawn(len(GATES[cell]))]
    return RateReservoir(cell, tuple(map(without_threshold, gates) if is_regulated else gates))


def _draw_arguments(
    sequences: Sequences, sample_weight: np.ndarray | None, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Arguments of `draw_liquid`: what is measured, and the parameters that it has too."""
    own = {
        name: parameters[name] for name in signature(draw_liquid).parameters.keys() & parameters
    }
    own |= _standardisation(sequences, sample_weight, parameters)
    length = median_length(sequences, sample_weight)
    own["n_channels"] = sequences.n_channels
    own["max_delay"] = _steps(parameters["max_delay"], length)
    if parameters["cell"] == "lif":
        return own | {"beta": _decay(parameters["beta"], parameters["relative_tau"], length)}
    # A unit of a rate cell has no memory but that of its cell.
    return {name: own[name] for name in own.keys() - _OF_SPIKING_NEURONS} | {"beta": 0.0}


def _standardisation(
    sequences: Sequences, sample_weight: np.ndarray | None, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Offset and gain of each channel, and the gain of its differences, where asked for."""
    found: dict[str, Any] = {}
    if parameters["scale_channels"]:
        common = parameters["scale_channels"] == "common"
        offset, gain = channel_scaling(sequences, sample_weight, common=common)
        found |= {"input_offset": offset, "input_gain": gain}
    if parameters["derivative"]:
        found["derivative_gain"] = derivative_gain(sequences, sample_weight)
    return found


def median_length(sequences: Sequences, sample_weight: np.ndarray | None) -> int:
    """Length that half of the sequences, by weight, do not exceed."""
    order = np.argsort(sequences.lengths)
    weight = np.ones(len(order)) if sample_weight is None else sample_weight[order]
    below = np.cumsum(weight)
    return int(sequences.lengths[order[np.searchsorted(below, below[-1] / 2)]])


def _steps(delay: Any, length: int) -> int:
    """A delay in steps, of which a float is a fraction of the length."""
    if isinstance(delay, Integral):
        return int(delay)
    return min(int(delay * length), MOST_STEPS)


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
