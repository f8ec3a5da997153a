"""``idt(rate, start)`` becomes a state in a node of its own: ngspice forgets the start of an integral."""

from __future__ import annotations

import math

from rramcirc.devices.veriloga.cure.places import Places
from rramcirc.devices.veriloga.lint.fix import Repair
from rramcirc.devices.veriloga.lint.records import LintModule
from rramcirc.devices.veriloga.lint.states import constant, defaults_of, early_reads, hidden_variables
from rramcirc.devices.veriloga.lint.tree import Node, walk
from rramcirc.devices.veriloga.lint.words import free_variable


def integral_repairs(places: Places, module: LintModule) -> list[Repair]:
    """Return the repairs that put the integrals of a module into nodes.

    Parameters
    ----------
    places
        Of its file.
    module
        The module; integrals with a start of 0 that nothing reads too early are left.
    """
    blocks = [b for b in module.analog if b.kind == "block" and places.is_own(b.at)]
    early = {*early_reads(module), *hidden_variables(module)}
    found = [
        (statement, call)
        for block in blocks for statement in _simple(block)
        for call in walk(statement.parts[1])
        if call.kind == "call" and call.text == "idt" and len(call.parts) in (1, 2) and places.is_own(call.at)
    ]  # fmt: skip
    wanted = [(s, c) for s, c in found if _needs_node(s, c, early, module)]
    if not wanted:
        return []
    made: list[Repair] = []
    nodes: list[str] = []
    rates: list[str] = []
    tail: list[str] = []
    for count, (statement, call) in enumerate(wanted):
        stem = statement.text if statement.kind == "assign" else f"integral_{count + 1}"
        node, rate = free_variable(f"{stem}_node", module), free_variable(f"{stem}_rate", module)
        while node in nodes:
            node, rate = f"{node}_{count + 1}", f"{rate}_{count + 1}"
        nodes.append(node)
        rates.append(rate)
        made += _integral(places, module, statement, call, (node, rate), tail)
    _, end = places.inside(blocks[-1])
    made.append(places.lines_before(end, tail, "the integrals as states in their nodes"))
    lines = [f"electrical {', '.join(nodes)};", f"real {', '.join(rates)};"]
    analog = places.clean.rfind("analog", 0, blocks[0].at.start)
    return [*made, places.lines_before(analog, lines, "what the integrals need", inner=False)]


def _simple(node: Node) -> list[Node]:
    """Return the assignments and contributions that run at every evaluation."""
    if node.kind == "block":
        return [n for part in node.parts for n in _simple(part)]
    return [node] if node.kind in ("assign", "contribute") else []


def _needs_node(statement: Node, call: Node, early: set[str], module: LintModule) -> bool:
    start = constant(call.parts[1], {}) if len(call.parts) > 1 else 0.0
    names = {n.text for n in walk(call) if n.kind == "name"}
    return start != 0.0 or bool(names & early) or (statement.kind == "assign" and statement.text in early)


def _integral(
    places: Places, module: LintModule, statement: Node, call: Node, names: tuple[str, str], tail: list[str]
) -> list[Repair]:
    """Return the repairs of one integral; what belongs at the end of the block is added to `tail`."""
    node, rate = names
    arguments = places.arguments(call)
    size = _size(call, statement, module)
    scaled = f"{size:.1e} * V({node})" if size != 1.0 else f"V({node})"
    start = arguments[1] if len(arguments) > 1 else ""
    value = f"({start} + {scaled})" if start and constant(call.parts[1], {}) != 0.0 else f"({scaled})"
    what = f"idt({arguments[0]}{', ' if start else ''}{start}) is its start and the voltage of the node {node}"
    begin, close = call.at.start, places.close(call.at.start)
    made = [places.replace(begin, close, value, what)]
    equation = f"{rate} = {f'({arguments[0]}) / {size:.1e}' if size != 1.0 else arguments[0]};"
    behind = places.end(statement)
    later = {
        n.text for b in module.analog for n in walk(b) if n.kind == "assign" and n.parts[0].at.start > behind
    }  # fmt: skip
    read = {n.text for n in walk(call.parts[0]) if n.kind == "name"}
    if read & later:
        tail.append(equation)
    else:
        made.append(places.insert(behind, f" {equation}", f"the rate of {node}"))
    tail += [
        f"if ($abstime <= 0.0) {rate} = -V({node});", f"I({node}) <+ ddt(V({node}));", f"I({node}) <+ -{rate};",
    ]  # fmt: skip
    return made


def _size(call: Node, statement: Node, module: LintModule) -> float:
    """Return the power of ten that the integral is of, by its start and what its value is compared with."""
    values = defaults_of(module)
    seen = [constant(call.parts[1], values)] if len(call.parts) > 1 else []
    for node in (n for b in module.analog for n in walk(b) if n.kind == "binary" and n.text in ("<", ">", "<=", ">=")):
        left, right = node.parts
        seen += [constant(b, values) for a, b in ((left, right), (right, left)) if a.text == statement.text]
    largest = max((abs(x) for x in seen if x is not None and math.isfinite(x)), default=0.0)
    return 1.0 if largest == 0.0 or 1e-2 <= largest <= 1e2 else 10.0 ** math.floor(math.log10(largest))
