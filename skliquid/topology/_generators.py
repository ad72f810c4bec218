"""Recurrent weight matrices: a random graph, Dale's law, an exact spectral radius."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy import sparse

from .._checks import LARGEST_SCALE, MOST_UNITS, check_bool, check_integer, check_real, check_seed
from ._graphs import Edges, attached_edges, random_edges, ring_rewired_edges, spatial_edges
from ._space import PEAKS, checked_peaks, checked_shape, drawn_positions
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


def spatial(
    n: int,
    lambda_: float = 2.0,
    exc_ratio: float = 0.8,
    spectral_radius: float = 0.9,
    rng: int | np.random.Generator | None = None,
    *,
    C: Any = PEAKS,
    shape: Any = None,
    placement: str = "grid",
    ei_balance: float | None = None,
    recurrent_fraction: float = 1.0,
    as_sparse: bool = False,
    return_positions: bool = False,
) -> Any:
    """Recurrent weights among neurons in space, which connect to those that are near [1]_.

    The synapse from neuron j to neuron i, which are the distance d apart, exists with probability
    ``C exp(-(d / lambda_)^2)``, independently of all others; no neuron connects to itself. Which
    neuron is where is drawn, so that excitatory and inhibitory ones are mixed. Weights are drawn
    as in :func:`erdos_renyi`.

    Parameters
    ----------
    n : int
        Number of neurons, at least 1.
    lambda_ : float, default=2.0
        How far synapses reach, in the unit of the distances, which on a grid is that between
        neighbours; in (0, 1e6].
    exc_ratio : float, default=0.8
        Fraction of excitatory neurons, in [0, 1].
    spectral_radius : float, default=0.9
        Spectral radius of the returned matrix, signs included, in [0, 1e6].
    rng : int, numpy.random.Generator or None, default=None
        Seed or generator of all random draws; None draws differently each time.
    C : float or tuple of four floats, default=(0.3, 0.2, 0.4, 0.1)
        Probability of a connection at no distance, in [0, 1]: that of all, or those of EE, EI, IE
        and II, where EI is from an excitatory to an inhibitory neuron and IE the reverse.
    shape : tuple of three numbers or None, default=None
        Numbers of places of the grid along x, y and z, such as ``(3, 3, 15)`` for a column, at
        least n places in all, of which random ones stay empty where they are more; or the sides of
        the box, positive. None is a cube of about one neuron for each unit of volume.
    placement : {"grid", "random"}, default="grid"
        Whether neurons are at the places of a grid, one at each, or anywhere in a box.
    ei_balance : float or None, default=None
        Sum of the inhibitory magnitudes as a fraction of that of the excitatory ones, where
        there are both; 1 is balance. None leaves the magnitudes as drawn. The spectral radius
        is set afterwards.
    recurrent_fraction : float, default=1.0
        Fraction of the neurons, chosen at random and at least ten of them, that receive
        synapses, in (0, 1]; synapses onto the others are left out.
    as_sparse : bool, default=False
        Whether to return a ``scipy.sparse.csr_array`` in place of an array.
    return_positions : bool, default=False
        Whether to return the positions too.

    Returns
    -------
    W : ndarray of shape (n, n), dtype float32
        ``W[i, j]`` is the weight of the synapse from neuron j to neuron i. A
        ``csr_array`` if `as_sparse`.
    positions : ndarray of shape (n, 3)
        Where each neuron is, along x, y and z, from 0 on. Only if `return_positions`.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type, or if a grid has fewer than n
        places.

    Warns
    -----
    UserWarning
        If the graph drawn has no directed cycle to speak of, as in :func:`erdos_renyi`.

    See Also
    --------
    skliquid.plotting.plot_liquid : Draws neurons and synapses in space.

    References
    ----------
    .. [1] Maass, Natschlaeger, Markram. "Real-time computing without stable states", Neural
       Computation 14(11), 2002.

    Examples
    --------
    >>> from skliquid.topology import spatial
    >>> W, positions = spatial(135, shape=(3, 3, 15), rng=0, return_positions=True)
    >>> positions.max(axis=0)
    array([ 2.,  2., 14.])
    """
    n = check_integer("n", n, low=1, high=MOST_UNITS)
    lambda_ = check_real("lambda_", lambda_, 0, LARGEST_SCALE, closed="right")
    exc_ratio = check_real("exc_ratio", exc_ratio, 0, 1)
    return_positions = check_bool("return_positions", return_positions)
    sides, peaks = checked_shape(n, shape, placement), checked_peaks(C)
    rng = check_seed("rng", rng)
    positions = drawn_positions(n, sides, placement, rng)
    edges = spatial_edges(positions, int(exc_ratio * n), peaks, lambda_, rng)
    edges = _onto_some(edges, n, recurrent_fraction, rng)
    W = _weighted(edges, n, exc_ratio, spectral_radius, ei_balance, rng, as_sparse)
    return (W, positions) if return_positions else W


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
