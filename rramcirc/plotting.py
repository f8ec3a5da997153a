"""Figures of waveforms; the only place that imports matplotlib."""

from __future__ import annotations

import math
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rramcirc.errors import ParameterError, WaveformError, cannot_write
from rramcirc.expressions import resolve
from rramcirc.waveforms import Waveforms

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Okabe and Ito, distinct for every kind of colour vision; yellow is left out because it is weak on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_DASHES = ("-", "--")
_NAMED_LINES = 9  # as many have a colour and dash pattern of their own and a line in the legend
_QUANTITIES = {
    "V": "voltage",
    "A": "current",
    "ohm": "resistance",
    "S": "conductance",
    "W": "power",
    "J": "energy",
    "s": "time",
    "Hz": "frequency",
    "C": "charge",
    "F": "capacitance",
    "K": "temperature",
}
_PREFIXES = {12: "T", 9: "G", 6: "M", 3: "k", 0: "", -3: "m", -6: "u", -9: "n", -12: "p", -15: "f"}
_SUFFIXES = (".png", ".pdf", ".svg")
_WIDTH = 7.16  # inches: two columns of an IEEE page
_STYLE = {
    "font.size": 9,
    "axes.labelsize": 9,
    "axes.titlesize": 9.5,
    "legend.fontsize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "axes.linewidth": 0.7,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "xtick.minor.visible": True,
    "ytick.minor.visible": True,
    "axes.grid": True,
    "grid.color": "0.88",
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
    "lines.linewidth": 1.2,
    "savefig.dpi": 200,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "pdf.fonttype": 42,
    "svg.hashsalt": "rramcirc",
    "axes.formatter.useoffset": False,
    "axes.unicode_minus": True,
    "font.family": "DejaVu Sans",
}


def plot_waveforms(
    waveforms: Waveforms, names: Sequence[str], path: str | os.PathLike[str], title: str | None = None
) -> Path:
    """Draw signals against their axis, one panel for each unit, and write the figure.

    Parameters
    ----------
    waveforms
        Where the signals are. Complex signals are drawn by their magnitude, over a logarithmic frequency.
    names
        Signals, glob patterns or expressions (:func:`rramcirc.expressions.resolve`).
    path
        File; ``.png``, ``.pdf`` or ``.svg`` says the format.
    title
        Line above the figure; None is the title of the netlist.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ParameterError
        If the suffix is unknown, there is nothing to draw or the file cannot be written.
    WaveformError
        If a signal is unknown or there are no points.
    """
    path = _checked_path(path)
    rows = resolve(names, waveforms)
    if not rows:
        raise ParameterError("no signals to plot.")
    if not waveforms.n_points:
        raise WaveformError("there are no points to plot.")
    panels: dict[str, list[tuple[str, NDArray]]] = {}
    for label, values, unit in rows:
        line = (f"|{label}|", np.abs(values)) if np.iscomplexobj(values) else (label, values)
        panels.setdefault(unit, []).append(line)
    import matplotlib as mpl

    with mpl.rc_context(_STYLE):
        figure, axes = _figure(len(panels), max(len(p) for p in panels.values()))
        for ax, (unit, signals) in zip(axes, panels.items(), strict=True):
            _draw_panel(ax, waveforms, signals, unit, any(np.iscomplexobj(v) for _, v, u in rows if u == unit))
        _, prefix = _axis_scale(waveforms)
        axes[-1].set_xlabel(_label(_plain(waveforms.axis_name), f"{prefix}{waveforms.axis_unit}"))
        if _is_logarithmic(waveforms):
            axes[-1].set_xscale("log")
        if waveforms.n_points == 1:
            axes[-1].set_xticks([], minor=True)
            axes[-1].set_xticks(waveforms.axis / _axis_scale(waveforms)[0])
        text = waveforms.title.lstrip("* ") if title is None else title
        partial = "" if waveforms.complete else "partial run"
        if heading := "  -  ".join(filter(None, [text, partial])):
            figure.suptitle(_plain(heading), fontsize=9.5)
        _save(figure, path)
    return path


