"""Symmetric positive definite matrices as block columns: half the memory, and Cholesky factors.

A matrix of order d is held as panels, the columns ``i:j`` of its lower triangle in the rows
``i:d``, each a C-ordered array. So every operand below is contiguous, is handed to BLAS without
a copy and is overwritten in place. The factor is the right-looking one [1]_.

References
----------
.. [1] Golub, Van Loan. "Matrix computations", 4th edition, Johns Hopkins, 2013, section 4.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import DTypeLike

from .._workers import leave_off_if_given_up
from ._blas import add_product, add_square, decompose_upper, invert_upper, solve_upper
from ._blocks import CACHED, slices
from ._threads import serial_blas

# Order up to which a matrix is one panel, which one thread factors.
_WHOLE = 800
# Panels into which a larger one is cut, if they have so many columns at least, which products need
# for their speed, and at most, as one thread factors their tops; columns are rounded down to this.
_N_PANELS, _NARROWEST, _WIDEST, _ROUND = 12, 192, 768, 64
# Rows that one thread divides by a panel, and rows of a product that one thread does.
_HEIGHT, _TALL = 256, 2048
# Columns that one thread solves for, of more.
_SHARED = 128
# Sums into which the Gram matrix of a panel, or a product, is shared out among threads, and the
# fewest rows of a block that is added to them: in the processor's cache, but not a few numbers of
# every page.
_N_SUMS, _FEWEST = 4, 512
# Bytes of a block that is added to a larger matrix, which is gone through each time.
_BLOCK_BYTES = 2**26


def _width(order: int) -> int:
    """Columns of a panel."""
    if order <= _WHOLE:
        return order
    return min(max(order // _N_PANELS // _ROUND * _ROUND, _NARROWEST), _WIDEST)


class NotDefiniteError(ArithmeticError):
    """A matrix is, to the digits that it has, not positive definite."""


class Panels:
    """The lower triangle of a symmetric matrix, or of its Cholesky factor.

    Parameters
    ----------
    order : int
        Number of rows, d.
    dtype : dtype, default=float64
        float64 or float32.
    columns : list of ndarray, default=None
        The panels; None are those of zeros.

    Attributes
    ----------
    columns : list of ndarray of shape (d - i, j - i)
        Columns ``i:j`` from the diagonal down. What is above the diagonal is not used.
    """

    def __init__(
        self,
        order: int,
        dtype: DTypeLike = np.float64,
        columns: list[np.ndarray] | None = None,
    ) -> None:
        self.order, self.dtype = order, np.dtype(dtype)
        self.width = _width(order)
        self.columns = columns or self._zeros()

    def _zeros(self) -> list[np.ndarray]:
        """Panels of zeros, of one array, whose memory the system gets back in one piece."""
        shapes = [(self.order - i, j - i) for i, j in self._ranges()]
        ends = np.cumsum([height * width for height, width in shapes])
        pieces = np.split(np.zeros(ends[-1], self.dtype), ends[:-1])
        return [piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True)]

    def _ranges(self) -> Iterator[tuple[int, int]]:
        for i in range(0, self.order, self.width):
            yield i, min(i + self.width, self.order)

    def _parts(self) -> list[tuple[int, int, np.ndarray]]:
        """First column, end, and panel of each."""
        return [(*ends, panel) for ends, panel in zip(self._ranges(), self.columns, strict=True)]

    def _tiles(self, first: int = 0) -> Iterator[tuple[int, int, slice, np.ndarray]]:
        """First column, end, rows and tile of each, from the panel `first` on."""
        for i, j, panel in self._parts()[first:]:
            yield i, j, slice(i, j), panel[: j - i]
            for below in slices(self.order - j, 1, _TALL):
                rows = slice(j + below.start, j + below.stop)
                yield i, j, rows, panel[rows.start - i : rows.stop - i]

    def add_gram(self, block: np.ndarray) -> None:
        """Add ``block.T @ block``, of an F-ordered array of shape (n_rows, d)."""

        def add(i: int, j: int, rows: slice, tile: np.ndarray) -> None:
            if rows.start == i:
                add_square(tile.T, block[:, i:j])
            else:
                add_product(tile.T, block[:, i:j], block[:, rows], transpose_a=True)

        serial_blas.each(add, self._tiles())

    def add_grams(self, block: Callable[[slice], np.ndarray], n_rows: int) -> None:
        """Add the Gram matrices of blocks of so many rows in all, each made as it is needed."""
        if self.order > _WHOLE:
            for rows in slices(n_rows, 8 * self.order, _BLOCK_BYTES):
                self.add_gram(block(rows))
            return
        blocks = list(slices(n_rows, 1, max(CACHED // (8 * self.order), _FEWEST)))
        sums = [Panels(self.order, self.dtype) for _ in range(_N_SUMS)]

        def fill(first: int) -> None:
            for rows in blocks[first::_N_SUMS]:
                sums[first].add_gram(block(rows))

        serial_blas.each(fill, ((i,) for i in range(_N_SUMS)))
        for each in sums:
            self.add(each)

    def add(self, other: Panels) -> None:
        """Add another matrix of the same order."""
        for panel, summand in zip(self.columns, other.columns, strict=True):
            panel += summand

    def diagonal(self) -> np.ndarray:
        """Diagonal, shape (d,)."""
        return np.concatenate([panel.diagonal() for panel in self.columns])

    def dense(self) -> np.ndarray:
        """All of the matrix, shape (d, d)."""
        whole = np.zeros((self.order, self.order), self.dtype)
        for i, j, panel in self._parts():
            whole[i:, i:j] = panel
        return np.tril(whole) + np.tril(whole, -1).T

    def scaled(self, factor: np.ndarray, dtype: DTypeLike) -> Panels:
        """Copy with row and column i multiplied by the i-th factor, in float64 or float32."""
        made = Panels(self.order, dtype)

        def fill(i: int, j: int, panel: np.ndarray, copy: np.ndarray) -> None:
            with np.errstate(over="ignore"):  # in the lesser precision, which its trace shows
                for rows in slices(len(panel), 8 * (j - i), CACHED):
                    scaled = panel[rows] * factor[i:][rows, None]
                    np.multiply(scaled, factor[i:j], out=copy[rows], casting="same_kind")

        pairs = zip(self._parts(), made.columns, strict=True)
        serial_blas.each(fill, ((*part, copy) for part, copy in pairs))
        return made

    def times(self, vectors: np.ndarray) -> np.ndarray:
        """Multiply by columns, shape (d, n_columns)."""
        parts = self._parts()
        sums = [np.zeros((self.order, vectors.shape[1])) for _ in range(min(_N_SUMS, len(parts)))]

        def fill(first: int, result: np.ndarray) -> None:
            for i, j, panel in parts[first::_N_SUMS]:
                top, below = np.tril(panel[: j - i]), panel[j - i :]
                result[i:j] += top @ vectors[i:j] + np.tril(top, -1).T @ vectors[i:j]
                result[i:j] += below.T @ vectors[j:]
                result[j:] += below @ vectors[i:j]

        serial_blas.each(fill, enumerate(sums))
        return np.sum(sums, axis=0)

    def cholesky(self, alpha: float) -> Factor:
        """Factor of this matrix with `alpha` added to its diagonal.

        Raises
        ------
        NotDefiniteError
            If that is not positive definite.
        """
        copy = Panels(self.order, self.dtype)
        copy.add(self)
        return copy.to_factor(alpha)

    def to_factor(self, alpha: float) -> Factor:
        """Do so in place of this matrix."""
        for panel in self.columns:
            panel.reshape(-1)[: panel.shape[1] ** 2 : panel.shape[1] + 1] += alpha
        factor = Factor(self.order, self.dtype, self.columns)
        factor.decompose()
        return factor


class Factor(Panels):
    """A lower triangular matrix L with ``L @ L.T`` the matrix that was decomposed."""

    def decompose(self) -> None:
        """Turn a symmetric matrix into its factor, in place."""
        for k, (i, j, panel) in enumerate(self._parts()):
            top, below = panel[: j - i], panel[j - i :]
            if not decompose_upper(top.T):
                raise NotDefiniteError

            def divide(rows: slice, top: np.ndarray = top, below: np.ndarray = below) -> None:
                solve_upper(top.T, below[rows].T, transpose=True)

            def subtract(
                first: int,
                end: int,
                rows: slice,
                tile: np.ndarray,
                j: int = j,
                below: np.ndarray = below,
            ) -> None:
                left, right = below[first - j : end - j], below[rows.start - j : rows.stop - j]
                add_product(tile.T, left.T, right.T, factor=-1, transpose_a=True)

            serial_blas.each(divide, ((rows,) for rows in slices(len(below), 1, _HEIGHT)))
            serial_blas.each(subtract, self._tiles(k + 1))

    def whiten(self, block: np.ndarray, first: int = 0) -> None:
        """Multiply rows by ``inv(L).T`` from the right, in place.

        Parameters
        ----------
        block : ndarray of shape (n_rows, d - i), F-ordered
            Rows; they are zero in the `i` columns before those of the panel `first`.
        first : int, default=0
            Number of a panel.
        """
        start = first * self.width
        for i, j, panel in self._parts()[first:]:
            leave_off_if_given_up()
            mine, rest = block[:, i - start : j - start], block[:, j - start :]
            solve_upper(panel[: j - i].T, mine, from_right=True)
            if rest.size:
                add_product(rest, mine, panel[j - i :].T, factor=-1)

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Solve ``L @ L.T @ x = right`` for the columns of `right`, shape (d, n_columns)."""
        rows = np.array(right.T, dtype=self.dtype, order="F")
        if len(rows) <= _SHARED:
            self._solve(rows)
            return rows.T

        def fill(some: slice) -> None:
            own = np.asfortranarray(rows[some])
            self._solve(own)
            rows[some] = own

        serial_blas.each(fill, ((some,) for some in slices(len(rows), 1, _SHARED)))
        return rows.T

    def _solve(self, rows: np.ndarray) -> None:
        """Do so for the rows of an F-ordered array, in place."""
        self.whiten(rows)
        for i, j, panel in self._parts()[::-1]:
            mine, rest = rows[:, i:j], rows[:, j:]
            if rest.size:
                add_product(mine, rest, panel[j - i :].T, factor=-1, transpose_b=True)
            solve_upper(panel[: j - i].T, mine, from_right=True, transpose=True)

    def inverse_diagonal(self) -> np.ndarray:
        """Diagonal of ``inv(L @ L.T)``, shape (d,)."""
        if self.order <= _WHOLE:
            inverse = self.columns[0].copy()  # zero above the diagonal, where nothing is added
            invert_upper(inverse.T)
            return squared_norms(inverse.T)
        diagonal = np.empty(self.order, self.dtype)

        def fill(k: int, i: int, j: int) -> None:
            rows = np.zeros((j - i, self.order - i), self.dtype, order="F")
            np.fill_diagonal(rows, 1)
            self.whiten(rows, k)
            diagonal[i:j] = squared_norms(rows)

        serial_blas.each(fill, ((k, *ends) for k, ends in enumerate(self._ranges())))
        return diagonal


def squared_norms(rows: np.ndarray) -> np.ndarray:
    """Sum of the squares in each row."""
    norms: np.ndarray = np.einsum("ij,ij->i", rows, rows)
    return norms
