"""LiquidTransformer: sequences in, pooled spike-state features out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.base import TransformerMixin, _fit_context, clone
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    check_is_fitted,
    has_fit_parameter,
)

from .._base import SequenceEstimator, checked_weight, seed_of
from .._callbacks import CallbackSupportMixin, fit_tasks, with_callbacks
from .._checks import MOST_STEPS, check_pair
from ..adaptation.channels import channel_scaling, derivative_gain
from ..adaptation.homeostasis import regulated
from ..encoding import ENCODERS
from ..encoding._base import SequenceEncoder
from ..engines import Runner, spike_trains
from ..pooling import PoolingPlan, make_plan
from ..reservoirs.liquid import Liquid, draw_liquid
from ..reservoirs.rate_reservoir import GATES, RateReservoir, without_threshold
from ..sequences import Sequences, as_sequences
from ._parameters import RESERVOIR_CONSTRAINTS, documented

if TYPE_CHECKING:
    from ..nn import LiquidReservoir


def _is_spiking(estimator: Any) -> bool:
    """Check for `available_if`: the reservoir's units are spiking neurons."""
    return bool(estimator.cell == "lif")


@documented
class LiquidTransformer(CallbackSupportMixin, TransformerMixin, SequenceEstimator):
    """Turn sequences into pooled features of a spiking reservoir.

    A liquid state machine [1]_ without its readout: each sequence drives a fixed random
    network of leaky integrate-and-fire neurons, whose spikes and membrane potentials are
    pooled over time into one row of features. Nothing is trained: `fit` learns the mean and
    the scale of each channel, draws the liquid, and sets each neuron's gain and bias so that
    it is neither silent nor always active. The equations are those of
    :mod:`skliquid.reservoirs.liquid`.

    Parameters
    ----------
    {reservoir_doc}

    Attributes
    ----------
    liquid_ : Liquid or RateReservoir
        The reservoir's weights and neuron constants, as NumPy arrays; the first of
        `liquids_`. A :class:`~skliquid.reservoirs.RateReservoir` unless `cell` is "lif".
    liquids_ : list of Liquid or RateReservoir
        All of the `n_liquids`.
    encoder_ : encoder or None
        The fitted encoder.
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
    {reservoir_references}

    Examples
    --------
    >>> from skliquid import LiquidTransformer
    >>> from skliquid.datasets import load_japanese_vowels
    >>> X, y, X_test, y_test = load_japanese_vowels()
    >>> liquid = LiquidTransformer(reservoir_size=100, pooling="rate", random_state=0)
    >>> liquid.fit_transform(X).shape
    (270, 100)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {**RESERVOIR_CONSTRAINTS}

    liquid_: Liquid | RateReservoir
    liquids_: list[Any]
    encoder_: Any

    def __init__(
        self,
        reservoir_size: int = 1500,
        *,
        connectivity: float | None = None,
        recurrent_fraction: float = 0.25,
        spectral_radius: float = 1.0,
        exc_ratio: float = 0.8,
        ei_balance: float | None = 1.0,
        beta: Any = (0.04, 0.82),
        relative_tau: Any = None,
        threshold: float = 1.0,
        adaptation: float = 0.0,
        tau_adaptation: float = 20.0,
        refractory: int = 0,
        topology: Any = "erdos_renyi",
        topology_params: dict[str, Any] | None = None,
        cell: str = "lif",
        encoder: Any = "compression",
        scale_channels: bool | str = "common",
        derivative: bool = False,
        input_scaling: float = 2.0,
        n_delays: int = 5,
        max_delay: float = 1.0,
        max_channels: int | None = 9,
        target_rate: Any = (0.05, 0.5),
        bidirectional: bool = False,
        n_liquids: int = 1,
        pooling: Any = ("counts", "bursts", "longest_burst", "rectified"),
        n_windows: Any = 1,
        tau_trace: float = 5.0,
        engine: str = "auto",
        batch_size: int | None = None,
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.reservoir_size = reservoir_size
        self.connectivity = connectivity
        self.recurrent_fraction = recurrent_fraction
        self.spectral_radius = spectral_radius
        self.exc_ratio = exc_ratio
        self.ei_balance = ei_balance
        self.beta = beta
        self.relative_tau = relative_tau
        self.threshold = threshold
        self.adaptation = adaptation
        self.tau_adaptation = tau_adaptation
        self.refractory = refractory
        self.topology = topology
        self.topology_params = topology_params
        self.cell = cell
        self.encoder = encoder
        self.scale_channels = scale_channels
        self.derivative = derivative
        self.input_scaling = input_scaling
        self.n_delays = n_delays
        self.max_delay = max_delay
        self.max_channels = max_channels
        self.target_rate = target_rate
        self.bidirectional = bidirectional
        self.n_liquids = n_liquids
        self.pooling = pooling
        self.n_windows = n_windows
        self.tau_trace = tau_trace
        self.engine = engine
        self.batch_size = batch_size
        self.n_jobs = n_jobs
        self.random_state = random_state

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
        tasks = fit_tasks(self, 1, X)
        with tasks.task("draw-liquid"):
            self._fit(self._validate_sequences(X, reset=True), sample_weight)
        tasks.end()
        return self

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
        sequences = self._validate_sequences(X, reset=True)
        encoded = self._fit(sequences, sample_weight)
        jobs = self._jobs(encoded)
        tasks = fit_tasks(self, len(jobs), X)
        features = self._run(jobs, tasks.task)
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
        sequences = self._validate_sequences(X, reset=False)
        return self._run(self._jobs(self._encode(sequences)))

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
        trains = [spike_trains(liquid, sequences) for liquid in self.liquids_]
        return [np.concatenate(parts, axis=1) for parts in zip(*trains, strict=True)]

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
        names = self._plan().feature_names(self.liquid_.n_neurons)
        ways = ("forward_", "backward_") if self.bidirectional else ("",)
        liquids = range(len(self.liquids_))
        prefixes = [
            (f"liquid{i}_" if len(liquids) > 1 else "") + way for i in liquids for way in ways
        ]
        return np.asarray([prefix + name for prefix in prefixes for name in names], dtype=object)

    def _fit(self, sequences: Sequences, sample_weight: Any) -> Sequences:
        """Fit, and return the encoded sequences."""
        self._plan()  # names a wrong pooling before any work is done
        if sample_weight is not None:
            sample_weight = checked_weight(sample_weight, sequences)
        seed = seed_of(self.random_state)
        self.encoder_ = _make_encoder(self.encoder, seed)
        if self.encoder_ is not None:
            _fit_encoder(self.encoder_, sequences, sample_weight)
        sequences = self._encode(sequences)
        offset, gain, difference_gain = None, None, None
        if self.scale_channels:
            common = self.scale_channels == "common"
            offset, gain = channel_scaling(sequences, sample_weight, common=common)
        if self.derivative:
            difference_gain = derivative_gain(sequences, sample_weight)
        length = _median_length(sequences, sample_weight)
        max_delay: Any = self.max_delay
        if not isinstance(max_delay, Integral):
            max_delay = min(int(max_delay * length), MOST_STEPS)
        # A unit of a rate cell has no memory but that of its cell.
        neurons: dict[str, Any] = {"beta": 0.0}
        if self.cell == "lif":
            neurons = {
                "beta": self._beta(length),
                "threshold": self.threshold,
                "adaptation": self.adaptation,
                "tau_adaptation": self.tau_adaptation,
                "refractory": self.refractory,
            }

        def draw(rng: np.random.Generator) -> Liquid:
            liquid = draw_liquid(
                sequences.n_channels,
                self.reservoir_size,
                connectivity=self.connectivity,
                recurrent_fraction=self.recurrent_fraction,
                spectral_radius=self.spectral_radius,
                exc_ratio=self.exc_ratio,
                ei_balance=self.ei_balance,
                **neurons,
                topology=self.topology,
                topology_params=self.topology_params,
                input_scaling=self.input_scaling,
                n_delays=self.n_delays,
                max_delay=int(max_delay),
                max_channels=self.max_channels,
                derivative_gain=difference_gain,
                input_offset=offset,
                input_gain=gain,
                seed=rng,
            )
            if self.target_rate is not None:
                liquid = regulated(
                    liquid,
                    sequences,
                    sample_weight,
                    target_rate=self._target_rate(),
                    spread=self.input_scaling,
                    engine=self.engine,
                    n_jobs=self.n_jobs,
                    rng=rng.spawn(1)[0],
                )
            return liquid

        self.liquids_ = []
        for i in range(self.n_liquids):
            # The first liquid is that of the seed itself, however many there are.
            rng = np.random.default_rng(seed if i == 0 else (seed, i))
            if self.cell == "lif":
                liquid: Liquid | RateReservoir = draw(rng)
            else:
                rngs = rng.spawn(len(GATES[self.cell]))
                liquid = RateReservoir(self.cell, tuple(self._gate(draw(r)) for r in rngs))
            self.liquids_.append(liquid)
        self.liquid_ = self.liquids_[0]
        return sequences

    def _gate(self, liquid: Liquid) -> Liquid:
        """What was set to fire at a rate is set to be above zero at that rate."""
        return liquid if self.target_rate is None else without_threshold(liquid)

    def _encode(self, sequences: Sequences) -> Sequences:
        """Have the encoder make the liquid's input of validated sequences."""
        if self.encoder_ is None:
            return sequences
        if isinstance(self.encoder_, SequenceEncoder):
            return self.encoder_._encode(sequences)
        encoded = as_sequences(self.encoder_.transform(list(sequences)))
        return replace(encoded, dtype=sequences.dtype)

    def _beta(self, length: int) -> Any:
        if self.relative_tau is None:
            return self.beta
        if isinstance(self.relative_tau, Real):
            return _decay_of(float(self.relative_tau) * length)
        ends = check_pair("relative_tau", self.relative_tau, 0, 1e6, closed="right")
        return tuple(_decay_of(end * length) for end in ends)

    def _target_rate(self) -> tuple[float, float]:
        if isinstance(self.target_rate, Real):
            return float(self.target_rate), float(self.target_rate)
        return check_pair("target_rate", self.target_rate, 0, 1, closed="neither")

    def _plan(self) -> PoolingPlan:
        return make_plan(self.pooling, self.n_windows, self.tau_trace)

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
        task: Callable[[str], AbstractContextManager[Any]] = nullcontext,
    ) -> np.ndarray:
        runner, sequences, _, last = jobs[-1]
        n_features = last + runner.n_features
        features = np.empty((len(sequences), n_features), dtype=sequences.dtype)
        for runner, way, samples, place in jobs:
            with task("run-liquid"):
                mine = slice(place, place + runner.n_features)
                features[samples, mine] = runner.features(way, samples)
        return features

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _make_encoder(encoder: Any, seed: int) -> Any:
    """Make the encoder that a name stands for, or a clone of the one given."""
    if encoder is None:
        return None
    made = ENCODERS[encoder]() if isinstance(encoder, str) else clone(encoder)
    if isinstance(encoder, str) and "random_state" in made.get_params():
        made.set_params(random_state=seed)
    return made


def _fit_encoder(encoder: Any, sequences: Sequences, sample_weight: np.ndarray | None) -> None:
    """Fit an encoder of ours, or any other transformer on a plain list of arrays."""
    if isinstance(encoder, SequenceEncoder):
        encoder.fit(sequences, sample_weight=sample_weight)
    elif sample_weight is not None and has_fit_parameter(encoder, "sample_weight"):
        encoder.fit(list(sequences), sample_weight=sample_weight)
    else:
        encoder.fit(list(sequences))


def _decay_of(tau: float) -> float:
    """Decay per step for a time constant, which below this one forgets all anyway."""
    return float(np.exp(-1.0 / max(tau, 2.0**-9)))


def _median_length(sequences: Sequences, sample_weight: np.ndarray | None) -> int:
    """Length that half of the sequences, by weight, do not exceed."""
    order = np.argsort(sequences.lengths)
    weight = np.ones(len(order)) if sample_weight is None else sample_weight[order]
    below = np.cumsum(weight)
    return int(sequences.lengths[order[np.searchsorted(below, below[-1] / 2)]])
