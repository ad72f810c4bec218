"""What the engines share that take all sequences of a batch through a step at once.

The current that the input drives is computed in float64 on the host, which every machine has;
each sum is exact, so that the order in which a library adds is no matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from ..pooling import POTENTIAL_LIMIT, PoolingPlan, Pools, halves, window_of, wins
from ..reservoirs import Liquid, RateReservoir
from ..reservoirs.fixed_point import INPUT_EXPONENT, INPUT_LIMIT, UNIT_EXPONENT, to_grid
from ..reservoirs.taps import Taps
from ._record import Record
from .protocol import Batch, check_run, steps_of_a_piece

# Above this density a dense product is faster than a sparse one.
_DENSE_FROM = 0.2


def standardise(frames: np.ndarray, taps: Taps) -> np.ndarray:
    """Standardise frames of shape (..., n_channels) and round them to the input's grid."""
    return on_grid(frames, taps.input_offset, taps.input_gain)


def on_grid(values: np.ndarray, offset: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Standardise values of channels of these offsets and gains, and round them to their grid."""
    with np.errstate(over="ignore"):  # infinity saturates too
        x = (values - offset) * gain
    return to_grid(np.clip(x, -INPUT_LIMIT, INPUT_LIMIT), INPUT_EXPONENT).astype(np.float64)


class TapInput:
    """Taps in the form that computes their currents fastest.

    Parameters
    ----------
    taps : Taps
        The taps.
    """

    def __init__(self, taps: Taps) -> None:
        self.taps = taps
        place = taps.delays.astype(np.int64) * taps.n_channels + taps.channels
        distinct, column = np.unique(place, return_inverse=True)
        weights = sparse.csr_array(
            (taps.weights.astype(np.float64), column, taps.offsets),
            shape=(taps.n_neurons, len(distinct)),
        )
        self._delays, self._channels = np.divmod(distinct, taps.n_channels)
        is_dense = weights.nnz > _DENSE_FROM * taps.n_neurons * len(distinct)
        self._weights = weights.toarray() if is_dense else weights

    def at_rest(self, batch_size: int) -> np.ndarray:
        """No past: zeros of shape (batch_size, max_delay, n_channels)."""
        return np.zeros((batch_size, self.taps.max_delay, self.taps.n_channels))

    def run(
        self, past: np.ndarray, frames: np.ndarray, lengths: np.ndarray
    ) -> tuple[Iterator[np.ndarray], np.ndarray]:
        """Compute the current of frames that follow a past.

        Parameters
        ----------
        past : ndarray of shape (batch, max_delay, n_channels), dtype float64
            The last standardised frames before.
        frames : ndarray of shape (longest, batch, n_channels), dtype float32
            The frames side by side.
        lengths : ndarray of shape (batch,)
            How many frames each sequence has.

        Returns
        -------
        currents : iterator of ndarray of shape (batch, n), dtype float32
            ``round(sum over taps of w x^[channel, t - delay] + b)`` on the unit grid, for each
            time step.
        past : ndarray of shape (batch, max_delay, n_channels), dtype float64
            The last standardised frames of each sequence.
        """
        x = np.concatenate([past.transpose(1, 0, 2), standardise(frames, self.taps)])
        last = lengths[:, np.newaxis] + np.arange(past.shape[1])
        return self._currents(x), x[last, np.arange(len(lengths))[:, np.newaxis]]

    def _currents(self, x: np.ndarray) -> Iterator[np.ndarray]:
        for t in range(self.taps.max_delay, len(x)):
            current = (self._weights @ x[t - self._delays, :, self._channels]).T + self.taps.bias
            yield to_grid(current, UNIT_EXPONENT).astype(np.float32)


class LockstepPools:
    """Sums over time of arrays of the whole batch, of neurons that spike.

    Parameters
    ----------
    plan : PoolingPlan
        The features asked for.
    lengths : ndarray of shape (batch,)
        Whole lengths of the sequences.
    n_neurons : int
        Number of neurons.
    """

    # Names of what stands for spikes and for potentials, the types of counts, of sums of times
    # and of states, and the exponent of the grid that the trace decays on.
    names = "spk", "mem"
    counted: type = np.int32
    timed: type = np.int64
    precision: type = np.float32
    exponent = UNIT_EXPONENT

    def __init__(self, plan: PoolingPlan, lengths: np.ndarray, n_neurons: int) -> None:
        batch, windows = (len(lengths), n_neurons), (len(lengths), plan.n_windows, n_neurons)
        self._plan, self.lengths = plan, lengths
        self.seen = np.zeros(len(lengths), dtype=np.int64)
        self._burst, self._pause = np.zeros((2, *batch), dtype=np.int32)
        self._before = np.zeros(batch)
        self._pools = Pools(
            counts=np.zeros(windows, dtype=self.counted),
            bursts=np.zeros(batch, dtype=np.int32),
            longest_burst=np.zeros(batch, dtype=np.int32),
            longest_pause=np.zeros(batch, dtype=np.int32),
            times=np.zeros(batch, dtype=self.timed),
            squared_times=np.zeros((len(lengths), 2, n_neurons), dtype=self.timed),
            first_spike=np.full(batch, -1, dtype=np.int32),
            wins=np.zeros(batch, dtype=np.int32),
            losses=np.zeros(batch, dtype=np.int32),
            line_length=np.zeros(batch),
            rectified=np.zeros(batch),
            potentials=np.zeros(windows),
            trace=np.zeros(batch, dtype=self.precision),
            mem=np.zeros(batch, dtype=self.precision),
            spk=np.zeros(batch, dtype=self.precision),
        )

    def take(self, frames: np.ndarray, states: dict[str, np.ndarray]) -> None:
        """Add a step of the sequences that have not ended, which a record takes by its frames."""
        p: Any = self._pools
        output, mem = (states[name] for name in self.names)
        running = np.arange(len(mem))
        t = self.seen[running]
        window = window_of(t, self.lengths[running], self._plan.n_windows)
        fired = (output > 0).astype(np.int32)
        p.counts[running, window] += output.astype(self.counted)
        burst = self._burst[running]
        p.bursts[running] += fired & (burst == 0)
        self._burst[running] = burst = (burst + 1) * fired
        p.longest_burst[running] = np.maximum(p.longest_burst[running], burst)
        self._pause[running] = pause = (self._pause[running] + 1) * (1 - fired)
        p.longest_pause[running] = np.maximum(p.longest_pause[running], pause)
        timed: Any = output.astype(self.timed)
        square = np.stack(halves(t * t), axis=1)
        p.times[running] += timed * t[:, np.newaxis]
        p.squared_times[running] += timed[:, np.newaxis] * square[:, :, np.newaxis]
        first = p.first_spike[running]
        is_first = (fired > 0) & (first < 0)
        p.first_spike[running] = np.where(is_first, t[:, np.newaxis], first)
        # No other sums take as long.
        if "wins" in self._plan.sums:
            p.wins[running] += wins(mem)
        if "losses" in self._plan.sums:
            p.losses[running] += wins(-mem)
        clipped = np.clip(mem, -POTENTIAL_LIMIT, POTENTIAL_LIMIT)
        change = np.abs(clipped - self._before[running])
        p.line_length[running] += np.where(t[:, np.newaxis] > 0, change, 0)
        self._before[running] = clipped
        p.rectified[running] += np.maximum(clipped, 0)
        p.potentials[running, window] += clipped
        faded = self.precision(self._plan.trace_decay) * p.trace[running]
        p.trace[running] = to_grid(faded, self.exponent) + output
        p.mem[running], p.spk[running] = mem, fired
        self.seen[running] += 1

    @property
    def parts(self) -> dict[str, np.ndarray]:
        """The arrays that the sums asked for are kept in, the batch first."""
        names = self._plan.sums | {"counts"}
        asked = {name: sums for name, sums in vars(self._pools).items() if name in names}
        if "line_length" in names:
            asked["before"] = self._before
        return {"seen": self.seen, "burst": self._burst, "pause": self._pause, **asked}

    def read(self) -> Pools:
        """Return a copy of the sums so far."""
        return Pools(**{name: sums.copy() for name, sums in vars(self._pools).items()})


def liquid_at_rest(prepared: Any, batch_size: int) -> dict[str, np.ndarray]:
    """State of a liquid before the first step."""
    neurons, n = prepared.liquid.neurons, prepared.liquid.n_neurons
    states = {
        name: np.zeros((batch_size, n), dtype=np.float32) for name in ("spk", *neurons.state)
    }
    for name, values in neurons.initial.items():
        states[name][:] = values
    of_synapses = prepared.liquid.synapses.at_rest(batch_size, n)
    return {"past": prepared.taps.at_rest(batch_size), **states, **of_synapses}


def liquid_steps_at_once(prepared: Any, n_sequences: int) -> int:
    """Steps of so many sequences whose input is held in the form that is computed with."""
    taps = prepared.liquid.taps
    return steps_of_a_piece(max(1, taps.n_channels * n_sequences), taps.max_delay)


def check_sinks(
    batch: Batch,
    states: np.ndarray,
    sinks: Sequence[Any],
    reservoir: Liquid | RateReservoir,
    names: tuple[str, ...],
) -> tuple[list[Any], list[Record]]:
    """Pools and records among the sinks, if these fit the batch, the state and the reservoir."""
    records = [sink for sink in sinks if isinstance(sink, Record)]
    pools = [sink for sink in sinks if not isinstance(sink, Record)]
    n_channels, n = reservoir.n_channels, reservoir.n_neurons
    check_run(batch, n_channels, len(states), pools, records, n, names)
    return pools, records


def whole_batch(
    prepared: object, lengths: np.ndarray, n_jobs: int | None
) -> tuple[int, list[slice]]:
    """All in one share: the libraries beneath have threads of their own."""
    return 1, [slice(None)]
