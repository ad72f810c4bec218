"""Every parameter of the estimators, each in one entry (see :mod:`._entries`)."""

# Annotations are kept as objects here, not as strings: the entries are read from them.
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import partial
from numbers import Integral, Real
from typing import Annotated, Any

from sklearn.utils._param_validation import HasMethods, Hidden, Interval, StrOptions

from .._checks import LARGEST_SCALE, MOST_STEPS, MOST_UNITS
from ..adaptation import Plasticity
from ..encoding import ENCODERS
from ..engines import ENGINES
from ..pooling import POOLINGS
from ..pooling._poolings import Pooling
from ..readouts._leaky import LeakyReadoutClassifier
from ..readouts._named import CLASSIFIERS, LEAKY_KINDS, REGRESSORS
from ..readouts._ridge_base import is_made_of_sums
from ..reservoirs.fixed_point import UNIT_EXPONENT
from ..reservoirs.rate_reservoir import CELLS, is_rate_cell
from ..reservoirs.synapses import TOPOLOGIES
from ._entries import Accepts, Acts, Shares


def _named(names: Iterable[str], others: str = "", *constraints: Any) -> Accepts:
    """One of some names, written as numpydoc writes a choice, or what the others accept."""
    options = list(names)
    words = "{" + ", ".join(f'"{name}"' for name in options) + "}" + others
    return Accepts(words, StrOptions(set(options)), *constraints)


def _listed(poolings: Mapping[str, Pooling]) -> str:
    """List what each pooling is, as deep as the text in which it stands."""
    items = [f'- "{name}": {pooling.text}' for name, pooling in poolings.items()]
    wrap = partial(textwrap.fill, width=90, initial_indent=8 * " ", subsequent_indent=10 * " ")
    return (";\n".join(map(wrap, items)) + ".").lstrip()


def is_leaky(readout: Any) -> bool:
    """Tell whether a readout, or its name, takes states over time in place of features."""
    if isinstance(readout, str):
        return readout in LEAKY_KINDS
    return isinstance(readout, LeakyReadoutClassifier)


def _pools(*names: str) -> Acts:
    """One of some poolings is asked for."""

    def when(parameters: Any) -> bool:
        asked = parameters.pooling
        return any(name in ((asked,) if isinstance(asked, str) else asked) for name in names)

    return Acts("pooling", when, " or ".join(f'"{name}"' for name in names) + " in `pooling`")


# What several parameters accept.
Flag = Annotated[bool, Accepts("bool", "boolean")]
Count = Annotated[int, Accepts("int", Interval(Integral, 1, MOST_UNITS, closed="both"))]
CountOrNone = Annotated[
    int | None, Accepts("int", Interval(Integral, 1, None, closed="left"), None)
]
Positive = Annotated[float, Accepts("float", Interval(Real, 0, None, closed="neither"))]
Scale = Annotated[float, Accepts("float", Interval(Real, 0, LARGEST_SCALE, closed="both"))]

# They say how to run, and act at once; the others act at the next fit.
HOW_TO_RUN = "engine", "batch_size", "n_jobs", "verbose"

LEAKY = Acts("cell", lambda p: isinstance(p.cell, str) and p.cell == "lif", '``cell="lif"``')
DECAYING = Acts(
    "cell",
    lambda p: isinstance(p.cell, str) and p.cell in ("lif", "leaky"),
    '``cell="lif"`` or "leaky"',
)
SPIKING = Acts("cell", lambda p: not is_rate_cell(p.cell), "spiking neurons as `cell`")
NAMED_GRAPH = Acts("topology", lambda p: isinstance(p.topology, str), "a named `topology`")
NO_OTHER_DEGREE = Acts(
    "topology_params",
    lambda p: {"p", "k", "m", "lambda_"}.isdisjoint(p.topology_params or {}),
    'none of "p", "k", "m" and ``"lambda_"`` in `topology_params`',
)
RIDGE = Acts(
    "readout",
    lambda p: p.readout == "ridge" if isinstance(p.readout, str) else is_made_of_sums(p.readout),
    '``readout="ridge"``, or a ridge readout with `standardize` and `limit`',
)
POOLED = Acts("readout", lambda p: not is_leaky(p.readout), "a `readout` of pooled features")


