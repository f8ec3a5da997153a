"""Rasters: who fired when, of one run or of several side by side."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.basics.errors import ParameterError
from rramcirc.figures.style import axis_label, drawn, plain, si_scale
from rramcirc.waveforms.spikes import Spikes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_RUNS = 4
MOST_TOLD = 20  # neurons of which each has a tick


def plot_rasters(
    runs: Mapping[str, Spikes], path: str | os.PathLike[str] | None = None, *, marked: float | None = None
) -> Figure:
    """Draw the spikes of runs below one another in every neuron's row, so that differences stand out.

    Parameters
    ----------
    runs
        What a run is called -> its spikes; up to four.
    path
        Figure to write: .png, .pdf or .svg; None writes nothing.
    marked
        A time that is marked with a line [s], such as that of the first difference.

    Returns
    -------
    Figure
        The drawing.

    Raises
    ------
    ParameterError
        If there is no run, or there are more than four.
    """
    if not 1 <= len(runs) <= MOST_RUNS:
        raise ParameterError(f"plot_rasters: {len(runs)} runs; give one to {MOST_RUNS}.")
    neurons = max((int(spikes.neurons.max()) + 1 for spikes in runs.values() if len(spikes)), default=1)
    scale, prefix = si_scale(np.concatenate([spikes.times for spikes in runs.values()]), "s")
    with drawn(path, min(6.0, 1.6 + 0.14 * neurons * len(runs))) as figure:
        ax = figure.subplots()
        for k, (title, spikes) in enumerate(runs.items()):
            shift = 0.6 * ((k + 0.5) / len(runs) - 0.5)
            ax.plot(
                spikes.times / scale, spikes.neurons + shift, "|", ms=max(2.0, 8.0 / len(runs)), mew=0.8,
                color=f"C{k}", label=f"{plain(title)}, {len(spikes)} spikes",
            )  # fmt: skip
        if marked is not None:
            ax.axvline(marked / scale, color="0.5", lw=0.8, ls=":")
        ax.set_ylim(neurons - 0.4, -0.6)
        if neurons <= MOST_TOLD:
            ax.set_yticks(range(neurons))
        ax.minorticks_off()
        ax.set_xlabel(axis_label("time", f"{prefix}s"))
        ax.set_ylabel("neuron")
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
    return figure
