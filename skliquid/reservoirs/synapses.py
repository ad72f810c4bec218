"""Recurrent synapses: ``I[t] = W s[t-1]``, with ``W[i, j]`` the synapse from neuron j to i."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any, Self

import numpy as np
from scipy import sparse

from .._checks import (
    LARGEST_SCALE,
    MOST_UNITS,
    check_integer,
    check_option,
    check_real,
    naming,
    shown,
)
from ..topology import erdos_renyi, scale_free, small_world, spatial
from ..topology._space import length_of_density
from ._segments import reordered
from .fixed_point import recurrent_grid
from .neurons import NeuronModel

TOPOLOGIES: dict[str, Callable[..., Any]] = {
    "erdos_renyi": erdos_renyi,
    "small_world": small_world,
    "scale_free": scale_free,
    "spatial": spatial,
}
_SMALLEST = {"erdos_renyi": 1, "small_world": 3, "scale_free": 2, "spatial": 1}
# A warning is due where rounding removes more than this fraction of the synapses.
_LOST_SYNAPSES = 0.1
# Synapses of a neuron where the connectivity is not given: enough to connect the graph.
_SYNAPSES_EACH = 10


@dataclass(frozen=True, eq=False)
class Synapses:
    """Recurrent synapses of all neurons, end to end, with weights on a power-of-two grid.

    Parameters
    ----------
    offsets : ndarray of shape (n + 1,), dtype int64
        The outgoing synapses of neuron j are numbers ``offsets[j]`` to ``offsets[j + 1]``.
    targets : ndarray of shape (n_synapses,), dtype int32
        Neuron that each synapse ends on.
    units : ndarray of shape (n_synapses,), dtype int16
        Weight of each synapse in units of ``2**-exponent``.
    exponent : int
        Exponent of the grid of the weights.
    positions : ndarray of shape (n, 3) or None, default=None
        Where each neuron is in space, if it is anywhere.

    Examples
    --------
    >>> from scipy import sparse
    >>> from skliquid.reservoirs import Synapses
    >>> ring = Synapses.of(sparse.csc_array([[0.0, 0.5], [-0.25, 0.0]]))
    >>> ring.weights
    array([[ 0.  ,  0.5 ],
           [-0.25,  0.  ]], dtype=float32)
    """

    offsets: np.ndarray
    targets: np.ndarray
    units: np.ndarray
    exponent: int
    positions: np.ndarray | None = None

    @classmethod
    def of(cls, weights: sparse.csc_array, *, positions: np.ndarray | None = None) -> Self:
        """Put weights on the finest grid on which their sums are exact.

        Parameters
        ----------
        weights : scipy.sparse.csc_array of shape (n, n)
            ``W[i, j]`` is the synapse from j to i.
        positions : ndarray of shape (n, 3) or None, default=None
            Where each neuron is in space.

        Returns
        -------
        Synapses
            The record.
        """
        units, exponent = cls._on_grid(weights.data, weights.indices)
        offsets, targets = weights.indptr.astype(np.int64), weights.indices.astype(np.int32)
        return cls(offsets, targets, units, exponent, positions)

    @classmethod
    def none(cls, n: int) -> Self:
        """Return no synapse among some neurons.

        Parameters
        ----------
        n : int
            Number of neurons.

        Returns
        -------
        Synapses
            The record.
        """
        return cls.of(sparse.csc_array((n, n), dtype=np.float64))

    _on_grid = staticmethod(recurrent_grid)

    def at_rest(self, batch_size: int, width: int) -> dict[str, np.ndarray]:
        """Return the state before the first step: none.

        Parameters
        ----------
        batch_size : int
            Number of sequences.
        width : int
            Number of neurons, those included that an engine adds.

        Returns
        -------
        dict of str to ndarray
            The arrays, the batch first.
        """
        return {}

    def unconnected(self) -> Synapses:
        """Return what is left of the synapses where no neuron has one onto another.

        Returns
        -------
        Synapses
            The record.
        """
        return Synapses.none(self.n_neurons)

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return len(self.offsets) - 1

    @property
    def density(self) -> float:
        """Fraction of the n x n possible synapses that exist."""
        return len(self.units) / self.n_neurons**2

    @property
    def sources(self) -> np.ndarray:
        """Neuron that each synapse starts from, shape (n_synapses,)."""
        return np.repeat(np.arange(self.n_neurons), np.diff(self.offsets))

    @property
    def inhibitory(self) -> np.ndarray:
        """Whether the outgoing weights of each neuron sum to less than zero, shape (n,), bool."""
        sums = np.bincount(self.sources, weights=self.units, minlength=self.n_neurons)
        return np.asarray(sums < 0)

    @property
    def weights(self) -> np.ndarray:
        """Weights as a matrix, shape (n, n), float32."""
        weights: np.ndarray = self.sparse_weights.toarray()
        return weights

    @property
    def sparse_weights(self) -> sparse.csc_array:
        """The same weights as a ``csc_array``."""
        weights = np.ldexp(self.units.astype(np.float32), -self.exponent)
        shape = (self.n_neurons, self.n_neurons)
        return sparse.csc_array((weights, self.targets, self.offsets), shape=shape)

    def take(self, order: np.ndarray) -> Synapses:
        """Return the synapses of the same neurons in another order.

        Parameters
        ----------
        order : ndarray of int, shape (n,)
            Which neuron comes first, second and so on.

        Returns
        -------
        Synapses
            The record.
        """
        offsets, items = reordered(self.offsets, order)
        place = np.argsort(order)
        targets = place[self.targets[items]].astype(np.int32)
        positions = None if self.positions is None else self.positions[order]
        units = self.units[items]
        return replace(self, offsets=offsets, targets=targets, units=units, positions=positions)

    def with_weights(self, W: np.ndarray) -> Synapses:
        """Return the same synapses with other weights, put on their grid.

        Parameters
        ----------
        W : ndarray of shape (n, n)
            The weights; those of synapses that there are not are left out.

        Returns
        -------
        Synapses
            The record.
        """
        units, exponent = self._on_grid(W[self.targets, self.sources], self.targets)
        return replace(self, units=units, exponent=exponent)


def draw_synapses(
    n: int,
    *,
    topology: Any = "erdos_renyi",
    topology_params: Mapping[str, Any] | None = None,
    connectivity: float | None = 0.1,
    recurrent_fraction: float = 1.0,
    spectral_radius: float = 0.9,
    exc_ratio: float = 0.8,
    ei_balance: float | None = None,
    synapse: Any = None,
    rng: np.random.Generator,
) -> Synapses:
    """Draw the recurrent synapses of a liquid.

    Parameters
    ----------
    n : int
        Number of neurons.
    topology : {"erdos_renyi", "small_world", "scale_free", "spatial"}, callable or \
            array_like, default="erdos_renyi"
        Name of a random graph of :mod:`skliquid.topology`; or a function ``(n, rng)`` that
        returns the recurrent weights, or these and the neurons' positions, of shape (n, 3);
        or the weights themselves, of shape (n, n). Weights that are given are only rounded to
        the weight grid: `connectivity`, `recurrent_fraction`, `spectral_radius`, `exc_ratio` and
        `ei_balance` do not act on them.
    topology_params : mapping or None, default=None
        Further arguments of the named random graph, such as ``{"p_rewire": 0.3}``.
    connectivity : float or None, default=0.1
        Fraction of the possible synapses that exist, in (0, 1]: the connection probability
        of "erdos_renyi"; "small_world" and "scale_free" take the nearest number of
        neighbours ``k`` and of edges ``m`` that they can have, and "spatial" the reach
        ``lambda_`` with which so many are expected. None is about ten synapses
        for each neuron that receives any.
    recurrent_fraction : float, default=1.0
        Fraction of the neurons, chosen at random and at least ten of them, that receive
        recurrent synapses, in (0, 1].
    spectral_radius : float, default=0.9
        Spectral radius of the recurrent weights; non-negative. Rounding to the weight grid
        moves it by less than one part in a thousand.
    exc_ratio : float, default=0.8
        Fraction of excitatory neurons, in [0, 1].
    ei_balance : float or None, default=None
        Total inhibition as a fraction of total excitation in the named random graph: 1 is
        balance [1]_. None leaves every weight's magnitude as drawn.
    synapse : SynapseModel or None, default=None
        What a spike does beyond the next step: synaptic currents, delays and short-term
        plasticity, see :class:`~skliquid.reservoirs.SynapseModel`. None is
        ``I[t] = W s[t-1]``.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    Synapses
        The record.

    References
    ----------
    .. [1] Brunel. "Dynamics of sparsely connected networks of excitatory and inhibitory
       spiking neurons", Journal of Computational Neuroscience 8, 2000.

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid.reservoirs import draw_synapses
    >>> rng = np.random.default_rng(0)
    >>> draw_synapses(100, topology="small_world", connectivity=0.06, rng=rng).density
    0.06
    """
    n = check_integer("n", n, low=1, high=MOST_UNITS)
    if connectivity is None:
        connectivity = min(_SYNAPSES_EACH / n, 1.0)
    connectivity = check_real("connectivity", connectivity, 0, 1, closed="right")
    # The graphs check these too, but weights that are given do not reach one.
    check_real("recurrent_fraction", recurrent_fraction, 0, 1, closed="right")
    check_real("spectral_radius", spectral_radius, 0, LARGEST_SCALE)
    check_real("exc_ratio", exc_ratio, 0, 1)
    positions = None
    if isinstance(topology, str):
        arguments = _graph_arguments(topology, n, connectivity, exc_ratio, topology_params)
        W = TOPOLOGIES[topology](
            n,
            **arguments,
            recurrent_fraction=recurrent_fraction,
            spectral_radius=spectral_radius,
            exc_ratio=exc_ratio,
            ei_balance=ei_balance,
            rng=rng,
            as_sparse=True,
        )
        if topology == "spatial":
            W, positions = W
        W = W.tocsc()
        W.sort_indices()
    elif topology_params:
        raise ValueError(
            "topology_params are arguments of a named random graph, but topology is "
            f"{type(topology).__name__}; got {shown(topology_params)}."
        )
    else:
        W, positions = _given(topology, n, rng)
    synapses = Synapses.of(W) if synapse is None else _drawn(synapse, W, positions, rng)
    synapses = replace(synapses, positions=positions)
    _warn_of_lost_synapses(W.data, synapses.units)
    return synapses


def _drawn(
    model: Any, W: sparse.csc_array, positions: np.ndarray | None, rng: np.random.Generator
) -> Synapses:
    if isinstance(model, type | NeuronModel) or not callable(getattr(model, "draw", None)):
        raise TypeError(f"synapse must be a configured SynapseModel or None, got {shown(model)}.")
    synapses = model.draw(W, rng, positions=positions)
    if not isinstance(synapses, Synapses):
        raise TypeError(f"synapse must draw Synapses, got {type(synapses).__name__}.")
    return synapses


def _graph_arguments(
    topology: str,
    n: int,
    connectivity: float,
    exc_ratio: float,
    topology_params: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Arguments of the named graph that give it the connectivity, unless set by the user."""
    check_option("topology", topology, TOPOLOGIES)
    if n < _SMALLEST[topology]:
        raise ValueError(
            f"reservoir_size must be at least {_SMALLEST[topology]} for topology {topology!r}, "
            f"got {n}."
        )
    given = _own_arguments(topology, topology_params)
    arguments: dict[str, Any] = {}
    if topology == "erdos_renyi":
        arguments["p"] = connectivity
    elif topology == "small_world":  # each neuron has k of n - 1 possible partners
        k = 2 * round(connectivity * (n - 1) / 2)
        arguments["k"] = min(max(k, 2), 2 * ((n - 1) // 2))
    elif topology == "scale_free":  # 2 m (n - m) synapses of n (n - 1), at most half of them
        root = max(1 - 2 * connectivity * (n - 1) / n, 0.0) ** 0.5
        arguments["m"] = min(max(round(n * (1 - root) / 2), 1), n - 1)
    else:
        space = {name: given[name] for name in ("C", "shape", "placement") if name in given}
        arguments["lambda_"] = length_of_density(connectivity, n, exc_ratio, **space)
        arguments["return_positions"] = True
    return {**arguments, **given}


def _own_arguments(topology: str, topology_params: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the arguments that the user gives, which are the named graph's own."""
    if not isinstance(topology_params, Mapping | None):
        raise TypeError(
            f"topology_params must be a mapping or None, got {shown(topology_params)}."
        )
    shared = set.intersection(*(set(signature(graph).parameters) for graph in TOPOLOGIES.values()))
    own = set(signature(TOPOLOGIES[topology]).parameters) - shared - {"return_positions"}
    for name in topology_params or {}:
        check_option(f"topology_params of {topology!r}: parameter", name, own)
    return dict(topology_params or {})


def _given(
    topology: Any, n: int, rng: np.random.Generator
) -> tuple[sparse.csc_array, np.ndarray | None]:
    """Return weights that the user gave, and positions where there are some."""
    if not callable(topology):
        return _given_weights(topology, n), None
    with naming("topology", "a callable (n, rng) -> W or (W, positions)", topology):
        drawn = topology(n, rng)
    if not (isinstance(drawn, tuple) and len(drawn) == 2 and np.ndim(drawn[0]) == 2):
        return _given_weights(drawn, n), None
    W, positions = drawn
    return _given_weights(W, n), _given_positions(positions, n)


def _given_positions(positions: Any, n: int) -> np.ndarray:
    accepted = f"finite positions of shape ({n}, 3)"
    with naming("topology", f"a callable that returns {accepted}", positions, ValueError):
        positions = np.array(positions, dtype=np.float64)
    if positions.shape != (n, 3) or not np.isfinite(positions).all():
        found = "a NaN or an infinity" if positions.shape == (n, 3) else f"shape {positions.shape}"
        raise ValueError(f"topology must return {accepted}, got {found}.")
    return positions


def _given_weights(W: Any, n: int) -> sparse.csc_array:
    """Return weights that the user gave as a canonical ``csc_array``, or say what is wrong."""
    accepted = (
        f"one of {sorted(TOPOLOGIES)}, a callable (n, rng) -> W or real weights of shape "
        f"({n}, {n}), reservoir_size neurons"
    )
    try:
        weights = W if sparse.issparse(W) else np.asarray(W)
    except ValueError:  # rows of different lengths
        weights = np.empty(0, dtype=object)
    if weights.dtype.kind not in "biuf":
        raise TypeError(f"topology must be {accepted}, got {shown(W)}.")
    if weights.shape != (n, n):
        raise ValueError(f"topology must be {accepted}, got weights of shape {weights.shape}.")
    weights = sparse.csc_array(weights, dtype=np.float64)
    weights.sum_duplicates()
    weights.eliminate_zeros()
    is_wrong = ~(np.abs(weights.data) <= LARGEST_SCALE)
    if is_wrong.any():
        raise ValueError(
            f"topology gives recurrent weights that are not all in [-{LARGEST_SCALE:g}, "
            f"{LARGEST_SCALE:g}], got {weights.data[is_wrong][0]:g}."
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
