"""LSMClassifier: a liquid, a scaler and a trained readout that predicts classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils._param_validation import HasMethods, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, column_or_1d

from .._base import checked_weight
from .._callbacks import with_callbacks
from ..readouts._leaky import LeakyReadoutClassifier
from ..readouts._named import CLASSIFIERS, LEAKY_KINDS, classifier_readout
from ..readouts._samples import class_factors, require_weights
from ._lsm import BaseLSM
from ._parameters import documented


def _readout_has(method: str) -> Callable[[Any], bool]:
    """Check for `available_if`: the readout, fitted or not, has a method."""

    def check(estimator: Any) -> bool:
        if hasattr(estimator, "pipeline_"):
            return hasattr(estimator.pipeline_[-1], method)
        return hasattr(estimator._make_readout(), method)

    return check


def _reads_over_time(estimator: Any) -> bool:
    """Check for `available_if`: the readout has scores that are causal in time."""
    return _readout_has("predict_over_time")(estimator) and not estimator.bidirectional


@documented
class LSMClassifier(ClassifierMixin, BaseLSM):
    """Classify sequences with a liquid state machine.

    A fixed random network of spiking neurons, the liquid [1]_, turns each sequence into
    pooled spike features (see :class:`LiquidTransformer`); the features are standardised,
    and a readout is trained on them.

    Parameters
    ----------
    {reservoir_doc}
    readout : {"ridge", "mlp", "leaky_rate", "leaky_spike"} or estimator, default="ridge"
        What is trained: "ridge" is :class:`~sklearn.linear_model.RidgeClassifierCV`, its
        penalty chosen by leave-one-out, in which identical samples count as one; "mlp" is
        :class:`~sklearn.neural_network.MLPClassifier`; any classifier of scikit-learn is
        cloned and fitted. "leaky_rate" and "leaky_spike" are the two kinds of
        :class:`LeakyReadoutClassifier`, which act on the spikes themselves and can be read
        after every frame: `pooling`, `n_windows`, `tau_trace` and `batch_size` do not act, and
        all spikes of the training sequences are held, a bit each. An instance of it sets
        its parameters.
    memory : str or object with the joblib.Memory interface, default=None
        Where to cache the features, as in :class:`~sklearn.pipeline.Pipeline`, so that a
        search over the readout alone runs the liquid once.
    class_weight : dict or "balanced", default=None
        Weights of the classes in the readout, which must take sample weights; 1 where a
        class has none. "balanced" makes the total weights of the classes equal.
    train_reservoir : bool, default=False
        Whether the liquid's weights and biases are trained too, by back-propagation through
        time with a surrogate derivative [N]_, from the liquid as drawn; synapses keep their
        places and their signs. It needs a leaky readout, whose parameters also set how long
        is trained, and ``cell="lif"``. The readout is then trained anew on the result. Time
        and memory grow with the square of `reservoir_size`: this is for small liquids.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes.
    pipeline_ : Pipeline
        The fitted steps "liquid", "limiter", "scaler" and "readout"; a leaky readout has
        neither limiter nor scaler.
    reservoir_loss_curve_ : list of float
        Mean training loss of each pass over the sequences, if the liquid was trained.
    reservoir_validation_loss_curve_ : list of float or None
        Loss of a held-out part after each pass, if the liquid was trained; None if nothing was
        held out.
    n_channels_in_ : int
        Number of channels seen in `fit`.
    n_features_in_ : int
        Number of time steps if `fit` saw a 2-D array, else the number of channels.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if `fit` saw a data frame with names that are all strings.

    See Also
    --------
    LiquidTransformer : The features alone.
    LSMRegressor : The same for numbers.

    References
    ----------
    .. [1] Maass, Natschlaeger, Markram. "Real-time computing without stable states", Neural
       Computation 14(11), 2002.
    .. [N] Neftci, Mostafa, Zenke. "Surrogate gradient learning in spiking neural networks",
       IEEE Signal Processing Magazine 36(6), 2019.
    {reservoir_references}

    Examples
    --------
    >>> from skliquid import LSMClassifier
    >>> from skliquid.datasets import load_japanese_vowels
    >>> X, y, X_test, y_test = load_japanese_vowels()
    >>> lsm = LSMClassifier(random_state=0).fit(X, y)
    >>> bool(lsm.score(X_test, y_test) > 0.95)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseLSM._parameter_constraints,
        "readout": [StrOptions(set(CLASSIFIERS)), HasMethods(["fit"])],
        "train_reservoir": ["boolean"],
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    classes_: np.ndarray

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
        readout: Any = "ridge",
        memory: Any = None,
        class_weight: Any = None,
        train_reservoir: bool = False,
    ) -> None:
        super().__init__(
            reservoir_size,
            connectivity=connectivity,
            recurrent_fraction=recurrent_fraction,
            spectral_radius=spectral_radius,
            exc_ratio=exc_ratio,
            ei_balance=ei_balance,
            beta=beta,
            relative_tau=relative_tau,
            threshold=threshold,
            adaptation=adaptation,
            tau_adaptation=tau_adaptation,
            refractory=refractory,
            topology=topology,
            topology_params=topology_params,
            cell=cell,
            encoder=encoder,
            scale_channels=scale_channels,
            derivative=derivative,
            input_scaling=input_scaling,
            n_delays=n_delays,
            max_delay=max_delay,
            max_channels=max_channels,
            target_rate=target_rate,
            bidirectional=bidirectional,
            n_liquids=n_liquids,
            pooling=pooling,
            n_windows=n_windows,
            tau_trace=tau_trace,
            engine=engine,
            batch_size=batch_size,
            n_jobs=n_jobs,
            random_state=random_state,
            readout=readout,
            memory=memory,
        )
        self.class_weight = class_weight
        self.train_reservoir = train_reservoir

    @with_callbacks
    # Validation of the parameters of a readout that is an estimator is left to it.
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LSMClassifier:
        """Draw the liquid and train the readout.

        Parameters
        ----------
        X : array-like or list
            Sequences: an array of shape (n_samples, n_timesteps, n_channels), where trailing
            frames of NaN are padding; an array of shape (n_samples, n_timesteps) of one
            channel; or a list of arrays of shape (n_timesteps_i, n_channels).
        y : array-like of shape (n_samples,)
            Classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the sequences; needs a readout that takes them.

        Returns
        -------
        LSMClassifier
            The estimator itself, fitted.
        """
        sequences = self._validate_sequences(X, reset=True)
        y = column_or_1d(self._validate_targets(y), warn=True)
        check_consistent_length(sequences, y)
        try:
            check_classification_targets(y)
            self.classes_ = np.unique(y)
        except TypeError as error:
            raise ValueError(f"y must hold labels of one type: {error}.") from error
        readout = self._make_readout()
        self._check_trainable(readout)
        weight = None
        if sample_weight is not None:
            require_weights(readout, "sample_weight")
            weight = checked_weight(sample_weight, sequences)
        present = self.classes_ if weight is None else np.unique(y[weight > 0])
        if len(present) < 2:
            raise ValueError(
                f"y holds only one class with a positive weight, {present[0]!r}; a classifier "
                "needs samples of at least two classes."
            )
        factor = None
        if self.class_weight is not None:
            require_weights(readout, "class_weight")
            factor = class_factors(self.class_weight, y, weight)
        self._fit_pipeline(X, sequences, y, readout, weight, factor)
        self.classes_ = self.pipeline_[-1].classes_
        for name in ("loss_curve_", "validation_loss_curve_"):
            self.__dict__.pop(f"reservoir_{name}", None)
            if self.train_reservoir:
                setattr(self, f"reservoir_{name}", getattr(self.pipeline_[0], name))
        return self

    @available_if(_readout_has("decision_function"))
    def decision_function(self, X: Any) -> np.ndarray:
        """Compute the readout's score of each class.

        Parameters
        ----------
        X : array-like or list
            Sequences, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Scores; with two classes, positive ones speak for ``classes_[1]``.
        """
        scores: np.ndarray = self._call("decision_function", X)
        return scores

    @available_if(_readout_has("predict_proba"))
    def predict_proba(self, X: Any) -> np.ndarray:
        """Compute the probability of each class.

        Parameters
        ----------
        X : array-like or list
            Sequences, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.
        """
        probabilities: np.ndarray = self._call("predict_proba", X)
        return probabilities

    @available_if(_reads_over_time)
    def predict_over_time(self, X: Any) -> list[np.ndarray]:
        """Compute the score of each class after every frame.

        Only with a leaky readout, and where the liquid runs forward in time alone.

        Parameters
        ----------
        X : array-like or list
            Sequences, as in `fit`.

        Returns
        -------
        list of ndarray of shape (n_timesteps_i, n_classes)
            Scores, in the order of `classes_`, also with two classes: row t is what the
            first t + 1 frames alone would give, the last row what `predict` decides by.
        """
        scores: list[np.ndarray] = self._call("predict_over_time", X)
        return scores

    def _trains_reservoir(self) -> bool:
        return self.train_reservoir

    def _check_trainable(self, readout: Any) -> None:
        """Raise an error if the liquid shall be trained, but nothing passes a gradient to it."""
        if not self.train_reservoir:
            return
        if not isinstance(readout, LeakyReadoutClassifier):
            raise ValueError(
                "train_reservoir=True needs a readout that passes a gradient to the liquid, "
                f"one of {sorted(LEAKY_KINDS)} or a LeakyReadoutClassifier, but readout is "
                f"{self.readout!r}."
            )
        if self.cell != "lif":
            raise ValueError(
                f"train_reservoir=True needs spiking neurons, cell='lif', but cell is "
                f"{self.cell!r}."
            )

    def _make_readout(self) -> Any:
        return classifier_readout(self.readout, self.random_state)
