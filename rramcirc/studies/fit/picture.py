"""The picture of a fit: all data, the model, residuals, and what was left out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.figures.style import COLOURS, checked_path, new_figure, save, style_now
from rramcirc.studies.fit.fit import FitResult
from rramcirc.studies.fit.model import Prediction, Protocol
from rramcirc.studies.fit.problem import log_ratio
from rramcirc.studies.fit.verdict import Misfit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEFT = "0.65"  # grey of what was left out
_LINEAR = 3.0  # standard deviations up to which residuals are drawn linearly


def draw(result: FitResult, path: Path) -> None:
    """Draw data and model, a row of two panels for each file; the format follows the suffix."""
    import matplotlib as mpl

    with mpl.rc_context(style_now()):
        figure = new_figure(0.6 + 2.7 * len(result.protocols))
        axes = figure.subplots(len(result.protocols), 2, squeeze=False)
        for row, p, found, m in zip(axes, result.protocols, result.predictions, result.misfits, strict=True):
            {"sweep": _draw_sweep, "pulses": _draw_pulses, "train": _draw_train}[p.data.kind](row[0], p, found)
            row[0].set_title(p.data.path.name, fontsize=8)
            _draw_residuals(row[1], p, found, m)
        said = "" if result.skill.describes else " DOES NOT DESCRIBE THE DATA:"
        figure.suptitle(f"{result.card.module}:{said} skill {result.skill}", fontsize=8.5)
        save(figure, checked_path(path))


def _draw_sweep(ax: Axes, p: Protocol, found: Prediction) -> None:
    voltage, current = p.data.columns["voltage"], np.abs(p.data.columns["current"])
    left = np.setdiff1d(np.flatnonzero(current > 0), p.row)
    left = left[current[left] > 0.1 * p.current.min()]
    if len(left):
        ax.semilogy(voltage[left], current[left], "x", color=_LEFT, markersize=3, label="left out")
    ax.semilogy(voltage[p.row], p.current, ".", color=COLOURS[0], markersize=3, alpha=0.6, label="data")
    for k in range(len(p.start)):
        own = p.device == k
        model, name = np.abs(found.current[own]), "model" if k == 0 else None
        ax.semilogy(voltage[p.row[own]], model, color=COLOURS[1], linewidth=0.8, label=name)
    ax.set_xlabel("voltage [V]")
    ax.set_ylabel("|current| [A]")
    ax.legend()


def _draw_pulses(ax: Axes, p: Protocol, found: Prediction) -> None:
    amplitude = p.data.columns["amplitude"][p.row]
    before = p.data.columns["before"][p.row]
    ax.semilogy(amplitude, p.data.columns["after"][p.row] / before, ".", color=COLOURS[0], markersize=4, label="data")
    model = p.voltages[p.device, p.corner] / np.abs(found.current)
    ax.semilogy(
        amplitude, model / before, "o", color=COLOURS[1], markersize=4, fillstyle="none", mew=0.6, label="model"
    )
    ax.set_xlabel("amplitude [V]")
    ax.set_ylabel("R after / R before")
    ax.legend()


def _draw_train(ax: Axes, p: Protocol, found: Prediction) -> None:
    for k in range(len(p.start)):
        own, names = p.device == k, ("data", "model") if k == 0 else (None, None)
        number, read = np.arange(own.sum()), p.voltages[p.device[own], p.corner[own]]
        ax.plot(number, p.current[own] / read * 1e6, ".", color=COLOURS[0], markersize=4, label=names[0])
        ax.plot(number, np.abs(found.current[own]) / read * 1e6, color=COLOURS[1], label=names[1])
    ax.set_xlabel("reading")
    ax.set_ylabel("conductance [uS]")
    ax.legend()


def _draw_residuals(ax: Axes, p: Protocol, found: Prediction, m: Misfit) -> None:
    """Draw the residuals of all readings; beyond some standard deviations the axis is logarithmic."""
    column = "amplitude" if p.data.kind == "pulses" else "voltage" if p.data.kind == "sweep" else None
    across: FloatArray = p.data.columns[column][p.row] if column else np.arange(len(p), dtype=float)
    residuals = 100 * log_ratio(found.current, p.current)
    ax.plot(across[~m.beyond], residuals[~m.beyond], ".", color=COLOURS[2], markersize=3)
    if m.beyond.any():
        label = f"{int(m.beyond.sum())} beyond 5 sigma"
        ax.plot(across[m.beyond], residuals[m.beyond], "x", color=COLOURS[1], markersize=3, label=label)
        ax.legend()
    linear = _LINEAR * 100 * m.sigma
    if float(np.max(np.abs(residuals))) > 3 * linear:
        ax.set_yscale("symlog", linthresh=linear)
    ax.axhline(0.0, color="0.4", linewidth=0.7)
    left = len(p.data) - len(np.unique(p.row))
    said = f"; {left} rows left out" if left else ""
    ax.set_title(f"rms {100 * m.rms:.3g} % over {len(p)} readings{said}", fontsize=8)
    ax.set_xlabel({"amplitude": "amplitude [V]", "voltage": "voltage [V]", None: "reading"}[column])
    ax.set_ylabel("ln(model/data) [%]")


__all__ = ["draw"]
