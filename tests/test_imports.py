"""What importing the package loads, and which way its modules import each other."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import skliquid

ROOT = Path(skliquid.__file__).parent
# Bottom up: a module imports only from layers above its own in this list.
LAYERS = [
    {"_checks", "fixed_point", "_callbacks", "model_space"},
    {"sequences", "topology", "taps"},
    {"liquid"},
    {"pooling", "rate_reservoir"},
    {"engines"},
    {"nn"},
    {"_channels", "_readouts", "_homeostasis", "_leaky_scores", "_state_trains"},
    {"_leaky_training"},
    {"_reservoir_training"},
    {"_base"},
    {"encoding"},
    {"_transformer"},
    {"_leaky_readout"},
    {"_recorder"},
    {"_lsm"},
    {"_classifier", "_regressor"},
    {"datasets", "plotting"},
    {"__init__"},
]
LAYER_OF = {part: i for i, layer in enumerate(LAYERS) for part in layer}


def part_of(path):
    return path.relative_to(ROOT).with_suffix("").parts[0]


def imported_parts(path):
    """Parts of the package that a module imports, relative imports resolved."""
    package = ("skliquid", *path.relative_to(ROOT).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert not any(name.name.startswith("skliquid") for name in node.names)
        if not isinstance(node, ast.ImportFrom) or node.level == 0:
            continue
        base = package[: len(package) - node.level + 1]
        full = base + tuple((node.module or "").split(".")) if node.module else base
        if len(full) > 1:
            yield full[1]
        else:
            yield from (name.name for name in node.names)


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.name))
def test_imports_point_down(path):
    part = part_of(path)
    for other in imported_parts(path):
        if other != part:
            assert LAYER_OF[other] < LAYER_OF[part], f"{part} imports {other}"


def test_every_part_has_a_layer():
    assert {part_of(path) for path in ROOT.rglob("*.py")} == set(LAYER_OF)


@pytest.mark.parametrize(
    ("path", "library"),
    [
        ("sequences.py", "sklearn"),
        ("topology", "mlx"),
        ("topology", "sklearn"),
        ("liquid.py", "mlx"),
        ("liquid.py", "sklearn"),
        ("engines", "sklearn"),
        ("nn", "sklearn"),
    ],
)
def test_part_knows_nothing_of_a_library(path, library):
    target = ROOT / path
    for file in target.rglob("*.py") if target.is_dir() else [target]:
        assert f"import {library}" not in file.read_text()
        assert f"from {library}" not in file.read_text()


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_import_is_light():
    code = "import skliquid, sys; print([m for m in ('mlx', 'numba', 'matplotlib') "
    code += "if m in sys.modules])"
    assert run(code).strip() == "[]"


def test_fitting_with_numpy_does_not_load_mlx():
    code = "import sys, numpy as np; from skliquid import LSMClassifier\n"
    code += "X = np.random.default_rng(0).normal(size=(20, 9, 2))\n"
    code += "LSMClassifier(30, engine='numpy').fit(X, [0, 1] * 10).predict(X)\n"
    code += "print('mlx' in sys.modules)"
    assert run(code).strip() == "False"
