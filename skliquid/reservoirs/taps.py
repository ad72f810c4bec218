"""Input taps: the delayed synapses through which the neurons hear the input.

::

    I[t] = sum over taps of w x^[channel, t - delay] + b,    x^ = (x - input_offset) input_gain

with x^ zero before the sequence starts. A neuron with several taps on a channel sees a stretch of
the past at once, as the delay lines of auditory and cerebellar circuits present it [1]_. Its
weights sum to zero over a stretch, so that it answers to a shape and not to a level; stretches of
many lengths cover slow and fast events, as dilated random kernels do [2]_.

References
----------
.. [1] Buonomano, Maass. "State-dependent computations: spatiotemporal processing in cortical
   networks", Nature Reviews Neuroscience 10, 2009.
.. [2] Dempster, Petitjean, Webb. "ROCKET: exceptionally fast and accurate time series
   classification using random convolutional kernels", Data Mining and Knowledge Discovery 34,
   2020.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._checks import (
    LARGEST_SCALE,
    MOST_STEPS,
    MOST_UNITS,
    check_integer,
    check_real,
    naming,
    shown,
)
from ._segments import reordered
from .fixed_point import UNIT_EXPONENT, input_grid, to_grid

# A bias is counted as a weight of this fraction of it: one far above what the weights can drive
# would leave their sums no bits.
_BIAS_WEIGHT = 2.0**-10


@dataclass(frozen=True, eq=False)
class Taps:
    """Input synapses of all neurons, end to end, and what they make of a frame.

    Parameters
    ----------
    offsets : ndarray of shape (n + 1,), dtype int64
        The taps of neuron i are numbers ``offsets[i]`` to ``offsets[i + 1]``.
    channels, delays : ndarray of shape (n_taps,), dtype int32
        Channel and delay in time steps of each.
    weights : ndarray of shape (n_taps,), dtype float32
        Weight of each, on the grid of the input.
    bias : ndarray of shape (n,), dtype float32
        Constant current.
    input_offset, input_gain : ndarray of shape (n_channels,), dtype float32
        The input is standardised as ``(x - input_offset) * input_gain``.

    Examples
    --------
    >>> from skliquid.reservoirs import draw_liquid
    >>> taps = draw_liquid(2, 50, n_delays=5, max_delay=40, seed=0).taps
    >>> len(taps.weights), taps.max_delay
    (500, 40)
    """

    offsets: np.ndarray
    channels: np.ndarray
    delays: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    input_offset: np.ndarray
    input_gain: np.ndarray

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return len(self.bias)

    @property
    def n_channels(self) -> int:
        """Number of input channels."""
        return len(self.input_offset)

    @property
    def max_delay(self) -> int:
        """Longest delay of a tap in time steps: how many frames the past state holds."""
        return int(self.delays.max(initial=0))

    @property
    def neurons(self) -> np.ndarray:
        """Neuron of each tap, shape (n_taps,)."""
        return np.repeat(np.arange(self.n_neurons), np.diff(self.offsets))

    @property
    def input_weights(self) -> np.ndarray:
        """Weights of the channels, shape (n, n_channels), float32.

        Taps of several delays on one channel are summed: what a constant input meets.
        """
        weights = np.zeros((self.n_neurons, self.n_channels), dtype=np.float32)
        np.add.at(weights, (self.neurons, self.channels), self.weights)
        return weights

    def take(self, order: np.ndarray) -> Taps:
        """Return the taps of some neurons.

        Parameters
        ----------
        order : ndarray of int
            Which neurons, in this order.

        Returns
        -------
        Taps
            The record.
        """
        offsets, items = reordered(self.offsets, order)
        return replace(
            self,
            offsets=offsets,
            channels=self.channels[items],
            delays=self.delays[items],
            weights=self.weights[items],
            bias=self.bias[order],
        )

    def finer(self, exponent: int) -> Taps:
        """Return taps that take the input in finer steps, and in a smaller range.

        Parameters
        ----------
        exponent : int
            The steps become ``2**-exponent`` of what they are, and so does the range.

        Returns
        -------
        Taps
            The record.
        """
        finer = np.float32(2.0**exponent)
        return replace(self, input_gain=self.input_gain * finer, weights=self.weights / finer)

    def with_weights(self, weights: np.ndarray, bias: np.ndarray) -> Taps:
        """Return taps at the same places with other weights and biases, put on their grids.

        Parameters
        ----------
        weights : ndarray of shape (n_taps,)
            Weight of each.
        bias : ndarray of shape (n,)
            Constant current of each neuron.

        Returns
        -------
        Taps
            The record.
        """
        row_sums = np.bincount(self.neurons, weights=np.abs(weights), minlength=self.n_neurons)
        return replace(
            self,
            weights=input_grid(weights, np.maximum(row_sums, _BIAS_WEIGHT * np.abs(bias))),
            bias=to_grid(bias.astype(np.float64), UNIT_EXPONENT).astype(np.float32),
        )


def draw_taps(
    n_channels: int,
    n_neurons: int,
    *,
    input_scaling: float = 1.0,
    n_delays: int = 1,
    max_delay: int = 0,
    max_channels: int | None = None,
    derivative_gain: np.ndarray | None = None,
    derivative_share: float | None = None,
    input_offset: np.ndarray | None = None,
    input_gain: np.ndarray | None = None,
    rng: np.random.Generator,
) -> Taps:
    """Draw the input taps of a liquid.

    Parameters
    ----------
    n_channels, n_neurons : int
        Numbers of input channels and of neurons.
    input_scaling : float, default=1.0
        Input weights are normal with standard deviation ``input_scaling / sqrt(n_taps)``,
        n_taps being the taps of the neuron; in [0, 1e6].
    n_delays : int, default=1
        Taps of a neuron on each of its channels, at delays 0, d, 2 d and so on; with more
        than one, their weights sum to zero.
    max_delay : int, default=0
        Longest delay in time steps where there are several, at most ``2**20``: each neuron
        draws its d log-uniformly from 1 to ``max_delay // (n_delays - 1)``, or 1.
    max_channels : int or None, default=None
        Each neuron listens to a number of random channels that is drawn log-uniformly from 1
        to `max_channels`. None is all channels for every neuron.
    derivative_gain : ndarray of shape (n_channels,) or None, default=None
        If given, there is an input channel more for each: the difference of a standardised
        frame to the one before, times this gain.
    derivative_share : float or None, default=None
        If given, these channels are no further ones but take the places of the others in this
        share of the neurons, which are spread evenly; in [0, 1].
    input_offset, input_gain : ndarray of shape (n_channels,) or None, default=None
        Standardisation of the input; None leaves it as it is.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    Taps
        The taps; those of one neuron in the order of channel and delay.

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid.reservoirs import draw_taps
    >>> taps = draw_taps(3, 50, n_delays=4, max_delay=30, rng=np.random.default_rng(0))
    >>> taps.input_weights.shape, taps.max_delay
    ((50, 3), 30)
    """
    n_channels = check_integer("n_channels", n_channels, low=1, high=MOST_UNITS)
    n_neurons = check_integer("n_neurons", n_neurons, low=1, high=MOST_UNITS)
    scale = check_real("input_scaling", input_scaling, 0, LARGEST_SCALE)
    n_delays = check_integer("n_delays", n_delays, low=1, high=MOST_STEPS)
    max_delay = check_integer("max_delay", max_delay, low=0, high=MOST_STEPS)
    if derivative_share is not None:
        derivative_share = check_real("derivative_share", derivative_share, 0, 1)
        if derivative_gain is None:
            raise ValueError(
                "derivative_share must be None without derivative_gain, got "
                f"{shown(derivative_share)}."
            )
    are_further = derivative_gain is not None and derivative_share is None
    n_sources = 2 * n_channels if are_further else n_channels
    is_mine, n_mine = _choose_channels(n_sources, n_neurons, max_channels, rng)
    neuron, source = np.nonzero(is_mine)
    if derivative_share is not None:
        source = source + n_channels * _evenly_spread(derivative_share, n_neurons)[neuron]
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
        gain = _channel_constants("derivative_gain", derivative_gain, n_channels, 1.0)
        gains = np.where(is_derivative, gain[source % n_channels], 1.0)
        weights = weights * gains[:, np.newaxis]
        # x[t] - x[t-1] is one tap with the weight, and one a step later with its negative.
        neuron = np.concatenate([neuron, neuron[is_derivative]])
        channel = np.concatenate([channel, channel[is_derivative]])
        delays = np.concatenate([delays, delays[is_derivative] + 1])
        weights = np.concatenate([weights, -weights[is_derivative]])
    neuron, channel, delays = neuron.ravel(), channel.ravel(), delays.ravel()
    order = np.lexsort((delays, channel, neuron))
    offsets = np.concatenate([[0], np.cumsum(np.bincount(neuron, minlength=n_neurons))])
    bias = np.zeros(n_neurons, dtype=np.float32)
    taps = Taps(
        offsets,
        channel[order].astype(np.int32),
        delays[order].astype(np.int32),
        weights.ravel()[order],
        bias,
        _channel_constants("input_offset", input_offset, n_channels, 0.0),
        _channel_constants("input_gain", input_gain, n_channels, 1.0),
    )
    return taps.with_weights(taps.weights, bias)


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


def _evenly_spread(share: float, n_neurons: int) -> np.ndarray:
    """Which neurons make up a share, shape (n_neurons,)."""
    return np.diff(np.floor(share * np.arange(n_neurons + 1))) > 0


def _log_uniform(most: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Whole numbers from 1 to `most`, about as many between 1 and 2 as between 2 and 4."""
    drawn = np.exp(rng.uniform(0.0, np.log(most + 1.0), size)).astype(np.int64)
    return np.minimum(drawn, most)  # which rounding in the exponential may pass


def _channel_constants(name: str, values: Any, n_channels: int, default: float) -> np.ndarray:
    if values is None:
        return np.full(n_channels, default, dtype=np.float32)
    with naming(name, "an array of numbers", values, ValueError):
        constants = np.asarray(values, dtype=np.float32)
    if constants.shape != (n_channels,) or not np.isfinite(constants).all():
        raise ValueError(f"{name} must be finite, of shape ({n_channels},), got {shown(values)}.")
    return constants
