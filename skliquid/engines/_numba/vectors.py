"""Vector loops of the Numba engine, written in LLVM's intermediate representation.

Numba's own vectorisation stores every partial result in memory and keeps to half the vector
width where that is LLVM's default. The two loops here hold partial results in registers and
are two to four times as fast. Vectors have a fixed number of lanes, which LLVM splits into
whatever registers the processor has; addresses are passed as integers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
from numba import types
from numba.extending import intrinsic

# Targets summed at a time: four registers of 512 bits, or eight of 256, or sixteen of 128.
SUM_CHUNK = 128
# Neurons advanced at a time: one bit each of the returned integer.
NEURON_CHUNK = 64
# Time steps of input that a neuron's taps are summed over at a time.
TAP_STEPS = 64
# Time steps whose axes are swapped with those of the neurons at a time.
TRANSPOSED_STEPS = 16

_I1, _I16, _I32, _I64 = (ir.IntType(bits) for bits in (1, 16, 32, 64))
_F32, _F64 = ir.FloatType(), ir.DoubleType()
_BYTES = {_I16: 2, _I32: 4, _F32: 4, _F64: 8}


def _constant(value: int) -> Any:
    return ir.Constant(_I64, value)


def _pointer(builder: Any, address: Any, kind: Any, lanes: int, i: int) -> Any:
    offset = _constant(i * lanes * _BYTES[kind])
    vector = ir.VectorType(kind, lanes).as_pointer()
    return builder.inttoptr(builder.add(address, offset), vector)


def _load(builder: Any, address: Any, kind: Any, lanes: int, i: int) -> Any:
    """Load the i-th vector after an address."""
    value = builder.load(_pointer(builder, address, kind, lanes, i))
    value.align = _BYTES[kind]
    return value


def _store(builder: Any, value: Any, address: Any, kind: Any, lanes: int, i: int) -> None:
    builder.store(value, _pointer(builder, address, kind, lanes, i)).align = _BYTES[kind]


def _spread(builder: Any, scalar: Any, lanes: int) -> Any:
    """Put a scalar into every lane."""
    undefined = ir.Constant(ir.VectorType(scalar.type, lanes), ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(_I32, 0))
    zeros = ir.Constant(ir.VectorType(_I32, lanes), [0] * lanes)
    return builder.shuffle_vector(first, undefined, zeros)


def _scalar(builder: Any, address: Any, kind: Any) -> Any:
    return builder.load(builder.inttoptr(address, kind.as_pointer()))


def _call(builder: Any, name: str, *arguments: Any) -> Any:
    """Call an LLVM intrinsic whose arguments and result have one vector type."""
    vector = arguments[0].type
    kind = "f64" if vector.element == _F64 else "f32"
    function = builder.module.declare_intrinsic(
        f"llvm.{name}.v{vector.count}{kind}",
        (),
        ir.FunctionType(vector, [vector] * len(arguments)),
    )
    return builder.call(function, arguments)


def _accumulate(builder: Any, n_items: Any, initial: list[Any], add_item: Any) -> list[Any]:
    """Loop over items with the running values in registers; return the final values."""
    entry = builder.block
    loop = builder.append_basic_block("items")
    done = builder.append_basic_block("done")
    builder.cbranch(builder.icmp_signed(">", n_items, _constant(0)), loop, done)
    builder.position_at_end(loop)
    item = builder.phi(_I64)
    running = [builder.phi(value.type) for value in initial]
    updated = add_item(item, running)
    following = builder.add(item, _constant(1))
    builder.cbranch(builder.icmp_signed("<", following, n_items), loop, done)
    for phi, first, later in zip(
        [item, *running], [_constant(0), *initial], [following, *updated], strict=True
    ):
        phi.add_incoming(first, entry)
        phi.add_incoming(later, loop)
    builder.position_at_end(done)
    results = [builder.phi(value.type) for value in initial]
    for result, first, later in zip(results, initial, updated, strict=True):
        result.add_incoming(first, entry)
        result.add_incoming(later, loop)
    return results


@intrinsic
def store_row_sum(
    typing_context: Any, out: Any, rows: Any, row_bytes: Any, indices: Any, n_indices: Any
) -> Any:
    """Write the sum of some int16 rows, over ``SUM_CHUNK`` columns.

    Parameters are the address of the sums, that of the first column in row 0, the bytes from
    one row to the next, the address of the int32 row numbers, and their number.
    """
    lanes = 32
    n_vectors = SUM_CHUNK // lanes

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out, rows, row_bytes, indices, n_indices = arguments

        def add_row(k: Any, sums: list[Any]) -> list[Any]:
            place = builder.add(indices, builder.shl(k, _constant(2)))
            index = builder.sext(builder.load(builder.inttoptr(place, _I32.as_pointer())), _I64)
            row = builder.add(rows, builder.mul(index, row_bytes))
            return [
                builder.add(value, _load(builder, row, _I16, lanes, i))
                for i, value in enumerate(sums)
            ]

        zero = ir.Constant(ir.VectorType(_I16, lanes), [0] * lanes)
        sums = _accumulate(builder, n_indices, [zero] * n_vectors, add_row)
        for i, value in enumerate(sums):
            _store(builder, value, out, _I16, lanes, i)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 5), generate


def _store_rounded(builder: Any, value: Any, address: Any, lanes: int, i: int) -> None:
    """Round float64 values to whole numbers and store them as float32."""
    rounded = _call(builder, "rint", value)
    single = builder.fptrunc(rounded, ir.VectorType(_F32, lanes))
    _store(builder, single, address, _F32, lanes, i)


def _tap_sum(n_steps: int) -> Any:
    """Make the loop over a neuron's taps for a number of time steps, a multiple of 16."""
    lanes = 16
    n_vectors = n_steps // lanes

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out, x, places, weights, n_taps, bias = arguments

        def add_tap(k: Any, sums: list[Any]) -> list[Any]:
            step = builder.shl(k, _constant(3))
            place = builder.add(x, _scalar(builder, builder.add(places, step), _I64))
            weight = _scalar(builder, builder.add(weights, step), _F64)
            weight = _spread(builder, weight, lanes)
            return [
                _call(builder, "fmuladd", weight, _load(builder, place, _F64, lanes, i), value)
                for i, value in enumerate(sums)
            ]

        constant = builder.fpext(_scalar(builder, bias, _F32), _F64)
        first = _spread(builder, constant, lanes)
        sums = _accumulate(builder, n_taps, [first] * n_vectors, add_tap)
        for i, value in enumerate(sums):
            _store_rounded(builder, value, out, lanes, i)
        return context.get_dummy_value()

    return generate


