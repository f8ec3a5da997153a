"""Transients of a `RecurrentNetwork` without a circuit simulator: the engines ``numpy`` and ``network``.

``numpy`` integrates the circuit, with the compiled model in every synapse and twin; ``network`` solves equations (18)
to (20) of [Zoppo2019]_. Both take steps of the Runge-Kutta method of Dormand and Prince, whose error is controlled,
from corner to corner of the stimuli.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, SimulationError
from rramcirc.basics.memory import check_memory
from rramcirc.basics.units import format_number, parse_number
from rramcirc.basics.version import __version__
from rramcirc.bench.testbench import Testbench, describe
from rramcirc.circuits.elements import Circuit, Probe, chosen_probes
from rramcirc.circuits.recurrent.recurrent import RecurrentNetwork
from rramcirc.circuits.table import build_circuit
from rramcirc.engines.ending import Ending, limited, noted
from rramcirc.engines.network.recurrent_lines import Levels, RecurrentLines
from rramcirc.engines.network.recurrent_systems import CircuitSystem, EquationSystem, RecurrentSystem
from rramcirc.engines.outcome import Outcome
from rramcirc.engines.states import TOLERANCE, left_bounds, watched_states
from rramcirc.waveforms.raw import RawPlot, read_raw, write_raw
from rramcirc.waveforms.waveforms import Signal

RAW_FILE = "waves.raw"
RELTOL = 1e-4  # the default of the option
PER_STEP = 0.01  # error of a step, relative to reltol
SCALE = 0.1  # smallest size of a state that the error is relative to [V, or the unit of the state]
_KINDS = {"V": "voltage", "A": "current"}
_PLACE = re.compile(r"(\w+)\[(\d+),(\d+)\]$")
_NEWTON = 50
_AT_REST = 1e-11  # largest rate, times the time constant, of an operating point [V]


def run_recurrent(
    bench: Testbench, folder: Path, engine: Literal["numpy", "network"],
    progress: Callable[[float], None] | None = None, timeout: float | None = None,
) -> Outcome:  # fmt: skip
    """Run the transient of a recurrent network and write waves.raw.

    The simulator option ``reltol`` (default 1e-4) is a hundred times the error of a step, relative to 0.1 at least.

    Raises
    ------
    ParameterError
        If the engine cannot do the testbench; names what.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    network = bench.design
    assert isinstance(network, RecurrentNetwork)  # see simulation
    if bench.analysis.kind != "tran":
        kind = type(bench.analysis).__name__
        raise ParameterError(f"engine {engine}: of a RecurrentNetwork it does a Transient, no {kind}; ngspice runs it.")
    if bench.cycle_noise is not None:
        raise ParameterError(f"engine {engine}: Testbench.cycle_noise: a plastic synapse has no noise terminal.")
    check_memory(f"engine {engine}: {describe(network)}", 2 * len(network.weights) ** 2, 1200.0, 1e-4)
    system: RecurrentSystem
    system = EquationSystem(network) if engine == "network" else CircuitSystem(network, bench.temperature)
    run, ending = _Run(bench, engine, system), Ending()
    with noted(ending):
        run.go(limited(progress, timeout))
    status, problems = ending.status, ending.problems
    if status == "done" and run.outside():
        status, problems = "failed", run.outside()
    write_raw(folder / RAW_FILE, [run.plot(status == "done")])
    return Outcome(
        engine=engine, status=status, problems=problems, plots=tuple(read_raw(folder / RAW_FILE)),
        signals=tuple(Signal(p.name, p.unit, p.name, 1, p.description) for p in run.probes),
        wall_seconds=time.perf_counter() - wall, cpu_seconds=time.process_time() - cpu, remarks=system.remarks,
        signal=ending.signal, version=f"rramcirc {__version__} {engine}", figures={"steps": run.steps},
        cause=None if isinstance(ending.cause, (SimulationError, TimeoutError)) else ending.cause,
    )  # fmt: skip


