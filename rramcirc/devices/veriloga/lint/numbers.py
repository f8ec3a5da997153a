"""Integrals, exponentials, scales and contributions that compile and then fail or lie in a simulator."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rramcirc.devices.veriloga.lint.contributions import contribution_findings
from rramcirc.devices.veriloga.lint.depends import biased_variables, contributing_names
from rramcirc.devices.veriloga.lint.exponentials import exponential_findings
from rramcirc.devices.veriloga.lint.finding import STATE_FORM, Finding, found
from rramcirc.devices.veriloga.lint.records import LintModule
from rramcirc.devices.veriloga.lint.states import constant, defaults_of
from rramcirc.devices.veriloga.lint.tree import Node, walk, written

_VNTOL = 1e-6  # [V] a solution that changes by less counts as settled
_THERMAL = re.compile(r"d?t|d?temp\w*|t_?node|r?th|(?=.*therm)\w*", re.IGNORECASE)


def number_findings(module: LintModule) -> Iterator[Finding]:
    """Yield what a module does with integrals, exponentials, scales and conditional contributions."""
    biased = biased_variables(module)
    yield from _integrals(module)
    yield from _pins(module)
    yield from contribution_findings(module, biased, bool(state_nodes(module)))
    yield from exponential_findings(module, biased)
    yield from _metres(module)


def _statements(module: LintModule, kind: str) -> list[Node]:
    return [n for block in module.analog for n in walk(block) if n.kind == kind]


def _integrals(module: LintModule) -> Iterator[Finding]:
    """``idt(f, ic)`` loses ic; a clamp of an integral holds the copy only."""
    values = defaults_of(module)
    integrated: dict[str, Node] = {}
    for assignment in _statements(module, "assign"):
        if any(n.kind == "call" and n.text == "idt" for n in walk(assignment.parts[1])):
            integrated.setdefault(assignment.text, assignment)
    for node in (n for block in module.analog for n in walk(block)):
        if node.kind == "call" and node.text == "idt" and len(node.parts) > 1:
            start = constant(node.parts[1], values if node.parts[1].kind == "number" else {})
            if start != 0.0:
                yield found(
                    "idt", node.at,
                    f"idt(..., {written(node.parts[1])}): ngspice forgets the initial condition at the first time "
                    "step, the integral goes on from 0",
                    f"{written(node.parts[1])} + idt(..., 0.0)", fixable=len(node.parts) == 2,
                )  # fmt: skip
    for name, first in integrated.items():
        clamps = [
            a for a in _statements(module, "assign")
            if a.text == name and a is not first and a.parts[1].kind in ("name", "number")
        ]  # fmt: skip
        if clamps:
            yield found(
                "clamp", clamps[0].at,
                f"{name} is clamped behind its integral: the integral itself runs on, and has to come all the way back "
                "before the state moves again",
                "let the rate vanish at the bounds (and push back from outside): " + STATE_FORM, severity="warning",
            )  # fmt: skip


def _pins(module: LintModule) -> Iterator[Finding]:
    """``analysis("static")`` that decides what is contributed."""
    names = contributing_names(module)
    for node in (n for block in module.analog for n in walk(block) if n.kind in ("if", "ternary")):
        acts = node.kind == "ternary" or any(
            n.kind == "contribute" or (n.kind == "assign" and n.text in names)
            for part in node.parts[1:]
            for n in walk(part)
        )
        for call in (n for n in walk(node.parts[0]) if n.kind == "call" and n.text == "analysis"):
            asked = [p.text.strip('"') for p in call.parts if p.text.strip('"') in ("static", "ic")]
            if acts and asked:
                yield found(
                    "analysis", call.at,
                    f'analysis("{asked[0]}") is false in the operating point before a transient of ngspice, and true '
                    "in its first time step: a state that it pins starts wrong",
                    "($abstime <= 0.0)", fixable=len(call.parts) == 1,
                )  # fmt: skip


# scales


def _metres(module: LintModule) -> Iterator[Finding]:
    """A state of 1e-9 (metres) on a node or in an integral."""
    values = defaults_of(module)
    small = {name: value for name, value in values.items() if 0.0 < abs(value) < _VNTOL}
    states = _state_variables(module)
    for node in (n for block in module.analog for n in walk(block)):
        if node.kind == "call" and node.text == "idt" and len(node.parts) > 1:
            start = constant(node.parts[1], values)
            if start is not None and 0.0 < abs(start) < _VNTOL:
                yield _scale(node, f"the integral starts at {start:g}", module)
                return
        compared = node.kind == "binary" and node.text in ("<", ">", "<=", ">=")
        if not (compared or node.kind == "assign"):
            continue
        names = {node.text} if node.kind == "assign" else {p.text for p in node.parts if p.kind == "name"}
        bounds = [p.text for p in node.parts if p.kind == "name" and p.text in small]
        if names & states.keys() and bounds:
            yield _scale(states[(names & states.keys()).pop()],
                         f"the state is compared with {bounds[0]} = {small[bounds[0]]:g}", module)  # fmt: skip
            return


def _scale(node: Node, why: str, module: LintModule) -> Finding:
    return found(
        "metres", node.at,
        f"{why}: a state in metres. ngspice takes changes below vntol (1e-6) for settled, the state gets large errors "
        "or stands still",
        "keep the state in nm (order 1): rates times 1e9, and x * 1.0e-9 where metres are needed", severity="warning",
    )  # fmt: skip


def state_nodes(module: LintModule) -> tuple[str, ...]:
    """Return the nodes that hold a state: the derivative of their own voltage flows into them.

    They have one branch only, so the inner node of a diode with a series resistance is none; nor is a temperature.
    """
    held: dict[str, set[str]] = {}  # variables that are nothing but a voltage
    for assignment in _statements(module, "assign"):
        held.setdefault(assignment.text, set()).update(_nodes_in(assignment.parts[1], module, {}))
    nodes: set[str] = set()
    branches: dict[str, set[frozenset[str]]] = {}
    for contribution in _statements(module, "contribute"):
        nets = frozenset(module.nets_of(contribution.parts[0]))
        for net in nets:
            branches.setdefault(net, set()).add(nets - {net, *module.grounds})
        own = set(nets) - set(module.ports[:2]) - module.grounds.keys()
        calls = (n for n in walk(contribution.parts[1]) if n.kind == "call" and n.text == "ddt")
        nodes |= {n for call in calls for n in own if len(own) == 1 and own <= _nodes_in(call, module, held)}
    return tuple(sorted(n for n in nodes if len(branches[n]) == 1 and not _is_temperature(n, module)))


def _is_temperature(node: str, module: LintModule) -> bool:
    return module.nets.get(node, ("",))[0] == "thermal" or bool(_THERMAL.fullmatch(node))


def _nodes_in(node: Node, module: LintModule, held: dict[str, set[str]]) -> set[str]:
    """Return the inner nodes whose voltages an expression reads, one at a time."""
    nodes: set[str] = set()
    for part in walk(node):
        if module.is_access(part) and part.text not in ("I", "flow"):
            nets = set(module.nets_of(part)) - set(module.ports[:2]) - module.grounds.keys()
            nodes |= nets if len(nets) == 1 else set()
        elif part.kind == "name":
            nodes |= held.get(part.text, set())
    return nodes


def _state_variables(module: LintModule) -> dict[str, Node]:
    """Return the variables that read an integral or a state, with the place."""
    nodes = set(state_nodes(module))
    found_states: dict[str, Node] = {}
    for assignment in _statements(module, "assign"):
        value = assignment.parts[1]
        if any(n.kind == "call" and n.text == "idt" for n in walk(value)) or (
            any(
                set(module.nets_of(a)) & nodes
                for a in _terms(value)
                if module.is_access(a) and a.text not in ("I", "flow")
            )
        ):
            found_states.setdefault(assignment.text, assignment)
    return found_states


def _terms(node: Node) -> list[Node]:
    """Return the terms of a sum."""
    if node.kind == "binary" and node.text in "+-":
        return [t for p in node.parts for t in _terms(p)]
    return [node]
