"""Which names a value of a Verilog-A module depends on."""

from __future__ import annotations

from rramcirc.devices.veriloga.lint.records import LintModule
from rramcirc.devices.veriloga.lint.tree import Node, walk

#: Events that mark statements which are meant to run once.
SETUP_EVENTS = frozenset({"initial_step", "initial_model", "initial_instance"})


def biased_variables(module: LintModule) -> set[str]:
    """Return the variables that depend on voltages, currents or time, directly or through others."""
    depends: dict[str, set[str]] = {}
    for block in module.analog:
        _dependences(block, set(), depends, module)
    biased: set[str] = {"$bias"}
    grown = True
    while grown:
        new = {name for name, sources in depends.items() if name not in biased and sources & biased}
        biased |= new
        grown = bool(new)
    return biased - {"$bias"}


def contributing_names(module: LintModule) -> set[str]:
    """Return the variables that a contribution depends on, directly or through others."""
    depends: dict[str, set[str]] = {}
    names: set[str] = set()
    for block in module.analog:
        _dependences(block, set(), depends, module)
        names |= depends.pop("<+", set())
    waiting = list(names)
    while waiting:
        new = depends.get(waiting.pop(), set()) - names
        names |= new
        waiting += new
    return names


def sources_of(node: Node, module: LintModule) -> set[str]:
    """Return the names that an expression reads; ``$bias`` stands for voltages, currents and time."""
    names: set[str] = set()
    for part in walk(node):
        if module.is_access(part) or part.text in ("$abstime", "$realtime", "idt", "ddt", "idtmod"):
            names.add("$bias")
        elif part.kind == "name":
            names.add(part.text)
    return names


def _dependences(node: Node, control: set[str], depends: dict[str, set[str]], module: LintModule) -> None:
    if node.kind in ("assign", "contribute"):
        name = node.text if node.kind == "assign" else "<+"
        depends.setdefault(name, set()).update(sources_of(node.parts[1], module) | control)
        return
    if node.kind == "event":
        control = control | ({"$bias"} if not set(node.text.split(" or ")) <= SETUP_EVENTS else set())
        _dependences(node.parts[-1], control, depends, module)
        return
    if node.kind in ("if", "while", "repeat", "case"):
        control = control | sources_of(node.parts[0], module)
    if node.kind == "for":
        control = control | sources_of(node.parts[1], module)
    for part in node.parts:
        _dependences(part, control, depends, module)
