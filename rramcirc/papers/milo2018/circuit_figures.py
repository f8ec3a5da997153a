"""Figures of the circuit level of Milo 2018: rasters of circuit and network level on one axis, weights with time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from rramcirc.basics.arrays import AnyArray, FloatArray, IntArray
from rramcirc.figures.style import COLOURS, drawn, line_style
from rramcirc.papers.milo2018.circuit_levels import Both, RecallPair, circuit_states, rule_on_spikes
from rramcirc.papers.milo2018.sets import POOL, MiloSet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


CIRCUIT, NETWORK, EXTERNAL = COLOURS[1], COLOURS[0], "0.6"


class Spikes(Protocol):
    """Who fired when: a run of either level, or a part of one."""

    @property
    def times(self) -> FloatArray:
        """(n_spikes,) [s]."""
        ...

    @property
    def neurons(self) -> AnyArray:
        """(n_spikes,) numbers of the rows."""
        ...


def both_rasters(
    ax: Axes, circuit: Spikes, network: Spikes, external: tuple[FloatArray, AnyArray], names: Sequence[str],
    size: float,
) -> None:  # fmt: skip
    """Draw spikes of circuit (above) and network level (below) on one row per neuron, external spikes on top."""
    rows = (
        (external[0], external[1] - 0.3, EXTERNAL, "external"),
        (circuit.times, circuit.neurons, CIRCUIT, "circuit (ngspice)"),
        (network.times, network.neurons + 0.3, NETWORK, "network level"),
    )
    for times, heights, colour, label in rows:
        ax.scatter(times, heights, s=size, marker="|", linewidths=0.6, color=colour, label=label)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
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


def draw_levels(chosen: MiloSet, learnt: Both, recalled: Both, path: Path) -> None:
    """Draw [Milo2018, Fig. 3] at both levels: rasters of training and recall, and the pool's weights with time."""
    names = [f"N{k + 1}" for k in range(4)]
    with drawn(path, 6.6) as figure:
        axes = figure.subplots(3, 1, height_ratios=(1.1, 1.1, 1.0))
        for ax, both, what in zip(axes, (learnt, recalled), ("training", "recall: N1, N2 cued for 2 s"), strict=False):
            both_rasters(ax, both.circuit, both.network, both.external, names, 14)
            ax.set_title(what)
            ax.set_xlim(0, both.network.duration)
        axes[1].axvline(2.0, color="0.4", linestyle=":", linewidth=1)
        _legend(figure, axes[0])
        run, ax = learnt.circuit, axes[2]
        looks = np.linspace(0.0, learnt.network.duration, 60)
        rules = [rule_on_spikes(chosen, run.times, run.neurons, look) for look in looks]
        inside = np.array([(i, j) for i in POOL for j in POOL if i != j]).T
        for k, (states, name) in enumerate(zip(circuit_states(chosen, run), ("excitatory", "inhibitory"), strict=True)):
            values = states[:, inside[0], inside[1]]
            colour = line_style(k, 2)[0]
            ax.plot(run.weight_times, values, color=colour, linewidth=0.4, alpha=0.5)
            ax.plot(run.weight_times, values.mean(axis=1), color=colour, label=f"{name}, circuit, mean")
            rule = [r[k][inside[0], inside[1]].mean() for r in rules]
            ax.plot(
                looks, rule, "--", color="k", linewidth=0.9, label="rule on the circuit's spikes" if k == 0 else None
            )
            snapshots = (learnt.network.excitatory, learnt.network.inhibitory)[k][:, inside[0], inside[1]].mean(axis=1)
            ax.plot(
                learnt.network.snapshot_times, snapshots, "o", color=colour, markersize=4,
                label="network level" if k == 0 else None,
            )  # fmt: skip
        ax.set(xlabel="time [s]", ylabel="state", xlim=(0, learnt.network.duration), ylim=(-0.05, 1.1))
        ax.set_title("synapses N1-N3: thin lines, every one; 0 HRS, 1 LRS")
        ax.legend(loc="center right")
        figure.suptitle("4 neurons, 24 1T1R synapses: circuit and network level, same external spikes", fontsize=9.5)


def draw_recalls(pairs: Mapping[int, RecallPair], path: Path) -> None:
    """Draw rasters of both levels and the number of neurons that have fired, one column per number of cues."""
    with drawn(path, 6.4) as figure:
        axes = figure.subplots(2, len(pairs), squeeze=False, height_ratios=(2.4, 1.0), sharex=True)
        for column, (count, pair) in enumerate(pairs.items()):
            order = [*pair.cues, *(j for j in pair.members if j not in pair.cues)]
            names = [f"{j}{' cue' if j in pair.cues else ''}" for j in order]
            top, bottom = axes[:, column]
            circuit, network, external = _reordered(pair, order)
            both_rasters(top, circuit, network, external, names, 12)
            seconds = pair.circuit.cpu_seconds
            top.set_title(f"{count} cues, seed {pair.seed}: {pair.circuit.points} points, {seconds:.0f} CPU s")
            for run, colour, label in ((pair.circuit, CIRCUIT, "circuit"), (pair.network, NETWORK, "network level")):
                firsts = np.sort([run.times[run.neurons == j][0] for j in order if (run.neurons == j).any()])
                end = pair.network.duration
                counts = [0, *range(1, firsts.size + 1), firsts.size]
                dash = "-" if run is pair.circuit else "--"
                bottom.step([0.0, *firsts, end], counts, where="post", color=colour, linestyle=dash, label=label)
            bottom.set(xlabel="time [s]", xlim=(0, end), ylim=(0, 13), yticks=range(0, 13, 3))
            top.set_xlim(0, end)
        axes[0, 0].set_ylabel("neuron of X")
        axes[1, 0].set_ylabel("neurons that fired")
        axes[1, 0].legend(loc="center right")
        _legend(figure, axes[0, 0])
        count = next(iter(pairs.values())).circuit.membranes.shape[0]
        figure.suptitle(
            f"{count} neurons, {2 * count * (count - 1)} 1T1R synapses: recall of X in ngspice", fontsize=9.5
        )


class _Part:
    """Spikes of some neurons, renumbered."""

    def __init__(self, times: FloatArray, neurons: FloatArray) -> None:
        self.times, self.neurons = times, neurons


def _reordered(pair: RecallPair, order: Sequence[int]) -> tuple[_Part, _Part, tuple[FloatArray, FloatArray]]:
    """Return circuit, network level and external spikes of the neurons in `order`, numbered so."""
    place = {neuron: k for k, neuron in enumerate(order)}

    def part(times: FloatArray, neurons: IntArray) -> tuple[FloatArray, FloatArray]:
        kept = np.isin(neurons, order)
        return times[kept], np.array([place[int(j)] for j in neurons[kept]], dtype=float)

    circuit, network = (_Part(*part(run.times, run.neurons)) for run in (pair.circuit, pair.network))
    return circuit, network, part(*pair.external)
