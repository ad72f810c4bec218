"""The column of Maass, Natschlaeger and Markram (2002) against Brian2, which must be installed.

Both are given the same neurons, synapses, delays, plasticity and input spikes. Without recurrence
membrane traces, rates and coefficients of variation are compared neuron by neuron, at three step
lengths: what is left is that Brian2 integrates a current that falls during a step, and the liquid
one that is constant. With recurrence rates are compared, and the time that each takes at steps of
0.1 ms. Brian2 2.9 needs a NumPy below 2, with which the Numba engine runs too.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import brian2 as b2
import numpy as np

from skliquid.engines import Runner, record
from skliquid.pooling import NO_POOLING
from skliquid.published import MODELS
from skliquid.reservoirs import Liquid
from skliquid.sequences import as_sequences

COLUMN = MODELS["maass_2002"]


def column(shape, n_inputs, dt):
    """The published column on another grid."""
    return replace(COLUMN, shape=shape).draw(n_inputs, dt=dt, seed=0)


class Brian:
    """The same column in Brian2."""

    def __init__(self, liquid, trains, dt):
        b2.start_scope()
        b2.defaultclock.dt = dt * b2.ms
        neurons, synapses, taps = liquid.neurons, liquid.synapses, liquid.taps
        cell, (tau_e, tau_i) = COLUMN.cell, COLUMN.synapse.tau_syn
        constants = {"tau": cell.tau_m, "tau_e": tau_e, "tau_i": tau_i}
        constants = {name: value * b2.ms for name, value in constants.items()}
        group = b2.NeuronGroup(
            liquid.n_neurons,
            """
            dv/dt = (ge + gi + gx + background - v) / tau : 1 (unless refractory)
            dge/dt = -ge / tau_e : 1
            dgi/dt = -gi / tau_i : 1
            dgx/dt = -gx / tau_e : 1
            background : 1
            rest : second
            """,
            threshold=f"v > {cell.threshold}",
            reset=f"v = {cell.reset}",
            refractory="rest",
            method="exact",
            namespace=constants,
        )
        # A step is counted from the spike on there, and from the step after it here.
        group.rest = (neurons.refractory + 1) * dt * b2.ms
        group.background, group.v = neurons.background, neurons.start
        step, channel = np.nonzero(trains)
        source = b2.SpikeGeneratorGroup(trains.shape[1], channel, step * dt * b2.ms)
        drives = b2.Synapses(source, group, "w : 1", on_pre="gx_post += w")
        drives.connect(i=taps.channels, j=taps.neurons)
        drives.w = taps.weights
        parts = [group, source, drives]
        if len(synapses.units):
            parts += [self._recurrent(group, synapses, kind, dt) for kind in (0, 1)]
        self.spikes = b2.SpikeMonitor(group)
        self.trace = b2.StateMonitor(group, "v", record=np.arange(5))
        self.network = b2.Network(*parts, self.spikes, self.trace)

    def _recurrent(self, group, synapses, kind, dt):
        mine = synapses.receptors == kind
        made = b2.Synapses(
            group,
            group,
            "w : 1\nU : 1\nD : second\nF : second\nu : 1\nx : 1\nbefore : second",
            on_pre=f"""
            x = (x + u * (1 - x)) * exp(-(t - before) / D)
            u = U + (1 - U) * u * exp(-(t - before) / F)
            before = t
            {"gi" if kind else "ge"}_post += w * u * (1 - x)
            """,
        )
        made.connect(i=synapses.sources[mine], j=synapses.targets[mine])
        made.w = np.ldexp(synapses.units[mine].astype(float), -synapses.exponent)
        made.U = synapses.use[mine]
        made.D = -dt / np.log(synapses.recovery[mine]) * b2.ms
        made.F = -dt / np.log(synapses.facilitation[mine]) * b2.ms
        # What is sent in a step is integrated from the next one on.
        made.delay = (synapses.delays[mine] - 1) * dt * b2.ms
        return made


def variation(times):
    """Coefficient of variation of the intervals of a train, NaN of too few."""
    intervals = np.diff(times)
    return intervals.std() / intervals.mean() if len(intervals) > 2 else np.nan


def statistics(trains, dt):
    """Rates in Hz and coefficients of variation, of spikes of shape (n_steps, n)."""
    rates = trains.sum(axis=0) / (len(trains) * dt / 1000)
    return rates, np.array([variation(np.flatnonzero(train)) for train in trains.T])


def poisson(n_steps, n_inputs, rate, dt, rng):
    """Trains of a rate in Hz."""
    return (rng.random((n_steps, n_inputs)) < rate * dt / 1000).astype(np.float32)


def both(liquid, trains, dt):
    """Spikes and traces of the liquid and of Brian2, and the seconds that each took."""
    sequences = as_sequences([trains])
    ours = record([liquid], [sequences], "numba", None).spikes()[0]
    rows = np.arange(len(trains))
    trace = Runner(liquid, NO_POOLING, "numba").states(sequences, "mem", rows)[:, :5]
    start = time.perf_counter()
    record([liquid], [sequences], "numba", None)
    seconds = [time.perf_counter() - start]
    rival = Brian(liquid, trains, dt)
    rival.network.store()
    rival.network.run(dt * b2.ms)  # compiles
    rival.network.restore()
    start = time.perf_counter()
    rival.network.run(len(trains) * dt * b2.ms)
    seconds.append(time.perf_counter() - start)
    theirs = np.zeros_like(ours)
    steps = np.rint(rival.spikes.t / b2.ms / dt).astype(int)
    theirs[steps, np.asarray(rival.spikes.i)] = True
    return (ours, theirs), (trace, np.asarray(rival.trace.v).T), seconds


def alone(dt, n_ms):
    """Compare neurons without recurrence, whose input Brian2 integrates a step later."""
    liquid = column((10, 5, 2), 4, dt)
    liquid = Liquid(liquid.taps, liquid.synapses.unconnected(), liquid.neurons)
    coarse = poisson(int(n_ms / 0.1), 4, 30.0, 0.1, np.random.default_rng(1))
    trains = np.zeros((int(n_ms / dt), 4), dtype=np.float32)
    trains[:: round(0.1 / dt)] = coarse
    spikes, traces, _ = both(liquid, trains, dt)
    (rates, variations), (their_rates, their_variations) = (statistics(s, dt) for s in spikes)
    ours, theirs = traces[0], np.roll(traces[1], -2, axis=0)
    until = min(np.flatnonzero((s[:, :5]).any(axis=1))[0] for s in spikes) - 2
    print(
        f"dt {dt} ms, without recurrence: rates {rates.mean():.3f} and {their_rates.mean():.3f} "
        f"Hz, largest difference {np.abs(rates - their_rates).max():.3f} Hz; CV "
        f"{np.nanmean(variations):.4f} and {np.nanmean(their_variations):.4f}; traces before the "
        f"first spike within {np.abs(ours - theirs)[:until].max():.4f} mV of {until} steps, "
        f"median difference of all {np.median(np.abs(ours - theirs)[:-2]):.5f} mV",
        flush=True,
    )


def connected(dt, n_ms):
    """Compare the column with recurrence, and the time that it takes."""
    rng = np.random.default_rng(0)
    for shape in ((15, 3, 3), (15, 6, 3), (15, 15, 6)):
        liquid = column(shape, 4, dt)
        trains = poisson(int(n_ms / dt), 4, 30.0, dt, rng)
        spikes, _, seconds = both(liquid, trains, dt)
        (rates, variations), (their_rates, their_variations) = (statistics(s, dt) for s in spikes)
        print(
            f"{liquid.n_neurons} neurons, {len(liquid.synapses.units)} synapses: rates "
            f"{rates.mean():.2f} and {their_rates.mean():.2f} Hz, correlation of neurons "
            f"{np.corrcoef(rates, their_rates)[0, 1]:.4f}, CV {np.nanmean(variations):.3f} and "
            f"{np.nanmean(their_variations):.3f}; {seconds[0]:.3f} s and {seconds[1]:.3f} s, "
            f"{seconds[1] / seconds[0]:.0f} times faster",
            flush=True,
        )


def main():
    """Compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ms", type=float, default=5000.0, help="simulated time")
    parser.add_argument("--target", default="cython", help="Brian2's code generation")
    parser.add_argument("--only", choices=["alone", "connected"], help="half of it")
    arguments = parser.parse_args()
    b2.prefs.codegen.target = arguments.target
    for dt in () if arguments.only == "connected" else (0.1, 0.05, 0.025):
        alone(dt, arguments.ms)
    if arguments.only != "alone":
        connected(0.1, arguments.ms)


if __name__ == "__main__":
    main()
