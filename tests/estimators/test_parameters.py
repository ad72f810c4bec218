"""Each parameter comes from one entry, and says when it does not act."""

import pickle
import re
import reprlib
import subprocess
import sys
import warnings
from dataclasses import dataclass, fields
from inspect import getdoc, signature
from numbers import Real
from typing import Annotated, Any

import numpy as np
import pytest
from dask.base import tokenize
from numpydoc.docscrape import FunctionDoc
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV
from sklearn.utils._param_validation import Interval, StrOptions

from skliquid import LeakyReadoutClassifier, LiquidTransformer, LSMClassifier, LSMRegressor
from skliquid.estimators._entries import Accepts, Acts, entries, parametrized
from skliquid.estimators._parameters import ClassifierParameters, ReservoirParameters
from skliquid.estimators._recorder import LiquidRecorder
from skliquid.reservoirs import SynapseModel

PUBLIC = [LiquidTransformer, LSMClassifier, LSMRegressor]
ESTIMATORS = [*PUBLIC, LiquidRecorder]
X = np.random.default_rng(0).normal(size=(8, 12, 2)).astype(np.float32)
Y = [0, 1] * 4


def ring(n, rng):
    return np.roll(np.eye(n), 1, axis=0) * 0.5


@dataclass(eq=False, repr=False, kw_only=True)
class ToyParameters:
    mode: Annotated[
        Any,
        Accepts('{"a", "b"}', StrOptions({"a", "b"})),
        """Which of the two.""",
    ] = "a"
    gain: Annotated[
        float,
        Accepts("float", Interval(Real, 0, 1, closed="both")),
        Acts("mode", lambda p: p.mode == "b", '``mode="b"``'),
        Acts("absent", lambda p: False, "what this estimator has not"),
        """How strongly,
        in two lines [K]_.

        .. [K] Kirchhoff. "On currents",
           Annalen 1845.""",
    ] = 0.5


@parametrized
class Toy(ToyParameters, BaseEstimator):
    """Do nothing.

    Parameters
    ----------
    {parameters}

    References
    ----------
    {references}
    """


def test_all_of_an_estimator_comes_from_the_entry():
    assert str(signature(Toy)) == "(*, mode: Any = 'a', gain: float = 0.5) -> None"
    assert list(Toy._parameter_constraints) == ["mode", "gain"]
    assert getdoc(Toy).splitlines() == [
        "Do nothing.",
        "",
        "Parameters",
        "----------",
        'mode : {"a", "b"}, default="a"',
        "    Which of the two.",
        "gain : float, default=0.5",
        "    How strongly,",
        "    in two lines [K]_.",
        '    It acts only with ``mode="b"``.',
        "",
        "References",
        "----------",
        '.. [K] Kirchhoff. "On currents", Annalen 1845.',
    ]


@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_signature_constraints_and_documentation_agree(Estimator):
    parameters = signature(Estimator).parameters
    assert sorted(parameters) == Estimator._get_param_names()
    assert list(parameters) == list(Estimator._parameter_constraints)
    documented = FunctionDoc(None, doc=getdoc(Estimator))["Parameters"]
    assert [item.name for item in documented] == list(parameters)
    for item in documented:
        default = repr(parameters[item.name].default).replace("'", '"')
        assert item.type.endswith(f", default={default}")
        assert " ".join(item.desc).strip()


@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_signature_shows_types_and_no_more(Estimator):
    assert "Accepts" not in str(signature(Estimator))
    assert signature(Estimator).parameters["connectivity"].annotation == float | None


@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_defaults_are_those_of_the_reservoir_and_are_accepted(Estimator):
    estimator = Estimator()
    estimator._validate_params()
    for field in fields(ReservoirParameters):
        if field.name != "pooling" or Estimator is not LSMRegressor:
            assert getattr(estimator, field.name) is field.default


def test_conditions_are_on_parameters_that_there_are():
    """One on a parameter that an estimator lacks holds there: a slip would go unnoticed."""
    own = fields(ClassifierParameters)
    conditions = [part for field in own for part in field.type.__metadata__]
    conditions = [part for part in conditions if isinstance(part, Acts)]
    assert len(conditions) >= 20
    assert {condition.by for condition in conditions} <= {field.name for field in own}


