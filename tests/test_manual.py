"""The examples of the manual's pages give what the pages say."""

import doctest
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.rst")), ids=lambda page: page.stem)
def test_examples(page):
    failed, _ = doctest.testfile(str(page), False, optionflags=doctest.ELLIPSIS, encoding="utf-8")
    assert not failed


def test_what_the_comparison_claims_has_a_link():
    rows = (DOCS / "comparison.rst").read_text("utf-8").split("\n   * - ")[1:]
    ours = [re.split(r"\n     - ", row)[1] for row in rows]
    assert len(ours) > 20
    assert not [cell for cell in ours if cell != r"\-" and not re.search(r":\w+:`", cell)]


def test_the_gallery_names_every_example():
    examples = DOCS.parent / "examples"
    named = re.findall(
        r"sphx_glr_auto_examples_(plot_\w+)\.py", (examples / "README.txt").read_text()
    )
    assert sorted(named) == sorted(path.stem for path in examples.glob("plot_*.py"))


def test_what_the_glossary_explains_has_a_link():
    entries = (DOCS / "glossary.rst").read_text("utf-8").split("\n\n   ")[1:]
    assert len(entries) > 40
    assert not [entry for entry in entries if not re.search(r":\w+:`", entry)]
