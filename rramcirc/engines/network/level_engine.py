"""Testbenches of networks at the network level: the engine ``network``."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np

from rramcirc.basics.arrays import FloatArray, IntArray
from rramcirc.basics.errors import ParameterError
from rramcirc.basics.memory import check_memory
from rramcirc.basics.signals import Told, raise_if_asked, told_by_signals
from rramcirc.basics.version import __version__
from rramcirc.bench.stimuli import Floating, sample
from rramcirc.bench.testbench import Testbench, describe
from rramcirc.circuits.elements import Probe, chosen_probes
from rramcirc.circuits.network.networks import synapse_matrices
from rramcirc.circuits.neuron.netlist import TIMER_VOLTS, _Times
from rramcirc.circuits.table import build_circuit
from rramcirc.engines.network.level_kernel import Neurons, Rows, advance, learn
from rramcirc.engines.network.level_plan import Level, network_level
from rramcirc.engines.network.spike_rules import SpikeRule, compiled_rule
from rramcirc.engines.outcome import Outcome
from rramcirc.waveforms.raw import RawPlot, read_raw, write_raw
from rramcirc.waveforms.spikes import Spikes
from rramcirc.waveforms.waveforms import Signal

RAW_FILE = "waves.raw"
LEAST_POINTS = 1000  # recorded over the run
_KINDS = {"V": "voltage", "A": "current"}


def run_level(
    bench: Testbench, folder: Path, rule: SpikeRule | None = None, progress: Callable[[float], None] | None = None,
    timeout: float | None = None, spikes: Spikes | None = None,
) -> Outcome:  # fmt: skip
    """Run a network testbench and write waves.raw; with `spikes` neurons fire then, and only then.

    Raises
    ------
    ParameterError
        If the engine cannot do the testbench; names what.
    """
    if rule is not None and not isinstance(rule, SpikeRule):
        raise ParameterError("simulate: rule: give a SpikeRule, for example rramcirc.song().")
    wall, cpu = time.perf_counter(), time.process_time()
    level = network_level(bench, rule, spikes)
    probes = _probes(bench, level, rule)
    looks = _looks(bench, level)
    check_memory(f"engine network: {describe(bench.design)}", looks.size * (len(probes) + 1), 8.0)
    run = _Run(bench, level, rule, probes, looks)
    status, problems, ended = "done", tuple[str, ...](), 0
    try:
        with told_by_signals():
            run.go(progress, None if timeout is None else wall + timeout)
    except TimeoutError as error:
        status, problems = "timeout", (str(error),)
    except KeyboardInterrupt:
        status, problems, ended = "interrupted", ("interrupted by the user",), signal.SIGINT
    except Told as told:
        status, problems, ended = "interrupted", (f"ended by {signal.Signals(told.number).name}",), told.number
    plot = run.plot(bench, status == "done")
    write_raw(folder / RAW_FILE, [plot])
    return Outcome(
        engine="network", status=status, problems=problems, plots=tuple(read_raw(folder / RAW_FILE)),
        signals=tuple(Signal(p.name, p.unit, p.name, 1, p.description) for p in probes),
        wall_seconds=time.perf_counter() - wall, cpu_seconds=time.process_time() - cpu, remarks=level.remarks,
        version=f"rramcirc {__version__} network", figures={"time_step": level.step, "numba": version("numba")},
        spikes=run.spikes(), signal=ended,
    )  # fmt: skip


def _probes(bench: Testbench, level: Level, rule: SpikeRule | None) -> list[Probe]:
    """Return what is recorded; refuse signals that this level does not have."""
    states = level.network.cell.states
    known = {f"{name}{matrix.suffix}" for matrix in synapse_matrices(level.network) for name in states}
    if rule is not None:
        known = {f"conductance{synapse_matrices(level.network)[0].suffix}"}
    circuit = build_circuit(bench)
    patterns = bench.probes or (*(probe.name for probe in circuit.probes), *(f"{name}[*,*]" for name in sorted(known)))
    chosen = chosen_probes(circuit, patterns)
    wrong = [p.name for p in chosen if p.kind == "variable" and p.name.partition("[")[0] not in known]
    if wrong:
        raise ParameterError(
            f"engine network: probes: it has no {wrong[0]}; of synapses it has {', '.join(sorted(known))}. The engines "
            "ngspice and numpy have all variables of the device."
        )
    return chosen


def _looks(bench: Testbench, level: Level) -> FloatArray:
    """Return the steps at whose end signals are recorded, the last one with the end of the run."""
    stop, start = bench.analysis.last_time or 0.0, float(getattr(bench.analysis, "record_from", 0.0))
    between = min(bench.analysis.largest_step or stop, stop / LEAST_POINTS)
    every = max(1, round(between / level.step))
    last = round(stop / level.step)
    looks = np.unique(np.append(np.arange(0, last, every), last))
    return looks[looks * level.step >= start - 1e-12]


class _Run:
    """A run in progress: what changes, and what has been recorded."""

    def __init__(
        self, bench: Testbench, level: Level, rule: SpikeRule | None, probes: list[Probe], looks: FloatArray
    ) -> None:
        self.level, self.rule, self.probes, self.looks = level, rule, probes, looks
        self.neurons, self.rows = level.rest()
        self.values = np.zeros((looks.size, len(probes)))
        self.recorded, self.cursor = 0, np.array([0, 0, 0, -1, 0])
        self.pres, self.posts = np.zeros(level.network.shape[0], np.bool_), np.zeros(level.network.shape[1], np.bool_)
        self.steps: list[IntArray] = []
        self.who: list[IntArray] = []
        self.spans = bench.spans
        self.inputs = {line: bench.given(line) for line in bench.design.lines}
        self.readers = [_reader(probe, level, rule) for probe in probes]

    def go(self, progress: Callable[[float], None] | None, deadline: float | None) -> None:
        """Run all phases."""
        for span in self.spans:
            first, last = round(span.start / self.level.step), round(span.stop / self.level.step)
            if span.reset:
                self.neurons, self.rows = self.level.rest()
            inside = self.looks[(self.looks > first) & (self.looks < last)]
            self._look(first)
            for stop in [*inside.tolist(), last]:
                self._advance(first, stop, span.learning)
                first = stop
                if stop < last:
                    self._look(stop)
                raise_if_asked()
                if progress is not None:
                    progress(stop * self.level.step)
                if deadline is not None and time.perf_counter() > deadline:
                    raise TimeoutError(f"stopped after the time limit at {stop * self.level.step:g} s")
        self._look(first)

    def _advance(self, first: int, last: int, learning: bool) -> None:
        level, by_rule = self.level, self.rule is not None
        room = level.network.shape[1] * ((last - first) // max(1, level.times.refractory) + 2)
        steps, who = np.empty(room, np.int64), np.empty(room, np.int64)
        while first < last:
            count = advance(
                first, last, level.driven, learning, by_rule, level.times, level.membrane, self.neurons, self.rows,
                level.cells, level.curves, level.inputs, self.cursor, self.pres, self.posts, steps, who,
            )  # fmt: skip
            self.steps.append(steps[:count].copy())
            self.who.append(who[:count].copy())
            first = int(self.cursor[2])
            if self.rule is not None and first < last:
                learn(
                    first, compiled_rule(self.rule), np.array(self.rule.parameters, float), level.scale, self.pres,
                    self.posts, self.rows, self.neurons, level.cells,
                )  # fmt: skip

    def _look(self, n: int) -> None:
        """Record the signals at the beginning of step n, once."""
        if self.recorded < self.looks.size and self.looks[self.recorded] == n:
            for k, read in enumerate(self.readers):
                self.values[self.recorded, k] = read(n, self.neurons, self.rows)
            self.recorded += 1

    def plot(self, bench: Testbench, complete: bool) -> RawPlot:
        """Return what was recorded as a plot of a raw file."""
        axis = self.looks[: self.recorded] * self.level.step
        axis = np.minimum(axis, bench.analysis.last_time or 0.0)
        for k, probe in enumerate(self.probes):
            if probe.name.startswith("v(pre"):
                stimulus = self.inputs[probe.item]
                driven = stimulus is not None and not isinstance(stimulus, Floating)
                self.values[: axis.size, k] = sample(stimulus, axis) if driven else 0.0  # type: ignore[arg-type]  # not None
        kinds = ["time", *(_KINDS.get(p.unit, p.unit) or "notype" for p in self.probes)]
        columns = [axis, *self.values[: axis.size].T]
        return RawPlot.from_columns(
            ["time", *(p.name for p in self.probes)], kinds, columns, title=bench.title,
            plotname=bench.analysis.plot_name, complete=complete,
        )  # fmt: skip

    def spikes(self) -> Spikes:
        """Return the output spikes so far."""
        steps = np.concatenate([*self.steps, []]) * self.level.step
        return Spikes(steps, np.concatenate([*self.who, []]))


Reader = Callable[[int, Neurons, Rows], float]


def _reader(probe: Probe, level: Level, rule: SpikeRule | None) -> Reader:
    """Return what reads a signal at the beginning of a step."""
    if probe.kind == "variable":
        return _cell_reader(probe, level, rule)
    name = probe.name[2:-1]
    kind = name.rstrip("0123456789")
    number = int(name[len(kind) :])
    neuron, times = level.neuron, level.times
    timer, read = _Times(neuron), neuron.pulses.read_voltage

    def electrode(sign: float, first: float, second: float) -> Reader:
        def level_of(n: int, neurons: Neurons, rows: Rows) -> float:
            age = n - int(neurons.own[number])
            pulse = first if age < times.te else second if times.second <= age < times.end else 0.0
            return neuron.pulses.common_mode + (pulse or sign * read)

        return level_of

    def gate(n: int, neurons: Neurons, rows: Rows) -> float:
        return neuron.pulses.gate_voltage if n - int(neurons.last[number]) < times.gate else 0.0

    def clock(n: int, neurons: Neurons, rows: Rows) -> float:
        after = (n - int(neurons.last[number])) * level.step - timer.delay
        return float(TIMER_VOLTS * -np.expm1(-max(after, 0.0) / timer.constant))

    readers: dict[str, Reader] = {
        "mem": lambda n, neurons, rows: float(neurons.v[number]),
        "gate": gate,
        "te": electrode(1.0, neuron.pulses.set_voltage, -neuron.pulses.reset_voltage),
        "ti": electrode(-1.0, -neuron.pulses.inhibitory_voltage, 0.0),
        "timer": clock,
        "pre": lambda n, neurons, rows: 0.0,  # filled in at the end
    }
    return readers[kind]


def _cell_reader(probe: Probe, level: Level, rule: SpikeRule | None) -> Reader:
    """Return what reads a state of a synapse: on its curve, or as it began if no pulse has moved it."""
    base, _, index = probe.name.partition("[")
    i, j = (int(part) for part in index[:-1].split(","))
    matrices = synapse_matrices(level.network)
    m = next(k for k, matrix in enumerate(matrices) if base.endswith(matrix.suffix))
    cells = level.cells
    if rule is not None:
        return lambda n, neurons, rows: float(rule.low + cells.weight[0, i, j] * (rule.high - rule.low))
    state = base.removesuffix(matrices[m].suffix)
    start = float(level.start[m][f"{state}_ini"][i, j])

    def value(n: int, neurons: Neurons, rows: Rows) -> float:
        k = int(cells.curve[m, i, j])
        return (
            start
            if k < 0
            else float(np.interp(cells.dose[m, i, j], level.tracks[k].dose, level.tracks[k].states[state]))
        )

    return value
