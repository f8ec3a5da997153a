"""Figures of recall in the Milo 2018 network: curves against time and cues, probability maps."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rramcirc.figures.style import COLOURS, drawn, line_style
from rramcirc.papers.milo2018.tables import counted, grid, least_cues
from rramcirc.papers.stated import stated_points

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from rramcirc.basics.arrays import FloatArray

SET_MARKERS = {"D": "o", "A": "s", "B": "^", "C": "D"}
PAPER = "0.1"


def draw_recall_curves(table: pd.DataFrame, path: Path) -> None:
    """Draw [Milo2018, Fig. 5(c,f)] and the mean recall times of all sets against the paper's."""
    first = table["set"].iloc[0]
    with drawn(path, 5.6) as figure:
        grid = figure.add_gridspec(2, 2, height_ratios=(1.15, 1.0))
        left = figure.add_subplot(grid[0, 0])
        axes = {"X": left, "C": figure.add_subplot(grid[0, 1], sharey=left)}
        for k, ((pattern, cues), (times, active)) in enumerate(table.attrs["curves"].items()):
            ax, colour = axes[pattern], COLOURS[k % 2]
            rows = table[(table["set"] == first) & (table["pattern"] == pattern) & (table["cues"] == cues)]
            ax.plot(times, active.mean(axis=0), color=colour, label=f"{cues} cues, mean of {len(active)} runs")
            typical = _typical_run(times, active, rows["median_time"].iloc[0])
            label = f"{cues} cues, the run of median time"
            ax.plot(times, typical, color=colour, linewidth=0.8, drawstyle="steps-post", linestyle="--", label=label)
            ax.axvline(rows["paper"].iloc[0], color=colour, linestyle=":", linewidth=1.2)
        for pattern, ax in axes.items():
            ax.plot([], [], color="0.4", linestyle=":", label="Milo2018, Fig. 5: recall time")
            ax.set_title(f"pattern {pattern}, parameter set {first}")
            ax.set_xlabel("time [s]")
            ax.set_xlim(0, 0.8)
            ax.set_ylim(0, 12.8)
            ax.legend(loc="lower right", fontsize=7, frameon=True, framealpha=0.9, edgecolor="none")
        left.set_ylabel("neurons that fired in 50 ms")
        _recall_times_of_sets(figure.add_subplot(grid[1, :]), table)


def _typical_run(times: FloatArray, active: FloatArray, median: float) -> FloatArray:
    """Return the run that reached all neurons of the pattern closest to the median recall time."""
    first = times[np.argmax(active >= active.max(), axis=1)]
    typical: FloatArray = active[np.argmin(abs(first - median))]
    return typical


def _recall_times_of_sets(ax: Axes, table: pd.DataFrame) -> None:
    """Draw mean and spread of the recall time of each set, case by case, with the paper's value and 30 % of it."""
    cases = list(table.drop_duplicates(["pattern", "cues"])[["pattern", "cues", "paper"]].itertuples(index=False))
    names = list(dict.fromkeys(table["set"]))
    for k, case in enumerate(cases):
        label: dict[str, Any] = {"label": "Milo2018, Sec. IV B, Fig. 5, and within 30 % of it"} if k == 0 else {}
        ax.fill_between([k - 0.4, k + 0.4], 0.7 * case.paper, 1.3 * case.paper, color="0.85", linewidth=0, **label)
        ax.plot([k - 0.4, k + 0.4], [case.paper] * 2, color=PAPER, linewidth=1)
        for m, name in enumerate(names):
            row = table[
                (table["set"] == name) & (table["pattern"] == case.pattern) & (table["cues"] == case.cues)
            ].iloc[0]
            at = k + (m - (len(names) - 1) / 2) * 0.17
            ax.plot([at, at], [row["median_time"], row["time_90"]], color=COLOURS[m], linewidth=1)
            label = {"label": f"set {name}"} if k == 0 else {}
            ax.plot(
                at, row["mean_time"], marker=SET_MARKERS.get(name, "o"), color=COLOURS[m], linestyle="none", **label
            )
            if row["recalled"] < 0.995:
                text = f"{100 * row['recalled']:.0f} %"
                ax.annotate(
                    text, (at, row["time_90"]), xytext=(0, 2), ha="center", textcoords="offset points", fontsize=7
                )
    ax.set_xticks(range(len(cases)), [f"{case.pattern}, {case.cues} cues" for case in cases])
    ax.tick_params(axis="x", which="both", length=0)
    ax.xaxis.minorticks_off()
    ax.set_ylabel("recall time [s]")
    ax.set_ylim(0, 1.1 * table["time_90"].max())
    title = "mean over the runs that recalled (their share, if below 100 %); line: median to 90 % quantile"
    ax.legend(loc="upper left")
    ax.set_title(title, fontsize=8)


