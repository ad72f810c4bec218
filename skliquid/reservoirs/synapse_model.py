"""What a `synapse` may be: parameters, from which dynamic synapses are drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from .._checks import (
    LARGEST_SCALE,
    MOST_STEPS,
    check_option,
    check_pair,
    check_real,
    naming,
    shown,
)
from ._parametrized import Parametrized
from .dynamic_synapses import DynamicSynapses

# Pairs of types, the source first, in the order of ``2 * is_inhibitory[source] +
# is_inhibitory[target]``.
PAIRS = "EE", "EI", "IE", "II"
_DELAYS = f"a time, a range, a mapping of {PAIRS}, or times of shape (n, n)"


@dataclass
class SynapseModel(Parametrized):
    """Parameters of dynamic synapses (see :mod:`skliquid.reservoirs.dynamic_synapses`).

    Times are in the unit of `dt`, the length of a step of the liquid, of a frame of its input.
    What goes by pairs of types is one value for all, or a mapping of "EE", "EI", "IE" and "II" to
    one each, the type of the source first: "EI" is from excitatory to inhibitory neurons.

    Weights are left as they are: the highest value of a current is the weight, and an exponential
    one of time constant tau carries about tau times what a current of one step does.

    Parameters
    ----------
    tau_syn : float, (float, float) or None, default=None
        Time constant of the currents of recurrent synapses, or of excitatory and inhibitory ones;
        positive. None is a current in the step of arrival alone.
    tau_input : float or None, default=None
        Time constant of the current that the input drives, its bias aside; positive. None is no
        memory.
    shape : {"exponential", "alpha"}, default="exponential"
        Course of a current. "alpha" needs `tau_syn`.
    delay : float, (float, float), mapping or array_like of shape (n, n), default=0.0
        Time from a spike to its arrival over a recurrent synapse, rounded to steps, of which it is
        at least one; a pair draws it uniformly from a range. By pairs of types, or for each
        synapse, ``delay[i, j]`` being that from j to i.
    speed : float or None, default=None
        Distance that a spike goes in a unit of time; positive. To the delay comes the time from
        neuron to neuron, which must have positions. None is none.
    stp : (float, float, float), mapping or None, default=None
        Short-term plasticity, by pairs of types: U in (0, 1], the time constant of recovery
        (named D in [1]_) and that of facilitation (F), both non-negative. None is none.
    stp_spread : float, default=0.0
        Standard deviation of each of these over the synapses, as a fraction of its mean: they
        are normal, and where they are not positive, or U is above 1, drawn anew uniformly between
        0 and twice the mean, or 1 [2]_.
    dt : float, default=1.0
        Length of a step; positive.
    inhibitory : array_like of shape (n,) or None, default=None
        Which neurons are inhibitory; None is those whose outgoing weights sum to less than zero.

    References
    ----------
    .. [1] Markram, Wang, Tsodyks. "Differential signaling via the same axon of neocortical
       pyramidal neurons", PNAS 95(9), 1998.
    .. [2] Maass, Natschlaeger, Markram. "Real-time computing without stable states", Neural
       Computation 14(11), 2002.

    Examples
    --------
    >>> from skliquid.reservoirs import SynapseModel, draw_liquid
    >>> model = SynapseModel(tau_syn=(3.0, 6.0), delay=(0.5, 1.5), stp=(0.5, 1100.0, 50.0), dt=0.5)
    >>> synapses = draw_liquid(1, 100, synapse=model, seed=0).synapses
    >>> synapses.max_delay, synapses.is_plastic
    (3, True)
    """

    tau_syn: Any = None
    tau_input: float | None = None
    shape: str = "exponential"
    delay: Any = 0.0
    speed: float | None = None
    stp: Any = None
    stp_spread: float = 0.0
    dt: float = 1.0
    inhibitory: Any = None

    def draw(
        self,
        W: sparse.csc_array,
        rng: np.random.Generator,
        *,
        positions: np.ndarray | None = None,
    ) -> DynamicSynapses:
        """Draw the synapses of given weights.

        Parameters
        ----------
        W : scipy.sparse.csc_array of shape (n, n)
            ``W[i, j]`` is the synapse from j to i.
        rng : numpy.random.Generator
            Source of the draws.
        positions : ndarray of shape (n, 3) or None, default=None
            Where each neuron is, if it is anywhere.

        Returns
        -------
        DynamicSynapses
            The record.

        Raises
        ------
        ValueError, TypeError
            If a parameter is out of its range or of the wrong type.
        """
        dt = check_real("synapse dt", self.dt, 0, closed="neither")
        synapses = DynamicSynapses.of(W)
        inhibitory = self._types(synapses)
        pair = 2 * inhibitory[synapses.sources] + inhibitory[synapses.targets]
        # The delays of the same weights and seed are the same with plasticity and without.
        delay_rng, stp_rng = rng.spawn(2)
        arrays = self._currents(W.shape[0], dt) | self._plasticity(pair, dt, stp_rng)
        delays = self._delays(synapses, pair, delay_rng) + self._ways(synapses, positions)
        arrays["delays"] = np.maximum(np.rint(delays / dt), 1).astype(np.int32)
        return DynamicSynapses.of(W, **arrays)

    def _types(self, synapses: DynamicSynapses) -> np.ndarray:
        """Whether each neuron is inhibitory, as 0 or 1."""
        if self.inhibitory is None:
            return synapses.inhibitory.astype(np.int64)
        given = np.asarray(self.inhibitory)
        if given.shape != (synapses.n_neurons,) or given.dtype.kind != "b":
            raise ValueError(
                f"synapse inhibitory must be bool of shape ({synapses.n_neurons},), got "
                f"{shown(self.inhibitory)}."
            )
        return given.astype(np.int64)

    def _currents(self, n: int, dt: float) -> dict[str, np.ndarray]:
        """Decays and rises of the currents of n neurons."""
        check_option("synapse shape", self.shape, ["exponential", "alpha"])
        is_alpha = self.shape == "alpha"
        if is_alpha and self.tau_syn is None:
            raise ValueError("synapse tau_syn must be given with shape='alpha', got None.")
        is_pair = isinstance(self.tau_syn, tuple | list)
        taus = list(self.tau_syn) if is_pair else [self.tau_syn] * 2
        if len(taus) != 2:
            raise ValueError(
                "synapse tau_syn must be a time or a pair of times (excitatory, inhibitory), got "
                f"{shown(self.tau_syn)}."
            )
        taus += [] if self.tau_input is None else [self.tau_input]
        names = "tau_syn", "tau_syn", "tau_input"
        steps = np.array(
            [
                0 if tau is None else _time(f"synapse {name}", tau, dt, closed="neither")
                for name, tau in zip(names, taus, strict=False)
            ]
        )
        rises = np.e / steps[:, np.newaxis] if is_alpha else np.zeros((0, 1))
        spread = {"decays": _decays(steps)[:, np.newaxis], "rises": rises}
        return {name: np.tile(one, (1, n)).astype(np.float32) for name, one in spread.items()}

    def _delays(
        self, synapses: DynamicSynapses, pair: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Delay of each synapse in units of time."""
        with naming("synapse delay", _DELAYS, self.delay, ValueError):
            is_given = np.ndim(self.delay) == 2
        if is_given:
            return self._given_delays(synapses)
        longest = MOST_STEPS * self.dt

        def ends(value: Any) -> tuple[float, float]:
            if isinstance(value, tuple | list):
                return check_pair("synapse delay", value, 0, longest)
            return (check_real("synapse delay", value, 0, longest),) * 2

        low, high = _by_pair("delay", self.delay, pair, ends)
        return np.asarray(rng.uniform(low, high))

    def _ways(self, synapses: DynamicSynapses, positions: np.ndarray | None) -> Any:
        """Time from neuron to neuron."""
        if self.speed is None:
            return 0.0
        speed = check_real("synapse speed", self.speed, 0, closed="neither")
        if positions is None:
            raise ValueError(
                "synapse speed must be None where neurons have no positions, got "
                f"{shown(self.speed)}."
            )
        ways = positions[synapses.targets] - positions[synapses.sources]
        return np.minimum(np.linalg.norm(ways, axis=1) / speed, MOST_STEPS * self.dt)

    def _given_delays(self, synapses: DynamicSynapses) -> np.ndarray:
        n, given = synapses.n_neurons, np.asarray(self.delay)
        ends = synapses.targets, synapses.sources
        delays = given[ends] if given.shape == (n, n) else np.array([-1])
        is_right = (delays >= 0) & (delays <= MOST_STEPS * self.dt)
        if given.dtype.kind not in "iuf" or not is_right.all():
            raise ValueError(
                f"synapse delay must be {_DELAYS}, here ({n}, {n}), non-negative, got "
                f"{shown(self.delay)}."
            )
        return np.asarray(delays, dtype=np.float64)

    def _plasticity(
        self, pair: np.ndarray, dt: float, rng: np.random.Generator
    ) -> dict[str, np.ndarray]:
        """U of each synapse, and its decays of facilitation and recovery."""
        spread = check_real("synapse stp_spread", self.stp_spread, 0, LARGEST_SCALE)
        if self.stp is None:
            return {}

        def constants(value: Any) -> tuple[float, float, float]:
            if not isinstance(value, tuple | list) or len(value) != 3:
                raise TypeError(
                    "synapse stp must be U and the time constants of recovery and of "
                    f"facilitation, or a mapping of {PAIRS} to them, got {shown(value)}."
                )
            use = check_real("U of synapse stp", value[0], 0, 1, closed="right")
            recovery, facilitation = (_time("tau of synapse stp", tau, dt) for tau in value[1:])
            return use, recovery, facilitation

        means = _by_pair("stp", self.stp, pair, constants)
        drawn = [_spread(mean, spread, rng) for mean in means]
        too_much = drawn[0] > 1
        drawn[0][too_much] = rng.uniform(0, np.minimum(2 * means[0], 1)[too_much])
        use, recovery, facilitation = drawn
        return {
            "use": use.astype(np.float32),
            "recovery": _decays(recovery),
            "facilitation": _decays(facilitation),
        }


