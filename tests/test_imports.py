"""What importing the package loads, and which way its modules import each other."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import skliquid

ROOT = Path(skliquid.__file__).parent
# Bottom up: a module imports only from layers above its own in this list.
LAYERS = [
    {"_kept", "_version", "_warnings"},
    {"_checks"},
    {
        "_callbacks",
        "_compile",
        "_doc_links",
        "_fitted",
        "_mlx",
        "_named",
        "_progress",
        "_versions",
        "_workers",
    },
    {"_misread"},
    {"events"},
    {"sequences"},
    {"collection", "event_sources", "metrics"},
    {"_base", "adaptation.channels"},
    {"topology"},
    {"reservoirs"},
    {"encoding", "pooling"},
    {"engines"},
    {"nn", "adaptation"},
    {"readouts", "explanation"},
    {"estimators"},
    {"_adapter", "dask", "datasets", "diagnostics", "nir", "published"},
    {"aeon", "sktime"},
    {"plotting"},
    {"_public"},
    {"__init__"},
]
LAYER_OF = {part: i for i, layer in enumerate(LAYERS) for part in layer}


def layer_of(module):
    """Layer of a module given by its names below the package: its own, or that of its room."""
    return LAYER_OF.get(".".join(module[:2]), LAYER_OF.get(module[0]))


def module_at(path):
    return path.relative_to(ROOT).with_suffix("").parts


def imported_modules(path):
    """What a module imports of the package, relative imports resolved."""
    package = ("skliquid", *path.relative_to(ROOT).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert not any(name.name.startswith("skliquid") for name in node.names)
        if not isinstance(node, ast.ImportFrom) or node.level == 0:
            continue
        base = package[: len(package) - node.level + 1]
        full = base + tuple((node.module or "").split(".")) if node.module else base
        if len(full) > 1:
            yield full[1:]
        else:
            yield from ((name.name,) for name in node.names)


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.name))
def test_imports_point_down(path):
    module = module_at(path)
    for other in imported_modules(path):
        if other[0] != module[0]:
            assert layer_of(other) < layer_of(module), f"{module} imports {other}"


def test_every_part_has_a_layer():
    rooms = {part.partition(".")[0] for part in LAYER_OF}
    assert {module_at(path)[0] for path in ROOT.rglob("*.py")} == rooms


@pytest.mark.parametrize(
    ("path", "library"),
    [
        ("sequences.py", "sklearn"),
        ("topology", "mlx"),
        ("topology", "sklearn"),
        ("reservoirs", "mlx"),
        ("reservoirs", "sklearn"),
        ("pooling", "sklearn"),
        ("engines", "sklearn"),
        ("nn", "sklearn"),
        *((room, "dask") for room in ("estimators", "readouts", "engines", "adaptation")),
    ],
)
def test_part_knows_nothing_of_a_library(path, library):
    target = ROOT / path
    for file in target.rglob("*.py") if target.is_dir() else [target]:
        assert f"import {library}" not in file.read_text()
        assert f"from {library}" not in file.read_text()


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | environment,
    ).stdout


def loaded(code, *libraries, **environment):
    """Which libraries are loaded after some code, in a process of its own."""
    code = f"{code}\nimport sys; print(*(m for m in {libraries} if m in sys.modules))"
    return set(run(code, **environment).split())


HEAVY = "numpy", "scipy", "sklearn", "mlx", "numba", "matplotlib", "dask"


def test_import_is_light():
    assert loaded("import skliquid", *HEAVY) == set()
    assert loaded("from skliquid import *", *HEAVY) == {"numpy", "scipy", "sklearn"}
    eager = loaded("import skliquid", *HEAVY, EAGER_IMPORT="1")
    assert eager == {"numpy", "scipy", "sklearn"}


@pytest.mark.parametrize("room", ["engines", "events", "reservoirs", "sequences", "topology"])
def test_a_room_loads_what_it_needs(room):
    assert loaded(f"import skliquid; skliquid.{room}", *HEAVY) == {"numpy", "scipy"}


ADAPTED = {"aeon", "sktime"}
ROOMS = {
    module_at(path)[0] for path in ROOT.rglob("*.py") if not module_at(path)[0].startswith("_")
}


def test_rooms_are_attributes_that_checkers_see():
    assert ROOMS | set(skliquid.__all__) <= set(dir(skliquid))
    seen = {
        each.asname
        for node in ast.walk(ast.parse((ROOT / "__init__.py").read_text()))
        if isinstance(node, ast.ImportFrom) and node.module is None and node.level == 1
        for each in node.names
    }
    assert seen == ROOMS
    with pytest.raises(AttributeError, match="has no attribute 'LSMClasifier'"):
        skliquid.LSMClasifier  # noqa: B018


def test_names_are_those_that_are_imported():
    public = ast.parse((ROOT / "_public.py").read_text())
    names = {e.asname for n in public.body if isinstance(n, ast.ImportFrom) for e in n.names}
    assert names == set(skliquid.__all__) - {"__version__"}
    for name in names:
        assert getattr(skliquid, name) is vars(skliquid)[name]  # kept, once found


def test_every_room_can_be_the_first():
    code = f"""
import importlib, sys
for room in {sorted(ROOMS - ADAPTED)}:
    for name in [name for name in sys.modules if name.startswith("skliquid")]:
        del sys.modules[name]
    importlib.import_module(f"skliquid.{{room}}")
"""
    run(code)


def test_fitting_with_numpy_does_not_load_mlx():
    code = "import sys, numpy as np; from skliquid import LSMClassifier\n"
    code += "X = np.random.default_rng(0).normal(size=(20, 9, 2))\n"
    code += "LSMClassifier(30, engine='numpy').fit(X, [0, 1] * 10).predict(X)\n"
    code += "print('mlx' in sys.modules)"
    assert run(code).strip() == "False"


def test_fitting_without_dask_does_not_load_it():
    code = "import sys, numpy as np; from skliquid import LSMClassifier, LSMRegressor\n"
    code += "X, y = np.random.default_rng(0).normal(size=(20, 9, 2)), [0, 1] * 10\n"
    code += "LSMClassifier(30, engine='numpy').fit(X, y).predict(X)\n"
    code += "LSMRegressor(30, engine='numpy').partial_fit(X, y).predict(X)\n"
    code += "print('dask' in sys.modules)"
    assert run(code).strip() == "False"


@pytest.mark.parametrize("library", sorted(ADAPTED | {"dask"}))
def test_what_to_do_without_a_library(library):
    code = f"import sys; sys.modules['{library}'] = None\nimport skliquid\n"
    code += f"try:\n    skliquid.{library}\nexcept AttributeError as error:\n    print(error)"
    said = run(code).strip()
    assert said.casefold().startswith(f"skliquid.{library} needs {library}")
    assert said.endswith(f"install the extra: pip install 'skliquid[{library}]'.")
    code = f"import sys; sys.modules['{library}'] = None\ntry:\n    from skliquid import {library}"
    assert run(f"{code}\nexcept ImportError as error:\n    print(error)").strip() == said


def test_help_needs_no_library():
    code = f"import sys; sys.modules |= dict.fromkeys({sorted(ADAPTED | {'dask'})})\n"
    code += "import inspect, skliquid; print(*(name for name, _ in inspect.getmembers(skliquid)))"
    found = set(run(code).split())
    assert found >= set(skliquid.__all__)
    assert found.isdisjoint(ADAPTED | {"dask", "environ", "Any"})
