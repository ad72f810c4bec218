"""The branching ratio: how many spikes a spike begets.

References
----------
.. [1] Beggs, Plenz. "Neuronal avalanches in neocortical circuits", Journal of Neuroscience 23(35),
   2003.
.. [2] Wei, Winnicki. "Estimation of the means in the branching process with immigration", Annals
   of Statistics 18(4), 1990.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._checks import check_integer, check_seed
from ..engines import Batch, Runner
from ..pooling import NO_POOLING
from ..reservoirs import DynamicSynapses
from ..sequences import Sequences
from ._report import Report
from ._states import arrays_of_spikes, spiking_reservoirs_of

# Steps at which spikes are taken back, and how many at each.
_EVERY, _AT_ONCE = 10, 50


@dataclass(frozen=True, eq=False, repr=False)
class BranchingRatio(Report):
    """Branching ratio.

    Parameters
    ----------
    ratio : float
        Mean number of spikes that a spike begets in the next step; NaN where there are none.
    n_spikes : int
        Number of the spikes of which it is the mean.

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid.diagnostics import branching_ratio
    >>> branching_ratio(np.triu(np.ones((6, 6))))
    BranchingRatio(ratio=1, n_spikes=20)
    """

    ratio: float
    n_spikes: int


def branching_ratio(
    reservoir: Any,
    X: Any = None,
    *,
    n_steps: int = 1000,
    washout: int = 100,
    random_state: Any = 0,
) -> BranchingRatio:
    """Measure how many spikes in the next step a spike begets.

    Below 1 activity dies away without input, at 1 it is critical, above it runs away [1]_. Of a
    reservoir the descendants are counted: single spikes are kept from the recurrent synapses,
    50 of every tenth step, and the spikes of the next step that are missing then are theirs; one
    that an inhibitory neuron prevented counts as -1. It runs on the NumPy engine. Of recorded
    spikes, A[t] of them in step t, it is the slope of a line [2]_, ::

        ratio = Cov(A[t], A[t + 1]) / Var(A[t])

    which is right where what comes from outside does not depend on the step before.

    Parameters
    ----------
    reservoir : fitted estimator, Liquid, or array-like of shape (n_steps, n_neurons), or list
        What is driven, of an estimator the first liquid; or its recorded spikes.
    X : array-like or list, default=None
        Sequences that drive a reservoir; None draws white noise.
    n_steps : int, default=1000
        Number of steps that are drawn after the washout.
    washout : int, default=100
        First steps of each sequence, in which no spike is taken back.
    random_state : int, Generator or None, default=0
        Seed of the input and of the choice of spikes.

    Returns
    -------
    BranchingRatio
        The ratio.

    Raises
    ------
    ValueError, TypeError
        If the units do not spike, if no sequence is longer than the washout, or if synapses have
        delays or currents, over which descendants come later than in the next step.

    References
    ----------
    .. [1] Beggs, Plenz. "Neuronal avalanches in neocortical circuits", Journal of Neuroscience
       23(35), 2003.
    .. [2] Wei, Winnicki. "Estimation of the means in the branching process with immigration",
       Annals of Statistics 18(4), 1990.

    Examples
    --------
    >>> from skliquid.diagnostics import branching_ratio
    >>> from skliquid.reservoirs import draw_liquid
    >>> branching_ratio(draw_liquid(1, 100, spectral_radius=0.0, seed=0)).ratio
    0.0
    """
    reservoirs = spiking_reservoirs_of(reservoir, "branching_ratio")
    if reservoirs is None:
        return _slope([train.sum(axis=1) for train in arrays_of_spikes(reservoir)])
    n_steps = check_integer("n_steps", n_steps, low=1)
    washout = check_integer("washout", washout, low=0)
    rng = check_seed("random_state", random_state)
    if X is None:
        reservoirs = reservoirs.standardised()
        sequences = reservoirs.noise(rng, 1, washout + n_steps)
    else:
        sequences = reservoirs.hearing(X)
    longest = int(sequences.lengths.max())
    if longest <= max(1, washout):
        raise ValueError(
            f"X must hold a sequence of more than {max(1, washout)} steps, the washout; the "
            f"longest has {longest}."
        )
    _check_synapses(reservoirs.liquids_[0].synapses)
    return _counted(reservoirs.liquids_[0], sequences, washout, rng)


def _check_synapses(synapses: Any) -> None:
    """Refuse synapses over which descendants come later than in the next step."""
    if isinstance(synapses, DynamicSynapses) and (synapses.max_delay > 1 or synapses.decays.any()):
        raise ValueError(
            "branching_ratio counts the spikes of the next step, but the reservoir has synapses "
            "whose delays or currents beget some later; expected synapse=None, or a SynapseModel "
            "without delays and currents."
        )


def _slope(counts: list[np.ndarray]) -> BranchingRatio:
    before = np.concatenate([each[:-1] for each in counts]).astype(np.float64)
    after = np.concatenate([each[1:] for each in counts]).astype(np.float64)
    n_spikes = int(before.sum())
    if not len(before) or not np.ptp(before):
        return BranchingRatio(np.nan, n_spikes)
    before -= before.mean()
    return BranchingRatio(float(before @ (after - after.mean()) / (before @ before)), n_spikes)


def _counted(
    liquid: Any, sequences: Sequences, washout: int, rng: np.random.Generator
) -> BranchingRatio:
    runner = Runner(liquid, NO_POOLING, "numpy")
    engine, prepared = runner._engine, runner._prepared
    n_descendants = n_spikes = 0

    def advance(state: Any, now: int, n_steps: int) -> Any:
        n = len(state["spk"])
        batch = Batch(sequences.frames, np.full(n, now), np.full(n, n_steps))
        return engine.advance(prepared, state, batch, [])

    for first, last in zip(sequences.offsets[:-1], sequences.offsets[1:], strict=True):
        state, now = engine.at_rest(prepared, 1), int(first)
        for stop in range(int(first) + max(1, washout), int(last), _EVERY):
            state, now = advance(state, now, stop - now), stop
            fired = np.flatnonzero(state["spk"][0])
            fired = rng.permutation(fired)[:_AT_ONCE]
            # The first row goes on as it is; each of the others lacks a spike.
            rows = {name: np.repeat(part, 1 + len(fired), axis=0) for name, part in state.items()}
            rows["spk"][1 + np.arange(len(fired)), fired] = 0
            counts = advance(rows, now, 1)["spk"].sum(axis=1)
            n_descendants += int((counts[0] - counts[1:]).sum())
            n_spikes += len(fired)
    return BranchingRatio(n_descendants / n_spikes if n_spikes else np.nan, n_spikes)
