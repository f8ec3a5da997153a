"""Triangular sweeps on one cell of any compiled Verilog-A model: does it switch, where, and does it converge?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import EnvironmentProblem
from rramcirc.engines.ngspice.result import Expected
from rramcirc.engines.ngspice.run import run_deck
from rramcirc.studies.check.drive import Wave, deck
from rramcirc.waveforms.raw import RawPlot, normalise_vector

AMPLITUDES = (0.5, 1.0, 1.5, 2.0, 3.0, 5.0)  # [V]
DURATIONS = (1.0, 1e-3, 1e-5, 1e-7)  # [s] of one triangle
USUAL = ("klu", "reltol=1e-4")  # options of ngspice
#: What is tried, one after the other, where a run fails.
OTHERS = (("klu", "reltol=1e-5"), ("sparse", "reltol=1e-4"), ("sparse", "reltol=1e-5"))
SWITCHED = 1.5  # smallest ratio of resistances that counts
NO_DRIVE = "ngspice computed another voltage than its source has (a node without an equation)"
OUTSIDE = "outside of its range:"  # begins the reason when a parameter is
_LEAST_CURRENT = 1e-18  # [A]


@dataclass(frozen=True)
class Cell:
    """Which terminals of a model are driven: current flows from `top` to `bottom`.

    `grounded` are inputs that are tied to ground, `outputs` are left open.
    """

    terminals: tuple[str, ...]
    top: str
    bottom: str
    grounded: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sweep:
    """One run of four triangles, +, -, +, -, with a read before the first and after each.

    Attributes
    ----------
    status
        ``"done"``, ``"failed"`` or ``"slow"``.
    window
        Larger over smaller resistance at the read voltage, of both cycles the smaller one; 1 if nothing is kept.
    """

    amplitude: float = field(metadata={"unit": "V"})
    duration: float = field(metadata={"desc": "of one triangle", "unit": "s"})
    status: str
    problem: str = ""
    series_resistance: float = field(default=0.0, metadata={"unit": "ohm"})
    resistances: tuple[float, ...] = field(default=(), metadata={"unit": "ohm"})
    window: float = 1.0
    option: str = field(default="", metadata={"desc": "option of ngspice that the run had besides the usual ones"})
    set_sign: int = field(default=0, metadata={"desc": "polarity of SET: 1, -1; 0 if it does not switch"})
    set_voltage: float | None = field(default=None, metadata={"unit": "V"})
    reset_voltage: float | None = field(default=None, metadata={"unit": "V"})
    hysteresis: float = field(default=1.0, metadata={"desc": "largest ratio of the currents of both branches"})
    node_range: dict[str, float] = field(default_factory=dict, metadata={"desc": "largest value of inner nodes"})

    @property
    def switches(self) -> bool:
        """Whether the resistance at the read voltage follows the polarity of the last triangle."""
        return self.window >= SWITCHED


def sweep(
    osdi: Path,
    module: str,
    cell: Cell,
    amplitude: float,
    duration: float,
    folder: Path,
    *,
    nodes: Sequence[str] = (),
    values: Mapping[str, str] | None = None,
    series_resistance: float = 0.0,
    drive_inputs: bool = False,
    options: Sequence[str] = USUAL,
    timeout: float = 10.0,
) -> Sweep:
    """Run four triangles on one cell.

    Parameters
    ----------
    osdi, module
        The compiled file and the module in it.
    cell
        Which terminals are driven.
    amplitude
        Peak of the triangles [V].
    duration
        Of one triangle [s].
    folder
        Where to run; it must exist.
    nodes
        Inner nodes whose largest value is wanted.
    values
        Parameters that get other values than their defaults, as text of a netlist.
    series_resistance
        Between driver and cell [ohm].
    drive_inputs
        Tie the inputs to the top electrode and not to ground.
    options
        Of ngspice: the solver, tolerances.
    timeout
        Wall-clock limit [s].

    Raises
    ------
    EnvironmentProblem
        If ngspice is missing, cannot load compiled models, or the disk is full.
    """
    wave = Wave.of(amplitude, duration)
    local = folder / osdi.name
    if not local.exists():
        local.symlink_to(osdi.resolve())
    names = {cell.top: "top", cell.bottom: "0"} | dict.fromkeys(cell.grounded, "top" if drive_inputs else "0")
    names |= {name: f"out{k}" for k, name in enumerate(cell.outputs)}
    card = " ".join([module, *(f"{name}={value}" for name, value in (values or {}).items())])
    text = deck(
        local.name, card, " ".join(names[t] for t in cell.terminals), wave, outputs=len(cell.outputs), nodes=nodes,
        series_resistance=series_resistance, options=options,
    )  # fmt: skip
    (folder / "check.cir").write_text(text)
    expected = Expected(("v(top)", "i(vdrive)"), wave.times[-1], ("tran",))
    outcome = run_deck(folder, "check.cir", expected=expected, timeout=timeout)
    if outcome.status == "interrupted":
        raise KeyboardInterrupt
    if outcome.machine:
        raise EnvironmentProblem(f"{outcome.problems[0]}.")
    helped = "" if options == USUAL else " ".join(o for o in options if o not in USUAL)
    given = Sweep(amplitude, duration, "failed", series_resistance=series_resistance, option=helped)
    if outcome.status != "done":
        status = "slow" if outcome.status == "timeout" else "failed"
        return replace(given, status=status, problem=_reason(outcome.problems, outcome.log, timeout))
    return _measured(outcome.plots[-1], wave, nodes, given)


def _reason(problems: Sequence[str], log: str, timeout: float) -> str:
    """Return the line that tells most about a failed run."""
    said = [p.removeprefix("ngspice said: ") for p in problems]
    outside = re.findall(r"^Parameter (\S+) is out of bounds", log, re.MULTILINE)
    if outside:
        return f"{OUTSIDE} {', '.join(dict.fromkeys(outside))}"
    for pattern in (
        r"time limit", r"Timestep too small", r"singular matrix", r"incorrect model type|unrecognized parameter",
        r"errors? occurred during initialization", r"not finite|reaches", r"aborted",
    ):  # fmt: skip
        for text in said:
            if re.search(pattern, text):
                return f"no end within {timeout:g} s" if pattern == "time limit" else _short(text)
    errors = [line.strip() for line in log.splitlines() if re.search(r"\berror\b|\bfatal\b", line, re.IGNORECASE)]
    return _short((errors or said or ["no reason given"])[0])


def _short(text: str) -> str:
    return " ".join(text.split())[:160]


def _measured(plot: RawPlot, wave: Wave, nodes: Sequence[str], given: Sweep) -> Sweep:
    column = {normalise_vector(name): k for k, name in enumerate(plot.names)}

    def get(name: str) -> FloatArray:
        return np.asarray(plot.column(column[name]), dtype=float)

    time = np.asarray(plot.column(0), dtype=float)
    voltage, current = get("v(top)"), -get("i(vdrive)")
    driven = np.interp(time, wave.times, wave.voltages)
    if not given.series_resistance and np.max(np.abs(voltage - driven)) > 0.01 * given.amplitude:
        return replace(given, problem=NO_DRIVE)
    reads = tuple(_resistance(time, voltage, current, window) for window in wave.reads)
    window, sign = _window(reads)
    voltages: list[float | None] = [None, None]
    if sign:
        # a SET that follows a RESET, and the other way round
        chosen = (2, 1) if sign > 0 else (1, 2)
        voltages = [_switching_voltage(time, voltage, current, wave.triangles[k]) for k in chosen]
    ranges = {}
    for name in nodes:
        if (vector := normalise_vector(f"v(n1#{name})")) in column:
            ranges[name] = float(np.max(np.abs(get(vector))))
    return replace(
        given, status="done", resistances=reads, window=window, set_sign=sign, set_voltage=voltages[0],
        reset_voltage=voltages[1], node_range=ranges,
        hysteresis=max(_hysteresis(time, voltage, current, t) for t in wave.triangles[1:3]),
    )  # fmt: skip


def _resistance(time: FloatArray, voltage: FloatArray, current: FloatArray, window: tuple[float, float]) -> float:
    """Return the resistance [ohm] at the end of a read; negative if the cell delivers power."""
    at = np.linspace(*window, 9)
    v, i = np.interp(at, time, voltage), np.interp(at, time, current)
    mean = float(np.mean(i))
    return float(np.mean(v)) / (mean if abs(mean) > _LEAST_CURRENT else np.copysign(_LEAST_CURRENT, mean))


def _window(reads: Sequence[float]) -> tuple[float, int]:
    """Return the ratio of resistances that follows the polarity in both cycles, and the sign of SET."""
    if any(r <= 0 for r in reads):
        return 1.0, 0
    after_plus, after_minus = reads[1::2], reads[2::2]
    ratios = np.log([after_minus[0] / after_plus[0], after_minus[0] / after_plus[1], after_minus[1] / after_plus[1]])
    if not (np.all(ratios > 0) or np.all(ratios < 0)):
        return 1.0, 0
    window = float(np.exp(np.min(np.abs(ratios))))
    return window, (int(np.sign(ratios[0])) if window >= SWITCHED else 0)


def _branches(
    time: FloatArray, voltage: FloatArray, current: FloatArray, triangle: tuple[float, float, float]
) -> tuple[FloatArray, FloatArray]:
    """Return voltages and the logarithm of the current on the way back over that on the way there."""
    start, peak, end = triangle
    there = (time >= start) & (time <= peak)
    back = (time >= peak) & (time <= end)
    if there.sum() < 3 or back.sum() < 3:
        return np.array([]), np.array([])
    size = np.abs(voltage)
    largest = float(min(size[there].max(), size[back].max()))
    grid = np.linspace(0.01, 0.98, 200) * largest
    first = np.interp(grid, size[there], np.abs(current[there]) + _LEAST_CURRENT)
    second = np.interp(grid, size[back][::-1], np.abs(current[back])[::-1] + _LEAST_CURRENT)
    return grid * np.sign(voltage[there][-1]), np.log(second / first)


def _switching_voltage(
    time: FloatArray, voltage: FloatArray, current: FloatArray, triangle: tuple[float, float, float]
) -> float | None:  # fmt: skip
    """Return where the difference between both branches has fallen to half.

    Without a difference it switched below the first voltage that is compared, which is returned.
    """
    grid, ratio = _branches(time, voltage, current, triangle)
    if not grid.size:
        return None
    if np.max(np.abs(ratio)) < np.log(1.1):
        return float(grid[0])
    top = int(np.argmax(np.abs(ratio)))
    below = np.nonzero(np.abs(ratio[top:]) < np.abs(ratio[top]) / 2)[0]
    return float(grid[top + below[0]]) if below.size else float(grid[-1])


def _hysteresis(
    time: FloatArray, voltage: FloatArray, current: FloatArray, triangle: tuple[float, float, float]
) -> float:
    grid, ratio = _branches(time, voltage, current, triangle)
    return float(np.exp(np.max(np.abs(ratio[grid.size // 10 :])))) if grid.size else 1.0
