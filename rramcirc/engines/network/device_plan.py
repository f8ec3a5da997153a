"""What the device level makes of a testbench: matrices of cells, intervals of neurons, inputs in order of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log

import numpy as np

from rramcirc.basics.arrays import FloatArray, IntArray
from rramcirc.basics.errors import ParameterError, a_kind
from rramcirc.basics.units import format_number
from rramcirc.bench.cycle_deviates import synapse_keys
from rramcirc.bench.stimuli import Driven
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.cell_netlist import declared
from rramcirc.circuits.network.netlist import _external, synapse_values
from rramcirc.circuits.network.networks import HopfieldNetwork, Perceptron, acting_neuron, synapse_matrices
from rramcirc.circuits.neuron.netlist import DRIVER_ON, REARM_LEVEL, _Times, check_analysis
from rramcirc.circuits.neuron.neuron import LifNeuron
from rramcirc.engines.network.column_kernel import NO_NOISE, Noise
from rramcirc.engines.network.event_kernel import NEVER

GATE_OFF = 0.2  # [V] below which a gate line counts as off
LONGEST_EDGE = 100e-6  # [s] of a gate pulse; its charge comes at its end


@dataclass(frozen=True)
class Plan:
    """A network testbench as the device level runs it.

    Attributes
    ----------
    network, neuron
        What is simulated; the neuron has no te and ti pulses if it does not learn.
    shape
        (matrices, rows, columns).
    states, spread
        State or instance parameter -> (matrices, rows, columns) array.
    on_level : (rows,) array
        Gate of an open row [V].
    intervals, levels
        See `event_kernel`.
    ext, pre
        Columns of the inputs, ordered in time, see `event_kernel.Inputs`.
    corners
        Of the PRE gates: (times, levels) of each row; empty for a Hopfield network, whose neurons drive the rows.
    stop
        [s]
    noise
        Cycle deviates of the cells.
    """

    network: HopfieldNetwork | Perceptron
    neuron: LifNeuron
    shape: tuple[int, int, int]
    states: Mapping[str, FloatArray]
    spread: Mapping[str, FloatArray]
    on_level: FloatArray
    intervals: FloatArray
    levels: FloatArray
    ext: tuple[FloatArray, IntArray, FloatArray, FloatArray]
    pre: tuple[FloatArray, IntArray, IntArray, FloatArray]
    corners: tuple[tuple[FloatArray, FloatArray], ...]
    stop: float
    noise: Noise = NO_NOISE

    @property
    def cell(self) -> Cell:
        """The synapse."""
        return self.network.cell

    @property
    def matrices(self) -> tuple[str, ...]:
        """Names of the matrices, as the netlist has them."""
        return self.network.synapse_matrices

    @property
    def amplitudes(self) -> tuple[float, ...]:
        """First te pulse, ti pulse [V]."""
        return (self.neuron.pulses.set_voltage, -self.neuron.pulses.inhibitory_voltage)[: self.shape[0]]


def device_plan(bench: Testbench) -> Plan:
    """Return the plan of a network testbench.

    Raises
    ------
    ParameterError
        If the device level cannot do it; names what, and what can.
    """
    network = bench.design
    if not isinstance(network, (HopfieldNetwork, Perceptron)):
        raise ParameterError(
            f"engine numpy: it cannot do {a_kind(network)}, only cells, crossbars, HopfieldNetwork and Perceptron; "
            "ngspice runs it."
        )
    check_device_level(bench, network)
    neuron = acting_neuron(network, any(span.learning for span in bench.spans))
    drives = {group.name: group.stimulus for group in _external(bench, network.neuron)}  # type: ignore[union-attr]  # all are sources
    stop = bench.analysis.last_time
    assert stop is not None  # a transient, see check_device_level
    hopfield = isinstance(network, HopfieldNetwork)
    rows, columns = network.shape
    corners: tuple[tuple[FloatArray, FloatArray], ...] = ()
    if hopfield:
        on_level, pre = np.full(rows, neuron.pulses.gate_voltage), _no_pre()
    else:
        corners = tuple(_corners(drives.get(f"pre{i}")) for i in range(rows))
        on_level, pre = _pre_events(corners)
    states, spread = _matrices(network)
    return Plan(
        network, neuron, (2 if hopfield else 1, rows, columns), states, spread, on_level, _intervals(neuron),
        _levels(neuron), _ext_events(drives, columns), pre, corners, stop, _noise(bench, network),
    )  # fmt: skip


def check_device_level(bench: Testbench, network: HopfieldNetwork | Perceptron) -> None:
    """Refuse by name what the device level cannot do."""
    neuron, selector = network.neuron, network.cell.selector
    check_analysis(bench, neuron)
    if neuron.detail != "ideal":
        raise ParameterError(
            f"engine numpy: LifNeuron.detail = {neuron.detail!r}: its drivers have edges and resistance; the device "
            "level has ideal neurons, detail = 'ideal'. ngspice runs all."
        )
    if selector is None or selector.module is None:
        raise ParameterError(
            f"engine numpy: the selector {selector and selector.name} is no compiled Verilog-A model; "
            "take nmos_select, or the engine ngspice."
        )
    if bench.cycle_noise is not None and "nz" not in declared(network.cell.rram).ports:
        raise ParameterError(
            f"Testbench.cycle_noise: the model of card {network.cell.rram.name} has no terminal nz for it."
        )


def _matrices(network: HopfieldNetwork | Perceptron) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Return states and spread of all matrices, stacked; what one matrix alone spreads is as in the cell elsewhere."""
    cell, matrices = network.cell, synapse_matrices(network)
    values = [synapse_values(network, matrix) for matrix in matrices]
    names = dict.fromkeys(name for matrix in matrices for name in matrix.parameters)
    common = {
        name: np.full(network.shape, float(cell.rram_parameters.get(name, cell.rram.number(name)))) for name in names
    }
    states = {name: np.stack([one[f"{name}_ini"] for one in values]) for name in cell.states}
    return states, {name: np.stack([one.get(name, common[name]) for one in values]) for name in names}


