"""DiagnosisDisplay: what a liquid can do, over a parameter of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import cycle
from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed

from .._checks import check_integer, cut, shown
from ._measures import check_options, look_of, measured, names_of_measures
from ._style import axes_or_new, inset, line_styles

_MARKERS = "osD^vPX"
# Height of each axes of a new figure, and room between them for a title, in inches.
_HEIGHT, _GAP = 1.6, 0.45
_ABOVE: dict[str, Any] = {
    "loc": "lower left",
    "bbox_to_anchor": (0, 1),
    "borderaxespad": 0,
    "borderpad": 0.2,
    "handlelength": 1.2,
    "columnspacing": 0.8,
    "frameon": False,
}
# Steps between values that differ by such a factor are seen on a logarithmic axis.
_FEWEST_FOLD = 5


class DiagnosisDisplay:
    """Measures of a liquid over the values of a parameter.

    Measures of one unit share axes. A line joins the means over the repeats, and a band reaches
    from the least of them to the largest; what is NaN or infinite is left out of both. The axis of
    the parameter is logarithmic where the steps between its values differ by more than a factor of
    five. Values that are not numbers lie side by side. A grey line marks a Lyapunov exponent of 0
    and a branching ratio of 1, where they are in sight.

    Parameters
    ----------
    param_name : str
        What the parameter is called.
    param_range : array_like of shape (n_values,)
        Its values.
    measures : dict of str to array_like of shape (n_values, n_repeats)
        The numbers of each measure.

    Attributes
    ----------
    param_name : str
        What the parameter is called.
    param_range : list
        Its values.
    measures : dict of str to ndarray of shape (n_values, n_repeats)
        The numbers of each measure.
    bounding_ax_ : matplotlib.axes.Axes
        The axes in which the others lie.
    axes_ : list of matplotlib.axes.Axes
        The axes of each unit, from above.
    lines_ : dict of str to matplotlib.lines.Line2D
        The means of each measure.
    figure_ : matplotlib.figure.Figure
        The figure.

    Raises
    ------
    ValueError
        If there is no value or no measure, or if an array has not the shape that is stated.

    See Also
    --------
    skliquid.diagnostics : The measures.
    sklearn.model_selection.ValidationCurveDisplay : The score of an estimator over a parameter.

    Examples
    --------
    >>> import numpy as np
    >>> from skliquid import LiquidTransformer
    >>> from skliquid.plotting import DiagnosisDisplay
    >>> X = np.random.default_rng(0).normal(size=(20, 50, 1))
    >>> display = DiagnosisDisplay.from_estimator(
    ...     LiquidTransformer(50, recurrent_fraction=1.0, exc_ratio=0.5),
    ...     X,
    ...     param_name="spectral_radius",
    ...     param_range=[0.1, 1.0, 4.0],
    ...     measures=["lyapunov_exponent", "firing_statistics.rate"],
    ...     seeds=(0, 1),
    ... )
    >>> exponents = display.measures["lyapunov_exponent"]
    >>> exponents.shape, bool(exponents[0].max() < 0 < exponents[2].min())
    ((3, 2), True)
    """

    bounding_ax_: Any
    axes_: list[Any]
    lines_: dict[str, Any]
    figure_: Any

    def __init__(self, *, param_name: str, param_range: Any, measures: Any) -> None:
        self.param_name, self.param_range = param_name, _checked_range(param_range)
        self.measures = {name: np.asarray(each, float) for name, each in dict(measures).items()}
        if not self.measures:
            raise ValueError("measures is empty; expected the numbers of at least one measure.")
        for name, found in self.measures.items():
            if found.ndim != 2 or len(found) != len(self.param_range) or not found.size:
                raise ValueError(
                    f"measures[{name!r}] has shape {found.shape}; expected "
                    f"({len(self.param_range)}, n_repeats)."
                )

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        param_name: str,
        param_range: Any,
        measures: Any = (
            "lyapunov_exponent",
            "branching_ratio",
            "memory_capacity",
            "firing_statistics",
        ),
        options: Any = None,
        seeds: Any = (0, 1, 2),
        n_jobs: int | None = None,
        ax: Any = None,
    ) -> DiagnosisDisplay:
        """Fit an estimator with each value of a parameter, measure its liquid, and draw.

        Parameters
        ----------
        estimator : estimator
            What is cloned, given each value and each seed, and fitted: alone, or a pipeline that
            begins with a liquid.
        X : array-like or list
            Sequences to fit to.
        y : array-like of shape (n_samples,) or None, default=None
            Targets, where `estimator` needs them.
        param_name : str
            Parameter that takes the values, as in `set_params`.
        param_range : array-like of shape (n_values,)
            The values.
        measures : str, callable, iterable or dict of these, \
