"""Training of the leaky readouts by gradient, against its first steps in closed form."""

import numpy as np
import pytest

from skliquid import LeakyReadoutClassifier


@pytest.mark.parametrize("kind", ["rate", "spike"])
def test_gradient_training_lowers_the_loss(trains, kind):
    X, y = trains
    readout = LeakyReadoutClassifier(kind, random_state=0).fit(X, y)
    assert readout.loss_curve_[-1] < 0.5 * readout.loss_curve_[0]
    assert readout.n_iter_ == len(readout.loss_curve_) == len(readout.validation_loss_curve_)
    assert readout.score(X, y) > 0.95
    assert readout.coef_.shape == (3, 50)
    assert type(readout.coef_) is np.ndarray


def test_first_loss_and_the_rate_readouts_gradient(trains):
    """Zero weights give log(n_classes); one huge batch is gradient descent in closed form."""
    X, y = trains
    parameters = {"batch_size": 1000, "validation_fraction": 0, "alpha": 0, "random_state": 0}
    readout = LeakyReadoutClassifier(max_iter=2, learning_rate=1e-3, **parameters).fit(X, y)
    assert readout.loss_curve_[0] == pytest.approx(np.log(3), rel=1e-6)
    # The first step of Adam moves each weight by its rate against the sign of its gradient,
    # which for softmax regression on the filtered mean states is known.
    frames = np.concatenate(X).astype(float)
    mean, deviation = frames.mean(axis=0), frames.std(axis=0)
    alpha = np.exp(-1 / 5)
    pooled = []
    for states in X:
        reach = (1 - alpha ** (len(states) - np.arange(len(states)))) / (1 - alpha)
        pooled.append(reach @ ((states - mean) / deviation) / len(states))
    slope = (1 / 3 - (y[:, None] == np.unique(y))).T @ np.array(pooled)
    clear = np.abs(slope) > 1e-2 * np.abs(slope).max()
    assert clear.mean() > 0.8
    one = LeakyReadoutClassifier(max_iter=1, learning_rate=1e-3, **parameters).fit(X, y)
    np.testing.assert_array_equal(np.sign(one.coef_)[clear], -np.sign(slope)[clear])
    step = 1e-3 * (1 - alpha) / 50
    np.testing.assert_allclose(np.abs(one.coef_ * deviation)[clear], step, rtol=1e-3)
