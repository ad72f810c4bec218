"""Homeostasis: neurons that set their own gain and bias, without labels.

Each neuron looks at its free membrane potential u, that without spikes and recurrence, over
the training frames. Its input weights are scaled so that u has a given standard deviation, in
thresholds, and its bias is set so that u is above the threshold a fraction q of the time::

    P(u + b / (1 - beta) > threshold) = q

q is drawn for each neuron from a range. This is intrinsic plasticity [1]_ [2]_, in one step.

References
----------
.. [1] Triesch. "A gradient rule for the plasticity of a neuron's intrinsic excitability",
   ICANN 2005.
.. [2] Schrauwen, Wardermann, Verstraeten, Steil, Stroobandt. "Improving reservoirs using
   intrinsic plasticity", Neurocomputing 71, 2008.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..engines import Runner
from ..pooling import PoolingPlan
from ..reservoirs.fixed_point import UNIT_EXPONENT, input_grid, to_grid
from ..reservoirs.liquid import Liquid
from ..sequences import Sequences

# Potentials are computed for random sequences until these numbers are reached, and looked at in
# as many random frames; of fewer frames each one counts, so that a weight of 2 is the sequence
# given twice.
_ENOUGH_FRAMES, _ENOUGH_SEQUENCES = 2_000, 20
# Frames whose potential equals the level exactly, as in flat stretches, stay below threshold by
# this fraction of it.
_MARGIN = 2.0**-10
_CHUNK = 32
_GAINS = 2.0**-10, 2.0**10
_LEAST_DRIVE = 2.0**-10
# Potentials that are held at a time, few enough to stay in the cache: of one sequence, whose
# neurons run in blocks where it has more, or of several.
_BLOCK_VALUES = 2**18
_NEVER = 2.0**60  # a threshold that no potential reaches


def regulated(
    liquid: Liquid,
    sequences: Sequences,
    sample_weight: np.ndarray | None,
    *,
    target_rate: tuple[float, float],
    spread: float,
    engine: str,
    n_jobs: int | None,
    rng: np.random.Generator,
) -> Liquid:
    """Return a liquid with gains and biases set from training sequences.

    Parameters
    ----------
    liquid : Liquid
        The liquid as drawn.
    sequences : Sequences
        Training sequences.
    sample_weight : ndarray of shape (n_samples,) or None
        Weight of each.
    target_rate : (float, float)
        Range of the fractions q.
    spread : float
        Standard deviation of the free potential in thresholds.
    engine : str
        Engine that computes the potentials.
    n_jobs : int or None
        Number of its threads.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    Liquid
        The same neurons with other input weights and biases.
    """
    q = rng.uniform(*target_rate, liquid.n_neurons)
    weight = np.ones(len(sequences)) if sample_weight is None else sample_weight
    u, weight = _free_potentials(liquid, sequences, weight, engine, n_jobs, rng)
    level, deviation = _levels(u, weight, 1.0 - q)
    is_driven = deviation > 0
    gain = np.where(is_driven, spread * liquid.threshold / np.where(is_driven, deviation, 1), 1)
    gain = _few_bits(np.clip(gain, *_GAINS))

    n_taps = np.diff(liquid.tap_offsets)
    weights = np.repeat(gain, n_taps) * liquid.tap_weights
    neuron = np.repeat(np.arange(liquid.n_neurons), n_taps)
    row_sums = np.bincount(neuron, weights=np.abs(weights), minlength=liquid.n_neurons)
    threshold = liquid.threshold.astype(np.float64) * (1.0 - _MARGIN)
    bias = (threshold - gain * level) * (1.0 - liquid.beta.astype(np.float64))
    bias = np.where(is_driven, bias, 0.0)
    # A bias far above what the weights can drive would leave their sums no bits.
    row_sums = np.maximum(row_sums, _LEAST_DRIVE * np.abs(bias))
    return replace(
        liquid,
        tap_weights=input_grid(weights, row_sums),
        bias=to_grid(bias, UNIT_EXPONENT).astype(np.float32),
    )


def _few_bits(values: np.ndarray) -> np.ndarray:
    """Round to twelve bits: a sum's last bits, which depend on its order, do not matter."""
    mantissa, exponent = np.frexp(values)
    return np.asarray(np.ldexp(np.rint(np.ldexp(mantissa, 12)), exponent - 12))


