"""The signals of a network at device level: membranes, lines, timers, and states and op-variables of its cells."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from rramcirc.basics.arrays import BoolArray, FloatArray, IntArray
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.elements import Circuit, Probe, chosen_probes
from rramcirc.circuits.network.netlist import _neuron_probes, _synapse_probes
from rramcirc.circuits.neuron.netlist import REARM_LEVEL, TIMER_VOLTS, _Times
from rramcirc.devices.compiled.devices import CompiledDevices
from rramcirc.devices.compiled.units import RUNNING
from rramcirc.engines.network.device_cells import CellBank
from rramcirc.engines.network.device_plan import Plan
from rramcirc.engines.network.device_run import DeviceResult
from rramcirc.engines.network.event_kernel import FIRST, SECOND

BEHIND = 1e-9  # [s] from an edge to the point that is recorded just behind it
_LINE = re.compile(r"v\(([a-z]+)(\d+)\)$")
_CELL = re.compile(r"(.+)\[(\d+),(\d+)\]$")
KINDS = ("mem", "gate", "te", "timer")  # blocks of columns of the recorded points; ti has the column of te


def network_probes(bench: Testbench, plan: Plan) -> tuple[Probe, ...]:
    """Return what a testbench records, with the names of every engine; the circuit's elements are not made."""
    network, hopfield = plan.network, not plan.corners
    rows, columns = network.shape
    ports = ("mem", "gate", "te", "ti") if hopfield else ("mem", "gate", "te")
    gates = () if hopfield else tuple(Probe(f"v(pre{i})", "V", "voltage", f"pre{i}", (), "gate") for i in range(rows))
    circuit = Circuit(
        title=network.description,
        subcircuits=(),
        block=(),
        drivers=(),
        lines=network.lines,
        probes=(*gates, *_neuron_probes(network.neuron, columns, ports)),
        cell_probes=_synapse_probes(network),
        shape=network.shape,
        cards=network.cards,
        missing=frozenset((i, i) for i in range(columns)) if hopfield else frozenset(),
    )
    return tuple(chosen_probes(circuit, bench.probes))