default=("lyapunov_exponent", "branching_ratio", "memory_capacity", "firing_statistics")
            What is measured: functions of :mod:`skliquid.diagnostics` by name, of which one
            number of the record is drawn, another with its name after a dot, as
            "firing_statistics.cv"; or functions of the fitted estimator and X to a number. A dict
            gives them names. White noise drives the liquid for those of a name, but for
            "separation_ratio", which is that of X and y.
        options : dict of str to dict or None, default=None
            Arguments of functions by name, such as ``{"kernel_rank": {"tol": 0.01}}``.
        seeds : iterable of int, default=(0, 1, 2)
            Values of every `random_state` of the estimator, one for each repeat.
        n_jobs : int or None, default=None
            Number of fits at a time, as joblib counts them.
        ax : matplotlib.axes.Axes or None, default=None
            Axes whose place is taken; None makes a figure.

        Returns
        -------
        DiagnosisDisplay
            The display, drawn.

        Raises
        ------
        ValueError, TypeError
            If there is no such parameter or measure, or if the estimator cannot be fitted or
            measured with a value, which the error names.
        """
        if str(param_name).split("__")[-1] == "random_state":
            raise ValueError(f"param_name={param_name!r} takes the seeds; give them as seeds.")
        if ax is not None and not hasattr(ax, "get_window_extent"):
            raise TypeError(f"ax must be Axes of Matplotlib or None, got {shown(ax)}.")
        if not isinstance(seeds, Iterable):
            raise TypeError(f"seeds must be a list of int, got {shown(seeds)}.")
        values, named = _checked_range(param_range), names_of_measures(measures)
        arguments = named, check_options(options, named)
        seeds = [check_integer("each of seeds", seed, low=0) for seed in seeds]
        if not seeds:
            raise ValueError("seeds is empty; expected a seed for each repeat.")
        found = Parallel(n_jobs=n_jobs)(
            delayed(_measured_at)(estimator, X, y, {param_name: value}, seed, *arguments)
            for value in values
            for seed in seeds
        )
        table = np.reshape(found, (len(values), len(seeds), len(named)))
        by_name = dict(zip(named, np.moveaxis(table, 2, 0), strict=True))
        return cls(param_name=param_name, param_range=values, measures=by_name).plot(ax)

    def plot(self, ax: Any = None) -> DiagnosisDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Axes whose place is taken; None makes a figure, the higher the more units there are.

        Returns
        -------
        DiagnosisDisplay
            The display itself.
        """
        by_unit = self._by_unit()
        is_new, ax = ax is None, axes_or_new(ax)
        self.bounding_ax_, self.figure_, self.lines_ = ax, ax.figure, {}
        if is_new:
            width, height = ax.figure.get_size_inches()
            ax.figure.set_size_inches(width, max(height, _HEIGHT * len(by_unit)))
        ax.set_axis_off()
        self.axes_ = _stacked(ax, len(by_unit))
        for each, names in zip(self.axes_, by_unit, strict=True):
            self._draw(each, names)
        self._label_values()
        return self

    def _by_unit(self) -> list[list[str]]:
        """Names of the measures that share axes."""
        groups: dict[str, list[str]] = {}
        for name in self.measures:
            label, unit, _ = look_of(name)
            groups.setdefault(unit or label, []).append(name)
        return list(groups.values())

    def _draw(self, ax: Any, names: list[str]) -> None:
        from matplotlib.ticker import MaxNLocator

        for name, look, marker in zip(names, line_styles(len(names)), cycle(_MARKERS)):
            self._draw_measure(ax, name, {**look, "marker": marker})
        label, unit, critical = look_of(names[0])
        if critical is not None:
            limits = ax.get_ylim()
            ax.axhline(critical, color="0.6", lw=1, zorder=0)
            ax.set_ylim(limits)
        ax.yaxis.set_major_locator(MaxNLocator(4))
        ax.spines[["top", "right"]].set_visible(False)
        if len(names) > 1:
            ax.set_ylabel(unit)
            ax.legend(ncols=len(names), **_ABOVE).set_in_layout(False)
        else:
            is_said = not unit or unit in label
            text = label if is_said else f"{label} ({unit})"
            ax.set_title(text, loc="left", fontsize="medium")

    def _draw_measure(self, ax: Any, name: str, look: dict[str, Any]) -> None:
        label, (low, mean, high) = look_of(name)[0], _over_repeats(self.measures[name])
        if self._is_continuous():
            order = np.argsort(self.param_range, kind="stable")
            x = np.array(self.param_range, float)[order]
            low, mean, high = low[order], mean[order], high[order]
            ax.fill_between(x, low, high, color=look["color"], alpha=0.25, lw=0)
        else:
            x, look = np.arange(len(mean)), {**look, "linestyle": "none"}
            ax.vlines(x, low, high, color=look["color"])
        (self.lines_[name],) = ax.plot(x, mean, **look, ms=4, label=label)

    def _is_continuous(self) -> bool:
        """Whether values are several numbers, between which there are others."""
        are_numbers = [isinstance(v, Real) and not isinstance(v, bool) for v in self.param_range]
        return len(are_numbers) > 1 and all(are_numbers)

    def _label_values(self) -> None:
        *others, lowest = self.axes_
        for ax in others:
            ax.tick_params(labelbottom=False)
        lowest.set_xlabel(self.param_name)
        n = len(self.param_range)
        if not self._is_continuous():
            lowest.set_xticks(range(n), [str(value) for value in self.param_range])
            lowest.set_xlim(-0.5, n - 0.5)
        elif _is_geometric(self.param_range):
            lowest.set_xscale("log")


