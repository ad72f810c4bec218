"""LeakyReadoutClassifier: classes read from a reservoir's states at every time step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from scipy.special import log_softmax, softmax
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from .._base import SequenceEstimator, checked_weight, seed_of
from .._checks import LARGEST_SCALE, shown
from .._fitted import all_or_nothing
from .._mlx import require_mlx
from ..engines import StateTrains
from ._descent import Schedule
from ._samples import canonical, class_factors, class_labels, held_out
from ._scores import running_scores, weight_grid


class LeakyReadoutClassifier(ClassifierMixin, SequenceEstimator):
    """Classify trains of states by leaky units, one for each class, that can be read any time.

    ::

        I[t]     = W s[t] + b
        "rate":   r[t] = alpha r[t-1] + I[t],    score[t] = (r[1] + ... + r[t]) / t
        "spike":  V[t] = alpha V[t-1] + (1 - alpha) I[t], fires where V[t] > 1 and is reset;
                  score[t] = 10 (spikes up to t + V[t]) / t

    with ``alpha = exp(-1 / tau)``. The first is the readout of Bellec et al. [1]_, the second
    one of leaky integrate-and-fire neurons with a surrogate derivative [2]_. W and b are
    trained by gradient in MLX: Adam [3]_ on mini-batches of the cross-entropy of the scores
    after the last frame, which also make the prediction. The scores after any frame are those
    that the sequence would have if it ended there.

    Parameters
    ----------
    kind : {"rate", "spike"}, default="rate"
        Which readout.
    tau : float, default=5.0
        Time constant in time steps; positive, at most 1e6.
    spk_reset : {"soft", "hard"}, default="soft"
        Reset of a neuron of the "spike" readout: by the threshold, or to zero.
    alpha : float, default=1e-6
        Penalty on the squared weights of the standardised states; in [0, 1e6].
    learning_rate : float, default=0.5
        How far a step of Adam moves a score at most; positive, at most 1e6.
    batch_size : int, default=16
        Number of sequences of a step.
    max_iter : int, default=60
        Largest number of passes over the training sequences.
    validation_fraction : float, default=0.1
        Fraction of the sequences of each class that are held out, in [0, 1); their loss ends
        the training. Classes of fewer than five sequences spare none; without any, the
        training's own loss decides.
    n_iter_no_change : int, default=8
        Passes without a lower loss after which training ends. The weights of the lowest loss
        are kept.
    tol : float, default=2e-3
        Least decrease of the loss that counts; non-negative.
    class_weight : dict or "balanced", default=None
        Weights of the classes; 1 where a class has none. "balanced" makes the total weights
        of the classes equal.
    random_state : int, RandomState instance or None, default=None
        Seed of the held-out part and of the mini-batches; an int gives the same weights at
        every fit.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes.
    coef_ : ndarray of shape (n_classes, n_units)
        Weights W.
    intercept_ : ndarray of shape (n_classes,)
        Constant drive b.
    loss_curve_ : list of float
        Mean training loss of each pass.
    validation_loss_curve_ : list of float or None
        Loss of the held-out part after each pass; None if nothing was held out.
    n_iter_ : int
        Number of passes.
    n_channels_in_ : int
        Number of units.
    n_features_in_ : int
        Number of time steps if `fit` saw a 2-D array, else the number of units.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if `fit` saw a data frame with names that are all strings.

    See Also
    --------
    LSMClassifier : A liquid with this readout as ``readout="leaky_rate"`` or "leaky_spike".

    Notes
    -----
    Samples that are identical count as one with their weights summed, and their order does not
    matter. Fitted weights are NumPy arrays on a power-of-two grid, on which sums over spikes
    are exact: predictions depend neither on the other sequences nor on their order, and are
    made without MLX.

    References
    ----------
    .. [1] Bellec et al. "A solution to the learning dilemma for recurrent networks of spiking
       neurons", Nature Communications 11, 2020.
    .. [2] Neftci, Mostafa, Zenke. "Surrogate gradient learning in spiking neural networks",
       IEEE Signal Processing Magazine 36(6), 2019.
    .. [3] Kingma, Ba. "Adam: a method for stochastic optimization", ICLR 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid import LeakyReadoutClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1], 20)
    >>> rates = np.where(y[:, None], [0.3, 0.1], [0.1, 0.3])
    >>> trains = [rng.random((100, 2)) < rate for rate in rates]
    >>> readout = LeakyReadoutClassifier(random_state=0).fit(trains, y)
    >>> readout.score(trains, y)
    1.0
    >>> readout.predict_over_time(trains)[0].shape
    (100, 2)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "kind": [StrOptions({"rate", "spike"})],
        "tau": [Interval(Real, 0, LARGEST_SCALE, closed="right")],
        "spk_reset": [StrOptions({"soft", "hard"})],
        "alpha": [Interval(Real, 0, LARGEST_SCALE, closed="both")],
        "learning_rate": [Interval(Real, 0, LARGEST_SCALE, closed="right")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        kind: str = "rate",
        *,
        tau: float = 5.0,
        spk_reset: str = "soft",
        alpha: float = 1e-6,
        learning_rate: float = 0.5,
        batch_size: int = 16,
        max_iter: int = 60,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 8,
        tol: float = 2e-3,
        class_weight: Any = None,
        random_state: Any = None,
    ) -> None:
        self.kind = kind
        self.tau = tau
        self.spk_reset = spk_reset
        self.alpha = alpha
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.class_weight = class_weight
        self.random_state = random_state

    @all_or_nothing
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LeakyReadoutClassifier:
        """Train the readout.

        Parameters
        ----------
        X : array-like or list
            Trains of states: a list of arrays of shape (n_timesteps_i, n_units), such as the
            spikes of :meth:`LiquidTransformer.spikes`, or an array of shape (n_samples,
            n_timesteps, n_units).
        y : array-like of shape (n_samples,)
            Classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the sequences.

        Returns
        -------
        LeakyReadoutClassifier
            The estimator itself, fitted.
        """
        require_mlx(
            "Training a leaky readout (readout='leaky_rate', 'leaky_spike')", "readout='ridge'"
        )
        from ._leaky_training import train_readout

        trains = self._validate_sequences(X, reset=True)
        y = class_labels(y)
        check_consistent_length(trains, y)
        trains, y, weight = canonical(trains, y, self._weights(trains, y, sample_weight))
        self.classes_, target = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"y holds only one class with a positive weight, {shown(y.tolist()[0])}; a "
                "classifier needs samples of at least two classes."
            )
        rng = np.random.default_rng(seed_of(self.random_state))
        coef, intercept, curves = train_readout(
            trains,
            target,
            weight,
            held_out(target, self.validation_fraction, rng),
            alpha=self.alpha,
            schedule=self._schedule(),
            rng=rng,
            **self._dynamics(),
        )
        self.coef_, self.intercept_ = weight_grid(coef), intercept
        self.loss_curve_ = curves["training"]
        self.validation_loss_curve_ = curves.get("validation")
        self.n_iter_ = len(self.loss_curve_)
        self._keep_parameters()
        return self

    def predict_over_time(self, X: Any) -> list[np.ndarray]:
        """Compute the score of each class after every frame.

        Parameters
        ----------
        X : array-like or list
            Trains of states, as in `fit`.

        Returns
        -------
        list of ndarray of shape (n_timesteps_i, n_classes)
            Scores, in the order of `classes_`: row t is what the first t + 1 frames say, the
            last row what decides.
        """
        return list(self._running_scores(X))

    def decision_function(self, X: Any) -> np.ndarray:
        """Compute the score of each class after the last frame.

        Parameters
        ----------
        X : array-like or list
            Trains of states, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Scores; with two classes, the difference of the second and the first.
        """
        scores = self._last_scores(X)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    @np.errstate(under="ignore")  # what is far behind has no probability
    def predict_proba(self, X: Any) -> np.ndarray:
        """Compute the probability of each class, the softmax of the scores.

        Parameters
        ----------
        X : array-like or list
            Trains of states, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.
        """
        probabilities: np.ndarray = softmax(self._last_scores(X), axis=1)
        return probabilities

    @np.errstate(under="ignore")
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Compute the logarithm of the probability of each class.

        Parameters
        ----------
        X : array-like or list
            Trains of states, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Natural logarithms, in the order of `classes_`.
        """
        logarithms: np.ndarray = log_softmax(self._last_scores(X), axis=1)
        return logarithms

    def predict(self, X: Any) -> np.ndarray:
        """Predict the class of each sequence.

        Parameters
        ----------
        X : array-like or list
            Trains of states, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,)
            Predicted classes.
        """
        chosen = self._last_scores(X).argmax(axis=1)
        predicted: np.ndarray = self.classes_[chosen]
        return predicted

    def _running_scores(self, X: Any) -> Iterator[np.ndarray]:
        check_is_fitted(self, "coef_")
        trains = self._validate_sequences(X, reset=False)
        return running_scores(trains, self.coef_, self.intercept_, **self._as_fitted()._dynamics())

    def _last_scores(self, X: Any) -> np.ndarray:
        return np.stack([scores[-1] for scores in self._running_scores(X)])

    def _validate_sequences(self, X: Any, *, reset: bool) -> Any:
        if not isinstance(X, StateTrains):
            return super()._validate_sequences(X, reset=reset)
        if reset:
            self._fitted_on_table = False
            self.n_channels_in_ = self.n_features_in_ = X.n_channels
        elif X.n_channels != self.n_channels_in_:
            raise ValueError(
                f"X has trains of {X.n_channels} units, but {type(self).__name__} was fitted "
                f"with {self.n_channels_in_} units."
            )
        return X

    def _weights(self, trains: Any, y: np.ndarray, sample_weight: Any) -> np.ndarray:
        weight = np.ones(len(y))
        if sample_weight is not None:
            weight = checked_weight(sample_weight, trains)
        if self.class_weight is not None:
            weight = weight * class_factors(self.class_weight, y, weight)
        return weight

    def _parameters_read(self) -> tuple[str, ...]:
        return "kind", "tau", "spk_reset"

    def _dynamics(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._parameters_read()}

    def _schedule(self) -> Schedule:
        return Schedule(**{field.name: getattr(self, field.name) for field in fields(Schedule)})
