"""LiquidTransformer: sequences in, pooled spike-state features out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import fields
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import TransformerMixin, _fit_context
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from .._base import SequenceEstimator, checked_weight, seed_of
from .._callbacks import CallbackSupportMixin, fit_tasks, with_callbacks
from .._checks import shown
from .._fitted import all_or_nothing
from .._misread import warn_of_misreading
from .._mlx import require_mlx
from .._progress import advanced, progress
from ..adaptation.recipe import draw_reservoirs
from ..collection import Collection, as_parts, first_of
from ..encoding._chosen import encoded_by, fit_encoder, make_encoder, observed_of
from ..encoding._missing import filled, rest_values
from ..engines import Runner, record
from ..pooling import PoolingPlan, make_plan
from ..reservoirs.liquid import Liquid
from ..reservoirs.rate_reservoir import RateReservoir, is_rate_cell
from ..sequences import Sequences, as_sequences
from ._absent import SaysWhatIsAbsent
from ._activity import watch_activity
from ._caption import Captioned
from ._entries import parametrized, warn_of_idle
from ._parameters import ReservoirParameters
from ._source import stream_source
from ._stream import LiquidStream

if TYPE_CHECKING:
    from ..nn import LiquidReservoir


# Tells the choice of the sequences that are looked at from other draws of the same seed.
_CHOICE = 2**32


def _is_spiking(estimator: Any) -> bool:
    """Check for `available_if`: the reservoir is, or is to be, one of spiking neurons."""
    if hasattr(estimator, "liquid_"):
        return isinstance(estimator.liquid_, Liquid)
    return not is_rate_cell(estimator.cell)


@parametrized
class LiquidTransformer(
    SaysWhatIsAbsent,
    Captioned,
    CallbackSupportMixin,
    TransformerMixin,
    ReservoirParameters,
    SequenceEstimator,
):
    """Turn sequences into pooled features of a spiking reservoir.

    A liquid state machine [1]_ without its readout: each sequence drives a fixed random
    network of leaky integrate-and-fire neurons, whose spikes and membrane potentials are
    pooled over time into one row of features. Nothing is trained: `fit` learns the mean and
    the scale of each channel, draws the liquid, and sets each neuron's gain and bias so that
    it is neither silent nor always active. The equations are those of
    :mod:`skliquid.reservoirs.liquid`.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    liquid_ : Liquid or RateReservoir
        The reservoir's weights and neuron constants, as NumPy arrays; the first of
        `liquids_`. A :class:`~skliquid.reservoirs.RateReservoir` for a rate cell.
    liquids_ : list of Liquid or RateReservoir
        All of the `n_liquids`.
    firing_rate_ : float or None
        Share of the steps in which a neuron fires, in the mean over the neurons and the training
        sequences, or over the beginnings of a few of them where `fit` does not run all; None where
        nothing spikes.
    encoder_ : encoder or None
        The fitted encoder.
    fill_values_ : ndarray of shape (`n_channels_in_`,), dtype float32, or None
        Mean of each channel over the training frames, which it has where nothing is known of it;
        None with ``missing="error"``.
    n_channels_in_ : int
        Number of channels seen in `fit`.
    n_features_in_ : int
        Number of time steps if `fit` saw a 2-D array, else the number of channels.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if `fit` saw a data frame with names that are all strings.

    See Also
    --------
    LSMClassifier : A liquid with a trained readout that predicts classes.
    LSMRegressor : A liquid with a trained readout that predicts numbers.

    Notes
    -----
    The features of a sequence depend neither on the other sequences of its batch nor on the
    engine, to the last bit.

    References
    ----------
    .. [1] Maass, Natschlaeger, Markram. "Real-time computing without stable states", Neural
       Computation 14(11), 2002.
    {references}

    Examples
    --------
    >>> from skliquid import LiquidTransformer
    >>> from skliquid.datasets import load_japanese_vowels
    >>> X, y, X_test, y_test = load_japanese_vowels()
    >>> liquid = LiquidTransformer(reservoir_size=100, pooling="rate", random_state=0)
    >>> liquid.fit_transform(X).shape
    (270, 100)
    """

    liquid_: Liquid | RateReservoir
    liquids_: list[Any]
    encoder_: Any
    # Of one that was saved before there were any.
    fill_values_: np.ndarray | None = None
    firing_rate_: float | None = None

    @all_or_nothing
    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> LiquidTransformer:
        """Learn the scale of each channel and draw the liquid.

        Parameters
        ----------
        X : array-like or list
            Sequences: an array of shape (n_samples, n_timesteps, n_channels), where trailing
            frames of NaN are padding; an array of shape (n_samples, n_timesteps) of one
            channel; or a list of arrays of shape (n_timesteps_i, n_channels).
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the sequences in the mean and the scale of the channels.

        Returns
        -------
        LiquidTransformer
            The estimator itself, fitted.
        """
        parts = as_parts(X)
        collection = X if parts is None else first_of(parts)
        collection = self._validate_collection(collection, reset=True)
        tasks = fit_tasks(self, 1, X if parts is None else None, y, sample_weight)
        with tasks.task("draw-liquid"):
            watch_activity(self, self._fit(collection, sample_weight))
        tasks.end()
        return self

    @all_or_nothing
    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Any, y: Any = None, sample_weight: Any = None) -> np.ndarray:
        """Fit, and return the features of the same sequences.

        Parameters
        ----------
        X : array-like or list
            Sequences, as in `fit`.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            The features.
        """
        parts = as_parts(X)
        if parts is not None:
            first = first_of(parts)
            return self.fit(first, sample_weight=sample_weight).transform(chain([first], parts))
        collection = self._validate_collection(X, reset=True)
        encoded = self._fit(collection, sample_weight)
        with progress(self, "fit_transform", len(collection)):
            if collection.is_one_part:
                jobs = self._jobs(encoded)
                tasks = fit_tasks(self, len(jobs), X, y, sample_weight)
                features = self._run(jobs, task=tasks.task)
                watch_activity(self, encoded, list(dict.fromkeys(job[0] for job in jobs)))
            else:
                watch_activity(self, encoded)
                tasks = fit_tasks(self, None, X, y, sample_weight)
                features = self._features(collection, tasks.task)
        tasks.end()
        return features

    def transform(self, X: Any) -> np.ndarray:
        """Run the liquid over sequences and pool its spikes.

        Parameters
        ----------
        X : array-like or list
            Sequences, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            The features, float32 if all of `X` is float32, else float64.
        """
        check_is_fitted(self)
        fitted = self._as_fitted()
        if as_parts(X) is None:
            collection = self._validate_collection(X, reset=False)
            with progress(self, "transform", len(collection)):
                return fitted._features(collection)
        parts = self._validate_parts(X)
        with progress(self, "transform", None):
            return np.concatenate([fitted._features(Collection(part)) for _, part in parts])

    def open_stream(self, n_streams: int = 1) -> LiquidStream:
        """Open a stream, into which frames are pushed as they come.

        Parameters
        ----------
        n_streams : int, default=1
            Number of sequences that come side by side.

        Returns
        -------
        LiquidStream
            The stream, which can be asked at any time for the features that `transform` would
            make of the whole sequences so far. A later `fit` does not change it.

        Raises
        ------
        ValueError
            If something set needs more than the frames so far: `bidirectional`, several
            `n_windows`, ``missing="linear"``, the encoders "rate" and "bsa" or one that is not of
            :mod:`skliquid.encoding`.
        """
        check_is_fitted(self)
        return LiquidStream(stream_source(self), n_streams)

    @available_if(_is_spiking)
    def spikes(self, X: Any) -> list[np.ndarray]:
        """Run the liquid over sequences and return every spike.

        Parameters
        ----------
        X : array-like or list
            Sequences, as in `fit`.

        Returns
        -------
        list of ndarray of shape (n_timesteps_i, reservoir_size), dtype bool
            Where each neuron fired, for each sequence; those of several liquids side by side.
        """
        check_is_fitted(self)
        sequences = self._encode(self._validate_sequences(X, reset=False))
        return record(self.liquids_, [sequences], self.engine, self.n_jobs).spikes()

    @available_if(_is_spiking)
    def to_reservoir(self, *, trainable: bool = False) -> LiquidReservoir:
        """Hand out the fitted liquid as an MLX module.

        Parameters
        ----------
        trainable : bool, default=False
            Whether the module's weights are trainable parameters.

        Returns
        -------
        skliquid.nn.LiquidReservoir
            The same liquid, the first if there are several, to be stepped by hand. Its input
            are raw frames, or those that the encoder gives: it standardises the channels as
            the estimator does.
        """
        check_is_fitted(self)
        require_mlx("to_reservoir", "liquid_, which holds the same liquid in NumPy arrays")
        from ..nn import LiquidReservoir

        assert isinstance(self.liquid_, Liquid)
        return LiquidReservoir.from_liquid(self.liquid_, trainable=trainable)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the features.

        Parameters
        ----------
        input_features : None
            Ignored: a feature comes from all channels.

        Returns
        -------
        ndarray of str
            Names such as ``counts_window0_neuron12``; before it ``liquid1_`` where there are
            several liquids, and ``forward_`` or ``backward_`` where there are both directions.
        """
        check_is_fitted(self)
        fitted = self._as_fitted()
        names = fitted._plan().feature_names(self.liquid_.n_neurons)
        ways = ("forward_", "backward_") if fitted.bidirectional else ("",)
        liquids = range(len(self.liquids_))
        prefixes = [
            (f"liquid{i}_" if len(liquids) > 1 else "") + way for i in liquids for way in ways
        ]
        return np.asarray([prefix + name for prefix in prefixes for name in names], dtype=object)

    def _why_absent(self, method: str) -> str | None:
        if method not in ("spikes", "to_reservoir"):
            is_read = method.startswith("predict")
            return "LSMClassifier and LSMRegressor predict." if is_read else None
        return (
            f'the units of cell={shown(self.cell)} do not spike; those of cell="lif" and of a '
            "NeuronModel do."
        )

    def _fit(self, collection: Collection, sample_weight: Any) -> Sequences:
        """Fit, and return the encoded sequences that were looked at, of a small collection all."""
        self._plan()  # names a wrong pooling before any work is done
        warn_of_idle(self)
        if sample_weight is not None:
            sample_weight = checked_weight(sample_weight, collection)
        seed = seed_of(self.random_state)
        # Draws of their own, whatever the number of sequences.
        chosen_by = np.random.default_rng((seed, _CHOICE))
        sequences, sample_weight = collection.sample(sample_weight, chosen_by)
        self.fill_values_ = rest_values(sequences, sample_weight) if self._may_miss else None
        whole = self._filled(sequences)
        if whole.unresolved is None or not whole.unresolved.any():  # which is told below
            warn_of_misreading(whole.frames, whole.offsets)
        self.encoder_ = make_encoder(self.encoder, seed)
        fit_encoder(self.encoder_, whole, sequences, sample_weight)
        encoded = encoded_by(self.encoder_, whole)
        observed = observed_of(self.encoder_, sequences, encoded)
        parameters = {f.name: getattr(self, f.name) for f in fields(ReservoirParameters)}
        self.liquids_ = draw_reservoirs(encoded, observed, sample_weight, parameters, seed=seed)
        self.liquid_ = self.liquids_[0]
        self._keep_parameters()
        return encoded

    def _filled(self, sequences: Sequences) -> Sequences:
        if self.fill_values_ is None:
            return as_sequences(sequences)
        return filled(sequences, self.fill_values_, self._as_fitted().missing)

    def _parameters_read(self) -> tuple[str, ...]:
        """Those that the reservoirs and the encoder do not hold themselves."""
        features = "pooling", "n_windows", "tau_trace"
        return (*features, "bidirectional", "missing", "n_liquids", "reservoir_size")

    def _encode(self, sequences: Sequences) -> Sequences:
        encoded = encoded_by(self.encoder_, self._filled(sequences))
        if encoded.n_channels != self.liquid_.n_channels:
            raise ValueError(
                f"encoder {shown(self.encoder)} gives {encoded.n_channels} channels, but gave "
                f"{self.liquid_.n_channels} in fit."
            )
        return encoded

    def _plan(self) -> PoolingPlan:
        return make_plan(self.pooling, self.n_windows, self.tau_trace)

    @property
    def _n_features(self) -> int:
        """Number of features of all liquids and directions."""
        n_runs = self.n_liquids * (2 if self.bidirectional else 1)
        return n_runs * self._plan().n_features(self.reservoir_size)

    @property
    def _groups(self) -> np.ndarray | None:
        """Group of each feature that a readout may weigh beside others, of group 0; or None."""
        groups = self._plan().groups(self.reservoir_size)
        return None if groups is None else np.resize(groups, self._n_features)

    def _features(
        self,
        collection: Collection,
        task: Callable[[str], AbstractContextManager[Any]] = nullcontext,
    ) -> np.ndarray:
        """Features of validated sequences, which are encoded and run part by part."""
        features = np.empty((len(collection), self._n_features), dtype=collection.dtype)
        for rows, sequences in collection.parts():
            self._run(self._jobs(self._encode(sequences)), features[rows], task)
        return features

    def _jobs(self, sequences: Sequences) -> list[tuple[Runner, Sequences, np.ndarray, int]]:
        """What to run: the liquid, a batch of encoded sequences, the first feature's place."""
        plan = self._plan()
        ways = [sequences, sequences.reversed()] if self.bidirectional else [sequences]
        jobs, place = [], 0
        for liquid in self.liquids_:
            runner = Runner(liquid, plan, self.engine, self.n_jobs)
            for way in ways:
                for samples in runner.batches(way, self.batch_size):
                    jobs.append((runner, way, samples, place))
                place += runner.n_features
        return jobs

    def _run(
        self,
        jobs: list[tuple[Runner, Sequences, np.ndarray, int]],
        out: np.ndarray | None = None,
        task: Callable[[str], AbstractContextManager[Any]] = nullcontext,
    ) -> np.ndarray:
        if out is None:
            sequences = jobs[0][1]
            out = np.empty((len(sequences), self._n_features), dtype=sequences.dtype)
        for runner, way, samples, place in jobs:
            with task("run-liquid"):
                out[samples, place : place + runner.n_features] = runner.features(way, samples)
            if place + runner.n_features == out.shape[1]:  # each of the other runs had them too
                advanced(len(samples))
        return out

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