@pytest.mark.parametrize("Estimator", PUBLIC)
def test_every_source_is_cited_and_every_citation_has_its_source(Estimator):
    for entry in entries(Estimator):
        cited = set(re.findall(r"\[[A-Z]\](?=_)", entry.text))
        assert cited == {source[:3] for source in entry.sources}
    labels = [source[:3] for entry in entries(Estimator) for source in entry.sources]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_size_alone_is_positional_and_a_wrong_name_is_an_error(Estimator):
    assert Estimator(77).reservoir_size == 77
    with pytest.raises(TypeError, match="positional"):
        Estimator(77, 0.5)
    with pytest.raises(TypeError, match="spectral_radios"):
        Estimator(spectral_radios=1.0)


@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_clone_parameters_and_pickle(Estimator):
    estimator = Estimator(30, beta=(0.1, 0.5), encoder=None, n_windows=[1, 2])
    for copy in (clone(estimator), pickle.loads(pickle.dumps(estimator))):
        assert copy.get_params() == estimator.get_params()
        assert copy != estimator  # estimators are compared by identity
    assert repr(estimator).startswith(f"{Estimator.__name__}(beta=(0.1, 0.5), encoder=None")


def test_dask_tells_fitted_estimators_apart():
    """Of a dataclass it would look at the parameters alone."""
    one, other = (LiquidTransformer(20, random_state=0).fit(x) for x in (X, 2 * X + 1))
    assert tokenize(one) != tokenize(other)
    assert tokenize(one) == tokenize(LiquidTransformer(20, random_state=0).fit(X))


def test_without_docstrings():
    code = "from skliquid import LSMClassifier as C; print(C.__doc__, C(5).get_params()['cell'])"
    command = [sys.executable, "-OO", "-c", code]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert out.split() == ["None", "lif"]


SPIKING = ["beta", "relative_tau", "threshold", "adaptation", "refractory", "engine", "n_jobs"]
SPIKING += ["synapse"]
VALUES = {
    **{"beta": 0.5, "relative_tau": 0.1, "threshold": 0.9, "adaptation": 0.2, "refractory": 1},
    **{"engine": "numpy", "n_jobs": 1, "tau_adaptation": 3.0, "synapse": SynapseModel()},
    **{"connectivity": 0.5, "recurrent_fraction": 1.0, "spectral_radius": 0.8},
    **{"exc_ratio": 0.5, "ei_balance": None},
}
GRAPH = ["connectivity", "recurrent_fraction", "spectral_radius", "exc_ratio", "ei_balance"]
IDLE = [
    *(({name: VALUES[name], "cell": "gru"}, name, "cell='gru'") for name in SPIKING),
    *(({name: VALUES[name], "topology": ring}, name, "topology=<func") for name in GRAPH),
    ({"connectivity": 0.5, "topology": np.eye(20)}, "connectivity", "topology=array([["),
    (
        {"connectivity": 0.5, "topology": "small_world", "topology_params": {"k": 4}},
        "connectivity",
        "topology_params={'k': 4}",
    ),
    (
        {"connectivity": 0.5, "topology": "spatial", "topology_params": {"lambda_": 2.0}},
        "connectivity",
        "topology_params={'lambda_': 2.0}",
    ),
    ({"ei_balance": 0.5, "exc_ratio": 1.0}, "ei_balance", "exc_ratio=1.0"),
    ({"beta": 0.5, "relative_tau": 0.1}, "beta", "relative_tau=0.1"),
    ({"beta": [0.04, 0.5], "relative_tau": 0.1}, "beta", "relative_tau=0.1"),
    ({"tau_adaptation": 3.0}, "tau_adaptation", "adaptation=0.0"),
    ({"max_delay": 3, "n_delays": 1}, "max_delay", "n_delays=1"),
    ({"n_windows": 2, "pooling": ["rate", "trace"]}, "n_windows", "pooling=['rate', 'trace']"),
    ({"tau_trace": 2.0, "pooling": "rate"}, "tau_trace", "pooling='rate'"),
    ({"n_jobs": 2, "engine": "numpy"}, "n_jobs", "engine='numpy'"),
]
ACTING = [
    {},
    {"cell": "gru"},
    {"cell": "gru", "beta": [0.04, 0.82]},
    {"topology": ring},
    {"topology": "small_world", "connectivity": 0.3, "topology_params": {"p_rewire": 0.3}},
    {"relative_tau": 0.1},
    {"adaptation": 0.1, "tau_adaptation": 3.0},
    {"n_delays": 1},
    {"n_delays": 2, "max_delay": 3},
    {"pooling": "potentials", "n_windows": 2},
    {"pooling": ("model_space",), "n_windows": 3},
    {"pooling": ["rate", "trace"], "tau_trace": 2.0},
    {"engine": "numba", "n_jobs": 2},
    {"exc_ratio": 1.0},
]


