"""What a fitted estimator says of its liquid, in a line of its HTML view."""

from __future__ import annotations

from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import available_if

from ..engines import resolve_engine
from ..reservoirs import Liquid

# Under which names an estimator holds another in which there is a liquid.
INSIDE = "pipeline_", "liquid_", "estimator_", "best_estimator_"


def _is_described(estimator: Any) -> bool:
    """Whether there is a liquid, and nothing inside that has a block of its own in the view."""
    inside = estimator.get_params(deep=False).values()
    return _liquid_of(estimator) is not None and not any(
        hasattr(each, "fit") and hasattr(each, "get_params") for each in inside
    )


class Captioned:
    """Mixin of the estimators whose liquid is described where a notebook shows them fitted."""

    @available_if(_is_described)
    def _sk_visual_block_(self) -> Any:
        # With scikit-learn's other parts of the view, to which it hands this one.
        from sklearn.utils._repr_html.estimator import _VisualBlock

        name = type(self).__name__
        return _VisualBlock(
            "single", self, names=name, name_details=str(self), name_caption=caption_of(self)
        )


def caption_of(estimator: Any) -> str:
    """Say how many neurons a fitted estimator has, how often they fire and what runs them."""
    liquid = _liquid_of(estimator)
    reservoir, n_liquids = liquid.liquids_[0], len(liquid.liquids_)
    is_spiking = isinstance(reservoir, Liquid)
    size = f"{reservoir.n_neurons} {'neurons' if is_spiking else 'units'}"
    parts = [size if n_liquids == 1 else f"{n_liquids} liquids of {size}"]
    rate = getattr(liquid, "firing_rate_", None)
    if rate is not None:
        percent = f"{100 * rate:.0f}" if rate > 0.1 else f"{100 * rate:.2g}"
        parts.append(f"a spike in {percent}% of the steps")
    if is_spiking:
        parts.append(f"engine {resolve_engine(liquid.engine)}")
    return ", ".join(parts)


def _liquid_of(estimator: Any) -> Any:
    """Find the fitted transformer that holds the reservoirs, or else None."""
    while not hasattr(estimator, "liquids_"):
        inside = [getattr(estimator, name) for name in INSIDE if hasattr(estimator, name)]
        if isinstance(estimator, Pipeline):
            inside = [estimator[0]]
        if not inside:
            return None
        estimator = inside[0]
    return estimator