def _time(name: str, value: Any, dt: float, closed: str = "left") -> float:
    """A time in steps."""
    return check_real(name, value, 0, LARGEST_SCALE * dt, closed=closed) / dt


def _decays(steps: np.ndarray) -> np.ndarray:
    """Decay per step for time constants in steps, of which zero forgets all."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.exp(-1.0 / steps))


def _by_pair(
    name: str, value: Any, pair: np.ndarray, checked: Callable[[Any], tuple[float, ...]]
) -> np.ndarray:
    """Constants of each synapse, shape (n_constants, n_synapses)."""
    if not isinstance(value, Mapping):
        value = dict.fromkeys(PAIRS, value)
    if set(value) != set(PAIRS):
        raise ValueError(
            f"synapse {name} must be a mapping of each of {PAIRS}, got {shown(dict(value))}."
        )
    table = np.array([checked(value[each]) for each in PAIRS])
    return np.asarray(table.T[:, pair])


def _spread(means: np.ndarray, spread: float, rng: np.random.Generator) -> np.ndarray:
    """Normal values, where they are not positive uniform ones."""
    values = means * (1 + spread * rng.standard_normal(len(means)))
    wrong = (values <= 0) & (means > 0)
    values[wrong] = 2 * means[wrong] * rng.uniform(0, 1, np.count_nonzero(wrong))
    return np.abs(values)  # a mean of 0 may have come to -0, which would never decay
