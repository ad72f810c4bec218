"""Digests of drawn liquids, of their spikes and of their features, which no change may alter.

One draw more before the weights, or another order of two roundings, makes another liquid of every
seed, and no other test would notice. ``python tests/test_golden.py`` writes the digests anew,
where an equation is meant to change.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from skliquid import LiquidTransformer

GOLDEN = Path(__file__).with_name("golden.json")
EVERY_POOLING = (
    *("rate", "counts", "bursts", "longest_burst", "first_spike", "rectified"),
    *("membrane", "potentials", "trace", "last"),
)
PLAIN = {
    **{"connectivity": 0.1, "recurrent_fraction": 1.0, "ei_balance": None, "beta": 0.9},
    **{"n_delays": 1, "max_channels": None, "target_rate": None, "encoder": None},
    **{"max_delay": 0, "input_scaling": 1.0},
}
ADAPTIVE = {"adaptation": 0.2, "tau_adaptation": 4.0, "refractory": 2}
FIELDS = (
    *("synapse_offsets", "synapse_targets", "synapse_units", "tap_offsets", "tap_channels"),
    *("tap_delays", "tap_weights", "bias", "beta", "threshold", "adaptation", "adaptation_beta"),
    *("refractory", "input_offset", "input_gain"),
)


def ring(n, rng):
    """Recurrent weights that a user's function draws."""
    return np.roll(np.diag(rng.uniform(0.2, 0.9, n)), 1, axis=0)


CASES = {
    "default": {},
    "default, another seed": {"random_state": 7},
    "default, a third seed": {"random_state": 123_456, "reservoir_size": 257},
    "plain": PLAIN,
    "plain, chaotic, another seed": PLAIN | {"spectral_radius": 1.8, "random_state": 11},
    "small world": PLAIN | {"topology": "small_world", "topology_params": {"p_rewire": 0.3}},
    "small world, delays": {"topology": "small_world", "connectivity": 0.05, "n_delays": 3},
    "scale free": PLAIN | {"topology": "scale_free", "ei_balance": 1.5},
    "scale free, delays": {"topology": "scale_free", "connectivity": 0.08, "max_delay": 9},
    "given weights": PLAIN | {"topology": ring},
    "adaptive": PLAIN | ADAPTIVE,
    "adaptive, delays": {**ADAPTIVE, "max_channels": 2, "n_delays": 6, "random_state": 3},
    "adaptation alone": {"adaptation": 0.5},
    "refractory alone": {"refractory": 3},
    "dense and chaotic": {"connectivity": 0.6, "spectral_radius": 2.0, "recurrent_fraction": 1.0},
    "derivative": {"derivative": True, "n_delays": 2, "scale_channels": True},
    "differences for a share": {"derivative": 0.2},
    "relative time constants": {"relative_tau": (0.05, 0.5), "target_rate": 0.2},
    "both directions, two liquids": {"bidirectional": True, "n_liquids": 2, "random_state": 5},
    "windows": {"n_windows": (1, 2, 4), "tau_trace": 2.0, "exc_ratio": 0.5},
    "population code": {"encoder": "population", "max_channels": 4},
    "delta code": {"encoder": "delta", "max_delay": "20%"},
    "rate code": {"encoder": "rate", "target_rate": None},
    "weighted": {"fit_params": {"sample_weight": np.arange(12) % 4}},
    "vanilla": {"cell": "vanilla"},
    "gru": {"cell": "gru", "n_delays": 2},
    "mgu": {"cell": "mgu", "topology": "small_world"},
    "lstm": {"cell": "lstm", "target_rate": None, "random_state": 2},
}


def recordings():
    """Twelve walks of three channels of unlike scale, 1 to 150 steps, from whole numbers."""
    rng = np.random.default_rng(2024)
    scale = np.array([1.0, 8.0, 0.25]) / 64
    lengths = (150, 1, 2, 63, 64, 65, 128, 30, 30, 17, 5, 90)
    return [rng.integers(-64, 65, size=(t, 3)).cumsum(axis=0) * scale for t in lengths]


def digest(*arrays):
    code = hashlib.blake2b(digest_size=12)
    for array in arrays:
        code.update(np.ascontiguousarray(array).tobytes())
    return code.hexdigest()


def fitted(parameters, engine):
    settings = {"reservoir_size": 150, "random_state": 0, "pooling": EVERY_POOLING}
    settings |= {
        "derivative": False,
        "target_rate": (0.05, 0.5),
        "spectral_radius": 1.0,
    } | parameters
    fit_params = settings.pop("fit_params", {})
    return LiquidTransformer(engine=engine, **settings).fit(recordings(), **fit_params)


def digests(parameters, engine):
    """What the case comes to: what was drawn, the spikes, the features."""
    liquid, X = fitted(parameters, engine), recordings()
    drawn = [part for one in liquid.liquids_ for part in getattr(one, "gates", [one])]
    names = FIELDS if liquid.cell == "lif" else [name for name in FIELDS if drawn_for_rates(name)]
    found = {
        "drawn": digest(*(getattr(part, name) for part in drawn for name in names)),
        "features": digest(liquid.transform(X).astype(np.float64) + 0.0),
    }
    if liquid.cell == "lif":
        found["spikes"] = digest(*(np.packbits(train) for train in liquid.spikes(X)))
    return found


def drawn_for_rates(name):
    """Constants of spiking neurons do not act on rate cells."""
    return not name.startswith(("beta", "threshold", "adaptation", "refractory"))


@pytest.mark.parametrize("engine", ["numba", "numpy", "mlx"])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.filterwarnings("ignore:.*does not act")
@pytest.mark.filterwarnings("ignore:The liquid is epileptic")  # as a chaotic one is meant to be
def test_liquid_spikes_and_features_are_those_of_the_first_day(case, engine):
    assert digests(CASES[case], engine) == json.loads(GOLDEN.read_text())[case]


if __name__ == "__main__":
    found = {case: digests(parameters, "numpy") for case, parameters in CASES.items()}
    GOLDEN.write_text(json.dumps(found, indent=1) + "\n")
