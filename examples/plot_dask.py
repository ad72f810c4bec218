"""
Two workers, one model
======================

What the processes of a Dask cluster do while a liquid state machine is fitted to parts that they
make themselves: which of them runs the liquid on which part, and when the sums are put together.
The model has the same bits as one that a single thread fits.
"""

from time import time

import dask
import matplotlib.pyplot as plt
import numpy as np
from dask.utils import key_split
from distributed import Client, LocalCluster
from matplotlib.patches import Patch

from skliquid.dask import DaskLSMClassifier

# %%
# A part is made by whichever worker needs it: noisy chirps, of which only the direction tells the
# class.

N_PARTS = 16


@dask.delayed(nout=2)
def make_part(number, n_samples=300, n_timesteps=80):
    """Rising (1) and falling (0) chirps at a random time, in noise."""
    rng = np.random.default_rng(number)
    y = rng.integers(0, 2, n_samples)
    t = np.arange(n_timesteps) - rng.uniform(20, 60, (n_samples, 1))
    frequency = 0.25 + np.where(y[:, None], 1, -1) * 0.008 * t
    chirp = np.exp(-((t / 15) ** 2)) * np.sin(2 * np.pi * frequency * t)
    X = chirp + rng.normal(scale=0.6, size=t.shape)
    return X[:, :, np.newaxis].astype(np.float32), y


X, y = zip(*(make_part(number) for number in range(N_PARTS)), strict=True)

# %%
# The cluster has two processes. Before the fit that is looked at, a few neurons are fitted to two
# parts, so that the workers have loaded what they need.


def fitted_on_a_cluster():
    """Return the model, and which task ran when and where."""
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        client.get_task_stream()  # from now on the scheduler takes notes
        DaskLSMClassifier(10, random_state=0).fit(X[:2], y[:2])
        begin = time()
        lsm = DaskLSMClassifier(300, random_state=0).fit(X, y)
        return lsm, client.get_task_stream(start=begin)


# %%
# Each bar is a task, in the row of its worker: parts are made and run where that is, neighbouring
# sums are merged as soon as there are two, and one worker solves for the weights of the readout.

KINDS = {
    "make_part": ("making a part", "0.7"),
    "begin": ("drawing the liquid", "C3"),
    "add": ("liquid and sums of a part", "C0"),
    "merged": ("merging sums", "C1"),
    "finished": ("solving", "C2"),
}


def show(ax, tasks):
    """Draw the tasks of each worker in a row of its own."""
    workers = sorted({task["worker"] for task in tasks})
    begin = min(span["start"] for task in tasks for span in task["startstops"])
    for task in tasks:
        kind = key_split(task["key"])
        for span in task["startstops"]:
            if kind in KINDS and span["action"] == "compute":
                place = workers.index(task["worker"]), span["stop"] - span["start"]
                ax.barh(
                    *place, left=span["start"] - begin, color=KINDS[kind][1], edgecolor="white"
                )
    ax.set(
        yticks=range(len(workers)), yticklabels=[f"worker {i + 1}" for i in range(len(workers))]
    )
    ax.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":  # the workers read this file too
    lsm, tasks = fitted_on_a_cluster()
    with dask.config.set(scheduler="synchronous"):
        alone = DaskLSMClassifier(300, random_state=0).fit(X, y)
    print("same bits:", np.array_equal(alone.pipeline_[-1].coef_, lsm.pipeline_[-1].coef_))

    figure, ax = plt.subplots(figsize=(9, 3.4), layout="constrained")
    show(ax, tasks)
    ax.set_xlabel("seconds")
    figure.legend(
        [Patch(color=colour) for _, colour in KINDS.values()],
        [text for text, _ in KINDS.values()],
        loc="outside upper center",
        ncols=5,
        frameon=False,
    )
    plt.show()