class NetworkReader:
    """Knows where the values of probes are found in a run.

    Attributes
    ----------
    watched
        Cells of which the states are needed, None for none.
    """

    def __init__(self, probes: Sequence[Probe], plan: Plan, bench: Testbench) -> None:
        self.probes, self.plan, self.bench = tuple(probes), plan, bench
        self.cells: dict[str, tuple[list[int], list[int]]] = {}
        suffixes = {f"_{name}": k for k, name in enumerate(plan.matrices)} if len(plan.matrices) > 1 else {"": 0}
        rows, columns = plan.shape[1:]
        for k, probe in enumerate(self.probes):
            place = _CELL.match(probe.name)
            if place is not None:
                matrix = next(m for suffix, m in suffixes.items() if place[1] == probe.item + suffix)
                numbers, cells = self.cells.setdefault(probe.item, ([], []))
                numbers.append(k)
                cells.append((matrix * rows + int(place[2])) * columns + int(place[3]))

    @property
    def watched(self) -> BoolArray | None:
        """Which cells are to be watched; None if none is."""
        if not self.cells:
            return None
        found = np.zeros(int(np.prod(self.plan.shape)), bool)
        for _, cells in self.cells.values():
            found[cells] = True
        return found

    def values(self, result: DeviceResult) -> tuple[FloatArray, FloatArray]:
        """Return times [s] and (times, probes) values of what was recorded."""
        points = result.points
        time = points[:, 0] + BEHIND * points[:, 1]
        kept = np.append(True, np.diff(np.maximum.accumulate(time)) > 0.0) if len(time) else np.zeros(0, bool)
        kept &= time >= self.bench.analysis.record_from if hasattr(self.bench.analysis, "record_from") else True
        points, time = points[kept], time[kept]
        values = np.empty((len(time), len(self.probes)))
        for k, probe in enumerate(self.probes):
            place = _LINE.match(probe.name)
            if place is not None:
                values[:, k] = self._line(place[1], int(place[2]), points, time)
        states = list(self.plan.cell.states)
        for name, (numbers, cells) in self.cells.items():
            if name in states:
                for number, cell in zip(numbers, cells, strict=True):
                    a = states.index(name)
                    values[:, number] = _nodes_at(result, cell, points[:, 0])[:, a] + result.bank.first[a]
        others = [name for name in self.cells if name not in states]
        if others:
            self._variables(others, result, points, time, values)
        return time, values

    def _line(self, kind: str, j: int, points: FloatArray, time: FloatArray) -> FloatArray:
        """Return the voltage of a line of a neuron, or of a PRE gate [V]."""
        neuron, columns = self.plan.neuron, self.plan.shape[2]
        if kind == "pre":
            return _row_gate(self.plan, j, points, time)
        column = points[:, 2 + KINDS.index("te" if kind == "ti" else kind) * columns + j]
        if kind == "gate":
            return column * neuron.pulses.gate_voltage
        if kind == "te":
            return neuron.pulses.common_mode + self._electrode(0, j, points)
        if kind == "ti":
            return neuron.pulses.common_mode + self._electrode(1, j, points)
        if kind == "timer":
            times = _Times(neuron)
            fell = np.log(1.0 / REARM_LEVEL) / (1.0 / times.reset + 1.0 / neuron.leak_time)
            since = np.maximum(points[:, 0] - column - fell, 0.0)
            found: FloatArray = -TIMER_VOLTS * np.expm1(-since / times.constant)
            return found
        return column

    def _electrode(self, matrix: int, j: int, points: FloatArray) -> FloatArray:
        """Return te or ti of a neuron against the common mode [V]."""
        neuron, phase = self.plan.neuron, points[:, 2 + 2 * self.plan.shape[2] + j]
        first = self.plan.amplitudes[matrix]
        level = np.full(len(points), neuron.pulses.read_voltage if matrix == 0 else -neuron.pulses.read_voltage)
        if first:
            level[phase == FIRST] = first
        if matrix == 0:
            level[phase == SECOND] = -neuron.pulses.reset_voltage
        return level

    def _variables(
        self, names: list[str], result: DeviceResult, points: FloatArray, time: FloatArray, values: FloatArray
    ) -> None:  # fmt: skip
        """Write op-variables of cells: from their states and what their lines are at."""
        rows, columns = self.plan.shape[1:]
        every = sorted({cell for name in names for cell in self.cells[name][1]})
        for cell in every:
            row, j, matrix = cell // columns % rows, cell % columns, cell // (rows * columns)
            found = op_variables(
                result.bank, cell, _nodes_at(result, cell, points[:, 0]), self._electrode(matrix, j, points),
                _row_gate(self.plan, row, points, time), names,
            )  # fmt: skip
            for name in names:
                numbers, cells = self.cells[name]
                for number, own in zip(numbers, cells, strict=True):
                    if own == cell:
                        values[:, number] = found[name]


def op_variables(
    bank: CellBank, cell: int, nodes: FloatArray, volts: FloatArray, gates: FloatArray, names: Sequence[str]
) -> dict[str, FloatArray]:
    """Return op-variables of a cell at given states, cell voltages and gate voltages [V]."""
    whole = np.zeros((len(nodes), bank.node_count))
    bank.read_cells(np.full(len(nodes), cell), volts, gates, np.ascontiguousarray(nodes), whole)
    own = {name: float(bank.parameters[cell, k]) for k, name in enumerate(bank.names)}
    device = CompiledDevices(bank.cell.rram, 1, dict(bank.cell.rram_parameters) | own, temperature=bank.temperature)
    one = np.zeros(len(nodes), np.int64)
    found = device.evaluate(whole, RUNNING, jacobian=False, reactive=False, op_variables=names, which=one)
    return {name: found.op_variables[name] for name in names}


def _row_gate(plan: Plan, row: int, points: FloatArray, time: FloatArray) -> FloatArray:
    """Return the gate of a row [V]."""
    if not plan.corners:
        return points[:, 2 + plan.shape[2] + row] * plan.neuron.pulses.gate_voltage
    times, levels = plan.corners[row]
    return np.interp(time, times, levels).astype(np.float64)


def _nodes_at(result: DeviceResult, cell: int, times: FloatArray) -> FloatArray:
    """Return the states of a watched cell at recorded times, as deviations, (times, n_states)."""
    own = result.log_of(cell)
    steps = np.concatenate([result.first_nodes[cell][None], result.log_nodes[own]])
    where: IntArray = np.searchsorted(result.log_times[own], times, side="right")
    return steps[where]
