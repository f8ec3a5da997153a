"""The check of a Verilog-A file as text for people and as a record for machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rramcirc.devices.veriloga.lint.finding import Finding
from rramcirc.devices.veriloga.lint.fix import Repair
from rramcirc.studies.check.check_model import ModelCheck, ModuleCheck
from rramcirc.studies.check.proof import Proof
from rramcirc.studies.check.sweep import Sweep
from rramcirc.studies.check.verdict import describe_switching, typical


def as_text(check: ModelCheck, repairs: Sequence[Repair] = (), proofs: Sequence[Proof] = ()) -> str:
    """Return the check as text: changes, findings with place and remedy, runs, verdict, proof."""
    lines: list[str] = []
    if repairs:
        told = dict.fromkeys((r.line, r.what) for r in repairs)
        counted = "1 change" if len(told) == 1 else f"{len(told)} changes"
        lines.append(f"{check.path}: {counted} made (lines of the text before them)")
        lines += [f"  line {line}: {what}" for line, what in told]
        lines.append("")
    advised: set[str] = set()
    findings = [*check.findings, *(f for m in check.modules for f in m.findings)]
    places: dict[Finding, list[int]] = {}
    for finding in findings:
        places.setdefault(replace(finding, line=0), []).append(finding.line)
    for finding, lines_of in places.items():
        lines += _finding(replace(finding, line=lines_of[0]), lines_of[1:], advised)
    if findings:
        lines.append("")
    for module in check.modules:
        lines += _module(module)
    lines.append(f"{check.path}: {summary(check)}")
    lines += [f"{check.path}: {proof.module} {proof.verdict}" for proof in proofs]
    return "\n".join(lines)


def summary(check: ModelCheck) -> str:
    """Return the verdict on the whole file in one sentence."""
    if check.works:
        words = "works"
    elif not check.compiled:
        words = "does not work: openvaf-r does not compile it"
    elif not check.modules:
        words = "does not work: it declares no module"
    else:
        words = "does not work"
    said = "; ".join(f"{m.name} {m.verdict}" for m in check.modules)
    mendable = sum(f.fixable for f in check.findings)
    hint = f". --fix -o OUT.va mends {mendable} of the findings" if mendable else ""
    return f"{words}{f': {said}' if said else ''}{hint}"


def _finding(finding: Finding, also: Sequence[int], advised: set[str]) -> list[str]:
    """Return the lines of one finding, with the other lines where it stands `also`; the same advice is given once."""
    others = ", ".join(map(str, also[:8])) + (f" and {len(also) - 8} more" if len(also) > 8 else "")
    more = f" (also line {others})" if also else ""
    mark = " [--fix does it]" if finding.fixable else ""
    lines = [f"{_shown(finding.path)}:{finding.line}: {finding.severity} ({finding.rule}): {finding.text}{more}{mark}"]
    if finding.instead and finding.instead not in advised:
        lines.append(f"    instead: {finding.instead}")
        advised.add(finding.instead)
    return lines


def _shown(path: Path) -> str:
    """Return a path relative to the working folder if it is below it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _module(module: ModuleCheck) -> list[str]:
    if module.cell is None:
        return []
    cell = module.cell
    parts = [f"driven {cell.top} (top), {cell.bottom} (bottom)"]
    parts += [f"grounded {', '.join(cell.grounded)}"] if cell.grounded else []
    parts += [f"open {', '.join(cell.outputs)}"] if cell.outputs else []
    inner = f"; inner unknowns {', '.join(module.nodes)}" if 0 < len(module.nodes) <= 12 else ""
    lines = [f"{module.name}: {'; '.join(parts)}{inner}"]
    if module.kind == "cell" and module.sweeps:
        lines += _table(module.sweeps)
    return [*lines, ""]


def _table(sweeps: Sequence[Sweep]) -> list[str]:
    """Return windows by duration and amplitude of the triangles."""
    amplitudes = list(dict.fromkeys(s.amplitude for s in sweeps))
    durations = list(dict.fromkeys(s.duration for s in sweeps))
    by_place = {(s.duration, s.amplitude): s for s in sweeps}
    rows = ["  window (HRS/LRS)  " + " ".join(f"{f'{a:g} V':>8}" for a in amplitudes)]
    for duration in durations:
        cells = [_cell(by_place[duration, a]) if (duration, a) in by_place else "" for a in amplitudes]
        rows.append(f"  {f'{duration:g} s':>16}  " + " ".join(f"{c:>8}" for c in cells))
    if any(s.series_resistance for s in sweeps):
        rows.append("  r: with 1 kohm in series, as the bare cell did not converge")
    return rows


def _cell(sweep: Sweep) -> str:
    if sweep.status != "done":
        return {"failed": "fails", "slow": "too slow"}[sweep.status]
    text = f"{sweep.window:.3g}" if sweep.switches else "-"
    return text + ("r" if sweep.series_resistance else "")


def as_record(check: ModelCheck, repairs: Sequence[Repair] = (), proofs: Sequence[Proof] = ()) -> dict[str, Any]:
    """Return the check as JSON can hold it."""
    return {
        "file": str(check.path),
        "works": check.works,
        "verdict": summary(check),
        "compiled": check.compiled,
        "compiler": check.compiler,
        "repairs": [{"line": r.line, "what": r.what} for r in repairs],
        "findings": [_finding_record(f) for f in check.findings],
        "modules": [_module_record(m) for m in check.modules],
        "proofs": [asdict(p) | {"proven": p.proven, "verdict": p.verdict} for p in proofs],
    }


def _finding_record(finding: Finding) -> dict[str, Any]:
    return asdict(finding) | {"path": str(finding.path)}


def _module_record(module: ModuleCheck) -> dict[str, Any]:
    best = module.best
    switching = [s for s in module.sweeps if s.switches]
    usual = typical(switching) if switching else None
    return {
        "name": module.name,
        "kind": module.kind,
        "works": module.works,
        "verdict": module.verdict,
        "switches": bool(switching),
        "polarity": {1: "positive", -1: "negative"}.get(best.set_sign) if best else None,
        "set_voltage": usual.set_voltage if usual else None,
        "reset_voltage": usual.reset_voltage if usual else None,
        "window": best.window if best else None,
        "switching": describe_switching(switching) if switching else "",
        "terminals": asdict(module.cell) if module.cell else None,
        "inner_unknowns": list(module.nodes),
        "findings": [_finding_record(f) for f in module.findings],
        "sweeps": [asdict(s) for s in module.sweeps],
    }
