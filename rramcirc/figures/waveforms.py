"""Figures of waveforms and of one I-V loop."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.analysis.expressions import resolve
from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, WaveformError, a_kind
from rramcirc.basics.units import format_number
from rramcirc.figures.style import (
    COLOURS,
    NAMED_LINES,
    axis_label,
    checked_path,
    decimate,
    engineering,
    heading,
    line_style,
    new_figure,
    plain,
    print_style,
    quantity_of,
    save,
    si_scale,
    style_now,
)
from rramcirc.waveforms.waveforms import Waveforms

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_RUN_DASHES = ("-", "--", ":", "-.")  # of runs in one figure


def plot(
    waveforms: Waveforms | Mapping[str, Waveforms],
    names: str | Sequence[str] = ("*",),
    path: str | os.PathLike[str] | None = None,
    title: str | None = None,
) -> Figure:
    """Draw signals against their axis, one panel for each unit.

    Parameters
    ----------
    waveforms
        Where the signals are. Complex signals are drawn by their magnitude, over a logarithmic frequency. Several
        runs by name are laid over each other, each with a dash pattern of its own.
    names
        Signals, glob patterns or expressions, such as ``"v(bl*)"`` or ``"v(bl0)*i(bl0)"``; all by default.
    path
        File to write; ``.png``, ``.pdf`` or ``.svg`` says the format. None writes nothing.
    title
        Line above the figure; None is what was simulated: circuit, cards, gate if it stands still, engine.

    Returns
    -------
    Figure
        The drawing; a notebook shows it.

    Raises
    ------
    ParameterError
        If the suffix is unknown, there is nothing to draw or the file cannot be written.
    WaveformError
        If a signal is unknown or there are no points.
    """
    target = None if path is None else checked_path(path)
    runs = waveforms if isinstance(waveforms, Mapping) else {"": waveforms}
    panels = _panels(runs, [names] if isinstance(names, str) else names)
    first = next(iter(runs.values()))
    import matplotlib as mpl

    with mpl.rc_context(style_now()):
        figure, axes = _figure(len(panels), max(len(p) for p in panels.values()))
        for ax, (unit, signals) in zip(axes, panels.items(), strict=True):
            _draw_panel(ax, first, signals, unit)
        _, prefix = _axis_scale(first)
        axes[-1].set_xlabel(axis_label(plain(first.axis_name), f"{prefix}{first.axis_unit}"))
        if _is_logarithmic(first):
            axes[-1].set_xscale("log")
        if first.n_points == 1:
            axes[-1].set_xticks([], minor=True)
            axes[-1].set_xticks(first.axis / _axis_scale(first)[0])
        text = " / ".join(dict.fromkeys(title_of(one) for one in runs.values())) if title is None else title
        partial = "" if all(one.complete for one in runs.values()) else "partial run"
        caption = " / ".join(dict.fromkeys(caption_of(one) for one in runs.values())) if title is None else ""
        if told := "\n".join(filter(None, ["  -  ".join(filter(None, [text, partial])), caption])):
            heading(figure, told)
        if target is not None:
            save(figure, target)
    return figure


plot_waveforms = plot  # its name in scripts that import this module


def plot_butterfly(
    voltage: ArrayLike, current: ArrayLike, path: str | os.PathLike[str] | None = None, title: str | None = None
) -> Figure:
    """Draw the I-V loop of a device: |I| on a logarithmic axis and I on a linear one, with sweep directions.

    Parameters
    ----------
    voltage : (n_points,) array
        Device voltage in the order of the sweep [V].
    current : (n_points,) array
        Device current [A].
    path
        File to write; ``.png``, ``.pdf`` or ``.svg`` says the format. None writes nothing.
    title
        Line above the figure.

    Returns
    -------
    Figure
        The drawing.

    Raises
    ------
    ParameterError
        If the arrays do not fit, or the file cannot be written.
    """
    target = None if path is None else checked_path(path)
    try:
        voltage, current = np.asarray(voltage, np.float64), np.asarray(current, np.float64)
    except (TypeError, ValueError):
        raise ParameterError("voltage and current must be columns of real numbers.") from None
    if voltage.ndim != 1 or voltage.shape != current.shape or voltage.size < 2:
        raise ParameterError(f"voltage has shape {voltage.shape}, current {current.shape}: two equal columns needed.")
    import matplotlib as mpl

    with mpl.rc_context(style_now()):
        figure = new_figure(3.0)
        logarithmic, linear = figure.subplots(1, 2)
        scale, prefix = si_scale(current, "A")
        _draw_loop(logarithmic, voltage, np.abs(current), log=True)
        _draw_loop(linear, voltage, current / scale, log=False)
        logarithmic.set_ylabel("|current| [A]")
        engineering(logarithmic.yaxis, "A")
        linear.set_ylabel(f"current [{prefix}A]")
        for ax in (logarithmic, linear):
            ax.set_xlabel("voltage [V]")
        if title:
            heading(figure, title)
        if target is not None:
            save(figure, target)
    return figure


class _Line(NamedTuple):
    """One line of a panel."""

    label: str
    axis: FloatArray
    values: FloatArray
    magnitude: bool
    signal: int
    run: int


def _panels(runs: Mapping[str, Waveforms], names: Sequence[str]) -> dict[str, list[_Line]]:
    """Return the lines of each unit: every signal in every run."""
    if not runs or not all(isinstance(one, Waveforms) for one in runs.values()):
        raise ParameterError(f"plot: give the waveforms of a run, not {a_kind(next(iter(runs.values()), None))}.")
    if len({(one.axis_name, one.axis_unit) for one in runs.values()}) > 1:
        told = ", ".join(f"{label} over {one.axis_name}" for label, one in runs.items())
        raise ParameterError(f"plot: runs in one figure need the same axis, not {told}.")
    panels: dict[str, list[_Line]] = {}
    for k, (run, one) in enumerate(runs.items()):
        for label, values, unit in resolve(names, one):
            magnitude = bool(np.iscomplexobj(values))
            shown = f"|{label}|" if magnitude else label
            shown = f"{shown} ({run})" if run else shown
            lines = panels.setdefault(unit, [])
            number = sum(line.run == k for line in lines)
            lines.append(_Line(shown, one.axis, np.abs(values) if magnitude else values, magnitude, number, k))
        if not one.n_points:
            raise WaveformError("there are no points to plot.")
    if not panels:
        raise ParameterError("no signals to plot.")
    return panels


def _draw_panel(ax: Axes, waveforms: Waveforms, lines: list[_Line], unit: str) -> None:
    """Draw all signals of one unit; of several runs a signal has one colour, and a run one dash pattern."""
    axis_scale, _ = _axis_scale(waveforms)
    stacked = [line.values[np.isfinite(line.values)] for line in lines]
    low = min((float(v.min()) for v in stacked if v.size), default=0.0)
    high = max((float(v.max()) for v in stacked if v.size), default=0.0)
    log = low > 0 and (any(line.magnitude for line in lines) or (unit in ("ohm", "S") and high > 100 * low))
    scale, prefix = (1.0, "") if log else si_scale([low, high], unit)
    marker = "o" if waveforms.n_points == 1 else None
    of_one = sum(line.run == 0 for line in lines)
    several = any(line.run for line in lines)
    for k, line in enumerate(lines):
        colour, dashes = line_style(line.signal, of_one) if several else line_style(k, len(lines))
        keep = decimate(line.axis, line.values)
        ax.plot(
            line.axis[keep] / axis_scale,
            line.values[keep] / scale,
            _RUN_DASHES[line.run % len(_RUN_DASHES)] if several else dashes,
            color=colour,
            label=plain(line.label),
            marker=marker,
            markersize=4,
        )
    ax.set_ylabel(axis_label(quantity_of([line.label for line in lines], unit), f"{prefix}{unit}"))
    if log:
        ax.set_yscale("log")
        engineering(ax.yaxis, unit)
    ax.margins(x=0 if waveforms.n_points > 1 else None, y=0.08)
    _legend(ax)


def _is_logarithmic(waveforms: Waveforms) -> bool:
    return waveforms.axis_name == "frequency" and waveforms.n_points > 1 and bool(np.all(waveforms.axis > 0))


def _axis_scale(waveforms: Waveforms) -> tuple[float, str]:
    """Return factor and SI prefix of the axis; a logarithmic axis has none."""
    return (1.0, "") if _is_logarithmic(waveforms) else si_scale(waveforms.axis, waveforms.axis_unit)


def _legend(ax: Axes) -> None:
    """Put a legend beside the panel; of many lines it names a few, evenly spaced."""
    handles, labels = ax.get_legend_handles_labels()
    if len(handles) > NAMED_LINES:
        shown = np.unique(np.linspace(0, len(handles) - 1, NAMED_LINES - 1).round().astype(int))
        title = f"{len(handles)} signals"
        handles, labels = [handles[k] for k in shown], [labels[k] for k in shown]
    else:
        title = None
    labels = [label if len(label) <= 28 else f"{label[:27]}\u2026" for label in labels]
    if print_style().narrow:  # above the panel: there is no room beside it
        ax.legend(handles, labels, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4, columnspacing=1.0, title=title)
        return
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


def _draw_loop(ax: Axes, voltage: FloatArray, current: FloatArray, log: bool) -> None:
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


def _branches(voltage: FloatArray) -> list[tuple[int, int]]:
    """Return first and last point of every part of a sweep that neither turns nor crosses 0 V."""
    step = np.sign(np.diff(voltage))
    moving = np.flatnonzero(step)
    turns = moving[1:][step[moving][1:] != step[moving][:-1]]
    crossing = np.flatnonzero((voltage[1:-1] == 0) | (voltage[1:-1] * voltage[2:] < 0)) + 1
    ends = np.unique(np.r_[0, turns, crossing, len(voltage) - 1])
    least = 0.02 * float(np.ptp(voltage))
    return [(int(a), int(b)) for a, b in pairwise(ends) if abs(voltage[b] - voltage[a]) > least]


def _arrow(ax: Axes, voltage: FloatArray, current: FloatArray, colour: str, number: int) -> None:
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


def _figure(n_panels: int, most_lines: int) -> tuple[Figure, list[Axes]]:
    height = 1.5 if print_style().narrow else 1.75 if most_lines < NAMED_LINES else 1.95
    figure = new_figure(0.75 + height * n_panels)
    return figure, list(figure.subplots(n_panels, 1, sharex=True, squeeze=False)[:, 0])


def title_of(waveforms: Waveforms) -> str:
    """Return the name of the circuit: from the record of the run, else the title of the raw file, in small letters."""
    return str(waveforms.provenance.get("circuit") or waveforms.title.lstrip("* "))


def caption_of(waveforms: Waveforms) -> str:
    """Return how a run was made: cards that its title does not name, gate if it stands still, engine, temperature.

    Examples
    --------
    >>> wf = Waveforms("time", "s", [0.0, 1.0], {"v(wl)": [1.2, 1.2]}, {"v(wl)": "V"})
    >>> caption_of(wf)
    'gate 1.2 V'
    """
    told, title = waveforms.provenance, title_of(waveforms)
    cards, engine, version = told.get("cards"), str(told.get("engine") or ""), str(told.get("engine_version") or "")
    gate = waveforms["v(wl)"] if waveforms.n_points and waveforms.find("v(wl)") else np.empty(0)
    still = gate.size and not np.iscomplexobj(gate) and float(np.ptp(gate)) <= 1e-9 * abs(float(gate[0]))
    temperature = told.get("temperature_K")
    parts = [
        ", ".join(str(card) for card in cards if str(card) not in title) if isinstance(cards, (list, tuple)) else "",
        f"gate {format_number(float(gate[0]), 'V', 4)}" if still else "",
        version if version.lower().startswith(engine.lower()) else f"{engine} ({version})" if version else engine,
        f"{temperature:g} K" if isinstance(temperature, (int, float)) else "",
    ]
    return ", ".join(part for part in parts if part)
