"""Contributions under conditions: which cost a hidden unknown in openvaf-r, and which only may.

Conditions on parameters are no matter: they hold for a whole run, and choosing branches by them (node collapsing,
``if (rs > 0) ... else V(a, b) <+ 0``) is how compact models are written.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from rramcirc.devices.veriloga.lint.depends import sources_of
from rramcirc.devices.veriloga.lint.finding import Finding, found
from rramcirc.devices.veriloga.lint.records import LintModule
from rramcirc.devices.veriloga.lint.tree import Node, walk, written

HIDDEN = "a hidden unknown (implicit_equation_k)"
_POTENTIALS = ("V", "potential")


@dataclass
class _Walker:
    """Walks through the statements in their order, as the compiler adds up what flows through every branch.

    openvaf-r (23.5) makes an unknown of what it would add under a condition to a branch that so far carries nothing
    but derivatives; behind a plain current it does not.
    """

    module: LintModule
    biased: set[str]
    derived: set[str]  # variables that hold a derivative and nothing else
    severity: str  # of what costs an unknown
    first_derivative: dict[Hashable, Node] = field(default_factory=dict)
    plain: set[Hashable] = field(default_factory=set)  # branches that carry a plain current
    findings: list[Finding] = field(default_factory=list)
    told: dict[Hashable, str] = field(default_factory=dict)

    def statement(self, node: Node, conditional: bool) -> None:
        if node.kind == "contribute":
            self.contribution(node, conditional)
            return
        if node.kind in ("if", "case", "while", "for", "repeat"):
            condition = node.parts[1 if node.kind == "for" else 0]
            moving = bool(sources_of(condition, self.module) & (self.biased | {"$bias"}))
            if moving and node.kind == "if":
                self.switches(node)
            conditional = conditional or moving
        for part in node.parts:
            self.statement(part, conditional)

    def contribution(self, node: Node, conditional: bool) -> None:
        target, value = node.parts[0], node.parts[1]
        if target.text in _POTENTIALS:
            return
        branch = self.branch(target)
        derivatives = [self.is_derivative(term) for term in _terms(value)]
        if any(derivatives):
            self.first_derivative.setdefault(branch, node)
        pure = branch in self.first_derivative and branch not in self.plain
        if conditional:
            self.tell(node, branch, "unknown" if pure else "note")
        if not all(derivatives):
            self.plain.add(branch)

    def branch(self, target: Node) -> Hashable:
        """Return what names a branch: its own name, or its nets in any order."""
        names = [p.text for p in target.parts]
        return names[0] if len(names) == 1 and names[0] in self.module.branches else frozenset(names)

    def is_derivative(self, term: Node) -> bool:
        return any(n.text == "ddt" or n.text in self.derived for n in walk(term))

    def tell(self, node: Node, branch: Hashable, kind: str) -> None:
        if branch in self.told and (kind == "note" or self.told[branch] == kind):
            return
        self.told[branch] = kind
        name = written(node.parts[0])
        if kind == "unknown":
            text = (
                f"{name} <+ ... under a condition, behind the ddt of that branch (line "
                f"{self.first_derivative[branch].at.line}): openvaf-r adds {HIDDEN} that costs time and convergence"
            )
            instead = f"the condition chooses a variable, the contribution stands outside: f = ...; {name} <+ f;"
            self.findings.append(found("conditional", node.at, text, instead, severity=self.severity))
            return
        text = (
            "contribution under a condition on voltages, currents or time: fine as it stands, but openvaf-r adds a "
            "hidden unknown as soon as a ddt of the same branch stands before it"
        )
        instead = "the condition chooses a variable, the contribution stands outside: i = ...; I(a, b) <+ i;"
        self.findings.append(found("conditional", node.at, text, instead, severity="note"))

    def switches(self, node: Node) -> None:
        """Tell of a branch that is a voltage source in one case of a condition and none in the other."""
        sides = [self.sources(part) for part in (*node.parts[1:3], None)[:2]]
        for branch in sides[0].keys() ^ sides[1].keys():
            if self.told.get(branch) == "switch":
                continue
            self.told[branch] = "switch"
            first = (sides[0] | sides[1])[branch]
            name = written(first.parts[0])
            text = (
                f"{name} <+ ... only under a condition on voltages, currents or time: a switch. openvaf-r adds the "
                f"unknown flow({name[2:-1]}), and the equation jumps at the condition, where Newton's method can go to "
                "and fro"
            )
            current = name.replace("V(", "I(", 1)
            instead = f"{current} <+ (g_off + (g_on - g_off) * s) * {name}; with s smooth in the voltage, from 0 to 1"
            self.findings.append(found("switch", first.at, text, instead, severity=self.severity))

    def sources(self, node: Node | None) -> dict[Hashable, Node]:
        """Return the branches to which a statement contributes a voltage."""
        if node is None:
            return {}
        parts = [n for n in walk(node) if n.kind == "contribute" and n.parts[0].text in _POTENTIALS]
        return {self.branch(n.parts[0]): n for n in reversed(parts)}


def contribution_findings(module: LintModule, biased: set[str], memory: bool) -> Iterator[Finding]:
    """Yield the contributions under conditions on voltages, currents or time.

    Parameters
    ----------
    biased
        Variables that depend on voltages, currents or time.
    memory
        Whether the module keeps a state: arrays have many of them, and every unknown counts; else it is a note.
    """
    assigned: dict[str, list[Node]] = {}
    for node in (n for block in module.analog for n in walk(block) if n.kind == "assign"):
        assigned.setdefault(node.text, []).append(node.parts[1])
    derived = {
        name for name, values in assigned.items()
        if any(n.text == "ddt" for v in values for n in walk(v))
        and all(any(n.text == "ddt" for n in walk(t)) for v in values for t in _terms(v))
    }  # fmt: skip
    walker = _Walker(module, biased, derived, "warning" if memory else "note")
    for block in module.analog:
        walker.statement(block, False)
    yield from walker.findings


def _terms(node: Node) -> list[Node]:
    """Return the terms of a sum."""
    if node.kind == "binary" and node.text in "+-":
        return [t for p in node.parts for t in _terms(p)]
    if node.kind == "unary":
        return _terms(node.parts[0])
    return [node]


__all__ = ["HIDDEN", "contribution_findings"]
