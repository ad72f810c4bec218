"""Steps: sequences that go on, of which the states after every step are handed out.

What is handed out at a time are the states of a piece, so that those of all steps are never held.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._record import Record
from ._streams import parts_of, put, take
from .protocol import Batch, Engine

# Memory of the states of a piece, in bytes.
_PIECE_BYTES = 2**24


class Steps:
    """States of a reservoir after every step of some sequences.

    Parameters
    ----------
    engine : Engine
        What runs the reservoir.
    prepared : object
        The reservoir in the engine's form.
    names : tuple of str
        Which states: "mem" for potentials, or the activations of a rate cell, and "spk" for
        spikes.
    n_units : int
        Number of neurons.
    n_sequences : int
        Number of sequences.
    """

    def __init__(
        self, engine: Engine, prepared: Any, names: tuple[str, ...], n_units: int, n_sequences: int
    ) -> None:
        self._engine, self._prepared = engine, prepared
        self._names, self._n_units = names, n_units
        self._n_sequences = n_sequences
        self._state = engine.at_rest(prepared, n_sequences)

    def repeated(self, n_times: int) -> Steps:
        """Return the sequences so many times over, each of which can go on by itself."""
        n_sequences = n_times * self._n_sequences
        own = Steps(self._engine, self._prepared, self._names, self._n_units, n_sequences)
        every = np.tile(np.arange(self._n_sequences), n_times)
        put(parts_of(own._state), slice(None), take(parts_of(self._state), every))
        return own

    def advance(self, batch: Batch) -> dict[str, np.ndarray]:
        """Run the next frames of the sequences.

        Parameters
        ----------
        batch : Batch
            A piece of each, in the same order at every call, longest first.

        Returns
        -------
        dict of str to ndarray of shape (n_rows, n_units), dtype float32
            The states, a row for each frame, in the order of :func:`rows_of`.
        """
        record = Record(self._names, self._n_units, rows_of(batch))
        self._state = self._engine.advance(
            self._prepared, self._state, batch, [record], in_place=True
        )
        kept: dict[str, Any] = record.kept
        if "spk" in kept:
            spikes = np.unpackbits(kept["spk"], axis=1, count=self._n_units)
            kept = {**kept, "spk": spikes.astype(np.float32)}
        return kept


def rows_of(batch: Batch) -> np.ndarray:
    """Numbers of the frames of a batch, in ascending order, shape (n_rows,)."""
    begins = zip(batch.starts.tolist(), batch.lengths.tolist(), strict=True)
    return np.concatenate([np.arange(first, first + n) for first, n in sorted(begins)])


def steps_at_once(n_features: int, n_sequences: int) -> int:
    """Steps of so many sequences whose features may be held."""
    return max(1, _PIECE_BYTES // (8 * n_features * max(1, n_sequences)))