def plot_butterfly(
    voltage: ArrayLike, current: ArrayLike, path: str | os.PathLike[str], title: str | None = None
) -> Path:
    """Draw the I-V loop of a device: |I| on a logarithmic axis and I on a linear one, with sweep directions.

    Parameters
    ----------
    voltage : (n_points,) array
        Device voltage in the order of the sweep [V].
    current : (n_points,) array
        Device current [A].
    path
        File; ``.png``, ``.pdf`` or ``.svg`` says the format.
    title
        Line above the figure.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ParameterError
        If the arrays do not fit, or the file cannot be written.
    """
    path = _checked_path(path)
    try:
        voltage, current = np.asarray(voltage, np.float64), np.asarray(current, np.float64)
    except (TypeError, ValueError):
        raise ParameterError("voltage and current must be columns of real numbers.") from None
    if voltage.ndim != 1 or voltage.shape != current.shape or voltage.size < 2:
        raise ParameterError(f"voltage has shape {voltage.shape}, current {current.shape}: two equal columns needed.")
    import matplotlib as mpl

    with mpl.rc_context(_STYLE):
        figure = _new_figure(3.0)
        logarithmic, linear = figure.subplots(1, 2)
        scale, prefix = si_scale(current, "A")
        _draw_loop(logarithmic, voltage, np.abs(current), log=True)
        _draw_loop(linear, voltage, current / scale, log=False)
        logarithmic.set_ylabel("|current| [A]")
        linear.set_ylabel(f"current [{prefix}A]")
        for ax in (logarithmic, linear):
            ax.set_xlabel("voltage [V]")
        if title:
            figure.suptitle(_plain(title), fontsize=9.5)
        _save(figure, path)
    return path


def plot_loops(loops: Mapping[str, tuple[ArrayLike, ArrayLike]], path: str | os.PathLike[str]) -> None:
    """Draw I-V loops side by side, each on its own axes, |I| logarithmic.

    Parameters
    ----------
    loops
        Title -> (voltage [V], current [A]).
    path
        Figure to write: .png, .pdf or .svg.
    """
    path = _checked_path(path)
    columns = min(3, max(1, len(loops)))
    rows = -(-len(loops) // columns)
    figure = _new_figure(2.6 * rows)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax, (title, (voltage, current)) in zip(axes, loops.items(), strict=False):
        magnitude = np.abs(np.asarray(current, dtype=float))
        floor = magnitude.max() * 1e-6
        ax.plot(voltage, np.maximum(magnitude, floor), color=COLOURS[0], linewidth=1.2)
        ax.set_yscale("log")
        ax.set_ylim(max(floor, np.median(magnitude[magnitude > floor]) * 1e-3), magnitude.max() * 3)
        ax.set_title(title, fontsize="small")
        ax.set_xlabel("voltage [V]", fontsize="small")
        ax.set_ylabel("|current| [A]", fontsize="small")
        ax.tick_params(labelsize="small")
        ax.grid(alpha=0.3)
    for ax in axes[len(loops) :]:
        ax.set_visible(False)
    _save(figure, path)


def plot_curves(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]],
    path: str | os.PathLike[str],
    *,
    x: str,
    y: str,
    log: bool = False,
) -> None:
    """Draw several curves with markers on common axes.

    Parameters
    ----------
    curves
        Label -> (x values, y values).
    path
        Figure to write: .png, .pdf or .svg.
    x, y
        Axis labels with units.
    log
        Whether the y axis is logarithmic.
    """
    path = _checked_path(path)
    figure = _new_figure(4.2)
    ax = figure.subplots()
    for k, (label, (across, up)) in enumerate(curves.items()):
        colour, line = _line_style(k, len(curves))
        ax.plot(across, up, color=colour, linestyle=line, marker="o", markersize=3.5, linewidth=1.2, label=label)
    if log:
        ax.set_yscale("log")
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.grid(alpha=0.3)
    ax.legend(fontsize="small", frameon=False)
    _save(figure, path)


def plot_probability(
    samples: Mapping[str, ArrayLike], path: str | os.PathLike[str], *, quantity: str, unit: str, title: str = ""
) -> None:
    """Draw cumulative distributions on a logarithmic axis against standard deviations; log-normal is a straight line.

    Parameters
    ----------
    samples
        Label -> positive values [unit].
    path
        Figure to write: .png, .pdf or .svg.
    quantity, unit
        What the values are.
    """
    from scipy.special import ndtri

    path = _checked_path(path)
    figure = _new_figure(4.2)
    ax = figure.subplots()
    for k, (label, values) in enumerate(samples.items()):
        ordered = np.sort(np.asarray(values, dtype=float))
        deviations = ndtri((np.arange(ordered.size) + 0.5) / ordered.size)
        colour, line = _line_style(k, len(samples))
        ax.plot(ordered, deviations, color=colour, linestyle=line, marker=".", markersize=3, linewidth=1, label=label)
    ax.set_xscale("log")
    percent = np.array([0.1, 1, 10, 50, 90, 99, 99.9])
    ax.set_yticks(ndtri(percent / 100), [f"{p:g}" for p in percent])
    ax.set_xlabel(_label(quantity, unit))
    ax.set_ylabel("cumulative probability [%]")
    ax.grid(alpha=0.3)
    ax.set_title(title)
    ax.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    _save(figure, path)