class _Run:
    """A run in progress: where it is, and what was recorded."""

    def __init__(self, bench: Testbench, engine: str, system: RecurrentSystem) -> None:
        circuit = build_circuit(bench)
        self.bench, self.engine, self.system = bench, engine, system
        stop, self.record_from = bench.analysis.last_time, float(getattr(bench.analysis, "record_from", 0.0))
        assert stop is not None  # of a transient
        self.most = bench.analysis.largest_step or stop
        self.lines = RecurrentLines(bench, stop)
        self.probes = _chosen(bench, circuit, engine, system)
        self.rtol = PER_STEP * _reltol(bench, engine)
        self.network = bench.design
        self.rows: list[FloatArray] = []
        self.times: list[float] = []
        self.steps = 0
        self._readers = _Readers(bench, self.probes)
        self._watch = _Bounds(circuit, system)

    def go(self, told: Callable[[float], None]) -> None:
        """Integrate from the operating point to the end."""
        from scipy.integrate import RK45

        network = self.network
        assert isinstance(network, RecurrentNetwork)  # see run_recurrent
        tau = network.resistance * network.capacitance
        levels = self.lines.at(0, 0.0)
        state = self.system.restarted(self.system.start(), levels) if levels.held else self.system.start()
        state = operating_point(self.system, state, levels, network.neurons, tau)
        self._record(0.0, state, levels)
        held, step = levels.held, 0.01 * tau
        for k in range(len(self.lines.corners) - 1):
            start, end, now = self.lines.between(k)
            if now and not held:
                state = self.system.restarted(state, self.lines.at(k, start))
            held = now
            solver = RK45(
                lambda t, x, k=k: self.system.slope(x, self.lines.at(k, t)), start, state, end,
                max_step=min(self.most, end - start), rtol=self.rtol, atol=SCALE * self.rtol,
                first_step=min(step, end - start, self.most),
            )  # fmt: skip
            while solver.status == "running":
                message = solver.step()
                if solver.status == "failed":
                    at = format_number(solver.t, "s")
                    raise SimulationError(f"{self.engine} failed: no step could be found at {at}: {message}")
                self.steps += 1
                self._record(solver.t, solver.y, self.lines.at(k, solver.t))
                told(solver.t)
            state = solver.y
            step = max(solver.h_abs, 1e-6 * tau)

    def _record(self, now: float, state: FloatArray, levels: Levels) -> None:
        if not np.isfinite(state).all():
            raise SimulationError(f"{self.engine} failed: a state is no number at {format_number(now, 's')}.")
        self._watch.see(now, state)
        if now >= self.record_from:
            self.rows.append(self._readers.read(self.system, state, levels))
            self.times.append(now)

    def outside(self) -> tuple[str, ...]:
        """Say which states left their bounds."""
        return self._watch.told()

    def plot(self, complete: bool) -> RawPlot:
        """Return what was recorded as a plot of a raw file."""
        count = min(len(self.rows), len(self.times))
        values = np.array(self.rows[:count]).reshape(count, len(self.probes))
        kinds = ["time", *(_KINDS.get(p.unit, p.unit) or "notype" for p in self.probes)]
        return RawPlot.from_columns(
            ["time", *(p.name for p in self.probes)], kinds, [np.array(self.times[:count]), *values.T],
            title=self.bench.title, plotname=self.bench.analysis.plot_name, complete=complete,
        )  # fmt: skip


def _chosen(bench: Testbench, circuit: Circuit, engine: str, system: RecurrentSystem) -> list[Probe]:
    """Return what is recorded; refuse variables that the engine does not have."""
    probes = chosen_probes(circuit, bench.probes)
    known = system.known()
    for probe in probes:
        if probe.kind == "variable" and probe.item not in known:
            raise ParameterError(
                f"engine {engine}: probes: it has no {probe.name}; of synapses it has {', '.join(known)}. The engines "
                "ngspice and numpy have all variables of the device."
            )
    return probes


def _reltol(bench: Testbench, engine: str) -> float:
    given = {str(name).lower(): value for name, value in bench.options.items()}.get("reltol", RELTOL)
    found = parse_number(given, "", f"engine {engine}: option reltol") if isinstance(given, str) else float(given)
    return max(found, 1e-10)


