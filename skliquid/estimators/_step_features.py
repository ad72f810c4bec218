"""What a readout is given after every step: states of the reservoirs, and the input itself."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import Any

import numpy as np

from .._checks import shown
from ..encoding._chosen import as_fitted, encoded_pieces, rest_of
from ..engines import Batch, Runner
from ..engines._steps import rows_of, steps_at_once
from ..pooling import NO_POOLING
from ..sequences import Sequences
from ._sequence_parameters import OF_SPIKES
from ._transformer import LiquidTransformer

# Sequences that run side by side.
_MOST_SEQUENCES = 64


class StepFeatures:
    """Features after every step of some sequences, whose frames may come in pieces.

    Parameters
    ----------
    liquid : LiquidTransformer
        Fitted reservoirs.
    names : tuple of str
        The features, of ``STEP_FEATURES``.
    tau_trace : float
        Time constant of "trace" in steps.
    n_sequences : int
        Number of sequences.
    """

    def __init__(
        self, liquid: LiquidTransformer, names: tuple[str, ...], tau_trace: float, n_sequences: int
    ) -> None:
        self._names, self._decay = names, np.exp(-1.0 / tau_trace)
        states = ("mem", "spk") if OF_SPIKES & set(names) else ("mem",)
        runners = [Runner(each, NO_POOLING, liquid.engine) for each in liquid.liquids_]
        self._steps = [runner.open_steps(states, n_sequences) for runner in runners]
        self._traces = np.zeros((len(runners), n_sequences, 1, runners[0].n_neurons))
        n_states = sum(name != "input" for name in names)
        self.n_features = n_states * len(runners) * runners[0].n_neurons
        self.n_features += ("input" in names) * liquid.n_channels_in_
        self.n_sequences = n_sequences

    def repeated(self, n_times: int) -> StepFeatures:
        """Return the sequences so many times over, each of which can go on by itself."""
        own = copy(self)
        own.n_sequences = n_times * self.n_sequences
        own._steps = [steps.repeated(n_times) for steps in self._steps]
        own._traces = np.tile(self._traces, (1, n_times, 1, 1))
        return own

    def advance(self, frames: np.ndarray, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        """Run the next frames.

        Parameters
        ----------
        frames : ndarray of shape (n_frames, n_channels), dtype float32
            The frames as they came.
        batch : Batch
            A piece of each sequence, encoded, longest first.

        Returns
        -------
        rows : ndarray of shape (n_rows,)
            Numbers of the frames that were run, in ascending order.
        features : ndarray of shape (n_rows, n_features), dtype float64
            The features after each.
        """
        rows = rows_of(batch)
        columns = []
        for steps, traces in zip(self._steps, self._traces, strict=True):
            states = steps.advance(batch)
            if "trace" in self._names:
                states["trace"] = self._filtered(states["spk"], traces, rows, batch)
            columns += [_values(states, name) for name in self._names if name != "input"]
        if "input" in self._names:
            columns.append(frames[rows])
        return rows, np.concatenate(columns, axis=1, dtype=np.float64)

    def pieces(self, frames: np.ndarray, batch: Batch) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Do the same piece by piece, so that the features of all frames are never held."""
        for piece in batch.pieces(steps_at_once(self.n_features, self.n_sequences)):
            yield self.advance(frames, piece)

    def _filtered(
        self, spikes: np.ndarray, traces: np.ndarray, rows: np.ndarray, batch: Batch
    ) -> np.ndarray:
        """Spikes through an exponential filter, which goes on from the piece before."""
        from scipy.signal import lfilter  # slow to import

        filtered = np.empty(spikes.shape)
        begins = np.searchsorted(rows, batch.starts)
        for i, (first, n_steps) in enumerate(zip(begins, batch.lengths, strict=True)):
            mine = slice(first, first + n_steps)
            if n_steps:
                filtered[mine], traces[i] = lfilter(
                    [1.0], [1.0, -self._decay], spikes[mine], axis=0, zi=traces[i]
                )
        return filtered


def _values(states: dict[str, np.ndarray], name: str) -> np.ndarray:
    if name == "squares":
        return states["mem"].astype(np.float64) ** 2
    return states[{"potentials": "mem", "spikes": "spk", "trace": "trace"}[name]]


def step_features(
    liquid: LiquidTransformer, names: tuple[str, ...], tau_trace: float, sequences: Sequences
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Run whole sequences; yield the numbers of some frames and the features after each."""
    encoded = liquid._encode(sequences)
    if (encoded.lengths != sequences.lengths).any():
        raise ValueError(
            f"encoder {shown(liquid.encoder)} changes the number of steps, so that there is no "
            "target for each; expected one that gives a frame for each frame."
        )
    yield from features_of_steps(liquid, names, tau_trace, sequences.frames, encoded)


def features_of_steps(
    reservoirs: Any, names: tuple[str, ...], tau_trace: float, frames: np.ndarray, heard: Sequences
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Do the same of sequences that are encoded; `frames` are those before they were."""
    order = np.argsort(-heard.lengths, kind="stable")
    for first in range(0, len(order), _MOST_SEQUENCES):
        samples = order[first : first + _MOST_SEQUENCES]
        features = StepFeatures(reservoirs, names, tau_trace, len(samples))
        yield from features.pieces(frames, Batch.of(heard, samples))


class StepStream:
    """Sequences whose frames come piece by piece, and the features after the last of them.

    Parameters
    ----------
    liquid, names, tau_trace, n_sequences
        As of :class:`StepFeatures`.
    """

    def __init__(
        self, liquid: LiquidTransformer, names: tuple[str, ...], tau_trace: float, n_sequences: int
    ) -> None:
        self._encoder = as_fitted(liquid.encoder_)
        self._encoding = rest_of(self._encoder, n_sequences)
        self._features = StepFeatures(liquid, names, tau_trace, n_sequences)

    def repeated(self, n_times: int) -> StepStream:
        """Return the sequences so many times over, each of which can go on by itself."""
        own = copy(self)
        own._encoding = {
            name: np.concatenate([part] * n_times) for name, part in self._encoding.items()
        }
        own._features = self._features.repeated(n_times)
        return own

    def push(self, pieces: Sequences) -> np.ndarray:
        """Run the next frames of each sequence, the longest piece first; none may be empty.

        Returns
        -------
        ndarray of shape (n_sequences, n_features)
            The features after the last frame of each.
        """
        encoded, self._encoding = encoded_pieces(self._encoder, self._encoding, pieces)
        batch, ends = Batch.of(encoded, np.arange(len(pieces))), pieces.offsets[1:] - 1
        last = np.empty((len(pieces), self._features.n_features))
        for rows, features in self._features.pieces(pieces.frames, batch):
            place = np.minimum(np.searchsorted(rows, ends), len(rows) - 1)
            is_here = rows[place] == ends
            last[is_here] = features[place[is_here]]
        return last
