"""The examples of the manual's pages give what the pages say."""

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.rst")), ids=lambda page: page.stem)
def test_examples(page):
    failed, _ = doctest.testfile(str(page), False, optionflags=doctest.ELLIPSIS, encoding="utf-8")
    assert not failed
