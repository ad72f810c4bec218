"""LSMForecaster: against a hand-written closed loop, and on series whose future is known."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold

from skliquid import LSMForecaster
from skliquid.datasets import make_lorenz, make_mackey_glass
from skliquid.estimators._forecaster import _places
from skliquid.metrics import valid_prediction_time
from skliquid.sequences import as_sequences

SMALL = {"reservoir_size": 60, "random_state": 0}
SPIKING = {"cell": "lif", "input_scaling": 1.0, "features": ["potentials", "trace", "input"]}


@pytest.fixture(scope="module")
def series():
    """Series of three channels, of different lengths."""
    return [
        x[:n] for x, n in zip(make_lorenz(3, 400, random_state=0), (400, 310, 350), strict=True)
    ]


@pytest.mark.parametrize(
    ("parameters", "n_channels"),
    [({}, 1), (SPIKING, 3), ({"cell": "gru"}, 1), ({"n_liquids": 2}, 3)],
)
def test_a_forecast_is_a_loop_of_predictions_of_the_next_frame(series, parameters, n_channels):
    X = [x[:, :n_channels] for x in series]
    lsm = LSMForecaster(**SMALL, **parameters).fit(X)
    forecasts = lsm.forecast(12, X)
    assert forecasts.shape == (3, 12, n_channels)
    for x, forecast in zip(X, forecasts, strict=True):
        heard = list(np.asarray(x, dtype=np.float32))
        for frame in forecast:
            assert_array_equal(frame, lsm.predict([np.array(heard)])[0][-1])
            heard.append(frame.astype(np.float32))


@pytest.mark.parametrize("encoder", ["compression", "delta"])
def test_the_state_of_an_encoder_goes_on_in_the_loop(series, encoder):
    lsm = LSMForecaster(**SMALL, encoder=encoder).fit(series)
    forecast = lsm.forecast(8, series[:1])[0]
    heard = list(np.asarray(series[0], dtype=np.float32))
    for frame in forecast:
        assert_array_equal(frame, lsm.predict([np.array(heard)])[0][-1])
        heard.append(frame.astype(np.float32))


def test_predictions_are_of_the_frame_that_comes_next(series):
    lsm = LSMForecaster(200, random_state=0).fit(series)
    for x, predicted in zip(series, lsm.predict(series), strict=True):
        error = (predicted[50:-1] - x[51:]) / x.std(axis=0)
        assert np.sqrt(np.mean(error**2)) < 1e-3


def test_a_forecast_in_two_parts_is_one(series):
    lsm = LSMForecaster(**SMALL).fit(series)
    whole = lsm.forecast(20, series)
    first = lsm.forecast(9, series)
    longer = [np.concatenate([x, part]) for x, part in zip(series, first, strict=True)]
    assert_array_equal(first, whole[:, :9])
    assert_array_equal(lsm.forecast(11, longer), whole[:, 9:])


def test_events_forecast_what_dense_frames_do():
    frames = [(x > 0).astype(np.float32) for x in np.random.default_rng(0).normal(size=(3, 60, 2))]
    events = [sparse.csr_array(each) for each in frames]
    found, expected = (LSMForecaster(**SMALL).fit(X).forecast(5, X) for X in (events, frames))
    assert_array_equal(found, expected)


def test_without_sequences_the_one_of_fit_goes_on(series):
    lsm = LSMForecaster(**SMALL).fit(series[:1])
    assert_array_equal(lsm.forecast(5), lsm.forecast(5, series[:1]))
    table = np.stack([x[:310, 0] for x in series])
    assert LSMForecaster(**SMALL).fit(table).forecast(5, table).shape == (3, 5)
    with pytest.raises(ValueError, match="X must be given"):
        LSMForecaster(**SMALL).fit(series).forecast(5)


def test_a_sum_of_sines_goes_on():
    t = np.arange(1300)
    X = (np.sin(0.2 * t) + np.sin(0.31 * t + 1))[None, :, None]
    lsm = LSMForecaster(200, random_state=0).fit(X[:, :1000])
    assert_allclose(lsm.forecast(300), X[:, 1000:], atol=0.02)


@pytest.mark.parametrize(
    ("make", "n_steps", "least"), [(make_lorenz, 600, 200), (make_mackey_glass, 800, 350)]
)
def test_chaos_is_forecast_for_several_lyapunov_times(make, n_steps, least):
    """In steps: of Lorenz 55 are a Lyapunov time, of Mackey-Glass 170."""
    X = make(1, 1500 + 4 * n_steps, random_state=1)
    lsm = LSMForecaster(150, random_state=0).fit(X[:, :1500])
    places = 1500 + n_steps * np.arange(4)
    heard = np.concatenate([X[:, place - 300 : place] for place in places])
    true = np.concatenate([X[:, place : place + n_steps] for place in places])
    valid = valid_prediction_time(true, lsm.forecast(n_steps, heard), scale=X.std(axis=(0, 1)))
    assert valid.mean() > least


def test_the_penalty_is_that_of_the_best_forecasts(series):
    alphas = [1e-8, 1e-3, 1e2]
    lsm = LSMForecaster(**SMALL, alphas=alphas).fit(series)
    sequences = as_sequences(series)
    n_washed = lsm.washout_
    is_held = np.zeros(len(sequences.frames), dtype=bool)
    for start, stop in zip(sequences.offsets, sequences.offsets[1:], strict=False):
        n_used = stop - start - n_washed - 1
        is_held[stop - 1 - n_used // 5 : stop - 1] = True
    scale, errors = sequences.frames.std(axis=0, dtype=float), []
    for alpha in alphas:
        # Trained on what is not held out, by a washout that takes the reservoir along.
        cut = [x[: len(x) - (len(x) - n_washed - 1) // 5] for x in series]
        model = LSMForecaster(**SMALL, alphas=[alpha], washout=n_washed).fit(series)
        model.readout_ = _readout_of(model, cut, alpha)
        total = []
        for i, n_heard, n_steps in _places(sequences, is_held):
            true = series[i][n_heard : n_heard + n_steps].astype(np.float32)
            forecast = model.forecast(n_steps, [series[i][:n_heard]])[0]
            error = np.sqrt(np.mean(((forecast - true) / scale) ** 2, axis=1))
            total.append(np.log(error).mean())
        errors.append(np.mean(total))
    assert lsm.readout_.alpha_ == alphas[int(np.argmin(errors))]


def _readout_of(model, X, alpha):
    """A readout trained on beginnings of series, on the reservoir that a model has."""
    from skliquid import RidgeReadoutRegressor

    sequences = as_sequences(X)
    rows, targets = [], []
    for at, features in model._run(sequences):
        for row, feature in zip(at, features, strict=True):
            i = int(np.searchsorted(sequences.offsets, row, side="right")) - 1
            is_early = row - sequences.offsets[i] < model.washout_
            if not is_early and row + 1 < sequences.offsets[i + 1]:
                rows.append(feature)
                targets.append(sequences.frames[row + 1])
    return RidgeReadoutRegressor([alpha], standardize=True).fit(np.array(rows), np.array(targets))


def test_places_leave_what_they_forecast_in_what_is_held_out():
    sequences = as_sequences([np.zeros((50, 1)), np.zeros((9, 1))])
    is_held = np.zeros(59, dtype=bool)
    is_held[40:49] = True
    places = _places(sequences, is_held)
    assert (places[:, 0] == 0).all()
    assert (places[:, 2] == 5).all()
    assert places[0, 1] == 41
    assert (places[:, 1] + places[:, 2]).max() == 50
    assert len(np.unique(places[:, 1])) == len(places)


def test_a_loop_that_runs_away_stays_near_the_range_of_training():
    rng = np.random.default_rng(0)
    growing = np.cumsum(rng.normal(size=(1, 300, 1)), axis=1)
    lsm = LSMForecaster(**SMALL, alphas=[1e-8]).fit(growing)
    low, high = growing.min(), growing.max()
    assert_allclose(lsm.limits_[:, 0], [2 * low - high, 2 * high - low], rtol=1e-6)
    forecast = lsm.forecast(500)
    assert np.isfinite(forecast).all()
    assert forecast.min() >= lsm.limits_[0, 0]
    assert forecast.max() <= lsm.limits_[1, 0]


def test_numbers_near_the_end_of_float32_are_forecast():
    X = 3e38 * np.sin(0.3 * np.arange(300.0)).reshape(1, 300, 1)
    lsm = LSMForecaster(**SMALL).fit(X[:, :290])
    assert np.isfinite(lsm.limits_).all()
    assert_allclose(lsm.forecast(10) / 3e38, X[:, 290:] / 3e38, atol=1e-3)


def test_nested_lists_are_arrays(series):
    table = np.stack([x[:300, 0] for x in series])
    lsm = LSMForecaster(**SMALL).fit(table)
    assert_array_equal(lsm.forecast(4, table.tolist()), lsm.forecast(4, table))
    assert_array_equal(lsm.predict(table.tolist()), lsm.predict(table))
    assert isinstance(lsm.predict(table.tolist()), np.ndarray)


def test_score_is_the_valid_time_of_the_second_half(series):
    lsm = LSMForecaster(**SMALL).fit(series)
    expected = []
    scale = np.concatenate(series).astype(np.float32).std(axis=0, dtype=float)
    for x in series:
        half = len(x) - len(x) // 2
        forecast = lsm.forecast(len(x) // 2, [x[:half]])
        true = x[half:].astype(np.float32)
        expected.append(valid_prediction_time(true[None], forecast, scale=scale)[0])
    assert lsm.score(series) == np.mean(expected)


def test_clone_pickle_and_search(series):
    lsm = LSMForecaster(**SMALL).fit(series)
    for other in (clone(lsm).fit(series), pickle.loads(pickle.dumps(lsm))):
        assert_array_equal(other.forecast(10, series), lsm.forecast(10, series))
    X = np.stack([x[:300] for x in series])
    search = GridSearchCV(lsm, {"input_scaling": [1e-6, 0.1]}, cv=KFold(3)).fit(X)
    assert search.best_params_["input_scaling"] == 0.1
    assert search.best_score_ > 10


def test_a_constant_channel_stays():
    X = np.stack([np.sin(0.3 * np.arange(300)), np.full(300, 5.0)], axis=1)[None]
    assert_allclose(LSMForecaster(**SMALL).fit(X).forecast(50)[0, :, 1], 5.0, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda lsm, X: lsm.forecast(0, X), "n_steps must be .* got 0"),
        (lambda lsm, X: lsm.forecast(2.5, X), "n_steps must be .* got 2.5"),
        (lambda lsm, X: lsm.forecast(3, [x[:, :2] for x in X]), "2 channels, but LSMForecaster"),
        (lambda lsm, X: lsm.score([X[0], X[1][:1]]), "sample 1 has one step"),
        (lambda lsm, X: lsm.fit([X[0] * np.nan]), "nan|NaN"),
        (lambda lsm, X: lsm.fit([x[:1] for x in X]), "leaves 0 steps"),
        (lambda lsm, X: LSMForecaster(**SMALL).forecast(3, X), "not fitted"),
    ],
)
def test_errors_name_what_is_wrong(series, call, message):
    lsm = LSMForecaster(**SMALL).fit(series)
    with pytest.raises((TypeError, ValueError), match=message):
        call(lsm, series)
