"""States against their bounds and devices against their cards, point by point, without storing waveforms."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.bench.testbench import Testbench
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.compiled.reading import read_current
from rramcirc.engines.array.bench_solver import BenchSolver
from rramcirc.engines.drift import ReadDose
from rramcirc.engines.states import TOLERANCE, left_bounds
from rramcirc.engines.validity import SURVIVED, VOLTAGES, Farthest, of_the_bench

READ_VOLTAGE = 0.1  # [V]; tells the resistance of a state at the start


class Range(NamedTuple):
    """A condition of a card: the voltage of local node `plus` against `minus` of a device of every cell."""

    card: ModelCard
    condition: str
    device: str
    plus: str
    minus: str
    seen: Farthest


class Watch:
    """What all cells of a run did; a point counts when the next one stands, because the engine may take it back."""

    def __init__(self, bench: Testbench, solver: BenchSolver, moving: bool) -> None:
        array, names = solver.array, solver.cells.names
        count = array.rows * array.columns
        self.bench, self.moving, self.names, self.fixed = bench, moving, names, solver.fixed
        rram, selector = array.cell.rram, array.cell.selector
        self.there = np.ones(count, bool)
        self.there[[i * array.columns + j for i, j in array.defects.missing]] = False
        self.whole = bool(self.there.all())
        self.cards = [rram, *([selector] if selector else [])]
        bottom = "be" if selector else "wl"
        self.ranges: list[Range] = []
        ends = {"te": "bl", "be": bottom, "d": "be", "g": "wl", "s": "sl", "b": "bulk"}
        for card, device in ((rram, "nrram"), *(((selector, "nsel"),) if selector else ())):
            for name, limits in card.validity.items():
                if name in VOLTAGES:
                    plus, minus = (ends[end] for end in VOLTAGES[name])
                    seen = Farthest(limits, count)
                    self.ranges.append(Range(card, name, device, plus, minus, seen))
        values = {name: np.asarray(v, float) for name, v in solver.instance_values.items()}
        self.dose: tuple[ReadDose, str, str] | None = None
        if moving and rram.read_advice:
            current = read_current(rram, {}, READ_VOLTAGE, values, temperature=bench.temperature)
            ohm = np.broadcast_to(READ_VOLTAGE / current, count)
            self.dose = ReadDose(rram, bench.temperature, ohm), ends["te"], ends["be"]
        self.states: list[tuple[str, str, int, FloatArray, FloatArray, FloatArray]] = []
        self.worst: list[tuple[FloatArray, FloatArray, FloatArray]] = []
        module = rram.declaration
        for state, bounds in rram.state_bounds(values).items() if moving and module is not None else ():
            if bounds is None or f"rram.{state}_s" not in names or not np.all(np.isfinite(bounds[1])):
                continue
            start = values.get(f"{state}_ini", rram.number(f"{state}_ini"))
            low, high, first = (np.broadcast_to(np.asarray(v, float), count) for v in (*bounds, start))
            unit = module.op_variables[state].unit if module is not None else ""
            self.states.append((state, unit, names.index(f"rram.{state}_s"), low, high, first))
            self.worst.append((np.zeros(count), np.zeros(count), np.zeros(count)))
        self.solver = solver
        survived = Farthest(rram.validity.get("survived_current", SURVIVED), count)
        self.currents = [("survived_current", survived)]
        if "current" in rram.validity:
            self.currents.append(("current", Farthest(rram.validity["current"], count)))
        if module is None or "current" not in module.op_variables:
            self.currents = []
        limits = [min(-seen.limits.minimum, seen.limits.maximum) for _, seen in self.currents]
        self.least_current = min(limits, default=np.inf)
        self.pending: tuple[float, FloatArray, FloatArray | None] | None = None
        self.last = 0.0

    def _places(self, device: str = "") -> list[str]:
        """Return the names of all cells, or of a device in them; made only where there is something to tell."""
        array = self.solver.array
        if self.bench.design is not array:
            return [f"xcell{device}"]
        return [f"xcell_{i}_{j}{device}" for i in range(array.rows) for j in range(array.columns)]

    def _level(self, node: str, voltages: FloatArray) -> FloatArray | float:
        """Return the voltages of a local node; that of a held terminal, which is none, is the level of its line."""
        if node in self.names:
            found: FloatArray = voltages[:, self.names.index(node)]
            return found
        if not self.moving:
            return self.solver.cells.node_voltages(node)
        return float(np.mean(self.fixed.get(node, 0.0)))

    def see(self, time: float, voltages: FloatArray) -> None:
        """Take a point: (cells, nodes) voltages [V] at a time [s]; the one before counts now."""
        self.count()
        self.pending = (time, voltages.copy() if self.moving else voltages, self._device_currents())
        if not self.moving:  # nobody takes it back
            self.count()

    def _device_currents(self) -> FloatArray | None:
        """Return the current of every RRAM [A]; None if none of them can be outside a range.

        What flows into a cell's bit line charges it, too, so the models are asked where that is large.
        """
        cells = self.solver.cells
        into = cells.currents[:, cells.ports.index("bl")]
        largest = max(float(into.max()), -float(into.min()))
        if largest <= self.least_current or not np.any(np.abs(into[self.there]) > self.least_current):
            return None
        return np.where(self.there, cells.variables(("current",))["current"], 0.0)

    def take_back(self) -> None:
        """Forget the last point."""
        self.pending = None

    def count(self) -> None:
        """Count the last point."""
        if self.pending is None:
            return
        time, voltages, currents = self.pending
        self.pending = None
        weight = np.array([time - self.last]) if self.moving else None
        self.last = time
        for one in self.ranges:
            across = np.asarray(self._level(one.plus, voltages) - self._level(one.minus, voltages))
            one.seen.add((across if self.whole else np.where(self.there, across, 0.0))[None, :], weight)
        if currents is not None:
            for _, seen in self.currents:
                seen.add(currents[None, :], weight)
        if self.dose is not None and weight is not None:
            dose, plus, minus = self.dose
            through = self._level(plus, voltages) - self._level(minus, voltages)
            dose.add(np.where(self.there, through, 0.0)[None, :], weight)
        for (_, _, node, low, high, start), (worst, value, when) in zip(self.states, self.worst, strict=True):
            now = voltages[:, node] + start
            margin = TOLERANCE * (high - low)
            away = np.maximum(np.minimum(low, start) - margin - now, now - np.maximum(high, start) - margin)
            new = np.flatnonzero((away > worst) & self.there)
            worst[new], value[new], when[new] = away[new], now[new], time

    def told(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return (problems, remarks) of the whole run."""
        self.count()
        problems = []
        for (state, unit, _, low, high, _), (worst, value, when) in zip(self.states, self.worst, strict=True):
            bad = np.flatnonzero(worst > 0)
            if bad.size:
                k = int(bad[np.argmax(worst[bad])])
                bounds = float(low[k]), float(high[k])
                problems.append(
                    left_bounds(state, unit, self._places()[k], bounds, float(value[k]), float(when[k]), bad.size)
                )
        if problems:
            problems.append("the model does not hold its bounds, or options.reltol is too coarse")
        remarks = list(of_the_bench(self.bench, self.cards))
        for condition, seen in self.currents:
            if np.any(seen.away > 0):
                text = f"current of {seen.text(self._places('.nrram'))}"
                if condition == "current":
                    remarks.append(f"{self.cards[0].name}: {text}; the card does not hold there")
                else:
                    problems.append(f"{text}; no device carries that")
        for one in self.ranges:
            if np.any(one.seen.away > 0):
                text = one.seen.text(self._places(f".{one.device}"))
                remarks.append(f"{one.card.name}: {one.condition} of {text}; the card does not hold there")
        if self.dose is not None:
            text = self.dose[0].text(self._places(".nrram"))
            remarks += [text] if text else []
        return tuple(problems), tuple(remarks)
