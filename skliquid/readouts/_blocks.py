"""Blocks of rows, by the memory that they take."""

from __future__ import annotations

from collections.abc import Iterator

# Bytes of a block: large enough for full speed of the products, small beside the features.
BLOCK_BYTES = 2**25
# Bytes of a block on which several operations follow each other in the processor's cache.
CACHED = 2**20
_FEWEST_ROWS = 16


def slices(length: int, row_bytes: int, block_bytes: int | None = None) -> Iterator[slice]:
    """Cut a length into blocks of rows of about equal memory, `BLOCK_BYTES` unless given."""
    n_rows = max(_FEWEST_ROWS, (block_bytes or BLOCK_BYTES) // max(1, row_bytes))
    for start in range(0, length, n_rows):
        yield slice(start, min(start + n_rows, length))
