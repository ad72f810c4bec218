"""The classifiers that the accuracy benchmark compares, each as it comes.

Each is a function of ``(X, X_test, seed)``, X as lists of (n_timesteps, n_channels), that returns
a classifier, and both collections in the form that it takes.
"""

from __future__ import annotations

from importlib import import_module

import numpy as np
from settings import PRESETS
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skliquid import LSMClassifier

ALPHAS = np.logspace(-3, 3, 10)
# Products of the numbers of series and of the squared length beyond which DTW takes minutes.
MOST_CELLS = 3e10


class NotAffordableError(Exception):
    """The set is too large for the method."""


def padded(*collections):
    """Each collection as an array (n_samples, n_channels, longest), zeros after the ends."""
    longest = max(9, *(len(x) for X in collections for x in X))
    arrays = []
    for X in collections:
        out = np.zeros((len(X), X[0].shape[1], longest), dtype=np.float32)
        for row, sequence in zip(out, X, strict=True):
            row[:, : len(sequence)] = sequence.T
        arrays.append(out)
    return arrays


def lsm(**parameters):
    """The liquid state machine at its defaults, or with other parameters."""

    def prepare(X, X_test, seed):
        return LSMClassifier(random_state=seed, **parameters), X, X_test

    return prepare


def aeon(module, name):
    """A classifier of aeon's at its defaults, on raw channels padded with zeros."""

    def prepare(X, X_test, seed):
        classifier = getattr(import_module(f"aeon.classification.{module}"), name)
        return classifier(random_state=seed), *padded(X, X_test)

    return prepare


class _RCModel:
    """RC_model of the package reservoir-computing, set as in its own example."""

    def fit(self, X, y):
        from reservoir_computing.modules import RC_model

        self.classes_, code = np.unique(y, return_inverse=True)
        self.model = RC_model(
            n_internal_units=450,
            spectral_radius=0.59,
            leak=0.6,
            connectivity=0.25,
            input_scaling=0.1,
            noise_level=0.01,
            n_drop=5,
            bidir=True,
            dimred_method="tenpca",
            n_dim=75,
            mts_rep="reservoir",
            w_ridge_embedding=10.0,
            readout_type="lin",
            w_ridge=5.0,
        )
        self.model.fit(X, np.eye(len(self.classes_))[code], verbose=False)

    def predict(self, X):
        # Its labels come from the classes' scores, as in its own example.
        return self.classes_[np.asarray(self.model.predict(X)).astype(int)]


def rc_model(X, X_test, seed):
    """Reservoir model space of an echo state network (Bianchi et al. 2018)."""
    np.random.seed(seed)  # noqa: NPY002 (RC_model draws from it)
    train, test = (part.transpose(0, 2, 1).astype(np.float64) for part in padded(X, X_test))
    mean, std = train.mean(axis=(0, 1)), train.std(axis=(0, 1)) + 1e-9
    return _RCModel(), (train - mean) / std, (test - mean) / std


class _ReservoirPy:
    """Mean state of reservoirpy's Reservoir and a ridge readout."""

    def __init__(self, seed):
        self.seed = seed

    def fit(self, X, y):
        from reservoirpy.nodes import Reservoir

        frames = np.concatenate(X)
        self.mean, self.std = frames.mean(axis=0), frames.std(axis=0) + 1e-9
        self.node = Reservoir(500, sr=0.9, lr=0.3, seed=self.seed)
        self.readout = make_pipeline(StandardScaler(), RidgeClassifierCV(ALPHAS))
        self.readout.fit(self._states(X), y)

    def predict(self, X):
        return self.readout.predict(self._states(X))

    def _states(self, X):
        rows = []
        for x in X:
            states = self.node.run((x - self.mean) / self.std)
            self.node.reset()
            rows.append(np.concatenate([states.mean(axis=0), states[-1]]))
        return np.array(rows)


def reservoirpy(X, X_test, seed):
    """An echo state network of 500 units; mean and last state."""
    return _ReservoirPy(seed), X, X_test


def dtw(X, X_test, seed):
    """The nearest neighbour under dynamic time warping."""
    from aeon.classification.distance_based import KNeighborsTimeSeriesClassifier

    longest = max(len(x) for x in [*X, *X_test])
    if len(X) * len(X_test) * longest**2 > MOST_CELLS:
        raise NotAffordableError
    train, test = ([np.asarray(x.T, dtype=np.float64) for x in part] for part in (X, X_test))
    return KNeighborsTimeSeriesClassifier(distance="dtw"), train, test


class _MeanAndStd:
    def fit(self, X, y):
        self.readout = make_pipeline(StandardScaler(), RidgeClassifierCV(ALPHAS))
        self.readout.fit(self._moments(X), y)

    def predict(self, X):
        return self.readout.predict(self._moments(X))

    @staticmethod
    def _moments(X):
        return np.array([np.concatenate([x.mean(axis=0), x.std(axis=0)]) for x in X])


def mean_and_std(X, X_test, seed):
    """Ridge on the mean and the standard deviation of each channel."""
    return _MeanAndStd(), X, X_test


CLASSIFIERS = {
    **{name: lsm(**parameters) for name, parameters in PRESETS.items()},
    "MiniRocket": aeon("convolution_based", "MiniRocketClassifier"),
    "MultiRocketHydra": aeon("convolution_based", "MultiRocketHydraClassifier"),
    "Hydra": aeon("convolution_based", "HydraClassifier"),
    "QUANT": aeon("interval_based", "QUANTClassifier"),
    "RDST": aeon("shapelet_based", "RDSTClassifier"),
    "1-NN DTW": dtw,
    "RC_model": rc_model,
    "reservoirpy": reservoirpy,
    "mean + std": mean_and_std,
}
# The same at every seed.
DETERMINISTIC = ("1-NN DTW", "mean + std")
