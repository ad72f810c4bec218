"""Pictures of a liquid at work, drawn with matplotlib (extra ``plots``).

Displays are as those of scikit-learn: `from_estimator` computes and draws, the display keeps what
it was drawn of, and `plot` draws it again, on axes that are given.
"""

from ._diagnosis import DiagnosisDisplay
from ._explanation import ExplanationDisplay
from ._raster import plot_raster
from ._scores_over_time import ScoresOverTimeDisplay
from ._space import plot_liquid
from ._spectrum import SpectrumDisplay
from ._spike_raster import SpikeRasterDisplay
from ._topology import TopologyDisplay
from ._trajectory import TrajectoryDisplay

__all__ = [
    "DiagnosisDisplay",
    "ExplanationDisplay",
    "ScoresOverTimeDisplay",
    "SpectrumDisplay",
    "SpikeRasterDisplay",
    "TopologyDisplay",
    "TrajectoryDisplay",
    "plot_liquid",
    "plot_raster",
]
