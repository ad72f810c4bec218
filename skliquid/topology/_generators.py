"""Recurrent weight matrices: a random graph, Dale's law, an exact spectral radius."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy import sparse

from .._checks import LARGEST_SCALE, MOST_UNITS, check_bool, check_integer, check_real, check_seed
from ._graphs import Edges, attached_edges, random_edges, ring_rewired_edges
from ._spectral import spectral_radius as radius_of

# The radius is rounded to this many significant digits before it divides the weights, so
# that the last bits of an eigenvalue solver do not reach them: same seed, same weights.
_RADIUS_DIGITS = 10
# Fewer neurons that hear each other seldom have a cycle, and one that sets the radius alone.
_FEWEST_RECURRENT = 10


def erdos_renyi(
    n: int,
    p: float = 0.1,
    exc_ratio: float = 0.8,
    spectral_radius: float = 0.9,
    rng: int | np.random.Generator | None = None,
    *,
    ei_balance: float | None = None,
    recurrent_fraction: float = 1.0,
    as_sparse: bool = False,
) -> Any:
    """Recurrent weights on an Erdos-Renyi graph [1]_.

    Each of the ``n * (n - 1)`` possible connections (no neuron connects to itself) exists
    independently with probability `p`. Weights are ``|N(0, 1)|`` magnitudes, signed by
    Dale's law (the outgoing weights of the first ``int(exc_ratio * n)`` neurons are
    non-negative, those of the others non-positive) and scaled to the spectral radius.

    Parameters
    ----------
    n : int
        Number of neurons, at least 1.
    p : float, default=0.1
        Probability of a connection, in (0, 1].
    exc_ratio : float, default=0.8
        Fraction of excitatory neurons, in [0, 1].
    spectral_radius : float, default=0.9
        Spectral radius of the returned matrix, signs included, in [0, 1e6].
    rng : int, numpy.random.Generator or None, default=None
        Seed or generator of all random draws; None draws differently each time.
    ei_balance : float or None, default=None
        Sum of the inhibitory magnitudes as a fraction of that of the excitatory ones, where
        there are both; 1 is balance. None leaves the magnitudes as drawn. The spectral radius
        is set afterwards.
    recurrent_fraction : float, default=1.0
        Fraction of the neurons, chosen at random and at least ten of them, that receive
        synapses, in (0, 1]; synapses onto the others are left out.
    as_sparse : bool, default=False
        Whether to return a ``scipy.sparse.csr_array`` in place of an array.

    Returns
    -------
    ndarray of shape (n, n), dtype float32
        ``W[i, j]`` is the weight of the synapse from neuron j to neuron i. A
        ``csr_array`` if `as_sparse`.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type.

    Warns
    -----
    UserWarning
        If the graph drawn has no directed cycle, or none whose synapses are not far weaker than
        others: its spectral radius is 0, or a millionth of a weight, at any scale of the weights,
        which are then left at unit scale.

    References
    ----------
    .. [1] Erdos, Renyi. "On random graphs I", Publicationes Mathematicae 6, 1959.

    Examples
    --------
    >>> from skliquid.topology import erdos_renyi, spectral_radius
    >>> W = erdos_renyi(300, p=0.1, spectral_radius=0.9, rng=0)
    >>> W.shape, W.dtype
    ((300, 300), dtype('float32'))
    >>> round(spectral_radius(W), 5)
    0.9
    """
    n = check_integer("n", n, low=1, high=MOST_UNITS)
    p = check_real("p", p, 0, 1, closed="right")
    rng = check_seed("rng", rng)
    edges = _onto_some(random_edges(n, p, rng), n, recurrent_fraction, rng)
    return _weighted(edges, n, exc_ratio, spectral_radius, ei_balance, rng, as_sparse)


def small_world(
    n: int,
    k: int = 6,
    p_rewire: float = 0.1,
    exc_ratio: float = 0.8,
    spectral_radius: float = 0.9,
    rng: int | np.random.Generator | None = None,
    *,
    ei_balance: float | None = None,
    recurrent_fraction: float = 1.0,
    as_sparse: bool = False,
) -> Any:
    """Recurrent weights on a Watts-Strogatz small-world graph [1]_.

    A ring lattice links each neuron to its `k` nearest neighbours; each of its edges is
    rewired with probability `p_rewire`. An edge is a synapse in both directions, each with
    a weight of its own, drawn as in :func:`erdos_renyi`.

    Parameters
    ----------
    n : int
        Number of neurons, at least 3.
    k : int, default=6
        Number of nearest neighbours, even, from 2 to ``n - 1``.
    p_rewire : float, default=0.1
        Probability that an edge is rewired, in [0, 1].
    exc_ratio : float, default=0.8
        Fraction of excitatory neurons, in [0, 1].
    spectral_radius : float, default=0.9
        Spectral radius of the returned matrix, signs included, in [0, 1e6].
    rng : int, numpy.random.Generator or None, default=None
        Seed or generator of all random draws; None draws differently each time.
    ei_balance : float or None, default=None
        Sum of the inhibitory magnitudes as a fraction of that of the excitatory ones, where
        there are both; 1 is balance. None leaves the magnitudes as drawn. The spectral radius
        is set afterwards.
    recurrent_fraction : float, default=1.0
        Fraction of the neurons, chosen at random and at least ten of them, that receive
        synapses, in (0, 1]; synapses onto the others are left out.
    as_sparse : bool, default=False
        Whether to return a ``scipy.sparse.csr_array`` in place of an array.

    Returns
    -------
    ndarray of shape (n, n), dtype float32
        ``W[i, j]`` is the weight of the synapse from neuron j to neuron i. A
        ``csr_array`` if `as_sparse`.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type.

    References
    ----------
    .. [1] Watts, Strogatz. "Collective dynamics of 'small-world' networks", Nature 393,
       1998.

    Examples
    --------
    >>> from skliquid.topology import small_world
    >>> W = small_world(100, k=6, p_rewire=0.1, rng=0)
    >>> int((W != 0).sum())
    600
    """
    n = check_integer("n", n, low=3, high=MOST_UNITS)
    k = check_integer("k", k, low=2, high=n - 1)
    if k % 2:
        raise ValueError(f"k must be even (k / 2 neighbours on each side), got {k}.")
    p_rewire = check_real("p_rewire", p_rewire, 0, 1)
    rng = check_seed("rng", rng)
    edges = _onto_some(ring_rewired_edges(n, k, p_rewire, rng), n, recurrent_fraction, rng)
    return _weighted(edges, n, exc_ratio, spectral_radius, ei_balance, rng, as_sparse)


def scale_free(
    n: int,
    m: int = 3,
    exc_ratio: float = 0.8,
    spectral_radius: float = 0.9,
    rng: int | np.random.Generator | None = None,
    *,
    ei_balance: float | None = None,
    recurrent_fraction: float = 1.0,
    as_sparse: bool = False,
) -> Any:
    """Recurrent weights on a Barabasi-Albert scale-free graph [1]_.

    Growing from a star of ``m + 1`` nodes, every further node is attached with `m` edges,
    preferentially to nodes of high degree. An edge is a synapse in both directions, each
    with a weight of its own, drawn as in :func:`erdos_renyi`.

    Parameters
    ----------
    n : int
        Number of neurons, at least 2.
    m : int, default=3
        Number of edges that a new node brings, from 1 to ``n - 1``.
    exc_ratio : float, default=0.8
        Fraction of excitatory neurons, in [0, 1].
    spectral_radius : float, default=0.9
        Spectral radius of the returned matrix, signs included, in [0, 1e6].
    rng : int, numpy.random.Generator or None, default=None
        Seed or generator of all random draws; None draws differently each time.
    ei_balance : float or None, default=None
        Sum of the inhibitory magnitudes as a fraction of that of the excitatory ones, where
        there are both; 1 is balance. None leaves the magnitudes as drawn. The spectral radius
        is set afterwards.
    recurrent_fraction : float, default=1.0
        Fraction of the neurons, chosen at random and at least ten of them, that receive
        synapses, in (0, 1]; synapses onto the others are left out.
    as_sparse : bool, default=False
        Whether to return a ``scipy.sparse.csr_array`` in place of an array.

    Returns
    -------
    ndarray of shape (n, n), dtype float32
        ``W[i, j]`` is the weight of the synapse from neuron j to neuron i. A
        ``csr_array`` if `as_sparse`.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type.

    References
    ----------
    .. [1] Barabasi, Albert. "Emergence of scaling in random networks", Science 286, 1999.

    Examples
    --------
    >>> from skliquid.topology import scale_free
    >>> W = scale_free(100, m=3, rng=0)
    >>> int((W != 0).sum()) == 2 * 3 * (100 - 3)
    True
    """
    n = check_integer("n", n, low=2, high=MOST_UNITS)
    m = check_integer("m", m, low=1, high=n - 1)
    rng = check_seed("rng", rng)
    edges = _onto_some(attached_edges(n, m, rng), n, recurrent_fraction, rng)
    return _weighted(edges, n, exc_ratio, spectral_radius, ei_balance, rng, as_sparse)


def _onto_some(edges: Edges, n: int, fraction: float, rng: np.random.Generator) -> Edges:
    """Keep the edges onto a random fraction of the neurons."""
    fraction = check_real("recurrent_fraction", fraction, 0, 1, closed="right")
    if fraction == 1:
        return edges
    is_recurrent = np.zeros(n, dtype=bool)
    is_recurrent[rng.permutation(n)[: max(round(fraction * n), _FEWEST_RECURRENT)]] = True
    target, source = edges
    kept = is_recurrent[target]
    return target[kept], source[kept]


def _weighted(
    edges: Edges,
    n: int,
    exc_ratio: float,
    spectral_radius: float,
    ei_balance: float | None,
    rng: np.random.Generator,
    as_sparse: bool,
) -> Any:
    """Put Dale-signed half-normal weights of the given spectral radius on the edges."""
    check_bool("as_sparse", as_sparse)
    exc_ratio = check_real("exc_ratio", exc_ratio, 0, 1)
    spectral_radius = check_real("spectral_radius", spectral_radius, 0, LARGEST_SCALE)
    target, source = edges
    order = np.lexsort((source, target))
    target, source = target[order], source[order]
    sign = np.where(source < int(exc_ratio * n), 1.0, -1.0)
    magnitude = np.abs(rng.standard_normal(target.size))
    if ei_balance is not None:
        ei_balance = check_real("ei_balance", ei_balance, 0, LARGEST_SCALE)
        excitation, inhibition = magnitude[sign > 0].sum(), magnitude[sign < 0].sum()
        if excitation and inhibition:
            magnitude[sign < 0] *= ei_balance * excitation / inhibition
    W = sparse.csr_array((sign * magnitude, (target, source)), shape=(n, n))
    W.data *= _scale_to(W, spectral_radius)
    W = W.astype(np.float32)
    return W if as_sparse else W.toarray()


def _scale_to(W: sparse.csr_array, spectral_radius: float) -> float:
    """Factor that gives `W` the spectral radius."""
    if spectral_radius == 0:
        return 0.0
    radius = radius_of(W)
    if LARGEST_SCALE * radius <= np.abs(W.data).max(initial=0):
        cycle = "only cycles of next to no weight" if radius else "no directed cycle"
        warnings.warn(
            f"The graph drawn with {W.shape[0]} neurons and {W.nnz} synapses has {cycle}, so its "
            f"spectral radius is {radius:.3g} and cannot be scaled to {spectral_radius:g}; "
            "the weights are left at unit scale. Use more neurons or a higher connectivity.",
            UserWarning,
            stacklevel=4,
        )
        return 1.0
    return spectral_radius / float(f"{radius:.{_RADIUS_DIGITS}g}")
