"""Figures of sweeps: line families, heat maps, corners, distributions; a panel for each measurement."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arrays import FloatArray
from rramcirc.figures.style import COLOURS, NAMED_LINES, axis_label, drawn, line_style, plain, si_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LOG_FROM = 30.0  # positive values that span more than this ratio get a logarithmic axis
_PANEL_HEIGHT = 2.5  # inch
_BAND = (5.0, 95.0)  # percentiles
_CORNER, _LIMIT = 0.16, "0.35"  # half width of the jitter of a corner's runs; grey of limits


@dataclass(frozen=True)
class Panel:
    """Values of one measurement.

    Attributes
    ----------
    quantity, unit
        What it is.
    groups : dict of label -> (x values, (n_x, n_draws) values)
        Lines of a family, corners, or samples [unit]; a run without value is NaN.
    limits
        Bounds that a specification sets [unit].
    """

    quantity: str
    unit: str
    groups: Mapping[str, tuple[ArrayLike, ArrayLike]]
    limits: tuple[float, ...] = field(default=())

    def values(self) -> FloatArray:
        """Return all finite values [unit]."""
        every: FloatArray = np.concatenate([np.ravel(np.asarray(values, float)) for _, values in self.groups.values()])
        kept: FloatArray = every[np.isfinite(every)]
        return kept

    def scale(self) -> tuple[float, str]:
        """Return the factor by which values are divided, and the axis label."""
        factor, prefix = si_scale([*self.values(), *self.limits], self.unit)
        return factor, axis_label(plain(self.quantity), f"{prefix}{self.unit}")


def spans_decades(values: ArrayLike) -> bool:
    """Return whether positive values span so much that they need a logarithmic axis."""
    numbers = np.asarray(values, float)
    numbers = numbers[np.isfinite(numbers)]
    return bool(numbers.size and numbers.min() > 0 and numbers.max() > _LOG_FROM * numbers.min())


def plot_families(panels: Sequence[Panel], path: str | os.PathLike[str] | None, *, x: str) -> Figure:
    """Draw lines over a swept value; where draws were made the median, and a band from 5 to 95 %."""
    with drawn(path, 0.6 + _PANEL_HEIGHT * len(panels)) as figure:
        for ax, panel in zip(_axes(figure, len(panels), sharex=True), panels, strict=True):
            factor, label = panel.scale()
            for k, (name, (across, values)) in enumerate(panel.groups.items()):
                colour, dashes = line_style(k, len(panel.groups))
                array = np.asarray(values, float) / factor
                shown = _quantile(array, 50.0)
                ax.plot(across, shown, color=colour, linestyle=dashes, marker="o", markersize=3, label=plain(name))
                if array.shape[1] > 1:
                    low, high = (_quantile(array, share) for share in _BAND)
                    ax.fill_between(np.asarray(across, float), low, high, color=colour, alpha=0.15, linewidth=0)
            _finish(ax, panel, factor, label)
            if spans_decades(next(iter(panel.groups.values()))[0]):
                ax.set_xscale("log")
            if len(panel.groups) > 1:
                _name_lines(ax, len(panel.groups))
        ax.set_xlabel(x)
    return figure


def plot_heat(
    panels: Sequence[Panel], path: str | os.PathLike[str] | None, *, x: tuple[str, ArrayLike], y: tuple[str, ArrayLike]
) -> Figure:
    """Draw a measurement over two swept values as colours; `x` and `y` are (label, values).

    The only group of a panel is (unused, (n_y, n_x) values); what has no value stays white.
    """
    with drawn(path, 0.6 + 2.8 * len(panels)) as figure:
        for ax, panel in zip(_axes(figure, len(panels), sharex=True), panels, strict=True):
            factor, label = panel.scale()
            ((_, values),) = panel.groups.values()
            norm = "log" if spans_decades(panel.values()) else "linear"
            across, up = (_edges(np.asarray(values, float)) for _, values in (x, y))
            shown = ax.pcolormesh(across, up, np.asarray(values, float) / factor, norm=norm, cmap="viridis")
            for name, scale in (("x", spans_decades(x[1])), ("y", spans_decades(y[1]))):
                if scale:
                    getattr(ax, f"set_{name}scale")("log")
            ax.grid(False)
            ax.tick_params(direction="out", which="both", top=False, right=False)
            ax.set_ylabel(y[0])
            figure.colorbar(shown, ax=ax, label=label, pad=0.02)
        ax.set_xlabel(x[0])
    return figure


def plot_corners(panels: Sequence[Panel], path: str | os.PathLike[str] | None) -> Figure:
    """Draw the runs of each corner above its name, limits as lines; what lies outside them is red."""
    rng = np.random.default_rng(0)  # of the jitter alone
    with drawn(path, 0.7 + 2.0 * len(panels)) as figure:
        for ax, panel in zip(_axes(figure, len(panels), sharex=True), panels, strict=True):
            factor, label = panel.scale()
            low, high = _bounds(panel.limits)
            for k, (_, values) in enumerate(panel.groups.values()):
                runs = np.ravel(np.asarray(values, float))
                places = k + (rng.uniform(-_CORNER, _CORNER, runs.size) if runs.size > 1 else np.zeros(1))
                good = (runs >= low) & (runs <= high)
                for chosen, colour, marker in ((good, COLOURS[0], "o"), (~good, COLOURS[1], "X")):
                    ax.plot(places[chosen], runs[chosen] / factor, marker, color=colour, markersize=4, alpha=0.8)
            _finish(ax, panel, factor, label)
            ax.set_xticks(range(len(panel.groups)), [plain(name) for name in panel.groups])
            ax.set_xlim(-0.5, len(panel.groups) - 0.5)
            ax.tick_params(axis="x", which="minor", bottom=False, top=False)
    return figure


def plot_samples(panels: Sequence[Panel], path: str | os.PathLike[str] | None, titles: Sequence[str]) -> Figure:
    """Draw the share of runs up to a value, limits as lines; `titles` tell the yield of each panel."""
    with drawn(path, 0.4 + (_PANEL_HEIGHT + 0.4) * len(panels)) as figure:
        for ax, panel, title in zip(_axes(figure, len(panels)), panels, titles, strict=True):
            factor, label = panel.scale()
            for k, (name, (_, values)) in enumerate(panel.groups.items()):
                ordered = np.sort(np.ravel(np.asarray(values, float)))
                ordered = ordered[np.isfinite(ordered)] / factor
                colour, dashes = line_style(k, len(panel.groups))
                share = 100 * np.arange(1, ordered.size + 1) / max(1, ordered.size)
                ax.step(ordered, share, where="post", color=colour, linestyle=dashes, label=plain(name))
            if spans_decades([*panel.values(), *(limit for limit in panel.limits if np.isfinite(limit))]):
                ax.set_xscale("log")
            for limit in panel.limits:
                ax.axvline(limit / factor, color=_LIMIT, linestyle=":", linewidth=1)
            ax.set_title(plain(title))
            ax.set_xlabel(label)
            ax.set_ylabel("runs up to here [%]")
            ax.set_ylim(0, 100)
            if len(panel.groups) > 1:
                _name_lines(ax, len(panel.groups))
    return figure


@dataclass(frozen=True)
class Bars:
    """Numbers with intervals, by name.

    Attributes
    ----------
    title
        What they are of.
    groups : dict of label -> (names, (n, 3) values)
        Value, low and high for each name; groups stand side by side.
    """

    title: str
    groups: Mapping[str, tuple[Sequence[str], FloatArray]]


def plot_bars(panels: Sequence[Bars], path: str | os.PathLike[str] | None, *, x: str) -> Figure:
    """Draw bars with intervals, a panel for each of `panels`, the largest of the last group on top."""
    rows = max(len(names) for panel in panels for names, _ in panel.groups.values())
    with drawn(path, 0.7 + (0.5 + 0.32 * rows) * len(panels)) as figure:
        for ax, panel in zip(_axes(figure, len(panels), sharex=True), panels, strict=True):
            names, last = list(panel.groups.values())[-1]
            order = np.argsort(last[:, 0])
            thick = 0.8 / len(panel.groups)
            for k, (label, (_, numbers)) in enumerate(panel.groups.items()):
                places = np.arange(len(names)) + 0.4 - thick * (k + 0.5)
                value, low, high = numbers[order].T
                around = np.maximum(0.0, [value - low, high - value])
                style = {"elinewidth": 0.8, "capsize": 2, "ecolor": "0.25"}
                ax.barh(places, value, thick * 0.9, xerr=around, color=COLOURS[k], label=label, error_kw=style)
            ax.set_yticks(range(len(names)), [_short(names[k]) for k in order])
            ax.tick_params(axis="y", which="both", left=False, right=False)
            ax.axvline(0.0, color="0.2", linewidth=0.8)
            ax.set_title(plain(panel.title))
        _name_lines(figure.axes[0], len(panel.groups))
        ax.set_xlabel(x)
    return figure


def _short(path: str) -> str:
    """Return the last two words of a path."""
    return plain(".".join(path.split(".")[-2:]))


def _axes(figure: Figure, count: int, sharex: bool = False) -> list[Axes]:
    return list(figure.subplots(count, 1, squeeze=False, sharex=sharex).ravel())


def _quantile(values: FloatArray, share: float) -> FloatArray:
    """Return a percentile of each row without its NaN; NaN where there is nothing else."""
    filled = np.isfinite(values).any(axis=1)
    found = np.full(len(values), np.nan)
    found[filled] = np.nanpercentile(values[filled], share, axis=1)
    return found


def _finish(ax: Axes, panel: Panel, factor: float, label: str) -> None:
    if spans_decades([*panel.values(), *panel.limits]):
        ax.set_yscale("log")
    for limit in panel.limits:
        ax.axhline(limit / factor, color=_LIMIT, linestyle=":", linewidth=1)
    ax.set_ylabel(label)


def _name_lines(ax: Axes, count: int) -> None:
    """Name the lines of a panel; of very many only every so many."""
    handles, labels = ax.get_legend_handles_labels()
    step = -(-count // NAMED_LINES)
    ax.legend(handles[::step], labels[::step], loc="upper left", bbox_to_anchor=(1.005, 1.02), borderaxespad=0)


def _bounds(limits: Sequence[float]) -> tuple[float, float]:
    """Return (low, high) of limits given as (low, high), with infinities where there is none."""
    return (limits[0], limits[1]) if len(limits) == 2 else (-np.inf, np.inf)


def _edges(centres: FloatArray) -> FloatArray:
    """Return the borders between values: halfway, on a logarithmic axis halfway in the logarithm."""
    log = spans_decades(centres)
    points = np.log(centres) if log else centres
    inner = 0.5 * (points[1:] + points[:-1])
    found = np.concatenate([[points[0] - (inner[0] - points[0])], inner, [points[-1] + points[-1] - inner[-1]]])
    edges: FloatArray = np.exp(found) if log else found
    return edges
