"""Sphinx configuration."""

import warnings

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
