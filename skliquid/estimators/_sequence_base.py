"""What the estimators that predict after every step share: a reservoir, and a readout of sums.

The penalty of the readout is chosen by steps that are held out: every fifth sequence, or of fewer
than five the last fifth of each. Leaving out one step would not do, because its neighbours, which
are nearly the same, would stay. The readout is that of all steps then, which is the sum of both.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._base import SequenceEstimator, seed_of
from .._checks import check_option, shown
from ..adaptation.recipe import median_length, steps_of
from ..readouts._ridge import RidgeReadoutRegressor
from ..reservoirs import Liquid, RateReservoir
from ..reservoirs.rate_reservoir import is_rate_cell
from ..sequences import Sequences, as_collection
from ._caption import Captioned
from ._entries import told_of_idle, warn_of_idle
from ._parameters import ReservoirParameters
from ._sequence_parameters import OF_SPIKES, STEP_FEATURES, SequenceParameters
from ._step_features import StepStream, step_features
from ._transformer import LiquidTransformer

# One in so many sequences, or that share of the steps of each of fewer, is held out.
_ONE_IN = 5
# A closed loop amplifies what is rounded off the input: in steps of 2**-20 of a channel's standard
# deviation, it is taken up to 8 of them.
FINER = 6


class BaseSequenceLSM(Captioned, SequenceParameters, SequenceEstimator):
    """A reservoir that is read after every step."""

    liquid_: LiquidTransformer
    readout_: RidgeReadoutRegressor
    washout_: int

    def _validate_features(self) -> None:
        names = (self.features,) if isinstance(self.features, str) else tuple(self.features)
        if not names:
            raise ValueError(f"features must name at least one, got {shown(self.features)}.")
        for name in names:
            check_option("features", name, STEP_FEATURES)
            if name in OF_SPIKES and is_rate_cell(self.cell):
                raise ValueError(
                    f"features must be other than {name!r} with cell={shown(self.cell)}, whose "
                    f"units do not spike; {sorted(set(STEP_FEATURES) - OF_SPIKES)} are."
                )

    @property
    def _names(self) -> tuple[str, ...]:
        """The features, in the order of the list of them."""
        return tuple(name for name in STEP_FEATURES if name in np.atleast_1d(self.features))

    def _parameters_read(self) -> tuple[str, ...]:
        return "features", "tau_trace"

    def _fit_steps(self, sequences: Sequences, targets: np.ndarray, is_target: np.ndarray) -> None:
        """Draw the reservoir and train the readout.

        Parameters
        ----------
        sequences : Sequences
            The input.
        targets : ndarray of shape (n_frames, n_targets)
            What to predict after each frame.
        is_target : ndarray of shape (n_frames,), dtype bool
            After which frames there is anything to predict.
        """
        self._validate_features()
        warn_of_idle(self)
        self._draw(sequences)
        self._keep_parameters()
        is_used = is_target & ~self._is_washed_out(sequences)
        if is_used.sum() < 2:
            raise ValueError(
                f"washout={shown(self.washout)} leaves {int(is_used.sum())} steps to train on; "
                f"the longest sequence has {int(sequences.lengths.max())}."
            )
        is_held = is_used & held_out_steps(sequences, is_used)
        parts = [RidgeReadoutRegressor() for _ in range(2)]
        for rows, features in self._run(sequences):
            for part, chosen in zip(parts, (is_used & ~is_held, is_held), strict=True):
                some = chosen[rows]
                if some.any():
                    part._teach(features[some], targets[rows[some]])
        alphas = np.atleast_1d(self.alphas).tolist()
        if len(alphas) > 1 and is_held.any():
            tried = [self._solved([alpha], parts[:1]) for alpha in alphas]
            errors = self._errors(tried, sequences, targets, is_held)
            alphas = [alphas[int(np.argmin(errors))]]
        self.readout_ = self._solved(alphas, [part for part in parts if part._has_parts()])

    def _draw(self, sequences: Sequences) -> None:
        known = {f.name for f in fields(ReservoirParameters)} - {"tau_trace"}
        own = {name: getattr(self, name) for name in self._get_param_names() if name in known}
        own["random_state"] = seed_of(self.random_state)
        with told_of_idle():
            liquid = self.liquid_ = LiquidTransformer(**own).fit(sequences)
        liquid.liquids_ = [_with_finer_input(each) for each in liquid.liquids_]
        liquid.liquid_ = liquid.liquids_[0]
        self.washout_ = steps_of("washout", self.washout, median_length(sequences, None))

    def _errors(
        self,
        tried: list[RidgeReadoutRegressor],
        sequences: Sequences,
        targets: np.ndarray,
        is_held: np.ndarray,
    ) -> np.ndarray:
        """Mean square error of each readout after the steps that were held out."""
        has_any = np.add.reduceat(is_held, sequences.offsets[:-1]) > 0
        wanted = np.repeat(has_any, sequences.lengths)
        held, targets, is_held = sequences.take(has_any), targets[wanted], is_held[wanted]
        scale = targets[is_held].std(axis=0)
        scale[scale == 0] = 1.0
        errors = np.zeros(len(tried))
        for rows, features in self._run(held):
            some = is_held[rows]
            for i, readout in enumerate(tried if some.any() else []):
                missed = read(readout, features[some]) - targets[rows[some]]
                errors[i] += ((missed / scale) ** 2).sum()
        return errors

    def _solved(
        self, alphas: list[float], parts: list[RidgeReadoutRegressor]
    ) -> RidgeReadoutRegressor:
        """Readout of some parts, which stay as they are."""
        # The trace of a neuron that was nearly silent in training is standardised to a size that
        # a single spike would take beyond all bounds. Activations have bounds of their own, and a
        # loop that leaves their range a little must know by how much.
        limit = not is_rate_cell(self.cell)
        readout = RidgeReadoutRegressor(alphas, standardize=True, limit=limit)
        for part in parts:
            readout.merge(part)
        readout._finish()
        return readout

    def _run(self, sequences: Sequences) -> Any:
        fitted = self._as_fitted()
        return step_features(self.liquid_, fitted._names, fitted.tau_trace, sequences)

    def _open(self, n_sequences: int) -> StepStream:
        fitted = self._as_fitted()
        return StepStream(self.liquid_, fitted._names, fitted.tau_trace, n_sequences)

    def _outputs(self, sequences: Sequences) -> np.ndarray:
        """Predictions after every frame, shape (n_frames, n_targets)."""
        outputs = None
        for rows, features in self._run(sequences):
            some = read(self.readout_, features)
            if outputs is None:
                outputs = np.empty((len(sequences.frames), some.shape[1]))
            outputs[rows] = some
        assert outputs is not None  # there are no empty sequences
        return outputs

    def _is_washed_out(self, sequences: Sequences) -> np.ndarray:
        """Which frames are within the washout, shape (n_frames,), dtype bool."""
        begins = np.repeat(sequences.offsets[:-1], sequences.lengths)
        is_early: np.ndarray = np.arange(len(begins)) - begins < self.washout_
        return is_early

    def _predicted(self, X: Any) -> tuple[Sequences, np.ndarray]:
        check_is_fitted(self)
        sequences = self._validate_sequences(X, reset=False)
        return sequences, self._outputs(sequences)


def held_out_steps(sequences: Sequences, is_used: np.ndarray) -> np.ndarray:
    """Which steps are held out to choose the penalty by, shape (n_frames,), dtype bool."""
    is_held = np.zeros(len(is_used), dtype=bool)
    for i, (start, stop) in enumerate(zip(sequences.offsets, sequences.offsets[1:], strict=False)):
        used = start + np.flatnonzero(is_used[start:stop])
        if len(sequences) < _ONE_IN:
            used = used[len(used) - len(used) // _ONE_IN :]
        elif i % _ONE_IN != _ONE_IN - 1:
            used = used[:0]
        is_held[used] = True
    # Where all that is used was chosen, there is nothing to train with.
    return is_held if (is_used & ~is_held).any() else np.zeros_like(is_held)


def _with_finer_input(reservoir: Liquid | RateReservoir) -> Any:
    if isinstance(reservoir, Liquid):
        return replace(reservoir, taps=reservoir.taps.finer(FINER))
    gates = tuple(replace(gate, taps=gate.taps.finer(FINER)) for gate in reservoir.gates)
    return replace(reservoir, gates=gates)


def read(readout: RidgeReadoutRegressor, features: np.ndarray) -> np.ndarray:
    """Outputs for features of our own, which need no validation, shape (n_rows, n_targets)."""
    return readout._solved().outputs(features)


def n_dimensions(X: Any) -> int:
    """Dimensions of the array that sequences came in, nested lists of numbers being one, or 1."""
    return int(getattr(as_collection(X) if isinstance(X, list | tuple) else X, "ndim", 1))


def in_form_of(X: Any, arrays: list[np.ndarray]) -> Any:
    """Sequences side by side where they came in an array of equal lengths, else in a list."""
    is_array = n_dimensions(X) > 1
    return np.stack(arrays) if is_array and len({*map(len, arrays)}) == 1 else arrays
