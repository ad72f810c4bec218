"""Links from the HTML view of the estimators to their pages in the manual."""

import re
from email.message import Message
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator

import skliquid
import skliquid.dask
import skliquid.encoding
import skliquid.published
from skliquid import LSMClassifier
from skliquid import _doc_links as module
from skliquid.estimators._recorder import LiquidRecorder

ESTIMATORS = [
    (room, getattr(room, name))
    for room in (skliquid, skliquid.encoding, skliquid.dask, skliquid.published)
    for name in room.__all__
    if isinstance(getattr(room, name), type) and issubclass(getattr(room, name), BaseEstimator)
]


def pages():
    """Every page that the API reference lists."""
    room, found = "", set()
    for line in (Path(__file__).parents[1] / "docs/api/index.rst").read_text().splitlines():
        if match := re.fullmatch(r"\.\. currentmodule:: (\S+)", line):
            room = match[1]
        elif match := re.fullmatch(r"   (\w+)", line):
            found.add(f"{room}.{match[1]}")
    return found


@pytest.fixture
def published(monkeypatch):
    """Have the package name an address, as if it were published."""
    named = Message()
    named["Project-URL"] = "Source, https://source.invalid"
    named["Project-URL"] = "Documentation, https://manual.invalid/stable/"
    monkeypatch.setattr(module, "metadata", lambda name: named)


@pytest.fixture
def unpublished(monkeypatch, tmp_path):
    """Have the package name none, and find none built beside it."""

    def metadata(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(module, "metadata", metadata)
    monkeypatch.setattr(module, "_BUILT", tmp_path / "html")
    return tmp_path / "html"


@pytest.mark.parametrize(("room", "Estimator"), ESTIMATORS, ids=lambda each: each.__name__)
@pytest.mark.usefixtures("published")
def test_view_links_to_a_page_that_there_is(room, Estimator):
    page = f"{room.__name__}.{Estimator.__name__}"
    link = f"https://manual.invalid/stable/api/generated/{page}.html"
    assert page in pages()
    assert Estimator()._get_doc_link() == link
    assert f'href="{link}"' in Estimator()._repr_html_()


@pytest.mark.usefixtures("published")
def test_what_has_no_page_links_to_that_of_its_base():
    class Own(LSMClassifier):
        pass

    assert LiquidRecorder()._get_doc_link().endswith("/skliquid.LiquidTransformer.html")
    assert Own()._get_doc_link() == ""  # which is not ours


def test_the_manual_may_be_one_that_was_built_beside_the_package(unpublished):
    assert LSMClassifier()._get_doc_link() == ""
    assert "manual" not in LSMClassifier()._repr_html_()
    unpublished.mkdir()
    link = LSMClassifier()._get_doc_link()
    assert link == f"{unpublished.as_uri()}/api/generated/skliquid.LSMClassifier.html"