def operating_point(
    system: RecurrentSystem, state: FloatArray, levels: Levels, neurons: int, tau: float
) -> FloatArray:  # fmt: skip
    """Return the state in which v and y rest, searched by Newton's method from the given one; what learns stays.

    A network of large weights rests in several; this is the one that is found.

    Raises
    ------
    SimulationError
        If none is found.
    """
    found, count = state.copy(), 2 * neurons
    for _ in range(_NEWTON):
        error = tau * system.slope(found, levels)[:count]
        if np.abs(error).max() < _AT_REST:
            return found
        jacobian = np.empty((count, count))
        for k in range(count):
            moved = found.copy()
            moved[k] += 1e-6
            jacobian[:, k] = (tau * system.slope(moved, levels)[:count] - error) / 1e-6
        found[:count] -= np.linalg.lstsq(jacobian, error, rcond=None)[0]
    raise SimulationError(
        "no operating point was found: drive the line restart at the start, so that v and y begin at its level."
    )


class _Readers:
    """Reads the values of probes from a state."""

    def __init__(self, bench: Testbench, probes: list[Probe]) -> None:
        network = bench.design
        assert isinstance(network, RecurrentNetwork)  # see run_recurrent
        place = {pair: k for k, pair in enumerate(network.pairs)}
        self._size = len(probes)
        nodes: list[tuple[int, int]] = []
        variables: dict[str, list[tuple[int, int]]] = {}
        for k, probe in enumerate(probes):
            found = _PLACE.match(probe.name)
            if found is None:
                offset = 0 if probe.item.startswith("v") else network.neurons
                nodes.append((k, offset + int(probe.item[1:])))
            else:
                variables.setdefault(probe.item, []).append((k, place[int(found[2]), int(found[3])]))
        self._nodes = np.array(nodes, np.int64).reshape(-1, 2).T
        self._variables = {name: np.array(pairs, np.int64).T for name, pairs in variables.items()}

    def read(self, system: RecurrentSystem, state: FloatArray, levels: Levels) -> FloatArray:
        """Return the values of all probes."""
        values = np.empty(self._size)
        values[self._nodes[0]] = state[self._nodes[1]]
        if self._variables:
            found = system.values(tuple(self._variables), state, levels)
            for name, (columns, pairs) in self._variables.items():
                values[columns] = found[name][pairs]
        return values


class _Bounds:
    """States against the bounds that their model declares; the ideal synapse declares none."""

    def __init__(self, circuit: Circuit, system: RecurrentSystem) -> None:
        self._states = watched_states(circuit) if isinstance(system, CircuitSystem) else ()
        if self._states:
            assert isinstance(system, CircuitSystem)  # the others have none
            names = list(system.devices.internal_nodes)
            self._width, self._skip = len(names), 2 * system.neurons
            rows = dict.fromkeys(names, 0)
            self._where = []
            for watched in self._states:  # of the synapses, then of their twins
                node, count = f"{watched.state}_s", len(watched.places)
                self._where.append((slice(rows[node], rows[node] + count), names.index(node)))
                rows[node] += count
        self._worst: dict[int, tuple[float, int, float, float, int]] = {}

    def see(self, now: float, state: FloatArray) -> None:
        """Look at all states at a time [s]."""
        for k, watched in enumerate(self._states):
            values = watched.start + state[self._skip :].reshape(-1, self._width)[self._where[k]]
            margin = TOLERANCE * (watched.upper - watched.lower)
            low, high = np.minimum(watched.lower, watched.start), np.maximum(watched.upper, watched.start)
            away = np.maximum(low - values, values - high) - margin
            j = int(away.argmax())
            if away[j] > self._worst.get(k, (0.0,))[0]:
                self._worst[k] = float(away[j]), j, float(values[j]), now, int((away > 0).sum())

    def told(self) -> tuple[str, ...]:
        """Return a sentence for each state that left its bounds."""
        found = []
        for k, (_, j, value, now, count) in self._worst.items():
            watched = self._states[k]
            bounds = float(watched.lower[j]), float(watched.upper[j])
            found.append(left_bounds(watched.state, watched.unit, watched.places[j], bounds, value, now, count))
        return tuple(found)
