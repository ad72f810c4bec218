"""The largest Lyapunov exponent: how fast a small difference between two states grows.

References
----------
.. [1] Benettin, Galgani, Giorgilli, Strelcyn. "Lyapunov characteristic exponents for smooth
   dynamical systems and for Hamiltonian systems", Meccanica 15, 1980.
.. [2] Legenstein, Maass. "Edge of chaos and prediction of computational performance for neural
   circuit models", Neural Networks 20(3), 2007.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._checks import check_integer, check_real, check_seed, naming, shown
from ..engines import Batch, Runner
from ..pooling import NO_POOLING
from ..reservoirs import Liquid
from ..sequences import Sequences, as_real_array
from ._report import Report
from ._states import reservoirs_of

# Steps between two measurements: a spike more shows when others have answered it.
_INTERVAL_OF_SPIKES = 10
# Root mean square of the perturbation of activations, above their grid, and of real numbers.
_OF_CELLS, _OF_FUNCTIONS = 1e-3, 1e-8
# Neurons that are perturbed at a time, each by itself.
_NEURONS_AT_ONCE = 20

State = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False, repr=False)
class LyapunovExponent(Report):
    """Largest Lyapunov exponent.

    Parameters
    ----------
    exponent : float
        Rate of growth per step, in natural logarithms; above 0 in chaos, and -inf where states
        became the same.
    standard_error : float
        That of the exponent, if the perturbations were independent; NaN of a single one.
    growth : ndarray of shape (n_perturbations,)
        Distance after an interval over that before, of each.

    Examples
    --------
    >>> from skliquid.diagnostics import lyapunov_exponent
    >>> round(lyapunov_exponent(lambda state: 0.5 * state, [1.0], n_steps=50).exponent, 4)
    -0.6931
    """

    exponent: float
    standard_error: float
    growth: np.ndarray


def lyapunov_exponent(
    reservoir: Any,
    X: Any = None,
    *,
    n_steps: int = 1000,
    washout: int = 100,
    n_trials: int = 5,
    perturbation: float | None = None,
    interval: int | None = None,
    random_state: Any = 0,
) -> LyapunovExponent:
    """Measure how fast a small perturbation of the state grows.

    A state is perturbed, and both go on with the same input. After every interval of k steps their
    distance d is compared with the first one. Of rate cells and of functions the perturbed state
    is then put back to the first distance along the difference, and the exponent is [1]_ ::

        mean of ln(d / d_0) / k

    A neuron that leaks forgets any perturbation that is too small to change a spike. So of spiking
    neurons a spike is changed: one that fired is made not to have, or the reverse, and another
    after every interval. d is the distance of all potentials in thresholds, at first 1, and the
    exponent is that of its mean [2]_ ::

        ln(mean of d / d_0) / k

    It runs on the NumPy engine.

    Parameters
    ----------
    reservoir : fitted estimator, Liquid, RateReservoir or callable
        What is perturbed: the first liquid of an estimator; or a function that takes states of
        shape (batch, n) to those of the next step.
    X : array-like or list, default=None
        Sequences that drive a reservoir, each longer than `washout`; None draws `n_trials` of
        white noise. Of a function, the first state, of shape (n,).
    n_steps : int, default=1000
        Number of steps after the washout where they are not those of `X`.
    washout : int, default=100
        First steps, which are not measured.
    n_trials : int, default=5
        Number of sequences that are drawn.
    perturbation : float or None, default=None
        Root mean square of the perturbation over the units. None is ``1e-3`` of rate cells and
        ``1e-8`` of a function; of spiking neurons there is no other.
    interval : int or None, default=None
        Steps between measurements. None is 10 for spiking neurons, 1 for others. What arrives
        after longer delays of synapses is not measured.
    random_state : int, Generator or None, default=0
        Seed of the input and of the first perturbation.

    Returns
    -------
    LyapunovExponent
        The exponent.

    Raises
    ------
    ValueError, TypeError
        If sequences are too short, if a spike does more to a neuron's potential than take its
        threshold off, or if a function comes without its first state.

    References
    ----------
    .. [1] Benettin, Galgani, Giorgilli, Strelcyn. "Lyapunov characteristic exponents for smooth
       dynamical systems and for Hamiltonian systems", Meccanica 15, 1980.
    .. [2] Legenstein, Maass. "Edge of chaos and prediction of computational performance for neural
       circuit models", Neural Networks 20(3), 2007.

    Examples
    --------
    The logistic map, whose exponent is ln 2:

    >>> from skliquid.diagnostics import lyapunov_exponent
    >>> found = lyapunov_exponent(lambda x: 4 * x * (1 - x), [0.3], n_steps=20000)
    >>> round(found.exponent, 2)
    0.69
    """
    n_steps = check_integer("n_steps", n_steps, low=1)
    washout = check_integer("washout", washout, low=0)
    rng, reservoirs = check_seed("random_state", random_state), reservoirs_of(reservoir)
    if perturbation is not None:
        check_real("perturbation", perturbation, 0, closed="neither")
    is_spiking = reservoirs is not None and reservoirs.is_spiking
    interval = check_integer(
        "interval", interval or (_INTERVAL_OF_SPIKES if is_spiking else 1), low=1
    )
    if reservoirs is None:
        twins = _Map(reservoir, X, perturbation or _OF_FUNCTIONS, rng)
        growth = _growth(twins, washout, n_steps, interval)
    else:
        if X is None:
            reservoirs = reservoirs.standardised()
            n_trials = check_integer("n_trials", n_trials, low=1)
            sequences = reservoirs.noise(rng, n_trials, washout + n_steps)
        else:
            sequences = reservoirs.hearing(X)
        rms = perturbation or _OF_CELLS
        growth = _driven_growth(reservoirs.liquids_[0], sequences, washout, interval, rms, rng)
    return _exponent(growth, interval, is_spiking)


def _driven_growth(
    reservoir: Any,
    sequences: Sequences,
    washout: int,
    interval: int,
    rms: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Growth over the intervals of all sequences."""
    shortest = int(sequences.lengths.min())
    if shortest < washout + interval:
        raise ValueError(
            f"X must hold sequences of at least {washout + interval} steps, the washout and an "
            f"interval; the shortest has {shortest}."
        )
    runner, is_spiking = Runner(reservoir, NO_POOLING, "numpy"), isinstance(reservoir, Liquid)
    if is_spiking and not reservoir.neurons.sums_drives:
        raise ValueError(
            "lyapunov_exponent gives back the threshold that a spike took off the potential, but "
            f"the spikes of {type(reservoir.neurons).__name__} do otherwise; expected neurons of "
            'cell="lif".'
        )
    growth = []
    for start, length in zip(sequences.offsets, sequences.lengths, strict=False):
        driven = runner, sequences, int(start)
        twins = _Neurons(rng, *driven) if is_spiking else _Cells(rms, rng, *driven)
        growth.append(_growth(twins, washout, int(length) - washout, interval))
    return np.concatenate(growth)


