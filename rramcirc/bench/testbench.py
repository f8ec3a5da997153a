"""Testbenches: a design, what drives its lines, and the analysis to run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, a_kind, shown, unknown_name
from rramcirc.basics.fields import Kept, number, other, part, record, table, text, whole
from rramcirc.basics.units import parse_number, positive_number, real_number
from rramcirc.bench.analyses import ANALYSES, Analysis
from rramcirc.bench.design import Design
from rramcirc.bench.phases import RunPhase, Span, joined_stimulus, spans
from rramcirc.bench.stimuli import Constant, Driven, Floating, PiecewiseLinear, Stimulus, check_driven, number_list

ROOM_TEMPERATURE = 300.15  # [K], 27 C: the default of SPICE


@record
class CycleNoise:
    """Cycle-to-cycle variability: every cell's noise terminal gets a new standard normal deviate in each cycle.

    What one standard deviation does is the model's business (``ea_sigma_c2c`` of the filament model, for example).
    Cells and arrays take a list of `times`, at which cycles begin. The synapses of networks, whose overlaps are not
    known in advance, take a `slot`: cycle k lasts from k to k + 1 slots, and its deviate is a function of (seed,
    matrix, row, column, k), `rramcirc.bench.cycle_deviates`. A pulse across the edge of a slot sees both deviates.
    """

    times: Kept[FloatArray, ArrayLike] = other(
        "start of each cycle, ascending; the first is usually 0", "s", default=()
    )
    seed: int = whole("seed of the deviates", default=0)
    edge: float = number("time in which a deviate changes", "s", default=1e-9, above=0.0)
    slot: float | None = number("length of each cycle, of networks instead of times", "s", default=None, above=0.0)

    def _check(self) -> None:
        times = number_list("CycleNoise.times", self.times)
        if self.slot is not None:
            if times.size:
                raise ParameterError("CycleNoise.slot: give times (cells and arrays) or a slot (networks), not both.")
            if self.slot <= 2 * self.edge:
                raise ParameterError(f"CycleNoise.slot: {self.slot:g} s is not longer than two edges.")
            object.__setattr__(self, "times", times)
            return
        if times.size == 0 or times[0] < 0:
            raise ParameterError("CycleNoise.times: is not a list of times [s] of at least 0.")
        if np.any(np.diff(times) <= 2 * self.edge):
            raise ParameterError("CycleNoise.times: must be ascending, further apart than twice the edge.")
        object.__setattr__(self, "times", times)

    def deviates(self, shape: tuple[int, int]) -> FloatArray:
        """Return (cycles, rows, columns) standard normal deviates."""
        return np.random.default_rng(self.seed).standard_normal((self.times.size, *shape))

    def stimulus(self, deviates: FloatArray) -> PiecewiseLinear:
        """Return what drives the noise terminal of one cell [V, 1 V is one standard deviation]."""
        later = self.times[1:]
        corners = np.concatenate([[0.0], np.stack([later, later + self.edge], axis=1).ravel()])
        return PiecewiseLinear(corners, np.repeat(deviates, 2)[:-1])


def cycle_starts(stimulus: Driven) -> FloatArray:
    """Return the times [s] at which a new cycle of a stimulus begins: halfway through each rest between two pulses.

    A rest is a stretch in which the stimulus stays at its first level; a sweep through that level without rest begins a
    new (half) cycle where it crosses. Fits `CycleNoise.times`.
    """
    times, levels = check_driven(stimulus, "cycle_starts: stimulus").corners()
    away = levels - levels[0]
    starts = [0.0]
    for k in range(1, len(times)):
        if away[k - 1] * away[k] < 0:  # through the level without rest
            share = away[k - 1] / (away[k - 1] - away[k])
            starts.append(float(times[k - 1] + share * (times[k] - times[k - 1])))
        elif away[k] == 0 and away[k - 1] != 0 and np.any(away[k + 1 :] != 0):
            rest_end = times[k + 1] if away[k + 1] == 0 else times[k]
            starts.append(float(0.5 * (times[k] + rest_end)))
    return np.array(starts)


@record
class Testbench:
    """One simulation: what is simulated, what drives it, what is recorded.

    A line that has no stimulus is driven to 0 V; `Floating()` leaves it open. ``"bl"``, ``"wl"`` or ``"sl"`` as a key
    means all lines of that kind; a single line's own stimulus wins over it.
    """

    __test__ = False  # not a test class, whatever its name begins with

    design: Design = other("the circuit")
    analysis: Analysis = other("what to compute")
    stimuli: Mapping[str, Stimulus] = table("line name -> stimulus", default_factory=dict)
    temperature: float = number("ambient temperature", "K", default=ROOM_TEMPERATURE, above=0.0, unit_told=False)
    options: Mapping[str, float | str] = table("simulator options, for example reltol", default_factory=dict)
    probes: Kept[tuple[str, ...], Sequence[str]] = other(
        "signals to record (patterns); empty: a useful default", default=()
    )
    seed: int | None = whole("seed that the spread of the design was drawn with", default=None)
    name: str = text("title; default names the circuit", default="")
    cycle_noise: CycleNoise | None = part("cycle-to-cycle variability of all cells", default=None)
    phases: Kept[tuple[RunPhase, ...], Sequence[RunPhase]] = other(
        "parts of a network's run, one after the other, until the analysis stops", default=()
    )

    def _check(self) -> None:
        if not isinstance(self.design, Design):
            raise ParameterError(
                f"Testbench.design: {type(self.design).__name__} is no circuit. A circuit is a record that says lines, "
                "description and what else rramcirc.Design lists, for example a Cell or a Crossbar."
            )
        if type(self.analysis) not in ANALYSES:
            known = ", ".join(kind.__name__ for kind in ANALYSES)
            raise ParameterError(f"Testbench.analysis: {shown(self.analysis)} is none of {known}.")
        self._check_stimuli()
        self._check_options()
        if not isinstance(self.probes, (list, tuple)) or not all(isinstance(p, str) for p in self.probes):
            raise ParameterError(f"Testbench.probes: {shown(self.probes)} is not a list of signal names.")
        object.__setattr__(self, "probes", tuple(self.probes))
        self._check_analysis_lines()
        self._check_phases()
        self._check_noise()

    def _check_noise(self) -> None:
        """A network has slots, everything else has times; neither would do anything in the other."""
        if self.cycle_noise is None or bool(self.matrices) == (self.cycle_noise.slot is not None):
            return
        wanted = "a slot: its overlaps are not known in advance" if self.matrices else "times"
        raise ParameterError(f"Testbench.cycle_noise: {a_kind(self.design)} needs CycleNoise with {wanted}.")

    def _check_phases(self) -> None:
        if not isinstance(self.phases, (list, tuple)) or not all(isinstance(p, RunPhase) for p in self.phases):
            raise ParameterError(f"Testbench.phases: {shown(self.phases)} is not a list of RunPhase.")
        object.__setattr__(self, "phases", tuple(self.phases))
        if not self.phases:
            return
        if not self.matrices:
            raise ParameterError(
                f"Testbench.phases: {a_kind(self.design)} has none; a HopfieldNetwork or a Perceptron has."
            )
        whole, stop = sum(phase.duration for phase in self.phases), self.analysis.last_time
        if stop is None or abs(whole - stop) > 1e-9 * whole:
            end = "has no time" if stop is None else f"stops at {stop:g} s"
            raise ParameterError(
                f"Testbench.phases: they last {whole:g} s, but the analysis {end}; use Transient({whole:g})."
            )
        for k, phase in enumerate(self.phases):
            for line in phase.stimuli:
                if line not in self.design.line_kinds:
                    self._check_line(f"Testbench.phases: phase {k}: {line!r}", line)
                kind = line.rstrip("0123456789")
                twice = [name for name in self.stimuli if name in (line, kind) or name.rstrip("0123456789") == line]
                if twice:
                    raise ParameterError(
                        f"Testbench.phases: phase {k} drives {line!r}, and so does Testbench.stimuli[{twice[0]!r}]; "
                        "what drives a line in all phases stands in stimuli, else in the phases."
                    )
        for line in self.design.lines:
            joined_stimulus(self.phases, line)

    def _check_analysis_lines(self) -> None:
        analysis = self.analysis
        for name, line in analysis.line_fields:
            self._check_line(f"Testbench.analysis.{name}: {line!r}", line)
            if line in analysis.line_levels and line in self.stimuli:
                raise ParameterError(
                    f"Testbench.stimuli[{line!r}]: the {type(analysis).__name__} drives this line, too."
                )
            stimulus = self.stimulus(line)
            if line == analysis.voltage_line and (isinstance(stimulus, Floating) or stimulus.unit != "V"):
                given = a_kind(stimulus) + ("" if isinstance(stimulus, Floating) else f" in {stimulus.unit}")
                raise ParameterError(
                    f"Testbench.analysis.{name}: {line!r} needs a voltage on it, but its stimulus is {given}."
                )
            if line == analysis.signal_line and isinstance(stimulus, Floating):
                raise ParameterError(f"Testbench.analysis.{name}: {line!r} floats; it needs a driver.")
        nodes = (*self.design.lines, *self.design.output_nodes)
        if analysis.output_node is not None and analysis.output_node not in nodes:
            raise ParameterError(f"Testbench.analysis.output: {unknown_name('node', analysis.output_node, nodes)}")

    def _check_stimuli(self) -> None:
        object.__setattr__(self, "stimuli", dict(self.stimuli))
        kinds = self.design.line_kinds
        for line, stimulus in self.stimuli.items():
            if line not in kinds:
                self._check_line(f"Testbench.stimuli: {line!r}", line)
            if not isinstance(stimulus, Stimulus):
                raise ParameterError(f"Testbench.stimuli[{line!r}]: {shown(stimulus)} is not a stimulus.")
            if line in ("bulk", "nz") and isinstance(stimulus, Floating):
                raise ParameterError(f"Testbench.stimuli[{line!r}]: the {line} terminal cannot float.")
        for line in self.design.required_lines:
            if isinstance(self.stimuli.get(line, Floating()), Floating):
                raise ParameterError(f"Testbench.stimuli: {line} is unconnected; give it a stimulus.")
        self._check_currents()

    def _check_currents(self) -> None:
        """Refuse a current that has nowhere to flow: simulators fail on it in unlike ways, or find megavolts."""
        if all(isinstance(s, Floating) or s.unit == "V" for s in self.stimuli.values()):
            return
        for group in getattr(self.design, "joined_lines", ()):
            levels = {line: self.stimulus(line) for line in group}
            units = {line: s.unit for line, s in levels.items() if not isinstance(s, Floating)}
            if units and set(units.values()) == {"A"}:
                line = next(iter(units))
                others = " or ".join(name for name in group if name != line)
                cure = f"give {others} a voltage" if others else "mend what is missing or broken there"
                raise ParameterError(
                    f"Testbench.stimuli[{line!r}]: a current needs a way to a line that a voltage drives, and no cell "
                    f"and wire leads from {line} to one; {cure}, or let {line} float."
                )

    def _check_line(self, where: str, line: str) -> None:
        known = self.design.lines
        taken = self.design.taken_lines
        if line in taken:
            raise ParameterError(f"{where}: {taken[line]}.")
        if line not in known:
            raise ParameterError(f"{where} is no single line of this circuit: {unknown_name('line', str(line), known)}")

    def _check_options(self) -> None:
        for name, value in self.options.items():
            if not re.fullmatch(r"[a-zA-Z_]\w*", str(name)) or not re.fullmatch(r"[\w.+-]+", str(value)):
                raise ParameterError(f"Testbench.options: {name}={shown(value)} is not a simulator option name=value.")
            check_option(str(name), value, "Testbench.options")

    def swept(self, line: str) -> FloatArray | None:
        """Return the (vectors,) levels [V] that the analysis puts on `line` itself; None for every other line."""
        return self.analysis.line_levels.get(line)

    def stimulus(self, line: str) -> Stimulus:
        """Return what drives `line`; 0 V if nothing was said, the first vector's level if a `VectorSweep` drives it."""
        levels = self.swept(line)
        if levels is not None:
            return Constant(float(levels[0]))
        return self.given(line) or Constant(0.0)

    def given(self, line: str) -> Stimulus | None:
        """Return what was said to drive `line`, over all phases; None if nothing."""
        kind = line.rstrip("0123456789")
        return self.stimuli.get(line) or self.stimuli.get(kind) or joined_stimulus(self.phases, line)

    @property
    def matrices(self) -> tuple[str, ...]:
        """Names of the synapse matrices of a network; empty for every other design."""
        return tuple(getattr(self.design, "synapse_matrices", ()))

    @property
    def spans(self) -> tuple[Span, ...]:
        """The phases of a network on the clock of the run; one for a run without phases."""
        return spans(self.phases, self.analysis.last_time or 0.0, bool(getattr(self.design, "learning", False)))

    @property
    def title(self) -> str:
        """Name of the testbench, or a description of its circuit."""
        return self.name or describe(self.design)


