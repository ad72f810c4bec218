"""Integrate-and-fire neurons in units of one's own, with noise and a choice of resets.

Potentials are measured from the resting potential. In a step of length dt, in which the current I
is constant, the potential of a membrane of time constant tau and resistance R becomes ::

    v    = decay(mem[t-1], beta) + gain * (I[t] + background + noise[t])
    beta = exp(-dt / tau),    gain = R (1 - beta)

where a neuron without leak, ``tau = inf``, has ``beta = 1`` and ``gain = R dt``. It fires where v
is above its threshold, which each spike raises (spike-frequency adaptation [1]_), and then falls
by the threshold, or to a value. In the refractory steps after a spike its potential is held.

The noise is approximately normal: sums of four bytes of a hash of the neuron, of the step, and of
all currents that the neuron has had [2]_. So it is the same for the same sequence, whatever else
runs beside it and on any engine, and independent between neurons, steps and sequences that differ.

References
----------
.. [1] Bellec, Salaj, Subramoney, Legenstein, Maass. "Long short-term memory and
   learning-to-learn in networks of spiking neurons", NeurIPS 2018.
.. [2] Salmon, Moraes, Dror, Shaw. "Parallel random numbers: as easy as 1, 2, 3", Supercomputing
   2011.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from .._checks import LARGEST_SCALE, MOST_STEPS, check_pair, check_real
from ._by_type import ByType
from .neurons import NeuronModel, Neurons

# Standard deviation of the sum of four bytes, and what is taken off it: twice the mean of a sum of
# two.
BYTES_DEVIATION = float(np.sqrt(4 * (256**2 - 1) / 12))
BYTES_MEAN = 510
# Numbers that float32 holds, and so a state, lie below this.
MOST_COUNTED = 2**24
# A hash of 32 bits: multiply and fold, three times (the finaliser of MurmurHash3).
HASH_FACTORS = 0x9E3779B1, 0x85EBCA6B, 0xC2B2AE35
HASH_SHIFTS = 15, 13, 16


@dataclass(frozen=True, eq=False)
class IntegrateAndFireNeurons(Neurons):
    """Integrate-and-fire neurons, leaky or not.

    Parameters
    ----------
    threshold : ndarray of shape (n,), dtype float32
        Membrane potential above which a neuron fires.
    beta, current_gain : ndarray of shape (n,), dtype float32
        Decay of the membrane potential per step, and what a current of 1 adds to it.
    background : ndarray of shape (n,), dtype float32
        Constant current.
    noise : ndarray of shape (n,), dtype float32
        Standard deviation of the noise of the current in each step.
    noise_key : ndarray of shape (n,), dtype float32
        Whole numbers below ``2**24`` that tell the noise of one neuron from that of another.
    subtracts : ndarray of shape (n,), dtype float32
        1 where a spike takes the threshold off the potential, 0 where it sets it to `reset`.
    reset : ndarray of shape (n,), dtype float32
        That potential.
    adaptation, adaptation_beta : ndarray of shape (n,), dtype float32
        Rise of the threshold with each spike, and its decay per step.
    refractory : ndarray of shape (n,), dtype int32
        Steps after a spike in which the potential is held.
    start : ndarray of shape (n,), dtype float32
        Membrane potential before the first step.
    """

    potentials: ClassVar[frozenset[str]] = Neurons.potentials | {
        *("background", "noise", "reset", "adaptation", "raised", "start")
    }
    sums_drives: ClassVar[bool] = False

    beta: np.ndarray
    current_gain: np.ndarray
    background: np.ndarray
    noise: np.ndarray
    noise_key: np.ndarray
    subtracts: np.ndarray
    reset: np.ndarray
    adaptation: np.ndarray
    adaptation_beta: np.ndarray
    refractory: np.ndarray
    start: np.ndarray

    @property
    def state(self) -> tuple[str, ...]:
        """Names of the arrays that a step takes and gives on; "mem", the potential, is first."""
        noisy = ("n_steps", "heard") if self.noise.any() else ()
        return ("mem", "raised", "rest", *noisy)

    @property
    def initial(self) -> dict[str, np.ndarray]:
        """States that are not zero before the first step, arrays of shape (n,)."""
        return {"mem": self.start}

    @property
    def holding_current(self) -> np.ndarray:
        """Constant current that holds a potential of 1, without spikes."""
        return np.asarray((1.0 - self.beta.astype(np.float64)) / self.current_gain)

    @property
    def constant_current(self) -> np.ndarray:
        """Current of the neurons themselves."""
        return self.background

    def silent(self) -> IntegrateAndFireNeurons:
        """Return the same neurons with a threshold that they never reach, and no currents."""
        zeros = np.zeros_like(self.background)
        quiet = replace(self, background=zeros, noise=zeros, start=zeros)
        return super(IntegrateAndFireNeurons, quiet).silent()


@dataclass
class IntegrateAndFire(NeuronModel):
    """Parameters of integrate-and-fire neurons (:mod:`skliquid.reservoirs.integrate_and_fire`).

    Times are in the unit of `dt`. Most parameters are a number, a pair of the values of excitatory
    and inhibitory neurons, or an array of shape (n,).

    Parameters
    ----------
    tau_m : float, (float, float) or array_like, default=10.0
        Time constant of the membrane, positive; ``numpy.inf`` is a neuron without leak.
    dt : float, default=1.0
        Length of a step; positive.
    resistance : float, (float, float), array_like or None, default=None
        Resistance R of the membrane, or of a neuron without leak the inverse of its capacitance;
        positive. None is a gain of 1: a current adds itself, as in the plain liquid.
    threshold : float, (float, float) or array_like, default=1.0
        Membrane potential above which a neuron fires; positive.
    reset : float, (float, float), array_like or None, default=None
        Potential after a spike. None takes the threshold off.
    refractory : float, (float, float) or array_like, default=0.0
        Time after a spike in which the potential is held; non-negative.
    adaptation : float, (float, float) or array_like, default=0.0
        Rise of a neuron's threshold with each of its spikes; non-negative.
    tau_adaptation : float, (float, float) or array_like, default=20.0
        Time constant with which the threshold falls back; positive.
    background : float, (float, float) or array_like, default=0.0
        Constant current. Homeostasis takes it into account, and so undoes it.
    noise : float, (float, float) or array_like, default=0.0
        Standard deviation of the noise of the current, drawn anew in each step; non-negative.
    initial : float, (float, float) or array_like, default=0.0
        Membrane potential before the first step; a pair draws it uniformly from a range.

    Examples
    --------
    The neurons of Maass, Natschlaeger and Markram, in ms, mV, nA and megaohm:

    >>> from skliquid.reservoirs import IntegrateAndFire, draw_liquid
    >>> model = IntegrateAndFire(
    ...     tau_m=30.0, dt=0.1, resistance=1.0, threshold=15.0, reset=13.5, refractory=(3.0, 2.0),
    ...     background=13.5, initial=(13.5, 15.0),
    ... )
    >>> neurons = draw_liquid(1, 100, neurons=model.draw, seed=0).neurons
    >>> neurons.refractory[[0, -1]]
    array([30, 20], dtype=int32)
    """

    tau_m: Any = 10.0
    dt: float = 1.0
    resistance: Any = None
    threshold: Any = 1.0
    reset: Any = None
    refractory: Any = 0.0
    adaptation: Any = 0.0
    tau_adaptation: Any = 20.0
    background: Any = 0.0
    noise: Any = 0.0
    initial: Any = 0.0

    def draw(
        self, n: int, rng: np.random.Generator, *, inhibitory: np.ndarray | None = None
    ) -> IntegrateAndFireNeurons:
        """Draw neurons.

        Parameters
        ----------
        n : int
            How many.
        rng : numpy.random.Generator
            Source of the draws.
        inhibitory : ndarray of shape (n,), dtype bool, or None, default=None
            Which of them are inhibitory; None is none. A liquid tells by its synapses.

        Returns
        -------
        IntegrateAndFireNeurons
            Their record.

        Raises
        ------
        ValueError, TypeError
            If a parameter is out of its range or of the wrong type.
        """
        dt = check_real("cell dt", self.dt, 0, closed="neither")
        of = ByType(self, np.zeros(n, dtype=bool) if inhibitory is None else inhibitory)
        start_rng, key_rng = rng.spawn(2)
        beta = np.exp(-dt / of("tau_m", 0, np.inf, is_open=True))
        steps = np.rint(of("refractory", 0, MOST_STEPS * dt) / dt)
        values = {
            "threshold": of("threshold", 0, is_open=True),
            "beta": beta,
            "current_gain": self._gain(of, beta, dt),
            "background": of("background", -LARGEST_SCALE),
            "noise": of("noise", 0),
            "noise_key": key_rng.integers(MOST_COUNTED, size=n),
            "subtracts": np.full(n, self.reset is None),
            "reset": np.zeros(n) if self.reset is None else of("reset", -LARGEST_SCALE),
            "adaptation": of("adaptation", 0),
            "adaptation_beta": np.exp(-dt / of("tau_adaptation", 0, is_open=True)),
            "start": self._start(of, n, start_rng),
        }
        floats = {name: value.astype(np.float32) for name, value in values.items()}
        return IntegrateAndFireNeurons(refractory=steps.astype(np.int32), **floats)

    def _gain(self, of: ByType, beta: np.ndarray, dt: float) -> np.ndarray:
        if self.resistance is None:
            return np.ones(len(beta))
        resistance = of("resistance", 0, is_open=True)
        return np.asarray(resistance * np.where(beta < 1, 1 - beta, dt))

    def _start(self, of: ByType, n: int, rng: np.random.Generator) -> np.ndarray:
        if not isinstance(self.initial, tuple | list):
            return of("initial", -LARGEST_SCALE)
        ends = check_pair("cell initial", self.initial, -LARGEST_SCALE, LARGEST_SCALE)
        return rng.uniform(*ends, size=n)
