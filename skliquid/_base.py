"""What the estimators share: the reservoir's parameters and the validation of sequences."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Hidden, Interval, StrOptions
from sklearn.utils.validation import validate_data

from .engines import ENGINES
from .liquid import TOPOLOGIES
from .sequences import Sequences, as_collection, as_sequences, refuse_objects

RESERVOIR_CONSTRAINTS: dict[str, list[Any]] = {
    "reservoir_size": [Interval(Integral, 1, None, closed="left")],
    "connectivity": [Interval(Real, 0, 1, closed="right")],
    "spectral_radius": [Interval(Real, 0, 1e6, closed="both")],
    "exc_ratio": [Interval(Real, 0, 1, closed="both")],
    "beta": [Interval(Real, 0, 1, closed="left")],
    "threshold": [Interval(Real, 2.0**-20, 1e6, closed="both")],
    "topology": [StrOptions(set(TOPOLOGIES)), callable, "array-like", Hidden("sparse matrix")],
    "topology_params": [dict, None],
    "input_scaling": [Interval(Real, 0, 1e6, closed="both")],
    "scale_channels": ["boolean"],
    "pooling": [str, list, tuple],
    "n_windows": [Interval(Integral, 1, None, closed="left")],
    "tau_trace": [Interval(Real, 0, None, closed="neither")],
    "engine": [StrOptions({"auto", *ENGINES})],
    "batch_size": [Interval(Integral, 1, None, closed="left"), None],
    "n_jobs": [Integral, None],
    "random_state": ["random_state"],
}

RESERVOIR_DOC = """reservoir_size : int, default=500
        Number of neurons of the liquid.
    connectivity : float, default=0.1
        Fraction of the possible synapses that exist, in (0, 1]: the connection probability
        of "erdos_renyi"; "small_world" and "scale_free" take the nearest number of
        neighbours and of edges that they can have.
    spectral_radius : float, default=0.9
        Spectral radius of the recurrent weights, non-negative; how strongly the liquid
        echoes. Above 1 its activity tends to be chaotic.
    exc_ratio : float, default=0.8
        Fraction of excitatory neurons, in [0, 1]; the others are inhibitory (Dale's law).
    beta : float, default=0.5
        Decay of the membrane potential per time step, in [0, 1): ``exp(-1 / tau)`` for a
        time constant of tau steps.
    threshold : float, default=1.0
        Membrane potential above which a neuron fires; positive.
    topology : {"erdos_renyi", "small_world", "scale_free"}, callable or array-like, \
            default="erdos_renyi"
        Name of a random graph of :mod:`skliquid.topology`; or a function ``(n, rng)`` that
        returns recurrent weights; or recurrent weights of shape (reservoir_size,
        reservoir_size), where ``W[i, j]`` is the synapse from j to i. On weights that are
        given, `connectivity`, `spectral_radius` and `exc_ratio` do not act.
    topology_params : dict, default=None
        Further arguments of the named random graph, such as ``{"p_rewire": 0.3}``.
    input_scaling : float, default=1.0
        Input weights are normal with standard deviation ``input_scaling /
        sqrt(n_channels)``; non-negative.
    scale_channels : bool, default=True
        Whether each channel is standardised by its mean and standard deviation over all
        training frames. Without it, input is taken in steps of ``2**-14`` and saturates
        beyond +-512.
    pooling : str or list of str, \
            default=("rate", "membrane", "counts", "potentials")
        What is kept of a sequence's spikes and potentials, one or several of

        - "rate": mean firing rate of each neuron, in spikes per step;
        - "counts": spikes in each of `n_windows` equal windows of the sequence;
        - "trace": exponentially filtered spikes after the last step;
        - "membrane": mean membrane potential;
        - "potentials": mean membrane potential in each window;
        - "last": membrane potential and spikes of the last step.
    n_windows : int, default=4
        Number of windows of "counts" and "potentials".
    tau_trace : float, default=5.0
        Time constant of "trace" in time steps; positive.
    engine : {"auto", "numba", "numpy", "mlx"}, default="auto"
        What runs the liquid; every engine gives the same spikes. "auto" is "mlx" where MLX
        has a GPU, else "numba".
    batch_size : int, default=None
        Number of sequences that run side by side; None chooses it by a budget of memory. It
        does not change the features.
    n_jobs : int, default=None
        Number of threads of the "numba" engine; None is 1 unless a
        :func:`joblib.parallel_config` says otherwise, -1 is all cores.
    random_state : int, RandomState instance or None, default=None
        Seed of the liquid's weights; an int gives the same liquid at every fit."""


def documented(cls: type) -> type:
    """Put the reservoir's parameters into the docstring of an estimator class."""
    if cls.__doc__:  # python -OO has none
        cls.__doc__ = cls.__doc__.replace("{reservoir_doc}", RESERVOIR_DOC)
    return cls


class SequenceEstimator(BaseEstimator):
    """Base of the estimators whose samples are sequences."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {}

    n_features_in_: int
    n_channels_in_: int

    def _validate_sequences(self, X: Any, *, reset: bool) -> Sequences:
        """Convert `X`, and set its number of features and channels or compare with fit.

        A 2-D array is a set of series of one channel; its width is the number of features,
        as for any scikit-learn estimator. Sequences in any other form have their channels as
        features.
        """
        collection = X if isinstance(X, Sequences) else as_collection(X)
        is_table = isinstance(collection, np.ndarray) and collection.ndim == 2
        if is_table:
            # A data frame is validated as it came, for its column names.
            table = X if hasattr(X, "columns") else collection
            collection = self._validate_table(table, reset=reset)
        sequences = as_sequences(collection)
        if reset:
            self.n_channels_in_ = sequences.n_channels
            if not is_table:
                self._fitted_on_table = False
                self.n_features_in_ = sequences.n_channels
                self.__dict__.pop("feature_names_in_", None)
        elif sequences.n_channels != self.n_channels_in_:
            raise ValueError(
                f"X has sequences of {sequences.n_channels} channels, but "
                f"{type(self).__name__} was fitted with {self.n_channels_in_} channels."
            )
        return sequences

    def _validate_table(self, X: Any, *, reset: bool) -> np.ndarray:
        """Validate a 2-D array; its width counts only if fit saw a 2-D array too."""
        values = np.asarray(X)
        if values.dtype == object:
            refuse_objects(values, "X")
        if reset:
            self._fitted_on_table = True
        elif not self._fitted_on_table:
            return values
        table: np.ndarray = validate_data(self, X, reset=reset, dtype=[np.float64, np.float32])
        return table

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.two_d_array = True
        tags.input_tags.sparse = False
        tags.input_tags.allow_nan = False
        return tags
