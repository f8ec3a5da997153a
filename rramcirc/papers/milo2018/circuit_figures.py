"""Figures of Milo 2018 at several levels: their rasters on one axis, weights with time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from rramcirc.basics.arrays import AnyArray, FloatArray
from rramcirc.figures.style import COLOURS, drawn
from rramcirc.papers.milo2018.bench import Train
from rramcirc.papers.milo2018.circuit_levels import CircuitLearning, LevelRun, RecallPair
from rramcirc.papers.milo2018.learning import pool_pairs
from rramcirc.papers.milo2018.sets import POOL
from rramcirc.papers.stated import stated_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

REPLAY, EXTERNAL = "replay", "0.6"
COLOUR_OF = {"circuit": COLOURS[1], "device": COLOURS[2], "network": COLOURS[0], "network level": COLOURS[0]}


class Spiking(Protocol):
    """Who fired when: a run of any level, or a part of one."""

    @property
    def times(self) -> FloatArray:
        """(n_spikes,) [s]."""
        ...

    @property
    def neurons(self) -> AnyArray:
        """(n_spikes,) numbers of the rows."""
        ...


def rasters(
    ax: Axes, runs: Mapping[str, Spiking], external: tuple[FloatArray, AnyArray], names: Sequence[str], size: float
) -> None:
    """Draw the spikes of all levels on one row per neuron, the first uppermost, external spikes on top."""
    step = 0.6 / len(runs)
    marks: list[tuple[FloatArray, AnyArray, str, str]] = [(external[0], external[1] - step, EXTERNAL, "external")]
    for k, (name, run) in enumerate(runs.items()):
        marks.append((run.times, run.neurons + k * step, COLOUR_OF[name], name))
    for times, heights, colour, label in marks:
        ax.scatter(times, heights, s=size, marker="|", linewidths=0.6, color=colour, label=label)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.3, -0.7)
    ax.tick_params(axis="y", which="both", length=0)
    ax.yaxis.minorticks_off()
    ax.grid(False)


def _legend(figure: Figure, ax: Axes) -> None:
    from matplotlib.collections import Collection
    from matplotlib.lines import Line2D

    handles, labels = ax.get_legend_handles_labels()
    colours = [np.asarray(h.get_edgecolor())[0] for h in handles if isinstance(h, Collection)]
    marks = [
        Line2D([], [], linestyle="none", marker="|", markersize=8, markeredgewidth=1.5, color=colour)
        for colour in colours
    ]
    figure.legend(marks, labels, loc="outside lower center", ncols=len(labels))


def draw_levels(parameters: CircuitLearning, runs: Mapping[str, LevelRun], external: Train, path: Path) -> None:
    """Draw [Milo2018, Fig. 3] at all levels: rasters of training and recall, and the pool's weights with time.

    A run named ``replay...`` is drawn with its weights only: its spikes are those of another level.
    """
    names = [f"N{k + 1}" for k in range(4)]
    free = {name: run.spikes for name, run in runs.items() if not name.startswith(REPLAY)}
    height = 14.0 * 2 / len(free)
    begun, cued = parameters.training, parameters.training + parameters.recall
    with drawn(path, 5.6 + 0.5 * len(free)) as figure:
        axes = figure.subplots(3, 1, height_ratios=(1.1, 1.1, 1.0))
        for ax, span, what in zip(
            axes, ((0.0, begun), (begun, parameters.stop)),
            ("training", f"recall: N1, N2 cued for {parameters.recall:g} s"), strict=False,
        ):  # fmt: skip
            rasters(ax, free, external, names, height)
            ax.set_title(what)
            ax.set_xlim(*span)
        axes[1].axvline(cued, color="0.4", linestyle=":", linewidth=1)
        _legend(figure, axes[0])
        _draw_weights(axes[2], parameters, runs)
        figure.suptitle(
            f"4 neurons, 24 1T1R synapses: {', '.join(free)}; same external spikes and devices", fontsize=9.5
        )


def _draw_weights(ax: Axes, parameters: CircuitLearning, runs: Mapping[str, LevelRun]) -> None:
    """Draw every synapse of the pool at the first level, thin, and the means of all levels."""
    inside = pool_pairs(4, POOL)[0]
    first = next(iter(runs.values()))
    for states in (first.up, first.down):
        ax.plot(first.looks, states[:, inside], color="0.75", linewidth=0.4)
    for k, (name, run) in enumerate(runs.items()):
        again = name.startswith(REPLAY)
        wide = 3.2 / 2.0**k  # so that curves that lie on one another are all seen
        colour, style, width = ("k", "--", 0.8) if again else (COLOUR_OF[name], "-", wide)
        label = f"{name}: cells move along curves, spikes of the circuit" if again else f"{name}, mean"
        ax.plot(run.looks, run.up[:, inside].mean(axis=1), color=colour, ls=style, lw=width, label=label)
        ax.plot(run.looks, run.down[:, inside].mean(axis=1), color=colour, ls=style, lw=width)
    ax.set(xlabel="time [s]", ylabel="state", xlim=(0, parameters.training), ylim=(-0.05, 1.1))
    ax.set_title("synapses N1-N3, excitatory rise, inhibitory fall; 0 HRS, 1 LRS; grey: every one, first level")
    ax.legend(loc="best")


def draw_recalls(pairs: Mapping[int, RecallPair], path: Path, stated: Mapping[int, tuple[float, str]]) -> None:
    """Draw rasters of both levels and the number of neurons that have fired, one column per number of cues.

    `stated` are times [s] that the paper gives for numbers of cues, and where.
    """
    with drawn(path, 6.4) as figure:
        axes = figure.subplots(2, len(pairs), squeeze=False, height_ratios=(2.4, 1.0), sharex=True)
        for column, (count, pair) in enumerate(pairs.items()):
            order = [*pair.cues, *(j for j in pair.members if j not in pair.cues)]
            names = [f"{j}{' cue' if j in pair.cues else ''}" for j in order]
            top, bottom = axes[:, column]
            runs = {name: _Part(*_kept(run.times, run.neurons, order)) for name, run in pair.runs.items()}
            rasters(top, runs, _kept(*pair.external, order), names, 12)
            top.set_title(f"{count} cues, seed {pair.seed}: {pair.points} points, {pair.seconds:.0f} CPU s")
            for k, (name, run) in enumerate(runs.items()):
                fired = np.unique(run.neurons)
                firsts = np.sort([run.times[run.neurons == j][0] for j in fired])
                counts = [0, *range(1, firsts.size + 1), firsts.size]
                bottom.step(
                    [0.0, *firsts, pair.stop], counts, where="post", color=COLOUR_OF[name],
                    linestyle="--" if k else "-", label=name,
                )  # fmt: skip
            if count in stated:
                stated_line(bottom, *stated[count], along="x")
                bottom.legend(loc="best", fontsize="x-small")
            bottom.set(xlabel="time [s]", xlim=(0, pair.stop), ylim=(0, 13), yticks=range(0, 13, 3))
            top.set_xlim(0, pair.stop)
        axes[0, 0].set_ylabel("neuron of X")
        axes[1, 0].set_ylabel("neurons that fired")
        if next(iter(pairs)) not in stated:
            axes[1, 0].legend(loc="center right")
        _legend(figure, axes[0, 0])
        count = next(iter(pairs.values())).neurons
        figure.suptitle(
            f"{count} neurons, {2 * count * (count - 1)} 1T1R synapses: recall of X in ngspice", fontsize=9.5
        )


class _Part:
    """Spikes of some neurons, renumbered."""

    def __init__(self, times: FloatArray, neurons: FloatArray) -> None:
        self.times, self.neurons = times, neurons


def _kept(times: FloatArray, neurons: AnyArray, order: Sequence[int]) -> tuple[FloatArray, FloatArray]:
    """Return the spikes of the neurons in `order`, numbered so."""
    place = {neuron: k for k, neuron in enumerate(order)}
    kept = np.isin(neurons, order)
    return times[kept], np.array([place[int(j)] for j in neurons[kept]], dtype=float)
