"""Check a Verilog-A file of any origin: what stands in it, what openvaf-r says, what one cell of it does in ngspice."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path

from rramcirc.basics.arguments import file_name
from rramcirc.devices.veriloga.lint.compile import Compilation, compile_for_lint
from rramcirc.devices.veriloga.lint.finding import Finding
from rramcirc.devices.veriloga.lint.fix import move_includes
from rramcirc.devices.veriloga.lint.lint import Lint, lint
from rramcirc.devices.veriloga.lint.messages import merged
from rramcirc.devices.veriloga.lint.numbers import state_nodes
from rramcirc.devices.veriloga.lint.records import LintModule
from rramcirc.devices.veriloga.lint.words import free_name
from rramcirc.devices.veriloga.osdi import OsdiModule
from rramcirc.devices.veriloga.text import encode
from rramcirc.engines.ngspice.helping import option_words
from rramcirc.studies.check.cell import chosen_cell, guess_cell
from rramcirc.studies.check.charges import charge_findings
from rramcirc.studies.check.findings import cell_findings, refused_values, step_bound, unread_nets
from rramcirc.studies.check.rest import rest_findings
from rramcirc.studies.check.sweep import AMPLITUDES, DURATIONS, OTHERS, OUTSIDE, SWITCHED, USUAL, Cell, Sweep, sweep
from rramcirc.studies.check.verdict import behaviour

_MEMORY = re.compile(
    r"mem|rram|reram|cbram|oxram|pcm|pcram|mtj|filament|vteam|synap|jart|vcm|ecm|stanford|hyst?", re.IGNORECASE
)
_TIME_LIMIT = 10.0  # [s] for one run
_MOST_STEPS = 2e5  # that $bound_step may ask for in one run
_MOST_IN_VAIN = 3
_SERIES = 1e3  # [ohm] tried where a bare cell does not converge


@dataclass(frozen=True)
class ModuleCheck:
    """What one module did.

    Attributes
    ----------
    kind
        ``"cell"`` (two electrodes), or ``"device"`` (transistor, source, ...), which is run but not asked to switch.
    cell
        Terminals that were driven; ``None`` if the module was not run.
    verdict
        One sentence.
    works
        Whether the module can be used as it is.
    """

    name: str
    kind: str
    cell: Cell | None
    nodes: tuple[str, ...]
    sweeps: tuple[Sweep, ...]
    findings: tuple[Finding, ...]
    verdict: str
    works: bool

    @property
    def best(self) -> Sweep | None:
        """The run with the largest window, of those that switch."""
        return max((s for s in self.sweeps if s.switches), key=lambda s: s.window, default=None)


@dataclass(frozen=True)
class ModelCheck:
    """Everything known about one Verilog-A file; `findings` are those of lint and compiler."""

    path: Path
    compiler: str
    compiled: bool
    findings: tuple[Finding, ...]
    modules: tuple[ModuleCheck, ...]

    @property
    def works(self) -> bool:
        """Whether every module of the file works and no error was found."""
        errors = any(f.severity == "error" for f in self.findings)
        return self.compiled and not errors and bool(self.modules) and all(m.works for m in self.modules)


def check_model(
    path: Path | str,
    *,
    electrodes: Sequence[str] | None = None,
    values: Mapping[str, str] | None = None,
    amplitudes: Sequence[float] = AMPLITUDES,
    durations: Sequence[float] = DURATIONS,
    budget: float = 60.0,
) -> ModelCheck:
    """Lint, compile and run a Verilog-A file.

    Parameters
    ----------
    path
        The .va file.
    electrodes
        Top and bottom electrode; guessed from the names of the terminals without it.
    values
        Parameters that get other values than their defaults, as text of a netlist.
    amplitudes, durations
        Of the triangles [V], [s].
    budget
        Wall-clock time for all runs of one module [s]; what does not fit is left out.

    Raises
    ------
    ModelCompileError
        If the file cannot be read.
    EnvironmentProblem
        If openvaf-r, its linker or ngspice is missing.
    """
    path = file_name(path, "check_model")
    found = lint(path)
    folder = Path(tempfile.mkdtemp(prefix="rramcirc-check-"))
    try:
        compiled = compile_for_lint(path, folder, len(found.source.words))
        findings = merged(found, compiled)
        modules = []
        for osdi_module in compiled.modules:
            source = next((m for m in found.modules if m.name == osdi_module.name), None)
            run = _Run(found, compiled, osdi_module, source, folder, values or {}, amplitudes, durations, budget)
            errors = [f for f in findings if f.severity == "error"]
            modules.append(run.check(electrodes, errors))
        return ModelCheck(path, compiled.compiler, compiled.osdi is not None, findings, tuple(modules))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Ways:
    """Runs one sweep after the other, with other options of ngspice, then a series resistance, where it fails.

    Where nothing helped three times, only the resistance is tried.
    """

    def __init__(self, options: tuple[str, ...]):
        self.first, self.in_vain = options, 0

    def run(self, once: Callable[..., Sweep]) -> Sweep:
        one = once(options=self.first)
        if one.status != "failed" or one.problem.startswith(OUTSIDE):
            return one
        for options in OTHERS if self.in_vain < _MOST_IN_VAIN else ():
            if options != self.first and (again := once(options=options)).status == "done":
                return replace(again, problem=one.problem)
        self.in_vain += 1
        again = once(options=self.first, series_resistance=_SERIES)
        return replace(again, problem=one.problem) if again.status == "done" else one


@dataclass
class _Run:
    """Runs one module."""

    found: Lint
    compiled: Compilation
    module: OsdiModule
    source: LintModule | None
    folder: Path
    values: Mapping[str, str]
    amplitudes: Sequence[float]
    durations: Sequence[float]
    budget: float

    def check(self, electrodes: Sequence[str] | None, errors: list[Finding]) -> ModuleCheck:
        """Return what the module does."""
        name, osdi = self.module.name, self.compiled.osdi
        if any(f.rule == "name" for f in errors):
            name, osdi = self.renamed()
        kind, cell = guess_cell(self.module.terminals, self.source)
        if electrodes is not None:
            kind, cell = "cell", chosen_cell(self.module.terminals, electrodes, cell)
        sweeps = self.sweeps(osdi, name, cell, kind) if cell is not None and osdi is not None else []
        extra = self.findings(sweeps, cell, kind)
        verdict, works = self.verdict(kind, cell, sweeps, extra, errors)
        states = tuple(n for n in self.module.internal_nodes)
        return ModuleCheck(self.module.name, kind, cell, states, tuple(sweeps), tuple(extra), verdict, works)

    @property
    def options(self) -> tuple[str, ...]:
        """KLU, as everywhere in rramcirc, but for models that it cannot solve."""
        return OTHERS[1] if self.compiled.unread_nodes(self.module) else USUAL

    def renamed(self) -> tuple[str, Path | None]:
        """Compile the module under a name that ngspice does not use itself, to see what it would do."""
        assert self.source is not None
        at, name = self.source.at, free_name(self.module.name)
        if at.start < 0 or at.path != self.found.source.root:
            return name, None
        text = self.found.source.text
        text = text[: at.start] + name + text[at.start + len(at.text) :]
        file = self.folder / f"{name}.va"
        file.write_bytes(encode(move_includes(text, at.path.parent, self.folder)))
        return name, compile_for_lint(file, self.folder, len(self.found.source.words)).osdi

    def sweeps(self, osdi: Path, name: str, cell: Cell, kind: str) -> list[Sweep]:
        """Run all amplitudes and durations, as many as the time allows."""
        begin, done = time.monotonic(), []
        bound = step_bound(self.source) if self.source is not None else 0.0
        ways = _Ways(self.options)
        grid = [(d, a) for d in self.durations for a in self.amplitudes] if kind == "cell" else [(1e-3, 1.0)]
        for duration, amplitude in grid:
            left = self.budget - (time.monotonic() - begin)
            if bound and 5 * duration / bound > _MOST_STEPS:
                why = f"$bound_step asks for steps of {bound:g} s"
                done.append(Sweep(amplitude, duration, "slow", why))
                continue
            if left <= 0:
                done.append(Sweep(amplitude, duration, "slow", f"left out after {self.budget:g} s"))
                continue
            nodes = self.module.internal_nodes if kind == "cell" else ()
            run = partial(
                sweep, osdi, name, cell, amplitude, duration, self.folder,
                nodes=nodes, values=self.values, timeout=min(_TIME_LIMIT, left),
            )  # fmt: skip
            one = ways.run(run)
            if one.problem.startswith(OUTSIDE):
                return [one]
            done.append(one)
        return done

    def findings(self, sweeps: list[Sweep], cell: Cell | None, kind: str) -> list[Finding]:
        """Return what compiling and running show that the text does not."""
        if self.source is None:
            return []
        found = [*unread_nets(self.compiled.unread_nodes(self.module), self.source)]
        found += charge_findings(self.found.source.root, self.source)
        if not found:
            found += rest_findings(self.found.source.root, self.source)
        found += refused_values(sweeps, self.source, self.values)
        if cell is not None and not any(f.rule == "default" for f in found):
            found += cell_findings(sweeps, self.source, cell, kind == "cell", self.is_memory())
        told = {f.rule for f in self.found.findings}
        if any(f.rule == "no-equation" for f in found):
            told |= {"option", "convergence"}
        return [f for f in found if f.rule not in told or f.rule not in ("metres", "option", "convergence")]

    def verdict(
        self, kind: str, cell: Cell | None, sweeps: list[Sweep], extra: list[Finding], errors: list[Finding]
    ) -> tuple[str, bool]:
        """Return one sentence and whether the module works."""
        if cell is None:
            return "was not run: it has no two terminals to drive. Name them: --electrodes TOP,BOTTOM", False
        hidden = any(f.rule == "hidden-state" for f in errors)
        said, works = behaviour(sweeps, kind, self.is_memory(), hidden, bool(self.module.internal_nodes))
        if not works and kind == "cell" and cell.grounded and self.follows_inputs(cell):
            said = f"conducts; its state follows {', '.join(cell.grounded)}, not {cell.top} and {cell.bottom} alone"
            works = True
        wrong = [f for f in (*errors, *extra) if f.severity == "error"]
        if wrong:
            rules = ", ".join(dict.fromkeys(f.rule for f in wrong))
            under = f" (run as {free_name(self.module.name)})" if any(f.rule == "name" for f in wrong) else ""
            return f"cannot be trusted as it is ({rules}): {said}{under}", False
        options = dict.fromkeys(option_words(s.option) for s in sweeps if s.option and s.status == "done")
        if works and options:
            said = f"works with {' or '.join(options)} only: {said}"
        return said, works

    def follows_inputs(self, cell: Cell) -> bool:
        """Return whether the state moves when the inputs are driven too."""
        assert self.compiled.osdi is not None
        one = sweep(
            self.compiled.osdi, self.module.name, cell, max(self.amplitudes), max(self.durations), self.folder,
            values=self.values, drive_inputs=True, timeout=_TIME_LIMIT, options=self.options,
        )  # fmt: skip
        return any(max(abs(a / b), abs(b / a)) >= SWITCHED for a, b in pairwise(one.resistances))

    def is_memory(self) -> bool:
        """Return whether the module is meant to keep a state."""
        if self.source is None:
            return False
        hidden = any(f.rule in ("hidden-state", "idt") for f in self.found.findings)
        return hidden or bool(_MEMORY.search(self.source.name)) or bool(state_nodes(self.source))