@dataclass(eq=False, repr=False)
class ReservoirParameters:
    """Parameters of the reservoir, of its input and of its features."""

    reservoir_size: Annotated[Count, """Number of neurons of the liquid."""] = 1200
    _: KW_ONLY
    connectivity: Annotated[
        float | None,
        Accepts("float", Interval(Real, 0, 1, closed="right"), None),
        NAMED_GRAPH,
        NO_OTHER_DEGREE,
        """Fraction of the possible synapses that exist, in (0, 1]: the connection probability
        of "erdos_renyi"; "small_world" and "scale_free" take the nearest number of
        neighbours and of edges that they can have, and synapses of "spatial" reach as far as
        so many are expected. None is about ten synapses for each neuron that receives any.""",
    ] = None
    recurrent_fraction: Annotated[
        float,
        Accepts("float", Interval(Real, 0, 1, closed="right")),
        NAMED_GRAPH,
        """Fraction of the neurons, chosen at random and at least ten of them, that receive
        synapses from others, in (0, 1]; the rest hear the input alone, as in layered
        circuits [L]_.

        .. [L] Maass, Natschlaeger, Markram. "Fading memory and kernel properties of generic
           cortical microcircuit models", Journal of Physiology Paris 98, 2004.""",
    ] = 0.25
    spectral_radius: Annotated[
        Scale,
        NAMED_GRAPH,
        """Spectral radius of the recurrent weights, non-negative; how strongly the liquid
        echoes. Above 1 its activity tends to be chaotic.""",
    ] = 0.7
    exc_ratio: Annotated[
        float,
        Accepts("float", Interval(Real, 0, 1, closed="both")),
        NAMED_GRAPH,
        """Fraction of excitatory neurons, in [0, 1]; the others are inhibitory (Dale's law).""",
    ] = 0.8
    ei_balance: Annotated[
        float | None,
        Accepts("float", Interval(Real, 0, LARGEST_SCALE, closed="both"), None),
        NAMED_GRAPH,
        Acts("exc_ratio", lambda p: 0 < p.exc_ratio < 1, "`exc_ratio` between 0 and 1"),
        """Total inhibition as a fraction of total excitation, where there are both, 1 being
        balance [B]_. None leaves the weights' magnitudes as drawn.

        .. [B] Brunel. "Dynamics of sparsely connected networks of excitatory and inhibitory
           spiking neurons", Journal of Computational Neuroscience 8, 2000.""",
    ] = 1.0
    beta: Annotated[
        Any,
        Accepts("float or (float, float)", Interval(Real, 0, 1, closed="left"), tuple, list),
        DECAYING,
        Acts("relative_tau", lambda p: p.relative_tau is None, "``relative_tau=None``"),
        """Decay of the membrane potential per time step, or of a leaky unit's activation, in
        [0, 1): ``exp(-1 / tau)`` for a time constant of tau steps. A pair draws each neuron's
        tau log-uniformly between those of the two [P]_; (0.04, 0.82) is 0.3 to 5 steps.

        .. [P] Perez-Nieves, Leung, Dragotti, Goodman. "Neural heterogeneity promotes robust
           learning", Nature Communications 12, 2021.""",
    ] = (0.04, 0.82)
    relative_tau: Annotated[
        Any,
        Accepts(
            "float or (float, float)",
            Interval(Real, 0, LARGEST_SCALE, closed="right"),
            tuple,
            list,
            None,
        ),
        DECAYING,
        """The time constant, or a range of it, as a fraction of the median length of the
        training sequences.""",
    ] = None
    threshold: Annotated[
        float,
        Accepts("float", Interval(Real, 2.0**-UNIT_EXPONENT, LARGEST_SCALE, closed="both")),
        LEAKY,
        """Membrane potential above which a neuron fires; positive.""",
    ] = 1.0
    adaptation: Annotated[
        Scale,
        LEAKY,
        """Spike-frequency adaptation [A]_: each spike raises its neuron's threshold by this
        much, in units of potential; non-negative.

        .. [A] Bellec, Salaj, Subramoney, Legenstein, Maass. "Long short-term memory and
           learning-to-learn in networks of spiking neurons", NeurIPS 2018.""",
    ] = 0.0
    tau_adaptation: Annotated[
        Positive,
        LEAKY,
        Acts("adaptation", lambda p: p.adaptation > 0, "`adaptation` above 0"),
        """Time constant in steps with which a raised threshold falls back; positive.""",
    ] = 20.0
    refractory: Annotated[
        int,
        Accepts("int", Interval(Integral, 0, None, closed="left")),
        LEAKY,
        """Time steps after a spike in which the neuron cannot fire.""",
    ] = 0
    topology: Annotated[
        Any,
        _named(
            TOPOLOGIES, ", callable or array-like", callable, "array-like", Hidden("sparse matrix")
        ),
        """Name of a random graph of :mod:`skliquid.topology`; or a function ``(n, rng)`` that
        returns recurrent weights, or these and positions of shape (reservoir_size, 3); or
        recurrent weights of shape (reservoir_size, reservoir_size), where ``W[i, j]`` is the
        synapse from j to i.""",
    ] = "erdos_renyi"
    topology_params: Annotated[
        dict[str, Any] | None,
        Accepts("dict", dict, None),
        """Further arguments of the named random graph, such as ``{"p_rewire": 0.3}`` or
        ``{"shape": (3, 3, 15), "lambda_": 2.0}``.""",
    ] = None
    cell: Annotated[
        Any,
        _named(CELLS, " or model", HasMethods(["get_params", "draw"])),
        """What the reservoir is made of: leaky integrate-and-fire neurons; spiking neurons of
        another :class:`~skliquid.reservoirs.NeuronModel`, whose parameters a search reaches
        as ``cell__name``; or the units of an untrained recurrent cell (see
        :class:`~skliquid.reservoirs.RateReservoir`), "vanilla" being the echo state network
        [J]_, and "leaky" that of leaky integrator units. Each gate of such a cell has weights
        of its own, drawn like those of the liquid; `input_scaling` and `target_rate` are then
        the deviation of a gate's drive and how often that is above zero.

        .. [J] Jaeger. "The echo state approach to analysing and training recurrent neural
           networks", GMD Report 148, 2001.""",
    ] = "lif"
    synapse: Annotated[
        Any,
        Accepts("SynapseModel or None", HasMethods(["get_params", "draw"]), None),
        SPIKING,
        """What a spike does to the neurons that it reaches: a
        :class:`~skliquid.reservoirs.SynapseModel` of synaptic currents, delays and short-term
        plasticity [S]_, whose parameters a search reaches as ``synapse__name``. None acts with
        its whole weight in the next step, and in no other.

        .. [S] Markram, Wang, Tsodyks. "Differential signaling via the same axon of neocortical
           pyramidal neurons", PNAS 95(9), 1998.""",
    ] = None
    plasticity: Annotated[
        Plasticity | None,
        Accepts("Plasticity or None", Plasticity, None),
        """What the liquid's recurrent weights and biases learn of the training sequences, without
        labels: a :class:`~skliquid.adaptation.Plasticity` of spike-timing-dependent plasticity
        [H]_, synaptic scaling and intrinsic plasticity, whose parameters a search reaches as
        ``plasticity__name``. What was learned stays as it is after `fit`. It needs spiking neurons
        and ``synapse=None``.

        .. [H] Song, Miller, Abbott. "Competitive Hebbian learning through
           spike-timing-dependent synaptic plasticity", Nature Neuroscience 3, 2000.""",
    ] = None
    missing: Annotated[
        str,
        _named(["error", "hold", "linear"]),
        """What is done with missing values, which are NaN: they are an error; or a channel holds
        its last value [C]_, and before the first one its mean over the training frames; or a
        line is drawn from the value before a gap to the one after it, and the first and the last
        value are held. "linear" is the more accurate of the two as a rule, and "hold" needs no
        later frames, so that streams can have it. What `fit` learns it learns of values that are
        not missing. After the end of a sequence in an array, frames that are NaN in every channel
        are not missing but padding.

        .. [C] Che, Purushotham, Cho, Sontag, Liu. "Recurrent neural networks for multivariate
           time series with missing values", Scientific Reports 8, 2018.""",
    ] = "error"
    encoder: Annotated[
        Any,
        _named(ENCODERS, ", encoder or None", HasMethods(["fit", "transform"]), None),
        """What turns the input into the liquid's input: an encoder of
        :mod:`skliquid.encoding`, or its name; or any transformer from a list of arrays to such a
        list. None and "current" take the input as a current, the default one in which
        extreme values are compressed.""",
    ] = "compression"
    scale_channels: Annotated[
        bool | str,
        Accepts('bool or "common"', "boolean", StrOptions({"common"})),
        """How channels are standardised, all by their mean over the training frames: True, each
        by its own standard deviation; "common", all by the mean of these, so that strong
        channels stay the stronger ones, but none becomes weaker than a sixteenth. Without,
        input is taken in steps of ``2**-14`` and saturates beyond +-512.""",
    ] = "common"
    derivative: Annotated[
        bool | float,
        Accepts("bool or float", "boolean", Interval(Real, 0, 1, closed="left")),
        """Whether the difference of each frame to the one before, scaled to the same standard
        deviation, makes further channels [K]_: True, for every neuron; a number, in [0, 1), for
        this share of the neurons, which hear these in place of the others.

        .. [K] Keogh, Pazzani. "Derivative dynamic time warping", SIAM International Conference
           on Data Mining, 2001.""",
    ] = 0.2
    input_scaling: Annotated[
        Scale,
        """With `target_rate`, standard deviation of each neuron's membrane potential over the
        training frames, without spikes and recurrence, in thresholds. Without, root of the
        sum of the variances of a neuron's input weights, which are normal; non-negative.""",
    ] = 2.0
    n_delays: Annotated[
        Count,
        """Input synapses of a neuron on each of its channels, at delays 0, d, 2 d and so on
        with weights that sum to zero [D]_; each neuron draws its d. 1 is no delay.

        .. [D] Buonomano, Maass. "State-dependent computations: spatiotemporal processing in
           cortical networks", Nature Reviews Neuroscience 10, 2009.""",
    ] = 5
    max_delay: Annotated[
        int | str,
        Accepts("int or str", Interval(Integral, 0, MOST_STEPS, closed="both"), Shares()),
        Acts("n_delays", lambda p: p.n_delays > 1, "`n_delays` above 1"),
        """Longest delay: an int in time steps, at most ``2**20``; or a text such as "25%", a
        share of the median length of the training sequences, which may be above "100%". It is
        never less than a step between taps.""",
    ] = "100%"
    max_channels: Annotated[
        CountOrNone,
        """Each neuron listens to a random choice of channels, of a size drawn log-uniformly
        from 1 to this; None is all channels for each.""",
    ] = 9
    target_rate: Annotated[
        Any,
        Accepts(
            "float or (float, float)", Interval(Real, 0, 1, closed="neither"), tuple, list, None
        ),
        """Homeostasis [T]_: each neuron's bias is set, from the training sequences without
        labels, so that its membrane potential without spikes and recurrence is above the
        threshold this fraction of the time, or one drawn for each neuron from this range;
        in (0, 1). None leaves the biases at zero.

        .. [T] Triesch. "A gradient rule for the plasticity of a neuron's intrinsic
           excitability", ICANN 2005.""",
    ] = (0.05, 0.8)
    bidirectional: Annotated[
        Flag,
        """Whether the liquid also runs over each sequence reversed in time [R]_, which doubles
        the features.

        .. [R] Schuster, Paliwal. "Bidirectional recurrent neural networks", IEEE Transactions
           on Signal Processing 45, 1997.""",
    ] = False
    n_liquids: Annotated[
        Count,
        """Number of independent liquids, each of `reservoir_size` neurons.""",
    ] = 1
    pooling: Annotated[
        Any,
        Accepts("str or list of str", str, list, tuple),
        POOLED,
        f"""What is kept of a sequence's spikes and potentials, one or several of

        {_listed(POOLINGS)}

        A rate cell's activation takes the place of both the spike and the membrane
        potential, and being above zero that of firing, also as the spike of "last".

        .. [M] Bianchi, Scardapane, Lokse, Jenssen. "Reservoir computing approaches for
           representation and classification of multivariate time series", IEEE Transactions on
           Neural Networks and Learning Systems 32(5), 2021.

        .. [W] Maass. "On the computational power of winner-take-all", Neural Computation 12(11),
           2000. Of random convolutional kernels: Dempster, Schmidt, Webb. "Hydra: competing
           convolutional kernels for fast and accurate time series classification", Data Mining
           and Knowledge Discovery 37, 2023.

        .. [E] Esteller, Echauz, Tcheng, Litt, Pless. "Line length: an efficient feature for
           seizure onset detection", IEEE EMBS, 2001.""",
    ] = (
        "counts",
        "longest_burst",
        "longest_pause",
        "wins",
        "line_length",
        "rectified",
        "moments",
    )
    n_windows: Annotated[
        Any,
        Accepts("int or list of int", Interval(Integral, 1, None, closed="left"), tuple, list),
        POOLED,
        _pools(*(name for name, pooling in POOLINGS.items() if pooling.is_windowed)),
        """Number of windows of "counts", "potentials" and "model_space" (at least 3); several
        numbers are windows at several scales, of which "model_space" takes the last.""",
    ] = 1
    tau_trace: Annotated[
        Positive,
        POOLED,
        _pools("trace"),
        """Time constant of "trace" in time steps; positive.""",
    ] = 5.0
    engine: Annotated[
        str,
        _named(["auto", *ENGINES]),
        SPIKING,
        """What runs the liquid; every engine gives the same spikes. "auto" is "mlx" where MLX
        has a GPU, else "numba"; "numpy" takes the place of "numba" where NUMBA_DISABLE_JIT is
        set.""",
    ] = "auto"
    batch_size: Annotated[
        CountOrNone,
        POOLED,
        """Number of sequences that run side by side; None chooses it by a budget of memory. It
        does not change the features.""",
    ] = None
    n_jobs: Annotated[
        int | None,
        Accepts(
            "int",
            Interval(Integral, 1, None, closed="left"),
            Interval(Integral, None, -1, closed="right"),
            None,
        ),
        SPIKING,
        Acts("engine", lambda p: p.engine in ("auto", "numba"), '``engine="numba"`` or "auto"'),
        """Number of threads of the "numba" engine; None is 1 unless a
        :func:`joblib.parallel_config` says otherwise, -1 is all cores.""",
    ] = None
    verbose: Annotated[
        bool | int,
        Accepts("bool or int", "verbose"),
        """Whether to print about once a second how many of the sequences were run.""",
    ] = False
    random_state: Annotated[
        Any,
        Accepts("int, RandomState instance or None", "random_state"),
        """Seed of the liquid's weights; an int gives the same liquid at every fit.""",
    ] = None


