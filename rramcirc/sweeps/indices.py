"""Which drawn values a measurement depends on: sensitivity indices with intervals, by SALib."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from rramcirc.basics.arguments import check_kind
from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import EnvironmentProblem, ParameterError
from rramcirc.basics.units import whole_number
from rramcirc.sweeps.draws import SALTELLI
from rramcirc.sweeps.result import SweepResult
from rramcirc.sweeps.targets import OK

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

FEWEST = 50  # runs, below which an index says nothing
COLUMNS = ("measurement", "value", "index", "share", "low", "high", "runs", "method")
_RESAMPLES, _MOST_PANELS = 100, 6


def sensitivity_indices(result: SweepResult, *, seed: int = 0) -> pd.DataFrame:
    """Return how much of the variance of each measurement comes from each drawn value.

    Parameters
    ----------
    result
        A sweep with draws at one point of grid, rows and corners. Drawn with ``method="saltelli"``: the indices of
        Sobol, first order (the value alone) and total (with all that it acts together with). Drawn otherwise: first
        order, by RBD-FAST, whose runs may be any.
    seed
        Of the resampling that makes the intervals.

    Returns
    -------
    DataFrame
        A row a measurement, drawn value and index: measurement, value, index (first order, total), share [1],
        low and high (95 %, bootstrap of 100 resamples [1]; they may leave 0 to 1), runs, method.

    Raises
    ------
    ParameterError
        If nothing was drawn, several points were swept, or too few runs ended well.
    EnvironmentProblem
        If SALib is not installed.

    References
    ----------
    Saltelli et al., Comput. Phys. Commun. 181 (2010) 259; Tarantola, Gatelli, Mara, Reliab. Eng. Syst. Saf. 91 (2006)
    717; Plischke, Reliab. Eng. Syst. Saf. 95 (2010) 354.
    """
    import pandas as pd

    check_kind(result, SweepResult, "sensitivity_indices", "the result of a sweep")
    whole_number(seed, "sensitivity_indices: seed", 0)
    names = _drawn(result)
    shares = _sobol if result.about["plan"]["method"] == SALTELLI else _first_order
    rows = []
    for measured in result.measured:
        values = np.where(result.table["status"] == OK, result.table[measured], np.nan).astype(float)
        if np.nanmin(values, initial=np.inf) < np.nanmax(values, initial=-np.inf):
            rows += [(measured, *row) for row in shares(result, names, values, seed)]
    if not rows:
        raise ParameterError("sensitivity: no measurement varies, so there is nothing to explain.")
    found = pd.DataFrame(rows, columns=list(COLUMNS))
    found.attrs["units"] = {"share": "1", "low": "1", "high": "1"}
    return found


def _drawn(result: SweepResult) -> list[str]:
    """Return the columns of drawn numbers."""
    if not result.about["plan"]["draws"]:
        raise ParameterError("sensitivity: nothing was drawn. Draw the values in question, as uniform(LOW, HIGH).")
    swept = [name for name in (*result.axes, "corner") if name in result.table and result.table[name].nunique() > 1]
    if swept:
        raise ParameterError(
            f"sensitivity: {', '.join(swept)} is swept besides, and must stand still. Draw it, or leave it out."
        )
    owners = tuple(result.about["plan"]["draws"])
    return [
        name for name in result.table
        if str(name).startswith(owners) and result.table[name].dtype.kind in "iuf" and result.table[name].nunique() > 1
    ]  # fmt: skip


def _problem(names: list[str]) -> dict[str, Any]:
    return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}


def _sobol(result: SweepResult, names: list[str], values: FloatArray, seed: int) -> list[tuple[object, ...]]:
    """Return the indices of Sobol; every run of the plan counts in them."""
    sobol = _salib("sobol")
    good = int(np.isfinite(values).sum())
    if good < result.planned:
        raise ParameterError(
            f"sensitivity: {good} of {result.planned} runs have a value, and the indices of Sobol need all. Run what "
            "is missing with --resume, or draw with another method."
        )
    names = list(result.about["plan"]["draws"])  # in the order in which they were drawn
    found = sobol.analyze(
        _problem(names), values, calc_second_order=False, num_resamples=_RESAMPLES, seed=seed, print_to_console=False
    )
    return [
        (name, index, float(found[key][k]), *_interval(found[key][k], found[f"{key}_conf"][k]), good, "Sobol")
        for index, key in (("first order", "S1"), ("total", "ST")) for k, name in enumerate(names)
    ]  # fmt: skip


def _first_order(result: SweepResult, names: list[str], values: FloatArray, seed: int) -> list[tuple[object, ...]]:
    """Return first-order indices from any draws; runs without a value are left out."""
    fast = _salib("rbd_fast")
    good = np.isfinite(values)
    if good.sum() < FEWEST:
        raise ParameterError(f"sensitivity: {int(good.sum())} runs have a value; at least {FEWEST} are needed.")
    drawn = result.table[names].to_numpy(float)[good]
    found = fast.analyze(_problem(names), drawn, values[good], num_resamples=_RESAMPLES, seed=seed)
    return [
        (name, "first order", float(share), *_interval(share, half), len(drawn), "RBD-FAST")
        for name, share, half in zip(names, found["S1"], found["S1_conf"], strict=True)
    ]


def _interval(share: float, half: float) -> tuple[float, float]:
    return float(share - half), float(share + half)


def _salib(method: str) -> Any:
    """Return a method of SALib."""
    try:
        if method == "sobol":
            from SALib.analyze import sobol as found
        else:
            from SALib.analyze import rbd_fast as found
    except ImportError as error:
        raise EnvironmentProblem("SALib is not installed: pip install 'rramcirc[sensitivity]'.") from error
    return found


def plot_indices(table: pd.DataFrame, path: str | os.PathLike[str] | None = None) -> Figure:
    """Draw sensitivity indices as bars with their intervals, a panel for each measurement.

    Parameters
    ----------
    table
        Of `sensitivity_indices`.
    path
        Figure to write: .png, .pdf or .svg; None writes nothing.

    Raises
    ------
    ParameterError
        If it is no such table.
    """
    import pandas as pd

    from rramcirc.figures.sweeps import Bars, plot_bars

    check_kind(table, pd.DataFrame, "plot_indices", "the table of sensitivity_indices")
    if not {*COLUMNS} <= {*table} or table.empty:
        raise ParameterError("plot_indices: the table of sensitivity_indices is needed.")
    panels = []
    for measured, rows in list(table.groupby("measurement", sort=False))[:_MOST_PANELS]:
        groups = {
            str(index): (list(one["value"].astype(str)), one[["share", "low", "high"]].to_numpy(float))
            for index, one in rows.groupby("index", sort=False)
        }
        panels.append(Bars(f"{measured}, {int(rows['runs'].iloc[0])} runs", groups))
    return plot_bars(panels, path, x="share of the variance (bars: 95 %)")
