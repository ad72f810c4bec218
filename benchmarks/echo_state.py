"""The echo state network of reservoirpy, so that its closed loops run side by side."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

N_WASHOUT = 200
# What its tutorial sets for Mackey-Glass, and for its first model.
TUTORIAL = {"lr": 0.3, "sr": 1.25, "input_scaling": 1.0, "ridge": 1e-8, "input_connectivity": 0.2}
FIRST = {"lr": 0.5, "sr": 0.9, "ridge": 1e-7}


class EchoStateNetwork:
    """reservoirpy's ESN; closed loops run its own weights side by side."""

    def __init__(self, n_units, seed, *, bias=0.0, ridge=0.0, **parameters):
        from reservoirpy.nodes import Reservoir, Ridge

        def biases(n, **_):
            return bias * np.random.default_rng(seed).uniform(-1.0, 1.0, n)

        self.reservoir = Reservoir(n_units, seed=seed, bias=biases, **parameters)
        self.readout = Ridge(ridge=ridge)

    def fit(self, X, y):
        """Train on one series and what is due after each of its steps."""
        low, high = X.min(axis=0), X.max(axis=0)
        self.centre, self.half = (low + high) / 2.0, (high - low) / 2.0
        self.model = self.reservoir >> self.readout
        self.model.fit(self._scaled(X), y, warmup=N_WASHOUT)
        self.W, self.Win = map(csr_array, (self.reservoir.W, self.reservoir.Win))
        return self

    def _scaled(self, X):
        return (X - self.centre) / self.half

    def _step(self, state, frames):
        lr = self.reservoir.lr
        drive = (self.W @ state.T + self.Win @ self._scaled(frames).T).T + self.reservoir.bias
        return (1.0 - lr) * state + lr * np.tanh(drive)

    def predict(self, X):
        """What is due after each step of one series."""
        state, outputs = np.zeros((1, self.reservoir.units)), []
        for frame in X:
            state = self._step(state, frame[None])
            outputs.append(self._output(state)[0])
        return np.array(outputs)

    def _output(self, state):
        return state @ self.readout.Wout + self.readout.bias

    def forecast(self, n_steps, X):
        """Go on with series of equal lengths, shape (n_samples, n_steps, n_channels)."""
        state, forecasts = np.zeros((len(X), self.reservoir.units)), []
        for t in range(X.shape[1]):
            state = self._step(state, X[:, t])
        for _ in range(n_steps):
            # Far beyond what it was trained on, a loop may grow without bounds.
            span = 3.0 * self.half
            frames = np.clip(self._output(state), self.centre - span, self.centre + span)
            forecasts.append(frames)
            state = self._step(state, frames)
        return np.stack(forecasts, axis=1)


def drawn(rng):
    """Settings of the rival, as its tutorial on hyperparameters draws them."""
    return {
        "sr": 10 ** rng.uniform(-1, 0.3),
        "lr": 10 ** rng.uniform(-1, 0),
        "input_scaling": 10 ** rng.uniform(-2, 0.3),
        "bias": 10 ** rng.uniform(-2, 0.3),
        "ridge": 10 ** rng.uniform(-10, -3),
        "input_connectivity": 1.0,
    }
