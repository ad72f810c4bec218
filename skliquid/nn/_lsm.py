"""Liquid state machine as one MLX module: a reservoir and a trainable readout."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import mlx.nn as nn

from .._checks import MOST_UNITS, check_bool, check_integer, check_option
from ._protocol import SequenceModule, State
from ._reservoir import LiquidReservoir

READOUTS = ("linear", "mlp")


class LSM(SequenceModule):
    """Liquid state machine: a :class:`LiquidReservoir` whose spikes a readout maps to outputs.

    Parameters
    ----------
    input_size : int
        Number of input channels.
    reservoir_size : int
        Number of neurons.
    output_size : int
        Number of outputs.
    readout : {"linear", "mlp"}, default="linear"
        "linear" is one affine map of the spikes; "mlp" has a hidden layer of
        ``reservoir_size // 2`` rectified units. Their weights are drawn by MLX: seed them
        with ``mlx.core.random.seed``.
    train_reservoir : bool, default=False
        Whether gradients reach the reservoir's weights, through the surrogate derivative of
        a spike. Where not, they stay out of ``trainable_parameters()``, after
        ``unfreeze()`` too.
    **reservoir_kwargs
        Further parameters of :class:`LiquidReservoir`.

    Attributes
    ----------
    reservoir : LiquidReservoir
        The reservoir.
    readout : mlx.nn.Module
        The readout.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type.

    References
    ----------
    .. [1] Maass, Natschlaeger, Markram. "Real-time computing without stable states", Neural
       Computation 14(11), 2002.

    Examples
    --------
    >>> import mlx.core as mx
    >>> from skliquid.nn import LSM
    >>> lsm = LSM(input_size=4, reservoir_size=50, output_size=3, seed=0)
    >>> outputs, state = lsm.forward_sequence(mx.ones((10, 2, 4)))
    >>> outputs.shape
    (10, 2, 3)
    """

    def __init__(
        self,
        input_size: int,
        reservoir_size: int,
        output_size: int,
        readout: str = "linear",
        train_reservoir: bool = False,
        **reservoir_kwargs: Any,
    ) -> None:
        super().__init__()
        check_option("readout", readout, READOUTS)
        output_size = check_integer("output_size", output_size, low=1, high=MOST_UNITS)
        self.reservoir = LiquidReservoir(
            input_size,
            reservoir_size,
            trainable=check_bool("train_reservoir", train_reservoir),
            **reservoir_kwargs,
        )
        self.input_size = self.reservoir.input_size
        n, n_hidden = self.reservoir.reservoir_size, max(reservoir_size // 2, 1)
        if readout == "linear":
            self.readout: nn.Module = nn.Linear(n, output_size)
        else:
            self.readout = nn.Sequential(
                nn.Linear(n, n_hidden), nn.ReLU(), nn.Linear(n_hidden, output_size)
            )

    def init_state(self, batch_size: int) -> State:
        """Return the reservoir's state at rest.

        Parameters
        ----------
        batch_size : int
            Number of sequences that run side by side.

        Returns
        -------
        dict
            "mem" and "spk", zeros of shape (batch_size, reservoir_size).
        """
        return self.reservoir.init_state(batch_size)

    def _run(self, x_seq: mx.array, state: State) -> tuple[mx.array, State]:
        spikes, state = self.reservoir._run(x_seq, state)
        return self.readout(spikes), state
