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

import numpy as np

from ..engines import Runner
from ..pooling import NO_POOLING, POTENTIAL_LIMIT
from ..reservoirs import Liquid, Neurons, Synapses, Taps
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


def regulated(
    taps: Taps,
    synapses: Synapses,
    neurons: Neurons,
    sequences: Sequences,
    sample_weight: np.ndarray | None,
    *,
    target_rate: tuple[float, float],
    spread: float,
    engine: str,
    n_jobs: int | None,
    rng: np.random.Generator,
) -> Taps:
    """Return taps with gains and biases set from training sequences.

    Parameters
    ----------
    taps : Taps
        The taps as drawn.
    synapses : Synapses
        The recurrent synapses, of which the currents count that the input drives too.
    neurons : Neurons
        The neurons that they drive.
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
    Taps
        The same taps with other weights and biases.
    """
    q = rng.uniform(*target_rate, taps.n_neurons)
    free = Liquid(taps, synapses.unconnected(), neurons.silent())
    weight = np.ones(len(sequences)) if sample_weight is None else sample_weight
    u, weight = _free_potentials(free, sequences, weight, engine, n_jobs, rng)
    level, deviation = _levels(u, weight, 1.0 - q)
    is_driven = deviation > 0
    gain = np.where(is_driven, spread * neurons.threshold / np.where(is_driven, deviation, 1), 1)
    gain = _few_bits(np.clip(gain, *_GAINS))
    threshold = neurons.threshold.astype(np.float64) * (1.0 - _MARGIN)
    bias = (threshold - gain * level) * neurons.holding_current - neurons.constant_current
    weights = gain[taps.neurons] * taps.weights
    return taps.with_weights(weights, np.where(is_driven, bias, 0.0))


def _few_bits(values: np.ndarray) -> np.ndarray:
    """Round to twelve bits: a sum's last bits, which depend on its order, do not matter."""
    mantissa, exponent = np.frexp(values)
    return np.asarray(np.ldexp(np.rint(np.ldexp(mantissa, 12)), exponent - 12))


def _free_potentials(
    free: Liquid,
    sequences: Sequences,
    weight: np.ndarray,
    engine: str,
    n_jobs: int | None,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Potentials without spikes and recurrence, shape (n, n_frames), and the frames' weights."""
    lengths, chosen = sequences.lengths, np.flatnonzero(weight)
    if lengths[chosen].sum() > _ENOUGH_FRAMES:
        chosen = rng.permutation(chosen)
        n_chosen = 1 + np.searchsorted(np.cumsum(lengths[chosen]), _ENOUGH_FRAMES)
        chosen = np.sort(chosen[: max(int(n_chosen), _ENOUGH_SEQUENCES)])
    frames, samples = sequences.some_frames(chosen, _ENOUGH_FRAMES, rng)
    u = Runner(free, NO_POOLING, engine, n_jobs).states(sequences, "mem", frames)
    np.clip(u, -POTENTIAL_LIMIT, POTENTIAL_LIMIT, out=u)
    return np.ascontiguousarray(u.T), weight[samples]


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
