"""Functions that a module takes by name or as they are: activations and initializers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import mlx.core as mx
import mlx.nn as nn

from .._checks import naming, shown

Function = Callable[[mx.array], mx.array]
Activation = str | Function
Initializer = str | Function
_F = TypeVar("_F", bound=Callable[..., mx.array])

# Not those of mlx.nn: they are compiled, which on a CPU takes a C++ compiler.
ACTIVATIONS: dict[str, Function] = {
    "identity": lambda x: x,
    "relu": lambda x: mx.maximum(x, 0.0),
    "sigmoid": mx.sigmoid,
    "softplus": lambda x: mx.logaddexp(x, 0.0),
    "tanh": mx.tanh,
}
CONSTANTS: dict[str, Function] = {
    "zeros": nn.init.constant(0.0),
    "ones": nn.init.constant(1.0),
}
INITIALIZERS: dict[str, Function] = CONSTANTS | {
    "glorot_normal": nn.init.glorot_normal(),
    "glorot_uniform": nn.init.glorot_uniform(),
    "he_normal": nn.init.he_normal(),
    "he_uniform": nn.init.he_uniform(),
    "orthogonal": nn.init.orthogonal(),
}


def by_name(name: str, value: str | _F, options: Mapping[str, _F]) -> _F:
    """Return the function that `value` names, or `value` if it is a function itself."""
    if isinstance(value, str) and value in options:
        return options[value]
    if isinstance(value, str) or not callable(value):
        raise ValueError(
            f"{name} must be one of {sorted(options)} or a callable, got {shown(value)}."
        )
    return value


def draw(
    name: str,
    initializer: Initializer,
    shape: tuple[int, ...],
    options: Mapping[str, Function] = CONSTANTS,
) -> mx.array:
    """Return what an initializer, or another function, makes of zeros of this shape."""
    function = by_name(name, initializer, options)
    with naming(name, "a function of an mlx.core.array", initializer):
        array: Any = function(mx.zeros(shape))
    if not isinstance(array, mx.array) or tuple(array.shape) != shape:
        got = f"shape {tuple(array.shape)}" if isinstance(array, mx.array) else repr(array)
        raise ValueError(f"{name} must return an mlx.core.array of shape {shape}, got {got}.")
    return array