def si_scale(values: ArrayLike, unit: str) -> tuple[float, str]:
    """Return the factor and SI prefix that make the largest magnitude lie between 1 and 1000.

    Examples
    --------
    >>> si_scale([0.0, 2.5e-5], "A")
    (1e-06, 'u')
    """
    magnitudes = np.abs(np.asarray(values, np.float64))
    magnitudes = magnitudes[np.isfinite(magnitudes)]
    largest = float(magnitudes.max(initial=0.0))
    if unit not in _QUANTITIES or largest == 0.0:
        return 1.0, ""
    power = min(12, max(-15, 3 * math.floor(math.log10(largest * (1 + 1e-9)) / 3)))
    return float(f"1e{power}"), _PREFIXES[power]


def decimate(axis: NDArray, values: NDArray, buckets: int = 2000) -> NDArray[np.intp]:
    """Return the points that draw the same line: first, last, lowest and highest of every bucket of the axis.

    Parameters
    ----------
    axis, values : (n_points,) arrays
        If the axis does not rise throughout, buckets have equal numbers of points.
    buckets
        About the number of pixels across.

    Returns
    -------
    (n_kept,) array of int
        Rising; all points if there are at most 4 in a bucket.
    """
    n = len(axis)
    if n <= 4 * buckets:
        return np.arange(n)
    if np.all(np.diff(axis) >= 0) and axis[-1] > axis[0]:
        edges = np.searchsorted(axis, np.linspace(axis[0], axis[-1], buckets + 1)[:-1])
    else:
        edges = np.linspace(0, n, buckets + 1).astype(np.intp)[:-1]
    edges = np.unique(np.append(edges, n))
    kept = [edges[:-1], edges[1:] - 1]
    for ordered in (values, -values):  # a NaN is never the extreme
        clean = np.where(np.isnan(ordered), np.inf, ordered)
        lowest = np.minimum.reduceat(clean, edges[:-1])
        hits = np.flatnonzero(clean == np.repeat(lowest, np.diff(edges)))
        kept.append(hits[np.searchsorted(hits, edges[:-1])])
    return np.unique(np.concatenate(kept))


def _draw_panel(ax: Axes, waveforms: Waveforms, signals: list[tuple[str, NDArray]], unit: str, magnitude: bool) -> None:
    """Draw all signals of one unit."""
    axis_scale, _ = _axis_scale(waveforms)
    stacked = [v[np.isfinite(v)] for _, v in signals]
    low = min((float(v.min()) for v in stacked if v.size), default=0.0)
    high = max((float(v.max()) for v in stacked if v.size), default=0.0)
    log = low > 0 and (magnitude or (unit in ("ohm", "S") and high > 100 * low))
    scale, prefix = (1.0, "") if log else si_scale([low, high], unit)
    marker = "o" if waveforms.n_points == 1 else None
    for k, (label, values) in enumerate(signals):
        colour, dashes = _line_style(k, len(signals))
        keep = decimate(waveforms.axis, values)
        ax.plot(
            waveforms.axis[keep] / axis_scale,
            values[keep] / scale,
            dashes,
            color=colour,
            label=_plain(label),
            marker=marker,
            markersize=4,
        )
    ax.set_ylabel(_label(_quantity([label for label, _ in signals], unit), f"{prefix}{unit}"))
    if log:
        ax.set_yscale("log")
    ax.margins(x=0 if waveforms.n_points > 1 else None, y=0.08)
    _legend(ax)


def _is_logarithmic(waveforms: Waveforms) -> bool:
    return waveforms.axis_name == "frequency" and waveforms.n_points > 1 and bool(np.all(waveforms.axis > 0))


def _axis_scale(waveforms: Waveforms) -> tuple[float, str]:
    """Return factor and SI prefix of the axis; a logarithmic axis has none."""
    return (1.0, "") if _is_logarithmic(waveforms) else si_scale(waveforms.axis, waveforms.axis_unit)


def _line_style(k: int, count: int) -> tuple[object, str]:
    """Return colour and dash pattern of line `k` of `count`: distinct colours, then dashes, then a gradient."""
    if count <= _NAMED_LINES:
        return COLOURS[k % len(COLOURS)], _DASHES[k // len(COLOURS)]
    import matplotlib as mpl

    return mpl.colormaps["viridis"](0.95 * k / (count - 1)), "-"


def _legend(ax: Axes) -> None:
    """Put a legend beside the panel; of many lines it names a few, evenly spaced."""
    handles, labels = ax.get_legend_handles_labels()
    if len(handles) > _NAMED_LINES:
        shown = np.unique(np.linspace(0, len(handles) - 1, _NAMED_LINES - 1).round().astype(int))
        title = f"{len(handles)} signals"
        handles, labels = [handles[k] for k in shown], [labels[k] for k in shown]
    else:
        title = None
    labels = [label if len(label) <= 28 else f"{label[:27]}\u2026" for label in labels]
    ax.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(1.005, 1.03),
        borderaxespad=0,
        title=title,
        title_fontsize=8,
        labelspacing=0.3,
        alignment="left",
    )


