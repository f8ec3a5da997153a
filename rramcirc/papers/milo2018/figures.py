"""Figures of the Milo 2018 network: weight maps, rasters, evolution of weights, recall curves and maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rramcirc.engines.network.run import NetworkRun
from rramcirc.figures.style import COLOURS, drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage
    from matplotlib.lines import Line2D
    from matplotlib.typing import ColorType

INPUT, OUTPUT = COLOURS[0], COLOURS[1]
WEIGHTS = "viridis"


def no_grid(ax: Axes) -> None:
    """Make axes fit for a picture of a matrix."""
    ax.grid(False)
    ax.minorticks_off()
    ax.tick_params(length=0)


def matrix(ax: Axes, values: NDArray[np.float64], *, diagonal: bool = True) -> AxesImage:
    """Draw states of synapses, gate rows downwards; the empty diagonal is grey."""
    shown = np.ma.masked_where(np.eye(len(values), dtype=bool), values) if diagonal else values
    ax.set_facecolor("0.8")
    no_grid(ax)
    return ax.imshow(shown, cmap=WEIGHTS, vmin=0.0, vmax=1.0, interpolation="nearest")


def raster(ax: Axes, run: NetworkRun, names: Sequence[str], *, size: float = 10.0) -> None:
    """Draw external spikes (blue, upper half of each row) and output spikes (red, lower half)."""
    ax.scatter(
        run.input_times, run.input_neurons - 0.18, s=size, marker="|", linewidths=0.5, color=INPUT, label="external"
    )
    ax.scatter(run.times, run.neurons + 0.18, s=size, marker="|", linewidths=0.5, color=OUTPUT, label="neuron")
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlim(0, run.duration)
    ax.tick_params(axis="y", which="both", length=0)
    ax.yaxis.minorticks_off()
    ax.set_xlabel("time [s]")
    ax.grid(False)


def draw_four_neurons(learnt: NetworkRun, recalled: NetworkRun, path: Path, *, title: str) -> None:
    """Draw [Milo2018, Fig. 3]: weights at the snapshots, rasters and rates of training and recall."""
    names = [f"N{k + 1}" for k in range(4)]
    with drawn(path, 6.4) as figure:
        top, bottom = figure.subfigures(2, 1, squeeze=False, height_ratios=(1.0, 1.25))[:, 0]
        _weight_rows(top, learnt, names)
        axes = bottom.subplots(2, 2, sharex="col", height_ratios=(1.5, 1.0))
        for column, (run, what) in enumerate(((learnt, "training"), (recalled, "recall: N1, N2 cued for 2 s"))):
            raster(axes[0, column], run, names, size=22)
            axes[0, column].set_title(what)
            axes[0, column].set_xlabel("")
            _rates(axes[1, column], run)
        axes[0, 0].set_ylabel("neuron")
        axes[1, 0].set_ylabel("rate [Hz]")
        axes[1, 1].axvline(2.0, color="0.4", linestyle=":", linewidth=1)
        axes[0, 1].axvline(2.0, color="0.4", linestyle=":", linewidth=1)
        handles, labels = axes[0, 0].get_legend_handles_labels()
        thick = [_mark(handle.get_edgecolor()[0]) for handle in handles]
        bottom.legend(thick, [f"{label} spikes" for label in labels], loc="outside upper right", ncols=2)
        lines, labels = axes[1, 0].get_legend_handles_labels()
        axes[1, 0].legend(lines, labels, ncols=2, loc="lower right")
        figure.suptitle(title, fontsize=9.5)


def _mark(colour: ColorType) -> Line2D:
    from matplotlib.lines import Line2D

    return Line2D([], [], linestyle="none", marker="|", markersize=8, markeredgewidth=1.5, color=colour)


def _weight_rows(figure: Figure, run: NetworkRun, names: Sequence[str]) -> None:
    count = run.snapshot_times.size
    axes = figure.subplots(2, count, squeeze=False)
    for k, time in enumerate(run.snapshot_times):
        for row, values in enumerate((run.excitatory[k], run.inhibitory[k])):
            image = matrix(axes[row, k], values)
            axes[row, k].set_xticks(range(len(names)), names if row else [""] * len(names))
            axes[row, k].set_yticks(range(len(names)), names if k == 0 else [""] * len(names))
        axes[0, k].set_title(f"t = {time:g} s")
    axes[0, 0].set_ylabel("excitatory\nPRE")
    axes[1, 0].set_ylabel("inhibitory\nPRE")
    for ax in axes[1]:
        ax.set_xlabel("POST")
    bar = figure.colorbar(image, ax=axes, label="state, HRS 0 to LRS 1", shrink=0.8)
    bar.ax.minorticks_off()


def _rates(ax: Axes, run: NetworkRun, bin_width: float = 0.1) -> None:
    """Draw the rate of every neuron in bins."""
    edges = np.arange(0.0, run.duration + bin_width / 2, bin_width)
    for j in range(4):
        counts, _ = np.histogram(run.times[run.neurons == j], edges)
        ax.plot((edges[:-1] + edges[1:]) / 2, counts / bin_width, color=COLOURS[(2, 3, 4, 6)[j]], label=f"N{j + 1}")
    ax.set_ylim(bottom=0)
    ax.set_xlabel("time [s]")


def draw_evolution(
    runs: Mapping[str, NetworkRun], patterns: Mapping[str, Sequence[int]], path: Path, *, title: str
) -> None:
    """Draw [Milo2018, Fig. 4]: patterns, weight maps, and weights against time, with and without reset at the switch.

    Parameters
    ----------
    runs
        Label -> run; the first gives the maps, every one a column of weights against time.
    """
    run = next(iter(runs.values()))
    with drawn(path, 7.4) as figure:
        top, bottom = figure.subfigures(2, 1, squeeze=False, height_ratios=(1.12, 1.0))[:, 0]
        left, right = top.subfigures(1, 2, width_ratios=(1.0, 4.2))
        _patterns(left, patterns)
        _large_maps(right, run)
        axes = bottom.subplots(2, len(runs), sharex=True, sharey=True, squeeze=False)
        for column, (label, shown) in enumerate(runs.items()):
            for row, states in enumerate((shown.excitatory, shown.inhibitory)):
                _weights_in_time(axes[row, column], shown.snapshot_times, states, patterns)
            axes[0, column].set_title(label)
            axes[1, column].set_xlabel("time [s]")
        axes[0, 0].set_ylabel("excitatory state")
        axes[1, 0].set_ylabel("inhibitory state")
        axes[0, 0].legend(loc="center right")
        figure.suptitle(title, fontsize=9.5)


def _patterns(figure: Figure, patterns: Mapping[str, Sequence[int]]) -> None:
    axes = figure.subplots(len(patterns), 1)
    for ax, (name, members) in zip(axes, patterns.items(), strict=True):
        pixels = np.zeros(64)
        pixels[list(members)] = 1
        ax.imshow(pixels.reshape(8, 8), cmap="Greys", vmin=0, vmax=1.4)
        no_grid(ax)
        ax.set_xticks([])
        ax.set_yticks([])
        ax.set_xticks(np.arange(7) + 0.5, minor=True)
        ax.set_yticks(np.arange(7) + 0.5, minor=True)
        ax.grid(True, which="minor", color="0.7", linewidth=0.4)
        ax.tick_params(which="both", length=0)
        ax.set_title(f"pattern {name}")


def _large_maps(figure: Figure, run: NetworkRun) -> None:
    shown = [int(np.argmin(abs(run.snapshot_times - t))) for t in (0.0, run.duration / 2, run.duration)]
    axes = figure.subplots(2, 3, sharex=True, sharey=True)
    for column, k in enumerate(shown):
        for row, values in enumerate((run.excitatory[k], run.inhibitory[k])):
            image = matrix(axes[row, column], values)
            axes[row, column].set_xticks([0, 31, 63], ["1", "32", "64"])
            axes[row, column].set_yticks([0, 31, 63], ["1", "32", "64"])
        axes[0, column].set_title(f"t = {run.snapshot_times[k]:g} s")
        axes[1, column].set_xlabel("POST neuron")
    axes[0, 0].set_ylabel("excitatory\nPRE neuron")
    axes[1, 0].set_ylabel("inhibitory\nPRE neuron")
    bar = figure.colorbar(image, ax=axes, label="state, HRS 0 to LRS 1", shrink=0.7)
    bar.ax.minorticks_off()


def _weights_in_time(
    ax: Axes, times: NDArray[np.float64], states: NDArray[np.float64], patterns: Mapping[str, Sequence[int]]
) -> None:
    """Draw mean and range of the synapses within each pattern, and the range of all others."""
    others = ~np.eye(states.shape[1], dtype=bool)
    for k, (name, members) in enumerate(patterns.items()):
        block = np.ix_(members, members)
        others[block] = False
        pairs = states[:, block[0], block[1]][:, ~np.eye(len(members), dtype=bool)]
        ax.fill_between(times, pairs.min(axis=1), pairs.max(axis=1), color=COLOURS[k], alpha=0.25, linewidth=0)
        ax.plot(times, pairs.mean(axis=1), color=COLOURS[k], label=f"within {name}")
    rest = states[:, others]
    ax.fill_between(times, rest.min(axis=1), rest.max(axis=1), color="0.6", alpha=0.4, linewidth=0)
    ax.plot(times, rest.mean(axis=1), color="0.35", linestyle="--", label="all other pairs")
    ax.axvline(times[-1] / 2, color="0.4", linestyle=":", linewidth=1)
    ax.set_xlim(0, times[-1])
    ax.set_ylim(-0.05, 1.05)