@intrinsic
def store_tap_sum(
    typing_context: Any, out: Any, x: Any, places: Any, weights: Any, n_taps: Any, bias: Any
) -> Any:
    """Write one neuron's input current of ``TAP_STEPS`` time steps, as float32.

    ::

        out[t] = round(sum over taps of weight * x[t + place / 8] + bias)

    All but `n_taps` are addresses: of float32 `out`; of float64 `x`, at the first step; of
    int64 `places`, in bytes from there; of float64 `weights`; of float32 `bias`.
    """
    return types.void(*[types.intp] * 6), _tap_sum(TAP_STEPS)


@intrinsic
def store_short_tap_sum(
    typing_context: Any, out: Any, x: Any, places: Any, weights: Any, n_taps: Any, bias: Any
) -> Any:
    """Do the same for the first half of the ``TAP_STEPS`` alone."""
    return types.void(*[types.intp] * 6), _tap_sum(TAP_STEPS // 2)


def _widened(builder: Any, at: Any, lanes: int, i: int) -> Any:
    return builder.fpext(_load(builder, at, _F32, lanes, i), ir.VectorType(_F64, lanes))


def _fatigue(
    builder: Any, addresses: tuple[Any, ...], lanes: int, i: int
) -> tuple[Any, Any, Callable[[Any], None]]:
    """Rise of the threshold, whether a neuron may fire, and what to do once it is known."""
    jump, decay, pause, raised, rest = addresses
    rise = _load(builder, raised, _F32, lanes, i)
    left = _load(builder, rest, _I32, lanes, i)
    nothing = ir.Constant(left.type, [0] * lanes)
    may_fire = builder.icmp_signed("==", left, nothing)

    def update(fires: Any) -> None:
        leaked = builder.fmul(_load(builder, decay, _F32, lanes, i), rise)
        faded = _call(builder, "rint", leaked)
        grown = builder.fadd(faded, _load(builder, jump, _F32, lanes, i))
        _store(builder, builder.select(fires, grown, faded), raised, _F32, lanes, i)
        fewer = builder.sub(left, ir.Constant(left.type, [1] * lanes))
        fewer = builder.select(may_fire, nothing, fewer)
        whole = _load(builder, pause, _I32, lanes, i)
        _store(builder, builder.select(fires, whole, fewer), rest, _I32, lanes, i)

    return rise, may_fire, update


@intrinsic
def store_projection(
    typing_context: Any,
    out: Any,
    x: Any,
    n_channels: Any,
    weights_in: Any,
    row_bytes: Any,
    bias: Any,
) -> Any:
    """Write the input current of ``NEURON_CHUNK`` neurons for one frame, as float32.

    ::

        out = round(W_in x + b)

    All but `n_channels` and `row_bytes` are addresses: of float32 `out`; of float64 `x`; of
    float32 `weights_in` (channels by neurons, `row_bytes` from one channel to the next) and
    `bias`.
    """
    lanes = 16
    n_vectors = NEURON_CHUNK // lanes

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out, x, n_channels, weights_in, row_bytes, bias = arguments

        def add_channel(c: Any, drives: list[Any]) -> list[Any]:
            place = builder.add(x, builder.shl(c, _constant(3)))
            value = _spread(builder, _scalar(builder, place, _F64), lanes)
            row = builder.add(weights_in, builder.mul(c, row_bytes))
            # These products and sums are exact, so whether they are fused is no matter.
            return [
                _call(builder, "fmuladd", value, _widened(builder, row, lanes, i), drive)
                for i, drive in enumerate(drives)
            ]

        initial = [_widened(builder, bias, lanes, i) for i in range(n_vectors)]
        drives = _accumulate(builder, n_channels, initial, add_channel)
        for i, drive in enumerate(drives):
            _store_rounded(builder, drive, out, lanes, i)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 6), generate


