"""Transients of cells and crossbars: pulses on lines, states integrated with error control, quasi-static wires."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.errors import ParameterError, SimulationError
from rramcirc.basics.units import parse_number
from rramcirc.bench.analyses import Transient
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.elements import chosen_probes
from rramcirc.engines.array.bdf import HIGHEST_ORDER, Formula, next_step
from rramcirc.engines.array.bench_solver import BenchSolver
from rramcirc.engines.array.cells import Cells
from rramcirc.engines.array.drive import LineDrive
from rramcirc.engines.array.moving_cells import HELD_PORTS, MovingCells
from rramcirc.engines.array.newton import FOLLOWED, ArrayState
from rramcirc.engines.array.probes import ProbeReader, circuit_of
from rramcirc.engines.array.record import EngineRun, Points
from rramcirc.engines.array.watch import Watch
from rramcirc.engines.ending import Ending, noted

Array = NDArray[np.float64]
Progress = Callable[[float], None]
RELTOL = 1e-4  # the default of netlists
FIRST_SHARE = 0.02  # of the time to the next corner: largest first step behind a corner
LEAST_CURRENT = 1e-6  # [A]; where nothing flows, charges do not have to be followed more closely than this
PER_STEP = 0.5, 10.0, 10.0  # errors of state, voltage and current in one step, relative to reltol
SLEEPING = 0.03  # of the errors that a step may have: of a state that sleeps until the end, and of charges not counted
NEWTON_SHARE = 0.01  # of the error that is allowed where nothing flows: what Newton's method may leave
SMALLER = 0.1  # first step behind a corner after one that was too large, relative to it
SIMPLEST = Formula(1, bent=False)
HIGHEST_STRAIGHT = 4  # order of straight formulas: of switching cells, those of order 5 are off by more than they say
BENT_MORE = 2.0  # what errors count more in a bent formula, which is taken where it is better by luck, too
BENT_STATES = 100.0  # the same of states: what switches is not smooth in the logarithm of time
UNBALANCED = 1e-3  # of the largest current: what may be missing to Kirchhoff's law without a word
LEAST_STEP = 1e-15  # [s]; no device follows faster


@dataclass(frozen=True)
class Tolerances:
    """What a step may be wrong by.

    Attributes
    ----------
    state
        Error of a state in one step [its unit; states are of the order of 1].
    voltage
        Error of a voltage in one step [V].
    current
        Error of a current that charges cause, relative to the largest current of a cell so far.
    bound
        How far a voltage or state may move before the models of its cell are evaluated again.
    followed
        What may be missing to Kirchhoff's current law, relative to the largest current of a node.
    """

    state: float
    voltage: float
    current: float
    bound: float
    followed: float


def tolerances(reltol: float) -> Tolerances:
    """Return the tolerances that belong to an option ``reltol``."""
    bound = float(np.clip(0.01 * np.sqrt(reltol), 1e-6, 1e-3))
    state, voltage, current = (part * reltol for part in PER_STEP)
    return Tolerances(state, voltage, current, bound, max(0.01 * reltol, FOLLOWED))


def run_transient(
    bench: Testbench, analysis: Transient, progress: Progress | None = None, partial: bool = False,
    folder: Path | None = None,
) -> EngineRun:  # fmt: skip
    """Solve the transient of a testbench: its `analysis`; nothing is recorded before its `record_from`.

    The simulator options ``reltol`` (default 1e-4), ``charges`` (``on``, or ``off`` for quasi-static devices) and
    ``threads`` count; all others are those of circuit simulators. With `partial`, what was computed until a failure or
    an interruption is returned with its `ending`. What is recorded beyond 64 MB waits in a nameless file in `folder`.

    Raises
    ------
    ParameterError
        If an option cannot be meant.
    SimulationError
        If no step could be found; says when.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    probes = tuple(chosen_probes(circuit_of(bench), bench.probes))
    run, ending = _Run(bench, analysis, ProbeReader(probes), folder), Ending()
    with noted(ending) if partial else nullcontext():
        while run.time < run.stop:
            run.advance()
            if progress is not None:
                progress(run.time)
    used = time.perf_counter() - wall, time.process_time() - cpu
    state = run.solver.state
    residual = max(run.at_start, run.missing / max(state.through, 1e-300))
    problems, told = run.watch.told()
    remarks = (*run.remarks, *told, *_unbalanced(residual))
    return EngineRun(probes, run.points.table(), state.steps, residual, *used, remarks, ending, problems)


def _unbalanced(residual: float) -> tuple[str, ...]:
    """Return a remark if Kirchhoff's current law is off by more than `UNBALANCED` of the largest current."""
    if residual <= UNBALANCED:
        return ()
    return (
        f"Kirchhoff's current law is off by up to {residual:.1e} of the largest current; what is smaller is not known",
    )


