"""Parameters of the estimators that predict after every step, each in one entry."""

# Annotations are kept as objects here, not as strings: the entries are read from them.
from dataclasses import dataclass
from numbers import Integral
from typing import Annotated, Any

from sklearn.utils._param_validation import Interval

from .._checks import MOST_STEPS
from ._entries import Accepts, Shares, parameters_of
from ._parameters import Positive, ReservoirParameters

# What a readout may be given after every step.
STEP_FEATURES = {
    "potentials": "membrane potentials, or the activations of a rate cell",
    "squares": "their squares [Q]_",
    "spikes": "spikes, of spiking neurons alone",
    "trace": "exponentially filtered spikes, with the time constant `tau_trace`",
    "input": "the frame itself",
}
OF_SPIKES = {"spikes", "trace"}
_LISTED = ";\n".join(f'        - "{name}": {text}' for name, text in STEP_FEATURES.items())

# What acts on pooled features alone, or is only known once a sequence has ended.
_POOLED = {"pooling", "n_windows", "tau_trace", "bidirectional", "batch_size", "n_jobs", "verbose"}

_Reservoir: Any = parameters_of(
    ReservoirParameters,
    without=_POOLED | {"missing"},
    reservoir_size=500,
    recurrent_fraction=1.0,
    spectral_radius=0.9,
    exc_ratio=0.5,
    beta=(0.04, 0.2),
    cell="leaky",
    encoder=None,
    derivative=False,
    input_scaling=0.1,
    n_delays=1,
    max_channels=None,
    scale_channels=True,
    target_rate=(0.05, 0.95),
)


@dataclass(eq=False, repr=False, kw_only=True)
class SequenceParameters(_Reservoir):
    """Parameters of a reservoir that is read after every step."""

    features: Annotated[
        Any,
        Accepts("str or list of str", str, list, tuple),
        f"""What the readout is given after every step, one or several of

{_LISTED}.

        .. [Q] Lu, Pathak, Hunt, Girvan, Brockett, Ott. "Reservoir observers: model-free
           inference of unmeasured variables in chaotic systems", Chaos 27(4), 2017.""",
    ] = ("potentials", "squares", "input")
    tau_trace: Annotated[Positive, """Time constant of "trace" in time steps; positive."""] = 5.0
    washout: Annotated[
        Any,
        Accepts("int or str", Interval(Integral, 0, MOST_STEPS, closed="both"), Shares()),
        """First steps of each sequence that are not trained on, since the reservoir still
        forgets that it was at rest: an int; or a text such as "10%", a share of the median
        length of the training sequences.""",
    ] = "10%"
    alphas: Annotated[
        Any,
        Accepts("array-like of float", "array-like"),
        """Penalties of the ridge readout among which `fit` chooses, all positive.""",
    ] = tuple(10.0**k for k in range(-10, 3))
