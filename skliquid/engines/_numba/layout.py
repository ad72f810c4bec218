"""How a liquid is laid out for the kernels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from ...pooling import n_groups
from ...reservoirs import DynamicSynapses, Liquid, Neurons, Synapses, Taps
from ...reservoirs.fixed_point import UNIT_EXPONENT
from .._record import Record
from .aligned import CACHE_LINE, HUGE_PAGE, aligned, aligned_empty, aligned_zeros
from .by_address import address_of
from .dynamics import ARRIVE, Dynamics, arrive
from .events import (
    HEAR_EVENTS,
    EventTaps,
    Heard,
    by_channel,
    close_events,
    hear_events,
    open_events,
)
from .loop import (
    CLOSE,
    CLOSE_EVENTS,
    OPEN,
    OPEN_EVENTS,
    Kernels,
    Network,
    Work,
    close_sequence,
    open_sequence,
)
from .neurons import STEPS, address_of_step
from .sinks import Kept
from .synapses import ADD_LISTS, ADD_ROWS, Recurrence, add_lists, add_rows
from .taps import HEAR, Columns, Input, project, sum_taps
from .vectors import NEURON_CHUNK, PROJECTED_STEPS, SUM_CHUNK, TAP_STEPS

# The rows of a slab of neurons take about this much memory, as much as a large L2 cache has.
_SLAB_BYTES = 2**21
# Measured times in ns, from which the form of the weights is chosen: of one byte of a row that
# comes from the L2 cache, of one that comes from beyond, and of one synapse of a list.
_ROW_BYTE_NEAR, _ROW_BYTE_FAR, _SYNAPSE = 0.009, 0.025, 0.6
# And of a step of a neuron with its sums, and of a tap; how many neurons fire in a step.
_NEURON, _TAP, _RATE = 2.0, 0.2, 0.2
# And of a spike at a dynamic synapse.
_RELEASE = 10.0
# Sequences that go through a step together where there is more than one slab.
_TOGETHER = 64
# Items at the end of what a thread writes, so that no two threads write to one cache line; and
# room for what a vector stores too much.
_SPARE = 64
_NOT_DYNAMIC = DynamicSynapses.none(0)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A liquid as the kernels read it; neurons that never fire fill the last slab.

    Parameters
    ----------
    kernels : Kernels
        What its steps are made of, but for keeping states.
    network : Network
        Taps, synapses and constants.
    dynamic : DynamicSynapses
        Those that have a state, or none.
    states : tuple of str
        Names of the neurons' states.
    initial : ndarray of shape (n_slabs, n_states, width), dtype float32
        They, before the first step.
    state_units : ndarray of shape (n_states,), dtype float32
        A unit of each in the kernels.
    places : slice or ndarray of shape (n,)
        Where the liquid's neurons are.
    neurons : ndarray of shape (n_padded,), dtype int32
        The liquid's number of each neuron, -1 for those that never fire.
    step_ns : float
        About the time that a step of a sequence takes, in ns.
    """

    kernels: Kernels
    network: Network
    dynamic: DynamicSynapses
    states: tuple[str, ...]
    initial: np.ndarray
    state_units: np.ndarray
    places: Any
    neurons: np.ndarray
    step_ns: float

    def __getstate__(self) -> Any:
        raise TypeError("A prepared liquid holds addresses of this process; prepare it anew.")

    @cached_property
    def nothing_kept(self) -> Kept:
        """Rows of which there are none."""
        return self.kept(Record(("spk",), 0, np.zeros(0, dtype=np.int64)))

    @cached_property
    def event_taps(self) -> EventTaps:
        """The taps in the order in which events drive them."""
        return by_channel(self.network.taps, may_be_long=not self.has_slabs)

    @cached_property
    def event_kernels(self) -> Kernels:
        """What the steps of events are made of."""
        return self.kernels._replace(
            open=address_of(OPEN_EVENTS, open_events),
            close=address_of(CLOSE_EVENTS, close_events),
            hear=address_of(HEAR_EVENTS, hear_events),
        )

    def kept(self, record: Record) -> Kept:
        """A record's arrays as the kernels fill them."""
        which = np.array([self.states.index(name) for name in record.names], dtype=np.int64)
        return Kept(
            _own(record.frames, np.int64),
            self.neurons,
            record.kept.get("spk", np.zeros((0, 0), dtype=np.uint8)),
            record.states,
            which,
            self.state_units[which],
        )

    @property
    def n_padded(self) -> int:
        """Number of neurons with those that never fire."""
        return len(self.neurons)

    @cached_property
    def n_neurons(self) -> int:
        """Number of the liquid's neurons."""
        return int(np.count_nonzero(self.neurons >= 0))

    def n_together(self, n_sequences: int) -> int:
        """How many of some sequences are run side by side."""
        return min(_TOGETHER, n_sequences) if self.has_slabs else 1

    @property
    def dynamic_width(self) -> int:
        """Number of neurons that the states of dynamic synapses have room for."""
        return self.n_padded if self.dynamic.n_neurons else 0

    @property
    def has_slabs(self) -> bool:
        """Whether there is more than one slab."""
        return len(self.network.constants) > 1

    def of_ours(self, values: np.ndarray) -> np.ndarray:
        """Copy of the values of the liquid's neurons in their order, the last axis."""
        if isinstance(self.places, slice):
            return values[..., self.places].copy()
        return np.take(values, self.places, axis=-1)  # faster than an index


