"""Vector loops of the Numba engine, written in LLVM's intermediate representation.

Numba's own vectorisation stores every partial result in memory and keeps to half the vector
width where that is LLVM's default. The two loops here hold partial results in registers and
are two to four times as fast. Vectors have a fixed number of lanes, which LLVM splits into
whatever registers the processor has; addresses are passed as integers.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

# Targets summed at a time: four registers of 512 bits, or eight of 256, or sixteen of 128.
SUM_CHUNK = 128
# Neurons advanced at a time: one bit each of the returned integer.
NEURON_CHUNK = 64

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


@intrinsic
def advance_neurons(
    typing_context: Any,
    x: Any,
    n_channels: Any,
    weights_in: Any,
    row_bytes: Any,
    bias: Any,
    total: Any,
    weight_units: Any,
    beta: Any,
    threshold: Any,
    mem: Any,
    counts: Any,
) -> Any:
    """Advance ``NEURON_CHUNK`` neurons by one step; return their spikes as bits.

    ::

        v   = round(beta * mem) + (round(W_in x + b) + weight_units * total)
        s   = v > threshold
        mem = v - threshold * s
        counts += s

    All but `n_channels`, `row_bytes` and `weight_units` are addresses: of float64 `x`; of
    float32 `weights_in` (channels by neurons, `row_bytes` from one channel to the next),
    `bias`, `beta`, `threshold` and `mem`; of int16 `total`; of int32 `counts`.
    """
    lanes = 16
    n_vectors = NEURON_CHUNK // lanes

    def widened(builder: Any, at: Any, i: int) -> Any:
        return builder.fpext(_load(builder, at, _F32, lanes, i), ir.VectorType(_F64, lanes))

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (x, n_channels, weights_in, row_bytes, bias, total, weight_units) = arguments[:7]
        beta, threshold, mem, counts = arguments[7:]

        def add_channel(c: Any, drives: list[Any]) -> list[Any]:
            place = builder.inttoptr(
                builder.add(x, builder.shl(c, _constant(3))), _F64.as_pointer()
            )
            value = _spread(builder, builder.load(place), lanes)
            row = builder.add(weights_in, builder.mul(c, row_bytes))
            # These products and sums are exact, so whether they are fused is no matter.
            return [
                _call(builder, "fmuladd", value, widened(builder, row, i), drive)
                for i, drive in enumerate(drives)
            ]

        initial = [widened(builder, bias, i) for i in range(n_vectors)]
        drives = _accumulate(builder, n_channels, initial, add_channel)
        units = _spread(builder, weight_units, lanes)
        singles = ir.VectorType(_F32, lanes)
        bits = _constant(0)
        for i, drive in enumerate(drives):
            drive = builder.fptrunc(_call(builder, "rint", drive), singles)
            echo = builder.sitofp(_load(builder, total, _I16, lanes, i), singles)
            current = builder.fadd(drive, builder.fmul(units, echo))
            leaked = builder.fmul(
                _load(builder, beta, _F32, lanes, i), _load(builder, mem, _F32, lanes, i)
            )
            v = builder.fadd(_call(builder, "rint", leaked), current)
            level = _load(builder, threshold, _F32, lanes, i)
            fires = builder.fcmp_ordered(">", v, level)
            _store(builder, builder.select(fires, builder.fsub(v, level), v), mem, _F32, lanes, i)
            ones = builder.zext(fires, ir.VectorType(_I32, lanes))
            counted = builder.add(_load(builder, counts, _I32, lanes, i), ones)
            _store(builder, counted, counts, _I32, lanes, i)
            mask = builder.zext(builder.bitcast(fires, _I16), _I64)
            bits = builder.or_(bits, builder.shl(mask, _constant(i * lanes)))
        return bits

    address = types.intp
    signature = types.uint64(
        address, address, address, address, address, address, types.float32, *[address] * 4
    )
    return signature, generate


@intrinsic
def lowest_bit(typing_context: Any, bits: Any) -> Any:
    """Position of the lowest bit that is set, in a uint64 that is not zero."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(_I1, 1))

    return types.int64(types.uint64), generate


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
