"""The parameters that the estimators share."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

from sklearn.utils._param_validation import HasMethods, Hidden, Interval, StrOptions

from ..encoding import ENCODERS
from ..engines import ENGINES
from ..reservoirs.liquid import TOPOLOGIES
from ..reservoirs.rate_reservoir import CELLS

RESERVOIR_CONSTRAINTS: dict[str, list[Any]] = {
    "reservoir_size": [Interval(Integral, 1, None, closed="left")],
    "connectivity": [Interval(Real, 0, 1, closed="right"), None],
    "recurrent_fraction": [Interval(Real, 0, 1, closed="right")],
    "spectral_radius": [Interval(Real, 0, 1e6, closed="both")],
    "exc_ratio": [Interval(Real, 0, 1, closed="both")],
    "ei_balance": [Interval(Real, 0, 1e6, closed="both"), None],
    "beta": [Interval(Real, 0, 1, closed="left"), tuple, list],
    "relative_tau": [Interval(Real, 0, 1e6, closed="right"), tuple, list, None],
    "threshold": [Interval(Real, 2.0**-20, 1e6, closed="both")],
    "adaptation": [Interval(Real, 0, 1e6, closed="both")],
    "tau_adaptation": [Interval(Real, 0, None, closed="neither")],
    "refractory": [Interval(Integral, 0, None, closed="left")],
    "topology": [StrOptions(set(TOPOLOGIES)), callable, "array-like", Hidden("sparse matrix")],
    "topology_params": [dict, None],
    "cell": [StrOptions(set(CELLS))],
    "encoder": [StrOptions(set(ENCODERS)), HasMethods(["fit", "transform"]), None],
    "scale_channels": ["boolean", StrOptions({"common"})],
    "derivative": ["boolean"],
    "input_scaling": [Interval(Real, 0, 1e6, closed="both")],
    "n_delays": [Interval(Integral, 1, None, closed="left")],
    "max_delay": [Interval(Real, 0, None, closed="left")],
    "max_channels": [Interval(Integral, 1, None, closed="left"), None],
    "target_rate": [Interval(Real, 0, 1, closed="neither"), tuple, list, None],
    "bidirectional": ["boolean"],
    "n_liquids": [Interval(Integral, 1, None, closed="left")],
    "pooling": [str, list, tuple],
    "n_windows": [Interval(Integral, 1, None, closed="left"), tuple, list],
    "tau_trace": [Interval(Real, 0, None, closed="neither")],
    "engine": [StrOptions({"auto", *ENGINES})],
    "batch_size": [Interval(Integral, 1, None, closed="left"), None],
    "n_jobs": [Integral, None],
    "random_state": ["random_state"],
}

RESERVOIR_DOC = """reservoir_size : int, default=1500
        Number of neurons of the liquid.
    connectivity : float, default=None
        Fraction of the possible synapses that exist, in (0, 1]: the connection probability
        of "erdos_renyi"; "small_world" and "scale_free" take the nearest number of
        neighbours and of edges that they can have. None is about ten synapses for each
        neuron that receives any.
    recurrent_fraction : float, default=0.25
        Fraction of the neurons, chosen at random and at least ten of them, that receive
        synapses from others, in (0, 1]; the rest hear the input alone, as in layered
        circuits [L]_.
    spectral_radius : float, default=1.0
        Spectral radius of the recurrent weights, non-negative; how strongly the liquid
        echoes. Above 1 its activity tends to be chaotic.
    exc_ratio : float, default=0.8
        Fraction of excitatory neurons, in [0, 1]; the others are inhibitory (Dale's law).
    ei_balance : float, default=1.0
        Total inhibition as a fraction of total excitation, where there are both, 1 being
        balance [B]_. None leaves the weights' magnitudes as drawn.
    beta : float or (float, float), default=(0.04, 0.82)
        Decay of the membrane potential per time step, in [0, 1): ``exp(-1 / tau)`` for a
        time constant of tau steps. A pair draws each neuron's tau log-uniformly between
        those of the two [P]_; the default is 0.3 to 5 steps.
    relative_tau : float or (float, float), default=None
        The time constant, or a range of it, as a fraction of the median length of the
        training sequences. If given, `beta` does not act.
    threshold : float, default=1.0
        Membrane potential above which a neuron fires; positive.
    adaptation : float, default=0.0
        Spike-frequency adaptation [A]_: each spike raises its neuron's threshold by this
        much, in units of potential; non-negative.
    tau_adaptation : float, default=20.0
        Time constant in steps with which a raised threshold falls back; positive.
    refractory : int, default=0
        Time steps after a spike in which the neuron cannot fire.
    topology : {"erdos_renyi", "small_world", "scale_free"}, callable or array-like, \
            default="erdos_renyi"
        Name of a random graph of :mod:`skliquid.topology`; or a function ``(n, rng)`` that
        returns recurrent weights; or recurrent weights of shape (reservoir_size,
        reservoir_size), where ``W[i, j]`` is the synapse from j to i. On weights that are
        given, `connectivity`, `recurrent_fraction`, `spectral_radius`, `exc_ratio` and
        `ei_balance` do not act.
    topology_params : dict, default=None
        Further arguments of the named random graph, such as ``{"p_rewire": 0.3}``.
    cell : {"lif", "vanilla", "gru", "mgu", "lstm"}, default="lif"
        What the reservoir is made of: spiking neurons, or the units of an untrained recurrent
        cell (see :class:`~skliquid.reservoirs.RateReservoir`), "vanilla" being the echo state
        network [J]_. Each gate of a cell has weights of its own, drawn like those of the
        liquid. On
        a rate cell `beta`, `relative_tau`, `threshold`, `adaptation`, `tau_adaptation`,
        `refractory` and `engine` do not act; `input_scaling` and `target_rate` are the
        deviation of a gate's drive and how often that is above zero.
    encoder : str, encoder or None, default="compression"
        What turns the input into the liquid's input: an encoder of
        :mod:`skliquid.encoding`, or its name, one of "current", "compression", "population",
        "delta", "latency", "rate" and "bsa"; or any transformer from a list of arrays to such
        a list. None and "current" take the input as a current, the default one in which
        extreme values are compressed.
    scale_channels : bool or "common", default="common"
        How channels are standardised, all by their mean over the training frames: True, each
        by its own standard deviation; "common", all by the mean of these, so that strong
        channels stay the stronger ones, but none becomes weaker than a sixteenth. Without,
        input is taken in steps of ``2**-14`` and saturates beyond +-512.
    derivative : bool, default=False
        Whether the difference of each frame to the one before, scaled to the same standard
        deviation, makes further channels.
    input_scaling : float, default=2.0
        With `target_rate`, standard deviation of each neuron's membrane potential over the
        training frames, without spikes and recurrence, in thresholds. Without, root of the
        sum of the variances of a neuron's input weights, which are normal; non-negative.
    n_delays : int, default=5
        Input synapses of a neuron on each of its channels, at delays 0, d, 2 d and so on
        with weights that sum to zero [D]_; each neuron draws its d. 1 is no delay.
    max_delay : int or float, default=1.0
        Longest delay: an int in time steps, at most ``2**20``; a float as a fraction of the
        median length of the training sequences. It is never less than a step between taps.
    max_channels : int, default=9
        Each neuron listens to a random choice of channels, of a size drawn log-uniformly
        from 1 to this; None is all channels for each.
    target_rate : float or (float, float), default=(0.05, 0.5)
        Homeostasis [T]_: each neuron's bias is set, from the training sequences without
        labels, so that its membrane potential without spikes and recurrence is above the
        threshold this fraction of the time, or one drawn for each neuron from this range;
        in (0, 1). None leaves the biases at zero.
    bidirectional : bool, default=False
        Whether the liquid also runs over each sequence reversed in time [R]_, which doubles
        the features.
    n_liquids : int, default=1
        Number of independent liquids, each of `reservoir_size` neurons.
    pooling : str or list of str, \
            default=("counts", "bursts", "longest_burst", "rectified")
        What is kept of a sequence's spikes and potentials, one or several of

        - "rate": mean firing rate of each neuron, in spikes per step;
        - "counts": spikes in each of `n_windows` equal windows of the sequence;
        - "bursts": number of runs of steps in each of which the neuron fires;
        - "longest_burst": steps of the longest such run;
        - "first_spike": time of the first spike as a fraction of the sequence, 1 if none;
        - "rectified": mean of the positive part of the membrane potential;
        - "membrane": mean membrane potential;
        - "potentials": mean membrane potential in each window;
        - "trace": exponentially filtered spikes after the last step;
        - "last": membrane potential and spikes of the last step;
        - "model_space": coefficients of a linear model that predicts the next window's
          spikes [M]_.

        A rate cell's activation takes the place of both the spike and the membrane
        potential, and being above zero that of firing, also as the spike of "last".
    n_windows : int or list of int, default=1
        Number of windows of "counts", "potentials" and "model_space" (at least 3); several
        numbers are windows at several scales, of which "model_space" takes the last.
    tau_trace : float, default=5.0
        Time constant of "trace" in time steps; positive.
    engine : {"auto", "numba", "numpy", "mlx"}, default="auto"
        What runs the liquid; every engine gives the same spikes. "auto" is "mlx" where MLX
        has a GPU, else "numba".
    batch_size : int, default=None
        Number of sequences that run side by side; None chooses it by a budget of memory. It
        does not change the features.
    n_jobs : int, default=None
        Number of threads of the "numba" engine; None is 1 unless a
        :func:`joblib.parallel_config` says otherwise, -1 is all cores.
    random_state : int, RandomState instance or None, default=None
        Seed of the liquid's weights; an int gives the same liquid at every fit."""

RESERVOIR_REFERENCES = """.. [A] Bellec, Salaj, Subramoney, Legenstein, Maass. "Long short-term
       memory and learning-to-learn in networks of spiking neurons", NeurIPS 2018.
    .. [B] Brunel. "Dynamics of sparsely connected networks of excitatory and inhibitory
       spiking neurons", Journal of Computational Neuroscience 8, 2000.
    .. [D] Buonomano, Maass. "State-dependent computations: spatiotemporal processing in
       cortical networks", Nature Reviews Neuroscience 10, 2009.
    .. [J] Jaeger. "The echo state approach to analysing and training recurrent neural
       networks", GMD Report 148, 2001.
    .. [L] Maass, Natschlaeger, Markram. "Fading memory and kernel properties of generic
       cortical microcircuit models", Journal of Physiology Paris 98, 2004.
    .. [M] Bianchi, Scardapane, Lokse, Jenssen. "Reservoir computing approaches for
       representation and classification of multivariate time series", IEEE Transactions on
       Neural Networks and Learning Systems 32(5), 2021.
    .. [P] Perez-Nieves, Leung, Dragotti, Goodman. "Neural heterogeneity promotes robust
       learning", Nature Communications 12, 2021.
    .. [R] Schuster, Paliwal. "Bidirectional recurrent neural networks", IEEE Transactions on
       Signal Processing 45, 1997.
    .. [T] Triesch. "A gradient rule for the plasticity of a neuron's intrinsic excitability",
       ICANN 2005."""


def documented(cls: type) -> type:
    """Put the reservoir's parameters into the docstring of an estimator class."""
    if cls.__doc__:  # python -OO has none
        doc = cls.__doc__.replace("{reservoir_doc}", RESERVOIR_DOC)
        cls.__doc__ = doc.replace("{reservoir_references}", RESERVOIR_REFERENCES)
    return cls
