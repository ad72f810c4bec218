"""Code that is no doctest, on the pages of the repository: is it still that of the package?"""

import ast
import inspect
import re
import textwrap
from importlib.util import find_spec
from pathlib import Path

import pytest

import skliquid

ROOT = Path(__file__).parents[1]
GENERATED = {"_build", "generated", "auto_examples"}
PAGES = [
    *(p for p in (ROOT / "docs").rglob("*.rst") if GENERATED.isdisjoint(p.parts)),
    *ROOT.glob("*.md"),
    *ROOT.glob("benchmarks/*.md"),
]
# What an adapter adapts to is not in every environment.
ADAPTED = {"skliquid.aeon": "aeon", "skliquid.sktime": "sktime"}
RST = re.compile(
    r"""
    ^(\ *)\.\.\ code(?:-block)?::\ *(?:python|py)\n
    (?:\1\ +:.*\n)*\n                                 # options
    ((?:\1\ +.*\n|\n)+)
    """,
    re.MULTILINE | re.VERBOSE,
)
MARKDOWN = re.compile(r"^( *)```(?:python|py)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def blocks():
    """Every block of Python that is not written as a doctest, by its page and line."""
    for page in PAGES:
        text = page.read_text("utf-8")
        for found in (RST if page.suffix == ".rst" else MARKDOWN).finditer(text):
            if ">>>" not in found[2]:
                line = text[: found.start()].count("\n") + 1
                code = textwrap.dedent(found[2])
                yield pytest.param(code, id=f"{page.relative_to(ROOT)}:{line}")


BLOCKS = list(blocks())


def is_there(module):
    return find_spec(ADAPTED.get(module, module.partition(".")[0])) is not None


def check(code):
    """Compile code, import what it imports, and look for the parameters that it names."""
    names = {name: getattr(skliquid, name) for name in skliquid.__all__}
    nodes = list(ast.walk(ast.parse(code)))
    for node in nodes:
        if isinstance(node, ast.Import):
            modules = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module]
        else:
            continue
        if all(map(is_there, modules)):
            exec(compile(ast.Module([node], []), "block", "exec"), names)
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called = names.get(node.func.id)
            if getattr(called, "__module__", "").startswith("skliquid"):
                named = {each.arg: None for each in node.keywords if each.arg}
                inspect.signature(called).bind_partial(**named)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("code", BLOCKS)
def test_block(code):
    check(code)


def test_blocks_are_found_and_faults_in_them():
    assert len(BLOCKS) > 5
    with pytest.raises(SyntaxError):
        check("lsm = LSMClassifier(")
    with pytest.raises(ImportError):
        check("from skliquid.encoding import MorseEncoder")
    with pytest.raises(TypeError, match="n_neurons"):
        check("LSMClassifier(n_neurons=100)")
