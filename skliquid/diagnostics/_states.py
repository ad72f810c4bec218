"""What is measured: reservoirs that are driven, or what was recorded of one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .._checks import check_option, check_real, shown
from ..estimators._caption import INSIDE
from ..estimators._sequence_base import FINER, BaseSequenceLSM
from ..estimators._sequence_parameters import OF_SPIKES, STEP_FEATURES
from ..estimators._step_features import features_of_steps
from ..reservoirs import Liquid, RateReservoir
from ..sequences import Sequences, as_real_array, as_sequences

# The input itself is no state.
STATES = tuple(name for name in STEP_FEATURES if name != "input")


@dataclass(frozen=True, eq=False)
class Reservoirs:
    """Reservoirs side by side, in the form in which their steps are run.

    Parameters
    ----------
    liquids_ : list of Liquid or RateReservoir
        They.
    engine : str
        What runs liquids.
    unit : float
        Standard deviation of a standardised channel, as they take it.
    transformer : LiquidTransformer or PublishedLiquid, or None
        What encodes sequences for them.
    """

    liquids_: list[Any]
    engine: str = "auto"
    unit: float = 1.0
    transformer: Any = None

    @property
    def n_channels_in_(self) -> int:
        """Number of channels of what they hear."""
        return int(self.liquids_[0].n_channels)

    @property
    def n_units(self) -> int:
        """Number of units of all of them."""
        return sum(each.n_neurons for each in self.liquids_)

    @property
    def is_spiking(self) -> bool:
        """Whether the units are neurons that spike."""
        return isinstance(self.liquids_[0], Liquid)

    def hearing(self, X: Any) -> Sequences:
        """Sequences as they hear them, dense: encoded, where an estimator was given."""
        if self.transformer is not None:
            given = self.transformer._validate_sequences(X, reset=False)
            return self.transformer._encode(given).dense()
        sequences = as_sequences(X)
        if sequences.n_channels != self.n_channels_in_:
            raise ValueError(
                f"X has sequences of {sequences.n_channels} channels, but the reservoir hears "
                f"{self.n_channels_in_}."
            )
        return sequences.dense()

    def standardised(self) -> Reservoirs:
        """Return the same reservoirs, which take their input for standardised."""
        return replace(self, liquids_=[_standardised(each) for each in self.liquids_])

    def noise(self, rng: np.random.Generator, n_sequences: int, n_steps: int) -> Sequences:
        """Draw white noise of unit variance for each channel, for `standardised` reservoirs."""
        noise = rng.uniform(-1, 1, (n_sequences * n_steps, self.n_channels_in_))
        return self.of_frames(self.unit * np.sqrt(3) * noise, n_sequences)

    def of_frames(self, frames: np.ndarray, n_sequences: int) -> Sequences:
        """Cut frames, which lie end to end, into sequences of equal length."""
        n_steps = len(frames) // n_sequences
        return Sequences(frames.astype(np.float32), np.arange(n_sequences + 1) * n_steps)

    def pieces(
        self, sequences: Sequences, features: Any, tau_trace: float
    ) -> Iterator[tuple[int, int, np.ndarray]]:
        """Run sequences and hand out the states of all steps, some at a time.

        Yields
        ------
        sample, first : int
            Number of a sequence and of one of its steps.
        states : ndarray of shape (n_steps, n_states), dtype float64
            The states after that step and those that follow it.
        """
        names = self._names(features)
        tau_trace = check_real("tau_trace", tau_trace, 0, closed="neither")
        runs = features_of_steps(self, names, tau_trace, sequences.frames, sequences)
        for rows, states in runs:
            sample = np.searchsorted(sequences.offsets, rows, side="right") - 1
            starts = np.flatnonzero(np.diff(sample, prepend=-1))
            for start, stop in zip(starts, [*starts[1:], len(rows)], strict=True):
                own = int(sample[start])
                yield own, int(rows[start] - sequences.offsets[own]), states[start:stop]

    def n_states(self, features: Any) -> int:
        """Count the states of a step."""
        return len(self._names(features)) * self.n_units

    def _names(self, features: Any) -> tuple[str, ...]:
        if features is None:
            return ("trace",) if self.is_spiking else ("potentials",)
        asked = (features,) if isinstance(features, str) else tuple(features)
        for name in asked:
            check_option("features", name, STATES)
            if name in OF_SPIKES and not self.is_spiking:
                raise ValueError(f"features={shown(features)} needs neurons that spike.")
        if not asked:
            raise ValueError(f"features must name at least one of {list(STATES)}.")
        return tuple(name for name in STATES if name in asked)

    def last_states(self, sequences: Sequences, features: Any, tau_trace: float) -> np.ndarray:
        """State after the last step of each sequence, shape (n_sequences, n_states)."""
        last = np.empty((len(sequences), self.n_states(features)))
        for sample, _, states in self.pieces(sequences, features, tau_trace):
            last[sample] = states[-1]
        return last


def _standardised(reservoir: Any) -> Any:
    if isinstance(reservoir, RateReservoir):
        return replace(reservoir, gates=tuple(map(_standardised, reservoir.gates)))
    taps = reservoir.taps
    zeros, ones = np.zeros_like(taps.input_offset), np.ones_like(taps.input_gain)
    return replace(reservoir, taps=replace(taps, input_offset=zeros, input_gain=ones))


def reservoirs_of(given: Any) -> Reservoirs | None:
    """Read a reservoir or a fitted estimator; None where it is neither."""
    if isinstance(given, Liquid | RateReservoir):
        return Reservoirs([given])
    if not hasattr(given, "get_params"):
        return None
    check_is_fitted(given)
    unit = 1.0
    while not (hasattr(given, "liquids_") and hasattr(given, "_encode")):
        if isinstance(given, BaseSequenceLSM):
            unit = 2.0**FINER
        inside = [getattr(given, name) for name in INSIDE if hasattr(given, name)]
        if isinstance(given, Pipeline):
            inside = [given[0]]
        if not inside:
            raise TypeError(f"{type(given).__name__} holds no liquid that could be measured.")
        given = inside[0]
    return Reservoirs(given.liquids_, given.engine, unit, given)


def spiking_reservoirs_of(given: Any, measure: str) -> Reservoirs | None:
    """Do the same, and refuse units that do not spike."""
    reservoirs = reservoirs_of(given)
    if reservoirs is not None and not reservoirs.is_spiking:
        raise ValueError(f"{measure} needs neurons that spike, got a reservoir of rate cells.")
    return reservoirs


def arrays_of_spikes(given: Any) -> list[np.ndarray]:
    """Recorded spikes as a list of arrays of shape (n_timesteps_i, n_neurons), dtype bool."""
    if not isinstance(given, np.ndarray | list | tuple):
        raise TypeError(
            "reservoir must be a fitted estimator, a Liquid, a RateReservoir or recorded arrays, "
            f"got {shown(given)}."
        )
    is_one = isinstance(given, np.ndarray) and given.ndim == 2
    trains = [as_real_array(each, "spikes") != 0 for each in ([given] if is_one else given)]
    if not trains or any(
        each.ndim != 2 or each.shape[1:] != trains[0].shape[1:] for each in trains
    ):
        raise ValueError(
            "spikes must be an array of shape (n_timesteps, n_neurons) or a list of such arrays "
            f"of the same neurons, got shapes {shown([each.shape for each in trains])}."
        )
    return trains


def matrix_of_states(given: Any, shape: str) -> np.ndarray:
    """Recorded states as a two-dimensional array of finite float64."""
    states = as_real_array(given, "states").astype(np.float64)
    if states.ndim != 2 or 0 in states.shape or not np.isfinite(states).all():
        raise ValueError(f"states must be finite, of shape {shape}, got shape {states.shape}.")
    return states
