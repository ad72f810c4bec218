"""The protocol of modules with a state: one step, a whole sequence, and what they accept."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import mlx.nn as nn

from .._checks import check_integer, shown
from ._named import Initializer, draw

State = dict[str, mx.array]


def check_input(name: str, x: mx.array, axes: tuple[str, ...], input_size: int) -> None:
    """Raise an error unless `x` is a real array with these axes and `input_size` channels."""
    _check_real_array(name, x)
    if x.ndim != len(axes) or x.shape[-1] != input_size or 0 in x.shape:
        raise ValueError(
            f"{name} has shape {tuple(x.shape)}; expected ({', '.join(axes)}) with "
            f"input_size = {input_size}."
        )


def _check_real_array(name: str, x: Any) -> None:
    if not isinstance(x, mx.array) or x.dtype == mx.complex64:
        kind = x.dtype if isinstance(x, mx.array) else type(x).__name__
        raise TypeError(f"{name} must be a real mlx.core.array, got {kind}.")


def check_state(state: Any, shapes: dict[str, tuple[int, ...]], axes: str) -> None:
    """Raise an error unless `state` holds real arrays of these names and shapes."""
    if not isinstance(state, dict) or not shapes.keys() <= state.keys():
        wanted = " and ".join(f'"{name}"' for name in shapes)
        got = f"the keys {shown(list(state))}" if isinstance(state, dict) else shown(state)
        raise TypeError(f"state must be a dict with {wanted}, got {got}.")
    for name, shape in shapes.items():
        _check_real_array(f'state["{name}"]', state[name])
        if tuple(state[name].shape) != shape:
            raise ValueError(
                f'state["{name}"] has shape {tuple(state[name].shape)}; expected {axes} = {shape}.'
            )


class SequenceModule(nn.Module):
    """Module with a state.

    A subclass either defines ``_run`` and ``init_state``; or it names the arrays of its state and
    its number of units, as cells and leaky readouts do, and defines ``_step``, one step on input
    that ``_drive`` has prepared for all time steps at once.
    """

    input_size: int
    state_init: Initializer = "zeros"
    _state_names: tuple[str, ...] = ()
    _units_name = ""

    def init_state(self, batch_size: int) -> State:
        """Return the state before the first step.

        Parameters
        ----------
        batch_size : int
            Number of sequences that run side by side.

        Returns
        -------
        dict
            Arrays of shape (batch_size, n_units); n_units is the `hidden_size` of a cell, the
            `reservoir_size` of a liquid, the `output_size` of what has a readout, and the
            `input_size` of neurons and synapses.
        """
        shape = (check_integer("batch_size", batch_size, low=1), self._n_units)
        return {name: draw("state_init", self.state_init, shape) for name in self._state_names}

    def __call__(self, x: mx.array, state: State) -> tuple[mx.array, State]:
        """Advance by one time step.

        Parameters
        ----------
        x : mlx.core.array of shape (batch, input_size)
            Input.
        state : dict
            State after the step before.

        Returns
        -------
        output : mlx.core.array of shape (batch, n_units)
            Output of this step.
        new_state : dict
            State after this step.
        """
        check_input("x", x, ("batch", "input_size"), self.input_size)
        outputs, state = self._run(x[None], state)
        return outputs[0], state

    def forward_sequence(
        self, x_seq: mx.array, state: State | None = None
    ) -> tuple[mx.array, State]:
        """Run a whole sequence.

        Parameters
        ----------
        x_seq : mlx.core.array of shape (T, batch, input_size)
            Input, time first.
        state : dict or None, default=None
            State to start from; None starts from ``init_state``.

        Returns
        -------
        outputs : mlx.core.array of shape (T, batch, n_units)
            Output of every time step; n_units is as in ``init_state``.
        final_state : dict
            State after the last step.
        """
        check_input("x_seq", x_seq, ("T", "batch", "input_size"), self.input_size)
        if state is None:
            state = self.init_state(x_seq.shape[1])
        return self._run(x_seq, state)

    def _run(self, x_seq: mx.array, state: State) -> tuple[mx.array, State]:
        """Run at least one time step, after a check of the state."""
        self._check_state(state, x_seq.shape[1])
        outputs = []
        for drive in self._drive(x_seq):
            output, state = self._step(drive, state)
            outputs.append(output)
        return mx.stack(outputs), state

    @property
    def _n_units(self) -> int:
        return int(getattr(self, self._units_name))

    def _check_state(self, state: State, batch_size: int) -> None:
        shape = (batch_size, self._n_units)
        check_state(state, dict.fromkeys(self._state_names, shape), f"(batch, {self._units_name})")

    def _drive(self, x: mx.array) -> mx.array:
        return x

    def _step(self, drive: mx.array, state: State) -> tuple[mx.array, State]:
        raise NotImplementedError(f"{type(self).__name__} must define _step(x, state).")
