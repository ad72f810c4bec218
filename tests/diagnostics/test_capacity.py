"""Capacities of systems whose capacities are known in closed form."""

import numpy as np
import pytest
from scipy.signal import lfilter
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skliquid import LiquidTransformer, LSMClassifier, LSMSequenceRegressor
from skliquid.diagnostics import memory_capacity, processing_capacity
from skliquid.diagnostics._states import reservoirs_of
from skliquid.reservoirs import draw_liquid


def uniform(n_steps, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, n_steps)


def shifted(u, lags):
    return np.stack([np.concatenate([np.zeros(k), u[: len(u) - k]]) for k in lags], axis=1)


def ring(u, n, decay):
    """A ring of n linear units, the first of which hears the input."""
    states = np.zeros((len(u), n))
    for t in range(1, len(u)):
        states[t] = decay * np.roll(states[t - 1], 1)
        states[t, 0] += u[t]
    states[0, 0] = u[0]
    return states


@pytest.mark.parametrize("n", [1, 7, 30])
def test_shift_register_remembers_its_length(n):
    u = uniform(3000)
    found = memory_capacity(shifted(u, range(n)), u, max_lag=60)
    assert found.total == pytest.approx(n, abs=1e-9)
    assert found.bound == n
    np.testing.assert_allclose(found.by_lag, np.arange(61) < n, atol=1e-9)


def test_linear_ring_forgets_by_its_decay():
    # White, Lee, Sompolinsky 2004; Rodan, Tino 2011: C[k] = (1 - r^(2n)) r^(2n floor(k / n)).
    n, decay, u = 10, 0.97, uniform(40_000)
    found = memory_capacity(ring(u, n, decay)[500:], u[500:], max_lag=150)
    lags = np.arange(151) // n
    expected = (1 - decay ** (2 * n)) * decay ** (2 * n * lags)
    np.testing.assert_allclose(found.by_lag, expected, atol=0.01)
    assert found.total == pytest.approx(n, abs=0.1)
    assert found.bound == n


def test_share_that_noise_leaves():
    u = uniform(50_000)
    noise = np.random.default_rng(1).normal(size=(50_000, 100))
    states = shifted(u, range(100)) + np.sqrt(1 / 3) * noise  # as strong as the input
    found = memory_capacity(states, u, max_lag=120)
    np.testing.assert_allclose(found.by_lag[:100], 0.5, atol=0.02)  # without the bias of the fit
    assert found.by_lag[:100].mean() == pytest.approx(0.5, abs=0.002)
    assert not found.by_lag[100:].any()


def test_states_that_know_nothing_have_no_capacity():
    noise = np.random.default_rng(1).normal(size=(2000, 300))
    u = uniform(2000)
    assert memory_capacity(noise, u).total == 0
    assert memory_capacity(np.ones((2000, 3)), u).bound == 0
    assert memory_capacity(np.ones((2000, 3)), u).total == 0


def test_repeated_states_count_once():
    u = uniform(2000)
    states = shifted(u, range(4))
    found = memory_capacity(np.hstack([states, states @ np.ones((4, 2)), 5 + 0 * states]), u)
    assert (found.bound, found.total) == (4, pytest.approx(4))


def test_polynomials_fill_the_bound():
    u = uniform(4000)
    now, last = u, np.roll(u, 1)
    legendre = [now, (3 * now**2 - 1) / 2, now * last, (5 * last**3 - 3 * last) / 2]
    mixed = np.stack(legendre, axis=1) @ np.random.default_rng(2).normal(size=(4, 4))
    found = processing_capacity(mixed, u, max_lags=(5, 4, 3))
    np.testing.assert_allclose(found.by_degree, [1, 2, 1], atol=0.01)
    assert found.total == pytest.approx(found.bound, abs=0.01)
    assert (found.linear, found.nonlinear) == pytest.approx((1, 3), abs=0.01)
    of = dict(zip(found.targets, found.capacities, strict=True))
    for target in (((0, 1),), ((0, 2),), ((0, 1), (1, 1)), ((1, 3),)):
        assert of[target] == pytest.approx(1, abs=0.01)


def test_degree_one_is_the_memory_capacity():
    u = uniform(20_000)
    states = np.sin(3 * ring(u, 12, 0.9))
    linear = memory_capacity(states, u, max_lag=40)
    both = processing_capacity(states, u, max_lags=(40, 3, 3))
    np.testing.assert_array_equal(both.capacities[:41], linear.by_lag)
    assert both.nonlinear > 0.1  # of the third degree, as the sine is odd
    assert both.by_degree[1] < 0.01
    assert both.total <= both.bound + 0.1