def fit_warnings(estimator):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(X, Y)
    return [item for item in caught if "does not act" in str(item.message)]


@pytest.mark.parametrize(("parameters", "name", "reason"), IDLE)
@pytest.mark.parametrize("Estimator", [LiquidTransformer, LSMClassifier])
def test_a_parameter_that_is_set_and_does_not_act_is_named_once(
    Estimator, parameters, name, reason
):
    (caught,) = fit_warnings(Estimator(20, random_state=0, **parameters))
    message = str(caught.message)
    assert message.startswith(f"{name}={reprlib.repr(parameters[name])} does not act, because ")
    assert message.count("does not act") == 1
    decisive, value = reason.split("=", 1)
    assert f"{decisive} is {value}" in message
    assert "it acts only with " in message
    assert "\n" not in message
    assert caught.filename == __file__


@pytest.mark.parametrize("parameters", ACTING)
@pytest.mark.parametrize("Estimator", [LiquidTransformer, LSMClassifier])
def test_a_parameter_that_acts_is_not_named(Estimator, parameters):
    assert not fit_warnings(Estimator(20, random_state=0, **parameters))


@pytest.mark.parametrize("fit", ["fit", "fit_transform"])
def test_one_warning_names_all(fit):
    liquid = LiquidTransformer(20, cell="mgu", refractory=2, tau_adaptation=3.0, random_state=0)
    with pytest.warns(UserWarning, match="does not act") as caught:
        getattr(liquid, fit)(X)
    (message,) = (str(item.message) for item in caught)
    assert message == (
        "tau_adaptation=3.0 does not act, because cell is 'mgu' and adaptation is 0.0; it acts "
        'only with cell="lif", and with adaptation above 0. refractory=2 does not act, because '
        "cell is 'mgu'; it acts only with cell=\"lif\"."
    )


@pytest.mark.parametrize(
    ("parameters", "name"),
    [({"pooling": "counts"}, "pooling"), ({"batch_size": 4}, "batch_size")],
)
@pytest.mark.parametrize("readout", ["leaky_rate", LeakyReadoutClassifier(max_iter=2)])
@pytest.mark.usefixtures("same_draws_every_run")
def test_what_pools_does_not_act_with_a_leaky_readout(readout, parameters, name):
    (caught,) = fit_warnings(LSMClassifier(20, readout=readout, **parameters))
    assert str(caught.message).startswith(f"{name}=")
    assert "because readout is " in str(caught.message)
    assert not fit_warnings(LSMClassifier(20, **parameters))
    assert not fit_warnings(LSMClassifier(20, readout=readout))


def test_a_cached_pipeline_warns_once(tmp_path):
    lsm = LSMRegressor(20, tau_adaptation=3.0, memory=str(tmp_path), random_state=0)
    assert len(fit_warnings(lsm)) == 1
    assert len(fit_warnings(lsm)) == 1


@pytest.mark.usefixtures("same_draws_every_run")
def test_a_search_points_at_its_own_call():
    search = GridSearchCV(LSMClassifier(20, tau_adaptation=3.0), {"n_delays": [1]}, cv=2)
    assert {item.filename for item in fit_warnings(search)} == {__file__}


def test_unknown_keyword_names_the_estimator():
    for Estimator in (LiquidTransformer, LSMClassifier, LSMRegressor):
        with pytest.raises(TypeError, match=f"{Estimator.__name__}.__init__.* 'foo'"):
            Estimator(foo=1)


def test_subclass_with_a_constructor_of_its_own():
    class Small(LiquidTransformer):
        def __init__(self, reservoir_size=20, random_state=0):
            super().__init__(reservoir_size, random_state=random_state)

    X = np.random.default_rng(0).normal(size=(5, 9, 1))
    expected = LiquidTransformer(20, random_state=0).fit_transform(X)
    np.testing.assert_array_equal(Small().fit_transform(X), expected)
