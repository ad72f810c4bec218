"""Forecasts of chaotic series and NARMA-10, beside the echo state network of reservoirpy.

Every rival has as many units, and hears the same steps of the same series. Forecasts are closed
loops: the valid prediction time says for how many Lyapunov times they stay within 0.4 standard
deviations of what comes, from places that nobody was trained on. Of NARMA-10 the output is told
from the input; its error is the root mean square one in standard deviations.

reservoirpy's ESN has three settings: "tutorial" that of its introduction to Mackey-Glass
(https://github.com/reservoirpy/reservoirpy, tutorials 1 to 4, series scaled to [-1, 1]), "first"
that of its first model, and "tuned" what a random search found for each task by `--tune`, over
what its tutorial on hyperparameters searches and the scale of its biases, by the valid prediction
time on another series. skliquid's are its defaults everywhere.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import numpy as np
from echo_state import FIRST, TUTORIAL, EchoStateNetwork, drawn

from skliquid import LSMForecaster, LSMSequenceRegressor
from skliquid.datasets import make_lorenz, make_mackey_glass, make_narma
from skliquid.metrics import valid_prediction_time

N_TRAIN, N_HEARD = 2000, 300


@dataclass
class Task:
    """A chaotic system, and how long it is forecast."""

    make: object
    lyapunov_exponent: float  # of a step
    n_steps: int
    tuned: dict[str, float]

    def series(self, n_places, seed):
        """Training series, what is heard before each forecast, and what comes then."""
        X = self.make(1, N_TRAIN + n_places * (N_HEARD + self.n_steps), random_state=seed)[0]
        places = X[N_TRAIN:].reshape(n_places, N_HEARD + self.n_steps, -1)
        return X[:N_TRAIN], places[:, :N_HEARD], places[:, N_HEARD:]


TASKS = {
    "Lorenz": Task(
        make_lorenz,
        0.9056 * 0.02,
        1000,
        {
            **{"sr": 0.344, "lr": 0.658, "input_scaling": 0.276, "bias": 1.61},
            **{"ridge": 3.85e-8, "input_connectivity": 1.0},
        },
    ),
    "Mackey-Glass": Task(
        make_mackey_glass,
        0.0058,
        2500,
        {
            **{"sr": 0.817, "lr": 0.197, "input_scaling": 0.583, "bias": 0.205},
            **{"ridge": 4.54e-10, "input_connectivity": 1.0},
        },
    ),
}
NARMA_TUNED = {
    **{"sr": 0.819, "lr": 0.879, "input_scaling": 0.0196, "bias": 0.975},
    **{"ridge": 2.61e-10, "input_connectivity": 1.0},
}


def check_rival():
    """The rival's closed loop is that of reservoirpy itself."""
    X, heard, _ = TASKS["Lorenz"].series(1, 0)
    rival = EchoStateNetwork(100, 0, bias=0.3, **FIRST).fit(X[:-1], X[1:])
    rival.model.reset()
    frame, own = rival.model.run(rival._scaled(heard[0]))[-1], []
    for _ in range(30):
        own.append(frame)
        frame = rival.model(rival._scaled(frame))
    np.testing.assert_allclose(rival.forecast(30, heard)[0], own, rtol=0, atol=1e-6)


def lsm(n_units, seed, **parameters):
    """The forecaster at its defaults, or with other parameters."""

    def fitted(X):
        return LSMForecaster(n_units, random_state=seed, **parameters).fit(X[None])

    return fitted


def esn(n_units, seed, parameters):
    """The rival with some parameters."""

    def fitted(X):
        return EchoStateNetwork(n_units, seed, **parameters).fit(X[:-1], X[1:])

    return fitted


def valid_times(task, fit, n_places, series_seed):
    """Lyapunov times of each forecast, and the seconds of training and of forecasting."""
    X, heard, true = task.series(n_places, series_seed)
    start = time.perf_counter()
    model = fit(X)
    trained = time.perf_counter()
    forecasts = model.forecast(task.n_steps, heard)
    done = time.perf_counter()
    steps = valid_prediction_time(true, forecasts, scale=X.std(axis=0))
    return steps * task.lyapunov_exponent, trained - start, done - trained


def narma_error(fit, seed):
    """Root mean square error on a test part, in standard deviations of the output."""
    u, y = make_narma(2, N_TRAIN + N_HEARD, random_state=seed)
    model = fit(u[0], y[0])
    predicted = model(u[1])
    missed = (predicted - y[1])[N_HEARD:]
    return float(np.sqrt(np.mean(missed**2)) / y[1].std())


