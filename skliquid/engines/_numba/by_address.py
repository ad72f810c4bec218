"""Kernels called by their address, and views of arrays: what keeps compiling short.

A function that another one calls is compiled into it once more. What is called by its address is
compiled once, and only where it is needed. Views here know that arrays are contiguous and no index
is negative; Numba's own indices and slices make many times as many instructions.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from ..._compile import compiled_to

_I64 = ir.IntType(64)


@cache
def _compiled(signature: Any, function: Any) -> Any:
    return compiled_to(signature, getattr(function, "py_func", function))


def address_of(signature: Any, function: Callable[..., None]) -> int:
    """Compile a function, and return where it is from now on."""
    return int(_compiled(signature, function).address)


def call_by_address(*signatures: Any) -> Any:
    """Make the call of a compiled function by its address, an int64, with a tuple of arguments.

    Which of the signatures it has, their types say.
    """

    @intrinsic
    def call(typing_context: Any, function: Any, arguments: Any) -> Any:
        kinds = next(s.args for s in signatures if _fit(typing_context, arguments, s.args))

        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            passed = [context.get_value_type(kind) for kind in kinds]
            called = ir.FunctionType(context.get_value_type(types.void), passed)
            parts = cgutils.unpack_tuple(builder, values[1], len(kinds))
            builder.call(builder.inttoptr(values[0], called.as_pointer()), parts)
            return context.get_dummy_value()

        return types.void(types.int64, types.Tuple(kinds)), generate

    return call


def _fit(typing_context: Any, arguments: Any, kinds: tuple[Any, ...]) -> bool:
    pairs = zip(arguments, kinds, strict=True)
    return all(typing_context.can_convert(*pair) is not None for pair in pairs)


@intrinsic
def at(typing_context: Any, array: Any, indices: Any) -> Any:
    """What a contiguous array holds at some indices, a tuple of int64, of its first axes."""
    inner = types.Array(array.dtype, array.ndim - len(indices), "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole = context.make_array(array)(context, builder, arguments[0])
        shape, strides = (
            cgutils.unpack_tuple(builder, sizes) for sizes in (whole.shape, whole.strides)
        )
        place = builder.ptrtoint(whole.data, _I64)
        numbers = cgutils.unpack_tuple(builder, arguments[1])
        for number, stride in zip(numbers, strides, strict=False):
            place = builder.add(place, builder.mul(number, stride))
        data = builder.inttoptr(place, whole.data.type)
        return _view(context, builder, inner, data, shape[len(indices) :])

    return inner(array, types.UniTuple(types.int64, len(indices))), generate


@intrinsic
def part(typing_context: Any, row: Any, start: Any, n: Any) -> Any:
    """Some items of a contiguous row."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(row)(context, builder, arguments[0]).data
        return _view(context, builder, row, builder.gep(data, [arguments[1]]), [arguments[2]])

    return row(row, types.int64, types.int64), generate


@intrinsic
def flat(typing_context: Any, array: Any) -> Any:
    """The items of a contiguous array in one row."""
    row = types.Array(array.dtype, 1, "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole = context.make_array(array)(context, builder, arguments[0])
        return _view(context, builder, row, whole.data, [whole.nitems])

    return row(array), generate


def _view(context: Any, builder: Any, kind: Any, data: Any, shape: list[Any]) -> Any:
    """Make a contiguous array that does not own its items."""
    view = context.make_array(kind)(context, builder)
    size = context.get_constant(types.intp, context.get_abi_sizeof(data.type.pointee))
    strides = [size]
    for length in shape[:0:-1]:
        strides.insert(0, builder.mul(strides[0], length))
    populate_array(view, data, shape, strides, size, None)
    return view._getvalue()
