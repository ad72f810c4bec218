"""Sphinx configuration."""

import warnings
from inspect import signature

from sphinx.util.inspect import stringify_signature

import skliquid

project = "skliquid"
author = "The skliquid developers"
copyright = "2026, The skliquid developers"
version = release = skliquid.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "auto_examples/**/*.ipynb"]
templates_path = ["_templates"]
html_theme = "pydata_sphinx_theme"
html_title = "skliquid"
html_theme_options = {"navigation_depth": 2, "show_toc_level": 2}
html_show_sourcelink = False
html_sidebars = {page: [] for page in ("guide", "saving", "deployment", "reproducibility")}

# A link that leads nowhere is an error; those into the manuals of others are not looked up.
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(distributed|joblib|numpy|pickle|scipy|sklearn)\b.*")]

autosummary_generate = True
autodoc_typehints = "none"
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
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")


def signature_of_adapter(app, what, name, cls, options, arguments, returns):
    """Have a class show its own constructor, and not that of a base class that is a mock."""
    if what == "class" and name.startswith(("skliquid.aeon.", "skliquid.sktime.")):
        own = signature(cls.__init__)
        own = own.replace(parameters=list(own.parameters.values())[1:])
        arguments = stringify_signature(own, show_annotation=False, show_return_annotation=False)
    return arguments, returns


def setup(app):
    """Connect what autodoc asks."""
    app.connect("autodoc-process-signature", signature_of_adapter)