def _noise(bench: Testbench, network: HopfieldNetwork | Perceptron) -> Noise:
    """Return the cycle deviates of all cells."""
    noise = bench.cycle_noise
    if noise is None or noise.slot is None:
        return NO_NOISE
    keys = [synapse_keys(noise.seed, name, network.shape).ravel() for name in network.synapse_matrices]
    return Noise(np.concatenate(keys), noise.slot)


def _intervals(neuron: LifNeuron) -> FloatArray:
    """Return the intervals of the circuit since the spike [s]; they end earlier than the record says.

    The timer starts when the membrane has fallen, through the reset and the leak; its thresholds know the reset only.
    """
    times = _Times(neuron)
    early = times.delay - log(1.0 / REARM_LEVEL) / (1.0 / times.reset + 1.0 / neuron.leak_time)
    found = [neuron.pulses.gate_width, neuron.refractory, neuron.pulses.te_width]
    second = [neuron.pulses.reset_delay, neuron.pulses.writing_time] if neuron.pulses.reset_voltage else [0.0, 0.0]
    return np.array([*(t - early for t in found), *(t - early if t else 0.0 for t in second), times.reset])


def _levels(neuron: LifNeuron) -> FloatArray:
    return np.array([
        neuron.leak_time, neuron.leak_resistance, neuron.threshold, neuron.clamp, neuron.input_gain,
        neuron.pulses.read_voltage, DRIVER_ON, neuron.pulses.gate_voltage, neuron.capacitance,
    ])  # fmt: skip


def _corners(stimulus: Driven | None) -> tuple[FloatArray, FloatArray]:
    if stimulus is None:
        return np.zeros(1), np.zeros(1)
    times, levels = stimulus.corners()
    return np.asarray(times, np.float64), np.asarray(levels, np.float64)


def _ext_events(
    drives: Mapping[str, Driven], columns: int
) -> tuple[FloatArray, IntArray, FloatArray, FloatArray]:  # fmt: skip
    """Return (time, neuron, level, slope) of all corners of external currents; none flows while a run starts."""
    parts = [(np.array([NEVER]), np.zeros(1), np.zeros(1), np.zeros(1))]
    for j in range(columns):
        if f"ext{j}" in drives:
            times, levels = _corners(drives[f"ext{j}"])
            slopes = np.append(np.diff(levels) / np.diff(times), 0.0)
            if times[0] > 0.0:
                times, levels, slopes = np.append(0.0, times), np.append(levels[0], levels), np.append(0.0, slopes)
            parts.append((times, np.full(times.size, j), levels, slopes))
    time, neuron, level, slope = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(time, kind="stable")
    return time[order], neuron[order].astype(np.int64), level[order], slope[order]


def _no_pre() -> tuple[FloatArray, IntArray, IntArray, FloatArray]:
    return np.array([NEVER]), np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros(1)


def _pre_events(
    corners: tuple[tuple[FloatArray, FloatArray], ...],
) -> tuple[FloatArray, tuple[FloatArray, IntArray, IntArray, FloatArray]]:  # fmt: skip
    """Return the level of open rows and (time, row, on, edge) of their gates."""
    levels, found = np.zeros(len(corners)), [(NEVER, 0, 0, 0.0)]
    for row, (times, values) in enumerate(corners):
        top = float(values.max())
        levels[row] = top if top > GATE_OFF else 0.0
        open_, closed = values >= top * (1 - 1e-9), values <= GATE_OFF
        if top <= GATE_OFF:
            continue
        if not np.all(open_ | closed):
            wrong = float(values[~(open_ | closed)][0])
            raise ParameterError(
                f"engine numpy: stimuli['pre{row}']: a level of {wrong:g} V besides {top:g} V; the device level takes "
                "gates that are off or at one level. ngspice runs it."
            )
        edges = np.diff(times)[open_[1:] != open_[:-1]]
        if edges.size and edges.max() > LONGEST_EDGE:
            raise ParameterError(
                f"engine numpy: stimuli['pre{row}']: an edge of {format_number(float(edges.max()), 's')}; the device "
                f"level takes edges up to {format_number(LONGEST_EDGE, 's')}. ngspice runs it."
            )
        if open_[0]:
            found.append((0.0, row, 1, 0.0))
        for k in np.flatnonzero(open_[1:] != open_[:-1]):
            edge = float(times[k + 1] - times[k])
            if open_[k]:
                found += [(float(times[k]), row, 0, 0.0), (float(times[k + 1]), row, -1, edge)]
            else:
                found.append((float(times[k + 1]), row, 1, edge))
    found.sort()
    time, who, on, edge_of = zip(*found, strict=True)
    return levels, (np.array(time), np.array(who, np.int64), np.array(on, np.int64), np.array(edge_of))
