"""What a published liquid is made of, and how it is drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any

import numpy as np
from scipy import sparse

from .._checks import LARGEST_SCALE, MOST_UNITS, check_integer, check_real, check_seed, shown
from ..reservoirs import IntegrateAndFire, Liquid, NeuronModel, SynapseModel, Taps, draw_liquid
from ..topology._graphs import spatial_edges
from ..topology._space import PEAKS, checked_peaks, checked_shape, drawn_positions


@dataclass(frozen=True)
class PublishedModel:
    """Parameters of a liquid on a grid, as a paper gives them.

    Times are in ms, potentials in mV, currents in nA. Pairs of types are in the order EE, EI, IE
    and II, where EI is from excitatory to inhibitory neurons.

    Parameters
    ----------
    shape : tuple of three ints, default=(3, 3, 15)
        Numbers of places of the grid, on each of which is a neuron.
    exc_ratio : float, default=0.8
        Fraction of excitatory neurons, drawn among the places.
    C : tuple of four floats, default=(0.3, 0.2, 0.4, 0.1)
        Connection probability at no distance, by pairs of types.
    lambda_ : float, default=2.0
        How far synapses reach: two neurons a distance d apart are connected with the probability
        ``C exp(-(d / lambda_)^2)``.
    strength : tuple of four floats, default=(1, 1, -1, -1)
        Mean weight of a synapse, by pairs of types, negative from inhibitory neurons.
    input_strength : tuple of two floats, default=(1, 1)
        Mean weight of an input synapse onto excitatory and onto inhibitory neurons.
    spread : float, default=0.0
        Standard deviation of all of these as a fraction of the mean; they are gamma-distributed.
    input_density : float, default=0.3
        Probability that a neuron hears an input channel.
    input_inhibition : float, default=0.0
        Fraction of the input synapses whose weight is negative.
    cell : IntegrateAndFire
        The neurons; `dt` is set when they are drawn.
    synapse : SynapseModel
        The synapses; `dt` and `inhibitory` are set when they are drawn.
    tau_state : float, default=30.0
        Time constant of the filter through which a readout sees the spikes.

    Examples
    --------
    A column with half the connections, in steps of 0.5 ms:

    >>> from dataclasses import replace
    >>> from skliquid.published import MODELS
    >>> column = MODELS["maass_2002"]
    >>> half = replace(column, C=tuple(p / 2 for p in column.C))
    >>> half.draw(4, dt=0.5, seed=0).n_neurons
    135
    """

    shape: tuple[int, int, int] = (3, 3, 15)
    exc_ratio: float = 0.8
    C: tuple[float, ...] = PEAKS
    lambda_: float = 2.0
    strength: tuple[float, ...] = (1.0, 1.0, -1.0, -1.0)
    input_strength: tuple[float, float] = (1.0, 1.0)
    spread: float = 0.0
    input_density: float = 0.3
    input_inhibition: float = 0.0
    cell: IntegrateAndFire = field(default_factory=IntegrateAndFire)
    synapse: SynapseModel = field(default_factory=SynapseModel)
    tau_state: float = 30.0

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return math.prod(self.shape)

    def draw(self, n_channels: int, *, dt: float = 1.0, seed: Any = None) -> Liquid:
        """Draw the liquid.

        Parameters
        ----------
        n_channels : int
            Number of input channels.
        dt : float, default=1.0
            Length of a step in ms.
        seed : int, numpy.random.Generator or None, default=None
            Seed of all draws.

        Returns
        -------
        Liquid
            The liquid, its excitatory neurons first.

        Raises
        ------
        ValueError, TypeError
            If a parameter is out of its range or of the wrong type.
        """
        n_channels = check_integer("n_channels", n_channels, low=1, high=MOST_UNITS)
        self._check()
        tap_rng, rng = check_seed("seed", seed).spawn(2)
        inhibitory = np.arange(self.n_neurons) >= int(self.exc_ratio * self.n_neurons)
        liquid = draw_liquid(
            n_channels,
            self.n_neurons,
            topology=self._recurrent,
            synapse=replace(self.synapse, dt=dt, inhibitory=inhibitory),
            neurons=replace(self.cell, dt=dt).draw,
            inhibitory=inhibitory,
            seed=rng,
        )
        return replace(liquid, taps=self._taps(n_channels, inhibitory, tap_rng))

    def _check(self) -> None:
        if self.shape is None:  # a grid as small as neurons allow, of which no number is given
            raise TypeError("shape must be three numbers, got None.")
        checked_shape(1, self.shape, "grid")
        checked_peaks(self.C)
        for name, kind in (("cell", NeuronModel), ("synapse", SynapseModel)):
            if not isinstance(given := getattr(self, name), kind):
                raise TypeError(
                    f"{name} must be a configured {kind.__name__}, got {shown(given)}."
                )
        for name in ("exc_ratio", "input_density", "input_inhibition"):
            check_real(name, getattr(self, name), 0, 1)
        for name in ("lambda_", "tau_state"):
            check_real(name, getattr(self, name), 0, LARGEST_SCALE, closed="right")
        check_real("spread", self.spread, 0, LARGEST_SCALE)
        for name, n, words in (("strength", 4, "four"), ("input_strength", 2, "two")):
            given = getattr(self, name)
            if np.shape(given) != (n,) or not all(map(_is_finite, given)):
                raise ValueError(f"{name} must be {words} finite numbers, got {shown(given)}.")
        if min(self.strength[:2]) < 0 or max(self.strength[2:]) > 0:
            raise ValueError(
                "strength must be non-negative of EE and EI and non-positive of IE and II, got "
                f"{shown(self.strength)}."
            )

    def _recurrent(self, n: int, rng: np.random.Generator) -> tuple[Any, np.ndarray]:
        """Recurrent weights and positions."""
        n_excitatory = int(self.exc_ratio * n)
        positions = drawn_positions(n, checked_shape(n, self.shape, "grid"), "grid", rng)
        peaks = checked_peaks(self.C)
        target, source = spatial_edges(positions, n_excitatory, peaks, self.lambda_, rng)
        pair = 2 * (source >= n_excitatory) + (target >= n_excitatory)
        weights = np.asarray(self.strength)[pair] * self._gamma(len(pair), rng)
        return sparse.csc_array((weights, (target, source)), shape=(n, n)), positions

    def _taps(self, n_channels: int, inhibitory: np.ndarray, rng: np.random.Generator) -> Taps:
        hears = rng.random((len(inhibitory), n_channels)) < self.input_density
        neuron, channel = np.nonzero(hears)
        sign = np.where(rng.random(len(neuron)) < self.input_inhibition, -1.0, 1.0)
        means = sign * np.asarray(self.input_strength)[inhibitory[neuron].astype(int)]
        taps = Taps(
            np.concatenate([[0], np.cumsum(hears.sum(axis=1))]),
            channel.astype(np.int32),
            np.zeros(len(channel), dtype=np.int32),
            means,
            np.zeros(len(inhibitory)),
            np.zeros(n_channels, dtype=np.float32),
            np.ones(n_channels, dtype=np.float32),
        )
        return taps.with_weights(means * self._gamma(len(means), rng), taps.bias)

    def _gamma(self, size: int, rng: np.random.Generator) -> np.ndarray:
        """Gamma-distributed factors of mean 1."""
        variance = self.spread**2
        return rng.gamma(1 / variance, variance, size) if variance else np.ones(size)


def _is_finite(value: Any) -> bool:
    return isinstance(value, Real) and math.isfinite(value)