def _free_potentials(
    liquid: Liquid,
    sequences: Sequences,
    weight: np.ndarray,
    engine: str,
    n_jobs: int | None,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Potentials without spikes and recurrence, shape (n, n_frames), and the frames' weights."""
    chosen = np.flatnonzero(weight)
    if sequences.lengths[chosen].sum() > _ENOUGH_FRAMES:
        chosen = rng.permutation(chosen)
        n_chosen = 1 + np.searchsorted(np.cumsum(sequences.lengths[chosen]), _ENOUGH_FRAMES)
        chosen = np.sort(chosen[: max(int(n_chosen), _ENOUGH_SEQUENCES)])
    weight = np.repeat(weight[chosen], sequences.lengths[chosen])
    frames = np.arange(len(weight))
    if len(frames) > _ENOUGH_FRAMES:
        frames = np.sort(rng.choice(frames, _ENOUGH_FRAMES, replace=False))
    sequences = sequences.take(chosen)

    # As many windows as there are steps: each step's potential is in a window of its own.
    n_windows = int(sequences.lengths.max())
    plan = PoolingPlan(("potentials",), (n_windows,), 0.0)
    place = np.searchsorted(frames, sequences.offsets)
    u = np.empty((len(frames), liquid.n_neurons), dtype=np.float32)
    size = max(_BLOCK_VALUES // n_windows, 256)
    for first in range(0, liquid.n_neurons, size):
        free = _free_neurons(liquid, slice(first, first + size))
        runner = Runner(free, plan, engine, n_jobs)
        batch_size = max(_BLOCK_VALUES // (n_windows * free.n_neurons), 1)
        for samples in runner.batches(sequences, batch_size):
            potentials = runner.pools(sequences, samples).potentials
            assert potentials is not None
            for row, sample in zip(potentials, samples, strict=True):
                mine = slice(place[sample], place[sample + 1])
                t = frames[mine] - sequences.offsets[sample]
                u[mine, first : first + size] = row[t * n_windows // sequences.lengths[sample]]
    return np.ascontiguousarray(u.T), weight[frames]


def _free_neurons(liquid: Liquid, block: slice) -> Liquid:
    """Neurons without synapses that never fire, of which any range can be run alone."""
    beta = liquid.beta[block]
    n = len(beta)
    offsets = liquid.tap_offsets[block.start : block.start + n + 1]
    taps = slice(offsets[0], offsets[-1])
    return replace(
        liquid,
        synapse_offsets=np.zeros(n + 1, dtype=np.int64),
        synapse_targets=np.zeros(0, dtype=np.int32),
        synapse_units=np.zeros(0, dtype=np.int16),
        tap_offsets=offsets - offsets[0],
        tap_channels=liquid.tap_channels[taps],
        tap_delays=liquid.tap_delays[taps],
        tap_weights=liquid.tap_weights[taps],
        bias=liquid.bias[block],
        beta=beta,
        threshold=np.full(n, _NEVER, dtype=np.float32),
        adaptation=np.zeros(n, dtype=np.float32),
        adaptation_beta=liquid.adaptation_beta[block],
        refractory=np.zeros(n, dtype=np.int32),
    )


def _levels(
    u: np.ndarray, weight: np.ndarray, fraction: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """For each neuron, the level below which a fraction of its frames lie, and the deviation.

    The potentials `u`, of shape (n, n_frames), may be reordered.
    """
    if (weight == weight[0]).all():
        n, n_frames = u.shape
        u.sort(axis=1)
        index = np.ceil(fraction * n_frames).astype(np.int64) - 1
        level = u[np.arange(n), np.clip(index, 0, n_frames - 1)].astype(np.float64)
        squares = np.empty(n)
        for first in range(0, n, _CHUNK):  # whose float64 copies stay in the cache
            rows = slice(first, first + _CHUNK)
            deviation = u[rows].astype(np.float64)
            deviation -= deviation.mean(axis=1, keepdims=True)
            squares[rows] = np.einsum("ij,ij->i", deviation, deviation)
        return level, np.sqrt(squares / n_frames)
    order = np.argsort(u, axis=1)
    u = np.take_along_axis(u, order, axis=1).astype(np.float64)
    weight = weight[order]
    below = np.cumsum(weight, axis=1)
    reached = below >= (fraction * below[:, -1])[:, np.newaxis]
    level = np.take_along_axis(u, np.argmax(reached, axis=1)[:, np.newaxis], axis=1)
    mean = (weight * u).sum(axis=1) / below[:, -1]
    variance = (weight * (u - mean[:, np.newaxis]) ** 2).sum(axis=1) / below[:, -1]
    return level[:, 0], np.sqrt(variance)
