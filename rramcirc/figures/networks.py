"""Pictures of a network's run: who fired when, how the synapses moved, and their maps at some times."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.analysis.readings import network_energies
from rramcirc.basics.arguments import check_kind, real_array
from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, WaveformError, nearest
from rramcirc.figures.maps import plot_maps
from rramcirc.figures.style import COLOURS, axis_label, drawn, si_scale
from rramcirc.waveforms.waveforms import Waveforms

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MOST_CURVES = 400


def synapse_waves(waves: Waveforms, name: str, times: ArrayLike) -> FloatArray:
    """Return a signal of all synapses at some times, for example ``gap_exc``.

    Parameters
    ----------
    waves
        Of a network.
    name
        Signal without index.
    times : (n_times,) array
        [s]

    Returns
    -------
    (n_times, rows, columns) array
        In the unit of the signal; not-a-number where there is no synapse or it was not recorded.

    Raises
    ------
    WaveformError
        If it was recorded of no synapse.
    """
    check_kind(waves, Waveforms, "synapse_waves", "Waveforms")
    at = np.atleast_1d(real_array(times, "synapse_waves: times"))
    places = _places(waves, name)
    shape = tuple(np.max(places, axis=0) + 1)
    found = np.full((at.size, *shape), np.nan)
    for i, j in places:
        found[:, i, j] = np.interp(at, waves.time, waves[f"{name}[{i},{j}]"])
    return found


def _places(waves: Waveforms, name: str) -> list[tuple[int, int]]:
    start = f"{name}["
    found = [signal[len(start) : -1] for signal in waves.names if signal.startswith(start) and signal.endswith("]")]
    if not found:
        bases = sorted({signal.partition("[")[0] for signal in waves.names if "[" in signal})
        close = nearest(str(name), bases)
        hint = f" Nearest: {', '.join(close)}." if close else " Record it with probes."
        raise WaveformError(f"no signal {name!r} of synapses in this run.{hint}")
    return [(int(i), int(j)) for i, j in (index.split(",") for index in found)]


def plot_raster(
    runs: Waveforms | Mapping[str, Waveforms], path: str | os.PathLike[str] | None = None, *, title: str = ""
) -> Figure:
    """Draw the output spikes of a run, or those of several runs of one network above one another.

    Parameters
    ----------
    runs
        Waveforms of a network, or name -> waveforms.
    path
        Figure to write: .png, .pdf or .svg; None writes nothing.

    Raises
    ------
    ParameterError
        If a run is none of a network.
    """
    named = runs if isinstance(runs, Mapping) else {"": runs}
    for name, waves in named.items():
        check_kind(waves, Waveforms, f"plot_raster {name}".rstrip(), "Waveforms")
        if waves.spikes is None:
            raise ParameterError("plot_raster: a run has no spikes; give one of a HopfieldNetwork or a Perceptron.")
    if not named:
        raise ParameterError("plot_raster: give at least one run.")
    spikes = [waves.spikes for waves in named.values() if waves.spikes is not None]
    highest = max((int(s.neurons.max(initial=0)) for s in spikes), default=0)
    scale, prefix = si_scale(np.concatenate([waves.time[[0, -1]] for waves in named.values()]), "s")
    with drawn(path, min(7.0, 1.2 + 0.09 * (highest + 1) * len(named))) as figure:
        ax = figure.subplots()
        height = 0.8 / len(named)
        for k, (name, found) in enumerate(zip(named, spikes, strict=True)):
            low = found.neurons - 0.4 + (len(named) - 1 - k) * height
            ax.vlines(found.times / scale, low, low + 0.9 * height, color=COLOURS[k % len(COLOURS)], lw=0.8, label=name)
        ax.set_xlabel(axis_label("time", f"{prefix}s"))
        ax.set_ylabel("neuron")
        ax.set_ylim(-0.6, highest + 0.6)
        ax.locator_params(axis="y", integer=True)
        ax.minorticks_off()
        ax.set_title(title or f"{', '.join(str(len(s)) for s in spikes)} spikes")
        if len(named) > 1:
            ax.legend(loc="upper right")
    return figure


def plot_learning(
    waves: Waveforms, names: Sequence[str], path: str | os.PathLike[str] | None = None, *, title: str = ""
) -> Figure:
    """Draw signals of synapses against time: one panel each, a thin curve per synapse and their mean.

    Parameters
    ----------
    waves
        Of a network.
    names
        Signals without index, for example ``["gap_exc", "gap_inh"]``.
    path
        Figure to write: .png, .pdf or .svg; None writes nothing.

    Raises
    ------
    WaveformError
        If a signal was not recorded.
    """
    check_kind(waves, Waveforms, "plot_learning", "Waveforms")
    if isinstance(names, str) or not names:
        raise ParameterError('plot_learning: give a list of signals, for example ["gap_exc"].')
    scale, prefix = si_scale(waves.time[[0, -1]], "s")
    with drawn(path, 0.6 + 1.9 * len(names)) as figure:
        axes = figure.subplots(len(names), squeeze=False, sharex=True).ravel()
        for k, (ax, name) in enumerate(zip(axes, names, strict=True)):
            curves = np.array([waves[f"{name}[{i},{j}]"] for i, j in _places(waves, name)])
            unit = waves.unit(f"{name}[{','.join(map(str, _places(waves, name)[0]))}]")
            size, letter = si_scale(curves, unit)
            colour = COLOURS[k % len(COLOURS)]
            step = -(-len(curves) // MOST_CURVES)
            ax.plot(waves.time / scale, curves[::step].T / size, color=colour, alpha=0.35, lw=0.6)
            ax.plot(waves.time / scale, curves.mean(axis=0) / size, color="black", lw=1.4, label="mean")
            ax.set_ylabel(axis_label(name, f"{letter}{unit}"))
            ax.legend(loc="best")
        axes[-1].set_xlabel(axis_label("time", f"{prefix}s"))
        axes[0].set_title(title or f"{len(waves.spikes or ())} spikes")
    return figure


def plot_weights(
    waves: Waveforms, name: str, times: ArrayLike, path: str | os.PathLike[str] | None = None
) -> Figure:  # fmt: skip
    """Draw a signal of all synapses as maps, PRE down and POST across, at some times with one colour scale.

    Parameters
    ----------
    waves
        Of a network.
    name
        Signal without index, for example ``gap_exc``.
    times
        When [s].
    path
        Figure to write: .png, .pdf or .svg; None writes nothing.

    Raises
    ------
    WaveformError
        If the signal was not recorded.
    """
    at = np.atleast_1d(real_array(times, "plot_weights: times"))
    maps = synapse_waves(waves, name, at)
    i, j = _places(waves, name)[0]
    titles = {f"{time:.4g} s": array for time, array in zip(at, maps, strict=True)}
    return plot_maps(
        titles, path, quantity=name, unit=waves.unit(f"{name}[{i},{j}]"), row_label="PRE", column_label="POST"
    )


def plot_energy(
    waves: Waveforms, path: str | os.PathLike[str] | None = None, *, names: Sequence[str] = ()
) -> Figure:  # fmt: skip
    """Draw what a network's synapses, their drivers and the virtual grounds took and gave, phase by phase.

    Parameters
    ----------
    waves
        Of a network in the engine numpy; see `network_energies`.
    path
        Figure to write: .png, .pdf or .svg; None writes nothing.
    names
        Of the phases, for example of the patterns that are learnt in them; default their numbers.

    Raises
    ------
    WaveformError
        If the run does not tell its energies.
    ParameterError
        If the names are not as many as the phases.
    """
    table = network_energies(waves)
    phases = sorted(set(table["phase"]))
    if isinstance(names, str) or (names and len(names) != len(phases)):
        raise ParameterError(f"plot_energy: names: {names!r}; give one for each of {len(phases)} phases.")
    labels = list(names) or [f"phase {k}" for k in phases]
    scale, prefix = si_scale(table[["cells", "drivers", "grounds"]].to_numpy(), "J")
    kinds = [(m, k) for m in ("exc", "inh") for k in ("read", "set", "reset") if _used(table, m, k)]
    with drawn(path, 3.2) as figure:
        axes = figure.subplots(1, 2, width_ratios=(1.0, 1.0))
        width = 0.8 / len(phases)
        for p, label in zip(phases, labels, strict=True):
            part = table[table["phase"] == p].set_index(["matrix", "kind"])
            at = np.arange(len(kinds)) + (p - 0.5 * (len(phases) - 1)) * width
            heat = [part.loc[kind, "cells"] / scale for kind in kinds]
            axes[0].bar(at, heat, width, color=COLOURS[p % len(COLOURS)], label=label)
            for k, who in enumerate(("drivers", "grounds")):
                sums = [part.loc[kind, who] / scale for kind in kinds]
                axes[1].bar(
                    at, sums, width, color=COLOURS[p % len(COLOURS)], alpha=1.0 - 0.5 * k,
                    hatch="//" if k else None, label=f"{label}, {who}",
                )  # fmt: skip
        for ax, title in zip(axes, ("heat in the cells", "delivered (+), taken up (-)"), strict=True):
            ax.set_xticks(range(len(kinds)), [f"{m} {k}" for m, k in kinds])
            ax.minorticks_off()
            ax.set(title=title, ylabel=axis_label("energy", f"{prefix}J"))
            ax.axhline(0.0, color="black", lw=0.6)
            ax.legend(fontsize="small")
        axes[0].set_yscale("log")
    return figure


def _used(table: pd.DataFrame, matrix: str, kind: str) -> bool:
    rows = table[(table["matrix"] == matrix) & (table["kind"] == kind)]
    return bool(len(rows) and (rows["charge"] != 0.0).any())
