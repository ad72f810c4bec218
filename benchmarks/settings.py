"""The settings of the classifier that the benchmarks try."""

from __future__ import annotations

from skliquid import LSMClassifier

POOLING = LSMClassifier().pooling
# Ours at several costs.
PRESETS = {
    "LSMClassifier()": {},
    "LSMClassifier(500)": {"reservoir_size": 500},
    "LSMClassifier(2000)": {"reservoir_size": 2000},
    "LSMClassifier(1500, bidirectional=True)": {"reservoir_size": 1500, "bidirectional": True},
    "LSMClassifier(2000, bidirectional=True)": {"reservoir_size": 2000, "bidirectional": True},
}
# Candidates for the defaults, one parameter at a time and several.
GRID = {
    "n_delays": [4, 5, 6, 9],
    "max_delay": ["50%", "100%", "200%"],
    "max_channels": [4, 9, 16],
    "encoder": ["current", "compression"],
    "scale_channels": [True, "common"],
    "target_rate": [(0.02, 0.3), (0.05, 0.5), (0.05, 0.8)],
    "input_scaling": [0.5, 1.0, 2.0, 4.0],
    "beta": [0.5, (0.04, 0.82), (0.2, 0.95)],
    "recurrent_fraction": [0.1, 0.25, 0.5, 1.0],
    "spectral_radius": [0.0, 0.5, 0.7, 1.0, 2.0],
    "ei_balance": [None, 1.0],
    "reservoir_size": [500, 1000, 1200, 1500, 2000],
    "pooling": [
        ("counts",),
        ("counts", "bursts"),
        ("counts", "bursts", "rectified"),
        ("counts", "bursts", "longest_burst", "rectified"),
        ("counts", "longest_burst", "longest_pause", "moments"),
        ("counts", "longest_burst", "longest_pause", "rectified", "moments"),
        POOLING,
        (*POOLING, "losses"),
    ],
    "n_windows": [1, 2, (1, 2)],
    "bidirectional": [False, True],
    "adaptation": [0.0, 0.5],
}
COMBINED = {
    "both directions, half the neurons": {"bidirectional": True, "reservoir_size": 600},
    "3 liquids of a third of the neurons": {"n_liquids": 3, "reservoir_size": 400},
}
PLAIN = {
    "connectivity": 0.1,
    "recurrent_fraction": 1.0,
    "spectral_radius": 0.9,
    "ei_balance": None,
    "beta": 0.5,
    "encoder": None,
    "scale_channels": True,
    "input_scaling": 1.0,
    "n_delays": 1,
    "max_channels": None,
    "derivative": False,
    "target_rate": None,
}
ABLATIONS = {
    "plain liquid, 500 neurons, counts": {**PLAIN, "reservoir_size": 500, "pooling": "counts"},
    "plain liquid": PLAIN,
    "no delays": {"n_delays": 1},
    "no homeostasis": {"target_rate": None},
    "one time constant (beta 0.5)": {"beta": 0.5},
    "every neuron hears all channels": {"max_channels": None},
    "channels scaled one by one": {"scale_channels": True},
    "no compression": {"encoder": None},
    "no recurrence": {"spectral_radius": 0.0},
    "all neurons recurrent": {"recurrent_fraction": 1.0},
    "no E/I balance": {"ei_balance": None},
    **{
        f"pooling: no {name}": {"pooling": tuple(other for other in POOLING if other != name)}
        for name in POOLING[1:]
    },
    "pooling: counts alone": {"pooling": "counts"},
    "+ bursts": {"pooling": (*POOLING, "bursts")},
    "500 neurons": {"reservoir_size": 500},
    "+ 3000 neurons": {"reservoir_size": 3000},
    "+ counts in 1, 2 and 4 windows": {"n_windows": (1, 2, 4)},
    "+ losses": {"pooling": (*POOLING, "losses")},
    "+ first spikes": {"pooling": (*POOLING, "first_spike")},
    "+ model space": {"pooling": (*POOLING, "model_space"), "n_windows": 8},
    "+ adaptation 0.5": {"adaptation": 0.5},
    "+ refractory 2 steps": {"refractory": 2},
    "no differences": {"derivative": False},
    "differences for every neuron": {"derivative": True},
    **{f"+ {name}": parameters for name, parameters in COMBINED.items()},
    "+ relative time constants": {"relative_tau": (0.003, 0.05)},
    "encoder: population": {"encoder": "population"},
    "encoder: delta": {"encoder": "delta"},
    "encoder: bsa": {"encoder": "bsa"},
    "encoder: rate": {"encoder": "rate"},
}
