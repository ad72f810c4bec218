"""The liquid as an MLX module, one step at a time and differentiable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import mlx.core as mx

from .._checks import MOST_UNITS, check_bool, check_integer, shown
from ..engines._mlx import SYNAPSES
from ..engines._mlx_neurons import STEPS, State, constants
from ..reservoirs.liquid import Liquid, draw_liquid
from ._input import input_constants, input_currents
from ._protocol import SequenceModule
from .surrogate import fast_sigmoid, straight_through_round

_WEIGHTS = frozenset({"W", "W_in", "bias"})
_FIRE = fast_sigmoid()


class _KeptFrozen(set[str]):
    """Names that stay frozen when MLX unfreezes the module or one that contains it."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        super().__init__(names)
        self.kept = frozenset(names)

    def clear(self) -> None:
        self.intersection_update(self.kept)

    def difference_update(self, *others: Iterable[Any]) -> None:
        super().difference_update(*(set(other) - self.kept for other in others))


class LiquidReservoir(SequenceModule):
    """Reservoir of recurrently connected leaky integrate-and-fire neurons.

    ::

        I[t]   = W_in x^[t] + b + W s[t-1]
        v      = decay(mem[t-1], beta) + I[t]
        s[t]   = 1 where v > threshold, else 0
        mem[t] = v - threshold * s[t]

    The liquid of Maass et al. [1]_ in discrete time; that of a fitted estimator, see
    `from_liquid`, has its delays, adaptation and refractory steps too. Weights, decays and
    inputs are rounded to power-of-two grids (see :mod:`skliquid.reservoirs.fixed_point`), so that
    the spikes do not depend on the device or on the batch: inputs to multiples of ``2**-14``
    within +-512. In the backward pass rounding is the identity, and a spike has the
    derivative of a fast sigmoid.

    Parameters
    ----------
    input_size : int
        Number of input channels.
    reservoir_size : int
        Number of neurons.
    connectivity : float, default=0.1
        Fraction of the possible synapses that exist, in (0, 1].
    spectral_radius : float, default=0.9
        Spectral radius of the recurrent weights; non-negative.
    exc_ratio : float, default=0.8
        Fraction of excitatory neurons, in [0, 1]. The first ``int(exc_ratio * n)`` neurons
        have non-negative outgoing weights, the others non-positive (Dale's law).
    beta : float, default=0.9
        Decay of the membrane potential per time step, in [0, 1); ``exp(-1 / tau)`` for a
        time constant of tau steps.
    threshold : float, default=1.0
        Membrane potential above which a neuron fires; positive.
    topology : {"erdos_renyi", "small_world", "scale_free", "spatial"}, callable or \
            array_like, default="erdos_renyi"
        Name of a random graph of :mod:`skliquid.topology`, a function ``(n, rng)`` that
        returns recurrent weights, or recurrent weights of shape (n, n), where ``W[i, j]`` is
        the synapse from j to i. Given weights are only rounded to their grid.
    input_scaling : float, default=1.0
        Input weights are normal with standard deviation ``input_scaling /
        sqrt(input_size)``.
    seed : int, numpy.random.Generator or None, default=None
        Seed of the weights. An estimator with this ``random_state`` draws the same.
    topology_params : mapping or None, default=None
        Further arguments of the named random graph, such as ``{"p_rewire": 0.3}``.
    trainable : bool, default=False
        Whether the recurrent weights `W`, the input weights `W_in` and the `bias` are
        trainable parameters. Where not, ``unfreeze()`` leaves them frozen. The neuron
        constants are frozen always.

    Attributes
    ----------
    W : mlx.core.array of shape (reservoir_size, reservoir_size)
        Recurrent weights.
    W_in : mlx.core.array of shape (reservoir_size, input_size)
        Input weights. In the module of a liquid with delays they are those of the taps, of
        shape (reservoir_size, most taps of a neuron), filled up with zeros.

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
    >>> from skliquid.nn import LiquidReservoir
    >>> reservoir = LiquidReservoir(input_size=4, reservoir_size=50, seed=0)
    >>> state = reservoir.init_state(batch_size=2)
    >>> spikes, state = reservoir(mx.ones((2, 4)), state)
    >>> spikes.shape
    (2, 50)
    """

    def __init__(
        self,
        input_size: int,
        reservoir_size: int,
        connectivity: float = 0.1,
        spectral_radius: float = 0.9,
        exc_ratio: float = 0.8,
        beta: float = 0.9,
        threshold: float = 1.0,
        topology: Any = "erdos_renyi",
        input_scaling: float = 1.0,
        seed: Any = None,
        *,
        topology_params: Mapping[str, Any] | None = None,
        trainable: bool = False,
    ) -> None:
        liquid = draw_liquid(
            check_integer("input_size", input_size, low=1, high=MOST_UNITS),
            reservoir_size,
            connectivity=connectivity,
            spectral_radius=spectral_radius,
            exc_ratio=exc_ratio,
            beta=beta,
            threshold=threshold,
            topology=topology,
            topology_params=topology_params,
            input_scaling=input_scaling,
            seed=seed,
        )
        self._hold(liquid, check_bool("trainable", trainable))

    @classmethod
    def from_liquid(cls, liquid: Liquid, *, trainable: bool = False) -> LiquidReservoir:
        """Make the module of a liquid that has been drawn, such as a fitted estimator's.

        Parameters
        ----------
        liquid : Liquid
            Weights, neuron constants, and the standardisation of the input.
        trainable : bool, default=False
            Whether the weights are trainable parameters.

        Returns
        -------
        LiquidReservoir
            A module that takes input as the liquid does, before its standardisation.
        """
        reservoir = cls.__new__(cls)
        reservoir._hold(liquid, check_bool("trainable", trainable))
        return reservoir

    def _hold(self, liquid: Liquid, trainable: bool) -> None:
        if type(liquid.synapses) not in SYNAPSES:
            raise ValueError(
                f"LiquidReservoir has no {type(liquid.synapses).__name__}, of delays, synaptic "
                "currents and short-term plasticity; the engines 'numba' and 'numpy' run them."
            )
        super().__init__()
        self.input_size = liquid.n_channels
        self.reservoir_size = liquid.n_neurons
        self.max_delay = liquid.max_delay
        self._neurons, self._neuron_states = type(liquid.neurons), liquid.neurons.state
        initial = liquid.neurons.initial.items()
        self._initial = {name: mx.array(values) for name, values in initial}
        held = constants(liquid.neurons) | input_constants(liquid.taps)
        held["W"] = mx.array(liquid.recurrent_weights)
        for name, value in held.items():
            setattr(self, name, value)
        self._no_grad = _KeptFrozen(held.keys() - _WEIGHTS if trainable else held.keys())

    def init_state(self, batch_size: int) -> State:
        """Return the state at rest.

        Parameters
        ----------
        batch_size : int
            Number of sequences that run side by side.

        Returns
        -------
        dict
            Membrane potentials "mem" and spikes "spk", zeros of shape (batch_size,
            reservoir_size), unless the neurons begin elsewhere. A liquid with adaptation or
            refractory steps has also the rise of the threshold, "raised", and the steps left to
            rest, "rest"; one with delays has the standardised frames before, "past", of shape
            (batch_size, max_delay, input_size).
        """
        batch_size = check_integer("batch_size", batch_size, low=1)
        shape = (batch_size, self.reservoir_size)
        mem, *others = self._neuron_states
        state = {name: mx.zeros(shape) for name in (mem, "spk", *others)}
        for name, values in self._initial.items():
            state[name] = state[name] + values
        if self.max_delay:
            state["past"] = mx.zeros((batch_size, self.max_delay, self.input_size))
        return state

    def _run(self, x_seq: mx.array, state: State) -> tuple[mx.array, State]:
        self._check_state(state, x_seq.shape[1])
        neurons = {name: value for name, value in state.items() if name != "past"}
        currents, past = input_currents(x_seq, state.get("past"), self, straight_through_round)
        step, trains = STEPS[self._neurons], []
        for current in currents:
            total = current + neurons["spk"] @ self.W.T
            neurons = step(self, neurons, total, _FIRE, straight_through_round)
            trains.append(neurons["spk"])
        return mx.stack(trains), neurons if past is None else {**neurons, "past": past}

    def _check_state(self, state: Any, batch_size: int) -> None:
        expected = self.init_state(batch_size)
        wanted = [f'"{name}"' for name in expected]
        if not isinstance(state, dict) or state.keys() != expected.keys():
            raise TypeError(
                f"state must be a dict with {' and '.join(wanted)}, got {shown(state)}."
            )
        for name, value in expected.items():
            if tuple(state[name].shape) != value.shape:
                raise ValueError(
                    f"state[{name!r}] has shape {tuple(state[name].shape)}; expected "
                    f"{value.shape}."
                )
