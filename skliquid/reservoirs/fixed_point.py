"""The number grids on which a liquid computes, so that every engine gets the same spikes.

Sums of floating-point numbers depend on their order, and a fused multiply-add differs from
a product followed by a sum; in a chaotic liquid one flipped bit changes all later spikes.
Here every sum is one of multiples of a power of two, small enough to be exact in any order,
and every rounding is an operation of its own::

    x^    = round(clip((x - offset) * gain, +-512) / 2**-14) * 2**-14     (float32)
    I_in  = round((W_in x^ + b) / 2**-20) * 2**-20                        (exact in float64)
    I_rec = W s,  W a multiple of 2**-k, rows of |W| below 2**15 units    (exact in any type)
    decay(a, beta) = round(beta * a / 2**-20) * 2**-20                    (float32)

The weights of dynamic synapses have rows whose magnitudes sum to less than ``2**24`` units, in
int32, and their efficacies are decayed on a grid of ``2**-24``.

Rounding is to the nearest, ties to even. Decayed values reach zero instead of becoming
subnormal numbers, which are slow on most processors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# Standardised input: steps of 2**-14 in +-512, which float32 holds exactly.
INPUT_EXPONENT = 14
INPUT_LIMIT = 512.0
# Membrane potentials, traces, thresholds and input currents: steps of 2**-20.
UNIT_EXPONENT = 20
# A row of |W| sums to less than this many units, so that int16 can hold any partial sum.
ROW_SUM_LIMIT = 2**15 - 1
# And where int32 holds it, to so many, which float32 holds too.
WIDE_ROW_SUM_LIMIT = 2**24
# Efficacies of synapses, which lie in [0, 1]: steps of 2**-24.
EFFICACY_EXPONENT = 24
# A product W_in x^ has 53 bits at the most: 24 of them are the input's.
_INPUT_WEIGHT_BITS = 28


def to_grid(values: np.ndarray, exponent: int) -> np.ndarray:
    """Round to multiples of ``2**-exponent``, in the type of `values`."""
    rounded: np.ndarray = np.ldexp(np.rint(np.ldexp(values, exponent)), -exponent)
    return rounded


def recurrent_grid(
    weights: np.ndarray,
    targets: np.ndarray,
    limit: int = ROW_SUM_LIMIT,
    dtype: type[np.signedinteger[Any]] = np.int16,
) -> tuple[np.ndarray, int]:
    """Round recurrent weights to the finest grid on which their sums are exact.

    Parameters
    ----------
    weights : ndarray of shape (n_synapses,)
        Weights of all synapses.
    targets : ndarray of shape (n_synapses,)
        Neuron that each synapse ends on.
    limit : int, default=ROW_SUM_LIMIT
        Most units that the weights of a neuron may sum to.
    dtype : type, default=numpy.int16
        A type that holds them.

    Returns
    -------
    units : ndarray of shape (n_synapses,)
        Weights in units of ``2**-exponent``.
    exponent : int
        At most ``UNIT_EXPONENT``.
    """
    exponent = UNIT_EXPONENT
    while True:
        units = np.rint(np.ldexp(weights.astype(np.float64), exponent))
        row_sums = np.bincount(targets, weights=np.abs(units))
        if row_sums.max(initial=0) <= limit:
            return units.astype(dtype), exponent
        exponent -= 1


def input_grid(weights: np.ndarray, row_sums: np.ndarray) -> np.ndarray:
    """Round input weights so that products with the input sum exactly in float64.

    Parameters
    ----------
    weights : ndarray
        Input weights, of any shape.
    row_sums : ndarray of shape (n,)
        For each neuron, the sum of the magnitudes of its weights.

    Returns
    -------
    ndarray of the same shape, dtype float32
        The rounded weights.
    """
    row_sum = float(row_sums.max())
    exponent = _INPUT_WEIGHT_BITS - int(np.ceil(np.log2(row_sum))) if row_sum else 0
    return to_grid(weights.astype(np.float32), exponent)
