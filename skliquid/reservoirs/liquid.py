"""The liquid: one drawn reservoir as a frozen record of plain NumPy arrays.

Each neuron is a leaky integrate-and-fire unit in discrete time [1]_::

    I[t]   = sum over taps of w x^[channel, t - delay] + b + W s[t-1]
    v      = decay(mem[t-1], beta) + I[t]
    s[t]   = 1 where v > threshold + a[t-1] and rest[t-1] = 0, else 0
    mem[t] = v - threshold * s[t]                         (reset by subtraction)
    a[t]   = decay(a[t-1], beta_a) + adaptation * s[t]    (spike-frequency adaptation)
    rest[t] = refractory where s[t], else max(rest[t-1] - 1, 0)

with ``beta = exp(-1 / tau)``, tau in time steps, and x^ the standardised input, zero before
the sequence starts. A tap is an input synapse with a delay. The adaptation is that of [2]_.
With one tap of delay zero for each channel, no adaptation and no refractory steps this is the
plain liquid, ``I[t] = W_in x^[t] + b + W s[t-1]``. The rounding inside ``decay`` and of every
weight is described in :mod:`skliquid.reservoirs.fixed_point`.

References
----------
.. [1] Maass, Natschlaeger, Markram. "Real-time computing without stable states", Neural
   Computation 14(11), 2002.
.. [2] Bellec, Salaj, Subramoney, Legenstein, Maass. "Long short-term memory and
   learning-to-learn in networks of spiking neurons", NeurIPS 2018.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from .._checks import (
    LARGEST_SCALE,
    MOST_STEPS,
    check_integer,
    check_option,
    check_pair,
    check_real,
    check_seed,
)
from ..topology import erdos_renyi, scale_free, small_world
from .fixed_point import UNIT_EXPONENT, recurrent_grid, to_grid
from .taps import draw_taps

TOPOLOGIES: dict[str, Callable[..., Any]] = {
    "erdos_renyi": erdos_renyi,
    "small_world": small_world,
    "scale_free": scale_free,
}
_SMALLEST = {"erdos_renyi": 1, "small_world": 3, "scale_free": 2}
# A warning is due where rounding removes more than this fraction of the synapses.
_LOST_SYNAPSES = 0.1
# Synapses of a neuron where the connectivity is not given: enough to connect the graph.
_SYNAPSES_EACH = 10


@dataclass(frozen=True, eq=False)
class Liquid:
    """Weights and neuron constants of one reservoir.

    Parameters
    ----------
    synapse_offsets : ndarray of shape (n + 1,), dtype int64
        The outgoing synapses of neuron j are numbers ``synapse_offsets[j]`` to
        ``synapse_offsets[j + 1]``.
    synapse_targets : ndarray of shape (n_synapses,), dtype int32
        Neuron that each synapse ends on.
    synapse_units : ndarray of shape (n_synapses,), dtype int16
        Weight of each synapse in units of ``2**-weight_exponent``.
    weight_exponent : int
        Exponent of the grid of the recurrent weights.
    tap_offsets : ndarray of shape (n + 1,), dtype int64
        The input taps of neuron i are numbers ``tap_offsets[i]`` to ``tap_offsets[i + 1]``.
    tap_channels, tap_delays : ndarray of shape (n_taps,), dtype int32
        Channel that each tap listens to, and its delay in time steps.
    tap_weights : ndarray of shape (n_taps,), dtype float32
        Weight of each tap.
    bias, beta, threshold : ndarray of shape (n,), dtype float32
        Constant current, membrane decay per time step, and firing threshold.
    adaptation, adaptation_beta : ndarray of shape (n,), dtype float32
        Rise of the threshold with each spike, and its decay per time step.
    refractory : ndarray of shape (n,), dtype int32
        Time steps after a spike in which the neuron cannot fire.
    input_offset, input_gain : ndarray of shape (n_channels,), dtype float32
        The input is standardised as ``(x - input_offset) * input_gain``.

    Examples
    --------
    >>> from skliquid.reservoirs import draw_liquid
    >>> liquid = draw_liquid(3, 100, seed=0)
    >>> liquid.n_neurons, liquid.n_channels
    (100, 3)
    """

    synapse_offsets: np.ndarray
    synapse_targets: np.ndarray
    synapse_units: np.ndarray
    weight_exponent: int
    tap_offsets: np.ndarray
    tap_channels: np.ndarray
    tap_delays: np.ndarray
    tap_weights: np.ndarray
    bias: np.ndarray
    beta: np.ndarray
    threshold: np.ndarray
    adaptation: np.ndarray
    adaptation_beta: np.ndarray
    refractory: np.ndarray
    input_offset: np.ndarray
    input_gain: np.ndarray

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return len(self.beta)

    @property
    def n_channels(self) -> int:
        """Number of input channels."""
        return len(self.input_offset)

    @property
    def max_delay(self) -> int:
        """Longest delay of an input tap in time steps."""
        return int(self.tap_delays.max(initial=0))

    @property
    def is_fatigable(self) -> bool:
        """Whether a spike changes when its neuron can fire next."""
        return bool(self.adaptation.any() or self.refractory.any())

    @property
    def input_weights(self) -> np.ndarray:
        """Weights of the input channels, shape (n, n_channels), float32.

        Taps of several delays on one channel are summed: what a constant input meets.
        """
        neurons = np.repeat(np.arange(self.n_neurons), np.diff(self.tap_offsets))
        weights = np.zeros((self.n_neurons, self.n_channels), dtype=np.float32)
        np.add.at(weights, (neurons, self.tap_channels), self.tap_weights)
        return weights

    @property
    def density(self) -> float:
        """Fraction of the n x n possible synapses that exist."""
        return len(self.synapse_units) / self.n_neurons**2

    @property
    def recurrent_weights(self) -> np.ndarray:
        """Recurrent weights, shape (n, n), float32; ``W[i, j]`` is the synapse from j to i."""
        weights: np.ndarray = self.sparse_recurrent_weights.toarray()
        return weights

    @property
    def sparse_recurrent_weights(self) -> sparse.csc_array:
        """The same weights as a ``csc_array``."""
        weights = np.ldexp(self.synapse_units.astype(np.float32), -self.weight_exponent)
        return sparse.csc_array(
            (weights, self.synapse_targets, self.synapse_offsets),
            shape=(self.n_neurons, self.n_neurons),
        )


def draw_liquid(
    n_channels: int,
    reservoir_size: int,
    *,
    connectivity: float | None = 0.1,
    recurrent_fraction: float = 1.0,
    spectral_radius: float = 0.9,
    exc_ratio: float = 0.8,
    beta: float | tuple[float, float] = 0.9,
    threshold: float = 1.0,
    topology: Any = "erdos_renyi",
    topology_params: Mapping[str, Any] | None = None,
    ei_balance: float | None = None,
    adaptation: float = 0.0,
    tau_adaptation: float = 20.0,
    refractory: int = 0,
    input_scaling: float = 1.0,
    n_delays: int = 1,
    max_delay: int = 0,
    max_channels: int | None = None,
    derivative_gain: np.ndarray | None = None,
    input_offset: np.ndarray | None = None,
    input_gain: np.ndarray | None = None,
    seed: int | np.random.Generator | None = None,
) -> Liquid:
    """Draw the weights of a liquid.

    Recurrent and input weights come from separate streams of the seed, so that a change of
    the topology leaves the input weights as they were, and the reverse.

    Parameters
    ----------
    n_channels : int
        Number of input channels.
    reservoir_size : int
        Number of neurons, at least 1.
    connectivity : float or None, default=0.1
        Fraction of the possible synapses that exist, in (0, 1]: the connection probability
        of "erdos_renyi"; "small_world" and "scale_free" take the nearest number of
        neighbours ``k`` and of edges ``m`` that they can have. None is about ten synapses
        for each neuron that receives any.
    recurrent_fraction : float, default=1.0
        Fraction of the neurons, chosen at random and at least ten of them, that receive
        recurrent synapses, in (0, 1].
    spectral_radius : float, default=0.9
        Spectral radius of the recurrent weights; non-negative. Rounding to the weight grid
        moves it by less than one part in a thousand.
    exc_ratio : float, default=0.8
        Fraction of excitatory neurons, in [0, 1].
    beta : float or (float, float), default=0.9
        Decay of the membrane potential per time step, in [0, 1): ``exp(-1 / tau)``. A pair
        draws each neuron's time constant tau log-uniformly between those of the two [1]_.
    threshold : float, default=1.0
        Membrane potential above which a neuron fires, at least ``2**-20``.
    topology : {"erdos_renyi", "small_world", "scale_free"}, callable or array_like, \
            default="erdos_renyi"
        Name of a random graph of :mod:`skliquid.topology`; or a function ``(n, rng)`` that
        returns the recurrent weights; or the weights themselves, of shape (n, n). Weights
        that are given are only rounded to the weight grid: `connectivity`,
        `recurrent_fraction`, `spectral_radius` and `exc_ratio` do not act on them.
    topology_params : mapping or None, default=None
        Further arguments of the named random graph, such as ``{"p_rewire": 0.3}``.
    ei_balance : float or None, default=None
        Total inhibition as a fraction of total excitation in the named random graph: 1 is
        balance [2]_. None leaves every weight's magnitude as drawn.
    adaptation : float, default=0.0
        Rise of a neuron's threshold with each of its spikes; in [0, 1e6].
    tau_adaptation : float, default=20.0
        Time constant in steps with which the threshold falls back; positive.
    refractory : int, default=0
        Time steps after a spike in which the neuron cannot fire.
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
    input_offset, input_gain : ndarray of shape (n_channels,) or None, default=None
        Standardisation of the input; None leaves it as it is.
    seed : int, numpy.random.Generator or None, default=None
        Seed of all random draws.

    Returns
    -------
    Liquid
        The record.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type.

    References
    ----------
    .. [1] Perez-Nieves, Leung, Dragotti, Goodman. "Neural heterogeneity promotes robust
       learning", Nature Communications 12, 2021.
    .. [2] Brunel. "Dynamics of sparsely connected networks of excitatory and inhibitory
       spiking neurons", Journal of Computational Neuroscience 8, 2000.

    Examples
    --------
    >>> from skliquid.reservoirs import draw_liquid
    >>> draw_liquid(1, 50, topology="small_world", seed=0).density
    0.08
    """
    n = check_integer("reservoir_size", reservoir_size, low=1)
    n_channels = check_integer("input_size", n_channels, low=1)
    if connectivity is None:
        connectivity = min(_SYNAPSES_EACH / n, 1.0)
    connectivity = check_real("connectivity", connectivity, 0, 1, closed="right")
    recurrent_fraction = check_real("recurrent_fraction", recurrent_fraction, 0, 1, closed="right")
    exc_ratio = check_real("exc_ratio", exc_ratio, 0, 1)
    spectral_radius = check_real("spectral_radius", spectral_radius, 0, LARGEST_SCALE)
    threshold = check_real("threshold", threshold, 2.0**-UNIT_EXPONENT, LARGEST_SCALE)
    adaptation = check_real("adaptation", adaptation, 0, LARGEST_SCALE)
    tau_adaptation = check_real("tau_adaptation", tau_adaptation, 0, closed="neither")
    refractory = check_integer("refractory", refractory, low=0, high=MOST_STEPS)
    topology_rng, input_rng, neuron_rng = check_seed("seed", seed).spawn(3)

    if isinstance(topology, str):
        arguments = _graph_arguments(topology, n, connectivity, topology_params)
        W = TOPOLOGIES[topology](
            n,
            exc_ratio=exc_ratio,
            recurrent_fraction=recurrent_fraction,
            spectral_radius=spectral_radius,
            ei_balance=ei_balance,
            rng=topology_rng,
            as_sparse=True,
            **arguments,
        ).tocsc()
        W.sort_indices()
    else:
        if topology_params:
            raise ValueError(
                "topology_params are arguments of a named random graph, but topology is "
                f"{type(topology).__name__}; got {topology_params!r}."
            )
        W = _given_weights(topology(n, topology_rng) if callable(topology) else topology, n)
    units, exponent = recurrent_grid(W.data, W.indices)
    _warn_of_lost_synapses(W.data, units)
    taps = draw_taps(
        n_channels,
        n,
        input_scaling=input_scaling,
        n_delays=n_delays,
        max_delay=max_delay,
        max_channels=max_channels,
        derivative_gain=derivative_gain,
        rng=input_rng,
    )
    return Liquid(
        synapse_offsets=W.indptr.astype(np.int64),
        synapse_targets=W.indices.astype(np.int32),
        synapse_units=units,
        weight_exponent=exponent,
        tap_offsets=taps.offsets,
        tap_channels=taps.channels,
        tap_delays=taps.delays,
        tap_weights=taps.weights,
        bias=np.zeros(n, dtype=np.float32),
        beta=_decays(beta, n, neuron_rng),
        threshold=_on_grid(threshold, n),
        adaptation=_on_grid(adaptation, n),
        adaptation_beta=np.full(n, np.exp(-1.0 / tau_adaptation), dtype=np.float32),
        refractory=np.full(n, refractory, dtype=np.int32),
        input_offset=_channel_constants(input_offset, n_channels, 0.0),
        input_gain=_channel_constants(input_gain, n_channels, 1.0),
    )


def _decays(beta: float | tuple[float, float], n: int, rng: np.random.Generator) -> np.ndarray:
    """Membrane decay of each neuron."""
    if np.ndim(beta) == 0:
        return np.full(n, check_real("beta", beta, 0, 1, closed="left"), dtype=np.float32)
    low, high = check_pair("beta", beta, 0, 1, closed="neither")
    log_tau = rng.uniform(np.log(-1.0 / np.log(low)), np.log(-1.0 / np.log(high)), size=n)
    return np.exp(-np.exp(-log_tau)).astype(np.float32)


def _on_grid(value: float, n: int) -> np.ndarray:
    return to_grid(np.full(n, value, dtype=np.float32), UNIT_EXPONENT)


def _graph_arguments(
    topology: str, n: int, connectivity: float, topology_params: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Arguments of the named graph that give it the connectivity, unless set by the user."""
    check_option("topology", topology, TOPOLOGIES)
    if n < _SMALLEST[topology]:
        raise ValueError(
            f"reservoir_size must be at least {_SMALLEST[topology]} for topology {topology!r}, "
            f"got {n}."
        )
    arguments: dict[str, Any] = {}
    if topology == "erdos_renyi":
        arguments["p"] = connectivity
    elif topology == "small_world":  # each neuron has k of n - 1 possible partners
        k = 2 * round(connectivity * (n - 1) / 2)
        arguments["k"] = min(max(k, 2), 2 * ((n - 1) // 2))
    else:  # 2 m (n - m) synapses of n (n - 1); half of them are the most there can be
        root = max(1 - 2 * connectivity * (n - 1) / n, 0.0) ** 0.5
        arguments["m"] = min(max(round(n * (1 - root) / 2), 1), n - 1)
    if not isinstance(topology_params, Mapping | None):
        raise TypeError(f"topology_params must be a mapping or None, got {topology_params!r}.")
    given = dict(topology_params or {})
    own = inspect.signature(TOPOLOGIES[topology]).parameters
    shared = {
        "n",
        "exc_ratio",
        "recurrent_fraction",
        "spectral_radius",
        "ei_balance",
        "rng",
        "as_sparse",
    }
    accepted = set(own) - shared
    for name in given:
        check_option(f"topology_params of {topology!r}: parameter", name, accepted)
    return arguments | given


def _given_weights(W: Any, n: int) -> sparse.csc_array:
    """Return weights that the user gave as a canonical ``csc_array``, or say what is wrong."""
    accepted = (
        f"one of {sorted(TOPOLOGIES)}, a callable (n, rng) -> W or real weights of shape "
        f"({n}, {n}), reservoir_size neurons"
    )
    weights = W if sparse.issparse(W) else np.asarray(W)
    if weights.dtype.kind not in "biuf":
        raise TypeError(f"topology must be {accepted}, got {W!r}.")
    if weights.shape != (n, n):
        raise ValueError(f"topology must be {accepted}, got weights of shape {weights.shape}.")
    weights = sparse.csc_array(weights, dtype=np.float64)
    weights.sum_duplicates()
    weights.eliminate_zeros()
    if not (np.abs(weights.data) <= LARGEST_SCALE).all():
        raise ValueError(
            f"topology gives recurrent weights that are not all in [-{LARGEST_SCALE:g}, "
            f"{LARGEST_SCALE:g}]."
        )
    return weights


def _warn_of_lost_synapses(weights: np.ndarray, units: np.ndarray) -> None:
    lost = np.count_nonzero((units == 0) & (weights != 0))
    if lost > _LOST_SYNAPSES * len(weights):
        warnings.warn(
            f"{lost} of {len(weights)} synapses are too weak for the grid of the weights, "
            "which the strongest row sets, and were rounded to zero.",
            UserWarning,
            stacklevel=3,
        )


def _channel_constants(values: Any, n_channels: int, default: float) -> np.ndarray:
    if values is None:
        return np.full(n_channels, default, dtype=np.float32)
    values = np.asarray(values, dtype=np.float32)
    if values.shape != (n_channels,):
        raise ValueError(
            f"input_offset and input_gain must have shape ({n_channels},), got {values.shape}."
        )
    return values