def draw_recall_times(table: pd.DataFrame, path: Path, stated: Mapping[int, float]) -> None:
    """Draw [Milo2018, Fig. 5(g)]: time against cues for every time constant, and the minimum number of cues.

    `stated` are the times [s] that the text of the paper gives for numbers of cues, at a time constant that it does
    not give.
    """
    times = counted(table)
    with drawn(path, 3.3) as figure:
        left, right = figure.subplots(1, 2, width_ratios=(2.2, 1.0))
        for k, (tau, row) in enumerate(times.iterrows()):
            colour, _ = line_style(k, len(times))
            left.plot(row.index, row.to_numpy(), marker="o", markersize=3.5, color=colour, label=f"{tau * 1e3:g} ms")
        left.set_xlabel("cued neurons of pattern X")
        left.set_ylabel("mean recall time [s]")
        left.set_xlim(0.5, 12.5)
        left.set_xticks(range(1, 13))
        left.xaxis.minorticks_off()
        left.set_yscale("log")
        ticks = [
            t for t in (0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0) if 0.8 * times.min().min() < t < 1.2 * times.max().max()
        ]
        left.set_yticks(ticks, [f"{t:g}" for t in ticks])
        left.yaxis.set_minor_formatter(lambda value, position: "")
        stated_points(left, list(stated), list(stated.values()), "Milo2018, Fig. 5")
        left.legend(title="tau", loc="upper right", ncols=2)
        least = least_cues(table)
        shown = least[least <= 12]
        right.plot(shown.index * 1e3, shown, marker="s", markersize=4, color=COLOURS[-1])
        right.set_xlabel("tau [ms]")
        right.set_ylabel("fewest cues")
        right.set_ylim(0, max(6.5, shown.max() + 1))
        right.yaxis.minorticks_off()
        figure.suptitle(
            f"parameter set {table['set'].iloc[0]}; points where at least 90 % of the runs recalled", fontsize=9
        )


def draw_probability_maps(table: pd.DataFrame, path: Path) -> None:
    """Draw [Milo2018, Fig. 6] for every set, with contours at 0.1, 0.5 and 0.9."""
    names = list(dict.fromkeys(table["set"]))
    columns = min(2, len(names))
    rows = -(-len(names) // columns)
    with drawn(path, 3.1 * rows + 0.3 if columns > 1 else 4.6) as figure:
        axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
        for ax, name in zip(axes.ravel(), names, strict=False):
            values = grid(table, name=name)
            recalled = grid(table, "none", name)
            runs = recalled + grid(table, "x_recalled", name) + grid(table, "c_recalled", name)
            shown = np.ma.masked_where(np.isnan(values) | (recalled > 0.5 * runs), values)
            ax.set_facecolor("0.8")
            image = ax.imshow(shown, origin="lower", cmap="RdBu", vmin=0, vmax=1, interpolation="nearest")
            lines = ax.contour(shown, levels=(0.1, 0.5, 0.9), colors="k", linewidths=0.7)
            ax.clabel(lines, fontsize=6.5)
            ax.grid(False)
            ax.minorticks_off()
            ax.tick_params(length=0)
            ax.set_xticks(range(0, len(values), 2))
            ax.set_yticks(range(0, len(values), 2))
            ax.set_title(f"parameter set {name}")
            for x, c in ((6, 3), (12, 6), (9, 6)):
                if max(x, c) < len(values):
                    ax.text(
                        c, x, f"{values[x, c]:.2f}", fontsize=6, ha="center", va="center", color=_readable(values[x, c])
                    )
        for ax in axes[-1]:
            ax.set_xlabel("cued neurons of C")
        for ax in axes[:, 0]:
            ax.set_ylabel("cued neurons of X")
        bar = figure.colorbar(image, ax=axes, label="probability P that X is recalled", shrink=0.8)
        figure.suptitle("grey: fewer than half of the runs recalled within the limit", fontsize=8)
        bar.ax.minorticks_off()


def _readable(value: float) -> str:
    return "w" if abs(value - 0.5) > 0.3 else "k"


def draw_scan(table: pd.DataFrame, meets: pd.Series, path: Path) -> None:
    """Draw steepness of the map and largest deviation of the recall times against the ratio of recall times."""
    ratio = table["t_C4"] / table["t_X9"]
    drawn_sets = table["set"] == "drawn"
    with drawn(path, 3.6) as figure:
        axes = figure.subplots(1, 2)
        for ax, column in zip(axes, ("p_6_3", "error"), strict=True):
            groups = (
                (drawn_sets & ~meets, "0.65", "other draws"),
                (drawn_sets & meets, COLOURS[0], "map of Fig. 6 met"),
            )
            for rows, colour, label in groups:
                ax.plot(ratio[rows], table[column][rows], "o", markersize=3, color=colour, label=label)
            for name, row in table[~drawn_sets].set_index("set").iterrows():
                if np.isfinite(row["t_C4"] / row["t_X9"]):
                    at = (row["t_C4"] / row["t_X9"], row[column])
                    ax.plot(*at, marker="s", markersize=4, color=COLOURS[1])
                    ax.annotate(name, at, xytext=(4, 3), textcoords="offset points", fontsize=8, color=COLOURS[1])
            ax.axvline(3.0, color="0.4", linestyle=":", linewidth=1)
            ax.set_xlabel("T(C, 4 cues) / T(X, 9 cues); paper 3")
            ax.set_xlim(1, 9)
        axes[0].axhline(0.9, color="0.4", linestyle=":", linewidth=1)
        axes[0].set_ylabel("P(6 X cues, 3 C cues)")
        axes[1].axhline(0.3, color="0.4", linestyle=":", linewidth=1)
        axes[1].set_ylabel("largest deviation from Fig. 5")
        axes[1].set_ylim(0, 1.5)
        axes[0].plot([], [], "s", markersize=4, color=COLOURS[1], label="sets A to D")
        axes[0].legend(loc="lower right", frameon=True, framealpha=0.9, edgecolor="none")
