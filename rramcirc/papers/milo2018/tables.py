"""The tables of Figs. 5(g) and 6 as arrays over cues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

RECALLED = 0.9  # share of runs


def counted(table: pd.DataFrame) -> pd.DataFrame:
    """Return mean times [s] where 90 % of the runs recalled: rows time constants, columns cues, first set."""
    rows = table[table["set"] == table["set"].iloc[0]]
    rows = rows.assign(mean_time=rows["mean_time"].where(rows["recalled"] >= RECALLED))
    return rows.pivot(index="time_constant", columns="cues", values="mean_time")


def least_cues(table: pd.DataFrame) -> pd.Series:
    """Return the smallest number of cues with 90 % of recalls for every time constant; 13 if there is none."""
    times = counted(table)
    return times.notna().idxmax(axis=1).where(times.notna().any(axis=1), 13)


def grid(table: pd.DataFrame, column: str = "probability", name: str | None = None) -> NDArray[np.float64]:
    """Return a column as an array [X cues, C cues] for one set, default the first; NaN where nothing was run."""
    rows = table[table["set"] == (name or table["set"].iloc[0])]
    found = np.full((rows["x_cues"].max() + 1, rows["c_cues"].max() + 1), np.nan)
    found[rows["x_cues"], rows["c_cues"]] = rows[column]
    return found
