"""Inputs: spikes at given times, and random ones."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from .._checks import MOST_STEPS, MOST_UNITS, check_integer, shown
from ._protocol import State, check_state
from ._units import Units, constant
from .surrogate import straight_through

_SAMPLE = straight_through()


class _Source(nn.Module):
    """Module with a state and no input: a subclass defines ``init_state`` and ``_step``.

    It says in ``_kept`` what its state is called, and the shape that it has for each sequence.
    """

    _kept: tuple[Any, ...] = ()
    _axes = ""

    def __init__(self, output_size: int) -> None:
        super().__init__()
        self.output_size = check_integer("output_size", output_size, low=1, high=MOST_UNITS)

    def init_state(self, batch_size: int) -> State:
        raise NotImplementedError

    def _step(self, state: State) -> tuple[mx.array, State]:
        raise NotImplementedError

    def __call__(self, state: State) -> tuple[mx.array, State]:
        """Advance by one time step.

        Parameters
        ----------
        state : dict
            State after the step before.

        Returns
        -------
        spikes : mlx.core.array of shape (batch, output_size)
            Spikes of this step, 0 or 1.
        new_state : dict
            State after this step.
        """
        self._check_state(state)
        return self._step(state)

    def forward_sequence(
        self, n_timesteps: int, state: State | None = None
    ) -> tuple[mx.array, State]:
        """Run some time steps.

        Parameters
        ----------
        n_timesteps : int
            Number of time steps T.
        state : dict or None, default=None
            State to start from, which says how many sequences run side by side; None starts
            from ``init_state(1)``.

        Returns
        -------
        spikes : mlx.core.array of shape (T, batch, output_size)
            Spikes of every time step, 0 or 1.
        final_state : dict
            State after the last step.
        """
        state = self.init_state(1) if state is None else state
        self._check_state(state)
        outputs = []
        for _ in range(check_integer("n_timesteps", n_timesteps, low=1)):
            spikes, state = self._step(state)
            outputs.append(spikes)
        return mx.stack(outputs), state

    def _check_state(self, state: Any) -> None:
        name, *of_each = self._kept
        given = state.get(name) if isinstance(state, dict) else None
        n = given.shape[0] if isinstance(given, mx.array) and given.ndim else 1
        check_state(state, {name: (n, *of_each)}, self._axes)


class SpikeTime(_Source):
    """Units that spike at given times.

    ::

        s[t] = 1 for unit indices[k] where t = times[k], else 0

    The output is s, of shape (batch, output_size), the same for all sequences that are at the
    same step. The state "t", of shape (batch,), counts the steps so far; the first step is step
    0. After the last of the times no unit spikes.

    Parameters
    ----------
    output_size : int
        Number of units.
    indices : array_like of int of shape (n_spikes,)
        Unit of each spike, in ``[0, output_size)``.
    times : array_like of int of shape (n_spikes,)
        Step of each spike, in [0, 2**20], in any order.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type, or a unit is to spike twice in one
        step.

    Notes
    -----
    Holds a table of ``max(times) + 2`` by `output_size` bytes.

    Examples
    --------
    >>> from skliquid.nn import SpikeTime
    >>> source = SpikeTime(2, indices=[0, 1, 0], times=[1, 2, 3])
    >>> spikes, state = source.forward_sequence(5)
    >>> spikes[:, 0].T.tolist()
    [[0.0, 1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 1.0, 0.0, 0.0]]
    """

    _kept = ("t",)
    _axes = "(batch,)"

    def __init__(self, output_size: int, indices: Any, times: Any) -> None:
        super().__init__(output_size)
        units = _integers("indices", indices, self.output_size - 1)
        steps = _integers("times", times, MOST_STEPS)
        if len(units) != len(steps):
            raise ValueError(
                f"indices and times must be of equal length, got {len(units)} and {len(steps)}."
            )
        table = np.zeros((steps.max(initial=-1) + 2, self.output_size), dtype=bool)
        table[steps, units] = True
        if table.sum() < len(steps):
            raise ValueError("indices and times must name no unit twice at one step.")
        self._table = mx.array(table)

    def init_state(self, batch_size: int) -> State:
        """Return the state before the first step.

        Parameters
        ----------
        batch_size : int
            Number of sequences that run side by side.

        Returns
        -------
        dict
            "t", the number of steps so far, zeros of shape (batch_size,).
        """
        return {"t": mx.zeros((check_integer("batch_size", batch_size, low=1),), mx.uint32)}

    def _step(self, state: State) -> tuple[mx.array, State]:
        row = mx.minimum(state["t"], len(self._table) - 1)  # the last row is empty
        return self._table[row].astype(mx.float32), {"t": state["t"] + 1}


def _integers(name: str, values: Any, high: int) -> np.ndarray:
    array = np.asarray(values)
    accepted = f"{name} must be a sequence of integers in [0, {high}]"
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise TypeError(f"{accepted}, got {shown(values)}.")
    if array.size and not (array.min() >= 0 and array.max() <= high):
        raise ValueError(f"{accepted}, got {shown(values)}.")
    return array.astype(np.int64)


class PoissonSpike(_Source):
    """Units that spike at random, each step independently of all others.

    ::

        s[t] = 1 where z[t] < rate, else 0,    z[t] uniform in [0, 1)

    Poisson processes in discrete time [1]_. The output is s, of shape (batch, output_size). In
    the backward pass the derivative of s by the rate is taken as 1 (straight through [2]_), which
    is that of its mean. The state "key", of shape (batch, 2), is that of MLX's counter-based
    generator, one for each sequence, so that a state gives the same spikes at every call.

    Parameters
    ----------
    output_size : int
        Number of units.
    rate : float or array_like of shape (output_size,)
        Probability of a spike per step, in [0, 1]: the rate in Hz times the duration of a step in
        s.
    seed : int or None, default=None
        Seed of the keys that ``init_state`` makes. None has MLX draw them: seed it with
        ``mlx.core.random.seed``.

    Attributes
    ----------
    rate : mlx.core.array of shape (output_size,)
        Probability of a spike; frozen until ``unfreeze`` makes it trainable.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type.

    See Also
    --------
    PoissonEncoder : Rates that change, as input.

    References
    ----------
    .. [1] Heeger. "Poisson model of spike generation", Stanford University, 2000.
    .. [2] Bengio, Leonard, Courville. "Estimating or propagating gradients through stochastic
       neurons for conditional computation", arXiv:1308.3432, 2013.

    Examples
    --------
    >>> from skliquid.nn import PoissonSpike
    >>> source = PoissonSpike(2, rate=[0.0, 0.5], seed=0)
    >>> spikes, state = source.forward_sequence(1000)
    >>> [round(rate, 1) for rate in spikes.mean(axis=(0, 1)).tolist()]
    [0.0, 0.5]
    """

    _kept = ("key", 2)
    _axes = "(batch, 2)"

    def __init__(self, output_size: int, rate: Any, seed: int | None = None) -> None:
        super().__init__(output_size)
        self.rate = constant("rate", rate, self.output_size, 0, 1, "both")
        self.seed = _check_seed(seed)
        self.freeze()

    def init_state(self, batch_size: int) -> State:
        """Return the state before the first step.

        Parameters
        ----------
        batch_size : int
            Number of sequences that run side by side.

        Returns
        -------
        dict
            "key", of shape (batch_size, 2).
        """
        return _keys(self.seed, batch_size)

    def _step(self, state: State) -> tuple[mx.array, State]:
        return _sample(self.rate, state["key"])


class PoissonEncoder(Units):
    """Random spikes at rates that are the input.

    ::

        s[t] = 1 where z[t] < x[t], else 0,    z[t] uniform in [0, 1)

    Poisson processes in discrete time [1]_, such as :class:`PoissonSpike`, with the probability
    of a spike per step as input x: one below 0 never fires, one above 1 always does. In the
    backward pass the derivative of s by x is taken as 1 (straight through [2]_), which is that of
    its mean. The output is s, of shape (batch, input_size). The state "key", of shape (batch, 2),
    is that of MLX's counter-based generator, one for each sequence, so that a state gives the
    same spikes at every call.

    Parameters
    ----------
    input_size : int
        Number of units.
    seed : int or None, default=None
        Seed of the keys that ``init_state`` makes. None has MLX draw them: seed it with
        ``mlx.core.random.seed``.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range or of the wrong type.

    See Also
    --------
    PoissonSpike : Rates that stay.
    skliquid.encoding.RateEncoder : The same for estimators.

    References
    ----------
    .. [1] Heeger. "Poisson model of spike generation", Stanford University, 2000.
    .. [2] Bengio, Leonard, Courville. "Estimating or propagating gradients through stochastic
       neurons for conditional computation", arXiv:1308.3432, 2013.

    Examples
    --------
    >>> import mlx.core as mx
    >>> from skliquid.nn import PoissonEncoder
    >>> rates = mx.repeat(mx.array([0.1, 0.8]), 500).reshape(1000, 1, 1)
    >>> spikes, state = PoissonEncoder(1, seed=0).forward_sequence(rates)
    >>> [round(rate, 1) for rate in spikes.reshape(2, 500).mean(axis=1).tolist()]
    [0.1, 0.8]
    """

    def __init__(self, input_size: int, seed: int | None = None) -> None:
        super().__init__(input_size)
        self.seed = _check_seed(seed)

    def init_state(self, batch_size: int) -> State:
        """Return the state before the first step.

        Parameters
        ----------
        batch_size : int
            Number of sequences that run side by side.

        Returns
        -------
        dict
            "key", of shape (batch_size, 2).
        """
        return _keys(self.seed, batch_size)

    def _check_state(self, state: State, batch_size: int) -> None:
        check_state(state, {"key": (batch_size, 2)}, "(batch, 2)")

    def _step(self, x: mx.array, state: State) -> tuple[mx.array, State]:
        return _sample(x, state["key"])


def _check_seed(seed: int | None) -> int | None:
    return seed if seed is None else check_integer("seed", seed, low=0, high=2**64 - 1)


def _keys(seed: int | None, batch_size: int) -> State:
    n = check_integer("batch_size", batch_size, low=1)
    if seed is None:
        return {"key": mx.random.randint(0, 2**31 - 1, (n, 2), mx.uint32)}
    return {"key": mx.random.split(mx.random.key(seed), n)}


def _sample(rate: mx.array, keys: mx.array) -> tuple[mx.array, State]:
    """Draw spikes with these probabilities, and give on what the next step draws from."""
    now, later = mx.split(mx.vmap(mx.random.split)(keys), 2, axis=1)
    z = mx.vmap(lambda key: mx.random.uniform(shape=rate.shape[-1:], key=key))(now[:, 0])
    return _SAMPLE(rate - z), {"key": later[:, 0]}
