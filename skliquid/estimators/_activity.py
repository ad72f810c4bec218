"""Warn of a reservoir that tells next to nothing of the training sequences, and say what helps.

A unit is idle if it is silent throughout, or at its limit nearly throughout. A liquid is epileptic
if its neurons have each other fire more than the input does: the pathological synchrony of [1]_.

References
----------
.. [1] Norton, Ventura. "Improving liquid state machines through iterative refinement of the
   reservoir", Neurocomputing 73, 2010.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .._warnings import LiquidActivityWarning, warn_user
from ..engines import Runner
from ..pooling import make_plan
from ..reservoirs import Liquid, RateReservoir, Synapses
from ..sequences import Sequences

if TYPE_CHECKING:
    from ._transformer import LiquidTransformer

# Share of the units that must be idle, a level at the limit, the mean level of an epileptic
# liquid, and how many times that without synapses it must be.
_IDLE_SHARE, _AT_LIMIT, _EPILEPTIC, _TIMES = 0.9, 0.95, 0.5, 2.0
# The first frames of some sequences are looked at where there are no features yet.
_FEW_FRAMES, _FEW_SEQUENCES = 400, 4


def watch_activity(
    liquid: LiquidTransformer, sequences: Sequences, runners: Sequence[Runner] | None = None
) -> None:
    """Keep the firing rate on encoded training sequences, and warn of pathologies.

    A reservoir may be silent, saturated or epileptic. `runners` are those that have run all of the
    sequences, one for each reservoir. Without them a few frames are run, and all where these raise
    a suspicion.
    """
    some = _beginnings(sequences)
    rates, text = [], None
    for i, reservoir in enumerate(liquid.liquids_):
        if runners is not None and isinstance(reservoir, Liquid):
            levels = runners[i].mean_counts * _steps_of_a_spike(reservoir)
        else:
            levels = _levels(liquid, reservoir, some)
            if _idle_shares(levels).sum() >= _IDLE_SHARE:
                levels = _levels(liquid, reservoir, sequences)
        if isinstance(reservoir, Liquid):
            rates.append(np.mean(levels / _steps_of_a_spike(reservoir)))
        looks = some, sequences  # the second if the first does not clear it
        text = text or (
            _idle(liquid, reservoir, levels) or _epileptic(liquid, reservoir, levels, looks)
        )
    liquid.firing_rate_ = float(np.mean(rates)) if rates else None
    if text:
        warn_user(LiquidActivityWarning(text))


def _levels(
    liquid: LiquidTransformer, reservoir: Liquid | RateReservoir, sequences: Sequences
) -> np.ndarray:
    """Mean activity of each unit, 1 being the highest that it can have."""
    is_spiking = isinstance(reservoir, Liquid)
    plan = make_plan("rate" if is_spiking else ("rectified", "membrane"), 1, 1.0)
    runner = Runner(reservoir, plan, liquid.engine, n_jobs=1)
    sums = np.zeros(runner.n_features)
    for samples in runner.batches(sequences):
        sums += sequences.lengths[samples] @ runner.features(sequences, samples)
    means = sums / sequences.offsets[-1]
    if isinstance(reservoir, Liquid):
        return means * _steps_of_a_spike(reservoir)
    rectified, mean = means.reshape(2, -1)
    return 2.0 * rectified - mean  # the mean magnitude


def _steps_of_a_spike(liquid: Liquid) -> Any:
    return 1 + getattr(liquid.neurons, "refractory", 0)


def _beginnings(sequences: Sequences) -> Sequences:
    n_chosen = min(len(sequences), _FEW_SEQUENCES)
    chosen = np.linspace(0, len(sequences) - 1, n_chosen).astype(int)
    starts = sequences.offsets[chosen]
    lengths = np.minimum(sequences.lengths[chosen], _FEW_FRAMES // n_chosen)
    frames = [sequences.frames[i : i + n] for i, n in zip(starts, lengths, strict=True)]
    return replace(
        sequences, frames=np.concatenate(frames), offsets=np.append(0, np.cumsum(lengths))
    )


def _idle_shares(levels: np.ndarray) -> np.ndarray:
    """Shares of the units that are silent and at their limit."""
    return np.array([np.mean(levels == 0), np.mean(levels >= _AT_LIMIT)])


def _idle(
    liquid: LiquidTransformer, reservoir: Liquid | RateReservoir, levels: np.ndarray
) -> str | None:
    silent, full = _idle_shares(levels)
    if silent + full < _IDLE_SHARE or _hears_nothing(liquid, reservoir):
        return None
    counted = (
        f"on the training sequences {silent:.0%} of its units are silent throughout, and "
        f"{full:.0%} at their limit nearly throughout"
    )
    name, change = ("silent", "raise") if silent >= full else ("saturated", "lower")
    if liquid.target_rate is None:
        remedy = (
            "Set target_rate, such as (0.05, 0.5), by which every neuron fires at a rate of its "
            f"own, or {change} input_scaling={liquid.input_scaling!r}."
        )
    elif silent >= full:
        remedy = (
            "The input hardly varies, as the encoder gives it, or the neurons are held down: "
            f"lower spectral_radius={liquid.spectral_radius!r} or "
            f"adaptation={liquid.adaptation!r}."
        )
    else:
        remedy = (
            f"Lower target_rate={liquid.target_rate!r}, input_scaling={liquid.input_scaling!r} or "
            f"spectral_radius={liquid.spectral_radius!r}."
        )
    return f"The reservoir is {name}: {counted}. {remedy}"


def _hears_nothing(liquid: LiquidTransformer, reservoir: Liquid | RateReservoir) -> bool:
    """Tell whether homeostasis found no channel that varies, of which there are warnings."""
    if liquid.target_rate is None or not isinstance(reservoir, Liquid):
        return False
    return not reservoir.taps.bias.any()


def _epileptic(
    liquid: LiquidTransformer,
    reservoir: Liquid | RateReservoir,
    levels: np.ndarray,
    looks: tuple[Sequences, ...],
) -> str | None:
    if not isinstance(reservoir, Liquid) or not len(reservoir.synapses.targets):
        return None
    driven = np.unique(reservoir.synapses.targets)
    if levels[driven].mean() < _EPILEPTIC:
        return None
    free = replace(reservoir, synapses=Synapses.none(reservoir.n_neurons))
    for sequences in looks:
        by_all, by_input = (
            _levels(liquid, each, sequences)[driven].mean() for each in (reservoir, free)
        )
        if by_all < max(_EPILEPTIC, _TIMES * by_input):
            return None
    return (
        "The liquid is epileptic: on the training sequences the neurons that receive recurrent "
        f"synapses fire at {by_all:.0%} of the highest rate, and by the input alone at "
        f"{by_input:.0%}. Lower spectral_radius={liquid.spectral_radius!r}, or the weights of a "
        "topology of your own, or balance excitation by ei_balance=1.0."
    )
