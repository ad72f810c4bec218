"""Every public docstring passes numpydoc's validation and has an example."""

import importlib
import inspect
import re
from pathlib import Path

import pytest
from numpydoc.validate import validate

PUBLIC = {
    "skliquid.aeon": ["AeonLSMClassifier", "AeonLSMRegressor", "AeonLiquidTransformer"],
    "skliquid": [
        "EarlyLSMClassifier",
        "EarlyLSMStream",
        "LSMClassifier",
        "LSMForecaster",
        "LSMRegressor",
        "LSMSequenceRegressor",
        "LSMStream",
        "LeakyReadoutClassifier",
        "LiquidStream",
        "LiquidTransformer",
        "RidgeReadoutClassifier",
        "RidgeReadoutRegressor",
        "from_events",
    ],
    "skliquid.encoding": [
        "CurrentEncoder",
        "CompressionEncoder",
        "PopulationEncoder",
        "DeltaEncoder",
        "LatencyEncoder",
        "RateEncoder",
        "BSAEncoder",
    ],
    "skliquid.sktime": ["SktimeLSMClassifier", "SktimeLSMRegressor", "SktimeLiquidTransformer"],
    "skliquid.topology": [
        "erdos_renyi",
        "small_world",
        "scale_free",
        "spatial",
        "spectral_radius",
    ],
    "skliquid.nn": [
        "LSM",
        "LiquidReservoir",
        "RNNCell",
        "VanillaRNNCell",
        "ValinaRNNCell",
        "GRUCell",
        "MGUCell",
        "LSTMCell",
        "LeakyRateReadout",
        "LeakySpikeReadout",
        "IF",
        "LIF",
        "ALIF",
        "Expon",
        "Alpha",
        "DualExpon",
        "STP",
        "STD",
        "SpikeTime",
        "PoissonSpike",
        "PoissonEncoder",
    ],
    "skliquid.nn.surrogate": [
        "fast_sigmoid",
        "arctan",
        "triangular",
        "relu_grad",
        "straight_through",
        "straight_through_round",
    ],
    "skliquid.dask": ["DaskLSMClassifier", "DaskLSMRegressor", "DaskLiquidTransformer"],
    "skliquid.datasets": [
        "load_japanese_vowels",
        "from_aeon",
        "from_events",
        "from_hdf5",
        "from_pandas",
        "from_tslearn",
        "make_delayed_xor",
        "make_lorenz",
        "make_mackey_glass",
        "make_narma",
        "make_poisson_rates",
        "make_spike_templates",
        "make_temporal_parity",
    ],
    "skliquid.diagnostics": [
        "BranchingRatio",
        "FiringStatistics",
        "LiquidActivityWarning",
        "LyapunovExponent",
        "MemoryCapacity",
        "ProcessingCapacity",
        "Separation",
        "SeparationRatio",
        "StateRank",
        "branching_ratio",
        "firing_statistics",
        "generalization_rank",
        "kernel_rank",
        "lyapunov_exponent",
        "memory_capacity",
        "processing_capacity",
        "separation",
        "separation_ratio",
    ],
    "skliquid.metrics": ["valid_prediction_time"],
    "skliquid.events": ["Events"],
    "skliquid.nir": ["from_nir", "to_nir"],
    "skliquid.plotting": [
        "ScoresOverTimeDisplay",
        "ExplanationDisplay",
        "DiagnosisDisplay",
        "TopologyDisplay",
        "SpectrumDisplay",
        "SpikeRasterDisplay",
        "TrajectoryDisplay",
        "plot_liquid",
        "plot_raster",
    ],
    "skliquid.published": ["PublishedLiquid", "PublishedModel"],
    "skliquid.sequences": ["Sequences", "as_sequences"],
    "skliquid.adaptation": ["Plasticity"],
    "skliquid.engines": ["add_neuron", "resolve_engine"],
    "skliquid.explanation": ["Explanation"],
    "skliquid.reservoirs": [
        "DynamicSynapses",
        "IntegrateAndFire",
        "Izhikevich",
        "Liquid",
        "NeuronModel",
        "Neurons",
        "RateReservoir",
        "SynapseModel",
        "Synapses",
        "Taps",
        "draw_liquid",
        "draw_neurons",
        "draw_synapses",
        "draw_taps",
    ],
}
# GL01, GL08: text starts on the opening line; inherited methods of MLX are not ours.
# SA01, ES01, EX01: "See Also", an extended summary and examples only where they help.
# RT03, PR06..: numpydoc's own defaults for scikit-learn style.
IGNORED = {"GL01", "SA01", "ES01", "EX01", "SA04"}

OBJECTS = [(module, name) for module, names in PUBLIC.items() for name in names]


def public(module, name):
    """Return what is public by a name, where what it needs is there."""
    return getattr(pytest.importorskip(module, exc_type=ImportError), name)


def own_members(module, name):
    """Names of an object and of the public methods and properties defined by the package."""
    thing = public(module, name)
    yield name, thing
    if inspect.isclass(thing):
        for member, value in inspect.getmembers(thing):
            function = value.fget if isinstance(value, property) else value
            origin = getattr(inspect.unwrap(function), "__module__", "") if function else ""
            if not member.startswith("_") and (origin or "").startswith("skliquid"):
                yield f"{name}.{member}", value


@pytest.mark.parametrize(("module", "name"), OBJECTS, ids=lambda value: value)
def test_numpydoc_validation(module, name):
    problems = []
    for member, _ in own_members(module, name):
        for code, message in validate(f"{module}.{member}")["errors"]:
            if code not in IGNORED:
                problems.append(f"{member}: {code} {message}")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(("module", "name"), OBJECTS, ids=lambda value: value)
def test_has_an_example(module, name):
    assert ">>>" in public(module, name).__doc__


def test_the_reference_lists_what_is_tested_here():
    room, pages = "", set()
    for line in (Path(__file__).parents[1] / "docs/api/index.rst").read_text().splitlines():
        if match := re.fullmatch(r"\.\. currentmodule:: (\S+)", line):
            room = match[1]
        elif match := re.fullmatch(r"   (\w+)", line):
            pages.add((room, match[1]))
    assert {*OBJECTS} - pages == {("skliquid.nn", "ValinaRNNCell")}  # mlx-snn's spelling
    assert not pages - {*OBJECTS}


@pytest.mark.parametrize(
    "module", ["topology", "reservoirs", "nn", "datasets", "dask", "diagnostics", "plotting"]
)
def test_all_is_listed(module):
    package = importlib.import_module(f"skliquid.{module}")
    listed = PUBLIC[f"skliquid.{module}"]
    assert set(package.__all__) - {"surrogate"} == set(listed)
