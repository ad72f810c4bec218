"""PublishedLiquid: a liquid of the literature as a transformer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from sklearn.base import TransformerMixin, _fit_context
from sklearn.utils.validation import check_is_fitted

from .._base import SequenceEstimator, seed_of
from .._checks import check_integer, check_real, shown
from .._fitted import all_or_nothing
from ..engines import Runner, record
from ..estimators._caption import Captioned
from ..estimators._step_features import step_features
from ..pooling import PoolingPlan, make_plan
from ..reservoirs import Liquid
from ..sequences import Sequences
from ._model import PublishedModel
from ._tables import MODELS


class PublishedLiquid(Captioned, TransformerMixin, SequenceEstimator):
    """Turn spike trains into the states of a liquid of the literature.

    Nothing is learnt of the data but the number of channels. The input is taken as it is: a frame
    holds the number of spikes of each channel in a step.

    Parameters
    ----------
    model : {"maass_2002", "gorad_2019", "ivanov_2021"} or PublishedModel, default="maass_2002"
        The liquid: a name of ``skliquid.published.MODELS``, or parameters of one's own.
    dt : float, default=1.0
        Time between two frames in ms; positive.
    pooling : str or list of str, default="trace"
        What is made of the spikes of a sequence, as of :class:`~skliquid.LiquidTransformer`.
        "trace" is the state at its end, through the filter of the model.
    n_windows : int or tuple of int, default=1
        Number of equal windows, as there.
    engine : {"auto", "numba", "numpy"}, default="auto"
        What runs the liquid.
    n_jobs : int or None, default=None
        Number of threads of the Numba engine; -1 is all cores.
    random_state : int, RandomState instance or None, default=None
        Seed of all draws.

    Attributes
    ----------
    liquid_ : Liquid
        The liquid.
    liquids_ : list of Liquid
        It alone.
    n_channels_in_ : int
        Number of channels seen in `fit`.
    n_features_in_ : int
        Number of time steps if `fit` saw a 2-D array, else the number of channels.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if `fit` saw a data frame with names that are all strings.

    See Also
    --------
    skliquid.LiquidTransformer : The package's own liquid, which adapts to the data.

    Examples
    --------
    >>> from sklearn.linear_model import RidgeClassifierCV
    >>> from sklearn.pipeline import make_pipeline
    >>> from skliquid.datasets import make_spike_templates
    >>> from skliquid.published import PublishedLiquid
    >>> X, y = make_spike_templates(60, 2, warp=1.0, jitter=0.004, random_state=0)
    >>> lsm = make_pipeline(PublishedLiquid(random_state=0), RidgeClassifierCV())
    >>> lsm.fit(X[:40], y[:40]).score(X[40:], y[40:])
    1.0
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {}

    liquids_: list[Liquid]

    def __init__(
        self,
        model: Any = "maass_2002",
        *,
        dt: float = 1.0,
        pooling: Any = "trace",
        n_windows: Any = 1,
        engine: str = "auto",
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.model, self.dt = model, dt
        self.pooling, self.n_windows = pooling, n_windows
        self.engine, self.n_jobs, self.random_state = engine, n_jobs, random_state

    @property
    def liquid_(self) -> Liquid:
        """The liquid."""
        return self.liquids_[0]

    @all_or_nothing
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> PublishedLiquid:
        """Draw the liquid.

        Parameters
        ----------
        X : array-like or list
            Spike trains: an array of shape (n_samples, n_timesteps, n_channels); a list of arrays
            of shape (n_timesteps_i, n_channels), which may be sparse; or other events, as of
            :func:`~skliquid.from_events`.
        y : None
            Ignored.

        Returns
        -------
        PublishedLiquid
            The estimator itself, fitted.
        """
        self._validate_sequences(X, reset=True)
        model, dt = _model(self.model), check_real("dt", self.dt, 0, closed="neither")
        self.liquids_ = [model.draw(self.n_channels_in_, dt=dt, seed=seed_of(self.random_state))]
        self._plan()  # names a wrong pooling
        self._keep_parameters()
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Run the liquid and pool its spikes.

        Parameters
        ----------
        X : array-like or list
            Spike trains, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            The features, by default the state after the last step.
        """
        sequences, fitted = self._heard(X)
        runner = Runner(self.liquid_, fitted._plan(), fitted.engine, fitted.n_jobs)
        features = np.empty((len(sequences), runner.n_features), dtype=sequences.dtype)
        for samples in runner.batches(sequences):
            features[samples] = runner.features(sequences, samples)
        return features

    def states(self, X: Any, *, every: int = 1) -> list[np.ndarray]:
        """Run the liquid and return its state over time: its spikes, filtered.

        Parameters
        ----------
        X : array-like or list
            Spike trains, as in `fit`.
        every : int, default=1
            Steps from one state to the next; the first is that after so many steps.

        Returns
        -------
        list of ndarray of shape (n_timesteps_i // every, n_neurons), dtype float64
            The states of each sequence.
        """
        every = check_integer("every", every, low=1)
        sequences, fitted = self._heard(X)
        starts = np.repeat(sequences.offsets[:-1], sequences.lengths)
        is_kept = (np.arange(len(starts)) - starts + 1) % every == 0
        place = np.cumsum(is_kept) - 1
        states = np.empty((int(is_kept.sum()), self.liquid_.n_neurons))
        source: Any = fitted
        for rows, values in step_features(source, ("trace",), fitted._tau_trace, sequences):
            kept = is_kept[rows]
            states[place[rows[kept]]] = values[kept]
        return np.split(states, np.cumsum(sequences.lengths // every)[:-1])

    def spikes(self, X: Any) -> list[np.ndarray]:
        """Run the liquid and return every spike.

        Parameters
        ----------
        X : array-like or list
            Spike trains, as in `fit`.

        Returns
        -------
        list of ndarray of shape (n_timesteps_i, n_neurons), dtype bool
            Where each neuron fired, for each sequence.
        """
        sequences, fitted = self._heard(X)
        return record(self.liquids_, [sequences], fitted.engine, fitted.n_jobs).spikes()

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the features.

        Parameters
        ----------
        input_features : None
            Ignored: a feature comes from all channels.

        Returns
        -------
        ndarray of str
            Names such as ``trace_neuron12``.
        """
        check_is_fitted(self)
        names = self._as_fitted()._plan().feature_names(self.liquid_.n_neurons)
        return np.asarray(names, dtype=object)

    def _heard(self, X: Any) -> tuple[Sequences, PublishedLiquid]:
        check_is_fitted(self)
        return self._validate_sequences(X, reset=False), self._as_fitted()

    def _encode(self, sequences: Sequences) -> Sequences:
        """Sequences as they are, which the readers of steps ask an estimator for."""
        return sequences

    @property
    def _tau_trace(self) -> float:
        return float(_model(self.model).tau_state / self.dt)

    def _plan(self) -> PoolingPlan:
        return make_plan(self.pooling, self.n_windows, self._tau_trace)


def _model(model: Any) -> PublishedModel:
    known: Mapping[str, PublishedModel] = MODELS
    if isinstance(model, str) and model in known:
        return known[model]
    if not isinstance(model, PublishedModel):
        raise ValueError(
            f"model must be one of {sorted(known)} or a PublishedModel, got {shown(model)}."
        )
    return model
