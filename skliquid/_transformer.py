"""LiquidTransformer: sequences in, pooled spike-state features out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.base import TransformerMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from ._base import RESERVOIR_CONSTRAINTS, SequenceEstimator, documented
from ._callbacks import CallbackSupportMixin, fit_tasks, with_callbacks
from ._channels import channel_scaling
from .engines import Runner, spike_trains
from .liquid import Liquid, draw_liquid
from .pooling import PoolingPlan, make_plan
from .sequences import Sequences

if TYPE_CHECKING:
    from .nn import LiquidReservoir


@documented
class LiquidTransformer(CallbackSupportMixin, TransformerMixin, SequenceEstimator):
    """Turn sequences into pooled features of a spiking reservoir.

    A liquid state machine [1]_ without its readout: each sequence drives a fixed random
    network of leaky integrate-and-fire neurons, whose spikes and membrane potentials are
    pooled over time into one row of features. Nothing is trained: `fit` learns the mean and
    the scale of each channel and draws the liquid.

    Parameters
    ----------
    {reservoir_doc}

    Attributes
    ----------
    liquid_ : Liquid
        The reservoir's weights and neuron constants, as NumPy arrays.
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

    liquid_: Liquid

    def __init__(
        self,
        reservoir_size: int = 500,
        *,
        connectivity: float = 0.1,
        spectral_radius: float = 0.9,
        exc_ratio: float = 0.8,
        beta: float = 0.5,
        threshold: float = 1.0,
        topology: Any = "erdos_renyi",
        topology_params: dict[str, Any] | None = None,
        input_scaling: float = 1.0,
        scale_channels: bool = True,
        pooling: Any = ("rate", "membrane", "counts", "potentials"),
        n_windows: int = 4,
        tau_trace: float = 5.0,
        engine: str = "auto",
        batch_size: int | None = None,
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.reservoir_size = reservoir_size
        self.connectivity = connectivity
        self.spectral_radius = spectral_radius
        self.exc_ratio = exc_ratio
        self.beta = beta
        self.threshold = threshold
        self.topology = topology
        self.topology_params = topology_params
        self.input_scaling = input_scaling
        self.scale_channels = scale_channels
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
        self._fit(sequences, sample_weight)
        runner = self._runner()
        samples = runner.batches(sequences, self.batch_size)
        tasks = fit_tasks(self, len(samples), X)
        features = self._transform(sequences, runner, samples, tasks.task)
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
        runner = self._runner()
        return self._transform(sequences, runner, runner.batches(sequences, self.batch_size))

    def spikes(self, X: Any) -> list[np.ndarray]:
        """Run the liquid over sequences and return every spike.

        Parameters
        ----------
        X : array-like or list
            Sequences, as in `fit`.

        Returns
        -------
        list of ndarray of shape (n_timesteps_i, reservoir_size), dtype bool
            Where each neuron fired, for each sequence.
        """
        check_is_fitted(self)
        return list(spike_trains(self.liquid_, self._validate_sequences(X, reset=False)))

    def to_reservoir(self, *, trainable: bool = False) -> LiquidReservoir:
        """Hand out the fitted liquid as an MLX module.

        Parameters
        ----------
        trainable : bool, default=False
            Whether the module's weights are trainable parameters.

        Returns
        -------
        skliquid.nn.LiquidReservoir
            The same liquid, to be stepped by hand. Its input are raw frames: it standardises
            the channels as the estimator does.
        """
        check_is_fitted(self)
        from .nn import LiquidReservoir

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
            Names such as "counts_window0_neuron12".
        """
        check_is_fitted(self)
        return np.asarray(self._plan().feature_names(self.liquid_.n_neurons), dtype=object)

    def _fit(self, sequences: Sequences, sample_weight: Any) -> None:
        self._plan()  # names a wrong pooling before any work is done
        if sample_weight is not None:
            sample_weight = checked_weight(sample_weight, sequences)
        offset, gain = None, None
        if self.scale_channels:
            offset, gain = channel_scaling(sequences, sample_weight)
        self.liquid_ = draw_liquid(
            sequences.n_channels,
            self.reservoir_size,
            connectivity=self.connectivity,
            spectral_radius=self.spectral_radius,
            exc_ratio=self.exc_ratio,
            beta=self.beta,
            threshold=self.threshold,
            topology=self.topology,
            topology_params=self.topology_params,
            input_scaling=self.input_scaling,
            input_offset=offset,
            input_gain=gain,
            seed=_seed(self.random_state),
        )

    def _plan(self) -> PoolingPlan:
        return make_plan(self.pooling, self.n_windows, self.tau_trace)

    def _runner(self) -> Runner:
        return Runner(self.liquid_, self._plan(), self.engine, self.n_jobs)

    def _transform(
        self,
        sequences: Sequences,
        runner: Runner,
        batches: list[np.ndarray],
        task: Callable[[str], AbstractContextManager[Any]] = nullcontext,
    ) -> np.ndarray:
        n_features = runner.plan.n_features(runner.n_neurons)
        features = np.empty((len(sequences), n_features), dtype=sequences.dtype)
        for samples in batches:
            with task("run-liquid"):
                features[samples] = runner.features(sequences, samples)
        return features

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def checked_weight(sample_weight: Any, sequences: Sequences) -> np.ndarray:
    """Return sample weights as float64, non-negative and not all zero."""
    samples = np.empty((len(sequences), 1))
    weight: np.ndarray = _check_sample_weight(
        sample_weight, samples, dtype=np.float64, ensure_non_negative=True
    )
    if not weight.any():
        raise ValueError("sample_weight is zero for every sample; expected a non-zero weight.")
    return weight


def _seed(random_state: Any) -> int:
    """An int as it is, so that modules drawn with the same seed are the same liquid."""
    if isinstance(random_state, (int, np.integer)):
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