def _draw_loop(ax: Axes, voltage: NDArray, current: NDArray, log: bool) -> None:
    """Draw an I-V loop; blue away from 0 V, red back to it, numbered arrows in the order of the sweep."""
    if log:
        away_from_zero = current[(np.abs(voltage) > 0.02 * np.abs(voltage).max()) & (current > 0)]
        ax.set_yscale("log")
        if away_from_zero.size:
            ax.set_ylim(away_from_zero.min() / 3, away_from_zero.max() * 3)
        current = np.where(current > 0, current, np.nan)
    else:
        ax.axhline(0, color="0.6", linewidth=0.6)
        ax.margins(y=0.14)
    ax.axvline(0, color="0.6", linewidth=0.6)
    pieces = _branches(voltage)
    for k, (first, last) in enumerate(pieces):
        outward = abs(voltage[last]) > abs(voltage[first])
        colour = COLOURS[0] if outward else COLOURS[1]
        part = slice(first, last + 1)
        ax.plot(voltage[part], current[part], color=colour, alpha=1.0 if k < 4 else 0.5, zorder=3 if k < 4 else 2)
        if k < 4:
            _arrow(ax, voltage[part], current[part], colour, k + 1)


def _branches(voltage: NDArray) -> list[tuple[int, int]]:
    """Return first and last point of every part of a sweep that neither turns nor crosses 0 V."""
    step = np.sign(np.diff(voltage))
    moving = np.flatnonzero(step)
    turns = moving[1:][step[moving][1:] != step[moving][:-1]]
    crossing = np.flatnonzero((voltage[1:-1] == 0) | (voltage[1:-1] * voltage[2:] < 0)) + 1
    ends = np.unique(np.r_[0, turns, crossing, len(voltage) - 1])
    least = 0.02 * float(np.ptp(voltage))
    return [(int(a), int(b)) for a, b in pairwise(ends) if abs(voltage[b] - voltage[a]) > least]


def _arrow(ax: Axes, voltage: NDArray, current: NDArray, colour: str, number: int) -> None:
    """Put an arrow head half-way along a branch and its number beside it."""
    middle = 0.5 * (voltage[0] + voltage[-1])
    k = int(np.argmin(np.abs(voltage - middle)))
    start, end = max(0, k - 1), min(len(voltage) - 1, k + 1)
    if not np.all(np.isfinite(current[[start, end]])):
        return
    ax.annotate(
        "",
        xy=(voltage[end], current[end]),
        xytext=(voltage[start], current[start]),
        zorder=5,
        arrowprops={"arrowstyle": "-|>", "color": colour, "mutation_scale": 11, "shrinkA": 0, "shrinkB": 0},
    )
    above = 9 if abs(voltage[-1]) < abs(voltage[0]) else -10
    ax.annotate(
        str(number),
        xy=(voltage[k], current[k]),
        xytext=(0, above),
        textcoords="offset points",
        ha="center",
        va="center",
        color=colour,
        fontsize=8,
        fontweight="bold",
        zorder=6,
    )


def _quantity(labels: list[str], unit: str) -> str:
    """Return what a panel shows: the quantity of its unit, or the common name of its signals."""
    if unit in _QUANTITIES:
        return _QUANTITIES[unit]
    stems = {re.split(r"[\[(]", label)[0] for label in labels}
    return stems.pop() if len(stems) == 1 else ("state" if unit == "nm" else "value")


def _label(quantity: str, unit: str) -> str:
    return f"{quantity} [{unit}]" if unit else quantity


def _plain(text: str) -> str:
    """Return text that matplotlib shows as it is: no formulas, no hidden legend entries."""
    text = text.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def _checked_path(path: str | os.PathLike[str]) -> Path:
    path = Path(path)
    if path.suffix.lower() not in _SUFFIXES:
        raise ParameterError(f"{path}: the suffix {path.suffix!r} is no figure format. Use {' '.join(_SUFFIXES)}.")
    return path


def _new_figure(height: float) -> Figure:
    from matplotlib.figure import Figure  # without pyplot: no window, no display, no global list of figures

    return Figure(figsize=(_WIDTH, height), layout="constrained")


def _figure(n_panels: int, most_lines: int) -> tuple[Figure, list[Axes]]:
    height = 1.75 if most_lines < _NAMED_LINES else 1.95
    figure = _new_figure(0.75 + height * n_panels)
    return figure, list(figure.subplots(n_panels, 1, sharex=True, squeeze=False)[:, 0])


def _save(figure: Figure, path: Path) -> None:
    metadata = {".png": None, ".pdf": {"CreationDate": None}, ".svg": {"Date": None}}[path.suffix.lower()]
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing")  # a title in another script
            figure.savefig(path, metadata=metadata)
    except OSError as error:
        raise cannot_write(path, error) from error
