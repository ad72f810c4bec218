"""The README's code does what its comments say."""

import re
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[1] / "README.md").read_text()
DEFAULTS, SEARCH = re.findall(r"^```python\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
# Where libraries round otherwise, some samples near a border fall on its other side.
ANOTHER_MACHINE = 0.004


def accuracies(block):
    """What a block computes in the lines that end in a number, and those numbers."""
    code = re.sub(
        r"^(?:\w+ = )?(.*?)  # (0\.\d{3}.*)$", r"found.append(\1)  # \2", block, flags=re.M
    )
    found = []
    exec(code, {"found": found})
    return found, [float(number) for number in re.findall(r"  # (0\.\d{3})", block)]


def test_accuracy_at_the_defaults():
    found, said = accuracies(DEFAULTS)
    assert found == pytest.approx(said, abs=ANOTHER_MACHINE)


def test_search_pays():
    (untuned, tuned), said = accuracies(SEARCH)
    assert [untuned, tuned] == pytest.approx(said, abs=ANOTHER_MACHINE)
    assert tuned > untuned + 0.02