def _advance(n_addresses: int, generate: Any) -> tuple[Any, Any]:
    kinds = [types.intp] * 2 + [types.float32] + [types.intp] * n_addresses
    return types.uint64(*kinds), generate


def _advancer(builder: Any, arguments: Any, fatigue: tuple[Any, ...] | None) -> Any:
    """Advance ``NEURON_CHUNK`` neurons by one step."""
    lanes = 16
    drive, total, weight_units, beta, threshold, mem, counts = arguments[:7]
    units = _spread(builder, weight_units, lanes)
    singles = ir.VectorType(_F32, lanes)
    bits = _constant(0)
    for i in range(NEURON_CHUNK // lanes):
        echo = builder.sitofp(_load(builder, total, _I16, lanes, i), singles)
        current = builder.fadd(_load(builder, drive, _F32, lanes, i), builder.fmul(units, echo))
        leaked = builder.fmul(
            _load(builder, beta, _F32, lanes, i), _load(builder, mem, _F32, lanes, i)
        )
        v = builder.fadd(_call(builder, "rint", leaked), current)
        level = _load(builder, threshold, _F32, lanes, i)
        if fatigue is None:
            fires = builder.fcmp_ordered(">", v, level)
        else:
            rise, may_fire, update = _fatigue(builder, fatigue, lanes, i)
            above = builder.fcmp_ordered(">", v, builder.fadd(level, rise))
            fires = builder.and_(above, may_fire)
            update(fires)
        _store(builder, builder.select(fires, builder.fsub(v, level), v), mem, _F32, lanes, i)
        ones = builder.zext(fires, ir.VectorType(_I32, lanes))
        counted = builder.add(_load(builder, counts, _I32, lanes, i), ones)
        _store(builder, counted, counts, _I32, lanes, i)
        mask = builder.zext(builder.bitcast(fires, _I16), _I64)
        bits = builder.or_(bits, builder.shl(mask, _constant(i * lanes)))
    return bits


@intrinsic
def advance_neurons(
    typing_context: Any,
    drive: Any,
    total: Any,
    weight_units: Any,
    beta: Any,
    threshold: Any,
    mem: Any,
    counts: Any,
) -> Any:
    """Advance ``NEURON_CHUNK`` neurons by one step; return their spikes as bits.

    ::

        v   = round(beta * mem) + (drive + weight_units * total)
        s   = v > threshold
        mem = v - threshold * s
        counts += s

    All but `weight_units` are addresses: of float32 `drive`, `beta`, `threshold` and `mem`;
    of int16 `total`; of int32 `counts`.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _advancer(builder, arguments, None)

    return _advance(4, generate)


@intrinsic
def advance_fatigable_neurons(
    typing_context: Any,
    drive: Any,
    total: Any,
    weight_units: Any,
    beta: Any,
    threshold: Any,
    mem: Any,
    counts: Any,
    adaptation: Any,
    adaptation_beta: Any,
    refractory: Any,
    raised: Any,
    rest: Any,
) -> Any:
    """Do the same for neurons that a spike tires.

    ::

        s      = v > threshold + raised and rest == 0
        raised = round(adaptation_beta * raised) + adaptation * s
        rest   = refractory where s, else max(rest - 1, 0)

    The further arguments are addresses: of float32 `adaptation`, `adaptation_beta` and
    `raised`; of int32 `refractory` and `rest`.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _advancer(builder, arguments, tuple(arguments[7:12]))

    return _advance(9, generate)


@intrinsic
def add_clipped(typing_context: Any, sums: Any, values: Any, low: Any, high: Any) -> Any:
    """Add ``NEURON_CHUNK`` float32 values, clipped, to float64 sums; both are addresses."""
    lanes = 16

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        sums, values, low, high = arguments
        least, most = _spread(builder, low, lanes), _spread(builder, high, lanes)
        for i in range(NEURON_CHUNK // lanes):
            value = _load(builder, values, _F32, lanes, i)
            value = builder.select(builder.fcmp_ordered("<", value, least), least, value)
            value = builder.select(builder.fcmp_ordered(">", value, most), most, value)
            wide = builder.fpext(value, ir.VectorType(_F64, lanes))
            total = builder.fadd(_load(builder, sums, _F64, lanes, i), wide)
            _store(builder, total, sums, _F64, lanes, i)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.float32, types.float32), generate


@intrinsic
def count_bursts(
    typing_context: Any, bits: Any, t: Any, run: Any, bursts: Any, longest: Any, first: Any
) -> Any:
    """Follow the bursts of ``NEURON_CHUNK`` neurons whose spikes at step `t` are bits.

    ::

        run     = (run + 1) * s
        bursts  = bursts + 1 where run = 1
        longest = max(longest, run)
        first   = t where s and first < 0

    All but `bits` and `t` are addresses of int32.
    """
    lanes = 16
    integers = ir.VectorType(_I32, lanes)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        bits, t, run, bursts, longest, first = arguments
        zeros, ones = (ir.Constant(integers, [value] * lanes) for value in (0, 1))
        now = _spread(builder, builder.trunc(t, _I32), lanes)
        for i in range(NEURON_CHUNK // lanes):
            fires = _lanes_of(builder, bits, lanes, i)
            steps = builder.add(_load(builder, run, _I32, lanes, i), ones)
            steps = builder.select(fires, steps, zeros)
            _store(builder, steps, run, _I32, lanes, i)
            begins = builder.zext(builder.icmp_signed("==", steps, ones), integers)
            counted = builder.add(_load(builder, bursts, _I32, lanes, i), begins)
            _store(builder, counted, bursts, _I32, lanes, i)
            most = _load(builder, longest, _I32, lanes, i)
            is_more = builder.icmp_signed(">", steps, most)
            _store(builder, builder.select(is_more, steps, most), longest, _I32, lanes, i)
            earliest = _load(builder, first, _I32, lanes, i)
            is_first = builder.and_(fires, builder.icmp_signed("<", earliest, zeros))
            _store(builder, builder.select(is_first, now, earliest), first, _I32, lanes, i)
        return context.get_dummy_value()

    return types.void(types.uint64, *[types.int64] * 5), generate


def _lanes_of(builder: Any, bits: Any, lanes: int, i: int) -> Any:
    """Bits of a 64-bit integer as a vector of truth values."""
    mine = builder.trunc(builder.lshr(bits, _constant(i * lanes)), ir.IntType(lanes))
    return builder.bitcast(mine, ir.VectorType(_I1, lanes))


# Whether the processor gathers the chosen lanes of a vector in one instruction.
HAS_COMPRESS = bool(get_host_cpu_features().get("avx512f"))


@intrinsic
def store_spikes(typing_context: Any, out: Any, neuron: Any, bits: Any) -> Any:
    """Write the int32 numbers of the neurons that fired, in order; return how many.

    `out` is an address with room for 16 numbers more, `neuron` the number of the first of
    the ``NEURON_CHUNK`` neurons. Needs ``HAS_COMPRESS``.
    """
    lanes = 16
    integers = ir.VectorType(_I32, lanes)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out, neuron, bits = arguments
        kinds = [integers, integers, ir.VectorType(_I1, lanes)]
        compress = builder.module.declare_intrinsic(
            "llvm.x86.avx512.mask.compress.v16i32", (), ir.FunctionType(integers, kinds)
        )
        numbers = _spread(builder, builder.trunc(neuron, _I32), lanes)
        n_stored = _constant(0)
        for i in range(NEURON_CHUNK // lanes):
            here = ir.Constant(integers, list(range(i * lanes, (i + 1) * lanes)))
            fires = _lanes_of(builder, bits, lanes, i)
            chosen = builder.call(compress, [builder.add(numbers, here), numbers, fires])
            place = builder.add(out, builder.shl(n_stored, _constant(2)))
            _store(builder, chosen, place, _I32, lanes, 0)
            count = builder.ctpop(builder.bitcast(fires, ir.IntType(lanes)))
            n_stored = builder.add(n_stored, builder.zext(count, _I64))
        return n_stored

    return types.int64(types.int64, types.int64, types.uint64), generate


@intrinsic
def store_transposed(typing_context: Any, out: Any, row_bytes: Any, tile: Any) -> Any:
    """Write ``TRANSPOSED_STEPS`` steps of ``NEURON_CHUNK`` neurons with the axes swapped.

    `out` and `tile`, whose rows are ``TAP_STEPS`` float32, are addresses; `row_bytes` the bytes
    from one row of `out` to the next.
    """
    lanes = TRANSPOSED_STEPS

    def interleaved(builder: Any, first: Any, second: Any, is_high: int) -> Any:
        half = lanes // 2 * is_high
        order = [half + k // 2 + lanes * (k % 2) for k in range(lanes)]
        return builder.shuffle_vector(
            first, second, ir.Constant(ir.VectorType(_I32, lanes), order)
        )

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out, row_bytes, tile = arguments
        for block in range(NEURON_CHUNK // lanes):
            starts = [
                builder.add(tile, _constant(4 * TAP_STEPS * (block * lanes + k)))
                for k in range(lanes)
            ]
            rows = [_load(builder, start, _F32, lanes, 0) for start in starts]
            # Four perfect shuffles of 16 rows swap the axes.
            for _ in range(4):
                rows = [
                    interleaved(builder, rows[k // 2], rows[k // 2 + lanes // 2], k % 2)
                    for k in range(lanes)
                ]
            for k, row in enumerate(rows):
                place = builder.add(out, builder.mul(row_bytes, _constant(k)))
                _store(builder, row, place, _F32, lanes, block)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp), generate


@intrinsic
def lowest_bit(typing_context: Any, bits: Any) -> Any:
    """Position of the lowest bit that is set, in a uint64 that is not zero."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(_I1, 1))

    return types.int64(types.uint64), generate


@intrinsic
def store_number(typing_context: Any, address: Any, number: Any) -> Any:
    """Write an int32 to an address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address, number = arguments
        pointer = builder.inttoptr(address, _I32.as_pointer())
        builder.store(builder.trunc(number, _I32), pointer)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@intrinsic
def prefetch(typing_context: Any, address: Any) -> Any:
    """Ask for a cache line that will be read soon."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())
        read, keep, data = (ir.Constant(_I32, value) for value in (0, 3, 1))
        kinds = [pointer.type, _I32, _I32, _I32]
        function = builder.module.declare_intrinsic(
            "llvm.prefetch", [pointer.type], ir.FunctionType(ir.VoidType(), kinds)
        )
        builder.call(function, [pointer, read, keep, data])
        return context.get_dummy_value()

    return types.void(types.int64), generate