def _exponent(growth: np.ndarray, interval: int, is_spiking: bool) -> LyapunovExponent:
    with np.errstate(divide="ignore", invalid="ignore"):  # a distance of 0 grows at -inf
        values = growth / growth.mean() if is_spiking else np.log(growth)
        mean = np.log(growth.mean()) if is_spiking else values.mean()
        few = len(growth) < 2
        error = np.nan if few else values.std(ddof=1) / np.sqrt(len(growth)) / interval
    return LyapunovExponent(float(mean / interval), float(error), growth)


def _growth(twins: _Twins, washout: int, n_steps: int, interval: int) -> np.ndarray:
    """Growth of each distance over each interval."""
    twins.advance(washout)
    found = []
    for _ in range(n_steps // interval):
        before = twins.perturb()
        twins.advance(interval)
        found.append(np.linalg.norm(twins.differences(), axis=1) / before)
    return np.concatenate(found)


class _Twins:
    """A state in the first row of some arrays, and perturbed ones in the others."""

    state: State
    perturbed: str  # name of the array in which they are held apart

    def differences(self) -> np.ndarray:
        """Those of the others from the first, shape (n_others, n)."""
        values = self.state[self.perturbed].astype(np.float64)
        return values[1:] - values[0]

    def perturb(self) -> np.ndarray:
        """Perturb the first state anew, and return the distances of the others."""
        raise NotImplementedError

    def advance(self, n_steps: int) -> None:
        """Go on for so many steps."""
        raise NotImplementedError


class _Carried(_Twins):
    """Twins whose difference is carried on at one size.

    Parameters
    ----------
    rms : float
        Root mean square of it.
    rng : numpy.random.Generator
        Source of its first direction, and of another where it has vanished.
    """

    def __init__(self, rms: float, rng: np.random.Generator) -> None:
        self._rms, self._rng = rms, rng

    def perturb(self) -> np.ndarray:
        """Put the second at the first distance along the difference."""
        difference = self.differences()
        if not difference.any():
            difference = self._rng.normal(size=difference.shape)
        difference *= self._rms * np.sqrt(difference.size) / np.linalg.norm(difference)
        for values in self.state.values():
            values[1:] = values[0]
        self.state[self.perturbed][1:] += difference
        return np.asarray(np.linalg.norm(self.differences(), axis=1))


class _Map(_Carried):
    """States of a function of the state."""

    perturbed = "x"

    def __init__(self, step: Any, first: Any, rms: float, rng: np.random.Generator) -> None:
        super().__init__(rms, rng)
        if not callable(step):
            raise TypeError(
                "reservoir must be a fitted estimator, a Liquid, a RateReservoir or a function, "
                f"got {shown(step)}."
            )
        if first is None or np.ndim(first) != 1:
            raise ValueError(f"X must be the first state, of shape (n,), got {shown(first)}.")
        self._step: Callable[[np.ndarray], Any] = step
        self.state = {"x": np.tile(as_real_array(first, "X").astype(np.float64), (2, 1))}

    def advance(self, n_steps: int) -> None:
        """Apply the function so many times."""
        for _ in range(n_steps):
            with naming("reservoir", "a function of states of shape (batch, n)", self._step):
                after = np.array(self._step(self.state["x"]), dtype=np.float64)
            if after.shape != self.state["x"].shape or not np.isfinite(after).all():
                raise ValueError(
                    "reservoir must return finite states of the shape that it is given, "
                    f"{self.state['x'].shape}, got {shown(after)}."
                )
            self.state["x"] = after


class _Driven(_Twins):
    """States of a reservoir that a sequence drives from a frame on."""

    def _begin(self, n_others: int, runner: Runner, sequences: Sequences, start: int) -> None:
        self._engine, self._prepared = runner._engine, runner._prepared
        self._frames, self._now = sequences.frames, start
        self.state = self._engine.at_rest(self._prepared, 1 + n_others)

    def advance(self, n_steps: int) -> None:
        """Run the next frames."""
        n = len(self.state[self.perturbed])
        batch = Batch(self._frames, np.full(n, self._now), np.full(n, n_steps))
        self.state = self._engine.advance(self._prepared, self.state, batch, [])
        self._now += n_steps


class _Cells(_Driven, _Carried):
    """Activations of rate cells."""

    perturbed = "h"

    def __init__(self, rms: float, rng: np.random.Generator, *driven: Any) -> None:
        super().__init__(rms, rng)
        self._begin(1, *driven)


class _Neurons(_Driven):
    """Potentials of spiking neurons, of which single ones have a spike more or less."""

    perturbed = "mem"

    def __init__(self, rng: np.random.Generator, *driven: Any) -> None:
        self._begin(_NEURONS_AT_ONCE, *driven)
        self._threshold, self._rng = self._prepared.liquid.threshold, rng

    def differences(self) -> np.ndarray:
        """Those of the others from the first in thresholds, shape (n_others, n)."""
        return np.asarray(super().differences() / self._threshold)

    def perturb(self) -> np.ndarray:
        """Change a spike of each of the others, and the potential that it took."""
        for values in self.state.values():
            values[1:] = values[0]
        neurons = self._rng.integers(len(self._threshold), size=_NEURONS_AT_ONCE)
        of = 1 + np.arange(_NEURONS_AT_ONCE), neurons
        change = 1 - 2 * self.state["spk"][of]
        self.state["spk"][of] += change
        self.state["mem"][of] -= change * self._threshold[neurons]
        return np.asarray(np.linalg.norm(self.differences(), axis=1))
