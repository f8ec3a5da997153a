"""The picture of a sweep: what was varied says which kind it is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.analysis.counts import counted
from rramcirc.basics.arguments import check_kind
from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError
from rramcirc.basics.units import format_number
from rramcirc.figures.style import axis_label, plain
from rramcirc.figures.sweeps import Panel, plot_corners, plot_families, plot_heat, plot_samples
from rramcirc.sweeps.result import SweepResult
from rramcirc.sweeps.specs import Spec
from rramcirc.sweeps.targets import OK

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MOST_PANELS, MOST_LINES = 6, 60


def plot_sweep(result: SweepResult, path: str | os.PathLike[str] | None = None, specs: Sequence[Spec] = ()) -> Figure:
    """Draw the measurements of a sweep, a panel each.

    Corners stand side by side; one swept number is an axis, others are lines of a family; two swept numbers without
    draws are a heat map; draws alone are a distribution, with the share of runs within the specifications.

    Parameters
    ----------
    result
        A sweep, finished or not.
    path
        Figure to write: .png, .pdf or .svg; None writes nothing.
    specs
        Limits that are drawn.

    Raises
    ------
    ParameterError
        If no run has ended well.
    """
    check_kind(result, SweepResult, "plot_sweep", "the result of a sweep")
    shown = [name for name in result.measured if result.table[name].notna().any()][:MOST_PANELS]
    if not shown:
        raise ParameterError("plot_sweep: no run has ended with a measurement, so there is nothing to draw.")
    table = result.table
    if "corner" in table:
        groups = dict(list(table.groupby("corner", sort=False)))
        return plot_corners([_panel(result, name, groups, specs) for name in shown], path)
    axes = [name for name in result.axes if name in table]
    numeric = [name for name in axes if table[name].dtype.kind in "iuf" and table[name].nunique() > 1]
    if not numeric:
        others = [name for name in axes if table[name].nunique() > 1]
        groups = _groups(table, others, result)
        titles = [_yield(table, name, specs) for name in shown]
        return plot_samples([_panel(result, name, groups, specs) for name in shown], path, titles)
    across = max(numeric, key=lambda name: table[name].nunique())
    others = [name for name in axes if name != across and table[name].nunique() > 1]
    once = not table.duplicated([*axes]).any()
    if len(others) == 1 and others[0] in numeric and once and table[others[0]].nunique() > 2:
        return _heat(result, shown, across, others[0], path)
    lines = dict(list(_groups(table, others, result).items())[:MOST_LINES])
    panels = [
        Panel(
            name, result.units.get(name, ""), {label: _along(rows, across, name) for label, rows in lines.items()},
            tuple(limit for limit in _limits(name, specs) if np.isfinite(limit)),
        )
        for name in shown
    ]  # fmt: skip
    return plot_families(panels, path, x=_label(result, across))


def _label(result: SweepResult, name: str) -> str:
    return axis_label(plain(name), result.units.get(name, ""))


def _groups(table: pd.DataFrame, names: list[str], result: SweepResult) -> dict[str, pd.DataFrame]:
    """Return the rows of each combination of values, by its label."""
    if not names:
        return {"": table}
    short = {name: name.rpartition(".")[2] for name in names}
    return {
        ", ".join(f"{short[name]} = {_shown(value, result.units.get(name, ''))}" for name, value in
                  zip(names, values, strict=True)): rows
        for values, rows in table.groupby(names, sort=True)
    }  # fmt: skip


def _shown(value: object, unit: str) -> str:
    return format_number(float(value), unit) if isinstance(value, (int, float, np.number)) else str(value)


def _good(table: pd.DataFrame, name: str) -> FloatArray:
    found: FloatArray = np.where(table["status"] == OK, table[name], np.nan).astype(float)
    return found


def _along(rows: pd.DataFrame, across: str, name: str) -> tuple[FloatArray, FloatArray]:
    """Return the values of an axis, and (values, draws) of a measurement along it, filled with NaN."""
    places = np.sort(rows[across].unique())
    columns = [_good(rows[rows[across] == place], name) for place in places]
    found = np.full((len(places), max(map(len, columns))), np.nan)
    for k, column in enumerate(columns):
        found[k, : len(column)] = column
    return places, found


def _limits(name: str, specs: Sequence[Spec]) -> tuple[float, float]:
    """Return the tightest bounds of a measurement."""
    mine = [spec for spec in specs if spec.measure == name]
    low = max((spec.low for spec in mine if spec.low is not None), default=-np.inf)
    return low, min((spec.high for spec in mine if spec.high is not None), default=np.inf)


def _panel(result: SweepResult, name: str, groups: dict[str, pd.DataFrame], specs: Sequence[Spec]) -> Panel:
    limits = _limits(name, specs)
    nowhere: list[float] = []
    values = {label: (nowhere, _good(rows, name)) for label, rows in groups.items()}
    return Panel(name, result.units.get(name, ""), values, limits if np.isfinite(limits).any() else ())


def _yield(table: pd.DataFrame, name: str, specs: Sequence[Spec]) -> str:
    """Return the share of runs within the specifications of a measurement, or how many have a value."""
    low, high = _limits(name, specs)
    values = _good(table, name)
    if np.isfinite([low, high]).any():
        return f"within the specification: {counted((values >= low) & (values <= high))}"
    return f"{int(np.isfinite(values).sum())} of {len(values)} runs"


def _heat(result: SweepResult, shown: list[str], across: str, up: str, path: str | os.PathLike[str] | None) -> Figure:
    table = result.table
    panels = []
    for name in shown:
        grid = table.assign(**{name: _good(table, name)}).pivot(index=up, columns=across, values=name)
        panels.append(Panel(name, result.units.get(name, ""), {"": ([], grid.to_numpy(float))}))
    x, y = ((_label(result, axis), np.sort(table[axis].unique())) for axis in (across, up))
    return plot_heat(panels, path, x=x, y=y)
