"""The examples of the manual's pages give what the pages say."""

import doctest
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
WRITTEN = "*.rst", "guide/*.rst", "api/index.rst"
PAGES = sorted({page for pattern in WRITTEN for page in DOCS.glob(pattern)})
PAGES = [page for page in PAGES if page.name != "sg_execution_times.rst"]  # by the gallery


def named(page):
    return page.relative_to(DOCS).with_suffix("").as_posix()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_examples(page):
    failed, _ = doctest.testfile(str(page), False, optionflags=doctest.ELLIPSIS, encoding="utf-8")
    assert not failed


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_code_that_is_not_run_is_for_other_packages_or_a_cluster(page):
    blocks = re.findall(r"code-block:: python\n\n((?: {4,}.*\n|\n)+)", page.read_text("utf-8"))
    for block in blocks:
        compile("if True:\n" + block, named(page), "exec")
    assert not blocks or named(page) in ("coming_from", "guide/large_data")


def test_every_page_is_reached_from_the_front_page():
    def below(name):
        text = (DOCS / name).with_suffix(".rst").read_text("utf-8")
        for tree in re.findall(r"toctree::\n((?: +:.*\n)*)\n((?:   \S.*\n)+)", text):
            for entry in tree[1].split():
                reached.add(entry)
                if (DOCS / entry).with_suffix(".rst").exists():
                    below(entry)

    reached = {"index"}
    below("index")
    assert {named(page) for page in PAGES} <= reached


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