def narma_rivals(n_units, seed):
    """Functions that fit a series and return one that predicts."""

    def ours(**parameters):
        def fit(u, y):
            model = LSMSequenceRegressor(n_units, random_state=seed, **parameters)
            model.fit(u[None], y[None])
            return lambda v: model.predict(v[None])[0]

        return fit

    def theirs(parameters):
        def fit(u, y):
            return EchoStateNetwork(n_units, seed, **parameters).fit(u, y).predict

        return fit

    return {
        "skliquid, defaults": ours(),
        "skliquid, spiking": ours(**SPIKING),
        "reservoirpy, tuned": theirs(NARMA_TUNED),
        "reservoirpy, tutorial": theirs(TUTORIAL),
        "reservoirpy, first": theirs(FIRST),
    }


SPIKING = {
    "cell": "lif",
    "input_scaling": 1.0,
    "beta": (0.04, 0.82),
    "features": ("potentials", "trace", "input"),
}


def rivals(task, n_units, seed):
    """Functions that fit a series, by name."""
    return {
        "skliquid, defaults": lsm(n_units, seed),
        "skliquid, spiking": lsm(n_units, seed, **SPIKING),
        "reservoirpy, tuned": esn(n_units, seed, task.tuned),
        "reservoirpy, tutorial": esn(n_units, seed, TUTORIAL),
        "reservoirpy, first": esn(n_units, seed, FIRST),
    }


def tune(n_units, n_trials):
    """Print what a random search finds for the rival, on series that are not those of the test."""
    for name, task in TASKS.items():
        rng = np.random.default_rng(0)
        found = []
        for _ in range(n_trials):
            settings = drawn(rng)
            times = [valid_times(task, esn(n_units, s, settings), 4, 100)[0] for s in (10, 11)]
            found.append((float(np.mean(times)), settings))
        shown(name, sorted(found, key=lambda each: -each[0])[:5])
    rng, found = np.random.default_rng(0), []
    for _ in range(n_trials):
        settings = drawn(rng)

        def fit(u, y, settings=settings):
            return EchoStateNetwork(n_units, 10, **settings).fit(u, y).predict

        found.append((narma_error(fit, 100), settings))
    shown("NARMA-10", sorted(found, key=lambda each: each[0])[:5])


def shown(name, found):
    """Print the best settings."""
    for value, settings in found:
        print(name, f"{value:.3f}", {key: float(f"{v:.3g}") for key, v in settings.items()})


def compared(n_units, n_seeds, n_places):
    """Print and return the valid times of each rival, and its errors on NARMA-10."""
    found = {}
    for name, task in TASKS.items():
        print(f"\n{name}, {n_units} units: Lyapunov times, mean ± error, train s, forecast s")
        for i, rival in enumerate(rivals(task, n_units, 0)):
            runs = [
                valid_times(task, list(rivals(task, n_units, seed).values())[i], n_places, seed)
                for seed in range(n_seeds)
            ]
            times = np.concatenate([run[0] for run in runs])
            found[name, rival] = times
            error = times.std() / np.sqrt(len(times))
            seconds = np.mean([run[1:] for run in runs], axis=0)
            print(
                f"{rival:24}{times.mean():6.2f} ± {error:.2f}   median {np.median(times):6.2f}"
                f"{seconds[0]:8.1f}{seconds[1]:8.1f}",
                flush=True,
            )
    print(f"\nNARMA-10, {n_units} units: error in standard deviations")
    for i, rival in enumerate(narma_rivals(n_units, 0)):
        errors = [
            narma_error(list(narma_rivals(n_units, seed).values())[i], seed)
            for seed in range(n_seeds)
        ]
        found["NARMA-10", rival] = np.array(errors)
        print(f"{rival:24}{np.mean(errors):7.3f} ± {np.std(errors):.3f}", flush=True)
    return found


def plotted(found, path):
    """Save the valid times of all forecasts as a figure."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(TASKS)), TASKS, strict=True):
        times = {rival: each for (task, rival), each in found.items() if task == name}
        axes.boxplot(list(times.values()), orientation="horizontal", tick_labels=list(times))
        axes.invert_yaxis()
        axes.set(title=name, xlabel="valid prediction time in Lyapunov times", xlim=(0, None))
        axes.label_outer()
    figure.savefig(path, dpi=120)


def main() -> None:
    """Print the table and save the figure, or tune the rival."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--places", type=int, default=6)
    parser.add_argument("--tune", type=int, default=0, metavar="N_TRIALS")
    parser.add_argument("--figure", default="forecasting.png")
    given = parser.parse_args()
    check_rival()
    if given.tune:
        tune(given.units, given.tune)
    else:
        plotted(compared(given.units, given.seeds, given.places), given.figure)


if __name__ == "__main__":
    main()