@dataclass(eq=False, repr=False, kw_only=True)
class RecorderParameters(ReservoirParameters):
    """Parameters of a reservoir whose states are recorded."""

    trainer: Annotated[
        LeakyReadoutClassifier | None,
        Accepts("LeakyReadoutClassifier", LeakyReadoutClassifier, None),
        """If given, the liquid is trained for a readout with these parameters.""",
    ] = None


@dataclass(eq=False, repr=False, kw_only=True)
class LSMParameters(ReservoirParameters):
    """Parameters of a reservoir with a readout."""

    readout: Any = "ridge"  # what else it accepts differs between classes and numbers
    memory: Annotated[
        Any,
        Accepts(
            "str or object with the joblib.Memory interface", str, HasMethods(["cache"]), None
        ),
        """Where to cache the features, as in :class:`~sklearn.pipeline.Pipeline`, so that a
        search over the readout alone runs the liquid once.""",
    ] = None


@dataclass(eq=False, repr=False, kw_only=True)
class RegressorParameters(LSMParameters):
    """Parameters of a reservoir with a readout that predicts numbers."""

    # Numbers often tell of the end of a sequence, which sums over all of it blur.
    pooling: ReservoirParameters.__annotations__["pooling"] = (  # type: ignore[name-defined, valid-type]
        *ReservoirParameters.pooling,
        "trace",
    )
    readout: Annotated[
        Any,
        _named(REGRESSORS, " or estimator", HasMethods(["fit"])),
        """What is trained: "ridge" is :class:`~skliquid.RidgeReadoutRegressor`, its penalty
        chosen by leave-one-out, in which identical samples count as one, with
        ``standardize="auto"``; "mlp" is
        :class:`~sklearn.neural_network.MLPRegressor`; any regressor of scikit-learn is
        cloned and fitted.""",
    ] = LSMParameters.readout