def _options(bench: Testbench) -> tuple[Tolerances, bool]:
    """Return tolerances and whether charges count."""
    given = {str(name).lower(): value for name, value in bench.options.items()}
    reltol = given.get("reltol", RELTOL)
    charges = str(given.get("charges", "on"))
    if charges not in ("on", "off"):
        raise ParameterError(f"engine numpy: option charges={charges}: allowed are on and off.")
    number = parse_number(reltol, "", "engine numpy: option reltol") if isinstance(reltol, str) else float(reltol)
    return tolerances(number), charges == "on"


class _Run:
    """One transient: where it is, and what was recorded."""

    def __init__(self, bench: Testbench, analysis: Transient, reader: ProbeReader, folder: Path | None) -> None:
        watched = [port for port in HELD_PORTS if reader.reads_current(port)]
        self.solver, self.reader = BenchSolver(bench, watched), reader
        allowed, charges = _options(bench)
        self.drive = LineDrive(bench, self.solver, analysis.stop)
        self.time, self.stop = 0.0, analysis.stop
        self.max_step = analysis.largest_step
        self.solver.solve()
        self.points = Points(len(reader.probes), folder)
        self.record_from = analysis.record_from
        if self.record_from <= 0.0:
            self.points.add(0.0, reader.read(self.solver))
        self.missing, self.at_start = 0.0, self.solver.state.residual
        self.remarks = self.drive.remarks
        farads = {kind: getattr(self.solver.array, kind).capacitance for kind in self.solver.line_names}
        static = self.solver.cells
        assert isinstance(static, Cells)  # until they move
        self.cells = MovingCells(static, allowed.bound, charges, farads, watched)
        self.solver.let_move(self.cells)
        self.watch = Watch(bench, self.solver, moving=True)
        self.scales = np.array([1.0 / allowed.voltage if k not in HELD_PORTS else 0.0 for k in self.cells.names])
        states = self.cells.own_places
        self.scales[states] = 1.0 / allowed.state
        self.scales /= self.cells.units
        self.only_states = np.zeros_like(self.scales)
        self.only_states[states] = self.scales[states]
        self.bent_scales = np.maximum(BENT_MORE * self.scales, BENT_STATES * self.only_states)
        self.not_states = np.where(self.only_states == 0.0, self.scales != 0.0, 0.0)
        self.allowed, self.most_current = allowed, LEAST_CURRENT
        self.least_missing = NEWTON_SHARE * allowed.current * LEAST_CURRENT
        self.charged = np.empty_like(self.cells.voltages) if charges else None
        self.charged_at, self.largest_capacitance = np.nan, 1e-30
        self.history = self.cells.history
        families = self.solver.state.network.families.items()
        self.shared = {kind for kind, family in families if len(np.unique(family.nodes)) < family.nodes.size}
        self.cells.linearise()
        if charges:
            self.largest_capacitance = max(self.cells.largest_capacitance, 1e-30)
        # what a charge jumps by when its cell is evaluated anew, a bound away
        self.least_charge = self.largest_capacitance * allowed.bound**2
        self._keep(0.0)
        self.watch.see(0.0, self.cells.voltages)
        self.step, self.formula, self.corner = 0.0, SIMPLEST, 0.0
        self.known_step = np.inf  # first step behind a corner after one that was too large [s]

    def _keep(self, now: float) -> None:
        slot = self.history.push(now)
        self.history.values[slot] = self.cells.voltages
        if self.charged_at == now:
            self.history.charges[slot] = self.charged
        else:
            self.cells.charges(self.history.charges[slot])
        self.most_current = max(self.most_current, float(np.max(np.abs(self.cells.currents))))

    def advance(self) -> None:
        """Take one step that stands."""
        if self.time >= self.corner:
            self._begin_segment()
        while True:
            target = self._target()
            if self._attempt(target):
                break
            self.cells.put_back()
            if self.step <= 16 * np.spacing(self.corner):
                raise SimulationError(
                    f"numpy failed: no solution behind t = {self.time:.9g} s, however small the step; the last one was "
                    f"{self.step:.1e} s."
                )
        self._keep(target)
        self.time = target
        self.missing = max(self.missing, self.solver.state.missing)
        if target >= self.record_from:
            self.points.add(target, self.reader.read(self.solver))
        self.watch.see(target, self.cells.voltages)
        self.cells.let_sleep(self.corner - target, self.stop - target, SLEEPING * self.allowed.state)

    def _go_back(self) -> None:
        """Take the first step behind a corner back: the second one, of the same size, has shown that it was wrong.

        Lines settle from their drivers on: at once where the next is made small enough for a single cell and its
        wires, instead of step by step.
        """
        gone = self.history.forget()
        self.watch.take_back()
        self.time = self.history.times[0]
        self.step = SMALLER * (gone - self.time)
        stiffest = self.solver.state.network.stiffest
        if stiffest > 0.0:
            self.step = min(self.step, max(LEAST_STEP, self.largest_capacitance / stiffest))
        self.known_step = self.step
        if gone >= self.record_from:
            self.points.take_back()

    def _begin_segment(self) -> None:
        """Start anew behind a corner of what drives the lines."""
        self.corner = self.drive.next_corner(self.time)
        self.history.restart()
        self.formula, self.rates = SIMPLEST, self.cells.rates()
        fastest = float(np.max(np.abs(self.rates) / self.cells.units, initial=0.0))
        allowed = np.sqrt(2.0 / np.max(self.scales * self.cells.units)) / max(fastest, 1e-300)
        self.step = min(FIRST_SHARE * (self.corner - self.time), allowed, self.known_step)

    def _target(self) -> float:
        """Return the end of the next step; corners are hit exactly."""
        left = self.corner - self.time
        step = min(self.step, self.max_step)
        if left <= 1.001 * step:
            return self.corner
        return self.time + (0.5 * left if left < 2.0 * step else step)

    def _meet(self, state: ArrayState) -> None:
        """Bring the nodes of the lines to where their cells are predicted.

        A line without wire resistance is one node for many cells. Those that sleep are not predicted; they follow the
        others, or else their voltage would not be that of their line any more.
        """
        cells, awake = self.cells, self.history.which
        for kind, family in state.network.families.items():
            port, nodes = cells.ports.index(kind), family.nodes.ravel()
            state.voltages[nodes] = cells.voltages[:, port]
            if len(awake) < cells.count and kind in self.shared:
                state.voltages[nodes[awake]] = cells.voltages[awake, port]
                cells.take(port, state.voltages[nodes])

    def _attempt(self, target: float) -> bool:
        """Try a step; set size and order of the next one, and return whether this one stands."""
        cells, history, size = self.cells, self.history, target - self.time
        first = len(history.times) == 1
        if first:
            self.formula = SIMPLEST
        cells.rate = history.derivative(target, self.formula, cells.past)
        if first:
            awake = history.which
            cells.voltages[awake] = history.values[history.slots[0]][awake] + size * self.rates[awake]
        else:
            history.predict(target, self.formula, cells.voltages)
        guess = cells.voltages.copy() if first else np.empty(0)
        self.drive.set_levels(target)
        allowed = self.allowed.current * self.most_current
        cells.watch_sleepers(SLEEPING * allowed * size / self.largest_capacitance)
        state = self.solver.state
        self._meet(state)
        fixed = self.solver.drive()
        if not state.follow(self.solver.sources, fixed, self.allowed.followed, self.least_missing):
            self.step, self.formula = 0.25 * size, SIMPLEST
            return False
        if first:
            formulas, errors = [SIMPLEST], np.array([0.5 * np.max(np.abs(cells.voltages - guess) * self.only_states)])
            self.first_size = history.first = size
        else:
            formulas = self._formulas()
            scales = np.array([self.bent_scales if formula.bent else self.scales for formula in formulas])
            errors = history.errors(target, cells.voltages, formulas, scales)
            if self.charged is not None:
                found, self.charged_at = cells.charges(self.charged), target
                scales = self.not_states / (allowed / cells.rate + self.least_charge)
                errors = np.maximum(errors, history.errors(target, found, formulas, scales, of_charges=True))
            second = len(history.times) == 2 and size >= 0.5 * self.first_size
            rough = second and errors[0] > 1.0 and self.first_size > LEAST_STEP
            if second and errors[0] < SMALLER:
                self.known_step /= SMALLER
        stands = bool(errors[formulas.index(self.formula)] <= 1.0)
        usable = [k for k, formula in enumerate(formulas) if formula.order <= self.formula.order or stands]
        since = history.since(target)
        self.step, self.formula = next_step(size, [formulas[k] for k in usable], errors[usable], since)
        if first and stands:
            self.step = min(self.step, size)  # the second step tells whether the first was small enough
        if not stands:
            self.step = min(self.step, 0.7 * size)
            if not first and rough:
                self._go_back()
        return stands

    def _formulas(self) -> list[Formula]:
        """Return what the errors of a step are looked at for: orders around the present one, straight and bent."""
        order = self.formula.order
        most = min(order + 1, len(self.history.times) - 1, HIGHEST_ORDER)
        orders = range(max(order - 1, 1), most + 1)
        return [Formula(k, bent) for k in orders for bent in (False, True) if bent or k <= HIGHEST_STRAIGHT]
