"""Surrogate derivatives: exact in the forward pass, smooth in the backward pass.

A spike is a step function of the membrane potential, whose derivative is zero almost
everywhere; training replaces that derivative by a smooth one [1]_.

References
----------
.. [1] Neftci, Mostafa, Zenke. "Surrogate gradient learning in spiking neural networks",
   IEEE Signal Processing Magazine 36(6), 2019.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import mlx.core as mx

from .._checks import check_real
from ..engines._mlx import heaviside


def fast_sigmoid(slope: float = 25.0) -> Callable[[mx.array], mx.array]:
    """Make a spike function with the derivative of a fast sigmoid [1]_.

    Forward, ``s = 1 where x > 0, else 0``; backward, ``ds/dx = 1 / (1 + slope * |x|)**2``.

    Parameters
    ----------
    slope : float, default=25.0
        Steepness; positive. A larger one confines the gradient to potentials nearer to the
        threshold.

    Returns
    -------
    callable
        Function of the excess of the membrane potential over the threshold, of any shape,
        that returns the spikes, of the same shape, in float32.

    Raises
    ------
    ValueError, TypeError
        If `slope` is not a positive number.

    References
    ----------
    .. [1] Zenke, Ganguli. "SuperSpike: supervised learning in multilayer spiking neural
       networks", Neural Computation 30(6), 2018.

    Examples
    --------
    >>> import mlx.core as mx
    >>> from skliquid.nn.surrogate import fast_sigmoid
    >>> spike = fast_sigmoid(slope=1.0)
    >>> spike(mx.array([-1.0, 0.0, 1.0])).tolist()
    [0.0, 0.0, 1.0]
    >>> mx.grad(lambda x: spike(x).sum())(mx.array([-1.0, 0.0])).tolist()
    [0.25, 1.0]
    """
    slope = check_real("slope", slope, 0, closed="neither")

    @mx.custom_function
    def spike(x: mx.array) -> mx.array:
        return heaviside(x)

    @spike.vjp
    def derivative(x: mx.array, cotangent: mx.array, output: mx.array) -> mx.array:
        return cotangent / (1 + slope * mx.abs(x)) ** 2

    return cast(Callable[[mx.array], mx.array], spike)


@mx.custom_function
def _straight_through_round(x: mx.array) -> mx.array:
    return mx.round(x)


@_straight_through_round.vjp
def _identity(x: mx.array, cotangent: mx.array, output: mx.array) -> mx.array:
    return cotangent


def straight_through_round(x: mx.array) -> mx.array:
    """Round to the nearest integer, ties to even, with the derivative of the identity.

    Parameters
    ----------
    x : mlx.core.array
        Values of any shape.

    Returns
    -------
    mlx.core.array
        The rounded values.

    References
    ----------
    .. [1] Bengio, Leonard, Courville. "Estimating or propagating gradients through
       stochastic neurons for conditional computation", arXiv:1308.3432, 2013.

    Examples
    --------
    >>> import mlx.core as mx
    >>> from skliquid.nn.surrogate import straight_through_round
    >>> mx.grad(lambda x: straight_through_round(x).sum())(mx.array([0.3, 1.6])).tolist()
    [1.0, 1.0]
    """
    return cast(mx.array, _straight_through_round(x))
