"""Sphinx configuration."""

import sys
import warnings
from inspect import signature
from pathlib import Path

import matplotlib
from cycler import cycler
from sphinx.util.inspect import stringify_signature

import skliquid
from skliquid.plotting._style import COLOURS

sys.path.insert(0, str(Path(__file__).parent))

project = "skliquid"
author = "The skliquid developers"
copyright = "2026, The skliquid developers"
version = release = skliquid.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "auto_examples/**/*.ipynb"]
templates_path = ["_templates"]
html_theme = "pydata_sphinx_theme"
html_title = "skliquid"
html_theme_options = {
    "navigation_depth": 2,
    "show_toc_level": 2,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
}
html_static_path = ["_static"]
html_css_files = ["manual.css"]
html_show_sourcelink = False
# Pages of their own, with no others beside them in their section.
ALONE = ("index", "install", "benchmarks", "coming_from", "comparison", "glossary", "citing")
html_sidebars = {page: [] for page in ALONE}

# A link that leads nowhere is an error; those into the manuals of others are not looked up.
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(distributed|joblib|numpy|pickle|scipy|sklearn)\b.*")]

autosummary_generate = True
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"
# The methods that their base classes give are in their own manuals.
autodoc_mock_imports = ["aeon", "sktime"]
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "download_all_examples": False,
    "show_memory": False,
    "abort_on_example_error": True,
}
# The figures of the gallery have the colours of the displays, which everybody can tell apart.
matplotlib.rcParamsDefault["axes.prop_cycle"] = cycler(color=COLOURS)
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")


def signature_of_adapter(app, what, name, cls, options, arguments, returns):
    """Have a class show its own constructor, and not that of a base class that is a mock."""
    if what == "class" and name.startswith(("skliquid.aeon.", "skliquid.sktime.")):
        own = signature(cls.__init__)
        own = own.replace(parameters=list(own.parameters.values())[1:])
        arguments = stringify_signature(own, show_annotation=False, show_return_annotation=False)
    return arguments, returns


def setup(app):
    """Draw the figures that are no examples, and connect what autodoc asks."""

    def draw(app):
        from _figures import save_all

        save_all(Path(app.srcdir, "_made"))

    app.connect("builder-inited", draw)
    app.connect("autodoc-process-signature", signature_of_adapter)
