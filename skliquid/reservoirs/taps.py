"""Input taps: the delayed synapses through which the neurons hear the input.

A neuron with several taps on a channel sees a stretch of the past at once, as the delay lines
of auditory and cerebellar circuits present it [1]_. Its weights sum to zero over a stretch, so
that it answers to a shape and not to a level; stretches of many lengths cover slow and fast
events, as dilated random kernels do [2]_.

References
----------
.. [1] Buonomano, Maass. "State-dependent computations: spatiotemporal processing in cortical
   networks", Nature Reviews Neuroscience 10, 2009.
.. [2] Dempster, Petitjean, Webb. "ROCKET: exceptionally fast and accurate time series
   classification using random convolutional kernels", Data Mining and Knowledge Discovery 34,
   2020.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._checks import LARGEST_SCALE, MOST_STEPS, check_integer, check_real
from .fixed_point import input_grid


@dataclass(frozen=True, eq=False)
class Taps:
    """Input synapses of all neurons, end to end.

    Parameters
    ----------
    offsets : ndarray of shape (n + 1,), dtype int64
        The taps of neuron i are numbers ``offsets[i]`` to ``offsets[i + 1]``.
    channels, delays : ndarray of shape (n_taps,), dtype int32
        Channel and delay in time steps of each.
    weights : ndarray of shape (n_taps,), dtype float32
        Weight of each, on the grid of the input.
    """

    offsets: np.ndarray
    channels: np.ndarray
    delays: np.ndarray
    weights: np.ndarray


def draw_taps(
    n_channels: int,
    n_neurons: int,
    *,
    input_scaling: float = 1.0,
    n_delays: int = 1,
    max_delay: int = 0,
    max_channels: int | None = None,
    derivative_gain: np.ndarray | None = None,
    rng: np.random.Generator,
) -> Taps:
    """Draw the input taps of a liquid.

    Parameters
    ----------
    n_channels, n_neurons : int
        Numbers of input channels and of neurons.
    input_scaling : float, default=1.0
        Standard deviation of a weight times the root of its neuron's number of taps.
    n_delays : int, default=1
        Taps of a neuron on each of its channels.
    max_delay : int, default=0
        Longest delay in time steps, at most ``2**20``; where it leaves less than a step
        between two taps, they are a step apart.
    max_channels : int or None, default=None
        Most channels that a neuron listens to; None is all of them for each.
    derivative_gain : ndarray of shape (n_channels,) or None, default=None
        Gains of the channels' differences in time, which are further channels to choose from.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    Taps
        The taps; those of one neuron in the order of channel and delay.
    """
    scale = check_real("input_scaling", input_scaling, 0, LARGEST_SCALE)
    n_delays = check_integer("n_delays", n_delays, low=1)
    max_delay = check_integer("max_delay", max_delay, low=0, high=MOST_STEPS)
    n_sources = n_channels if derivative_gain is None else 2 * n_channels
    is_mine, n_mine = _choose_channels(n_sources, n_neurons, max_channels, rng)
    neuron, source = np.nonzero(is_mine)
    weights = rng.standard_normal((len(neuron), n_delays))
    if n_delays > 1:
        weights -= weights.mean(axis=1, keepdims=True)
    weights *= scale / np.sqrt(n_mine * n_delays)[neuron, np.newaxis]
    spacing = np.zeros(n_neurons, dtype=np.int64)
    if n_delays > 1:
        longest = max(max_delay // (n_delays - 1), 1)
        spacing += _log_uniform(longest, n_neurons, rng)
    delays = spacing[neuron, np.newaxis] * np.arange(n_delays)

    channel = np.broadcast_to((source % n_channels)[:, np.newaxis], weights.shape)
    neuron = np.broadcast_to(neuron[:, np.newaxis], weights.shape)
    if derivative_gain is not None:
        is_derivative = source >= n_channels
        gains = np.where(is_derivative, np.asarray(derivative_gain)[source % n_channels], 1.0)
        weights = weights * gains[:, np.newaxis]
        # x[t] - x[t-1] is one tap with the weight, and one a step later with its negative.
        neuron = np.concatenate([neuron, neuron[is_derivative]])
        channel = np.concatenate([channel, channel[is_derivative]])
        delays = np.concatenate([delays, delays[is_derivative] + 1])
        weights = np.concatenate([weights, -weights[is_derivative]])
    neuron, channel, delays = neuron.ravel(), channel.ravel(), delays.ravel()
    weights = weights.ravel()
    order = np.lexsort((delays, channel, neuron))
    offsets = np.zeros(n_neurons + 1, dtype=np.int64)
    np.cumsum(np.bincount(neuron, minlength=n_neurons), out=offsets[1:])
    row_sums = np.bincount(neuron, weights=np.abs(weights), minlength=n_neurons)
    return Taps(
        offsets,
        channel[order].astype(np.int32),
        delays[order].astype(np.int32),
        input_grid(weights[order], row_sums),
    )


def _choose_channels(
    n_sources: int, n_neurons: int, max_channels: int | None, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Which sources each neuron hears, shape (n_neurons, n_sources), and how many."""
    if max_channels is None:
        everything = np.ones((n_neurons, n_sources), dtype=bool)
        return everything, np.full(n_neurons, n_sources)
    most = min(check_integer("max_channels", max_channels, low=1), n_sources)
    n_mine = _log_uniform(most, n_neurons, rng)
    rank = rng.permuted(np.tile(np.arange(n_sources), (n_neurons, 1)), axis=1)
    return rank < n_mine[:, np.newaxis], n_mine


def _log_uniform(most: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Whole numbers from 1 to `most`, about as many between 1 and 2 as between 2 and 4."""
    drawn = np.exp(rng.uniform(0.0, np.log(most + 1.0), size)).astype(np.int64)
    return np.minimum(drawn, most)  # which rounding in the exponential may pass