def prepare(liquid: Liquid) -> Prepared:
    """Lay the weights out in slabs."""
    n, numbers = liquid.n_neurons, np.arange(liquid.n_neurons)
    places: Any = slice(n)
    taps, synapses, dynamic, neurons = *_apart(liquid), liquid.neurons
    is_sparse = dynamic.n_neurons > 0 or _is_sparse(synapses)
    if is_sparse and len(synapses.units):
        # The processor foresees the end of a list of synapses if the one before was as long.
        numbers = np.argsort(np.diff(synapses.offsets), kind="stable")
        places = np.argsort(numbers, kind="stable")
        taps, synapses = taps.take(numbers), synapses.take(numbers)
        neurons = neurons.take(numbers)
    width = _slab_width(n, is_sparse)
    n_padded = -(-n // width) * width
    network = Network(
        _input(taps, n_padded),
        _recurrence(synapses, n_padded, width, is_sparse),
        _dynamics(dynamic, liquid.taps.bias[: dynamic.n_neurons], n_padded),
        _constants(neurons, n_padded, width),
        _potentials(np.arange(n_padded)[places], len(neurons.state), width),
    )
    units = [2.0**-UNIT_EXPONENT if name in neurons.potentials else 1.0 for name in neurons.state]
    return Prepared(
        _kernels(network, STEPS[type(neurons)]),
        network,
        dynamic,
        neurons.state,
        _initial(neurons, n_padded, width),
        np.array(units, dtype=np.float32),
        places,
        _filled(numbers, n_padded, np.int32, -1),
        _NEURON * n
        + _TAP * len(taps.weights)
        + _RATE * n * min(_spike_ns(synapses))
        + _RATE * _RELEASE * len(dynamic.units),
    )


def _apart(liquid: Liquid) -> tuple[Taps, Synapses, DynamicSynapses]:
    """Taps, and synapses without and with a state, of which there is one kind."""
    taps, dynamic = liquid.taps, liquid.synapses
    if not isinstance(dynamic, DynamicSynapses):
        return taps, dynamic, _NOT_DYNAMIC
    # The bias is no current of a synapse.
    unbiased = replace(taps, bias=np.zeros_like(taps.bias))
    return unbiased, Synapses.none(liquid.n_neurons), dynamic


def _kernels(network: Network, step: Callable[..., None]) -> Kernels:
    """Compile what the network needs."""
    recurrence = network.recurrence
    echo = (
        address_of(ADD_ROWS, add_rows)
        if recurrence.rows.size
        else address_of(ADD_LISTS[recurrence.synapses.dtype.name], add_lists)
    )
    return Kernels(
        open=address_of(OPEN, open_sequence),
        close=address_of(CLOSE, close_sequence),
        hear=address_of(HEAR, (sum_taps if len(network.taps.offsets) else project)),
        echo=echo,
        arrive=address_of(ARRIVE, arrive) if len(network.dynamics.bias) else 0,
        step=address_of_step(step),
        keep=0,
    )


def columns_of(taps: Input, n_together: int, longest: int) -> Columns:
    """Make room for the dense frames of sequences of a length."""
    n_channels, has_taps = len(taps.input_offset), len(taps.offsets) > 0
    n_columns = taps.max_delay + longest + n_ahead(taps)
    return Columns(
        columns=np.empty((n_together, n_channels, n_columns)),
        places=n_columns * taps.channels.astype(np.int64) - taps.delays,
        tile=aligned_empty((NEURON_CHUNK * has_taps, TAP_STEPS), np.float32),
    )


def n_ahead(taps: Input) -> int:
    """Steps whose currents dense frames drive at a time."""
    return TAP_STEPS if len(taps.offsets) else PROJECTED_STEPS


def room(network: Network, n_together: int, heard: Columns | Heard, n_ahead: int) -> Work:
    """Make room for sequences that run side by side."""
    n_slabs, _, width = network.constants.shape
    n_padded, n = n_slabs * width, len(network.potentials)
    return Work(
        spikes=np.empty((2, n_together, n_padded + _SPARE), dtype=np.int32),
        n_spikes=np.empty((2, n_together + _SPARE), dtype=np.int64),
        heard=heard,
        drive=aligned_empty((n_together, n_ahead, n_padded), np.float32),
        total=np.empty(width + _SPARE, dtype=np.int16)[:width],
        fired=np.empty(width + _SPARE, dtype=np.uint8)[:width],
        potentials=np.empty(n + _SPARE, dtype=np.float32)[:n],
        tops=np.empty(n_groups(n) + _SPARE, dtype=np.float32)[: n_groups(n)],
    )


def _input(taps: Taps, n_padded: int) -> Input:
    """Input taps in units of potential, neurons that never fire having none."""
    is_plain = not taps.max_delay and len(taps.weights) == taps.n_neurons * taps.n_channels
    weights = _filled(taps.input_weights[:, : taps.n_channels * is_plain], n_padded, np.float32)
    listed = slice(0 if is_plain else None)
    offsets = _filled(taps.offsets, n_padded + 1, np.int64, taps.offsets[-1])
    return Input(
        _own(taps.input_offset, np.float32),
        _own(taps.input_gain, np.float32),
        aligned(np.ldexp(weights.T, UNIT_EXPONENT)),
        aligned(np.ldexp(_filled(taps.bias, n_padded, np.float32), UNIT_EXPONENT)),
        offsets[listed],
        _own(taps.channels[listed], np.int32),
        _own(taps.delays[listed], np.int32),
        np.ldexp(taps.weights[listed].astype(np.float64), UNIT_EXPONENT),
        taps.max_delay,
    )


def _recurrence(synapses: Synapses, n_padded: int, width: int, is_sparse: bool) -> Recurrence:
    """Recurrent weights as rows, or as lists where these are read faster."""
    n = synapses.n_neurons
    units = np.float32(2.0 ** (UNIT_EXPONENT - synapses.exponent))
    listed: Any = np.zeros(0, dtype=np.uint32)
    n_rows = 0 if is_sparse else n
    alignment = HUGE_PAGE if 2 * n_rows * width >= HUGE_PAGE // 4 else CACHE_LINE
    rows = aligned_zeros((n_padded // width, n_rows, width), np.int16, alignment)
    if is_sparse:
        # Beyond 2**16 neurons a target has no room beside its weight in 32 bits.
        packed: Any = np.uint32 if n <= 2**16 else np.uint64
        listed = synapses.targets.astype(packed) << packed(16)
        listed |= synapses.units.view(np.uint16)
    else:
        slab, column = np.divmod(synapses.targets, width)
        rows[slab, synapses.sources, column] = synapses.units
    return Recurrence(rows, _own(synapses.offsets, np.int64), listed, units)


def _dynamics(synapses: DynamicSynapses, bias: np.ndarray, n_padded: int) -> Dynamics:
    """Dynamic synapses of all neurons."""
    slot_and_kind = 2 * (synapses.delays.astype(np.int64) - 1) + synapses.receptors
    of_neurons = synapses.decays, synapses.rises, np.ldexp(bias, UNIT_EXPONENT)
    width = n_padded if len(bias) else 0
    decays, rises, bias = (aligned(_filled(v.T, width, np.float32).T) for v in of_neurons)
    facilitation, recovery = map(np.ascontiguousarray, synapses.powers)
    return Dynamics(
        _own(synapses.offsets, np.int64),
        slot_and_kind * n_padded + synapses.targets,
        synapses.units.astype(np.float32),
        decays,
        rises,
        _own(synapses.use, np.float32),
        facilitation,
        recovery,
        bias,
        np.float32(2.0 ** (UNIT_EXPONENT - synapses.exponent)),
    )


def _constants(neurons: Neurons, n_padded: int, width: int) -> np.ndarray:
    """Constants of the neurons, potentials in units of theirs, shape (slabs, fields, width)."""
    constants = {field.name: getattr(neurons, field.name) for field in fields(neurons)}
    return _by_slab(neurons, constants, n_padded, width)


def _potentials(places: np.ndarray, n_states: int, width: int) -> np.ndarray:
    """Where the first state of each neuron is among those of all slabs."""
    slab, column = np.divmod(places, width)
    return (slab * n_states * width + column).astype(np.uint32)


def _initial(neurons: Neurons, n_padded: int, width: int) -> np.ndarray:
    """States of the neurons before the first step, shape (slabs, states, width)."""
    zeros = np.zeros(neurons.n_neurons, dtype=np.float32)
    states = {name: neurons.initial.get(name, zeros) for name in neurons.state}
    return _by_slab(neurons, states, n_padded, width)


def _by_slab(
    neurons: Neurons, named: dict[str, np.ndarray], n_padded: int, width: int
) -> np.ndarray:
    """Values of the neurons slab by slab, in the units of the kernels."""
    rows = []
    for name, given in named.items():
        values = given.astype(np.float32)
        if name in neurons.potentials:
            values = np.ldexp(values, UNIT_EXPONENT)
        never = np.inf if name == "threshold" else 0.0
        rows.append(_filled(values, n_padded, np.float32, never))
    by_slab = np.stack(rows).reshape(len(rows), -1, width)
    return aligned(by_slab.transpose(1, 0, 2))


def _own(values: np.ndarray, dtype: Any) -> np.ndarray:
    """The array, or a copy if it is read-only as in a mapped file: a type that has kernels."""
    return np.require(values, dtype, ["C", "A", "W"])


def _filled(values: np.ndarray, n: int, dtype: Any, fill: float = 0) -> np.ndarray:
    """Values of that type, and of the neurons that fill the slabs."""
    filled = np.full((n, *values.shape[1:]), fill, dtype=dtype)
    filled[: len(values)] = values
    return filled


def _is_sparse(synapses: Synapses) -> bool:
    """Tell whether a list of synapses is read faster than whole rows of weights."""
    listed, rows = _spike_ns(synapses)
    return listed < rows


def _spike_ns(synapses: Synapses) -> tuple[float, float]:
    """Time that a spike takes by a list of synapses, and by a row of weights."""
    n = synapses.n_neurons
    row_byte = _ROW_BYTE_NEAR if 2 * n * n <= _SLAB_BYTES else _ROW_BYTE_FAR
    return _SYNAPSE * synapses.density * n, row_byte * 2 * n


def _slab_width(n: int, is_sparse: bool) -> int:
    """Neurons of a slab: whole chunks, and as equal as can be among the slabs."""
    n_chunks = -(-n // SUM_CHUNK)
    if is_sparse:
        return n_chunks * SUM_CHUNK
    n_slabs = max(1, round(2 * n * n_chunks * SUM_CHUNK / _SLAB_BYTES))
    return -(-n_chunks // n_slabs) * SUM_CHUNK
