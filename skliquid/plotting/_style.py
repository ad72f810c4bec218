"""What all pictures share: matplotlib, colours that everybody can tell apart, axes and legends."""

from __future__ import annotations

from itertools import cycle, islice, product
from typing import Any

# Of Okabe and Ito, "Color universal design", 2008: apart in every kind of colour blindness.
COLOURS = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"
KINDS = dict(zip(("excitatory", "inhibitory"), COLOURS, strict=False))
_LINES = "-", "--", ":", "-."


def pyplot() -> Any:
    """Import matplotlib's pyplot, or say how to install it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "skliquid.plotting needs matplotlib; install the extra: pip install 'skliquid[plots]'."
        ) from error
    return plt


def axes_or_new(ax: Any) -> Any:
    """Axes that are given, or those of a new figure."""
    return pyplot().subplots(layout="constrained")[1] if ax is None else ax


def inset(ax: Any, left: float, bottom: float, width: float, height: float, **given: Any) -> Any:
    """Axes inside others, placed by fractions of these."""
    return ax.inset_axes((left, bottom, width, height), **given)


def line_styles(n: int) -> list[dict[str, str]]:
    """Colours and dashes of so many lines, all different for the first 28."""
    styles = ({"linestyle": line, "color": colour} for line, colour in product(_LINES, COLOURS))
    return list(islice(cycle(styles), n))


def add_legend_of_kinds(ax: Any) -> None:
    """Say which colour is which, above the axes, where it hides nothing."""
    from matplotlib.patches import Patch

    handles = [Patch(color=colour, label=label) for label, colour in KINDS.items()]
    ax.legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)


def add_legend_beside(ax: Any) -> None:
    """Say which line is which, to the right of the axes."""
    n_columns = -(-len(ax.get_legend_handles_labels()[1]) // 15)
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, ncols=n_columns)
