"""Surrogate derivatives: exact in the forward pass, smooth in the backward pass.

A spike is a step function of the membrane potential, whose derivative is zero almost
everywhere; training replaces that derivative by another one [1]_. In the forward pass all
spike functions here are ``s = 1 where x > 0, else 0``.

References
----------
.. [1] Neftci, Mostafa, Zenke. "Surrogate gradient learning in spiking neural networks",
   IEEE Signal Processing Magazine 36(6), 2019.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

import mlx.core as mx

from .._checks import check_real
from ..engines._mlx_neurons import heaviside

SpikeFunction = Callable[[mx.array], mx.array]


class _Spike:
    """Heaviside function with a derivative; a class, because MLX's functions do not pickle."""

    def __init__(self, derivative: Callable[..., mx.array], *constants: float) -> None:
        self._arguments = (derivative, *constants)

        @mx.custom_function
        def spike(x: mx.array) -> mx.array:
            return heaviside(x)

        @spike.vjp
        def backward(x: mx.array, cotangent: mx.array, output: mx.array) -> mx.array:
            return cotangent * derivative(x, *constants)

        self._spike = spike

    def __call__(self, x: mx.array) -> mx.array:
        return cast(mx.array, self._spike(x))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments


def fast_sigmoid(slope: float = 25.0) -> SpikeFunction:
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
    return _Spike(_fast_sigmoid, check_real("slope", slope, 0, closed="neither"))


def _fast_sigmoid(x: mx.array, slope: float) -> mx.array:
    return 1 / (1 + slope * mx.abs(x)) ** 2


def arctan(alpha: float = 2.0) -> SpikeFunction:
    """Make a spike function with the derivative of an arctangent [1]_.

    Forward, ``s = 1 where x > 0, else 0``; backward, that of ``arctan(pi/2 * alpha * x) / pi +
    1/2``: ``ds/dx = alpha/2 / (1 + (pi/2 * alpha * x)**2)``.

    Parameters
    ----------
    alpha : float, default=2.0
        Steepness; positive. The derivative at the threshold is ``alpha / 2``, its integral 1.

    Returns
    -------
    callable
        Function of the excess of the membrane potential over the threshold, of any shape,
        that returns the spikes, of the same shape, in float32.

    Raises
    ------
    ValueError, TypeError
        If `alpha` is not a positive number.

    References
    ----------
    .. [1] Fang et al. "Incorporating learnable membrane time constant to enhance learning of
       spiking neural networks", ICCV, 2021.

    Examples
    --------
    >>> import mlx.core as mx
    >>> from skliquid.nn.surrogate import arctan
    >>> spike = arctan()
    >>> spike(mx.array([-1.0, 0.0, 1.0])).tolist()
    [0.0, 0.0, 1.0]
    >>> mx.grad(lambda x: spike(x).sum())(mx.array(0.0)).item()
    1.0
    """
    return _Spike(_arctan, check_real("alpha", alpha, 0, closed="neither"))


def _arctan(x: mx.array, alpha: float) -> mx.array:
    return alpha / 2 / (1 + (math.pi / 2 * alpha * x) ** 2)


def triangular(width: float = 1.0) -> SpikeFunction:
    """Make a spike function with a triangular derivative [1]_.

    Forward, ``s = 1 where x > 0, else 0``; backward, ``ds/dx = max(0, 1 - |x| / width)``.

    Parameters
    ----------
    width : float, default=1.0
        Distance from the threshold at which the derivative vanishes; positive.

    Returns
    -------
    callable
        Function of the excess of the membrane potential over the threshold, of any shape,
        that returns the spikes, of the same shape, in float32.

    Raises
    ------
    ValueError, TypeError
        If `width` is not a positive number.

    References
    ----------
    .. [1] Esser et al. "Convolutional networks for fast, energy-efficient neuromorphic
       computing", Proceedings of the National Academy of Sciences 113(41), 2016.

    Examples
    --------
    >>> import mlx.core as mx
    >>> from skliquid.nn.surrogate import triangular
    >>> spike = triangular(width=2.0)
    >>> spike(mx.array([-1.0, 0.0, 1.0])).tolist()
    [0.0, 0.0, 1.0]
    >>> mx.grad(lambda x: spike(x).sum())(mx.array([-3.0, -1.0, 0.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    return _Spike(_triangular, check_real("width", width, 0, closed="neither"))


def _triangular(x: mx.array, width: float) -> mx.array:
    return mx.maximum(1 - mx.abs(x) / width, 0.0)


def relu_grad(alpha: float = 0.3, width: float = 1.0) -> SpikeFunction:
    """Make a spike function with a rectified linear derivative [1]_.

    Forward, ``s = 1 where x > 0, else 0``; backward, ``ds/dx = max(0, alpha * (width -
    |x|))``, a triangle whose height and width are free, as in brainstate's ``relu_grad``.

    Parameters
    ----------
    alpha : float, default=0.3
        Slope of the derivative, which is ``alpha * width`` at the threshold; positive. Smaller
        ones keep gradients from growing over many time steps.
    width : float, default=1.0
        Distance from the threshold at which the derivative vanishes; positive.

    Returns
    -------
    callable
        Function of the excess of the membrane potential over the threshold, of any shape,
        that returns the spikes, of the same shape, in float32.

    Raises
    ------
    ValueError, TypeError
        If `alpha` or `width` is not a positive number.

    References
    ----------
    .. [1] Bellec et al. "Long short-term memory and learning-to-learn in networks of spiking
       neurons", NeurIPS, 2018.

    Examples
    --------
    >>> import mlx.core as mx
    >>> from skliquid.nn.surrogate import relu_grad
    >>> spike = relu_grad(alpha=0.5, width=2.0)
    >>> spike(mx.array([-1.0, 0.0, 1.0])).tolist()
    [0.0, 0.0, 1.0]
    >>> mx.grad(lambda x: spike(x).sum())(mx.array([-3.0, -1.0, 0.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    alpha = check_real("alpha", alpha, 0, closed="neither")
    return _Spike(_relu_grad, alpha, check_real("width", width, 0, closed="neither"))


def _relu_grad(x: mx.array, alpha: float, width: float) -> mx.array:
    return mx.maximum(alpha * (width - mx.abs(x)), 0.0)


def straight_through() -> SpikeFunction:
    """Make a spike function with the derivative of the identity [1]_.

    Forward, ``s = 1 where x > 0, else 0``; backward, ``ds/dx = 1``.

    Returns
    -------
    callable
        Function of the excess of the membrane potential over the threshold, of any shape,
        that returns the spikes, of the same shape, in float32.

    References
    ----------
    .. [1] Bengio, Leonard, Courville. "Estimating or propagating gradients through
       stochastic neurons for conditional computation", arXiv:1308.3432, 2013.

    Examples
    --------
    >>> import mlx.core as mx
    >>> from skliquid.nn.surrogate import straight_through
    >>> spike = straight_through()
    >>> spike(mx.array([-1.0, 0.0, 1.0])).tolist()
    [0.0, 0.0, 1.0]
    >>> mx.grad(lambda x: spike(x).sum())(mx.array([-3.0, 0.1])).tolist()
    [1.0, 1.0]
    """
    return _Spike(_one)


def _one(x: mx.array) -> mx.array:
    return mx.ones_like(x)


# What a module takes by name.
SPIKE_FUNCTIONS: dict[str, SpikeFunction] = {
    "arctan": arctan(),
    "fast_sigmoid": fast_sigmoid(),
    "relu_grad": relu_grad(),
    "straight_through": straight_through(),
    "triangular": triangular(),
}


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