# The largest value that can be meant: with more, a simulator accepts whatever it begins with.
TOLERANCES = {
    "reltol": 0.1, "abstol": 1.0, "vntol": 1.0, "chgtol": 1.0, "trtol": 1e3, "gmin": 1.0, "pivrel": 1.0, "pivtol": 1.0,
}  # fmt: skip
COUNTS = {"itl1": 1e6, "itl2": 1e6, "itl4": 1e6, "maxord": 6}
METHODS = ("gear", "trap", "trapezoidal")


def check_option(name: str, value: object, where: str) -> None:
    """Raise ParameterError unless the value of a simulator option can be meant; ngspice takes any without a word."""
    where = f"{where}: {name}"
    if name == "method":
        if str(value) not in METHODS:
            raise ParameterError(f"{where}: {unknown_name('method', str(value), METHODS)}")
    elif (most := (TOLERANCES | COUNTS).get(name)) is not None:
        found = positive_number(parse_number(value, "", where) if isinstance(value, str) else value, where)
        if found > most or (name in COUNTS and found != round(found)):
            kind = "whole number" if name in COUNTS else "number"
            raise ParameterError(f"{where} = {shown(value)} cannot be meant: give a {kind} up to {most:g}.")
    elif not isinstance(value, str):
        real_number(value, where)


def describe(design: Design) -> str:
    """Return one line that says what a design is."""
    return design.description
