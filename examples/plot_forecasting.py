"""
What the weather does next
==========================

The Lorenz system is a sketch of convection, and of why the weather cannot be told for long: two
states that are nearly the same part ways, their distance growing e-fold in each Lyapunov time. A
reservoir that has heard the system for a while goes on by itself: it predicts the next frame,
hears its prediction as if it had come, and so on. How long that stays near the truth says how much
of the system it has understood.
"""

import matplotlib.pyplot as plt
import numpy as np

from skliquid import LSMForecaster
from skliquid.datasets import make_lorenz
from skliquid.metrics import valid_prediction_time

LYAPUNOV_TIME = 1 / (0.9056 * 0.02)  # in steps of 0.02
N_HEARD, N_STEPS = 2000, 1000

X = make_lorenz(1, N_HEARD + N_STEPS, random_state=3)
heard, true = X[:, :N_HEARD], X[:, N_HEARD:]

# %%
# The first two thousand steps train the readout, and the reservoir goes on where they end.

lsm = LSMForecaster(500, random_state=0).fit(heard)
forecast = lsm.forecast(N_STEPS)
(valid,) = valid_prediction_time(true, forecast, scale=heard.std(axis=(0, 1)))
print(f"valid for {valid} steps, {valid / LYAPUNOV_TIME:.1f} Lyapunov times")

# %%
# A liquid of spiking neurons forecasts too, but not as far: a spike comes or does not, and what
# its readout is given jumps however little its input differs.

spiking = LSMForecaster(
    500,
    cell="lif",
    beta=(0.04, 0.82),
    input_scaling=1.0,
    features=["potentials", "trace", "input"],
    random_state=0,
).fit(heard)
of_spikes = spiking.forecast(N_STEPS)
(valid_of_spikes,) = valid_prediction_time(true, of_spikes, scale=heard.std(axis=(0, 1)))
print(f"of spikes: {valid_of_spikes} steps, {valid_of_spikes / LYAPUNOV_TIME:.1f} Lyapunov times")

# %%
# After it has lost the truth, the forecast is still weather: it stays on the same attractor.

figure = plt.figure(figsize=(11, 6), layout="constrained")
axes = figure.subplot_mosaic(
    [["x", "x", "x"], ["z", "z", "z"], ["true", "forecast", "spiking"]], height_ratios=[1, 1, 1.5]
)
times = np.arange(N_STEPS) / LYAPUNOV_TIME
for name, channel in (("x", 0), ("z", 2)):
    axes[name].plot(times, true[0, :, channel], color="0.2", linewidth=2.5, label="what came")
    axes[name].plot(times, forecast[0, :, channel], color="C0", label="forecast")
    axes[name].plot(times, of_spikes[0, :, channel], color="C1", linewidth=0.8, label="by spikes")
    axes[name].axvline(valid / LYAPUNOV_TIME, color="C0", linestyle=":")
    axes[name].axvline(valid_of_spikes / LYAPUNOV_TIME, color="C1", linestyle=":")
    axes[name].set(xlim=(0, times[-1]), ylabel=name)
axes["x"].tick_params(labelbottom=False)
axes["x"].legend(loc="upper right", ncols=3, bbox_to_anchor=(1, 1.3), frameon=False)
axes["z"].set_xlabel("Lyapunov times")
shown = {
    "true": (true, "0.2", "What came"),
    "forecast": (forecast, "C0", "Forecast"),
    "spiking": (of_spikes, "C1", "Forecast by spikes"),
}
for name, (series, colour, title) in shown.items():
    axes[name].plot(series[0, :, 0], series[0, :, 2], color=colour, linewidth=0.7)
    axes[name].set(xlabel="x", ylabel="z", title=title, xlim=(-22, 22), ylim=(0, 50))
plt.show()
