"""Liquids of the literature: their parameters as data, and an estimator that draws and runs them.

``MODELS`` holds those of "maass_2002", the column of Maass, Natschlaeger and Markram;
"gorad_2019", for spoken digits; and "ivanov_2021", for images.
"""

from ._liquid import PublishedLiquid
from ._model import PublishedModel
from ._tables import MODELS

__all__ = ["MODELS", "PublishedLiquid", "PublishedModel"]
