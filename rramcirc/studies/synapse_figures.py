"""Pictures of what synapses do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.figures.style import COLOURS, drawn, si_scale
from rramcirc.studies.synapse import STARTS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def plot_stdp(
    measured: pd.DataFrame, compared: pd.DataFrame | None, path: str | os.PathLike[str] | None,
    g_range: tuple[float, float],
) -> Figure:  # fmt: skip
    """Draw the change of conductance against the delay, one panel for each start: every repeat, mean, table.

    Parameters
    ----------
    measured, compared
        What `stdp` and `stdp_from_table` return.
    g_range
        Conductance of HRS and LRS of the nominal device [S], which scales the states of the table.
    """
    scale, prefix = si_scale(measured["change"], "S")
    with drawn(path, 3.4) as figure:
        panels = figure.subplots(1, 2, sharey=True)
        for ax, start, colour in zip(panels, STARTS, COLOURS, strict=False):
            part = measured[measured["start"] == start]
            delay = part["delay"] * 1e3
            ax.plot(delay, part["change"] / scale, ".", color=colour, alpha=0.25, markersize=3, label="single synapses")
            mean = part.groupby("delay")["change"].mean()
            ax.plot(mean.index * 1e3, mean / scale, "o-", color=colour, markersize=3.5, label="mean, circuit")
            if compared is not None:
                said = compared[compared["start"] == start]
                change = (said["table"] - float(start == "LRS")) * (g_range[1] - g_range[0])
                ax.plot(
                    said["delay"] * 1e3,
                    change / scale,
                    "x",
                    color=COLOURS[6],
                    markersize=4.5,
                    label="mean, pulse table",
                )
            ax.axhline(0.0, color="0.5", linewidth=0.7)
            ax.set_title(f"from {start}")
            ax.set_xlabel("POST - PRE spike time [ms]")
            ax.legend(loc="upper left" if start == "HRS" else "lower right")
        panels[0].set_ylabel(f"change of conductance [{prefix}S]")
    return figure


def plot_potentiation(
    measured: pd.DataFrame, said: FloatArray | None, path: str | os.PathLike[str] | None = None
) -> Figure:
    """Draw the conductance against the number of the pulse: every device, their mean, the mean of a pulse table."""
    scale, prefix = si_scale(measured["conductance"], "S")
    with drawn(path, 3.4) as figure:
        ax = figure.subplots()
        for k, (_, part) in enumerate(measured.groupby("repeat")):
            label = "single synapses" if k == 0 else None
            ax.plot(part["pulse"], part["conductance"] / scale, color="0.75", linewidth=0.7, label=label)
        mean = measured.groupby("pulse")["conductance"].mean()
        ax.plot(mean.index, mean / scale, "o-", color=COLOURS[0], markersize=3.5, label="mean, circuit")
        if said is not None:
            ax.plot(np.arange(len(said)), said.mean(axis=1) / scale, "x", color=COLOURS[6], markersize=4.5,
                    label="mean, pulse table")  # fmt: skip
        ax.axvline(measured["pulse"].max() / 2, color="0.5", linewidth=0.7)
        ax.set_xlabel("number of the spike pair: first PRE before POST, then POST before PRE")
        ax.set_ylabel(f"conductance [{prefix}S]")
        ax.legend(loc="upper left", bbox_to_anchor=(1.005, 1.02), borderaxespad=0)
    return figure


def plot_srdp(measured: pd.DataFrame, path: str | os.PathLike[str] | None = None) -> Figure:
    """Draw the conductance after a time of uncorrelated spikes against their rate: mean and standard deviation."""
    scale, prefix = si_scale(measured["after"], "S")
    with drawn(path, 3.4) as figure:
        ax = figure.subplots()
        for start, colour in zip(STARTS, COLOURS, strict=False):
            part = measured[measured["start"] == start]
            found = part.groupby("rate")["after"].agg(["mean", "std"]) / scale
            ax.errorbar(
                found.index, found["mean"], found["std"].fillna(0.0), color=colour, marker="o", markersize=4, capsize=2,
                label=f"from {start}",
            )  # fmt: skip
            before = part["before"].mean() / scale
            ax.axhline(before, color=colour, linewidth=0.7, linestyle=":", label=f"{start} before the spikes")
        ax.set_xlabel("mean rate of PRE and of POST [Hz]")
        ax.set_ylabel(f"conductance afterwards [{prefix}S]")
        ax.legend()
    return figure
