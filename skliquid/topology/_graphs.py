"""Random directed graphs as index pairs (target, source), drawn without an n x n array."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

Edges = tuple[np.ndarray, np.ndarray]

# Of pairs too far apart to look at each, so many are looked at for each neuron.
_N_FAR = 128
# Pairs of neurons that are held at a time.
_MOST_PAIRS = 2**22


def random_edges(n: int, p: float, rng: np.random.Generator) -> Edges:
    """Draw each of the n (n - 1) possible connections independently with probability p.

    The gaps between successive successes of a Bernoulli process are geometric, so only the
    connections that exist are visited (Batagelj and Brandes, 2005).
    """
    n_possible = n * (n - 1)
    positions = np.empty(0, dtype=np.int64)
    last = -1
    while last < n_possible and n_possible:
        expected = (n_possible - last) * p
        n_gaps = int(expected + 4 * np.sqrt(expected) + 16)
        # A gap past the end needs no more than that to be past the end.
        gaps = np.minimum(rng.geometric(p, size=n_gaps), n_possible + 1)
        positions = np.concatenate([positions, last + np.cumsum(gaps)])
        last = int(positions[-1])
    positions = positions[positions < n_possible]
    target, source = np.divmod(positions, max(n - 1, 1))
    source += source >= target  # a neuron does not connect to itself
    return target, source


def ring_rewired_edges(n: int, k: int, p_rewire: float, rng: np.random.Generator) -> Edges:
    """Ring lattice to the k nearest neighbours, edges rewired with probability `p_rewire`.

    Each undirected edge (u, v) chosen for rewiring becomes (u, w), w uniform among the nodes
    that are neither u nor linked to u (Watts and Strogatz, 1998).
    """
    start = np.tile(np.arange(n, dtype=np.int64), k // 2)
    end = (start + np.repeat(np.arange(1, k // 2 + 1), n)) % n
    pending = np.flatnonzero(rng.random(start.size) < p_rewire)
    if k < n - 1:  # in a complete graph nothing can move
        pending = _rewire_in_rounds(start, end, pending, n, rng)
        _rewire_one_by_one(start, end, pending, n, rng)
    return _both_directions(start, end)


def _rewire_in_rounds(
    start: np.ndarray, end: np.ndarray, pending: np.ndarray, n: int, rng: np.random.Generator
) -> np.ndarray:
    """Propose a new end for all pending edges at once; return those still without one."""
    for _ in range(20):
        if not pending.size:
            break
        proposal = rng.integers(n, size=pending.size)
        code = _undirected_code(start[pending], proposal, n)
        first = np.zeros(pending.size, dtype=bool)
        first[np.unique(code, return_index=True)[1]] = True
        free = ~np.isin(code, _undirected_code(start, end, n))
        accepted = first & free & (proposal != start[pending])
        end[pending[accepted]] = proposal[accepted]
        pending = pending[~accepted]
    return pending


def _rewire_one_by_one(
    start: np.ndarray, end: np.ndarray, pending: np.ndarray, n: int, rng: np.random.Generator
) -> None:
    """Choose among the free ends explicitly, for edges at nearly saturated nodes."""
    for edge in pending:
        u = start[edge]
        linked = np.concatenate([end[start == u], start[end == u], [u]])
        free = np.setdiff1d(np.arange(n), linked)
        if free.size:
            end[edge] = rng.choice(free)


def attached_edges(n: int, m: int, rng: np.random.Generator) -> Edges:
    """Grow a graph node by node, each with m edges to nodes drawn by their degree.

    Growth starts from a star of m + 1 nodes (Barabasi and Albert, 1999).
    """
    # Where each node's m edges start and end.
    edges = np.empty((n - m, 2, m), dtype=np.int64)
    edges[0, 0], edges[0, 1] = 0, np.arange(1, m + 1)
    for i in range(1, n - m):
        # Every edge end is listed once: a uniform draw from them is a draw by degree.
        edges[i, 0], edges[i, 1] = m + i, _draw_distinct(edges[:i].ravel(), m, rng)
    return _both_directions(edges[:, 0].ravel(), edges[:, 1].ravel())


def _draw_distinct(pool: np.ndarray, m: int, rng: np.random.Generator) -> np.ndarray:
    """Draw from `pool` until m different values came, in the order they came."""
    drawn = np.empty(0, dtype=pool.dtype)
    while True:
        drawn = np.concatenate([drawn, pool[rng.integers(pool.size, size=m + m // 4 + 1)]])
        order = np.sort(np.unique(drawn, return_index=True)[1])
        drawn = drawn[order]
        if drawn.size >= m:
            return drawn[:m]


def spatial_edges(
    positions: np.ndarray,
    n_excitatory: int,
    peaks: np.ndarray,
    length: float,
    rng: np.random.Generator,
) -> Edges:
    """Connect j to i with probability ``peaks[kind of j, kind of i] exp(-(d / length)^2)``.

    Each pair within reach is tried. Beyond it no probability is above `far`, with which candidates
    are drawn among all pairs, and thinned.
    """
    n = len(positions)
    axes, kind = np.ascontiguousarray(positions.T), (np.arange(n) >= n_excitatory).astype(np.intp)
    far = min(_N_FAR / n, 1.0)
    reach = length * np.sqrt(-np.log(far))

    def connected(pairs: Edges, bound: float, is_near: bool) -> Edges:
        target, source = pairs
        square = sum((x[target] - x[source]) ** 2 for x in axes)
        p = peaks[kind[source], kind[target]] * np.exp(-square / length**2)
        p[(square <= reach**2) != is_near] = 0.0
        chosen = bound * rng.random(len(p)) < p
        return target[chosen], source[chosen]

    parts = [connected(pairs, 1.0, True) for pairs in _pairs_within(positions, reach)]
    parts.append(connected(random_edges(n, far, rng), far, False))
    target, source = (np.concatenate(each) for each in zip(*parts, strict=True))
    return target, source


def _pairs_within(positions: np.ndarray, reach: float) -> Iterator[Edges]:
    """Yield the pairs of different neurons within reach, and some a little beyond, in order."""
    from scipy.spatial import KDTree  # slow to import

    n, tree, reach = len(positions), KDTree(positions), 1.001 * reach
    n_blocks = -(-tree.count_neighbors(tree, reach) // _MOST_PAIRS)
    for block in np.array_split(np.arange(n), n_blocks):
        some = KDTree(positions[block])
        found = some.sparse_distance_matrix(tree, reach, output_type="ndarray")
        # The order in which a tree finds them is its own affair.
        target, source = np.divmod(np.sort(block[found["i"]] * n + found["j"]), n)
        yield target[target != source], source[target != source]


def _undirected_code(u: np.ndarray, v: np.ndarray, n: int) -> np.ndarray:
    return np.minimum(u, v) * n + np.maximum(u, v)


def _both_directions(start: np.ndarray, end: np.ndarray) -> Edges:
    return np.concatenate([start, end]), np.concatenate([end, start])
