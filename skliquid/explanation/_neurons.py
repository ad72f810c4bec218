"""Split what neurons did over the frames that they heard."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from ..pooling import COMPARED, QUANTITIES, Share
from ..reservoirs import Liquid
from ..reservoirs.fixed_point import UNIT_EXPONENT
from ._drives import Drives
from ._shapley import mean_slopes

# Numbers of an array of all steps and some neurons, of which a dozen are held.
_BLOCK_SIZE = 2**20
# Drives below the grid of the potentials, squared, are rounded away.
_UNHEARD = 2.0 ** (-2 * UNIT_EXPONENT)


@dataclass(frozen=True, eq=False)
class Course:
    """What neurons do over a sequence.

    Parameters
    ----------
    spikes : ndarray of shape (n_timesteps, n), dtype bool
        Where each fires.
    potentials : ndarray of shape (n_timesteps, n)
        Membrane potential of each after the step.
    features : ndarray of shape (n_features / n, n)
        What is pooled of both.
    compared : dict of str to ndarray of shape (n_timesteps, n)
        Quantities of ``COMPARED``, made of all neurons.
    """

    spikes: np.ndarray
    potentials: np.ndarray
    features: np.ndarray
    compared: dict[str, np.ndarray] = field(default_factory=dict)

    def comparing(self, shares: list[Share]) -> Course:
        """Return it with what is asked of neurons beside others."""
        names = {share.quantity for share in shares} & COMPARED
        made = {name: QUANTITIES[name](self.spikes, self.potentials) for name in names}
        return replace(self, compared=made)

    def of(self, neurons: slice) -> Course:
        """What some of them do."""
        return Course(
            self.spikes[:, neurons],
            self.potentials[:, neurons],
            self.features[:, neurons],
            {name: values[:, neurons] for name, values in self.compared.items()},
        )

    def adds(self, share: Share, row: int) -> np.ndarray:
        """What each step adds to the features of a share, whose first row is given."""
        name = share.quantity
        if name in COMPARED:
            quantity = self.compared[name]
        else:
            quantity = QUANTITIES[name](self.spikes, self.potentials)
        added: np.ndarray = share.factor[:, np.newaxis] * quantity
        if share.is_rounded:
            sums = added.sum(axis=0)
            added *= np.divide(self.features[row], sums, out=np.ones_like(sums), where=sums > 0)
        return added


def split_over_frames(
    liquid: Liquid,
    x: np.ndarray,
    course: Course,
    silence: Course,
    shares: list[Share],
    weights: np.ndarray,
) -> tuple[np.ndarray, float]:
    """Split a weighed sum of the features of one sequence.

    Parameters
    ----------
    liquid : Liquid
        The liquid.
    x : ndarray of shape (n_timesteps, n_channels)
        Standardised frames that it heard.
    course, silence : Course
        What its neurons did, and what they do over as many frames of zeros.
    shares : list of Share
        What each step adds to the features.
    weights : ndarray of shape (n_features,)
        Weights of the features.

    Returns
    -------
    contributions : ndarray of shape (n_timesteps, n_channels)
        The part of the frames in ``weights @ (features - features in silence)``.
    rest : float
        The part of neurons that heard nothing.
    """
    contributions, rest = np.zeros(x.shape), 0.0
    weights = weights.reshape(-1, liquid.n_neurons)
    course, silence = course.comparing(shares), silence.comparing(shares)
    for block in _blocks(len(x), liquid.n_neurons):
        ours, theirs = course.of(block), silence.of(block)
        given: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(()))
        done = np.zeros((len(x), block.stop - block.start))
        for share, row, of_steps in _weighed(shares, weights[:, block]):
            done += of_steps * (ours.adds(share, row) - theirs.adds(share, row))
            given[share.quantity] = given[share.quantity] + of_steps * share.factor[:, np.newaxis]
        neurons = np.arange(block.start, block.stop)
        linear, square = (
            Drives(liquid.taps.take(neurons), _beta(liquid)[block], power) for power in (1, 2)
        )
        drive, variance = linear.of(x), square.of(x)
        is_heard = variance > _UNHEARD
        rest += float(np.sum(done, where=~is_heard))
        variance[~is_heard] = np.inf
        threshold = liquid.neurons.threshold[block].astype(np.float64)
        slope = _slope(drive, variance, ours, threshold, given)
        contributions += linear.handed_back(slope, x)
        contributions += square.handed_back((done - slope * drive) / variance, x)
    return contributions, rest


def _blocks(n_steps: int, n: int) -> Iterator[slice]:
    size = max(1, _BLOCK_SIZE // n_steps)
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))


def _beta(liquid: Liquid) -> np.ndarray:
    """Decay of each membrane, as the current tells that holds its potential."""
    return np.clip(1 - liquid.neurons.holding_current, 0, 1)


def _weighed(shares: list[Share], weights: np.ndarray) -> Iterator[tuple[Share, int, np.ndarray]]:
    """Each share, its first row of features, and their weight at each step, (n_timesteps, n)."""
    start = 0
    for share in shares:
        yield share, start, weights[start : start + share.n_windows][share.windows]
        start += share.n_windows


def _slope(
    drive: np.ndarray,
    variance: np.ndarray,
    course: Course,
    threshold: np.ndarray,
    given: dict[str, np.ndarray],
) -> np.ndarray:
    """Mean slope of what the neurons do, by their drive; zero where the variance is infinite."""
    state, potential, positive = (
        given.get(name, 0.0) for name in ("state", "potential", "positive")
    )
    potential = state + potential
    spike = given.get("spikes", 0.0) - threshold * (potential + positive)
    rest = course.potentials + threshold * course.spikes - drive
    fires, _ = mean_slopes(drive, variance, threshold - rest)
    _, is_positive = mean_slopes(drive, variance, -rest)
    slope = spike * fires + potential + positive * is_positive
    return np.where(np.isinf(variance), 0.0, slope)
