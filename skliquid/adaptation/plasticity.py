"""Plasticity over time: weights and biases that follow the spikes, without labels.

In each step, after the spikes s[t], with w the magnitudes of the weights, whose signs stay
(Dale's law), and w_max their bound::

    w[i,j] -= a_minus r y[i]    where j fires,    y[i] = sum of exp(-(t - t') / tau_minus)
    w[i,j] += a_plus  r x[j]    where i fires,    x[j] = sum of exp(-(t - t') / tau_plus)
    b[i]   += eta (q[i] - s[i,t])

with sums over the earlier spikes t' < t of i and of j. The first two lines are
spike-timing-dependent plasticity [1]_ of all pairs [2]_: with hard bounds ``r = w_max``, and w is
kept in [0, w_max]; with soft ones r is w where it falls and ``w_max - w`` where it rises. Spikes
in the same step are no pair. The third line is intrinsic plasticity, by which a neuron comes to
fire at its own rate q [3]_ [4]_. After every hundred steps, and at the end of a sequence, synaptic
scaling [5]_ multiplies the excitatory weights that a neuron receives, and by a factor of their own
the inhibitory ones if they are plastic::

    w[i,j] *= 1 + scaling (S[i] / sum of w[i,k] over k - 1),    S[i] the sum as drawn

Where all of these are zero, they stay so until one of them rises.

All of it is integer arithmetic: weights in ``2**-12`` of the units of their grid, traces in
``2**-16``, biases in ``2**-32``. The sequences come one after the other, each from rest, in one
thread, by the equations of the NumPy engine, whatever the engine that runs the liquid later: the
same seed and sequences give the same bits everywhere. What was learned is then put on the grids of
a liquid (:mod:`skliquid.reservoirs.fixed_point`), and stays.

References
----------
.. [1] Song, Miller, Abbott. "Competitive Hebbian learning through spike-timing-dependent
   synaptic plasticity", Nature Neuroscience 3, 2000.
.. [2] Morrison, Diesmann, Gerstner. "Phenomenological models of synaptic plasticity based on
   spike timing", Biological Cybernetics 98, 2008.
.. [3] Triesch. "A gradient rule for the plasticity of a neuron's intrinsic excitability",
   ICANN 2005.
.. [4] Lazar, Pipa, Triesch. "SORN: a self-organizing recurrent neural network", Frontiers in
   Computational Neuroscience 3, 2009.
.. [5] Turrigiano. "The self-tuning neuron: synaptic scaling of excitatory synapses", Cell 135,
   2008.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from .._checks import (
    MOST_STEPS,
    check_bool,
    check_integer,
    check_option,
    check_pair,
    check_real,
    check_seed,
    shown,
)
from ..engines._numpy_neurons import STEPS
from ..engines.protocol import Batch
from ..reservoirs import Liquid, Synapses
from ..reservoirs._parametrized import Parametrized
from ..sequences import Sequences, as_sequences
from ._learner import LARGEST_BOUND, LONGEST_TAU, Learner


@dataclass
class Plasticity(Parametrized):
    """Plasticity without labels, by the rules of :mod:`skliquid.adaptation.plasticity`.

    Each part is off where its rate is zero: STDP with ``a_plus=0, a_minus=0``, synaptic scaling
    with ``scaling=0``, intrinsic plasticity with ``intrinsic=0``. It acts on plain
    :class:`~skliquid.reservoirs.Synapses` of any spiking neurons.

    Parameters
    ----------
    a_plus, a_minus : float, default=0.005, 0.00525
        Change of a weight by a pair of spikes with no time between them, the one before and
        the other after the neuron's own, as a fraction of the bound; in [0, 1].
    tau_plus, tau_minus : float, default=20.0
        Time constants in steps with which the change falls with the time between the two;
        in (0, 10000].
    bounds : {"hard", "soft"}, default="hard"
        Whether changes are the same for all weights, which are then cut to their bounds, or
        smaller the nearer a weight is to the bound that it moves to.
    w_max : float, default=1.0
        Bound of the magnitudes, as a multiple of the largest as drawn, of excitatory and of
        inhibitory synapses; in [1, 16].
    inhibitory : bool, default=False
        Whether inhibitory synapses change too, in magnitude, by the same rules.
    scaling : float, default=1.0
        Part of the way that synaptic scaling brings the sum of the weights that a neuron
        receives back to that as drawn, each time; in [0, 1].
    intrinsic : float, default=0.0
        Rate eta of intrinsic plasticity, in currents that hold a potential at the threshold;
        in [0, 1].
    target_rate : float or (float, float), default=(0.05, 0.5)
        Fraction q of the steps in which a neuron fires, which intrinsic plasticity aims at, or a
        range from which it is drawn for each neuron; in (0, 1).
    n_epochs : int, default=1
        How often the sequences are gone through.
    max_steps : int, default=5000
        Time steps of each time, after which it ends: sequences are taken at random, each of
        them once, or, where they have weights, with probabilities in proportion to these.

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid.adaptation import Plasticity
    >>> from skliquid.reservoirs import draw_liquid
    >>> X = np.random.default_rng(0).normal(size=(20, 50, 3))
    >>> drawn = draw_liquid(3, 100, input_scaling=2.0, seed=0)
    >>> learned = Plasticity(scaling=0.0).learn(drawn, X, seed=0)
    >>> W, learned_W = drawn.recurrent_weights, learned.recurrent_weights
    >>> bool((W != learned_W).any()), bool((W * learned_W < 0).any())
    (True, False)
    """

    a_plus: float = 0.005
    a_minus: float = 0.00525
    tau_plus: float = 20.0
    tau_minus: float = 20.0
    bounds: str = "hard"
    w_max: float = 1.0
    inhibitory: bool = False
    scaling: float = 1.0
    intrinsic: float = 0.0
    target_rate: Any = (0.05, 0.5)
    n_epochs: int = 1
    max_steps: int = 5000

    def learn(
        self,
        liquid: Liquid,
        X: Any,
        *,
        sample_weight: np.ndarray | None = None,
        seed: int | np.random.Generator | None = None,
    ) -> Liquid:
        """Run over sequences, and return the liquid that comes of it.

        Parameters
        ----------
        liquid : Liquid
            The liquid as drawn.
        X : array-like, list or Sequences
            Sequences of the liquid's channels, as an estimator takes them.
        sample_weight : ndarray of shape (n_samples,) or None, default=None
            Weight of each.
        seed : int, numpy.random.Generator or None, default=None
            Seed of the order of the sequences and of the neurons' rates.

        Returns
        -------
        Liquid
            The same liquid with other recurrent weights and biases.

        Raises
        ------
        ValueError, TypeError
            If a parameter is out of its range or of the wrong type, or if the liquid has
            synapses or neurons that this cannot act on.
        """
        self._check()
        _refuse(liquid)
        rng, sequences = check_seed("seed", seed), as_sequences(X)
        learner = Learner(self, liquid, rng.uniform(*self._rates(), liquid.n_neurons))
        for _ in range(self.n_epochs):
            order = _order(len(sequences), sample_weight, rng)
            for batch in _first_steps(sequences, order, self.max_steps):
                learner.run(batch)
        return learner.liquid()

    def _check(self) -> None:
        for name in ("a_plus", "a_minus", "scaling", "intrinsic"):
            check_real(f"plasticity {name}", getattr(self, name), 0, 1)
        for name in ("tau_plus", "tau_minus"):
            tau = getattr(self, name)
            check_real(f"plasticity {name}", tau, 0, LONGEST_TAU, closed="right")
        check_option("plasticity bounds", self.bounds, ["hard", "soft"])
        check_real("plasticity w_max", self.w_max, 1, LARGEST_BOUND)
        check_bool("plasticity inhibitory", self.inhibitory)
        check_integer("plasticity n_epochs", self.n_epochs, low=1, high=MOST_STEPS)
        check_integer("plasticity max_steps", self.max_steps, low=1, high=2**31)

    def _rates(self) -> tuple[float, float]:
        name, rate = "plasticity target_rate", self.target_rate
        if isinstance(rate, Real):
            return (check_real(name, rate, 0, 1, closed="neither"),) * 2
        return check_pair(name, rate, 0, 1, closed="neither")


def _refuse(liquid: Any) -> None:
    """Say what plasticity cannot act on."""
    if not isinstance(liquid, Liquid):
        raise TypeError(f"liquid must be a Liquid of spiking neurons, got {shown(liquid)}.")
    if type(liquid.synapses) is not Synapses:
        raise ValueError(
            "plasticity must have plain Synapses to act on, got "
            f"{type(liquid.synapses).__name__}; synapse=None draws plain ones."
        )
    if type(liquid.neurons) not in STEPS:
        raise ValueError(
            "plasticity must have neurons that the engine 'numpy' runs, "
            f"{[kind.__name__ for kind in STEPS]}, got {type(liquid.neurons).__name__}."
        )


def _order(n: int, weight: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
    """Sequences in the order in which they come."""
    if weight is None:
        return rng.permutation(n)
    return rng.choice(n, np.count_nonzero(weight), p=weight / weight.sum())


def _first_steps(sequences: Sequences, order: np.ndarray, most: int) -> Iterator[Batch]:
    """Sequences one after the other, up to so many steps."""
    for sample in order:
        if most:
            batch = next(Batch.of(sequences, np.array([sample])).pieces(most))
            most -= int(batch.lengths[0])
            yield batch
