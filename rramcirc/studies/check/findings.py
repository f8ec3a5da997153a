"""What the sweeps of a model show that its text does not, as findings with place and remedy."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from rramcirc.devices.veriloga.lexer import Word
from rramcirc.devices.veriloga.lint.finding import Finding
from rramcirc.devices.veriloga.lint.numbers import state_nodes
from rramcirc.devices.veriloga.lint.records import LintModule
from rramcirc.devices.veriloga.lint.states import constant, defaults_of
from rramcirc.devices.veriloga.lint.tree import walk
from rramcirc.engines.ngspice.helping import option_words
from rramcirc.studies.check.sweep import OUTSIDE, Cell, Sweep

_ACTIVE = 1e12  # [ohm]; a negative resistance beyond it is a rounding error
_SMALL = 1e-5  # [V]; a state below it is not resolved with vntol = 1e-6


def unread_nets(names: Sequence[str], module: LintModule) -> Iterator[Finding]:
    """Yield the finding for inner nodes without an equation of their own; ground nets have one by the lint."""
    if names and not set(names) <= module.grounds.keys():
        at = module.nets[names[0]][1] if names[0] in module.nets else module.at
        yield _finding(
            "unread-net", "error", at,
            f"nothing depends on the voltage of {', '.join(names)}: an unknown without an equation. With the solver "
            "KLU ngspice can compute 0 V everywhere then, without a word (here it ran with SPARSE)",
            "no such net; or, if parameters switch it off, V(a, b) <+ 0 in their other case",
        )  # fmt: skip


def refused_values(sweeps: Sequence[Sweep], module: LintModule, given: Collection[str]) -> Iterator[Finding]:
    """Yield the parameters whose value ngspice refuses; `given` are those that are not at their default."""
    problem = next((s.problem for s in sweeps if s.problem.startswith(OUTSIDE)), "")
    for name in problem.removeprefix(OUTSIDE).replace(",", " ").split():
        at = module.parameters[name].at if name in module.parameters else module.at
        kind = "value" if name.lower() in {n.lower() for n in given} else "default"
        yield _finding(
            "default", "error", at, f"the {kind} of {name} lies outside its own range; ngspice makes no such device",
            f"another {kind}, or a range that holds it; to check on: --set {name}=VALUE",
        )  # fmt: skip


def cell_findings(
    sweeps: Sequence[Sweep], module: LintModule, cell: Cell, passive: bool, memory: bool
) -> Iterator[Finding]:
    """Yield what a model does wrong: delivers power, asks for tiny steps, does not converge, has tiny states.

    Parameters
    ----------
    sweeps, module, cell
        The runs, and what was run.
    passive
        Whether it may not deliver power.
    memory
        Whether the model is meant to keep a state; it must run without help from a series resistance, then.
    """
    done = [s for s in sweeps if s.status == "done"]
    if passive and done and all(-_ACTIVE < r < 0 for s in done for r in s.resistances):
        yield _finding(
            "sign", "error", module.at,
            f"at +0.1 V the current flows out of {cell.top}: the model delivers power",
            f"I({cell.top}, {cell.bottom}) <+ +g * V({cell.top}, {cell.bottom}); without the minus sign",
        )  # fmt: skip
    bound = step_bound(module)
    if bound and any("bound_step" in s.problem for s in sweeps):
        yield _finding(
            "bound-step", "warning", module.at,
            f"$bound_step asks for steps of {bound:g} s: a sweep of 1 s takes {5 / bound:.0e} of them",
            "no $bound_step: ngspice chooses the steps by the accuracy of the states",
        )  # fmt: skip
    yield from _convergence(sweeps, module, memory)
    yield from _tiny_state(done, module)


def step_bound(module: LintModule) -> float:
    """Return what ``$bound_step`` asks for [s], 0 if it does not or cannot be told."""
    values = defaults_of(module)
    starts = {n: v.start for n, v in module.variables.items() if v.start is not None}
    values |= {n: x for n, s in starts.items() if (x := constant(s, values)) is not None}
    calls = (n for b in module.analog for n in walk(b) if n.kind == "call" and n.text == "$bound_step")
    bounds = [constant(c.parts[0], values) for c in calls if c.parts]
    return min((b for b in bounds if b), default=0.0)


def _convergence(sweeps: Sequence[Sweep], module: LintModule, memory: bool) -> Iterator[Finding]:
    """Yield that runs fail, and that others need an option of ngspice."""
    failed = [s for s in sweeps if s.status == "failed" or (memory and s.status == "done" and s.series_resistance)]
    if failed:
        helped = [s.series_resistance for s in failed if s.status == "done"]
        also = f"; {len(helped)} of them run with {helped[0]:g} ohm in series" if helped else ""
        yield _finding(
            "convergence", "warning", module.at,
            f"{len(failed)} of {len(sweeps)} runs fail, also with sparse and reltol=1e-5 ({_shown(failed)}){also}",
            "bounds for every exponential and rate; smooth windows instead of clamps",
        )  # fmt: skip
    for option in dict.fromkeys(s.option for s in sweeps if s.option and s.status == "done"):
        with_it = [s for s in sweeps if s.option == option and s.status == "done" and not s.series_resistance]
        if with_it and any(s.problem for s in with_it):
            yield _finding(
                "option", "warning", module.at,
                f"{len(with_it)} of {len(sweeps)} runs were made with the option {option}, as without it they end "
                f"early ({_shown([s for s in with_it if s.problem])})",
                f"rramcirc simulate ... {option_words(option)}; or bounds for every exponential and rate, smooth "
                "windows instead of clamps",
            )  # fmt: skip


def _shown(sweeps: Sequence[Sweep]) -> str:
    """Return what two runs were and said; the second one only if it said something else."""
    shown = [s for k, s in enumerate(sweeps) if s.problem not in {t.problem for t in sweeps[:k]}][:2]
    return "; ".join(f"{s.amplitude:g} V in {s.duration:g} s: {s.problem}" for s in shown)


def _tiny_state(done: Sequence[Sweep], module: LintModule) -> Iterator[Finding]:
    best = max((s for s in done if s.switches), key=lambda s: s.window, default=None)
    if best is None:
        return
    states = {*state_nodes(module), *(n for n in best.node_range if n.startswith("implicit"))}
    for name in sorted(n for n in states if 0 < best.node_range.get(n, 0) < _SMALL)[:1]:
        yield _finding(
            "metres", "warning", module.at,
            f"the state on {name} stays below {best.node_range[name]:.2g} V; ngspice takes changes below vntol (1e-6) "
            "for settled",
            "keep the state in nm (order 1)",
        )  # fmt: skip


def _finding(rule: str, severity: str, at: Word, text: str, instead: str) -> Finding:
    return Finding(rule, severity, at.path, at.line, text, instead)
