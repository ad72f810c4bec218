"""CurrentEncoder: the values themselves are the input current."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ..sequences import Sequences
from ._base import SequenceEncoder, State, with_frames

_LARGEST = np.finfo(np.float32).max


class CurrentEncoder(SequenceEncoder):
    """Direct current: hand the values on as they are, and if asked their differences.

    What drives the liquid at time step t is ``x[t]``; with ``derivative=True`` followed by
    ``x[t] - x[t-1]``, which is zero at the first step.

    Parameters
    ----------
    derivative : bool, default=False
        Whether to append the first differences of all channels, which doubles their number.

    Attributes
    ----------
    n_channels_in_ : int
        Number of channels seen in `fit`.
    n_channels_out_ : int
        Number of channels of the output.
    n_features_in_ : int
        Number of time steps if `fit` saw a 2-D array, else the number of channels.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if `fit` saw a data frame with names that are all strings.

    See Also
    --------
    DeltaEncoder : Spikes where a channel has changed.

    References
    ----------
    .. [1] Keogh, Pazzani. "Derivative dynamic time warping", SIAM International Conference
       on Data Mining, 2001.

    Examples
    --------
    >>> from skliquid.encoding import CurrentEncoder
    >>> encoder = CurrentEncoder(derivative=True)
    >>> encoder.fit_transform([[[1.0], [3.0], [2.0]]])
    array([[[ 1.,  0.],
            [ 3.,  2.],
            [ 2., -1.]]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {"derivative": ["boolean"]}

    @property
    def _takes_events(self) -> bool:  # type: ignore[override]
        return not self.derivative

    def __init__(self, *, derivative: bool = False) -> None:
        self.derivative = derivative

    def _encode(self, sequences: Sequences) -> Sequences:
        return self._advance(self._at_rest(len(sequences)), sequences)[0]

    def _at_rest(self, n_streams: int) -> State:
        if not self.derivative:
            return {}
        return {"last": np.full((n_streams, self.n_channels_in_), np.nan, dtype=np.float32)}

    def _advance(self, state: State, pieces: Sequences) -> tuple[Sequences, State]:
        frames, starts = pieces.frames, pieces.offsets[:-1]
        if not self.derivative:
            return with_frames(pieces, frames), state
        before = np.concatenate([frames[:1], frames[:-1]])
        before[starts] = np.where(np.isnan(state["last"]), frames[starts], state["last"])
        with np.errstate(over="ignore"):
            difference = frames - before
        np.clip(difference, -_LARGEST, _LARGEST, out=difference)
        encoded = np.concatenate([frames, difference], axis=1)
        return with_frames(pieces, encoded), {"last": frames[pieces.offsets[1:] - 1]}

    def _channel_names(self, names: Sequence[str]) -> list[str]:
        differences = [f"{name}_diff" for name in names] if self.derivative else []
        return [*names, *differences]
