"""Vector instructions by hand, where they pay and where nothing of the model is in them.

Numba's own vectorisation stores every partial sum in memory; the loops here hold them in
registers and are one and a half to four times as fast. They are written in LLVM's intermediate
representation. Vectors have a fixed number of lanes, which LLVM splits into whatever registers
the processor has; addresses are passed as integers. Each has a twin in plain loops, which serves
other processors.
"""

from __future__ import annotations

import platform
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.registry import cpu_target
from numba.extending import intrinsic


def target_features() -> set[str]:
    """Features of the processor that Numba compiles for, which a user may have chosen."""
    _, _, features = cpu_target.target_context.codegen().magic_tuple()
    return {name[1:] for name in features.split(",") if name.startswith("+")}


_FEATURES = target_features()
# Whether there are registers of 256 bits, or as many of 128 bits as ARM has.
HAS_VECTORS = "avx2" in _FEATURES or platform.machine() in ("arm64", "aarch64")
# Whether the processor gathers the chosen lanes of a vector in one instruction.
HAS_COMPRESS = "avx512f" in _FEATURES

# Targets summed at a time: four registers of 512 bits, or eight of 256, or sixteen of 128.
SUM_CHUNK = 128
# Neurons whose taps or spikes are handled at a time.
NEURON_CHUNK = 64
# Time steps and neurons whose input is projected at a time: as many sums as registers hold.
PROJECTED_STEPS, PROJECTED_NEURONS = 4, 16
# Time steps of input that a neuron's taps are summed over at a time.
TAP_STEPS = 64
# Time steps whose axes are swapped with those of the neurons at a time.
TRANSPOSED_STEPS = 16

_I1, _I8, _I16, _I32, _I64 = (ir.IntType(bits) for bits in (1, 8, 16, 32, 64))
_F32, _F64 = ir.FloatType(), ir.DoubleType()
_BYTES = {_I8: 1, _I16: 2, _I32: 4, _F32: 4, _F64: 8}


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
def add_row_sum(
    typing_context: Any,
    out: Any,
    rows: Any,
    row_bytes: Any,
    indices: Any,
    n_indices: Any,
    units: Any,
) -> Any:
    """Add the sum of some int16 rows, in units, over ``SUM_CHUNK`` columns.

    Parameters are the address of the float32 numbers to add to, that of the first column in
    row 0, the bytes from one row to the next, the address of the int32 row numbers, their
    number, and the float32 unit.
    """
    lanes = 32
    n_vectors = SUM_CHUNK // lanes

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out, rows, row_bytes, indices, n_indices, units = arguments

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
            single = builder.sitofp(value, ir.VectorType(_F32, lanes))
            scaled = builder.fmul(_spread(builder, units, lanes), single)
            total = builder.fadd(_load(builder, out, _F32, lanes, i), scaled)
            _store(builder, total, out, _F32, lanes, i)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 5, types.float32), generate


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
            item = _scalar(builder, builder.add(places, step), _I64)
            place = builder.add(x, builder.shl(item, _constant(3)))
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

        out[t] = round(sum over taps of weight * x[t + place] + bias)

    All but `n_taps` are addresses: of float32 `out`; of float64 `x`, at the first step; of
    int64 `places`, in items from there; of float64 `weights`; of float32 `bias`.
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


@intrinsic
def store_projection(
    typing_context: Any,
    out: Any,
    row_bytes: Any,
    x: Any,
    x_bytes: Any,
    n_channels: Any,
    weights: Any,
    bias: Any,
) -> Any:
    """Write the input current of some neurons for some frames, as float32.

    ::

        out[t] = round(W_in x[t] + b)

    They are ``PROJECTED_NEURONS`` and ``PROJECTED_STEPS``. Addresses are those of float32 `out`
    (steps by neurons), `weights` (channels by neurons) and `bias`, and of float64 `x` (channels
    by steps); there are `row_bytes` from one step of `out` and one channel of `weights` to the
    next, and `x_bytes` from one channel of `x`.
    """
    lanes = PROJECTED_NEURONS

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out, row_bytes, x, x_bytes, n_channels, weights, bias = arguments

        def add_channel(c: Any, drives: list[Any]) -> list[Any]:
            row = builder.add(weights, builder.mul(c, row_bytes))
            weight = _widened(builder, row, lanes, 0)
            place = builder.add(x, builder.mul(c, x_bytes))
            steps = [builder.add(place, _constant(8 * t)) for t in range(PROJECTED_STEPS)]
            values = [_spread(builder, _scalar(builder, step, _F64), lanes) for step in steps]
            # These products and sums are exact, so whether they are fused is no matter.
            return [
                _call(builder, "fmuladd", value, weight, drive)
                for value, drive in zip(values, drives, strict=True)
            ]

        initial = [_widened(builder, bias, lanes, 0)] * PROJECTED_STEPS
        drives = _accumulate(builder, n_channels, initial, add_channel)
        for t, drive in enumerate(drives):
            step = builder.add(out, builder.mul(row_bytes, _constant(t)))
            _store_rounded(builder, drive, step, lanes, 0)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 7), generate


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
def store_spikes(typing_context: Any, out: Any, neuron: Any, fired: Any) -> Any:
    """Write the int32 numbers of the neurons that fired, in order; return how many.

    `out` is an address with room for 16 numbers more, `neuron` the number of the first of
    ``NEURON_CHUNK`` neurons, `fired` the address of their uint8 spikes. Needs
    ``HAS_COMPRESS``.
    """
    lanes = 16
    integers = ir.VectorType(_I32, lanes)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out, neuron, fired = arguments
        kinds = [integers, integers, ir.VectorType(_I1, lanes)]
        compress = builder.module.declare_intrinsic(
            "llvm.x86.avx512.mask.compress.v16i32", (), ir.FunctionType(integers, kinds)
        )
        numbers = _spread(builder, builder.trunc(neuron, _I32), lanes)
        byte = ir.VectorType(_I8, NEURON_CHUNK)
        spikes = _load(builder, fired, _I8, NEURON_CHUNK, 0)
        is_spike = builder.icmp_signed("!=", spikes, ir.Constant(byte, [0] * NEURON_CHUNK))
        bits = builder.bitcast(is_spike, ir.IntType(NEURON_CHUNK))
        n_stored = _constant(0)
        for i in range(NEURON_CHUNK // lanes):
            here = ir.Constant(integers, list(range(i * lanes, (i + 1) * lanes)))
            mask = builder.trunc(builder.lshr(bits, _constant(i * lanes)), ir.IntType(lanes))
            fires = builder.bitcast(mask, ir.VectorType(_I1, lanes))
            chosen = builder.call(compress, [builder.add(numbers, here), numbers, fires])
            place = builder.add(out, builder.shl(n_stored, _constant(2)))
            _store(builder, chosen, place, _I32, lanes, 0)
            count = builder.ctpop(mask)
            n_stored = builder.add(n_stored, builder.zext(count, _I64))
        return n_stored

    return types.int64(*[types.int64] * 3), generate


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


@intrinsic
def address(typing_context: Any, array: Any) -> Any:
    """Where an array starts, as an int64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.ptrtoint(data, _I64)

    return types.int64(array), generate
