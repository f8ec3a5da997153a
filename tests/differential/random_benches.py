"""Random testbenches of cells and small arrays: every card, wires, defects, all kinds of drive, static and in time.

Voltages stay within what the card is made for, so that most draws switch and few melt; nothing else is kept tame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import rramcirc as rc
from rramcirc.basics.errors import ParameterError
from rramcirc.circuits.array.cell_netlist import fits_cell
from rramcirc.devices.cards.card import card_names, load_card
from rramcirc.devices.cards.model_card import ModelCard

SELECTORS, SELECTOR_SHARES = ("nmos_select", "pmos_select", "nmos_level1", "nmos_bsim4"), (0.72, 0.12, 0.08, 0.08)
WAVES, WAVE_SHARES = ("constant", "pulse", "train", "pwl", "triangle", "spikes"), (0.1, 0.3, 0.15, 0.2, 0.15, 0.1)
ANALYSES, ANALYSIS_SHARES = ("op", "dc", "vectors", "tran"), (0.1, 0.12, 0.1, 0.68)


@dataclass(frozen=True)
class Draw:
    """A testbench, and what was drawn, in words."""

    bench: rc.Testbench
    traits: tuple[str, ...]


def rram_cards() -> list[str]:
    """Return the cards whose device can be the RRAM of a cell."""
    return [name for name in card_names() if load_card(name).states and fits_cell(load_card(name))]


def draw_bench(seed: int, number: int) -> Draw:
    """Return draw `number` of a seed; any draw can be made by itself."""
    rng = np.random.default_rng([seed, number])
    while True:
        try:
            return _Drawing(rng).draw()
        except ParameterError:  # a combination that a testbench refuses, such as a pulse that does not fit
            continue


class _Drawing:
    """One draw in the making."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng, self.traits = rng, []
        self.card = load_card(str(rng.choice(rram_cards())))
        low, high = _limits(self.card)
        self.low, self.high = low, high
        self.selector = str(rng.choice(SELECTORS, p=SELECTOR_SHARES)) if rng.random() < 0.55 else None
        self.rows, self.columns = (int(k) for k in rng.integers(1, 7, 2))
        if rng.random() < 0.25:
            self.rows = self.columns = 1
        slowest = np.log10(self.card.butterfly.set_voltage + self.card.butterfly.reset_voltage)
        slowest -= np.log10(self.card.butterfly.ramp_rate)
        self.span = float(10 ** rng.uniform(max(slowest - 6.0, -8.0), slowest + 0.5))

    def draw(self) -> Draw:
        rng = self.rng
        design = self._cell() if self.rows * self.columns == 1 and rng.random() < 0.6 else self._crossbar()
        kind = str(rng.choice(ANALYSES, p=ANALYSIS_SHARES))
        stimuli = self._stimuli(design, kind == "tran")
        temperature = 300.15 if rng.random() < 0.7 else float(rng.uniform(255.0, 395.0))
        noise = None
        if kind == "tran" and rng.random() < 0.15:
            count = int(rng.integers(1, 5))
            starts = np.linspace(0.0, self.span, count + 1)[:-1]
            noise = rc.CycleNoise(starts, int(rng.integers(1000)), 1e-4 * self.span)
        analysis = self._analysis(kind, stimuli, design)
        bench = rc.Testbench(design, analysis, stimuli, temperature=temperature, cycle_noise=noise)
        shape = f"{self.rows}x{self.columns}" if isinstance(design, rc.Crossbar) else "cell"
        names = [kind, self.card.name, self.selector or "1R", shape, *self.traits]
        names += [f"{temperature:.0f} K"] if temperature != 300.15 else []
        names += ["cycle noise"] if noise else []
        return Draw(bench, tuple(names))

    def _states(self, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
        """Return random states of all cells, or none: those of the card."""
        if self.rng.random() < 0.4:
            return {}
        found = {}
        for state, bounds in self.card.state_bounds().items():
            low, high = (0.0, 1.0) if bounds is None else bounds
            found[state] = low + (high - low) * self.rng.uniform(0.02, 0.98, shape)
        return found

    def _spread(self, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
        if self.rng.random() < 0.6:
            return {}
        self.traits.append("spread")
        return {s.parameter: self._spread_of(s, shape) for s in self.card.variability}

    def _spread_of(self, spread, shape: tuple[int, ...]) -> np.ndarray:  # type: ignore[no-untyped-def]
        deviates = np.clip(self.rng.standard_normal(shape), -2, 2) * spread.sigma_d2d
        nominal = self.card.number(spread.parameter)
        if spread.distribution == "lognormal":
            return nominal * np.exp(deviates)
        return nominal + deviates * self.card.number(spread.of)

    def _cell(self) -> rc.Cell:
        states = {name: float(value) for name, value in self._states(()).items()}
        spread = {name: float(value) for name, value in self._spread(()).items()}
        return rc.Cell(self.card, self.selector, initial_state=states, rram_parameters=spread)

    def _crossbar(self) -> rc.Crossbar:
        rng, shape = self.rng, (self.rows, self.columns)
        lines = {name: self._line() for name in ("bl", "wl", "sl")}
        along = "row" if rng.random() < 0.5 else "column"
        if self.selector and along == "row":
            self.traits.append("SL along WL")
        defects = rc.Defects()
        if rng.random() < 0.2:
            defects = self._defects(lines)
        return rc.Crossbar(
            rc.Cell(self.card, self.selector), *shape, source_line=along, **lines, initial_state=self._states(shape),
            rram_parameters=self._spread(shape), defects=defects,
        )  # fmt: skip

    def _line(self) -> rc.Line:
        rng = self.rng
        ohm = 0.0
        if rng.random() < 0.7:
            ohm = float(10 ** (rng.uniform(-6, 9) if rng.random() < 0.4 else rng.uniform(-1, 2)))
        farad = float(10 ** rng.uniform(-18, -12)) if rng.random() < 0.3 else 0.0
        driver = float(10 ** rng.uniform(0, 5)) if rng.random() < 0.3 else 0.0
        self.traits.append(f"wire {ohm:.1g}" if ohm else "no wire")
        return rc.Line(ohm, capacitance=farad, driver_resistance=driver, end=str(rng.choice(["first", "last", "both"])))

    def _defects(self, lines: dict[str, rc.Line]) -> rc.Defects:
        rng, cells = self.rng, [(i, j) for i in range(self.rows) for j in range(self.columns)]
        chosen = [cells[k] for k in rng.permutation(len(cells))[: int(rng.integers(0, 3))]]
        broken = {}
        names = [name for name in ("bl", "wl") if lines[name].resistance > 0]
        if names and rng.random() < 0.5:
            name = str(rng.choice(names))
            count, length = (self.columns, self.rows) if name == "bl" else (self.rows, self.columns)
            broken = {f"{name}{rng.integers(count)}": int(rng.integers(length))}
        self.traits.append("defects")
        ohm = float(10 ** rng.uniform(1, 4))
        return rc.Defects(missing=chosen[:1], shorted=chosen[1:], short_resistance=ohm, open_segments=broken)

    def _stimuli(self, design: rc.Design, moving: bool) -> dict[str, rc.Stimulus]:
        rng, found = self.rng, {}
        driven = [name for name in design.lines if name.rstrip("0123456789") == "bl"]
        if isinstance(design, rc.Crossbar) and rng.random() < 0.4:
            found["bl"] = self._wave(moving)
        else:
            for name in driven:
                if rng.random() < 0.7:
                    found[name] = self._wave(moving)
        if self.selector:
            p_channel = self.selector.startswith("pmos")
            gate = float(rng.uniform(0.9, 3.3))
            if p_channel:  # its bulk and lines at the supply, so that no junction conducts
                found["bulk"], gate = rc.Constant(max(self.high, 0.1) + 0.1), float(rng.uniform(-2.0, 0.0))
            found["wl"] = rc.Constant(gate)
            if moving and rng.random() < 0.3:
                start, edge = 0.3 * self.span, self.span * float(10 ** rng.uniform(-4, -1))
                found["wl"] = rc.PiecewiseLinear([0.0, start, start + edge], [gate, gate, 0.5 * gate])
                self.traits.append("moving gate")
            if rng.random() < 0.25 and -self.low > 0 and not p_channel:  # RESET by a positive source line
                found["sl"] = self._wave(moving, -self.low)
                self.traits.append("driven SL")
        elif rng.random() < 0.3:
            found["wl"] = self._wave(moving)
            self.traits.append("driven WL")
        self._loose_lines(design, found)
        return found

    def _loose_lines(self, design: rc.Design, found: dict[str, rc.Stimulus]) -> None:
        """Leave a line open, or put a current on one."""
        rng = self.rng
        lines = [name for name in design.lines if name not in ("bulk", "nz")]
        if not self.selector or isinstance(design, rc.Crossbar):
            if rng.random() < 0.12:
                found[str(rng.choice(lines))] = rc.Floating()
                self.traits.append("floating")
            if rng.random() < 0.12:
                ampere = float(10 ** rng.uniform(-8, -4.3)) * float(rng.choice([1.0, 1.0, -1.0]))
                wave = rc.PiecewiseLinear([0.0, 0.2 * self.span], [0.0, ampere], "A")
                choice = [name for name in lines if name.startswith("bl")]
                found[str(rng.choice(choice))] = wave if rng.random() < 0.5 else rc.Constant(ampere, "A")
                self.traits.append("current")

    def _level(self, top: float | None) -> float:
        rng = self.rng
        if top is not None:
            return float(top * rng.uniform(0.2, 1.0))
        negative = self.selector is None and rng.random() < 0.45
        return float((self.low if negative else self.high) * rng.uniform(0.15, 1.0))

    def _wave(self, moving: bool, top: float | None = None) -> rc.Stimulus:
        rng, span = self.rng, self.span
        level = self._level(top)
        if not moving:
            return rc.Constant(level)
        kind = str(rng.choice(WAVES, p=WAVE_SHARES))
        self.traits.append(kind)
        edge = span * float(10 ** rng.uniform(-6, -1.5))  # down to vertical
        if kind == "constant":
            return rc.Constant(level)
        if kind == "pulse":
            delay = float(rng.choice([0.0, span * rng.uniform(0.01, 0.2)]))
            return rc.Pulse(level, span * float(rng.uniform(0.2, 0.7)), delay=delay, rise=edge, fall=edge)
        if kind == "train":
            count, edge = int(rng.integers(2, 5)), 0.1 * edge
            period = 0.9 * span / count
            return rc.PulseTrain(level, 0.5 * period, period, count, delay=0.02 * span, rise=edge, fall=edge)
        if kind == "triangle":
            other = self.low * float(rng.uniform(0.3, 1.0)) if self.selector is None else 0.0
            peaks = (level, other) if other * level < 0 else (level,)
            path = 2 * sum(abs(p) for p in peaks)
            return rc.triangle(*peaks, ramp_rate=path / (0.95 * span))
        if kind == "spikes":
            starts = np.sort(rng.uniform(0.02, 0.9, int(rng.integers(1, 5)))) * span
            return rc.SpikeTrain(starts, level, 0.03 * span, rise=0.02 * edge, fall=0.02 * edge)
        count = int(rng.integers(2, 6))
        times = np.append(0.0, np.sort(rng.uniform(0.02, 0.95, count)) * span)
        levels = np.array([self._level(top) for _ in times])
        levels[0] = 0.0 if rng.random() < 0.6 else levels[0]
        return rc.PiecewiseLinear(times, levels)

    def _analysis(self, kind: str, stimuli: dict[str, rc.Stimulus], design: rc.Design) -> rc.Transient:
        rng = self.rng
        free = [
            name for name in design.lines
            if name.startswith("bl") and getattr(stimuli.get(name, stimuli.get("bl")), "unit", "V") == "V"
            and not isinstance(stimuli.get(name), rc.Floating)
        ]  # fmt: skip
        if kind == "op" or (kind in ("dc", "vectors") and not free):
            return rc.OperatingPoint()
        low = self.low if self.selector is None else 0.0
        if kind == "dc":
            return rc.DcSweep(str(rng.choice(free)), low, self.high, int(rng.integers(3, 20)))
        if kind == "vectors":
            chosen = [name for name in free if rng.random() < 0.7] or free[:1]
            count = int(rng.integers(1, 8))
            for name in chosen:
                stimuli.pop(name, None)
            return rc.VectorSweep({name: rng.uniform(low, self.high, count) for name in chosen})
        return rc.Transient(self.span)


def _limits(card: ModelCard) -> tuple[float, float]:
    """Return the voltages between which a card's device is meant to be used [V]."""
    names = ("cell_voltage", "device_voltage", "pulse_voltage")
    known = next((card.validity[name] for name in names if name in card.validity), None)
    return (known.minimum, known.maximum) if known else (-card.butterfly.reset_voltage, card.butterfly.set_voltage)
