"""The figure of the margins of Milo 2018: shares of chips against each parameter that was searched."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.analysis.counts import Count
from rramcirc.figures.style import COLOURS, drawn

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def draw_margins(table: pd.DataFrame, labels: Mapping[str, tuple[str, str]], path: Path) -> None:
    """Draw shares with their intervals, and the state at 1 s, against every parameter.

    Parameters
    ----------
    table
        parameter, factor, value, learnt, recalled, trials, state_1s; ``attrs["pulse_set"]`` [V].
    labels
        Parameter -> (label, unit).
    path
        Of the picture.
    """
    with drawn(path, 5.2) as figure:
        axes = figure.subplots(2, 2, sharey=True)
        for ax, (name, (label, unit)) in zip(axes.ravel(), labels.items(), strict=True):
            rows = table[table["parameter"] == name].sort_values("value")
            for k, column in enumerate(("learnt", "recalled")):
                _share(ax, rows, column, k)
            ax.plot(rows["value"], rows["state_1s"], "--", color="0.35", label="mean state at 1 s")
            chosen = rows[np.isclose(rows["factor"], 1.0)]["value"].iloc[0]
            ax.axvline(chosen, color="0.4", linestyle=":", linewidth=1)
            if name == "set_voltage" and rows["value"].max() > table.attrs["pulse_set"]:
                ax.axvline(table.attrs["pulse_set"], color=COLOURS[3], linestyle="-.", linewidth=1)
                ax.annotate(
                    "V_set of one pulse", (table.attrs["pulse_set"], 0.04), rotation=90, fontsize=7, ha="right",
                    xytext=(-2, 0), textcoords="offset points", color=COLOURS[3],
                )  # fmt: skip
            ax.set_xlabel(label if unit == "1" else f"{label} [{unit}]")
            ax.set_ylim(0, 1.04)
            ax.locator_params(axis="x", nbins=6)
        for ax in axes[:, 0]:
            ax.set_ylabel("share of chips; state")
        axes[0, 0].legend(loc="lower right", fontsize=7)
        trials = int(table["trials"].min())
        figure.suptitle(
            f"4 neurons, set D, {trials} chips of the search a value; dotted: chosen; bars: 95 %", fontsize=9
        )


def _share(ax: Axes, rows: pd.DataFrame, column: str, k: int) -> None:
    counts = [Count(int(hits), int(trials)) for hits, trials in zip(rows[column], rows["trials"], strict=True)]
    shares, (low, high) = np.array([count.share for count in counts]), np.array([c.interval() for c in counts]).T
    bars = np.clip([shares - low, high - shares], 0.0, None)
    ax.errorbar(
        rows["value"], shares, yerr=bars, marker="os"[k], markersize=3, color=COLOURS[k], capsize=2, label=column
    )