def test_pieces_give_what_the_whole_gives(monkeypatch):
    """States that come in pieces, of a reservoir, have the capacities of the recorded ones."""
    liquid = draw_liquid(2, 40, connectivity=0.3, seed=0)
    u = uniform(1500)
    monkeypatch.setattr("skliquid.engines._steps._PIECE_BYTES", 8 * 40 * 37)
    found = memory_capacity(liquid, u, max_lag=30)
    heard = reservoirs_of(liquid).standardised()
    frames = np.repeat(u[:, np.newaxis] / u.std(), 2, axis=1)
    spikes = np.zeros((1500, 40))
    for _, first, piece in heard.pieces(heard.of_frames(frames, 1), "spikes", 5.0):
        assert len(piece) <= 37
        spikes[first : first + len(piece)] = piece
    trace = lfilter([1.0], [1.0, -np.exp(-1 / 5.0)], spikes, axis=0)
    whole = memory_capacity(trace[70:], u[70:], max_lag=30)  # whose first lags are left out too
    np.testing.assert_allclose(found.by_lag, whole.by_lag, atol=1e-8)
    assert found.bound == whole.bound
    assert found.total > 1


def test_estimators_are_measured_by_their_liquid():
    X = np.random.default_rng(0).normal(size=(20, 60, 2)).cumsum(axis=1)
    lsm = LSMClassifier(60, n_liquids=2, random_state=0).fit(X, np.arange(20) % 2)
    given = {"max_lag": 20, "n_steps": 600}
    found = memory_capacity(lsm, **given)
    assert found.bound <= 120
    np.testing.assert_array_equal(memory_capacity(lsm.pipeline_[0], **given).by_lag, found.by_lag)
    # An estimator whose input is finer hears it as strongly.
    leaky = LSMSequenceRegressor(60, random_state=0).fit(X, X)
    coarse = LiquidTransformer(**{name: leaky.get_params()[name] for name in COMMON}).fit(X)
    fine, plain = (memory_capacity(each, **given).by_lag for each in (leaky, coarse))
    np.testing.assert_allclose(fine, plain, atol=0.02)


COMMON = (
    *("reservoir_size", "recurrent_fraction", "spectral_radius", "exc_ratio", "beta", "cell"),
    *("encoder", "derivative", "input_scaling", "n_delays", "max_channels", "scale_channels"),
    *("target_rate", "random_state"),
)


@pytest.mark.parametrize(
    ("reservoir", "given", "message"),
    [
        (np.ones((50, 2)), {}, "u must be the input that drove the 50 recorded states, got none"),
        (np.ones((50, 2)), {"u": np.arange(9.0)}, "50 recorded states, got 9 steps"),
        (np.ones(50), {"u": np.arange(50.0)}, r"shape \(n_steps, n_states\), got shape \(50,\)"),
        (np.ones((50, 2)), {"u": np.ones(50)}, "u must be finite and vary"),
        (np.ones((50, 9)), {"u": np.arange(50.0), "max_lag": 40}, "n_steps must be above 50"),
        (np.ones((50, 2)), {"u": np.arange(50.0), "max_lag": -1}, "max_lag must be an integer"),
        (draw_liquid(1, 20, connectivity=0.5, seed=0), {"features": "input"}, "features must be"),
        (draw_liquid(1, 20, connectivity=0.5, seed=0), {"tau_trace": 0}, "tau_trace must be"),
    ],
)
def test_errors_name_what_is_wrong(reservoir, given, message):
    with pytest.raises(ValueError, match=message):
        memory_capacity(reservoir, **given)


def test_input_of_products_must_be_in_their_range():
    with pytest.raises(ValueError, match="u must be uniform in"):
        processing_capacity(np.ones((50, 2)), 2 * uniform(50))
    with pytest.raises(ValueError, match="u is not an array of numbers"):
        processing_capacity(np.ones((50, 2)), [[0.0, 1.0], [0.0]])
    with pytest.raises(ValueError, match="max_lags must hold"):
        processing_capacity(np.ones((50, 2)), uniform(50), max_lags=())


def test_liquids_are_found_wherever_they_are():
    X, y = np.random.default_rng(0).normal(size=(12, 30, 1)), np.arange(12) % 2
    given = {"max_lag": 5, "n_steps": 400}
    pipeline = make_pipeline(LiquidTransformer(30, random_state=0), RidgeClassifier()).fit(X, y)
    found = memory_capacity(pipeline[0], **given)
    search = GridSearchCV(pipeline, {"ridgeclassifier__alpha": [1.0]}, cv=2).fit(X, y)
    for holder in (pipeline, search):
        np.testing.assert_array_equal(memory_capacity(holder, **given).by_lag, found.by_lag)
    with pytest.raises(TypeError, match="RidgeClassifier holds no liquid"):
        memory_capacity(pipeline[1])
    with pytest.raises(NotFittedError):
        memory_capacity(LiquidTransformer())
