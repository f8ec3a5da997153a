"""Output spikes of a circuit: where the marks that its neurons leave in the waveforms cross a level."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.circuits.elements import Circuit, Probe
from rramcirc.waveforms.raw import RawPlot
from rramcirc.waveforms.spikes import Spikes


@dataclass(frozen=True)
class SpikeMarks:
    """Vectors of a netlist, one for each neuron, that cross `level` [V] at its spikes."""

    vectors: tuple[str, ...] = ()
    level: float = 0.0
    falling: bool = False

    def __bool__(self) -> bool:
        return bool(self.vectors)


def spike_marks(circuit: Circuit, vector: Callable[[Probe], str]) -> SpikeMarks:
    """Return the marks of a circuit's neurons; `vector` spells a probe."""
    marks = circuit.spikes
    if marks is None:
        return SpikeMarks()
    return SpikeMarks(tuple(vector(probe) for probe in marks.probes), marks.level, marks.falling)


def marked_spikes(marks: SpikeMarks, plot: RawPlot) -> Spikes:
    """Return the spikes of a transient: times between its points are interpolated."""
    time, times, neurons = np.asarray(plot.axis, float), [np.empty(0)], [np.empty(0, int)]
    for neuron, vector in enumerate(marks.vectors):
        column = plot.find(vector)
        if column is None:
            continue
        found = _crossings(time, np.asarray(plot.column(column), float), marks)
        times.append(found)
        neurons.append(np.full(found.size, neuron))
    return Spikes(np.concatenate(times), np.concatenate(neurons))


def _crossings(time: FloatArray, values: FloatArray, marks: SpikeMarks) -> FloatArray:
    away = (marks.level - values) if marks.falling else (values - marks.level)
    k = np.flatnonzero((away[1:] >= 0) & (away[:-1] < 0))
    share = -away[k] / (away[k + 1] - away[k])
    found: FloatArray = time[k] + share * (time[k + 1] - time[k])
    return found
