"""Figures of tables: curves, galleries of I-V loops, distributions."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.figures.style import COLOURS, axis_label, drawn, line_style, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_MARKERS = 60  # a curve of more points is a line without markers


def plot_loops(loops: Mapping[str, tuple[ArrayLike, ArrayLike]], path: str | os.PathLike[str] | None = None) -> Figure:
    """Draw I-V loops side by side, each on its own axes, |I| logarithmic.

    Parameters
    ----------
    loops
        Title -> (voltage [V], current [A]).
    path
        Figure to write: .png, .pdf or .svg; None writes nothing.
    """
    columns = min(3, max(1, len(loops)))
    rows = -(-len(loops) // columns)
    with drawn(path, 2.5 * rows) as figure:
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for ax, (title, (voltage, current)) in zip(axes, loops.items(), strict=False):
            magnitude = np.abs(np.asarray(current, dtype=float))
            floor = magnitude.max() * 1e-6
            ax.plot(voltage, np.maximum(magnitude, floor), color=COLOURS[0])
            ax.set_yscale("log")
            ax.set_ylim(max(floor, np.median(magnitude[magnitude > floor]) * 1e-3), magnitude.max() * 3)
            ax.set_title(plain(title))
            ax.set_xlabel("voltage [V]")
            ax.set_ylabel("|current| [A]")
        for ax in axes[len(loops) :]:
            ax.set_visible(False)
    return figure


def plot_curves(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]],
    path: str | os.PathLike[str] | None = None,
    *,
    x: str,
    y: str,
    log: bool = False,
    markers_only: tuple[str, ...] = (),
) -> Figure:
    """Draw several curves on common axes.

    Parameters
    ----------
    curves
        Label -> (x values, y values).
    path
        Figure to write: .png, .pdf or .svg; None writes nothing.
    x, y
        Axis labels with units.
    log
        Whether the y axis is logarithmic.
    markers_only
        Labels of curves that are drawn as open markers, over the others.
    """
    with drawn(path, 3.6) as figure:
        ax = figure.subplots()
        for k, (label, (across, up)) in enumerate(curves.items()):
            colour, dashes = line_style(k, len(curves))
            if label in markers_only:
                ax.plot(
                    across, up, color=colour, label=plain(label), linestyle="none", marker="o", fillstyle="none",
                    markersize=4.5, zorder=3,
                )  # fmt: skip
            else:
                marker = "o" if np.size(across) <= MOST_MARKERS and not markers_only else None
                ax.plot(across, up, color=colour, label=plain(label), linestyle=dashes, marker=marker, markersize=3.5)
        if log:
            ax.set_yscale("log")
        ax.set_xlabel(x)
        ax.set_ylabel(y)
        ax.legend(loc="upper left", bbox_to_anchor=(1.005, 1.02), borderaxespad=0)
    return figure


def plot_probability(
    samples: Mapping[str, ArrayLike],
    path: str | os.PathLike[str] | None = None,
    *,
    quantity: str,
    unit: str,
    title: str = "",
) -> Figure:
    """Draw cumulative distributions on a logarithmic axis against standard deviations; log-normal is a straight line.

    Parameters
    ----------
    samples
        Label -> positive values [unit].
    path
        Figure to write: .png, .pdf or .svg; None writes nothing.
    quantity, unit
        What the values are.
    """
    from scipy.special import ndtri

    with drawn(path, 3.8) as figure:
        ax = figure.subplots()
        for k, (label, values) in enumerate(samples.items()):
            ordered = np.sort(np.asarray(values, dtype=float))
            deviations = ndtri((np.arange(ordered.size) + 0.5) / ordered.size)
            colour, dashes = line_style(k, len(samples))
            ax.plot(
                ordered,
                deviations,
                color=colour,
                linestyle=dashes,
                marker=".",
                markersize=3,
                linewidth=0.8,
                label=plain(label),
            )
        ax.set_xscale("log")
        percent = np.array([0.1, 1, 10, 50, 90, 99, 99.9])
        ax.set_yticks(ndtri(percent / 100), [f"{p:g}" for p in percent])
        ax.minorticks_off()
        ax.set_xlabel(axis_label(quantity, unit))
        ax.set_ylabel("cumulative probability [%]")
        ax.set_title(title)
        ax.legend(loc="upper left", bbox_to_anchor=(1.005, 1.02), borderaxespad=0)
    return figure