def _checked_range(param_range: Any) -> list[Any]:
    """Values as a list, of Python's own numbers."""
    if isinstance(param_range, str) or not isinstance(param_range, Iterable):
        raise TypeError(f"param_range must be a list of values, got {shown(param_range)}.")
    values = [each.item() if isinstance(each, np.generic) else each for each in param_range]
    if not values:
        raise ValueError("param_range is empty; expected at least one value.")
    return values


def _is_geometric(values: list[Any]) -> bool:
    """Whether positive numbers crowd at their lower end."""
    steps = np.diff(np.unique(values))
    return min(values) > 0 and len(steps) > 1 and bool(steps.max() > _FEWEST_FOLD * steps.min())


def _over_repeats(found: np.ndarray) -> np.ndarray:
    """Least, mean and largest of the finite numbers in each row, NaN where there are none."""
    rows = [row[np.isfinite(row)] for row in found]
    none = (np.nan,) * 3
    return np.array([(r.min(), r.mean(), r.max()) if r.size else none for r in rows]).T


def _stacked(ax: Any, n: int) -> list[Any]:
    """Axes one below the other inside others, with room for their titles."""
    height = ax.get_window_extent().height / ax.figure.dpi
    gap = min(_GAP / height, 0.4 / n)
    own = (1 - n * gap) / n
    stacked: list[Any] = []
    for i in range(n):
        bottom = (n - 1 - i) * (own + gap)
        stacked.append(inset(ax, 0, bottom, 1, own, sharex=stacked[0] if stacked else None))
    return stacked


@contextmanager
def _naming_the_value(given: dict[str, Any]) -> Iterator[None]:
    """Say in an error with which value of the parameter it came up."""
    try:
        yield
    except Exception as error:
        ((name, value),) = given.items()
        is_of_type = isinstance(error, TypeError) and not isinstance(error, ValueError)
        kind = TypeError if is_of_type else ValueError
        raise kind(f"with {name}={shown(value)}: {cut(str(error))}") from error


def _measured_at(
    estimator: Any,
    X: Any,
    y: Any,
    given: dict[str, Any],
    seed: int,
    measures: Any,
    options: Any,
) -> list[float]:
    """Fit with a value and a seed, and measure."""
    with _naming_the_value(given):
        fresh = clone(estimator).set_params(**given)
        names = [name for name in fresh.get_params() if name.split("__")[-1] == "random_state"]
        fresh.set_params(**dict.fromkeys(names, seed)).fit(X, y)
        return measured(fresh, X, y, measures, options)