@dataclass(eq=False, repr=False, kw_only=True)
class ClassifierParameters(LSMParameters):
    """Parameters of a reservoir with a readout that predicts classes."""

    readout: Annotated[
        Any,
        _named(CLASSIFIERS, " or estimator", HasMethods(["fit"])),
        """What is trained: "ridge" is :class:`~skliquid.RidgeReadoutClassifier`, its
        penalty chosen by leave-one-out, in which identical samples count as one, with
        ``standardize="auto"`` and ``unmask=True``; "mlp" is
        :class:`~sklearn.neural_network.MLPClassifier`; any classifier of scikit-learn is
        cloned and fitted. "leaky_rate" and "leaky_spike" are the two kinds of
        :class:`~skliquid.LeakyReadoutClassifier`, which act on the spikes themselves and can be
        read after every frame; there are no pooled features then, and all spikes of the training
        sequences are held, a bit each. An instance of it sets its parameters.""",
    ] = LSMParameters.readout
    class_weight: Annotated[
        Any,
        Accepts('dict or "balanced"', dict, StrOptions({"balanced"}), None),
        """Weights of the classes in the readout, which must take sample weights; 1 where a
        class has none. "balanced" makes the total weights of the classes equal.""",
    ] = None
    n_shifts: Annotated[
        int | str,
        Accepts('int or "auto"', Interval(Integral, 0, None, closed="left"), StrOptions({"auto"})),
        RIDGE,
        """Number of shifts to either side, by equal steps up to a twentieth of its length, of
        which each sequence has copies from which the readout learns in `fit` not to mind when
        something begins [U]_; the frame at the end that is left is repeated. A sequence and its
        copies have its weight together, and are left out together where the penalty is chosen.
        "auto" is 2 for up to 150 sequences, 1 for up to 300 and 0 for more, less where all copies
        together had more than 500,000 frames, and 0 where the longest sequence has less than 40.
        Sequences in parts have no copies.

        .. [U] Simard, Steinkraus, Platt. "Best practices for convolutional neural networks applied
           to visual document analysis", ICDAR, 2003.""",
    ] = "auto"
    train_reservoir: Annotated[
        Flag,
        """Whether the liquid's weights and biases are trained too, by back-propagation through
        time with a surrogate derivative [N]_, from the liquid as drawn; synapses keep their
        places and their signs. It needs a leaky readout, whose parameters also set how long
        is trained, and ``cell="lif"``. The readout is then trained anew on the result. Time
        and memory grow with the square of `reservoir_size`: this is for small liquids.

        .. [N] Neftci, Mostafa, Zenke. "Surrogate gradient learning in spiking neural
           networks", IEEE Signal Processing Magazine 36(6), 2019.""",
    ] = False
