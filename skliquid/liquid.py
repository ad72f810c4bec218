"""The liquid: one drawn reservoir as a frozen record of plain NumPy arrays.

Each neuron is a leaky integrate-and-fire unit in discrete time [1]_::

    I[t]   = W_in x^[t] + b + W s[t-1]
    v      = decay(mem[t-1], beta) + I[t]
    s[t]   = 1 where v > threshold, else 0
    mem[t] = v - threshold * s[t]            (reset by subtraction)

with ``beta = exp(-1 / tau)``, tau in time steps, and x^ the standardised input. The
rounding inside ``decay`` and of every weight is described in :mod:`skliquid.fixed_point`.

References
----------
.. [1] Maass, Natschlaeger, Markram. "Real-time computing without stable states", Neural
   Computation 14(11), 2002.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from ._checks import LARGEST_SCALE, check_integer, check_option, check_real, check_seed
from .fixed_point import UNIT_EXPONENT, input_grid, recurrent_grid, to_grid
from .topology import erdos_renyi, scale_free, small_world

TOPOLOGIES: dict[str, Callable[..., Any]] = {
    "erdos_renyi": erdos_renyi,
    "small_world": small_world,
    "scale_free": scale_free,
}
_SMALLEST = {"erdos_renyi": 1, "small_world": 3, "scale_free": 2}
# A warning is due where rounding removes more than this fraction of the synapses.
_LOST_SYNAPSES = 0.1


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
    input_weights : ndarray of shape (n, n_channels), dtype float32
        Weights of the standardised input channels.
    bias, beta, threshold : ndarray of shape (n,), dtype float32
        Constant current, membrane decay per time step, and firing threshold.
    input_offset, input_gain : ndarray of shape (n_channels,), dtype float32
        The input is standardised as ``(x - input_offset) * input_gain``.

    Examples
    --------
    >>> from skliquid.liquid import draw_liquid
    >>> liquid = draw_liquid(3, 100, seed=0)
    >>> liquid.n_neurons, liquid.n_channels
    (100, 3)
    """

    synapse_offsets: np.ndarray
    synapse_targets: np.ndarray
    synapse_units: np.ndarray
    weight_exponent: int
    input_weights: np.ndarray
    bias: np.ndarray
    beta: np.ndarray
    threshold: np.ndarray
    input_offset: np.ndarray
    input_gain: np.ndarray

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return len(self.beta)

    @property
    def n_channels(self) -> int:
        """Number of input channels."""
        return int(self.input_weights.shape[1])

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
    connectivity: float = 0.1,
    spectral_radius: float = 0.9,
    exc_ratio: float = 0.8,
    beta: float = 0.9,
    threshold: float = 1.0,
    topology: Any = "erdos_renyi",
    topology_params: Mapping[str, Any] | None = None,
    input_scaling: float = 1.0,
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
    connectivity : float, default=0.1
        Fraction of the possible synapses that exist, in (0, 1]: the connection probability
        of "erdos_renyi"; "small_world" and "scale_free" take the nearest number of
        neighbours ``k`` and of edges ``m`` that they can have.
    spectral_radius : float, default=0.9
        Spectral radius of the recurrent weights; non-negative. Rounding to the weight grid
        moves it by less than one part in a thousand.
    exc_ratio : float, default=0.8
        Fraction of excitatory neurons, in [0, 1].
    beta : float, default=0.9
        Decay of the membrane potential per time step, in [0, 1).
    threshold : float, default=1.0
        Membrane potential above which a neuron fires, at least ``2**-20``.
    topology : {"erdos_renyi", "small_world", "scale_free"}, callable or array_like, \
            default="erdos_renyi"
        Name of a random graph of :mod:`skliquid.topology`; or a function ``(n, rng)`` that
        returns the recurrent weights; or the weights themselves, of shape (n, n). Weights
        that are given are only rounded to the weight grid: `connectivity`, `spectral_radius`
        and `exc_ratio` do not act on them.
    topology_params : mapping or None, default=None
        Further arguments of the named random graph, such as ``{"p_rewire": 0.3}``.
    input_scaling : float, default=1.0
        Input weights are normal with standard deviation ``input_scaling /
        sqrt(n_channels)``; in [0, 1e6].
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

    Examples
    --------
    >>> from skliquid.liquid import draw_liquid
    >>> draw_liquid(1, 50, topology="small_world", seed=0).density
    0.08
    """
    n = check_integer("reservoir_size", reservoir_size, low=1)
    n_channels = check_integer("input_size", n_channels, low=1)
    connectivity = check_real("connectivity", connectivity, 0, 1, closed="right")
    exc_ratio = check_real("exc_ratio", exc_ratio, 0, 1)
    spectral_radius = check_real("spectral_radius", spectral_radius, 0, LARGEST_SCALE)
    beta = check_real("beta", beta, 0, 1, closed="left")
    threshold = check_real("threshold", threshold, 2.0**-UNIT_EXPONENT, LARGEST_SCALE)
    input_scaling = check_real("input_scaling", input_scaling, 0, LARGEST_SCALE)
    topology_rng, input_rng = check_seed("seed", seed).spawn(2)

    if isinstance(topology, str):
        arguments = _graph_arguments(topology, n, connectivity, topology_params)
        W = TOPOLOGIES[topology](
            n,
            exc_ratio=exc_ratio,
            spectral_radius=spectral_radius,
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
    scale = input_scaling / np.sqrt(n_channels)
    return Liquid(
        synapse_offsets=W.indptr.astype(np.int64),
        synapse_targets=W.indices.astype(np.int32),
        synapse_units=units,
        weight_exponent=exponent,
        input_weights=input_grid(scale * input_rng.standard_normal((n, n_channels))),
        bias=np.zeros(n, dtype=np.float32),
        beta=np.full(n, beta, dtype=np.float32),
        threshold=to_grid(np.full(n, threshold, dtype=np.float32), UNIT_EXPONENT),
        input_offset=_channel_constants(input_offset, n_channels, 0.0),
        input_gain=_channel_constants(input_gain, n_channels, 1.0),
    )


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
    accepted = set(own) - {"n", "exc_ratio", "spectral_radius", "rng", "as_sparse"}
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
