#!/usr/bin/env -S uv run --script
# /// script
# dependencies = ["nox>=2025.2.9"]
# ///
"""The checks of the project one by one, each in an environment of its own."""

import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types and spelling."""
    session.install("-e", ".[tests,lint]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("codespell")


@nox.session(python=["3.11", "3.12", "3.13", "3.14"])
def tests(session: nox.Session) -> None:
    """Tests and doctests."""
    session.install("-e", ".[tests]")
    session.run("pytest", *session.posargs)


@nox.session
def adapters(session: nox.Session) -> None:
    """Tests and doctests of the adapters to aeon and sktime, which pin what others need newer."""
    session.install("-e", ".[tests,aeon,sktime]")
    paths = "tests/adapters", "tests/test_docstrings.py", "skliquid/aeon.py", "skliquid/sktime.py"
    session.run("pytest", "-k", "aeon or sktime", *paths, *session.posargs)


@nox.session(default=False, python="3.11", venv_backend="uv")
def minimum(session: nox.Session) -> None:
    """Tests with the oldest versions of what the package needs."""
    session.install("-e", ".[tests]", "--resolution", "lowest-direct")
    # Of others that are newer than those say nothing.
    session.run("pytest", "-W", "ignore::DeprecationWarning", "tests", *session.posargs)


@nox.session(default=False)
def docs(session: nox.Session) -> None:
    """The manual, with the gallery of examples."""
    session.install("-e", ".[docs]")
    session.run("sphinx-build", "-W", "--keep-going", "-b", "html", "docs", "docs/_build/html")


@nox.session(default=False)
def linkcheck(session: nox.Session) -> None:
    """The links of the manual, those to other places too."""
    session.install("-e", ".[docs]")
    unrun = "-D", "plot_gallery=0"
    session.run("sphinx-build", *unrun, "-b", "linkcheck", "docs", "docs/_build/linkcheck")


@nox.session(default=False)
def build(session: nox.Session) -> None:
    """What is uploaded at a release, checked; the wheel does what README says."""
    session.install("build", "twine")
    folder = Path(session.create_tmp()) / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(folder))
    session.run("twine", "check", "--strict", *map(str, folder.iterdir()))
    session.install(*map(str, folder.glob("*.whl")))
    session.run("python", ".ci/release.py", str(folder))


if __name__ == "__main__":
    nox.main()
