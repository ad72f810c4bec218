"""Links and paths on the pages of the repository lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GENERATED = {"_build", "generated", "auto_examples"}
PAGES = sorted(
    {
        *ROOT.glob("*.md"),
        *ROOT.glob("benchmarks/*.md"),
        *(p for p in ROOT.glob("docs/**/*.rst") if GENERATED.isdisjoint(p.parts)),
    }
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PATH = re.compile(r"`+((?:[\w.-]+/)+(?:[\w.-]+\.(?:py|md|rst|json|toml|csv|png|npz))?)`+")
# What is written from the point of view of the package, the tests or the manual.
SEEN_FROM = "", "skliquid", "tests", "docs", "benchmarks"


def missing(text):
    """Paths that are named in a text and are not there."""
    named = set(PATH.findall(text))
    return {path for path in named if not any((ROOT / base / path).exists() for base in SEEN_FROM)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_paths_exist(page):
    assert not missing(page.read_text("utf-8"))


def test_paths_are_found():
    text = "See `engines/_numpy.py`, ``benchmarks/README.md``, `docs/`, `tests/none.py` and `no/`."
    assert missing(text) == {"tests/none.py", "no/"}
    assert len(PATH.findall((ROOT / "CONTRIBUTING.md").read_text("utf-8"))) > 20


@pytest.mark.parametrize(
    "page", [p for p in PAGES if p.suffix == ".md"], ids=lambda page: page.name
)
def test_links_lead_somewhere(page):
    text = page.read_text("utf-8")
    for link in LINK.findall(text):
        path, _, anchor = link.partition("#")
        if "://" in link or link.startswith("mailto:"):
            continue
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def anchors(page):
    """Headings of a page of Markdown as links name them."""
    headings = re.findall(r"^#+ (.*)", page.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", each).strip().lower().replace(" ", "-") for each in headings}
