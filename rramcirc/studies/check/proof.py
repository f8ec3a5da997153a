"""Proof of a cure: the original's equations, in small explicit steps, against the cured model in ngspice."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.units import spice_number
from rramcirc.devices.veriloga.cure.memory import memory_of
from rramcirc.devices.veriloga.cure.network import NotFollowed
from rramcirc.devices.veriloga.cure.original import Original
from rramcirc.devices.veriloga.cure.places import Places
from rramcirc.devices.veriloga.lint.compile import compile_for_lint
from rramcirc.devices.veriloga.lint.lint import lint
from rramcirc.devices.veriloga.lint.records import LintModule
from rramcirc.engines.ngspice.result import Expected
from rramcirc.engines.ngspice.run import run_deck
from rramcirc.studies.check.check_model import ModelCheck, ModuleCheck
from rramcirc.studies.check.drive import Wave, deck
from rramcirc.studies.check.sweep import Cell
from rramcirc.studies.check.verdict import typical
from rramcirc.waveforms.raw import normalise_vector

AGREED = 0.01  # largest difference of the currents, relative, with which a cure is proven
TUBE = 0.002  # of the duration of a triangle: edges may be shifted by so much
_FLOOR = 1e-3  # of the largest current: smaller currents are compared with this
_STEPS = 4_000  # of a first evaluation of the original, per sweep; doubled until it stands
_MOST_STEPS = 64_000
_SETTLED = 0.003  # difference between two evaluations of the original
_NGSPICE_STEPS = 1_000  # at least, in a triangle
_POINTS = 3_000  # at which currents are compared
_OPTIONS = (
    ("klu", "reltol=1e-6", "chgtol=1e-16", "trtol=1"), ("klu", "reltol=1e-5", "chgtol=1e-15", "trtol=1"),
    ("klu", "reltol=1e-4"), ("sparse", "reltol=1e-4"),
)  # fmt: skip


@dataclass(frozen=True)
class Compared:
    """One sweep: the largest difference of the currents, or why there is none."""

    amplitude: float = field(metadata={"unit": "V"})
    duration: float = field(metadata={"desc": "of one triangle", "unit": "s"})
    difference: float | None
    reason: str = ""


@dataclass(frozen=True)
class Proof:
    """How a cured model agrees with the equations of its original."""

    module: str
    sweeps: tuple[Compared, ...]
    reason: str = ""

    @property
    def proven(self) -> bool:
        """Whether all currents agree."""
        return bool(self.sweeps) and all(s.difference is not None and s.difference <= AGREED for s in self.sweeps)

    @property
    def verdict(self) -> str:
        """One sentence."""
        if not self.sweeps:
            return f"not proven: {self.reason}"
        known = [s for s in self.sweeps if s.difference is not None]
        largest = max((s.difference or 0.0 for s in known), default=0.0)
        if self.proven:
            return (
                f"proven: in {len(self.sweeps)} sweeps the currents are those of the original's equations, in small "
                f"explicit steps, to {100 * largest:.2g} % (edges within {100 * TUBE:g} % of a sweep's time; of "
                f"currents below {_FLOOR:g} of the peak, to that share of the peak)"
            )
        wrong = [s for s in self.sweeps if s.difference is None or s.difference > AGREED]
        first = wrong[0]
        why = first.reason or f"differs by {100 * (first.difference or 0.0):.3g} %"
        where = f"{first.amplitude:g} V, {first.duration:g} s"
        return f"not proven: {len(wrong)} of {len(self.sweeps)} sweeps ({where}: {why})"


def prove(
    source: Path,
    cured: ModelCheck,
    *,
    values: Mapping[str, str] | None = None,
    scales: tuple[float, ...] = (0.1, 1, 10),
) -> tuple[Proof, ...]:
    """Compare every cell of a cured file with its original, at three amplitudes and three time scales.

    Parameters
    ----------
    source
        The original .va file.
    cured
        The check of the cured one: the sweeps are around one that switches.
    values
        Parameters that have other values than their defaults, as text of a netlist.
    scales
        Time scales, as factors of the duration of that sweep.

    Raises
    ------
    EnvironmentProblem
        If openvaf-r or ngspice is missing.
    """
    found = lint(source)
    proofs = []
    for number, module in enumerate(cured.modules):
        if module.kind != "cell" or module.cell is None or number >= len(found.modules):
            proofs.append(Proof(module.name, (), "it is no cell between two terminals"))
            continue
        original = found.modules[number]
        steps = memory_of(original, Places(found)).steps
        try:
            given = {name: spice_number(text) for name, text in (values or {}).items()}
            numbers = {name: value for name, value in given.items() if value is not None}
            Original(original, module.cell.top, module.cell.bottom, numbers, steps, module.cell.grounded)
        except (NotFollowed, RecursionError) as problem:
            proofs.append(Proof(module.name, (), f"the original's equations are not followed ({problem})"))
            continue
        with tempfile.TemporaryDirectory(prefix="rramcirc-proof-") as folder:
            run = _Comparison(
                original, module.cell, numbers, steps, cured.path, module.name, values or {}, Path(folder)
            )
            proofs.append(Proof(module.name, tuple(run.compare(a, d) for d, a in _grid(module, scales))))
    return tuple(proofs)


def _grid(module: ModuleCheck, scales: tuple[float, ...]) -> list[tuple[float, float]]:
    """Return durations and amplitudes around a sweep that switches."""
    switching = [s for s in module.sweeps if s.switches]
    amplitude, duration = 1.0, 1e-3
    if switching:
        usual = typical(switching)
        amplitude, duration = usual.amplitude, usual.duration
    return [(d * duration, a * amplitude) for d in scales for a in (0.7, 1.0, 1.4)]


@dataclass
class _Comparison:
    """Runs both."""

    original: LintModule
    cell: Cell
    numbers: Mapping[str, float]
    steps: tuple[str, ...]
    path: Path
    name: str
    values: Mapping[str, str]
    folder: Path
    osdi: Path | None = None

    def compare(self, amplitude: float, duration: float) -> Compared:
        """Return the difference of one sweep."""
        wave = Wave.of(amplitude, duration, (1, -1))
        at = np.linspace(0.0, wave.times[-1], _POINTS)
        try:
            here = self.explicit(wave, at)
            there = self.ngspice(wave, at)
        except (NotFollowed, RecursionError) as problem:
            return Compared(amplitude, duration, None, str(problem))
        return Compared(amplitude, duration, difference(here, there, round(TUBE * duration / at[1])))

    def explicit(self, wave: Wave, at: FloatArray) -> FloatArray:
        """Return the currents of the original [A]; where explicit steps of its nodes fail, with implicit ones."""
        try:
            return self.refined(wave, at, implicit=False)
        except NotFollowed:
            if not Original(*self.device).network.states:
                raise
            return self.refined(wave, at, implicit=True)

    @property
    def device(self) -> tuple[LintModule, str, str, Mapping[str, float], tuple[str, ...], tuple[str, ...]]:
        return self.original, self.cell.top, self.cell.bottom, self.numbers, self.steps, self.cell.grounded

    def refined(self, wave: Wave, at: FloatArray, *, implicit: bool) -> FloatArray:
        """Return the currents of the original [A], with as many steps as they need to stand still."""
        before: FloatArray | None = None
        count = _STEPS
        while count <= _MOST_STEPS:
            times = np.linspace(0.0, wave.times[-1], count + 1)
            device = Original(*self.device, implicit=implicit)
            try:
                currents = device.run(times, np.interp(times, wave.times, wave.voltages))
            except NotFollowed:  # a state may leave its bounds in a step that is too long
                if 2 * count > _MOST_STEPS:
                    raise
                before, count = None, 2 * count
                continue
            now = np.interp(at, times, currents)
            if before is not None and difference(before, now, round(TUBE * wave.duration / at[1])) <= _SETTLED:
                return now
            before, count = now, 2 * count
        raise NotFollowed(f"the original still depends on its time step with {_MOST_STEPS} of them")

    def ngspice(self, wave: Wave, at: FloatArray) -> FloatArray:
        """Return the currents of the cured model [A]."""
        if self.osdi is None:
            self.osdi = compile_for_lint(self.path, self.folder).osdi
        if self.osdi is None:
            raise NotFollowed("the cured file does not compile")
        names = {self.cell.top: "top", self.cell.bottom: "0"} | dict.fromkeys(self.cell.grounded, "0")
        names |= {name: f"out{k}" for k, name in enumerate(self.cell.outputs)}
        card = " ".join([self.name, *(f"{name}={value}" for name, value in self.values.items())])
        for options in _OPTIONS:
            text = deck(
                self.osdi.name, card, " ".join(names[t] for t in self.cell.terminals), wave,
                outputs=len(self.cell.outputs), options=options, steps=_NGSPICE_STEPS,
            )  # fmt: skip
            (self.folder / "check.cir").write_text(text)
            expected = Expected(("v(top)", "i(vdrive)"), wave.times[-1], ("tran",))
            outcome = run_deck(self.folder, "check.cir", expected=expected, timeout=30.0)
            if outcome.status == "interrupted":
                raise KeyboardInterrupt
            if outcome.status == "done":
                plot = outcome.plots[-1]
                column = {normalise_vector(name): k for k, name in enumerate(plot.names)}
                current = -np.asarray(plot.column(column["i(vdrive)"]), dtype=float)
                found: FloatArray = np.interp(at, np.asarray(plot.column(0), dtype=float), current)
                return found
        raise NotFollowed("ngspice does not come to the end")


def difference(one: FloatArray, other: FloatArray, width: int = 0) -> float:
    """Return the largest difference of two currents, relative to the current.

    Parameters
    ----------
    one, other : (n,) arrays
        Currents [A] at the same, equally spaced times.
    width
        How many points the second may be earlier or later: only what lies outside of all values of the first within
        that width counts, so that edges are compared by where they are.
    """
    offsets = range(-width, width + 1)
    padded = np.pad(one, width, mode="edge")
    near = np.stack([padded[width + k : width + k + len(one)] for k in offsets])
    low, high = near.min(axis=0), near.max(axis=0)
    beyond = np.maximum(np.maximum(low - other, other - high), 0.0)
    largest = float(np.max(np.abs(one)))
    if largest == 0.0:
        return 0.0 if not np.any(other) else float("inf")
    return float(np.max(beyond / np.maximum(np.abs(one), _FLOOR * largest)))


__all__ = ["AGREED", "Compared", "Proof", "difference", "prove"]
