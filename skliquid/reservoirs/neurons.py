"""Neurons: their constants, drawn, and what their state is made of.

A leaky integrate-and-fire unit in discrete time, driven by the current ``I[t]``::

    v      = decay(mem[t-1], beta) + I[t]
    s[t]   = 1 where v > threshold + a[t-1] and rest[t-1] = 0, else 0
    mem[t] = v - threshold * s[t]                         (reset by subtraction)
    a[t]   = decay(a[t-1], beta_a) + adaptation * s[t]    (spike-frequency adaptation)
    rest[t] = refractory where s[t], else max(rest[t-1] - 1, 0)

with ``beta = exp(-1 / tau)``, tau in time steps. The adaptation is that of [1]_. The rounding
inside ``decay`` is described in :mod:`skliquid.reservoirs.fixed_point`.

Another model of neuron is a subclass of :class:`Neurons`, and a subclass of :class:`NeuronModel`
that draws it; each engine that shall run it is given its equations (see
:func:`skliquid.engines.add_neuron`).

References
----------
.. [1] Bellec, Salaj, Subramoney, Legenstein, Maass. "Long short-term memory and
   learning-to-learn in networks of spiking neurons", NeurIPS 2018.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, TypeVar

import numpy as np

from .._checks import (
    LARGEST_SCALE,
    MOST_STEPS,
    MOST_UNITS,
    check_integer,
    check_pair,
    check_real,
    shown,
)
from ._parametrized import Parametrized
from .fixed_point import UNIT_EXPONENT, to_grid

# A threshold that no potential reaches.
_NEVER = 2.0**60
_N = TypeVar("_N", bound="Neurons")


@dataclass(frozen=True, eq=False)
class Neurons:
    """Base of the records of neurons: constants, each an array of shape (n,).

    A subclass adds its constants as fields, and says what its state is made of.

    Parameters
    ----------
    threshold : ndarray of shape (n,), dtype float32
        Membrane potential above which a neuron fires.

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid.reservoirs import Neurons
    >>> neurons = Neurons(threshold=np.ones(10, dtype=np.float32))
    >>> neurons.n_neurons, neurons.state
    (10, ('mem',))
    """

    # Constants and states that are potentials, whose unit an engine may choose.
    potentials: ClassVar[frozenset[str]] = frozenset({"threshold", "mem"})
    # Whether a potential is a sum of decayed currents, and of thresholds that spikes took off.
    sums_drives: ClassVar[bool] = True

    threshold: np.ndarray

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return len(self.threshold)

    @property
    def state(self) -> tuple[str, ...]:
        """Names of the arrays that a step takes and gives on; "mem", the potential, is first.

        Each is float32, of shape (batch, n).
        """
        return ("mem",)

    @property
    def initial(self) -> dict[str, np.ndarray]:
        """States that are not zero before the first step, arrays of shape (n,)."""
        return {}

    @property
    def holding_current(self) -> np.ndarray:
        """Constant current that holds a potential of 1, without spikes."""
        return np.ones(self.n_neurons)

    @property
    def constant_current(self) -> Any:
        """Current that drives the neurons besides their bias; shape (n,), or 0."""
        return 0.0

    def take(self: _N, neurons: Any) -> _N:
        """Return some of the neurons.

        Parameters
        ----------
        neurons : slice or ndarray of int
            Which, in this order.

        Returns
        -------
        Neurons
            Their record.
        """
        return replace(self, **{f.name: getattr(self, f.name)[neurons] for f in fields(self)})

    def silent(self: _N) -> _N:
        """Return the same neurons with a threshold that they never reach.

        Returns
        -------
        Neurons
            Their record.
        """
        return replace(self, threshold=np.full(self.n_neurons, _NEVER, dtype=np.float32))


@dataclass(frozen=True, eq=False)
class LIF(Neurons):
    """Leaky integrate-and-fire neurons.

    Parameters
    ----------
    threshold : ndarray of shape (n,), dtype float32
        Membrane potential above which a neuron fires.
    beta : ndarray of shape (n,), dtype float32
        Decay of the membrane potential per time step.
    adaptation, adaptation_beta : ndarray of shape (n,), dtype float32
        Rise of the threshold with each spike, and its decay per time step.
    refractory : ndarray of shape (n,), dtype int32
        Time steps after a spike in which the neuron cannot fire.
    """

    potentials: ClassVar[frozenset[str]] = Neurons.potentials | {"adaptation", "raised"}

    beta: np.ndarray
    adaptation: np.ndarray
    adaptation_beta: np.ndarray
    refractory: np.ndarray

    @property
    def is_fatigable(self) -> bool:
        """Whether a spike changes when its neuron can fire next."""
        return bool(self.adaptation.any() or self.refractory.any())

    @property
    def state(self) -> tuple[str, ...]:
        """Names of the arrays that a step takes and gives on; "mem", the potential, is first."""
        return ("mem", "raised", "rest") if self.is_fatigable else ("mem",)

    @property
    def holding_current(self) -> np.ndarray:
        """Constant current that holds a potential of 1, without spikes."""
        return np.asarray(1.0 - self.beta.astype(np.float64))

    def silent(self) -> LIF:
        """Return the same neurons with a threshold that they never reach."""
        zeros = np.zeros_like(self.adaptation)
        untired = replace(self, adaptation=zeros, refractory=np.zeros_like(self.refractory))
        return super(LIF, untired).silent()


class NeuronModel(Parametrized):
    """Base of what a `cell` may be: parameters, from which neurons are drawn.

    A subclass is a dataclass of parameters, which a search reaches as ``cell__name``, with a
    method `draw`.

    Examples
    --------
    Neurons without memory, whose threshold is a parameter:

    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> from skliquid.reservoirs import NeuronModel, Neurons
    >>> @dataclass
    ... class Memoryless(NeuronModel):
    ...     threshold: float = 1.0
    ...
    ...     def draw(self, n, rng):
    ...         return Neurons(threshold=np.full(n, self.threshold, dtype=np.float32))
    >>> Memoryless().set_params(threshold=2.0).draw(3, np.random.default_rng(0)).threshold
    array([2., 2., 2.], dtype=float32)
    """

    def draw(self, n: int, rng: np.random.Generator) -> Neurons:
        """Draw neurons.

        Parameters
        ----------
        n : int
            How many.
        rng : numpy.random.Generator
            Source of the draws.

        Returns
        -------
        Neurons
            Their record.
        """
        raise NotImplementedError(f"{type(self).__name__} must define draw(n, rng).")


def checked_neurons(neurons: object, n: int) -> Neurons:
    """Return what was drawn as neurons, potentials on their grid, or say what is wrong."""
    if not isinstance(neurons, Neurons):
        raise TypeError(f"cell must draw a record of Neurons, got {type(neurons).__name__}.")
    on_grid = {}
    for field in fields(neurons):
        values = getattr(neurons, field.name)
        name = f"{type(neurons).__name__}.{field.name}"
        if not isinstance(values, np.ndarray) or values.dtype.kind not in "iuf":
            raise TypeError(f"cell must draw {name} as an array of numbers, got {shown(values)}.")
        if values.shape != (n,) or not np.isfinite(values).all():
            raise ValueError(
                f"cell must draw {name} finite, of shape ({n},), got {shown(values)}."
            )
        if field.name in neurons.potentials:
            on_grid[field.name] = to_grid(values.astype(np.float32), UNIT_EXPONENT)
    return replace(neurons, **on_grid)


def draw_neurons(
    n: int,
    *,
    beta: float | tuple[float, float] = 0.9,
    threshold: float = 1.0,
    adaptation: float = 0.0,
    tau_adaptation: float = 20.0,
    refractory: int = 0,
    rng: np.random.Generator,
) -> LIF:
    """Draw leaky integrate-and-fire neurons.

    Parameters
    ----------
    n : int
        Number of neurons.
    beta : float or (float, float), default=0.9
        Decay of the membrane potential per time step, in [0, 1): ``exp(-1 / tau)``. A pair
        draws each neuron's time constant tau log-uniformly between those of the two [1]_.
    threshold : float, default=1.0
        Membrane potential above which a neuron fires, at least ``2**-20``.
    adaptation : float, default=0.0
        Rise of a neuron's threshold with each of its spikes; in [0, 1e6].
    tau_adaptation : float, default=20.0
        Time constant in steps with which the threshold falls back; positive.
    refractory : int, default=0
        Time steps after a spike in which the neuron cannot fire.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    LIF
        The record.

    References
    ----------
    .. [1] Perez-Nieves, Leung, Dragotti, Goodman. "Neural heterogeneity promotes robust
       learning", Nature Communications 12, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid.reservoirs import draw_neurons
    >>> draw_neurons(100, refractory=2, rng=np.random.default_rng(0)).state
    ('mem', 'raised', 'rest')
    """
    n = check_integer("n", n, low=1, high=MOST_UNITS)
    threshold = check_real("threshold", threshold, 2.0**-UNIT_EXPONENT, LARGEST_SCALE)
    adaptation = check_real("adaptation", adaptation, 0, LARGEST_SCALE)
    tau_adaptation = check_real("tau_adaptation", tau_adaptation, 0, closed="neither")
    refractory = check_integer("refractory", refractory, low=0, high=MOST_STEPS)
    return LIF(
        threshold=_on_grid(threshold, n),
        beta=_decays(beta, n, rng),
        adaptation=_on_grid(adaptation, n),
        adaptation_beta=np.full(n, np.exp(-1.0 / tau_adaptation), dtype=np.float32),
        refractory=np.full(n, refractory, dtype=np.int32),
    )


def _decays(beta: float | tuple[float, float], n: int, rng: np.random.Generator) -> np.ndarray:
    """Membrane decay of each neuron."""
    if np.ndim(beta) == 0:
        return np.full(n, check_real("beta", beta, 0, 1, closed="left"), dtype=np.float32)
    low, high = check_pair("beta", beta, 0, 1, closed="neither")
    log_tau = rng.uniform(np.log(-1.0 / np.log(low)), np.log(-1.0 / np.log(high)), size=n)
    return np.exp(-np.exp(-log_tau)).astype(np.float32)


def _on_grid(value: float, n: int) -> np.ndarray:
    return to_grid(np.full(n, value, dtype=np.float32), UNIT_EXPONENT)
